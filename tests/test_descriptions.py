"""Keras objects as parameters: each fit uses the given object, whatever was fitted before."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import ops
from numpy.testing import assert_array_equal
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, RNNRegressor, TimeDistributed
from skrnn.networks import programs

X = np.random.default_rng(0).normal(size=(24, 5, 2))
Y = X.sum(axis=(1, 2))
LABELS = (Y > 0).astype(int)
SMALL = {"units": 3, "epochs": 2, "random_state": 0}


class Weighted(keras.losses.Loss):
    """A loss with weights that are not part of its configuration."""

    def __init__(self, weights):
        super().__init__()
        self.weights = np.asarray(weights)

    def call(self, true, predicted):
        return ops.mean(ops.cast(self.weights, "float32") * (true - predicted) ** 2, -1)


class Within(keras.metrics.Mean):
    """A metric with an argument that is not part of its configuration."""

    def __init__(self, tolerance=0.0, name="within", **kwargs):
        super().__init__(name=name, **kwargs)
        self.tolerance = tolerance

    def update_state(self, true, predicted, sample_weight=None):
        super().update_state(ops.cast(ops.abs(true - predicted) <= self.tolerance, "float32"))


def test_losses_that_differ_in_an_array_do_not_share_a_program():
    def predictions(weights):
        model = RNNRegressor(loss=Weighted(weights), **SMALL)
        return model.fit(X, np.c_[Y, -(Y**2)]).predict(X)

    programs.clear()
    fresh = predictions([1.0, 0.0])
    programs.clear()
    predictions([0.0, 1.0])
    assert_array_equal(predictions([1.0, 0.0]), fresh)


def test_metrics_keep_what_they_hold_and_their_names():
    for tolerance, share in ((1e6, 1.0), (0.0, 0.0)):
        model = RNNRegressor(metrics=[Within(tolerance)], **SMALL).fit(X, Y)
        assert model.history_["within"] == [share] * 2
    for name in ("first", "second"):
        metrics = [keras.metrics.Precision(name=name)]
        assert list(RNNClassifier(metrics=metrics, **SMALL).fit(X, LABELS).history_)[1] == name


@pytest.mark.parametrize("metric", ["r2_score", "auc"])
def test_metrics_that_are_built_late_work(metric):
    model = RNNRegressor if metric == "r2_score" else RNNClassifier
    target = Y if metric == "r2_score" else LABELS
    assert len(model(metrics=[metric], **SMALL).fit(X, target).history_[metric]) == 2


def test_a_metric_of_several_numbers_is_refused():
    metrics = [keras.metrics.Recall(thresholds=[0.2, 0.8], name="recalls")]
    with pytest.raises(ValueError, match="return a scalar; 'recalls'"):
        RNNClassifier(metrics=metrics, **SMALL).fit(X, LABELS)


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("bce", "sigmoid"),
        (keras.losses.BinaryCrossentropy(name="mine"), "sigmoid"),
        (keras.losses.SparseCategoricalCrossentropy(name="mine"), "softmax"),
        (keras.losses.CategoricalFocalCrossentropy(), "softmax"),
    ],
)
def test_the_output_fits_the_loss_whatever_its_name(loss, activation):
    model = RNNClassifier(loss=loss, **SMALL).fit(X, LABELS)
    assert model.model_.layers[-1].get_config()["activation"] == activation


def test_a_body_that_changed_is_not_passed_off_as_the_one_that_was_fitted():
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


@pytest.mark.parametrize("estimator", [RNNRegressor(**SMALL), TimeDistributed(StandardScaler())])
def test_columns_of_tables_in_a_list_keep_their_order(estimator):
    tables = [pd.DataFrame(steps, columns=["speed", "height"]) for steps in X]
    estimator.fit(tables, Y)
    assert list(estimator.feature_names_in_) == ["speed", "height"]
    assert estimator.n_features_in_ == 2
    apply = getattr(estimator, "predict", None) or estimator.transform
    with pytest.raises(ValueError, match="feature names should match"):
        apply([table[["height", "speed"]] for table in tables])
