"""The loops over time on TensorFlow, with hand-written gradients: one class for each cell.

The input projection is one product for all time steps, so a loop contains only the recurrent
product and the gates. The forward pass saves the gates' values for the backward pass, which
computes the gradients of the recurrent weights in one product after its loop.

All arrays are (T, batch, features): time comes first, so that a time step is contiguous in memory.
"""

import tensorflow as tf

from skrnn.networks.cells import get_cell

# --- the loops --------------------------------------------------------------------------------


def zero_states(cell, x, weights):
    """Return states of zeros for a batch x (T, batch, features)."""
    zeros = tf.zeros([tf.shape(x)[1], weights["recurrent_kernel"].shape[0]], x.dtype)
    return [zeros] * cell.n_states


def sigmoid_of_tanh(x):
    """Compute the logistic function from tanh, which XLA computes faster than exp."""
    return 0.5 * tf.tanh(0.5 * x) + 0.5


def run_forward(cell, x, states, weights, n, sigmoid):
    """Run the first `n` time steps of x (T, batch, features).

    Returns
    -------
    states : list of tensor of shape (batch, units)
    saved : list of tensor of shape (T, batch, units)
        The gates and the other values that the gradient needs, with the outputs last. They are
        zero after `n` time steps.
    """
    gates = _input_gates(cell, x, weights)
    n_steps, shape = tf.shape(x)[0], gates[0].shape[1:]
    # The gates overwrite the projected inputs from which they were computed.
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
    """Run the first `n` time steps backwards, from the gradients of outputs and final states.

    Returns
    -------
    d_gates : tensor of shape (T, batch, n_gates * units)
        The gradient of the projected inputs.
    d_weights : dict of str to tensor
        The gradients of the weights inside the loop, by name.
    d_states : list of tensor of shape (batch, units)
        The gradients of the states before the first time step.
    """
    backward_weights = cell.backward_weights(weights)
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
        d_states, new = cell.backward(read, d_states, backward_weights)
        return t - 1, d_states, write_each(writes, t, new)

    _, d_states, writes = tf.while_loop(
        lambda t, *_: t >= 0, step, (n - 1, d_states, writes), parallel_iterations=1
    )
    d_gates, d_weights = cell.gradients([array.stack() for array in writes], saved, first)
    return d_gates, d_weights, d_states


def _input_gates(cell, x, weights):
    """Return the projected input of each gate, for all time steps."""
    biases = tf.split(weights["bias"], cell.n_gates)
    if "kernel" not in weights:
        return [g + b for g, b in zip(tf.split(x, cell.n_gates, 2), biases, strict=True)]
    shape = [*_leading_shape(x), biases[0].shape[0]]
    kernels = tf.split(weights["kernel"], cell.n_gates, 1)
    products = [
        tf.matmul(as_rows(x), kernel) + bias for kernel, bias in zip(kernels, biases, strict=True)
    ]
    return [tf.reshape(product, shape) for product in products]


def _leading_shape(x):
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
    """Return x (T, batch, features) with one row for each time step of each sequence."""
    return tf.reshape(x, [-1, x.shape[2]])


def one_step_earlier(array, first):
    """Return an array (T, batch, units) moved by one time step, with `first` at its start."""
    return tf.concat([first[None], array[:-1]], 0)


def product_over_time(left, right):
    """Return the product of two arrays (T, batch, ...), summed over time steps and sequences."""
    return tf.matmul(as_rows(left), as_rows(right), transpose_a=True)


# --- the cells --------------------------------------------------------------------------------


class FastCell:
    """The interface between a cell and the loops, for cells with one recurrent kernel and one bias.

    Attributes
    ----------
    n_gates, n_states : int
    n_saved : int
        Number of arrays that `forward` returns for the backward pass, gates included.
    backward_widths : tuple of int
        Widths, in multiples of the units, of the arrays that `backward` writes.
    loop_weights : tuple of str
        Names of the weights that are used inside the loop.
    """

    backward_widths = (1,)
    loop_weights = ("recurrent_kernel",)

    def __init__(self, name):
        cell = get_cell(name)
        self.n_gates, self.n_states = len(cell.gates), cell.n_states

    def biases(self, bias):
        """Return a dict of the bias of the input projection and, if there is one, of the loop."""
        return {"bias": bias}

    def forward(self, inputs, states, weights, sigmoid):
        """Return the states after one step, the gates, and other values to save, outputs last."""
        raise NotImplementedError

    def reads(self, saved, first):
        """Return the arrays from which `backward` reads one time step at a time."""
        return saved

    def backward_weights(self, weights):
        """Return what `backward` needs of the weights."""
        # The kernel is transposed here once, and not in each product inside the loop.
        return tf.transpose(weights["recurrent_kernel"])

    def backward(self, read, d_states, weights):
        """Return the gradients of the states before one step, and the values to write."""
        raise NotImplementedError

    def gradients(self, written, saved, first):
        """Return the gradient of the projected inputs, and a dict of those of loop weights."""
        (d_gates,) = written
        before = one_step_earlier(saved[-1], first[0])
        return d_gates, {"recurrent_kernel": product_over_time(before, d_gates)}


class _SimpleRNN(FastCell):
    n_saved = 1

    def forward(self, inputs, states, weights, sigmoid):
        h = tf.tanh(inputs[0] + tf.matmul(states[0], weights["recurrent_kernel"]))
        return [h], [h], []

    def backward(self, read, d_states, recurrent_transposed):
        (h,) = read
        d = d_states[0] * (1 - h * h)
        return [tf.matmul(d, recurrent_transposed)], [d]


class _LSTM(FastCell):
    n_saved = 6
    backward_widths = (4,)

    def forward(self, inputs, states, weights, sigmoid):
        h, c = states
        recurrent = tf.split(tf.matmul(h, weights["recurrent_kernel"]), 4, 1)
        i, f, g, o = (a + b for a, b in zip(inputs, recurrent, strict=True))
        i, f, g, o = sigmoid(i), sigmoid(f), tf.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * tf.tanh(c)
        return [h, c], [i, f, g, o], [c, h]

    def reads(self, saved, first):
        *gates, c, _ = saved
        return [*gates, c, one_step_earlier(c, first[1])]

    def backward(self, read, d_states, recurrent_transposed):
        i, f, g, o, c, c_before = read
        d_h, d_c = d_states
        tanh_c = tf.tanh(c)
        d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
        d_i, d_f = d_c * g * i * (1 - i), d_c * c_before * f * (1 - f)
        d_g, d_o = d_c * i * (1 - g * g), d_h * tanh_c * o * (1 - o)
        d = tf.concat([d_i, d_f, d_g, d_o], 1)
        return [tf.matmul(d, recurrent_transposed), d_c * f], [d]


class _GRU(FastCell):
    n_saved = 5
    # The arrays are the gradients of the projected inputs and of the recurrent product.
    backward_widths = (3, 3)
    loop_weights = ("recurrent_kernel", "recurrent_bias")

    def biases(self, bias):
        return {"bias": bias[0], "recurrent_bias": bias[1]}

    def forward(self, inputs, states, weights, sigmoid):
        (h,) = states
        product = tf.matmul(h, weights["recurrent_kernel"]) + weights["recurrent_bias"]
        h_z, h_r, h_h = tf.split(product, 3, 1)
        z, r = sigmoid(inputs[0] + h_z), sigmoid(inputs[1] + h_r)
        candidate = tf.tanh(inputs[2] + r * h_h)
        h = candidate + z * (h - candidate)
        return [h], [z, r, candidate], [h_h, h]

    def reads(self, saved, first):
        return [*saved[:-1], one_step_earlier(saved[-1], first[0])]

    def backward(self, read, d_states, recurrent_transposed):
        z, r, candidate, h_h, h_before = read
        (d_h,) = d_states
        d_z = d_h * (h_before - candidate) * z * (1 - z)
        d_candidate = d_h * (1 - z) * (1 - candidate * candidate)
        d_r = d_candidate * h_h * r * (1 - r)
        d_product = tf.concat([d_z, d_r, d_candidate * r], 1)
        d_before = d_h * z + tf.matmul(d_product, recurrent_transposed)
        return [d_before], [tf.concat([d_z, d_r, d_candidate], 1), d_product]

    def gradients(self, written, saved, first):
        d_gates, d_product = written
        d_recurrent = product_over_time(one_step_earlier(saved[-1], first[0]), d_product)
        d_bias = tf.reduce_sum(as_rows(d_product), 0)
        return d_gates, {"recurrent_kernel": d_recurrent, "recurrent_bias": d_bias}


class _MinimalGRU(FastCell):
    n_saved = 3
    backward_widths = (2,)
    reads = _GRU.reads

    def forward(self, inputs, states, weights, sigmoid):
        (h,) = states
        h_u, h_h = tf.split(tf.matmul(h, weights["recurrent_kernel"]), 2, 1)
        u, candidate = sigmoid(inputs[0] + h_u), tf.tanh(inputs[1] + h_h)
        h = h + u * (candidate - h)
        return [h], [u, candidate], [h]

    def backward(self, read, d_states, recurrent_transposed):
        u, candidate, h_before = read
        (d_h,) = d_states
        d_u = d_h * (candidate - h_before) * u * (1 - u)
        d_candidate = d_h * u * (1 - candidate * candidate)
        d = tf.concat([d_u, d_candidate], 1)
        return [d_h * (1 - u) + tf.matmul(d, recurrent_transposed)], [d]


CELLS = {
    "simple": _SimpleRNN("simple"),
    "lstm": _LSTM("lstm"),
    "gru": _GRU("gru"),
    "minimal_gru": _MinimalGRU("minimal_gru"),
}
