r"""The independently recurrent unit, which receives only its own previous output.

.. math::

    h_t = \max(0, W x_t + u \odot h_{t-1} + b)

S. Li et al., "Independently recurrent neural network (IndRNN): building a longer and deeper RNN",
CVPR 2018. The recurrent weights :math:`u` are a vector. The units of a layer exchange information
only in the layer above, so two or more stacked layers are usual.
"""

from keras import ops

from skrnn.networks.cells._cell import Cell


class IndRNNCell(Cell):
    """The independently recurrent unit.

    The recurrent weights are drawn from the uniform distribution between 0 and 1. In the paper, the
    upper end is the T-th root of 2 for sequences of T time steps, which tends to 1 as T grows.
    """

    gates = ("candidate",)
    default_activation = "relu"

    def weight_shapes(self, n_features, units):
        """Return the shapes of the weights; the recurrent weights are a vector."""
        return {**super().weight_shapes(n_features, units), "recurrent_kernel": (units,)}

    def initial_weight(self, name, shape, rng):
        """Draw the initial value of a weight."""
        if name == "recurrent_kernel":
            return rng.uniform(0, 1, shape)
        return super().initial_weight(name, shape, rng)

    def step(self, projected, states, weights, activation=ops.relu, mask=None):
        """Return the next state."""
        (h,) = states
        before = h if mask is None else h * mask
        return (activation(projected + weights["recurrent_kernel"] * before),)


CELL = IndRNNCell()
