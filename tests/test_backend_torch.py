"""The PyTorch backend: gradients of its time loops, Adam's update, PyTorch's global state."""

from itertools import product

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import assert_same_bits, fast_loop, loop_arguments
from small_data import TINY, labelled

from skrnn import RNNClassifier
from skrnn._cells import CELLS, SCAN_CELLS

if keras.backend.backend() != "torch":
    pytest.skip("it is about the PyTorch backend", allow_module_level=True)

import torch

from skrnn.networks.backends import precision
from skrnn.networks.backends.torch import kernels, scans
from skrnn.networks.backends.torch.optimizers import make_update
from skrnn.networks.cells import get_cell, run_steps

X, TAGS = labelled()
NATIVE = ["simple", "irnn", "lstm", "gru"]
BATCH, N_STEPS, N_FEATURES, UNITS = 5, 7, 3, 4


def value_and_gradients(run, weights, states, steps, factors, by_steps):
    """Return outputs, final states, and the gradients of a sum that depends on each number."""
    outputs, last = run()
    total = sum((one * f).sum() for one, f in zip((outputs, *last), factors, strict=True))
    leaves = [weight.value for weight in weights.values()] + states + [steps] * by_steps
    gradients = torch.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
    return [one.detach() for one in (outputs, *last, *gradients)]


def compare(cell, dtype, tolerance, *, n_steps=N_STEPS, initial=True, **kind):
    """Compare a fast loop with the steps of the cell, run one after another."""
    shape = BATCH, n_steps, N_FEATURES, UNITS
    steps, mask, weights, states, factors = loop_arguments(cell, *shape, dtype=dtype, **kind)
    with precision(dtype):
        weights = {name: keras.Variable(value, dtype=dtype) for name, value in weights.items()}
        steps, factors = torch.tensor(steps), [torch.tensor(one) for one in factors]
        mask = None if mask is None else torch.tensor(mask)
        # Codes have no gradient.
        by_steps = steps.is_floating_point()
        steps.requires_grad_(by_steps)
        states = [torch.tensor(state).requires_grad_() for state in states] if initial else []
        given = steps, mask, weights, states or None
        common = weights, states, steps, factors, by_steps
        found = value_and_gradients(lambda: fast_loop(cell)(*given), *common)
        expected = value_and_gradients(lambda: run_steps(get_cell(cell), *given), *common)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == getattr(torch, dtype)
        assert_allclose(one, other, rtol=0, atol=tolerance)


@pytest.mark.parametrize("cell", SCAN_CELLS)
def test_scan_on_a_gpu_and_its_gradients_equal_those_of_run_steps(cell, monkeypatch):
    monkeypatch.setattr(scans, "_run", scans._run_in_parallel)
    for n_steps in (1, 2, 7, 8):
        compare(cell, "float64", 1e-12, n_steps=n_steps)


every_input = pytest.mark.parametrize(
    ("codes", "mask", "initial"), list(product([False, True], repeat=3))
)


@every_input
@pytest.mark.parametrize("cell", CELLS)
def test_run_loop_and_gradients_equal_those_of_run_steps(cell, codes, mask, initial):
    compare(cell, "float64", 1e-12, codes=codes, mask=mask, initial=initial)


@every_input
@pytest.mark.parametrize("cell", NATIVE)
def test_native_kernels_and_gradients_equal_those_of_run_steps(
    cell, codes, mask, initial, monkeypatch
):
    monkeypatch.setattr(kernels, "_is_native_fast", lambda *_: True)
    compare(cell, "float64", 1e-12, codes=codes, mask=mask, initial=initial)


@pytest.mark.parametrize("n_steps", [1, N_STEPS])
@pytest.mark.parametrize("initial", [False, True], ids=["from zeros", "from states"])
@pytest.mark.parametrize("cell", CELLS)
def test_run_loop_in_single_precision(cell, initial, n_steps):
    # Here the LSTM runs in oneDNN's kernel.
    compare(cell, "float32", 1e-4, n_steps=n_steps, initial=initial)


@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.3])
def test_fit_neither_uses_nor_changes_the_global_state_of_pytorch(recurrent_dropout):
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
def test_direct_update_equals_keras_adam(clip):
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
        # Keras computes 1 - 0.999**n in single precision, which changes an update of 0.1 by some
        # 1e-5 of its size.
        assert_allclose(direct.value.detach(), plain.value.detach(), rtol=1e-6, atol=1e-5)
