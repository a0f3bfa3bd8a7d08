"""Echo state networks in scikit-learn: pipelines, searches, ensembles, tables, copies."""

import copy
import io
import pickle
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from echo_state_data import (
    CUBE,
    INPUTS,
    LABELS,
    RUNNING,
    SERIES,
    SUMS,
    TAGGED,
    TAGS,
    TARGETS,
    WEIGHTS,
    X,
    classifier,
    double,
    regressor,
    states_of,
    steps_network,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingRegressor, VotingClassifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from skrnn import (
    EchoStateClassifier,
    EchoStateRegressor,
    OneHotSequenceEncoder,
    TimeDistributed,
    check_sequences,
)
from skrnn.reservoir import Reservoir

TABLE = CUBE[:, :, 0]
FRAME = pd.DataFrame(INPUTS, columns=["wind", "sun"])


def pipeline(network):
    return Pipeline([("scale", TimeDistributed(StandardScaler())), ("esn", network)])


# --- parameters -------------------------------------------------------------------------------


def test_get_params_and_set_params_of_the_reservoir():
    network = EchoStateRegressor(reservoir=Reservoir(topology="cycle", layers=2), units=7)
    assert network.get_params()["reservoir__topology"] == "cycle"
    network.set_params(reservoir__layers=3, reservoir__topology="orthogonal", alpha=0.1)
    assert (network.reservoir.layers, network.reservoir.topology) == (3, "orthogonal")
    with pytest.raises(ValueError, match="Invalid parameter 'depth' for estimator Reservoir"):
        EchoStateRegressor(reservoir=Reservoir()).set_params(reservoir__depth=2)


@pytest.mark.parametrize(
    "network",
    [
        EchoStateRegressor(),
        EchoStateClassifier(units=(3, 4), class_weight={"ant": 2}, alpha=[0.1, 1.0]),
        EchoStateRegressor(reservoir=Reservoir(topology=sparse.eye_array(5), units=5)),
        EchoStateRegressor(reservoir=Reservoir(topology=np.eye(5), activation=np.tanh)),
    ],
)
def test_clone(network):
    copied = clone(network)
    assert vars(copied).keys() == network.get_params(deep=False).keys()
    assert repr(copied) == repr(network)
    assert copied.reservoir is None or copied.reservoir is not network.reservoir


def test_fit_does_not_change_the_given_reservoir():
    reservoir = double(layers=2)
    network = regressor(reservoir=reservoir, washout=1, pooling="mean").fit(X, SUMS)
    assert vars(reservoir) == vars(double(layers=2))
    assert network.reservoir is reservoir
    fitted = network.reservoir_
    assert (fitted.units, fitted.layers, fitted.washout, fitted.pooling) == (20, 2, 1, "mean")


def test_parameters_of_the_estimator_or_of_the_reservoir():
    values = {"units": 9, "spectral_radius": 0.7, "leak_rate": 0.5, "input_scaling": [1.0, 0.2]}
    values |= {"washout": 1, "random_state": 3, "pooling": "mean"}
    inside = EchoStateRegressor(reservoir=Reservoir(**values)).fit(X, SUMS)
    assert_array_equal(inside.coef_, EchoStateRegressor(**values).fit(X, SUMS).coef_)


# --- pipelines --------------------------------------------------------------------------------


def test_pipeline_time_distributed():
    piped = pipeline(regressor()).fit(X, SUMS)
    scaled = TimeDistributed(StandardScaler()).fit_transform(X)
    assert_array_equal(piped["esn"].coef_, regressor().fit(scaled, SUMS).coef_)
    assert piped.score(X, SUMS) > 0.9
    piped = pipeline(regressor(return_sequences=True)).fit(X, RUNNING)
    assert [steps.shape for steps in piped.predict(X)] == [steps.shape for steps in RUNNING]
    assert piped.score(X, RUNNING) > 0.9


DNA = ["GATTACA", "CATG", "TAGGED", "CC", "GAGA", "TTAC"]
ENDS = np.array(["purine" if word[-1] in "AG" else "other" for word in DNA])


def test_one_hot_steps_equal_dense_steps():
    encoder = OneHotSequenceEncoder(handle_unknown="ignore")
    piped = make_pipeline(encoder, classifier(alpha=1e-6)).fit(DNA, ENDS)
    dense = [steps.toarray() for steps in piped[0].transform(DNA)]
    by_hand = classifier(alpha=1e-6).fit(dense, ENDS)
    assert_allclose(piped[-1].coef_, by_hand.coef_, rtol=1e-7, atol=1e-9)
    assert_allclose(piped.predict_proba(DNA), by_hand.predict_proba(dense), atol=1e-8)
    assert_array_equal(piped.predict(DNA), ENDS)
    unknown = piped.predict_proba(["GAXX"])  # steps of zeros
    assert_allclose(unknown.sum(axis=1), 1)
    rows = sparse.csr_array(dense[0])
    tags = np.array(list("ababbab"))
    steps = classifier(rows="steps").fit(rows, tags)
    expected = classifier(rows="steps").fit(dense[0], tags)
    assert_allclose(steps.predict_proba(rows), expected.predict_proba(dense[0]), atol=1e-8)
    counts = sparse.csr_array(2.5 * dense[0])
    assert_allclose(steps.predict_proba(counts), expected.predict_proba(2.5 * dense[0]), atol=1e-8)


def test_pipeline_set_output():
    piped = pipeline(classifier()).set_output(transform="pandas").fit(X, LABELS)
    assert_array_equal(piped.predict(X), pipeline(classifier()).fit(X, LABELS).predict(X))
    with sklearn.config_context(transform_output="pandas"):
        assert_array_equal(piped.predict(X), pipeline(classifier()).fit(X, LABELS).predict(X))
    reservoir = Reservoir(units=4, random_state=0, pooling="mean").fit(X)
    names = [f"reservoir{i}" for i in range(4)]
    assert_array_equal(reservoir.get_feature_names_out(), names)
    scaler = StandardScaler().set_output(transform="pandas")
    network = make_pipeline(scaler, steps_network()).fit(FRAME, TARGETS)
    assert_array_equal(network[-1].feature_names_in_, ["wind", "sun"])
    plain = make_pipeline(StandardScaler(), steps_network()).fit(INPUTS, TARGETS)
    assert_allclose(network.predict(FRAME), plain.predict(INPUTS), rtol=1e-9)


@pytest.mark.parametrize("network", [classifier(), steps_network(reservoir=Reservoir(layers=2))])
def test_repr_and_html(network):
    for shown in (estimator_html_repr(network), network._repr_html_()):
        assert type(network).__name__ in shown
        assert "Reservoir" in shown
    assert "TimeDistributed" in estimator_html_repr(pipeline(network))
    changed = EchoStateRegressor(units=3, reservoir=Reservoir(topology="cycle"))
    assert repr(changed) == "EchoStateRegressor(reservoir=Reservoir(topology='cycle'), units=3)"


# --- searches and folds -----------------------------------------------------------------------

GRID = {
    "spectral_radius": [0.3, 0.9],
    "leak_rate": [0.5, 1.0],
    "reservoir__topology": ["random", "cycle"],
    "reservoir__layers": [1, 2],
}


def test_grid_search_of_nested_parameters():
    make = partial(
        GridSearchCV,
        pipeline(classifier(reservoir=Reservoir(), units=10)),
        {f"esn__{name}": values for name, values in GRID.items()},
        cv=2,
        scoring="neg_log_loss",
        error_score="raise",
    )
    one = make(n_jobs=1).fit(X, LABELS)
    with joblib.parallel_backend("loky"):
        two = make(n_jobs=2).fit(X, LABELS)
    for name in ("split0_test_score", "split1_test_score"):
        assert_array_equal(one.cv_results_[name], two.cv_results_[name])
        assert len(set(one.cv_results_[name])) == 16
    assert_array_equal(one.predict_proba(X), two.predict_proba(X))


@pytest.mark.parametrize("kind", [list, check_sequences, lambda _: CUBE])
def test_cross_val_score_is_stratified(kind):
    batch = kind(X)
    assert is_classifier(classifier())
    assert is_regressor(regressor())
    scores = cross_val_score(classifier(), batch, LABELS, cv=3, error_score="raise")
    assert scores.mean() > 0.8
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    predicted = cross_val_predict(classifier(), batch, LABELS, cv=folds, method="predict_proba")
    assert_allclose(predicted.sum(axis=1), 1)
    scores = cross_val_score(classifier(), batch, LABELS, cv=folds, scoring="roc_auc_ovr")
    assert scores.mean() > 0.9


def test_cross_val_predict_of_ragged_steps():
    network, ragged = classifier(return_sequences=True), np.empty(len(TAGGED), dtype=object)
    ragged[:], tags = TAGGED, np.empty(len(TAGGED), dtype=object)
    tags[:] = TAGS
    predicted = cross_val_predict(network, ragged, tags, cv=3)
    assert [one.shape for one in predicted] == [one.shape for one in TAGS]
    assert np.mean(np.concatenate(predicted) == np.concatenate(TAGS)) > 0.8
    assert cross_val_score(network, TAGGED, TAGS, cv=3, error_score="raise").mean() > 0.8


def test_cross_validate_several_scores():
    labels = np.where(TARGETS > 0, "up", "down")
    names = ["accuracy", "roc_auc", "neg_log_loss"]
    results = cross_validate(
        classifier(rows="steps", washout=5), INPUTS, labels,
        cv=TimeSeriesSplit(3), scoring=names, error_score="raise",
    )  # fmt: skip
    assert (results["test_accuracy"] > 0.7).all()
    assert (results["test_roc_auc"] > 0.8).all()


# --- ensembles --------------------------------------------------------------------------------


def test_voting_and_calibration():
    models = [(f"seed {i}", classifier(random_state=i)) for i in range(2)]
    vote = VotingClassifier(models, voting="soft").fit(X, LABELS)
    mean = np.mean([one.predict_proba(X) for one in vote.estimators_], axis=0)
    assert_allclose(vote.predict_proba(X), mean, rtol=1e-12)
    assert vote.score(X, LABELS) > 0.9
    for ensemble in (True, False):
        calibrated = CalibratedClassifierCV(classifier(), cv=3, ensemble=ensemble).fit(X, LABELS)
        assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
        assert calibrated.score(X, LABELS) > 0.8


@pytest.mark.parametrize("reservoir", [None, Reservoir(topology="cycle")], ids=["none", "given"])
def test_bagging_of_univariate_sequences(reservoir):
    y = TABLE.sum(axis=1)
    network = regressor(reservoir=reservoir)
    bag = BaggingRegressor(network, n_estimators=4, random_state=0).fit(TABLE, y)
    mean = np.mean([one.predict(TABLE) for one in bag.estimators_], axis=0)
    assert_allclose(bag.predict(TABLE), mean)
    assert bag.score(TABLE, y) > 0.9
    assert_array_equal(clone(bag).fit(TABLE, y).predict(TABLE), bag.predict(TABLE))
    assert len({tuple(one.reservoir_.layers_[0].bias) for one in bag.estimators_}) == 4


def test_multi_output_regressor():
    y = np.c_[SUMS, [len(steps) for steps in X]]
    network = regressor().fit(X, y)
    assert network.coef_.shape == (2, 22)
    assert network.intercept_.shape == (2,)
    assert network.predict(X).shape == (30, 2)
    each = MultiOutputRegressor(steps_network()).fit(INPUTS, SERIES[:-1])
    at_once = steps_network().fit(INPUTS, SERIES[:-1])
    assert_allclose(each.predict(INPUTS), at_once.predict(INPUTS), atol=1e-9)
    rows = [rows[-1] for rows in states_of(X)]
    assert_allclose(network.coef_, Ridge(1e-3).fit(rows, y).coef_, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("make", [lambda: (regressor(), X, SUMS),
                                  lambda: (steps_network(), INPUTS, TARGETS)])  # fmt: skip
def test_coef_and_predict_shapes_follow_y(make):
    network, inputs, y = make()
    flat, column = clone(network).fit(inputs, y), clone(network).fit(inputs, y[:, None])
    assert flat.predict(inputs).shape == y.shape
    assert column.predict(inputs).shape == (len(y), 1)
    assert (flat.coef_.shape, column.coef_.shape) == ((22,), (1, 22))
    assert_array_equal(column.predict(inputs)[:, 0], flat.predict(inputs))
    assert flat.score(inputs, y) == column.score(inputs, y[:, None])


# --- routing ----------------------------------------------------------------------------------


def test_pipeline_sample_weight():
    piped = pipeline(classifier()).fit(X, LABELS, esn__sample_weight=WEIGHTS)
    by_hand = classifier().fit(piped["scale"].transform(X), LABELS, WEIGHTS)
    assert_array_equal(piped["esn"].coef_, by_hand.coef_)
    assert (pipeline(classifier()).fit(X, LABELS)["esn"].coef_ != by_hand.coef_).any()


def test_metadata_routing_of_sample_weight():
    with sklearn.config_context(enable_metadata_routing=True):
        network = classifier().set_fit_request(sample_weight=True)
        network.set_score_request(sample_weight=True)
        groups = np.tile(np.arange(10), 3)
        results = cross_validate(
            network, X, LABELS, cv=GroupKFold(3), error_score="raise", return_estimator=True,
            params={"sample_weight": WEIGHTS, "groups": groups}, return_indices=True,
        )  # fmt: skip
        piped = pipeline(network).fit(X, LABELS, sample_weight=WEIGHTS)
        assert piped.score(X, LABELS, sample_weight=WEIGHTS) > 0.9
    train, test = (results["indices"][part][0] for part in ("train", "test"))
    by_hand = classifier().fit([X[i] for i in train], LABELS[train], WEIGHTS[train])
    assert_array_equal(results["estimator"][0].coef_, by_hand.coef_)
    held_out = [X[i] for i in test], LABELS[test], WEIGHTS[test]
    assert results["test_score"][0] == by_hand.score(*held_out)


# --- tables -----------------------------------------------------------------------------------


def test_feature_names_of_a_series():
    network = steps_network().fit(FRAME, pd.Series(TARGETS))
    assert_array_equal(network.coef_, steps_network().fit(INPUTS, TARGETS).coef_)
    assert_array_equal(network.feature_names_in_, ["wind", "sun"])
    assert network.n_features_in_ == 2
    with pytest.raises(ValueError, match=r"feature names should match.*"):
        network.predict(FRAME[["sun", "wind"]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        network.predict(INPUTS)
    both = pd.DataFrame(SERIES[:-1], columns=["a", "b"])
    assert steps_network().fit(FRAME, both).predict(FRAME).shape == (240, 2)


def test_feature_names_of_sequences():
    frames = [pd.DataFrame(steps, columns=["wind", "sun"]) for steps in X]
    network = regressor().fit(frames, pd.Series(SUMS, index=np.arange(30)[::-1]))
    assert_array_equal(network.coef_, regressor().fit(X, SUMS).coef_)
    table = pd.DataFrame(TABLE, columns=["first", "second"])
    network = classifier().fit(table, pd.Series(LABELS))
    assert_array_equal(network.feature_names_in_, ["first", "second"])
    assert_array_equal(network.predict(table), classifier().fit(TABLE, LABELS).predict(TABLE))
    with pytest.raises(ValueError, match=r"feature names should match.*"):
        network.predict(table[["second", "first"]])


# --- copies -----------------------------------------------------------------------------------


def by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "joblib": by_joblib,
    "deepcopy": copy.deepcopy,
}
FED_BACK = {"reservoir": Reservoir(feedback_scaling=0.2), "initial_state": "fit_end"}
MODELS = {
    "vector": (regressor(alpha=[0.1, 1.0]), X, SUMS),
    "labels": (classifier(solver="svd", pooling="model_space", units=5), X, LABELS),
    "fed back": (steps_network(**FED_BACK), INPUTS, TARGETS),
    "in a pipeline": (pipeline(classifier()), X, LABELS),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("kind", MODELS)
def test_copies_are_equal_to_the_last_bit(how, kind):
    model, batch, y = MODELS[kind]
    model, again = clone(model), COPIES[how]
    unfitted = again(model)
    expected = model.fit(batch, y).predict(batch)
    copied = again(model)
    assert_array_equal(copied.predict(batch), expected)
    assert_array_equal(again(copied).predict(batch), expected)
    assert_array_equal(unfitted.fit(batch, y).predict(batch), expected)
    assert_array_equal(model.fit(batch, y).predict(batch), expected)
    last, copied = (m[-1] if isinstance(m, Pipeline) else m for m in (model, copied))
    assert_array_equal(copied.coef_, last.coef_)
    if kind == "fed back":
        assert_array_equal(copied.generate(5), last.generate(5))
    for learn in ("partial_fit", "update"):
        one, other = (getattr(network, learn)(batch, y) for network in (copied, last))
        assert_array_equal(one.coef_, other.coef_)


def test_random_state_instance_and_none():
    first, second = (
        [regressor(random_state=rng).fit(X, SUMS).coef_ for _ in range(2)]
        for rng in (np.random.RandomState(0), np.random.RandomState(0))
    )
    assert_array_equal(first, second)
    assert (first[0] != first[1]).any()
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - it must not change
    one, other = (regressor(random_state=None).fit(X, SUMS).coef_ for _ in range(2))
    assert (one != other).any()
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
