r"""The simple recurrent unit of Elman (1990).

.. math::

    h_t = \tanh(W x_t + U h_{t-1} + b)

J. L. Elman, "Finding structure in time", Cognitive Science 14, 1990.
"""

from keras import ops

from skrnn.networks.cells._cell import Cell, recurrent_product


class SimpleCell(Cell):
    """The simple recurrent unit, as in `keras.layers.SimpleRNN`."""

    gates = ("candidate",)
    keras_layer = "SimpleRNN"

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next state."""
        (h,) = states
        return (activation(projected + recurrent_product(h, weights, mask)),)


CELL = SimpleCell()
