"""The loss of one batch of one model, in operations that `torch.vmap` can run for many models.

No operation depends on values of tensors, such as lengths, and the host never reads a tensor, so
that an update can be captured as a CUDA graph.
"""

import keras
import torch

from skrnn.networks.backends.torch.device import runner
from skrnn.networks.teacher_forcing import previous_targets


def batch_loss(network, objective, *, training):
    """Return a function of the values of the variables and a batch.

    It returns the loss, and the new values of the variables of the metrics.

    Parameters
    ----------
    network : Network
    objective : Objective
    training : bool
        Whether the batch is one of an update.
    """
    model, spec = network.raw, network.spec
    run_model = runner(model, training)
    variables = [*model.trainable_variables, *model.non_trainable_variables]

    def loss(trainable, others, counted, batch):
        values = zip(variables, [*trainable, *others], strict=True)
        with keras.StatelessScope(list(values), initialize_variables=False):
            raw, *_ = keras.tree.flatten(run_model(_inputs(spec, batch)))
            penalties = sum(model.losses)
            losses, real, true, predicted = _target_losses(objective, raw, batch, spec)
            mean = losses.masked_fill(~real, 0).sum() / real.sum().clamp(min=1)
            with torch.no_grad():
                units = batch[1][4]
                counted = objective.metrics.updated(counted, true, predicted, units, real)
        return mean + penalties, counted

    return loss


def _inputs(spec, batch):
    """Return the inputs of a model for a batch."""
    sequences, targets, rows, _, n_steps, n_target_steps = batch
    inputs = _gather_inputs(sequences, rows, n_steps)
    if spec.decoder:
        values, starts, n_targets, *_, known = targets
        where = _positions(_take(starts, rows), _take(n_targets, rows), n_target_steps)
        inputs.append(previous_targets(_take(values, where), spec))
        inputs += [_take(one, where) for one in known]
    return inputs


def _gather_inputs(arrays, rows, n_steps):
    """Return the time steps of some sequences, padded with zeros, lengths and static features."""
    values, starts, lengths, *static = arrays
    lengths = _take(lengths, rows)
    steps = _take(values, _positions(_take(starts, rows), lengths, n_steps))
    padding = torch.arange(n_steps, device=rows.device) >= lengths[:, None]
    padding = padding.reshape(*padding.shape, *[1] * (steps.ndim - 2))
    return [steps.masked_fill(padding, 0), lengths, *(_take(one, rows) for one in static)]


def _take(array, positions):
    """Return the rows of an array at some positions, for which `torch.vmap` runs one kernel."""
    return array.index_select(0, positions.flatten()).unflatten(0, positions.shape)


def _positions(starts, lengths, n_steps):
    """Return the position of each time step; padding has that of the last real time step."""
    step = torch.arange(n_steps, device=starts.device)
    # The rows of a model without batches have no time steps.
    return starts[:, None] + torch.minimum(step, (lengths[:, None] - 1).clamp(min=0))


def _target_losses(objective, raw, batch, spec):
    """Return the loss of each target, which targets are real, the targets and the predictions."""
    _, (values, starts, n_targets, weights, *_), rows, real, *_ = batch
    where = _take(starts, rows)
    if spec.return_sequences:
        raw, where, real = _as_targets(raw, where, real, _take(n_targets, rows))
    if objective.skips:
        real = real & (_take(weights, where) > 0)
    true = _take(values, where)
    losses, predicted = objective.weighted_losses(true, raw, _take(weights, where))
    return losses, real, true, predicted


def _as_targets(raw, where, real, lengths):
    """Return the outputs of time steps as rows, the positions of their targets, and which are real.

    Padding repeats the first time step, so that the loss of padding is not NaN.
    """
    position = torch.arange(raw.shape[1], device=where.device)
    inside = position < lengths[:, None]
    raw = torch.where(inside[:, :, None], raw, raw[:, :1])
    where = where[:, None] + position * inside
    return raw.flatten(0, 1), where.flatten(), (inside & real[:, None]).flatten()
