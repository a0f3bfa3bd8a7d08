"""The equations of variants of the simple unit, the LSTM and the GRU, and of scans, in NumPy."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_reset_before_step(x, h, kernel, recurrent, bias):
    """Return the next state (Cho et al., 2014)."""
    xz, xr, xh = np.split(x @ kernel + bias, 3)
    uz, ur, uh = np.split(recurrent, 3, axis=1)
    z, r = sigmoid(xz + h @ uz), sigmoid(xr + h @ ur)
    return (z * h + (1 - z) * np.tanh(xh + (r * h) @ uh),)


def peephole_lstm_step(x, h, c, kernel, recurrent, bias, peepholes):
    """Return the next states (Gers and Schmidhuber, 2000)."""
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
    by_input, by_forget, by_output = peepholes
    new = sigmoid(f + by_forget * c) * c + sigmoid(i + by_input * c) * np.tanh(g)
    return sigmoid(o + by_output * new) * np.tanh(new), new


def irnn_step(x, h, kernel, recurrent, bias):
    """Return the next state (Le, Jaitly and Hinton, 2015)."""
    return (np.maximum(x @ kernel + h @ recurrent + bias, 0),)


def indrnn_step(x, h, kernel, recurrent, bias):
    """Return the next state (Li et al., 2018)."""
    return (np.maximum(x @ kernel + h * recurrent + bias, 0),)


def effective_gate(f, r):
    """Return the gate that a refine gate makes of a forget gate (Gu et al., 2020)."""
    f, r = sigmoid(f), sigmoid(r)
    return r * (1 - (1 - f) ** 2) + (1 - r) * f**2


def refine_lstm_step(x, h, c, kernel, recurrent, bias):
    """Return the next states of the UR-LSTM (Gu et al., 2020)."""
    f, r, candidate, o = np.split(x @ kernel + h @ recurrent + bias, 4)
    g = effective_gate(f, r)
    c = g * c + (1 - g) * np.tanh(candidate)
    return sigmoid(o) * np.tanh(c), c


def refine_gru_step(x, h, kernel, recurrent, bias):
    """Return the next state of the UR-GRU (Gu et al., 2020)."""
    xf, xr, xs, xh = np.split(x @ kernel + bias, 4)
    hf, hr, hs, hh = np.split(h @ recurrent, 4)
    g = effective_gate(xf + hf, xr + hr)
    return (g * h + (1 - g) * np.tanh(xh + sigmoid(xs + hs) * hh),)


def mingru_step(x, h, kernel, bias):
    """Return the next state of the minGRU (Feng et al., 2024)."""
    z, candidate = np.split(x @ kernel + bias, 2)
    return ((1 - sigmoid(z)) * h + sigmoid(z) * candidate,)


def minlstm_step(x, h, kernel, bias):
    """Return the next state of the minLSTM (Feng et al., 2024)."""
    f, i, candidate = np.split(x @ kernel + bias, 3)
    f, i = sigmoid(f), sigmoid(i)
    return (f / (f + i) * h + i / (f + i) * candidate,)


def lru_step(x, y, real, imag, kernel, nu_log, theta_log, gamma_log, output_kernel):
    """Return the next output and state of the LRU (Orvieto et al., 2023), then ReLU."""
    b_real, b_imag, d = np.split(kernel, 3, axis=1)
    c_real, minus_c_imag = np.split(output_kernel, 2)
    diagonal = np.exp(-np.exp(nu_log) + 1j * np.exp(theta_log))
    h = diagonal * (real + 1j * imag) + np.exp(gamma_log) * (x @ (b_real + 1j * b_imag))
    y = (h @ (c_real - 1j * minus_c_imag)).real + x @ d
    return np.maximum(y, 0), h.real, h.imag


def decayed_inputs(steps, kernel, bias, mean):
    """Return the inputs of GRU-D for one sequence, and the indicators of its missing values.

    The intervals follow the recurrence of the paper, in which a known value ends them one time step
    later.
    """
    filled, elapsed = np.empty_like(steps), np.zeros(steps.shape[1])
    # Until there is a known value, the last one is the mean.
    last = np.array(mean, dtype=float)
    for t, x in enumerate(steps):
        known = ~np.isnan(x)
        if t > 0:
            elapsed = 1 + np.where(np.isnan(steps[t - 1]), elapsed, 0)
        decay = np.exp(-np.maximum(0, kernel * elapsed + bias))
        filled[t] = np.where(known, x, decay * last + (1 - decay) * mean)
        last = np.where(known, x, last)
    return filled, np.isnan(steps).astype(float)
