"""Recurrent cells on TensorFlow, and the loops over their steps, with gradients written by hand.

The input projection is one product for all steps, so a loop holds the recurrent product and the
gates alone. The way forward saves what the gates were; the way back reads it, and the recurrent
weights' gradients are formed in one product at its end.

All arrays are (T, batch, features): time first, so that a step is one piece of memory.
"""

import tensorflow as tf

__all__ = [
    "CELLS",
    "as_rows",
    "run_backward",
    "run_forward",
    "sigmoid_of_tanh",
    "write_each",
    "zero_states",
]

# --- the loops --------------------------------------------------------------------------------


def zero_states(cell, x, weights):
    """Return the states that a batch x (T, batch, features) begins with."""
    zeros = tf.zeros([tf.shape(x)[1], weights["recurrent_kernel"].shape[0]], x.dtype)
    return [zeros] * cell.n_states


def sigmoid_of_tanh(x):
    """The logistic function, by the one transcendental function that XLA computes fast."""
    return 0.5 * tf.tanh(0.5 * x) + 0.5


def run_forward(cell, x, states, weights, n, sigmoid):
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
        return t + 1, states, write_each(gates, t, new_gates), write_each(others, t, new_others)

    _, states, gates, others = tf.while_loop(
        lambda t, *_: t < n, step, (0, states, gates, others), parallel_iterations=1
    )
    return states, [array.stack() for array in (*gates, *others)]


def run_backward(cell, saved, first, d_outputs, d_states, weights, n):
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
        return t - 1, d_states, write_each(writes, t, new)

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
        tf.matmul(as_rows(x), kernel) + bias for kernel, bias in zip(kernels, biases, strict=True)
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


def write_each(arrays, t, values):
    """Return the arrays with one value written to each, at `t`."""
    return [array.write(t, value) for array, value in zip(arrays, values, strict=True)]


def as_rows(x):
    """Return x (T, batch, features) as one row a step of a sequence."""
    return tf.reshape(x, [-1, x.shape[2]])


def _before(array, first):
    """What an array (T, batch, units) held one step earlier."""
    return tf.concat([first[None], array[:-1]], 0)


def _product(left, right):
    return tf.matmul(as_rows(left), as_rows(right), transpose_a=True)


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
        return d, {"recurrent_kernel": product, "recurrent_bias": tf.reduce_sum(as_rows(inside), 0)}


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


CELLS = {
    "SimpleRNN": _SimpleRNN,
    "LSTM": _LSTM,
    "GRU": _GRU,
    "GRUResetBefore": _GRUResetBefore,
}
