"""Ridge regression from statistics: one penalty or many by one factorisation, and step by step.

The objective is that of scikit-learn's `Ridge`: the sum of squared errors plus `alpha` times the
sum of squared coefficients, the intercept free.
"""

from copy import deepcopy
from typing import NamedTuple

import numpy as np
from scipy import linalg

from skrnn.reservoir._statistics import Moments

__all__ = ["RecursiveLeastSquares", "Solution", "is_trustworthy", "solve"]

# Sums of products of float64 are known to about this share of the largest eigenvalue; below it
# normal equations are not positive definite, or tell other coefficients than the rows do.
_PRECISION = 2e-15


class Solution(NamedTuple):
    """A fitted readout.

    Parameters
    ----------
    coef : ndarray of shape (n_features, n_targets)
    intercept : ndarray of shape (n_targets,)
    alpha : float
        The penalty.
    errors : ndarray of shape (n_alphas,) or None
        The generalised cross-validation error of each candidate.
    """

    coef: np.ndarray
    intercept: np.ndarray
    alpha: float
    errors: np.ndarray | None = None


def solve(statistics, alpha, alphas=None):
    """Return the ridge regression of targets on features.

    Parameters
    ----------
    statistics : Moments or TriangularFactor
    alpha : float
        The penalty, if there are no `alphas`.
    alphas : ndarray of shape (n_alphas,) or None
        Candidates, of which the one with the smallest generalised cross-validation error is taken
        (Golub, Heath & Wahba, Technometrics 21, 1979): with e the residuals of n rows and H the
        matrix that maps targets to fitted values, (|e|²/n) / (1 - trace(H)/n)².

    Returns
    -------
    Solution
    """
    if alphas is None and isinstance(statistics, Moments):
        return _with_intercept(statistics, _cholesky(statistics, alpha), alpha)
    spectrum = _spectrum_of(statistics)
    if alphas is None:
        return _with_intercept(statistics, spectrum.coef(alpha), alpha)
    errors = np.array([spectrum.gcv(candidate) for candidate in alphas])
    best = float(alphas[int(np.argmin(errors))])
    return _with_intercept(statistics, spectrum.coef(best), best, errors)


def is_trustworthy(moments, alpha):
    """Whether products of features are exact enough for a penalty as small as this.

    A penalty below the rounding of the products is lost in it, unless no eigenvalue is as small.

    Parameters
    ----------
    moments : Moments
    alpha : float
        The smallest penalty that is asked for.
    """
    matrix = moments.xx
    bound = _PRECISION * linalg.norm(matrix, 1)
    if alpha > bound:
        return True
    least, largest = (
        linalg.eigh(matrix, eigvals_only=True, subset_by_index=[i, i], check_finite=False)[0]
        for i in (0, len(matrix) - 1)
    )
    return bool(max(alpha, least) > _PRECISION * largest)


def _with_intercept(statistics, coef, alpha, errors=None):
    return Solution(coef, statistics.y_mean - statistics.x_mean @ coef, float(alpha), errors)


def _cholesky(moments, alpha):
    matrix = moments.xx
    matrix[np.diag_indices_from(matrix)] += alpha
    try:
        factor = np.linalg.cholesky(matrix)  # NumPy's threads are awake, SciPy's would be new
    except np.linalg.LinAlgError:
        return _spectrum_of(moments).coef(alpha)
    half = linalg.solve_triangular(factor, moments.xy, lower=True, check_finite=False)
    return linalg.solve_triangular(factor, half, lower=True, trans=1, check_finite=False)


class _Spectrum(NamedTuple):
    """Features in the directions of their principal axes.

    Parameters
    ----------
    axes : ndarray of shape (n_features, rank)
    squares : ndarray of shape (rank,)
        The sum of squares along each axis.
    products : ndarray of shape (rank, n_targets)
        Products of the features along each axis with the targets.
    targets : float
        The targets' sum of squares.
    n_rows : float
        How many rows there are; fewer where some are forgotten.
    """

    axes: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    targets: float
    n_rows: float

    def coef(self, alpha):
        return self.axes @ (self.products / (self.squares + alpha)[:, None])

    def gcv(self, alpha):
        # Written so that both vanish together where all rows can be fitted.
        left_over = alpha / (self.squares + alpha)
        along = (self.products**2).sum(axis=1) / self.squares
        beyond = self.n_rows - 1 - len(self.squares)  # one for the intercept
        freedom = max(beyond, 0) + left_over.sum()
        residual = (left_over**2 * along).sum()
        if beyond > 0:
            residual += max(self.targets - along.sum(), 0.0)
        return (residual / self.n_rows) / (freedom / self.n_rows) ** 2 if freedom > 0 else np.inf


def _spectrum_of(statistics):
    """Return the spectrum without the directions that rounding alone has filled."""
    if isinstance(statistics, Moments):
        squares, axes = linalg.eigh(statistics.xx, driver="evd", check_finite=False)
        products = axes.T @ statistics.xy
        targets = statistics.yy.sum()
        floor = _PRECISION * max(squares[-1], 0.0)
    else:
        x, y = statistics.centred
        left, values, axes = linalg.svd(x, full_matrices=False, check_finite=False)
        squares, axes = values**2, axes.T
        products = values[:, None] * (left.T @ y)
        targets = float((y**2).sum())
        # As numpy.linalg.matrix_rank takes it.
        rounding = np.finfo(np.float64).eps * max(x.shape)
        floor = rounding**2 * squares.max(initial=0.0)
    kept = squares > floor
    n_rows = statistics.n_rows
    return _Spectrum(axes[:, kept], squares[kept], products[kept], float(targets), n_rows)


class RecursiveLeastSquares:
    """A ridge regression that takes in rows as they come, and may forget.

    The square-root form of recursive least squares, by QR (Haykin, "Adaptive Filter Theory", 4th
    ed., 2002, chapter 11): the triangular factor of all rows, and of rows that are the penalty, is
    scaled by the root of `forgetting` at each new row, and takes the row in. Unlike the recursion
    of the inverse it stays exact where inputs are quiet and much is forgotten.

    Parameters
    ----------
    statistics : Moments or TriangularFactor
        Of all rows so far.
    alpha : float
    """

    def __init__(self, statistics, alpha):
        self._factor = statistics.as_factor()
        self._factor.add_penalty(alpha)

    @property
    def solution(self):
        """Coefficients and intercept."""
        x, y = self._factor.centred
        size = x.shape[1]
        sizes = np.abs(np.diag(x))
        if sizes.min() > np.finfo(np.float64).eps * sizes.max():
            coef = linalg.solve_triangular(x[:size], y[:size], check_finite=False)
        else:  # in some directions all has been forgotten, the penalty too
            coef = linalg.lstsq(x[:size], y[:size], cond=1e-13)[0]
        return coef, self._factor.y_mean - self._factor.x_mean @ coef

    def copy(self):
        """Return a copy that shares nothing."""
        return deepcopy(self)

    def update(self, x, y, weights, forgetting):
        """Take in rows, the oldest first.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_features)
        y : ndarray of shape (n_rows, n_targets)
        weights : ndarray of shape (n_rows,)
        forgetting : float in (0, 1]
        """
        self._factor.forget(forgetting ** len(x))
        self._factor.add(x, y, weights * forgetting ** np.arange(len(x))[::-1])
