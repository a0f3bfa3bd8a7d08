"""Pooling and a dense layer, between the last recurrent layer and the outputs of the network."""

import keras
import numpy as np
from keras import ops


def pool(body, pooling):
    """Return one vector per sequence from the outputs at its real time steps.

    Parameters
    ----------
    body : Body
    pooling : {"last", "mean", "max"}
    """
    steps = body.steps
    if pooling == "last" or steps is None:
        return body.ends
    real = ops.expand_dims(body.mask, 2)
    if pooling == "max":
        lowest = ops.full_like(steps, float(np.finfo(np.float32).min))
        return ops.max(ops.where(real, steps, lowest), axis=1)
    total = ops.sum(ops.where(real, steps, ops.zeros_like(steps)), axis=1)
    return total / ops.cast(ops.expand_dims(body.lengths, 1), total.dtype)


def dense_head(hidden, spec, seed):
    """Return the outputs of the network before their activation."""
    regularizer = keras.regularizers.L2(spec.l2) if spec.l2 else None
    layer = keras.layers.Dense(
        spec.n_outputs,
        kernel_initializer=keras.initializers.GlorotUniform(seed),
        kernel_regularizer=regularizer,
        dtype=spec.dtype,
        name="head",
    )
    return layer(hidden)
