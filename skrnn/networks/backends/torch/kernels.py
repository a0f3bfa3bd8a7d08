"""Which kernel runs a recurrent layer on PyTorch: a fused one if it is fast, else `loops`."""

import torch
from torch.nn.functional import embedding

from skrnn.networks.backends.torch import loops


def has_fast_loop(kind):
    """Whether `run_loop` knows the layer."""
    return hasattr(loops, kind)


def run_loop(kind, steps, mask, kernel, recurrent_kernel, bias):
    """Run PyTorch's own kernel where it has a fast one, else a loop of ours."""
    weights = kernel.value, recurrent_kernel.value, bias.value
    run = _run_native if _is_native_fast(kind, steps, weights[0]) else _run_own
    outputs, *states = run(kind, steps, mask, *weights)
    return outputs.transpose(0, 1), [outputs[-1], *states]


def _is_native_fast(kind, steps, kernel):
    """Whether PyTorch has a fused kernel: cuDNN's, or on CPU oneDNN's for the LSTM alone."""
    if kernel.is_cuda:
        return kind != "GRUResetBefore"
    single = kernel.device.type == "cpu" and kernel.dtype == torch.float32
    return kind == "LSTM" and single and steps.ndim == 3 and torch.backends.mkldnn.is_available()


def _run_own(kind, steps, mask, kernel, recurrent, bias):
    kernel, recurrent, bias = _arrange(kind, kernel, recurrent, bias)
    outputs = getattr(loops, kind).apply(_project(steps, mask, kernel, bias), recurrent)
    return outputs if kind == "LSTM" else (outputs,)


def _arrange(kind, kernel, recurrent, bias):
    """Return the weights with their columns as our loop of that kind has them."""
    if kind == "LSTM":
        return (_reorder(weight, (3, 0, 1, 2)) for weight in (kernel, recurrent, bias))
    if kind == "GRUResetBefore":
        return (_reorder(weight, (1, 0, 2)) for weight in (kernel, recurrent, bias))
    if kind == "GRU":
        units = recurrent.shape[0]
        gates, candidate = kernel.split([2 * units, units], 1)
        on_input, on_state = bias.split([2 * units, units], 1)
        both = on_input.sum(0), on_state[1], on_state[0]
        return (
            torch.cat([gates, torch.zeros_like(candidate), candidate], 1),
            recurrent,
            torch.cat(both),
        )
    return kernel, recurrent, bias


def _reorder(weight, order):
    blocks = weight.chunk(len(order), -1)
    return torch.cat([blocks[i] for i in order], -1)


def _project(steps, mask, kernel, bias):
    """Return what the input gives to the gates: an array (T, batch, columns) of its own."""
    if steps.ndim == 3:
        steps = steps if mask is None else steps * mask.unsqueeze(1)
        rows = steps.transpose(0, 1).flatten(0, 1)
        return torch.addmm(bias, rows, kernel).unflatten(0, (steps.shape[1], steps.shape[0]))
    return _look_up(steps, mask, kernel).transpose(0, 1).contiguous() + bias


def _look_up(codes, mask, kernel):
    """Return the products of one-hot vectors with a kernel."""
    rows = embedding(codes, kernel)
    return rows if mask is None else rows * mask.unsqueeze(2)


def _run_native(kind, steps, mask, kernel, recurrent, bias):
    """Run PyTorch's own kernel, which wants rows of gates where Keras has columns."""
    if kind == "GRU":
        kernel, recurrent, bias = (
            _reorder(weight, (1, 0, 2)) for weight in (kernel, recurrent, bias)
        )
    on_input, on_state = bias if kind == "GRU" else (bias, torch.zeros_like(bias))
    if steps.ndim == 2:
        steps = _look_up(steps, mask, kernel)
        kernel = torch.eye(kernel.shape[1], dtype=kernel.dtype, device=kernel.device)
    elif mask is not None:
        steps = steps * mask.unsqueeze(1)
    # cuDNN wants all weights in one piece, and warns where they are not.
    shapes = kernel.t().shape, recurrent.t().shape, on_input.shape, on_state.shape
    flat = torch.cat([w.t().flatten() for w in (kernel, recurrent)] + [on_input, on_state])
    parts = flat.split([shape.numel() for shape in shapes])
    weights = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
    start = recurrent.new_zeros((1, steps.shape[0], recurrent.shape[0]))
    how = True, 1, 0.0, torch.is_grad_enabled(), False, False
    steps = steps.transpose(0, 1)
    if kind == "LSTM":
        outputs, _, cell = torch.lstm(steps, (start, start), weights, *how)
        return outputs, cell[0]
    native = torch.gru if kind == "GRU" else torch.rnn_tanh
    return native(steps, start, weights, *how)[:1]
