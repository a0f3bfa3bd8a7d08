"""The recurrent estimators in scikit-learn: scores, ensembles, routing, searches, copies."""

import copy
import io
import pickle
import subprocess
import sys
from functools import partial

import joblib
import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier, VotingClassifier, VotingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from small_data import LEARNS, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor, TimeDistributed, check_sequences

X, LABELS = labelled()
TWO, TWO_LABELS = labelled(("no", "yes"))
Y = np.array([steps.sum() for steps in X])
CUBE = np.stack([steps[:2] for steps in X])


def pipeline(model, **params):
    return Pipeline([("scale", TimeDistributed(StandardScaler())), ("rnn", model)], **params)


# --- scores -----------------------------------------------------------------------------------


def test_rnn_cross_val_score_stratifies_sorted_labels():
    assert is_classifier(RNNClassifier())
    assert is_regressor(RNNRegressor())
    assert_array_equal(LABELS, np.sort(LABELS))
    scores = cross_val_score(RNNClassifier(**LEARNS), X, LABELS, cv=3, error_score="raise")
    assert scores.mean() > 0.9  # with a class missing in each training fold it would be 0


@pytest.mark.parametrize(
    ("scoring", "sequences", "y", "least"),
    [
        ("roc_auc", TWO, TWO_LABELS, 0.95),
        ("average_precision", TWO, TWO_LABELS == "yes", 0.95),
        ("neg_log_loss", TWO, TWO_LABELS, -0.5),
        ("roc_auc_ovr", X, LABELS, 0.95),
        ("neg_log_loss", X, LABELS, -0.7),
        ("f1_macro", X, LABELS, 0.9),
    ],
)
def test_rnn_classifier_scorings_by_probabilities(scoring, sequences, y, least):
    model = RNNClassifier(**LEARNS)
    scores = cross_val_score(model, sequences, y, cv=3, scoring=scoring, error_score="raise")
    assert (scores > least).all()


def test_rnn_regressor_scorings_equal_those_of_its_predictions():
    names, model = ["r2", "neg_mean_absolute_error"], RNNRegressor(**TINY)
    results = cross_validate(
        model, X, Y, cv=3, scoring=names, return_estimator=True, return_indices=True
    )
    for i, test in enumerate(results["indices"]["test"]):
        predicted = results["estimator"][i].predict([X[k] for k in test])
        expected = r2_score(Y[test], predicted), -mean_absolute_error(Y[test], predicted)
        assert [results[f"test_{name}"][i] for name in names] == pytest.approx(expected)


def test_rnn_cross_val_predict_returns_probabilities():
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    model = RNNClassifier(**LEARNS)
    predicted = cross_val_predict(model, X, LABELS, cv=folds, method="predict_proba")
    assert predicted.shape == (30, 3)
    assert_allclose(predicted.sum(axis=1), 1, rtol=1e-6)


# --- ensembles --------------------------------------------------------------------------------


def test_rnn_voting_classifier_averages_probabilities():
    models = [(f"seed {i}", RNNClassifier(**{**LEARNS, "random_state": i})) for i in range(2)]
    vote = VotingClassifier(models, voting="soft").fit(X, LABELS)
    mean = np.mean([one.predict_proba(X) for one in vote.estimators_], axis=0)
    assert_allclose(vote.predict_proba(X), mean, rtol=1e-6)
    assert vote.score(X, LABELS) > 0.9


def test_rnn_voting_with_a_linear_model_on_a_table():
    y = CUBE[:, :, 0].sum(axis=1) > CUBE[:, :, 0].sum(axis=1).mean()
    models = [("rnn", RNNClassifier(**LEARNS)), ("linear", LogisticRegression())]
    assert (
        VotingClassifier(models, voting="soft").fit(CUBE[:, :, 0], y).score(CUBE[:, :, 0], y) > 0.9
    )
    models = [("one", RNNRegressor(**TINY)), ("two", RNNRegressor(**TINY))]
    vote = VotingRegressor(models).fit(X, Y)
    assert_allclose(vote.predict(X), vote.estimators_[0].predict(X), rtol=1e-5)


@pytest.mark.parametrize("ensemble", [True, False])
def test_rnn_calibrated_classifier(ensemble):
    model = CalibratedClassifierCV(RNNClassifier(**LEARNS), cv=3, ensemble=ensemble)
    model.fit(X, LABELS)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
    assert model.predict_proba(X[:1]).shape == (1, 3)
    assert model.score(X, LABELS) > 0.9


def test_rnn_stacking_classifier():
    model = StackingClassifier([("rnn", RNNClassifier(**LEARNS))], LogisticRegression(), cv=3)
    assert model.fit(X, LABELS).score(X, LABELS) > 0.9


# --- routing ----------------------------------------------------------------------------------


def test_rnn_pipeline_passes_sample_weight():
    weights = np.linspace(0.1, 2, 30)
    piped = pipeline(RNNClassifier(**TINY)).fit(X, LABELS, rnn__sample_weight=weights)
    scaled = piped["scale"].transform(X)
    assert_same_weights(piped["rnn"], RNNClassifier(**TINY).fit(scaled, LABELS, weights))
    plain = pipeline(RNNClassifier(**TINY)).fit(X, LABELS)
    assert (plain.predict_proba(X) != piped.predict_proba(X)).any()


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_rnn_pipeline_routes_and_transforms_validation_data():
    requests = dict.fromkeys(["sample_weight", "X_val", "y_val"], True)
    model = RNNClassifier(**TINY).set_fit_request(**requests)
    weights = np.linspace(0.1, 2, 30)
    piped = pipeline(model, transform_input=["X_val"])
    piped.fit(X, LABELS, sample_weight=weights, X_val=X[::3], y_val=LABELS[::3])
    scaled = piped["scale"].transform(X)
    by_hand = RNNClassifier(**TINY)
    by_hand.fit(scaled, LABELS, weights, X_val=scaled[::3], y_val=LABELS[::3])
    assert_same_weights(piped["rnn"], by_hand)
    assert piped["rnn"].history_ == by_hand.history_
    assert len(by_hand.history_["val_loss"]) == 3


@pytest.mark.usefixtures("routing")
def test_rnn_pipeline_routes_groups_to_early_stopping():
    groups = np.tile(np.arange(10), 3)
    model = RNNClassifier(**TINY, early_stopping=True, validation_split=0.3)
    piped = pipeline(clone(model).set_fit_request(groups=True)).fit(X, LABELS, groups=groups)
    scaled = piped["scale"].transform(X)
    assert_same_weights(piped["rnn"], clone(model).fit(scaled, LABELS, groups=groups))
    without = clone(model).fit(scaled, LABELS)
    assert without.history_["val_loss"] != piped["rnn"].history_["val_loss"]


@pytest.mark.usefixtures("routing")
def test_rnn_cross_validate_routes_weights_and_groups():
    groups, weights = np.tile(np.arange(10), 3), np.linspace(0.1, 2, 30)
    model = RNNClassifier(**TINY, early_stopping=True, validation_split=0.3)
    model.set_fit_request(groups=True, sample_weight=True).set_score_request(sample_weight=True)
    results = cross_validate(
        model, X, LABELS, cv=GroupKFold(3), error_score="raise",
        params={"groups": groups, "sample_weight": weights},
        return_estimator=True, return_indices=True,
    )  # fmt: skip
    train, test = (results["indices"][part][0] for part in ("train", "test"))
    by_hand = clone(model).fit(
        [X[i] for i in train], LABELS[train], weights[train], groups=groups[train]
    )
    assert_same_weights(results["estimator"][0], by_hand)
    assert results["test_score"][0] == by_hand.score(
        [X[i] for i in test], LABELS[test], weights[test]
    )


# --- searches ---------------------------------------------------------------------------------

CONTAINERS = {"list": list, "array": lambda _: CUBE, "Sequences": check_sequences}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_rnn_grid_search_in_a_pipeline(kind):
    seen = []

    def record(batch):
        seen.append(batch)
        return batch

    sequences = CONTAINERS[kind](X)
    grid = {
        "rnn__cell": ["simple", "gru"],
        "rnn__units": [4, (4, 3)],
        "rnn__learning_rate": [0.01, 0.05],
    }
    piped = pipeline(RNNClassifier(**{**TINY, "epochs": 8}))
    piped.steps.insert(1, ("record", FunctionTransformer(record)))
    search = GridSearchCV(piped, grid, cv=2, error_score="raise").fit(sequences, LABELS)
    assert {type(batch) for batch in seen} == {type(sequences)}
    scores = search.cv_results_["mean_test_score"]
    assert scores.shape == (8,)
    assert len(set(scores)) > 1
    assert search.best_score_ > 0.6
    assert search.predict(sequences).shape == (30,)
    cells = {result["rnn__cell"] for result in search.cv_results_["params"]}
    assert cells == {"simple", "gru"}


def test_rnn_grid_search_in_two_processes_gives_the_same_bits():
    model = RNNClassifier(**TINY, dropout=0.2)
    grid = {"rnn__learning_rate": [0.01, 0.05]}
    make = partial(
        GridSearchCV, pipeline(model), grid, cv=2, scoring="neg_log_loss", error_score="raise"
    )
    one = make(n_jobs=1).fit(X, LABELS)
    with joblib.parallel_backend("loky"):
        two = make(n_jobs=2).fit(X, LABELS)
    for name in ("split0_test_score", "split1_test_score"):
        assert_array_equal(one.cv_results_[name], two.cv_results_[name])


# --- copies -----------------------------------------------------------------------------------


def keras_objects():
    """Return parameters that are Keras objects."""
    import keras

    return {
        "optimizer": keras.optimizers.Nadam(0.01),
        "loss": keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        "metrics": [keras.metrics.CategoricalAccuracy()],
        "callbacks": [keras.callbacks.TerminateOnNaN()],
        "activation": keras.activations.relu,
        "body": lambda steps, lengths: steps,
    }


@pytest.mark.parametrize("afterwards", [False, True])
def test_rnn_clone_shares_keras_objects_and_keeps_other_parameters(afterwards):
    given = keras_objects()
    plain = {"units": (3, 2), "cell": "gru", "embedding": np.eye(3), "random_state": 5}
    if afterwards:
        model = RNNClassifier().set_params(**plain, **given)
    else:
        model = RNNClassifier(**plain, **given)
    nested = clone(pipeline(model))["rnn"]
    for copied in (clone(model), clone(clone(model)), nested):
        params = copied.get_params()
        assert params.keys() == model.get_params().keys()
        for name, value in model.get_params().items():
            if name == "embedding":
                assert_array_equal(params[name], value)
            elif name in given:
                assert params[name] is value
            else:
                assert params[name] == value
        assert vars(copied).keys() == params.keys()


def test_rnn_clone_of_a_fitted_estimator_is_not_fitted():
    model = RNNClassifier(**TINY, **{**keras_objects(), "body": None}).fit(X, LABELS)
    copied = clone(model)
    assert not hasattr(copied, "weights_")
    assert_same_weights(copied.fit(X, LABELS), model)


def joblib_copy(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "joblib": joblib_copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("copies", COPIES)
@pytest.mark.parametrize(
    ("model", "y"),
    [
        (pipeline(RNNClassifier(**TINY, metrics=["accuracy"])), LABELS),
        (RNNRegressor(**TINY), Y),
    ],
    ids=["classifier", "regressor"],
)
def test_rnn_copies_before_and_after_fit_are_equal(copies, model, y):
    model, again = clone(model), COPIES[copies]
    fitted = again(model).fit(X, y)
    expected = model.fit(X, y).predict(X)
    assert_array_equal(fitted.predict(X), expected)
    assert_array_equal(again(model).predict(X), expected)
    assert_array_equal(again(again(model)).predict(X), expected)
    last = model[-1] if isinstance(model, Pipeline) else model
    copied = again(last)
    assert copied.history_ == last.history_
    assert_same_weights(copied, last)
    continued = copied.partial_fit(X, y)
    assert_same_weights(continued, last.partial_fit(X, y))


def test_rnn_pickle_keeps_keras_parameters():
    given = {**keras_objects(), "body": None}
    model = RNNClassifier(**TINY, **given)
    assert_same_weights(COPIES["pickle"](model).fit(X, LABELS), model.fit(X, LABELS))


def walk(value):
    """Yield a value and everything that it contains."""
    yield value
    if isinstance(value, dict):
        value = [*value, *value.values()]
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        value = list(vars(value).values())
    if isinstance(value, list | tuple | set):
        for item in value:
            yield from walk(item)


def test_rnn_fitted_attributes_are_numpy_arrays_and_plain_values():
    for model, y in ((RNNClassifier(**TINY), LABELS), (RNNRegressor(**TINY), Y)):
        model.fit(X, y).predict(X)
        assert model.hidden_states(X, return_state=True)
        assert model.model_ is not None
        state = {
            name: value for name, value in vars(model).items() if name not in model.get_params()
        }
        origins = {type(value).__module__.split(".")[0] for value in walk(state)}
        assert origins <= {"builtins", "numpy", "skrnn"}
        assert all(type(weight) is np.ndarray for weight in model.weights_)


# --- before fit -------------------------------------------------------------------------------

BEFORE_FIT = """
import pickle, sys
from sklearn.base import clone, is_classifier
from sklearn.pipeline import make_pipeline
from skrnn import RNNClassifier, RNNRegressor, TimeDistributed
for model in (RNNClassifier(units=(4, 2)), RNNRegressor()):
    model.get_params()
    model.set_params(units=3, optimizer="sgd", learning_rate=0.1)
    repr(model), model._repr_html_(), repr(make_pipeline(TimeDistributed(None), model))
    clone(model), pickle.loads(pickle.dumps(model)), is_classifier(model), hasattr(model, "model_")
loaded = {name.split(".")[0] for name in sys.modules}
sys.exit(", ".join(loaded & {"keras", "tensorflow", "jax", "torch"}) or 0)
"""


def test_rnn_before_fit_loads_no_framework():
    done = subprocess.run([sys.executable, "-c", BEFORE_FIT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_rnn_repr_shows_parameters_that_differ_from_defaults():
    model = RNNClassifier(units=(4, 2), learning_rate=0.1)
    assert repr(model) == "RNNClassifier(learning_rate=0.1, units=(4, 2))"
    assert "RNNClassifier" in model._repr_html_()
