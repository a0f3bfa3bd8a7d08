"""Dropout as in Gal and Ghahramani (2016): one mask per sequence, the same at all time steps."""

from itertools import product

import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose
from recurrences import STEPS

from skrnn._cells import CELLS, DEFAULT_ACTIVATIONS, SCAN_CELLS
from skrnn.networks.architecture.layers import make_layer
from skrnn.networks.backends import precision
from skrnn.networks.cells import get_cell

N_SEQUENCES, N_STEPS, KEPT = 12, 5, 2.0  # a mask of rate 0.5 is 0 or 2

KINDS = [(cell, 0.0) for cell in CELLS] + [(cell, 0.5) for cell in CELLS if cell not in SCAN_CELLS]


def has_shared_masks(cell, rate):
    """Return whether gates share masks: not with recurrent dropout in the layers of Keras."""
    return not rate or get_cell(cell).keras_layer is None or len(get_cell(cell).gates) == 1


def outputs_with_masks(cell, weights, steps, x_mask, h_mask):
    """Return the outputs of a cell of one unit for one sequence, with a mask for each gate."""
    step, n_states = STEPS[cell]
    masks = {"kernel": x_mask, "recurrent_kernel": h_mask}
    masked = [weight * masks.get(name, 1.0) for name, weight in weights.items()]
    states, outputs = (np.zeros(1),) * n_states, []
    for x in steps:
        states = step(x, *states, *masked)
        outputs.append(states[0])
    return np.array(outputs)


def agrees(cell, weights, steps, outputs, masks):
    """Return whether some masks give the outputs at all time steps of a sequence."""
    return any(
        np.allclose(outputs_with_masks(cell, weights, steps, *pair), outputs, rtol=0, atol=1e-9)
        for pair in masks
    )


@pytest.mark.parametrize(("cell", "rate"), KINDS)
def test_dropout_has_one_mask_for_all_time_steps_of_a_sequence(cell, rate):
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(N_SEQUENCES, N_STEPS, 1))
    with precision("float64"):
        rates = {"dropout": 0.5, "recurrent_dropout": rate}
        activation = DEFAULT_ACTIVATIONS.get(cell, "tanh")
        layer = make_layer(cell, 1, seed=0, activation=activation, dtype="float64", **rates)
        layer.build((None, None, 1))
        weights = [rng.normal(size=weight.shape) for weight in layer.get_weights()]
        layer.set_weights(weights)
        outputs = ops.convert_to_numpy(layer(ops.convert_to_tensor(steps), training=True)[0])
    names = get_cell(cell).weight_shapes(1, 1)
    weights = dict(zip(names, weights, strict=True))
    n_gates = len(get_cell(cell).gates)
    x_masks = [KEPT * np.array(bits) for bits in product([0, 1], repeat=n_gates)]
    h_masks = x_masks if rate else [np.ones(n_gates)]
    separate = list(product(x_masks, h_masks))
    shared = [pair for pair in separate if all(len(set(mask)) == 1 for mask in pair)]
    pairs = list(zip(steps, outputs, strict=True))
    by_shared = [agrees(cell, weights, x, y, shared) for x, y in pairs]
    assert all(by_shared) == has_shared_masks(cell, rate)
    assert all(
        found or agrees(cell, weights, x, y, separate)
        for found, (x, y) in zip(by_shared, pairs, strict=True)
    )


def test_dropout_keeps_the_mean_of_the_inputs():
    with precision("float64"):
        layer = make_layer("simple", 1, seed=0, activation="linear", dropout=0.25, dtype="float64")
        layer.build((None, None, 1))
        layer.set_weights([np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1)])
        ones = ops.ones((4000, 2, 1), "float64")
        outputs = ops.convert_to_numpy(layer(ones, training=True)[0])
        assert_allclose(ops.convert_to_numpy(layer(ones)[0]), 1)
    assert_allclose(np.unique(outputs), [0, 1 / 0.75])
    assert_allclose(outputs.mean(), 1, atol=0.03)
    assert_allclose(outputs[:, 0], outputs[:, 1])
