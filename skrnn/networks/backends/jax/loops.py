"""The time loops of recurrent layers in JAX, with gradients written by hand.

Each step keeps what its gradient needs, gates above all, and the way back adds up the weights'
gradients as it goes. On a CPU the input is multiplied by the kernel inside the loop too: what is
spared in products by doing all steps at once is lost in memory that is written and read again.
"""

from functools import partial

import jax
import jax.numpy as jnp
import keras

__all__ = ["has_fast_loop", "run_loop"]


def has_fast_loop(kind):
    """Whether `run_loop` is the fastest way through the layer."""
    # On a GPU Keras runs cuDNN's LSTM, which JAX has in float32 alone.
    return kind != "LSTM" or jax.default_backend() != "gpu" or jax.config.jax_enable_x64


def run_loop(kind, steps, mask, kernel, recurrent_kernel, bias):
    """Run a loop of ours; on a CPU the input is multiplied inside it."""
    weights = kernel, recurrent_kernel, bias
    kernel, recurrent, bias = (keras.ops.convert_to_tensor(weight) for weight in weights)
    bias, recurrent_bias = bias if kind == "GRU" else (bias, None)
    if steps.ndim == 2:
        x = kernel[steps]
        if mask is not None:
            x *= mask[:, :, None]
    else:
        x = steps if mask is None else steps * mask[:, None]
    x = jnp.swapaxes(x, 0, 1)
    if steps.ndim == 2:
        x, kernel = x + bias, None
    elif jax.default_backend() == "cpu":
        x = jnp.concatenate([x, jnp.ones_like(x[:, :, :1])], axis=2)
        kernel = jnp.concatenate([kernel, bias[None]])
    else:
        x, kernel = x @ kernel + bias, None
    outputs, states = _loop(kind, x, kernel, recurrent, recurrent_bias)
    return jnp.swapaxes(outputs, 0, 1), list(states)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _loop(kind, x, kernel, recurrent, bias):
    """Run a recurrent layer.

    Parameters
    ----------
    kind : str
    x : array of shape (T, batch, features), or (T, batch, gates * units) without a kernel
    kernel : array of shape (features, gates * units) or None
        None: `x` is multiplied by it already.
    recurrent : array of shape (units, gates * units)
    bias : array of shape (gates * units,) or None
        That of the recurrent product, where it has one of its own.

    Returns
    -------
    outputs : array of shape (T, batch, units)
    states : tuple of array of shape (batch, units)
    """
    return _loop_forward(kind, x, kernel, recurrent, bias)[0]


def _loop_forward(kind, x, kernel, recurrent, bias):
    def body(states, x):
        projected = x if kernel is None else x @ kernel
        new, saved = _FORWARD[kind](projected, states, recurrent, bias)
        return new, (new[0], states, saved)

    zeros = jnp.zeros((x.shape[1], len(recurrent)), x.dtype)
    first = (zeros, zeros) if kind == "LSTM" else (zeros,)
    last, (outputs, before, saved) = jax.lax.scan(body, first, x)
    return (outputs, last), (x, kernel, recurrent, bias, before, saved)


def _loop_backward(kind, residuals, cotangents):
    x, kernel, recurrent, bias, before, saved = residuals
    d_outputs, d_last = cotangents

    def body(carried, at):
        d_states, d_weights = carried
        d_output, x, before, saved = at
        d_states = d_states[0] + d_output, *d_states[1:]
        d_states, d, d_recurrent, d_bias = _BACKWARD[kind](d_states, before, saved, recurrent)
        d_kernel = None if kernel is None else x.T @ d
        d_weights = jax.tree.map(jnp.add, d_weights, (d_kernel, d_recurrent, d_bias))
        return (d_states, d_weights), d

    nothing = jax.tree.map(jnp.zeros_like, (kernel, recurrent, bias))
    (_, d_weights), d = jax.lax.scan(
        body, (d_last, nothing), (d_outputs, x, before, saved), reverse=True
    )
    return d if kernel is None else d @ kernel.T, *d_weights


_loop.defvjp(_loop_forward, _loop_backward)


# --- cells ------------------------------------------------------------------------------------

# Forward: from the projected input, the states before and the recurrent weights to the states
# after, the first of which is the output, and to what the way back needs. Backward: from the
# gradient by the states after to those by the states before, the projected input, the recurrent
# kernel and the recurrent product's bias.


def _sigmoid(x):
    # By far faster than by way of the exponential function.
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def _simple_forward(x, states, recurrent, _):
    h = jnp.tanh(x + states[0] @ recurrent)
    return (h,), (h,)


def _simple_backward(d_states, before, saved, recurrent):
    d = d_states[0] * (1 - saved[0] ** 2)
    return (d @ recurrent.T,), d, before[0].T @ d, None


def _lstm_forward(x, states, recurrent, _):
    h, c = states
    i, f, g, o = jnp.split(x + h @ recurrent, 4, axis=1)
    i, f, g, o = _sigmoid(i), _sigmoid(f), jnp.tanh(g), _sigmoid(o)
    c = f * c + i * g
    tanh_c = jnp.tanh(c)
    return (o * tanh_c, c), (i, f, g, o, tanh_c)


def _lstm_backward(d_states, before, saved, recurrent):
    d_h, d_c = d_states
    h, c = before
    i, f, g, o, tanh_c = saved
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_gates = (
        d_c * g * i * (1 - i),
        d_c * c * f * (1 - f),
        d_c * i * (1 - g**2),
        d_h * tanh_c * o * (1 - o),
    )
    d = jnp.concatenate(d_gates, axis=1)
    return (d @ recurrent.T, d_c * f), d, h.T @ d, None


def _gru_forward(x, states, recurrent, bias):
    [h] = states
    x_z, x_r, x_h = jnp.split(x, 3, axis=1)
    h_z, h_r, h_h = jnp.split(h @ recurrent + bias, 3, axis=1)
    z, r = _sigmoid(x_z + h_z), _sigmoid(x_r + h_r)
    candidate = jnp.tanh(x_h + r * h_h)
    return (z * h + (1 - z) * candidate,), (z, r, candidate, h_h)


def _gru_backward(d_states, before, saved, recurrent):
    [d_h], [h] = d_states, before
    z, r, candidate, h_h = saved
    d_z = d_h * (h - candidate) * z * (1 - z)
    d_candidate = d_h * (1 - z) * (1 - candidate**2)
    d_r = d_candidate * h_h * r * (1 - r)
    d = jnp.concatenate([d_z, d_r, d_candidate], axis=1)
    d_product = jnp.concatenate([d_z, d_r, d_candidate * r], axis=1)
    return (d_h * z + d_product @ recurrent.T,), d, h.T @ d_product, d_product.sum(axis=0)


def _reset_before_forward(x, states, recurrent, _):
    [h] = states
    n = 2 * h.shape[1]
    z, r = jnp.split(_sigmoid(x[:, :n] + h @ recurrent[:, :n]), 2, axis=1)
    candidate = jnp.tanh(x[:, n:] + (r * h) @ recurrent[:, n:])
    return (z * h + (1 - z) * candidate,), (z, r, candidate)


def _reset_before_backward(d_states, before, saved, recurrent):
    [d_h], [h] = d_states, before
    z, r, candidate = saved
    n = 2 * h.shape[1]
    d_candidate = d_h * (1 - z) * (1 - candidate**2)
    d_reset = d_candidate @ recurrent[:, n:].T
    d_z, d_r = d_h * (h - candidate) * z * (1 - z), d_reset * h * r * (1 - r)
    d_gates = jnp.concatenate([d_z, d_r], axis=1)
    d_h = d_h * z + d_reset * r + d_gates @ recurrent[:, :n].T
    d_recurrent = jnp.concatenate([h.T @ d_gates, (r * h).T @ d_candidate], axis=1)
    return (d_h,), jnp.concatenate([d_gates, d_candidate], axis=1), d_recurrent, None


_FORWARD = {
    "SimpleRNN": _simple_forward,
    "LSTM": _lstm_forward,
    "GRU": _gru_forward,
    "GRUResetBefore": _reset_before_forward,
}
_BACKWARD = {
    "SimpleRNN": _simple_backward,
    "LSTM": _lstm_backward,
    "GRU": _gru_backward,
    "GRUResetBefore": _reset_before_backward,
}
