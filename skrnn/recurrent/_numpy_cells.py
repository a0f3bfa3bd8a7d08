"""One time step of each cell in NumPy, for streams, which run without a framework.

The equations are those of the modules of the same names in `skrnn.networks.cells`, and so are the
names of the weights. A new cell is an entry of `CELLS`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from skrnn.recurrent._numpy_activations import sigmoid


class NumpyCell(NamedTuple):
    """A cell in NumPy.

    Parameters
    ----------
    step : callable
        ``step(projected, states, weights, activation)`` returns the next states as a tuple, the
        first of which is the output. `projected` is the projected input, of shape (n, columns of
        the kernel), `states` is a tuple of arrays of shape (n, units), `weights` is a dict of
        arrays by name, and `activation` is a function of an array.
    n_states : int, default=1
    input_bias : callable
        Returns the part of the bias that is added to the projected input.
    """

    step: Callable
    n_states: int = 1
    input_bias: Callable = lambda bias: bias


def _columns(array, n_gates):
    """Return the columns of each gate as views; `numpy.split` would take longer than a product."""
    units = array.shape[1] // n_gates
    return [array[:, i * units : (i + 1) * units] for i in range(n_gates)]


def _simple_step(projected, states, weights, activation):
    return (activation(projected + states[0] @ weights["recurrent_kernel"]),)


def _indrnn_step(projected, states, weights, activation):
    return (activation(projected + weights["recurrent_kernel"] * states[0]),)


def _lstm_step(projected, states, weights, activation):
    h, c = states
    i, f, g, o = _columns(projected + h @ weights["recurrent_kernel"], 4)
    c = sigmoid(f) * c + sigmoid(i) * activation(g)
    return sigmoid(o) * activation(c), c


def _peephole_lstm_step(projected, states, weights, activation):
    h, c = states
    i, f, g, o = _columns(projected + h @ weights["recurrent_kernel"], 4)
    p_i, p_f, p_o = weights["peepholes"]
    c = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * activation(g)
    return sigmoid(o + p_o * c) * activation(c), c


def _gru_step(projected, states, weights, activation):
    (h,) = states
    x_z, x_r, x_h = _columns(projected, 3)
    h_z, h_r, h_h = _columns(h @ weights["recurrent_kernel"] + weights["bias"][1], 3)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    return (z * h + (1 - z) * activation(x_h + r * h_h),)


def _gru_reset_before_step(projected, states, weights, activation):
    (h,) = states
    x_z, x_r, x_h = _columns(projected, 3)
    u_z, u_r, u_h = _columns(weights["recurrent_kernel"], 3)
    z, r = sigmoid(x_z + h @ u_z), sigmoid(x_r + h @ u_r)
    return (z * h + (1 - z) * activation(x_h + (r * h) @ u_h),)


def _minimal_gru_step(projected, states, weights, activation):
    (h,) = states
    u, candidate = _columns(projected + h @ weights["recurrent_kernel"], 2)
    u = sigmoid(u)
    return (u * activation(candidate) + (1 - u) * h,)


def _refine_lstm_step(projected, states, weights, activation):
    h, c = states
    f, r, candidate, o = _columns(projected + h @ weights["recurrent_kernel"], 4)
    g = _effective_gate(sigmoid(f), sigmoid(r))
    c = g * c + (1 - g) * activation(candidate)
    return sigmoid(o) * activation(c), c


def _refine_gru_step(projected, states, weights, activation):
    (h,) = states
    x_f, x_r, x_s, x_h = _columns(projected, 4)
    h_f, h_r, h_s, h_h = _columns(h @ weights["recurrent_kernel"], 4)
    g = _effective_gate(sigmoid(x_f + h_f), sigmoid(x_r + h_r))
    return (g * h + (1 - g) * activation(x_h + sigmoid(x_s + h_s) * h_h),)


def _effective_gate(f, r):
    return f * (f + 2 * r * (1 - f))


def _mingru_step(projected, states, weights, activation):
    z, candidate = _columns(projected, 2)
    z = sigmoid(z)
    return ((1 - z) * states[0] + z * activation(candidate),)


def _minlstm_step(projected, states, weights, activation):
    f, i, candidate = _columns(projected, 3)
    # The share of the forget gate in the sum of both gates, without a division of zero by zero.
    kept = sigmoid(np.logaddexp(0, -i) - np.logaddexp(0, -f))
    return (kept * states[0] + (1 - kept) * activation(candidate),)


def _lru_step(projected, states, weights, activation):
    _, real, imag = states
    b_real, b_imag, skip = _columns(projected, 3)
    size, phase = np.exp(-np.exp(weights["nu_log"])), np.exp(weights["theta_log"])
    a_real, a_imag, gamma = size * np.cos(phase), size * np.sin(phase), np.exp(weights["gamma_log"])
    real, imag = (
        a_real * real - a_imag * imag + gamma * b_real,
        a_real * imag + a_imag * real + gamma * b_imag,
    )
    product = np.concatenate([real, imag], axis=1) @ weights["output_kernel"]
    return activation(product + skip), real, imag


CELLS = {
    "simple": NumpyCell(_simple_step),
    "lstm": NumpyCell(_lstm_step, n_states=2),
    # The bias has one row for the input and one for the recurrent product.
    "gru": NumpyCell(_gru_step, input_bias=lambda bias: bias[0]),
    "gru_reset_before": NumpyCell(_gru_reset_before_step),
    "minimal_gru": NumpyCell(_minimal_gru_step),
    "peephole_lstm": NumpyCell(_peephole_lstm_step, n_states=2),
    # It is the simple unit with another activation and another initial value.
    "irnn": NumpyCell(_simple_step),
    "indrnn": NumpyCell(_indrnn_step),
    "refine_lstm": NumpyCell(_refine_lstm_step, n_states=2),
    "refine_gru": NumpyCell(_refine_gru_step),
    "mingru": NumpyCell(_mingru_step),
    "minlstm": NumpyCell(_minlstm_step),
    "lru": NumpyCell(_lru_step, n_states=3),
}


def numpy_cell(name):
    """Return the cell of a name.

    Raises
    ------
    ValueError
        If there is not a NumPy step for it.
    """
    if name not in CELLS:
        raise ValueError(
            f"The state of cell={name!r} cannot be carried from one time step to the next. The "
            f"supported cells are {', '.join(map(repr, CELLS))}."
        )
    return CELLS[name]
