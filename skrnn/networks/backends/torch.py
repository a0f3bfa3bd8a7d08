"""Training and prediction on PyTorch, eagerly.

The arrays of a fit are sent to the device once. PyTorch compiles nothing, so what is to be saved
is Python: a batch runs the operations of the network and of Adam without the checks that Keras
makes around each, and no number is fetched from the device until the call is over.
"""

from functools import partial
from itertools import pairwise

import keras
import numpy as np
import torch

# Keras has no public way to ask for the device that its variables are on.
from keras.src.backend.torch.core import get_device
from torch.nn.functional import embedding

from skrnn.networks.backends import torch_loops
from skrnn.networks.backends.torch_optimizers import make_update
from skrnn.networks.batches import compact

__all__ = [
    "compile_forward",
    "compile_training",
    "has_fast_loop",
    "run_loop",
    "sequences_to_device",
    "to_device",
]

# --- time loops -------------------------------------------------------------------------------


def has_fast_loop(kind):
    """Whether `run_loop` knows the layer."""
    return hasattr(torch_loops, kind)


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
    outputs = getattr(torch_loops, kind).apply(_project(steps, mask, kernel, bias), recurrent)
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


# --- training and prediction ------------------------------------------------------------------


def sequences_to_device(sequences):
    """Return the tensors (values, starts, lengths) of a batch of sequences, and lengths as array.

    The shape of a batch is read from the array, so that the device need not be waited for.
    """
    sequences = compact(sequences)
    return (
        _send(sequences.values),
        _send(sequences.starts.astype(np.int64)),
        _send(sequences.lengths.astype(np.int32)),
        sequences.lengths,
    )


def to_device(examples, target_scale):
    """Return examples as tensors on Keras' device."""
    targets = (
        _send(examples.targets),
        _send(examples.target_starts.astype(np.int64)),
        _send(examples.weights),
        *(_send(np.asarray(value)) for value in target_scale),
    )
    return sequences_to_device(examples.sequences), targets


def compile_training(network, loss, from_logits, optimizer, metrics):
    """Prepare training and evaluation; nothing is compiled, so `train` needs no widths."""
    model = network.raw
    run_model = {training: _runner(model, training) for training in (True, False)}
    activation = keras.activations.get(network.spec.output_activation)
    per_step = network.spec.return_sequences
    variables = model.trainable_variables
    parameters = [variable.value for variable in variables]
    update = make_update(optimizer, variables, all_used=network.spec.body is None)

    def batch_loss(data, rows, here, training):
        sequences, (all_targets, target_starts, weights, scale, offset) = data
        inputs = _gather_steps(*sequences[:3], rows, here)
        raw = run_model[training](inputs)
        where = target_starts[rows]
        if per_step:
            real = _real_steps(here, raw.device)
            where = _step_positions(where, inputs[1], raw.shape[1]).flatten()[real]
            raw = raw.flatten(0, 1)[real]
        true, outputs = all_targets[where], activation(raw)
        values = loss(true, raw if from_logits else outputs)
        if metrics:
            with torch.no_grad():
                known = true * scale + offset if true.is_floating_point() else true
                seen = outputs * scale + offset if true.is_floating_point() else outputs
                for metric in metrics:
                    metric.update_state(known, seen)
        return sum(model.losses, (_one_value_a_target(values) * weights[where]).mean())

    def train_batch(data, rows, here):
        value = batch_loss(data, rows, here, training=True)
        update(torch.autograd.grad(value, parameters, allow_unused=True))
        return value.detach()

    @torch.no_grad
    def evaluate_batch(data, rows, here):
        return batch_loss(data, rows, here, training=False)

    def train(data, order, bounds, width=None, compile_loops=False):
        update.begin()
        losses = _run_batches(train_batch, data, order, bounds)
        update.end()
        return losses

    return train, partial(_run_batches, evaluate_batch)


def _run_batches(one_batch, data, order, bounds):
    """Run many batches and return the loss of each."""
    lengths, rows = data[0][3], _send(order)
    losses = [
        one_batch(data, rows[begin:end], lengths[order[begin:end]])
        for begin, end in pairwise(bounds.tolist())
    ]
    return torch.stack(losses).cpu().numpy()


def compile_forward(model):
    """Prepare a pass through a model."""
    run_model = _runner(model, training=False)

    @torch.no_grad
    def run(sequences, rows):
        outputs = run_model(_gather_steps(*sequences[:3], _send(rows), sequences[3][rows]))
        return keras.tree.map_structure(lambda tensor: tensor.cpu().numpy(), outputs)

    return run


def _runner(model, training):
    """Return a function of a model's inputs.

    Around each operation Keras looks for masks to hand on, symbols and dtypes to convert. Where
    a network is of our own layers there is nothing to find.
    """
    operations = model.operations
    if not any(type(operation).__module__.startswith("skrnn.") for operation in operations):
        return partial(model, training=training)
    calls = {operation: _direct_call(operation, training) for operation in operations}
    return partial(model._run_through_graph, operation_fn=calls.get)


def _direct_call(operation, training):
    if isinstance(operation, keras.layers.RNN):
        # The graph holds a value of `training`, that of when it was made.
        return lambda steps, **_: operation.call(steps, training=training)
    return operation.call


def _send(array):
    """Return an array as a tensor on Keras' device."""
    # PyTorch shares an array's memory, and would rather not share what is read-only.
    shared = array if array.flags.writeable else array.copy()
    return torch.as_tensor(shared, device=get_device())


def _gather_steps(values, starts, lengths, rows, here):
    """Return the padded steps of some sequences, zero after each one's end, and their lengths.

    Their lengths are also given as an array, `here`.
    """
    lengths, n_steps = lengths[rows], int(here.max())
    positions = _step_positions(starts[rows], lengths, n_steps)
    steps = values.index_select(0, positions.flatten()).unflatten(0, positions.shape)
    if here.min() < n_steps:
        padding = torch.arange(n_steps, device=rows.device) >= lengths.unsqueeze(1)
        steps[padding] = 0
    return steps, lengths


def _step_positions(starts, lengths, n_steps):
    """Where each step lies; after its end a sequence points at its last step."""
    step = torch.arange(n_steps, device=starts.device)
    return starts.unsqueeze(1) + torch.minimum(step, lengths.unsqueeze(1) - 1)


def _real_steps(lengths, device):
    """Return which of a batch's padded steps, counted on from row to row, are no padding."""
    real = np.flatnonzero(np.arange(lengths.max()) < lengths[:, None])
    return torch.as_tensor(real).to(device, non_blocking=True)


def _one_value_a_target(values):
    if values.ndim == 0:
        raise ValueError("loss must give one value a target, got a single number for all of them.")
    return values.flatten(1).mean(1) if values.ndim > 1 else values
