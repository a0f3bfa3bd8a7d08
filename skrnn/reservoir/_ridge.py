r"""Ridge regression from statistics: one or many penalties by one factorisation, and row by row.

The objective is that of scikit-learn's `Ridge`, with an intercept that is not penalised:

    min over W and b of  sum_i w_i |y_i - W x_i - b|^2 + alpha |W|^2
"""

from copy import deepcopy
from typing import NamedTuple

import numpy as np
from scipy import linalg

from skrnn._persistence import stored_as_dict
from skrnn.reservoir._statistics import Moments, TriangularFactor

# The relative precision of sums of float64 products, as a fraction of the largest eigenvalue. With
# smaller penalties, normal equations may not be positive definite, or have another solution.
PRECISION = 2e-15
# Above this fraction of the largest eigenvalue, errors that a squared condition number causes are
# smaller than those of states in float32.
_SAFE = 1e-9


class Solution(NamedTuple):
    """The solution of a ridge regression.

    Parameters
    ----------
    coef : ndarray of shape (n_features, n_targets)
    intercept : ndarray of shape (n_targets,)
    alpha : float
        The penalty.
    errors : ndarray of shape (n_alphas,) or None
        The generalised cross-validation error of each candidate; None without candidates.
    """

    coef: np.ndarray
    intercept: np.ndarray
    alpha: float
    errors: np.ndarray | None = None


def solve(statistics, alpha, alphas=None, *, square=False):
    r"""Return the ridge regression of targets on features.

    Parameters
    ----------
    statistics : Moments or TriangularFactor
    alpha : float
        The penalty. It is ignored if `alphas` is given.
    alphas : ndarray of shape (n_alphas,) or None
        Candidates for the penalty. The one with the smallest error in generalised cross-validation
        is chosen.
    square : bool, default=False
        Whether the condition number may be squared if the penalty is far above rounding. With fewer
        rows than features, this is ten times as fast as a singular value decomposition.

    Returns
    -------
    Solution

    Raises
    ------
    ValueError
        If there are candidates, and the squares of the targets are not finite.

    Notes
    -----
    The coefficients solve the normal equations

    .. math:: (S_{xx} + \alpha I) W^T = S_{xy}.

    With the residuals e of n rows and the matrix H that maps targets to fitted values, the error in
    generalised cross-validation is

    .. math:: \frac{\lVert e \rVert^2 / n}{(1 - \operatorname{tr}(H) / n)^2}

    (Golub, Heath & Wahba, "Generalized cross-validation as a method for choosing a good ridge
    parameter", Technometrics 21, 1979).
    """
    if alphas is None and isinstance(statistics, Moments):
        return _with_intercept(statistics, _cholesky(statistics, alpha), alpha)
    if alphas is None and square and _is_wide_and_well_conditioned(statistics, alpha):
        return _with_intercept(statistics, _dual_coef(statistics, alpha), alpha)
    spectrum = _spectrum_of(statistics)
    if alphas is None:
        return _with_intercept(statistics, spectrum.coef(alpha), alpha)
    _require_finite_squares(spectrum)
    errors = np.array([spectrum.gcv(candidate) for candidate in alphas])
    best = float(alphas[int(np.argmin(errors))])
    return _with_intercept(statistics, spectrum.coef(best), best, errors)


def errors_on_rows(statistics, alphas, x, y, weights):
    """Return the weighted sum of squared errors on other rows, for several penalties.

    Parameters
    ----------
    statistics : Moments or TriangularFactor
        The statistics of the training rows.
    alphas : ndarray of shape (n_alphas,)
    x : ndarray of shape (n_rows, n_features)
    y : ndarray of shape (n_rows, n_targets)
    weights : ndarray of shape (n_rows,)

    Returns
    -------
    ndarray of shape (n_alphas,)

    Raises
    ------
    ValueError
        If the squares of the targets are not finite.
    """
    spectrum = _spectrum_of(statistics)
    _require_finite_squares(spectrum)
    errors = []
    for alpha in alphas:
        solution = _with_intercept(statistics, spectrum.coef(alpha), alpha)
        residuals = y - x @ solution.coef - solution.intercept
        errors.append(weights @ (residuals**2).sum(axis=1))
    return np.array(errors)


def _require_finite_squares(spectrum):
    if not np.isfinite(spectrum.targets):
        raise ValueError(
            "The sum of squares of y is not finite, so penalties cannot be compared by their "
            "errors. Scale y."
        )


def is_above_rounding(moments, alpha):
    """Return whether a penalty is larger than the rounding errors of the accumulated products.

    The result is also True if all eigenvalues are larger than these errors, because a smaller
    penalty then does no harm.

    Parameters
    ----------
    moments : Moments
    alpha : float
        The smallest penalty that is used.
    """
    matrix = moments.xx
    bound = PRECISION * linalg.norm(matrix, 1)
    if alpha > bound:
        return True
    least, largest = (
        linalg.eigh(matrix, eigvals_only=True, subset_by_index=[i, i], check_finite=False)[0]
        for i in (0, len(matrix) - 1)
    )
    return bool(max(alpha, least) > PRECISION * largest)


def _with_intercept(statistics, coef, alpha, errors=None):
    return Solution(coef, statistics.y_mean - statistics.x_mean @ coef, float(alpha), errors)


def _is_wide_and_well_conditioned(factor, alpha):
    n_rows, n_features = factor.centred[0].shape
    return n_rows < n_features and alpha > _SAFE * factor.x_variance * factor.weight


def _dual_coef(factor, alpha):
    """Return the coefficients X^T (X X^T + alpha I)^-1 Y, whose matrix has the size of the rows."""
    x, y = factor.centred
    matrix = x @ x.T
    matrix[np.diag_indices_from(matrix)] += alpha
    return x.T @ linalg.solve(matrix, y, assume_a="pos", check_finite=False)


def _cholesky(moments, alpha):
    matrix = moments.xx
    matrix[np.diag_indices_from(matrix)] += alpha
    try:
        # NumPy's BLAS threads are already running; SciPy would start its own.
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return _spectrum_of(moments).coef(alpha)
    half = linalg.solve_triangular(factor, moments.xy, lower=True, check_finite=False)
    return linalg.solve_triangular(factor, half, lower=True, trans=1, check_finite=False)


class _Spectrum(NamedTuple):
    """The statistics in the coordinates of the features' principal axes.

    Parameters
    ----------
    axes : ndarray of shape (n_features, rank)
    squares : ndarray of shape (rank,)
        The sum of squares of the features along each axis.
    products : ndarray of shape (rank, n_targets)
        Products of the features along each axis with the targets.
    targets : float
        The sum of squares of the centred targets.
    n_rows : float
        The number of rows, which is smaller if some rows are forgotten.
    """

    axes: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    targets: float
    n_rows: float

    def coef(self, alpha):
        return self.axes @ (self.products / (self.squares + alpha)[:, None])

    def gcv(self, alpha):
        # In this form, numerator and denominator go to zero together if all rows can be fitted.
        shrinkage = alpha / (self.squares + alpha)
        explained = (self.products**2).sum(axis=1) / self.squares
        n_spare = self.n_rows - 1 - len(self.squares)  # one row for the intercept
        freedom = max(n_spare, 0) + shrinkage.sum()
        residual = (shrinkage**2 * explained).sum()
        if n_spare > 0:
            residual += max(self.targets - explained.sum(), 0.0)
        return (residual / self.n_rows) / (freedom / self.n_rows) ** 2 if freedom > 0 else np.inf


def _spectrum_of(statistics):
    """Return the spectrum without the directions that consist of rounding errors."""
    if isinstance(statistics, Moments):
        squares, axes = linalg.eigh(statistics.xx, driver="evd", check_finite=False)
        products = axes.T @ statistics.xy
        targets = statistics.yy.sum()
        floor = PRECISION * max(squares[-1], 0.0)
    else:
        x, y = statistics.centred
        left, values, axes = linalg.svd(x, full_matrices=False, check_finite=False)
        squares, axes = values**2, axes.T
        products = values[:, None] * (left.T @ y)
        with np.errstate(over="ignore"):
            targets = float((y**2).sum())
        # The tolerance of numpy.linalg.matrix_rank.
        rounding = np.finfo(np.float64).eps * max(x.shape)
        floor = rounding**2 * squares.max(initial=0.0)
    kept = squares > floor
    n_rows = statistics.n_rows
    return _Spectrum(axes[:, kept], squares[kept], products[kept], float(targets), n_rows)


@stored_as_dict
class RecursiveLeastSquares:
    r"""Ridge regression that is updated row by row and can forget old rows.

    Parameters
    ----------
    statistics : Moments or TriangularFactor
        The statistics of all rows so far.
    alpha : float
        The penalty.

    Notes
    -----
    With the factor R of all rows and of the penalty, a new row a and the forgetting factor λ,

    .. math:: \begin{bmatrix} \sqrt{\lambda} R \\ a \end{bmatrix} = Q R_{new},

    the square-root form of recursive least squares by QR (Haykin, "Adaptive Filter Theory", 4th
    ed., 2002, chapter 11). Unlike the recursion of the inverse, it stays exact if the inputs hardly
    change for a long time while old rows are forgotten.
    """

    _factor: TriangularFactor

    def __init__(self, statistics, alpha):
        self._factor = statistics.as_factor()
        self._factor.add_penalty(alpha)

    @property
    def solution(self):
        """The coefficients and the intercept."""
        x, y = self._factor.centred
        size = x.shape[1]
        sizes = np.abs(np.diag(x))
        if sizes.min() > np.finfo(np.float64).eps * sizes.max():
            coef = linalg.solve_triangular(x[:size], y[:size], check_finite=False)
        else:  # in some directions all rows are forgotten, and the penalty too
            coef = linalg.lstsq(x[:size], y[:size], cond=1e-13)[0]
        return coef, self._factor.y_mean - self._factor.x_mean @ coef

    def copy(self):
        """Return an independent copy."""
        return deepcopy(self)

    def update(self, x, y, weights, forgetting):
        """Add rows, the oldest first.

        Parameters
        ----------
        x : ndarray of shape (n_rows, n_features)
        y : ndarray of shape (n_rows, n_targets)
        weights : ndarray of shape (n_rows,)
        forgetting : float in (0, 1]
        """
        self._factor.forget(forgetting ** len(x))
        self._factor.add(x, y, weights * forgetting ** np.arange(len(x))[::-1])
