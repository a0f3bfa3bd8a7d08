r"""Replace missing values inside the network: they decay from the last observation to the mean.

Let :math:`x_t` be a feature at time step :math:`t`, and :math:`m_t` be 1 if it is known and 0 if
it is NaN. The number of time steps since the last observation, :math:`x_{t'}`, is
:math:`\delta_t = t - t'`, and :math:`\tilde x` is the mean of the training set. The network
receives, for each feature,

.. math::

    \gamma_t &= \exp(-\max(0, w \delta_t + b)), \\
    \hat x_t &= m_t x_t + (1 - m_t) (\gamma_t x_{t'} + (1 - \gamma_t) \tilde x)

and the indicator :math:`1 - m_t`. Before the first observation, :math:`\hat x_t = \tilde x`. The
weights :math:`w` and :math:`b` of each feature are trained. Z. Che et al., "Recurrent neural
networks for multivariate time series with missing values", Scientific Reports 8, 2018: the decay of
the inputs of GRU-D, with :math:`1 - m_t` in place of :math:`m_t`, which changes only the biases of
the gates. The states of the recurrent layers do not decay.

No product receives a NaN, because NaN times zero is NaN, also in a gradient.
"""

from dataclasses import dataclass

import keras
from keras import ops

from skrnn.networks.architecture.differences import ScaleFeatures

# The layer of w and b, and that of the mean, which is set when a fit begins and not trained.
DECAY, DECAY_MEAN = "decay", "decay_mean"
# The first value of w. It is positive, as the gradient of the maximum would otherwise be zero.
FIRST_DECAY = 0.1
# A position after all others.
_AFTER_ALL = 2**31 - 1


@dataclass(frozen=True)
class Observed:
    """The last observations before a time step.

    Parameters
    ----------
    values : tensor of shape (batch, 1, n_features)
        The last known values.
    since : tensor of shape (batch, 1, n_features)
        One more than the number of time steps from the last known value to the time step before,
        or 0 before the first known value.
    """

    values: object
    since: object


def decay_layers(spec, plain):
    """Return the layer of the decay, and that of the mean.

    Parameters
    ----------
    spec : NetworkSpec
    plain : bool
        If True, the layers of Keras are used.
    """
    shape = (None, spec.n_numeric)
    decay = keras.layers.EinsumDense(
        "bti,i->bti",
        output_shape=shape,
        bias_axes="i",
        activation="relu",
        kernel_initializer=keras.initializers.Constant(FIRST_DECAY),
        dtype=spec.dtype,
        name=DECAY,
    )
    mean = (keras.layers.EinsumDense if plain else ScaleFeatures)(
        "bti,i->bti",
        output_shape=shape,
        kernel_initializer="zeros",
        trainable=False,
        dtype=spec.dtype,
        name=DECAY_MEAN,
    )
    return decay, mean


def fill_missing(steps, position, mask, layers, before=None):
    """Return time steps without NaN, the indicators of missing values, and the last observations.

    Parameters
    ----------
    steps : tensor of shape (batch, T, n_features)
    position, mask : tensor of shape (batch, T)
        The return values of `real_steps`.
    layers : tuple of keras.layers.Layer
        The return value of `decay_layers`.
    before : Observed or None, default=None
        The last observations before the first time step. If None, there are none.

    Returns
    -------
    filled, indicators : tensor of shape (batch, T, n_features)
        Both are zero at padding.
    after : Observed
        The last observations, which are correct for the sequences of a batch without padding.
    """
    decay, mean = layers
    mask, position = ops.expand_dims(mask, 2), ops.expand_dims(position, 2)
    is_missing = ops.isnan(steps)
    is_known = ops.logical_not(is_missing)
    steps = ops.where(is_missing, ops.zeros_like(steps), steps)
    has_value, last = _last_known(is_known, position)
    values = ops.take_along_axis(steps, last, axis=1)
    age = ops.cast(position - last, steps.dtype)
    if before is not None:
        values = ops.where(has_value, values, before.values)
        age = ops.where(has_value, age, before.since + ops.cast(position, steps.dtype))
        has_value = ops.logical_or(has_value, before.since > 0)
    center = mean(ops.ones_like(steps))
    decayed = ops.exp(-decay(age)) * (values - center) + center
    filled = ops.where(is_known, steps, ops.where(has_value, decayed, center))
    since = ops.where(has_value, age + 1, ops.zeros_like(age))
    return (
        ops.where(mask, filled, ops.zeros_like(filled)),
        ops.cast(ops.logical_and(mask, is_missing), steps.dtype),
        Observed(values[:, -1:], since[:, -1:]),
    )


def _last_known(is_known, position):
    """Return whether there is a known value up to each time step, and the position of the last.

    The sorted positions of the known values are looked up by their number. A running maximum of
    positions would do the same, but not all backends have one.
    """
    number = ops.cast(is_known, "int32")
    position = position + ops.zeros_like(number)
    known = ops.sort(ops.where(is_known, position, _AFTER_ALL), axis=1)
    count = ops.cumsum(number, axis=1)
    last = ops.take_along_axis(known, ops.maximum(count - 1, 0), axis=1)
    return count > 0, ops.where(count > 0, last, ops.zeros_like(last))
