"""Add the differences between successive time steps as features, exact under padding.

The factor of each difference is a weight that is not trained. It is set when a fit begins, so that
fits with other statistics share one compiled program.
"""

import keras
from keras import ops

# Keras has no public way to save a subclass under the name of the class that it replaces.
from keras.src.api_export import REGISTERED_OBJS_TO_NAMES

# The layer that multiplies the differences, and the only weight of it.
DIFFERENCES = "differences"


class ScaleFeatures(keras.layers.EinsumDense):
    """A product of each feature with a weight, saved as the layer of Keras that it replaces.

    `keras.layers.EinsumDense` may compute it as a product of matrices, which is slower and which
    some GPUs round more.
    """

    def call(self, steps, training=None):
        """Return steps of shape (batch, T, features) times the kernel of shape (features,)."""
        return steps * self.kernel


REGISTERED_OBJS_TO_NAMES[ScaleFeatures] = "keras.layers.EinsumDense"


def with_differences(steps, mask, spec, plain):
    """Return time steps with the scaled differences from the previous time step as features.

    Parameters
    ----------
    steps : tensor of shape (batch, T, n_features)
    mask : tensor of bool of shape (batch, T)
        Whether a time step is real.
    spec : NetworkSpec
    plain : bool
        If True, the layer of Keras is used.

    Returns
    -------
    tensor of shape (batch, T, 2 * n_features)
        The differences of the first time step, and those of padding, are zero.
    """
    layer = keras.layers.EinsumDense if plain else ScaleFeatures
    layer = layer(
        "bti,i->bti",
        output_shape=(None, spec.n_numeric),
        kernel_initializer="ones",
        trainable=False,
        dtype=spec.dtype,
        name=DIFFERENCES,
    )
    return append_differences(steps, steps[:, :1], mask, layer)


def append_differences(steps, before, mask, layer):
    """Return time steps with differences as features, the first one from a given time step.

    Parameters
    ----------
    steps : tensor of shape (batch, T, n_features)
    before : tensor of shape (batch, 1, n_features)
        What the first time step is compared with.
    mask : tensor of bool of shape (batch, T)
    layer : keras.layers.Layer
        The layer that scales the differences.
    """
    scaled = layer(steps - ops.concatenate([before, steps[:, :-1]], axis=1))
    scaled = ops.where(ops.expand_dims(mask, 2), scaled, ops.zeros_like(scaled))
    return ops.concatenate([steps, scaled], axis=2)
