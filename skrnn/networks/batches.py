"""Choose the sequences of each batch with NumPy, so that they are the same on every backend."""

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
    blurred = lengths * (1 + _LENGTH_TOLERANCE * rng.random(n))
    order = np.argsort(blurred, kind="stable").astype(np.int32)
    # Positions wrap around, so that one near either end is drawn as often as any other.
    small = np.arange(n % size) + rng.integers(n)
    batches = np.split(np.delete(order, small % n), range(size, n - len(small), size))
    if len(small):
        batches.append(order[small % n])
    shuffled = [batches[i] for i in rng.permutation(len(batches))]
    sizes = [len(batch) for batch in shuffled]
    return np.concatenate(shuffled), np.append(0, np.cumsum(sizes)).astype(np.int32)


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
