"""Fill the gaps of one series from the neighboring values: the computation in `Interpolator`."""

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
    """Replace the NaN of one series by interpolated values.

    Parameters
    ----------
    values : ndarray of float of shape (n,)
        The values, with NaN in the gaps.

    method : str, default="linear"
        The interpolation method, as in :class:`~skrnn.preprocessing.Interpolator`.

    times : ndarray of float of shape (n,), default=None
        The time of each row. Only used if `method="time"`.

    limit : int, default=None
        The maximum number of rows that are filled in a gap. If None, all of them.

    causal : bool, default=False
        Whether to fill each row with the last known value before it. If True, `method` is ignored.

    fallback : float, default=NaN
        The value to fill in if there is no known value to use.

    Returns
    -------
    filled : ndarray of float of shape (n,)
        The values with filled gaps.

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
        # The outermost known values are repeated, since extrapolated curves can diverge.
        filled[: known[0]], filled[known[-1] :] = values[known[0]], values[known[-1]]
        distance[: known[0]] = known[0] - rows[: known[0]]
    if limit is not None:
        filled = np.where(distance <= limit, filled, np.nan)
    return np.where(is_known, values, filled)


def _between(values, known, last, method, times):
    """Return the interpolated values of all rows between known values."""
    rows = np.arange(len(values))
    if method == "ffill":
        return values[last]
    if method == "nearest":
        after = known[np.minimum(np.searchsorted(known, rows), len(known) - 1)]
        return np.where(rows - last <= after - rows, values[last], values[after])
    if method == "time":
        return np.interp(times, times[known], values[known])
    fit_curve, n_needed = _CURVES.get(method, (None, 1))
    if fit_curve is None or len(known) < n_needed:
        return np.interp(rows, known, values[known])
    inside = rows[known[0] : known[-1] + 1]
    filled = np.empty(len(values))
    filled[inside] = fit_curve(known, values[known])(inside)
    return filled
