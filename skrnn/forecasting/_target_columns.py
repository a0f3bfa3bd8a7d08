"""Read the targets of forecasts, and find out which columns of the series they are."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy.sparse import issparse

from skrnn._check_arrays import as_array, in_words
from skrnn._time_order import check_times
from skrnn.forecasting._numbers import read_numbers
from skrnn.sequences._inputs import as_known_container
from skrnn.sequences._other_libraries import is_frame, is_series


@dataclass(frozen=True)
class Targets:
    """Targets in the order of a panel's rows.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_targets)
        NaN if a target is missing.
    columns : ndarray of int of shape (n_targets,)
        The column index of each target in the panel, -1 if it is not a column.
    names : list or None
        The names of the targets. None if they were not pandas objects, so that forecasts are
        arrays too.
    is_flat : bool
        Whether the targets had no axis for several targets.
    """

    values: np.ndarray
    columns: np.ndarray
    names: list | None
    is_flat: bool


def read_targets(y, panel, known_future=()):
    """Read the targets of the rows of a panel.

    Parameters
    ----------
    y : array, DataFrame, Series, list of them, or None
        If None, the targets are the columns of the panel that are not known in advance.
    panel : Panel
    known_future : sequence of int
        Columns of the panel that are known in advance or static, and so are not targets.

    Raises
    ------
    ValueError
        If targets are not numbers, have another number of rows, or are known in advance.
    """
    if y is None:
        columns = np.setdiff1d(np.arange(panel.n_features), known_future)
        if len(columns) == 0:
            raise ValueError(
                "known_future and static hold every column of X, so that no column is left as a "
                "target. Pass y."
            )
        names = None if panel.columns is None else [panel.columns[i] for i in columns]
        return Targets(panel.values[:, columns], columns, names, panel.is_series)
    is_list = panel.container == "list" and isinstance(y, list | tuple)
    parts = [_part(part) for part in (y if is_list else [y])]
    _check_parts(parts, panel)
    tables = [_numbers(part) for part in parts]
    widths = [table.shape[1] for table in tables]
    if len(set(widths)) > 1:
        raise ValueError(f"y has {_in_words(widths)} targets; expected the same number in each.")
    values = panel.sorted(np.concatenate(tables) if len(tables) > 1 else tables[0])
    names = _names(parts)
    columns = _find_columns(values, names, panel)
    known = [int(column) for column in columns if column in known_future]
    if known:
        raise ValueError(
            f"y holds {panel.column_names[known[0]]!r}, which is in known_future or in static. A "
            "column cannot be both a target and known in advance."
        )
    return Targets(values, columns, names, is_flat=np.ndim(parts[0]) == 1)


def require_n_targets(targets, n_expected):
    """Check that there are as many targets as in `fit`.

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    n_targets = targets.values.shape[1]
    if n_targets != n_expected:
        raise ValueError(
            f"y has {n_targets} target(s), expected {n_expected} as in fit. Without y, all "
            "columns of X that are not in known_future or static are targets."
        )


def _part(y):
    """Return targets as an array or a pandas object, of which at least the shape is known."""
    y = as_known_container(y)
    if is_frame(y) or is_series(y):
        return y
    if issparse(y):
        raise TypeError("y must be a dense array, got a sparse one.")
    return as_array(y, "y")


def _check_parts(parts, panel):
    expected = panel.rows_per_series.tolist() if panel.container == "list" else [len(panel.values)]
    if any(np.ndim(part) == 0 for part in parts):
        raise ValueError(f"y must hold a target for each row of X, got {parts[0]!r}.")
    given = [len(part) for part in parts]
    if given != expected:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: X has "
            f"{_in_words(expected)} rows, y has {_in_words(given)}."
        )
    indexes = [part.index for part in parts if is_frame(part) or is_series(part)]
    if len(indexes) == len(parts):
        _check_times(indexes, panel)


def _check_times(indexes, panel):
    """Check that the targets of each series are in order, at the same times as its rows."""
    times = indexes[0].append(indexes[1:]) if len(indexes) > 1 else indexes[0]
    times = panel.sorted(times.get_level_values(-1))
    # Labels and numbers may only count the rows.
    if hasattr(times, "freq") and hasattr(panel.times, "freq") and not times.equals(panel.times):
        raise ValueError("The index of y holds other times than that of X; expected the same.")
    ends = np.cumsum(panel.rows_per_series)
    for n, end in zip(panel.rows_per_series, ends, strict=True):
        check_times(times[end - n : end], "y")


def _in_words(counts):
    return str(counts[0] if len(counts) == 1 else counts)


def _numbers(part):
    table = read_numbers(part, "y", ensure_2d=False)
    if table.ndim > 2 or 0 in table.shape[1:]:
        raise ValueError(
            f"y must have the shape (n_rows,) or (n_rows, n_targets), got {table.shape}."
        )
    return table.reshape(len(table), -1)


def _names(parts):
    if all(map(is_series, parts)):
        names = {part.name for part in parts}
        return [names.pop() if len(names) == 1 else None]
    return list(parts[0].columns) if is_frame(parts[0]) else None


def _find_columns(values, names, panel):
    """Return the column index of each target, found by its name or else by its values, or -1.

    A target is a column only if the two have the same values in all rows in which the target is not
    missing. Otherwise a forecast could not continue the column.
    """
    by_label = {} if names is None or panel.columns is None else panel.columns
    by_label = {label: i for i, label in enumerate(by_label) if label is not None}
    of_name = [by_label.get(name) for name in names or []]
    if any(column is not None for column in of_name):
        candidates = [np.arange(0) if column is None else np.array([column]) for column in of_name]
    else:
        candidates = [np.arange(panel.n_features)] * values.shape[1]
    pairs = zip(values.T, candidates, strict=True)
    return np.array([_find_column(*pair, panel.values) for pair in pairs])


def _find_column(target, candidates, table):
    """Return the candidate column that equals a target, or -1 if none or several columns do.

    Several columns may be equal so far by chance, and differ later.
    """
    is_present = ~np.isnan(target)
    if not is_present.any():
        return -1
    precision = 4 * max(np.finfo(target.dtype).eps, np.finfo(table.dtype).eps)
    first = np.argmax(is_present)  # one row is enough to exclude nearly all other columns
    is_close = np.isclose(table[first, candidates], target[first], precision, 0)
    equal = [
        int(i)
        for i in candidates[is_close]
        if np.allclose(table[is_present, i], target[is_present], precision, 0)
    ]
    return equal[0] if len(equal) == 1 else -1


def read_columns(columns, panel, name):
    """Return the indices of columns that are given by name or index.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    names = panel.column_names
    positions = dict(zip(names, range(len(names)), strict=True))
    indices = []
    for column in _as_list(columns, name):
        is_index = isinstance(column, Integral) and column not in positions
        index = int(column) if is_index else positions.get(column, -1)
        if not 0 <= index < len(names):
            raise ValueError(f"{name} holds {column!r}, which is not a column of X: {names}.")
        indices.append(index)
    return np.array(list(dict.fromkeys(indices)), dtype=int)


def _as_list(columns, name):
    if isinstance(columns, str):
        return [columns]
    try:
        listed = list(columns)
        hash(tuple(listed))
    except TypeError as error:
        raise ValueError(
            f"{name} must hold names or indices of columns, got {in_words(columns)}: {error}."
        ) from error
    return listed


def require_target_columns(targets, panel, reader):
    """Check that every target is a column of the panel.

    Raises
    ------
    ValueError
        If a target is not a column.
    """
    if (targets.columns < 0).any():
        raise ValueError(
            f"{reader} needs the past values of every target, so each target in y must be equal to "
            f"exactly one column of X ({panel.column_names}); names distinguish equal columns. A "
            "transformer before the forecaster that changes X but not y makes them differ."
        )
