"""Which sequences share a batch: plain NumPy, seeded, the same on every backend."""

import numpy as np

from skrnn.sequences import Sequences

__all__ = ["Feed", "compact", "inference_batches", "training_batches"]

# Sequences share a batch when their lengths differ by about this share: wide enough that the
# make-up of batches changes from epoch to epoch, narrow enough that little is spent on padding.
_LENGTH_TOLERANCE = 0.25

# A block of predictions holds at most this many padded steps and sequences, so that its memory is
# bounded whatever the number and the length of the sequences.
_MAX_STEPS = 2**16
_MAX_SEQUENCES = 2**11

# Steps of more bytes than this are sent to the device in blocks, as they are wanted: they may be a
# file larger than the memory.
RESIDENT_BYTES = 2**28
# A block is this part of it.
_BLOCKS = 16


def compact(sequences):
    """Return the sequences on values of their own if they use but a part of those they share.

    A fold of a large data set is then sent to the device without the rest.

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
    return Sequences(sequences.concatenate(), np.cumsum(lengths) - lengths, lengths)


class Feed:
    """Data on the device: all of them, or, where they are too large, a block at a time.

    Parameters
    ----------
    send : callable
        Of data, giving tensors.
    take : callable
        Of sequence numbers (or a slice), giving data.
    sequences : Sequences
        Those of all the data.

    Attributes
    ----------
    is_whole : bool
        Whether all data are on the device.
    max_sequences : int
        How many sequences to ask for at once where they are not.
    """

    def __init__(self, send, take, sequences):
        self._send, self._take = send, take
        one_step = sequences.values[:1].nbytes
        n_steps = min(sequences.lengths.sum(), len(sequences.values))
        self.is_whole = n_steps * one_step <= RESIDENT_BYTES
        self._tensors = send(take(slice(None))) if self.is_whole else None
        self.max_sequences = RESIDENT_BYTES // (_BLOCKS * one_step * int(sequences.lengths.max()))

    def __call__(self, rows):
        """Return tensors that hold some sequences, and the numbers that these have there."""
        if self._tensors is not None:
            return self._tensors, rows
        return self._send(self._take(rows)), np.arange(len(rows), dtype=np.int32)


def training_batches(lengths, batch_size, rng):
    """Cut sequences into batches for one epoch.

    Where the sequences do not fill the last batch, a smaller one is left, in which each sequence
    weighs more. It begins anywhere in the order of lengths, so that over the epochs no length
    weighs more than another.

    Parameters
    ----------
    lengths : ndarray of shape (n_sequences,)
    batch_size : int or None
        None: one batch.
    rng : numpy.random.Generator or None
        None: the given order, no shuffling.

    Returns
    -------
    order : int32 ndarray of shape (n_sequences,)
        Sequence numbers, one batch after another.
    bounds : int32 ndarray of shape (n_batches + 1,)
        Batch `i` is ``order[bounds[i]:bounds[i + 1]]``.
    """
    n = len(lengths)
    size = n if batch_size is None else min(batch_size, n)
    if rng is None:
        return np.arange(n, dtype=np.int32), np.append(np.arange(0, n, size), n).astype(np.int32)
    blurred = lengths * (1 + _LENGTH_TOLERANCE * rng.random(n))
    order = np.argsort(blurred, kind="stable").astype(np.int32)
    # Round the end to the beginning: a place near either end is drawn as often as any.
    small = np.arange(n % size) + rng.integers(n)
    batches = np.split(np.delete(order, small % n), range(size, n - len(small), size))
    if len(small):
        batches.append(order[small % n])
    shuffled = [batches[i] for i in rng.permutation(len(batches))]
    sizes = [len(batch) for batch in shuffled]
    return np.concatenate(shuffled), np.append(0, np.cumsum(sizes)).astype(np.int32)


def inference_batches(lengths, *, equal_lengths=False):
    """Cut sequences into blocks of like length, the shortest first.

    Parameters
    ----------
    lengths : ndarray of shape (n_sequences,)
    equal_lengths : bool, default=False
        True: no block holds two lengths, so no step is padding.

    Yields
    ------
    ndarray of int
        Sequence numbers of one block.
    """
    order = np.argsort(lengths, kind="stable").astype(np.int32)
    ordered = lengths[order]
    start = 0
    while start < len(order):
        stop = min(start + _MAX_SEQUENCES, len(order))
        if equal_lengths:
            stop = min(stop, np.searchsorted(ordered, ordered[start], side="right"))
        while stop - start > 1 and (stop - start) * ordered[stop - 1] > _MAX_STEPS:
            stop = start + (stop - start + 1) // 2
        yield order[start:stop]
        start = stop
