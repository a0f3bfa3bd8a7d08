"""Run a recurrent layer on PyTorch, with a fused kernel if a fast one exists, else with `loops`."""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import torch
from torch.nn.functional import embedding

from skrnn.networks.backends.torch import gate_loops, loops, refine_loops, relu_loops
from skrnn.networks.backends.torch.many_loops import has_loop_of_many, run_many
from skrnn.networks.cells import get_cell, run_steps

_LOOPS = {**loops.LOOPS, **gate_loops.LOOPS, **relu_loops.LOOPS, **refine_loops.LOOPS}

_within_vmap = ContextVar("within_vmap", default=False)


@contextmanager
def loops_within_vmap():
    """Run layers in operations for which `torch.vmap` has rules."""
    before = _within_vmap.set(True)
    try:
        yield
    finally:
        _within_vmap.reset(before)


def is_within_vmap():
    """Return whether layers run within `loops_within_vmap`."""
    return _within_vmap.get()


def has_fast_loop(cell, n_rows=None, units=None):
    """Return whether `run_loop` can run the cell."""
    return cell in _LOOPS


def run_loop(cell, steps, mask, weights, initial_states=None):
    """Run the fused kernel of PyTorch if it is fast for the layer, else one of `loops`."""
    if is_within_vmap():
        run = (
            partial(run_many, cell)
            if has_loop_of_many(cell)
            else partial(run_steps, get_cell(cell))
        )
        return run(steps, mask, weights, initial_states)
    # The kernel, the recurrent kernel and the bias come first, in this order.
    weights = [getattr(weight, "value", weight) for weight in weights.values()]
    run = _run_native if _is_native_fast(cell, steps, weights[0]) else _run_own
    outputs, *states = run(cell, steps, mask, *weights, initial_states=initial_states)
    return outputs.transpose(0, 1), [outputs[-1], *states]


_NATIVE = {
    "simple": torch.rnn_tanh,
    "irnn": torch.rnn_relu,
    "lstm": torch.lstm,
    "gru": torch.gru,
}


def _is_native_fast(cell, steps, kernel):
    """Return whether there is a fast kernel: of cuDNN, or for LSTMs on a CPU, of oneDNN."""
    if kernel.is_cuda:
        return cell in _NATIVE
    single = kernel.device.type == "cpu" and kernel.dtype == torch.float32
    return cell == "lstm" and single and steps.ndim == 3 and torch.backends.mkldnn.is_available()


def _run_own(cell, steps, mask, kernel, recurrent, bias, *others, initial_states):
    kernel, recurrent, bias = _arrange(cell, kernel, recurrent, bias)
    states = initial_states or [None] * get_cell(cell).n_states
    projected = _project(steps, mask, kernel, bias)
    results = _LOOPS[cell].apply(projected, recurrent, *others, *states)
    return results if len(states) > 1 else (results,)


def _arrange(cell, kernel, recurrent, bias):
    """Return the weights with their columns in the order of `loops`."""
    if cell == "lstm":
        return (_reorder(weight, (3, 0, 1, 2)) for weight in (kernel, recurrent, bias))
    if cell == "gru":
        units = recurrent.shape[0]
        gates, candidate = kernel.split([2 * units, units], 1)
        input_bias, recurrent_bias = bias.split([2 * units, units], 1)
        biases = input_bias.sum(0), recurrent_bias[1], recurrent_bias[0]
        return (
            torch.cat([gates, torch.zeros_like(candidate), candidate], 1),
            recurrent,
            torch.cat(biases),
        )
    return kernel, recurrent, bias


def _reorder(weight, order):
    blocks = weight.chunk(len(order), -1)
    return torch.cat([blocks[i] for i in order], -1)


def _project(steps, mask, kernel, bias):
    """Return the projected inputs, in a new array (T, batch, columns)."""
    if steps.ndim == 3:
        steps = steps if mask is None else steps * mask.unsqueeze(1)
        rows = steps.transpose(0, 1).flatten(0, 1)
        return torch.addmm(bias, rows, kernel).unflatten(0, (steps.shape[1], steps.shape[0]))
    return _look_up(steps, mask, kernel).transpose(0, 1).contiguous() + bias


def _look_up(codes, mask, kernel):
    """Return the products of one-hot vectors with a kernel."""
    rows = embedding(codes, kernel)
    return rows if mask is None else rows * mask.unsqueeze(2)


def _run_native(cell, steps, mask, kernel, recurrent, bias, *, initial_states):
    """Run the kernel of PyTorch, whose weights have gates in rows, not in columns as in Keras."""
    if cell == "gru":
        kernel, recurrent, bias = (
            _reorder(weight, (1, 0, 2)) for weight in (kernel, recurrent, bias)
        )
    input_bias, recurrent_bias = bias if cell == "gru" else (bias, torch.zeros_like(bias))
    if steps.ndim == 2:
        steps = _look_up(steps, mask, kernel)
        kernel = torch.eye(kernel.shape[1], dtype=kernel.dtype, device=kernel.device)
    elif mask is not None:
        steps = steps * mask.unsqueeze(1)
    # cuDNN needs all weights in one contiguous array, and warns if they are not.
    shapes = kernel.t().shape, recurrent.t().shape, input_bias.shape, recurrent_bias.shape
    flat = torch.cat([w.t().flatten() for w in (kernel, recurrent)] + [input_bias, recurrent_bias])
    parts = flat.split([shape.numel() for shape in shapes])
    weights = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
    if initial_states is None:
        start = recurrent.new_zeros((1, steps.shape[0], recurrent.shape[0]))
        initial_states = [start] * get_cell(cell).n_states
    else:
        initial_states = [state.unsqueeze(0) for state in initial_states]
    options = True, 1, 0.0, torch.is_grad_enabled(), False, False
    states = tuple(initial_states) if cell == "lstm" else initial_states[0]
    outputs, _, *cells = _NATIVE[cell](steps.transpose(0, 1), states, weights, *options)
    return outputs, *(state[0] for state in cells)
