"""Echo state networks as ridge regressions of reservoir states, for numbers and for labels."""

from functools import partial

import numpy as np
import pytest
from echo_state_data import (
    CUBE,
    EXACT,
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
    assert_same_readout,
    classifier,
    double,
    regressor,
    states_of,
    steps_network,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.utils.class_weight import compute_sample_weight
from small_data import TINY, labelled

from skrnn import EchoStateClassifier, EchoStateRegressor, RNNClassifier, check_sequences

# --- a ridge regression of states -------------------------------------------------------------


@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("pooling", ["last", "mean", "std"])
def test_regressor_equals_ridge_on_pooled_states(solver, weights, pooling):
    network = regressor(solver=solver, pooling=pooling).fit(X, SUMS, weights)
    pool = {
        "last": lambda rows: rows[-1],
        "mean": partial(np.mean, axis=0),
        "std": partial(np.std, axis=0),
    }
    rows = [pool[pooling](rows) for rows in states_of(X)]
    ridge = Ridge(alpha=1e-3, solver="cholesky").fit(rows, SUMS, weights)
    assert_same_readout(network, ridge)
    assert_allclose(network.predict(X), ridge.predict(rows), rtol=1e-8, atol=1e-8)
    assert network.coef_.shape == (22,)
    assert isinstance(network.intercept_, float)
    assert network.alpha_ == 1e-3


def test_regressor_pooling_mean_without_the_washout():
    network = regressor(pooling="mean", washout=1, readout_input=True).fit(X, SUMS)
    rows = [rows[1:].mean(axis=0) for rows in states_of(X)]
    assert_same_readout(network, Ridge(alpha=1e-3, solver="cholesky").fit(rows, SUMS))


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("washout", [0, 1])
def test_regressor_return_sequences_equals_ridge_on_states(weights, washout):
    network = regressor(return_sequences=True, washout=washout)
    network.fit(X, RUNNING, weights)
    rows = np.concatenate([rows[washout:] for rows in states_of(X)])
    y = np.concatenate([targets[washout:] for targets in RUNNING])
    repeated = None if weights is None else np.repeat(weights, [len(x) - washout for x in X])
    ridge = Ridge(alpha=1e-3, solver="cholesky").fit(rows, y, repeated)
    assert_same_readout(network, ridge)
    predicted = network.predict(X)
    for one, steps in zip(predicted, states_of(X), strict=True):
        assert_allclose(one, ridge.predict(steps), rtol=1e-8, atol=1e-8)


def test_regressor_readout_input_false():
    network = regressor(readout_input=False).fit(X, SUMS)
    rows = [rows[-1, :20] for rows in states_of(X)]
    assert_same_readout(network, Ridge(alpha=1e-3).fit(rows, SUMS))


@pytest.mark.parametrize(
    "params",
    [{"layers": 2}, {"bidirectional": True}, {"layers": 2, "units": (12, 8), "leak_rate": 0.3}],
    ids=["deep", "bidirectional", "narrowing"],
)
def test_regressor_layers_and_bidirectional(params):
    outer = {name: params[name] for name in ("units", "leak_rate") if name in params}
    inner = {name: value for name, value in params.items() if name not in outer}
    network = EchoStateRegressor(**{**EXACT, **outer, "reservoir": double(**inner)})
    network.set_params(return_sequences=True).fit(X, RUNNING)
    rows = np.concatenate(states_of(X, **params))
    assert_same_readout(network, Ridge(alpha=1e-3).fit(rows, np.concatenate(RUNNING)))


@pytest.mark.parametrize("return_sequences", [False, True])
def test_regressor_containers_of_X(return_sequences):
    network = regressor(return_sequences=return_sequences)
    y = CUBE.cumsum(axis=1) if return_sequences else CUBE.sum(axis=(1, 2))
    expected = network.fit(CUBE, y).predict(CUBE)
    assert expected.shape == y.shape
    sequences = check_sequences(CUBE, dtype=np.float64)
    for batch in (list(CUBE), tuple(CUBE), CUBE.tolist(), sequences):
        predicted = clone(network).fit(batch, list(y)).predict(batch)
        assert isinstance(predicted, list) == return_sequences
        assert_array_equal(np.stack(predicted), expected)
    ragged = np.empty(len(X), dtype=object)
    ragged[:] = X
    y = RUNNING if return_sequences else SUMS
    network.fit(ragged, y)
    for one, other in zip(network.predict(ragged), network.predict(X), strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("params", [{}, {"pooling": "mean"}, {"return_sequences": True}])
def test_regressor_predict_does_not_depend_on_the_batch(params):
    network = regressor(**params)
    network.fit(X, RUNNING if params.get("return_sequences") else SUMS)
    together = network.predict(X)
    for i, steps in enumerate(X):
        assert_allclose(network.predict([steps])[0], together[i], rtol=1e-10, atol=1e-10)
    for one, other in zip(network.predict(X[::-1]), together[::-1], strict=True):
        assert_allclose(one, other, rtol=1e-10, atol=1e-10)


def test_regressor_sample_weight_zero():
    weights = np.where(np.arange(len(X)) % 3 == 0, 0.0, 1.0)
    kept = np.flatnonzero(weights)
    network = regressor().fit(X, SUMS, weights)
    assert_array_equal(network.coef_, clone(network).fit([X[i] for i in kept], SUMS[kept]).coef_)


def test_regressor_noise_only_in_training():
    def network(seed, noise):
        reservoir = double(noise=noise)
        return steps_network(reservoir=reservoir, random_state=seed).fit(INPUTS, TARGETS)

    quiet, noisy = network(0, 0.0), network(0, 0.1)
    assert_array_equal(noisy.coef_, network(0, 0.1).coef_)
    assert np.linalg.norm(noisy.coef_) < np.linalg.norm(quiet.coef_)
    assert_array_equal(noisy.hidden_states(INPUTS), quiet.hidden_states(INPUTS))
    assert_array_equal(noisy.predict(INPUTS), noisy.predict(INPUTS))
    noises = [network(seed, 0.1).coef_ - network(seed, 0.0).coef_ for seed in (0, 1)]
    assert not np.allclose(*noises)


def test_regressor_alphas_by_cross_validation():
    alphas = np.array([1e-4, 1e-2, 1.0, 100.0])
    y = TARGETS + np.random.default_rng(2).normal(0, 0.5, len(TARGETS))
    network = steps_network(alpha=alphas).fit(INPUTS, y)
    rows = states_of([INPUTS])[0]
    rows, y = rows - rows.mean(axis=0), y - y.mean()
    errors = []
    for alpha in alphas:
        hat = rows @ np.linalg.solve(rows.T @ rows + alpha * np.eye(22), rows.T)
        left = 1 - (1 + np.trace(hat)) / len(y)
        errors.append(np.mean((y - hat @ y) ** 2) / left**2)
    assert_allclose(network.gcv_errors_, errors, rtol=1e-8)
    assert network.alpha_ == alphas[np.argmin(errors)]
    assert 1e-4 < network.alpha_ < 100
    y = y + 3.0
    fixed = steps_network(alpha=network.alpha_).fit(INPUTS, y)
    assert_same_readout(steps_network(alpha=alphas).fit(INPUTS, y), fixed)
    assert fixed.gcv_errors_ is None


# --- one row per step -------------------------------------------------------------------------


@pytest.mark.parametrize("y", [TARGETS, SERIES[:-1]], ids=["one target", "two targets"])
def test_regressor_rows_steps_is_one_sequence(y):
    steps = steps_network(washout=10).fit(INPUTS, y)
    sequences = regressor(washout=10, return_sequences=True).fit([INPUTS], [y])
    assert_array_equal(steps.coef_, sequences.coef_)
    assert_array_equal(steps.predict(INPUTS), sequences.predict([INPUTS])[0])
    assert steps.predict(INPUTS).shape == y.shape
    assert steps.score(INPUTS, y) == r2_score(y, steps.predict(INPUTS))


def test_regressor_sample_weight_of_steps():
    weights = np.random.default_rng(0).uniform(0, 2, len(INPUTS))
    weights[20:40] = 0
    network = steps_network(washout=5).fit(INPUTS, TARGETS, weights)
    ridge = Ridge(alpha=1e-3).fit(states_of([INPUTS])[0][5:], TARGETS[5:], weights[5:])
    assert_same_readout(network, ridge)


def test_regressor_time_series_split():
    network, folds = steps_network(washout=5), TimeSeriesSplit(3)
    scores = cross_val_score(network, INPUTS, TARGETS, cv=folds, error_score="raise")
    train, test = next(folds.split(INPUTS))
    by_hand = clone(network).fit(INPUTS[train], TARGETS[train])
    assert scores[0] == by_hand.score(INPUTS[test], TARGETS[test])
    grid = {"alpha": [1e-6, 1e-3], "spectral_radius": [0.2, 0.9], "reservoir__layers": [1, 2]}
    search = GridSearchCV(network, grid, cv=folds, error_score="raise").fit(INPUTS, TARGETS)
    assert search.best_score_ > 0.9
    predicted = cross_val_predict(network, INPUTS, TARGETS, cv=KFold(4))
    by_hand = clone(network).fit(INPUTS[60:], TARGETS[60:])
    assert_array_equal(predicted[:60], by_hand.predict(INPUTS[:60]))


@pytest.mark.parametrize("params", [{}, {"layers": 2}])
def test_regressor_initial_state_fit_end(params):
    reservoir = double(**params)
    zero = steps_network(reservoir=reservoir).fit(INPUTS[:150], TARGETS[:150])
    ended = clone(zero).set_params(initial_state="fit_end").fit(INPUTS[:150], TARGETS[:150])
    assert_array_equal(ended.coef_, zero.coef_)
    later = ended.predict(INPUTS[150:])
    assert_allclose(later, zero.predict(INPUTS)[150:], rtol=1e-10, atol=1e-10)
    assert np.abs(later - zero.predict(INPUTS[150:]))[0] > 1e-3
    assert_array_equal(later, ended.predict(INPUTS[150:]))  # it is not moved by predict
    states = ended.hidden_states(INPUTS[150:], return_sequences=True)
    expected = zero.hidden_states(INPUTS, return_sequences=True)[150:]
    assert_allclose(states, expected, rtol=1e-10, atol=1e-10)


# --- labels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_classifier_equals_ridge_on_indicators(weights):
    network = classifier().fit(X, LABELS, weights)
    indicators = (LABELS[:, None] == network.classes_).astype(float)
    rows = [rows[-1] for rows in states_of(X)]
    ridge = Ridge(alpha=1e-3, solver="cholesky").fit(rows, indicators, weights)
    assert_same_readout(network, ridge)
    assert_array_equal(network.classes_, ["ant", "bee", "cat"])
    assert_allclose(network.decision_function(X), ridge.predict(rows), rtol=1e-8, atol=1e-8)
    assert_array_equal(network.predict(X), network.classes_[ridge.predict(rows).argmax(axis=1)])
    assert network.score(X, LABELS) > 0.95
    assert network.predict(X).dtype == LABELS.dtype


@pytest.mark.parametrize("params", [{}, {"pooling": "mean"}, {"units": 3, "alpha": 10.0}])
@pytest.mark.parametrize("names", [("ant", "bee", "cat"), ("no", "yes"), (False, True), (7, 3, 5)])
def test_classifier_predict_proba(params, names):
    batch, labels = labelled(names)
    network = classifier(**params).fit(batch, labels)
    probabilities, predicted = network.predict_proba(batch), network.predict(batch)
    assert probabilities.shape == (30, len(names))
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert probabilities.min() >= 0
    assert_array_equal(network.classes_[probabilities.argmax(axis=1)], predicted)
    decisions = network.decision_function(batch)
    if len(names) == 2:
        assert decisions.shape == (30,)
        assert_array_equal(network.classes_[(decisions > 0).astype(int)], predicted)
    else:
        assert decisions.shape == (30, 3)
        assert_array_equal(network.classes_[decisions.argmax(axis=1)], predicted)
    for method in (network.predict, network.predict_proba, network.decision_function):
        assert_allclose_or_equal(method(batch[:1]), method(batch)[:1])
        assert_allclose_or_equal(method(batch[0][None]), method(batch)[:1])


def assert_allclose_or_equal(one, other):
    """Check that numbers are equal up to rounding, and labels exactly."""
    assert one.shape == other.shape
    if one.dtype.kind == "f":
        assert_allclose(one, other, rtol=1e-8, atol=1e-10)
    else:
        assert_array_equal(one, other)


def test_classifier_return_sequences():
    network = classifier(return_sequences=True, washout=1).fit(TAGGED, TAGS)
    predicted, lengths = network.predict(TAGGED), [len(steps) for steps in TAGGED]
    assert [tags.shape for tags in predicted] == [(n,) for n in lengths]
    assert [p.shape for p in network.predict_proba(TAGGED)] == [(n, 2) for n in lengths]
    assert [d.shape for d in network.decision_function(TAGGED)] == [(n,) for n in lengths]
    for one, tags in zip(network.predict_proba(TAGGED), predicted, strict=True):
        assert_allclose(one.sum(axis=1), 1, rtol=1e-12)
        assert_array_equal(network.classes_[one.argmax(axis=1)], tags)
    flat, flat_tags = np.concatenate(predicted), np.concatenate(TAGS)
    assert network.score(TAGGED, TAGS) == accuracy_score(flat_tags, flat) > 0.8
    weights = np.repeat(WEIGHTS, lengths)
    expected = accuracy_score(flat_tags, flat, sample_weight=weights)
    assert network.score(TAGGED, TAGS, WEIGHTS) == expected
    cube = np.stack([steps[:2] for steps in TAGGED])
    assert network.predict(cube).shape == (30, 2)
    assert network.predict_proba(cube).shape == (30, 2, 2)
    series, tags = np.concatenate(TAGGED), flat_tags
    one_series = classifier(rows="steps").fit(series, tags)
    assert_array_equal(
        one_series.predict(series),
        classifier(return_sequences=True).fit([series], [tags]).predict([series])[0],
    )
    assert one_series.predict_proba(series[:1]).shape == (1, 2)


FACTORS = {"ant": 5.0, "bee": 1.0, "cat": 0.5}
UNEVEN = np.r_[0:10, 10:14, 20:26]


@pytest.mark.parametrize("weights", [None, WEIGHTS[UNEVEN]], ids=["plain", "weighted"])
@pytest.mark.parametrize("class_weight", [FACTORS, "balanced"], ids=["dict", "balanced"])
def test_classifier_class_weight(class_weight, weights):
    batch, labels = [X[i] for i in UNEVEN], LABELS[UNEVEN]
    ones = np.ones(len(labels)) if weights is None else weights
    total = {name: ones[labels == name].sum() for name in FACTORS}
    balanced = {name: ones.sum() / 3 / total[name] for name in FACTORS}
    chosen = balanced if class_weight == "balanced" else FACTORS
    by_hand = ones * np.array([chosen[label] for label in labels])
    network = classifier(class_weight=class_weight).fit(batch, labels, weights)
    assert_same_readout(network, classifier().fit(batch, labels, by_hand))
    plain = classifier().fit(batch, labels, weights)
    assert not np.allclose(plain.coef_, network.coef_)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_classifier_class_weight_of_some_classes(weights):
    by_hand = compute_sample_weight({"ant": 5.0}, LABELS) * (1 if weights is None else weights)
    network = classifier(class_weight={"ant": 5.0}).fit(X, LABELS, weights)
    assert_same_readout(network, classifier().fit(X, LABELS, by_hand))


@pytest.mark.parametrize("rows", ["sequences", "steps"])
def test_classifier_class_weight_balanced_with_zero_weights(rows):
    batch = X if rows == "sequences" else np.stack([steps[0] for steps in X])
    weights = np.where(LABELS == "ant", 0.0, 1.0)
    network = classifier(class_weight="balanced", rows=rows).fit(batch, LABELS, weights)
    without = classifier(rows=rows).fit(batch, LABELS, weights)
    assert_same_readout(network, without)  # the two classes left are as frequent


# --- hidden states ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EchoStateRegressor, EchoStateClassifier])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_hidden_states_equal_reservoir_states(kind, return_sequences):
    y = TAGS if kind is EchoStateClassifier else [steps[:, 0] for steps in TAGGED]
    if not return_sequences:
        y = [targets[-1] for targets in y]
    network = kind(**EXACT, return_sequences=return_sequences).fit(TAGGED, y)
    states = [rows[:, :20] for rows in states_of(TAGGED)]
    hidden = network.hidden_states(TAGGED, return_sequences=True)
    for one, other in zip(hidden, states, strict=True):
        assert_array_equal(one, other)
    last = network.hidden_states(TAGGED)
    assert_array_equal(last, [steps[-1] for steps in states])
    assert_array_equal(network.hidden_states(CUBE, return_sequences=True).shape, (30, 2, 20))
    output, state = network.hidden_states(TAGGED, return_state=True)
    assert_array_equal(output, last)
    assert_array_equal(state, last)


def test_hidden_states_of_layers_and_directions():
    reservoir = double(layers=2, bidirectional=True)
    network = regressor(units=(6, 4), reservoir=reservoir).fit(X, SUMS)
    steps, *last = network.hidden_states(X, return_sequences=True, return_state=True)
    assert [part.shape for part in last] == [(30, 6), (30, 4), (30, 6), (30, 4)]
    for i in range(len(X)):
        assert steps[i].shape == (len(X[i]), 20)
        forward, backward = np.split(steps[i], 2, axis=1)
        assert_array_equal(np.hstack([part[i] for part in last[:2]]), forward[-1])
        assert_array_equal(np.hstack([part[i] for part in last[2:]]), backward[0])
    assert_array_equal(network.hidden_states(X), np.hstack(last))


def test_hidden_states_have_the_form_of_recurrent_ones():
    trained = RNNClassifier(**{**TINY, "units": 20}).fit(X, LABELS)
    network = classifier(reservoir=None).fit(X, LABELS)
    for batch in (X, CUBE):
        for flags in ((False, False), (True, False), (False, True), (True, True)):
            one, other = (model.hidden_states(batch, *flags) for model in (network, trained))
            if not flags[1]:
                one, other = [one], [other]
            assert [type(part) for part in one] == [type(part) for part in other]
            assert [np.shape(part[0]) for part in one] == [np.shape(part[0]) for part in other]
            assert one[0][0].dtype == other[0][0].dtype == np.float32


# --- scores -----------------------------------------------------------------------------------


def test_score_of_steps():
    network = regressor(return_sequences=True).fit(X, RUNNING)
    flat, targets = np.concatenate(network.predict(X)), np.concatenate(RUNNING)
    assert network.score(X, RUNNING) == r2_score(targets, flat)
    weights = np.repeat(WEIGHTS, [len(steps) for steps in X])
    expected = r2_score(targets, flat, sample_weight=weights)
    assert network.score(X, RUNNING, sample_weight=WEIGHTS) == expected
    y = CUBE.cumsum(axis=1)
    predicted = network.predict(CUBE).reshape(60, 2)
    assert network.score(CUBE, y) == r2_score(y.reshape(60, 2), predicted)
