"""Divide a batch into parts that run in parallel, one on each core.

A matrix product of a recurrent layer is too small to be shared by several cores. All arrays have
the shape (T, batch, features), and all states have the shape (batch, units).
"""

import os

import tensorflow as tf

from skrnn.networks.backends.tensorflow.cells import as_rows, zero_states

# With more parts the products become too small to be efficient.
_MAX_PARTS = 4
N_PARTS = min(os.cpu_count() or 1, _MAX_PARTS)

# A batch is divided only into parts of about this many numbers per time step or more, because
# smaller parts are slower.
_MIN_STATE = 2048


def size_of_part(x, units):
    """Return the number of sequences of x in each part: all of them if they are few."""
    n = tf.shape(x)[1]
    n_used = tf.clip_by_value(n * units // _MIN_STATE, 1, N_PARTS)
    return -(-n // n_used)


def cut_batch(x, size):
    """Return the parts of x; the last ones may be empty."""
    return [x[:, i * size : (i + 1) * size] for i in range(N_PARTS)]


def cut_states(states, size):
    """Return a list of states for each part."""
    return [[state[i * size : (i + 1) * size] for state in states] for i in range(N_PARTS)]


def join_states(parts):
    """Return each state of all parts together, from a list of states for each part."""
    return [tf.concat(states, 0) for states in zip(*parts, strict=True)]


def first_states(cell, parts, size, weights, initial_states):
    """Return the states of each part before the first time step."""
    if initial_states is None:
        return [zero_states(cell, part, weights) for part in parts]
    return cut_states(initial_states, size)


def last_d_states(firsts, d_others, size):
    """Return for each part the gradients of its states after the last time step.

    The gradient of the final output is zero here, because the gradients of the outputs include it.
    """
    return [
        [tf.zeros_like(first[0]), *others]
        for first, others in zip(firsts, cut_states(d_others, size), strict=True)
    ]


def side_by_side(function, *lists):
    """Call a function for the tensors of each part, so that all parts start at the same moment.

    Otherwise one core would finish the work of a part before it prepares the work of the next part,
    and the other cores would have to wait for it.
    """
    flat = tf.nest.flatten(lists)
    lists = tf.nest.pack_sequence_as(lists, tf.raw_ops.IdentityN(input=flat))
    return [function(*part) for part in zip(*lists, strict=True)]


def add_by_name(gradients):
    """Return a dict of gradients, each of which is the sum over all parts."""
    return {name: tf.add_n([some[name] for some in gradients]) for name in gradients[0]}


def through_projection(x, weights, d_gates, d_weights):
    """Return the gradients of x and of all weights, from the gradient of the projected inputs."""
    rows = as_rows(d_gates)
    d_weights = {**d_weights, "bias": tf.reduce_sum(rows, 0)}
    if "kernel" not in weights:
        return d_gates, d_weights
    d_weights["kernel"] = tf.matmul(as_rows(x), rows, transpose_a=True)
    d_x = tf.matmul(rows, weights["kernel"], transpose_b=True)
    return tf.reshape(d_x, tf.shape(x)), d_weights
