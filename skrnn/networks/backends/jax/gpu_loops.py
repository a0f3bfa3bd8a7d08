"""The time loops of recurrent layers in JAX on a GPU, with hand-written gradients.

A step of a small network takes a GPU less time than it takes to start the kernels of the step, and
each array that a loop reads or writes per step needs a kernel. The loop of the forward pass
therefore saves one array, which holds the states and the gates. The loop of the backward pass
computes nothing but the gradients of the projected input and of the states. The gradients of the
weights are products over all time steps, after the loop.
"""

from functools import partial

import jax
import jax.numpy as jnp

# The numbers of time steps in an iteration of a compiled loop. Each iteration has a
# fixed cost, but more time steps take longer to compile.
UNROLL = 4, 5, 6, 7, 8


def _scan(step, first, inputs, *, reverse=False):
    """Run a step for each time step; several of them are one iteration of the compiled loop."""
    n_steps = len(jax.tree.leaves(inputs)[0])
    # Time steps that are left over would be a second loop, and all arrays would be copied for it.
    dividing = [n for n in UNROLL if n_steps % n == 0]
    unroll = min(dividing, default=UNROLL[0])

    def separate_step(carried, inputs):
        # Otherwise, the kernels of a time step may compute those before it in the iteration again.
        carried, result = step(carried, inputs)
        return jax.lax.optimization_barrier(carried), result

    return jax.lax.scan(separate_step, first, inputs, reverse=reverse, unroll=unroll)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def run(steps, x, recurrent, bias, initial_states):
    """Run a recurrent layer.

    Parameters
    ----------
    steps : Steps
    x : array of shape (T, batch, gates * units)
        The projected input.
    recurrent : array, or tuple of array
        The recurrent weights of the cell.
    bias : array of shape (gates * units,) or None
        The bias of the recurrent product, or None if it does not have one.
    initial_states : tuple of array of shape (batch, units)

    Returns
    -------
    outputs : array of shape (T, batch, units)
    states : tuple of array of shape (batch, units)
    """

    def step(states, x):
        new, _ = steps.forward(x, states, recurrent, bias)
        return new, new[0]

    last, outputs = _scan(step, initial_states, x)
    return outputs, last


def _forward(steps, x, recurrent, bias, initial_states):
    def step(states, x):
        new, gates = steps.forward(x, states, recurrent, bias)
        return new, jnp.concatenate([*new, *gates], axis=1)

    last, kept = _scan(step, initial_states, x)
    outputs = kept[:, :, : initial_states[0].shape[1]]
    return (outputs, last), (recurrent, initial_states, kept)


def _backward(steps, residuals, cotangents):
    recurrent, initial_states, kept = residuals
    d_outputs, d_last = cotangents
    first = jnp.concatenate(initial_states, axis=1)[None]
    before = jnp.concatenate([first, kept[:-1, :, : first.shape[2]]])
    n_states, n_units = len(initial_states), initial_states[0].shape[1]

    def split(before, kept):
        """Return the states before the steps, and the values that the forward steps saved."""
        before = jnp.split(before, n_states, axis=1)
        parts = jnp.split(kept, kept.shape[1] // n_units, axis=1)
        return before, steps.saved(parts[:n_states], parts[n_states:])

    def step(d_states, inputs):
        d_output, *inputs = inputs
        d_states = d_states[0] + d_output, *d_states[1:]
        return steps.backward(d_states, *split(*inputs), recurrent)

    d_initial, d = _scan(step, d_last, (d_outputs, before, kept), reverse=True)
    before, kept, rows = (array.reshape(-1, array.shape[2]) for array in (before, kept, d))
    return d, *steps.weights(*split(before, kept), rows), d_initial


run.defvjp(_forward, _backward)
