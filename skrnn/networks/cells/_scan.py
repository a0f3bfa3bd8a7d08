r"""Cells that run as parallel scans: the base class, and the loop over all time steps at once.

The recurrence of these cells is linear in the state and has no product with a recurrent kernel,

.. math::

    h_t = a_t \odot h_{t-1} + b_t,

so that :math:`a_t` and :math:`b_t` are computed for all time steps before the recurrence, and the
outputs are computed after it. The recurrence itself is `linear_recurrence` of the backend, which
has a hand-written gradient.
"""

from keras import ops

from skrnn.networks.cells._cell import Cell
from skrnn.networks.cells._inputs import prepare_loop


class ScanCell(Cell):
    """Description of a cell with a linear recurrence, whose coefficients depend on the input.

    In `coefficients` and `run`, arrays have the shape (batch, ...) for one time step, or
    (T, batch, ...) for all of them.
    """

    default_activation = "linear"
    penalized = ("kernel",)

    def weight_shapes(self, n_features, units):
        """Return the shapes of the weights, without a recurrent kernel."""
        shapes = super().weight_shapes(n_features, units)
        del shapes["recurrent_kernel"]
        return shapes

    def coefficients(self, projected, weights, activation):
        """Return the coefficients a and b of the recurrence.

        Parameters
        ----------
        projected : tensor of shape (..., n_gates * units)
            The projected input.
        weights : dict of str to tensor
        activation : callable

        Returns
        -------
        a, b : tensor of shape (..., units)
        """
        raise NotImplementedError

    def run(self, projected, states, weights, activation, recurrence):
        """Run all time steps.

        Parameters
        ----------
        projected : tensor of shape (T, batch, n_gates * units)
        states : sequence of tensor of shape (batch, units)
            The states before the first time step.
        weights : dict of str to tensor
        activation : callable
        recurrence : callable
            `linear_recurrence` of a backend.

        Returns
        -------
        outputs : tensor of shape (T, batch, units)
        states : list of tensor of shape (batch, units)
            The states after the last time step.
        """
        a, b = self.coefficients(projected, weights, activation)
        outputs = recurrence(a, b, states[0])
        return outputs, [outputs[-1]]

    def step(self, projected, states, weights, activation=ops.tanh, mask=None):
        """Return the next state; there is no recurrent product, and so no mask."""
        a, b = self.coefficients(projected, weights, activation)
        return (a * states[0] + b,)


def run_scan(cell, recurrence, steps, mask, weights, initial_states=None, *, activation=None):
    """Run a scan cell over all time steps.

    Parameters
    ----------
    cell : ScanCell
    recurrence : callable
        `linear_recurrence` of a backend.
    steps, mask, weights, initial_states, activation
        As in `run_steps`.

    Returns
    -------
    outputs : tensor of shape (batch, T, units)
    states : list of tensor of shape (batch, units)
        The states after the last time step.
    """
    projected, states, weights, activation = prepare_loop(
        cell, steps, mask, weights, initial_states, activation, time_major=True
    )
    outputs, states = cell.run(projected, states, weights, activation, recurrence)
    return ops.swapaxes(outputs, 0, 1), states
