"""Run the loops of `cells` inside XLA, one chunk of time steps after another.

Loops inside XLA cost half as much as those of a plain graph, but XLA compiles for every shape.
Batches are therefore padded to one width, and time is divided into chunks of one length, so that
one compiled loop serves sequences of any length.
"""

from dataclasses import dataclass

import tensorflow as tf

from skrnn.networks.backends.tensorflow.cells import (
    run_backward,
    run_forward,
    sigmoid_of_tanh,
    write_each,
    zero_states,
)
from skrnn.networks.backends.tensorflow.parts import (
    N_PARTS,
    add_by_name,
    cut_batch,
    cut_states,
    join_states,
    last_d_states,
    side_by_side,
    through_projection,
)

# The number of time steps of a chunk. A chunk is long enough to make the overhead of a call small,
# and short enough to keep the saved values in the processor's cache and to leave few time steps of
# the last chunk idle.
_CHUNK = 32


def run_in_compiled_chunks(cell, x, weights, initial_states, width):
    """Run a cell over all time steps of x (T, batch, features); see `loops`.

    Parameters
    ----------
    width : scalar int tensor
        The size of the largest batch, to which all batches are padded.
    """
    grid = _Grid.over(x, width)
    chunks = grid.cut(x)
    if initial_states is None:
        begin = [zero_states(cell, part, weights) for part in grid.parts(chunks[0])]
    else:
        begin = grid.cut_states(initial_states)
    lasts, firsts, saved = _forward_chunks(cell, chunks, begin, weights, grid)

    def backward(d_outputs, d_others):
        end = last_d_states(begin, grid.pad_states(d_others), grid.size)
        d_gates, d_weights, d_states = _backward_chunks(
            cell, saved, firsts, grid.cut(d_outputs), end, weights, grid
        )
        return *through_projection(x, weights, d_gates, d_weights), grid.trim_states(d_states)

    outputs = grid.trim(tf.concat([arrays[-1].concat() for arrays in saved], 1))
    return outputs, grid.trim_states(lasts)[1:], backward


@dataclass(frozen=True)
class _Grid:
    """The division of time into chunks of one length, and of a batch into parts of one size."""

    n_steps: tf.Tensor
    n_sequences: tf.Tensor
    n_chunks: tf.Tensor
    size: tf.Tensor

    @classmethod
    def over(cls, x, width):
        """Return the grid over x (T, batch, features), for batches of at most `width`."""
        n_steps, n_sequences = tf.shape(x)[0], tf.shape(x)[1]
        size = -(-width // N_PARTS)
        return cls(n_steps, n_sequences, -(-n_steps // _CHUNK), size)

    @property
    def n_idle(self):
        """The number of sequences of zeros with which a batch is padded."""
        return self.size * N_PARTS - self.n_sequences

    def cut(self, x):
        """Return the chunks (n_chunks, T, batch, features), padded with zeros."""
        idle_steps = self.n_chunks * _CHUNK - self.n_steps
        padded = tf.pad(x, [[0, idle_steps], [0, self.n_idle], [0, 0]])
        return tf.reshape(padded, [self.n_chunks, _CHUNK, self.size * N_PARTS, x.shape[2]])

    def parts(self, chunk):
        """Return the parts of the batch in a chunk."""
        return cut_batch(chunk, self.size)

    def pad_states(self, states):
        """Return states (batch, units) padded with zeros."""
        return [tf.pad(state, [[0, self.n_idle], [0, 0]]) for state in states]

    def cut_states(self, states):
        """Return a list of padded states for each part."""
        return cut_states(self.pad_states(states), self.size)

    def trim_states(self, parts):
        """Return states (batch, units), from a list of padded states for each part."""
        return [state[: self.n_sequences] for state in join_states(parts)]

    def steps_in(self, k):
        """Return how many time steps of chunk `k` are not padding."""
        return tf.minimum(_CHUNK, self.n_steps - k * _CHUNK)

    def trim(self, x):
        """Return joined chunks without their padding."""
        return x[: self.n_steps, : self.n_sequences]


def _forward_chunks(cell, chunks, begin, weights, grid):
    """Return the last states, and the first states and the saved values of each chunk as arrays."""
    forward = tf.function(run_forward, jit_compile=True, autograph=False)
    state_shape = begin[0][0].shape
    saved_shape = [_CHUNK, *state_shape]

    def run_chunk(k, states, firsts, saved):
        n = grid.steps_in(k)
        runs = side_by_side(
            lambda part, first: forward(cell, part, first, weights, n, sigmoid_of_tanh),
            grid.parts(chunks[k]),
            states,
        )
        lasts, new = (list(results) for results in zip(*runs, strict=True))
        return k + 1, lasts, _write_all(firsts, k, states), _write_all(saved, k, new)

    def arrays(n, shape):
        return [
            [tf.TensorArray(chunks.dtype, grid.n_chunks, element_shape=shape) for _ in range(n)]
            for _ in range(N_PARTS)
        ]

    start = 0, begin, arrays(cell.n_states, state_shape), arrays(cell.n_saved, saved_shape)
    _, lasts, firsts, saved = tf.while_loop(
        lambda k, *_: k < grid.n_chunks, run_chunk, start, parallel_iterations=1
    )
    return lasts, firsts, saved


def _backward_chunks(cell, saved, firsts, d_chunks, d_states, weights, grid):
    """Run all chunks backwards.

    Returns
    -------
    d_gates : tensor of shape (T, batch, n_gates * units)
        The gradient of the projected inputs.
    d_weights : dict of str to tensor
        The gradients of the weights inside the loop.
    d_states : list for each part of a list of tensor
        The gradients of the padded states before the first time step.
    """
    backward = tf.function(run_backward, jit_compile=True, autograph=False)

    def run_chunk(k, d_states, d_weights, d_gates):
        n = grid.steps_in(k)
        runs = side_by_side(
            lambda *part: backward(cell, *part, weights, n),
            _read_all(saved, k),
            _read_all(firsts, k),
            grid.parts(d_chunks[k]),
            d_states,
        )
        new, new_weights, d_states = (list(results) for results in zip(*runs, strict=True))
        d_weights = add_by_name([d_weights, *new_weights])
        return k - 1, d_states, d_weights, d_gates.write(k, tf.concat(new, 1))

    nothing = {name: tf.zeros_like(weights[name]) for name in cell.loop_weights}
    gates_shape = [_CHUNK, None, weights["bias"].shape[0]]
    d_gates = tf.TensorArray(d_chunks.dtype, grid.n_chunks, element_shape=gates_shape)
    _, d_states, d_weights, d_gates = tf.while_loop(
        lambda k, *_: k >= 0,
        run_chunk,
        (grid.n_chunks - 1, d_states, nothing, d_gates),
        parallel_iterations=1,
    )
    return grid.trim(d_gates.concat()), d_weights, d_states


def _write_all(parts, t, values):
    return [write_each(arrays, t, some) for arrays, some in zip(parts, values, strict=True)]


def _read_all(parts, t):
    return [[array.read(t) for array in arrays] for arrays in parts]
