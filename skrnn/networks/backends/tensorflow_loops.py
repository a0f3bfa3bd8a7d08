"""Time loops of recurrent layers on TensorFlow's CPU, their gradients written by hand.

A layer's time goes into small products and into what stands round them. So here the input
projection is one product for all steps, a loop holds the recurrent product and the gates alone,
and the gradient saves what the gates were and forms the recurrent weights' gradient in one product
at the end. A batch is cut in parts that run side by side, one on each core: the products are too
small to be worth sharing one among several cores.

The same loops run as plain graph, for any shape at once, or inside XLA, whose loops cost half as
much but which compiles for every shape: then batches are brought to one width, and time is cut in
chunks of one length, so that one compiled loop serves sequences of any length. LSTMs that read
vectors have a kernel of TensorFlow's own, which stands in for the plain graph.
"""

import os
from contextlib import contextmanager
from contextvars import ContextVar

import tensorflow as tf

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
    """Whether `run_loop` is the fastest way: not on a GPU, where Keras takes cuDNN.

    Parameters
    ----------
    kind : {"SimpleRNN", "LSTM", "GRU", "GRUResetBefore"}
    """
    return kind in _CELLS and not tf.config.get_visible_devices("GPU")


def run_loop(kind, steps, mask, kernel, recurrent_kernel, bias):
    """Run a recurrent layer over all steps, from zero states.

    Gradients go through `outputs` alone.

    Parameters
    ----------
    kind : {"SimpleRNN", "LSTM", "GRU", "GRUResetBefore"}
    steps : tensor of shape (batch, T, features), or of int and shape (batch, T)
        Integer codes stand for one-hot vectors.
    mask : tensor of shape (batch, features), or (batch, T) for codes, or None
        Each step is multiplied by it.
    kernel, recurrent_kernel, bias : keras.Variable
        As Keras lays them out.

    Returns
    -------
    outputs : tensor of shape (batch, T, units)
    states : list of tensor of shape (batch, units)
    """
    kernel, recurrent_kernel, bias = map(tf.convert_to_tensor, (kernel, recurrent_kernel, bias))
    inputs = steps
    if steps.dtype.is_integer:
        inputs, kernel = tf.gather(kernel, steps), None
        mask = None if mask is None else tf.expand_dims(mask, 2)
    elif mask is not None:
        mask = tf.expand_dims(mask, 1)
    inputs = inputs if mask is None else inputs * mask
    cell = _CELLS[kind]
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
    rows = _rows(d_gates)
    found["bias"] = tf.reduce_sum(rows, 0)
    if "kernel" not in weights:
        return d_gates, found
    found["kernel"] = tf.matmul(_rows(x), rows, transpose_a=True)
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
    firsts = [_zero_states(cell, part, weights) for part in parts]
    runs = [
        _forward(cell, part, first, weights, n_steps, tf.sigmoid)
        for part, first in zip(parts, firsts, strict=True)
    ]
    lasts, saved = zip(*runs, strict=True)

    def backward(d_outputs):
        results = [
            _backward(cell, saved_part, first, d_part, first, weights, n_steps)
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
    """Run TensorFlow's own LSTM kernel; an empty part costs no steps."""
    units = weights["recurrent_kernel"].shape[0]
    size = _size_of_part(x, units)
    parts = _cut_batch(x, size)
    unused = tf.zeros([units], x.dtype)
    shared = {
        "w": tf.concat([weights["kernel"], weights["recurrent_kernel"]], 0),
        "wci": unused,
        "wcf": unused,
        "wco": unused,
        "b": weights["bias"],
        "use_peephole": False,
    }

    def own(part, zeros):
        n_steps = tf.where(tf.shape(part)[1] > 0, tf.shape(part)[0], 0)
        n_steps = tf.cast(n_steps, tf.int64)
        return {**shared, "seq_len_max": n_steps, "x": part, "cs_prev": zeros, "h_prev": zeros}

    def forward(part, zeros):
        return tf.raw_ops.BlockLSTMV2(**own(part, zeros), cell_clip=0.0)

    zeros = [_zero_states(cell, part, weights)[0] for part in parts]
    runs = _side_by_side(forward, parts, zeros)

    def gradient(part, zeros, run, d_cells, d_outputs):
        return tf.raw_ops.BlockLSTMGradV2(
            **own(part, zeros), **run, cs_grad=d_cells, h_grad=d_outputs
        )

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


def _in_compiled_chunks(cell, x, weights):
    """Run one chunk of time after the other, each inside XLA."""
    forward = tf.function(_forward, jit_compile=True, autograph=False)
    backward = tf.function(_backward, jit_compile=True, autograph=False)
    n_steps, n_sequences = tf.shape(x)[0], tf.shape(x)[1]
    n_chunks = -(-n_steps // _CHUNK)
    size = -(-_compiled_width.get() // _PARTS)
    chunks = _cut_time(x, n_chunks, size)
    zeros = [_zero_states(cell, part, weights) for part in _cut_batch(chunks[0], size)]
    state_shape = zeros[0][0].shape

    def pieces(n, shape):
        return [
            [tf.TensorArray(x.dtype, size=n_chunks, element_shape=shape) for _ in range(n)]
            for _ in range(_PARTS)
        ]

    def run_chunk(k, states, firsts, saved):
        n = tf.minimum(_CHUNK, n_steps - k * _CHUNK)
        runs = _side_by_side(
            lambda part, first: forward(cell, part, first, weights, n, _sigmoid_of_tanh),
            _cut_batch(chunks[k], size),
            states,
        )
        lasts, new = (list(results) for results in zip(*runs, strict=True))
        return k + 1, lasts, _write_all(firsts, k, states), _write_all(saved, k, new)

    _, lasts, firsts, saved = tf.while_loop(
        lambda k, *_: k < n_chunks,
        run_chunk,
        (
            0,
            zeros,
            pieces(cell.n_states, state_shape),
            pieces(cell.n_saved, [_CHUNK, *state_shape]),
        ),
        parallel_iterations=1,
    )

    def gradient(d_outputs):
        d_chunks = _cut_time(d_outputs, n_chunks, size)

        def run_chunk(k, d_states, found, d_gates):
            n = tf.minimum(_CHUNK, n_steps - k * _CHUNK)
            runs = _side_by_side(
                lambda *part: backward(cell, *part, weights, n),
                _read_all(saved, k),
                _read_all(firsts, k),
                _cut_batch(d_chunks[k], size),
                d_states,
            )
            new, founds, d_states = (list(results) for results in zip(*runs, strict=True))
            return k - 1, d_states, _sum([found, *founds]), d_gates.write(k, tf.concat(new, 1))

        nothing = {name: tf.zeros_like(weights[name]) for name in cell.loop_weights}
        d_gates = tf.TensorArray(
            x.dtype, n_chunks, element_shape=[_CHUNK, None, weights["bias"].shape[0]]
        )
        _, _, found, d_gates = tf.while_loop(
            lambda k, *_: k >= 0,
            run_chunk,
            (n_chunks - 1, zeros, nothing, d_gates),
            parallel_iterations=1,
        )
        d_gates = d_gates.concat()[:n_steps, :n_sequences]
        return _through_projection(x, weights, d_gates, found)

    outputs = tf.concat([arrays[-1].concat() for arrays in saved], 1)[:n_steps, :n_sequences]
    memory = [state[:n_sequences] for state in _join(lasts)]
    return outputs, memory, gradient


def _cut_time(x, n_chunks, size):
    """Cut time into chunks and fill them up, and the batch, with zeros."""
    n_steps, n_sequences = tf.shape(x)[0], tf.shape(x)[1]
    padding = [[0, n_chunks * _CHUNK - n_steps], [0, size * _PARTS - n_sequences], [0, 0]]
    return tf.reshape(tf.pad(x, padding), [n_chunks, _CHUNK, size * _PARTS, x.shape[2]])


def _write_all(parts, t, values):
    return [_write(arrays, t, some) for arrays, some in zip(parts, values, strict=True)]


def _read_all(parts, t):
    return [[array.read(t) for array in arrays] for arrays in parts]


def _zero_states(cell, x, weights):
    zeros = tf.zeros([tf.shape(x)[1], weights["recurrent_kernel"].shape[0]], x.dtype)
    return [zeros] * cell.n_states


def _rows(x):
    return tf.reshape(x, [-1, x.shape[2]])


def _sigmoid_of_tanh(x):
    """The logistic function, by the one transcendental function that XLA computes fast."""
    return 0.5 * tf.tanh(0.5 * x) + 0.5


# --- the loops --------------------------------------------------------------------------------


def _forward(cell, x, states, weights, n, sigmoid):
    """Run the first `n` steps of x (T, batch, features).

    Returns
    -------
    states : list of tensor of shape (batch, units)
    saved : list of tensor of shape (T, batch, units)
        The gates and what else the gradient wants, the outputs last; zero after `n` steps.
    """
    gates = _input_gates(cell, x, weights)
    n_steps, shape = tf.shape(x)[0], gates[0].shape[1:]
    # The gates are written over the inputs that they came from.
    gates = [_unstack(gate) for gate in gates]
    others = [
        tf.TensorArray(x.dtype, size=n_steps, element_shape=shape)
        for _ in range(cell.n_saved - cell.n_gates)
    ]

    def step(t, states, gates, others):
        inputs = [gate.read(t) for gate in gates]
        states, new_gates, new_others = cell.forward(inputs, states, weights, sigmoid)
        return t + 1, states, _write(gates, t, new_gates), _write(others, t, new_others)

    _, states, gates, others = tf.while_loop(
        lambda t, *_: t < n, step, (0, states, gates, others), parallel_iterations=1
    )
    return states, [array.stack() for array in (*gates, *others)]


def _backward(cell, saved, first, d_outputs, d_states, weights, n):
    """Run the first `n` steps backwards, from the gradients of outputs and of final states.

    Returns
    -------
    d_gates : tensor of shape (T, batch, n_gates * units)
        Of the projected inputs.
    found : dict of str to tensor
        Gradients of the weights inside the loop.
    d_states : list of tensor of shape (batch, units)
        Of the states that the steps began with.
    """
    # A product with a matrix laid out for it, in place of one that is laid out anew each step.
    turned = tf.transpose(weights["recurrent_kernel"])
    reads = [_unstack(array) for array in (d_outputs, *cell.reads(saved, first))]
    units = d_outputs.shape[2]
    writes = [
        tf.TensorArray(
            d_outputs.dtype, tf.shape(d_outputs)[0], element_shape=[d_outputs.shape[1], k * units]
        )
        for k in cell.backward_widths
    ]

    def step(t, d_states, writes):
        d_output, *read = (array.read(t) for array in reads)
        d_states = [d_states[0] + d_output, *d_states[1:]]
        d_states, new = cell.backward(read, d_states, turned)
        return t - 1, d_states, _write(writes, t, new)

    _, d_states, writes = tf.while_loop(
        lambda t, *_: t >= 0, step, (n - 1, d_states, writes), parallel_iterations=1
    )
    d_gates, found = cell.gradients([array.stack() for array in writes], saved, first)
    return d_gates, found, d_states


def _input_gates(cell, x, weights):
    """Each gate's share of the input, for all steps."""
    biases = tf.split(weights["bias"], cell.n_gates)
    if "kernel" not in weights:
        return [g + b for g, b in zip(tf.split(x, cell.n_gates, 2), biases, strict=True)]
    shape = [*_leading(x), biases[0].shape[0]]
    kernels = tf.split(weights["kernel"], cell.n_gates, 1)
    products = [
        tf.matmul(_rows(x), kernel) + bias for kernel, bias in zip(kernels, biases, strict=True)
    ]
    return [tf.reshape(product, shape) for product in products]


def _leading(x):
    static, dynamic = x.shape[:2], tf.shape(x)
    return [dynamic[i] if static[i] is None else static[i] for i in range(2)]


def _unstack(array):
    shape = array.shape[1:]
    empty = tf.TensorArray(
        array.dtype, tf.shape(array)[0], element_shape=shape, clear_after_read=False
    )
    return empty.unstack(array)


def _write(arrays, t, values):
    return [array.write(t, value) for array, value in zip(arrays, values, strict=True)]


def _before(array, first):
    """What an array (T, batch, units) held one step earlier."""
    return tf.concat([first[None], array[:-1]], 0)


def _product(left, right):
    return tf.matmul(_rows(left), _rows(right), transpose_a=True)


# --- the cells, as Keras defines them ---------------------------------------------------------


class _SimpleRNN:
    """h' = tanh(x + h R)."""

    n_gates, n_states, n_saved = 1, 1, 1
    backward_widths = (1,)
    loop_weights = ("recurrent_kernel",)

    @staticmethod
    def biases(bias):
        return {"bias": bias}

    @staticmethod
    def forward(inputs, states, weights, sigmoid):
        h = tf.tanh(inputs[0] + tf.matmul(states[0], weights["recurrent_kernel"]))
        return [h], [h], []

    @staticmethod
    def reads(saved, first):
        return saved

    @staticmethod
    def backward(read, d_states, turned):
        (h,) = read
        d = d_states[0] * (1 - h * h)
        return [tf.matmul(d, turned)], [d]

    @staticmethod
    def gradients(written, saved, first):
        (d,) = written
        return d, {"recurrent_kernel": _product(_before(saved[-1], first[0]), d)}


class _LSTM:
    """c' = f c + i g, h' = o tanh(c'); gates in the order i, f, g, o."""

    n_gates, n_states, n_saved = 4, 2, 6
    backward_widths = (4,)
    loop_weights = ("recurrent_kernel",)
    biases = _SimpleRNN.biases
    gradients = _SimpleRNN.gradients

    @staticmethod
    def forward(inputs, states, weights, sigmoid):
        h, c = states
        recurrent = tf.split(tf.matmul(h, weights["recurrent_kernel"]), 4, 1)
        i, f, g, o = (a + b for a, b in zip(inputs, recurrent, strict=True))
        i, f, g, o = sigmoid(i), sigmoid(f), tf.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * tf.tanh(c)
        return [h, c], [i, f, g, o], [c, h]

    @staticmethod
    def reads(saved, first):
        *gates, c, _ = saved
        return [*gates, c, _before(c, first[1])]

    @staticmethod
    def backward(read, d_states, turned):
        i, f, g, o, c, c_before = read
        dh, dc = d_states
        squashed = tf.tanh(c)
        dc = dc + dh * o * (1 - squashed * squashed)
        di, df = dc * g * i * (1 - i), dc * c_before * f * (1 - f)
        dg, do = dc * i * (1 - g * g), dh * squashed * o * (1 - o)
        d = tf.concat([di, df, dg, do], 1)
        return [tf.matmul(d, turned), dc * f], [d]


class _GRU:
    """h' = z h + (1 - z) m with m = tanh(x + r (h R + b)); gates in the order z, r, m."""

    n_gates, n_states, n_saved = 3, 1, 5
    backward_widths = (3, 3)
    loop_weights = ("recurrent_kernel", "recurrent_bias")

    @staticmethod
    def biases(bias):
        return {"bias": bias[0], "recurrent_bias": bias[1]}

    @staticmethod
    def forward(inputs, states, weights, sigmoid):
        (h,) = states
        product = tf.matmul(h, weights["recurrent_kernel"]) + weights["recurrent_bias"]
        z, r, q = tf.split(product, 3, 1)
        z, r = sigmoid(inputs[0] + z), sigmoid(inputs[1] + r)
        m = tf.tanh(inputs[2] + r * q)
        h = m + z * (h - m)
        return [h], [z, r, m], [q, h]

    @staticmethod
    def reads(saved, first):
        return [*saved[:-1], _before(saved[-1], first[0])]

    @staticmethod
    def backward(read, d_states, turned):
        z, r, m, q, h_before = read
        (dh,) = d_states
        dz, dm = dh * (h_before - m) * z * (1 - z), dh * (1 - z) * (1 - m * m)
        dr = dm * q * r * (1 - r)
        inside = tf.concat([dz, dr, dm * r], 1)
        return [dh * z + tf.matmul(inside, turned)], [tf.concat([dz, dr, dm], 1), inside]

    @staticmethod
    def gradients(written, saved, first):
        d, inside = written
        product = _product(_before(saved[-1], first[0]), inside)
        return d, {"recurrent_kernel": product, "recurrent_bias": tf.reduce_sum(_rows(inside), 0)}


class _GRUResetBefore:
    """h' = z h + (1 - z) m with m = tanh(x + (r h) R); gates in the order z, r, m."""

    n_gates, n_states, n_saved = 3, 1, 4
    backward_widths = (3,)
    loop_weights = ("recurrent_kernel",)
    biases = _SimpleRNN.biases
    reads = _GRU.reads

    @staticmethod
    def forward(inputs, states, weights, sigmoid):
        (h,) = states
        units = h.shape[1]
        kernel = weights["recurrent_kernel"]
        z, r = tf.split(tf.matmul(h, kernel[:, : 2 * units]), 2, 1)
        z, r = sigmoid(inputs[0] + z), sigmoid(inputs[1] + r)
        m = tf.tanh(inputs[2] + tf.matmul(r * h, kernel[:, 2 * units :]))
        h = m + z * (h - m)
        return [h], [z, r, m], [h]

    @staticmethod
    def backward(read, d_states, turned):
        z, r, m, h_before = read
        (dh,) = d_states
        units = z.shape[1]
        dz, dm = dh * (h_before - m) * z * (1 - z), dh * (1 - z) * (1 - m * m)
        d_reset = tf.matmul(dm, turned[2 * units :])
        dr = d_reset * h_before * r * (1 - r)
        through = tf.matmul(tf.concat([dz, dr], 1), turned[: 2 * units])
        return [dh * z + d_reset * r + through], [tf.concat([dz, dr, dm], 1)]

    @staticmethod
    def gradients(written, saved, first):
        (d,) = written
        units = saved[0].shape[2]
        before = _before(saved[-1], first[0])
        gates = _product(before, d[:, :, : 2 * units])
        return d, {
            "recurrent_kernel": tf.concat(
                [gates, _product(saved[1] * before, d[:, :, 2 * units :])], 1
            )
        }


_CELLS = {
    "SimpleRNN": _SimpleRNN,
    "LSTM": _LSTM,
    "GRU": _GRU,
    "GRUResetBefore": _GRUResetBefore,
}
