"""Convert the column index of each step to one-hot matrices of SciPy or NumPy, and back."""

import copy
import numbers

import numpy as np
from scipy import sparse
from sklearn import get_config
from sklearn.utils import check_array

from skrnn._check_arrays import as_array
from skrnn.sequences._containers import object_array, split_steps


class SparseTable(list):
    """A list of sparse matrices of the same shape, which also behaves like a 3-D array.

    scikit-learn's tools read the shape of a transformed table, index it with arrays of integers and
    convert it with `numpy.asarray`. To everything else, including the estimators of skrnn, it is a
    list.

    Parameters
    ----------
    matrices : iterable of sparse matrices of shape (n_steps, n_columns)
        The matrices.

    matrix_shape : tuple of int
        The shape (n_steps, n_columns) of each matrix, which cannot be read from an empty list.

    Examples
    --------
    >>> table = SparseTable([sparse.csr_array([[0, 1], [1, 0]])] * 5, (2, 2))
    >>> table.shape, table[[0, 2, 4]].shape, type(table[1]).__name__
    ((5, 2, 2), (3, 2, 2), 'csr_array')
    """

    def __init__(self, matrices, matrix_shape):
        super().__init__(matrices)
        self.matrix_shape = matrix_shape

    @property
    def shape(self):
        """The shape (n_sequences, n_steps, n_columns)."""
        return (len(self), *self.matrix_shape)

    def __getitem__(self, key):
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        if isinstance(key, numbers.Integral):
            return super().__getitem__(key)
        if isinstance(key, slice):
            return SparseTable(super().__getitem__(key), self.matrix_shape)
        indices = np.arange(len(self))[key]
        return SparseTable(map(super().__getitem__, indices.tolist()), self.matrix_shape)

    def __array__(self, dtype=None, copy=None):
        """Return a new dense array, or an object array of the matrices if `dtype` is object."""
        if copy is False:
            raise ValueError("Sparse steps cannot be converted to an array without a copy.")
        # SciPy converts its argument to an object array before it stacks blocks.
        if dtype is not None and np.dtype(dtype).kind == "O":
            return object_array(self)
        dense = [matrix.toarray() for matrix in self]
        return np.stack(dense).astype(dtype or dense[0].dtype) if dense else np.empty(self.shape)


def _csr_class():
    """Return the sparse class of scikit-learn's encoders, which users can set from 1.9 on."""
    name = get_config().get("sparse_interface", "spmatrix")
    return sparse.csr_array if name == "sparray" else sparse.csr_matrix


def number_dtype(dtype):
    """Return the parameter `dtype` as a dtype.

    Raises
    ------
    ValueError
        If it is not a dtype of numbers that sparse matrices support.
    """
    try:
        known = np.dtype(dtype)
    except (TypeError, ValueError):
        known = None
    if known is None or known.kind not in "biuf" or known == np.float16:
        raise ValueError(
            f"The 'dtype' parameter must be a dtype of real numbers, not float16, got {dtype!r}."
        )
    return known


def sparse_sequences(columns, lengths, n_columns, dtype):
    """Return a CSR matrix of one-hot steps for each sequence.

    The matrices are views of common arrays, which do not overlap. Copying an existing empty matrix
    takes a tenth of the time of SciPy's constructor, which would check every matrix again.

    Parameters
    ----------
    columns : ndarray of int32 of shape (n_steps_total,)
        The index of the column that contains the 1 of each step, or -1 for a step of zeros.
    lengths : ndarray of int of shape (n_sequences,)
        The number of steps of each sequence.
    n_columns : int
        The number of columns.
    dtype : dtype
        The dtype of the matrices.

    Returns
    -------
    sequences : list of CSR matrices of shape (length, `n_columns`)

    Examples
    --------
    >>> sequences = sparse_sequences(np.array([1, -1, 0], dtype=np.int32), [2, 1], 2, np.float32)
    >>> [steps.toarray().tolist() for steps in sequences]
    [[[0.0, 1.0], [0.0, 0.0]], [[1.0, 0.0]]]
    """
    is_one = columns >= 0
    indices = columns if is_one.all() else columns[is_one]
    data = np.ones(len(indices), dtype=dtype)
    csr, empty = _csr_class(), {}
    sequences, first = [], 0
    for ones in split_steps(is_one, lengths):
        shape = (len(ones), n_columns)
        if shape not in empty:
            empty[shape] = csr(shape, dtype=dtype)
        matrix = copy.copy(empty[shape])
        matrix.indptr = np.zeros(len(ones) + 1, dtype=np.int32)
        np.cumsum(ones, out=matrix.indptr[1:])
        last = first + int(matrix.indptr[-1])
        matrix.indices, matrix.data = indices[first:last], data[first:last]
        sequences.append(matrix)
        first = last
    return sequences


def dense_sequences(columns, lengths, n_columns, dtype):
    """Return an array of one-hot steps for each sequence; parameters as in `sparse_sequences`."""
    steps = np.zeros((len(columns), n_columns), dtype=dtype)
    has_one = np.flatnonzero(columns >= 0)
    steps[has_one, columns[has_one]] = 1
    return split_steps(steps, lengths)


def count_matrix(columns, lengths, n_columns, dtype, *, binary):
    """Return a CSR matrix with one row per sequence: how often, or whether, each column occurs.

    Parameters
    ----------
    columns, lengths, n_columns, dtype
        As in `sparse_sequences`.
    binary : bool
        Whether to return ones instead of counts.

    Returns
    -------
    matrix : CSR matrix of shape (n_sequences, `n_columns`)

    Raises
    ------
    ValueError
        If a count exceeds the range of an integer `dtype`.

    Examples
    --------
    >>> columns = np.array([1, -1, 0, 0], dtype=np.int32)
    >>> count_matrix(columns, [2, 2], 2, np.dtype(int), binary=False).toarray()
    array([[0, 1],
           [2, 0]])
    """
    is_one = columns >= 0
    before = np.concatenate([[0], np.cumsum(is_one)])
    bounds = before[np.concatenate([[0], np.cumsum(lengths)])]
    ones = np.ones(bounds[-1], dtype=np.int64)
    matrix = _csr_class()((ones, columns[is_one], bounds), shape=(len(lengths), n_columns))
    matrix.sum_duplicates()
    if binary:
        matrix.data = np.ones(len(matrix.data), dtype=dtype)
        return matrix
    most = matrix.data.max(initial=0)
    if dtype.kind in "iu" and most > np.iinfo(dtype).max:
        raise ValueError(
            f"A category occurs {most} times in a sequence, which exceeds the range of {dtype}."
        )
    matrix.data = matrix.data.astype(dtype)
    return matrix


def stack_steps(X, n_columns, input_name="X"):
    """Stack the one-hot steps of all sequences into one matrix.

    Parameters
    ----------
    X : list, tuple or object array of sparse or dense matrices, or array (n, T, n_columns)

        The batch, in any container that the encoder returns.

    n_columns : int
        The expected number of columns.

    input_name : str, default="X"
        The name of the data in error messages.

    Returns
    -------
    matrix : CSR matrix or ndarray of shape (n_steps_total, n_columns)
        The steps.
    lengths : list of int
        The number of steps of each sequence.

    Raises
    ------
    TypeError, ValueError
        If `X` is not one of these containers, or if a matrix has a different number of columns.
    """
    is_collection = hasattr(X, "__len__") and getattr(X, "ndim", 1) > 0
    if sparse.issparse(X) or not is_collection or isinstance(X, str | dict | memoryview):
        raise TypeError(
            f"{input_name} must be a list of matrices of one-hot steps, one per sequence, "
            f"got {type(X).__name__}."
        )
    items = [
        item if sparse.issparse(item) else as_array(item, f"{input_name}[{i}]")
        for i, item in enumerate(X)
    ]
    if not items:
        raise ValueError(f"Found 0 sample(s) in {input_name} while a minimum of 1 is required.")
    for i, item in enumerate(items):
        if item.ndim != 2 or item.shape[1] != n_columns:
            raise ValueError(
                f"{input_name}[{i}] has the shape {item.shape}, expected (n_steps, {n_columns})."
            )
    lengths = [item.shape[0] for item in items]
    if all(map(sparse.issparse, items)):
        return sparse.vstack(items, format="csr"), lengths
    return np.concatenate([_as_dense(item) for item in items]), lengths


def _as_dense(item):
    return item.toarray() if sparse.issparse(item) else item


def columns_of(matrix):
    """Return the column of the largest value of each row, or -1 for a row of zeros.

    Parameters
    ----------
    matrix : sparse or dense matrix of shape (n_rows, n_columns)

    Returns
    -------
    columns : ndarray of int of shape (n_rows,)

    Examples
    --------
    >>> columns_of(np.array([[0, 1], [0, 0], [0.6, 0.4]]))
    array([ 1, -1,  0])
    """
    matrix = check_array(matrix, accept_sparse="csr")
    if not sparse.issparse(matrix):
        return np.where(matrix.any(axis=1), matrix.argmax(axis=1), -1)
    matrix = matrix.copy()
    matrix.eliminate_zeros()
    per_row = np.diff(matrix.indptr)
    if per_row.max() <= 1:
        columns = np.full(len(per_row), -1)
        columns[per_row == 1] = matrix.indices
        return columns
    return np.where(per_row > 0, np.asarray(matrix.argmax(axis=1)).ravel(), -1)


def columns_of_rows(X, n_columns, input_name="X"):
    """Return the columns of the nonzero values of each row.

    Parameters
    ----------
    X : sparse or dense matrix of shape (n_rows, `n_columns`)

    n_columns : int
        The expected number of columns.

    input_name : str, default="X"
        The name of the data in error messages.

    Returns
    -------
    columns : ndarray of int
        The columns of all rows, one row after another.
    per_row : ndarray of int of shape (n_rows,)
        The number of nonzero values of each row.

    Raises
    ------
    ValueError
        If the matrix has a different number of columns.

    Examples
    --------
    >>> columns_of_rows([[0, 2, 1], [0, 0, 0]], 3)
    (array([1, 2], dtype=int32), array([2, 0], dtype=int32))
    """
    matrix = sparse.csr_array(check_array(X, accept_sparse="csr", input_name=input_name))
    if matrix.shape[1] != n_columns:
        raise ValueError(
            f"{input_name} has the shape {matrix.shape}, expected (n_sequences, {n_columns})."
        )
    matrix = matrix.copy()
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix.indices, np.diff(matrix.indptr)
