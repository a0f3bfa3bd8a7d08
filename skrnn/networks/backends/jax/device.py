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

from contextlib import nullcontext
from functools import partial
from itertools import groupby

import jax
import jax.numpy as jnp
import keras
import numpy as np

from skrnn.networks.batches import compact
from skrnn.networks.optimizers import sets_own_rate
from skrnn.networks.static_input import further_inputs, static_arrays
from skrnn.networks.teacher_forcing import previous_targets


def precision(dtype):
    """Let JAX compute in a dtype in this thread; by default it converts float64 to float32."""
    return jax.enable_x64(dtype == "float64")


# Up to this many time steps, including padding, all batches have one shape, because compiling for
# another shape would take longer than the computations on padding that it saves.
_SMALL = 2**16


# --- arrays -----------------------------------------------------------------------------------


def _bucket_size(n, per_octave=4, least=8):
    """Return `n` rounded up to one of `per_octave` sizes between two powers of two."""
    n = int(n)
    step = max(least, (1 << (n - 1).bit_length()) // (2 * per_octave))
    return -(-n // step) * step


def _padded_to_bucket(array):
    """Return an array whose first axis is padded with zeros to a bucket size."""
    n = len(array)
    padded = np.zeros((_bucket_size(n, 2), *array.shape[1:]), array.dtype)
    padded[:n] = array
    return padded


def sequences_to_device(sequences):
    """Return a batch of sequences as arrays on the device, and its lengths in main memory."""
    sequences = compact(sequences)
    arrays = (
        sequences.values,
        sequences.starts.astype(np.int32),
        sequences.lengths.astype(np.int32),
        *static_arrays(sequences),
    )
    return jax.device_put([_padded_to_bucket(array) for array in arrays]), sequences.lengths


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
    train_loss = _batch_loss(model, objective, spec, training=True)
    evaluation_loss = _batch_loss(network.raw, objective, spec, training=False)

    def train_batch(state, batch, firsts, rate):
        trainable, others, counted, slots = state
        gradient = jax.value_and_grad(train_loss, has_aux=True)
        (value, changed), gradients = gradient(trainable, others, counted, batch, firsts)
        *changed, lasts = changed
        rate, factor, bound = rate if rate.ndim else (rate, None, None)
        if penalty is not None:

            def loss(raw):
                losses, real = _target_losses(objective, raw, batch, spec.return_sequences)[:2]
                return _mean(losses, real)

            with keras.StatelessScope(state_mapping=_by_variable(model, state)):
                gradients = penalty.add(gradients, factor, _inputs(spec, batch, firsts), loss)
        trainable, slots = optimizer.stateless_apply(with_rate(slots, rate), gradients, trainable)
        return (_clipped(trainable, bounded, bound), *changed, slots), lasts, value

    def evaluate_batch(state, batch, firsts, _):
        trainable, *changing = state
        value, (*changed, lasts) = evaluation_loss(trainable, *changing, batch, firsts)
        return (trainable, *changed), lasts, value

    with_rate = _rate_setter(optimizer)
    own_metric = any(not type(m).__module__.startswith("keras.") for m in objective.metrics.items)
    exact = spec.is_custom or own_metric
    counted = [metric.variables for metric in objective.metrics.items]
    variables = model.trainable_variables, model.non_trainable_variables, counted
    state_inputs = () if spec.decoder else further_inputs(model)
    options = {"decodes": spec.decoder is not None}
    variables = *variables, optimizer.variables
    train = _compile_loop(train_batch, variables, exact, state_inputs, **options)
    variables = network.raw.trainable_variables, network.raw.non_trainable_variables, counted
    evaluate = _compile_loop(evaluate_batch, variables, exact, **options)

    def evaluate_all(data, order, bounds):
        n_batches = len(bounds) - 1
        batches = order, bounds, np.ones(n_batches, bool)
        return evaluate(data, batches, np.zeros(n_batches, np.float32), None, None)[0]

    return train, evaluate_all


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
    inputs = [*_gather_inputs(sequences, rows, n_steps), *firsts]
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


def _compile_loop(one_batch, variables, exact, state_inputs=(), *, decodes=False):
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
        n_target_steps = _bucket_size(longest, 2, 4) if decodes else None
        shapes = _shapes(lengths, *batches[:2], width, exact, carries=bool(state_inputs))
        # These arrays have the bucket size of the data, so that their shapes do not depend on the
        # numbers of sequences and batches.
        size = len(arrays[1])
        batches = jax.device_put(
            _filled((*batches, rates), (2 * size + 1, 2 * size + 1, size, size))
        )
        state = _copy(jax.tree.map(lambda variable: variable.value, variables))
        losses = jnp.zeros(size, targets[3].dtype)
        if carried is None:
            carried = [jnp.zeros((_bucket_size(width), s.shape[1]), s.dtype) for s in state_inputs]
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


def _assign(variable, value):
    """Assign a value to a variable, whose dtype may be float64 while others are float32."""
    with nullcontext() if variable.dtype != "float64" else precision("float64"):
        variable.assign(value)


def _shapes(lengths, order, bounds, width, exact, carries=False):
    """Return the numbers of rows and of time steps that each batch is padded to."""
    longest = np.maximum.reduceat(lengths[order[: bounds[-1]]], bounds[:-1])
    n_rows = [int(size) if exact else _bucket_size(width or size) for size in np.diff(bounds)]
    if carries:
        # A sequence that continues fills its segment, so that its last state is not padding's.
        n_steps = [int(lengths.max())] * len(n_rows)
    elif lengths.min() == lengths.max():
        n_steps = longest.tolist()
    elif len(lengths) * lengths.max() <= _SMALL:
        n_steps = [_bucket_size(lengths.max(), 2, 4)] * len(n_rows)
    else:
        n_steps = [_bucket_size(length, 2, 4) for length in longest]
    return list(zip(n_rows, n_steps, strict=True))


def compile_forward(model):
    """Compile the forward pass of a model, once for each shape of a batch."""
    variables = model.trainable_variables, model.non_trainable_variables
    has_steps = [len(given.shape) > 1 and given.shape[1] is None for given in further_inputs(model)]

    @partial(jax.jit, static_argnames="n_steps")
    def forward(state, arrays, rows, n_steps, initial):
        inputs = [*_gather_inputs(arrays, rows, n_steps), *initial]
        return model.stateless_call(*state, inputs, training=False)[0]

    def run(sequences, rows, *initial):
        arrays, lengths = sequences
        bounds = np.array([0, len(rows)])
        [(n_rows, n_steps)] = _shapes(
            lengths[rows], np.arange(len(rows)), bounds, None, exact=False
        )
        filled = np.zeros(n_rows, np.int32)
        filled[: len(rows)] = np.arange(len(rows))
        state = jax.tree.map(lambda variable: variable.value, variables)
        initial = [
            _with_bucket_of_steps(array[filled]) if longer else array[filled]
            for array, longer in zip(initial, has_steps, strict=True)
        ]
        outputs = forward(state, arrays, rows[filled], n_steps, initial)
        return jax.tree.map(lambda array: np.asarray(array)[: len(rows)], outputs)

    return run


def _with_bucket_of_steps(array):
    """Return an array of shape (batch, T, ...) with zeros up to a bucket size of time steps."""
    n_steps = array.shape[1]
    more = _bucket_size(n_steps, 2, 4) - n_steps
    return np.pad(array, [(0, 0), (0, more), *[(0, 0)] * (array.ndim - 2)])


def _gather_inputs(arrays, rows, n_steps):
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
