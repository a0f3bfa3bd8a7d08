"""Time loops of many models on PyTorch, compared with the steps of the cell."""

from functools import partial
from itertools import product

import keras
import pytest
from numpy.testing import assert_allclose
from recurrences import loop_arguments

if keras.backend.backend() != "torch":
    pytest.skip("it is about the PyTorch backend", allow_module_level=True)

import torch

from skrnn.networks.backends import precision
from skrnn.networks.backends.torch import many_cells, many_loops
from skrnn.networks.backends.torch.kernels import loops_within_vmap, run_loop
from skrnn.networks.cells import get_cell, run_steps

MODELS, BATCH, N_STEPS, N_FEATURES, UNITS = 3, 5, 4, 3, 2


def of_many(value):
    """Return a value for each model; those of floats are different, and have a gradient."""
    one = torch.tensor(value)
    if not one.is_floating_point():
        return torch.stack([one.roll(i) for i in range(MODELS)])
    return torch.stack([one * (1 + i / 10) for i in range(MODELS)]).requires_grad_()


def results_of(run, given, in_dims, factors):
    """Return outputs, final states, and the gradients of a sum that depends on each number."""
    outputs, last = torch.vmap(run, in_dims=in_dims)(*given)
    pairs = zip((outputs, *last), map(torch.tensor, factors), strict=True)
    total = sum((one * factor).sum() for one, factor in pairs)
    leaves = [one for one in keras.tree.flatten(given) if one is not None and one.requires_grad]
    gradients = torch.autograd.grad(total, leaves)
    return [one.detach() for one in (outputs, *last, *gradients)]


def compare(cell, *, codes=False, mask=False, initial=True, same_states=False):
    """Compare a loop of many models with the steps of the cell."""
    shape = BATCH, N_STEPS, N_FEATURES, UNITS
    steps, mask, weights, states, factors = loop_arguments(cell, *shape, codes=codes, mask=mask)
    weights = {name: of_many(weight) for name, weight in weights.items()}
    mask = None if mask is None else torch.tensor(mask)
    states = [*map(torch.tensor if same_states else of_many, states)] if initial else None
    in_dims = 0, None, 0, 0 if initial and not same_states else None
    common = (of_many(steps), mask, weights, states), in_dims, factors
    with precision("float64"):
        expected = results_of(partial(run_steps, get_cell(cell)), *common)
        with loops_within_vmap():
            found = results_of(partial(run_loop, cell), *common)
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-12, strict=True)


every_input = list(product([False, True], repeat=3))


@pytest.mark.parametrize(("codes", "mask", "initial"), every_input)
@pytest.mark.parametrize("cell", many_cells.COLUMNS)
def test_loop_of_many_and_gradients_equal_those_of_run_steps(cell, codes, mask, initial):
    compare(cell, codes=codes, mask=mask, initial=initial)


def test_initial_states_that_all_models_share():
    compare("lstm", same_states=True)


def lstm_kernel(from_input, product, c):
    """Compute what PyTorch's kernel of the LSTM returns, for rows."""
    i, f, g, o = (from_input + product).chunk(4, 1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    next_c = f * c + i * g
    return o * next_c.tanh(), next_c, torch.cat([i, f, g, o], 1)


def lstm_gradient_kernel(d_h, d_c, c, next_c, gates, has_bias):
    i, f, g, o = gates.chunk(4, 1)
    d_c = d_c + d_h * o * (1 - next_c.tanh() ** 2)
    d_i, d_f, d_o = d_c * g * i * (1 - i), d_c * c * f * (1 - f), d_h * next_c.tanh() * o * (1 - o)
    return torch.cat([d_i, d_f, d_c * i * (1 - g**2), d_o], 1), d_c * f, None


def gru_kernel(from_input, product, h):
    """Compute what PyTorch's kernel of the GRU returns, for rows."""
    (i_r, i_z, i_n), (p_r, p_z, p_n) = from_input.chunk(3, 1), product.chunk(3, 1)
    r, z = (i_r + p_r).sigmoid(), (i_z + p_z).sigmoid()
    n = (i_n + r * p_n).tanh()
    return n + z * (h - n), torch.cat([r, z, n, h, p_n], 1)


def gru_gradient_kernel(d_h, kept, has_bias):
    r, z, n, h, p_n = kept.chunk(5, 1)
    d_n = d_h * (1 - z) * (1 - n**2)
    d_r, d_z = d_n * p_n * r * (1 - r), d_h * (h - n) * z * (1 - z)
    from_product = torch.cat([d_r, d_z, d_n * r], 1)
    return torch.cat([d_r, d_z, d_n], 1), from_product, d_h * z, None, None


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_fused_kernels_of_a_gpu_receive_rows(cell, monkeypatch):
    # PyTorch has these kernels on a GPU only.
    monkeypatch.setattr(many_cells, "_lstm", lstm_kernel)
    monkeypatch.setattr(many_cells, "_lstm_gradients", lstm_gradient_kernel)
    monkeypatch.setattr(many_cells, "_gru", gru_kernel)
    monkeypatch.setattr(many_cells, "_gru_gradients", gru_gradient_kernel)
    made = []

    def on_a_gpu(name, is_cuda):
        made.append(name)
        return many_cells.step_functions(name, is_cuda=True)

    monkeypatch.setattr(many_loops, "step_functions", on_a_gpu)
    compare(cell)
    assert made == [cell]
