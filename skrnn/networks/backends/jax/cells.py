"""One step of each cell in JAX, forward and backward, for `loops` and `gpu_loops`.

The recurrent weights are the recurrent kernel, with the peepholes if the cell has them. All states,
gates and saved values have the shape (rows, units).
"""

from collections.abc import Callable
from operator import itemgetter
from typing import NamedTuple

import jax.numpy as jnp


class Steps(NamedTuple):
    """The steps of a cell, and how its weights are passed to them.

    `forward(x, states, recurrent, bias)` is a function of the projected input, the states before
    the step, the recurrent weights and the bias of the recurrent product. It returns the states
    after the step, the first of which is the output, and the gates.

    `saved(states, gates)` returns the values that the gradients need, of the states after the step
    and the gates.

    `backward(d_states, before, saved, recurrent)` is a function of the gradients of the states
    after the step, the states before the step, the saved values and the recurrent weights. It
    returns the gradients of the states before the step and of the projected input.

    `weights(before, saved, d)` returns the gradients of the recurrent weights and of the recurrent
    bias (or None), given that of the projected input. Its rows may be those of one time step or of
    all of them.

    `split_bias` splits the bias in two. The first part is added to the projected input, the second
    one (or None) to the recurrent product. `recurrent` returns the recurrent weights, given all
    weights by name.
    """

    forward: Callable
    backward: Callable
    weights: Callable = lambda before, saved, d: (before[0].T @ d, None)
    saved: Callable = lambda states, gates: gates
    split_bias: Callable = lambda bias: (bias, None)
    recurrent: Callable = itemgetter("recurrent_kernel")


def sigmoid(x):
    """Return the logistic function."""
    # The hyperbolic tangent is much faster than the exponential function.
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def _simple_forward(x, states, recurrent, _):
    h = jnp.tanh(x + states[0] @ recurrent)
    return (h,), ()


def _simple_backward(d_states, before, saved, recurrent):
    d = d_states[0] * (1 - saved[0] ** 2)
    return (d @ recurrent.T,), d


def _lstm_forward(x, states, recurrent, _):
    h, c = states
    i, f, g, o = jnp.split(x + h @ recurrent, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), jnp.tanh(g), sigmoid(o)
    c = f * c + i * g
    return (o * jnp.tanh(c), c), (i, f, g, o)


def lstm_saved(states, gates):
    """Return the saved values of an LSTM: its gates, and tanh of the state that it exposes."""
    return *gates, jnp.tanh(states[1])


def _lstm_backward(d_states, before, saved, recurrent):
    d_h, d_c = d_states
    _, c = before
    i, f, g, o, tanh_c = saved
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_gates = (
        d_c * g * i * (1 - i),
        d_c * c * f * (1 - f),
        d_c * i * (1 - g**2),
        d_h * tanh_c * o * (1 - o),
    )
    d = jnp.concatenate(d_gates, axis=1)
    return (d @ recurrent.T, d_c * f), d


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
    return (d_h * z + _gru_product(saved, d) @ recurrent.T,), d


def _gru_weights(before, saved, d):
    d_product = _gru_product(saved, d)
    return before[0].T @ d_product, d_product.sum(axis=0)


def _gru_product(saved, d):
    """Return the gradient of the recurrent product."""
    d_z, d_r, d_candidate = jnp.split(d, 3, axis=1)
    return jnp.concatenate([d_z, d_r, d_candidate * saved[1]], axis=1)


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
    return (d_h * (1 - u) + d @ recurrent.T,), d


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
    d_before = d_h * z + d_reset * r + d_gates @ gates_kernel.T
    return (d_before,), jnp.concatenate([d_gates, d_candidate], axis=1)


def _gru_reset_before_weights(before, saved, d):
    [h], (_, r, _) = before, saved
    d_gates, d_candidate = jnp.split(d, [2 * h.shape[1]], axis=1)
    return jnp.concatenate([h.T @ d_gates, (r * h).T @ d_candidate], axis=1), None


def _split_kernel(recurrent):
    """Return the recurrent kernels of both gates and of the candidate."""
    return jnp.split(recurrent, [2 * len(recurrent)], axis=1)


def _peephole_lstm_forward(x, states, recurrent, _):
    h, c = states
    recurrent, (p_i, p_f, p_o) = recurrent
    i, f, g, o = jnp.split(x + h @ recurrent, 4, axis=1)
    i, f, g = sigmoid(i + p_i * c), sigmoid(f + p_f * c), jnp.tanh(g)
    c = f * c + i * g
    o = sigmoid(o + p_o * c)
    return (o * jnp.tanh(c), c), (i, f, g, o)


def _peephole_lstm_saved(states, gates):
    return *gates, states[1], jnp.tanh(states[1])


def _peephole_lstm_backward(d_states, before, saved, recurrent):
    d_h, d_c = d_states
    _, c_before = before
    i, f, g, o, _, tanh_c = saved
    recurrent, (p_i, p_f, p_o) = recurrent
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p_o
    d_i, d_f = d_c * g * i * (1 - i), d_c * c_before * f * (1 - f)
    d = jnp.concatenate([d_i, d_f, d_c * i * (1 - g**2), d_o], axis=1)
    return (d @ recurrent.T, d_c * f + d_i * p_i + d_f * p_f), d


def _peephole_lstm_weights(before, saved, d):
    (h, c_before), (*_, c, _) = before, saved
    d_i, d_f, _, d_o = jnp.split(d, 4, axis=1)
    pairs = (d_i, c_before), (d_f, c_before), (d_o, c)
    d_peepholes = jnp.stack([(gate * state).sum(axis=0) for gate, state in pairs])
    return (h.T @ d, d_peepholes), None


def _irnn_forward(x, states, recurrent, _):
    h = jnp.maximum(x + states[0] @ recurrent, 0)
    return (h,), ()


def _irnn_backward(d_states, before, saved, recurrent):
    d = jnp.where(saved[0] > 0, d_states[0], 0)
    return (d @ recurrent.T,), d


def _indrnn_forward(x, states, recurrent, _):
    h = jnp.maximum(x + states[0] * recurrent, 0)
    return (h,), ()


def _indrnn_backward(d_states, before, saved, recurrent):
    d = jnp.where(saved[0] > 0, d_states[0], 0)
    return (d * recurrent,), d


def _indrnn_weights(before, saved, d):
    return (before[0] * d).sum(axis=0), None


def _output_only(states, gates):
    return states


CELLS = {
    "simple": Steps(_simple_forward, _simple_backward, saved=_output_only),
    "lstm": Steps(_lstm_forward, _lstm_backward, saved=lstm_saved),
    # The bias has one row for the input and one for the recurrent product.
    "gru": Steps(_gru_forward, _gru_backward, _gru_weights, split_bias=tuple),
    "minimal_gru": Steps(_minimal_gru_forward, _minimal_gru_backward),
    "gru_reset_before": Steps(
        _gru_reset_before_forward, _gru_reset_before_backward, _gru_reset_before_weights
    ),
    "peephole_lstm": Steps(
        _peephole_lstm_forward,
        _peephole_lstm_backward,
        _peephole_lstm_weights,
        _peephole_lstm_saved,
        recurrent=itemgetter("recurrent_kernel", "peepholes"),
    ),
    "irnn": Steps(_irnn_forward, _irnn_backward, saved=_output_only),
    "indrnn": Steps(_indrnn_forward, _indrnn_backward, _indrnn_weights, _output_only),
}
