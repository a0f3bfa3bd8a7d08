"""One step of each cell in JAX, forward and backward, for the time loops of `loops`.

A forward step is a function of the projected input, the states before the step, the recurrent
weights and the bias of the recurrent product. It returns the states after the step, the first of
which is the output, and the values that the backward step needs. A backward step is a function of
the gradients of the states after the step, the states before the step, the values that the forward
step returned for it, and the recurrent weights. It returns the gradients of the states before the
step, of the projected input, of the recurrent weights and of the recurrent bias. The recurrent
weights are the recurrent kernel, with the peepholes if the cell has them.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import NamedTuple

import jax.numpy as jnp


class Steps(NamedTuple):
    """The steps of a cell, and how its weights are passed to them.

    `split_bias` splits the bias in two. The first part is added to the projected input, the second
    one (or None) to the recurrent product. `recurrent` returns the recurrent weights, given all
    weights by name.
    """

    forward: Callable
    backward: Callable
    split_bias: Callable = lambda bias: (bias, None)
    recurrent: Callable = itemgetter("recurrent_kernel")


def sigmoid(x):
    """Return the logistic function."""
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
    i, f, g, o = sigmoid(i), sigmoid(f), jnp.tanh(g), sigmoid(o)
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
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
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
    u, candidate = sigmoid(u), jnp.tanh(candidate)
    return (u * candidate + (1 - u) * h,), (u, candidate)


def _minimal_gru_backward(d_states, before, saved, recurrent):
    [d_h], [h] = d_states, before
    u, candidate = saved
    d_u = d_h * (candidate - h) * u * (1 - u)
    d_candidate = d_h * u * (1 - candidate**2)
    d = jnp.concatenate([d_u, d_candidate], axis=1)
    return (d_h * (1 - u) + d @ recurrent.T,), d, h.T @ d, None


def _gru_reset_before_forward(x, states, recurrent, _):
    [h] = states
    x_z, x_r, x_h = jnp.split(x, 3, axis=1)
    gates_kernel, candidate_kernel = _split_kernel(recurrent)
    h_z, h_r = jnp.split(h @ gates_kernel, 2, axis=1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    candidate = jnp.tanh(x_h + (r * h) @ candidate_kernel)
    return (z * h + (1 - z) * candidate,), (z, r, candidate)


def _gru_reset_before_backward(d_states, before, saved, recurrent):
    [d_h], [h] = d_states, before
    z, r, candidate = saved
    gates_kernel, candidate_kernel = _split_kernel(recurrent)
    d_candidate = d_h * (1 - z) * (1 - candidate**2)
    d_reset = d_candidate @ candidate_kernel.T
    d_z, d_r = d_h * (h - candidate) * z * (1 - z), d_reset * h * r * (1 - r)
    d_gates = jnp.concatenate([d_z, d_r], axis=1)
    d_recurrent = jnp.concatenate([h.T @ d_gates, (r * h).T @ d_candidate], axis=1)
    d_before = d_h * z + d_reset * r + d_gates @ gates_kernel.T
    return (d_before,), jnp.concatenate([d_gates, d_candidate], axis=1), d_recurrent, None


def _split_kernel(recurrent):
    """Return the recurrent kernels of both gates and of the candidate."""
    return jnp.split(recurrent, [2 * len(recurrent)], axis=1)


def _peephole_lstm_forward(x, states, recurrent, _):
    h, c = states
    recurrent, (p_i, p_f, p_o) = recurrent
    i, f, g, o = jnp.split(x + h @ recurrent, 4, axis=1)
    i, f, g = sigmoid(i + p_i * c), sigmoid(f + p_f * c), jnp.tanh(g)
    c = f * c + i * g
    o, tanh_c = sigmoid(o + p_o * c), jnp.tanh(c)
    return (o * tanh_c, c), (i, f, g, o, c, tanh_c)


def _peephole_lstm_backward(d_states, before, saved, recurrent):
    d_h, d_c = d_states
    h, c_before = before
    i, f, g, o, c, tanh_c = saved
    recurrent, (p_i, p_f, p_o) = recurrent
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p_o
    d_i, d_f = d_c * g * i * (1 - i), d_c * c_before * f * (1 - f)
    d = jnp.concatenate([d_i, d_f, d_c * i * (1 - g**2), d_o], axis=1)
    pairs = (d_i, c_before), (d_f, c_before), (d_o, c)
    d_peepholes = jnp.stack([(gate * state).sum(axis=0) for gate, state in pairs])
    d_before = d @ recurrent.T, d_c * f + d_i * p_i + d_f * p_f
    return d_before, d, (h.T @ d, d_peepholes), None


def _irnn_forward(x, states, recurrent, _):
    h = jnp.maximum(x + states[0] @ recurrent, 0)
    return (h,), (h,)


def _irnn_backward(d_states, before, saved, recurrent):
    d = jnp.where(saved[0] > 0, d_states[0], 0)
    return (d @ recurrent.T,), d, before[0].T @ d, None


def _indrnn_forward(x, states, recurrent, _):
    h = jnp.maximum(x + states[0] * recurrent, 0)
    return (h,), (h,)


def _indrnn_backward(d_states, before, saved, recurrent):
    d = jnp.where(saved[0] > 0, d_states[0], 0)
    return (d * recurrent,), d, (before[0] * d).sum(axis=0), None


CELLS = {
    "simple": Steps(_simple_forward, _simple_backward),
    "lstm": Steps(_lstm_forward, _lstm_backward),
    # The bias has one row for the input and one for the recurrent product.
    "gru": Steps(_gru_forward, _gru_backward, split_bias=tuple),
    "minimal_gru": Steps(_minimal_gru_forward, _minimal_gru_backward),
    "gru_reset_before": Steps(_gru_reset_before_forward, _gru_reset_before_backward),
    "peephole_lstm": Steps(
        _peephole_lstm_forward,
        _peephole_lstm_backward,
        recurrent=itemgetter("recurrent_kernel", "peepholes"),
    ),
    "irnn": Steps(_irnn_forward, _irnn_backward),
    "indrnn": Steps(_indrnn_forward, _indrnn_backward),
}
