"""Three ways to run the time loops of recurrent layers on TensorFlow's CPU.

A layer's time goes into small products and into what stands round them. So a batch is cut in parts
that run side by side, one on each core: the products are too small to be worth sharing one among
several cores.

The loops of `cells` run as plain graph, for any shape at once, or inside XLA, whose
loops cost half as much but which compiles for every shape: then batches are brought to one width,
and time is cut in chunks of one length, so that one compiled loop serves sequences of any length.
LSTMs that read vectors have a kernel of TensorFlow's own, which stands in for the plain graph.
"""

import os
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import tensorflow as tf

from skrnn.networks.backends.tensorflow.cells import (
    CELLS,
    as_rows,
    run_backward,
    run_forward,
    sigmoid_of_tanh,
    write_each,
    zero_states,
)

__all__ = ["compiled_loops", "has_fast_loop", "run_loop"]

# Beyond a few parts the products become too small to pay for themselves.
_MAX_PARTS = 4
_PARTS = min(os.cpu_count() or 1, _MAX_PARTS)

# A part of fewer numbers a step than this is quicker together with the rest.
_MIN_STATE = 2048

# Steps in one compiled chunk: long enough that entering it costs little, short enough that what it
# saves stays in the cache and that few steps of the last one are idle.
_CHUNK = 32

_compiled_width = ContextVar("_compiled_width", default=None)


@contextmanager
def compiled_loops(width):
    """Trace the loops inside for XLA, in batches of one width.

    Parameters
    ----------
    width : scalar int tensor or None
        The largest batch; None: plain graph.
    """
    token = _compiled_width.set(width)
    try:
        yield
    finally:
        _compiled_width.reset(token)


def has_fast_loop(kind):
    """Whether to run a loop of ours: not on a GPU, where Keras takes cuDNN."""
    return kind in CELLS and not tf.config.get_visible_devices("GPU")


def run_loop(kind, steps, mask, kernel, recurrent_kernel, bias):
    """Run the cell's loops the way that suits its inputs; gradients go through `outputs` alone."""
    kernel, recurrent_kernel, bias = map(tf.convert_to_tensor, (kernel, recurrent_kernel, bias))
    inputs = steps
    if steps.dtype.is_integer:
        inputs, kernel = tf.gather(kernel, steps), None
        mask = None if mask is None else tf.expand_dims(mask, 2)
    elif mask is not None:
        mask = tf.expand_dims(mask, 1)
    inputs = inputs if mask is None else inputs * mask
    cell = CELLS[kind]
    weights = {"kernel": kernel, "recurrent_kernel": recurrent_kernel, **cell.biases(bias)}
    weights = {name: weight for name, weight in weights.items() if weight is not None}
    if _compiled_width.get() is not None:
        way = _in_compiled_chunks
    elif kind == "LSTM" and kernel is not None and inputs.dtype == tf.float32:
        way = _in_block_kernel
    else:
        way = _in_one_graph
    outputs, *memory = _run(way, cell, inputs, weights)
    return outputs, [outputs[:, -1], *memory]


def _run(way, cell, inputs, weights):
    """Run a layer from zero states, with the gradient that the way has.

    Returns
    -------
    outputs : tensor of shape (batch, T, units)
    *memory : tensors of shape (batch, units)
        Final states other than the outputs.
    """

    @tf.custom_gradient
    def run(inputs, *tensors):
        given = dict(zip(weights, tensors, strict=True))
        outputs, memory, backward = way(cell, tf.transpose(inputs, [1, 0, 2]), given)

        def gradient(d_outputs, *_):
            d_x, found = backward(tf.transpose(d_outputs, [1, 0, 2]))
            return tf.transpose(d_x, [1, 0, 2]), *[found[name] for name in given]

        return (tf.transpose(outputs, [1, 0, 2]), *memory), gradient

    return run(inputs, *weights.values())


# --- parts of a batch, for the cores ----------------------------------------------------------


def _size_of_part(x, units):
    """How many sequences of x (T, batch, features) a part has: all, if they are few."""
    n = tf.shape(x)[1]
    n_used = tf.clip_by_value(n * units // _MIN_STATE, 1, _PARTS)
    return -(-n // n_used)


def _cut_batch(x, size):
    return [x[:, i * size : (i + 1) * size] for i in range(_PARTS)]


def _side_by_side(function, *lists):
    """Call a function of each part's tensors so that all parts start at the same moment.

    A core that has come to one part's work would otherwise finish it before it prepares the next
    part's, which no other core can then take.
    """
    flat = tf.nest.flatten(lists)
    lists = tf.nest.pack_sequence_as(lists, tf.raw_ops.IdentityN(input=flat))
    return [function(*part) for part in zip(*lists, strict=True)]


def _sum(founds):
    return {name: tf.add_n([found[name] for found in founds]) for name in founds[0]}


def _through_projection(x, weights, d_gates, found):
    """Go on from the gradient of the projected inputs to those of x, kernel and bias."""
    rows = as_rows(d_gates)
    found["bias"] = tf.reduce_sum(rows, 0)
    if "kernel" not in weights:
        return d_gates, found
    found["kernel"] = tf.matmul(as_rows(x), rows, transpose_a=True)
    d_x = tf.matmul(rows, weights["kernel"], transpose_b=True)
    return tf.reshape(d_x, tf.shape(x)), found


# --- three ways through all steps of x (T, batch, features) -----------------------------------
#
# Each returns the outputs, the final states beside them, and a function from the gradient of the
# outputs to that of x and, by name, those of the weights.


def _in_one_graph(cell, x, weights):
    """Run plain loops, for any shape."""
    n_steps = tf.shape(x)[0]
    size = _size_of_part(x, weights["recurrent_kernel"].shape[0])
    parts = _cut_batch(x, size)
    firsts = [zero_states(cell, part, weights) for part in parts]
    runs = [
        run_forward(cell, part, first, weights, n_steps, tf.sigmoid)
        for part, first in zip(parts, firsts, strict=True)
    ]
    lasts, saved = zip(*runs, strict=True)

    def backward(d_outputs):
        results = [
            run_backward(cell, saved_part, first, d_part, first, weights, n_steps)
            for saved_part, first, d_part in zip(
                saved, firsts, _cut_batch(d_outputs, size), strict=True
            )
        ]
        d_gates, founds, _ = zip(*results, strict=True)
        return _through_projection(x, weights, tf.concat(d_gates, 1), _sum(founds))

    return tf.concat([part[-1] for part in saved], 1), _join(lasts), backward


def _join(lasts):
    """Each final state but the outputs, of all parts together."""
    return [tf.concat(pieces, 0) for pieces in list(zip(*lasts, strict=True))[1:]]


def _in_block_kernel(cell, x, weights):
    """Run TensorFlow's own LSTM kernel."""
    units = weights["recurrent_kernel"].shape[0]
    size = _size_of_part(x, units)
    parts = _cut_batch(x, size)
    block = _block_of(weights, x.dtype)

    def forward(part, zeros):
        return tf.raw_ops.BlockLSTMV2(**block, **_block_inputs(part, zeros), cell_clip=0.0)

    def gradient(part, zeros, run, d_cells, d_outputs):
        inputs = _block_inputs(part, zeros)
        return tf.raw_ops.BlockLSTMGradV2(
            **block, **inputs, **run, cs_grad=d_cells, h_grad=d_outputs
        )

    zeros = [zero_states(cell, part, weights)[0] for part in parts]
    runs = _side_by_side(forward, parts, zeros)

    def backward(d_outputs):
        d_cells = [tf.zeros_like(run.cs) for run in runs]
        saved = [run._asdict() for run in runs]
        done = _side_by_side(gradient, parts, zeros, saved, d_cells, _cut_batch(d_outputs, size))
        d_kernels = tf.add_n([one.w_grad for one in done])
        d_kernel, d_recurrent = tf.split(d_kernels, [weights["kernel"].shape[0], units])
        d_bias = tf.add_n([one.b_grad for one in done])
        found = {"kernel": d_kernel, "recurrent_kernel": d_recurrent, "bias": d_bias}
        return tf.concat([one.x_grad for one in done], 1), found

    outputs = tf.concat([run.h for run in runs], 1)
    return outputs, [tf.concat([run.cs[-1] for run in runs], 0)], backward


def _block_of(weights, dtype):
    """What the kernel is told of a layer; its peepholes are not used."""
    unused = tf.zeros([weights["recurrent_kernel"].shape[0]], dtype)
    return {
        "w": tf.concat([weights["kernel"], weights["recurrent_kernel"]], 0),
        "wci": unused,
        "wcf": unused,
        "wco": unused,
        "b": weights["bias"],
        "use_peephole": False,
    }


def _block_inputs(part, zeros):
    """What the kernel is told of a part; an empty one costs no steps."""
    n_steps = tf.where(tf.shape(part)[1] > 0, tf.shape(part)[0], 0)
    n_steps = tf.cast(n_steps, tf.int64)
    return {"seq_len_max": n_steps, "x": part, "cs_prev": zeros, "h_prev": zeros}


def _in_compiled_chunks(cell, x, weights):
    """Run one chunk of time after the other, each inside XLA."""
    grid = _Grid.over(x)
    chunks = grid.cut(x)
    zeros = [zero_states(cell, part, weights) for part in grid.parts(chunks[0])]
    lasts, firsts, saved = _forward_chunks(cell, chunks, zeros, weights, grid)

    def backward(d_outputs):
        d_gates, found = _backward_chunks(
            cell, saved, firsts, grid.cut(d_outputs), zeros, weights, grid
        )
        return _through_projection(x, weights, d_gates, found)

    outputs = grid.trim(tf.concat([arrays[-1].concat() for arrays in saved], 1))
    memory = [state[: grid.n_sequences] for state in _join(lasts)]
    return outputs, memory, backward


@dataclass(frozen=True)
class _Grid:
    """How time is cut into chunks of one length, and a batch into parts of one size."""

    n_steps: tf.Tensor
    n_sequences: tf.Tensor
    n_chunks: tf.Tensor
    size: tf.Tensor

    @classmethod
    def over(cls, x):
        """Return the grid over x (T, batch, features), for batches of the width set."""
        n_steps, n_sequences = tf.shape(x)[0], tf.shape(x)[1]
        size = -(-_compiled_width.get() // _PARTS)
        return cls(n_steps, n_sequences, -(-n_steps // _CHUNK), size)

    def cut(self, x):
        """Return the chunks (n_chunks, T, batch, features), filled up with zeros."""
        width = self.size * _PARTS
        idle_steps = self.n_chunks * _CHUNK - self.n_steps
        padded = tf.pad(x, [[0, idle_steps], [0, width - self.n_sequences], [0, 0]])
        return tf.reshape(padded, [self.n_chunks, _CHUNK, width, x.shape[2]])

    def parts(self, chunk):
        """Return the parts of the batch in a chunk."""
        return _cut_batch(chunk, self.size)

    def steps_in(self, k):
        """Return how many steps of chunk `k` are not filling."""
        return tf.minimum(_CHUNK, self.n_steps - k * _CHUNK)

    def trim(self, x):
        """Return joined chunks without what filled them up."""
        return x[: self.n_steps, : self.n_sequences]


def _forward_chunks(cell, chunks, zeros, weights, grid):
    """Run all chunks; return last states, and arrays by chunk of first states and saved values."""
    forward = tf.function(run_forward, jit_compile=True, autograph=False)
    state_shape = zeros[0][0].shape
    saved_shape = [_CHUNK, *state_shape]

    def run_chunk(k, states, firsts, saved):
        n = grid.steps_in(k)
        runs = _side_by_side(
            lambda part, first: forward(cell, part, first, weights, n, sigmoid_of_tanh),
            grid.parts(chunks[k]),
            states,
        )
        lasts, new = (list(results) for results in zip(*runs, strict=True))
        return k + 1, lasts, _write_all(firsts, k, states), _write_all(saved, k, new)

    def arrays(n, shape):
        return [
            [tf.TensorArray(chunks.dtype, grid.n_chunks, element_shape=shape) for _ in range(n)]
            for _ in range(_PARTS)
        ]

    start = 0, zeros, arrays(cell.n_states, state_shape), arrays(cell.n_saved, saved_shape)
    _, lasts, firsts, saved = tf.while_loop(
        lambda k, *_: k < grid.n_chunks, run_chunk, start, parallel_iterations=1
    )
    return lasts, firsts, saved


def _backward_chunks(cell, saved, firsts, d_chunks, zeros, weights, grid):
    """Run all chunks backwards; return the gradients of the projected inputs and of weights."""
    backward = tf.function(run_backward, jit_compile=True, autograph=False)

    def run_chunk(k, d_states, found, d_gates):
        n = grid.steps_in(k)
        runs = _side_by_side(
            lambda *part: backward(cell, *part, weights, n),
            _read_all(saved, k),
            _read_all(firsts, k),
            grid.parts(d_chunks[k]),
            d_states,
        )
        new, founds, d_states = (list(results) for results in zip(*runs, strict=True))
        return k - 1, d_states, _sum([found, *founds]), d_gates.write(k, tf.concat(new, 1))

    nothing = {name: tf.zeros_like(weights[name]) for name in cell.loop_weights}
    gates_shape = [_CHUNK, None, weights["bias"].shape[0]]
    d_gates = tf.TensorArray(d_chunks.dtype, grid.n_chunks, element_shape=gates_shape)
    _, _, found, d_gates = tf.while_loop(
        lambda k, *_: k >= 0,
        run_chunk,
        (grid.n_chunks - 1, zeros, nothing, d_gates),
        parallel_iterations=1,
    )
    return grid.trim(d_gates.concat()), found


def _write_all(parts, t, values):
    return [write_each(arrays, t, some) for arrays, some in zip(parts, values, strict=True)]


def _read_all(parts, t):
    return [[array.read(t) for array in arrays] for arrays in parts]
