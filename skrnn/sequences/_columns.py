"""Read tables whose cells are sequences, the one form in which scikit-learn's tools keep them.

Many of these tools pass a table of two dimensions only, such as an object array of shape (n, 1)
with a sequence in each cell, and the columns of DataFrames may hold lists or arrays too.
"""

from itertools import chain

import numpy as np
import pandas as pd

from skrnn._time_order import check_sorted
from skrnn.sequences._other_libraries import as_plain, is_frame


class NamedSequences(list):
    """A list of sequences with the names of their features.

    Parameters
    ----------
    items : iterable of array-like
    feature_names : tuple of str
    """

    def __init__(self, items, feature_names):
        super().__init__(items)
        self.feature_names = feature_names


def has_sequence_cells(X):
    """Return whether X is a table of which at least one cell holds a sequence.

    Parameters
    ----------
    X : object
        Any batch of sequences.

    Examples
    --------
    >>> column = np.array([[None], [None]])
    >>> column[:, 0] = [[1, 2], [3]]
    >>> has_sequence_cells(column), has_sequence_cells(np.array([[1], [2]], dtype=object))
    (True, False)
    """
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 2 and any(map(is_sequence, X.flat))
    if isinstance(X, list | tuple):
        return False
    X = as_plain(X)
    return is_frame(X) and any(any(map(is_sequence, column)) for column in _object_columns(X))


def unpack_columns(X, input_name="X"):
    """Return a table whose cells are sequences as a list of sequences, and anything else unchanged.

    Parameters
    ----------
    X : object
    input_name : str, default="X"
        The name of the data in error messages.

    Returns
    -------
    object
        For a table of one column the list of its cells, which may have any form of a sequence. For
        a table of several columns, whose features are joined, a list of arrays of shape
        (T_i, n_features), or of DataFrames if some columns hold strings. The list has the attribute
        `feature_names` if each column is one feature of numbers and the names of columns are str.

    Raises
    ------
    ValueError
        If only some of the cells are sequences, or if the cells of several columns do not hold one
        number for each of the same time steps.

    Examples
    --------
    >>> column = np.array([[None], [None]])
    >>> column[:, 0] = [[1, 2], [3]]
    >>> unpack_columns(column)
    [[1, 2], [3]]
    """
    if not has_sequence_cells(X):
        return X
    X = as_plain(X, input_name)
    names = list(X.columns) if is_frame(X) else list(range(X.shape[1]))
    columns = [list(X.iloc[:, j] if is_frame(X) else X[:, j]) for j in range(X.shape[1])]
    _require_sequences(columns, names, input_name)
    if len(columns) == 1:
        items = [as_steps(cell) for cell in columns[0]]
        is_feature = all(map(_has_one_feature, items))
    else:
        items = _join(columns, names, input_name)
        is_feature = not is_frame(items[0]) and items[0].shape[1] == len(columns)
    if is_feature and all(isinstance(name, str) for name in names):
        return NamedSequences(items, tuple(names))
    return items


def pack_columns(items, X):
    """Return sequences in a table like X, whose cells are sequences.

    Parameters
    ----------
    items : list of ndarray of shape (T_i, n_features) or (T_i,)
    X : object
        A table for which `has_sequence_cells` is True, with as many rows.

    Returns
    -------
    ndarray, DataFrame or list
        A table like `X` if it is of NumPy or pandas, and if it has one column or as many columns as
        the sequences have features. Otherwise the list.

    Examples
    --------
    >>> column = np.array([[None], [None]])
    >>> column[:, 0] = [[1, 2], [3]]
    >>> pack_columns([np.array([5.0, 6.0]), np.array([7.0])], column)
    array([[array([5., 6.])],
           [array([7.])]], dtype=object)
    """
    n_columns = X.shape[1]
    if not isinstance(X, np.ndarray) and not is_frame(X):
        return items
    if n_columns > 1 and any(item.ndim != 2 or item.shape[1] != n_columns for item in items):
        return items
    table = np.empty((len(items), n_columns), dtype=object)
    for i, item in enumerate(items):
        for j in range(n_columns):
            table[i, j] = item if n_columns == 1 else item[:, j]
    return type(X)(table, index=X.index, columns=X.columns) if is_frame(X) else table


def _object_columns(frame):
    return [frame.iloc[:, j] for j, dtype in enumerate(frame.dtypes) if dtype.kind == "O"]


def is_sequence(cell):
    """Return whether an object is a sequence of time steps, of whatever kind.

    Examples
    --------
    >>> is_sequence([1, 2]), is_sequence(np.zeros(0)), is_sequence("ab"), is_sequence(None)
    (True, True, False, False)
    """
    ndim = getattr(cell, "ndim", None)
    if isinstance(ndim, int):
        return ndim > 0
    is_other = isinstance(cell, str | bytes | dict | set | frozenset)
    return hasattr(cell, "__len__") and not is_other


def _require_sequences(columns, names, input_name):
    """Check that every cell holds a sequence."""
    counts = [sum(map(is_sequence, column)) for column in columns]
    others = [name for name, count in zip(names, counts, strict=True) if count == 0]
    if others:
        kept = [name for name in names if name not in others]
        raise ValueError(
            f"{input_name} has columns of sequences, {kept}, and columns of single values, "
            f"{others}; expected a sequence in every cell. Select the columns of sequences, as "
            "sklearn.compose.ColumnTransformer does, or repeat a value that does not change in "
            "every time step of its sequence."
        )
    for column, name, count in zip(columns, names, counts, strict=True):
        if count < len(column):
            i = next(i for i, cell in enumerate(column) if not is_sequence(cell))
            raise ValueError(
                f"{input_name} has sequences in the column {name!r}, but {column[i]!r} in its row "
                f"{i}; expected a sequence in every cell. Remove the rows without a sequence."
            )


def as_steps(cell, name="X"):
    """Return one sequence, as a list if it is an array of arrays.

    Examples
    --------
    >>> steps = np.array([None, None])
    >>> steps[:] = [np.array([1, 2]), np.array([3, 4])]
    >>> as_steps(steps)
    [array([1, 2]), array([3, 4])]
    """
    cell = as_plain(cell, name)
    is_nested = isinstance(cell, np.ndarray) and cell.dtype == object and cell.ndim == 1
    return list(cell) if is_nested and len(cell) > 0 and is_sequence(cell[0]) else cell


def _has_one_feature(item):
    """Return whether the time steps of a sequence are single values and not vectors."""
    if hasattr(item, "ndim"):
        return item.ndim == 1
    return not any(map(is_sequence, item))


def _join(columns, names, input_name):
    """Return the sequences of a table in which each column is one feature, or several."""
    arrays = [
        [_feature(cell, name, i, input_name) for i, cell in enumerate(column)]
        for column, name in zip(columns, names, strict=True)
    ]
    for column, name in zip(arrays, names, strict=True):
        i = next((i for i, cell in enumerate(column) if cell.shape[1:] != column[0].shape[1:]), 0)
        if i > 0:
            raise ValueError(
                f"{input_name} has time steps of the shape {column[i].shape[1:]} in the column "
                f"{name!r} of row {i}, expected {column[0].shape[1:]} as in row 0."
            )
    lengths = np.array([[len(cell) for cell in column] for column in arrays])
    differs = (lengths != lengths[0]).any(axis=0)
    if differs.any():
        i = int(np.argmax(differs))
        j = int(np.argmax(lengths[:, i] != lengths[0, i]))
        raise ValueError(
            f"{input_name} has {lengths[0, i]} time steps in the column {names[0]!r} and "
            f"{lengths[j, i]} in the column {names[j]!r} of row {i}; expected the same number, "
            "because the columns are features of the same time steps. If they are different "
            "sequences, select one of them. If a tool permutes each column separately, as "
            "permutation_importance does, all sequences must have the same length, or be in one "
            "column, skrnn.sequences.to_column(X)."
        )
    _require_same_times(columns, names, input_name)
    if any(map(_is_category, chain(*columns), chain(*arrays))):
        return _as_tables(columns, arrays, names, input_name)
    steps = np.column_stack([np.concatenate(column) for column in arrays])
    return np.split(steps, np.cumsum(lengths[0])[:-1])


def _feature(cell, name, i, input_name):
    """Return the values of one feature of one sequence, or of several ones in a matrix."""
    array = cell.to_numpy() if hasattr(cell, "iloc") else np.asarray(as_plain(cell))
    if array.dtype.kind in "UT" and not isinstance(cell, np.ndarray):
        # NumPy turns numbers and missing values next to strings into strings.
        array = np.asarray(as_plain(cell), dtype=object)
    if array.ndim not in (1, 2) or (array.dtype == object and any(map(is_sequence, array.flat))):
        raise ValueError(
            f"{input_name} holds an array of shape {array.shape} in the column {name!r} of row "
            f"{i}. Each cell of a table of several columns holds the time steps of one feature, of "
            "shape (n_steps,), or of several features, of shape (n_steps, n_features)."
        )
    if array.dtype.kind in "SmM":
        raise ValueError(
            f"{input_name} holds {array.dtype} in the column {name!r} of row {i}; expected one "
            "number or string per time step. Select the other columns."
        )
    return array


def _is_category(cell, array):
    """Return whether the values of a cell, which are also in an array, are categories."""
    is_object = array.dtype == object
    has_strings = is_object and any(isinstance(value, str) for value in array.flat)
    is_categorical = isinstance(getattr(cell, "dtype", None), pd.CategoricalDtype)
    return is_categorical or has_strings or array.dtype.kind in "UT"


def _as_tables(columns, arrays, names, input_name):
    """Return the time steps of each row as a DataFrame, in which columns can be categories."""
    for column, name in zip(arrays, names, strict=True):
        if column[0].ndim > 1:
            raise ValueError(
                f"{input_name} holds several features in the column {name!r}, and strings in "
                "another one; expected one value per time step in each cell, or one DataFrame per "
                "sequence."
            )
    series = [
        map(_as_series, column, values) for column, values in zip(columns, arrays, strict=True)
    ]
    return [pd.concat(cells, axis=1, keys=names) for cells in zip(*series, strict=True)]


def _as_series(cell, array):
    """Return the values of a cell with the dtype of the cell, which may be categorical."""
    return cell.reset_index(drop=True) if hasattr(cell, "iloc") else pd.Series(array)


def _require_same_times(columns, names, input_name):
    """Check the index of cells that are pandas Series: times in order, the same in each row."""
    for i, cells in enumerate(zip(*columns, strict=True)):
        indexes = [getattr(cell, "index", None) for cell in cells]
        if not hasattr(indexes[0], "nlevels"):
            continue
        check_sorted(indexes[0], f"{input_name}[{i}]")
        for name, index in zip(names, indexes, strict=True):
            if hasattr(index, "nlevels") and not index.equals(indexes[0]):
                raise ValueError(
                    f"{input_name} has other times in the column {name!r} than in the column "
                    f"{names[0]!r} of row {i}; expected the same index in all cells of a row."
                )
