"""The equations of cells that vary the simple unit, the LSTM and the GRU, in NumPy."""

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
