"""From sequences to outputs and states of a fitted estimator."""

import numpy as np

from skrnn.reservoir._closed_loop import ClosedLoop, run_with_feedback
from skrnn.reservoir._features import dense_steps, pooled_features, read_out

__all__ = ["loop_from", "outputs_of", "states_of", "zero_states"]


def outputs_of(estimator, sequences):
    """Return the outputs for sequences, a row for each or for each step, (n_rows, n_outputs)."""
    reservoir = estimator.reservoir_
    coef, intercept = readout_of(estimator)
    n_inputs = estimator._n_inputs
    if not estimator._per_step:
        return pooled_features(reservoir, sequences, reservoir.pooling, n_inputs) @ coef + intercept
    if reservoir.feedback_scaling > 0:
        return _fed_back(estimator, sequences)[0]
    pieces = reservoir._pieces(sequences, initial=_initial(estimator))
    return read_out(pieces, sequences, coef, intercept, n_inputs)


def states_of(estimator, sequences):
    """Return all states, (n_steps, n_states), and the last ones of each layer, (n, units)."""
    reservoir = estimator.reservoir_
    starts = np.cumsum(sequences.lengths) - sequences.lengths
    if reservoir.feedback_scaling > 0:
        states = _fed_back(estimator, sequences)[1]
    else:
        states = np.empty((sequences.lengths.sum(), reservoir.n_states_), reservoir._dtype)
        for piece in reservoir._pieces(sequences, initial=_initial(estimator)):
            states[piece.positions(starts)] = piece.all_rows()
    forward = sum(layer.units for layer in reservoir.layers_)
    # What read from the end has its last step at the beginning.
    last = np.hstack([states[starts + sequences.lengths - 1, :forward], states[starts, forward:]])
    ends = np.cumsum([n.units for n in (*reservoir.layers_, *reservoir.backward_layers_)])
    return states, np.split(last, ends[:-1], axis=1)


def readout_of(estimator):
    """Return coefficients (n_features, n_outputs) and intercepts (n_outputs,)."""
    coef = np.atleast_2d(estimator.coef_).T
    return coef, np.atleast_1d(estimator.intercept_)


def zero_states(reservoir, width):
    """Return zero states of each layer, (units, width)."""
    return [np.zeros((layer.units, width), reservoir._dtype) for layer in reservoir.layers_]


def loop_from(estimator, states):
    """Return an estimator's reservoir and readout as a loop that begins at states."""
    coef, intercept = readout_of(estimator)
    return ClosedLoop(estimator.reservoir_, coef, intercept, estimator.readout_input, states)


def _initial(estimator):
    if estimator.initial_state == "zero" or estimator._end is None:
        return None
    return estimator._end["states"]


def _fed_back(estimator, sequences):
    """Return outputs and states at all steps of sequences that hear their own outputs."""
    reservoir = estimator.reservoir_
    order = np.argsort(-sequences.lengths, kind="stable")
    lengths, begins = sequences.lengths[order], sequences.starts[order]
    offsets = (np.cumsum(sequences.lengths) - sequences.lengths)[order]
    n_outputs = reservoir.layers_[0].feedback.shape[1]
    outputs = np.empty((lengths.sum(), n_outputs))
    states = np.empty((lengths.sum(), reservoir.n_states_), reservoir._dtype)
    fed, initial = np.zeros((n_outputs, len(order))), zero_states(reservoir, len(order))
    if _initial(estimator) is not None:
        fed[:, 0] = estimator._end["output"]
        initial = [state[:, None].copy() for state in estimator._end["states"]]
    loop = loop_from(estimator, initial)

    def inputs(t, width):
        steps = dense_steps(sequences, begins[:width] + t, estimator._step_format.n_features)
        return steps.T

    run = run_with_feedback(loop, inputs, lengths, fed, estimator._as_fed)
    for t, now in enumerate(run):
        rows = offsets[: now.shape[1]] + t
        outputs[rows] = now.T
        states[rows] = np.concatenate(loop.states).T
    return outputs, states
