r"""The minimal LSTM that runs as a parallel scan (minLSTM).

.. math::

    f_t &= \sigma(W_f x_t + b_f) \\
    i_t &= \sigma(W_i x_t + b_i) \\
    \tilde h_t &= \phi(W_h x_t + b_h) \\
    f'_t &= f_t / (f_t + i_t), \quad i'_t = i_t / (f_t + i_t) \\
    h_t &= f'_t \odot h_{t-1} + i'_t \odot \tilde h_t

L. Feng, F. Tung, M. O. Ahmed, Y. Bengio, H. Hajimirsadeghi, "Were RNNs all we needed?",
arXiv:2410.01201, 2024, section 3.2. The gates and the candidate depend on the input alone, and the
activation :math:`\phi` of the published equation is the identity. The two gates are divided by
their sum, so that the size of the state does not depend on the length of the sequence. This is not
the form in log-space of the paper's appendix, whose candidates are positive.
"""

from types import MappingProxyType

from keras import ops

from skrnn.networks.cells._scan import ScanCell

# If both gates are rounded to zero, their ratio and its gradient would be NaN.
_TINY = 1e-15


class MinLSTMCell(ScanCell):
    """The LSTM whose gates and candidate depend on the input alone, without an output gate."""

    gates = ("forget", "input", "candidate")
    memory_gates = MappingProxyType({"forget": 1, "input": -1})

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the forget gate and the input gate, divided by their sum."""
        kept = self.coefficients(projected, weights, activation)[0]
        return {"forget": kept, "input": 1 - kept}

    def coefficients(self, projected, weights, activation):
        """Return the normalized forget gate, and the gated candidate."""
        f, i, candidate = ops.split(projected, 3, axis=-1)
        f, i = ops.sigmoid(f) + _TINY, ops.sigmoid(i) + _TINY
        kept = f / (f + i)
        return kept, (1 - kept) * activation(candidate)


CELL = MinLSTMCell()
