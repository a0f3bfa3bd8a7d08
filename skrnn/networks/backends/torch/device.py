"""Training and prediction on PyTorch, eagerly.

The arrays of a fit are sent to the device once. PyTorch does not compile, so time is saved by
running less Python code: a batch runs the operations of the network and of Adam without the checks
that Keras makes around each of them, and the losses are read from the device only at the end of a
call.
"""

import inspect
from functools import partial
from itertools import pairwise

import keras
import numpy as np
import torch

# Keras has no public way to get the device of its variables.
from keras.src.backend.torch.core import get_device

from skrnn.networks.backends.torch.graphs import give_way, uses_device
from skrnn.networks.backends.torch.optimizers import make_update
from skrnn.networks.batches import compact
from skrnn.networks.static_input import further_inputs, static_arrays
from skrnn.networks.teacher_forcing import previous_targets


@uses_device
def sequences_to_device(sequences):
    """Return the tensors (values, starts, lengths) of sequences, and the lengths as an array.

    Static features are at the end. The shape of a batch is computed from the array, without waiting
    for the device.
    """
    sequences = compact(sequences)
    return (
        _send(sequences.values),
        _send(sequences.starts.astype(np.int64)),
        _send(sequences.lengths.astype(np.int32)),
        sequences.lengths,
        *map(_send, static_arrays(sequences)),
    )


@uses_device
def to_device(examples, units):
    """Return examples as tensors on Keras' device, and the numbers of targets as an array."""
    targets, known = examples.targets, examples.target_inputs
    tensors = (
        _send(targets.values),
        _send(targets.starts.astype(np.int64)),
        _send(targets.lengths.astype(np.int32)),
        _send(examples.weights),
        [_send(np.asarray(value)) for value in units],
        [] if known is None else [_send(known)],
    )
    return sequences_to_device(examples.sequences), tensors, targets.lengths


def batch_layout(spec, lengths, batch_size, n_epochs):
    """Return the number of rows of a full batch, to which those of joined fits are padded."""
    return batch_size


def compile_training(network, objective, optimizer, model, penalty, bounded):
    """Prepare training and evaluation; nothing is compiled."""
    run_model = {True: runner(model, True), False: runner(network.raw, False)}
    state_inputs = [] if network.spec.decoder else further_inputs(model)
    target_losses = partial(_target_losses, objective, network.spec.return_sequences)
    mean = _mean_or_zero if objective.skips else torch.mean
    parameters = [variable.value for variable in model.trainable_variables]
    update = make_update(optimizer, model.trainable_variables, all_used=not network.spec.is_custom)

    def batch_loss(data, rows, here, inputs, training):
        raw, *states = keras.tree.flatten(run_model[training](inputs))
        losses, predicted, true = target_losses(raw, data, rows, here)
        with torch.no_grad():
            objective.metrics.update(true, predicted, data[1][4])
        return sum(model.losses, mean(losses)), states

    def train_batch(data, rows, here, states, rate):
        inputs = _inputs(network.spec, data, rows, here, states)
        value, states = batch_loss(data, rows, here, inputs, training=True)
        gradients = torch.autograd.grad(value, parameters, allow_unused=True)
        rate, factor, bound = rate if isinstance(rate, list) else (rate, None, None)
        if penalty is not None:

            def loss(raw):
                return mean(target_losses(raw, data, rows, here)[0])

            with torch.no_grad():
                gradients = penalty.add(gradients, factor, inputs, loss)
        update(gradients, rate)
        _clip(parameters, bounded, bound)
        return value.detach(), [state.detach() for state in states]

    @torch.no_grad
    def evaluate_batch(data, rows, here, states, _):
        inputs = _inputs(network.spec, data, rows, here, states)
        return batch_loss(data, rows, here, inputs, training=False)

    def train(data, batches, rates, layout, states):
        if states is None:
            states = [_empty(state) for state in state_inputs]
        update.begin()
        losses, states = _run_batches(train_batch, data, batches, rates, states)
        update.end()
        return losses, states

    def evaluate(data, order, bounds):
        batches = order, bounds, np.ones(len(bounds) - 1, bool)
        return _run_batches(evaluate_batch, data, batches, np.zeros(len(bounds) - 1), [])[0]

    return uses_device(train), uses_device(evaluate)


@torch.no_grad
def _clip(parameters, bounded, bound):
    """Clip the values of some parameters, after their update."""
    for i in bounded:
        parameters[i].clamp_(-bound, bound)


def _inputs(spec, data, rows, here, states):
    """Return the inputs of a model for a batch, with the states before it."""
    sequences, (values, starts, lengths, *_, known), n_targets = data
    inputs = [*_gather_inputs(sequences, rows, here), *states]
    if spec.decoder:
        where = _step_positions(starts[rows], lengths[rows], int(n_targets[here].max()))
        inputs.append(previous_targets(values[where], spec))
        inputs += [one[where] for one in known]
    return inputs


def _target_losses(objective, per_step, raw, data, rows, here):
    """Return the loss of each target, the predictions and the targets."""
    _, (values, starts, lengths, weights, *_), n_targets = data
    where = starts[rows]
    if per_step:
        real = _real_steps(n_targets[here], raw.device)
        where = _step_positions(where, lengths[rows], raw.shape[1]).flatten()[real]
        if objective.skips:
            has_weight = weights[where] > 0
            where, real = where[has_weight], real[has_weight]
        raw = raw.flatten(0, 1)[real]
    true = values[where]
    return *objective.weighted_losses(true, raw, weights[where]), true


def _mean_or_zero(losses):
    """Return the mean of losses, or zero if no target of a batch has a weight."""
    return losses.sum() / max(len(losses), 1)


def _empty(state):
    """Return the values of a symbolic state for no sequences."""
    dtype = getattr(torch, state.dtype)
    return torch.zeros((0, state.shape[1]), dtype=dtype, device=get_device())


def _run_batches(one_batch, data, batches, rates, states):
    """Run many batches, and return the loss of each and the final states of the last one."""
    order, bounds, fresh = batches
    rows, losses = _send(order), []
    numbers = zip(pairwise(bounds.tolist()), fresh.tolist(), rates.tolist(), strict=True)
    for (begin, end), is_fresh, rate in numbers:
        give_way()
        if is_fresh:
            states = [state.new_zeros(end - begin, state.shape[1]) for state in states]
        states = [state[: end - begin] for state in states]
        loss, states = one_batch(data, rows[begin:end], order[begin:end], states, rate)
        losses.append(loss)
    return torch.stack(losses).cpu().numpy(), states


def compile_forward(model):
    """Prepare the forward pass of a model."""
    run_model = runner(model, training=False)

    @uses_device
    @torch.no_grad
    def run(sequences, rows, *initial):
        inputs = _gather_inputs(sequences, _send(rows), rows)
        outputs = run_model((*inputs, *map(_send, initial)))
        return keras.tree.map_structure(lambda tensor: tensor.cpu().numpy(), outputs)

    return run


def runner(model, training):
    """Return a function that runs a model on its inputs.

    Keras searches the inputs of each operation for masks, symbols and dtypes to convert. In a
    network of skrnn's layers there are none, so the search is skipped.
    """
    operations = model.operations
    if not any(type(operation).__module__.startswith("skrnn.") for operation in operations):
        return partial(model, training=training)
    calls = {operation: _direct_call(operation, training) for operation in operations}
    return partial(model._run_through_graph, operation_fn=calls.get)


def _direct_call(operation, training):
    if "training" in inspect.signature(operation.call).parameters:
        # This value of `training` replaces the one that the graph stored when it was built.
        return lambda *tensors, **given: operation.call(*tensors, **{**given, "training": training})
    return operation.call


def _send(array):
    """Return an array as a tensor on Keras' device."""
    # PyTorch shares the memory of an array, and warns if the array is read-only.
    shared = array if array.flags.writeable else array.copy()
    return torch.as_tensor(shared, device=get_device())


def _gather_inputs(sequences, rows, here):
    """Return the time steps of some sequences, padded with zeros, lengths and static features.

    `here` contains the indices `rows` as an array in main memory.
    """
    values, starts, lengths, known_lengths, *static = sequences
    steps = _gather_steps(values, starts, lengths, rows, known_lengths[here])
    return *steps, *(one[rows] for one in static)


def _gather_steps(values, starts, lengths, rows, here):
    """Return the time steps of some sequences, padded with zeros, and their lengths.

    `here` contains the lengths of the same sequences, as an array in main memory.
    """
    lengths, n_steps = lengths[rows], int(here.max())
    positions = _step_positions(starts[rows], lengths, n_steps)
    steps = values.index_select(0, positions.flatten()).unflatten(0, positions.shape)
    if here.min() < n_steps:
        padding = torch.arange(n_steps, device=rows.device) >= lengths.unsqueeze(1)
        steps[padding] = 0
    return steps, lengths


def _step_positions(starts, lengths, n_steps):
    """Return the position of each time step; padding has that of the last real time step."""
    step = torch.arange(n_steps, device=starts.device)
    return starts.unsqueeze(1) + torch.minimum(step, lengths.unsqueeze(1) - 1)


def _real_steps(lengths, device):
    """Return the indices of the real time steps in a batch of padded rows."""
    real = np.flatnonzero(np.arange(lengths.max()) < lengths[:, None])
    return torch.as_tensor(real).to(device, non_blocking=True)
