"""Export a fitted network as a Keras model."""

import warnings

import keras
import numpy as np

from skrnn.networks import backends
from skrnn.networks.architecture import rebuild_network
from skrnn.networks.static_input import STATIC


@backends.uses_device
def export_model(spec, weights, target_scale, standardization=None, of_static=None):
    """Return a new Keras model whose inputs and outputs are in the units of the user.

    On JAX, a float64 model must be called within ``jax.enable_x64(True)``. Targets that float32
    would round too much make the last layer a float64 layer; see `NumberCodec.metrics_dtype`.
    Features that float32 would round too much make the first layers float64 layers.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    target_scale : tuple (scale, offset) of arrays
    standardization : Standardization or None, default=None
        How time steps are standardised. If None, they are used unchanged.
    of_static : Standardization or None, default=None
        How static features are standardised.

    Returns
    -------
    keras.Model
        Its inputs are ``[steps, lengths]``, and after them static features, or the previous targets
        of an encoder-decoder.
    """
    scale, offset = target_scale
    with backends.precision(spec.dtype):
        model = rebuild_network(spec, plain=True).model
        model.set_weights(weights)
    if standardization is not None and not standardization.is_identity:
        model = _with_standardized_inputs(model, standardization, spec.dtype)
    if of_static is not None and not of_static.is_identity:
        model = _with_standardized_static(model, of_static, spec.dtype)
    if (scale == 1).all() and (offset == 0).all():
        return model
    dtype = str(np.promote_types(spec.dtype, scale.dtype))
    with backends.precision(dtype):
        # As arrays, because TensorFlow would round a list of floats to float32.
        rescale = keras.layers.Rescaling(scale, offset, dtype=dtype)
        model = keras.Model(model.inputs, rescale(model.output))
    if dtype != spec.dtype:
        _warn_if_rounded("outputs", "targets", scale, offset)
    return model


def _with_standardized_inputs(model, standardization, dtype):
    """Return a model of the same layers whose time steps are in the units of the user."""
    steps, lengths, *others = model.inputs
    mean, scale = standardization.mean, standardization.scale
    input_dtype = standardization.input_dtype(dtype)
    with backends.precision(input_dtype):
        given = keras.Input(steps.shape[1:], dtype=input_dtype, name="steps")
        hidden = keras.ops.cast(_rescaled(given, standardization, input_dtype), dtype)
        position = keras.ops.cumsum(keras.ops.ones_like(given[:, :, 0], dtype="int32"), axis=1)
        real = keras.ops.expand_dims(position <= keras.ops.expand_dims(lengths, 1), 2)
        hidden = keras.ops.where(real, hidden, keras.ops.zeros_like(hidden))
        # `call` runs all operations again, so that the layers are not hidden in an inner model.
        model = keras.Model([given, lengths, *others], model.call([hidden, lengths, *others]))
    if input_dtype != dtype:
        _warn_if_rounded("inputs", "features", scale, mean)
    return model


def _with_standardized_static(model, standardization, dtype):
    """Return a model of the same layers whose static features are in the units of the user."""
    steps, lengths, features = model.inputs
    input_dtype = standardization.input_dtype(dtype)
    with backends.precision(input_dtype):
        given = keras.Input(features.shape[1:], dtype=input_dtype, name=STATIC)
        rescaled = _rescaled(given, standardization, input_dtype, "_of_static")
        inputs = [steps, lengths, keras.ops.cast(rescaled, dtype)]
        model = keras.Model([steps, lengths, given], model.call(inputs))
    if input_dtype != dtype:
        _warn_if_rounded("inputs", "features", standardization.scale, standardization.mean)
    return model


def _rescaled(given, standardization, dtype, suffix=""):
    # A product with the scale before the mean is subtracted would lose digits.
    subtract = keras.layers.Rescaling(
        1.0, -standardization.mean, dtype=dtype, name=f"subtract_mean{suffix}"
    )
    divide = keras.layers.Rescaling(
        1 / standardization.scale, dtype=dtype, name=f"divide_by_scale{suffix}"
    )
    return divide(subtract(given))


def _warn_if_rounded(what, of, scale, offset):
    """Warn if the present settings of the framework round values of a model to float32."""
    tensor = keras.ops.convert_to_tensor(np.zeros(1))
    if keras.backend.standardize_dtype(tensor.dtype) == "float64":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        rounding = np.spacing((np.abs(offset) + np.abs(scale)).astype(np.float32)).max()
    warnings.warn(
        f"The {what} of model_ need float64 because of the offset or the scale of the {of}. "
        f"JAX now computes in float32, which rounds them to multiples of about {rounding:g}. "
        "Use model_ within jax.enable_x64(True).",
        UserWarning,
        stacklevel=4,
    )
