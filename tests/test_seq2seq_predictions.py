"""Predicted sequences: greedy and beam search, lengths, batches, and agreement of all methods."""

from functools import lru_cache
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from seq2seq_models import LEARNS_PAIR, LEARNS_SERIES, TINY_PAIR, pairs

from skrnn import Seq2SeqClassifier, Seq2SeqRegressor
from skrnn.metrics import token_accuracy_score

X, TEXTS, SERIES = pairs()


@lru_cache
def writer(**params):
    """Return a fitted classifier."""
    return Seq2SeqClassifier(**{**LEARNS_PAIR, **params}).fit(X, TEXTS)


@lru_cache
def tracker():
    """Return a fitted regressor."""
    return Seq2SeqRegressor(**LEARNS_SERIES).fit(X, SERIES)


def log_probabilities(model, sources, texts):
    """Return the logarithm of the probability of each text, without that of the stop, and its."""
    found = []
    for text, rows in zip(texts, model.predict_proba(sources, texts), strict=True):
        codes = np.searchsorted(model.classes_, list(text)) if text else np.empty(0, int)
        log_p = np.log(rows[np.arange(len(codes)), codes]).sum()
        found.append((log_p, np.log(rows[-1, -1])))
    return found


# --- greedy search ----------------------------------------------------------------------------


@pytest.mark.any_backend
def test_seq2seq_classifier_learns():
    model = writer()
    assert model.score(X, TEXTS) > 0.9
    assert "" in TEXTS
    assert model.score(X, TEXTS) == token_accuracy_score(
        list(map(list, TEXTS)), list(map(list, model.predict(X)))
    )


def test_greedy_search_takes_the_likeliest_token_at_each_time_step():
    model = Seq2SeqClassifier(**{**LEARNS_PAIR, "epochs": 12}, max_length=5).fit(X, TEXTS)
    predicted = model.predict(X)
    assert len(set(predicted)) > 3
    for text, rows in zip(predicted, model.predict_proba(X, predicted), strict=True):
        assert_allclose(rows.sum(axis=1), 1, rtol=1e-6)
        likeliest = np.append(model.classes_, "")[rows.argmax(axis=1)]
        assert "".join(likeliest[: len(text)]) == text
        assert len(text) == 5 or likeliest[len(text)] == ""


@pytest.mark.any_backend
def test_max_length_cuts_predictions():
    model = writer()
    assert model.max_length_ == 2 * max(map(len, TEXTS))
    cut = Seq2SeqClassifier(**LEARNS_PAIR, max_length=1).fit(X, TEXTS)
    assert cut.max_length_ == 1
    assert cut.predict(X) == [text[:1] for text in model.predict(X)]
    assert all(len(text) <= 1 for text in cut.predict(X, beam_width=3))


@pytest.mark.parametrize("beam_width", [1, 3])
def test_predicted_sequences_are_the_same_alone_and_in_any_batch(beam_width):
    model = writer()
    predicted = model.predict(X, beam_width=beam_width)
    assert [model.predict([x], beam_width=beam_width)[0] for x in X[:6]] == predicted[:6]
    assert model.predict(X[::-1], beam_width=beam_width)[::-1] == predicted
    longer = [*X, np.zeros((30, 2))]
    assert model.predict(longer, beam_width=beam_width)[:-1] == predicted


@pytest.mark.any_backend
def test_predict_returns_what_the_targets_were():
    tokens = [np.searchsorted(["a", "b"], list(text)) for text in TEXTS]
    model = Seq2SeqClassifier(**LEARNS_PAIR).fit(X, tokens)
    assert_array_equal(model.classes_, [0, 1])
    assert [type(one) for one in model.predict(X[:2])] == [np.ndarray] * 2
    texts = ["".join(np.array(["a", "b"])[one]) for one in model.predict(X)]
    assert texts == writer().predict(X)
    cube = np.stack([x[:1] for x in X])
    assert writer().predict(cube).dtype == object


# --- beam search ------------------------------------------------------------------------------


@pytest.mark.any_backend
def test_beam_search_with_a_large_width_finds_the_best_text():
    model = Seq2SeqClassifier(**{**LEARNS_PAIR, "epochs": 12}, max_length=3).fit(X, TEXTS)
    texts = ["".join(letters) for n in range(4) for letters in product("ab", repeat=n)]
    found = {width: model.predict(X, beam_width=width) for width in (1, 2, 3, 20)}
    for i, x in enumerate(X):
        scores = {}
        log_p = log_probabilities(model, [x] * len(texts), texts)
        for text, (of_text, of_stop) in zip(texts, log_p, strict=True):
            # A text of the largest number of tokens has no stop.
            total, n = (of_text, 3) if len(text) == 3 else (of_text + of_stop, len(text) + 1)
            scores[text] = total / ((5 + n) / 6) ** 0.6
        assert found[20][i] == max(scores, key=scores.get)
        assert all(scores[found[width][i]] <= scores[found[20][i]] for width in (1, 2, 3))
    assert found[1] == model.predict(X)
    assert found[1] != found[20]


def test_beam_search_for_many_sequences_equals_each_alone():
    model = writer()
    for width in (2, 7, 3000):
        alone = [model.predict([x], beam_width=width)[0] for x in X[:4]]
        assert model.predict(X[:4], beam_width=width) == alone


# --- given targets ----------------------------------------------------------------------------


def test_predict_proba_has_one_row_per_token_and_one_for_the_stop():
    model = writer()
    texts = ["", "ab" * 20, "a"]
    rows = model.predict_proba(X[:3], texts)
    assert [one.shape for one in rows] == [(1, 3), (41, 3), (2, 3)]
    first = [one[0] for one in model.predict_proba(X[:3], ["", "", ""])]
    for one, other in zip(rows, first, strict=True):
        assert_allclose(one[0], other, rtol=0, atol=1e-6)


@pytest.mark.any_backend
def test_score_counts_unknown_tokens_and_longer_targets_as_errors():
    model = writer()
    assert model.score(X, ["z"] * len(X)) == 0
    predicted = model.predict(X)
    assert model.score(X, predicted) == 1
    assert model.score(X, [text + "ab" * 50 for text in predicted]) < 0.1
    weights = np.arange(len(X)) == 3
    assert model.score(X, TEXTS, weights) == model.score(X[3:4], TEXTS[3:4])


@pytest.mark.any_backend
def test_attention_weights_of_predictions_are_those_of_given_targets():
    model = writer()
    own, given = model.attention_weights(X), model.attention_weights(X, model.predict(X))
    for weights, others, x, text in zip(own, given, X, model.predict(X), strict=True):
        assert weights.shape == (len(text) + 1, len(x))
        assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
        assert_allclose(weights, others, rtol=0, atol=1e-6)


@pytest.mark.any_backend
def test_attention_weights_need_attention():
    model = Seq2SeqRegressor(**{**TINY_PAIR, "attention": None}).fit(X, SERIES)
    with pytest.raises(ValueError, match="got attention=None"):
        model.attention_weights(X)


# --- numbers ----------------------------------------------------------------------------------


def test_seq2seq_regressor_feeds_its_predictions_back():
    model = tracker()
    assert model.score(X, SERIES) > 0.5
    predicted = model.predict(X)
    sources = model._read_sources(X)
    forced = model._forced(sources, *model._decoder_inputs(sources, X, predicted))
    for one, other in zip(predicted, forced, strict=True):
        assert_allclose(one, model._codec.decode(other), rtol=0, atol=1e-5)
    for weights, x in zip(model.attention_weights(X), X, strict=True):
        assert weights.shape == (len(x), len(x))


def test_seq2seq_regressor_lengths():
    model = tracker()
    predicted = model.predict(X)
    assert [one.shape for one in predicted] == [x.shape for x in X]
    assert model.predict(X, lengths=3).shape == (len(X), 3, 2)
    lengths = np.arange(len(X)) % 9 + 1
    for one, other, n in zip(model.predict(X, lengths=lengths), predicted, lengths, strict=True):
        assert one.shape == (n, 2)
        assert_allclose(one[: len(other)], other[:n], rtol=0, atol=1e-5)
    alone = [model.predict([x])[0] for x in X[:5]]
    for one, other in zip(alone, predicted[:5], strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-5)
    fixed = Seq2SeqRegressor(**TINY_PAIR).fit(X, [one[:1].repeat(2, axis=0) for one in SERIES])
    assert fixed.predict(X).shape == (len(X), 2, 2)
    ragged = Seq2SeqRegressor(**TINY_PAIR).fit(X, [np.ones((i % 3 + 1, 2)) for i in range(len(X))])
    with pytest.raises(ValueError, match="lengths is needed to predict"):
        ragged.predict(X)
    assert ragged.predict(X[:2], lengths=[1, 2])[1].shape == (2, 2)


@pytest.mark.any_backend
@pytest.mark.parametrize("lengths", [0, -1, True, [1], [1.5, 2], [None, 1], "many", [[1], [2, 3]]])
def test_seq2seq_regressor_refuses_other_lengths(lengths):
    with pytest.raises(ValueError, match="lengths must be"):
        tracker().predict(X[:2], lengths=lengths)


# --- one to many ------------------------------------------------------------------------------


@pytest.mark.any_backend
def test_seq2seq_without_encoder_reads_vectors_and_tokens():
    vectors = np.random.default_rng(0).normal(size=(24, 3))
    texts = ["ab"[int(one[0] > 0)] * (1 + int(one[1] > 0)) for one in vectors]
    params = {**LEARNS_PAIR, "attention": None, "encoder": None}
    model = Seq2SeqClassifier(**params).fit(vectors, texts)
    assert model.score(vectors, texts) > 0.9
    assert model.n_features_in_ == 3
    assert model.predict(vectors).shape == (24,)
    assert list(model.predict(vectors[3:4])) == list(model.predict(vectors)[3:4])
    tokens = np.arange(24) % 4 + 1
    texts = [["", "a", "ba", "bb"][token] for token in tokens - 1]
    model = Seq2SeqClassifier(**params, embedding=5).fit(tokens, texts)
    assert list(model.predict([1, 2, 3, 4])) == ["", "a", "ba", "bb"]
    assert list(model.predict([[1], [4]])) == ["", "bb"]


@pytest.mark.any_backend
def test_seq2seq_without_encoder_reads_token_0_as_the_unknown_token():
    tokens, y = np.array([0, 2, 3] * 4), ["a", "bb", "ab"] * 4
    params = {**LEARNS_PAIR, "attention": None, "encoder": None, "embedding": 4}
    model = Seq2SeqClassifier(**params).fit(tokens, y)
    assert list(model.predict(tokens[:3])) == y[:3]
    expected = model.predict_proba(np.array([0]), ["a"])[0]
    # 1 is the unknown token, and 9 did not occur in training.
    for given in ([1], [9], [[0]]):
        assert_array_equal(model.predict_proba(np.array(given), ["a"])[0], expected)
