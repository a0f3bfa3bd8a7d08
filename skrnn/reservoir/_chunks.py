"""Split one long series into chunks that run side by side, each after its own warm-up.

The warm-up of a chunk begins at a zero state, some time steps before the chunk. This is only valid
if the reservoir forgets its initial state. So before any state is used, warm-ups from zero and from
a random state are compared at every boundary, and in the end the state at the beginning of each
chunk is compared with the state at the end of the chunk before it.
"""

from dataclasses import replace

import numpy as np

from skrnn.reservoir._time_loop import state_blocks
from skrnn.sequences import Sequences

# The maximum number of chunks, and how many times longer than its warm-up a chunk must be.
_MAX_CHUNKS, _MIN_RATIO = 32, 4
# States that differ by at most this many units in the last place count as equal.
_TOLERANCE = 32


def chunked_state_blocks(layers, sequences, drive, overlap):
    """Yield the blocks of one series that runs in chunks, like `state_blocks` without chunks.

    Parameters
    ----------
    layers : sequence of Layer
    sequences : Sequences
        One series.
    drive : Drive
        It has neither feedback nor noise.
    overlap : int
        The number of time steps of a warm-up. It is doubled until the states at all boundaries are
        equal from two initial states; if the series is too short for this overlap, it runs as a
        whole.

    Yields
    ------
    StateBlock
    """
    tolerance = _TOLERANCE * np.finfo(layers[0].bias.dtype).eps
    start, n_steps = int(sequences.starts[0]), int(sequences.lengths[0])
    while overlap * _MIN_RATIO * 2 <= n_steps:
        n_chunks = min(_MAX_CHUNKS, n_steps // (overlap * _MIN_RATIO))
        length = -(-(n_steps - overlap) // n_chunks)
        starts = start + length * np.arange(-(-(n_steps - overlap) // length))
        if _is_forgotten(layers, sequences.values, starts[1:], overlap, drive, tolerance):
            lengths = np.minimum(length + overlap, start + n_steps - starts)
            chunks = Sequences(sequences.values, starts, lengths)
            blocks = state_blocks(layers, chunks, drive)
            yield from _blocks_of_series(blocks, starts - start, overlap, lengths, tolerance)
            return
        overlap *= 2
    yield from state_blocks(layers, sequences, drive)


def _is_forgotten(layers, values, starts, overlap, drive, tolerance):
    """Return whether all warm-ups end in the same states from two initial states."""
    warm_ups = Sequences(values, starts, np.full(len(starts), overlap))
    rng = np.random.default_rng(0)
    elsewhere = replace(drive, initial=[rng.uniform(-1, 1, layer.units) for layer in layers])
    pairs = zip(
        state_blocks(layers, warm_ups, drive),
        state_blocks(layers, warm_ups, elsewhere),
        strict=True,
    )
    return all(
        np.abs(one - other).max() <= tolerance
        for block, same in pairs
        if block.begin + block.n_steps == overlap
        for one, other in zip(_last_states(block), _last_states(same), strict=True)
    )


def _last_states(block):
    return [states[-1] for states in block.states]


def _blocks_of_series(blocks, shifts, overlap, ends, tolerance):
    """Yield the blocks of chunks as blocks of the series, without the warm-ups.

    Raises
    ------
    ValueError
        At the end, if a chunk did not begin in the state in which the one before it ended.
    """
    first, last = {}, {}
    for block in blocks:
        n_warm_up = min(max(overlap - block.begin, 0), block.n_steps)
        if block.begin + n_warm_up == overlap and n_warm_up:
            first |= _states_by_chunk(block, n_warm_up - 1, np.arange(len(block.sequences)))
        last |= _states_by_chunk(block, -1, block.ended(ends))
        if n_warm_up:
            # The first chunk begins where the series does, so its warm-up belongs to the result.
            columns = np.flatnonzero(block.sequences == 0)
            yield _part_of_series(block, slice(0, n_warm_up), columns, shifts)
        if n_warm_up < block.n_steps:
            yield _part_of_series(block, slice(n_warm_up, None), slice(None), shifts)
    difference = max(np.abs(first[i] - last[i - 1]).max() for i in range(1, len(shifts)))
    if not difference <= tolerance:
        raise ValueError(
            "chunk_overlap cannot be used on this series, because the reservoir does not forget "
            f"its initial state: the states of chunks differ by {difference:.2g} from those of "
            "the whole series. Set chunk_overlap=None."
        )


def _states_by_chunk(block, step, columns):
    """Return the states of some columns at a time step, by chunk."""
    states = np.concatenate([part[step] for part in block.states])
    return {int(block.sequences[column]): states[:, column].copy() for column in columns}


def _part_of_series(block, steps, columns, shifts):
    states = [np.ascontiguousarray(part[steps][:, :, columns]) for part in block.states]
    chunks = block.sequences[columns]
    return replace(
        block,
        sequences=np.zeros(len(chunks), dtype=np.int64),
        begin=block.begin + (steps.start or 0),
        n_steps=len(states[0]),
        states=states,
        shifts=shifts[chunks],
    )
