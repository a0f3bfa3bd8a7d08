"""Training and prediction inside compiled JAX calls.

The arrays of a fit are sent to the device once. A call receives the batches as indices and runs all
of them: gather, forward pass, backward pass and update happen inside the call.

JAX compiles once for every shape, so shapes are rounded up to bucket sizes. Between a number and
its double, there are two bucket sizes for the time steps of a batch and for the arrays of a fit,
and four for the rows of a batch. The number of batches in a call is not a shape. A fit on sequences
of one length, or on few time steps, compiles training once or twice: for full batches, and for a
smaller last batch if its bucket size is different. A larger set of different lengths adds at most
two bucket sizes for every doubling of the lengths. Evaluation compiles as often. Fits on folds of
similar size, or with other learning rates, epochs or seeds, use the same compiled functions.

Padding rows and time steps repeat real ones, and have no effect on a loss, a metric or a gradient.
A custom body may combine the rows of a batch, and a custom metric may ignore weights, so with
either of them no rows are added.
"""

import threading
from contextlib import nullcontext
from functools import partial
from itertools import groupby
from types import MappingProxyType

import jax
import jax.numpy as jnp
import numpy as np

from skrnn.networks.backends.buckets import JOINED_ROWS, bucket_size
from skrnn.networks.backends.jax.batch import BatchFunctions, gather_inputs, needs_exact_rows
from skrnn.networks.batches import compact
from skrnn.networks.static_input import further_inputs, static_arrays


def precision(dtype):
    """Let JAX compute in a dtype in this thread; by default it converts float64 to float32."""
    return jax.enable_x64(dtype == "float64")


# Up to this many time steps, including padding, all batches have one shape, because compiling for
# another shape would take longer than the computations on padding that it saves.
_SMALL = 2**16


# --- arrays -----------------------------------------------------------------------------------


def _padded_to_bucket(array):
    """Return an array whose first axis is padded with zeros to a bucket size."""
    n = len(array)
    padded = np.zeros((bucket_size(n, 2), *array.shape[1:]), array.dtype)
    padded[:n] = array
    return padded


def sequences_to_device(sequences):
    """Return a batch of sequences as arrays on the device, and its lengths in main memory."""
    arrays, lengths = sequences_for_one_call(sequences)
    return jax.device_put(arrays), lengths


def sequences_for_one_call(sequences):
    """Return what `sequences_to_device` returns, for a single call, which sends the arrays itself.

    This takes less time than to send them before the call.
    """
    sequences = compact(sequences)
    arrays = (
        sequences.values,
        sequences.starts.astype(np.int32),
        sequences.lengths.astype(np.int32),
        *static_arrays(sequences),
    )
    return [_padded_to_bucket(array) for array in arrays], sequences.lengths


def to_device(examples, units):
    """Return examples as arrays on the device, their first axes padded to a bucket size."""
    targets = examples.targets
    arrays = (
        targets.values,
        targets.starts.astype(np.int32),
        targets.lengths.astype(np.int32),
        examples.weights,
    )
    tensors = [_padded_to_bucket(array) for array in arrays]
    known = [] if examples.target_inputs is None else [_padded_to_bucket(examples.target_inputs)]
    with jax.enable_x64(any(array.dtype == np.float64 for array in units)):
        units = jax.device_put(list(units))
    targets = [*jax.device_put(tensors), units, jax.device_put(known)]
    return sequences_to_device(examples.sequences), targets, int(examples.targets.lengths.max())


# --- training ---------------------------------------------------------------------------------


def batch_layout(spec, lengths, batch_size, n_epochs):
    """Return the number of rows of a full batch, to which a smaller batch may be padded."""
    return batch_size


def compile_training(network, objective, optimizer, model, penalty, bounded):
    """Compile a loop for training and one for evaluation, for each shape of a batch."""
    spec = network.spec
    batch = BatchFunctions(network, objective, optimizer, model, penalty, bounded)
    state_inputs = () if spec.decoder else further_inputs(model)
    options = {"exact": needs_exact_rows(spec, objective), "decodes": spec.decoder is not None}
    train = _compile_loop(batch.train, batch.variables, state_inputs=state_inputs, **options)
    evaluate = _compile_loop(batch.evaluate, batch.evaluation_variables, **options)

    def evaluate_all(data, order, bounds):
        n_batches = len(bounds) - 1
        batches = order, bounds, np.ones(n_batches, bool)
        return evaluate(data, batches, np.zeros(n_batches, np.float32), None, None)[0]

    return train, evaluate_all


def _compile_loop(one_batch, variables, *, exact, state_inputs=(), decodes=False):
    """Return a compiled function that runs many batches.

    It returns the loss of each batch, and the final states of the last one.

    Parameters
    ----------
    one_batch : callable
        A function of the values of the variables, a batch, the states before it and a learning
        rate, which returns new values, the final states and the loss.
    variables : nested tuple of list of keras.Variable
    exact : bool
        If True, batches are not padded with rows.
    state_inputs : list of keras.KerasTensor, default=()
        The states among the inputs of the model.
    decodes : bool, default=False
        Whether the batch has the number of time steps of its targets too.
    """

    @partial(jax.jit, static_argnames="shape", donate_argnums=(0, 1))
    def loop(state, losses, carried, tensors, order, bounds, fresh, rates, span, shape):
        n_rows, *n_steps = shape

        def body(i, looped):
            state, losses, carried = looped
            real = jnp.arange(n_rows) < bounds[i + 1] - bounds[i]
            rows = jax.lax.dynamic_slice(order, bounds[i, None], (n_rows,))
            rows = jnp.where(real, rows, rows[0])
            firsts = [jnp.where(fresh[i], 0, before[:n_rows]) for before in carried]
            batch = *tensors, rows, real, *n_steps
            state, lasts, value = one_batch(state, batch, firsts, rates[i])
            lasts = [c.at[:n_rows].set(last) for c, last in zip(carried, lasts, strict=True)]
            return state, losses.at[i].set(value.astype(losses.dtype)), lasts

        return jax.lax.fori_loop(*span, body, (state, losses, carried))

    def run(data, batches, rates, width, carried):
        (arrays, lengths), targets, longest = data
        n_target_steps = bucket_size(longest, 2, 4) if decodes else None
        shapes = _shapes(lengths, *batches[:2], width, exact, carries=bool(state_inputs))
        # The shapes of these arrays do not depend on the numbers of batches and epochs. A batch is
        # a slice of the order, whose end may be padding.
        size = max(len(arrays[1]), *(n_rows for n_rows, _ in shapes))
        most = max(size, JOINED_ROWS)
        batches = jax.device_put(
            _filled((*batches, rates), (most + size + 1, most + 1, most, most))
        )
        state = _copy(jax.tree.map(lambda variable: variable.value, variables))
        losses = jnp.zeros(most, targets[3].dtype)
        if carried is None:
            carried = [jnp.zeros((bucket_size(width), s.shape[1]), s.dtype) for s in state_inputs]
        for shape, alike in groupby(range(len(shapes)), shapes.__getitem__):
            first, *others = alike
            span = np.array([first, first + 1 + len(others)], np.int32)
            shape = *shape, n_target_steps
            state, losses, carried = loop(
                state, losses, carried, (arrays, targets), *batches, span, shape
            )
        jax.tree.map(_assign, variables, state)
        return np.asarray(losses)[: len(shapes)], carried

    return run


def _filled(arrays, sizes):
    """Return arrays that are filled with zeros up to the given sizes."""
    filled = [
        np.zeros((size, *array.shape[1:]), array.dtype)
        for array, size in zip(arrays, sizes, strict=True)
    ]
    for longer, array in zip(filled, arrays, strict=True):
        longer[: len(array)] = array
    return filled


# A call overwrites the memory of the state that it receives, so the values of variables are copied:
# they may be used elsewhere.
_copy = jax.jit(partial(jax.tree.map, jnp.copy))


def assign(variables, values):
    """Assign arrays to variables; one call sends them all to the device."""
    pairs = zip(variables, values, strict=True)
    values = _copy([np.asarray(value, variable.dtype) for variable, value in pairs])
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _assign(variable, value):
    """Assign a value to a variable, whose dtype may be float64 while others are float32."""
    with nullcontext() if variable.dtype != "float64" else precision("float64"):
        variable.assign(value)


def _shapes(lengths, order, bounds, width, exact, carries=False):
    """Return the numbers of rows and of time steps that each batch is padded to."""
    longest = np.maximum.reduceat(lengths[order[: bounds[-1]]], bounds[:-1])
    n_rows = [int(size) if exact else bucket_size(width or size) for size in np.diff(bounds)]
    if carries:
        # A sequence that continues fills its segment, so that its last state is not padding's.
        n_steps = [int(lengths.max())] * len(n_rows)
    elif lengths.min() == lengths.max():
        n_steps = longest.tolist()
    elif len(lengths) * lengths.max() <= _SMALL:
        n_steps = [bucket_size(lengths.max(), 2, 4)] * len(n_rows)
    else:
        n_steps = [bucket_size(length, 2, 4) for length in longest]
    return list(zip(n_rows, n_steps, strict=True))


# Weights are arguments of a compiled forward pass, so that they need not be loaded.
FORWARD_TAKES_VALUES = True


def compile_forward(model):
    """Compile the forward pass of a model, once for each shape of a batch.

    The returned function has a further argument `values`: the values of some variables, by the
    identity of the variable, with which it replaces those that are loaded.
    """
    variables = model.trainable_variables, model.non_trainable_variables
    has_steps = [len(given.shape) > 1 and given.shape[1] is None for given in further_inputs(model)]
    known, lock = set(), threading.Lock()

    @partial(jax.jit, static_argnames="n_steps")
    def forward(state, arrays, rows, n_steps, initial):
        inputs = [*gather_inputs(arrays, rows, n_steps), *initial]
        return model.stateless_call(*state, inputs, training=False)[0]

    def run(sequences, rows, *initial, values=MappingProxyType({})):
        arrays, lengths = sequences
        bounds = np.array([0, len(rows)])
        [(n_rows, n_steps)] = _shapes(
            lengths[rows], np.arange(len(rows)), bounds, None, exact=False
        )
        filled = np.zeros(n_rows, np.int32)
        filled[: len(rows)] = np.arange(len(rows))
        state = [
            [values[id(one)] if id(one) in values else one.value for one in group]
            for group in variables
        ]
        initial = [
            _with_bucket_of_steps(array[filled]) if longer else array[filled]
            for array, longer in zip(initial, has_steps, strict=True)
        ]
        key = n_rows, n_steps, *(array.shape for array in jax.tree.leaves((arrays, initial)))
        # Several threads would compile the same shape.
        with nullcontext() if key in known else lock:
            outputs = forward(state, arrays, rows[filled], n_steps, initial)
            known.add(key)
        return jax.tree.map(lambda array: np.asarray(array)[: len(rows)], outputs)

    return run


def _with_bucket_of_steps(array):
    """Return an array of shape (batch, T, ...) with zeros up to a bucket size of time steps."""
    n_steps = array.shape[1]
    more = bucket_size(n_steps, 2, 4) - n_steps
    return np.pad(array, [(0, 0), (0, more), *[(0, 0)] * (array.ndim - 2)])
