"""The rows that a readout is trained on: states and inputs in float64, a block at a time."""

import numpy as np

from skrnn.reservoir._pooling import input_kinds, pool_inputs
from skrnn.sequences._sequences import offsets_of

_ROWS_PER_BLOCK = 1024


def step_rows(block, sequences, n_inputs):
    """Return the rows of a block: the states of all layers, the inputs and the static features.

    Parameters
    ----------
    block : StateBlock
    sequences : Sequences
    n_inputs : int
        The number of features of a time step, or 0 if the readout does not use the inputs.

    Returns
    -------
    ndarray of shape (n_rows, n_readout_features), float64
        In the order of `StateBlock.positions`. The memory layout is that of the states, so that
        nothing is transposed.
    """
    units = [states.shape[1] for states in block.states]
    width, n_steps = len(block.sequences), block.n_steps
    static = _static_of(sequences)
    total = sum(units) + n_inputs + static.shape[1]
    if width == 1:
        rows = np.empty((n_steps, total))
        columns = rows.T
    else:
        columns = np.empty((total, n_steps * width))
        rows = columns.T
    begin = 0
    for n, states in zip(units, block.states, strict=True):
        part = columns[begin : begin + n]
        if width == 1:
            part.T[...] = states[:, :, 0]
        else:
            part.reshape(n, n_steps, width)[...] = np.moveaxis(states, 1, 0)
        begin += n
    if n_inputs:
        positions = block.positions(sequences.starts)
        columns[begin : begin + n_inputs] = dense_steps(sequences, positions, n_inputs).T
    if static.shape[1]:
        columns[begin + n_inputs :] = np.tile(static[block.sequences], (n_steps, 1)).T
    return rows


def _static_of(sequences):
    """Return the static features of sequences, without columns if there are none."""
    return np.empty((len(sequences), 0)) if sequences.static is None else sequences.static


def dense_steps(sequences, positions, n_features):
    """Return time steps as vectors, also if they are stored as one-hot codes."""
    return as_vectors(sequences.values[positions], n_features)


def as_vectors(steps, n_features):
    """Return vectors unchanged, and one-hot codes as vectors."""
    if steps.ndim == 2:
        return steps
    return steps[:, None] == np.arange(n_features)


def pooled_rows(dynamics, sequences, pooling, n_inputs, noise_key=None):
    """Return one row for each sequence: its pooled states and inputs, and its static features.

    Parameters
    ----------
    dynamics : Dynamics
    sequences : Sequences
    pooling : str or tuple of str
        As in `Dynamics.pool`.
    n_inputs : int
        As in `step_rows`.
    noise_key : int or None
        As in `Dynamics.blocks`.

    Returns
    -------
    ndarray of shape (n_sequences, n_readout_features), float64
    """
    pooled = dynamics.pool(sequences, pooling, noise_key)
    further = [] if sequences.static is None else [sequences.static]
    if n_inputs:
        kinds = input_kinds(pooling)
        further[:0] = [pool_inputs(kind, sequences, dynamics.washout, n_inputs) for kind in kinds]
    return np.hstack([pooled, *further]) if further else pooled


def accumulate(statistics, blocks, sequences, targets, weights, *, washout, n_inputs):
    """Add the rows of all blocks to statistics, and return the states at the very end.

    Parameters
    ----------
    statistics : Moments or TriangularFactor
        The statistics, which are changed in place.
    blocks : iterable of StateBlock
    sequences : Sequences
    targets : ndarray of shape (n_steps, n_targets)
        The targets of all time steps, one sequence after another.
    weights : ndarray of shape (n_steps,) or None
    washout : int
        Number of initial time steps of each sequence that are left out.
    n_inputs : int
        As in `step_rows`.

    Returns
    -------
    list of ndarray of shape (units,)
        The states of each layer after the last time step of the sequence that ended last.
    """
    starts = offsets_of(sequences.lengths)
    last = None
    for block in blocks:
        ended = block.ended(sequences.lengths)
        if len(ended):
            last = [states[-1][:, ended[-1]].copy() for states in block.states]
        skipped = max(washout - block.begin, 0) * len(block.sequences)
        positions = block.positions(starts)[skipped:]
        if len(positions) == 0:
            continue
        rows = step_rows(block, sequences, n_inputs)[skipped:]
        chosen = None if weights is None else weights[positions]
        if chosen is not None and not chosen.all():
            # A target without a weight has no effect, not even on rounding.
            counted = chosen > 0
            rows, positions, chosen = rows[counted], positions[counted], chosen[counted]
            if not len(positions):
                continue
        statistics.add(rows, targets[positions], chosen)
    return last


def row_slices(n_rows):
    """Yield slices of at most 1024 rows that cover all rows."""
    for begin in range(0, n_rows, _ROWS_PER_BLOCK):
        yield slice(begin, begin + _ROWS_PER_BLOCK)
