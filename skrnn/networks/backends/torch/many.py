"""Training of many models of one network as one program, by `torch.vmap`.

The weights, the variables of Adam, the data, the batches and the rates of all models have a first
axis, of which each model has one slot. A call runs as many updates as the model with the most
batches has; models with fewer keep their values from then on, and so do empty slots. The shapes of
an update, and with them the result of a model, do not depend on which models share it.

If a program has a single slot, its update runs in the fused loops of a single fit. How updates are
repeated is described in `many_updates`.
"""

from functools import partial

import keras
import numpy as np
import torch

# Keras has no public way to get the device of its variables.
from keras.src.backend.torch.core import get_device

from skrnn.networks.backends.buckets import bucket_size, shape_of_batches
from skrnn.networks.backends.torch.graphs import uses_device
from skrnn.networks.backends.torch.kernels import loops_within_vmap
from skrnn.networks.backends.torch.many_adam import ManyAdam
from skrnn.networks.backends.torch.many_batch import batch_loss
from skrnn.networks.backends.torch.many_updates import Updates
from skrnn.networks.optimizers import is_plain_adam, sets_own_rate

_map = keras.tree.map_structure


def device_bytes():
    """Return the memory of the device, or None if it is not a GPU."""
    device = torch.device(get_device())
    return torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else None


class ManyModels:
    """The update and the evaluation of a network for many models.

    The parameters are those of `compile_training`, for a model that does not carry states, and a
    network that `can_train_many`.

    Attributes
    ----------
    variables : tuple of list of keras.Variable
        The trainable variables, the others and those of the optimizer, whose values belong to a
        model.
    counted : list of list of keras.Variable
        The variables of each metric.
    needs_exact_rows : bool
        Whether fits cannot share a program.
    """

    @uses_device
    def __init__(self, network, objective, optimizer, model, penalty, bounded):
        self._spec, self._bounded = network.spec, bounded
        trainable = model.trainable_variables
        self.variables = trainable, model.non_trainable_variables, optimizer.variables
        self.counted = [metric.variables for metric in objective.metrics.items]
        self.needs_exact_rows = (
            sets_own_rate(optimizer)
            or not objective.metrics.ignore_padding
            or not _has_rules(objective)
        )
        if self.needs_exact_rows:
            return
        self._adam = ManyAdam(optimizer)
        self._losses = {
            "train": _of_many(batch_loss(network, objective, training=True)),
            "evaluate": _of_many(batch_loss(network, objective, training=False)),
        }

    def kind(self, name, data, bounds, n_rows=None):
        """Return all that is equal for calls that can be joined.

        Parameters
        ----------
        name : {"train", "evaluate"}
        data : tuple
            The return value of `to_device`.
        bounds : ndarray of int
            The bounds of the batches.
        n_rows : int or None, default=None
            The number of rows of a full batch. If None, it is that of the largest batch.
        """
        (_, _, _, lengths, *_), _, n_targets = data
        n_rows = n_rows or int(np.diff(bounds).max())
        shape = shape_of_batches(self._spec, lengths, int(n_targets.max()), n_rows)
        leaves = keras.tree.flatten(_shapes_of_data(data))
        return name, shape, tuple((tuple(leaf.shape), str(leaf.dtype)) for leaf in leaves)

    @uses_device
    def stack(self, values, n_models):
        """Return the values of some models as tensors with all slots, and arrays of the optimizer.

        Parameters
        ----------
        values : dict of int to tuple of list
            The values of `variables` of each model by its slot.
        n_models : int
        """
        tensors = _zeros(next(iter(values.values())), n_models)
        state = *tensors, self._adam.join(tensors[2])
        for slot, of_one in values.items():
            self.write(state, slot, of_one)
        return state

    @uses_device
    def write(self, state, slot, values):
        """Write the values of one model to its slot, and return the state."""
        _write(state[:3], slot, values)
        return state

    @uses_device
    def empty_data(self, data, n_models):
        """Return tensors with a slot for the data of each model, and a place for its updates."""
        return *_zeros(_shapes_of_data(data), n_models), {}

    @uses_device
    def write_data(self, stack, slot, data):
        """Write the data of one fit to its slot, and return the stack."""
        _write(stack[:2], slot, _tensors_of(data))
        return stack

    @uses_device
    def to_host(self, state):
        """Return the values of `variables` of all models in main memory."""
        return _map(lambda tensor: tensor.cpu().numpy(), state[:3])

    @uses_device
    def run(self, kind, state, stack, batches):
        """Run the batches of some models.

        Parameters
        ----------
        kind : tuple
            The return value of `kind`.
        state, stack : nested tuple of tensor
            The return values of `stack` and `empty_data`. The values are overwritten.
        batches : dict of int to tuple (order, bounds, rates, counted)
            The batches and the metrics of the models that are trained, by their slots.

        Returns
        -------
        state : nested tuple of tensor
        results : dict of int to tuple (losses, counted)
        """
        name, shape, _ = kind
        *tensors, made = stack
        # An update reads and writes the tensors of one state.
        if id(state) not in made:
            made[id(state)] = self._updates(name, shape, state, tensors, batches)
        losses, counted = made[id(state)].run(batches)
        results = {
            slot: (losses[: len(bounds) - 1, slot], _map(lambda array, at=slot: array[at], counted))
            for slot, (_, bounds, *_) in batches.items()
        }
        return state, results

    def _updates(self, name, shape, state, tensors, batches):
        is_training = name == "train"
        one_batch = self._train if is_training else self._evaluate
        *_, rates, counted = next(iter(batches.values()))
        n_models = len(tensors[0][1])
        return Updates(
            partial(one_batch, state),
            tensors,
            shape,
            counted=_zeros(counted, n_models),
            # An update also has a factor of the penalty and a bound if rates have three columns.
            rates=(n_models, *rates.shape[1:]),
            begin=partial(self._begin, state[2]) if is_training else None,
        )

    def _begin(self, slots, rates, runs):
        self._adam.begin(slots, rates if rates.ndim == 2 else rates[:, :, 0], runs)

    def _train(self, state, counted, batch, rates, runs):
        """Make one update of all models that run, and return their losses."""
        trainable, others, _, arrays = state
        leaves = [tensor.detach().requires_grad_() for tensor in trainable]
        with torch.enable_grad():
            losses, new_counted = self._losses["train"](leaves, others, counted, batch)
            gradients = torch.autograd.grad(losses.sum(), leaves)
        rate, bounds = (rates, None) if rates.ndim == 1 else (rates[:, 0], rates[:, 2])
        self._adam.update(trainable, gradients, arrays, rate, runs)
        for tensor in (trainable[i] for i in self._bounded):
            bound = bounds.to(tensor.dtype)[:, None]
            tensor.copy_(torch.where(runs[:, None], tensor.clamp(-bound, bound), tensor))
        return losses.detach(), new_counted

    def _evaluate(self, state, counted, batch, _, __):
        return self._losses["evaluate"](*state[:2], counted, batch)


def can_train_many(spec, training, optimizer):
    """Return whether many networks can be trained as one program, if their objective allows it."""
    # Keras draws random numbers on PyTorch from a generator of the host.
    draws = spec.dropout or spec.recurrent_dropout
    draws = draws or (spec.decoder is not None and spec.decoder.scheduled_sampling)
    # Networks without custom parts have no constraints. The change of a model that does not run is
    # a factor of zero times a number.
    plain = is_plain_adam(optimizer, [], all_used=True) and optimizer.epsilon > 0
    # Other devices do not have float64, in which the factors of Adam are computed.
    known_device = torch.device(get_device()).type in ("cpu", "cuda")
    return bool(plain and known_device and not draws and not training.gradient_penalty)


def _has_rules(objective):
    """Return whether `torch.vmap` can run the loss and the metrics.

    It has no rules for some operations, and a function of the user may read a value of a tensor.
    """
    true, predicted, units = objective.metrics.any_inputs()
    counted = [[v.value for v in metric.variables] for metric in objective.metrics.items]

    def of_one(scale, counted):
        raw, weights = predicted * scale, torch.ones_like(predicted[:, 0])
        losses, seen = objective.weighted_losses(true, raw, weights)
        return losses, objective.metrics.updated(counted, true, seen, units, weights > 0)

    two = predicted.new_ones(2)
    try:
        torch.vmap(of_one)(two, _map(lambda value: torch.stack([value, value]), counted))
    except Exception:
        return False
    return True


def _of_many(loss):
    """Return a function of the tensors of many models, given that of one."""

    def of_many(trainable, others, counted, batch):
        *given, n_steps, n_target_steps = batch

        def of_one(trainable, others, counted, given):
            return loss(trainable, others, counted, (*given, n_steps, n_target_steps))

        values = trainable, others, counted, tuple(given)
        if len(given[2]) == 1:
            # The fused loops run fewer kernels, but `torch.vmap` has no rules for them.
            results = of_one(*_map(lambda tensor: tensor.squeeze(0), values))
            return _map(lambda tensor: tensor.unsqueeze(0), results)
        with loops_within_vmap():
            return torch.vmap(of_one)(*values)

    return of_many


def _zeros(tree, n_models):
    """Return tensors of zeros with a slot for each model."""

    def zeros(leaf):
        dtype = keras.backend.standardize_dtype(leaf.dtype)
        shape = n_models, *leaf.shape
        return torch.zeros(shape, dtype=getattr(torch, dtype), device=get_device())

    return _map(zeros, tree)


def _write(tensors, slot, tree):
    """Write the values of one model to its slot."""

    def write(many, one):
        inside = slot, *map(slice, np.shape(one))
        many[inside] = torch.as_tensor(np.asarray(one) if np.isscalar(one) else one)

    _map(write, tensors, tree)


def _tensors_of(data):
    """Return those tensors of a fit's data that an update reads."""
    (values, starts, lengths, _, *static), targets, _ = data
    return (values, starts, lengths, *static), targets


def _shapes_of_data(data):
    """Return the shapes of the data in a slot, which are coarser than those of a single fit.

    Folds of different sizes can then be trained together.
    """

    def longer(tensor):
        return keras.KerasTensor(
            (bucket_size(bucket_size(len(tensor), 2), 1), *tensor.shape[1:]),
            keras.backend.standardize_dtype(tensor.dtype),
        )

    arrays, (*of_targets, units, known) = _tensors_of(data)
    return _map(longer, arrays), (*_map(longer, tuple(of_targets)), units, _map(longer, known))
