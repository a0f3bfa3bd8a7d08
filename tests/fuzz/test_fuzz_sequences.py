"""`Sequences`, `check_sequences` and the conversions: any container, and junk is refused."""

import numpy as np
from attacks.verdicts import argument_names, refused, require_close, unchanged
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import ARRAYS, JUNK, batches, examples

from skrnn.sequences import (
    Sequences,
    check_sequences,
    from_channels_first,
    from_multiindex,
    from_nan_padded,
    to_channels_first,
    to_long,
    to_multiindex,
    to_padded,
)

NAMES = argument_names(check_sequences, Sequences) | {"sequence", "Sequence"}


@examples(100)
@given(drawn=batches())
def test_check_sequences_reads_every_container_alike(drawn):
    batch, X = drawn
    with unchanged(X):
        checked = check_sequences(X)
    assert checked.dtype == np.float32
    require_close(list(checked), batch, "another container")
    back = (
        from_nan_padded(to_padded(X)),
        from_channels_first(to_channels_first(X)),
        from_multiindex(to_multiindex(X))[0],
    )
    for sequences in back:
        require_close([np.float64(one) for one in sequences], [*map(np.float64, batch)], "back")


@examples(150)
@given(junk=JUNK, tokens=st.booleans(), allow_nan=st.booleans())
def test_check_sequences_refuses_junk_or_returns_sequences(junk, tokens, allow_nan):
    def check():
        return check_sequences(junk, tokens=tokens, allow_nan=allow_nan)

    with unchanged(junk):
        is_refused, found = refused(check, NAMES)
    if is_refused:
        return
    assert isinstance(found, Sequences)
    assert found.ndim == (2 if tokens else 3)
    assert len(found) == len(junk)
    values = found.concatenate()
    assert values.min() >= 0 if tokens else not np.isinf(values).any()
    assert allow_nan or np.isfinite(values).all()


@examples(60)
@given(junk=JUNK)
def test_conversions_refuse_junk(junk):
    for convert in (to_padded, to_channels_first, to_long, to_multiindex, from_multiindex):
        with unchanged(junk):
            refused(lambda convert=convert: convert(junk), argument_names(convert) | NAMES)
    with unchanged(junk):
        refused(lambda: from_nan_padded(junk), NAMES)


@examples(60)
@given(junk=JUNK | ARRAYS)
def test_from_channels_first_refuses_junk(junk):
    refused(lambda: from_channels_first(junk), NAMES)


POSITIONS = st.one_of(
    st.lists(st.integers(-3, 9), max_size=4),
    hnp.arrays(hnp.scalar_dtypes(), st.integers(0, 4)),
    hnp.arrays(np.int64, hnp.array_shapes(max_dims=2, max_side=3)),
)


@examples(150)
@given(values=ARRAYS, starts=POSITIONS, lengths=POSITIONS)
def test_sequences_of_any_arrays_are_refused_or_lie_inside(values, starts, lengths):
    with unchanged(values, starts, lengths):
        is_refused, batch = refused(lambda: Sequences(values, starts, lengths), NAMES)
    if is_refused:
        return
    assert len(batch) == len(starts)
    for steps, start, length in zip(batch, starts, lengths, strict=True):
        assert length == len(steps) >= 1
        assert 0 <= start <= len(values) - length
