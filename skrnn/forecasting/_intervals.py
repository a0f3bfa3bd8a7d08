"""Split-conformal intervals: which rows are held out, and how wide the residuals make intervals."""

import math
from numbers import Real

import numpy as np

from skrnn.forecasting._context import Context
from skrnn.forecasting._rule import forecast_from
from skrnn.forecasting._windows import find_origins, rows_after


def training_ends(panel, calibration_size):
    """Return the row after the last training row of each series.

    Parameters
    ----------
    panel : Panel
    calibration_size : float or None
        The fraction of each series, at its end, that is held out.
    """
    n_rows = panel.rows_per_series
    return (np.cumsum(n_rows) - np.floor(n_rows * (calibration_size or 0))).astype(int)


def split_origins(panel, targets, n_context, n_ahead, *, horizon, calibration_size, needs):
    """Return the origins of training forecasts, and of those that are held out for intervals.

    Parameters
    ----------
    panel : Panel
    targets : Targets
    n_context, n_ahead : int
        The number of rows up to the origin of a training forecast, and of its targets.
    horizon : int
        The number of steps of a held-out forecast.
    calibration_size : float or None
        The fraction of each series, at its end, that is held out.
    needs : str
        The parameters that determine the number of rows, in words for error messages.

    Returns
    -------
    training : ndarray of int
    held_out : ndarray of int or None
        None if `calibration_size` is None.

    Raises
    ------
    ValueError
        If no forecast is left for training, or none is held out.
    """
    size = calibration_size or 0
    cut = training_ends(panel, size)
    training = find_origins(panel, targets.values, n_context, n_ahead)
    training = training[training + n_ahead < cut[panel.row_series[training]]]
    if len(training) == 0:
        held_out = f", before those that calibration_size={size} holds out" if size else ""
        raise ValueError(
            f"No row is left for training: {needs} need {n_context + n_ahead} consecutive rows "
            f"with targets that are not NaN{held_out}."
        )
    if not size:
        return training, None
    held_out = find_origins(panel, targets.values, n_context, horizon)
    held_out = held_out[held_out + 1 >= cut[panel.row_series[held_out]]]
    if len(held_out) == 0:
        raise ValueError(
            f"calibration_size={size} holds out no forecast of {horizon} step(s); use a larger one."
        )
    return training, held_out


def held_out_residuals(rule, panel, targets, origins, horizon):
    """Return targets minus forecasts at held-out origins, (n, horizon, n_targets)."""
    rows = np.arange(len(panel.values))
    # Each of these origins has a whole context and all its targets in one segment.
    context = Context(panel.values, rows, n_known=rows)
    forecasts = forecast_from(rule, context, origins, horizon)
    return rows_after(targets.values, origins, horizon) - forecasts


def half_widths(residuals, coverage):
    """Return the half-widths of intervals that cover a given fraction of the targets.

    This is the k-th smallest of n absolute residuals with k = ceil((n + 1) coverage): if the rows
    are exchangeable, the error of the next forecast is not larger with a probability of at least
    `coverage` [1]_.

    Parameters
    ----------
    residuals : ndarray of shape (n, ...) or None
        The residuals of held-out forecasts. None if none were held out.
    coverage : float in (0, 1)

    Returns
    -------
    ndarray of shape (...)

    Raises
    ------
    ValueError
        If there are no residuals, or too few for this coverage, or if `coverage` is not between 0
        and 1.

    References
    ----------
    .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman, "Distribution-free
       predictive inference for regression", Journal of the American Statistical Association 113,
       2018, algorithm 2.

    Examples
    --------
    >>> half_widths(np.arange(-9.0, 10.0), coverage=0.9)
    np.float64(9.0)
    """
    if residuals is None:
        raise ValueError(
            "Intervals need residuals of held-out rows: set calibration_size and fit again."
        )
    if not isinstance(coverage, Real) or not 0 < coverage < 1:
        raise ValueError(f"coverage must be between 0 and 1, got {coverage!r}.")
    n = len(residuals)
    if math.ceil((n + 1) * coverage) > n:
        n_needed = math.ceil(round(coverage / (1 - coverage), 9))
        raise ValueError(
            f"coverage={coverage} needs at least {n_needed} held-out forecasts, got {n}; use "
            "a larger calibration_size or a lower coverage."
        )
    rank = int(np.ceil((n + 1) * coverage)) - 1
    return np.sort(np.abs(residuals), axis=0)[rank]
