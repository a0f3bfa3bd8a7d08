"""The first recurrent kernels, which decide what happens to a state before training."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import (
    assert_close_weights,
    assert_same_bits,
    count_programs,
    network_spec,
    weights_by_layer,
)

from skrnn import RNNRegressor
from skrnn._cells import RECURRENT_INITIALIZERS
from skrnn.networks.architecture import build_network, initial_weights

X = [np.full((length, 2), 0.5) for length in (3, 9, 5, 9)]
Y = np.array([0.0, 1.0, 2.0, 3.0])
SMALL = {"cell": "lstm", "units": (3, 2), "epochs": 1, "random_state": 0}


def first_weights(name, cell):
    """Return the first weights of a network of two layers in both directions."""
    network = build_network(network_spec(cell=cell, units=(4, 3), bidirectional=True))
    rng = np.random.default_rng(0)
    return network, initial_weights(network, rng, recurrent_initializer=name)


@pytest.mark.parametrize("name", RECURRENT_INITIALIZERS[1:])
@pytest.mark.parametrize("cell", ["simple", "gru"])
def test_recurrent_initializer_changes_recurrent_kernels_alone(cell, name):
    network, weights = first_weights(name, cell)
    default = first_weights("default", cell)[1]
    for variable, weight, other in zip(network.model.weights, weights, default, strict=True):
        if variable.name != "recurrent_kernel":
            assert_array_equal(weight, other)
            continue
        units = len(weight)
        if name == "orthogonal":
            assert_allclose(weight @ weight.T, np.eye(units), atol=1e-6)
        elif name == "identity":
            for gate in np.split(weight, weight.shape[1] // units, axis=1):
                assert_array_equal(gate, np.eye(units))
        else:
            limit = np.sqrt(6 / sum(weight.shape))
            assert 0.7 * limit < np.abs(weight).max() <= limit
            assert weight.min() < 0 < weight.max()


def test_rnn_recurrent_initializer_shares_a_program_and_is_used_in_the_first_fit(monkeypatch):
    built = count_programs(monkeypatch)
    still = {**SMALL, "optimizer": "sgd", "learning_rate": 1e-30}
    fits = {
        name: RNNRegressor(**still, recurrent_initializer=name).fit(X, Y)
        for name in ("default", "identity", "glorot_uniform")
    }
    assert len(built) == 1
    assert_same_bits(RNNRegressor(**still).fit(X, Y), fits["default"])
    model = fits["identity"]
    assert_array_equal(weights_by_layer(model)["recurrent_0"][1], np.tile(np.eye(3), 4))
    first = model.weights_
    model.set_params(warm_start=True, recurrent_initializer="glorot_uniform").fit(X, Y)
    assert_close_weights(model, first)


def test_rnn_recurrent_initializer_errors():
    model = RNNRegressor(
        **{**SMALL, "cell": keras.layers.GRUCell}, recurrent_initializer="identity"
    )
    with pytest.raises(ValueError, match="recurrent_initializer='identity' needs a cell of skrnn"):
        model.fit(X, Y)
    model.set_params(recurrent_initializer="zeros")
    with pytest.raises(ValueError, match=r"'recurrent_initializer' .*Got 'zeros'"):
        model.fit(X, Y)
