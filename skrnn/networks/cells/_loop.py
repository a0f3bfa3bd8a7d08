"""The time loop that runs any cell on any backend, with gradients by automatic differentiation."""

from keras import activations, ops


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
    weights = {name: ops.convert_to_tensor(weight) for name, weight in weights.items()}
    if activation is None:
        activation = activations.get(cell.default_activation)
    projected = _project(cell, steps, mask, weights)
    if initial_states is None:
        shape = ops.shape(projected)[0], cell.n_units(weights)
        initial_states = [ops.zeros(shape, projected.dtype)] * cell.n_states

    def step(states, projected):
        states = cell.step(projected, states, weights, activation, recurrent_mask)
        # On TensorFlow, the results of `scan` must have the same structure as the states.
        return states, states

    states, all_states = ops.scan(step, tuple(initial_states), ops.swapaxes(projected, 0, 1))
    return ops.swapaxes(all_states[0], 0, 1), list(states)


def _project(cell, steps, mask, weights):
    """Return the projected inputs, of shape (batch, T, n_gates * units)."""
    if steps.ndim == 2:
        products = ops.take(weights["kernel"], steps, axis=0)
        products = products if mask is None else products * ops.expand_dims(mask, 2)
    else:
        steps = steps if mask is None else steps * ops.expand_dims(mask, 1)
        products = ops.matmul(steps, weights["kernel"])
    return products + cell.input_bias(weights["bias"]) if "bias" in weights else products
