"""From `Sequences` back to the kind of container the user holds."""

import numpy as np

from skrnn.sequences._layout import is_frame, is_series
from skrnn.sequences._sequences import Sequences

__all__ = ["feature_table", "is_table", "object_array", "split_steps", "stacked", "wrap_like"]


def is_table(X):
    """Return whether X is an ``(n, T)`` table: a row a sequence, its width fixed at fit.

    Parameters
    ----------
    X : Sequences, array, table, list or tuple
        Any batch that `check_sequences` accepts.

    Returns
    -------
    bool
        False for lists and `Sequences`, whose sequences may have any length.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import is_table
    >>> is_table(np.zeros((4, 10))), is_table(np.zeros((4, 10, 1))), is_table([[1, 2], [3]])
    (True, False, False)
    """
    if isinstance(X, Sequences | list | tuple):
        return False
    return (X if hasattr(X, "ndim") else np.asarray(X)).ndim == 2


def feature_table(X):
    """Return the table whose columns are the features of a batch, None where there is none.

    Parameters
    ----------
    X : Sequences, array, table, list or tuple
        Any batch that `check_sequences` accepts.

    Returns
    -------
    array or DataFrame or None
        An ``(n, T)`` table itself; of a list of DataFrames the first, since all have its columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.sequences import feature_table
    >>> X = [pd.DataFrame({"speed": [1.0, 2.0], "height": [3.0, 4.0]})]
    >>> list(feature_table(X).columns)
    ['speed', 'height']
    >>> feature_table([[1, 2], [3]]) is None
    True
    """
    if is_table(X):
        return X
    first = X[0] if isinstance(X, list | tuple) else None
    return first if is_frame(first) else None


def split_steps(steps, lengths):
    """Cut steps that lie one after another into one piece for each sequence.

    The inverse of `Sequences.concatenate`.

    Parameters
    ----------
    steps : ndarray of shape (sum(lengths), ...)
        All steps, one sequence after another.

    lengths : array-like of int of shape (n_sequences,)
        How many steps each sequence has.

    Returns
    -------
    sequences : list of ndarray
        Views of `steps`.

    Raises
    ------
    ValueError
        If `steps` and `lengths` do not speak of the same number of steps.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import split_steps
    >>> split_steps(np.arange(5), [2, 3])
    [array([0, 1]), array([2, 3, 4])]
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    n_steps = int(ends[-1]) if len(ends) > 0 else 0
    if steps.shape[0] != n_steps:
        raise ValueError(f"steps has {steps.shape[0]} step(s), lengths add up to {n_steps}.")
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
        - `Sequences` for `Sequences`;
        - a list, tuple, Series or object array of arrays for these;
        - an array (n, T, F) for an array of three dimensions;
        - an array (n, T) for one of two, and a DataFrame with the same index and columns for a
          DataFrame, where a step has one feature (and, for the DataFrame, T is the same);
          otherwise an array (n, T, F);
        - a list where an array is due and the lengths differ.

        Sequences without a feature axis in `X` come out without one where there is one feature.
        Sliding windows come out as read-only windows, so that they still cost no memory.

    Raises
    ------
    ValueError
        If `X` holds another number of sequences.

    Examples
    --------
    >>> from skrnn.sequences import check_sequences, wrap_like
    >>> X = [[1, 2, 3], [4, 5]]
    >>> wrap_like(check_sequences(X), X)
    [array([1., 2., 3.], dtype=float32), array([4., 5.], dtype=float32)]
    """
    if isinstance(X, Sequences):
        return sequences
    if not isinstance(X, list | tuple) and not hasattr(X, "shape"):
        X = np.asarray(X)
    n = len(X)
    if len(sequences) != n:
        raise ValueError(f"Expected as many sequences as X has, {n}, got {len(sequences)}.")
    if isinstance(X, list | tuple) or len(X.shape) == 1:
        return _as_collection(sequences, X)
    return _as_table(sequences, X)


def _as_collection(sequences, X):
    first = X.iloc[0] if is_series(X) else X[0]
    one_feature = sequences.ndim == 3 and sequences.values.shape[1] == 1
    if one_feature and np.ndim(first) == 1:
        items = [sequence[:, 0] for sequence in sequences]
    else:
        items = list(sequences)
    if isinstance(X, list):
        return items
    if isinstance(X, tuple):
        return tuple(items)
    array = object_array(items)
    return type(X)(array, index=X.index, name=X.name) if is_series(X) else array


def object_array(items):
    """Return an array of objects, one for each item, also where NumPy could join them.

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
    """Return (n, T, ...), a read-only window view where sequences overlap at even distances."""
    values, starts = sequences.values, sequences.starts
    shift = int(starts[1] - starts[0]) if len(starts) > 1 else n_steps
    if 0 < shift < n_steps and (np.diff(starts) == shift).all():
        windows = np.lib.stride_tricks.sliding_window_view(values, n_steps, axis=0)
        every = slice(int(starts[0]), int(starts[-1]) + 1, shift)
        return np.moveaxis(windows[every], -1, 1)
    return np.asarray(sequences)
