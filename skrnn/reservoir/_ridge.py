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

# Sums of products of float64 are known to about this share of the largest eigenvalue: below it
# normal equations differ from a decomposition of the rows, or fail (measured in docs/benchmarks).
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
        factor = linalg.cho_factor(matrix, overwrite_a=True, check_finite=False)
    except linalg.LinAlgError:
        return _spectrum_of(moments).coef(alpha)
    return linalg.cho_solve(factor, moments.xy, check_finite=False)


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
    weight : float
        How many rows there are.
    """

    axes: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    targets: float
    weight: float

    def coef(self, alpha):
        return self.axes @ (self.products / (self.squares + alpha)[:, None])

    def gcv(self, alpha):
        # Written so that both vanish together where all rows can be fitted.
        left_over = alpha / (self.squares + alpha)
        along = (self.products**2).sum(axis=1) / self.squares
        beyond = self.weight - 1 - len(self.squares)  # one for the intercept
        beyond = beyond if beyond > 1e-9 * self.weight else 0.0
        freedom = beyond + left_over.sum()
        residual = (left_over**2 * along).sum()
        if beyond:
            residual += max(self.targets - along.sum(), 0.0)
        return (residual / self.weight) / (freedom / self.weight) ** 2


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
        floor = np.finfo(np.float64).eps ** 2 * max(squares.max(initial=0.0), 0.0)
    kept = squares > floor
    return _Spectrum(
        axes[:, kept], squares[kept], products[kept], float(targets), statistics.weight
    )


class RecursiveLeastSquares:
    """A ridge regression that takes one row after another, and may forget (RLS).

    With P the inverse of the penalised products and z a row with a one for the intercept, a row
    with the target y changes the coefficients by

        k = P z / (forgetting + z'P z);  coef += k (y - z'coef);  P = (P - k z'P) / forgetting

    (Haykin, "Adaptive Filter Theory", 4th ed., 2002, chapter 9.)

    Parameters
    ----------
    moments : Moments
        Of all rows so far.
    alpha : float
    """

    def __init__(self, moments, alpha):
        solution = solve(moments, alpha)
        self._coef = np.vstack([solution.intercept, solution.coef])
        inverse = linalg.inv(moments.xx + alpha * np.eye(len(moments.x_mean)))
        # The inverse of [[weight, sums], [sums', products]] from its Schur complement.
        moved = inverse @ moments.x_mean
        corner = 1 / moments.weight + moments.x_mean @ moved
        self._inverse = np.block([[np.array([[corner]]), -moved[None]], [-moved[:, None], inverse]])

    @property
    def solution(self):
        """Coefficients and intercept."""
        return self._coef[1:], self._coef[0]

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
        rows = np.hstack([np.ones((len(x), 1)), x])
        for z, target, weight in zip(rows, y, weights, strict=True):
            moved = self._inverse @ z
            gain = moved * (weight / (forgetting + weight * (z @ moved)))
            self._coef += np.outer(gain, target - z @ self._coef)
            self._inverse -= np.outer(gain, moved)
            self._inverse /= forgetting
