"""Export a fitted network as a Keras model."""

import keras
import numpy as np

from skrnn.networks import backends
from skrnn.networks.architecture import rebuild_network


def export_model(spec, weights, target_scale):
    """Return a new Keras model whose outputs are in the units of the user.

    On JAX, a float64 model must be called within ``jax.enable_x64(True)``.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    target_scale : tuple (scale, offset) of arrays

    Returns
    -------
    keras.Model
        Its inputs are ``[steps, lengths]``.
    """
    with backends.precision(spec.dtype):
        model = rebuild_network(spec, plain=True).model
        model.set_weights(weights)
        scale, offset = (np.asarray(value) for value in target_scale)
        if (scale == 1).all() and (offset == 0).all():
            return model
        rescale = keras.layers.Rescaling(scale.tolist(), offset.tolist(), dtype=spec.dtype)
        return keras.Model(model.inputs, rescale(model.output))
