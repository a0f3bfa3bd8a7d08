"""Fitted reservoirs and echo state networks: replaced as a whole, copied, and stored."""

import inspect
import sys
from itertools import cycle
from threading import Event, Thread

import numpy as np
import pandas as pd
import pytest
from echo_state_data import (
    LABELS,
    SUMS,
    TAGGED,
    TAGS,
    X,
    classifier,
    double,
    regressor,
    steps_network,
)
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skrnn import EchoStateClassifier, EchoStateRegressor
from skrnn.reservoir import LiquidStateMachine, Reservoir

NOISE = np.random.default_rng(3).normal(size=(1500, 2))
# For each: an estimator, a method that reads it, and two training sets whose fits differ in all
# that a mixture could mix: scale, number of targets, labels, features, columns.
REFITS = {
    "regressor": (regressor(units=60), "predict", X, (X, SUMS), (X, np.c_[SUMS, -1e3 * SUMS])),
    "classifier": (classifier(), "predict_proba", X, (X, LABELS), (X, (LABELS == "ant") + 10)),
    "tagger": (
        classifier(return_sequences=True), "predict", TAGGED,
        (TAGGED, TAGS), (TAGGED, [np.where(tags == "up", 7, 8) for tags in TAGS])),
    "series": (
        steps_network(initial_state="fit_end", reservoir=double(feedback_scaling=0.2)), "predict",
        NOISE[:40], (NOISE, NOISE[:, 0]), (NOISE[::-1], 5 + NOISE[:, 1])),
    "reservoir": (Reservoir(units=40, plasticity="oja"), "transform", X, (X,), (X[::-1],)),
    "model space": (Reservoir(units=9, pooling="model_space"), "transform", X, (X,), (X[:9],)),
    "spikes": (
        LiquidStateMachine(units=20), "transform", X[:5], (X,), ([9 * steps for steps in X],)),
}  # fmt: skip


@pytest.fixture
def fast_switches():
    """Let threads take turns as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def same(one, other):
    return len(one) == len(other) and all(map(np.array_equal, one, other))


@pytest.mark.usefixtures("fast_switches")
@pytest.mark.parametrize("name", REFITS)
def test_refit_in_a_second_thread(name):
    estimator, method, batch, *data = REFITS[name]
    estimator = clone(estimator).set_params(random_state=0)
    expected = [getattr(clone(estimator).fit(*part), method)(batch) for part in data]
    assert not same(*expected)
    estimator.fit(*data[0])

    enough = Event()

    def refit():
        for part in cycle(data[::-1]):
            estimator.fit(*part)
            if enough.is_set():
                return

    thread = Thread(target=refit)
    thread.start()
    try:
        found = [getattr(estimator, method)(batch) for _ in range(60)]
    finally:
        enough.set()
        thread.join()
    kinds = {next((i for i in (0, 1) if same(one, expected[i])), "mixture") for one in found}
    assert kinds <= {0, 1}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_fit_keeps_parameters_that_are_set_meanwhile(method):
    def topology(units, rng):
        network.set_params(alpha=7.0)
        return rng.normal(size=(units, units))

    network = regressor(reservoir=double(topology=topology))
    getattr(network, method)(X, SUMS)
    assert network.alpha == 7.0
    assert network.alpha_ == 1e-3


@pytest.mark.parametrize(
    ("make", "y"),
    [(regressor, SUMS), (classifier, LABELS), (Reservoir, None), (LiquidStateMachine, None)],
)
def test_feature_names_after_failed_and_successful_fit(make, y):
    frames = [pd.DataFrame(steps, columns=["wind", "sun"]) for steps in X]
    estimator = make().fit(frames, y)
    broken = [*X[:-1], np.full((3, 2), np.nan)]
    with pytest.raises(ValueError, match="NaN"):
        estimator.fit(broken, y)
    assert_array_equal(estimator.feature_names_in_, ["wind", "sun"])
    estimator.fit(X, y)
    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.n_features_in_ == 2


@pytest.mark.parametrize("name", REFITS)
def test_skops_round_trip(name):
    skops = pytest.importorskip("skops.io")
    estimator, method, batch, data, _ = REFITS[name]
    estimator = clone(estimator).fit(*data)
    stored = skops.dumps(estimator)
    types = skops.get_untrusted_types(data=stored)
    assert all(kind.startswith("skrnn.") for kind in types)
    loaded = skops.loads(stored, trusted=types)
    assert same(getattr(loaded, method)(batch), getattr(estimator, method)(batch))


@pytest.mark.parametrize("kind", [EchoStateRegressor, EchoStateClassifier])
def test_parameters_in_signature_constraints_and_docstring(kind):
    parameters = inspect.signature(kind).parameters
    assert set(parameters) == set(kind._parameter_constraints)
    assert kind().get_params(deep=False) == {
        name: parameter.default for name, parameter in parameters.items()
    }
    lines = inspect.getdoc(kind).splitlines()
    section = lines[lines.index("Parameters") + 2 : lines.index("Attributes") - 1]
    documented = [line for line in section if not line.startswith(" ")]
    assert [line.split(" : ")[0] for line in documented] == list(parameters)
    for line, parameter in zip(documented, parameters.values(), strict=True):
        assert eval(line.split("default=")[1]) == parameter.default
    assert max(map(len, section)) <= 96


def test_subclass_with_parameters_of_its_own():
    class Named(EchoStateRegressor):
        def __init__(self, *, name="a", units=5):
            super().__init__(units=units, alpha=2.0)
            self.name = name

    network = clone(Named(name="b", units=7)).fit(X, SUMS)
    assert network.get_params() == {"name": "b", "units": 7}
    assert network.alpha_ == 2.0
    assert network.reservoir_.n_states_ == 7
