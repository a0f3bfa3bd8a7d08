"""What forecasters are given: one series or many, rows being steps in time, in any container.

A `Panel` holds all rows in one table, one series after another, and knows where a piece of time
without a gap begins and ends: nothing that reads a panel needs to know what container it came in.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils import check_array, check_consistent_length

from skrnn.forecasting._times import (
    check_times,
    find_step,
    gaps,
    is_step_of,
    kind_of_times,
)
from skrnn.sequences._inputs import as_known_container, is_nested_numbers
from skrnn.sequences._layout import is_frame, is_series

__all__ = ["Panel", "column_names", "read_panel", "require_no_missing", "require_rows"]

_ABOUT_GAPS = (
    " skrnn.preprocessing.regularize makes rows of the missing times, and Interpolator fills them; "
    "without the index as times (reset_index(drop=True)) there is no gap."
)


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
    def rows_per_series(self):
        """How many rows each series has."""
        return np.bincount(self.series, self.lengths, minlength=len(self.keys)).astype(np.int64)

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
        return np.split(rows, np.cumsum(self.rows_per_series)[:-1])


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
    if isinstance(X, list | tuple) and not _is_table(X):
        return _read_list(X, groups, times, step, input_name)
    frame = X.to_frame() if is_series(X) else as_known_container(X)
    values = _numbers(frame, input_name)
    index, key_names = X.index if is_frame(frame) else None, None
    if index is not None and index.nlevels > 1:
        _refuse(groups, "groups", f"{input_name} has a MultiIndex, which names its series")
        _refuse(times, "times", f"{input_name} has a MultiIndex, whose last level is the time")
        _check_last_level(index, input_name)
        labels, index = index.droplevel(-1), index.get_level_values(-1)
        container, key_names = "multiindex", list(labels.names)
    else:
        labels, container = groups, "table" if groups is None else "groups"
        index = _times_given(times, index, len(values), input_name)
    order, keys, counts = _series_of(labels, len(values), input_name)
    if order is not None:
        if times is None and index is not None and _only_counts(index, order, counts):
            index = None
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
        columns=_columns_of([X]),
        is_series=is_series(X),
    )


def _read_list(X, groups, times, step, input_name):
    _refuse(groups, "groups", f"{input_name} is a list of series")
    _refuse(times, "times", f"{input_name} is a list of series")
    if len(X) == 0:
        raise ValueError(f"{input_name} is an empty list; expected at least one series.")
    if np.ndim(X[0]) == 0:
        raise ValueError(
            f"{input_name} is a list of single values; expected rows of them, or a list of series. "
            f"Reshape your data: numpy.reshape({input_name}, (-1, 1)) is one series of one feature."
        )
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
        columns=_columns_of(X),
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
    kinds = list(dict.fromkeys(map(kind_of_times, indexes)))
    if len(kinds) > 1:
        raise ValueError(
            f"{input_name} holds series with {kinds[0]} and with {kinds[1]} in their index; "
            "expected the same kind in all."
        )
    step = step if is_step_of(step, indexes[0]) else find_step(indexes, input_name)
    starts, series, first = [], [], 0
    for i, index in enumerate(indexes):
        cuts = first + np.append(0, gaps(index, step))
        starts.append(cuts)
        series.append(np.full(len(cuts), i))
        first += len(index)
    starts = np.concatenate(starts)
    n_steps, n_gaps = first - len(indexes), len(starts) - len(indexes)
    if n_steps > 1 and n_gaps > n_steps / 2:
        raise ValueError(
            f"{input_name} has rows at another distance in time than fit had: {n_gaps} of "
            f"{n_steps} steps from row to row are not {step}. Rows drawn at random, as by a "
            "shuffled KFold, are no series (TimeSeriesSplit keeps them together); an index of "
            "numbers that are no times goes by reset_index(drop=True)."
        )
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


def _check_last_level(index, input_name):
    """Check that the last level of a MultiIndex is the time, if any is.

    Raises
    ------
    ValueError
        If another is.
    """
    *levels, last = (isinstance(level, pd.DatetimeIndex | pd.PeriodIndex) for level in index.levels)
    if any(levels) and not last:
        raise ValueError(
            f"{input_name} has a MultiIndex whose last level must be the time, and another is: "
            f"the levels are {list(index.names)}. X.swaplevel().sort_index() mends an index of two."
        )


def _is_table(X):
    """Return whether a list is a table written row by row, and not a list of series."""
    return len(X) > 0 and np.size(X[0]) > 0 and is_nested_numbers(X)


def _columns_of(tables):
    """Return the names of columns, None in them where Series have none, or not the same."""
    if all(map(is_series, tables)):
        names = {table.name for table in tables}
        return pd.Index([names.pop() if len(names) == 1 else None])
    return tables[0].columns if is_frame(tables[0]) else None


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
    if is_frame(table) and table.shape[1] == 0:
        raise ValueError(f"{input_name} has no columns (shape={table.shape}); expected at least 1.")
    return check_array(
        table,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        input_name=input_name,
    )


def _only_counts(index, order, counts):
    """Return whether integers number the rows of a table where series take turns unevenly."""
    if kind_of_times(index) != "integers" or not (np.diff(index) > 0).all():
        return False
    steps = np.concatenate([np.diff(of_series) for of_series in _cut(index[order], counts)])
    return len(np.unique(steps)) > 1


def _times_given(times, index, n_rows, input_name):
    if times is None:
        return index
    times = pd.Index(times)
    if len(times) != n_rows:
        raise ValueError(f"times has {len(times)} entries, {input_name} has {n_rows} rows.")
    if kind_of_times(times) == "labels" and not isinstance(times[0], pd.Timestamp):
        raise ValueError(
            f"times must hold times, periods or integers, got {times.dtype}: pandas.to_datetime "
            "reads times from text."
        )
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
    order = None if in_order else np.argsort(codes, kind="stable")
    return order, pd.Index(keys).tolist(), counts


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
        f"{_ABOUT_GAPS if has_gaps else ''}"
    )


def require_no_missing(panel, input_name, reader):
    """Check that no value is NaN.

    Raises
    ------
    ValueError
        If one is, with where it is and what to do.
    """
    is_missing = np.isnan(panel.values)
    if not is_missing.any():
        return
    row, column = np.argwhere(is_missing)[0]
    raise ValueError(
        f"Input {input_name} contains NaN: {is_missing.sum()} value(s), the first in column "
        f"{column_names(panel)[column]!r}, {_place_of_row(panel, row)}. {reader} forecasts from "
        "every value. skrnn.preprocessing.Interpolator, in a Pipeline before it, fills gaps; "
        "targets in y may be NaN."
    )


def _place_of_row(panel, row):
    """Say where a row of a panel was in what came."""
    if panel.container == "list":
        series = panel.row_series[row]
        return f"row {row - np.argmax(panel.row_series == series)} of series {series}"
    return f"row {row if panel.order is None else panel.order[row]}"
