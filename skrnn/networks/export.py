"""Export a fitted network as a Keras model."""

import warnings

import keras
import numpy as np

from skrnn.networks import backends
from skrnn.networks.architecture import rebuild_network


def export_model(spec, weights, target_scale):
    """Return a new Keras model whose outputs are in the units of the user.

    On JAX, a float64 model must be called within ``jax.enable_x64(True)``. Targets that float32
    would round too much make the last layer a float64 layer; see `NumberCodec.metrics_dtype`.

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
        scale, offset = target_scale
        if (scale == 1).all() and (offset == 0).all():
            return model
    dtype = str(np.promote_types(spec.dtype, scale.dtype))
    with backends.precision(dtype):
        # As arrays, because TensorFlow would round a list of floats to float32.
        rescale = keras.layers.Rescaling(scale, offset, dtype=dtype)
        model = keras.Model(model.inputs, rescale(model.output))
    if dtype != spec.dtype:
        _warn_if_rounded(scale, offset)
    return model


def _warn_if_rounded(scale, offset):
    """Warn if the present settings of the framework round the outputs of a model to float32."""
    outputs = keras.ops.convert_to_tensor(np.zeros(1))
    if keras.backend.standardize_dtype(outputs.dtype) == "float64":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        rounding = np.spacing((np.abs(offset) + np.abs(scale)).astype(np.float32)).max()
    warnings.warn(
        "The outputs of model_ need float64 because of the offset or the scale of the targets. "
        f"JAX now computes in float32, which rounds them to multiples of about {rounding:g}. "
        "Use model_ within jax.enable_x64(True).",
        UserWarning,
        stacklevel=4,
    )
