"""Errors of the sequence-to-sequence estimators: clear, and without an effect on an earlier fit."""

import threading

import numpy as np
import pandas as pd
import pytest
from fitted_models import unchanged
from numpy.testing import assert_array_equal
from scipy import sparse
from seq2seq_models import TINY_PAIR, pairs

from skrnn import Seq2SeqClassifier, Seq2SeqRegressor, SequenceGenerator, Sequences
from skrnn.export import to_onnx, to_safetensors
from skrnn.inspection import gradient_flow

X, TEXTS, SERIES = pairs(12)
N = len(X)
ONE_LETTER = [["a", "b"]] * N


@pytest.fixture(scope="module")
def writer():
    return Seq2SeqClassifier(**TINY_PAIR).fit(X, TEXTS)


@pytest.fixture(scope="module")
def tracker():
    return Seq2SeqRegressor(**TINY_PAIR).fit(X, SERIES)


TOKEN_ERRORS = {
    "missing": (None, "requires y"),
    "a number": (3, "y must be an array or a list"),
    "one text": ("ab" * N, "y must be an array or a list"),
    "too few": (TEXTS[:-1], "inconsistent numbers of samples"),
    "labels": (np.arange(N), "y must contain a sequence of tokens"),
    "a list among texts": ([*TEXTS[:-1], ["a"]], "y must contain a sequence of tokens"),
    "None among texts": ([*TEXTS[:-1], None], "y must contain a sequence of tokens"),
    "empty texts": ([""] * N, "y has no tokens"),
    "empty lists": ([[]] * N, "y has no tokens"),
    "NaN": ([[np.nan]] * N, "y has only missing targets"),
    "continuous": ([[0.5, 0.2]] * N, "continuous"),
    "vectors": (np.zeros((N, 2, 2), int), "y must contain a sequence of tokens"),
    "text and numbers in one": ([[1, "a"]] * N, "either only text or no text"),
    "text and numbers": ([*ONE_LETTER[:-1], [1, 2]], "tokens of one kind"),
}
NUMBER_ERRORS = {
    "one number each": (np.arange(N), "y must contain a sequence of at least one number"),
    "texts": (TEXTS, "y must contain a sequence of at least one number"),
    "an empty one": ([*SERIES[:-1], SERIES[0][:0]], "y must contain a sequence of at least one"),
    "another width": ([*SERIES[:-1], SERIES[0][:, :1]], "the same number of targets"),
    "another depth": ([*SERIES[:-1], SERIES[0][:, 0]], "y must contain a sequence of at least one"),
    "NaN": ([*SERIES[:-1], SERIES[0] * [1, np.nan]], "all 2 targets of a time step or none"),
    "complex": ([one * 1j for one in SERIES], "Complex data not supported"),
    "too many": ([*SERIES, SERIES[0]], "inconsistent numbers of samples"),
}
SOURCE_ERRORS = {
    "NaN": ([*X[:-1], X[0] * np.nan], "X contains NaN"),
    "an empty one": ([*X[:-1], X[0][:0]], "empty sequence"),
    "nothing": ([], "X must hold at least one sample"),
    "None": (None, "X must be a batch of sequences"),
}


@pytest.mark.parametrize("name", TOKEN_ERRORS)
def test_seq2seq_classifier_refuses_targets(writer, name):
    y, message = TOKEN_ERRORS[name]
    with unchanged(writer, X), pytest.raises((ValueError, TypeError), match=message):
        writer.fit(X, y)


@pytest.mark.parametrize("name", NUMBER_ERRORS)
def test_seq2seq_regressor_refuses_targets(tracker, name):
    y, message = NUMBER_ERRORS[name]
    with unchanged(tracker, X), pytest.raises((ValueError, TypeError), match=message):
        tracker.fit(X, y)


@pytest.mark.parametrize("name", SOURCE_ERRORS)
def test_seq2seq_refuses_sources(writer, tracker, name):
    sources, message = SOURCE_ERRORS[name]
    for model, y in ((writer, TEXTS), (tracker, SERIES)):
        with unchanged(model, X):
            with pytest.raises((ValueError, TypeError), match=message):
                model.fit(sources, y)
            with pytest.raises((ValueError, TypeError), match=message):
                model.predict(sources)
    with pytest.raises(ValueError, match="expecting 2 features"):
        writer.predict([np.zeros((2, 3))])


@pytest.mark.parametrize("value", [0, -1, 1.5, None, True, "wide"])
def test_beam_width_is_a_positive_integer(writer, value):
    with pytest.raises(ValueError, match="beam_width must be a positive int, got"):
        writer.predict(X, beam_width=value)


def test_seq2seq_refuses_unknown_tokens_as_inputs_of_the_decoder(writer):
    message = r"has labels that are not in classes_: \['z'\]"
    with pytest.raises(ValueError, match=f"y {message}"):
        writer.predict_proba(X, ["z"] * N)
    with pytest.raises(ValueError, match="predict_proba needs the targets y"):
        writer.predict_proba(X, None)
    with unchanged(writer, X):
        with pytest.raises(ValueError, match=f"y_val {message}"):
            writer.fit(X, TEXTS, X_val=X, y_val=["z"] * N)
        with pytest.raises(ValueError, match=f"y {message}"):
            writer.partial_fit(X, ["z"] * N)


def test_seq2seq_score_refuses_weights_of_another_length(writer, tracker):
    for model, y in ((writer, TEXTS), (tracker, SERIES)):
        with pytest.raises(ValueError, match="sample_weight"):
            model.score(X, y, np.ones(3))


@pytest.mark.parametrize(
    ("kind", "y", "message"),
    [
        ("writer", ["ab"], "inconsistent numbers of samples"),
        ("writer", np.zeros((N, 2, 2), int), "y must contain a sequence of tokens"),
        ("tracker", [one[:, :1] for one in SERIES], "y has 1 targets, .* fitted with 2"),
        ("tracker", [one * np.nan for one in SERIES], "y has only missing targets"),
        ("tracker", [[["a", "b"]]] * N, "y must contain numbers"),
    ],
    ids=["few", "vectors", "width", "NaN", "text"],
)
def test_seq2seq_score_refuses_targets(request, kind, y, message):
    with pytest.raises(ValueError, match=message):
        request.getfixturevalue(kind).score(X, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"encoder": None}, "attention='luong' looks at the outputs of an encoder"),
        ({"cell": "lru"}, "cell='lru' is not available in Seq2SeqClassifier: it has no gate"),
        ({"scheduled_sampling": 1.0}, "'scheduled_sampling' parameter"),
        ({"max_length": 0}, "'max_length' parameter"),
        ({"target_embedding": 0}, "'target_embedding' parameter"),
        ({"target_tokenizer": 3}, "target_tokenizer must be an EmbeddingTokenizer"),
        ({"activation": lambda x: x}, "activation=.* cannot be computed in NumPy"),
        ({"loss": "binary_crossentropy"}, "each token is predicted as one of"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_seq2seq_refuses_parameters(params, message):
    sources = np.zeros((N, 2)) if "encoder" in params else X
    model = Seq2SeqClassifier(**{**TINY_PAIR, **params})
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(sources, TEXTS)
    assert not hasattr(model, "weights_")


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (X, "X must be an array"),
        (np.zeros((N, 1, 2)), r"must have the shape \(n, n_features\)"),
        (np.zeros(N), r"must have the shape \(n, n_features\)"),
        (np.full((N, 2), np.nan), "X contains NaN"),
    ],
    ids=["ragged", "3-D", "1-D", "NaN"],
)
def test_seq2seq_without_encoder_refuses_sequences(sources, message):
    model = Seq2SeqClassifier(**{**TINY_PAIR, "attention": None}, encoder=None)
    with pytest.raises(ValueError, match=message):
        model.fit(sources, TEXTS)


def test_functions_for_other_networks_name_that_of_an_encoder_decoder(writer):
    generator = SequenceGenerator(units=4)
    calls = (to_onnx, ()), (to_safetensors, ("a.safetensors",)), (gradient_flow, (X, TEXTS))
    for function, others in calls:
        with pytest.raises(TypeError, match=r"Seq2SeqClassifier\. Its network is .* `model_`"):
            function(writer, *others)
        with pytest.raises(TypeError, match=r"SequenceGenerator\. Pass its network, the RNN"):
            function(generator, *others)


# --- right results ----------------------------------------------------------------------------


def test_seq2seq_targets_in_any_container_are_read_alike(writer):
    containers = (tuple, pd.Series, np.array, lambda y: pd.Series(y, dtype="string"))
    for container in containers:
        assert clone_fit(container(TEXTS)) == writer.predict(X)
    codes = np.arange(2 * N).reshape(N, 2) % 3
    expected = clone_fit(codes.tolist())
    as_sequences = Sequences(codes.ravel(), np.arange(N) * 2, np.full(N, 2))
    for y in (codes, pd.DataFrame(codes), as_sequences):
        for one, other in zip(clone_fit(y), expected, strict=True):
            assert_array_equal(one, other)


def clone_fit(y):
    """Return the predictions of a new classifier that was fitted to targets."""
    return Seq2SeqClassifier(**TINY_PAIR).fit(X, y).predict(X)


def test_seq2seq_vectors_in_any_container_are_read_alike():
    vectors = np.random.default_rng(0).normal(size=(N, 2))
    params = {**TINY_PAIR, "attention": None, "encoder": None}
    expected = Seq2SeqClassifier(**params).fit(vectors, TEXTS).predict(vectors)
    for given in (vectors.tolist(), pd.DataFrame(vectors), sparse.csr_array(vectors)):
        found = Seq2SeqClassifier(**params).fit(given, TEXTS).predict(given)
        assert list(found) == list(expected)


def test_seq2seq_without_encoder_knows_the_names_of_columns():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 2)), columns=["a", "b"])
    model = Seq2SeqClassifier(**{**TINY_PAIR, "attention": None}, encoder=None).fit(table, TEXTS)
    assert list(model.feature_names_in_) == ["a", "b"]
    expected = list(model.predict(table))
    with pytest.raises(ValueError, match="feature names should match those that were passed"):
        model.predict(table[["b", "a"]])
    with pytest.raises(ValueError, match="feature names should match those that were passed"):
        model.fit(table, TEXTS, X_val=table[["a"]], y_val=TEXTS)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert list(model.predict(table.to_numpy())) == expected
    assert not hasattr(model.fit(table.to_numpy(), TEXTS), "feature_names_in_")
    assert model.n_features_in_ == 2


def test_seq2seq_one_pair_and_one_token():
    model = Seq2SeqClassifier(**TINY_PAIR).fit(X[:1], ["a"])
    assert set(model.predict(X[:1])[0]) <= {"a"}
    model = Seq2SeqRegressor(**TINY_PAIR).fit(X[:1], SERIES[:1])
    assert model.predict(X[:1]).shape == (1, *SERIES[0].shape)


def test_seq2seq_interruption_keeps_the_earlier_fit(writer, tracker, monkeypatch):
    from skrnn.networks import fit_loop

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    for model, y in ((writer, TEXTS), (tracker, SERIES)):
        with unchanged(model, X), monkeypatch.context() as patch:
            patch.setattr(fit_loop, "training_batches", interrupted)
            with pytest.raises(KeyboardInterrupt):
                model.fit(X[:5], y[:5])


def test_seq2seq_predicts_in_several_threads(writer):
    expected, found = writer.predict(X, beam_width=2), [None] * 4

    def predict(i):
        found[i] = writer.predict(X, beam_width=2)

    threads = [threading.Thread(target=predict, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4
