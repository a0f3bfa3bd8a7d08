"""Training of many models of one network as one program, by `torch.vmap`.

The weights, the variables of Adam, the data, the batches and the rates of all models have a first
axis, of which each model has one slot. A call runs as many updates as the model with the most
batches has; models with fewer keep their values from then on, and so do empty slots. The shapes of
an update, and with them the result of a model, do not depend on which models share it.

If a program has a single slot, its update runs in the fused loops of a single fit.

All arrays that an update reads and writes stay at one place in memory, and the number of the update
is one of them. On a GPU, an update is therefore captured once as a CUDA graph, and then repeated
with a single launch; see `graphs`.
"""

from functools import partial

import keras
import numpy as np
import torch

# Keras has no public way to get the device of its variables.
from keras.src.backend.torch.core import get_device

from skrnn.networks.backends.buckets import bucket_size, shape_of_batches
from skrnn.networks.backends.torch.graphs import repeated
from skrnn.networks.backends.torch.kernels import loops_within_vmap
from skrnn.networks.backends.torch.many_adam import ManyAdam
from skrnn.networks.backends.torch.many_batch import batch_loss
from skrnn.networks.optimizers import is_plain_adam, sets_own_rate

# The batches of so many updates are sent to the device together.
_UPDATES = 64

_map = keras.tree.map_structure


def device_bytes():
    """Return the memory of the device, or None if it is not a GPU."""
    device = torch.device(get_device())
    return torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else None


class ManyModels:
    """The update and the evaluation of a network for many models.

    The parameters are those of `compile_training`, for a model that does not carry states.

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

    def __init__(self, network, objective, optimizer, model, penalty, bounded):
        self._spec, self._bounded = network.spec, bounded
        trainable = model.trainable_variables
        self.variables = trainable, model.non_trainable_variables, optimizer.variables
        self.counted = [metric.variables for metric in objective.metrics.items]
        self.needs_exact_rows = not _can_be_batched(
            network.spec, objective, optimizer, trainable, penalty
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

    def empty(self, tree, n_models):
        """Return tensors of zeros with a slot for each model."""

        def zeros(leaf):
            dtype = keras.backend.standardize_dtype(leaf.dtype)
            shape = n_models, *leaf.shape
            return torch.zeros(shape, dtype=getattr(torch, dtype), device=get_device())

        return _map(zeros, tree)

    def write(self, stack, slot, tree):
        """Write the values of one model to its slot, and return the stack."""

        def write(many, one):
            inside = slot, *map(slice, np.shape(one))
            many[inside] = torch.as_tensor(np.asarray(one) if np.isscalar(one) else one)

        _map(write, stack, tree)
        return stack

    def empty_data(self, data, n_models):
        """Return tensors with a slot for the data of each model, and a place for its updates."""
        return *self.empty(_shapes_of_data(data), n_models), {}

    def write_data(self, stack, slot, data):
        """Write the data of one fit to its slot, and return the stack."""
        self.write(stack[:2], slot, _tensors_of(data))
        return stack

    def to_host(self, state):
        """Return the values of all models in main memory."""
        return _map(lambda tensor: tensor.cpu().numpy(), state)

    def run(self, kind, state, stack, batches):
        """Run the batches of some models.

        Parameters
        ----------
        kind : tuple
            The return value of `kind`.
        state, stack : nested tuple of tensor
            The values of `variables` and the data of all slots. The values are overwritten.
        batches : dict of int to tuple (order, bounds, rates, counted)
            The batches and the metrics of the models that are trained, by their slots.

        Returns
        -------
        state : nested tuple of tensor
        results : dict of int to tuple (losses, counted)
        """
        name, shape, _ = kind
        *tensors, made = stack
        # The shape of a batch may change from call to call, and so may the values of a new model.
        key = name, shape, id(state)
        if key not in made:
            made[key] = self._updates(name, shape, state, tensors, batches)
        losses, counted = made[key].run(batches)
        results = {
            slot: (losses[: len(bounds) - 1, slot], _map(lambda array, at=slot: array[at], counted))
            for slot, (_, bounds, *_) in batches.items()
        }
        return state, results

    def _updates(self, name, shape, state, tensors, batches):
        one_batch = self._train if name == "train" else self._evaluate
        *_, rates, counted = next(iter(batches.values()))
        n_models = len(tensors[0][1])
        return _Updates(
            partial(one_batch, state),
            tensors,
            shape,
            counted=self.empty(counted, n_models),
            # An update also has a factor of the penalty and a bound if rates have three columns.
            rates=(n_models, *rates.shape[1:]),
        )

    def _train(self, state, counted, batch, rates, runs):
        """Make one update of all models that run, and return their losses."""
        trainable, others, slots = state
        leaves = [tensor.detach().requires_grad_() for tensor in trainable]
        with torch.enable_grad():
            losses, new_counted = self._losses["train"](leaves, others, counted, batch)
            gradients = torch.autograd.grad(losses.sum(), leaves)
        rate, bounds = (rates, None) if rates.ndim == 1 else (rates[:, 0], rates[:, 2])
        self._adam.update(trainable, gradients, slots, rate, runs)
        for tensor in (trainable[i] for i in self._bounded):
            bound = bounds.to(tensor.dtype)[:, None]
            tensor.copy_(torch.where(runs[:, None], tensor.clamp(-bound, bound), tensor))
        return losses.detach(), new_counted

    def _evaluate(self, state, counted, batch, _, __):
        return self._losses["evaluate"](*state[:2], counted, batch)


def _can_be_batched(spec, objective, optimizer, trainable, penalty):
    """Return whether many networks can be trained as one program."""
    # Keras draws random numbers on PyTorch from a generator of the host.
    draws = spec.dropout or spec.recurrent_dropout
    draws = draws or (spec.decoder is not None and spec.decoder.scheduled_sampling)
    # A custom metric may ignore weights, so that rows of padding would count.
    own_metric = any(not type(m).__module__.startswith("keras.") for m in objective.metrics.items)
    plain = is_plain_adam(optimizer, trainable, all_used=True) and not sets_own_rate(optimizer)
    # Other devices do not have float64, in which the factors of Adam are computed.
    known_device = torch.device(get_device()).type in ("cpu", "cuda")
    possible = plain and known_device and penalty is None
    possible = possible and not (draws or own_metric or spec.is_custom)
    return possible and _has_rules(objective)


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


class _Updates:
    """Runs updates of all models, with tensors that keep their place in memory.

    Parameters
    ----------
    one_batch : callable
        A function of the values of the metrics, a batch, the rates, and which models run. It
        returns the loss of each model, and the new values of the metrics.
    tensors : list
        The data of all models.
    shape : tuple
        The return value of `shape_of_batches`.
    counted : list of list of tensor
        The values of the metrics.
    rates : tuple of int
        The shape of the rates of an update.
    """

    def __init__(self, one_batch, tensors, shape, *, counted, rates):
        self._counted = counted
        self._n_rows, *n_steps = shape
        n_models, device = rates[0], get_device()
        zeros = partial(torch.zeros, device=device)
        self._batches = (
            zeros((_UPDATES, n_models, self._n_rows), dtype=torch.int64),
            zeros((_UPDATES, n_models, self._n_rows), dtype=torch.bool),
            zeros((_UPDATES, *rates), dtype=torch.float32),
            zeros((_UPDATES, n_models), dtype=torch.bool),
        )
        self._losses = zeros((_UPDATES, n_models), dtype=tensors[1][3].dtype)
        self._number = zeros(1, dtype=torch.int64)
        # The graph must not refer to this object: memory of a GPU does not wait for a collection.
        update = partial(
            _update,
            partial(one_batch, counted),
            tuple(tensors),
            n_steps,
            number=self._number,
            batches=self._batches,
            losses=self._losses,
            counted=counted,
        )
        self._run_one = repeated(update, device)

    def run(self, batches):
        """Run the batches of some models, and return all losses and metrics as arrays.

        Parameters
        ----------
        batches : dict of int to tuple
            As for `ManyModels.run`.
        """
        rows, real, rates, runs = self._arrays(batches)
        for slot, (*_, counted) in batches.items():
            _map(
                lambda many, one, at=slot: many[at].copy_(torch.as_tensor(one)),
                self._counted,
                counted,
            )
        losses = []
        for first in range(0, len(runs), _UPDATES):
            sent = [array[first : first + _UPDATES] for array in (rows, real, rates, runs)]
            n = len(sent[0])
            for tensor, array in zip(self._batches, sent, strict=True):
                tensor[:n].copy_(torch.from_numpy(array))
            self._number.zero_()
            for _ in range(n):
                self._run_one()
            losses.append(_copied(self._losses[:n]))
        return np.concatenate(losses), _map(_copied, self._counted)

    def _arrays(self, batches):
        """Return the rows of all batches, which rows are real, the rates, and which models run."""
        n_updates = max(len(bounds) - 1 for _, bounds, *_ in batches.values())
        rows, real, rates, runs = (
            np.zeros((n_updates, *one.shape[1:]), str(one.dtype).removeprefix("torch."))
            for one in self._batches
        )
        place = np.arange(self._n_rows)
        for slot, (order, bounds, given, _) in batches.items():
            n, ends = len(bounds) - 1, bounds[1:, None]
            inside = bounds[:-1, None] + place
            real[:n, slot] = inside < ends
            # Padding repeats the first row of a batch.
            rows[:n, slot] = order[np.where(inside < ends, inside, bounds[:-1, None])]
            rates[:n, slot], runs[:n, slot] = given, True
        return rows, real, rates, runs


@torch.no_grad
def _update(one_batch, tensors, n_steps, *, number, batches, losses, counted):
    """Run the batch of a number, write its losses and metrics, and increase the number."""
    rows, real, rates, runs = (one.index_select(0, number)[0] for one in batches)
    new_losses, new_counted = one_batch((*tensors, rows, real, *n_steps), rates, runs)
    _map(partial(_keep, runs), counted, new_counted)
    losses.index_copy_(0, number, new_losses.to(losses.dtype)[None])
    number.add_(1)


def _copied(tensor):
    """Return the values of a tensor that later updates overwrite."""
    return tensor.to("cpu", copy=True).numpy()


def _keep(runs, tensor, new):
    """Write new values of those models that run."""
    runs = runs.reshape(-1, *[1] * (tensor.ndim - 1))
    tensor.copy_(torch.where(runs, new, tensor))
