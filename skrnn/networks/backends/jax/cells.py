"""One step of each cell in JAX, forward and backward, for the time loops of `loops`.

A forward step is a function of the projected input, the states before the step, the recurrent
kernel and the bias of the recurrent product. It returns the states after the step, the first of
which is the output, and the values that the backward step needs. A backward step is a function of
the gradients of the states after the step, the states before the step, the values that the forward
step returned for it, and the recurrent kernel. It returns the gradients of the states before the
step, of the projected input, of the recurrent kernel and of the recurrent bias.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp


class Steps(NamedTuple):
    """The steps of a cell, and the function that splits its bias in two.

    The first part is added to the projected input, the second one (or None) to the recurrent
    product.
    """

    forward: Callable
    backward: Callable
    split_bias: Callable = lambda bias: (bias, None)


def _sigmoid(x):
    # The hyperbolic tangent is much faster than the exponential function.
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


def _minimal_gru_forward(x, states, recurrent, _):
    [h] = states
    u, candidate = jnp.split(x + h @ recurrent, 2, axis=1)
    u, candidate = _sigmoid(u), jnp.tanh(candidate)
    return (u * candidate + (1 - u) * h,), (u, candidate)


def _minimal_gru_backward(d_states, before, saved, recurrent):
    [d_h], [h] = d_states, before
    u, candidate = saved
    d_u = d_h * (candidate - h) * u * (1 - u)
    d_candidate = d_h * u * (1 - candidate**2)
    d = jnp.concatenate([d_u, d_candidate], axis=1)
    return (d_h * (1 - u) + d @ recurrent.T,), d, h.T @ d, None


CELLS = {
    "simple": Steps(_simple_forward, _simple_backward),
    "lstm": Steps(_lstm_forward, _lstm_backward),
    # The bias has one row for the input and one for the recurrent product.
    "gru": Steps(_gru_forward, _gru_backward, split_bias=tuple),
    "minimal_gru": Steps(_minimal_gru_forward, _minimal_gru_backward),
}
