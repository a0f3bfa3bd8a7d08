"""Outputs and states of a network for sequences."""

import numpy as np

from skrnn.reservoir._feedback import ClosedLoop, run_with_feedback
from skrnn.reservoir._readout_rows import dense_steps, pooled_rows, step_rows
from skrnn.sequences._sequences import offsets_of


def predict_outputs(network, readout, sequences, as_feedback):
    """Return the outputs of a readout, one row for each sequence or for each time step.

    Parameters
    ----------
    network : Network
    readout : Readout
    sequences : Sequences
    as_feedback : callable
        Takes outputs and returns the values that are fed back.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
    """
    n_inputs = network.n_inputs
    if network.pooling is not None:
        return readout.outputs(pooled_rows(network.dynamics, sequences, network.pooling, n_inputs))
    if network.dynamics.has_feedback:
        return _run_closed_loop(network, readout, sequences, as_feedback)[0]
    starts = offsets_of(sequences.lengths)
    outputs = np.empty((sequences.lengths.sum(), len(readout.intercept)))
    for block in network.dynamics.blocks(sequences, initial=network.initial_states):
        outputs[block.positions(starts)] = readout.outputs(step_rows(block, sequences, n_inputs))
    return outputs


def predict_states(network, readout, sequences, as_feedback):
    """Return the states of all time steps, and the final states of each layer.

    Parameters
    ----------
    network, readout, sequences, as_feedback : as in `predict_outputs`

    Returns
    -------
    states : ndarray of shape (n_steps, n_states)
        One sequence after another.
    final : list of ndarray of shape (n_sequences, units)
    """
    dynamics = network.dynamics
    starts = offsets_of(sequences.lengths)
    if dynamics.has_feedback:
        states = _run_closed_loop(network, readout, sequences, as_feedback)[1]
    else:
        states = dynamics.states(sequences, network.initial_states).values
    n_forward = sum(layer.units for layer in dynamics.layers)
    # The backward direction ends at the first time step.
    ends = starts + sequences.lengths - 1
    final = np.hstack([states[ends, :n_forward], states[starts, n_forward:]])
    borders = np.cumsum([layer.units for layer in dynamics.all_layers])
    return states, np.split(final, borders[:-1], axis=1)


def zero_states(dynamics, width):
    """Return zero states of each layer, (units, width)."""
    return [np.zeros((layer.units, width), dynamics.dtype) for layer in dynamics.layers]


def _run_closed_loop(network, readout, sequences, as_feedback):
    """Return outputs and states of all time steps of sequences whose outputs are fed back."""
    dynamics = network.dynamics
    order = np.argsort(-sequences.lengths, kind="stable")
    lengths, begins = sequences.lengths[order], sequences.starts[order]
    offsets = offsets_of(sequences.lengths)[order]
    n_outputs = len(readout.intercept)
    outputs = np.empty((lengths.sum(), n_outputs))
    states = np.empty((lengths.sum(), dynamics.n_states), dynamics.dtype)
    feedback, initial = np.zeros((n_outputs, len(order))), zero_states(dynamics, len(order))
    if network.start is not None:
        feedback[:, 0] = network.start.target
        initial = [state[:, None].copy() for state in network.start.states]
    loop = ClosedLoop(network, readout, initial)

    def inputs(t, width):
        return dense_steps(sequences, begins[:width] + t, network.n_features).T

    for t, current in enumerate(run_with_feedback(loop, inputs, lengths, feedback, as_feedback)):
        rows = offsets[: current.shape[1]] + t
        outputs[rows] = current.T
        states[rows] = np.concatenate(loop.states).T
    return outputs, states
