"""Recurrent layers as time loops whose states can be recorded and shifted.

The layers of a network return their outputs and use fast loops with hand-written gradients. To look
inside a layer, the equation of its cell is run here, step by step, on any backend.

The gradient with respect to a shift of zero is the gradient with respect to a state: a shift is
added to the state after its time step, so it reaches the output at this time step and, through the
recurrence, all later time steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import ops

from skrnn.networks.architecture.layers import weights_and_activation
from skrnn.networks.cells import get_cell, project_inputs


@dataclass(frozen=True)
class TimeLoop:
    """The time loop of a recurrent layer.

    Parameters
    ----------
    project : callable
        A function of the time steps, of shape (batch, T, n_features), which returns the inputs of
        the cell, of shape (batch, T, any).
    step : callable
        A function of the input at a time step and the tuple of states, which returns the tuple of
        the next states. The first one is the output.
    first_states : callable
        A function of the number of sequences, which returns the states before the first time step.
    gate_values : callable or None
        A function of an input and the states before it, which returns the values of the gates by
        name. None if the cell is custom.
    """

    project: Callable
    step: Callable
    first_states: Callable
    gate_values: Callable | None = None

    def run(self, steps, shifts=None):
        """Run the loop.

        Parameters
        ----------
        steps : tensor of shape (batch, T, n_features)
        shifts : list of tensor of shape (batch, T, units), or None
            What is added to each state after each time step. If None, nothing is added.

        Returns
        -------
        list of tensor of shape (batch, T, units)
            The states after all time steps.
        """
        inputs = self.project(steps), *(shifts or ())

        def one_step(states, now):
            states = self.step(now[0], states)
            if shifts is not None:
                states = [state + shift for state, shift in zip(states, now[1:], strict=True)]
            # On TensorFlow, the results of `scan` must have the same structure as the states.
            return tuple(states), tuple(states)

        over_time = tuple(ops.swapaxes(one, 0, 1) for one in inputs)
        _, states = ops.scan(one_step, tuple(self.first_states(steps.shape[0])), over_time)
        return [ops.swapaxes(state, 0, 1) for state in states]

    def gates(self, steps, states):
        """Return the values of the gates at all time steps, by name.

        Parameters
        ----------
        steps : tensor of shape (batch, T, n_features)
        states : list of tensor of shape (batch, T, units)
            The states that `run` returned.

        Returns
        -------
        dict of str to tensor of shape (batch, T, units)
        """
        batch, n_steps = steps.shape[:2]
        first = self.first_states(batch)
        before = [
            ops.concatenate([ops.expand_dims(one, 1), state[:, :-1]], axis=1)
            for one, state in zip(first, states, strict=True)
        ]
        flat = [ops.reshape(one, (batch * n_steps, -1)) for one in (self.project(steps), *before)]
        values = self.gate_values(flat[0], tuple(flat[1:]))
        return {name: ops.reshape(one, (batch, n_steps, -1)) for name, one in values.items()}


def loop_of(layer, steps):
    """Return the time loop of a recurrent layer of a network for given time steps.

    Parameters
    ----------
    layer : keras.layers.Layer
    steps : tensor of shape (batch, T, n_features)

    Returns
    -------
    TimeLoop
    """
    if hasattr(layer, "cell_name"):
        return _loop_of_described_cell(layer)
    return _loop_of_custom_cell(layer, steps)


def _loop_of_described_cell(layer):
    cell, dtype = get_cell(layer.cell_name), layer.compute_dtype
    weights, activation = weights_and_activation(layer, cell)

    def step(projected, states):
        return cell.step(projected, states, weights, activation)

    def first_states(n):
        return [ops.zeros((n, layer.units), dtype)] * cell.n_states

    def gate_values(projected, states):
        return cell.gate_values(projected, states, weights, activation)

    return TimeLoop(
        lambda steps: project_inputs(cell, steps, None, weights), step, first_states, gate_values
    )


def _loop_of_custom_cell(layer, steps):
    """Return the time loop of a Keras cell, whose output may or may not be its first state."""

    def run_cell(inputs, states):
        output, states = layer.cell(inputs, list(states))
        return output, keras.tree.flatten(states)

    def cell_states(n):
        return keras.tree.flatten(layer.get_initial_state(n))

    output, new = run_cell(steps[:, 0], cell_states(steps.shape[0]))
    if output is new[0]:
        return TimeLoop(lambda steps: steps, lambda *now: run_cell(*now)[1], cell_states)

    def step(inputs, states):
        output, new = run_cell(inputs, states[1:])
        return output, *new

    def first_states(n):
        return [ops.zeros((n, output.shape[1]), output.dtype), *cell_states(n)]

    return TimeLoop(lambda steps: steps, step, first_states)
