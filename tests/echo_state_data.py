"""Small series, small reservoirs in float64, and their equations written out."""

from unittest import mock

import numpy as np
from numpy.testing import assert_allclose
from small_data import labelled, tagged

from skrnn import EchoStateClassifier, EchoStateRegressor
from skrnn.reservoir import Reservoir

X, LABELS = labelled()
TAGGED, TAGS = tagged()
SUMS = np.array([steps.sum() for steps in X])
RUNNING = [steps.cumsum(axis=0) for steps in X]
CUBE = np.stack([steps[:2] for steps in X])
WEIGHTS = np.random.default_rng(1).uniform(0.1, 2, len(X))

SERIES = np.random.default_rng(0).uniform(-1, 1, (241, 2))
INPUTS, TARGETS = SERIES[1:], SERIES[1:, 0] + SERIES[:-1, 1]
NOISE = np.random.default_rng(0).uniform(-1, 1, (3000, 1))


def double(**params):
    """Return a reservoir in float64."""
    return Reservoir(dtype="float64", **params)


def seeded_reservoir(**params):
    """Return a reservoir of 60 units in float64 with a fixed seed."""
    return Reservoir(**{"units": 60, "dtype": "float64", "random_state": 0, **params})


# The classical network, without any setting that is chosen from the data.
PLAIN = {"leak_rate": 1.0, "input_scaling": 1.0, "standardize": False}
EXACT = {**PLAIN, "units": 20, "random_state": 0, "alpha": 1e-3, "reservoir": double()}


def regressor(**params):
    return EchoStateRegressor(**{**EXACT, "pooling": "last", **params})


def classifier(**params):
    return EchoStateClassifier(**{**EXACT, "pooling": "last", **params})


def steps_network(**params):
    """Return a regressor of one series, with one row per time step."""
    return regressor(**{"rows": "steps", **params})


def assert_same_readout(one, other, rtol=1e-8):
    """Check that two readouts are equal to rounding (Ridge has no axis for a lone target)."""
    scale = np.abs(other.coef_).max()
    assert_allclose(np.squeeze(one.coef_), np.squeeze(other.coef_), rtol=0, atol=rtol * scale)
    assert_allclose(one.intercept_, other.intercept_, rtol=0, atol=rtol * scale)


def states_of(sequences, **params):
    """Return states and inputs side by side, as the readout reads them."""
    reservoir = double(**{"units": 20, "random_state": 0, **params})
    states = reservoir.fit(sequences).transform(sequences)
    return [np.hstack(pair) for pair in zip(states, sequences, strict=True)]


def next_states(layers, states, inputs, fed=None):
    """Return the states of all layers one step later."""
    received, after = inputs, []
    for layer, state in zip(layers, states, strict=True):
        net = layer.recurrent_weights @ state + layer.input_weights @ received + layer.bias
        if fed is not None:
            net += layer.feedback_weights @ np.atleast_1d(fed)
        received = (1 - layer.leak_rate) * state + layer.leak_rate * np.tanh(net)
        after.append(received)
    return after


def no_step():
    """Return a context in which it is an error to run a reservoir for a time step."""
    return mock.patch(
        "skrnn.reservoir._time_loop._LayerRunner.run", side_effect=AssertionError("a step was run")
    )


def read_out(network, states, inputs):
    """Return the output after a step."""
    return network.coef_ @ np.concatenate([*states, inputs]) + network.intercept_
