"""Windows of series and what comes after them: which rows, gathered without a copy of the past."""

from numbers import Integral
from typing import NamedTuple

import numpy as np

from skrnn._sklearn import Interval, validate_params
from skrnn.forecasting._panel import read_panel, require_rows
from skrnn.forecasting._targets import read_targets
from skrnn.sequences import Sequences

__all__ = [
    "Windows",
    "ends_of_windows",
    "ends_with_targets",
    "make_windows",
    "rows_after",
    "windows_that_end",
]


def ends_of_windows(starts, lengths, window_length, horizon, stride=1):
    """Return the last row of every window that lies in one piece with the rows after it.

    Parameters
    ----------
    starts, lengths : ndarray of int of shape (n_pieces,)
    window_length, horizon, stride : int

    Examples
    --------
    >>> ends_of_windows(np.array([0, 6]), np.array([6, 4]), 3, 1)
    array([2, 3, 4, 8])
    """
    counts = np.maximum(0, -(-(lengths - window_length - horizon + 1) // stride))
    before = np.repeat(np.cumsum(counts) - counts, counts)
    first = np.repeat(starts + window_length - 1, counts)
    return first + stride * (np.arange(counts.sum()) - before)


def windows_that_end(values, ends, window_length):
    """Return the windows that end at some rows, as `Sequences` on the series itself."""
    lengths = np.broadcast_to(np.int64(window_length), ends.shape)
    return Sequences(values, ends - (window_length - 1), lengths)


def rows_after(values, ends, horizon):
    """Return the `horizon` rows after each end, (n, horizon, ...)."""
    return values[ends[:, np.newaxis] + np.arange(1, horizon + 1)]


def ends_with_targets(panel, targets, n_past, n_ahead):
    """Return the ends of windows after which no target is missing."""
    ends = ends_of_windows(panel.starts, panel.lengths, n_past, n_ahead)
    missing_before = np.append(0, np.cumsum(np.isnan(targets).any(axis=1)))
    return ends[missing_before[ends + n_ahead + 1] == missing_before[ends + 1]]


class Windows(NamedTuple):
    """What `make_windows` returns.

    Examples
    --------
    >>> from skrnn.forecasting import make_windows
    >>> make_windows([[1.0], [2.0], [3.0]], window_length=2).y
    array([[3.]])
    """

    X: Sequences
    y: np.ndarray
    groups: np.ndarray | None
    times: object
    rows: np.ndarray


@validate_params(
    {
        "X": ["array-like"],
        "y": ["array-like", None],
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "groups": ["array-like", None],
        "times": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def make_windows(X, y=None, *, window_length, horizon=1, stride=1, groups=None, times=None):
    """Cut series into windows and the targets that come after them.

    No window, and no target, crosses the end of a series or a gap in time. The windows are a list
    view: they cost no memory, whatever their length and overlap.

    Parameters
    ----------
    X : array of shape (n_rows, n_features), DataFrame, Series, or list of them
        Rows are steps in time. A list holds one series each. A DataFrame with a MultiIndex holds
        one series for each value of all levels but the last, which is the time.
    y : array-like of shape (n_rows,) or (n_rows, n_targets), or list of them, default=None
        What to forecast, row by row as `X`. None: all of `X`.
    window_length : int
        Rows a window.
    horizon : int, default=1
        How many rows after a window are its targets.
    stride : int, default=1
        How many rows later the next window of a piece of time ends.
    groups : array-like of shape (n_rows,), default=None
        Of which series each row is.
    times : array-like of shape (n_rows,), default=None
        When each row was: times, periods or integers. None: the index of `X`, if it tells. A row
        that is not one regular step after the row before begins a new piece of time.

    Returns
    -------
    Windows
        A named tuple of

        X : Sequences
            `n` windows on the memory of `X` (a copy of it where rows had to be sorted by series,
            joined from a list, or were no floats).
        y : ndarray of shape (n,), (n, n_targets), (n, horizon) or (n, horizon, n_targets)
            The rows after each window; without the axis of the horizon where that is 1, without
            that of the targets where `y` has none. NaN where a target is missing.
        groups : ndarray of shape (n,) or None
            The series of each window; None where there is but one.
        times : Index or ndarray of shape (n,) or (n, horizon)
            The time of each target, or its row in its series where rows have no times.
        rows : ndarray of int of shape (n,)
            The last row of each window, among the rows of `X` (of the list joined).

    Raises
    ------
    ValueError
        If a series is too short for one window and its targets, the times are not sorted, or the
        arguments do not go together.

    See Also
    --------
    SlidingWindow : The transformer, one window for each row.
    SlidingWindowForecaster : Forecasts from windows.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.forecasting import make_windows
    >>> windows = make_windows(np.arange(6.0)[:, None], window_length=3, horizon=2)
    >>> windows.X
    Sequences(n_sequences=2, lengths=3, n_features=1, dtype=float64)
    >>> windows.y[..., 0]
    array([[3., 4.],
           [4., 5.]])
    """
    panel = read_panel(X, groups, times=times)
    targets = read_targets(y, panel)
    require_rows(
        panel, window_length + horizon, f"window_length={window_length} and horizon={horizon}"
    )
    ends = ends_of_windows(panel.starts, panel.lengths, window_length, horizon, stride)
    after = rows_after(targets.values, ends, horizon)
    after = after[..., 0] if targets.is_flat else after
    return Windows(
        X=windows_that_end(panel.values, ends, window_length),
        y=after[:, 0] if horizon == 1 else after,
        groups=_groups_of(panel, ends),
        times=_times_after(panel, ends, horizon),
        rows=ends if panel.order is None else panel.order[ends],
    )


def _groups_of(panel, ends):
    if panel.container == "table":
        return None
    keys = np.empty(len(panel.keys), dtype=object)
    keys[:] = panel.keys
    keys = keys if isinstance(keys[0], tuple) else np.array(panel.keys)
    return keys[panel.row_series[ends]]


def _times_after(panel, ends, horizon):
    rows = ends[:, np.newaxis] + np.arange(1, horizon + 1)
    if panel.index is not None:
        times = panel.index[rows.ravel()]
        return times if horizon == 1 else times.to_numpy().reshape(rows.shape)
    first = np.searchsorted(panel.row_series, np.arange(len(panel.keys)))
    rows = rows - first[panel.row_series[ends]][:, np.newaxis]
    return rows[:, 0] if horizon == 1 else rows
