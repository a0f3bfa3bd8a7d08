"""The product W x of one time step, added to an array by the kernel that suits the matrix.

One time step is little work: 10,000 multiplications for a thousand units with ten connections each.
So the kernel is chosen once, from the structure of the matrix, and the time loop only calls it.
"""

import numpy as np
from scipy import sparse

from skrnn._scipy import csr_matvec, csr_matvecs, dia_matvec

# Above this fraction of nonzero entries, a dense product is faster on a block of sequences.
_DENSE_FRACTION = 0.1
# Diagonals are used if they have at most this many times as many entries as there are connections.
_MAX_FILL = 4


def recurrent_adder(matrix, dtype, n_columns):
    """Return the function ``add(x, out)`` that adds W x to `out`.

    Parameters
    ----------
    matrix : ndarray or sparse array of shape (units, units)
        W.
    dtype : dtype
    n_columns : int
        The number of states that are multiplied at once.

    Returns
    -------
    callable
        Takes two contiguous arrays of shape (units * n_columns,), ordered by unit first.

    Examples
    --------
    >>> add = recurrent_adder(np.array([[0.0, 2.0], [1.0, 0.0]]), np.float64, 1)
    >>> out = np.ones(2)
    >>> add(np.array([3.0, 4.0]), out)
    >>> out
    array([9., 4.])
    """
    n = matrix.shape[0]
    if not sparse.issparse(matrix) or matrix.nnz > _DENSE_FRACTION * n * n:
        return _dense_adder(matrix, dtype, n_columns)
    matrix = matrix.astype(dtype)
    if n_columns == 1 and _n_diagonals(matrix) * n <= _MAX_FILL * matrix.nnz:
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
        product = np.empty(len(dense), dtype)

        def add(x, out):
            np.add(out, np.dot(dense, x, out=product), out=out)

        return add
    products = np.empty((len(dense), n_columns), dtype)

    def add_block(x, out):
        np.dot(dense, x.reshape(products.shape), out=products)
        np.add(out, products.reshape(-1), out=out)

    return add_block


def _n_diagonals(matrix):
    entries = matrix.tocoo()
    return len(np.unique(entries.col - entries.row))
