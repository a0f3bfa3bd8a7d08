"""Keras' recurrent layers with our own time loops inside.

Each layer is a subclass of Keras' own, with the same arguments and the same weights in the same
order, so that weights move freely between the two and a saved model opens in plain Keras. What
changes is how the steps are run: the backend's fast loop where it knows the layer, Keras' loop
everywhere else. Steps may be integer codes in place of one-hot vectors: their input projection is
a row of the kernel, and no one-hot matrix is made; -1 stands for a vector of zeros.
"""

import keras
from keras import ops

# Keras has no public way to save a subclass under the name of the class that it stands for.
from keras.src.api_export import REGISTERED_OBJS_TO_NAMES

from skrnn.networks import backends

__all__ = ["FAST_LAYERS", "KERAS_LAYERS"]


class _FastLoop:
    """A recurrent layer that gives all steps and the final states, beginning from zeros."""

    def build(self, steps_shape):
        """Make the weights for steps of shape (batch, T, features)."""
        super().build(steps_shape)
        # Codes have one axis less.
        self.input_spec = None

    def call(self, steps, training=False):
        """Run the layer over steps (batch, T, features) or codes (batch, T)."""
        if not (self._has_standard_cell() and backends.has_fast_loop(self._kind)):
            if steps.ndim == 2:
                steps = ops.one_hot(steps, self.cell.kernel.shape[0], dtype=self.compute_dtype)
            return super().call(steps, training=training)
        mask = self._dropout_mask(steps) if training and self.dropout else None
        if steps.ndim == 2:
            mask, steps = self._weights_of_codes(steps, mask), ops.maximum(steps, 0)
        weights = self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias
        outputs, states = backends.run_loop(self._kind, steps, mask, *weights)
        return (outputs, *states)

    def _dropout_mask(self, steps):
        """One mask a sequence, the same at all its steps, as in Keras."""
        shape = ops.shape(steps)[0], self.cell.kernel.shape[0]
        self.cell.reset_dropout_mask()
        return self.cell.get_dropout_mask(ops.ones(shape, self.compute_dtype))

    def _weights_of_codes(self, codes, mask):
        """What stands in each one-hot vector where the one is."""
        weights = ops.cast(codes >= 0, self.compute_dtype)
        if mask is None:
            return weights
        return weights * ops.take_along_axis(mask, ops.maximum(codes, 0), axis=1)

    def compute_output_spec(self, steps, training=False):
        """Tell the shapes without running the loop, which would cost a trace."""
        batch, n_steps = steps.shape[:2]
        n_states = len(self.state_size) if isinstance(self.state_size, list | tuple) else 1
        shapes = [(batch, n_steps, self.units)] + [(batch, self.units)] * n_states
        return tuple(keras.KerasTensor(shape, dtype=self.compute_dtype) for shape in shapes)

    @property
    def _kind(self):
        kind = type(self).__name__
        return "GRUResetBefore" if kind == "GRU" and not self.reset_after else kind

    def _has_standard_cell(self):
        cell = self.cell
        gate = getattr(cell, "recurrent_activation", keras.activations.sigmoid)
        standard = cell.activation is keras.activations.tanh and cell.use_bias
        return standard and gate is keras.activations.sigmoid and not cell.recurrent_dropout


class SimpleRNN(_FastLoop, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN` with a fast loop."""


class LSTM(_FastLoop, keras.layers.LSTM):
    """`keras.layers.LSTM` with a fast loop."""


class GRU(_FastLoop, keras.layers.GRU):
    """`keras.layers.GRU` with a fast loop."""


KERAS_LAYERS = {
    "simple": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}
FAST_LAYERS = {"simple": SimpleRNN, "lstm": LSTM, "gru": GRU}

for _name, _layer in FAST_LAYERS.items():
    REGISTERED_OBJS_TO_NAMES[_layer] = f"keras.layers.{KERAS_LAYERS[_name].__name__}"
