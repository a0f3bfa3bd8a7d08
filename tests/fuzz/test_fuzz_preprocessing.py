"""Transformers and `regularize`: identities on any data, and junk is refused."""

import numpy as np
import pandas as pd
from attacks.values import objects
from attacks.verdicts import (
    argument_names,
    fit_or_refuse,
    refused,
    require_close,
    unchanged,
)
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler
from strategies import ARRAYS, JUNK, QUARTERS, batches, examples, sequences_of

from skrnn.preprocessing import (
    EmbeddingTokenizer,
    Interpolator,
    OneHotSequenceEncoder,
    SlidingWindow,
    TimeDistributed,
    regularize,
)

# --- symbols and texts --------------------------------------------------------------------------

SYMBOLS = st.one_of(
    st.lists(st.lists(st.sampled_from("abcdé "), min_size=1, max_size=5), min_size=1, max_size=6),
    st.lists(st.lists(st.integers(-9, 9), min_size=1, max_size=5), min_size=1, max_size=6),
)
CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "object array": objects,
    "Series": lambda batch: pd.Series(objects(batch), index=range(7, 7 + len(batch))),
    "list of arrays": lambda batch: [np.array(symbols) for symbols in batch],
    "list of tuples": lambda batch: [tuple(symbols) for symbols in batch],
}


def dense(matrices):
    return [matrix.toarray() if hasattr(matrix, "toarray") else matrix for matrix in matrices]


@examples(40)
@given(
    batch=SYMBOLS,
    container=st.sampled_from(sorted(CONTAINERS)),
    sparse_output=st.booleans(),
    max_categories=st.none() | st.integers(1, 4),
)
def test_one_hot_sequence_encoder(batch, container, sparse_output, max_categories):
    encoder = OneHotSequenceEncoder(
        sparse_output=sparse_output,
        max_categories=max_categories,
        handle_unknown="infrequent_if_exist" if max_categories else "error",
    )
    given_batch = CONTAINERS[container](batch)
    with unchanged(given_batch):
        encoded = dense(encoder.fit(given_batch).transform(given_batch))
    for matrix, symbols in zip(encoded, batch, strict=True):
        assert matrix.shape == (len(symbols), len(encoder.get_feature_names_out()))
        assert_array_equal(matrix.sum(axis=1), 1)
    plain = OneHotSequenceEncoder(**encoder.get_params()).fit_transform(batch)
    require_close(dense(plain), encoded, "fit_transform of a list")
    alone = [dense(encoder.transform([symbols]))[0] for symbols in batch]
    require_close(alone, encoded, "alone")
    if max_categories is None:
        back = encoder.inverse_transform(encoded)
        assert [list(symbols) for symbols in back] == [list(symbols) for symbols in batch]


TEXTS = st.lists(st.text("ab é.1\n", max_size=12), min_size=1, max_size=6)


@examples(40)
@given(
    texts=TEXTS,
    analyzer=st.sampled_from(["word", "char"]),
    max_length=st.none() | st.integers(1, 6),
    truncating=st.sampled_from(["pre", "post"]),
    n_first=st.integers(1, 5),
)
def test_embedding_tokenizer(texts, analyzer, max_length, truncating, n_first):
    parameters = {"analyzer": analyzer, "max_length": max_length, "truncating": truncating}
    parameters["token_pattern"] = r"\w+"
    tokenizer = EmbeddingTokenizer(**parameters)
    if fit_or_refuse(tokenizer, texts):
        return
    ids = tokenizer.transform(texts)
    assert len(ids) == len(texts)
    for one in ids:
        assert one.dtype == np.int32
        assert 1 <= len(one)
        assert max_length in (None, len(one))
        assert 0 <= one.min() <= one.max() < tokenizer.n_tokens_
        assert one[0] != 0
    alone = [tokenizer.transform([text])[0] for text in texts]
    for container in (tuple(texts), np.array(texts, dtype=object), pd.Series(texts)):
        for one, other in zip(tokenizer.transform(container), alone, strict=True):
            assert_array_equal(one, other)
    assert list(EmbeddingTokenizer(**parameters).fit(texts[::-1]).vocabulary_.items()) == list(
        tokenizer.vocabulary_.items()
    )
    parts = EmbeddingTokenizer(**parameters)
    for part in (texts[:n_first], texts[n_first:]):
        if part:
            parts.partial_fit(part)
    assert parts.vocabulary_ == tokenizer.vocabulary_


@examples(60)
@given(junk=JUNK)
def test_one_hot_sequence_encoder_refuses_junk(junk):
    fit_or_refuse(OneHotSequenceEncoder().fit([["a"]]), junk)


@examples(40)
@given(
    junk=JUNK,
    analyzer=st.sampled_from(["word", "char", "tokens"]),
)
def test_embedding_tokenizer_refuses_junk(junk, analyzer):
    tokenizer = EmbeddingTokenizer(analyzer=analyzer)
    tokenizer.fit([["a"]] if analyzer == "tokens" else ["ab cd"])
    fit_or_refuse(tokenizer, junk)


# --- tables of rows in time ---------------------------------------------------------------------

TABLES = st.tuples(st.integers(1, 12), st.integers(1, 3)).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=QUARTERS)
)


@examples(40)
@given(table=TABLES, window_length=st.integers(1, 5), boundary=st.sampled_from(["edge", "zero"]))
def test_sliding_window(table, window_length, boundary):
    transformer = SlidingWindow(window_length, boundary=boundary)
    first = table[:1] if boundary == "edge" else np.zeros_like(table[:1])
    padded = np.vstack([np.repeat(first, window_length - 1, axis=0), table])
    expected = [padded[i : i + window_length] for i in range(len(table))]
    for X in (table, table.astype(np.float32), pd.DataFrame(table), table.tolist()):
        with unchanged(X):
            windows = transformer.fit(X).transform(X)
        assert_array_equal(windows, expected)


GAPPY = st.tuples(st.integers(1, 12), st.integers(1, 3)).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=QUARTERS | st.just(np.nan))
)
METHODS = ["linear", "nearest", "ffill", "quadratic", "cubic", "akima", "pchip"]


@examples(60)
@given(
    table=GAPPY,
    method=st.sampled_from(METHODS),
    causal=st.booleans(),
    limit=st.none() | st.integers(1, 3),
)
def test_interpolator(table, method, causal, limit):
    model = Interpolator(method, causal=causal, limit=limit)
    if fit_or_refuse(model, table):
        assert np.isnan(table).all(axis=0).any()
        return
    known = ~np.isnan(table)
    with unchanged(table):
        filled = model.transform(table)
    assert_array_equal(filled[known], table[known])
    assert limit is not None or np.isfinite(filled).all()
    for X in (
        pd.DataFrame(table, columns=[f"c{i}" for i in range(table.shape[1])]),
        table.tolist(),
    ):
        assert_array_equal(Interpolator(**model.get_params()).fit(X).transform(X), filled)
    if causal:
        for n in range(1, len(table)):
            assert_array_equal(model.transform(table[:n]), filled[:n])
    elif method not in ("quadratic", "cubic"):
        low, high = np.nanmin(table, axis=0), np.nanmax(table, axis=0)
        if method != "akima":
            assert (np.nan_to_num(filled, nan=low.min()) >= low.min()).all()
            assert (np.nan_to_num(filled, nan=high.max()) <= high.max()).all()


@examples(30)
@given(drawn=batches(), scaler=st.sampled_from([StandardScaler(), MinMaxScaler()]))
def test_time_distributed(drawn, scaler):
    batch, X = drawn
    transformer = TimeDistributed(scaler)
    with unchanged(X):
        found = transformer.fit(X).transform(X)
    steps = np.concatenate(batch)
    expected = np.split(scaler.fit(steps).transform(steps), np.cumsum([*map(len, batch)])[:-1])
    require_close(sequences_of(found), expected, "all steps at once", 1e-5)
    back = transformer.inverse_transform(found)
    # Where a feature is constant, the scaler divides by one.
    require_close(sequences_of(back), batch, "back", 1e-4)


MINUTES = st.lists(st.integers(0, 3000), min_size=1, max_size=12)


@examples(40)
@given(
    minutes=MINUTES,
    freq=st.sampled_from(["h", "30min", "3h", "D"]),
    aggregate=st.sampled_from(["mean", "median", "min", "max", "sum", "first", "last"]),
)
def test_regularize(minutes, freq, aggregate):
    times = pd.Timestamp("2026-03-01 00:07") + pd.to_timedelta(minutes, "min")
    values = pd.Series(np.arange(len(minutes)) / 4, index=times)
    with unchanged(values):
        regular = regularize(values, freq, aggregate=aggregate)
    options = {"min_count": 1} if aggregate == "sum" else {}
    resampled = values.sort_index(kind="stable").resample(freq, closed="right", label="right")
    expected = getattr(resampled, aggregate)(**options)
    assert list(regular.index) == list(expected.index)
    assert_allclose(regular, expected)
    assert_allclose(regularize(regular, freq, aggregate=aggregate), regular)
    shuffled = values.sample(frac=1, random_state=0).sort_values(kind="stable")
    assert_allclose(regularize(shuffled, freq, aggregate=aggregate), regular)


@examples(60)
@given(junk=JUNK)
def test_time_distributed_and_regularize_refuse_junk(junk):
    fit_or_refuse(TimeDistributed(MaxAbsScaler()).fit([[[1.0, 2.0]]]), junk)
    with unchanged(junk):
        refused(lambda: regularize(junk, "h"), argument_names(regularize))


@examples(60)
@given(junk=JUNK | ARRAYS)
def test_sliding_window_and_interpolator_refuse_junk(junk):
    for transformer in (SlidingWindow(2), Interpolator()):
        if not fit_or_refuse(transformer.fit(np.ones((4, 2))), junk):
            names = argument_names(transformer)
            is_refused, found = refused(lambda model=transformer: model.transform(junk), names)
            assert is_refused or len(found) == len(junk)
