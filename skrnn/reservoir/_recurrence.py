"""One step's product: W x, added to what is there, by the kernel that suits the matrix.

A step is short: for a thousand units with ten links each it is 10,000 multiplications. So the
kernel is chosen once, by what the matrix looks like, and the loop over time only calls it.
"""

import numpy as np
from scipy import sparse

from skrnn._scipy import csr_matvec, csr_matvecs, dia_matvec

__all__ = ["adder"]

# Above this share of links a dense product is faster than a sparse one on a block of sequences.
_DENSE = 0.1
# Diagonals may hold this many times as many places as there are links.
_ROOM = 4


def adder(matrix, dtype, n_columns):
    """Return the function ``add(x, out)`` that adds W x to `out`.

    Parameters
    ----------
    matrix : ndarray or sparse array of shape (units, units)
    dtype : dtype
    n_columns : int
        States side by side.

    Returns
    -------
    callable
        Of two contiguous arrays of shape (units * n_columns,), unit by unit.

    Examples
    --------
    >>> add = adder(np.array([[0.0, 2.0], [1.0, 0.0]]), np.float64, 1)
    >>> out = np.ones(2)
    >>> add(np.array([3.0, 4.0]), out)
    >>> out
    array([9., 4.])
    """
    n = matrix.shape[0]
    if not sparse.issparse(matrix) or matrix.nnz > _DENSE * n * n:
        return _dense_adder(matrix, dtype, n_columns)
    matrix = matrix.astype(dtype)
    if n_columns == 1 and _n_diagonals(matrix) * n <= _ROOM * matrix.nnz:
        diagonals = matrix.todia()
        offsets, data = diagonals.offsets, np.ascontiguousarray(diagonals.data)
        count, width = data.shape
        return lambda x, out: dia_matvec(n, n, count, width, offsets, data, x, out)
    matrix = matrix.tocsr()
    pointers, columns, data = matrix.indptr, matrix.indices, matrix.data
    if n_columns == 1:
        return lambda x, out: csr_matvec(n, n, pointers, columns, data, x, out)
    return lambda x, out: csr_matvecs(n, n, n_columns, pointers, columns, data, x, out)


def _dense_adder(matrix, dtype, n_columns):
    dense = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
    dense = np.ascontiguousarray(dense, dtype=dtype)
    if n_columns == 1:
        scratch = np.empty(len(dense), dtype)

        def add(x, out):
            np.add(out, np.dot(dense, x, out=scratch), out=out)

        return add
    scratch = np.empty((len(dense), n_columns), dtype)

    def add_block(x, out):
        np.dot(dense, x.reshape(scratch.shape), out=scratch)
        np.add(out, scratch.reshape(-1), out=out)

    return add_block


def _n_diagonals(matrix):
    links = matrix.tocoo()
    return len(np.unique(links.col - links.row))
