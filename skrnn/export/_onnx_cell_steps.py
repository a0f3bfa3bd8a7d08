"""Time steps of cells with a refine gate and of scan cells, written with ONNX operators.

Each function has the arguments of the steps in `_onnx_cells`. The equations are those of the
modules of the same names in `skrnn.networks.cells`.
"""

import numpy as np


def refine_lstm_step(step, projected, states):
    """Return the next output and the next cell state."""
    f, r, candidate, o = step.split(step.add(projected, step.recurrent_product(states[0])), 4)
    c = _mixed(step, _effective_gate(step, f, r), states[1], step.activate(candidate))
    return [step.multiply(step.sigmoid(o), step.activate(c)), c]


def refine_gru_step(step, projected, states):
    """Return the next state."""
    x_f, x_r, x_s, x_h = step.split(projected, 4)
    h_f, h_r, h_s, h_h = step.split(step.recurrent_product(states[0]), 4)
    g = _effective_gate(step, step.add(x_f, h_f), step.add(x_r, h_r))
    reset = step.multiply(step.sigmoid(step.add(x_s, h_s)), h_h)
    return [_mixed(step, g, states[0], step.activate(step.add(x_h, reset)))]


def mingru_step(step, projected, states):
    """Return the next state."""
    z, candidate = step.split(projected, 2)
    return [_mixed(step, step.one_minus(step.sigmoid(z)), states[0], step.activate(candidate))]


def minlstm_step(step, projected, states):
    """Return the next state."""
    f, i, candidate = step.split(projected, 3)
    softplus_f, softplus_i = (
        step.graph.add("Softplus", [step.graph.add("Neg", [logit])]) for logit in (f, i)
    )
    kept = step.sigmoid(step.graph.add("Sub", [softplus_i, softplus_f]))
    return [_mixed(step, kept, states[0], step.activate(candidate))]


def lru_step(step, projected, states):
    """Return the next output, and both parts of the next state."""
    b_real, b_imag, skip = step.split(projected, 3)
    nu, theta, gamma = (np.exp(step.weights[f"{name}_log"]) for name in ("nu", "theta", "gamma"))
    size = np.exp(-nu)
    a_real, a_imag, a_minus_imag, gamma = (
        step.graph.constant(array)
        for array in (size * np.cos(theta), size * np.sin(theta), -size * np.sin(theta), gamma)
    )
    _, real, imag = states

    def part(by_real, by_imag, b):
        turned = step.add(step.multiply(by_real, real), step.multiply(by_imag, imag))
        return step.add(turned, step.multiply(gamma, b))

    parts = part(a_real, a_minus_imag, b_real), part(a_imag, a_real, b_imag)
    h = step.graph.add("Concat", list(parts), axis=1)
    y = step.add(step.product(h, step.weight("output_kernel")), skip)
    return [step.activate(y), *parts]


def _mixed(step, kept, before, candidate):
    """Return kept * before + (1 - kept) * candidate."""
    new = step.multiply(step.one_minus(kept), candidate)
    return step.add(step.multiply(kept, before), new)


def _effective_gate(step, f, r):
    """Return f * (f + 2 * r * (1 - f)) of the gates with these logits."""
    f, r = step.sigmoid(f), step.sigmoid(r)
    r = step.multiply(step.graph.constant(step.dtype.type(2)), r)
    return step.multiply(f, step.add(f, step.multiply(r, step.one_minus(f))))
