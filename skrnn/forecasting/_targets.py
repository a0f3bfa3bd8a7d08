"""What is to be forecast: columns of the series themselves, or other numbers, row by row."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_array

from skrnn.forecasting._panel import column_names
from skrnn.sequences._inputs import as_known_container
from skrnn.sequences._layout import is_frame, is_series

__all__ = ["Targets", "read_columns", "read_targets"]


@dataclass(frozen=True)
class Targets:
    """Targets in the order of a panel's rows.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_targets)
        NaN where one is missing.
    places : ndarray of int of shape (n_targets,)
        Which column of the panel each is, -1 if none.
    names : list or None
        Names of columns, where they have any.
    is_flat : bool
        Whether they came without an axis for several targets.
    in_pandas : bool
        Whether forecasts are to come as pandas objects.
    """

    values: np.ndarray
    places: np.ndarray
    names: list | None
    is_flat: bool
    in_pandas: bool


def read_targets(y, panel, future=()):
    """Read targets that go with a panel.

    Parameters
    ----------
    y : array, DataFrame, Series, list of them, or None
        None: the columns of the panel.
    panel : Panel
    future : sequence of int
        Columns of the panel that are known ahead, and so no targets.

    Raises
    ------
    ValueError
        If they are no numbers, have another number of rows, or are known ahead.
    """
    if y is None:
        places = np.setdiff1d(np.arange(panel.values.shape[1]), future)
        if len(places) == 0:
            raise ValueError("future holds every column of X; none is left to forecast.")
        names = None if panel.columns is None else [panel.columns[i] for i in places]
        in_pandas = panel.columns is not None
        return Targets(panel.values[:, places], places, names, panel.is_series, in_pandas)
    parts = y if _is_many(y, panel) else [as_known_container(y)]
    _check_parts(parts, panel)
    tables = [_table(part) for part in parts]
    widths = [table.shape[1] for table in tables]
    if len(set(widths)) > 1:
        raise ValueError(f"y has {_in_words(widths)} targets; expected as many for each series.")
    values = panel.sorted(np.concatenate(tables) if len(tables) > 1 else tables[0])
    names = _names(parts)
    places = _places(values, names, panel)
    known = [int(place) for place in places if place in future]
    if known:
        raise ValueError(
            f"y holds {column_names(panel)[known[0]]!r}, which future says is known ahead."
        )
    is_flat = np.ndim(parts[0]) == 1
    return Targets(values, places, names, is_flat, names is not None)


def _is_many(y, panel):
    return panel.container == "list" and isinstance(y, list | tuple)


def _check_parts(parts, panel):
    wanted = panel.rows_per_series.tolist() if panel.container == "list" else [len(panel.values)]
    if any(np.ndim(part) == 0 for part in parts):
        raise ValueError(f"y must hold a target for each row of X, got {parts[0]!r}.")
    given = [len(part) for part in parts]
    if given != wanted:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: X has "
            f"{_in_words(wanted)} rows, y has {_in_words(given)}."
        )
    if not hasattr(panel.index, "freq"):
        return
    ends = np.cumsum(given)
    for part, n, end in zip(parts, given, ends, strict=True):
        index = part.index.get_level_values(-1) if is_frame(part) or is_series(part) else None
        # Labels and numbers may only count the rows.
        if hasattr(index, "freq") and not panel.sorted(index).equals(panel.index[end - n : end]):
            raise ValueError(
                "y has other times in its index than X; expected the same, row by row."
            )


def _in_words(counts):
    return str(counts[0] if len(counts) == 1 else counts)


def _table(part):
    if is_frame(part) and part.shape[1] == 0:
        raise ValueError(f"y has no columns (shape={part.shape}); expected at least 1.")
    table = check_array(
        part,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        ensure_2d=False,
        input_name="y",
    )
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


def _places(values, names, panel):
    """Return which column of the panel each target is: that of its name, else any; -1 if none.

    A column has the numbers of the target, wherever the target has any: forecasts of something else
    could not be put after its past.
    """
    known = {} if names is None or panel.columns is None else panel.columns
    known = {name: i for i, name in enumerate(known) if name is not None}
    by_name = [known.get(name) for name in names or []]
    if any(place is not None for place in by_name):
        candidates = [np.arange(0) if place is None else np.array([place]) for place in by_name]
    else:
        candidates = [np.arange(panel.n_features)] * values.shape[1]
    pairs = zip(values.T, candidates, strict=True)
    return np.array([_place_of(*pair, panel.values) for pair in pairs])


def _place_of(column, candidates, table):
    """Return the column of a table, of some, that has the numbers of a target.

    -1 if none has, or several: what they have in common now may part them later.
    """
    is_there = ~np.isnan(column)
    if not is_there.any():
        return -1
    precision = 4 * max(np.finfo(column.dtype).eps, np.finfo(table.dtype).eps)
    first = np.argmax(is_there)  # one row tells nearly all other columns apart
    is_close = np.isclose(table[first, candidates], column[first], precision, 0)
    found = [
        int(i)
        for i in candidates[is_close]
        if np.allclose(table[is_there, i], column[is_there], precision, 0)
    ]
    return found[0] if len(found) == 1 else -1


def read_columns(columns, panel, name):
    """Return columns of a panel, given by name or number, as numbers.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    columns = [columns] if isinstance(columns, str) else list(columns)
    known = column_names(panel)
    places = []
    for column in columns:
        by_number = isinstance(column, (int, np.integer)) and column not in known
        place = int(column) if by_number else known.index(column) if column in known else -1
        if not 0 <= place < len(known):
            raise ValueError(f"{name} holds {column!r}, which is no column of X: {known}.")
        places.append(place)
    return np.array(list(dict.fromkeys(places)), dtype=int)
