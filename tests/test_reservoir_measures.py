"""Measures of a reservoir: the echo state index and the memory capacity."""

import numpy as np
import pytest
from echo_state_data import NOISE, seeded_reservoir
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError

from skrnn import EchoStateRegressor
from skrnn._fitting import generator
from skrnn.datasets import make_memory_task
from skrnn.reservoir import echo_state_index, memory_capacity

# --- the echo state index ---------------------------------------------------------------------


def test_echo_state_index_by_spectral_radius():
    X = [NOISE[:500]]
    calm = echo_state_index(seeded_reservoir(spectral_radius=0.9).fit(X), X, random_state=0)
    wild = echo_state_index(seeded_reservoir(spectral_radius=5.0).fit(X), X, random_state=0)
    assert calm < 1e-8
    assert wild > 0.1


def test_echo_state_index_of_linear_units():
    X = [NOISE[:30]]
    linear = seeded_reservoir(units=5, connectivity=5, activation="identity").fit(X)
    matrix = linear.layers_[0].recurrent_weights.toarray()
    start = generator(0).uniform(-1, 1, 5)
    powers = [np.linalg.matrix_power(matrix, t + 1) @ start for t in range(10, 30)]
    expected = np.mean([np.sqrt(np.mean(x**2)) for x in powers])
    index = echo_state_index(linear, X, n_starts=1, transient=10, random_state=0)
    assert_allclose(index, expected)


@pytest.mark.parametrize(
    ("params", "match"),
    [({"transient": 50}, r"transient=50 drops all 50 time step"), ({"n_starts": 0}, "n_starts")],
)
def test_echo_state_index_bad_parameters(params, match):
    X = [NOISE[:50]]
    with pytest.raises(ValueError, match=match):
        echo_state_index(seeded_reservoir().fit(X), X, **params)


def test_echo_state_index_not_fitted():
    with pytest.raises(NotFittedError):
        echo_state_index(seeded_reservoir(), [NOISE])


def test_reservoir_transform_with_feedback_is_refused():
    fed_back = EchoStateRegressor(
        reservoir=seeded_reservoir(feedback_scaling=0.5), rows="steps", random_state=0
    ).fit(NOISE[:200], NOISE[:200, 0])
    with pytest.raises(ValueError, match=r"depend on outputs.*hidden_states"):
        fed_back.reservoir_.transform([NOISE])
    with pytest.raises(ValueError, match="depend on outputs"):
        echo_state_index(fed_back.reservoir_, [NOISE])


# --- memory capacity --------------------------------------------------------------------------


def linear_network(topology, units=20):
    linear = seeded_reservoir(topology=topology, activation="identity", bias_scaling=0.0)
    return EchoStateRegressor(
        reservoir=linear.set_params(units=units), spectral_radius=0.9, alpha=1e-12
    )


@pytest.mark.parametrize("topology", ["orthogonal", "cycle"])
def test_memory_capacity_of_linear_units(topology):
    result = memory_capacity(linear_network(topology), max_delay=40, n_steps=2000)
    assert 18.5 < result.capacity < 20.5
    assert_allclose(result.by_delay.sum(), result.capacity)
    assert ((result.by_delay >= 0) & (result.by_delay <= 1)).all()


def test_memory_capacity_of_a_delay_line():
    by_delay = memory_capacity(linear_network("delay_line"), max_delay=30, n_steps=2000).by_delay
    assert by_delay[:15].min() > 0.99
    assert by_delay[20:].max() < 0.05


def test_memory_capacity_does_not_change_its_estimator():
    network = linear_network("cycle")
    memory_capacity(network, max_delay=5, n_steps=200, washout=20)
    assert network.rows == "sequences"
    assert not hasattr(network, "reservoir_")


def test_memory_capacity_leaves_out_the_washout():
    network = linear_network("random")
    by_delay = memory_capacity(network, max_delay=3, n_steps=60, washout=40).by_delay
    inputs, delayed = make_memory_task(200, max_delay=3, random_state=0)
    network.set_params(rows="steps", washout=40).fit(inputs[:100], delayed[:100])
    predicted = network.predict(inputs[100:])[40:]
    pairs = zip(predicted.T, delayed[140:].T, strict=True)
    assert_allclose(by_delay, [np.corrcoef(*pair)[0, 1] ** 2 for pair in pairs])
