"""Split-conformal intervals: how far forecasts were off on rows that nothing was learned from."""

import math

import numpy as np

__all__ = ["half_widths"]


def half_widths(misses, coverage):
    """Return the half-width of intervals that cover a share of forecasts.

    The k-th smallest of n misses with k = ceil((n + 1) coverage): were the rows exchangeable, the
    next forecast would miss by no more with a probability of at least `coverage` [1]_.

    Parameters
    ----------
    misses : ndarray of shape (n, ...)
        Absolute errors on held-out rows, sorted along the first axis, at the end NaN where there
        was no target.
    coverage : float in (0, 1)

    Returns
    -------
    ndarray of shape (...)

    Raises
    ------
    ValueError
        If there are too few to tell.

    References
    ----------
    .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman, "Distribution-free
       predictive inference for regression", Journal of the American Statistical Association 113,
       2018, algorithm 2.

    Examples
    --------
    >>> half_widths(np.arange(1.0, 20.0), coverage=0.9)
    np.float64(18.0)
    """
    counts = np.count_nonzero(~np.isnan(misses), axis=0)
    n = int(counts.min())
    if math.ceil((n + 1) * coverage) > n:
        n_needed = math.ceil(round(coverage / (1 - coverage), 9))
        raise ValueError(
            f"coverage={coverage} needs at least {n_needed} held-out "
            f"forecasts, there are {n}; take a larger calibration_size or a lower coverage."
        )
    ranks = np.ceil((counts + 1) * coverage).astype(int) - 1
    return np.take_along_axis(misses, np.asarray(ranks)[np.newaxis], axis=0)[0]
