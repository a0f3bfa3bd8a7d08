"""What the tests of this folder draw: batches of sequences, and values that are not data at all."""

import os

import numpy as np
from attacks.values import BAD_X, EQUAL, RAGGED
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skrnn import check_sequences

# Continuous integration tries few examples, always the same ones; SKRNN_FUZZ=long tries many.
_FACTOR = 40 if os.environ.get("SKRNN_FUZZ") == "long" else 1


def examples(n):
    """Return settings with a number of examples, which is larger in a long run."""
    return settings(max_examples=n * _FACTOR)


# Multiples of 1/4, which every floating dtype holds exactly.
QUARTERS = st.integers(-32, 32).map(lambda i: i / 4)


@st.composite
def batches(draw, n_features=2, min_size=2, max_size=7, max_steps=6):
    """Draw a list of float32 sequences, and the same sequences in some container."""
    sizes = st.lists(st.integers(1, max_steps), min_size=min_size, max_size=max_size)
    lengths = draw(sizes)
    if draw(st.booleans()):
        lengths = [lengths[0]] * len(lengths)
    shape = (sum(lengths), n_features)
    steps = draw(hnp.arrays(np.float32, shape, elements=QUARTERS, fill=st.nothing()))
    batch = np.split(steps, np.cumsum(lengths)[:-1])
    kinds = EQUAL if len(set(lengths)) == 1 else RAGGED
    return batch, kinds[draw(st.sampled_from(sorted(kinds)))](batch)


def sequences_of(X):
    """Return the sequences of a batch in any container; iterating over a table gives columns."""
    return list(check_sequences(X))


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.dates(),
)
_DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.datetime64_dtypes(),
    hnp.timedelta64_dtypes(),
    hnp.unicode_string_dtypes(max_len=3),
    hnp.byte_string_dtypes(max_len=3),
)
ARRAYS = hnp.arrays(_DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
_NESTED = st.recursive(
    _SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)


@st.composite
def spoilt_batches(draw):
    """Draw one batch of sequences, in which something is wrong."""
    batch, _ = draw(batches())
    return BAD_X[draw(st.sampled_from(sorted(BAD_X)))](batch)


JUNK = spoilt_batches() | _NESTED | st.lists(ARRAYS, max_size=3)
