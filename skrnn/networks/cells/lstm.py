r"""Long short-term memory, with a forget gate.

.. math::

    i_t &= \sigma(W_i x_t + U_i h_{t-1} + b_i) \\
    f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
    g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
    o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o) \\
    c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
    h_t &= o_t \odot \tanh(c_t)

S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997. The forget gate
and its initial bias of one are from F. Gers, J. Schmidhuber, F. Cummins, "Learning to forget:
continual prediction with LSTM", Neural Computation 12, 2000.
"""

from types import MappingProxyType

from keras import ops

from skrnn.networks.cells._cell import Cell, recurrent_product


class LSTMCell(Cell):
    """Long short-term memory, as in `keras.layers.LSTM`."""

    gates = ("input", "forget", "candidate", "output")
    n_states = 2
    memory_gates = MappingProxyType({"forget": 1, "input": -1})
    keras_layer = "LSTM"

    def initial_weight(self, name, shape, rng):
        """Draw the initial value of a weight; the bias of the forget gate starts at one."""
        weight = super().initial_weight(name, shape, rng)
        if name == "bias":
            units, forget = shape[0] // 4, self.gates.index("forget")
            weight[forget * units : (forget + 1) * units] = 1
        return weight

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the values of the input gate, the forget gate and the output gate."""
        i, f, _, o = self._before_activation(projected, states[0], weights, mask)
        return {"input": ops.sigmoid(i), "forget": ops.sigmoid(f), "output": ops.sigmoid(o)}

    def _before_activation(self, projected, h, weights, mask):
        return ops.split(projected + recurrent_product(h, weights, mask), 4, axis=1)

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next output and the next cell state."""
        h, c = states
        i, f, g, o = self._before_activation(projected, h, weights, mask)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * activation(g)
        return ops.sigmoid(o) * activation(c), c


CELL = LSTMCell()
