"""What the readout reads: rows of states and inputs in float64, a block at a time."""

import numpy as np

from skrnn.reservoir._pooling import pool_inputs

__all__ = [
    "accumulate",
    "dense_steps",
    "in_blocks",
    "n_readout_features",
    "pooled_features",
    "read_out",
    "step_features",
]

_ROWS = 1024


def n_readout_features(reservoir, n_inputs, pooling):
    """Return how many features the readout reads; a model space stands for the inputs too."""
    return reservoir._n_features_out if pooling == "states" else reservoir.n_states_ + n_inputs


def step_features(piece, sequences, n_inputs):
    """Return the rows of a piece: the states of all layers and, after them, the inputs.

    Parameters
    ----------
    piece : Piece
    sequences : Sequences
    n_inputs : int
        Features of a step; 0: inputs are not read out.

    Returns
    -------
    ndarray of shape (n_rows, n_readout_features), float64
        In the order of `Piece.positions`, laid out as the states are, so that nothing is
        transposed.
    """
    units = [states.shape[1] for states in piece.states]
    width, n_steps = len(piece.sequences), piece.n_steps
    total = sum(units) + n_inputs
    if width == 1:
        rows = np.empty((n_steps, total))
        columns = rows.T
    else:
        columns = np.empty((total, n_steps * width))
        rows = columns.T
    begin = 0
    for n, states in zip(units, piece.states, strict=True):
        part = columns[begin : begin + n]
        if width == 1:
            part.T[...] = states[:, :, 0]
        else:
            part.reshape(n, n_steps, width)[...] = np.moveaxis(states, 1, 0)
        begin += n
    if n_inputs:
        columns[begin:] = dense_steps(sequences, piece.positions(sequences.starts), n_inputs).T
    return rows


def dense_steps(sequences, positions, n_features):
    """Return steps as vectors, those of one-hot codes too."""
    steps = sequences.values[positions]
    if steps.ndim == 2:
        return steps
    return steps[:, None] == np.arange(n_features)


def pooled_features(reservoir, sequences, pooling, n_inputs, noise=None):
    """Return one row for each sequence, as `step_features` does for each step."""
    pooled = reservoir._pool(sequences, pooling, noise)
    if not n_inputs or pooling == "states":
        return pooled
    washout = reservoir.washout
    return np.hstack([pooled, pool_inputs(pooling, sequences, washout, n_inputs)])


def accumulate(statistics, pieces, sequences, targets, weights, *, washout, n_inputs):
    """Add the rows of all pieces to a readout's statistics; return the states at the very end.

    Parameters
    ----------
    statistics : Moments or TriangularFactor
    pieces : iterable of Piece
    sequences : Sequences
    targets : ndarray of shape (n_steps, n_targets)
        Of all steps, one sequence after another.
    weights : ndarray of shape (n_steps,) or None
    washout : int
        Steps at the beginning of each sequence that do not count.
    n_inputs : int
        As in `step_features`.

    Returns
    -------
    list of ndarray of shape (units,)
        Of each layer, after the last step of the sequence that ended last.
    """
    starts = np.cumsum(sequences.lengths) - sequences.lengths
    last = None
    for piece in pieces:
        ended = piece.ended(sequences.lengths)
        if len(ended):
            last = [states[-1][:, ended[-1]].copy() for states in piece.states]
        skipped = max(washout - piece.begin, 0) * len(piece.sequences)
        positions = piece.positions(starts)[skipped:]
        if len(positions) == 0:
            continue
        rows = step_features(piece, sequences, n_inputs)[skipped:]
        chosen = None if weights is None else weights[positions]
        statistics.add(rows, targets[positions], chosen)
    return last


def read_out(pieces, sequences, coef, intercept, n_inputs):
    """Return the readout at all steps, one sequence after another."""
    starts = np.cumsum(sequences.lengths) - sequences.lengths
    outputs = np.empty((sequences.lengths.sum(), len(intercept)))
    for piece in pieces:
        rows = step_features(piece, sequences, n_inputs)
        outputs[piece.positions(starts)] = rows @ coef + intercept
    return outputs


def in_blocks(n_rows):
    """Yield slices that cover so many rows."""
    for begin in range(0, n_rows, _ROWS):
        yield slice(begin, begin + _ROWS)
