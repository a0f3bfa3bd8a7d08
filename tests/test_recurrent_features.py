"""`RecurrentFeatures`: the pooled outputs of a trained network as a table."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks
from small_data import TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.recurrent import ConvBody, RecurrentFeatures, _recurrent_features
from skrnn.recurrent._recurrent_features import default_estimator

X, LABELS = labelled(("no", "yes"))
SUMS = np.array([steps.sum() for steps in X])
WEIGHTS = np.linspace(0.5, 2, len(X))


def features(**params):
    return RecurrentFeatures(RNNClassifier(**{**TINY, **params}))


@parametrize_with_checks([RecurrentFeatures(RNNClassifier(**TINY))])
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("params", "width"),
    [
        ({"pooling": "mean_max", "bidirectional": True}, 16),
        ({"pooling": "attention"}, 4),
        ({"body": ConvBody(filters=4, kernel_size=3, pool_size=1), "pooling": "mean"}, 8),
    ],
)
def test_recurrent_features_are_the_inputs_of_the_output_layer(params, width):
    table = features(**params).fit(X, LABELS)
    network = RNNClassifier(**{**TINY, **params}).fit(X, LABELS)
    found = table.transform(X)
    assert found.shape == (len(X), width)
    assert found.dtype == np.float32
    assert_same_weights(table.estimator_, network)
    kernel, bias = network.weights_[-2:]
    probabilities = 1 / (1 + np.exp(-(found @ kernel + bias)[:, 0]))
    assert_allclose(probabilities, network.predict_proba(X)[:, 1], atol=1e-5)
    assert list(table.get_feature_names_out()) == [f"recurrentfeatures{i}" for i in range(width)]


def test_recurrent_features_of_the_last_state_are_hidden_states():
    table = features(pooling="last").fit(X, LABELS)
    assert_allclose(table.transform(X), table.estimator_.hidden_states(X), atol=1e-6)


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (LABELS, RNNClassifier),
        (np.arange(len(X)) % 3, RNNClassifier),
        (SUMS, RNNRegressor),
        (np.c_[SUMS, SUMS], RNNRegressor),
    ],
)
def test_recurrent_features_default_depends_on_the_kind_of_y(y, kind, monkeypatch):
    assert type(default_estimator(y)) is kind
    monkeypatch.setattr(_recurrent_features, "default_estimator", lambda y: kind(**TINY))
    assert type(RecurrentFeatures().fit(X, y).estimator_) is kind


def test_recurrent_features_are_learned_from_the_training_folds():
    model = make_pipeline(features(), LogisticRegression())
    even, odd = np.arange(0, len(X), 2), np.arange(1, len(X), 2)
    folds = [(even, odd), (odd, even)]
    found = cross_val_predict(model, X, LABELS, cv=folds, method="predict_proba")
    one = clone(model).fit([X[i] for i in even], LABELS[even])
    assert_allclose(found[odd], one.predict_proba([X[i] for i in odd]), atol=1e-6)


def test_recurrent_features_in_a_search():
    search = GridSearchCV(
        make_pipeline(features(), LogisticRegression()),
        {"recurrentfeatures__estimator__units": [2, 3]},
        cv=2,
    ).fit(X, LABELS)
    table = search.best_estimator_[0]
    assert table.transform(X).shape[1] == search.best_params_["recurrentfeatures__estimator__units"]


def test_recurrent_features_pass_arguments_of_fit():
    expected = RNNClassifier(**TINY).fit(X, LABELS, sample_weight=WEIGHTS)
    assert_same_weights(features().fit(X, LABELS, sample_weight=WEIGHTS).estimator_, expected)
    with config_context(enable_metadata_routing=True):
        network = RNNClassifier(**TINY).set_fit_request(sample_weight=True)
        model = make_pipeline(RecurrentFeatures(network), LogisticRegression())
        model[-1].set_fit_request(sample_weight=False)
        model.fit(X, LABELS, sample_weight=WEIGHTS)
    assert_same_weights(model[0].estimator_, expected)


def test_recurrent_features_of_a_frozen_network_are_not_trained():
    network = RNNRegressor(**TINY).fit(X, SUMS)
    table = RecurrentFeatures(FrozenEstimator(network)).fit(X)
    assert table.estimator_.estimator is network
    assert_array_equal(table.transform(X), RecurrentFeatures(network).fit(X, SUMS).transform(X))
    with pytest.raises(NotFittedError):
        RecurrentFeatures(FrozenEstimator(RNNRegressor())).fit(X)


def test_recurrent_features_survive_pickle_and_clone():
    table = features().fit(X, LABELS)
    found = table.transform(X)
    assert_array_equal(pickle.loads(pickle.dumps(table)).transform(X), found)
    assert_array_equal(clone(table).fit(X, LABELS).transform(X), found)


def test_recurrent_features_set_output():
    column = pd.DataFrame({"wave": X}, index=[f"s{i}" for i in range(len(X))])
    frame = features().set_output(transform="pandas").fit_transform(column, LABELS)
    assert list(frame.columns) == [f"recurrentfeatures{i}" for i in range(4)]
    assert list(frame.index) == list(column.index)


def test_recurrent_features_keep_the_earlier_fit_if_a_fit_fails():
    table = features().fit(X, LABELS)
    before = table.transform(X)
    with pytest.raises(ValueError, match="y has 29"):
        table.fit(X, LABELS[:-1])
    assert_array_equal(table.transform(X), before)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), "'estimator' parameter of RecurrentFeatures must be an instance of"),
        (FrozenEstimator(LogisticRegression()), "estimator must be an RNNClassifier"),
        (RNNClassifier(return_sequences=True), "must have return_sequences=False"),
    ],
)
def test_recurrent_features_estimator_must_have_a_vector_per_sequence(estimator, message):
    with pytest.raises(ValueError, match=message):
        RecurrentFeatures(estimator).fit(X, LABELS)
