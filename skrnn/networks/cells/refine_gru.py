r"""The gated recurrent unit with a refine gate and uniform gate initialization (UR-GRU).

.. math::

    f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
    r_t &= \sigma(W_r x_t + U_r h_{t-1} + b_r) \\
    g_t &= r_t \odot (1 - (1 - f_t)^2) + (1 - r_t) \odot f_t^2 \\
    s_t &= \sigma(W_s x_t + U_s h_{t-1} + b_s) \\
    \tilde h_t &= \tanh(W_h x_t + b_h + s_t \odot (U_h h_{t-1})) \\
    h_t &= g_t \odot h_{t-1} + (1 - g_t) \odot \tilde h_t

A. Gu, C. Gulcehre, T. Paine, M. Hoffman, R. Pascanu, "Improving the gating mechanism of recurrent
neural networks", ICML 2020, arXiv:1910.09890. The effective gate :math:`g_t`, as in
`refine_lstm`, takes the place of the update gate of the GRU, and :math:`s_t` is the reset gate,
which multiplies the recurrent product of the candidate, as in `gru`.
"""

from types import MappingProxyType

from keras import ops

from skrnn.networks.cells._cell import Cell, recurrent_product
from skrnn.networks.cells.refine_lstm import effective_gate


class RefineGRUCell(Cell):
    """The gated recurrent unit with a refine gate."""

    gates = ("forget", "refine", "reset", "candidate")
    bias_initializer = "uniform_gate"
    memory_gates = MappingProxyType({"forget": 1, "refine": -1})

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the values of the forget gate, the refine gate and the reset gate."""
        f, r, s, *_ = self._gates_and_products(projected, states[0], weights, mask)
        return {"forget": f, "refine": r, "reset": s}

    def _gates_and_products(self, projected, h, weights, mask):
        """Return the gates, and the two products of the candidate, which s has yet to weight."""
        x_f, x_r, x_s, x_h = ops.split(projected, 4, axis=1)
        h_f, h_r, h_s, h_h = ops.split(recurrent_product(h, weights, mask), 4, axis=1)
        gates = (ops.sigmoid(x + h) for x, h in ((x_f, h_f), (x_r, h_r), (x_s, h_s)))
        return *gates, x_h, h_h

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next state."""
        (h,) = states
        f, r, s, x_h, h_h = self._gates_and_products(projected, h, weights, mask)
        g = effective_gate(f, r)
        return (g * h + (1 - g) * activation(x_h + s * h_h),)


CELL = RefineGRUCell()
