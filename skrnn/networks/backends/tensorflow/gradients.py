"""Gradients of any function by TensorFlow's automatic differentiation."""

import tensorflow as tf


def compile_gradients(function):
    """Prepare a function of tensors and its gradients; nothing is compiled."""

    def run(arrays, constants, *, gradients=True):
        tensors = [tf.convert_to_tensor(array) for array in arrays]
        constants = [tf.convert_to_tensor(array) for array in constants]
        if not gradients:
            return function(tensors, constants).numpy(), None
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tensors)
            values = function(tensors, constants)
        found = tape.gradient(values, tensors, unconnected_gradients="zero")
        return values.numpy(), [gradient.numpy() for gradient in found]

    return run


def gradients_of(function, tensors):
    """Return the gradients of a function of nested tensors, and its other results."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tensors = tf.nest.map_structure(tf.identity, tensors)
        tape.watch(tensors)
        value, others = function(tensors)
    return tape.gradient(value, tensors, unconnected_gradients="zero"), others
