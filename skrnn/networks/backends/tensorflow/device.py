"""Training and prediction inside compiled TensorFlow calls.

The arrays of a fit are sent to the device once. A call receives the batches as indices and runs
all of them: gather, forward pass, backward pass and update happen inside the call, so that a time
step does not run any Python code. Shapes are left open, so that one traced graph serves all shapes.
"""

from functools import partial

import numpy as np
import tensorflow as tf

from skrnn.networks.backends.tensorflow.gradient_registry import registered_for
from skrnn.networks.backends.tensorflow.loops import compiled_loops
from skrnn.networks.batches import compact
from skrnn.networks.optimizers import is_plain_adam, sets_own_rate
from skrnn.networks.static_input import further_inputs, static_arrays
from skrnn.networks.teacher_forcing import previous_targets


def steps_to_device(values):
    """Return the time steps of all sequences as a tensor, without a copy if they are aligned.

    `tf.convert_to_tensor` copies an array first. An operation reads it where it is.
    """
    return tf.raw_ops.Identity(input=values)


def sequences_to_device(sequences, steps=None):
    """Return the tensors (values, starts, lengths) of sequences, and their static features."""
    if steps is None:
        sequences = compact(sequences)
        steps = steps_to_device(sequences.values)
    arrays = sequences.starts, sequences.lengths.astype(np.int32), *static_arrays(sequences)
    return steps, *map(tf.convert_to_tensor, arrays)


def to_device(examples, units, steps=None):
    """Return the tensors of the sequences of examples, and the tensors of their targets.

    `steps` are the time steps of the sequences, if they have been sent to the device before.
    """
    targets, known = examples.targets, examples.target_inputs
    arrays = targets.values, targets.starts, targets.lengths.astype(np.int32), examples.weights
    nested = *arrays, tuple(units), () if known is None else (known,)
    tensors = tf.nest.map_structure(tf.convert_to_tensor, nested)
    return sequences_to_device(examples.sequences, steps), tensors


def compile_training(network, objective, optimizer, model, penalty, bounded):
    """Compile two loops for training, with and without XLA inside, and one for evaluation."""
    spec = network.spec
    train_batch = _training_of_batch(model, objective, spec, optimizer, penalty, bounded)
    plain, compiled = _compile_loop(train_batch, spec), _compile_loop(train_batch, spec)
    evaluate = _compile_loop(_evaluation_of_batch(network.raw, objective, spec), spec)
    state_inputs = [] if spec.decoder else further_inputs(model)

    def train(data, batches, rates, width, states):
        if states is None:
            states = [tf.zeros([0, state.shape[1]], state.dtype) for state in state_inputs]
        if width is None:
            return plain(data, batches, rates, states)
        return compiled(data, batches, rates, states, width)

    def evaluate_all(data, order, bounds):
        n_batches = len(bounds) - 1
        batches, rates = (order, bounds, np.ones(n_batches, bool)), np.zeros(n_batches, np.float32)
        return evaluate(data, batches, rates, [])[0]

    return train, evaluate_all


def _training_of_batch(model, objective, spec, optimizer, penalty, bounded):
    """Return a function that makes one update; it returns the loss and the final states."""
    variables, own_layers = model.trainable_variables, not spec.is_custom
    update = _compile_update(optimizer, variables, all_used=own_layers)
    batch_loss = _batch_loss(model, objective, spec, training=True)

    def train_batch(sequences, targets, rows, states, rate):
        inputs = _inputs(spec, sequences, targets, rows, states)
        with tf.GradientTape() as tape:
            value, states = batch_loss(inputs, targets, rows)
        gradients = tape.gradient(value, [variable.value for variable in variables])
        rate, factor, bound = tf.unstack(rate) if rate.shape.rank else (rate, None, None)
        if penalty is not None:

            def loss(raw):
                losses = _target_losses(objective, spec.return_sequences, raw, targets, rows)[0]
                return _mean(losses, objective)

            # Otherwise some weights may be updated before the penalty has read them.
            gradients = tf.tuple(penalty.add(gradients, factor, inputs, loss))
        update(gradients, rate)
        _clip(variables, bounded, bound)
        return value, states

    return train_batch


def _evaluation_of_batch(model, objective, spec):
    """Return a function that evaluates one batch; it returns the loss and the final states."""
    batch_loss = _batch_loss(model, objective, spec, training=False)

    def evaluate_batch(sequences, targets, rows, states, _):
        return batch_loss(_inputs(spec, sequences, targets, rows, states), targets, rows)

    return evaluate_batch


def _batch_loss(model, objective, spec, *, training):
    """Return a function of a batch that updates the metrics.

    It returns the loss, with the penalties of the model's layers, and the final states.
    """

    def batch_loss(inputs, targets, rows):
        raw, *states = tf.nest.flatten(model(inputs, training=training))
        losses, predicted, true = _target_losses(
            objective, spec.return_sequences, raw, targets, rows
        )
        objective.metrics.update(true, predicted, targets[4])
        return tf.add_n([_mean(losses, objective), *model.losses]), states

    return batch_loss


def _inputs(spec, sequences, targets, rows, states):
    """Return the inputs of a model for a batch, with the states before it."""
    inputs = [*_gather_inputs(sequences, rows), *states]
    if spec.decoder:
        values, starts, n_targets, *_, known = targets
        where = _step_positions(tf.gather(starts, rows), tf.gather(n_targets, rows))
        inputs.append(previous_targets(tf.gather(values, where), spec))
        inputs += [tf.gather(one, where) for one in known]
    return inputs


def _target_losses(objective, per_step, raw, targets, rows):
    """Return the loss of each target, the predictions and the targets."""
    values, starts, n_targets, weights, *_ = targets
    where = tf.gather(starts, rows)
    if per_step:
        lengths = tf.gather(n_targets, rows)
        real = tf.sequence_mask(lengths)
        where = _step_positions(where, lengths)
        if objective.skips:
            real = tf.logical_and(real, tf.gather(weights, where) > 0)
        where = tf.boolean_mask(where, real)
        raw = tf.boolean_mask(raw, real)
    true = tf.gather(values, where)
    return *objective.weighted_losses(true, raw, tf.gather(weights, where)), true


def _mean(losses, objective):
    """Return the mean of losses, or zero if no target of a batch has a weight."""
    if not objective.skips:
        return tf.reduce_mean(losses)
    return tf.math.divide_no_nan(tf.reduce_sum(losses), tf.cast(tf.size(losses), losses.dtype))


def _compile_update(optimizer, variables, *, all_used):
    """Return a function of gradients and a learning rate that makes one update.

    For plain Adam, TensorFlow's fused update computes the same numbers as Keras. It makes one pass
    over the weights, compared with ten passes of Keras' own operations, which saves time for
    embeddings. A custom body may have weights without a gradient (`all_used` is False), which
    Keras does not update.
    """
    sets_rate = sets_own_rate(optimizer)
    if not is_plain_adam(optimizer, variables, all_used=all_used):

        def update_by_keras(gradients, rate):
            if not sets_rate:
                optimizer.learning_rate.assign(rate)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))

        return update_by_keras

    def update(gradients, rate):
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        if optimizer.global_clipnorm:
            gradients, _ = tf.clip_by_global_norm(gradients, optimizer.global_clipnorm)
        if sets_rate:
            rate = tf.convert_to_tensor(optimizer.learning_rate)
        n_updates = tf.cast(optimizer.iterations.assign_add(1), rate.dtype)
        slots = _slots(optimizer, "momentum"), _slots(optimizer, "velocity")
        for variable, m, v, gradient in zip(variables, *slots, gradients, strict=True):
            _apply_adam(optimizer, variable, m, v, gradient, rate, tf.cast(n_updates, m.dtype))

    return update


def _clip(variables, bounded, bound):
    """Clip the values of some variables, after their update."""
    for i in bounded:
        most = tf.cast(bound, variables[i].dtype)
        variables[i].assign(tf.clip_by_value(variables[i].value, -most, most))


def _slots(optimizer, kind):
    return [slot for slot in optimizer.variables if slot.name.endswith(kind)]


def _apply_adam(optimizer, variable, m, v, gradient, rate, n_updates):
    beta_1, beta_2 = tf.cast(optimizer.beta_1, m.dtype), tf.cast(optimizer.beta_2, m.dtype)
    tf.raw_ops.ResourceApplyAdam(
        var=variable.value.handle,
        m=m.value.handle,
        v=v.value.handle,
        beta1_power=tf.pow(beta_1, n_updates),
        beta2_power=tf.pow(beta_2, n_updates),
        lr=tf.cast(rate, m.dtype),
        beta1=beta_1,
        beta2=beta_2,
        epsilon=tf.cast(optimizer.epsilon, m.dtype),
        grad=gradient,
    )


def compile_forward(model):
    """Compile the forward pass of a model, once for all shapes."""
    # Further inputs may have an axis of time steps, which is open too.
    shapes = [given.shape for given in further_inputs(model)]

    @partial(_traced_once, shapes=shapes)
    def forward(sequences, rows, *initial):
        return model((*_gather_inputs(sequences, rows), *initial), training=False)

    def run(sequences, rows, *initial):
        outputs = forward(sequences, *map(tf.convert_to_tensor, (rows, *initial)))
        return tf.nest.map_structure(lambda tensor: tensor.numpy(), outputs)

    return run


def _compile_loop(one_batch, spec):
    """Return a compiled function that runs many batches.

    It returns the loss of each batch, and the final states of the last one.
    """

    @_traced_once
    def loop(sequences, targets, batches, rates, states, *width):
        order, bounds, fresh = batches
        n_batches = tf.size(bounds) - 1

        def body(i, losses, states):
            rows = order[bounds[i] : bounds[i + 1]]
            states = _states_before(states, fresh[i], tf.size(rows))
            with compiled_loops(*width or [None]):
                value, states = one_batch(sequences, targets, rows, states, rates[i])
            return i + 1, losses.write(i, value), states

        losses = tf.TensorArray(spec.dtype, size=n_batches)
        _, losses, states = tf.while_loop(
            lambda i, *_: i < n_batches, body, (0, losses, states), parallel_iterations=1
        )
        return losses.stack(), states

    def run(data, *arguments):
        losses, states = loop(*data, *tf.nest.map_structure(tf.convert_to_tensor, arguments))
        return losses.numpy(), states

    return run


def _states_before(states, fresh, n_rows):
    """Return the states before a batch: those of its rows in the last batch, or zeros."""
    if not states:
        return states

    def zeros():
        return [tf.zeros([n_rows, state.shape[1]], state.dtype) for state in states]

    return tf.cond(fresh, zeros, lambda: [state[:n_rows] for state in states])


def _traced_once(function, shapes=()):
    """Compile a function of tensors with all first axes open, so that it is traced only once.

    The last arguments have the given shapes.
    """
    compiled = None

    def run(*arguments):
        nonlocal compiled
        if compiled is None:
            n_others = len(arguments) - len(shapes)
            others, shaped = arguments[:n_others], arguments[n_others:]
            specs = [tf.TensorSpec(s, one.dtype) for s, one in zip(shapes, shaped, strict=True)]
            signature = [*tf.nest.map_structure(_open_spec, others), *specs]
            # Each network gets a new partial object. Otherwise TensorFlow would take the functions
            # of several networks for one that is traced too often, and warn.
            alone = partial(function)
            compiled = tf.function(alone, input_signature=signature, autograph=False)
            with registered_for(compiled):
                return compiled(*arguments)
        return compiled(*arguments)

    return run


def _open_spec(tensor):
    shape = [None, *tensor.shape[1:]] if tensor.shape.rank else []
    return tf.TensorSpec(shape, tensor.dtype)


def _gather_inputs(sequences, rows):
    """Return the time steps of some sequences, padded with zeros, lengths and static features."""
    values, starts, lengths, *static = sequences
    batch_lengths = tf.gather(lengths, rows)
    positions = _step_positions(tf.gather(starts, rows), batch_lengths)
    steps = tf.gather(values, positions)
    real = tf.sequence_mask(batch_lengths)
    if steps.shape.rank == 3:
        real = tf.expand_dims(real, 2)
    steps = tf.where(real, steps, tf.zeros_like(steps))
    return steps, batch_lengths, *(tf.gather(one, rows) for one in static)


def _step_positions(starts, lengths):
    """Return the position of each time step; padding has that of the last real time step."""
    step = tf.range(tf.reduce_max(lengths))
    step = tf.minimum(step[None, :], lengths[:, None] - 1)
    return starts[:, None] + tf.cast(step, tf.int64)
