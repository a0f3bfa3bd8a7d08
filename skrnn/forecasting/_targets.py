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
    values = panel.sorted(np.concatenate(tables) if len(tables) > 1 else tables[0])
    names = _names(parts[0])
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
    n_rows = np.bincount(panel.series, panel.lengths, minlength=len(panel.keys)).astype(int)
    wanted = n_rows.tolist() if panel.container == "list" else [int(n_rows.sum())]
    given = [len(part) for part in parts]
    if given != wanted:
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: X has "
            f"{_in_words(wanted)} rows, y has {_in_words(given)}."
        )
    index = getattr(parts[0], "index", None) if panel.container == "table" else None
    if index is None or callable(index) or panel.index is None:
        return
    if hasattr(panel.index, "freq") and hasattr(index, "freq") and not index.equals(panel.index):
        raise ValueError("y has other times in its index than X; expected the same, row by row.")


def _in_words(counts):
    return str(counts[0] if len(counts) == 1 else counts)


def _table(part):
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


def _names(part):
    if is_frame(part):
        return list(part.columns)
    return [part.name] if is_series(part) else None


def _places(values, names, panel):
    """Return which column of the panel each target is: by name, else by its numbers."""
    if names is not None and panel.columns is not None:
        known = {name: i for i, name in enumerate(panel.columns)}
        by_name = [known.get(name, -1) for name in names]
        if names != [None] and max(by_name) >= 0:
            return np.array(by_name)
    return np.array([_place_of(column, panel.values) for column in values.T])


def _place_of(column, table):
    """Return the column of a table that has the same numbers, wherever there are any; else -1."""
    is_there = ~np.isnan(column)
    if not is_there.any():
        return -1
    first = np.argmax(is_there)
    for i in np.flatnonzero(table[first] == column[first]):
        if np.array_equal(table[is_there, i], column[is_there]):
            return int(i)
    return -1


def read_columns(columns, panel, name):
    """Return columns of a panel, given by name or number, as sorted numbers.

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
    return np.array(sorted(set(places)), dtype=int)
