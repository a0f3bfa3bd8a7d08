"""One long series in chunks that run side by side, each after a run-up that makes it forget.

A chunk begins some steps before its place, at zero. That is right only where the reservoir forgets:
so before anything is read, run-ups from zero and from a random state are compared at every cut, and
in the end each chunk's beginning with the end of the one before it.
"""

from dataclasses import replace

import numpy as np

from skrnn.reservoir._dynamics import pieces_of
from skrnn.sequences import Sequences

__all__ = ["chunked_pieces"]

# Chunks side by side, and how many times longer than its run-up a chunk must be.
_CHUNKS, _LONGER = 32, 4
# States that differ by this many units in the last place count as equal.
_TOLERANCE = 32


def chunked_pieces(layers, sequences, drive, overlap):
    """Yield the pieces of one series that is cut in chunks, as `pieces_of` does uncut.

    Parameters
    ----------
    layers : sequence of Layer
    sequences : Sequences
        One series.
    drive : Drive
        Without feedback or noise.
    overlap : int
        Steps of the run-up. It is doubled until the states at all cuts agree from two starts; a
        series that is then too short is run uncut.

    Yields
    ------
    Piece
    """
    tolerance = _TOLERANCE * np.finfo(layers[0].bias.dtype).eps
    start, n_steps = int(sequences.starts[0]), int(sequences.lengths[0])
    while overlap * _LONGER * 2 <= n_steps:
        n_chunks = min(_CHUNKS, n_steps // (overlap * _LONGER))
        length = -(-(n_steps - overlap) // n_chunks)
        starts = start + length * np.arange(-(-(n_steps - overlap) // length))
        if _forgotten(layers, sequences.values, starts[1:], overlap, drive, tolerance):
            lengths = np.minimum(length + overlap, start + n_steps - starts)
            chunks = Sequences(sequences.values, starts, lengths)
            pieces = pieces_of(layers, chunks, drive)
            yield from _in_place(pieces, starts - start, overlap, lengths, tolerance)
            return
        overlap *= 2
    yield from pieces_of(layers, sequences, drive)


def _forgotten(layers, values, starts, overlap, drive, tolerance):
    """Whether a run-up before each cut ends in one state, whatever state it began in."""
    run_ups = Sequences(values, starts, np.full(len(starts), overlap))
    rng = np.random.default_rng(0)
    elsewhere = replace(drive, initial=[rng.uniform(-1, 1, layer.units) for layer in layers])
    pairs = zip(
        pieces_of(layers, run_ups, drive), pieces_of(layers, run_ups, elsewhere), strict=True
    )
    return all(
        np.abs(one - other).max() <= tolerance
        for piece, same in pairs
        if piece.begin + piece.n_steps == overlap
        for one, other in zip(_ends(piece), _ends(same), strict=True)
    )


def _ends(piece):
    return [states[-1] for states in piece.states]


def _in_place(pieces, shifts, overlap, ends, tolerance):
    """Yield pieces of chunks as pieces of the series, without the run-ups.

    Raises
    ------
    ValueError
        In the end, if a chunk did not begin in the state that the one before it ended in.
    """
    begun, ended = {}, {}
    for piece in pieces:
        run_up = min(max(overlap - piece.begin, 0), piece.n_steps)
        if piece.begin + run_up == overlap and run_up:
            begun |= _columns(piece, run_up - 1, np.arange(len(piece.sequences)))
        ended |= _columns(piece, -1, piece.ended(ends))
        if run_up:
            first = np.flatnonzero(piece.sequences == 0)  # begins where the series does
            yield _part(piece, slice(0, run_up), first, shifts)
        if run_up < piece.n_steps:
            yield _part(piece, slice(run_up, None), slice(None), shifts)
    apart = max(np.abs(begun[i] - ended[i - 1]).max() for i in range(1, len(shifts)))
    if not apart <= tolerance:
        raise ValueError(
            "chunk_overlap cuts a series that remembers where it started, so that chunks differ "
            f"from the whole by {apart:.2g}; set it to None."
        )


def _columns(piece, step, columns):
    """Return the states of some columns at a step, by chunk."""
    states = np.concatenate([part[step] for part in piece.states])
    return {int(piece.sequences[column]): states[:, column].copy() for column in columns}


def _part(piece, steps, columns, shifts):
    states = [np.ascontiguousarray(part[steps][:, :, columns]) for part in piece.states]
    chunks = piece.sequences[columns]
    return replace(
        piece,
        sequences=np.zeros(len(chunks), dtype=np.int64),
        begin=piece.begin + (steps.start or 0),
        n_steps=len(states[0]),
        states=states,
        shifts=shifts[chunks],
    )
