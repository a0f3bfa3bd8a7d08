"""Fits share a compiled program only if their losses, metrics and bodies are known to be equal."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_array_equal

from skrnn import RNNClassifier, RNNRegressor
from skrnn.networks import programs

X = np.random.default_rng(0).normal(size=(24, 5, 2))
Y = X.sum(axis=(1, 2))
LABELS = (Y > 0).astype(int)
SMALL = {"units": 3, "epochs": 2, "random_state": 0}


class Weighted(keras.losses.Loss):
    """A loss whose configuration does not contain its weights."""

    def __init__(self, weights):
        super().__init__()
        self.weights = np.asarray(weights)

    def call(self, true, predicted):
        return ops.mean(ops.cast(self.weights, "float32") * (true - predicted) ** 2, -1)


class Within(keras.metrics.Mean):
    """A metric whose configuration does not contain its tolerance."""

    def __init__(self, tolerance=0.0, name="within", **kwargs):
        super().__init__(name=name, **kwargs)
        self.tolerance = tolerance

    def update_state(self, true, predicted, sample_weight=None):
        super().update_state(ops.cast(ops.abs(true - predicted) <= self.tolerance, "float32"))


def test_fingerprint_of_losses_that_differ_in_an_array():
    def predictions(weights):
        model = RNNRegressor(loss=Weighted(weights), **SMALL)
        return model.fit(X, np.c_[Y, -(Y**2)]).predict(X)

    programs.clear()
    fresh = predictions([1.0, 0.0])
    programs.clear()
    predictions([0.0, 1.0])
    assert_array_equal(predictions([1.0, 0.0]), fresh)


def test_fingerprint_of_metrics_that_differ_in_an_attribute_or_name():
    for tolerance, share in ((1e6, 1.0), (0.0, 0.0)):
        model = RNNRegressor(metrics=[Within(tolerance)], **SMALL).fit(X, Y)
        assert model.history_["within"] == [share] * 2
    for name in ("first", "second"):
        metrics = [keras.metrics.Precision(name=name)]
        assert list(RNNClassifier(metrics=metrics, **SMALL).fit(X, LABELS).history_)[1] == name


def test_fingerprint_of_a_body_that_changed_after_fit():
    factor = [1.0]
    model = RNNRegressor(
        body=lambda steps, _: keras.layers.LSTM(3, return_sequences=True)(steps * factor[0]),
        **SMALL,
    )
    expected = model.fit(X, Y).predict(X)
    programs.clear()
    assert_array_equal(model.predict(X), expected)
    programs.clear()
    factor[0] = 30.0
    with pytest.raises(ValueError, match="no longer builds the network that was fitted"):
        model.predict(X)


GLOBAL_FACTOR = 1.0


def scaled(x):
    return x * GLOBAL_FACTOR


def loss_with_a_helper(true, predicted):
    return ops.mean(scaled(true - predicted) ** 2, axis=-1)


def test_programs_of_a_loss_follow_the_globals_that_it_and_its_helpers_read(monkeypatch):
    def last_loss():
        return RNNRegressor(**SMALL, loss=loss_with_a_helper).fit(X, Y).history_["loss"][-1]

    first = last_loss()
    monkeypatch.setitem(globals(), "GLOBAL_FACTOR", 10.0)
    assert last_loss() > 10 * first
    monkeypatch.setitem(globals(), "scaled", lambda x: 0 * x)
    assert last_loss() == 0
    monkeypatch.undo()
    assert last_loss() == first


def test_loss_that_calls_itself_is_trained():
    def loss(true, predicted, depth=2):
        if depth:
            return loss(true, predicted, depth - 1)
        return ops.mean((true - predicted) ** 2, axis=-1)

    histories = [RNNRegressor(**SMALL, loss=loss).fit(X, Y).history_["loss"] for _ in range(2)]
    assert histories[0] == histories[1]


def test_programs_of_losses_that_one_function_of_a_library_makes_are_distinguished():
    def make(factor):
        def loss(true, predicted):
            return ops.mean(factor * (true - predicted) ** 2, axis=-1)

        loss.__module__ = "keras.made_up"
        return loss

    first, second = (
        RNNRegressor(**SMALL, loss=make(factor)).fit(X, Y).history_["loss"][0]
        for factor in (1.0, 100.0)
    )
    assert second > 50 * first
