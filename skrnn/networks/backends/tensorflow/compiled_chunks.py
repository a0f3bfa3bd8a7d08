"""Run the loops of `cells` inside XLA, one chunk of time steps after another.

Loops inside XLA cost half as much as those of a plain graph, but XLA compiles for every shape.
Batches are therefore padded to one width, and time is divided into chunks of one length, so that
one compiled loop serves sequences of any length.
"""

from dataclasses import dataclass

import tensorflow as tf

from skrnn.networks.backends.tensorflow.cells import (
    as_rows,
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


def run_in_compiled_chunks(cell, x, weights, initial_states, width, factors=None):
    """Run a cell over all time steps of x (T, batch, features); see `loops`.

    Parameters
    ----------
    width : scalar int tensor
        The size of the largest batch, to which all batches are padded.
    factors : tensor of shape (T, batch) or None
        If not None, x is an array of codes (T, batch), and these are the factors of their rows of
        the kernel. The rows are read one chunk at a time, because those of all time steps and
        their gradients would take more memory than what the loop saves.
    """
    grid = _Grid.over(x, width)
    inputs = _Vectors(grid, x, weights) if factors is None else _Rows(grid, x, factors, weights)
    if initial_states is None:
        begin = [zero_states(cell, part, weights) for part in grid.parts(inputs.chunk(0))]
    else:
        begin = grid.cut_states(initial_states)
    lasts, firsts, saved = _forward_chunks(cell, inputs, begin, grid)

    def backward(d_outputs, d_others):
        end = last_d_states(begin, grid.pad_states(d_others), grid.size)
        d_inputs, d_weights, d_states = _backward_chunks(
            cell, saved, firsts, grid.cut(d_outputs), end, inputs, grid
        )
        return *inputs.gradients(d_inputs, d_weights), grid.trim_states(d_states)

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
        """Return the chunks of an array (T, batch, ...), padded with zeros."""
        idle_steps, others = self.n_chunks * _CHUNK - self.n_steps, x.shape[2:]
        padded = tf.pad(x, [[0, idle_steps], [0, self.n_idle], *[[0, 0]] * len(others)])
        return tf.reshape(padded, [self.n_chunks, _CHUNK, self.size * N_PARTS, *others])

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


class _Vectors:
    """The inputs of the chunks if time steps are vectors.

    Attributes
    ----------
    weights : dict of str to tensor
        The weights with which the loops run.
    """

    def __init__(self, grid, x, weights):
        self.weights, self._grid, self._x, self._chunks = weights, grid, x, grid.cut(x)

    def chunk(self, k):
        """Return the inputs of chunk `k`, (T, batch, features)."""
        return self._chunks[k]

    def no_gradient(self):
        """Return what `add_gradient` receives for the last chunk."""
        gates_shape = [_CHUNK, None, self.weights["bias"].shape[0]]
        dtype = self.weights["bias"].dtype
        return tf.TensorArray(dtype, self._grid.n_chunks, element_shape=gates_shape)

    def add_gradient(self, d_inputs, k, d_gates):
        """Return the gradients of the later chunks, joined with that of chunk `k`."""
        return d_inputs.write(k, d_gates)

    def gradients(self, d_inputs, d_weights):
        """Return the gradients of x and of all weights, from what `add_gradient` returned."""
        d_gates = self._grid.trim(d_inputs.concat())
        return through_projection(self._x, self.weights, d_gates, d_weights)


class _Rows:
    """The inputs of the chunks if time steps are codes: rows of the kernel, and their factors."""

    def __init__(self, grid, codes, factors, weights):
        self.weights = {name: weight for name, weight in weights.items() if name != "kernel"}
        self._kernel, self._bias = weights["kernel"], weights["bias"]
        self._codes, self._factors = grid.cut(codes), tf.expand_dims(grid.cut(factors), 3)

    def chunk(self, k):
        """Return the inputs of chunk `k`, (T, batch, n_gates * units)."""
        return tf.gather(self._kernel, self._codes[k]) * self._factors[k]

    def no_gradient(self):
        """Return the gradients of the kernel and of the bias before the first sum."""
        return tf.zeros_like(self._kernel), tf.zeros_like(self._bias)

    def add_gradient(self, d_inputs, k, d_gates):
        """Return the gradients of the kernel and of the bias, with those of chunk `k` added."""
        d_kernel, d_bias = d_inputs
        rows, codes = as_rows(d_gates * self._factors[k]), tf.reshape(self._codes[k], [-1, 1])
        d_kernel = tf.tensor_scatter_nd_add(d_kernel, codes, rows)
        return d_kernel, d_bias + tf.reduce_sum(as_rows(d_gates), 0)

    def gradients(self, d_inputs, d_weights):
        """Return None, as codes have no gradient, and the gradients of all weights."""
        d_kernel, d_bias = d_inputs
        return None, {**d_weights, "kernel": d_kernel, "bias": d_bias}


def _forward_chunks(cell, inputs, begin, grid):
    """Return the last states, and the first states and the saved values of each chunk as arrays."""
    forward = tf.function(run_forward, jit_compile=True, autograph=False)
    state_shape, dtype = begin[0][0].shape, begin[0][0].dtype
    saved_shape = [_CHUNK, *state_shape]

    def run_chunk(k, states, firsts, saved):
        n = grid.steps_in(k)
        runs = side_by_side(
            lambda part, first: forward(cell, part, first, inputs.weights, n, sigmoid_of_tanh),
            grid.parts(inputs.chunk(k)),
            states,
        )
        lasts, new = (list(results) for results in zip(*runs, strict=True))
        return k + 1, lasts, _write_all(firsts, k, states), _write_all(saved, k, new)

    def arrays(n, shape):
        return [
            [tf.TensorArray(dtype, grid.n_chunks, element_shape=shape) for _ in range(n)]
            for _ in range(N_PARTS)
        ]

    start = 0, begin, arrays(cell.n_states, state_shape), arrays(cell.n_saved, saved_shape)
    _, lasts, firsts, saved = tf.while_loop(
        lambda k, *_: k < grid.n_chunks, run_chunk, start, parallel_iterations=1
    )
    return lasts, firsts, saved


def _backward_chunks(cell, saved, firsts, d_chunks, d_states, inputs, grid):
    """Run all chunks backwards.

    Returns
    -------
    d_inputs : object
        The gradients of the inputs of all chunks, as `inputs` joins them.
    d_weights : dict of str to tensor
        The gradients of the weights inside the loop.
    d_states : list for each part of a list of tensor
        The gradients of the padded states before the first time step.
    """
    backward, weights = tf.function(run_backward, jit_compile=True, autograph=False), inputs.weights

    def run_chunk(k, d_states, d_weights, d_inputs):
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
        d_inputs = inputs.add_gradient(d_inputs, k, tf.concat(new, 1))
        return k - 1, d_states, d_weights, d_inputs

    nothing = {name: tf.zeros_like(weights[name]) for name in cell.loop_weights}
    start = grid.n_chunks - 1, d_states, nothing, inputs.no_gradient()
    _, d_states, d_weights, d_inputs = tf.while_loop(
        lambda k, *_: k >= 0, run_chunk, start, parallel_iterations=1
    )
    return d_inputs, d_weights, d_states


def _write_all(parts, t, values):
    return [write_each(arrays, t, some) for arrays, some in zip(parts, values, strict=True)]


def _read_all(parts, t):
    return [[array.read(t) for array in arrays] for arrays in parts]
