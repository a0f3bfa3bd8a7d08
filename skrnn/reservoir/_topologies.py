"""Recurrent weight matrices by topology: which units are connected, and with which weights.

Every topology is a function of the number of units, the number of connections of each unit and a
random generator; `draw_recurrent_weights` chooses one of them and scales its matrix.
"""

from numbers import Integral

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigs

from skrnn._check_arrays import check_numbers

# For matrices up to this size, all eigenvalues cost no more than the largest few by ARPACK.
_DENSE_SIZE = 100
_N_EIGENVALUES, _N_LANCZOS_VECTORS = 6, 60
# If ARPACK needs more restarts, many eigenvalues are equally large: then all are computed.
_MAX_RESTARTS = 60
# Matrices with smaller or with inversely larger weights are scaled before their eigenvalues.
_SMALL = 1e-100


def connections_per_unit(connectivity, units):
    """Return the number of connections of each unit, from a number or from a fraction of units.

    Examples
    --------
    >>> connections_per_unit(10, 500), connections_per_unit(0.1, 500), connections_per_unit(10, 4)
    (10, 50, 4)
    """
    if isinstance(connectivity, Integral):
        return int(min(connectivity, units))
    return max(1, round(connectivity * units))


def random_connections(units, n_connections, rng):
    """Return a matrix with `n_connections` weights in each row, uniform in [-1, 1].

    Unit i receives from the units i + d, with distances d that are drawn once for all units: the
    weights of one distance form a diagonal, and a product with diagonals reads memory in order.

    Examples
    --------
    >>> W = random_connections(50, 3, np.random.default_rng(0))
    >>> W.shape, set(np.diff(W.indptr).tolist())
    ((50, 50), {3})
    """
    distances = rng.choice(units, n_connections, replace=False)
    rows = np.repeat(np.arange(units), n_connections)
    columns = (np.arange(units)[:, None] + distances).ravel() % units
    weights = rng.uniform(-1, 1, units * n_connections)
    return sparse.csr_array((weights, (rows, columns)), shape=(units, units))


def cycle(units, n_connections, rng):
    """Return a ring: each unit receives from the one before it (SCR in Rodan & Tiňo 2011)."""
    sources = (np.arange(units) - 1) % units
    return sparse.csr_array((np.ones(units), (np.arange(units), sources)), shape=(units, units))


def delay_line(units, n_connections, rng):
    """Return a ring without one of its connections (DLR in Rodan & Tiňo 2011)."""
    later = np.arange(1, units)
    return sparse.csr_array((np.ones(units - 1), (later, later - 1)), shape=(units, units))


def orthogonal(units, n_connections, rng):
    """Return a random orthogonal matrix, uniform among all of them (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.normal(size=(units, units)))
    return q * np.sign(np.diag(r))


TOPOLOGIES = {
    "random": random_connections,
    "cycle": cycle,
    "delay_line": delay_line,
    "orthogonal": orthogonal,
}
# Their spectral radius is one before scaling. A delay line has no cycle and hence the radius 0:
# `spectral_radius` then sets the weight of its connections.
_UNIT_RADIUS = {"cycle", "delay_line", "orthogonal"}


def draw_recurrent_weights(topology, units, connectivity, radius, rng):
    """Draw a recurrent matrix and scale it to a spectral radius.

    Parameters
    ----------
    topology : str, matrix of shape (units, units) or callable
    units : int
    connectivity : int or float
    radius : float or None
        If None, the matrix is not scaled.
    rng : Generator

    Returns
    -------
    matrix : csr_array or ndarray of shape (units, units), float64

    Raises
    ------
    ValueError
        If a custom matrix has another shape, or the spectral radius 0.
    """
    if isinstance(topology, str):
        matrix = TOPOLOGIES[topology](units, connections_per_unit(connectivity, units), rng)
    else:
        matrix = _check_matrix(topology(units, rng) if callable(topology) else topology, units)
    if radius is None:
        return matrix
    if isinstance(topology, str) and topology in _UNIT_RADIUS:
        return matrix * radius
    matrix = _without_extremes(matrix)
    largest = spectral_radius_of(matrix)
    if largest <= 1e-12 * abs(matrix).max():
        raise ValueError(
            "topology is a matrix of spectral radius 0, which cannot be scaled to "
            f"spectral_radius={radius}. Set spectral_radius=None to use the matrix unchanged."
        )
    return matrix * (radius / largest)


def _without_extremes(matrix):
    """Return a matrix whose products neither overflow nor vanish, scaled only if necessary."""
    largest = abs(matrix).max()
    if largest == 0 or _SMALL <= largest <= 1 / _SMALL:
        return matrix
    return matrix / largest


def _check_matrix(matrix, units):
    """Return a custom matrix in float64; a sparse one as CSR."""
    matrix = check_numbers(matrix, "topology", accept_sparse="csr", dtype=np.float64, copy=True)
    if matrix.shape != (units, units):
        raise ValueError(
            f"topology must be a square matrix with a row and a column for each of {units} units, "
            f"got the shape {matrix.shape}."
        )
    return sparse.csr_array(matrix) if sparse.issparse(matrix) else matrix


def spectral_radius_of(matrix):
    """Return the largest absolute value of a square matrix's eigenvalues.

    The largest few eigenvalues are computed by ARPACK, from a fixed starting vector. For small
    matrices, and for those on which ARPACK fails, all eigenvalues are computed.

    Parameters
    ----------
    matrix : ndarray or sparse array of shape (n, n)

    Returns
    -------
    float

    Examples
    --------
    >>> spectral_radius_of(np.array([[0.0, 2.0], [-2.0, 0.0]]))
    2.0
    """
    n = matrix.shape[0]
    if _has_no_cycle(matrix):
        return float(abs(matrix.diagonal()).max())
    if n > _DENSE_SIZE:
        start = np.random.default_rng(0).normal(size=n)
        try:
            values = eigs(
                matrix,
                k=_N_EIGENVALUES,
                ncv=_N_LANCZOS_VECTORS,
                v0=start,
                tol=1e-10,
                maxiter=_MAX_RESTARTS,
                return_eigenvectors=False,
            )
            return float(abs(values).max())
        except ArpackError:
            pass
    dense = matrix.toarray() if sparse.issparse(matrix) else matrix
    return float(abs(np.linalg.eigvals(dense)).max())


def _has_no_cycle(matrix):
    """Return whether no unit reaches itself through others; ARPACK fails on such matrices."""
    entries = sparse.coo_array(matrix)
    others = (entries.row != entries.col) & (entries.data != 0)
    pairs = (entries.data[others], (entries.row[others], entries.col[others]))
    graph = sparse.csr_array(pairs, shape=matrix.shape)
    n, _ = connected_components(graph, directed=True, connection="strong")
    return n == matrix.shape[0]
