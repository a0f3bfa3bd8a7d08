"""Bad parameters, data and calls: each raises its own error, before any time step is run."""

import pickle
from contextlib import contextmanager
from functools import lru_cache
from itertools import product
from unittest import mock

import numpy as np
import pytest
from echo_state_data import (
    CUBE,
    INPUTS,
    LABELS,
    RUNNING,
    SUMS,
    TAGGED,
    TAGS,
    TARGETS,
    X,
    classifier,
    double,
    no_step,
    regressor,
    steps_network,
)
from fitted_models import replaced, unchanged
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from skrnn.reservoir import Reservoir, _readout, _ridge, _statistics, _time_loop

MODELS = {
    "vector": (regressor(), X, SUMS),
    "steps": (regressor(return_sequences=True), X, RUNNING),
    "series": (steps_network(), INPUTS, TARGETS),
    "labels": (classifier(), X, LABELS),
    "tags": (classifier(return_sequences=True), TAGGED, TAGS),
}  # fmt: skip
SHORT = int(np.argmin([len(steps) for steps in X]))
TWO_LAYERS = double(layers=2)


@lru_cache
def pickled(kind):
    """Return a fitted network in a form that no test can change."""
    network, *data = MODELS[kind]
    return pickle.dumps(network.fit(*data))


def fitted(kind):
    """Return an independent fitted network, and its training data."""
    return pickle.loads(pickled(kind)), *MODELS[kind][1:]


@contextmanager
def refused(match, error=ValueError):
    """Check that an error is raised before any time step is run."""
    with no_step(), pytest.raises(error, match=f"(?s){match}"):
        yield


# --- parameters -------------------------------------------------------------------------------

RANGE = r"must be in the range \(0.0, 1.0\]"
SQUARE = "topology must be a square matrix .* each of 20 units, got the shape"
BAD_PARAMETERS = {
    "no radius": ("vector", {"spectral_radius": 0}, r"'spectral_radius'.*\(0.0, inf\).*Got 0"),
    "a radius below zero, inside": (
        "vector", {"reservoir": double(spectral_radius=-1.0)}, "'spectral_radius'.*Got -1.0"),
    "no leak": ("vector", {"leak_rate": 0.0}, r"'leak_rate'.*\(0.0, 1.0\].*Got 0.0"),
    "a leak above one": ("vector", {"leak_rate": 1.1}, r"'leak_rate'.*\(0.0, 1.0\].*Got 1.1"),
    "a unit without leak": ("vector", {"leak_rate": [0.0] + [1.0] * 19}, f"leak_rate {RANGE}"),
    "leaks of too few units": (
        "vector", {"leak_rate": [0.5, 0.2]}, r"leak_rate.*each of 20 units.*\(2,\)"),
    "a layer that leaks too much": (
        "vector", {"leak_rate": [0.5, 1.2], "reservoir": TWO_LAYERS},
        f"leak_rate {RANGE}, got 1.2"),
    "a unit of a layer that leaks too much": (
        "vector", {"leak_rate": [0.5, [1.2] * 20], "reservoir": TWO_LAYERS}, f"leak_rate {RANGE}"),
    "leaks of too few layers": (
        "vector", {"leak_rate": [0.5], "reservoir": TWO_LAYERS}, "leak_rate.*2 layers, got 1"),
    "a leak that is not a number": ("vector", {"leak_rate": ["a"] * 20}, "leak_rate"),
    "no units": ("vector", {"units": 0}, "'units'.*int in the range.*Got 0"),
    "units of two layers for one": (
        "vector", {"units": (3, 4)}, r"units.*each of layers=1, got \(3, 4\)"),
    "units of one layer for two": (
        "vector", {"units": [3], "reservoir": TWO_LAYERS}, r"units.*layers=2, got \[3\]"),
    "half a unit": ("vector", {"units": [2.5]}, r"units must be a positive int.*\[2.5\]"),
    "a washout as long as a sequence": (
        "steps", {"washout": 2}, rf"washout=2 drops all 2 time step.*X\[{SHORT}\]"),
    "a washout as long as the series": (
        "series", {"washout": 240}, r"washout=240 drops all 240 time step.*X\[0\]"),
    "topology not square": (
        "vector", {"reservoir": double(topology=np.ones((20, 19)))}, rf"{SQUARE} \(20, 19\)"),
    "topology too small": (
        "vector", {"reservoir": double(topology=sparse.eye_array(5))}, rf"{SQUARE} \(5, 5\)"),
    "topology with NaN": (
        "vector", {"reservoir": double(topology=np.full((20, 20), np.nan))},
        "topology contains NaN"),
    "topology without scale": (
        "vector", {"reservoir": double(topology=np.zeros((20, 20)))},
        "topology.*spectral radius 0.*spectral_radius=0.9.*spectral_radius=None"),
    "topology without name": (
        "vector", {"reservoir": double(topology="ring")}, "'topology'.*'cycle'.*Got 'ring'"),
    "input weights of other features": (
        "vector", {"reservoir": double(input_weights=np.ones((20, 3)))},
        r"input_weights.*20 units.* 2 features.*\(20, 3\)"),
    "input scaling of other features": (
        "vector", {"input_scaling": [1.0, 2.0, 3.0]}, r"input_scaling.* 2 features.*\(3,\)"),
    "input scaling with NaN": ("vector", {"input_scaling": [1.0, np.nan]}, "input_scaling"),
    "input scaling of strings": ("vector", {"input_scaling": ["a", "b"]}, "input_scaling"),
    "no alpha": ("vector", {"alpha": 0}, r"'alpha'.*\(0.0, inf\).*Got 0"),
    "an alpha that no float can hold": ("vector", {"alpha": 10**400}, "alpha must be at most 1.8e"),
    "negative alphas": ("vector", {"alpha": [-1.0, 1.0]}, r"alpha.*positive.*got \[-1.0, 1.0\]"),
    "a table of alphas": (
        "vector", {"alpha": [[1.0, 2.0]]}, r"alpha must be a .* one-dimensional.*\[\[1.0, 2.0\]\]"),
    "empty alphas": ("vector", {"alpha": []}, "alpha"),
    "alphas that are not numbers": ("vector", {"alpha": ["a", "b"]}, "alpha"),
    "NaN among alphas": ("vector", {"alpha": [1.0, np.nan]}, "alpha.*finite.*nan"),
    "no end of sequences": (
        "vector", {"initial_state": "fit_end"},
        "initial_state='fit_end'.*rows='steps', got rows='sequences'"),
    "no end of two directions": (
        "series", {"initial_state": "fit_end", "reservoir": double(bidirectional=True)},
        "initial_state='fit_end'.*bidirectional=True"),
    "a value given twice": (
        "vector", {"reservoir": double(units=5)},
        r"units is given twice, as units=20 and as reservoir=Reservoir\(units=5\)"),
    "leak rates given twice": (
        "vector", {"leak_rate": 0.3, "reservoir": double(layers=2, leak_rate=[0.1, [0.2] * 20])},
        "leak_rate is given twice, as leak_rate=0.3"),
    "another transformer": ("vector", {"reservoir": StandardScaler()}, "reservoir.*StandardScaler"),
    "feedback of pooled states": (
        "vector", {"reservoir": double(feedback_scaling=0.2), "pooling": "mean"},
        "feedback_scaling=0.2.*return_sequences=True or rows='steps'"),
    "feedback from the end": (
        "steps", {"reservoir": double(feedback_scaling=0.2, bidirectional=True)},
        "bidirectional=True.*feedback_scaling=0.2"),
    "intrinsic plasticity of relu": (
        "vector", {"reservoir": double(plasticity="intrinsic", activation="relu")},
        "plasticity='intrinsic'.*'tanh' or 'logistic', got 'relu'"),
    "weights of zero": (
        "labels", {"class_weight": {"ant": 0, "bee": 0, "cat": 0}}, "zero for every class"),
    "a weight of no class": ("labels", {"class_weight": {"dog": 2}}, "class_weight"),
    "a weight below zero": (
        "labels", {"class_weight": {"ant": -1, "bee": 1, "cat": 1}}, "class_weight"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_PARAMETERS)
def test_fit_bad_parameters(wrong):
    kind, params, match = BAD_PARAMETERS[wrong]
    network, batch, y = fitted(kind)
    good = network.get_params(deep=False)
    with unchanged(network, batch):
        network.set_params(**params)
        with refused(match):
            network.fit(batch, y)
        network.set_params(**good)
    with refused(match):
        clone(network).set_params(**params).partial_fit(batch, y)


def test_washout_error_names_the_sequence():
    weights = np.where(np.arange(len(X)) < SHORT, 0.0, 1.0)  # those before it are not there
    with refused(rf"washout=2 drops all .*X\[{SHORT}\]"):
        regressor(return_sequences=True, washout=2).fit(X, RUNNING, weights)


def test_sample_weight_only_in_the_washout():
    network, inputs, y = fitted("series")
    network.set_params(washout=5)
    with unchanged(network, inputs), pytest.raises(ValueError, match="sample_weight"):
        network.fit(inputs, y, (np.arange(240) < 3).astype(float))


def test_fit_states_not_finite():
    network, inputs, y = fitted("series")
    good = network.get_params(deep=False)
    with unchanged(network, inputs), np.errstate(all="ignore"):
        network.set_params(spectral_radius=30.0, reservoir=double(activation="identity"))
        with pytest.raises(ValueError, match=r"states|spectral_radius"):
            network.fit(inputs, y)
        network.set_params(**good)


def test_reservoir_fit_with_feedback_is_refused():
    with refused(r"feedback_scaling=0.5.*Reservoir alone.*EchoStateRegressor"):
        Reservoir(feedback_scaling=0.5).fit(X)


# --- data -------------------------------------------------------------------------------------


def with_value(value, batch=X, i=4):
    broken = batch[i].copy()
    broken[len(broken) // 2, 1] = value
    return replaced(batch, i, broken)


HOLE = np.where(np.arange(480).reshape(240, 2) == 201, np.nan, INPUTS)
BAD_SEQUENCES = {
    "NaN within": ("vector", with_value(np.nan), r"X contains NaN.*X\[4\]"),
    "NaN in a series": ("series", HOLE, "X contains NaN"),
    "masked values in a series": (
        "series", np.ma.array(INPUTS, mask=INPUTS > 0), "X is a masked array"),
    "infinity": ("steps", with_value(np.inf), r"X contains infinity.*X\[4\]"),
    "an empty sequence": ("vector", replaced(X, 3, X[3][:0]), r"X\[3\] is an empty sequence"),
    "no sequence": ("vector", [], "0 sample.*X must hold at least one"),
    "features that differ": (
        "vector", replaced(X, 3, X[3][:, :1]), r"X\[0\] has 2 feature.*X\[3\] has 1"),
    "a flat series": ("series", INPUTS[:, 0], "Expected 2D array, got 1D array"),
    "a series too deep": ("series", CUBE, "dim 3.*dim <= 2"),
    "fewer features": (
        "labels", [steps[:, :1] for steps in X], "X has 1 features.*expecting 2 features"),
    "fewer features of a series": ("series", INPUTS[:, :1], "X has 1 features.*expecting 2"),
    "words": ("vector", ["ab", "cd"], "X.* holds strings"),
    "words for steps": ("series", np.full((240, 2), "x"), "(?i)convert.*(string|numeric)"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_SEQUENCES)
def test_bad_X(wrong):
    kind, batch, match = BAD_SEQUENCES[wrong]
    network, good, y = fitted(kind)
    y = y[: len(batch)]
    with unchanged(network, good):
        for call in (network.predict, network.hidden_states):
            with refused(match):
                call(batch)
        for learn in (network.partial_fit, network.update):
            with refused(match):
                learn(batch, y)
        if "expecting" not in match:
            with refused(match):
                network.fit(batch, y)


BAD_TARGETS = {
    "none": ("vector", None, "requires y to be passed, but the target y is None"),
    "too few": ("vector", SUMS[:-2], "X has 30 sequences, y has 28"),
    "too few of a series": ("series", TARGETS[:-1], r"inconsistent numbers.*\[240, 239\]"),
    "too few lists": ("steps", RUNNING[:-1], "X has 30 sequences, y has 29"),
    "one step too few": (
        "steps", replaced(RUNNING, 4, RUNNING[4][1:]),
        rf"y\[4\] has {len(X[4]) - 1} targets, but sequence 4 of X has {len(X[4])} time"),
    "one per sequence": ("steps", SUMS, "y.*per time step because return_sequences=True"),
    "one per step": ("vector", RUNNING, "y.*return_sequences=False"),
    "NaN": ("vector", np.where(SUMS == SUMS[3], np.nan, SUMS), "y contains NaN"),
    "only NaN in a series": ("series", TARGETS * np.nan, "y has only missing targets"),
    "words": ("vector", LABELS, "y must contain numbers.*'ant'"),
    "one class": ("labels", ["ant"] * 30, "at least 2 classes, got 1 class: 'ant'"),
    "one tag": ("tags", [["up"] * len(steps) for steps in X], "got 1 class: 'up'"),
    "numbers for labels": ("labels", SUMS, "Unknown label type: continuous"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", BAD_TARGETS)
def test_bad_y(wrong):
    kind, y, match = BAD_TARGETS[wrong]
    network, batch, _ = fitted(kind)
    with unchanged(network, batch):
        for learn in (network.fit, network.partial_fit, network.update):
            if "class" in match and learn != network.fit:
                continue  # a part may lack classes
            with refused(match):
                learn(batch, y)


def test_partial_fit_other_number_of_targets():
    network, batch, _ = fitted("vector")
    with unchanged(network, batch):
        for learn in (network.partial_fit, network.update):
            with refused("y has 2 targets, but EchoStateRegressor was fitted with 1"):
                learn(batch, np.c_[SUMS, SUMS])


def test_partial_fit_unknown_labels():
    network, batch, _ = fitted("labels")
    unknown = replaced(LABELS.tolist(), 3, "dog")
    with unchanged(network, batch):
        for learn in (network.partial_fit, network.update):
            with refused(r"y has labels that are not in classes_: \['dog'\]"):
                learn(batch, unknown)
            with refused(r"y has labels that are not in classes_: \[1 2\]"):
                learn(batch, np.resize([1, 2], 30))
        with refused(r"classes=\['ant' 'bee'\] differs from the classes of the first call"):
            network.partial_fit(batch, LABELS, classes=["ant", "bee"])
    with refused(r"y has labels that are not in classes_: \['dog'\]"):
        classifier().partial_fit(batch, unknown, classes=["ant", "bee", "cat"])


@pytest.mark.parametrize("learn", ["partial_fit", "update"])
def test_partial_fit_class_weight_balanced(learn):
    network, batch, y = fitted("labels")
    network.set_params(class_weight="balanced")
    with unchanged(network, batch), refused(f"class_weight='balanced'.*{learn}.*dict"):
        getattr(network, learn)(batch, y)


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        ([1.0, 2.0], r"sample_weight.*\(2,\), expected \(30,\)"),
        (-np.ones(30), "Negative.*sample_weight"),
        (np.zeros(30), "(?i)sample.weight.*zero"),
        (np.full(30, np.nan), "sample_weight contains NaN"),
    ],
)
def test_bad_sample_weight(weights, match):
    network, batch, y = fitted("vector")
    with unchanged(network, batch):
        for learn in (network.fit, network.partial_fit):
            with refused(match):
                learn(batch, y, sample_weight=weights)


# --- calls ------------------------------------------------------------------------------------

CALLS = {name: (X,) for name in ("predict", "predict_proba", "decision_function", "hidden_states")}
CALLS |= {"update": (X, LABELS), "merge": (classifier(),)}


@pytest.mark.parametrize("name", CALLS)
def test_methods_before_fit(name):
    with refused("This EchoStateClassifier instance is not fitted yet", NotFittedError):
        getattr(classifier(), name)(*CALLS[name])


def test_merge_other_not_fitted():
    network, batch, _ = fitted("labels")
    with unchanged(network, batch):
        with refused("EchoStateClassifier instance is not fitted", NotFittedError):
            network.merge(classifier())
        with refused("EchoStateClassifier can only merge with another.*got Ridge"):
            network.merge(Ridge().fit(INPUTS, TARGETS))


@pytest.mark.parametrize("forgetting", [0, -0.5, 1.1, np.nan, "1", None])
def test_update_bad_forgetting(forgetting):
    network, batch, y = fitted("vector")
    match = rf"forgetting must be.*\(0.0, 1.0\], got {forgetting!r}"
    with unchanged(network, batch), refused(match):
        network.update(batch, y, forgetting=forgetting)


# --- interruptions ----------------------------------------------------------------------------

INTERRUPTIBLE = {
    "states": (_time_loop._LayerRunner, "run"),
    "sums": (_statistics.Moments, "add"),
    "solution": (_readout, "solve"),
    "recursion": (_ridge.RecursiveLeastSquares, "update"),
}
INTERRUPTED = [
    *product(["fit", "partial_fit"], ["states", "sums", "solution"]),
    *product(["update"], ["states", "sums", "recursion"]),
]


@contextmanager
def interrupted(function):
    """Raise KeyboardInterrupt after the second call of a function (the first one of a solution)."""
    owner, name = INTERRUPTIBLE[function]
    original, calls = getattr(owner, name), []

    def work(*args, **params):
        done = original(*args, **params)
        calls.append(1)
        if len(calls) == (1 if function == "solution" else 2):
            raise KeyboardInterrupt
        return done

    with mock.patch.object(owner, name, work), pytest.raises(KeyboardInterrupt):
        yield


@pytest.mark.parametrize(("method", "function"), INTERRUPTED)
@pytest.mark.parametrize("kind", ["steps", "tags"])
def test_interrupted_fit_changes_nothing(kind, method, function):
    network, batch, y = fitted(kind)
    new, unchosen = clone(network), [steps[::-1] for steps in batch]
    with unchanged(network, batch), interrupted(function):
        getattr(network, method)(unchosen, y)
    if method != "update":
        with interrupted(function):
            getattr(new, method)(batch, y)
        assert vars(new).keys() == new.get_params(deep=False).keys()
    expected, _, _ = fitted(kind)
    for one in (network, expected):
        one.partial_fit(batch, y).update(batch, y)
    assert_array_equal(network.coef_, expected.coef_)


def test_interrupted_merge_changes_nothing():
    network, batch, _ = fitted("labels")
    other, _, _ = fitted("labels")
    with unchanged(network, batch), unchanged(other, batch), interrupted("solution"):
        network.merge(other)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_error_names_the_row_that_is_not_finite(value, container):
    network, inputs, y = fitted("series")
    broken = np.array(inputs)
    broken[77, -1] = value
    what = "NaN" if np.isnan(value) else "infinity"
    with unchanged(network, inputs), refused(rf"X contains {what}.*X\[77\]"):
        network.fit(container(broken), y)
