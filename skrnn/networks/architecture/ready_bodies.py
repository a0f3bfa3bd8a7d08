"""The layers of the ready-made bodies, and attention over real time steps.

Every function is exact under padding: an output at a real time step does not depend on time steps
after the end of its sequence.
"""

import math
from dataclasses import replace

import keras
import numpy as np
from keras import ops

from skrnn.networks.architecture.custom_body import Body, real_steps
from skrnn.networks.architecture.head import pool
from skrnn.networks.architecture.stack import last_step

# Of batch normalisation. That of Keras, 0.99, is too slow for fits of some hundred updates.
_MOMENTUM = 0.9


def masked_attention(queries, keys, values, mask, n_heads=1):
    """Return attention over the real time steps of each sequence; see `skrnn.recurrent`."""
    tensors = queries, keys, values
    heads = zip(*(ops.split(tensor, n_heads, axis=2) for tensor in tensors), strict=True)
    outputs = [_attend(*head, mask) for head in heads]
    return outputs[0] if n_heads == 1 else ops.concatenate(outputs, axis=2)


def _attend(queries, keys, values, mask):
    scores = ops.matmul(queries, ops.transpose(keys, (0, 2, 1))) / math.sqrt(queries.shape[2])
    lowest = ops.full_like(scores, float(np.finfo(np.float32).min))
    weights = ops.softmax(ops.where(ops.expand_dims(mask, 1), scores, lowest), axis=-1)
    return ops.matmul(weights, values)


def convolutions(steps, lengths, mask, body):
    """Run convolutional layers, each followed by normalisation, activation, pooling and dropout.

    Parameters
    ----------
    steps : tensor of shape (batch, T, n)
    lengths : tensor of shape (batch,)
    mask : tensor of bool of shape (batch, T)
    body : ConvBody or LSTMFCNBody

    Returns
    -------
    steps, lengths, mask : tensors
        The outputs of the last layer, and the lengths and the mask of their time steps.
    """
    dtype, steps = steps.dtype, _zero_padding(steps, mask)
    for filters, kernel_size, pool_size in body._layers():
        layer = keras.layers.Conv1D(
            filters,
            kernel_size,
            padding="same",
            data_format="channels_last",
            kernel_initializer="he_uniform",
            use_bias=body.normalization is None,
            dtype=dtype,
        )
        steps = _normalize(layer(steps), mask, body.normalization)
        steps = keras.layers.Activation(body.activation, dtype=dtype)(steps)
        if pool_size > 1:
            steps, lengths, mask = _max_pool(steps, lengths, mask, pool_size)
        if body.dropout:
            steps = keras.layers.Dropout(body.dropout, dtype=dtype)(steps)
        steps = _zero_padding(steps, mask)
    return steps, lengths, mask


def _zero_padding(steps, mask):
    return ops.where(ops.expand_dims(mask, 2), steps, ops.zeros_like(steps))


def _normalize(steps, mask, normalization):
    if normalization == "batch":
        layer = keras.layers.BatchNormalization(momentum=_MOMENTUM, dtype=steps.dtype)
        return layer(steps, mask=mask)
    if normalization == "layer":
        return keras.layers.LayerNormalization(dtype=steps.dtype)(steps)
    return steps


def _max_pool(steps, lengths, mask, pool_size):
    """Return the maximum of each `pool_size` time steps; the last segment may be shorter."""
    lowest = ops.full_like(steps, float(np.finfo(np.float32).min))
    steps = ops.where(ops.expand_dims(mask, 2), steps, lowest)
    # Segments begin at the first time step, whatever the width of the batch is.
    steps = ops.pad(
        steps,
        [[0, 0], [0, pool_size - 1], [0, 0]],
        constant_values=float(np.finfo(np.float32).min),
    )
    layer = keras.layers.MaxPooling1D(pool_size, data_format="channels_last", dtype=steps.dtype)
    steps = layer(steps)
    lengths = (lengths + pool_size - 1) // pool_size
    return steps, lengths, real_steps(steps, lengths)[1]


def conv_body(steps, lengths, mask, recurrent, body):
    """Return convolutions followed by the recurrent layers."""
    convolved, new_lengths, _ = convolutions(steps, lengths, mask, body)
    outputs = recurrent(convolved, new_lengths)
    if body.shortcut:
        outputs = ops.concatenate([outputs, convolved], axis=2)
    return outputs if new_lengths is lengths else (outputs, new_lengths)


def lstm_fcn_body(steps, lengths, mask, recurrent, body):
    """Return the mean of convolutions and the last output of the recurrent layers, side by side."""
    hidden, lengths, mask = convolutions(steps, lengths, mask, body)
    mean = pool(Body(hidden, None, lengths, mask), "mean")
    ends = last_step(recurrent(steps), lengths)
    if body.recurrent_dropout:
        ends = keras.layers.Dropout(body.recurrent_dropout, dtype=steps.dtype)(ends)
    return ops.concatenate([mean, ends], axis=1)


def random_conv_body(steps, lengths, mask, body):
    """Return statistics over time of convolutions whose kernels are random and not trained."""
    steps, statistics = _zero_padding(steps, mask), []
    for dilation in body._dilations():
        convolved = _random_convolution(steps, dilation, body)
        positive = ops.cast(convolved > 0, steps.dtype)
        outputs = Body(convolved, None, lengths, mask)
        for one, pooling in (
            (replace(outputs, steps=positive), "mean"),
            (replace(outputs, steps=ops.relu(convolved)), "mean"),
            (outputs, "max"),
        ):
            statistics.append(pool(one, pooling))
    vector = ops.concatenate(statistics, axis=1)
    if body.normalization is None:
        return vector
    layer = keras.layers.BatchNormalization(
        momentum=_MOMENTUM, center=False, scale=False, dtype=steps.dtype
    )
    return layer(vector)


def _random_convolution(steps, dilation, body):
    """Return a convolution with kernels whose weights have a mean of zero over time."""
    layer = keras.layers.Conv1D(
        int(body.filters),
        int(body.kernel_size),
        dilation_rate=dilation,
        padding="same",
        data_format="channels_last",
        kernel_initializer=keras.initializers.RandomNormal(stddev=1.0),
        bias_initializer=keras.initializers.RandomUniform(-1.0, 1.0),
        trainable=False,
        dtype=steps.dtype,
    )
    layer.build(steps.shape)
    layer.kernel.assign(layer.kernel - ops.mean(layer.kernel, axis=0, keepdims=True))
    return layer(steps)


def attention_body(steps, lengths, mask, body):
    """Return the outputs of the encoder of a transformer, normalised before each layer."""
    dtype = steps.dtype

    def dense(units, **options):
        return keras.layers.Dense(units, dtype=dtype, **options)

    def normalized(values):
        return keras.layers.LayerNormalization(epsilon=1e-6, dtype=dtype)(values)

    def dropped(values):
        return keras.layers.Dropout(body.dropout, dtype=dtype)(values) if body.dropout else values

    hidden = dense(body.units)(steps) + _positions(steps, lengths, body.units)
    for _ in range(body.n_layers):
        inner = normalized(hidden)
        queries, keys, values = (dense(body.units)(inner) for _ in range(3))
        attended = masked_attention(queries, keys, values, mask, int(body.n_heads))
        hidden = hidden + dropped(dense(body.units)(attended))
        inner = dense(2 * body.units, activation="gelu")(normalized(hidden))
        hidden = hidden + dropped(dense(body.units)(inner))
    return normalized(hidden)


def _positions(steps, lengths, units):
    """Return the sines and cosines of the position of each time step, for several frequencies."""
    position, _ = real_steps(steps, lengths)
    n = (units + 1) // 2
    frequencies = (10_000.0 ** -(np.arange(n) / n)).astype(steps.dtype)
    angles = ops.expand_dims(ops.cast(position, steps.dtype), 2) * frequencies
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=2)[:, :, :units]
