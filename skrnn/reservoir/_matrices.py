"""Recurrent matrices: who hears whom, and how strongly, before any input comes.

Every topology is a function of the number of units, of the links a unit has and of a generator;
`draw_recurrent` chooses one and scales it.
"""

from numbers import Integral

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackError, eigs
from sklearn.utils import check_array

__all__ = ["TOPOLOGIES", "draw_recurrent", "links_per_unit", "spectral_radius_of"]

# Below this size all eigenvalues cost no more than ARPACK's largest few.
_SMALL = 100
_WANTED, _BASIS = 6, 60
# More restarts than this mean that many eigenvalues are as large: then all are computed.
_RESTARTS = 60


def links_per_unit(connectivity, units):
    """Return how many links a unit has, from a number of links or a density.

    Examples
    --------
    >>> links_per_unit(10, 500), links_per_unit(0.1, 500), links_per_unit(10, 4)
    (10, 50, 4)
    """
    if isinstance(connectivity, Integral):
        return int(min(connectivity, units))
    return max(1, round(connectivity * units))


def random_links(units, n_links, rng):
    """Return a matrix in which every unit hears `n_links` others, with weights in [-1, 1].

    Unit i hears the units i + d, for distances d that are drawn once for all units: the weights
    of one distance are a diagonal, and a product with diagonals runs along memory.

    Examples
    --------
    >>> W = random_links(50, 3, np.random.default_rng(0))
    >>> W.shape, set(np.diff(W.indptr).tolist())
    ((50, 50), {3})
    """
    distances = rng.choice(units, n_links, replace=False)
    rows = np.repeat(np.arange(units), n_links)
    columns = (np.arange(units)[:, None] + distances).ravel() % units
    weights = rng.uniform(-1, 1, units * n_links)
    return sparse.csr_array((weights, (rows, columns)), shape=(units, units))


def cycle(units, n_links, rng):
    """Return the ring in which every unit hears the one before it (Rodan & Tino 2011, SCR)."""
    heard = (np.arange(units) - 1) % units
    return sparse.csr_array((np.ones(units), (np.arange(units), heard)), shape=(units, units))


def delay_line(units, n_links, rng):
    """Return the ring cut open (Rodan & Tino 2011, DLR)."""
    later = np.arange(1, units)
    return sparse.csr_array((np.ones(units - 1), (later, later - 1)), shape=(units, units))


def orthogonal(units, n_links, rng):
    """Return an orthogonal matrix, uniform among all of them (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.normal(size=(units, units)))
    return q * np.sign(np.diag(r))


TOPOLOGIES = {
    "random": random_links,
    "cycle": cycle,
    "delay_line": delay_line,
    "orthogonal": orthogonal,
}
# Those whose radius is one as they are built. A delay line has no cycle, so no radius: what is set
# is the weight of its links.
_OF_RADIUS_ONE = {"cycle", "delay_line", "orthogonal"}


def draw_recurrent(topology, units, connectivity, radius, rng):
    """Draw a recurrent matrix and scale it to a spectral radius.

    Parameters
    ----------
    topology : str, matrix of shape (units, units) or callable
    units : int
    connectivity : int or float
    radius : float or None
        None: the matrix stays as it is.
    rng : Generator

    Returns
    -------
    matrix : csr_array or ndarray of shape (units, units), float64

    Raises
    ------
    ValueError
        If a given matrix has another shape, or no scale.
    """
    if isinstance(topology, str):
        matrix = TOPOLOGIES[topology](units, links_per_unit(connectivity, units), rng)
    else:
        matrix = _checked(topology(units, rng) if callable(topology) else topology, units)
    if radius is None:
        return matrix
    if isinstance(topology, str) and topology in _OF_RADIUS_ONE:
        return matrix * radius
    largest = spectral_radius_of(matrix)
    if largest <= 1e-12 * abs(matrix).max():
        raise ValueError(
            "topology is a matrix of spectral radius 0, which cannot be scaled to "
            f"spectral_radius={radius}; give spectral_radius=None to take it as it is."
        )
    return matrix * (radius / largest)


def _checked(matrix, units):
    """Return a matrix of the user's in float64, sparse as CSR."""
    matrix = check_array(
        matrix, accept_sparse="csr", dtype=np.float64, input_name="topology", copy=True
    )
    if matrix.shape != (units, units):
        raise ValueError(
            f"topology must be a square matrix with a row and a column for each of {units} units, "
            f"got the shape {matrix.shape}."
        )
    return sparse.csr_array(matrix) if sparse.issparse(matrix) else matrix


def spectral_radius_of(matrix):
    """Return the largest absolute value of a square matrix's eigenvalues.

    The largest few come from ARPACK, with a start that is always the same; small matrices, and
    those on which ARPACK fails, have all theirs computed.

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
    if n > _SMALL:
        start = np.random.default_rng(0).normal(size=n)
        try:
            values = eigs(
                matrix,
                k=_WANTED,
                ncv=_BASIS,
                v0=start,
                tol=1e-10,
                maxiter=_RESTARTS,
                return_eigenvectors=False,
            )
            return float(abs(values).max())
        except ArpackError:
            pass
    dense = matrix.toarray() if sparse.issparse(matrix) else matrix
    return float(abs(np.linalg.eigvals(dense)).max())


def _has_no_cycle(matrix):
    """Whether no unit hears itself through others: ARPACK fails on what has no cycle."""
    links = sparse.coo_array(matrix)
    others = (links.row != links.col) & (links.data != 0)
    pairs = (links.data[others], (links.row[others], links.col[others]))
    links = sparse.csr_array(pairs, shape=matrix.shape)
    n, _ = connected_components(links, directed=True, connection="strong")
    return n == matrix.shape[0]
