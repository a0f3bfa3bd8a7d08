"""The time loop that runs any cell on any backend, with gradients by automatic differentiation."""

from keras import ops

from skrnn.networks.cells._inputs import prepare_loop


def run_steps(
    cell, steps, mask, weights, initial_states=None, *, activation=None, recurrent_mask=None
):
    """Run a cell over all time steps.

    Parameters
    ----------
    cell : Cell
    steps : tensor of shape (batch, T, n_features), or of int and shape (batch, T)
        Integer codes stand for one-hot vectors.
    mask : tensor of shape (batch, n_features), or (batch, T) for codes, or None
        The mask of dropout, which multiplies the input of each time step.
    weights : dict of str to tensor
    initial_states : sequence of tensor of shape (batch, units) or None
        If None, states are zero before the first time step.
    activation : callable or None
        If None, the default activation of the cell is used.
    recurrent_mask : tensor of shape (batch, units) or None
        The mask of recurrent dropout; see `mask` in `Cell.step`.

    Returns
    -------
    outputs : tensor of shape (batch, T, units)
    states : list of tensor of shape (batch, units)
        The states after the last time step.
    """
    projected, states, weights, activation = prepare_loop(
        cell, steps, mask, weights, initial_states, activation
    )

    def step(states, projected):
        states = cell.step(projected, states, weights, activation, recurrent_mask)
        # On TensorFlow, the results of `scan` must have the same structure as the states.
        return states, states

    states, all_states = ops.scan(step, states, ops.swapaxes(projected, 0, 1))
    return ops.swapaxes(all_states[0], 0, 1), list(states)
