"""What a time loop computes before its first time step: projected inputs and initial states."""

from keras import activations, ops


def project_inputs(cell, steps, mask, weights, *, time_major=False):
    """Project the inputs of all time steps, as a cell receives them.

    Parameters
    ----------
    cell : Cell
    steps, mask, weights
        As in `run_steps`.
    time_major : bool, default=False
        If True, time is the first axis of the result, and not the second.

    Returns
    -------
    tensor of shape (batch, T, n_gates * units) or (T, batch, n_gates * units)
    """
    kernel, is_codes = weights["kernel"], steps.ndim == 2
    if mask is not None:
        mask = ops.expand_dims(mask, 2 if is_codes else 1)
    if time_major:
        steps = ops.swapaxes(steps, 0, 1)
        mask = None if mask is None else ops.swapaxes(mask, 0, 1)
    if is_codes:
        products = ops.take(kernel, steps, axis=0)
        products = products if mask is None else products * mask
    else:
        steps = steps if mask is None else steps * mask
        products = _product(steps, kernel) if time_major else ops.matmul(steps, kernel)
    return products + cell.input_bias(weights["bias"]) if "bias" in weights else products


def _product(steps, kernel):
    """Return a product of two matrices, which is faster than one for each time step."""
    rows = ops.matmul(ops.reshape(steps, (-1, kernel.shape[0])), kernel)
    return ops.reshape(rows, (*ops.shape(steps)[:2], kernel.shape[1]))


def prepare_loop(cell, steps, mask, weights, initial_states, activation, *, time_major=False):
    """Return the arguments of a time loop, with what is None replaced by its default.

    Parameters
    ----------
    cell, steps, mask, weights, initial_states, activation
        As in `run_steps`.
    time_major : bool, default=False
        As in `project_inputs`.

    Returns
    -------
    projected : tensor
        The projected inputs of all time steps.
    states : tuple of tensor of shape (batch, units)
    weights : dict of str to tensor
    activation : callable
    """
    weights = {name: ops.convert_to_tensor(weight) for name, weight in weights.items()}
    if activation is None:
        activation = activations.get(cell.default_activation)
    projected = project_inputs(cell, steps, mask, weights, time_major=time_major)
    if initial_states is None:
        shape = ops.shape(steps)[0], cell.n_units(weights)
        initial_states = [ops.zeros(shape, projected.dtype)] * cell.n_states
    return projected, tuple(initial_states), weights, activation
