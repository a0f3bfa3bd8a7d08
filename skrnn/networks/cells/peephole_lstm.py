r"""Long short-term memory with peepholes: the gates also receive the cell state.

.. math::

    i_t &= \sigma(W_i x_t + U_i h_{t-1} + p_i \odot c_{t-1} + b_i) \\
    f_t &= \sigma(W_f x_t + U_f h_{t-1} + p_f \odot c_{t-1} + b_f) \\
    g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
    c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
    o_t &= \sigma(W_o x_t + U_o h_{t-1} + p_o \odot c_t + b_o) \\
    h_t &= o_t \odot \tanh(c_t)

F. Gers, J. Schmidhuber, "Recurrent nets that time and count", IJCNN 2000. Each gate receives only
the cell state of its own unit, so the peepholes :math:`p` are vectors. The output gate receives the
new cell state, the other gates receive the previous one.
"""

from keras import ops

from skrnn.networks.cells.lstm import LSTMCell


class PeepholeLSTMCell(LSTMCell):
    """Long short-term memory whose gates also receive the cell state.

    The initial peepholes are zero, so that the cell starts as an LSTM without them.
    """

    keras_layer = None

    def weight_shapes(self, n_features, units):
        """Return the shapes of the weights; the peepholes of input, forget and output gate last."""
        return {**super().weight_shapes(n_features, units), "peepholes": (3, units)}

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the values of the input gate, the forget gate and the output gate."""
        i, f, o, _ = self._gates_and_cell_state(projected, states, weights, activation, mask)
        return {"input": i, "forget": f, "output": o}

    def _gates_and_cell_state(self, projected, states, weights, activation, mask):
        h, c = states
        i, f, g, o = self._before_activation(projected, h, weights, mask)
        p_i, p_f, p_o = (weights["peepholes"][k] for k in range(3))
        i, f = ops.sigmoid(i + p_i * c), ops.sigmoid(f + p_f * c)
        c = f * c + i * activation(g)
        return i, f, ops.sigmoid(o + p_o * c), c

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next output and the next cell state."""
        *_, o, c = self._gates_and_cell_state(projected, states, weights, activation, mask)
        return o * activation(c), c


CELL = PeepholeLSTMCell()
