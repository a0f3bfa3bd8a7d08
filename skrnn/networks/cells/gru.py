r"""The gated recurrent unit, with the reset gate after the recurrent product.

.. math::

    z_t &= \sigma(W_z x_t + b_z + U_z h_{t-1} + b'_z) \\
    r_t &= \sigma(W_r x_t + b_r + U_r h_{t-1} + b'_r) \\
    \tilde h_t &= \tanh(W_h x_t + b_h + r_t \odot (U_h h_{t-1} + b'_h)) \\
    h_t &= z_t \odot h_{t-1} + (1 - z_t) \odot \tilde h_t

K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
translation", EMNLP 2014. In that paper, the reset gate multiplies :math:`h_{t-1}` before the
recurrent product, as in `gru_reset_before`. The order here is that of Keras' default and of cuDNN.
"""

from types import MappingProxyType

from keras import ops

from skrnn.networks.cells._cell import Cell, recurrent_product


class GRUCell(Cell):
    """The gated recurrent unit, as in `keras.layers.GRU`."""

    gates = ("update", "reset", "candidate")
    memory_gates = MappingProxyType({"update": 1})
    keras_layer = "GRU"

    def weight_shapes(self, n_features, units):
        """Return the shapes of the weights, with a second bias for the recurrent product."""
        shapes = super().weight_shapes(n_features, units)
        return {**shapes, "bias": (2, *shapes["bias"])}

    def input_bias(self, bias):
        """Return the first of the two biases."""
        return bias[0]

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the values of the update gate and the reset gate."""
        z, r, *_ = self._gates_and_products(projected, states[0], weights, mask)
        return {"update": z, "reset": r}

    def _gates_and_products(self, projected, h, weights, mask):
        """Return both gates, and the two products of the candidate, which r has yet to weight."""
        x_z, x_r, x_h = ops.split(projected, 3, axis=1)
        product = recurrent_product(h, weights, mask) + weights["bias"][1]
        h_z, h_r, h_h = ops.split(product, 3, axis=1)
        return ops.sigmoid(x_z + h_z), ops.sigmoid(x_r + h_r), x_h, h_h

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next state."""
        (h,) = states
        z, r, x_h, h_h = self._gates_and_products(projected, h, weights, mask)
        candidate = activation(x_h + r * h_h)
        return (z * h + (1 - z) * candidate,)


CELL = GRUCell()
