"""The update and the evaluation of a network with one batch, as functions of all variables."""

import jax
import jax.numpy as jnp
import keras

from skrnn.networks.optimizers import sets_own_rate
from skrnn.networks.teacher_forcing import previous_targets


def needs_exact_rows(spec, objective):
    """Return whether batches must not be padded with rows."""
    return spec.is_custom or not objective.metrics.ignore_padding


class BatchFunctions:
    """The update and the evaluation of a network with one batch, as functions of all variables.

    The parameters are those of `compile_training`.

    Attributes
    ----------
    variables, evaluation_variables : tuple of list of keras.Variable
        The trainable variables, the others, those of each metric and, for updates, those of the
        optimizer.
    """

    def __init__(self, network, objective, optimizer, model, penalty, bounded):
        self._spec, self._objective, self._optimizer = network.spec, objective, optimizer
        self._model, self._penalty, self._bounded = model, penalty, bounded
        self._train_loss = _batch_loss(model, objective, self._spec, training=True)
        self._evaluation_loss = _batch_loss(network.raw, objective, self._spec, training=False)
        self._with_rate = _rate_setter(optimizer)
        counted = [metric.variables for metric in objective.metrics.items]
        variables = model.trainable_variables, model.non_trainable_variables, counted
        self.variables = *variables, optimizer.variables
        raw = network.raw
        self.evaluation_variables = raw.trainable_variables, raw.non_trainable_variables, counted

    def train(self, state, batch, firsts, rate):
        """Return the values of `variables` after an update, the final states and the loss."""
        trainable, others, counted, slots = state
        gradient = jax.value_and_grad(self._train_loss, has_aux=True)
        (value, changed), gradients = gradient(trainable, others, counted, batch, firsts)
        *changed, lasts = changed
        rate, factor, bound = rate if rate.ndim else (rate, None, None)
        if self._penalty is not None:
            gradients = self._with_penalty(gradients, factor, state, batch, firsts)
        slots = self._with_rate(slots, rate)
        trainable, slots = self._optimizer.stateless_apply(slots, gradients, trainable)
        return (_clipped(trainable, self._bounded, bound), *changed, slots), lasts, value

    def _with_penalty(self, gradients, factor, state, batch, firsts):
        def loss(raw):
            per_step = self._spec.return_sequences
            losses, real = _target_losses(self._objective, raw, batch, per_step)[:2]
            return _mean(losses, real)

        with keras.StatelessScope(state_mapping=_by_variable(self._model, state)):
            inputs = _inputs(self._spec, batch, firsts)
            return self._penalty.add(gradients, factor, inputs, loss)

    def evaluate(self, state, batch, firsts, _):
        """Return the values of `evaluation_variables`, the final states and the loss."""
        trainable, *changing = state
        value, (*changed, lasts) = self._evaluation_loss(trainable, *changing, batch, firsts)
        return (trainable, *changed), lasts, value


def _clipped(values, bounded, bound):
    """Return the values of variables, of which some are clipped."""
    clipped = list(values)
    for i in bounded:
        most = bound.astype(clipped[i].dtype)
        clipped[i] = jnp.clip(clipped[i], -most, most)
    return clipped


def _by_variable(model, state):
    """Return pairs of the variables of a model and their values."""
    groups = zip((model.trainable_variables, model.non_trainable_variables), state, strict=False)
    return [pair for group in groups for pair in zip(*group, strict=True)]


def _batch_loss(model, objective, spec, *, training):
    """Return a function of variables, a batch and the states before it.

    It returns the loss, new values of the variables and the final states.
    """

    def batch_loss(trainable, others, counted, batch, firsts):
        outputs, others, penalties = model.stateless_call(
            trainable, others, _inputs(spec, batch, firsts), training=training, return_losses=True
        )
        raw, *lasts = jax.tree.leaves(outputs)
        losses, real, true, predicted = _target_losses(objective, raw, batch, spec.return_sequences)
        counted = objective.metrics.updated(counted, true, predicted, batch[1][4], real)
        return _mean(losses, real) + sum(penalties), (others, counted, lasts)

    return batch_loss


def _inputs(spec, batch, firsts):
    """Return the inputs of a model for a batch, of which `firsts` are the states before it."""
    sequences, targets, rows, _, n_steps, n_target_steps = batch
    inputs = [*gather_inputs(sequences, rows, n_steps), *firsts]
    if spec.decoder:
        values, starts, n_targets, *_, known = targets
        step = jnp.arange(n_target_steps, dtype=starts.dtype)
        where = starts[rows][:, None] + jnp.minimum(step, n_targets[rows][:, None] - 1)
        inputs.append(previous_targets(values[where], spec))
        inputs += [one[where] for one in known]
    return inputs


def _target_losses(objective, raw, batch, per_step):
    """Return the loss of each target, which targets are real, the targets and the predictions."""
    _, (values, starts, n_targets, weights, *_), rows, real, *_ = batch
    where = starts[rows]
    if per_step:
        raw, where, real = _as_targets(raw, where, real, n_targets[rows])
    if objective.skips:
        real &= weights[where] > 0
    true = values[where]
    losses, predicted = objective.weighted_losses(true, raw, weights[where])
    return losses, real, true, predicted


def _mean(losses, real):
    # No target of a segment may have a weight.
    return jnp.sum(jnp.where(real, losses, 0)) / jnp.maximum(jnp.sum(real), 1)


def _rate_setter(optimizer):
    """Return a function that sets the learning rate in the values of an optimizer's variables."""
    if sets_own_rate(optimizer):
        return lambda slots, rate: slots
    [at] = [i for i, v in enumerate(optimizer.variables) if v is optimizer.learning_rate]
    return lambda slots, rate: [*slots[:at], rate.astype(slots[at].dtype), *slots[at + 1 :]]


def gather_inputs(arrays, rows, n_steps):
    """Return the time steps of some sequences, padded with zeros, lengths and static features."""
    values, starts, lengths, *static = arrays
    lengths = lengths[rows]
    position = jnp.arange(n_steps, dtype=lengths.dtype)
    last = lengths[:, None] - 1
    steps = values[starts[rows][:, None] + jnp.minimum(position, last)]
    real = jnp.expand_dims(position <= last, tuple(range(2, steps.ndim)))
    steps = jnp.where(real, steps, jnp.zeros_like(steps))
    return steps, lengths, *(one[rows] for one in static)


def _as_targets(raw, where, real, lengths):
    """Return the outputs of time steps as rows, the positions of their targets, and which are real.

    Padding repeats the first time step, so that the loss of padding is not NaN.
    """
    position = jnp.arange(raw.shape[1], dtype=lengths.dtype)
    inside = position < lengths[:, None]
    raw = jnp.where(inside[:, :, None], raw, raw[:, :1])
    where = where[:, None] + jnp.where(inside, position, 0)
    return raw.reshape(-1, raw.shape[2]), where.ravel(), (inside & real[:, None]).ravel()
