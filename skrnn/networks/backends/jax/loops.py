"""The time loops of recurrent layers in JAX, with hand-written gradients.

On a CPU, each step of the forward pass saves the values that its gradient needs, above all the
gates, and the backward pass sums the gradients of the weights as it runs. The input is also
multiplied by the kernel inside the loop, or its code selects a row of the kernel there. One product
for all time steps would be faster in itself, but its result would have to be written to memory and
read again. The rows of all codes and their gradients would take much memory. The loops of a GPU are
those of `gpu_loops`.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import jax
import jax.numpy as jnp
import keras

from skrnn.networks.backends.jax import gpu_loops
from skrnn.networks.backends.jax.cells import CELLS
from skrnn.networks.backends.jax.refine_cells import REFINE_CELLS
from skrnn.networks.cells import get_cell

_CELLS = {**CELLS, **REFINE_CELLS}
# On a GPU, cuDNN is faster for states with more numbers than this. On one H200, an update over
# 1,000 time steps took 33 ms with cuDNN's LSTM of 128 units and batches of 64, and 11 ms with the
# loop of the GRU. With 512 units and batches of 512, they took 58 and 55 ms, and an LSTM has a gate
# more than a GRU.
_MOST_NUMBERS = 2**17
_without_cudnn = ContextVar("without_cudnn", default=False)


@contextmanager
def own_loops():
    """Use `run_loop` for all cells that it has, as `jax.vmap` cannot run cuDNN's LSTM."""
    before = _without_cudnn.set(True)
    try:
        yield
    finally:
        _without_cudnn.reset(before)


def has_fast_loop(cell, n_rows=None, units=None):
    """Return whether `run_loop` is the fastest way to run the cell."""
    # On a GPU, Keras runs the LSTM of cuDNN, which JAX has only in float32.
    on_gpu = jax.default_backend() == "gpu" and not jax.config.jax_enable_x64
    is_large = n_rows is not None and n_rows * units > _MOST_NUMBERS
    cudnn = cell == "lstm" and on_gpu and is_large and not _without_cudnn.get()
    return cell in _CELLS and not cudnn


def _on_cpu():
    """Return whether to trace the loops of a CPU, not those of a GPU."""
    return jax.default_backend() == "cpu"


def run_loop(cell, steps, mask, weights, initial_states=None):
    """Run a layer, in the loop of the device."""
    weights = {name: keras.ops.convert_to_tensor(weight) for name, weight in weights.items()}
    kernel, recurrent = weights["kernel"], _CELLS[cell].recurrent(weights)
    bias, recurrent_bias = _CELLS[cell].split_bias(weights["bias"])
    if initial_states is None:
        description = get_cell(cell)
        zeros = jnp.zeros((len(steps), description.n_units(weights)), bias.dtype)
        initial_states = [zeros] * description.n_states
    others = recurrent, recurrent_bias, tuple(initial_states)
    if _on_cpu():
        outputs, states = _loop(cell, *_inputs(steps, mask, kernel, bias), *others)
    else:
        x = _projected_inputs(steps, mask, kernel, bias)
        outputs, states = gpu_loops.run(_CELLS[cell], x, *others)
    return jnp.swapaxes(outputs, 0, 1), list(states)


def _inputs(steps, mask, kernel, bias):
    """Return the inputs of the loop, time first, and the kernel; see `_loop`."""
    if steps.ndim == 2:
        return (steps.T, _factors(steps, mask, kernel).T), (kernel, bias)
    x = _time_first(steps, mask)
    x = jnp.concatenate([x, jnp.ones_like(x[:, :, :1])], axis=2)
    return x, jnp.concatenate([kernel, bias[None]])


def _projected_inputs(steps, mask, kernel, bias):
    """Return the projected inputs of all time steps, time first."""
    if steps.ndim == 2:
        rows = kernel[steps] * _factors(steps, mask, kernel)[:, :, None]
        return jnp.swapaxes(rows, 0, 1) + bias
    return _time_first(steps, mask) @ kernel + bias


def _factors(steps, mask, kernel):
    """Return the factors of the rows of the kernel that codes select."""
    return jnp.ones(steps.shape, kernel.dtype) if mask is None else mask


def _time_first(steps, mask):
    return jnp.swapaxes(steps if mask is None else steps * mask[:, None], 0, 1)


def _projected(x, kernel):
    """Return the projected input of a time step."""
    if isinstance(kernel, tuple):
        (codes, factors), (rows, bias) = x, kernel
        return rows[codes] * factors[:, None] + bias
    return x @ kernel


def _with_step(d_kernel, x, d):
    """Return the gradient of the kernel, to which that of one more time step is added."""
    if isinstance(d_kernel, tuple):
        (codes, factors), (d_rows, d_bias) = x, d_kernel
        return d_rows.at[codes].add(d * factors[:, None]), d_bias + d.sum(0)
    return d_kernel + x.T @ d


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _loop(cell, x, kernel, recurrent, bias, initial_states):
    """Run a recurrent layer.

    Parameters
    ----------
    cell : str
    x : array of shape (T, batch, features)
        For one-hot vectors, their codes (T, batch) and the factors (T, batch) of their rows.
    kernel : array of shape (features, gates * units)
        For codes, the kernel and the bias of the input.
    recurrent, bias, initial_states : as for `gpu_loops.run`

    Returns
    -------
    outputs, states : as for `gpu_loops.run`
    """
    return _loop_forward(cell, x, kernel, recurrent, bias, initial_states)[0]


def _loop_forward(cell, x, kernel, recurrent, bias, initial_states):
    def step(states, x):
        new, gates = _CELLS[cell].forward(_projected(x, kernel), states, recurrent, bias)
        return new, (new[0], states, _CELLS[cell].saved(new, gates))

    last, (outputs, before, saved) = jax.lax.scan(step, initial_states, x)
    return (outputs, last), (x, kernel, recurrent, bias, before, saved)


def _loop_backward(cell, residuals, cotangents):
    x, kernel, recurrent, bias, before, saved = residuals
    d_outputs, d_last = cotangents

    def step(carried, inputs):
        d_states, d_weights = carried
        d_output, x, before, saved = inputs
        d_states = d_states[0] + d_output, *d_states[1:]
        d_states, d = _CELLS[cell].backward(d_states, before, saved, recurrent)
        d_inside = list(_CELLS[cell].weights(before, saved, d))
        d_kernel, *d_others = d_weights
        d_others = jax.tree.map(jnp.add, d_others, d_inside)
        d_kernel = _with_step(d_kernel, x, d)
        # Codes have no gradient.
        d = None if isinstance(kernel, tuple) else d
        return (d_states, (d_kernel, *d_others)), d

    nothing = jax.tree.map(jnp.zeros_like, (kernel, recurrent, bias))
    (d_initial, d_weights), d = jax.lax.scan(
        step, (d_last, nothing), (d_outputs, x, before, saved), reverse=True
    )
    d_x = None if d is None else d @ kernel.T
    return d_x, *d_weights, d_initial


_loop.defvjp(_loop_forward, _loop_backward)
