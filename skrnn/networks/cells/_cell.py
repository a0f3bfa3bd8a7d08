"""The base class of recurrent cells: the interface, the weights and their initial values."""

from types import MappingProxyType

import numpy as np
from keras import ops

# A number whose sigmoid is 1 in float64, and that of its negative 0.
_SATURATING = 1000.0


class Cell:
    r"""Description of a recurrent cell.

    From its input :math:`x_t` and its states, the first of which is its output :math:`h_t`, a cell
    computes the next states at each time step. The input enters only through the projection
    :math:`W x_t + b`, which is computed for all time steps before the loop; for a one-hot vector,
    given as an integer code, it is a row of :math:`W`.

    Attributes
    ----------
    gates : tuple of str
        Names of the gates, in the order of their columns in the kernels and in the bias.
    n_states : int
        Number of states of shape (batch, units).
    memory_gates : dict of str to {1, -1}
        The gates that decide for how many time steps a state is kept: 1 if the state is kept when
        the gate is open, -1 if it is kept when the gate is closed. Empty if the cell has no gates.
    bias_initializer : {"default", "uniform_gate"}
        How the initial biases of the memory gates are drawn if the `bias_initializer` of an
        estimator is "default".
    penalized : tuple of str
        Names of the weights that the L2 penalty includes.
    default_activation : str
        The activation of the published equation, which networks use unless they receive another
        one. For an estimator, it is listed in `skrnn._specs.DEFAULT_ACTIVATIONS` unless it is
        "tanh".
    keras_layer : str or None
        Name of the layer in `keras.layers` with the same equation and the same weights. None if
        Keras has no such layer.
    keras_options : dict
        The arguments with which the layer in Keras has this equation, if there are any.
    """

    gates = ()
    n_states = 1
    memory_gates = MappingProxyType({})
    bias_initializer = "default"
    penalized = ("kernel", "recurrent_kernel")
    default_activation = "tanh"
    keras_layer = None
    keras_options = MappingProxyType({})

    def weight_shapes(self, n_features, units):
        """Return the shapes of the weights by name, in the order in which Keras stores them."""
        n_columns = len(self.gates) * units
        return {
            "kernel": (n_features, n_columns),
            "recurrent_kernel": (units, n_columns),
            "bias": (n_columns,),
        }

    def n_units(self, weights):
        """Return the number of units of a layer, given its weights by name."""
        return weights["bias"].shape[-1] // len(self.gates)

    def initial_weights(self, shapes, rng):
        """Draw the initial values of all weights of a layer.

        Parameters
        ----------
        shapes : dict of str to tuple of int
            The shapes of the weights by name, as `weight_shapes` returns them.
        rng : numpy.random.Generator

        Returns
        -------
        dict of str to ndarray
        """
        return {name: self.initial_weight(name, shape, rng) for name, shape in shapes.items()}

    def initial_weight(self, name, shape, rng):
        """Draw the initial value of a weight.

        Kernels are uniform (Glorot and Bengio, 2010), recurrent kernels are orthogonal (Saxe et
        al., 2014), and biases are zero.

        Parameters
        ----------
        name : str
            A key of `weight_shapes`.
        shape : tuple of int
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of shape `shape`
        """
        if name == "kernel":
            return glorot_uniform(shape, rng)
        return orthogonal(shape, rng) if name == "recurrent_kernel" else np.zeros(shape)

    def holding_row(self, units):
        """Return what added to the projected input holds the states of memory.

        It opens or closes the gates of memory completely, in any dtype.

        Parameters
        ----------
        units : int

        Returns
        -------
        ndarray of shape (1, n_gates * units)
        """
        signs = [self.memory_gates.get(gate, 0) for gate in self.gates]
        return np.repeat(_SATURATING * np.array(signs, dtype=float), units)[None]

    def input_bias(self, bias):
        """Return the part of the bias that is added to the projected input."""
        return bias

    def gate_values(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the values of the gates, after the sigmoid, by name.

        Parameters
        ----------
        projected, states, weights, activation, mask : as in `step`

        Returns
        -------
        dict of str to tensor of shape (batch, units)
            It is empty if the cell has no gates.
        """
        return {}

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Run one time step.

        Parameters
        ----------
        projected : tensor of shape (batch, n_gates * units)
            The projected input.
        states : tuple of tensor of shape (batch, units)
        weights : dict of str to tensor
            The weights by name, with the keys of `weight_shapes`.
        activation : callable, default=keras.ops.tanh
            The function that replaces the hyperbolic tangent. Gates always use the sigmoid.
        mask : tensor of shape (batch, units) or None
            The mask of recurrent dropout, which multiplies the output of the previous time step
            before the recurrent product.

        Returns
        -------
        tuple of tensor of shape (batch, units)
            The next states.
        """
        raise NotImplementedError


def recurrent_product(h, weights, mask):
    """Return the product of the previous output, after dropout, with the recurrent kernel."""
    return ops.matmul(h if mask is None else h * mask, weights["recurrent_kernel"])


def glorot_uniform(shape, rng):
    """Draw a kernel from the uniform distribution of Glorot and Bengio (2010)."""
    limit = np.sqrt(6 / sum(shape))
    return rng.uniform(-limit, limit, shape)


def orthogonal(shape, rng):
    """Draw a matrix of orthonormal rows (Saxe et al., 2014)."""
    q, r = np.linalg.qr(rng.standard_normal(shape[::-1]))
    return (q * np.sign(np.diag(r))).T
