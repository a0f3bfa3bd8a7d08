"""Pooling and a dense layer, between the last recurrent layer and the outputs of the network."""

import keras
import numpy as np
from keras import ops


def pool(body, pooling, attention=None):
    """Return one vector per sequence from the outputs at its real time steps.

    Parameters
    ----------
    body : Body
    pooling : {"last", "mean", "max", "mean_max", "attention"}
    attention : tensor of shape (batch, T, 1) or None
        The return value of `attend`. Only used if `pooling` is "attention".
    """
    if pooling == "last" or body.steps is None:
        return body.ends
    if pooling == "mean_max":
        return ops.concatenate([pool(body, "mean"), pool(body, "max")], axis=-1)
    steps, real = body.steps, ops.expand_dims(body.mask, 2)
    if pooling == "max":
        return ops.max(ops.where(real, steps, _lowest(steps)), axis=1)
    steps = ops.where(real, steps, ops.zeros_like(steps))
    if pooling == "attention":
        return ops.sum(attention * steps, axis=1)
    total = ops.sum(steps, axis=1)
    return total / ops.cast(ops.expand_dims(body.lengths, 1), total.dtype)


def attend(body, spec, seeds):
    """Return the weights of additive attention over real time steps (Bahdanau et al., 2015).

    Parameters
    ----------
    body : Body
    spec : NetworkSpec
    seeds : iterator of int or None

    Returns
    -------
    tensor of shape (batch, T, 1)
        The weights of each sequence have a sum of one. Those of padding are zero.
    """
    units = body.steps.shape[2]
    hidden = dense(units, "attention", spec, next(seeds), activation="tanh")(body.steps)
    scores = dense(1, "attention_score", spec, next(seeds), use_bias=False)(hidden)
    scores = ops.where(ops.expand_dims(body.mask, 2), scores, _lowest(scores))
    return ops.softmax(scores, axis=1)


def _lowest(values):
    return ops.full_like(values, float(np.finfo(np.float32).min))


def dense_head(spec, seed):
    """Return the layer whose outputs are those of the network before their activation."""
    return dense(spec.n_outputs, "head", spec, seed)


def dense(units, name, spec, seed, **options):
    """Return a dense layer with the dtype and the penalty of a specification."""
    return keras.layers.Dense(
        units,
        kernel_initializer=keras.initializers.GlorotUniform(seed),
        kernel_regularizer=keras.regularizers.L2(spec.l2) if spec.l2 else None,
        dtype=spec.dtype,
        name=name,
        **options,
    )
