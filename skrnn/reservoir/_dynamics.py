"""From sequences to states: the time loop, over blocks of sequences, piece by piece.

Sequences run side by side, the longest first, and a block becomes narrower where sequences end: so
nothing is padded, and no state depends on which sequences run beside it. What is linear in the
input is one product for all steps of a piece; the loop itself makes one sparse product and one
activation a step. Pieces have about a thousand rows, whatever the length of a sequence, and whoever
reads them decides what is kept.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from skrnn.reservoir._recurrence import adder

__all__ = ["ACTIVATIONS", "Drive", "Piece", "pieces_of", "runners"]

# Sequences side by side: wide enough for the sparse product, small enough for the cache.
_WIDTH = 64
_ROWS = 1024


def _nothing(x, out):
    return out


ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda x, out: np.maximum(x, 0, out=out),
    "identity": _nothing,
    "logistic": expit,
}


@dataclass(frozen=True)
class Drive:
    """What moves a reservoir beside its inputs.

    Parameters
    ----------
    activation : str or callable
    noise : float
        Standard deviation of what is added inside the activation.
    rng : Generator or None
        Where the noise comes from.
    outputs : ndarray of shape (n_steps, n_outputs) or None
        What is fed back: for each step of all sequences, one after another, the outputs of the
        step before.
    initial : sequence of ndarray of shape (units,) or None
        Where the states begin, a layer each; None: at zero.
    """

    activation: object = "tanh"
    noise: float = 0.0
    rng: object = None
    outputs: object = None
    initial: object = None

    @property
    def activate(self):
        """The function ``activate(x, x)`` that applies the activation in place."""
        if isinstance(self.activation, str):
            return ACTIVATIONS[self.activation]
        return self._apply

    def _apply(self, x, out):
        out[...] = self.activation(x)


@dataclass(frozen=True)
class Piece:
    """States of some sequences at some steps.

    Parameters
    ----------
    sequences : ndarray of int of shape (width,)
        Which sequences.
    begin : int
        Their first step here.
    n_steps : int
        How many steps there are.
    states : list of ndarray of shape (n_steps, units, width)
        Of each layer.
    shifts : int or ndarray of shape (width,), default=0
        How much later than `begin` each really is, where one series runs in chunks.
    """

    sequences: np.ndarray
    begin: int
    n_steps: int
    states: list
    shifts: object = 0

    @property
    def steps(self):
        """The steps, as numbered in their sequences."""
        return np.arange(self.begin, self.begin + self.n_steps)

    def positions(self, starts):
        """Return, step by step, the place of each row where sequences begin at `starts`."""
        return (self.steps[:, None] + (starts[self.sequences] + self.shifts)).ravel()

    def ended(self, lengths):
        """Return which columns hold the last step of their sequence at the end of the piece."""
        ends = self.begin + self.n_steps + self.shifts
        return np.flatnonzero(lengths[self.sequences] == ends)

    def rows(self, states):
        """Return one layer's states as rows in the order of `positions`."""
        n_steps, units, width = states.shape
        if width == 1:
            return states.reshape(n_steps, units)
        return np.moveaxis(states, 1, 2).reshape(n_steps * width, units)

    def all_rows(self):
        """Return all layers' states side by side, in the order of `positions`."""
        return np.hstack([self.rows(states) for states in self.states])


def pieces_of(layers, sequences, drive, *, backward=()):
    """Run a stack of layers over sequences, and yield the states piece by piece.

    Parameters
    ----------
    layers : sequence of Layer
    sequences : Sequences
        Vectors of the layers' dtype, or the codes of one-hot steps (-1: a step of zeros).
    drive : Drive
    backward : sequence of Layer, default=()
        A stack that reads each sequence from its end; its states at a step have seen that step
        and all after it. All states of a block of sequences are held for it.

    Yields
    ------
    Piece
        The pieces of a block of sequences follow each other in time.
    """
    order = np.argsort(-sequences.lengths, kind="stable")
    offsets = np.cumsum(sequences.lengths) - sequences.lengths
    for i in range(0, len(order), _WIDTH):
        block = order[i : i + _WIDTH]
        behind = _Behind(backward, sequences, block, drive) if backward else None
        for piece in _block(layers, sequences, block, offsets, drive, reverse=False):
            if behind is not None:
                piece.states.extend(behind.states(piece))
            yield piece


class _Behind:
    """All states of a block of sequences that were read from their ends.

    Parameters
    ----------
    layers : sequence of Layer
    sequences : Sequences
    block : ndarray of int
    drive : Drive
    """

    def __init__(self, layers, sequences, block, drive):
        lengths = sequences.lengths[block]
        self._starts = np.zeros(len(sequences), dtype=np.int64)
        self._starts[block] = np.cumsum(lengths) - lengths
        self._states = [np.empty((lengths.sum(), n.units), n.bias.dtype) for n in layers]
        last = self._starts + sequences.lengths - 1
        for piece in _block(layers, sequences, block, None, drive, reverse=True):
            positions = (last[piece.sequences] - piece.steps[:, None]).ravel()
            for held, states in zip(self._states, piece.states, strict=True):
                held[positions] = piece.rows(states)

    def states(self, piece):
        """Return the states of each layer at a piece's steps, in its layout."""
        positions = piece.positions(self._starts)
        shape = (piece.n_steps, len(piece.sequences), -1)
        return [np.moveaxis(held[positions].reshape(shape), 1, 2) for held in self._states]


def _block(layers, sequences, block, offsets, drive, reverse):
    """Run sequences side by side, the longest first in `block`."""
    lengths = sequences.lengths[block]
    states = _first_states(layers, drive, len(block))
    ends = np.unique(lengths)
    begin = 0
    for end in ends:
        width = int(np.count_nonzero(lengths >= end))
        states = [np.ascontiguousarray(state[:, :width]) for state in states]
        running = runners(layers, drive, width)
        most = max(1, _ROWS // width)
        while begin < end:
            n_steps = min(most, int(end) - begin)
            piece = Piece(block[:width], begin, n_steps, [])
            inputs = _gather(sequences, piece, reverse)
            outputs = _gather_outputs(drive.outputs, offsets, piece)
            for i, runner in enumerate(running):
                states[i], inputs = runner.run(states[i], inputs, outputs)
                piece.states.append(inputs)
            yield piece
            begin += n_steps


def _first_states(layers, drive, width):
    initial = drive.initial or [np.zeros(layer.units) for layer in layers]
    return [
        np.repeat(state[:, None], width, axis=1).astype(layer.bias.dtype)
        for layer, state in zip(layers, initial, strict=True)
    ]


def _gather(sequences, piece, reverse):
    """Return steps side by side: (n_steps, n_features, width), or codes (n_steps, width)."""
    values, starts = sequences.values, sequences.starts[piece.sequences]
    if len(starts) == 1 and not reverse:
        begin = starts[0] + piece.begin
        return values[begin : begin + piece.n_steps][..., None]
    steps = piece.steps[:, None]
    if reverse:
        positions = starts + sequences.lengths[piece.sequences] - 1 - steps
    else:
        positions = starts + steps
    gathered = values[positions]
    return gathered if values.ndim == 1 else np.moveaxis(gathered, 2, 1)


def _gather_outputs(outputs, offsets, piece):
    if outputs is None:
        return None
    positions = offsets[piece.sequences] + piece.steps[:, None]
    return np.moveaxis(outputs[positions], 2, 1)


def runners(layers, drive, width):
    """Return what runs each layer on sequences side by side."""
    return [_Runner(layer, drive, width) for layer in layers]


class _Runner:
    """One layer on sequences side by side.

    Parameters
    ----------
    layer : Layer
    drive : Drive
    width : int
    """

    def __init__(self, layer, drive, width):
        self._layer, self._drive, self._width = layer, drive, width
        self._add_recurrent = adder(layer.recurrent, layer.bias.dtype, width)
        self._leak = layer.leak_rate
        if np.ndim(self._leak) == 1:
            self._leak = np.repeat(self._leak, width)
        self._keep = 1 - self._leak
        self._leaky = bool(np.any(self._keep != 0))

    def run(self, state, inputs, outputs):
        """Return the state after the last step, and the states at all steps.

        Parameters
        ----------
        state : ndarray of shape (units, width)
        inputs : ndarray of shape (n_steps, n_inputs, width), or codes (n_steps, width)
        outputs : ndarray of shape (n_steps, n_outputs, width) or None
        """
        states = self._project(inputs, outputs)
        n_steps, shape = len(states), state.shape
        now = state.reshape(-1)
        scratch = np.empty_like(now)
        add, activate, leak, keep = (
            self._add_recurrent,
            self._drive.activate,
            self._leak,
            self._keep,
        )
        leaky = self._leaky
        with np.errstate(over="ignore", invalid="ignore"):  # whoever sums up the states tells
            for row in states.reshape(n_steps, -1):
                add(now, row)
                activate(row, row)
                if leaky:
                    np.multiply(now, keep, out=scratch)
                    row *= leak
                    row += scratch
                now = row
        return now.reshape(shape).copy(), states

    def _project(self, inputs, outputs):
        """Return all that does not depend on the state, (n_steps, units, width)."""
        layer = self._layer
        if inputs.ndim == 2:
            projected = _look_up(layer, inputs)
        else:
            projected = _product(layer.input_weights, inputs)
            projected += layer.bias[:, None]
        if outputs is not None:
            projected += _product(layer.feedback, outputs.astype(layer.bias.dtype))
        if self._drive.noise > 0:
            noise = self._drive.rng.normal(0, self._drive.noise, projected.shape)
            projected += noise.astype(projected.dtype)
        return projected


def _product(weights, steps):
    """Return weights times every step, contiguous (n_steps, units, width)."""
    if steps.shape[1] == 1:
        return steps * weights
    if steps.shape[2] == 1:
        return (steps[:, :, 0] @ weights.T)[:, :, None]
    return np.matmul(weights, steps)


def _look_up(layer, codes):
    """Return the input weights' columns that codes name (none for -1), with the bias."""
    columns = np.vstack([layer.input_weights.T, np.zeros_like(layer.bias)]) + layer.bias
    return np.ascontiguousarray(np.moveaxis(columns[codes], 2, 1))
