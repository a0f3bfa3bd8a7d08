"""What forecasters are given: one series or many, rows being steps in time, in any container.

A `Panel` holds all rows in one table, one series after another, and knows where a piece of time
without a gap begins and ends: nothing that reads a panel needs to know what container it came in.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils import check_array, check_consistent_length

from skrnn.forecasting._times import check_times, find_step, gaps
from skrnn.sequences._inputs import as_known_container, is_nested_numbers
from skrnn.sequences._layout import is_frame, is_series

__all__ = ["LastRows", "Panel", "column_names", "last_rows", "read_panel", "require_rows"]


@dataclass(frozen=True)
class Panel:
    """Rows of series, one series after another.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
    starts, lengths : ndarray of int of shape (n_pieces,)
        Where each piece of time without a gap lies.
    series : ndarray of int of shape (n_pieces,)
        Of which series a piece is.
    keys : list
        What each series is called: a label of groups, a place in a list, None for the only one.
    index : Index or None
        The time of each row.
    order : ndarray of int or None
        Where each row was in what came; None: where it is.
    container : {"table", "list", "groups", "multiindex"}
    key_names : list or None
        Names of the levels of a MultiIndex that tell the series.
    columns : Index or None
        Names of the features.
    is_series : bool
        Whether what came was a Series, or a list of them.
    step : offset, Timedelta, number or None
        From each row to the next.
    """

    values: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    series: np.ndarray
    keys: list
    index: object
    order: np.ndarray | None
    container: str
    key_names: list | None
    columns: object
    is_series: bool
    step: object

    @property
    def n_features(self):
        """How many columns the series have."""
        return self.values.shape[1]

    @property
    def ends(self):
        """The row after the last of each piece."""
        return self.starts + self.lengths

    @property
    def row_series(self):
        """Of which series each row is."""
        return np.repeat(self.series, self.lengths)

    def sorted(self, given):
        """Return what came row by row in the order of this panel."""
        return given if self.order is None else given[self.order]

    def as_given(self, rows):
        """Return rows of this panel in the order, and as many parts, as they came."""
        if self.order is not None:
            back = np.empty_like(rows)
            back[self.order] = rows
            return back
        if self.container != "list":
            return rows
        n_rows = np.bincount(self.series, self.lengths, minlength=len(self.keys)).astype(int)
        return np.split(rows, np.cumsum(n_rows)[:-1])


def read_panel(X, groups=None, *, times=None, step=None, input_name="X"):
    """Read one series or many.

    Parameters
    ----------
    X : array, DataFrame, Series or list of them
    groups : array-like of shape (n_rows,) or None
        Of which series each row is.
    times : array-like of shape (n_rows,) or None
        When each row was, where X does not tell.
    step : offset, Timedelta, number or None
        From each row to the next, where it is known.
    input_name : str

    Returns
    -------
    Panel

    Raises
    ------
    ValueError
        If X is none of these, has no numbers, or is not sorted by time.
    """
    if isinstance(X, list | tuple) and not (X and is_nested_numbers(X)):
        return _read_list(X, groups, times, step, input_name)
    frame = X.to_frame() if is_series(X) else as_known_container(X)
    values = _numbers(frame, input_name)
    index, key_names = X.index if is_frame(frame) else None, None
    if index is not None and index.nlevels > 1:
        _refuse(groups, "groups", f"{input_name} has a MultiIndex, which names its series")
        _refuse(times, "times", f"{input_name} has a MultiIndex, whose last level is the time")
        labels, index = index.droplevel(-1), index.get_level_values(-1)
        container, key_names = "multiindex", list(labels.names)
    else:
        labels, container = groups, "table" if groups is None else "groups"
        index = _times_given(times, index, len(values), input_name)
    order, keys, counts = _series_of(labels, len(values), input_name)
    if order is not None:
        values, index = values[order], None if index is None else index[order]
    return _panel(
        values,
        _cut(index, counts),
        step,
        input_name,
        counts=counts,
        keys=keys,
        order=order,
        container=container,
        key_names=key_names,
        columns=frame.columns if is_frame(frame) else None,
        is_series=is_series(X),
    )


def _read_list(X, groups, times, step, input_name):
    _refuse(groups, "groups", f"{input_name} is a list of series")
    _refuse(times, "times", f"{input_name} is a list of series")
    if len(X) == 0:
        raise ValueError(f"{input_name} is an empty list; expected at least one series.")
    names = [f"{input_name}[{i}]" for i in range(len(X))]
    frames = [item.to_frame() if is_series(item) else _column(item) for item in X]
    tables = [_numbers(frame, name) for frame, name in zip(frames, names, strict=True)]
    widths = [table.shape[1] for table in tables]
    i = next((i for i, width in enumerate(widths) if width != widths[0]), None)
    if i is not None:
        raise ValueError(
            f"{names[0]} has {widths[0]} feature(s), {names[i]} has {widths[i]}; expected the same."
        )
    in_pandas = [is_frame(frame) for frame in frames]
    if any(in_pandas) and not all(in_pandas):
        raise ValueError(f"{input_name} mixes pandas objects with others; expected one kind.")
    if all(in_pandas):
        i = next((i for i, f in enumerate(frames) if not f.columns.equals(frames[0].columns)), None)
        if i is not None and not all(map(is_series, X)):
            raise ValueError(f"{names[i]} has other columns than {names[0]}.")
    return _panel(
        np.concatenate(tables),
        [frame.index if is_frame(frame) else None for frame in frames],
        step,
        input_name,
        counts=np.array([len(table) for table in tables]),
        keys=list(range(len(X))),
        order=None,
        container="list",
        key_names=None,
        columns=frames[0].columns if all(in_pandas) else None,
        is_series=all(map(is_series, X)),
    )


def _panel(values, indexes, step, input_name, *, counts, keys, **known):
    """Return the panel of series whose times are given, cut where one has a gap."""
    if indexes[0] is None:
        starts = np.cumsum(counts) - counts
        series = np.arange(len(counts))
        return Panel(values, starts, counts, series, keys, None, step=step, **known)
    for index, key in zip(indexes, keys, strict=True):
        check_times(index, input_name if key is None else f"{input_name} of series {key!r}")
    step = find_step(indexes, input_name) if step is None else step
    starts, series, first = [], [], 0
    for i, index in enumerate(indexes):
        cuts = first + np.append(0, gaps(index, step))
        starts.append(cuts)
        series.append(np.full(len(cuts), i))
        first += len(index)
    starts = np.concatenate(starts)
    return Panel(
        values=values,
        starts=starts,
        lengths=np.diff(np.append(starts, first)),
        series=np.concatenate(series),
        keys=keys,
        index=indexes[0].append(indexes[1:]) if len(indexes) > 1 else indexes[0],
        step=step,
        **known,
    )


def _refuse(given, name, reason):
    if given is not None:
        raise ValueError(f"{name} must be None here: {reason}.")


def _column(item):
    array = item if hasattr(item, "ndim") else np.asarray(item)
    return array[:, np.newaxis] if array.ndim == 1 else array


def _numbers(table, input_name):
    """Return a table of numbers, NaN allowed, without a copy where its dtype is a float's."""
    if getattr(table, "ndim", 2) == 3:
        raise ValueError(
            f"{input_name} has 3 dimensions (shape={table.shape}); expected one series (n_rows, "
            f"n_features), or a list of series: list({input_name})."
        )
    return check_array(
        table,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        input_name=input_name,
    )


def _times_given(times, index, n_rows, input_name):
    if times is None:
        return index
    times = pd.Index(times)
    if len(times) != n_rows:
        raise ValueError(f"times has {len(times)} entries, {input_name} has {n_rows} rows.")
    return times


def _series_of(labels, n_rows, input_name):
    """Return the order that brings together rows of one series, their names and row counts."""
    if labels is None:
        return None, [None], np.array([n_rows])
    labels = labels if isinstance(labels, pd.Index) else np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"groups must hold one label a row, got the shape {labels.shape}.")
    check_consistent_length(np.empty(n_rows), labels)
    codes, keys = pd.factorize(labels)
    if (codes < 0).any():
        raise ValueError(f"The series of row {int(np.argmin(codes))} of {input_name} is missing.")
    counts = np.bincount(codes, minlength=len(keys))
    in_order = (np.diff(codes) >= 0).all()
    return None if in_order else np.argsort(codes, kind="stable"), list(keys), counts


def _cut(index, counts):
    if index is None:
        return [None] * len(counts)
    ends = np.cumsum(counts)
    return [index[end - count : end] for end, count in zip(ends, counts, strict=True)]


def column_names(panel):
    """Return what the features are called: names, or numbers."""
    return list(range(panel.n_features)) if panel.columns is None else list(panel.columns)


def require_rows(panel, n_rows, what):
    """Check that each series has a piece of some length.

    Raises
    ------
    ValueError
        If one has not, with how many rows are missing.
    """
    longest = np.zeros(len(panel.keys), dtype=int)
    np.maximum.at(longest, panel.series, panel.lengths)
    i = int(np.argmin(longest))
    if longest[i] >= n_rows:
        return
    key = panel.keys[i]
    has_gaps = np.count_nonzero(panel.series == i) > 1
    raise ValueError(
        f"{'X' if key is None else f'Series {key!r} of X'} has n_samples={longest[i]} rows"
        f"{' without a gap in time' if has_gaps else ''}, {n_rows - longest[i]} fewer than the "
        f"{n_rows} that {what} need."
    )


@dataclass(frozen=True)
class LastRows:
    """The end of each series: what forecasts go on after.

    Parameters
    ----------
    rows : list of ndarray of shape (n_i, n_features)
    times : list
        Of the last row of each, None where it has none.
    keys, container, key_names, columns, step : as of a Panel
    like : Index or None
        Empty, of the kind that the times are.
    """

    rows: list
    times: list
    keys: list
    container: str
    key_names: list | None
    columns: object
    step: object
    like: object

    @property
    def n_features(self):
        """How many columns the series have."""
        return self.rows[0].shape[1]


def last_rows(panel, n_rows):
    """Return the last rows of each series, at most `n_rows` and none before a gap."""
    is_last = np.append(np.diff(panel.series) > 0, True)
    ends = panel.ends[is_last]
    starts = np.maximum(panel.starts[is_last], ends - n_rows)
    return LastRows(
        rows=[panel.values[start:end].copy() for start, end in zip(starts, ends, strict=True)],
        times=[None if panel.index is None else panel.index[end - 1] for end in ends],
        keys=panel.keys,
        container=panel.container,
        key_names=panel.key_names,
        columns=panel.columns,
        step=panel.step,
        like=None if panel.index is None else panel.index[:0],
    )
