"""Echo state networks trained in parts: partial_fit, merge and update."""

from copy import copy, deepcopy
from functools import reduce

import numpy as np
import pytest
from echo_state_data import (
    INPUTS,
    LABELS,
    NOISE,
    RUNNING,
    SUMS,
    TAGGED,
    TAGS,
    TARGETS,
    X,
    assert_same_readout,
    classifier,
    double,
    regressor,
    steps_network,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import EchoStateRegressor

PARTS = [np.arange(0, 9), np.arange(9, 13), np.arange(13, 30)]
KINDS = {
    "vector": (regressor(), X, SUMS),
    "steps": (regressor(return_sequences=True, washout=1), X, RUNNING),
    "triangular": (regressor(solver="svd"), X, SUMS),
    "labels": (classifier(), X, LABELS),
    "tags": (classifier(return_sequences=True), TAGGED, TAGS),
}


def rows_of(sequences, y, rows):
    return [sequences[i] for i in rows], [y[i] for i in rows]


def parts_of(sequences, y):
    return [rows_of(sequences, y, part) for part in PARTS]


def first_classes(network, y):
    if isinstance(network, EchoStateRegressor):
        return {}
    return {"classes": np.unique(np.concatenate(y) if network.return_sequences else y)}


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_of_sequences_equals_one_fit(kind):
    network, sequences, y = KINDS[kind]
    at_once = clone(network).fit(sequences, y)
    for order in ([0, 1, 2], [2, 0, 1]):
        in_parts = clone(network)
        for i in order:
            in_parts.partial_fit(*parts_of(sequences, y)[i], **first_classes(network, y))
        assert_same_readout(in_parts, at_once)
    fit_first = clone(network).fit(sequences, y).partial_fit(*parts_of(sequences, y)[1])
    assert_same_readout(fit_first, clone(network).fit(*rows_of(sequences, y, np.r_[:30, PARTS[1]])))


@pytest.mark.parametrize("cuts", [[100], [3, 40, 180]])
def test_partial_fit_of_a_series_equals_one_fit(cuts):
    network = steps_network(washout=20, initial_state="fit_end")
    at_once = clone(network).fit(INPUTS, TARGETS)
    blocks = list(zip(np.split(INPUTS, cuts), np.split(TARGETS, cuts), strict=True))
    if cuts[0] < 20:
        with pytest.raises(ValueError, match=r"washout=20 drops all 3 time step\(s\) of X\[0\]"):
            network.partial_fit(*blocks[0])
        blocks[:2] = [(INPUTS[:40], TARGETS[:40])]
    for block in blocks:
        network.partial_fit(*block)
    assert_same_readout(network, at_once)
    assert_allclose(network.predict(INPUTS), at_once.predict(INPUTS), rtol=1e-8)
    apart = clone(network).set_params(initial_state="zero")
    for block in blocks:
        apart.partial_fit(*block)
    assert not np.allclose(apart.coef_, at_once.coef_)  # a washout and a start for each block


@pytest.mark.parametrize("kind", KINDS)
def test_merge_equals_one_fit(kind):
    network, sequences, y = KINDS[kind]
    at_once = clone(network).fit(sequences, y)

    def networks():
        classes = first_classes(network, y)
        return [clone(network).partial_fit(*part, **classes) for part in parts_of(sequences, y)]

    def merged(one, other):
        before = other.predict(sequences)
        one.merge(other)
        for old, new in zip(before, other.predict(sequences), strict=True):
            assert_array_equal(old, new)
        return one

    one, two, three = networks()
    assert_same_readout(merged(one, merged(two, three)), at_once)
    assert_same_readout(reduce(merged, networks()), at_once)
    assert_same_readout(reduce(merged, networks()[::-1]), at_once)


OTHERS = {
    "another seed": ({"random_state": 1}, SUMS, "different reservoir.*int as random_state"),
    "no seed": ({"random_state": None}, SUMS, "different reservoir.*int as random_state"),
    "another leak rate": ({"leak_rate": 0.5}, SUMS, "different reservoir"),
    "another activation": (
        {"reservoir": double(activation="relu")}, SUMS, "activation='relu', expected 'tanh'"),
    "one more direction": (
        {"reservoir": double(bidirectional=True)}, SUMS, "other"),
    "other features": ({"readout_input": False}, SUMS, "readout_input=False, expected True"),
    "another pooling": ({"pooling": "mean"}, SUMS, "pooling='mean', expected 'last'"),
    "two targets": ({}, np.c_[SUMS, SUMS], "other features or targets"),
    "a column": ({}, SUMS[:, None], "other features or targets"),
}  # fmt: skip


@pytest.mark.parametrize("which", OTHERS)
def test_merge_of_other_reservoirs_is_refused(which):
    params, y, match = OTHERS[which]
    network = regressor().fit(X, SUMS)
    other = regressor(**params).fit(X, y)
    with pytest.raises(ValueError, match=match):
        network.merge(other)
    with pytest.raises(ValueError, match=r"EchoStateRegressor can only merge.*EchoStateClassifier"):
        network.merge(classifier().fit(X, LABELS))
    with pytest.raises(ValueError, match="other features or targets"):
        classifier().fit(X, LABELS).merge(classifier().fit(X, LABELS == "ant"))
    assert_array_equal(network.coef_, regressor().fit(X, SUMS).coef_)


# --- update -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_update_equals_one_fit(kind):
    network, sequences, y = KINDS[kind]
    updated = clone(network)
    first, *rest = parts_of(sequences, y)
    updated.partial_fit(*first, **first_classes(network, y))
    for part in rest:
        updated.update(*part)
    assert_same_readout(updated, clone(network).fit(sequences, y))
    updated.partial_fit(*first)  # what was taken in by updates is in the sums as well
    assert_same_readout(updated, clone(network).fit(*rows_of(sequences, y, np.r_[:30, PARTS[0]])))


def test_update_continues_a_series():
    network = steps_network(washout=20, initial_state="fit_end")
    at_once = clone(network).fit(INPUTS, TARGETS)
    network.fit(INPUTS[:60], TARGETS[:60])
    for block in (slice(60, 61), slice(61, 240)):
        network.update(INPUTS[block], TARGETS[block])
    assert_same_readout(network, at_once)
    assert_allclose(network.predict(INPUTS), at_once.predict(INPUTS), rtol=1e-8)


def test_update_forgetting_equals_weights():
    forgetting, n = 0.97, len(INPUTS)
    network = steps_network(alpha=1e-8).fit(INPUTS[:100], TARGETS[:100])
    network.set_params(initial_state="fit_end").update(
        INPUTS[100:], TARGETS[100:], forgetting=forgetting
    )
    ages = np.maximum(np.arange(n)[::-1], 0)
    weights = forgetting ** np.minimum(ages, n - 100)
    assert_same_readout(network, steps_network(alpha=1e-10).fit(INPUTS, TARGETS, weights), 1e-4)


def test_update_forgetting_follows_a_change():
    changed = np.r_[TARGETS[:120], -TARGETS[120:]]
    errors = []
    for forgetting in (1.0, 0.95):
        network = steps_network().fit(INPUTS[:100], changed[:100])
        network.update(INPUTS[100:200], changed[100:200], forgetting=forgetting)
        errors.append(np.abs(network.predict(INPUTS[200:]) - changed[200:])[10:].mean())
    assert errors[1] < 0.2 * errors[0]


def test_update_class_weight():
    network = classifier(class_weight={"ant": 5, "bee": 1, "cat": 2})
    (first, *rest), classes = parts_of(X, LABELS), np.unique(LABELS)
    updated = clone(network).partial_fit(*first, classes=classes)
    for part in rest:
        updated.update(*part)
    assert_same_readout(updated, network.fit(X, LABELS))


@pytest.mark.parametrize("solver", ["cholesky", "svd"])
@pytest.mark.parametrize("method", ["partial_fit", "merge"])
def test_update_forgetting_before_partial_fit_and_merge(method, solver):
    forgetting, n_new = 0.9, len(X) - 9
    network = regressor(solver=solver).fit(X[:9], SUMS[:9])
    network.update(X[9:], SUMS[9:], forgetting=forgetting)
    if method == "partial_fit":
        network.partial_fit(X[:4], SUMS[:4])
    else:
        network.merge(regressor(solver=solver).fit(X[:4], SUMS[:4]))
    ages = np.r_[np.full(9, n_new), np.arange(n_new)[::-1], np.zeros(4)]
    batch, y = [*X, *X[:4]], np.r_[SUMS, SUMS[:4]]
    assert_same_readout(network, regressor().fit(batch, y, forgetting**ages))


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_partial_fit_noise_of_each_part(noise):
    network = regressor(reservoir=double(noise=noise))
    twice = clone(network).partial_fit(X, SUMS).partial_fit(X, SUMS)
    doubled = clone(network).partial_fit(X, SUMS, np.full(len(X), 2.0))
    assert np.allclose(twice.coef_, doubled.coef_, rtol=1e-6) == (noise == 0)


def test_update_noise_of_each_sequence():
    network = regressor(return_sequences=True, reservoir=double(noise=0.1)).fit(X, RUNNING)
    parts = deepcopy(network).update(X[:1], RUNNING[:1]).update(X[:1], RUNNING[:1])
    network.update([X[0], X[0]], [RUNNING[0], RUNNING[0]])
    assert_same_readout(network, parts)


def test_update_leaves_copies_as_they_were():
    network = regressor().fit(X[:9], SUMS[:9]).update(X[9:13], SUMS[9:13])
    first, second = (
        one.update(X[13:], SUMS[13:], forgetting=0.5) for one in (copy(network), network)
    )
    assert_array_equal(first.coef_, second.coef_)


def test_update_within_the_washout_is_refused():
    network = EchoStateRegressor(units=20, rows="steps", washout=50, random_state=0)
    network.fit(NOISE[:200], NOISE[:200, 0])
    with pytest.raises(ValueError, match="washout=50 drops all"):
        network.update(NOISE[:1], NOISE[:1, 0])
    network.set_params(initial_state="fit_end").update(NOISE[:1], NOISE[:1, 0])
