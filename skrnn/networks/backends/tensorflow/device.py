"""Training and prediction inside compiled TensorFlow calls.

The arrays of a fit are sent to the device once. A call gets the batches as row numbers and runs
as many of them as it is given: gather, forward, backward and update all happen inside, so a step
costs its arithmetic and no trip through Python. Shapes are left open: one trace serves all.
"""

from functools import partial

import keras
import numpy as np
import tensorflow as tf

from skrnn.networks.backends.tensorflow.loops import compiled_loops, has_fast_loop
from skrnn.networks.batches import compact


def sequences_to_device(sequences):
    """Return the tensors (values, starts, lengths) of a batch of sequences."""
    sequences = compact(sequences)
    return (
        tf.convert_to_tensor(sequences.values),
        tf.convert_to_tensor(sequences.starts),
        tf.convert_to_tensor(sequences.lengths.astype(np.int32)),
    )


def to_device(examples, target_scale):
    """Return examples as tensors: those of sequences, and those of targets."""
    targets = (
        tf.convert_to_tensor(examples.targets),
        tf.convert_to_tensor(examples.target_starts),
        tf.convert_to_tensor(examples.weights),
        *(tf.convert_to_tensor(value) for value in target_scale),
    )
    return sequences_to_device(examples.sequences), targets


def compile_training(network, loss, from_logits, optimizer, metrics):
    """Compile two loops for training, with and without XLA inside, and one for evaluation."""
    model = network.raw
    activation = keras.activations.get(network.spec.output_activation)
    per_step = network.spec.return_sequences
    own_layers = network.spec.architecture is None
    update = _compile_update(optimizer, model.trainable_variables, all_used=own_layers)

    def batch_loss(sequences, targets, rows, training):
        values, starts, lengths = sequences
        steps, batch_lengths = _gather_steps(values, starts, lengths, rows)
        raw = model([steps, batch_lengths], training=training)
        outputs = activation(raw)
        all_targets, target_starts, weights, scale, offset = targets
        where = tf.gather(target_starts, rows)
        if per_step:
            real = tf.sequence_mask(batch_lengths)
            where = tf.boolean_mask(_step_positions(where, batch_lengths), real)
            raw, outputs = tf.boolean_mask(raw, real), tf.boolean_mask(outputs, real)
        true = tf.gather(all_targets, where)
        values = loss(true, raw if from_logits else outputs)
        weighted = _one_value_a_target(values) * tf.gather(weights, where)
        if metrics:
            known = true if true.dtype.is_integer else true * scale + offset
            seen = outputs if true.dtype.is_integer else outputs * scale + offset
            for metric in metrics:
                metric.update_state(known, seen)
        return tf.add_n([tf.reduce_mean(weighted), *model.losses])

    def train_batch(sequences, targets, rows):
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            value = batch_loss(sequences, targets, rows, training=True)
        gradients = tape.gradient(value, [variable.value for variable in variables])
        update(gradients)
        return value

    def evaluate_batch(sequences, targets, rows):
        return batch_loss(sequences, targets, rows, training=False)

    plain = _compile_loop(train_batch, network.spec)
    compiled = _compile_loop(train_batch, network.spec)
    evaluate = _compile_loop(evaluate_batch, network.spec)

    def train(tensors, order, bounds, width=None, compile_loops=False):
        if compile_loops and has_fast_loop("lstm"):
            return compiled(tensors, order, bounds, width)
        return plain(tensors, order, bounds)

    return train, evaluate


def _compile_update(optimizer, variables, *, all_used):
    """Return a function of gradients that makes one step of the optimizer.

    Keras' Adam in its plain form is TensorFlow's fused update, number for number: one pass over
    the weights where Keras' own operations make ten, which matters for embeddings. A body of the
    user's may have weights without a gradient (`all_used` is False), which Keras leaves out.
    """
    config = optimizer.get_config()
    refined = ("amsgrad", "weight_decay", "clipnorm", "clipvalue", "use_ema", "loss_scale_factor")
    if (
        not all_used
        or type(optimizer) is not keras.optimizers.Adam
        or any(config[name] for name in refined)
        or config["gradient_accumulation_steps"]
        or any(variable.constraint for variable in variables)
    ):
        return lambda gradients: optimizer.apply_gradients(zip(gradients, variables, strict=True))
    slots = {
        kind: [slot for slot in optimizer.variables if slot.name.endswith(kind)]
        for kind in ("momentum", "velocity")
    }

    def update(gradients):
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        if config["global_clipnorm"]:
            gradients, _ = tf.clip_by_global_norm(gradients, config["global_clipnorm"])
        rate = tf.convert_to_tensor(optimizer.learning_rate)
        t = tf.cast(optimizer.iterations.assign_add(1), rate.dtype)
        for variable, m, v, gradient in zip(variables, *slots.values(), gradients, strict=True):
            beta_1, beta_2 = (tf.cast(config[name], m.dtype) for name in ("beta_1", "beta_2"))
            tf.raw_ops.ResourceApplyAdam(
                var=variable.value.handle,
                m=m.value.handle,
                v=v.value.handle,
                beta1_power=tf.pow(beta_1, tf.cast(t, m.dtype)),
                beta2_power=tf.pow(beta_2, tf.cast(t, m.dtype)),
                lr=tf.cast(rate, m.dtype),
                beta1=beta_1,
                beta2=beta_2,
                epsilon=tf.cast(config["epsilon"], m.dtype),
                grad=gradient,
            )

    return update


def compile_forward(model):
    """Compile a pass through a model once for all shapes."""

    @_traced_once
    def forward(sequences, rows):
        return model(_gather_steps(*sequences, rows), training=False)

    def run(sequences, rows):
        outputs = forward(sequences, tf.convert_to_tensor(rows))
        return tf.nest.map_structure(lambda tensor: tensor.numpy(), outputs)

    return run


def _compile_loop(one_batch, spec):
    """Compile many batches into one call that gives the loss of each."""

    @_traced_once
    def loop(sequences, targets, order, bounds, *width):
        n_batches = tf.size(bounds) - 1

        def body(i, losses):
            rows = order[bounds[i] : bounds[i + 1]]
            with compiled_loops(*width or [None]):
                return i + 1, losses.write(i, one_batch(sequences, targets, rows))

        losses = tf.TensorArray(spec.dtype, size=n_batches)
        _, losses = tf.while_loop(
            lambda i, _: i < n_batches, body, (0, losses), parallel_iterations=1
        )
        return losses.stack()

    def run(tensors, *numbers):
        return loop(*tensors, *map(tf.convert_to_tensor, numbers)).numpy()

    return run


def _traced_once(function):
    """Compile a function of tensors with all first axes open, so that no shape traces it again."""
    compiled = None

    def run(*arguments):
        nonlocal compiled
        if compiled is None:
            signature = tf.nest.map_structure(_open_spec, arguments)
            # As a partial each function is its own: TensorFlow would take those of several networks
            # for one that is traced too often, and warn.
            alone = partial(function)
            compiled = tf.function(alone, input_signature=signature, autograph=False)
        return compiled(*arguments)

    return run


def _open_spec(tensor):
    shape = [None, *tensor.shape[1:]] if tensor.shape.rank else []
    return tf.TensorSpec(shape, tensor.dtype)


def _gather_steps(values, starts, lengths, rows):
    """Return the padded steps of some sequences, zero after each one's end, and their lengths."""
    batch_lengths = tf.gather(lengths, rows)
    positions = _step_positions(tf.gather(starts, rows), batch_lengths)
    steps = tf.gather(values, positions)
    real = tf.sequence_mask(batch_lengths)
    if steps.shape.rank == 3:
        real = tf.expand_dims(real, 2)
    return tf.where(real, steps, tf.zeros_like(steps)), batch_lengths


def _step_positions(starts, lengths):
    """Where each step lies; after its end a sequence points at its last step."""
    step = tf.range(tf.reduce_max(lengths))
    step = tf.minimum(step[None, :], lengths[:, None] - 1)
    return starts[:, None] + tf.cast(step, tf.int64)


def _one_value_a_target(values):
    if values.shape.rank == 0:
        raise ValueError("loss must give one value a target, got a single number for all of them.")
    return tf.reshape(tf.reduce_mean(values, axis=list(range(1, values.shape.rank))), [-1])
