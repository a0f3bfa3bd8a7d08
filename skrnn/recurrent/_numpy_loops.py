"""The loop of a recurrent layer over all time steps of one sequence, in NumPy.

A framework takes longer to begin a computation than NumPy takes for a hundred time steps of a small
network. The loops of the most common cells write into the same few arrays at each time step. All
others call the step of the cell.
"""

import numpy as np

from skrnn.recurrent._numpy_cells import CELLS


def run_layer(cell, units, projected, weights, activation):
    """Return the outputs of a layer at all time steps of one sequence.

    Parameters
    ----------
    cell : str
        One of `CELLS`.
    units : int
    projected : ndarray of shape (T, columns of the kernel)
        The time steps times the kernel, plus the part of the bias that belongs to them.
    weights : dict of str to ndarray
        The weights of the layer by name.
    activation : callable
        A function of an array.

    Returns
    -------
    ndarray of shape (T, units)
    """
    if activation is np.tanh and cell in _LOOPS:
        return _LOOPS[cell](projected, weights)
    step = CELLS[cell].step
    states = (np.zeros((1, units), projected.dtype),) * CELLS[cell].n_states
    outputs = np.empty((len(projected), units), projected.dtype)
    for t in range(len(projected)):
        states = step(projected[t : t + 1], states, weights, activation)
        outputs[t] = states[0]
    return outputs


def _lstm(projected, weights):
    # The logistic function is 0.5 * tanh(0.5 * x) + 0.5, so that one call computes all gates.
    # Multiplying by a power of two does not round.
    recurrent = weights["recurrent_kernel"]
    units, dtype = len(recurrent), projected.dtype
    factor = np.repeat(np.array([0.5, 0.5, 1, 0.5], dtype), units)
    offset = np.repeat(np.array([0.5, 0.5, 0, 0.5], dtype), units)
    recurrent, projected = recurrent * factor, projected * factor
    outputs = np.empty((len(projected), units), dtype)
    h, c, new = np.zeros((3, units), dtype)
    gates = np.empty(4 * units, dtype)
    i, f, g, o = gates.reshape(4, units)
    for x, output in zip(projected, outputs, strict=True):
        np.dot(h, recurrent, gates)
        np.add(gates, x, gates)
        np.tanh(gates, gates)
        np.multiply(gates, factor, gates)
        np.add(gates, offset, gates)
        np.multiply(c, f, c)
        np.multiply(i, g, new)
        np.add(c, new, c)
        np.tanh(c, new)
        np.multiply(o, new, output)
        h = output
    return outputs


def _gru(projected, weights):
    recurrent, bias = weights["recurrent_kernel"], weights["bias"][1]
    units, dtype = len(recurrent), projected.dtype
    factor = np.repeat(np.array([0.5, 0.5, 1], dtype), units)
    half = dtype.type(0.5)
    recurrent, bias, projected = recurrent * factor, bias * factor, projected * factor
    outputs = np.empty((len(projected), units), dtype)
    h, candidate = np.zeros((2, units), dtype)
    product = np.empty(3 * units, dtype)
    gates, h_candidate = product[: 2 * units], product[2 * units :]
    z, r = gates.reshape(2, units)
    of_gates, of_candidates = projected[:, : 2 * units], projected[:, 2 * units :]
    for x_gates, x, output in zip(of_gates, of_candidates, outputs, strict=True):
        np.dot(h, recurrent, product)
        np.add(product, bias, product)
        np.add(gates, x_gates, gates)
        np.tanh(gates, gates)
        np.multiply(gates, half, gates)
        np.add(gates, half, gates)
        np.multiply(r, h_candidate, candidate)
        np.add(candidate, x, candidate)
        np.tanh(candidate, candidate)
        np.subtract(h, candidate, output)
        np.multiply(output, z, output)
        np.add(output, candidate, output)
        h = output
    return outputs


_LOOPS = {"lstm": _lstm, "gru": _gru}
