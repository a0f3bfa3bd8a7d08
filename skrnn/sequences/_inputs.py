"""Read X for an estimator: numeric time steps, one-hot time steps, or token ids without padding.

`read_inputs` also compares features, columns and names with those that the estimator has seen.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from sklearn.utils.validation import validate_data

from skrnn._persistence import stored_as_dict
from skrnn.sequences._check import as_sequences, warn_if_channels_first
from skrnn.sequences._columns import unpack_columns
from skrnn.sequences._containers import feature_table, is_nested_table
from skrnn.sequences._other_libraries import as_plain
from skrnn.sequences._read_categories import read_categories
from skrnn.sequences._sequences import Sequences, offsets_of
from skrnn.sequences._static_columns import split_static
from skrnn.sequences._static_inputs import refuse_static
from skrnn.sequences._tokens import PADDING


@dataclass(frozen=True)
class Inputs:
    """Sequences as an estimator uses them, and the padding that was removed from X.

    Parameters
    ----------
    sequences : Sequences
    given_lengths : ndarray of shape (n_sequences,)
        The lengths in X, including padding.
    offsets : ndarray of shape (n_sequences,)
        The number of padding steps before each sequence.
    """

    sequences: Sequences
    given_lengths: np.ndarray
    offsets: np.ndarray

    def __len__(self):
        return len(self.sequences)

    @property
    def lengths(self):
        """The number of real time steps of each sequence."""
        return self.sequences.lengths

    @property
    def padded(self):
        """Return whether padding was removed from any sequence."""
        return bool((self.given_lengths != self.lengths).any())


def as_known_container(X):
    """Return X, converted to an array if this is the only operation that it supports."""
    X = as_plain(X)
    known = isinstance(X, (np.ndarray, Sequences, list, tuple)) or hasattr(X, "iloc")
    return np.asarray(X) if hasattr(X, "__array__") and not known else X


def read_steps(X, dtype, input_name="X", *, allow_nan=False):
    """Return numeric time steps as `Inputs`."""
    dtype = list(dtype) if isinstance(dtype, tuple) else np.dtype(dtype)
    sequences = as_sequences(X, dtype=dtype, allow_nan=allow_nan, input_name=input_name)
    return Inputs(sequences, sequences.lengths, np.broadcast_to(0, len(sequences)))


def read_one_hot(X):
    """Return sparse one-hot time steps as codes: the column of the 1, or -1 for a row of zeros.

    Parameters
    ----------
    X : object

    Returns
    -------
    inputs : Inputs
    n_features : int
        Both are None if `X` is not a collection of sparse matrices with one-hot rows.
    """
    if getattr(X, "ndim", 0) == 1 and X.dtype.kind == "O":  # an array or a Series
        X = X.tolist()
    if not isinstance(X, list | tuple) or not X or not all(map(sparse.issparse, X)):
        return None, None
    lengths = np.array([item.shape[0] for item in X])
    widths = {item.shape[1] if item.ndim == 2 else 0 for item in X}
    if len(widths) > 1 or 0 in widths or not lengths.all():
        return None, None
    rows = [_as_plain_csr(item) for item in X]
    per_row = _entries_per_row(rows)
    if per_row.max() > 1 or not (np.concatenate([item.data for item in rows]) == 1).all():
        return None, None
    codes = np.concatenate([item.indices for item in rows], dtype=np.int32)
    if len(codes) < len(per_row):
        ones, codes = codes, np.full(len(per_row), -1, dtype=np.int32)
        codes[per_row == 1] = ones
    sequences = Sequences(codes, offsets_of(lengths), lengths)
    return Inputs(sequences, lengths, np.zeros_like(lengths)), widths.pop()


def _as_plain_csr(item):
    """Return a CSR matrix whose arrays have no unused entries at their ends."""
    if item.format == "csr" and len(item.indices) == len(item.data) == item.nnz:
        return item
    item = item.tocsr(copy=True)
    item.prune()
    return item


def _entries_per_row(matrices):
    """Return the number of entries in each row of CSR matrices, one matrix after another.

    Concatenating the arrays of many matrices is faster than stacking the matrices.
    """
    pointers = np.concatenate([item.indptr for item in matrices])
    ends = np.cumsum([item.shape[0] + 1 for item in matrices]) - 1
    return np.delete(np.diff(pointers), ends[:-1])


def with_dense_steps(sequences, n_features, dtype):
    """Return codes of one-hot time steps as vectors; other sequences are returned unchanged."""
    codes = sequences.values
    if codes.ndim == 2:
        return sequences
    return sequences.with_values((codes[:, None] == np.arange(n_features)).astype(dtype))


def read_tokens(X, input_name="X"):
    """Return token ids without padding at either end, but keep one step of padding alone."""
    sequences = as_sequences(X, dtype=None, tokens=True, input_name=input_name)
    values, starts, lengths = sequences.values, sequences.starts, sequences.lengths
    at_ends = (values[starts] == PADDING) | (values[starts + lengths - 1] == PADDING)
    if not at_ends.any():
        return Inputs(sequences, lengths, np.zeros_like(lengths))
    real = sequences.concatenate() != PADDING
    position = np.arange(len(real))
    begin = offsets_of(lengths)
    first = np.minimum.reduceat(np.where(real, position, len(real)), begin)
    last = np.maximum.reduceat(np.where(real, position, -1), begin)
    all_padding = last < 0
    offsets = np.where(all_padding, 0, first - begin)
    kept = np.where(all_padding, 1, last - first + 1)
    static = sequences.static, sequences.static_names
    return Inputs(Sequences(values, starts + offsets, kept, None, *static), lengths, offsets)


@stored_as_dict
@dataclass(frozen=True)
class StepFormat:
    """The format of the time steps of an estimator's inputs.

    Parameters
    ----------
    tokens : bool
        Whether the time steps are token ids.
    codes : bool
        Whether one-hot rows are read as codes.
    dtype : str or tuple of str
        The dtype of numeric time steps. If a tuple, those of one of these dtypes keep it, and all
        others are converted to the first one.
    n_features : int or None
        The number of features of a time step, or None before any data are read.
    in_table : bool
        Whether the time steps were the columns of a table with one sequence per row.
    allow_nan : bool
        Whether numeric time steps may contain NaN.
    categorical : tuple of int, "auto", or array-like of bool, int or str
        The indices of the categorical features. Before any data are read, they may also be given
        in the other forms of `read_categories`.
    """

    tokens: bool
    codes: bool
    dtype: str | tuple
    n_features: int | None = None
    in_table: bool = False
    allow_nan: bool = False
    categorical: object = ()

    @property
    def numeric(self):
        """The indices of the features that are numbers, as a slice if all of them are."""
        if not self.categorical:
            return slice(None)
        return [j for j in range(self.n_features) if j not in self.categorical]

    def read(self, X, input_name):
        """Return X as `Inputs`, and the number of features of a time step."""
        if self.tokens:
            return read_tokens(X, input_name), 1
        if np.size(self.categorical):
            options = {"allow_nan": self.allow_nan, "input_name": input_name}
            steps = read_categories(X, self.categorical, dtype=self.dtype, **options)
            inputs = Inputs(steps, steps.lengths, np.broadcast_to(0, len(steps)))
            return inputs, steps.values.shape[1]
        inputs, n_features = read_one_hot(X) if self.codes else (None, None)
        if inputs is None:
            inputs = read_steps(X, self.dtype, input_name, allow_nan=self.allow_nan)
            n_features = inputs.sequences.values.shape[1]
        return inputs, n_features


def read_inputs(estimator, X, *, fresh=None, input_name="X", table=None):
    """Return X as `Inputs`.

    Parameters
    ----------
    estimator : estimator
        Its attribute `_step_format` is the format of its inputs.
    X : as in `fit`
    fresh : StepFormat or None
        The part of the format that is known before any data are read. The estimator then learns the
        rest from X, and stores it in attributes. If None, X must have the format that the estimator
        has learned.
    input_name : str, default="X"
    table : array or DataFrame, default=None
        The table whose columns are the features, if X itself does not have their names.

    Raises
    ------
    ValueError
        If X has a format that the estimator cannot read.
    """
    X, static = split_static(as_known_container(X), input_name)
    X = unpack_columns(X, input_name)
    reset = fresh is not None
    steps = fresh if reset else estimator._step_format
    if not reset and steps.categorical:
        _check_order(estimator, X, input_name)
    inputs, n_features = steps.read(X, input_name)
    table = feature_table(X) if table is None else table
    if reset:
        warn_if_channels_first(X, inputs.sequences, input_name)
        if not steps.tokens and is_nested_table(X):
            table = X
        categorical = tuple(getattr(inputs.sequences, "tables", ()))
        steps = replace(steps, n_features=n_features, in_table=table is X, categorical=categorical)
        estimator._step_format = steps
    # Columns are the steps of a table X, but the features of the tables in a list.
    if table is not None and (table is X) == steps.in_table:
        _check_columns(estimator, table, reset, input_name)
    elif reset:
        estimator.n_features_in_ = n_features
        vars(estimator).pop("feature_names_in_", None)
    if n_features != steps.n_features:
        raise ValueError(
            f"{input_name} has {n_features} features, but {type(estimator).__name__} is expecting "
            f"{steps.n_features} features as input."
        )
    if static[0] is not None:
        inputs = replace(inputs, sequences=inputs.sequences.with_static(*static))
    if not getattr(estimator, "_takes_static", False):
        refuse_static(type(estimator).__name__, inputs.sequences, input_name)
    return inputs


def _check_order(estimator, X, input_name):
    """Check the names of features before they are read, because the order decides on their kind."""
    table = feature_table(X) if len(X) else None
    if table is not None and (table is X) == estimator._step_format.in_table:
        _check_columns(estimator, table, False, input_name)


def _check_columns(estimator, table, reset, input_name):
    """Let scikit-learn check the number and the names of columns, or record them if `reset`."""
    try:
        validate_data(estimator, table, reset=reset, skip_check_array=True)
    except ValueError as error:
        message = str(error)
        raise ValueError(message.replace("X has", f"{input_name} has", 1)) from error
