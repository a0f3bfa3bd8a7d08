"""Find out which kind of container the user passed, and return results in the same kind."""

import numpy as np

from skrnn.sequences._columns import has_sequence_cells, unpack_columns
from skrnn.sequences._feature_names import feature_names, named_table
from skrnn.sequences._other_libraries import as_plain, is_frame, is_series
from skrnn.sequences._sequences import Sequences
from skrnn.sequences._static_columns import join_static, split_static


def is_table(X):
    """Return whether X is an array or DataFrame of shape (n, T), whose width is fixed at fit.

    Parameters
    ----------
    X : Sequences, array, table, list or tuple
        Any batch that `check_sequences` accepts.

    Returns
    -------
    bool
        False for lists, `Sequences` and tables of which each cell is a sequence, because these
        sequences may have any length.

    Examples
    --------
    >>> is_table(np.zeros((4, 10))), is_table(np.zeros((4, 10, 1))), is_table([[1, 2], [3]])
    (True, False, False)
    """
    X = _with_shape(X)
    if isinstance(X, Sequences | list | tuple):
        return False
    return len(X.shape) == 2 and not has_sequence_cells(X)


def _with_shape(X):
    """Return a batch unchanged if it is a list or has a shape, else as an array or a list."""
    if isinstance(X, Sequences | list | tuple):
        return X
    try:
        X.shape  # noqa: B018
        return X
    except (AttributeError, RuntimeError):  # a nested tensor of PyTorch raises the latter
        plain = as_plain(X)
        return plain if isinstance(plain, list) else np.asarray(plain)


def is_nested_array(X):
    """Return whether X is a list of equally long lists, which scikit-learn reads as an array.

    Examples
    --------
    >>> is_nested_array([[1, 2], [2, 1]]), is_nested_array([[[1], [2]]]), is_nested_array([[1], []])
    (True, True, False)
    """
    has_lists = isinstance(X, list | tuple) and all(isinstance(row, list | tuple) for row in X)
    return has_lists and len({len(row) for row in X}) == 1


def is_nested_table(X):
    """Return whether X is a table of shape (n, T) that is written as a list of lists.

    Examples
    --------
    >>> is_nested_table([[1, 2], [2, 1]]), is_nested_table([[[1], [2]]]), is_nested_table([[]])
    (True, False, False)
    """
    return is_nested_array(X) and len(X[0]) > 0 and np.ndim(X[0][0]) == 0


def array_like(X):
    """Return a list of equally long lists as an array, and anything else unchanged."""
    return np.asarray(X) if isinstance(X, list) and is_nested_array(X) else X


def feature_table(X):
    """Return the table whose columns are the features of a batch, or None.

    Parameters
    ----------
    X : Sequences, array, table, list or tuple
        Any batch that `check_sequences` accepts.

    Returns
    -------
    array or DataFrame or None
        `X` itself if it is a table of shape (n, T). For a list of DataFrames the first one, since
        all of them have the same columns. For other sequences with named features, a table without
        rows that has these columns.

    Examples
    --------
    >>> import pandas as pd
    >>> X = [pd.DataFrame({"speed": [1.0, 2.0], "height": [3.0, 4.0]})]
    >>> list(feature_table(X).columns)
    ['speed', 'height']
    >>> feature_table([[1, 2], [3]]) is None
    True
    """
    if is_table(X):
        return X
    first = X[0] if isinstance(X, list | tuple) else None
    if is_frame(first):
        return first
    names = feature_names(X)
    return None if names is None else named_table(names)


def split_steps(steps, lengths):
    """Split the concatenated steps of several sequences into one array per sequence.

    This is the inverse of `Sequences.concatenate`.

    Parameters
    ----------
    steps : ndarray of shape (sum(lengths), ...)
        The steps of all sequences, one sequence after another.

    lengths : array-like of int of shape (n_sequences,)
        The number of steps of each sequence.

    Returns
    -------
    sequences : list of ndarray
        Views of `steps`.

    Raises
    ------
    ValueError
        If the number of steps is not the sum of `lengths`.

    Examples
    --------
    >>> split_steps(np.arange(5), [2, 3])
    [array([0, 1]), array([2, 3, 4])]
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    n_steps = int(ends[-1]) if len(ends) > 0 else 0
    if steps.shape[0] != n_steps:
        raise ValueError(f"steps has {steps.shape[0]} step(s), but lengths add up to {n_steps}.")
    ends = ends.tolist()
    return [steps[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def wrap_like(sequences, X):
    """Return `sequences` in the kind of container that `X` is.

    Parameters
    ----------
    sequences : Sequences
        As many sequences as `X` has.

    X : Sequences, array, table, list or tuple
        Any batch that `check_sequences` accepts.

    Returns
    -------
    batch : Sequences, ndarray, DataFrame, Series, list or tuple
        The container depends on `X`:

        - If `X` is `Sequences`, `sequences` is returned, with the static features of `X`.
        - If `X` is a list, tuple, Series or object array, the result is the same kind of container,
          with one array per sequence.
        - If `X` is an array of three dimensions, the result is an array (n, T, F).
        - If `X` is an array of two dimensions, the result is an array (n, T) if a step has one
          feature, else an array (n, T, F). If `X` is a DataFrame and the result has its shape, it
          is a DataFrame with the index and the columns of `X`. If the cells of `X` are sequences,
          the result is such a table too if `X` is of NumPy or pandas and has one column, or as many
          columns as the result has features. Its other columns are those of `X`. If it is not such
          a table but has static features, `sequences` is returned.
        - If the result should be an array but the sequences have different lengths, it is a list.

        If the sequences of `X` have no feature axis and the steps of the result have one feature,
        the sequences of the result have no feature axis either. Sliding windows are returned as a
        read-only view, which needs no additional memory.

    Raises
    ------
    ValueError
        If `X` has a different number of sequences.

    Examples
    --------
    >>> from skrnn.sequences import check_sequences
    >>> X = [[1, 2, 3], [4, 5]]
    >>> wrap_like(check_sequences(X), X)
    [array([1., 2., 3.], dtype=float32), array([4., 5.], dtype=float32)]
    """
    if isinstance(X, Sequences):
        return _with_static_of(X, sequences)
    X = _with_shape(X)
    n = len(X)
    if len(sequences) != n:
        raise ValueError(f"Expected as many sequences as X has, {n}, got {len(sequences)}.")
    if isinstance(X, list | tuple) or len(X.shape) == 1:
        return _as_collection(sequences, X)
    if has_sequence_cells(X):
        first = unpack_columns(split_static(X[:1])[0])[0]
        joined = join_static(_items_like(sequences, first), X)
        lost = isinstance(joined, list) and sequences.static is not None
        return sequences if lost else joined
    return _as_table(sequences, X)


def _with_static_of(X, sequences):
    """Return sequences with the static features of X, unless they have some."""
    if X.static is None or sequences.static is not None:
        return sequences
    return sequences.with_static(X.static, X.static_names)


def _items_like(sequences, first):
    """Return a list of sequences, without a feature axis if the first one of X has none."""
    one_feature = sequences.ndim == 3 and sequences.values.shape[1] == 1
    if one_feature and np.ndim(first) == 1:
        return [sequence[:, 0] for sequence in sequences]
    return list(sequences)


def _as_collection(sequences, X):
    items = _items_like(sequences, X.iloc[0] if is_series(X) else X[0])
    if isinstance(X, list):
        return items
    if isinstance(X, tuple):
        return tuple(items)
    array = object_array(items)
    return type(X)(array, index=X.index, name=X.name) if is_series(X) else array


def object_array(items):
    """Return a one-dimensional object array with one element per item.

    `numpy.array` would join items of equal shapes into an array of more dimensions.

    Examples
    --------
    >>> object_array([np.zeros(2), np.zeros(2)]).shape
    (2,)
    """
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


def _as_table(sequences, X):
    _, n_steps, *n_features = sequences.shape
    if n_steps is None:
        return list(sequences)
    array = stacked(sequences, n_steps)
    if len(X.shape) == 2 and n_features == [1]:
        array = array[:, :, 0]
    if is_frame(X) and array.shape == X.shape:
        return type(X)(array, index=X.index, columns=X.columns)
    return array


def stacked(sequences, n_steps):
    """Return an array (n, T, ...), as a read-only view if the sequences are sliding windows."""
    values, starts = sequences.values, sequences.starts
    shift = int(starts[1] - starts[0]) if len(starts) > 1 else n_steps
    if 0 < shift < n_steps and (np.diff(starts) == shift).all():
        windows = np.lib.stride_tricks.sliding_window_view(values, n_steps, axis=0)
        every = slice(int(starts[0]), int(starts[-1]) + 1, shift)
        return np.moveaxis(windows[every], -1, 1)
    return np.asarray(sequences)
