"""Fill the gaps of one series, and measure the time since its last observation.

`Interpolator` calls these functions for each series.
"""

from numbers import Integral

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


def methods_by_column(method, names, n_columns):
    """Return the method of each column.

    Parameters
    ----------
    method : str or dict
        One method for all columns, or a dict from the names or indices of columns to methods.

    names : array-like of str, or None
        The names of the columns.

    n_columns : int

    Returns
    -------
    methods : list of str

    Raises
    ------
    ValueError
        If a column or a method is unknown.

    Examples
    --------
    >>> methods_by_column({"wind": "ffill"}, ["rain", "wind"], 2)
    ['linear', 'ffill']
    """
    if not isinstance(method, dict):
        return [method] * n_columns
    names = [] if names is None else list(names)
    methods = ["linear"] * n_columns
    for column, of_column in method.items():
        is_number = isinstance(column, Integral) and -n_columns <= column < n_columns
        if not is_number and column not in names:
            known = f"the names {names}" if names else "indices, as X has no column names"
            raise ValueError(
                f"method contains {column!r}, which is not a column of X; expected {known} (X has "
                f"{n_columns} columns)."
            )
        if of_column not in METHODS:
            raise ValueError(
                f"method must be one of {sorted(METHODS)} for each column, got {of_column!r} for "
                f"the column {column!r}."
            )
        methods[column if is_number else names.index(column)] = of_column
    return methods


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


def time_since_observation(is_known, times):
    r"""Return the time that has passed, at each row, since the last known value before that row.

    It is :math:`\delta_t` of GRU-D. The times of the rows are :math:`s_t`, and :math:`m_t` is 1 if
    the value of a row is known and 0 otherwise:

    .. math::

        \delta_1 = 0, \qquad \delta_t = s_t - s_{t-1} + (1 - m_{t-1}) \, \delta_{t-1}

    Z. Che et al., "Recurrent neural networks for multivariate time series with missing values",
    Scientific Reports 8, 2018, section "Notations".

    Parameters
    ----------
    is_known : ndarray of bool of shape (n, n_columns)
    times : ndarray of shape (n,)
        The times of the rows, or their numbers.

    Returns
    -------
    ndarray of float of shape (n, n_columns)
        Before the first known value, it is the time since the first row.

    Examples
    --------
    >>> is_known = np.array([[True], [False], [False], [True], [True]])
    >>> time_since_observation(is_known, np.arange(5)).ravel()
    array([0., 1., 2., 3., 1.])
    """
    rows = np.arange(len(is_known))[:, np.newaxis]
    last = np.maximum.accumulate(np.where(is_known, rows, 0), axis=0)
    before = np.concatenate([np.zeros_like(last[:1]), last[:-1]])
    return (times[:, np.newaxis] - times[before]).astype(np.float64)


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
