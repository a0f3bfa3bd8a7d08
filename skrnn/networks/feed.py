"""Send data to the device: all at once, or in blocks if they are too large."""

import numpy as np

from skrnn.networks.batches import compact

# Time steps with more bytes than this are sent to the device in blocks, each when it is needed,
# because they may be read from a file that is larger than the memory.
RESIDENT_BYTES = 2**28
# A block has at most RESIDENT_BYTES divided by this number, counted in padded time steps.
_BLOCKS = 16
# With more sequences than this, only their time steps stay on the device. What belongs to a whole
# sequence, such as its target, is sent with the batches that need it: for many windows over one
# series, it would take more memory than the series.
_RESIDENT_SEQUENCES = 2**15


class Feed:
    """Provide data on the device, all at once or, if they are too large, one block at a time.

    Of many sequences, the time steps are sent at once, and the rest one block at a time.

    Parameters
    ----------
    send : callable
        A function that converts data to tensors on the device.
    data : Sequences or Examples
    sequences : Sequences
        The sequences of the data.
    send_steps : callable or None, default=None
        A function that sends the time steps of data. It returns the data, and a function that
        converts some of them to tensors, with the time steps on the device.

    Attributes
    ----------
    is_whole : bool
        Whether all time steps are on the device.
    max_sequences : int
        The largest number of sequences to request at once if `is_whole` is False.
    """

    def __init__(self, send, data, sequences, send_steps=None):
        self._send, self._data, self._tensors = send, data, None
        one_step = sequences.values[:1].nbytes
        n_steps = min(sequences.lengths.sum(), len(sequences.values))
        self.is_whole = n_steps * one_step <= RESIDENT_BYTES
        if self.is_whole and send_steps and len(sequences) > _RESIDENT_SEQUENCES:
            self._data, self._send = send_steps(data)
        elif self.is_whole:
            self._tensors = send(data)
        self.max_sequences = RESIDENT_BYTES // (_BLOCKS * one_step * int(sequences.lengths.max()))

    def __call__(self, rows):
        """Return tensors that contain the sequences `rows`, and their indices in the tensors."""
        if self._tensors is not None:
            return self._tensors, rows
        return self._send(self._data[rows]), np.arange(len(rows), dtype=np.int32)


def standardized(sequences, standardization, dtype):
    """Return sequences as the network receives them.

    This happens when sequences are sent to the device, so that data from a file are standardised
    one block at a time.

    Parameters
    ----------
    sequences : Sequences
    standardization : Standardization or None
        If None, the sequences are returned unchanged.
    dtype : {"float32", "float64"}
    """
    if standardization is None:
        return sequences
    return standardization.apply(compact(sequences), dtype)
