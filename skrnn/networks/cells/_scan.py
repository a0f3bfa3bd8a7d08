r"""Cells that run as parallel scans: the base class, and the loop over all time steps at once.

The recurrence of these cells is linear in the state and has no product with a recurrent kernel,

.. math::

    h_t = a_t \odot h_{t-1} + b_t,

so that :math:`a_t` and :math:`b_t` are computed for all time steps before the recurrence, and the
outputs are computed after it. The recurrence itself is `linear_recurrence` of the backend, which
has a hand-written gradient.
"""

from keras import activations, ops

from skrnn.networks.cells._cell import Cell


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
    weights = {name: ops.convert_to_tensor(weight) for name, weight in weights.items()}
    if activation is None:
        activation = activations.get(cell.default_activation)
    projected = _project(cell, steps, mask, weights)
    if initial_states is None:
        shape = ops.shape(projected)[1], cell.n_units(weights)
        initial_states = [ops.zeros(shape, projected.dtype)] * cell.n_states
    outputs, states = cell.run(projected, initial_states, weights, activation, recurrence)
    return ops.swapaxes(outputs, 0, 1), states


def _project(cell, steps, mask, weights):
    """Return the projected inputs, of shape (T, batch, n_gates * units)."""
    kernel = weights["kernel"]
    if steps.ndim == 2:
        products = ops.take(kernel, ops.swapaxes(steps, 0, 1), axis=0)
        if mask is not None:
            products = products * ops.expand_dims(ops.swapaxes(mask, 0, 1), 2)
    else:
        steps = ops.swapaxes(steps if mask is None else steps * ops.expand_dims(mask, 1), 0, 1)
        # One product of two matrices is faster than one for each time step.
        rows = ops.matmul(ops.reshape(steps, (-1, kernel.shape[0])), kernel)
        products = ops.reshape(rows, (*ops.shape(steps)[:2], kernel.shape[1]))
    return products + cell.input_bias(weights["bias"]) if "bias" in weights else products
