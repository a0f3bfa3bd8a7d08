"""Sequences of symbols as integer codes, the common form of tokens and of categories.

Each distinct symbol is stored once, and every step is an integer. Counting, choosing and numbering
symbols are then operations on arrays.
"""

from array import array
from collections import defaultdict
from typing import NamedTuple

import numpy as np

# Integers within a range of this size are counted in a table; others are sorted.
_TABLE_SIZE = 1 << 21

_BLOCK = 1 << 20


class SymbolSequences(NamedTuple):
    """A batch of sequences of symbols, one sequence after another.

    Parameters
    ----------
    distinct : list of str or list of int
        The distinct symbols.
    codes : ndarray of int32 of shape (n_steps_total,)
        For each step, the index of its symbol in `distinct`.
    lengths : ndarray of int64 of shape (n_sequences,)
        The number of steps of each sequence, which may be 0.
    """

    distinct: list
    codes: np.ndarray
    lengths: np.ndarray


class Factorizer:
    """Assigns codes to symbols in the order of their first occurrence, one sequence at a time.

    Examples
    --------
    >>> factorizer = Factorizer()
    >>> factorizer.append(["on", "off", "on"])
    >>> factorizer.append(["off"])
    >>> factorizer.sequences()
    SymbolSequences(distinct=['on', 'off'], codes=array([0, 1, 0, 1], dtype=int32),
                    lengths=array([3, 1]))
    """

    def __init__(self):
        self._code_of = defaultdict()
        self._code_of.default_factory = self._code_of.__len__  # a new symbol gets the next code
        self._codes = array("i")
        self._lengths = array("q")

    def append(self, symbols):
        """Append one sequence, given as an iterable of hashable symbols."""
        n_before = len(self._codes)
        self._codes.extend(map(self._code_of.__getitem__, symbols))
        self._lengths.append(len(self._codes) - n_before)

    def sequences(self):
        """Return all sequences as `SymbolSequences`."""
        return SymbolSequences(
            list(self._code_of),
            np.array(self._codes, dtype=np.int32),
            np.array(self._lengths, dtype=np.int64),
        )


def factorize_integers(values):
    """Return the distinct integers, sorted, and the index of each value among them.

    Parameters
    ----------
    values : ndarray of integers of shape (n,)

    Returns
    -------
    distinct : list of int
        The distinct integers.
    codes : ndarray of int32 of shape (n,)
        The index of each value in `distinct`.

    Examples
    --------
    >>> factorize_integers(np.array([7, -2, 7]))
    ([-2, 7], array([1, 0, 1], dtype=int32))
    """
    if len(values) == 0:
        return [], np.empty(0, dtype=np.int32)
    low, high = int(values.min()), int(values.max())
    if high - low >= max(_TABLE_SIZE, len(values)):
        distinct, codes = np.unique(values, return_inverse=True)
        return distinct.tolist(), codes.astype(np.int32)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(values), _BLOCK)]
    occurs = np.zeros(high - low + 1, dtype=bool)
    for block in blocks:
        occurs[_differences(values[block], low)] = True
    code_of = np.cumsum(occurs, dtype=np.int32) - 1
    codes = np.empty(len(values), dtype=np.int32)
    for block in blocks:
        codes[block] = code_of[_differences(values[block], low)]
    return [low + offset for offset in np.flatnonzero(occurs).tolist()], codes


def _differences(values, low):
    """Return values - low without overflow in the dtype of the values."""
    if values.dtype.itemsize < 8:
        values = values.astype(np.int64)
    return (values - values.dtype.type(low)).astype(np.intp, copy=False)
