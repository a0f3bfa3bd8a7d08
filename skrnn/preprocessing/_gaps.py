"""Fills the gaps of one series from neighbouring values, as `Interpolator` does in each column."""

import numpy as np
from scipy.interpolate import Akima1DInterpolator, PchipInterpolator, make_interp_spline

# The function that computes each curve, and the minimum number of known values that it needs.
_CURVES = {
    "quadratic": (lambda x, y: make_interp_spline(x, y, k=2), 3),
    "cubic": (lambda x, y: make_interp_spline(x, y, k=3), 4),
    "akima": (Akima1DInterpolator, 2),
    "pchip": (PchipInterpolator, 2),
}
METHODS = ("linear", "time", "nearest", "ffill", *_CURVES)


def fill_gaps(values, method="linear", *, times=None, limit=None, causal=False, fallback=np.nan):
    """Fill the NaN of one series.

    Parameters
    ----------
    values : ndarray of float of shape (n,)

    method : str, default="linear"
        As in :class:`~skrnn.preprocessing.Interpolator`.

    times : ndarray of float of shape (n,), default=None
        The times of the rows. Only used by the method `"time"`.

    limit : int, default=None
        The maximum number of rows of a gap that are filled.

    causal : bool, default=False
        Whether a row gets the last known value before it. `method` is then ignored.

    fallback : float, default=NaN
        The value of rows for which there is no known value.

    Returns
    -------
    filled : ndarray of float of shape (n,)

    Examples
    --------
    >>> values = np.array([np.nan, 1.0, np.nan, 3.0, np.nan])
    >>> fill_gaps(values)
    array([1., 1., 2., 3., 3.])
    >>> fill_gaps(values, causal=True, fallback=0.0)
    array([0., 1., 1., 3., 3.])
    """
    is_known = ~np.isnan(values)
    if is_known.all():
        return values
    rows = np.arange(len(values))
    last = np.maximum.accumulate(np.where(is_known, rows, -1))
    known = np.flatnonzero(is_known)
    distance = rows - last
    if len(known) == 0 or causal:
        filled = np.where(last >= 0, values[last], fallback)
    else:
        filled = _between(values, known, last, method, times)
        # Values are repeated there, as a curve may diverge beyond its last point.
        filled[: known[0]], filled[known[-1] :] = values[known[0]], values[known[-1]]
        distance[: known[0]] = known[0] - rows[: known[0]]
    if limit is not None:
        filled = np.where(distance <= limit, filled, np.nan)
    return np.where(is_known, values, filled)


def _between(values, known, last, method, times):
    """Return the interpolated values of all rows between known ones."""
    rows = np.arange(len(values))
    if method == "ffill":
        return values[last]
    if method == "nearest":
        after = known[np.minimum(np.searchsorted(known, rows), len(known) - 1)]
        return np.where(rows - last <= after - rows, values[last], values[after])
    if method == "time":
        return np.interp(times, times[known], values[known])
    draw, fewest = _CURVES.get(method, (None, 1))
    if draw is None or len(known) < fewest:
        return np.interp(rows, known, values[known])
    inside = rows[known[0] : known[-1] + 1]
    filled = np.empty(len(values))
    filled[inside] = draw(known, values[known])(inside)
    return filled
