"""The time loops on TensorFlow of the cells with a refine gate: one class for each cell."""

import tensorflow as tf

from skrnn.networks.backends.tensorflow.cells import (
    CELLS,
    FastCell,
    one_step_earlier,
    product_over_time,
)


class _RefineLSTM(FastCell):
    n_saved = 6
    backward_widths = (4,)
    reads = CELLS["lstm"].reads

    def forward(self, inputs, states, weights, sigmoid):
        h, c = states
        recurrent = tf.split(tf.matmul(h, weights["recurrent_kernel"]), 4, 1)
        f, r, candidate, o = (a + b for a, b in zip(inputs, recurrent, strict=True))
        f, r, candidate, o = sigmoid(f), sigmoid(r), tf.tanh(candidate), sigmoid(o)
        c = candidate + _effective_gate(f, r) * (c - candidate)
        h = o * tf.tanh(c)
        return [h, c], [f, r, candidate, o], [c, h]

    def backward(self, read, d_states, recurrent_transposed):
        f, r, candidate, o, c, c_before = read
        d_h, d_c = d_states
        g, tanh_c = _effective_gate(f, r), tf.tanh(c)
        d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
        d_f, d_r = _through_effective_gate(d_c * (c_before - candidate), f, r)
        d_candidate = d_c * (1 - g) * (1 - candidate * candidate)
        d = tf.concat([d_f, d_r, d_candidate, d_h * tanh_c * o * (1 - o)], 1)
        return [tf.matmul(d, recurrent_transposed), d_c * g], [d]


class _RefineGRU(FastCell):
    n_saved = 6
    # The arrays are the gradients of the projected inputs and of the recurrent product.
    backward_widths = (4, 4)
    reads = CELLS["gru"].reads

    def forward(self, inputs, states, weights, sigmoid):
        (h,) = states
        h_f, h_r, h_s, h_h = tf.split(tf.matmul(h, weights["recurrent_kernel"]), 4, 1)
        f, r, s = sigmoid(inputs[0] + h_f), sigmoid(inputs[1] + h_r), sigmoid(inputs[2] + h_s)
        candidate = tf.tanh(inputs[3] + s * h_h)
        h = candidate + _effective_gate(f, r) * (h - candidate)
        return [h], [f, r, s, candidate], [h_h, h]

    def backward(self, read, d_states, recurrent_transposed):
        f, r, s, candidate, h_h, h_before = read
        (d_h,) = d_states
        g = _effective_gate(f, r)
        d_f, d_r = _through_effective_gate(d_h * (h_before - candidate), f, r)
        d_candidate = d_h * (1 - g) * (1 - candidate * candidate)
        d_s = d_candidate * h_h * s * (1 - s)
        d_product = tf.concat([d_f, d_r, d_s, d_candidate * s], 1)
        d_before = d_h * g + tf.matmul(d_product, recurrent_transposed)
        return [d_before], [tf.concat([d_f, d_r, d_s, d_candidate], 1), d_product]

    def gradients(self, written, saved, first):
        d_gates, d_product = written
        before = one_step_earlier(saved[-1], first[0])
        return d_gates, {"recurrent_kernel": product_over_time(before, d_product)}


def _effective_gate(f, r):
    return f * (f + 2 * r * (1 - f))


def _through_effective_gate(d_g, f, r):
    """Return the gradients of the logits of the forget gate and of the refine gate."""
    slope = 2 * d_g * f * (1 - f)
    return slope * (f + r * (1 - 2 * f)), slope * r * (1 - r)


REFINE_CELLS = {
    "refine_lstm": _RefineLSTM("refine_lstm"),
    "refine_gru": _RefineGRU("refine_gru"),
}
