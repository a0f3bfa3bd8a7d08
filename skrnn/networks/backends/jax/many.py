"""Training of many models of one network as one compiled program, by `jax.vmap`.

The weights, the optimizer's variables, the data, the orders of batches and the rates of all models
have a first axis, of which each model has one slot. A call runs as many updates as the model with
the most batches has; models with fewer keep their values from then on, and so do empty slots. The
shapes of a call, and with them the result of a model, do not depend on which models share it.

If there are several devices, each of them has an equal number of slots, and runs the models of its
own slots. The devices do not exchange anything.
"""

import math
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from skrnn.networks.backends.buckets import JOINED_ROWS, bucket_size, shape_of_batches
from skrnn.networks.backends.jax.batch import BatchFunctions, needs_exact_rows
from skrnn.networks.backends.jax.loops import own_loops
from skrnn.networks.backends.jax.packing import layout_of, pack, unpack


def _shapes_of_data(data):
    """Return the shapes of the data in a slot, which are coarser than those of a single fit.

    Folds of different sizes can then be trained together.
    """
    (arrays, _), targets, _ = data
    *arrays_of_targets, units, known = targets

    def longer(leaf):
        return jax.ShapeDtypeStruct((bucket_size(len(leaf), 1), *leaf.shape[1:]), leaf.dtype)

    arrays, *arrays_of_targets = jax.tree.map(longer, (arrays, *arrays_of_targets))
    return arrays, [*arrays_of_targets, units, jax.tree.map(longer, known)]


def device_bytes():
    """Return the memory of all devices, or None if JAX does not report it, as on a CPU."""
    sizes = [(device.memory_stats() or {}).get("bytes_limit") for device in _devices()]
    return None if None in sizes else len(sizes) * min(sizes)


def _devices():
    """Return all devices of the backend, or only the one that the user has chosen."""
    if jax.config.jax_default_device is None:
        return jax.local_devices()
    return list(jnp.zeros(()).devices())


def placement(slot, n_models):
    """Return a context in which the data of a fit are sent to the device of its slot."""
    devices = _devices()
    return jax.default_device(devices[slot // -(-n_models // len(devices))])


# The axis of models is divided among the devices; other arrays are on each of them.
_MODELS = PartitionSpec("models")
_EVERYWHERE = PartitionSpec()

# Zeros are sent to the devices up to this number, as JAX would compile a program for each shape.
_MOST_ZEROS = 2**26


class ManyModels:
    """The compiled functions of a network for many models.

    The parameters are those of `compile_training`, for a model that does not carry states.

    Attributes
    ----------
    variables : tuple of list of keras.Variable
        The trainable variables, the others and those of the optimizer, whose values belong to a
        model.
    counted : list of list of keras.Variable
        The variables of each metric.
    needs_exact_rows : bool
        Whether batches must not be padded with rows, so that fits cannot share a program.
    """

    def __init__(self, network, objective, optimizer, model, penalty, bounded):
        self._spec = network.spec
        self._mesh = Mesh(np.array(_devices()), ("models",))
        self._on_devices = NamedSharding(self._mesh, _MODELS)
        self._write = _compile_write(self._mesh)
        batch = BatchFunctions(network, objective, optimizer, model, penalty, bounded)
        trainable, others, self.counted, slots = batch.variables
        self.variables = trainable, others, slots
        self.needs_exact_rows = needs_exact_rows(network.spec, objective)

        def train(state, counted, examples, rate):
            trainable, others, slots = state
            state = trainable, others, counted, slots
            (trainable, others, counted, slots), _, value = batch.train(state, examples, [], rate)
            return (trainable, others, slots), counted, value

        def evaluate(state, counted, examples, _):
            (*_, counted), _, value = batch.evaluate((*state[:2], counted), examples, [], None)
            return state, counted, value

        self._loops = {
            "train": _compile(train, self._mesh),
            "evaluate": _compile(evaluate, self._mesh),
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
        (_, lengths), _, longest = data
        n_rows = n_rows or int(np.diff(bounds).max())
        shape = shape_of_batches(self._spec, lengths, longest, n_rows)
        leaves = jax.tree.leaves(_shapes_of_data(data))
        return name, shape, tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves)

    def _n_slots(self, n_models):
        """Return the number of slots for some models, which is equal on all devices."""
        return -(-n_models // self._mesh.size) * self._mesh.size

    def stack(self, values, n_models):
        """Return the values of some models, by their slots, as arrays with all slots."""

        def stacked(*leaves):
            many = np.zeros((self._n_slots(n_models), *leaves[0].shape), leaves[0].dtype)
            many[list(values)] = leaves
            return many

        # Nothing is compiled for this.
        with jax.enable_x64(True):
            return jax.device_put(jax.tree.map(stacked, *values.values()), self._on_devices)

    def write(self, stack, slot, tree):
        """Return arrays of many models with the NumPy arrays of one model at its slot."""
        one = jax.tree.map(lambda leaf: np.asarray(leaf)[None], tree)
        with jax.enable_x64(True):
            return self._write(stack, np.int32(slot), pack(one, np), layout=layout_of(one))

    def empty_data(self, data, n_models):
        """Return arrays of zeros with a slot for the data of each model."""

        def zeros(leaf):
            shape, dtype = (self._n_slots(n_models), *leaf.shape), leaf.dtype
            if math.prod(shape) > _MOST_ZEROS:
                return jnp.zeros(shape, dtype, device=self._on_devices)
            return jax.device_put(np.zeros(shape, dtype), self._on_devices)

        with jax.enable_x64(True):
            return jax.tree.map(zeros, _shapes_of_data(data))

    def write_data(self, stack, slot, data):
        """Return the data of many models with those of one fit at its slot."""
        (arrays, _), targets, _ = data
        with jax.enable_x64(True):
            return self._write(stack, np.int32(slot), (arrays, targets))

    def to_host(self, state):
        """Return the values of all models in main memory."""
        return jax.device_get(state)

    def run(self, kind, state, stack, batches):
        """Run the batches of some models.

        Parameters
        ----------
        kind : tuple
            The return value of `kind`.
        state, stack : nested tuple of array
            The values of `variables` and the data of all slots.
        batches : dict of int to tuple (order, bounds, rates, counted)
            The batches and the metrics of the models that are trained, by their slots.

        Returns
        -------
        state : nested tuple of array
        results : dict of int to tuple (losses, counted)
        """
        name, shape, _ = kind
        starts, weights = stack[0][1], stack[1][3]
        n_models, size = starts.shape
        n_rows = max(size, JOINED_ROWS)
        # A batch is a slice of the order, whose end may be padding.
        given = _stacked(batches, n_models, n_rows, n_rows + size + 1)
        losses = np.zeros((n_models, n_rows), weights.dtype)
        most = np.int32(given[-1].max())
        packed = pack(given, np)
        with jax.enable_x64(True):
            packed = jax.device_put(packed, self._on_devices)
        with own_loops():
            state, packed = self._loops[name](
                state, stack, packed, most, shape=shape, layout=layout_of(given)
            )
        counted, losses = unpack(jax.device_get(packed), layout_of((given[0], losses)))
        results = {
            slot: (losses[slot, : len(bounds) - 1], _at(counted, slot))
            for slot, (_, bounds, *_) in batches.items()
        }
        return state, results


# Networks of all architectures share it, as their data often have equal shapes.
@cache
def _compile_write(mesh):
    """Return a compiled function that writes the arrays of one model to those of many.

    With a layout, the arrays of the model are packed.
    """

    @partial(jax.jit, static_argnames="layout", donate_argnums=0)
    def write(stack, slot, given, layout=None):
        specs = _MODELS, _EVERYWHERE, _EVERYWHERE
        options = {"in_specs": specs, "out_specs": _MODELS, "check_vma": False}
        write_on_one_device = partial(on_one_device, layout)
        return jax.shard_map(write_on_one_device, mesh=mesh, **options)(stack, slot, given)

    def on_one_device(layout, stack, slot, given):
        def write_one(many, one):
            # The position among the slots of this device; others are out of bounds, and dropped.
            at = slot - len(many) * jax.lax.axis_index("models")
            at = jnp.where(at < 0, len(many), at)
            return many.at[at, *map(slice, one.shape)].set(one, mode="drop")

        if layout is not None:
            given = _at(unpack(given, layout), 0)
        return jax.tree.map(write_one, stack, given)

    return write


def _at(tree, slot):
    return jax.tree.map(lambda leaf: leaf[slot], tree)


def _stacked(batches, n_models, most_batches, longest):
    """Return the metrics, orders, bounds and rates of all slots, and their numbers of batches."""
    *_, rates, counted = next(iter(batches.values()))
    order = np.zeros((n_models, longest), np.int32)
    bounds = np.zeros((n_models, longest), np.int32)
    all_rates = np.zeros((n_models, most_batches, *rates.shape[1:]), np.float32)
    n_batches = np.zeros(n_models, np.int32)
    counts = jax.tree.map(lambda leaf: np.zeros((n_models, *leaf.shape), leaf.dtype), counted)
    for slot, (rows, ends, rates, counted) in batches.items():
        order[slot, : len(rows)], bounds[slot, : len(ends)] = rows, ends
        all_rates[slot, : len(rates)], n_batches[slot] = rates, len(ends) - 1
        jax.tree.map(partial(_set, slot), counts, counted)
    return counts, order, bounds, all_rates, n_batches


def _set(slot, array, value):
    array[slot] = value


def _compile(one_batch, mesh):
    """Return a compiled function that runs the batches of many models."""

    @partial(jax.jit, static_argnames=("shape", "layout"), donate_argnums=0)
    def loop(*given, shape, layout):
        specs = *[_MODELS] * (len(given) - 1), _EVERYWHERE
        options = {"in_specs": specs, "out_specs": _MODELS, "check_vma": False}
        return jax.shard_map(partial(on_one_device, shape, layout), mesh=mesh, **options)(*given)

    def on_one_device(shape, layout, state, tensors, packed, most):
        counted, *batches = unpack(packed, layout)
        rates = batches[2]
        n_rows, *n_steps = shape

        def one_model(i, state, counted, tensors, order, bounds, rates, n_batches):
            real = jnp.arange(n_rows) < bounds[i + 1] - bounds[i]
            rows = jax.lax.dynamic_slice(order, bounds[i, None], (n_rows,))
            rows = jnp.where(real, rows, rows[0])
            batch = *tensors, rows, real, *n_steps
            *new, value = one_batch(state, counted, batch, rates[i])
            runs = i < n_batches
            kept = jax.tree.map(partial(jnp.where, runs), tuple(new), (state, counted))
            return *kept, jnp.where(runs, value, 0)

        over_models = jax.vmap(one_model, in_axes=(None, 0, 0, 0, 0, 0, 0, 0))

        def body(i, looped):
            state, counted, losses = looped
            state, counted, value = over_models(i, state, counted, tensors, *batches)
            value = value.astype(losses.dtype)
            return state, counted, jax.lax.dynamic_update_index_in_dim(losses, value, i, 1)

        losses = jnp.zeros(rates.shape[:2], tensors[1][3].dtype)
        looped = jax.lax.fori_loop(0, most, body, (state, counted, losses))
        return looped[0], pack(looped[1:], jnp)

    return loop
