"""Ranges of parameters for searches: names, and that every value in them is valid."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    EchoStateClassifier,
    EchoStateRegressor,
    RNNClassifier,
    RNNRegressor,
    SlidingWindowForecaster,
    TimeDistributed,
)
from skrnn.model_selection import search_space, suggest_params
from skrnn.reservoir import LiquidStateMachine, Reservoir


class Spy:
    """A trial of Optuna that draws at random and keeps the ranges that it was asked for."""

    def __init__(self):
        self.rng, self.asked = np.random.default_rng(0), {}

    def suggest_categorical(self, name, choices):
        self.asked[name] = tuple(choices)
        return self.asked[name][self.rng.integers(len(choices))]

    def suggest_float(self, name, low, high, *, log=False):
        self.asked[name] = (low, high, log)
        return (
            np.exp(self.rng.uniform(*np.log([low, high]))) if log else self.rng.uniform(low, high)
        )


def body(steps, lengths):
    return steps


def every_value(estimator):
    """Return parameters with each value, and each bound, of every range of an estimator."""
    space = search_space(estimator)
    ends = {
        name: values if isinstance(values, list) else values.ppf([0, 1]).tolist()
        for name, values in space.items()
    }
    longest = max(map(len, ends.values()))
    return [{name: v[i % len(v)] for name, v in ends.items()} for i in range(longest)]


TINY = {"epochs": 1, "random_state": 0}
TOKENS = [[2, 3], [3, 2, 4], [4, 4], [2, 2]]
SEQUENCES = [np.arange(n, dtype=float)[:, np.newaxis] for n in (7, 8, 9, 8)]
LABELS = [0, 1, 1, 0]
LINE = np.sin(np.arange(200.0))[:, np.newaxis]
FAST = [
    (EchoStateClassifier(units=8, alpha=1.0), SEQUENCES, LABELS),
    (EchoStateRegressor(rows="steps", units=8), LINE, LINE[:, 0]),
    (EchoStateClassifier(reservoir=Reservoir(units=8, leak_rate=0.5)), SEQUENCES, LABELS),
    (EchoStateRegressor(units=8, alpha=[1.0, 2.0], return_sequences=True), SEQUENCES, SEQUENCES),
    (
        make_pipeline(Reservoir(units=8, pooling="mean"), StandardScaler(), LogisticRegression()),
        SEQUENCES,
        LABELS,
    ),
    (make_pipeline(LiquidStateMachine(units=27), LogisticRegression()), SEQUENCES, LABELS),
    (SlidingWindowForecaster(Ridge()), LINE, None),
    (SlidingWindowForecaster(Ridge(), horizon=15, known_future=[1]), np.hstack([LINE, LINE]), None),
    (SlidingWindowForecaster(EchoStateRegressor(units=8), window_length=5), LINE, None),
]


@pytest.mark.parametrize(("estimator", "X", "y"), FAST, ids=range(len(FAST)))
def test_search_space_every_value_can_be_fitted(estimator, X, y):
    for parameters in every_value(estimator):
        clone(estimator).set_params(**parameters).fit(X, y)


@pytest.mark.parametrize(
    ("estimator", "X", "y"),
    [
        (RNNClassifier(**TINY), SEQUENCES, LABELS),
        (RNNRegressor(embedding=4, return_sequences=True, **TINY), TOKENS, TOKENS),
        (RNNClassifier(body=body, optimizer="sgd", **TINY), SEQUENCES, LABELS),
    ],
    ids=["numbers", "tokens", "body"],
)
def test_search_space_of_networks(estimator, X, y):
    for parameters in every_value(estimator):
        clone(estimator).set_params(**parameters)._validate_params()
    parameters = every_value(estimator)[-1]
    small = {"units": 2} if "units" in parameters else {}
    clone(estimator).set_params(**parameters | small).fit(X, y)


def test_search_space_leaves_out_parameters_that_have_no_effect():
    names = search_space(RNNClassifier()).keys()
    assert {"cell", "units", "pooling", "dropout", "learning_rate"} <= names
    assert "embedding" not in names
    assert names - search_space(RNNClassifier(return_sequences=True)).keys() == {"pooling"}
    assert names - search_space(RNNClassifier(units=(8, 8))).keys() == {"units"}
    assert names - search_space(RNNClassifier(optimizer="sgd")).keys() == {"learning_rate"}
    assert search_space(RNNClassifier(embedding=8)).keys() - names == {"embedding"}
    replaced = names - search_space(RNNClassifier(body=body)).keys()
    assert replaced == {"cell", "units", "bidirectional", "dropout", "l2"}
    for alpha, is_searched in ((0.1, True), ("auto", False), ([1.0, 2.0], False)):
        assert ("alpha" in search_space(EchoStateClassifier(alpha=alpha))) == is_searched
    assert "pooling" not in search_space(EchoStateRegressor(rows="steps"))
    names = search_space(Reservoir(pooling="mean")).keys()
    assert {"leak_rate", "input_scaling", "bias_scaling"} <= names
    assert names - search_space(Reservoir()).keys() == {"pooling"}


def test_search_space_parameters_of_a_reservoir_are_given_once():
    names = search_space(EchoStateClassifier(reservoir=Reservoir(leak_rate=0.3))).keys()
    assert {"reservoir__leak_rate", "reservoir__bias_scaling", "spectral_radius"} <= names
    assert not {"leak_rate", "reservoir__spectral_radius"} & names


def test_search_space_prefixes():
    network = make_pipeline(TimeDistributed(StandardScaler()), RNNRegressor())
    inside = TransformedTargetRegressor(network, func=np.log, inverse_func=np.exp)
    alone = {f"estimator__regressor__rnnregressor__{name}" for name in search_space(RNNRegressor())}
    names = search_space(SlidingWindowForecaster(inside, window_length=8)).keys()
    assert names == alone | {"window_length"}


def test_search_space_window_length():
    space = search_space(SlidingWindowForecaster(Ridge(), window_length=24))
    assert space == {"window_length": [12, 24, 48]}
    known = SlidingWindowForecaster(Ridge(), window_length=8, horizon=8, known_future=["a"])
    assert search_space(known) == {"window_length": [8, 16]}


def test_search_space_in_a_random_search():
    model = EchoStateClassifier(units=8, random_state=0)
    search = RandomizedSearchCV(model, search_space(model), n_iter=3, cv=2, random_state=0)
    search.fit(SEQUENCES, LABELS)
    assert search.best_params_.keys() == search_space(model).keys()


def test_suggest_params_has_the_ranges_of_search_space():
    model = make_pipeline(TimeDistributed(StandardScaler()), EchoStateClassifier(units=8))
    trial = Spy()
    params = suggest_params(trial, model)
    space = search_space(model)
    assert params.keys() == space.keys() == trial.asked.keys()
    for name, values in space.items():
        if isinstance(values, list):
            assert list(trial.asked[name]) == values
        else:
            assert trial.asked[name][:2] == pytest.approx(values.ppf([0, 1]))
            is_log = np.isclose(values.median() ** 2, np.prod(trial.asked[name][:2]))
            assert trial.asked[name][2] == is_log
    model.set_params(**params).fit(SEQUENCES, LABELS)


def test_suggest_params_of_an_optuna_study():
    optuna = pytest.importorskip("optuna")
    model = EchoStateClassifier(units=8, random_state=0)

    def accuracy(trial):
        network = clone(model).set_params(**suggest_params(trial, model))
        return network.fit(SEQUENCES, LABELS).score(SEQUENCES, LABELS)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    study.optimize(accuracy, n_trials=3)
    assert study.best_params.keys() == search_space(model).keys()


@pytest.mark.parametrize(
    ("estimator", "error", "message"),
    [
        (Ridge(), ValueError, "does not contain an estimator of skrnn .*, got a Ridge"),
        (RNNClassifier, TypeError, "must be an estimator object, got"),
        (None, TypeError, "must be an estimator object, got None"),
    ],
)
def test_search_space_errors(estimator, error, message):
    with pytest.raises(error, match=message):
        search_space(estimator)
    with pytest.raises(error, match=message):
        suggest_params(Spy(), estimator)


def test_suggest_params_error():
    with pytest.raises(TypeError, match=r"trial must be an Optuna trial .*, got"):
        suggest_params(RNNClassifier(), RNNClassifier())


def test_search_space_draws_are_repeatable():
    space = search_space(RNNClassifier())
    one, other = (list(ParameterSampler(space, 4, random_state=3)) for _ in range(2))
    assert one == other
