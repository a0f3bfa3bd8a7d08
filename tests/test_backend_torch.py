"""PyTorch: time loops and their gradients against Keras' own, and what a fit leaves alone."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import assert_same_bits
from small_data import TINY, labelled

from skrnn import RNNClassifier

if keras.backend.backend() != "torch":
    pytest.skip("it is about the PyTorch backend", allow_module_level=True)

import torch

from skrnn.networks.backends import precision, run_loop
from skrnn.networks.backends.torch import kernels
from skrnn.networks.backends.torch.optimizers import make_update

X, TAGS = labelled()
LAYERS = {
    "SimpleRNN": keras.layers.SimpleRNN,
    "LSTM": keras.layers.LSTM,
    "GRU": keras.layers.GRU,
    "GRUResetBefore": lambda *args, **how: keras.layers.GRU(*args, reset_after=False, **how),
}
INPUTS = ("steps", "steps and mask", "codes", "codes and mask")
BATCH, N_STEPS, N_FEATURES, UNITS = 5, 7, 3, 4


def plain_layer(kind, dtype):
    """Return Keras' layer with weights of all values, biases too."""
    how = {"return_sequences": True, "return_state": True, "dtype": dtype}
    layer = LAYERS[kind](UNITS, **how)
    layer.build((None, None, N_FEATURES))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.normal(0, 0.5, weight.shape) for weight in layer.get_weights()])
    return layer


def batch(inputs, dtype):
    """Return what the loop is given, and the same as plain steps."""
    rng = np.random.default_rng(1)
    if inputs.startswith("steps"):
        given = rng.standard_normal((BATCH, N_STEPS, N_FEATURES)).astype(dtype)
        steps = given
    else:
        given = rng.integers(0, N_FEATURES, (BATCH, N_STEPS)).astype("int32")
        steps = np.eye(N_FEATURES, dtype=dtype)[given]
    mask = None
    if inputs.endswith("mask"):
        shape = (BATCH, 1, N_FEATURES) if inputs.startswith("steps") else (BATCH, N_STEPS, 1)
        mask = (rng.random(shape) < 0.7) / 0.7
        steps = steps * mask.astype(dtype)
        mask = mask.reshape(BATCH, -1)
        mask = torch.tensor(mask.astype(dtype))
    return torch.tensor(given), mask, torch.tensor(steps)


def with_gradients(results, leaves):
    """Return outputs, states and the gradients of a sum in which each value has its own weight."""
    outputs, *states = results
    weights = [torch.arange(1.0, one.numel() + 1).reshape(one.shape) for one in (outputs, *states)]
    pairs = zip((outputs, *states), weights, strict=True)
    total = sum((one * weight.to(one) / weight.max()).sum() for one, weight in pairs)
    return [one.detach() for one in (outputs, *states, *torch.autograd.grad(total, leaves))]


def compare(kind, inputs, dtype, tolerance):
    """Compare a loop with Keras' layer: values, and gradients of weights and steps."""
    with precision(dtype):
        layer = plain_layer(kind, dtype)
        given, mask, steps = batch(inputs, dtype)
        variables = [layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias]
        leaves = [variable.value for variable in variables]
        expected = with_gradients(layer(steps), leaves)
        outputs, states = run_loop(kind, given, mask, *variables)
        found = with_gradients((outputs, *states), leaves)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == getattr(torch, dtype)
        assert_allclose(one, other, rtol=0, atol=tolerance)


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("kind", LAYERS)
def test_loops_and_their_gradients_are_those_of_keras_layers(kind, inputs):
    compare(kind, inputs, "float64", 1e-12)


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_kernels_of_pytorch_are_given_the_weights_rightly(kind, inputs, monkeypatch):
    monkeypatch.setattr(kernels, "_is_native_fast", lambda *_: True)
    compare(kind, inputs, "float64", 1e-12)


@pytest.mark.parametrize("kind", LAYERS)
def test_loops_are_those_of_keras_layers_in_single_precision(kind):
    compare(kind, "steps", "float32", 1e-4)


@pytest.mark.parametrize("kind", LAYERS)
def test_gradients_go_on_to_the_steps(kind):
    layer = plain_layer(kind, "float32")
    _, mask, steps = batch("steps and mask", "float32")
    steps.requires_grad_()
    (expected,) = torch.autograd.grad(layer(steps * mask[:, None])[0].square().sum(), steps)
    weights = layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias
    (found,) = torch.autograd.grad(run_loop(kind, steps, mask, *weights)[0].square().sum(), steps)
    assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_one_step_is_enough(kind):
    layer = plain_layer(kind, "float32")
    steps = batch("steps", "float32")[0][:, :1]
    weights = layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias
    with torch.no_grad():
        for one, other in zip(
            run_loop(kind, steps, None, *weights)[1], layer(steps)[1:], strict=True
        ):
            assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.3])
def test_a_fit_neither_reads_nor_moves_what_is_global_in_pytorch(recurrent_dropout):
    params = {**TINY, "dropout": 0.3, "recurrent_dropout": recurrent_dropout, "random_state": 0}
    fits, threads = [], torch.get_num_threads()
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        fits.append(RNNClassifier(**params).fit(X, TAGS))
        assert_array_equal(torch.get_rng_state(), before)
    assert_same_bits(*fits)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("clip", [None, 1e-3, 1e3])
def test_direct_steps_are_those_of_keras_adam(clip):
    rng = np.random.default_rng(0)
    shapes, gradients = [(3, 4), (4,)], []
    start = [rng.standard_normal(shape).astype("float32") for shape in shapes]
    for _ in range(5):
        gradients.append([rng.standard_normal(s).astype("float32") * 1e-3 for s in shapes])
    ends = []
    for all_used in (True, False):
        variables = [keras.Variable(value) for value in start]
        optimizer = keras.optimizers.Adam(0.1, global_clipnorm=clip)
        optimizer.build(variables)
        update = make_update(optimizer, variables, all_used=all_used)
        for some in (gradients[:2], gradients[2:]):
            update.begin()
            for one in some:
                update([torch.tensor(gradient.T).t() for gradient in one], 0.1)
            update.end()
        ends.append([*variables, *optimizer.variables])
        assert int(optimizer.iterations) == 5
    for direct, plain in zip(*ends, strict=True):
        # Keras computes 1 - 0.999**n in single precision: some 1e-5 of a step of 0.1 is its own.
        assert_allclose(direct.value.detach(), plain.value.detach(), rtol=1e-6, atol=1e-5)
