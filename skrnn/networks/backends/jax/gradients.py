"""Gradients of any function by JAX's automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np


def compile_gradients(function):
    """Compile a function of tensors and its gradients, once for each shape of the arrays."""

    def total(tensors, constants):
        values = function(tensors, constants)
        return jnp.sum(values), values

    values_only = jax.jit(function)
    with_gradients = jax.jit(jax.grad(total, has_aux=True))

    def run(arrays, constants, *, gradients=True):
        arrays, constants = jax.device_put((list(arrays), list(constants)))
        if not gradients:
            return np.asarray(values_only(arrays, constants)), None
        found, values = with_gradients(arrays, constants)
        return np.asarray(values), [np.asarray(gradient) for gradient in found]

    return run


def gradients_of(function, tensors):
    """Return the gradients of a function of nested tensors, and its other results."""
    return jax.grad(function, has_aux=True)(tensors)
