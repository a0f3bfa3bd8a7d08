r"""The gated recurrent unit, with the reset gate before the recurrent product.

.. math::

    z_t &= \sigma(W_z x_t + U_z h_{t-1} + b_z) \\
    r_t &= \sigma(W_r x_t + U_r h_{t-1} + b_r) \\
    \tilde h_t &= \tanh(W_h x_t + U_h (r_t \odot h_{t-1}) + b_h) \\
    h_t &= z_t \odot h_{t-1} + (1 - z_t) \odot \tilde h_t

K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
translation", EMNLP 2014.
"""

from types import MappingProxyType

from keras import ops

from skrnn.networks.cells._cell import Cell


class GRUResetBeforeCell(Cell):
    """The gated recurrent unit, as in `keras.layers.GRU` with ``reset_after=False``."""

    gates = ("update", "reset", "candidate")
    memory_gates = MappingProxyType({"update": 1})
    keras_layer = "GRU"
    keras_options = MappingProxyType({"reset_after": False})

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the values of the update gate and the reset gate."""
        (h,) = states
        before = h if mask is None else h * mask
        x_z, x_r, _ = ops.split(projected, 3, axis=1)
        u_z, u_r, _ = ops.split(weights["recurrent_kernel"], 3, axis=1)
        z = ops.sigmoid(x_z + ops.matmul(before, u_z))
        return {"update": z, "reset": ops.sigmoid(x_r + ops.matmul(before, u_r))}

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next state."""
        (h,) = states
        before = h if mask is None else h * mask
        z, r = self.gate_values(projected, states, weights, activation, mask).values()
        x_h = ops.split(projected, 3, axis=1)[2]
        u_h = ops.split(weights["recurrent_kernel"], 3, axis=1)[2]
        candidate = activation(x_h + ops.matmul(r * before, u_h))
        return (z * h + (1 - z) * candidate,)


CELL = GRUResetBeforeCell()
