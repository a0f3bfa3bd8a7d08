"""The readout, and pure functions that train it at once, in parts or row by row.

`Readout` holds the statistics of all rows so far, the coefficients that follow from them, and the
state of recursive least squares. A readout is never changed: each function returns a new one.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgWarning

from skrnn._persistence import stored_as_dict
from skrnn.reservoir._examples import Examples
from skrnn.reservoir._later_windows import best_of_later_windows
from skrnn.reservoir._readout_rows import accumulate, pooled_rows, row_slices, step_rows
from skrnn.reservoir._ridge import PRECISION, RecursiveLeastSquares, is_above_rounding, solve
from skrnn.reservoir._statistics import Moments, TriangularFactor, merged_statistics
from skrnn.sequences._sequences import offsets_of

# The activations whose states cannot grow.
_BOUNDED = ("logistic", "tanh")


@stored_as_dict
@dataclass(frozen=True)
class Readout:
    """A fitted linear readout, and the statistics to which further rows can be added.

    Parameters
    ----------
    statistics : Moments or TriangularFactor
    coef : ndarray of shape (n_targets, n_readout_features)
    intercept : ndarray of shape (n_targets,)
    alpha : float
        The penalty.
    gcv_errors : ndarray of shape (n_alphas,) or None
    recursive : RecursiveLeastSquares or None
        It is None unless the last call was an update.
    relative_alpha : float or None
        The penalty as a fraction of the total variance of the features, if it was chosen on later
        windows. Otherwise None.
    """

    statistics: Moments | TriangularFactor
    coef: np.ndarray
    intercept: np.ndarray
    alpha: float
    gcv_errors: np.ndarray | None = None
    recursive: RecursiveLeastSquares | None = None
    relative_alpha: float | None = None

    def outputs(self, rows):
        """Return the outputs for rows, (n_rows, n_targets)."""
        return rows @ self.coef.T + self.intercept

    def has_shape_of(self, other):
        """Return whether another readout has the same number of features and targets."""
        return self.coef.shape == other.coef.shape


@dataclass(frozen=True)
class Penalty:
    """The parameters of a ridge regression.

    Parameters
    ----------
    alpha : float, array-like of shape (n_alphas,) or "auto"
        The penalty, or candidates, or "auto" for the penalties `relative`.
    solver : {"auto", "cholesky", "svd"}
    relative : tuple of float
        Penalties as fractions of the total variance of the readout's features.
    of_windows : bool
        Whether one of `relative` is chosen by the error on later windows. Generalised
        cross-validation would choose far too small a penalty for windows that overlap, because it
        leaves out one window, whose neighbours contain nearly all of its time steps.
    """

    alpha: object
    solver: str
    relative: tuple = ()
    of_windows: bool = False

    def new_statistics(self, n_rows, n_features, n_targets):
        """Return empty statistics of the kind that suits the solver and the shape of the rows."""
        # A triangular factor never has more rows than there are examples.
        is_wide = n_rows < n_features
        if self.solver == "svd" or (self.solver == "auto" and is_wide):
            return TriangularFactor(n_features, n_targets)
        return Moments(n_features, n_targets)

    def solve(self, statistics):
        """Solve statistics, and return the readout."""
        alphas = self.candidates(statistics)
        if len(alphas) == 1 and np.ndim(self.alpha) == 0:
            square = self.solver == "auto" and isinstance(self.alpha, str)
            solution = solve(statistics, float(alphas[0]), square=square)
        else:
            solution = solve(statistics, None, alphas)
        return Readout(
            statistics,
            solution.coef.T.copy(),
            solution.intercept.copy(),
            solution.alpha,
            solution.errors,
            relative_alpha=self.relative[0] if self.of_windows else None,
        )

    def candidates(self, statistics):
        """Return the penalties that are tried.

        With "auto", these are all above the rounding errors of the normal equations.
        """
        if not isinstance(self.alpha, str):
            return np.atleast_1d(np.asarray(self.alpha, dtype=np.float64))
        # Without any variance, every penalty gives the same readout.
        return self.exact(statistics) * (statistics.x_variance or 1.0)

    def exact(self, statistics):
        """Return the relative penalties above the rounding errors of the normal equations."""
        relative = np.array(self.relative)
        is_exact = relative > PRECISION * statistics.weight
        return relative[is_exact] if is_exact.any() else relative[-1:]

    def is_above_rounding(self, readout):
        """Return whether the statistics of a readout are exact enough for the smallest penalty."""
        statistics = readout.statistics
        if isinstance(self.alpha, str) or not isinstance(statistics, Moments):
            return True
        return is_above_rounding(statistics, self.smallest(readout))

    def smallest(self, readout):
        """Return the smallest penalty that was tried for a readout."""
        return float(self.candidates(readout.statistics).min())


def fit_readout(network, examples, penalty, reservoir):
    """Train a readout on examples.

    Parameters
    ----------
    network : Network
    examples : Examples
    penalty : Penalty
    reservoir : Reservoir
        Its parameters are named in error messages.

    Returns
    -------
    readout : Readout
    end : SeriesEnd or None
    """
    statistics, end, penalty = _first_statistics(network, examples, penalty, reservoir)
    readout = penalty.solve(statistics)
    if penalty.is_above_rounding(readout):
        return readout, end
    if penalty.solver != "auto":
        _warn_of_rounding(penalty.smallest(readout), stacklevel=6)
        return readout, end
    # All examples are available, so a second pass can accumulate a triangular factor.
    factor = TriangularFactor(network.n_readout_features, examples.targets.shape[1])
    end = _add_examples(network, examples, factor)
    return penalty.solve(factor), end


def start_readout(network, examples, penalty, reservoir):
    """Train a readout on the first part of the examples.

    Parameters
    ----------
    network, examples, penalty, reservoir : as in `fit_readout`

    Returns
    -------
    readout : Readout
    end : SeriesEnd or None
    """
    statistics, end, penalty = _first_statistics(network, examples, penalty, reservoir)
    return _solve_or_warn(statistics, penalty, stacklevel=8), end


def extend_readout(network, readout, examples, penalty, reservoir):
    """Add a further part of the examples to the statistics of a readout, and solve again.

    Parameters
    ----------
    network : Network
    readout : Readout
    examples, penalty, reservoir : as in `fit_readout`

    Returns
    -------
    readout : Readout
    end : SeriesEnd or None
    """
    statistics = readout.statistics.copy()
    end = _add_examples(network, examples, statistics)
    check_statistics(statistics, reservoir)
    return _solve_or_warn(statistics, penalty, stacklevel=7), end


def merge_readouts(one, other, penalty, reservoir):
    """Return the readout that follows from the statistics of two others."""
    statistics = merged_statistics(one.statistics, other.statistics)
    check_statistics(statistics, reservoir)
    return _solve_or_warn(statistics, penalty, stacklevel=5)


def update_readout(network, readout, examples, forgetting):
    """Add examples to a readout row by row, by recursive least squares.

    Parameters
    ----------
    network : Network
    readout : Readout
    examples : Examples
    forgetting : float in (0, 1]
        The factor by which each new row multiplies the weights of all earlier rows.

    Returns
    -------
    readout : Readout
    end : SeriesEnd or None
    """
    statistics = readout.statistics.copy()
    if readout.recursive is None:
        recursive = RecursiveLeastSquares(statistics, readout.alpha)
    else:
        recursive = readout.recursive.copy()

    def add(rows, targets, weights):
        recursive.update(rows, targets, weights, forgetting)
        ages = np.arange(len(rows))[::-1]
        statistics.forget(forgetting ** len(rows))
        statistics.add(rows.copy(), targets, weights * forgetting**ages)

    end = _for_rows_in_time(network, examples, int(statistics.n_rows), add)
    coef, intercept = recursive.solution
    updated = replace(
        readout,
        statistics=statistics,
        coef=coef.T.copy(),
        intercept=intercept.copy(),
        recursive=recursive,
    )
    return updated, end


def check_statistics(statistics, reservoir):
    """Check that a readout can be solved from statistics.

    Raises
    ------
    ValueError
        If the weights of all rows are zero, or if the states are not finite.
    """
    if statistics.weight == 0:
        raise ValueError(
            f"sample_weight is zero for all time steps after washout={reservoir.washout}; at least "
            "one must have a positive weight."
        )
    if not statistics.is_finite:
        raise ValueError(_why_not_finite(reservoir))


def _why_not_finite(reservoir):
    activation = f"activation={reservoir.activation!r}"
    if reservoir.activation in _BOUNDED:
        return (
            f"The sums over the states are not finite, although {activation} is bounded: values of "
            "X, y or sample_weight are too large. Scale them."
        )
    return (
        f"The states are not finite. Either they grow without bound with {activation} and "
        f"spectral_radius={reservoir.spectral_radius}, or X is too large, or the activation "
        "returns NaN or infinity. Lower spectral_radius, scale X, or use activation='tanh'."
    )


def _solve_or_warn(statistics, penalty, stacklevel):
    readout = penalty.solve(statistics)
    if not penalty.is_above_rounding(readout):
        _warn_of_rounding(penalty.smallest(readout), stacklevel)
    return readout


def _warn_of_rounding(alpha, stacklevel):
    """Issue the warning at the line of the user that called a method of the estimator."""
    warnings.warn(
        f"alpha={alpha} is below the rounding errors of the normal equations. Use solver='svd', "
        "which is exact for smaller penalties.",
        LinAlgWarning,
        stacklevel=stacklevel,
    )


def _first_statistics(network, examples, penalty, reservoir):
    """Return the statistics of the first examples, the end of their series, and the penalty."""
    shape = network.n_readout_features, examples.targets.shape[1]
    statistics = penalty.new_statistics(len(examples.targets), *shape)
    if not penalty.of_windows:
        end = _add_examples(network, examples, statistics)
        check_statistics(statistics, reservoir)
        return statistics, end, penalty
    rows = _pooled_rows_of(network, examples, 0)
    _add_pooled_rows(rows, examples, statistics)
    check_statistics(statistics, reservoir)
    best = best_of_later_windows(penalty, rows, examples, statistics)
    return statistics, None, replace(penalty, relative=(best,))


def _pooled_rows_of(network, examples, noise_key):
    sequences, n_inputs = examples.sequences, network.n_inputs
    return pooled_rows(network.dynamics, sequences, network.pooling, n_inputs, noise_key)


def _add_pooled_rows(rows, examples, statistics):
    for block in row_slices(len(rows)):
        weights = None if examples.weights is None else examples.weights[block]
        statistics.add(rows[block].copy(), examples.targets[block], weights)


def _add_examples(network, examples, statistics):
    """Add examples to statistics, and return the end of their only series, or None."""
    noise_key = int(statistics.n_rows)
    if network.pooling is not None:
        _add_pooled_rows(_pooled_rows_of(network, examples, noise_key), examples, statistics)
        return None
    last = accumulate(
        statistics,
        network.teacher_forced_blocks(examples, noise_key=noise_key),
        examples.sequences,
        examples.targets,
        examples.weights,
        washout=network.washout,
        n_inputs=network.n_inputs,
    )
    return network.end_after(last, examples)


def _for_rows_in_time(network, examples, noise_key, add):
    """Call ``add(rows, targets, weights)`` for blocks of rows, the oldest first.

    Returns
    -------
    SeriesEnd or None
    """
    weights = np.ones(len(examples.targets)) if examples.weights is None else examples.weights
    if network.pooling is not None:
        rows = _pooled_rows_of(network, examples, noise_key)
        for block in row_slices(len(rows)):
            add(rows[block], examples.targets[block], weights[block])
        return None
    end = None
    lengths = examples.sequences.lengths
    for i, start in enumerate(offsets_of(lengths)):
        span = slice(start, start + lengths[i])
        one = Examples(examples.sequences[i : i + 1], examples.targets[span], weights[span])
        end = _for_rows_of_one(network, one, noise_key + int(start), add)
    return end if len(lengths) == 1 else None


def _for_rows_of_one(network, example, noise_key, add):
    """Call `add` for the rows of one sequence, and return the end of the sequence."""
    for block in network.teacher_forced_blocks(example, noise_key=noise_key, whole=True):
        counted = block.steps >= network.washout
        rows = step_rows(block, example.sequences, network.n_inputs)[counted]
        if len(rows):
            steps = block.steps[counted]
            add(rows, example.targets[steps], example.weights[steps])
    return network.end_after([states[-1][:, 0].copy() for states in block.states], example)
