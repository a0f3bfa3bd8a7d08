"""Pooling by additive attention, and the weights that `attention_weights` returns."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import assert_same_bits, pad
from scipy.special import softmax
from sklearn.exceptions import NotFittedError
from small_data import TINY, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.export import to_keras

X, LABELS = labelled()
Y = np.array([x.sum() for x in X])
PARAMS = {**TINY, "pooling": "attention"}


@pytest.fixture(scope="module")
def model():
    return RNNRegressor(**PARAMS, normalize_y=False).fit(X, Y)


def test_attention_is_computed_from_its_weights(model):
    kernel, bias, score, head, head_bias = model.weights_[3:]
    assert [w.shape for w in (kernel, bias, score)] == [(4, 4), (4,), (4, 1)]
    found = model.attention_weights(X)
    predicted = model.predict(X)
    outputs = model.hidden_states(X, return_sequences=True)
    for h, weights, value in zip(outputs, found, predicted, strict=True):
        expected = softmax(np.tanh(h @ kernel + bias) @ score, axis=0)
        assert_allclose(weights, expected[:, 0], rtol=0, atol=1e-6)
        assert_allclose(value, (weights @ h) @ head[:, 0] + head_bias[0], rtol=0, atol=1e-5)


def test_attention_weights_do_not_depend_on_padding(model):
    found = model.attention_weights(X)
    assert [len(weights) for weights in found] == [len(x) for x in X]
    for x, weights in zip(X, found, strict=True):
        assert (weights > 0).all()
        assert weights.sum() == pytest.approx(1, abs=1e-5)
        assert_allclose(model.attention_weights([x])[0], weights, rtol=0, atol=1e-6)
    array = np.zeros((3, 5, 2))
    assert_allclose(model.attention_weights(array).sum(axis=1), np.ones(3), atol=1e-5)
    assert model.attention_weights(array).shape == (3, 5)
    objects = np.empty(len(X), object)
    objects[:] = X
    assert_array_equal(model.attention_weights(objects)[4], found[4])


def test_attention_is_seeded_pickled_and_exported_to_keras(model):
    assert_same_bits(RNNRegressor(**PARAMS, normalize_y=False).fit(X, Y), model)
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(X), model.predict(X))
    steps, lengths = pad([x.astype("float32") for x in X])
    outputs = to_keras(model).predict([steps, lengths], verbose=0)
    assert_allclose(outputs[:, 0], model.predict(X), rtol=0, atol=1e-5)


def test_attention_finds_the_time_step_that_counts():
    rng = np.random.default_rng(0)
    marked = rng.integers(0, 8, 80)
    steps = rng.normal(size=(80, 8, 2)) * [1, 0]
    steps[np.arange(80), marked, 1] = 1
    y = steps[np.arange(80), marked, 0] > 0
    params = {"cell": "gru", "units": 8, "epochs": 40, "learning_rate": 0.02, "random_state": 0}
    classifier = RNNClassifier(**params, pooling="attention").fit(steps, y)
    weights = classifier.attention_weights(steps)
    # Outputs before the marked time step do not depend on the class.
    after = np.arange(8) >= marked[:, None]
    assert classifier.score(steps, y) > 0.9
    assert (weights * after).sum(axis=1).mean() > 1.2 * after.mean()


def test_attention_weights_need_attention(model):
    with pytest.raises(NotFittedError):
        RNNClassifier(**PARAMS).attention_weights(X)
    plain = RNNClassifier(**TINY).fit(X, LABELS)
    with pytest.raises(ValueError, match=r"fitted with pooling='attention'.*got pooling='max'"):
        plain.attention_weights(X)
    steps = RNNRegressor(**PARAMS, return_sequences=True).fit(X, [x[:, 0] for x in X])
    with pytest.raises(ValueError, match=r"return_sequences=False, got .*return_sequences=True"):
        steps.attention_weights(X)


@pytest.mark.parametrize(
    "body",
    [
        lambda steps, lengths: steps[:, 0],
        lambda steps, lengths: (steps[:, ::2], (lengths + 1) // 2),
    ],
    ids=["vectors", "new lengths"],
)
def test_attention_weights_of_a_body_without_the_time_steps_of_x_are_refused(body):
    classifier = RNNClassifier(**PARAMS, body=body).fit(X, LABELS)
    assert len(classifier.predict(X)) == len(X)
    with pytest.raises(ValueError, match="no output for each time step of X, because body"):
        classifier.attention_weights(X)
