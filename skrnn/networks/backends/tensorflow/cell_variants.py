"""The time loops on TensorFlow of cells that vary those of `cells`: one class for each cell."""

import tensorflow as tf

from skrnn.networks.backends.tensorflow.cells import (
    CELLS,
    FastCell,
    one_step_earlier,
    product_over_time,
)


class _PeepholeLSTM(FastCell):
    n_saved = 6
    backward_widths = (4,)
    loop_weights = ("recurrent_kernel", "peepholes")

    def forward(self, inputs, states, weights, sigmoid):
        h, c = states
        recurrent = tf.split(tf.matmul(h, weights["recurrent_kernel"]), 4, 1)
        i, f, g, o = (a + b for a, b in zip(inputs, recurrent, strict=True))
        p_i, p_f, p_o = tf.unstack(weights["peepholes"])
        i, f, g = sigmoid(i + p_i * c), sigmoid(f + p_f * c), tf.tanh(g)
        c = f * c + i * g
        o = sigmoid(o + p_o * c)
        h = o * tf.tanh(c)
        return [h, c], [i, f, g, o], [c, h]

    def reads(self, saved, first):
        *gates, c, _ = saved
        return [*gates, c, one_step_earlier(c, first[1])]

    def backward_weights(self, weights):
        return tf.transpose(weights["recurrent_kernel"]), tf.unstack(weights["peepholes"])

    def backward(self, read, d_states, weights):
        i, f, g, o, c, c_before = read
        d_h, d_c = d_states
        recurrent_transposed, (p_i, p_f, p_o) = weights
        tanh_c = tf.tanh(c)
        d_o = d_h * tanh_c * o * (1 - o)
        d_c = d_c + d_h * o * (1 - tanh_c * tanh_c) + d_o * p_o
        d_i, d_f = d_c * g * i * (1 - i), d_c * c_before * f * (1 - f)
        d = tf.concat([d_i, d_f, d_c * i * (1 - g * g), d_o], 1)
        return [tf.matmul(d, recurrent_transposed), d_c * f + d_i * p_i + d_f * p_f], [d]

    def gradients(self, written, saved, first):
        d_gates, d_weights = super().gradients(written, saved, first)
        d_i, d_f, _, d_o = tf.split(d_gates, 4, 2)
        c = saved[4]
        c_before = one_step_earlier(c, first[1])
        pairs = (d_i, c_before), (d_f, c_before), (d_o, c)
        d_peepholes = tf.stack([tf.reduce_sum(d * state, [0, 1]) for d, state in pairs])
        return d_gates, {**d_weights, "peepholes": d_peepholes}


class _IRNN(FastCell):
    n_saved = 1

    def forward(self, inputs, states, weights, sigmoid):
        h = tf.nn.relu(inputs[0] + tf.matmul(states[0], weights["recurrent_kernel"]))
        return [h], [h], []

    def backward(self, read, d_states, recurrent_transposed):
        d = _through_relu(d_states[0], read[0])
        return [tf.matmul(d, recurrent_transposed)], [d]


class _IndRNN(FastCell):
    n_saved = 1

    def forward(self, inputs, states, weights, sigmoid):
        h = tf.nn.relu(inputs[0] + states[0] * weights["recurrent_kernel"])
        return [h], [h], []

    def backward_weights(self, weights):
        return weights["recurrent_kernel"]

    def backward(self, read, d_states, recurrent):
        d = _through_relu(d_states[0], read[0])
        return [d * recurrent], [d]

    def gradients(self, written, saved, first):
        (d_gates,) = written
        before = one_step_earlier(saved[-1], first[0])
        return d_gates, {"recurrent_kernel": tf.reduce_sum(before * d_gates, [0, 1])}


def _through_relu(d_h, h):
    # The derivative of ReLU is the sign of its result. XLA is slower with a condition.
    return d_h * tf.sign(h)


class _GRUResetBefore(FastCell):
    n_saved = 4
    backward_widths = (3,)
    reads = CELLS["gru"].reads

    def forward(self, inputs, states, weights, sigmoid):
        (h,) = states
        gates_kernel, candidate_kernel = _split_kernel(weights["recurrent_kernel"])
        h_z, h_r = tf.split(tf.matmul(h, gates_kernel), 2, 1)
        z, r = sigmoid(inputs[0] + h_z), sigmoid(inputs[1] + h_r)
        candidate = tf.tanh(inputs[2] + tf.matmul(r * h, candidate_kernel))
        h = candidate + z * (h - candidate)
        return [h], [z, r, candidate], [h]

    def backward_weights(self, weights):
        return [tf.transpose(kernel) for kernel in _split_kernel(weights["recurrent_kernel"])]

    def backward(self, read, d_states, weights):
        z, r, candidate, h_before = read
        (d_h,) = d_states
        gates_transposed, candidate_transposed = weights
        d_z = d_h * (h_before - candidate) * z * (1 - z)
        d_candidate = d_h * (1 - z) * (1 - candidate * candidate)
        d_reset = tf.matmul(d_candidate, candidate_transposed)
        d_r = d_reset * h_before * r * (1 - r)
        d_gates = tf.matmul(tf.concat([d_z, d_r], 1), gates_transposed)
        return [d_h * z + d_reset * r + d_gates], [tf.concat([d_z, d_r, d_candidate], 1)]

    def gradients(self, written, saved, first):
        (d,) = written
        before, units = one_step_earlier(saved[-1], first[0]), saved[-1].shape[2]
        d_gates, d_candidate = tf.split(d, [2 * units, units], 2)
        products = (
            product_over_time(before, d_gates),
            product_over_time(saved[1] * before, d_candidate),
        )
        return d, {"recurrent_kernel": tf.concat(products, 1)}


def _split_kernel(recurrent):
    """Return the recurrent kernels of both gates and of the candidate."""
    units = recurrent.shape[0]
    return tf.split(recurrent, [2 * units, units], 1)


VARIANTS = {
    "peephole_lstm": _PeepholeLSTM("peephole_lstm"),
    "irnn": _IRNN("irnn"),
    "indrnn": _IndRNN("indrnn"),
    "gru_reset_before": _GRUResetBefore("gru_reset_before"),
}
