"""The statistics from which a ridge regression is solved. Rows are added to them and not kept.

Both kinds are exact for rows in any blocks and any order. Up to rounding, a fit in parts, on
several machines or at once therefore gives the same readout. `Moments` holds products of centred
features and costs half a matrix product. `TriangularFactor` holds the R of a QR factorisation. It
costs more, but it does not square the condition number, and it stays small if there are fewer rows
than features.
"""

from copy import deepcopy

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

from skrnn._persistence import stored_as_dict

# The block size of LAPACK's tpqrt.
_BLOCK_SIZE = 32


def merged_statistics(one, other):
    """Return the statistics of the rows of both; neither of them is changed."""
    both = (one, other)
    if type(one) is not type(other):
        both = (one.as_moments(), other.as_moments())
    total = both[0].copy()
    total.merge(both[1])
    return total


def _count(rows, weights):
    """Return the number of rows with a weight above zero."""
    return len(rows) if weights is None else int(np.count_nonzero(weights))


def _finite_or_zero(means):
    """Return means, and zeros for those that are not finite."""
    return np.where(np.isfinite(means), means, 0.0)


@stored_as_dict
class Moments:
    r"""Weight, means and centred products of features and targets, in float64.

    Parameters
    ----------
    n_features, n_targets : int

    Notes
    -----
    With weights w_i, features x_i and targets y_i, the centred products are

    .. math:: S_{xx} = \sum_i w_i (x_i - \bar x)(x_i - \bar x)^T, \qquad
              S_{xy} = \sum_i w_i (x_i - \bar x)(y_i - \bar y)^T.

    The sums are kept about an origin, the means of the first rows. It is close enough to the means
    of all rows that no precision is lost when the products are centred at the end.
    """

    weight: float
    n_rows: float
    _origin: tuple | None
    _sums: tuple
    _xx: np.ndarray
    _xy: np.ndarray
    _yy: np.ndarray

    def __init__(self, n_features, n_targets):
        self.weight = 0.0
        self.n_rows = 0
        self._origin = None
        self._sums = np.zeros(n_features), np.zeros(n_targets)
        self._xx = np.zeros((n_features, n_features))
        self._xy = np.zeros((n_features, n_targets))
        self._yy = np.zeros(n_targets)

    @property
    def x_mean(self):
        """The weighted means of the features."""
        return self._origin[0] + self._sums[0] / self.weight

    @property
    def y_mean(self):
        """The weighted means of the targets."""
        return self._origin[1] + self._sums[1] / self.weight

    @property
    def xx(self):
        """The centred products of features, (n_features, n_features)."""
        return self._xx - np.outer(self._sums[0] / self.weight, self._sums[0])

    @property
    def xy(self):
        """The centred products of features and targets, (n_features, n_targets)."""
        return self._xy - np.outer(self._sums[0] / self.weight, self._sums[1])

    @property
    def yy(self):
        """The centred squares of each target, (n_targets,)."""
        return self._yy - self._sums[1] ** 2 / self.weight

    @property
    def x_variance(self):
        """The sum of the weighted variances of all features."""
        squares = np.diag(self._xx) - self._sums[0] ** 2 / self.weight
        return max(float(squares.sum()), 0.0) / self.weight

    @property
    def is_finite(self):
        """Return whether all sums are finite."""
        return bool(np.isfinite(self._xx).all() and np.isfinite(self._xy).all())

    def add(self, x, y, weights=None):
        """Add rows.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_features)
            float64. Its values are overwritten.
        y : ndarray of shape (n_rows, n_targets)
        weights : ndarray of shape (n_rows,) or None
        """
        if self._origin is None:
            self._origin = _finite_or_zero(x.mean(axis=0)), y.mean(axis=0)
        x -= self._origin[0]
        y = y - self._origin[1]
        if weights is not None:
            roots = np.sqrt(weights)
            x *= roots[:, None]
            y *= roots[:, None]
        ones = np.ones(len(x)) if weights is None else roots
        self.weight += float(len(x) if weights is None else weights.sum())
        self.n_rows += _count(x, weights)
        self._add_products(x, y, ones)

    def merge(self, other):
        """Add the rows of other statistics of the same kind."""
        if self._origin is None:
            self._origin = other._origin
        if other._origin is None:
            return
        dx, dy = (a - b for a, b in zip(other._origin, self._origin, strict=True))
        sx, sy = other._sums
        self._xx += other._xx + np.outer(dx, sx) + np.outer(sx, dx)
        self._xx += other.weight * np.outer(dx, dx)
        self._xy += other._xy + np.outer(dx, sy) + np.outer(sx, dy)
        self._xy += other.weight * np.outer(dx, dy)
        self._yy += other._yy + 2 * dy * sy + other.weight * dy**2
        self._sums = (
            self._sums[0] + sx + other.weight * dx,
            self._sums[1] + sy + other.weight * dy,
        )
        self.weight += other.weight
        self.n_rows += other.n_rows

    def forget(self, factor):
        """Multiply the weights of all rows so far by a factor."""
        self.weight *= factor
        self.n_rows *= factor
        self._sums = self._sums[0] * factor, self._sums[1] * factor
        self._xx *= factor
        self._xy *= factor
        self._yy *= factor

    def copy(self):
        """Return an independent copy."""
        return deepcopy(self)

    def as_moments(self):
        """Return these statistics."""
        return self

    def as_factor(self):
        """Return a triangular factor with the same products of features with features and targets.

        The part of the targets that no feature explains is left out.
        """
        squares, axes = linalg.eigh(self.xx)
        kept = squares > np.finfo(np.float64).eps * squares[-1]
        roots = np.sqrt(squares[kept])[:, None]
        rows = np.hstack([roots * axes.T[kept], axes.T[kept] @ self.xy / roots])
        means = np.sqrt(self.weight) * np.concatenate([[1.0], self.x_mean, self.y_mean])
        factor = TriangularFactor(*self._xy.shape)
        factor._stack(np.vstack([means, np.insert(rows, 0, 0.0, axis=1)]))
        factor.n_rows = self.n_rows
        return factor

    def _add_products(self, x, y, ones):
        # NumPy computes only one half of the product of a matrix with its own transpose. (SciPy has
        # another BLAS, whose threads would compete with NumPy's for the cores.)
        with np.errstate(over="ignore", invalid="ignore"):  # see is_finite
            self._xx += x.T @ x
            products = x.T @ np.column_stack([y, ones])
        self._xy += products[:, :-1]
        self._yy += np.einsum("ij,ij->j", y, y)
        self._sums = self._sums[0] + products[:, -1], self._sums[1] + ones @ y


@stored_as_dict
class TriangularFactor:
    r"""The R of a QR factorisation of rows [1, features, targets], in float64.

    Parameters
    ----------
    n_features, n_targets : int

    Notes
    -----
    Rows A are added by factoring them together with the factor R of all earlier rows,

    .. math:: \begin{bmatrix} R \\ A \end{bmatrix} = Q R_{new}

    (Demmel, Grigori, Hoemmen & Langou, "Communication-optimal parallel and sequential QR and LU
    factorizations", SIAM Journal on Scientific Computing 34, 2012). The column of ones comes first,
    so the part of R to its right and below its first row belongs to centred features and targets.
    """

    n_rows: float
    _n_features: int
    _r: np.ndarray

    def __init__(self, n_features, n_targets):
        self.n_rows = 0
        self._n_features = n_features
        self._r = np.zeros((0, 1 + n_features + n_targets))

    @property
    def weight(self):
        """The sum of all rows' weights."""
        return float(self._r[0, 0] ** 2) if len(self._r) else 0.0

    @property
    def x_mean(self):
        """The weighted means of the features."""
        return self._r[0, 1 : 1 + self._n_features] / self._r[0, 0]

    @property
    def y_mean(self):
        """The weighted means of the targets."""
        return self._r[0, 1 + self._n_features :] / self._r[0, 0]

    @property
    def centred(self):
        """A few rows of centred features and targets, with the same products as all rows."""
        below = self._r[1:, 1:]
        return below[:, : self._n_features], below[:, self._n_features :]

    @property
    def x_variance(self):
        """The sum of the weighted variances of all features."""
        return float((self.centred[0] ** 2).sum()) / self.weight

    @property
    def is_finite(self):
        """Return whether all sums are finite."""
        return bool(np.isfinite(self._r).all())

    def add(self, x, y, weights=None):
        """Add rows, as `Moments.add` does."""
        rows = np.hstack([np.ones((len(x), 1)), x, y])
        if weights is not None:
            rows *= np.sqrt(weights)[:, None]
        self._stack(rows)
        self.n_rows += _count(x, weights)

    def add_penalty(self, alpha):
        """Add rows that act as a ridge penalty of the features and have no weight."""
        rows = np.zeros((self._n_features, self._r.shape[1]))
        rows[:, 1 : 1 + self._n_features] = np.sqrt(alpha) * np.eye(self._n_features)
        self._stack(rows)

    def merge(self, other):
        """Add the rows of other statistics of the same kind."""
        self._stack(other._r)
        self.n_rows += other.n_rows

    def forget(self, factor):
        """Multiply the weights of all rows so far by a factor."""
        self._r *= np.sqrt(factor)
        self.n_rows *= factor

    def copy(self):
        """Return an independent copy."""
        return deepcopy(self)

    def as_moments(self):
        """Return the same statistics as `Moments`."""
        x, y = self.centred
        moments = Moments(x.shape[1], y.shape[1])
        moments._origin, moments.weight = (self.x_mean, self.y_mean), self.weight
        moments.n_rows = self.n_rows
        moments._add_products(x, y, np.zeros(len(x)))
        return moments

    def as_factor(self):
        """Return an independent copy."""
        return self.copy()

    def _stack(self, rows):
        size = self._r.shape[1]
        if len(self._r) < size:
            self._r = np.linalg.qr(np.vstack([self._r, rows]), mode="r")
            return
        # Once the factor is square, the cost of adding rows does not depend on earlier rows.
        factor, _, _, _ = lapack.dtpqrt(0, min(_BLOCK_SIZE, size), self._r, rows)
        self._r = np.triu(factor)
