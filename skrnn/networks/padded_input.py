"""A network as a Keras model of one padded array, for training loops that do not know lengths."""

import keras
from keras import ops

from skrnn.networks import backends
from skrnn.networks.architecture import build_network


@backends.uses_device
def padded_input_model(spec, padding_value):
    """Build the network of a specification with the time steps of a batch as its only input.

    Parameters
    ----------
    spec : NetworkSpec
        Its time steps are vectors of numbers.
    padding_value : float
        A time step after the end of a sequence has this value in all of its features.

    Returns
    -------
    keras.Model
        It consists of layers of Keras, except for cells that Keras does not have. Its input has the
        shape (batch, T, `spec.n_features`).
    """
    network = build_network(spec, plain=True).model
    padded = keras.Input((None, spec.n_features), dtype=spec.dtype, name="padded_steps")
    real = ops.any(ops.not_equal(padded, padding_value), axis=2)
    lengths = ops.sum(ops.cast(real, "int32"), axis=1)
    steps = ops.where(ops.expand_dims(real, 2), padded, ops.zeros_like(padded))
    # `call` runs all operations again, so that the layers are not hidden in an inner model.
    return keras.Model(padded, network.call([steps, lengths]))
