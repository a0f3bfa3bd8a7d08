"""Convert any container of sequences to the three arrays of the list view.

Only shapes are checked here: whether an object is a batch of sequences, where each sequence begins,
and whether all sequences have the same number of features. `check_sequences` checks the values.
"""

from collections.abc import Mapping, Set
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from skrnn._check_arrays import refuse_masked
from skrnn._time_order import check_sorted
from skrnn.sequences._columns import as_steps, unpack_columns
from skrnn.sequences._other_libraries import as_plain, is_frame, is_series
from skrnn.sequences._sequences import offsets_of

NUMERIC_KINDS = "fiub"

# The results of pandas' `infer_dtype` for object columns that may contain numbers.
NUMBER_COLUMNS = {
    *("boolean", "decimal", "empty", "floating", "integer"),
    *("mixed", "mixed-integer-float"),
}
HOLDS_STRINGS = (
    "holds strings; expected sequences of numbers (token ids are integers). RNNClassifier and "
    "RNNRegressor read strings with the parameter categorical_features."
)


class Layout(NamedTuple):
    """The three arrays of `Sequences`, but with values of any dtype."""

    values: np.ndarray
    starts: np.ndarray | range
    lengths: np.ndarray


def lay_out(X, input_name, dtype=None):
    """Return the `Layout` of a batch in any container other than `Sequences`.

    Parameters
    ----------
    X : array, table, list, tuple or Series of sequences
        The batch.

    input_name : str
        The name of `X` in error messages.

    dtype : dtype or None, default=None
        The dtype into which a list of numeric sequences is concatenated, which saves one copy. If
        None, the dtype is kept.

    Returns
    -------
    layout : Layout

    Raises
    ------
    TypeError, ValueError
        If `X` is not a batch of sequences.
    """
    if sparse.issparse(X):
        raise TypeError(
            f"{input_name} is a sparse matrix, which cannot be split into sequences; expected a "
            "list of sparse rows, one matrix of shape (n_steps, n_features) per sequence."
        )
    X = unpack_columns(as_plain(X, input_name), input_name)
    _check_not_one_series(X, input_name)
    if is_frame(X):
        return _lay_out_array(table_values(X, input_name, _FORMAT_OF_BATCH), input_name)
    if isinstance(X, list | tuple):
        return _lay_out_list(X, input_name, dtype)
    array = _as_array(X, input_name)
    if array.ndim == 1 and array.dtype == object:
        return _lay_out_list(array, input_name, dtype)
    return _lay_out_array(array, input_name)


_FORMAT_OF_BATCH = (
    "Expected one row per sequence and one column per time step. To read a table with one row per "
    "time step, use skrnn.sequences.from_long(df, id=..., time=...)."
)
_FORMAT_OF_SEQUENCE = (
    "Expected one row per time step and one column per feature. Encode these columns as numbers, "
    "name them in categorical_features of RNNClassifier and RNNRegressor, or leave them out; times "
    "can be the index (set_index)."
)


def table_values(frame, input_name, expected=_FORMAT_OF_SEQUENCE):
    """Return the values of a DataFrame of numbers, with missing values as NaN.

    Parameters
    ----------
    frame : DataFrame
    input_name : str
    expected : str
        The last sentences of the error message.

    Raises
    ------
    ValueError
        If a column does not contain numbers.
    """
    non_numeric = non_numeric_columns(frame)
    if non_numeric:
        times = [name for name, dtype in frame.dtypes.items() if dtype.kind == "M"]
        advice = f" The times in {times[0]!r} are not a feature." if times else ""
        raise ValueError(
            f"{input_name} has columns that do not hold numbers: {non_numeric}.{advice} {expected}"
        )
    return _without_na(frame)


def _without_na(pandas_object):
    """Return the values, with NaN in place of `pandas.NA`, which object arrays may contain."""
    values = pandas_object.to_numpy()
    return pandas_object.to_numpy(na_value=np.nan) if values.dtype == object else values


def non_numeric_columns(frame):
    """Return the names of the columns that do not contain numbers, joined into one string."""
    is_numeric = pd.api.types.is_numeric_dtype
    names = [
        repr(name)
        for i, (name, dtype) in enumerate(zip(frame.columns, frame.dtypes, strict=True))
        if not is_numeric(dtype) and not (dtype.kind == "O" and _holds_numbers(frame.iloc[:, i]))
    ]
    return ", ".join(names) if len(names) <= 5 else f"{', '.join(names[:5])} and others"


def _holds_numbers(column):
    kind = pd.api.types.infer_dtype(column, skipna=True)
    # "mixed" may contain anything; the conversion to floats then names the offending sequence.
    return kind in NUMBER_COLUMNS


def _check_not_one_series(X, input_name):
    if not is_frame(X) and not is_series(X):
        return
    clocks = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
    if X.index.nlevels > 1:
        if is_frame(X) or X.dtype != object:
            raise ValueError(
                f"{input_name} is a table with a MultiIndex of the levels {list(X.index.names)}. "
                f"If its rows are time steps, use skrnn.sequences.from_multiindex({input_name}). "
                f"If each row is one sequence, drop the index: {input_name}.reset_index(drop=True)."
            )
    elif isinstance(X.index, clocks) and (is_frame(X) or X.dtype != object):
        raise ValueError(
            f"{input_name} is a {type(X).__name__} with a {type(X.index).__name__}: that is one "
            f"series, expected a batch of sequences. To use one series as a batch of one, pass "
            f"[{input_name}]."
        )


def _as_array(X, input_name):
    """Convert X, which is neither a list nor a table, to an array of one to three dimensions."""
    refuse_masked(X, input_name)
    array = np.asarray(X)
    if array.ndim == 0:
        if array.dtype.kind in NUMERIC_KINDS + "c":
            raise ValueError(
                f"Expected a batch of sequences, got a scalar: {input_name}={X}. Reshape your data."
            )
        raise TypeError(
            f"{input_name} must be a batch of sequences, got {type(X).__name__}.{_advice(X)}"
        )
    if array.ndim == 1 and array.dtype != object:
        raise _one_dimensional(array, input_name)
    if array.ndim > 3:
        raise ValueError(
            f"{input_name} has {array.ndim} dimensions (shape={array.shape}); expected "
            "(n_sequences, n_steps, n_features) or, for one feature, (n_sequences, n_steps)."
        )
    return array


def _advice(X):
    """Return what to do with a mapping, or with an object that yields sequences or batches."""
    if isinstance(X, Mapping):
        return " Put inputs with names into one table, with a sequence or a number in each cell."
    if not hasattr(X, "__iter__") or isinstance(X, str | bytes | Set):
        return ""
    return (
        " If it yields one sequence after another, pass a list of them. If it yields batches, pass "
        "each batch to partial_fit or predict."
    )


def _one_dimensional(array, input_name):
    if array.dtype.kind in "USO":
        return ValueError(f"{input_name} {HOLDS_STRINGS}")
    return ValueError(
        f"Expected a batch of sequences, got a 1-D array: {input_name} has the shape {array.shape}."
        f" Reshape your data; one series is a batch of one: [{input_name}]."
    )


def _lay_out_array(array, input_name):
    """Return the layout of an array (n, T, F) or (n, T), without a copy if the strides allow."""
    n, n_steps, *n_features = array.shape
    if n == 0:
        raise too_few("sample", array.shape, input_name)
    if n_features == [0] or (not n_features and n_steps == 0):
        raise too_few("feature", array.shape, input_name)
    if n_steps == 0:
        raise _empty_sequence(0, input_name)
    shift = _shift(array)
    if shift is None or shift == n_steps:
        shift = n_steps
        values = array.reshape(n * n_steps, *n_features)
    elif n == 1:
        values = array[0]
    else:
        shape = ((n - 1) * shift + n_steps, *n_features)
        values = np.lib.stride_tricks.as_strided(array, shape, array.strides[1:])
    starts = range(0, n * shift, shift) if shift else np.zeros(n, dtype=np.int64)
    return Layout(values, starts, np.broadcast_to(np.int64(n_steps), n))


def _shift(array):
    """Return the number of steps in memory from one sequence to the start of the next, or None.

    The shift of contiguous sequences is their length, the shift of sliding windows is smaller. In
    both cases the array is a view of one series of steps.
    """
    n, n_steps = array.shape[:2]
    if n == 1:
        return 0
    if n_steps == 1:  # NumPy leaves the stride of an axis of length 1 undefined
        return 1
    by_sequence, by_step = array.strides[:2]
    if by_step <= 0 or by_sequence <= 0 or by_sequence % by_step != 0:
        return None
    shift = by_sequence // by_step
    return shift if shift <= n_steps else None


def _lay_out_list(items, input_name, dtype):
    if len(items) == 0:
        raise too_few("sample", (0,), input_name)
    if all(sparse.issparse(item) for item in items):
        return _lay_out_sparse(items, input_name, dtype)
    arrays = [_item_array(item, input_name, i) for i, item in enumerate(items)]
    check_tables(items, input_name)
    if min(array.ndim for array in arrays) == 0:
        raise _not_sequences(items, arrays, input_name)
    lengths = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
    check_lengths(lengths, input_name)
    _check_same_ndim(arrays, input_name)
    if arrays[0].ndim == 2:
        _check_same_width([array.shape[1] for array in arrays], lengths, input_name)
    values = _concatenate(arrays, input_name, dtype)
    return Layout(values, offsets_of(lengths), lengths)


def _item_array(item, input_name, i):
    if type(item) is np.ndarray and item.dtype != object:
        return item
    name = f"{input_name}[{i}]"
    if is_frame(item):
        return table_values(item, name)
    if is_series(item):
        return _without_na(item)
    if sparse.issparse(item):
        return item.toarray()
    item = as_steps(item, name)
    refuse_masked(item, name)
    try:
        return np.asarray(item)
    except ValueError as error:
        raise ValueError(
            f"{name} has time steps with different numbers of features: {error}"
        ) from error


def _not_sequences(items, arrays, input_name):
    """Return the error for a list in which some items are not sequences."""
    i = next(i for i, array in enumerate(arrays) if array.ndim == 0)
    if all(array.ndim == 0 and array.dtype.kind in NUMERIC_KINDS for array in arrays):
        return _one_dimensional(np.empty(len(arrays)), input_name)
    if isinstance(items[i], str | bytes):
        return _one_dimensional(np.array(["a"]), input_name)
    return TypeError(f"{input_name}[{i}] is not a sequence, got {type(items[i]).__name__}.")


def check_tables(items, input_name):
    """Raise an error if DataFrames differ in their columns, or are not in the order of time."""
    frames = [i for i, item in enumerate(items) if is_frame(item)]
    for i in frames[1:]:
        if not items[i].columns.equals(items[frames[0]].columns):
            raise ValueError(
                f"{input_name}[{i}] has other columns than {input_name}[{frames[0]}], or the same "
                "columns in another order."
            )
    for i, item in enumerate(items):
        if (is_frame(item) or is_series(item)) and item.index.nlevels == 1:
            check_sorted(item.index, f"{input_name}[{i}]")


def check_lengths(lengths, input_name):
    empty = np.flatnonzero(lengths == 0)
    if len(empty) > 0:
        raise _empty_sequence(int(empty[0]), input_name)


def _check_same_ndim(arrays, input_name):
    ndim = arrays[0].ndim
    for i, array in enumerate(arrays):
        if array.ndim > 2:
            raise ValueError(
                f"{input_name}[{i}] has {array.ndim} dimensions (shape={array.shape}); expected a "
                "sequence of shape (n_steps, n_features) or (n_steps,)."
            )
        if array.ndim != ndim:
            raise ValueError(
                f"{input_name}[0] has {ndim} dimension(s), {input_name}[{i}] has {array.ndim}; "
                "expected the same number in every sequence."
            )


def _check_same_width(widths, lengths, input_name):
    n = len(lengths)
    if widths.count(widths[0]) != n:
        hint = ""
        if (lengths == lengths[0]).all():
            hint = (
                f" If the last axis is time, use skrnn.sequences.from_channels_first({input_name})."
            )
        i = next(i for i, width in enumerate(widths) if width != widths[0])
        raise ValueError(
            f"{input_name}[0] has {widths[0]} feature(s), {input_name}[{i}] has {widths[i]}; "
            f"expected the same number in every sequence.{hint}"
        )
    if widths[0] == 0:
        raise too_few("feature", (n, None, 0), input_name)


def _concatenate(arrays, input_name, dtype):
    dtypes = {array.dtype for array in arrays}
    kinds = {dtype.kind for dtype in dtypes}
    other_kinds = kinds.difference(NUMERIC_KINDS + "O")
    if other_kinds:
        i = next(i for i, array in enumerate(arrays) if array.dtype.kind in other_kinds)
        check_kind(arrays[i].dtype, f"{input_name}[{i}]")
    if "O" in kinds or (dtype is None and {"b", "i"} <= kinds):
        return np.concatenate(arrays, dtype=object)  # True must not be read as the token id 1
    if kinds == {"i", "u"}:  # NumPy would concatenate int64 and uint64 to floats
        dtype = np.int64 if dtype is None else dtype
    with np.errstate(over="ignore"):
        return np.concatenate(arrays, dtype=dtype, casting="unsafe")


def check_kind(dtype, name):
    """Raise an error if values of this dtype are not numbers.

    Raises
    ------
    ValueError
        If the dtype is complex, a string, a time or a record.
    """
    if dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} holds {dtype}.")
    if dtype.kind in "UST":
        raise ValueError(f"{name} {HOLDS_STRINGS}")
    if dtype.kind not in NUMERIC_KINDS + "O":
        raise ValueError(f"{name} holds {dtype} values; expected numbers.")


def _lay_out_sparse(items, input_name, dtype):
    for i, item in enumerate(items):
        if item.ndim != 2:
            raise ValueError(
                f"{input_name}[{i}] is a sparse array of shape {item.shape}; expected a sequence "
                "of shape (n_steps, n_features)."
            )
        check_kind(item.dtype, f"{input_name}[{i}]")
    lengths = np.array([item.shape[0] for item in items])
    check_lengths(lengths, input_name)
    _check_same_width([item.shape[1] for item in items], lengths, input_name)
    values = sparse.vstack(items, format="csr", dtype=dtype).toarray()
    return Layout(values, offsets_of(lengths), lengths)


def _empty_sequence(i, input_name):
    return ValueError(f"{input_name}[{i}] is an empty sequence; expected at least 1 step.")


def too_few(what, shape, input_name):
    """Return the error for a batch without sequences or features, worded as scikit-learn's."""
    return ValueError(
        f"Found array with 0 {what}(s) (shape={shape}) while a minimum of 1 is required. "
        f"{input_name} must hold at least one {what}."
    )
