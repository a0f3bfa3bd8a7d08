r"""Attention of a decoder over the outputs of the encoder at the real time steps of the source.

Luong's attention follows the recurrent layers, so that it is computed for all time steps at once:

.. math::

    a_{ts} &= \mathrm{softmax}_s(h_t^\top W_a \bar h_s / \sqrt{n}) \\
    c_t &= \textstyle\sum_s a_{ts} \bar h_s \\
    \tilde h_t &= \tanh(W_c [c_t; h_t] + b_c)

M.-T. Luong, H. Pham, C. Manning, "Effective approaches to attention-based neural machine
translation", EMNLP 2015: global attention with the general score, without input feeding. The scores
are divided by the square root of the number of features of :math:`\bar h_s`, n, as in A. Vaswani et
al., "Attention is all you need", NIPS 2017, section 3.2.1. Adam changes all entries of
:math:`W_a` at the same rate, so that undivided scores of wide layers soon give all weight to one
time step, where the softmax has no gradient. Bahdanau's attention, which precedes the recurrent
layers, is in `bahdanau`.
"""

import numpy as np
from keras import ops

from skrnn.networks.architecture.head import dense


def masked_softmax(scores, mask):
    """Return weights of real time steps with a sum of one; those of padding are zero.

    Parameters
    ----------
    scores : tensor of shape (..., T)
    mask : tensor of bool that is broadcast to `scores`
    """
    lowest = ops.full_like(scores, float(np.finfo(np.float32).min))
    scores = ops.where(mask, scores, lowest)
    # Keras' softmax warns of sources of one time step.
    exponentials = ops.exp(scores - ops.max(scores, axis=-1, keepdims=True))
    return exponentials / ops.sum(exponentials, axis=-1, keepdims=True)


def luong_attention(memory, mask, spec, seed):
    """Return a function of the outputs of the decoder.

    It returns the contexts, of shape (batch, T, width), and the weights, of shape
    (batch, T, n_source_steps).

    Parameters
    ----------
    memory : tensor of shape (batch, n_source_steps, width)
    mask : tensor of bool of shape (batch, n_source_steps)
    spec : NetworkSpec
    seed : int
    """
    width = memory.shape[2]
    project = dense(width, "attention_query", spec, seed, use_bias=False)

    def attend(hidden):
        scores = ops.matmul(project(hidden), ops.transpose(memory, (0, 2, 1)))
        weights = masked_softmax(scores / width**0.5, ops.expand_dims(mask, 1))
        return ops.matmul(weights, memory), weights

    return attend


def attentional_vectors(spec, seed):
    """Return the layer from contexts and outputs of the decoder to the inputs of the head."""
    return dense(spec.units[-1], "attentional", spec, seed, activation="tanh")
