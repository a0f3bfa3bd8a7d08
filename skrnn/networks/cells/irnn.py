r"""The simple recurrent unit with ReLU, whose initial recurrent kernel is the identity.

.. math::

    h_t = \max(0, W x_t + U h_{t-1} + b), \qquad U = I \text{ initially}

Q. Le, N. Jaitly, G. Hinton, "A simple way to initialize recurrent networks of rectified linear
units", arXiv:1504.00941, 2015. With :math:`U = I`, a unit adds up its inputs, and its gradient
neither vanishes nor explodes over time. In the paper, the initial :math:`W` is normal with a
standard deviation of 0.001. Here it is drawn as for the other cells, with which the network learns
the adding problem of 50 time steps in fewer epochs.
"""

import numpy as np

from skrnn.networks.cells.simple import SimpleCell


class IRNNCell(SimpleCell):
    """The simple recurrent unit with ReLU, whose initial recurrent kernel is the identity."""

    default_activation = "relu"
    keras_layer = None

    def initial_weight(self, name, shape, rng):
        """Draw the initial value of a weight; the recurrent kernel is the identity matrix."""
        if name == "recurrent_kernel":
            return np.eye(*shape)
        return super().initial_weight(name, shape, rng)


CELL = IRNNCell()
