"""Read tables of which some columns hold sequences and the others one number per sequence.

Such tables come from `sklearn.compose.ColumnTransformer`, which scales or encodes some columns and
keeps the others, and from tables with one row per person and a column of lists.
"""

from itertools import chain

import numpy as np

from skrnn.sequences._columns import has_sequence_cells, is_sequence, pack_columns
from skrnn.sequences._other_libraries import as_plain, is_frame
from skrnn.sequences._sequences import Sequences
from skrnn.sequences._static import read_static


def split_static(X, input_name="X"):
    """Return the columns of sequences of a table, and the other columns as static features.

    Parameters
    ----------
    X : object
        Any batch of sequences.
    input_name : str, default="X"
        The name of the data in error messages.

    Returns
    -------
    X : object
        The table without the columns of single values, or `X` itself if it is not a table that has
        both kinds of columns.
    static : tuple (values, names)
        The return value of `read_static`.

    Raises
    ------
    ValueError
        If a column of single values does not hold numbers, or if `X` is a tuple of a batch and a
        table.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"age": [40, 71], "pulse": [[80, 82], [66]]})
    >>> table, (values, names) = split_static(X)
    >>> list(table.columns), values[:, 0], names
    (['pulse'], array([40., 71.]), ('age',))
    """
    _refuse_pair(X, input_name)
    is_single = _single_columns(X)
    if not is_single.any():
        return X, (None, None)
    X = as_plain(X, input_name)
    if is_frame(X):
        table, static = X.loc[:, ~is_single], X.loc[:, is_single]
    else:
        table, static = X[:, ~is_single], X[:, is_single]
    return table, read_static(static, len(X), input_name=input_name)


def join_static(items, X):
    """Return sequences in a table like X, next to the columns of single values of X.

    Parameters
    ----------
    items : list of ndarray of shape (T_i, n_features) or (T_i,)
    X : ndarray or DataFrame
        A table whose columns hold sequences or single values, with as many rows.

    Returns
    -------
    ndarray, DataFrame or list
        As in `pack_columns`. It is a list if the table does not have as many columns of sequences
        as the sequences have features, or one.
    """
    is_single = _single_columns(X)
    if not is_single.any():
        return pack_columns(items, X)
    table = X.loc[:, ~is_single] if is_frame(X) else X[:, ~is_single]
    packed = pack_columns(items, table)
    if isinstance(packed, list):
        return packed
    joined = X.copy()
    for k, j in enumerate(np.flatnonzero(~is_single)):
        if is_frame(joined):
            joined.isetitem(j, packed.iloc[:, k])
        else:
            joined[:, j] = packed[:, k]
    return joined


def _single_columns(X):
    """Return which columns of a table hold no sequence, if others hold some."""
    if not has_sequence_cells(X):
        return np.zeros(1, bool)
    X = as_plain(X)
    columns = [X.iloc[:, j] if is_frame(X) else X[:, j] for j in range(X.shape[1])]
    return np.array([not any(map(is_sequence, column)) for column in columns])


def _refuse_pair(X, input_name):
    """Raise an error for a pair of a batch and a table with a row for each of its sequences."""
    if not isinstance(X, list | tuple) or len(X) != 2 or not _is_batch(X[0]):
        return
    if _n_rows(X[1]) == len(X[0]) and not _is_batch(X[1]):
        raise ValueError(
            f"{input_name} is a {type(X).__name__} of a batch of sequences and of a table with as "
            "many rows. Pass targets as y, and static features inside the batch: "
            "skrnn.sequences.Sequences(values, starts, lengths, static=table), or "
            f"check_sequences({input_name}[0]).with_static({input_name}[1])."
        )


def _n_rows(X):
    """Return the number of rows of a table, or None if X is something else."""
    if hasattr(X, "shape"):
        return X.shape[0] if len(X.shape) == 2 else None
    is_list = isinstance(X, list | tuple) and all(map(is_sequence, X))
    return len(X) if is_list and not any(map(is_sequence, chain(*X))) else None


def _is_batch(X):
    """Return whether X, which may be one sequence of a batch, can only be several sequences."""
    if isinstance(X, Sequences):
        return True
    if isinstance(X, list | tuple):
        if len(X) == 0 or not all(map(is_sequence, X)):
            return False
        return {getattr(item, "ndim", 1) for item in X} == {2} or len(set(map(len, X))) > 1
    return getattr(X, "ndim", 0) == 3 or has_sequence_cells(X)
