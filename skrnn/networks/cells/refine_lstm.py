r"""Long short-term memory with a refine gate and uniform gate initialization (UR-LSTM).

.. math::

    f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
    r_t &= \sigma(W_r x_t + U_r h_{t-1} + b_r) \\
    g_t &= r_t \odot (1 - (1 - f_t)^2) + (1 - r_t) \odot f_t^2 \\
    \tilde c_t &= \tanh(W_c x_t + U_c h_{t-1} + b_c) \\
    o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o) \\
    c_t &= g_t \odot c_{t-1} + (1 - g_t) \odot \tilde c_t \\
    h_t &= o_t \odot \tanh(c_t)

A. Gu, C. Gulcehre, T. Paine, M. Hoffman, R. Pascanu, "Improving the gating mechanism of recurrent
neural networks", ICML 2020, arXiv:1910.09890. The refine gate changes the forget gate to the
effective gate :math:`g_t`, which is between :math:`f_t^2` and :math:`1 - (1 - f_t)^2`, so that it
can be close to 0 or 1 while the gradient of the forget gate is still large. The bias of the forget
gate starts at the logits of a uniform distribution, and that of the refine gate at their negatives.
"""

from types import MappingProxyType

from keras import ops

from skrnn.networks.cells._cell import Cell, recurrent_product


def effective_gate(f, r):
    """Return r * (1 - (1 - f) ** 2) + (1 - r) * f**2 of forget and refine gates, simplified."""
    return f * (f + 2 * r * (1 - f))


class RefineLSTMCell(Cell):
    """Long short-term memory with a refine gate, whose input gate is one minus the forget gate."""

    gates = ("forget", "refine", "candidate", "output")
    n_states = 2
    bias_initializer = "uniform_gate"
    memory_gates = MappingProxyType({"forget": 1, "refine": -1})

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the values of the forget gate, the refine gate and the output gate."""
        f, r, _, o = self._before_activation(projected, states[0], weights, mask)
        return {"forget": ops.sigmoid(f), "refine": ops.sigmoid(r), "output": ops.sigmoid(o)}

    def _before_activation(self, projected, h, weights, mask):
        return ops.split(projected + recurrent_product(h, weights, mask), 4, axis=1)

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next output and the next cell state."""
        h, c = states
        f, r, candidate, o = self._before_activation(projected, h, weights, mask)
        g = effective_gate(ops.sigmoid(f), ops.sigmoid(r))
        c = g * c + (1 - g) * activation(candidate)
        return ops.sigmoid(o) * activation(c), c


CELL = RefineLSTMCell()
