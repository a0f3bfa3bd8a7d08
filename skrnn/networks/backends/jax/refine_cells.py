"""One step of the cells with a refine gate in JAX; the conventions are those of `cells`."""

import jax.numpy as jnp

from skrnn.networks.backends.jax.cells import Steps, lstm_saved, sigmoid


def _refine_lstm_forward(x, states, recurrent, _):
    h, c = states
    f, r, candidate, o = jnp.split(x + h @ recurrent, 4, axis=1)
    f, r, candidate, o = sigmoid(f), sigmoid(r), jnp.tanh(candidate), sigmoid(o)
    c = candidate + _effective_gate(f, r) * (c - candidate)
    return (o * jnp.tanh(c), c), (f, r, candidate, o)


def _refine_lstm_backward(d_states, before, saved, recurrent):
    d_h, d_c = d_states
    _, c = before
    f, r, candidate, o, tanh_c = saved
    g = _effective_gate(f, r)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f, d_r = _through_effective_gate(d_c * (c - candidate), f, r)
    d_candidate = d_c * (1 - g) * (1 - candidate**2)
    d = jnp.concatenate([d_f, d_r, d_candidate, d_h * tanh_c * o * (1 - o)], axis=1)
    return (d @ recurrent.T, d_c * g), d


def _refine_gru_forward(x, states, recurrent, _):
    [h] = states
    x_f, x_r, x_s, x_h = jnp.split(x, 4, axis=1)
    h_f, h_r, h_s, h_h = jnp.split(h @ recurrent, 4, axis=1)
    f, r, s = sigmoid(x_f + h_f), sigmoid(x_r + h_r), sigmoid(x_s + h_s)
    candidate = jnp.tanh(x_h + s * h_h)
    return (candidate + _effective_gate(f, r) * (h - candidate),), (f, r, s, candidate, h_h)


def _refine_gru_backward(d_states, before, saved, recurrent):
    [d_h], [h] = d_states, before
    f, r, s, candidate, h_h = saved
    g = _effective_gate(f, r)
    d_f, d_r = _through_effective_gate(d_h * (h - candidate), f, r)
    d_candidate = d_h * (1 - g) * (1 - candidate**2)
    d_s = d_candidate * h_h * s * (1 - s)
    d = jnp.concatenate([d_f, d_r, d_s, d_candidate], axis=1)
    return (d_h * g + _refine_gru_product(saved, d) @ recurrent.T,), d


def _refine_gru_weights(before, saved, d):
    return before[0].T @ _refine_gru_product(saved, d), None


def _refine_gru_product(saved, d):
    """Return the gradient of the recurrent product."""
    *d_gates, d_candidate = jnp.split(d, 4, axis=1)
    return jnp.concatenate([*d_gates, d_candidate * saved[2]], axis=1)


def _effective_gate(f, r):
    return f * (f + 2 * r * (1 - f))


def _through_effective_gate(d_g, f, r):
    """Return the gradients of the logits of the forget gate and of the refine gate."""
    slope = 2 * d_g * f * (1 - f)
    return slope * (f + r * (1 - 2 * f)), slope * r * (1 - r)


REFINE_CELLS = {
    "refine_lstm": Steps(_refine_lstm_forward, _refine_lstm_backward, saved=lstm_saved),
    "refine_gru": Steps(_refine_gru_forward, _refine_gru_backward, _refine_gru_weights),
}
