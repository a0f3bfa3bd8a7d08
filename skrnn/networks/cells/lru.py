r"""The linear recurrent unit, with a complex diagonal recurrence.

.. math::

    \lambda &= \exp(-\exp(\nu) + i \exp(\theta)) \\
    h_t &= \lambda \odot h_{t-1} + \exp(\gamma) \odot (B x_t) \\
    y_t &= \phi(\operatorname{Re}(C h_t) + D x_t)

A. Orvieto, S. L. Smith, A. Gu, A. Fernando, C. Gulcehre, R. Pascanu, S. De, "Resurrecting recurrent
neural networks for long sequences", ICML 2023, arXiv:2303.06349, section 3 and appendix A. There,
each layer of linear recurrences is followed by a gated nonlinear layer. Here, the activation
:math:`\phi`, by default ReLU, takes its place. Without a nonlinear function, a stack of layers
would be linear as a whole. If :math:`\phi` is the identity, the layer is the published one.
:math:`D` is a matrix, because the numbers of inputs and units may differ. There are as many complex
states as units.
"""

import numpy as np
from keras import ops

from skrnn.networks.cells._scan import ScanCell

# The ring on which the initial values of lambda lie, and their largest phase. The phases are in a
# thin slice, as the paper proposes for long sequences, because units with larger phases do not sum
# their inputs over time.
R_MIN, R_MAX, MAX_PHASE = 0.9, 0.999, np.pi / 10


class LRUCell(ScanCell):
    """The linear recurrent unit.

    Complex numbers are stored as their real and imaginary parts. The columns of the kernel are the
    real part of B, its imaginary part, and D. The rows of the output kernel are the real part of C
    and its negated imaginary part. The states are the output, which the next time step does not
    use, and both parts of h.
    """

    gates = ("input_real", "input_imag", "skip")
    n_states = 3
    default_activation = "relu"
    penalized = ("kernel", "output_kernel")

    def weight_shapes(self, n_features, units):
        """Return the shapes of the weights, with those of the logarithms nu, theta and gamma."""
        return {
            "kernel": (n_features, 3 * units),
            "nu_log": (units,),
            "theta_log": (units,),
            "gamma_log": (units,),
            "output_kernel": (2 * units, units),
        }

    def n_units(self, weights):
        """Return the number of units of a layer, given its weights by name."""
        return weights["nu_log"].shape[0]

    def initial_weights(self, shapes, rng):
        r"""Draw the initial values as in appendix A of the paper.

        Lambda is uniform on the ring between `R_MIN` and `R_MAX`, with phases below `MAX_PHASE`,
        and :math:`\exp(\gamma) = \sqrt{1 - |\lambda|^2}` normalizes the size of the state. The
        matrices are normal, with variances that keep the scale of the vectors that they multiply.
        """
        weights = super().initial_weights(shapes, rng)
        weights["gamma_log"] = 0.5 * np.log(1 - np.exp(-2 * np.exp(weights["nu_log"])))
        return weights

    def initial_weight(self, name, shape, rng):
        """Draw the initial value of a weight; gamma, which follows from nu, is zero here."""
        if name == "kernel":
            parts = rng.standard_normal((3, shape[0], shape[1] // 3)) / np.sqrt(shape[0])
            return np.hstack([parts[0] / np.sqrt(2), parts[1] / np.sqrt(2), parts[2]])
        if name == "output_kernel":
            return rng.standard_normal(shape) / np.sqrt(shape[1])
        if name == "nu_log":
            squared = rng.uniform(R_MIN**2, R_MAX**2, shape)
            return np.log(-0.5 * np.log(squared))
        if name == "theta_log":
            # A uniform number in (0, 1], whose logarithm is finite.
            return np.log(MAX_PHASE * (1 - rng.uniform(size=shape)))
        return np.zeros(shape)

    def coefficients(self, projected, weights, activation):
        """Return lambda and the normalized input, each as its real and its imaginary part."""
        real, imag, _ = ops.split(projected, 3, axis=-1)
        size = ops.exp(-ops.exp(weights["nu_log"]))
        phase, gamma = ops.exp(weights["theta_log"]), ops.exp(weights["gamma_log"])
        return (size * ops.cos(phase), size * ops.sin(phase)), (gamma * real, gamma * imag)

    def run(self, projected, states, weights, activation, recurrence):
        """Run all time steps; see `ScanCell.run`."""
        a, b = self.coefficients(projected, weights, activation)
        real, imag = recurrence(a, b, tuple(states[1:]))
        outputs = self._output(real, imag, projected, weights, activation)
        return outputs, [outputs[-1], real[-1], imag[-1]]

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next output, and both parts of the next h."""
        (a_real, a_imag), (b_real, b_imag) = self.coefficients(projected, weights, activation)
        _, real, imag = states
        real, imag = a_real * real - a_imag * imag + b_real, a_real * imag + a_imag * real + b_imag
        return self._output(real, imag, projected, weights, activation), real, imag

    def _output(self, real, imag, projected, weights, activation):
        skip = ops.split(projected, 3, axis=-1)[2]
        product = ops.matmul(ops.concatenate([real, imag], axis=-1), weights["output_kernel"])
        return activation(product + skip)


CELL = LRUCell()
