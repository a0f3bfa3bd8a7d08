"""Read one or many series from the user's container into a `Panel`."""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from skrnn._check_arrays import as_array
from skrnn._time_index import (
    find_frequency,
    find_gaps,
    is_frequency_of,
    kind_of_times,
    number_series,
)
from skrnn._time_order import check_times
from skrnn.forecasting._numbers import read_numbers
from skrnn.forecasting._panel import Panel
from skrnn.sequences._containers import is_nested_table
from skrnn.sequences._inputs import as_known_container
from skrnn.sequences._other_libraries import as_plain, is_frame, is_series
from skrnn.sequences._sequences import Sequences, offsets_of


def with_times(X, time, input_name="X"):
    """Return tables whose index holds the times that are in one of their columns.

    Parameters
    ----------
    X : object
        A table, or a list or dict of tables.
    time : str or None
        The name of the column. If None, `X` is returned unchanged.
    input_name : str, default="X"
        The name of the data in error messages.

    Raises
    ------
    ValueError
        If a table does not have this column.

    Examples
    --------
    >>> with_times(pd.DataFrame({"day": [3, 4], "load": [1.0, 2.0]}), "day")
         load
    day
    3     1.0
    4     2.0
    """
    if time is None or X is None:
        return X
    if isinstance(X, list | tuple):
        return [with_times(item, time, f"{input_name}[{i}]") for i, item in enumerate(X)]
    if isinstance(X, dict):
        return {key: with_times(X[key], time, f"{input_name}[{key!r}]") for key in X}
    frame = as_plain(X, input_name)
    if not is_frame(frame) or time not in frame.columns:
        found = f"the columns {list(frame.columns)}" if is_frame(frame) else type(X).__name__
        raise ValueError(
            f"{input_name} must be a table with the column time={time!r}, got {found}."
        )
    if frame.index.nlevels > 1:
        raise ValueError(
            f"{input_name} has a MultiIndex, whose last level is the time; expected time=None, or "
            "an index of one level."
        )
    return frame.set_index(time)


def read_panel(
    X, series_id=None, *, times=None, freq=None, input_name="X", time=None, n_known=None
):
    """Read one series or many.

    Parameters
    ----------
    X : array, DataFrame, Series or list of them, or Sequences
        The static features of `Sequences` are the last columns of the panel.
    series_id : array-like of shape (n_rows,) or None
        The label of each row's series.
    times : array-like of shape (n_rows,) or None
        The time of each row. None if `X` has an index of times, or no times.
    freq : offset, Timedelta, number or None
        The distance in time between rows, if it is known.
    input_name : str
        The name of the data in error messages.
    time : str or None
        The name of the column that holds the times.
    n_known : int or None
        The number of features, if it is known.

    Returns
    -------
    Panel

    Raises
    ------
    ValueError
        If X is none of these containers, does not hold numbers, or is not sorted by time.
    """
    X = with_times(as_plain(X, input_name), time, input_name)
    is_list = isinstance(X, list | tuple) and not is_nested_table(X)
    if is_list or isinstance(X, Sequences):
        return _read_batch(X, series_id, times, freq, input_name)
    frame = X.to_frame() if is_series(X) else as_known_container(X)
    if is_plain_series(frame):
        frame = _with_one_feature(frame, n_known, input_name)
    values = _numbers(frame, input_name)
    index, key_names = X.index if is_frame(frame) else None, None
    if index is not None and index.nlevels > 1:
        _refuse(
            series_id,
            "series_id",
            f"the MultiIndex of {input_name} contains the labels of the series",
        )
        _refuse(times, "times", f"the last level of the MultiIndex of {input_name} is the time")
        _check_last_level(index, input_name)
        labels, index = index.droplevel(-1), index.get_level_values(-1)
        container, key_names = "multiindex", list(labels.names)
    else:
        labels, container = series_id, "table" if series_id is None else "labelled"
        index = _times_given(times, index, len(values), input_name)
    order, keys, counts = _group_by_series(labels, len(values), input_name)
    if order is not None:
        if times is None and index is not None and _only_counts(index, order, counts):
            index = None
        values, index = values[order], None if index is None else index[order]
    return _make_panel(
        values,
        _split_index(index, counts),
        freq,
        input_name,
        counts=counts,
        keys=keys,
        order=order,
        container=container,
        key_names=key_names,
        columns=_columns_of([X]),
        is_series=is_series(X) or is_plain_series(X),
    )


def _read_batch(X, series_id, times, freq, input_name):
    """Read `Sequences`, or a list of series."""
    if isinstance(X, Sequences):
        panel = _read_list(_with_static_columns(X), series_id, times, freq, input_name)
        return replace(panel, columns=_column_names(X))
    X = [as_plain(item, f"{input_name}[{i}]") for i, item in enumerate(X)]
    return _read_list(X, series_id, times, freq, input_name)


def is_plain_series(X):
    """Return whether X is an array of one dimension that holds numbers."""
    return isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "fiu" and len(X) > 0


def _with_one_feature(array, n_known, input_name):
    if n_known not in (None, 1):
        raise ValueError(
            f"{input_name} is an array of the shape {array.shape}, which is a series of one "
            f"feature, expected {n_known} features. Reshape your data."
        )
    return array[:, np.newaxis]


def require_no_targets(X, y):
    """Check that y is None if X is an array of one dimension, which is its own target.

    Raises
    ------
    ValueError
    """
    if y is not None and is_plain_series(X):
        raise ValueError(
            f"X is an array of the shape {X.shape}, which is one series and its own target, but y "
            "was passed. Reshape your data: X.reshape(-1, 1) is one feature."
        )


def _read_list(X, series_id, times, freq, input_name):
    _refuse(series_id, "series_id", f"{input_name} is a list of series")
    _refuse(times, "times", f"{input_name} is a list of series")
    if len(X) == 0:
        raise ValueError(f"{input_name} is an empty list; expected at least one series.")
    if not isinstance(X[0], list | tuple) and np.ndim(X[0]) == 0:
        raise ValueError(
            f"{input_name} is a list of single values; expected rows of them, or a list of series. "
            f"Reshape your data: numpy.reshape({input_name}, (-1, 1)) is one series of one feature."
        )
    names = [f"{input_name}[{i}]" for i in range(len(X))]
    frames = [
        item.to_frame() if is_series(item) else _column(item, name)
        for item, name in zip(X, names, strict=True)
    ]
    tables = [_numbers(frame, name) for frame, name in zip(frames, names, strict=True)]
    _check_same_columns(X, frames, tables, names, input_name)
    return _make_panel(
        np.concatenate(tables),
        [frame.index if is_frame(frame) else None for frame in frames],
        freq,
        input_name,
        counts=np.array([len(table) for table in tables]),
        keys=list(range(len(X))),
        order=None,
        container="list",
        key_names=None,
        columns=_columns_of(X),
        is_series=all(map(is_series, X)),
    )


def _with_static_columns(sequences):
    """Return the time steps of each sequence, next to its static features."""
    series = [_column(steps, "X") for steps in sequences]
    if sequences.static is None:
        return series
    rows = zip(series, sequences.static, strict=True)
    return [np.column_stack([steps, np.tile(row, (len(steps), 1))]) for steps, row in rows]


def _column_names(sequences):
    """Return the names of features and static features, or None if neither have names.

    If only one kind has names, the other is numbered.
    """
    names, static_names = sequences.feature_names, sequences.static_names
    if names is None and static_names is None:
        return None
    if names is None:
        names = [f"x{i}" for i in range(sequences.shape[-1] if sequences.values.ndim > 1 else 1)]
    if static_names is None and sequences.static is not None:
        static_names = [f"static{i}" for i in range(sequences.static.shape[1])]
    return pd.Index([*names, *(static_names or ())])


def _check_same_columns(X, frames, tables, names, input_name):
    widths = [table.shape[1] for table in tables]
    i = next((i for i, width in enumerate(widths) if width != widths[0]), None)
    if i is not None:
        raise ValueError(
            f"{names[0]} has {widths[0]} feature(s), {names[i]} has {widths[i]}; expected the same."
        )
    in_pandas = [is_frame(frame) for frame in frames]
    if any(in_pandas) and not all(in_pandas):
        raise ValueError(
            f"{input_name} mixes pandas objects with other containers; expected one kind."
        )
    if all(in_pandas) and not all(map(is_series, X)):
        i = next((i for i, f in enumerate(frames) if not f.columns.equals(frames[0].columns)), None)
        if i is not None:
            raise ValueError(f"The columns of {names[i]} differ from those of {names[0]}.")


def _make_panel(values, indexes, freq, input_name, *, counts, keys, **fields):
    """Return the panel of series with the given times, each cut at its gaps in time."""
    if indexes[0] is None:
        starts, series = offsets_of(counts), np.arange(len(counts))
        return Panel(values, starts, counts, series, keys, times=None, freq=freq, **fields)
    indexes = [
        check_times(index, input_name if key is None else f"{input_name} of series {key!r}")
        for index, key in zip(indexes, keys, strict=True)
    ]
    kinds = list(dict.fromkeys(map(kind_of_times, indexes)))
    if len(kinds) > 1:
        raise ValueError(
            f"{input_name} holds series with {kinds[0]} and with {kinds[1]} in their index; "
            "expected the same kind in all."
        )
    freq = freq if is_frequency_of(freq, indexes[0]) else find_frequency(indexes, input_name)
    segments = [np.append(0, find_gaps(index, freq)) for index in indexes]
    first_rows = offsets_of(counts)
    starts = np.concatenate(
        [rows + first for rows, first in zip(segments, first_rows, strict=True)]
    )
    _check_frequency(len(values) - len(indexes), len(starts) - len(indexes), freq, input_name)
    return Panel(
        values=values,
        starts=starts,
        lengths=np.diff(np.append(starts, len(values))),
        series=np.repeat(np.arange(len(segments)), [len(rows) for rows in segments]),
        keys=keys,
        times=indexes[0].append(indexes[1:]) if len(indexes) > 1 else indexes[0],
        freq=freq,
        **fields,
    )


def _check_frequency(n_steps, n_gaps, freq, input_name):
    if n_steps > 1 and n_gaps > n_steps / 2:
        raise ValueError(
            f"{input_name} has another distance in time between rows than in fit: {n_gaps} of "
            f"{n_steps} steps differ from {freq}. Rows that were drawn at random, as by a shuffled "
            "KFold, are not a series (TimeSeriesSplit keeps their order). If the index is not a "
            "time, drop it with reset_index(drop=True)."
        )


def _check_last_level(index, input_name):
    """Check that no other level of a MultiIndex than the last one holds times."""
    *levels, last = (isinstance(level, pd.DatetimeIndex | pd.PeriodIndex) for level in index.levels)
    if any(levels) and not last:
        raise ValueError(
            f"{input_name} has a MultiIndex whose last level must be the time, but another level "
            f"holds times: the levels are {list(index.names)}. X.swaplevel().sort_index() reorders "
            "an index of two levels."
        )


def _columns_of(tables):
    """Return the names of the columns; the name is None for Series with different names."""
    if all(map(is_series, tables)):
        names = {table.name for table in tables}
        return pd.Index([names.pop() if len(names) == 1 else None])
    return tables[0].columns if is_frame(tables[0]) else None


def _refuse(given, name, reason):
    if given is not None:
        raise ValueError(f"{name} must be None, because {reason}.")


def _column(item, name):
    array = item if hasattr(item, "ndim") else as_array(item, name)
    return array[:, np.newaxis] if array.ndim == 1 else array


def _numbers(table, input_name):
    if getattr(table, "ndim", 2) == 3:
        raise ValueError(
            f"{input_name} has 3 dimensions (shape={table.shape}); expected one series (n_rows, "
            f"n_features), or a list of series: list({input_name})."
        )
    return read_numbers(table, input_name)


def _only_counts(index, order, counts):
    """Return whether integers are only row numbers, not times, of a table with mixed series."""
    if kind_of_times(index) != "integers" or not (np.diff(index) > 0).all():
        return False
    steps = np.concatenate([np.diff(of_series) for of_series in _split_index(index[order], counts)])
    return len(np.unique(steps)) > 1


def _times_given(times, index, n_rows, input_name):
    if times is None:
        return index
    try:
        times = pd.Index(times)
    except Exception as error:  # the conversion of an object can raise an error of any kind
        raise ValueError(f"times must hold one time for each row: {error}") from error
    if len(times) != n_rows:
        raise ValueError(f"times has {len(times)} entries, {input_name} has {n_rows} rows.")
    if kind_of_times(times) == "labels":
        raise ValueError(
            f"times must hold times, periods or numbers, got {times.dtype}: pandas.to_datetime "
            "reads times from text and objects (with utc=True from several time zones)."
        )
    return times


def _group_by_series(labels, n_rows, input_name):
    """Return the order that groups rows by series, and the label and row count of each series."""
    if labels is None:
        return None, [None], np.array([n_rows])
    labels = labels if isinstance(labels, pd.Index) else as_array(labels, "series_id")
    if labels.ndim != 1:
        raise ValueError(f"series_id must hold one label per row, got the shape {labels.shape}.")
    check_consistent_length(np.empty(n_rows), labels)
    numbers, keys = number_series(labels, input_name)
    counts = np.bincount(numbers, minlength=len(keys))
    is_grouped = (np.diff(numbers) >= 0).all()
    order = None if is_grouped else np.argsort(numbers, kind="stable")
    return order, keys, counts


def _split_index(index, counts):
    if index is None:
        return [None] * len(counts)
    ends = np.cumsum(counts)
    return [index[end - count : end] for end, count in zip(ends, counts, strict=True)]
