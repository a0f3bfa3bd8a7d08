"""Training and prediction inside compiled JAX calls.

The arrays of a fit are sent to the device once. A call gets the batches as row numbers and runs
as many of them as it is given: gather, forward, backward and update all happen inside.

JAX compiles once for every shape, so shapes are rounded up to a ladder: the steps of a batch and
the arrays of a fit to one of two rungs an octave, the rows of a batch to one of four. How many
batches share a call is no shape. A fit to sequences of one length, or to few steps, compiles
training once or twice: for full batches, and for a short last one if its rung is another. A larger
set of lengths that differ adds at most two rungs for every doubling of them. Evaluation comes to
as many again. Folds of like size, learning rates, epochs and seeds share all of these.

Rows and steps that fill a rung repeat real ones and count for nothing: not in a loss, a metric or
a gradient. A user's own layers may look across the rows of a batch, and metrics of a user's own
may not know weights, so with either of them no row is added.
"""

from functools import partial
from itertools import groupby

import jax
import jax.numpy as jnp
import keras
import numpy as np

from skrnn.networks.batches import compact


def precision(dtype):
    """Let JAX compute in a dtype, in this thread: untold it turns float64 into float32."""
    return jax.enable_x64(dtype == "float64")


# Up to this many steps, with all that is padded, one shape for all batches is the best: another
# would take longer to compile than what it spares.
_SMALL = 2**16


# --- arrays -----------------------------------------------------------------------------------


def _rung(n, per_octave=4, least=8):
    """Round up to one of some even steps, of a least size, between two powers of two."""
    n = int(n)
    step = max(least, (1 << (n - 1).bit_length()) // (2 * per_octave))
    return -(-n // step) * step


def _on_ladder(array):
    """Return an array whose first axis is filled up with zeros to a rung."""
    n = len(array)
    padded = np.zeros((_rung(n, 2), *array.shape[1:]), array.dtype)
    padded[:n] = array
    return padded


def sequences_to_device(sequences):
    """Return a batch of sequences: arrays on the device, and the lengths once more outside it."""
    sequences = compact(sequences)
    arrays = (
        sequences.values,
        sequences.starts.astype(np.int32),
        sequences.lengths.astype(np.int32),
    )
    return jax.device_put([_on_ladder(array) for array in arrays]), sequences.lengths


def to_device(examples, target_scale):
    """Return examples as arrays on the device, their first axes filled up to a rung."""
    arrays = examples.targets, examples.target_starts.astype(np.int32), examples.weights
    targets = [*(_on_ladder(array) for array in arrays), *target_scale]
    return sequences_to_device(examples.sequences), jax.device_put(targets)


# --- training ---------------------------------------------------------------------------------


def compile_training(network, loss, from_logits, optimizer, metrics):
    """Compile a loop for training and one for evaluation, for each shape of a batch."""
    model = network.raw
    activation = keras.activations.get(network.spec.output_activation)
    per_step = network.spec.return_sequences

    def batch_loss(trainable, others, counted, batch, training):
        """Return a batch's loss, and what it makes of the other variables and the metrics'."""
        sequences, targets, rows, real, n_steps = batch
        steps, lengths = _gather_steps(sequences, rows, n_steps)
        raw, others, penalties = model.stateless_call(
            trainable, others, [steps, lengths], training=training, return_losses=True
        )
        all_targets, target_starts, weights, scale, offset = targets
        where = target_starts[rows]
        if per_step:
            raw, where, real = _as_targets(raw, where, real, lengths)
        true, outputs = all_targets[where], activation(raw)
        values = _one_value_a_target(loss(true, raw if from_logits else outputs)) * weights[where]
        value = jnp.sum(jnp.where(real, values, 0)) / jnp.sum(real) + sum(penalties)
        classes = jnp.issubdtype(true.dtype, jnp.integer)
        known = true if classes else true * scale + offset
        seen = outputs if classes else outputs * scale + offset
        counted = [
            metric.stateless_update_state(state, known, seen, sample_weight=real.astype(seen.dtype))
            for metric, state in zip(metrics, counted, strict=True)
        ]
        return value, (others, counted)

    def train_batch(state, batch):
        trainable, others, counted, slots = state
        gradient = jax.value_and_grad(batch_loss, has_aux=True)
        (value, (others, counted)), gradients = gradient(trainable, others, counted, batch, True)
        trainable, slots = optimizer.stateless_apply(slots, gradients, trainable)
        return (trainable, others, counted, slots), value

    def evaluate_batch(state, batch):
        trainable, *changing = state
        value, changed = batch_loss(trainable, *changing, batch, False)
        return (trainable, *changed), value

    variables = (
        model.trainable_variables,
        model.non_trainable_variables,
        [metric.variables for metric in metrics],
    )
    own_metric = not all(type(metric).__module__.startswith("keras.") for metric in metrics)
    exact = network.spec.architecture is not None or own_metric
    return (
        _compile_loop(train_batch, (*variables, optimizer.variables), exact),
        _compile_loop(evaluate_batch, variables, exact),
    )


def _compile_loop(one_batch, variables, exact):
    """Compile many batches into one call that gives the loss of each.

    Parameters
    ----------
    one_batch : callable
        Of (values of the variables, batch), giving new values and the loss.
    variables : nested tuple of list of keras.Variable
    exact : bool
        Whether batches get no rows beside their own.
    """

    @partial(jax.jit, static_argnames="shape", donate_argnums=(0, 1))
    def loop(state, losses, tensors, order, bounds, span, shape):
        n_rows, n_steps = shape

        def body(i, carried):
            state, losses = carried
            real = jnp.arange(n_rows) < bounds[i + 1] - bounds[i]
            rows = jax.lax.dynamic_slice(order, bounds[i, None], (n_rows,))
            rows = jnp.where(real, rows, rows[0])
            state, value = one_batch(state, (*tensors, rows, real, n_steps))
            return state, losses.at[i].set(value.astype(losses.dtype))

        return jax.lax.fori_loop(*span, body, (state, losses))

    def run(tensors, order, bounds, width=None, compile_loops=False):
        (arrays, lengths), targets = tensors
        shapes = _shapes(lengths, order, bounds, width, exact)
        # The numbers of sequences and of batches are no shapes either.
        size = len(arrays[1])
        order_and_bounds = np.zeros((2, 2 * size + 1), np.int32)
        order_and_bounds[0, : len(order)] = order
        order_and_bounds[1, : len(bounds)] = bounds
        order, bounds = jax.device_put(list(order_and_bounds))
        state = _copy(jax.tree.map(lambda variable: variable.value, variables))
        losses = jnp.zeros(size, targets[2].dtype)
        for shape, alike in groupby(range(len(shapes)), shapes.__getitem__):
            first, *others = alike
            span = np.array([first, first + 1 + len(others)], np.int32)
            state, losses = loop(state, losses, (arrays, targets), order, bounds, span, shape)
        jax.tree.map(lambda variable, value: variable.assign(value), variables, state)
        return np.asarray(losses)[: len(shapes)]

    return run


# A call takes over the arrays it is given, and a variable's may be held elsewhere.
_copy = jax.jit(partial(jax.tree.map, jnp.copy))


def _shapes(lengths, order, bounds, width, exact):
    """Return the numbers of rows and of steps that each batch is filled up to."""
    longest = np.maximum.reduceat(lengths[order[: bounds[-1]]], bounds[:-1])
    n_rows = [int(size) if exact else _rung(width or size) for size in np.diff(bounds)]
    if lengths.min() == lengths.max():
        n_steps = longest.tolist()
    elif len(lengths) * lengths.max() <= _SMALL:
        n_steps = [_rung(lengths.max(), 2, 4)] * len(n_rows)
    else:
        n_steps = [_rung(length, 2, 4) for length in longest]
    return list(zip(n_rows, n_steps, strict=True))


def compile_forward(model):
    """Compile a pass through a model, for each shape of a batch."""
    variables = model.trainable_variables, model.non_trainable_variables

    @partial(jax.jit, static_argnames="n_steps")
    def forward(state, arrays, rows, n_steps):
        inputs = _gather_steps(arrays, rows, n_steps)
        return model.stateless_call(*state, list(inputs), training=False)[0]

    def run(sequences, rows):
        arrays, lengths = sequences
        bounds = np.array([0, len(rows)])
        [(n_rows, n_steps)] = _shapes(
            lengths[rows], np.arange(len(rows)), bounds, None, exact=False
        )
        filled = np.full(n_rows, rows[0], np.int32)
        filled[: len(rows)] = rows
        state = jax.tree.map(lambda variable: variable.value, variables)
        outputs = forward(state, arrays, filled, n_steps)
        return jax.tree.map(lambda array: np.asarray(array)[: len(rows)], outputs)

    return run


def _gather_steps(arrays, rows, n_steps):
    """Return the padded steps of some sequences, zero after each one's end, and their lengths."""
    values, starts, lengths = arrays
    lengths = lengths[rows]
    position = jnp.arange(n_steps, dtype=lengths.dtype)
    last = lengths[:, None] - 1
    steps = values[starts[rows][:, None] + jnp.minimum(position, last)]
    real = jnp.expand_dims(position <= last, tuple(range(2, steps.ndim)))
    return jnp.where(real, steps, jnp.zeros_like(steps)), lengths


def _as_targets(raw, where, real, lengths):
    """Return the outputs for steps in rows, where their targets lie, and which of them are real.

    What is padding repeats the first step, so that no loss makes a NaN of it.
    """
    position = jnp.arange(raw.shape[1], dtype=lengths.dtype)
    inside = position < lengths[:, None]
    raw = jnp.where(inside[:, :, None], raw, raw[:, :1])
    where = where[:, None] + jnp.where(inside, position, 0)
    return raw.reshape(-1, raw.shape[2]), where.ravel(), (inside & real[:, None]).ravel()


def _one_value_a_target(values):
    if values.ndim == 0:
        raise ValueError("loss must give one value a target, got a single number for all of them.")
    return jnp.mean(values, axis=tuple(range(1, values.ndim)))
