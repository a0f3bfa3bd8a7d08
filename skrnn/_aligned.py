"""Arrays in memory that the frameworks can read where it is."""

import math

import numpy as np

# TensorFlow and JAX copy an array that does not begin at a multiple of this number of bytes.
# NumPy's own arrays begin at multiples of 16.
_ALIGNMENT = 64


def aligned_empty(shape, dtype):
    """Return an array without values, like `numpy.empty`, that need not be copied to be a tensor.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype

    Examples
    --------
    >>> array = aligned_empty((3, 2), np.float32)
    >>> array.shape, array.dtype, array.ctypes.data % 64
    ((3, 2), dtype('float32'), 0)
    """
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(n_bytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + n_bytes].view(dtype).reshape(shape)
