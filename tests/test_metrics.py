"""flatten_steps and make_step_scorer: scikit-learn's metrics for targets per time step."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    make_scorer,
    max_error,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn.metrics import flatten_steps, make_step_scorer
from skrnn.preprocessing import TimeDistributed
from skrnn.sequences import Sequences, check_sequences
from skrnn.sequences._containers import split_steps


class StepEstimator(BaseEstimator):
    """Wraps a model for tables, which is fitted on all time steps: a simple estimator for tests."""

    def __init__(self, model=None):
        self.model = model

    def fit(self, X, y, sample_weight=None):
        self.model.fit(check_sequences(X).concatenate(), flatten_steps(y))
        if hasattr(self.model, "classes_"):
            self.classes_ = self.model.classes_
        return self

    def predict(self, X):
        return self._per_step(X, self.model.predict)

    def _per_step(self, X, response):
        X_checked = check_sequences(X)
        steps = split_steps(response(X_checked.concatenate()), X_checked.lengths)
        return np.stack(steps) if isinstance(X, np.ndarray) else steps


class StepClassifier(ClassifierMixin, StepEstimator):
    def predict_proba(self, X):
        return self._per_step(X, self.model.predict_proba)

    def decision_function(self, X):
        return self._per_step(X, self.model.decision_function)


class StepRegressor(RegressorMixin, StepEstimator):
    pass


# scikit-learn 1.7 requires that the default pos_label=1 is a label, even for a macro average.
MACRO = {"average": "macro", "pos_label": None}

LENGTHS = (5, 3, 8, 4, 6, 7, 3, 5, 4, 9, 5, 6)


def make_data(labels, *, lengths=LENGTHS, seed=0):
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=(length, 2)) for length in lengths]
    y = [
        np.asarray(labels)[np.digitize(x[:, 0] + 0.3 * rng.normal(size=len(x)), [0.0, 0.8])]
        for x in X
    ]
    return X, y


@pytest.fixture
def binary():
    X, y = make_data(["no", "yes", "yes"])
    return StepClassifier(LogisticRegression()).fit(X, y), X, y


@pytest.fixture
def multiclass():
    X, y = make_data(["low", "mid", "high"])
    return StepClassifier(LogisticRegression()).fit(X, y), X, y


# --- flatten_steps -------------------------------------------------------------------------------


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=8),
    outputs=st.sampled_from([(), (1,), (3,)]),
)
def test_flatten_steps_of_lists(lengths, outputs):
    rng = np.random.default_rng(0)
    targets = [rng.normal(size=(length, *outputs)) for length in lengths]
    expected = np.concatenate(targets)
    assert_array_equal(flatten_steps(targets), expected)
    assert_array_equal(flatten_steps(tuple(targets)), expected)
    objects = np.empty(len(targets), dtype=object)
    for i, target in enumerate(targets):
        objects[i] = target
    assert_array_equal(flatten_steps(objects), expected)
    assert_array_equal(flatten_steps(pd.Series(objects)), expected)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (4, 3, 1)])
def test_flatten_steps_of_arrays(shape):
    targets = np.arange(np.prod(shape)).reshape(shape)
    flat = flatten_steps(targets)
    assert flat.shape == (12, *shape[2:])
    assert_array_equal(flat, flatten_steps(list(targets)))


def test_flatten_steps_containers():
    assert_array_equal(flatten_steps(pd.DataFrame([[1, 2], [3, 4]])), [1, 2, 3, 4])
    assert_array_equal(flatten_steps(np.array([["a", None]], dtype=object)), ["a", None])
    assert_array_equal(flatten_steps([["a"], ["bcd", "e"]]), ["a", "bcd", "e"])
    sequences = Sequences(np.arange(5), starts=[3, 0], lengths=[2, 2])
    assert_array_equal(flatten_steps(sequences), [3, 4, 0, 1])


def test_flatten_steps_several_targets():
    y_true, y_pred, proba = flatten_steps([[0, 1], [1]], [[0, 1], [0]], [np.eye(2), np.eye(2)[:1]])
    assert_array_equal(y_true, [0, 1, 1])
    assert_array_equal(y_pred, [0, 1, 0])
    assert proba.shape == (3, 2)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([], "at least one"),
        ([[]], "at least one sequence, got none"),
        ([[0, 1, 1]], r"targets per step.*shape \(\) for sequence 0"),
        ([np.array([0, 1, 1])], r"targets per step.*shape \(\) for sequence 0"),
        ([[np.zeros((2, 1)), np.zeros(2)]], r"same number of outputs .* sequence 1 has \(2,\)"),
        ([[[0, 1]], [[0, 1], [1]]], "number of sequences: 1 and 2"),
        ([[[0], [0, 1], [1]], [[0], [0], [1, 2]]], "length of sequence 1: 2 and 1 steps"),
        ([np.zeros((2, 3)), [[0, 0, 0], [1, 1]]], "length of sequence 1: 3 and 2 steps"),
    ],
)
def test_flatten_steps_errors(targets, message):
    with pytest.raises(ValueError, match=message):
        flatten_steps(*targets)


# --- make_step_scorer ----------------------------------------------------------------------------


def test_make_step_scorer_predict(multiclass):
    estimator, X, y = multiclass
    flat_true, flat_pred = flatten_steps(y, estimator.predict(X))
    assert make_step_scorer(accuracy_score)(estimator, X, y) == accuracy_score(flat_true, flat_pred)
    assert make_step_scorer(f1_score, **MACRO)(estimator, X, y) == f1_score(
        flat_true, flat_pred, **MACRO
    )


def test_make_step_scorer_greater_is_better():
    X, _ = make_data(["a"] * 3)
    y = [x @ [1.0, -2.0] + 1 for x in X]
    estimator = StepRegressor(LinearRegression()).fit(X[:2], y[:2])
    y = [target + 1 for target in y]
    scorer = make_step_scorer(mean_squared_error, greater_is_better=False)
    assert scorer(estimator, X, y) == pytest.approx(-1.0)


def test_make_step_scorer_several_outputs():
    X, _ = make_data(["a"] * 3)
    y = [x @ np.array([[1.0, 2.0], [0.0, 1.0]]) for x in X]
    estimator = StepRegressor(LinearRegression()).fit(X, y)
    scorer = make_step_scorer(r2_score, multioutput="uniform_average")
    assert scorer(estimator, X, y) == pytest.approx(1.0)


@pytest.mark.parametrize("as_array", [False, True], ids=["list", "array"])
@pytest.mark.parametrize("response_method", ["predict_proba", "decision_function"])
def test_make_step_scorer_binary_responses(response_method, as_array):
    # In an array (n, T, 2), indexing like in an array (n, 2) would select a time step.
    X, y = make_data(["no", "yes", "yes"], lengths=[2] * 12)
    X, y = (np.stack(X), np.stack(y)) if as_array else (X, y)
    estimator = StepClassifier(LogisticRegression()).fit(X, y)
    scores = getattr(estimator, response_method)(X)
    scores = np.concatenate(scores)
    scores = scores[:, 1] if scores.ndim == 2 else scores
    expected = roc_auc_score(flatten_steps(y) == "yes", scores)
    scorer = make_step_scorer(roc_auc_score, response_method=response_method)
    assert scorer(estimator, X, y) == pytest.approx(expected)


def test_make_step_scorer_pos_label(binary):
    estimator, X, y = binary
    for label in ("no", "yes"):
        scorer = make_step_scorer(f1_score, pos_label=label)
        flat = flatten_steps(y, estimator.predict(X))
        assert scorer(estimator, X, y) == f1_score(*flat, pos_label=label)


def test_make_step_scorer_multiclass_probabilities(multiclass):
    estimator, X, y = multiclass
    scorer = make_step_scorer(log_loss, response_method="predict_proba", greater_is_better=False)
    expected = -log_loss(flatten_steps(y), np.concatenate(estimator.predict_proba(X)))
    assert scorer(estimator, X, y) == pytest.approx(expected)


def test_make_step_scorer_list_of_response_methods(binary):
    estimator, X, y = binary
    first, second = (
        make_step_scorer(roc_auc_score, response_method=methods)(estimator, X, y)
        for methods in (["decision_function"], ["decision_function", "predict_proba"])
    )
    assert first == second


def test_make_step_scorer_sample_weight(binary):
    estimator, X, y = binary
    weight = np.arange(len(X))
    flat = flatten_steps(y, estimator.predict(X))
    expected = accuracy_score(*flat, sample_weight=np.repeat(weight, [len(x) for x in X]))
    assert make_step_scorer(accuracy_score)(estimator, X, y, sample_weight=weight) == expected
    with pytest.raises(ValueError, match="got 3 for 12 sequences"):
        make_step_scorer(accuracy_score)(estimator, X, y, sample_weight=weight[:3])


def test_make_step_scorer_missing_response_method(binary):
    _, X, y = binary
    scorer = make_step_scorer(roc_auc_score, response_method="predict_proba")
    with pytest.raises(AttributeError, match=r"StepRegressor has none of .*predict_proba"):
        scorer(StepRegressor(LinearRegression()), X, y)


def test_make_step_scorer_different_lengths(binary):
    estimator, X, y = binary
    y = [*y[:3], y[3][:-1], *y[4:]]
    with pytest.raises(ValueError, match="length of sequence 3: 3 and 4 steps"):
        make_step_scorer(accuracy_score)(estimator, X, y)


def test_make_step_scorer_repr_and_pickle(binary):
    estimator, X, y = binary
    scorer = make_step_scorer(f1_score, greater_is_better=False, pos_label="no")
    assert repr(scorer) == (
        "make_step_scorer(f1_score, greater_is_better=False, response_method='predict', "
        "pos_label=no)"
    )
    assert pickle.loads(pickle.dumps(scorer))(estimator, X, y) == scorer(estimator, X, y)


@pytest.mark.parametrize("as_array", [False, True], ids=["list", "array"])
def test_make_step_scorer_cross_validation(as_array):
    X, y = make_data(["low", "mid", "high"], lengths=[6] * 12)
    X, y = (np.stack(X), np.stack(y)) if as_array else (X, y)
    model = make_pipeline(TimeDistributed(StandardScaler()), StepClassifier(LogisticRegression()))
    scores = cross_val_score(model, X, y, cv=KFold(3), scoring=make_step_scorer(f1_score, **MACRO))
    expected = []
    for train, test in KFold(3).split(X):
        part = [X[i] for i in train], [y[i] for i in train]
        flat_pred = flatten_steps(model.fit(*part).predict([X[i] for i in test]))
        flat_true = flatten_steps([y[i] for i in test])
        expected.append(f1_score(flat_true, flat_pred, **MACRO))
    assert_allclose(scores, expected)


def test_make_step_scorer_grid_search_with_several_scorers():
    X, y = make_data(["low", "mid", "high"])
    scoring = {
        "f1": make_step_scorer(f1_score, **MACRO),
        "log": make_step_scorer(log_loss, response_method="predict_proba", greater_is_better=False),
    }
    searches = [
        GridSearchCV(
            StepClassifier(LogisticRegression()),
            {"model__C": [1e-6, 1.0]},
            cv=3,
            scoring=scoring,
            refit="log",
            n_jobs=n_jobs,
        ).fit(X, y, sample_weight=np.arange(1.0, 13.0))
        for n_jobs in (None, 2)
    ]
    assert searches[0].best_params_ == {"model__C": 1.0}
    for name in ("mean_test_f1", "mean_test_log"):
        assert_array_equal(searches[0].cv_results_[name], searches[1].cv_results_[name])


def test_make_step_scorer_weights_of_metrics_without_sample_weight(binary):
    _, X, y = binary
    search = GridSearchCV(StepRegressor(LinearRegression()), {"model__positive": [False]}, cv=2)
    y = [(target == "yes").astype(float) for target in y]
    weight = np.ones(len(X))
    search.set_params(scoring=make_step_scorer(mean_squared_error)).fit(X, y, sample_weight=weight)
    with pytest.warns(UserWarning, match="does not support sample_weight"):
        search.set_params(scoring=make_step_scorer(max_error)).fit(X, y, sample_weight=weight)


def test_make_step_scorer_metadata_routing(binary):
    _, X, y = binary
    weight = np.arange(12.0)
    folds = list(KFold(2).split(X))
    with config_context(enable_metadata_routing=True):
        estimator = StepClassifier(LogisticRegression()).set_fit_request(sample_weight=False)
        scorer = make_step_scorer(accuracy_score).set_score_request(sample_weight=True)
        scores = cross_val_score(
            estimator, X, y, cv=folds, scoring=scorer, params={"sample_weight": weight}
        )
    for (train, test), score in zip(folds, scores, strict=True):
        estimator.fit([X[i] for i in train], [y[i] for i in train])
        test_data = [X[i] for i in test], [y[i] for i in test]
        scorer = make_step_scorer(accuracy_score)
        assert score == scorer(estimator, *test_data, sample_weight=weight[test])


def test_make_step_scorer_equals_make_scorer_for_one_step():
    X, y = make_data(["low", "mid", "high"], lengths=[1] * 40)
    estimator = StepClassifier(LogisticRegression()).fit(X, y)
    table, labels = np.concatenate(X), np.concatenate(y)
    expected = make_scorer(f1_score, **MACRO)(estimator.model, table, labels)
    assert make_step_scorer(f1_score, **MACRO)(estimator, X, y) == expected


@pytest.mark.parametrize("metric", [None, "accuracy", 3])
def test_make_step_scorer_metric_must_be_callable(metric):
    with pytest.raises(TypeError, match="metric must be callable"):
        make_step_scorer(metric)
