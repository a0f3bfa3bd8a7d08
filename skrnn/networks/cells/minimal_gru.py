r"""The gated recurrent unit with only an update gate.

.. math::

    u_t &= \sigma(W_u x_t + U_u h_{t-1} + b_u) \\
    \tilde h_t &= \tanh(W x_t + U h_{t-1} + b) \\
    h_t &= u_t \odot \tilde h_t + (1 - u_t) \odot h_{t-1}

It is the unit of K. Cho et al., "Learning phrase representations using RNN encoder-decoder for
statistical machine translation", EMNLP 2014, without the reset gate. Here the update gate
multiplies the candidate, whereas in Keras' GRU it multiplies the previous state.
"""

from types import MappingProxyType

from keras import ops

from skrnn.networks.cells._cell import Cell, recurrent_product


class MinimalGRUCell(Cell):
    """The gated recurrent unit without a reset gate."""

    gates = ("update", "candidate")
    memory_gates = MappingProxyType({"update": -1})

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the value of the update gate."""
        u, _ = self._before_activation(projected, states[0], weights, mask)
        return {"update": ops.sigmoid(u)}

    def _before_activation(self, projected, h, weights, mask):
        return ops.split(projected + recurrent_product(h, weights, mask), 2, axis=1)

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next state."""
        (h,) = states
        u, candidate = self._before_activation(projected, h, weights, mask)
        u, candidate = ops.sigmoid(u), activation(candidate)
        return (u * candidate + (1 - u) * h,)


CELL = MinimalGRUCell()
