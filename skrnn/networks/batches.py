"""Choose the sequences of each batch with NumPy, so that they are the same on every backend."""

import copy
from itertools import pairwise

import numpy as np

from skrnn.sequences import Sequences
from skrnn.sequences._sequences import offsets_of

# Sequences share a batch if their lengths differ by at most about this fraction. It is large enough
# for batches to change from epoch to epoch, and small enough to keep padding cheap.
_LENGTH_TOLERANCE = 0.25

# A block of predictions has at most this many padded time steps and sequences, so that its memory
# is bounded for any number and any length of sequences.
_MAX_STEPS = 2**16
_MAX_SEQUENCES = 2**11

# The lengths of many sequences are drawn in blocks, and sorted in at most this number of parts.
_BLOCK = 2**13
_PARTS = 32
# One in this number of lengths decides where the parts are divided.
_SAMPLED = 2**8


def compact(sequences):
    """Return the same sequences in an array that does not contain other time steps.

    A fold of a large data set is then sent to the device without the rest of the data.

    Parameters
    ----------
    sequences : Sequences

    Returns
    -------
    Sequences
    """
    lengths = sequences.lengths
    if lengths.sum() >= len(sequences.values):
        return sequences
    static = sequences.static, sequences.static_names
    return Sequences(sequences.concatenate(), offsets_of(lengths), lengths, None, *static)


def training_batches(lengths, batch_size, rng):
    """Divide sequences into the batches of one epoch.

    If the sequences do not fill the last batch, one batch is smaller, and each of its sequences
    has a larger weight. The smaller batch begins at a random position in the order of lengths, so
    that over the epochs no length has a larger weight than another.

    Parameters
    ----------
    lengths : ndarray of shape (n_sequences,)
    batch_size : int or None
        If None, all sequences are in one batch.
    rng : numpy.random.Generator or None
        The generator that draws the batches. If None, the sequences are used in the given order.

    Returns
    -------
    order : int32 ndarray of shape (n_sequences,)
        Indices of sequences, one batch after another.
    bounds : int32 ndarray of shape (n_batches + 1,)
        Batch `i` is ``order[bounds[i]:bounds[i + 1]]``.
    """
    n = len(lengths)
    size = n if batch_size is None else min(batch_size, n)
    if rng is None:
        return np.arange(n, dtype=np.int32), np.append(np.arange(0, n, size), n).astype(np.int32)
    parts = _sorted_parts(lengths, rng)
    n_small, first_of_small = n % size, int(rng.integers(n))
    n_batches = n // size + (n_small > 0)
    shuffled = rng.permutation(n_batches)
    sizes = np.where((shuffled == n_batches - 1) & (n_small > 0), n_small, size)
    bounds = np.append(0, np.cumsum(sizes)).astype(np.int32)
    begins = np.empty(n_batches, np.int64)
    begins[shuffled] = bounds[:-1]
    order, rank = np.empty(n, np.int32), 0
    for rows in parts:
        ranks = np.arange(rank, rank + len(rows))
        # Positions wrap around, so that one near either end is drawn as often as any other.
        in_small = (ranks - first_of_small) % n
        others = ranks - np.clip(ranks - first_of_small, 0, n_small)
        others -= max(0, first_of_small + n_small - n)
        where = begins[np.minimum(others // size, n_batches - 1)] + others % size
        is_small = in_small < n_small
        where[is_small] = begins[-1] + in_small[is_small]
        order[where] = rows
        rank += len(rows)
    return order, bounds


def _blurred(lengths, draws):
    """Yield the first index and the randomly changed lengths of one block after another."""
    for start in range(0, len(lengths), _BLOCK):
        block = lengths[start : start + _BLOCK]
        yield start, block * (1 + _LENGTH_TOLERANCE * draws.random(len(block)))


def _edges(lengths, rng):
    """Return the numbers that divide the changed lengths into parts of about the same size."""
    n_parts = min(_PARTS, -(-len(lengths) // _BLOCK))
    # A view of one number would keep its block.
    sample = [blurred[::_SAMPLED].copy() for _, blurred in _blurred(lengths, rng)]
    sample = np.sort(np.concatenate(sample))
    inner = sample[np.arange(1, n_parts) * len(sample) // n_parts]
    return [-np.inf, *inner, np.inf]


def _sorted_parts(lengths, rng):
    """Return the indices of sequences in the order of their changed lengths, some at a time."""
    if len(lengths) <= _BLOCK:
        [(_, blurred)] = _blurred(lengths, rng)
        return [np.argsort(blurred, kind="stable").astype(np.int32)]
    draws = copy.deepcopy(rng)
    return _redrawn_parts(lengths, draws, _edges(lengths, rng))


def _redrawn_parts(lengths, draws, edges):
    """Yield the indices of sequences in the order of their changed lengths, some at a time.

    The lengths are drawn again for each part, because they would need twice the memory of the
    order, and three times with the indices that sort them.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_sequences,)
    draws : numpy.random.Generator
        It draws the same numbers as the generator from which `edges` were found.
    edges : list of float
    """
    for low, high in pairwise(edges):
        rows, keys = [], []
        for start, blurred in _blurred(lengths, copy.deepcopy(draws)):
            inside = np.flatnonzero((blurred >= low) & (blurred < high))
            rows.append((inside + start).astype(np.int32))
            keys.append(blurred[inside])
        rows, keys = np.concatenate(rows), np.concatenate(keys)
        rows = rows[np.argsort(keys, kind="stable")]
        for start in range(0, len(rows), _BLOCK):
            yield rows[start : start + _BLOCK]


def inference_batches(lengths, *, equal_lengths=False, max_steps=_MAX_STEPS):
    """Divide sequences into blocks of similar length, the shortest sequences first.

    Parameters
    ----------
    lengths : ndarray of shape (n_sequences,)
    equal_lengths : bool, default=False
        If True, all sequences of a block have the same length, so there is no padding.
    max_steps : int, default=65536
        The largest number of padded time steps of a block of several sequences.

    Yields
    ------
    ndarray of int
        Indices of the sequences of one block.
    """
    order = np.argsort(lengths, kind="stable").astype(np.int32)
    ordered = lengths[order]
    start = 0
    while start < len(order):
        stop = min(start + _MAX_SEQUENCES, len(order))
        if equal_lengths:
            stop = min(stop, np.searchsorted(ordered, ordered[start], side="right"))
        while stop - start > 1 and (stop - start) * ordered[stop - 1] > max_steps:
            stop = start + (stop - start + 1) // 2
        yield order[start:stop]
        start = stop
