"""Batches of sequences that several test files share, and hypothesis strategies that draw more."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from skrnn.sequences import Sequences

quick = settings(max_examples=50)

STEPS = np.arange(24.0).reshape(2, 4, 3)
TABLE = STEPS[:, :, 0]
RAGGED = [STEPS[0], STEPS[1, :2]]
UNIVARIATE = [TABLE[0], TABLE[1, :2]]


def objects(items):
    """Return an object array of the items; `np.array` would join items of equal length."""
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


class ArrayLike:
    """An object with the array protocol only."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


FLOATS = st.floats(-1e6, 1e6, width=32)


@st.composite
def ragged(draw, max_sequences=6, max_steps=5):
    """Draw a list of (T_i, F) arrays."""
    lengths = draw(st.lists(st.integers(1, max_steps), min_size=1, max_size=max_sequences))
    n_features = draw(st.integers(1, 3))
    steps = draw(hnp.arrays(np.float32, (sum(lengths), n_features), elements=FLOATS))
    return np.split(steps, np.cumsum(lengths)[:-1])


@st.composite
def list_views(draw):
    """Draw `Sequences` that overlap, leave gaps and are in any order."""
    n_steps = draw(st.integers(1, 12))
    spans = st.tuples(st.integers(0, n_steps - 1), st.integers(1, n_steps))
    spans = draw(st.lists(spans, min_size=1, max_size=8))
    starts = np.array([start for start, _ in spans])
    lengths = np.array([min(length, n_steps - start) for start, length in spans])
    values = draw(hnp.arrays(np.float32, (n_steps, 2), elements=FLOATS))
    return Sequences(values, starts, lengths)


def assert_same(sequences, expected):
    """Check that two collections hold equal arrays."""
    assert len(sequences) == len(expected)
    for one, other in zip(sequences, expected, strict=True):
        assert_array_equal(one, other)
