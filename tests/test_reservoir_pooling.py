"""Pooled states of reservoirs in both directions, and with noise."""

import numpy as np
import pytest
from echo_state_data import seeded_reservoir
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import EchoStateRegressor, Sequences
from skrnn.reservoir import Reservoir
from skrnn.reservoir._pooling import pool_inputs


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_reservoir_pooling_last_of_both_directions(layers, bidirectional):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (5, 9, 1, 9, 30)]
    pooled = seeded_reservoir(layers=layers, bidirectional=bidirectional, pooling="last", units=7)
    states = pooled.fit_transform(X)
    network = EchoStateRegressor(
        reservoir=pooled, leak_rate=1.0, readout_input=False, standardize=False
    ).fit(X, np.arange(5.0))
    assert_allclose(network.hidden_states(X), states)
    assert_allclose(network.predict(X), states @ network.coef_ + network.intercept_)
    changed = [np.vstack([steps[:1] + 1, steps[1:]]) for steps in X]
    moved = pooled.transform(changed) != states
    assert moved[:, -7:].all()  # the first step reaches all that has read it last


def test_reservoir_bidirectional_remembers_the_first_input():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(12, 1)) for _ in range(400)]
    y = np.array([steps[0, 0] for steps in X])
    network = EchoStateRegressor(
        reservoir=Reservoir(bidirectional=True), units=30, spectral_radius=0.3, random_state=0
    )
    assert network.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.99


@pytest.mark.parametrize("pooling", ["last", "mean", "model_space"])
def test_echo_state_noise_with_pooling(pooling):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (10, 15, 12, 20, 9, 11)]
    params = {"units": 9, "pooling": pooling, "random_state": 0}
    quiet, noisy, same = (
        EchoStateRegressor(reservoir=Reservoir(noise=noise), **params).fit(X, np.arange(6.0))
        for noise in (0.0, 1.0, 1.0)
    )
    assert not np.array_equal(quiet.coef_, noisy.coef_)
    assert_array_equal(noisy.coef_, same.coef_)
    assert_array_equal(noisy.predict(X), noisy.predict(X))


def test_pooled_codes_equal_pooled_indicators():
    codes = Sequences(np.array([0, -1, 1, 1]), np.array([0]), np.array([4]))
    assert_allclose(pool_inputs("mean", codes, 0, 3), [[0.25, 0.5, 0]])
