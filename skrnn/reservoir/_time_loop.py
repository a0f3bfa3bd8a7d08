"""The time loop: runs layers over sequences, and yields their states block by block.

Sequences run side by side, the longest first, and a batch becomes narrower when sequences end. So
nothing is padded, and no state depends on the other sequences of the batch. Everything that is
linear in the input is one product for all time steps of a block; the loop itself makes one sparse
product and one activation per time step. A block has about a thousand rows, whatever the length of
the sequences, and the caller decides which of them are kept.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from skrnn.reservoir._recurrent_product import recurrent_adder
from skrnn.sequences._sequences import offsets_of

# Sequences in a batch: enough for an efficient sparse product, few enough for the cache.
_BATCH_SIZE = 64
_ROWS_PER_BLOCK = 1024


def _identity(x, out):
    return out


ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda x, out: np.maximum(x, 0, out=out),
    "identity": _identity,
    "logistic": expit,
}


@dataclass(frozen=True)
class Drive:
    """Everything that determines the states besides the weights and the inputs.

    Parameters
    ----------
    activation : str or callable
    noise : float
        Standard deviation of the noise that is added inside the activation.
    rng : Generator or None
        The source of the noise.
    feedback : ndarray of shape (n_steps, n_outputs) or None
        The values that are fed back at each time step, which are the outputs of the time step
        before it. The sequences follow one another.
    initial : sequence of ndarray of shape (units,) or None
        The initial state of each layer. If None, all states begin at zero.
    """

    activation: object = "tanh"
    noise: float = 0.0
    rng: object = None
    feedback: object = None
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
class StateBlock:
    """The states of some sequences at some consecutive time steps.

    Parameters
    ----------
    sequences : ndarray of int of shape (width,)
        The indices of the sequences.
    begin : int
        Their first time step in this block.
    n_steps : int
        The number of time steps.
    states : list of ndarray of shape (n_steps, units, width)
        The states of each layer.
    shifts : int or ndarray of shape (width,), default=0
        The number of time steps to add to `begin` for each column, if one series runs in chunks.
    """

    sequences: np.ndarray
    begin: int
    n_steps: int
    states: list
    shifts: object = 0

    @property
    def steps(self):
        """The time steps, counted from the beginning of their sequences."""
        return np.arange(self.begin, self.begin + self.n_steps)

    def positions(self, starts):
        """Return the position of each row, by time step, if sequences begin at `starts`."""
        return (self.steps[:, None] + (starts[self.sequences] + self.shifts)).ravel()

    def ended(self, lengths):
        """Return the columns whose sequence ends with the last time step of the block."""
        ends = self.begin + self.n_steps + self.shifts
        return np.flatnonzero(lengths[self.sequences] == ends)

    def rows(self, states):
        """Return one layer's states as rows in the order of `positions`."""
        n_steps, units, width = states.shape
        if width == 1:
            return states.reshape(n_steps, units)
        return np.moveaxis(states, 1, 2).reshape(n_steps * width, units)

    def all_rows(self):
        """Return the states of all layers side by side, in the order of `positions`."""
        return np.hstack([self.rows(states) for states in self.states])


def state_blocks(layers, sequences, drive, *, backward=()):
    """Run a stack of layers over sequences, and yield the states block by block.

    Parameters
    ----------
    layers : sequence of Layer
    sequences : Sequences
        Vectors of the layers' dtype, or the codes of one-hot time steps, with -1 for a vector of
        zeros.
    drive : Drive
    backward : sequence of Layer, default=()
        A stack that reads each sequence from its end. Its state at a time step depends on that
        step and all later ones, so all its states of a batch of sequences are kept in memory.

    Yields
    ------
    StateBlock
        The blocks of a batch of sequences are in the order of time.
    """
    order = np.argsort(-sequences.lengths, kind="stable")
    offsets = offsets_of(sequences.lengths)
    for i in range(0, len(order), _BATCH_SIZE):
        batch = order[i : i + _BATCH_SIZE]
        reverse = _BackwardStates(backward, sequences, batch, drive) if backward else None
        for block in _batch_blocks(layers, sequences, batch, offsets, drive, reverse=False):
            if reverse is not None:
                block.states.extend(reverse.states(block))
            yield block


class _BackwardStates:
    """The states of the backward direction for one batch of sequences.

    Parameters
    ----------
    layers : sequence of Layer
    sequences : Sequences
    batch : ndarray of int
    drive : Drive
    """

    def __init__(self, layers, sequences, batch, drive):
        lengths = sequences.lengths[batch]
        self._starts = np.zeros(len(sequences), dtype=np.int64)
        self._starts[batch] = offsets_of(lengths)
        self._states = [np.empty((lengths.sum(), n.units), n.bias.dtype) for n in layers]
        last = self._starts + sequences.lengths - 1
        for block in _batch_blocks(layers, sequences, batch, None, drive, reverse=True):
            positions = (last[block.sequences] - block.steps[:, None]).ravel()
            for kept, states in zip(self._states, block.states, strict=True):
                kept[positions] = block.rows(states)

    def states(self, block):
        """Return the states of each layer at the time steps of a block, in its layout."""
        positions = block.positions(self._starts)
        shape = (block.n_steps, len(block.sequences), -1)
        return [np.moveaxis(kept[positions].reshape(shape), 1, 2) for kept in self._states]


def _batch_blocks(layers, sequences, batch, offsets, drive, reverse):
    """Run a batch of sequences, the longest first in `batch`, and yield its blocks."""
    lengths = sequences.lengths[batch]
    states = _initial_states(layers, drive, len(batch))
    begin = 0
    for end in np.unique(lengths):
        width = int(np.count_nonzero(lengths >= end))
        states = [np.ascontiguousarray(state[:, :width]) for state in states]
        runners = layer_runners(layers, drive, width)
        most = max(1, _ROWS_PER_BLOCK // width)
        while begin < end:
            n_steps = min(most, int(end) - begin)
            block = StateBlock(batch[:width], begin, n_steps, [])
            inputs = _gather_inputs(sequences, block, reverse)
            feedback = _gather_feedback(drive.feedback, offsets, block)
            for i, runner in enumerate(runners):
                states[i], inputs = runner.run(states[i], inputs, feedback)
                block.states.append(inputs)
            yield block
            begin += n_steps


def _initial_states(layers, drive, width):
    initial = drive.initial or [np.zeros(layer.units) for layer in layers]
    return [
        np.repeat(state[:, None], width, axis=1).astype(layer.bias.dtype)
        for layer, state in zip(layers, initial, strict=True)
    ]


def _gather_inputs(sequences, block, reverse):
    """Return the inputs of a block: (n_steps, n_features, width), or codes (n_steps, width)."""
    values, starts = sequences.values, sequences.starts[block.sequences]
    if len(starts) == 1 and not reverse:
        begin = starts[0] + block.begin
        return values[begin : begin + block.n_steps][..., None]
    steps = block.steps[:, None]
    if reverse:
        positions = starts + sequences.lengths[block.sequences] - 1 - steps
    else:
        positions = starts + steps
    gathered = values[positions]
    return gathered if values.ndim == 1 else np.moveaxis(gathered, 2, 1)


def _gather_feedback(feedback, offsets, block):
    if feedback is None:
        return None
    positions = offsets[block.sequences] + block.steps[:, None]
    return np.moveaxis(feedback[positions], 2, 1)


def layer_runners(layers, drive, width):
    """Return an object for each layer that runs it on `width` sequences side by side."""
    return [_LayerRunner(layer, drive, width) for layer in layers]


class _LayerRunner:
    """Runs one layer on sequences side by side.

    Parameters
    ----------
    layer : Layer
    drive : Drive
    width : int
    """

    def __init__(self, layer, drive, width):
        self._layer, self._drive, self._width = layer, drive, width
        self._add_recurrent = recurrent_adder(layer.recurrent_weights, layer.bias.dtype, width)
        self._leak = layer.leak_rate
        if np.ndim(self._leak) == 1:
            self._leak = np.repeat(self._leak, width)
        self._keep = 1 - self._leak
        self._is_leaky = bool(np.any(self._keep != 0))

    def run(self, state, inputs, feedback):
        """Return the state after the last time step, and the states at all time steps.

        Parameters
        ----------
        state : ndarray of shape (units, width)
        inputs : ndarray of shape (n_steps, n_inputs, width), or codes (n_steps, width)
        feedback : ndarray of shape (n_steps, n_outputs, width) or None
        """
        states = self._project(inputs, feedback)
        n_steps, shape = len(states), state.shape
        previous = state.reshape(-1)
        scratch = np.empty_like(previous)
        add, activate, leak, keep = (
            self._add_recurrent,
            self._drive.activate,
            self._leak,
            self._keep,
        )
        is_leaky = self._is_leaky
        # States that are not finite are reported when the readout is solved.
        with np.errstate(over="ignore", invalid="ignore"):
            for row in states.reshape(n_steps, -1):
                add(previous, row)
                activate(row, row)
                if is_leaky:
                    np.multiply(previous, keep, out=scratch)
                    row *= leak
                    row += scratch
                previous = row
        return previous.reshape(shape).copy(), states

    def _project(self, inputs, feedback):
        """Return everything that does not depend on the state, (n_steps, units, width)."""
        layer = self._layer
        if inputs.ndim == 2:
            projected = _project_codes(layer, inputs)
        else:
            projected = _product(layer.input_weights, inputs)
            projected += layer.bias[:, None]
        if feedback is not None:
            projected += _product(layer.feedback_weights, feedback.astype(layer.bias.dtype))
        if self._drive.noise > 0:
            noise = self._drive.rng.normal(0, self._drive.noise, projected.shape)
            projected += noise.astype(projected.dtype)
        return projected


def _product(weights, steps):
    """Return the weights times every time step, contiguous (n_steps, units, width)."""
    if steps.shape[1] == 1:
        return steps * weights
    if steps.shape[2] == 1:
        return (steps[:, :, 0] @ weights.T)[:, :, None]
    return np.matmul(weights, steps)


def _project_codes(layer, codes):
    """Return the column of the input weights for each code (none for -1), plus the bias."""
    columns = np.vstack([layer.input_weights.T, np.zeros_like(layer.bias)]) + layer.bias
    return np.ascontiguousarray(np.moveaxis(columns[codes], 2, 1))
