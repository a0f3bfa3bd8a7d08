"""Windows of series and the rows after them, without a copy of the series."""

from numbers import Integral
from typing import NamedTuple

import numpy as np

from skrnn._sklearn import Interval, validate_params
from skrnn.forecasting._panel import require_rows
from skrnn.forecasting._read_panel import read_panel
from skrnn.forecasting._target_columns import read_targets
from skrnn.sequences import Sequences
from skrnn.sequences._sequences import offsets_of
from skrnn.sequences._static_inputs import refuse_static


def find_window_ends(starts, lengths, window_length, horizon, stride=1):
    """Return the last row of each window that lies in one segment with the rows after it.

    Parameters
    ----------
    starts, lengths : ndarray of int of shape (n_segments,)
    window_length, horizon, stride : int

    Examples
    --------
    >>> find_window_ends(np.array([0, 6]), np.array([6, 4]), 3, 1)
    array([2, 3, 4, 8])
    """
    counts = np.maximum(0, -(-(lengths - window_length - horizon + 1) // stride))
    before = np.repeat(offsets_of(counts), counts)
    first = np.repeat(starts + window_length - 1, counts)
    return first + stride * (np.arange(counts.sum()) - before)


def windows_ending_at(values, ends, window_length):
    """Return the windows that end at some rows, as `Sequences` on the memory of the series."""
    lengths = np.broadcast_to(np.int64(window_length), ends.shape)
    return Sequences(values, ends - (window_length - 1), lengths)


def rows_after(values, ends, horizon):
    """Return the `horizon` rows after each end, (n, horizon, ...)."""
    return values[ends[:, np.newaxis] + np.arange(1, horizon + 1)]


def find_origins(panel, targets, n_context, n_ahead):
    """Return possible origins: `n_context` rows end there, `n_ahead` complete targets follow."""
    ends = find_window_ends(panel.starts, panel.lengths, n_context, n_ahead)
    missing_before = np.append(0, np.cumsum(np.isnan(targets).any(axis=1)))
    return ends[missing_before[ends + n_ahead + 1] == missing_before[ends + 1]]


class Windows(NamedTuple):
    """Windows of series with their targets; see `make_windows`.

    Examples
    --------
    >>> from skrnn.forecasting import make_windows
    >>> make_windows([[1.0], [2.0], [3.0]], window_length=2).y
    array([[3.]])
    """

    X: Sequences
    y: np.ndarray
    series_id: np.ndarray | None
    times: object
    rows: np.ndarray


@validate_params(
    {
        "X": ["array-like"],
        "y": ["array-like", None],
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "series_id": ["array-like", None],
        "times": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def make_windows(X, y=None, *, window_length, horizon=1, stride=1, series_id=None, times=None):
    """Cut series into windows and the targets that follow them.

    No window and no target crosses the end of a series or a gap in time. The windows are views on
    the series: they need no extra memory, whatever their length and overlap.

    Parameters
    ----------
    X : array of shape (n_rows, n_features), DataFrame, Series, or list of them
        One row per time step. Each item of a list is one series. The last level of a MultiIndex is
        the time, and all other levels identify the series of each row. An index of times or numbers
        must increase within each series.
    y : array-like of shape (n_rows,) or (n_rows, n_targets), or list of them, default=None
        The targets, one row for each row of `X`. If None, all columns of `X` are targets.
    window_length : int
        The number of rows of a window.
    horizon : int, default=1
        The number of rows after a window that are its targets.
    stride : int, default=1
        The number of rows from the end of one window to the end of the next.
    series_id : array-like of shape (n_rows,), default=None
        The label of the series that each row belongs to. If None, `X` is a single series, a list
        of series, or has a MultiIndex.
    times : array-like of shape (n_rows,), default=None
        The time of each row: times, periods or numbers. If None, the times are the index of `X` if
        it holds times, periods or numbers. A missing time is a gap.

    Returns
    -------
    Windows
        A named tuple of

        X : Sequences
            `n` windows on the memory of `X`. `X` is copied only if its rows have to be grouped by
            series, concatenated from a list, or converted to floats.
        y : ndarray of shape (n,), (n, n_targets), (n, horizon) or (n, horizon, n_targets)
            The targets of each window. The axis of the horizon is left out if `horizon=1`, that of
            the targets if `y` is one-dimensional. A missing target is NaN.
        series_id : ndarray of shape (n,) or None
            The label of each window's series, or its index in a list. It is None for a single
            series.
        times : Index or ndarray of shape (n,) or (n, horizon)
            The time of each target, or its row in its series if rows have no times.
        rows : ndarray of int of shape (n,)
            The row of `X` (or of the concatenated list) at which each window ends.

    Raises
    ------
    ValueError
        If a series is too short for one window and its targets, the times are not sorted, or
        `series_id` or `times` is passed although `X` contains this information itself.

    See Also
    --------
    skrnn.SlidingWindow : Transformer that returns one window per row.
    SlidingWindowForecaster : Forecasts with a regressor on windows.

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
    if isinstance(X, Sequences):
        refuse_static("make_windows", X)
    panel = read_panel(X, series_id, times=times)
    targets = read_targets(y, panel)
    require_rows(
        panel, window_length + horizon, f"window_length={window_length} and horizon={horizon}"
    )
    stride = min(stride, len(panel.values))  # a longer one has the same result
    ends = find_window_ends(panel.starts, panel.lengths, window_length, horizon, stride)
    after = rows_after(targets.values, ends, horizon)
    after = after[..., 0] if targets.is_flat else after
    return Windows(
        X=windows_ending_at(panel.values, ends, window_length),
        y=after[:, 0] if horizon == 1 else after,
        series_id=_series_id_of(panel, ends),
        times=_times_after(panel, ends, horizon),
        rows=ends if panel.order is None else panel.order[ends],
    )


def _series_id_of(panel, ends):
    if panel.container == "table":
        return None
    keys = np.empty(len(panel.keys), dtype=object)
    keys[:] = panel.keys
    keys = keys if isinstance(keys[0], tuple) else np.array(panel.keys)
    return keys[panel.row_series[ends]]


def _times_after(panel, ends, horizon):
    rows = ends[:, np.newaxis] + np.arange(1, horizon + 1)
    if panel.times is not None:
        times = panel.times[rows.ravel()]
        return times if horizon == 1 else times.to_numpy().reshape(rows.shape)
    first = np.searchsorted(panel.row_series, np.arange(len(panel.keys)))
    rows = rows - first[panel.row_series[ends]][:, np.newaxis]
    return rows[:, 0] if horizon == 1 else rows
