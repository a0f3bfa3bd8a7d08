"""Conversions from and to layouts of arrays that the user has to name.

The data alone do not show which axis is time, or which NaN are padding. skrnn does not guess this.
"""

import numbers
import operator

import numpy as np

from skrnn._check_arrays import as_array, in_words
from skrnn.sequences._check import as_floats
from skrnn.sequences._columns import is_sequence, unpack_columns
from skrnn.sequences._containers import stacked
from skrnn.sequences._feature_names import feature_names
from skrnn.sequences._layout import lay_out, too_few
from skrnn.sequences._mixed_sequences import MixedSequences, refuse_categories, step_table
from skrnn.sequences._other_libraries import as_plain, is_series
from skrnn.sequences._sequences import Sequences
from skrnn.sequences._static_columns import split_static
from skrnn.sequences._static_inputs import refuse_static

# Conversions change the layout only, so floats keep their precision; other values become float64.
FLOATS = (np.float64, np.float32)


def given_sequences(X):
    """Return the argument of a `to_*` function as `Sequences`, without checks of the values."""
    if isinstance(X, Sequences):
        refuse_categories(X)
        return X
    X = unpack_columns(as_plain(X, "X"), "X")
    return Sequences(*as_floats(lay_out(X, "X"), FLOATS, "X"), feature_names(X))


def from_channels_first(X):
    """Read sequences whose last axis is time.

    Parameters
    ----------
    X : array-like of shape (n_sequences, n_features, n_steps), or list of (n_features, T_i)
        The batch, in the layout of aeon and of PyTorch's convolutions.

    Returns
    -------
    sequences : Sequences
        The batch. Its values are a view of the series if `X` is
        `numpy.lib.stride_tricks.sliding_window_view(series, n_steps, axis=0)`, else a copy.

    Raises
    ------
    TypeError, ValueError
        If `X` does not have these dimensions, or if `check_sequences` does not accept it for a
        reason other than NaN or infinity.

    See Also
    --------
    to_channels_first : The inverse.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import from_channels_first
    >>> from_channels_first(np.zeros((5, 2, 30))).shape
    (5, 30, 2)
    """
    if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.ndim == 1):
        return given_sequences([_transposed(item, i) for i, item in enumerate(X)])
    X = as_array(X, "X")
    if X.ndim != 3:
        raise ValueError(
            "X must have the shape (n_sequences, n_features, n_steps), or be a list of arrays of "
            f"shape (n_features, n_steps), got {X.ndim} dimension(s) (shape={X.shape})."
        )
    return given_sequences(np.swapaxes(X, 1, 2))


def _transposed(item, i):
    array = as_array(item, f"X[{i}]")
    if array.ndim != 2:
        raise ValueError(
            f"X[{i}] must have the shape (n_features, n_steps), got {array.ndim} dimension(s) "
            f"(shape={array.shape})."
        )
    return array.T


def to_channels_first(X):
    """Return sequences with time as the last axis.

    Parameters
    ----------
    X : Sequences, or any batch that `check_sequences` accepts
        The batch of sequences.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_features, n_steps), or list of (n_features, T_i)
        The sequences, as a list if their lengths differ. The result shares the memory of `X` if the
        layout allows it.

    Raises
    ------
    ValueError
        If `X` contains integer codes, which have no feature axis.

    See Also
    --------
    from_channels_first : The inverse.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import to_channels_first
    >>> to_channels_first(np.zeros((5, 30, 2))).shape
    (5, 2, 30)
    """
    X = given_sequences(X)
    if X.ndim != 3:
        raise ValueError("X holds integer codes, which have no feature axis to move to the front.")
    refuse_static("to_channels_first", X)
    if X.shape[1] is None:
        return [sequence.T for sequence in X]
    return np.swapaxes(stacked(X, X.shape[1]), 1, 2)


def from_nan_padded(X, *, n_features=None):
    """Read sequences that are padded with NaN at their ends.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_sequences, n_steps, n_features) or \
            (n_sequences, n_steps)
        The batch. The last steps of a sequence are padding if all of their features are NaN; they
        are removed. All other NaN are kept.

    n_features : int or None, default=None
        If it is an int, `X` has the shape (n_sequences, n_steps * n_features), with one time step
        after another in each row, as tools for tables of numbers need them:
        ``to_padded(X).reshape(len(X), -1)``.

    Returns
    -------
    sequences : Sequences
        The batch. It shares the memory of `X` if the layout and the dtype of `X` allow it.

    Raises
    ------
    ValueError
        If a sequence contains only NaN, or `n_features` does not fit the shape of `X`.

    See Also
    --------
    to_padded : The inverse.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import from_nan_padded
    >>> X = from_nan_padded([[1.0, 2.0, 3.0], [4.0, np.nan, np.nan]])
    >>> X.lengths
    array([3, 1])
    """
    X = X if n_features is None else _with_features(X, n_features)
    values, starts, lengths = as_floats(lay_out(X, "X"), FLOATS, "X")
    steps = np.where(np.isnan(values).all(axis=1), -1, np.arange(len(values)))
    last = np.maximum.accumulate(steps)[starts + lengths - 1]
    lengths = last - starts + 1
    empty = np.flatnonzero(lengths < 1)
    if len(empty) > 0:
        raise ValueError(
            f"X[{empty[0]}] contains only NaN; expected at least 1 time step with a value."
        )
    return Sequences(values, starts, lengths)


def _with_features(X, n_features):
    """Return flat rows as an array of shape (n, T, n_features)."""
    X = as_array(X, "X")
    n_features = as_index(n_features, "n_features")
    if X.ndim != 2 or n_features < 1 or X.shape[1] % n_features:
        raise ValueError(
            f"n_features={n_features} needs X of the shape (n_sequences, n_steps * {n_features}), "
            f"got {X.shape}."
        )
    return X.reshape(len(X), -1, n_features)


def to_padded(X, *, value=np.nan, length=None):
    """Return sequences as one array, padded at their ends.

    Parameters
    ----------
    X : Sequences, or any batch that `check_sequences` accepts
        The batch of sequences.

    value : float or int, default=nan
        The value of the steps after the end of a sequence. It must be an integer if `X` contains
        integers, such as token ids.

    length : int or None, default=None
        The number of time steps of the result. If None, it is the length of the longest sequence.

    Returns
    -------
    X : ndarray of shape (n_sequences, length, n_features), or (n_sequences, length) for codes
        The padded sequences, as a copy.

    Raises
    ------
    ValueError
        If a sequence is longer than `length`, or if the dtype of `X` cannot represent `value`.

    See Also
    --------
    from_nan_padded : The inverse.

    Examples
    --------
    >>> from skrnn.sequences import to_padded
    >>> to_padded([[1, 2, 3], [4]], value=0)[:, :, 0]
    array([[1., 2., 3.],
           [4., 0., 0.]])
    """
    X = given_sequences(X)
    longest = int(X.lengths.max(initial=0))
    length = longest if length is None else as_index(length, "length")
    if length < longest:
        raise ValueError(
            f"length={length} is shorter than the longest sequence, which has {longest} steps."
        )
    _check_padding(value, X.dtype)
    padded = np.full((len(X), length, *X.values.shape[1:]), value, dtype=X.dtype)
    padded[np.arange(length) < X.lengths[:, np.newaxis]] = X.concatenate()
    return padded


def as_index(number, name):
    """Return a number that an argument holds as an int."""
    try:
        return operator.index(number)
    except TypeError as error:
        raise TypeError(f"{name} must be an int or None, got {in_words(number)}.") from error


def to_column(X):
    """Return sequences as a table of shape (n, 1), with one sequence in each cell.

    Static features are further columns, with one number in each cell.

    Tools that accept only tables of two dimensions, such as
    :class:`~sklearn.ensemble.BaggingClassifier`, keep the sequences of such a table, and the
    estimators read it like a list.

    Parameters
    ----------
    X : Sequences, or any batch that `check_sequences` accepts
        The batch of sequences.

    Returns
    -------
    column : ndarray of object of shape (n_sequences, 1) or (n_sequences, 1 + n_static)
        The sequences, and their static features if there are some, without names. The items of a
        list are not changed or copied.

    Raises
    ------
    TypeError, ValueError
        If `X` is not a batch of sequences. The values are not checked: they may also be symbols,
        for an encoder.

    See Also
    --------
    check_sequences : Reads the result.

    Examples
    --------
    >>> from skrnn.sequences import check_sequences, to_column
    >>> column = to_column([[1, 2, 3], [4, 5]])
    >>> column
    array([[list([1, 2, 3])],
           [list([4, 5])]], dtype=object)
    >>> check_sequences(column)
    Sequences(n_sequences=2, lengths=2..3, n_features=1, dtype=float32)
    """
    X, (static, _) = split_static(as_plain(X), "X")
    X = unpack_columns(X, "X")
    static = X.static if isinstance(X, Sequences) else static
    if not isinstance(X, Sequences | list | tuple) and not is_series(X):
        X = as_array(X, "X")
        if X.ndim == 0:
            raise TypeError(f"X must be a batch of sequences, got {in_words(X.item())}.")
    if len(X) == 0:
        raise too_few("sample", (0,), "X")
    column = np.empty((len(X), 1), dtype=object)
    # Codes without their tables would be read as numbers.
    items = (step_table(X, one) for one in X) if isinstance(X, MixedSequences) else X
    for i, item in enumerate(items):
        if not is_sequence(item):
            raise ValueError(f"X[{i}] must be a sequence, got {in_words(item)}.")
        column[i, 0] = item
    if static is None:
        return column
    return np.concatenate([column, static.astype(object)], axis=1)


def _check_padding(value, dtype):
    """Raise an error if sequences of this dtype cannot be padded with a value."""
    if not isinstance(value, numbers.Real):
        raise TypeError(f"value must be a number, got {in_words(value)}.")
    if dtype.kind not in "iu":
        try:
            float(value)
        except OverflowError as error:
            raise ValueError(f"value is too large for {dtype}, got {in_words(value)}.") from error
        return
    limits = np.iinfo(dtype)
    if not float(value).is_integer() or not limits.min <= value <= limits.max:
        raise ValueError(
            f"X holds {dtype} values; value must be an integer from {limits.min} to "
            f"{limits.max}, got {value}."
        )
