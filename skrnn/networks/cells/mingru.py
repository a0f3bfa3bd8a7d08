r"""The minimal GRU that runs as a parallel scan (minGRU).

.. math::

    z_t &= \sigma(W_z x_t + b_z) \\
    \tilde h_t &= \phi(W_h x_t + b_h) \\
    h_t &= (1 - z_t) \odot h_{t-1} + z_t \odot \tilde h_t

L. Feng, F. Tung, M. O. Ahmed, Y. Bengio, H. Hajimirsadeghi, "Were RNNs all we needed?",
arXiv:2410.01201, 2024, section 3.1. The gate and the candidate depend on the input alone, and the
activation :math:`\phi` of the published equation is the identity. This is not the form in log-space
of the paper's appendix, whose candidates are positive.
"""

from types import MappingProxyType

from keras import ops

from skrnn.networks.cells._scan import ScanCell


class MinGRUCell(ScanCell):
    """The GRU whose update gate and candidate depend on the input alone."""

    gates = ("update", "candidate")
    memory_gates = MappingProxyType({"update": -1})

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the value of the update gate."""
        return {"update": ops.sigmoid(ops.split(projected, 2, axis=-1)[0])}

    def coefficients(self, projected, weights, activation):
        """Return the factor of the previous state, and the gated candidate."""
        z, candidate = ops.split(projected, 2, axis=-1)
        z = ops.sigmoid(z)
        return 1 - z, z * activation(candidate)


CELL = MinGRUCell()
