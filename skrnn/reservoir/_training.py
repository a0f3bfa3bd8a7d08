"""From examples to a readout: at once, in parts, and step by step."""

import warnings

import numpy as np
from scipy.linalg import LinAlgWarning

from skrnn.reservoir._features import accumulate, in_blocks, pooled_features, step_features
from skrnn.reservoir._ridge import RecursiveLeastSquares, is_trustworthy, solve
from skrnn.reservoir._statistics import Moments, TriangularFactor

__all__ = [
    "add_examples",
    "driven_pieces",
    "refit_readout",
    "update_readout",
]


def add_examples(estimator, examples, *, fresh):
    """Add examples to an estimator's statistics.

    Parameters
    ----------
    estimator : BaseEchoState
        With its reservoir drawn.
    examples : Examples
    fresh : bool
        Whether they are the first.
    """
    if fresh:
        statistics = _empty_statistics(estimator, examples)
    else:
        statistics = estimator._statistics.copy()
    estimator._end = _accumulate(estimator, examples, statistics)
    estimator._statistics = statistics
    estimator._recursive = None


def _empty_statistics(estimator, examples):
    shape = estimator._n_readout_features, examples.targets.shape[1]
    # A triangular factor has no more rows than there are examples.
    is_wide = len(examples.targets) < shape[0]
    if estimator.solver == "svd" or (estimator.solver == "auto" and is_wide):
        return TriangularFactor(*shape)
    return Moments(*shape)


def _accumulate(estimator, examples, statistics):
    """Add examples to statistics; return where their only series ended, or None."""
    reservoir, sequences = estimator.reservoir_, examples.sequences
    n_inputs = estimator._n_inputs
    if not estimator._per_step:
        noise = int(statistics.n_rows)
        rows = pooled_features(reservoir, sequences, reservoir.pooling, n_inputs, noise)
        for block in in_blocks(len(rows)):
            weights = None if examples.weights is None else examples.weights[block]
            statistics.add(rows[block].copy(), examples.targets[block], weights)
        return None
    before = estimator._end if estimator.initial_state == "fit_end" else None
    last = accumulate(
        statistics,
        driven_pieces(estimator, examples, before, noise=int(statistics.n_rows)),
        sequences,
        examples.targets,
        examples.weights,
        washout=_washout_left(reservoir, before),
        n_inputs=n_inputs,
    )
    return end_of(last, examples, before)


def driven_pieces(estimator, examples, before, *, noise=None, whole=False):
    """Run examples with their own targets fed back, where outputs are."""
    reservoir = estimator.reservoir_
    outputs = None
    if reservoir.feedback_scaling > 0:
        first = None if before is None else before["output"]
        outputs = targets_before(examples.targets, examples.sequences.lengths, first)
    initial = None if before is None else before["states"]
    return reservoir._pieces(
        examples.sequences, outputs=outputs, noise=noise, initial=initial, whole=whole
    )


def targets_before(targets, lengths, first=None):
    """Return at each step the target of the step before, and at the first ones `first` or zero."""
    before = np.empty_like(targets)
    before[1:] = targets[:-1]
    before[np.cumsum(lengths) - lengths] = 0 if first is None else first
    return before


def _washout_left(reservoir, before):
    return max(reservoir.washout - (0 if before is None else before["n_steps"]), 0)


def end_of(states, examples, before=None):
    """Return the states, output and input after the last step of the only series, else None."""
    if len(examples.sequences) != 1:
        return None
    steps = examples.sequences[0]
    seen = 0 if before is None else before["n_steps"]
    return {
        "states": states,
        "output": examples.targets[-1].copy(),
        "input": steps[-1].copy(),
        "n_steps": seen + len(steps),
    }


def refit_readout(estimator, examples=None):
    """Solve for the readout.

    Parameters
    ----------
    estimator : BaseEchoState
    examples : Examples or None
        All of them, where they can be gone through once more.
    """
    statistics = estimator._statistics
    if statistics.weight == 0:
        raise ValueError(
            f"sample_weight is zero for all that washout={estimator.reservoir_.washout} leaves."
        )
    if not statistics.is_finite:
        reservoir = estimator.reservoir_
        raise ValueError(
            f"The states grow without bound with activation={reservoir.activation!r} and "
            f"spectral_radius={reservoir.spectral_radius}."
        )
    solution = solve(statistics, estimator.alpha, _alphas(estimator))
    smallest = solution.alpha if estimator.alphas is None else float(min(estimator.alphas))
    if isinstance(statistics, Moments) and not is_trustworthy(statistics, smallest):
        if examples is None or estimator.solver != "auto":
            _warn_of_rounding(smallest)
        else:
            solution = _once_more(estimator, examples)
    _assign(estimator, solution.coef, solution.intercept)
    estimator.alpha_ = solution.alpha
    estimator.gcv_errors_ = solution.errors


def _once_more(estimator, examples):
    """Go through all examples again for a triangular factor, and solve."""
    factor = TriangularFactor(*estimator._statistics.xy.shape)
    estimator._end = None
    estimator._end = _accumulate(estimator, examples, factor)
    estimator._statistics = factor
    return solve(factor, estimator.alpha, _alphas(estimator))


def _warn_of_rounding(alpha):
    warnings.warn(
        f"alpha={alpha} is below the rounding of accumulated products; solver='svd' accumulates a "
        "triangular factor, which keeps it.",
        LinAlgWarning,
        stacklevel=5,
    )


def _alphas(estimator):
    return None if estimator.alphas is None else np.asarray(estimator.alphas, dtype=np.float64)


def _assign(estimator, coef, intercept):
    single = estimator._single_target
    estimator.coef_ = coef[:, 0].copy() if single else coef.T.copy()
    estimator.intercept_ = float(intercept[0]) if single else intercept.copy()


def update_readout(estimator, examples, forgetting):
    """Take examples in, one row after another, by recursive least squares."""
    statistics = estimator._statistics.copy()
    if estimator._recursive is None:
        recursive = RecursiveLeastSquares(statistics, estimator.alpha_)
    else:
        recursive = estimator._recursive.copy()
    before = estimator._end if estimator.initial_state == "fit_end" else None
    estimator._end = None
    rows_in_time = _rows_in_time(estimator, examples, before, int(statistics.n_rows))
    for rows, targets, weights in rows_in_time:
        recursive.update(rows, targets, weights, forgetting)
        ages = np.arange(len(rows))[::-1]
        statistics.forget(forgetting ** len(rows))
        statistics.add(rows.copy(), targets, weights * forgetting**ages)
    estimator._statistics, estimator._recursive = statistics, recursive
    _assign(estimator, *recursive.solution)


def _rows_in_time(estimator, examples, before, noise):
    """Yield rows of the readout, their targets and weights, in blocks, the oldest first."""
    reservoir, weights = estimator.reservoir_, examples.weights
    weights = np.ones(len(examples.targets)) if weights is None else weights
    n_inputs = estimator._n_inputs
    if not estimator._per_step:
        sequences = examples.sequences
        rows = pooled_features(reservoir, sequences, reservoir.pooling, n_inputs, noise)
        for block in in_blocks(len(rows)):
            yield rows[block], examples.targets[block], weights[block]
        return
    lengths = examples.sequences.lengths
    starts = np.cumsum(lengths) - lengths
    washout = _washout_left(reservoir, before)
    for i, start in enumerate(starts):
        span = slice(start, start + lengths[i])
        targets = examples.targets[span]
        one = type(examples)(examples.sequences[i : i + 1], targets, None)
        for piece in driven_pieces(estimator, one, before, noise=noise + int(start), whole=True):
            counted = piece.steps >= washout
            rows = step_features(piece, one.sequences, n_inputs)[counted]
            if len(rows):
                steps = piece.steps[counted]
                yield rows, targets[steps], weights[span][steps]
        if len(starts) == 1:
            last = [states[-1][:, 0].copy() for states in piece.states]
            estimator._end = end_of(last, one, before)
