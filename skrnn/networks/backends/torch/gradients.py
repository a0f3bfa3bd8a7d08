"""Gradients of any function by PyTorch's automatic differentiation."""

import keras
import torch

# Keras has no public way to get the device of its variables.
from keras.src.backend.torch.core import get_device

from skrnn.networks.backends.torch.graphs import uses_device


def compile_gradients(function):
    """Prepare a function of tensors and its gradients; nothing is compiled."""

    @uses_device
    def run(arrays, constants, *, gradients=True):
        tensors = [torch.tensor(array, device=get_device()) for array in arrays]
        constants = [torch.tensor(array, device=get_device()) for array in constants]
        with torch.set_grad_enabled(gradients):
            for tensor in tensors:
                tensor.requires_grad_(gradients)
            values = function(tensors, constants)
            if not gradients:
                return values.cpu().numpy(), None
            found = torch.autograd.grad(
                values.sum(), tensors, allow_unused=True, materialize_grads=True
            )
        return values.detach().cpu().numpy(), [gradient.cpu().numpy() for gradient in found]

    return run


def gradients_of(function, tensors):
    """Return the gradients of a function of nested tensors, and its other results.

    The gradients can be differentiated again if PyTorch records operations at the call.
    """
    is_recorded = torch.is_grad_enabled()
    tensors = keras.tree.map_structure(lambda one: one.detach().requires_grad_(), tensors)
    flat = keras.tree.flatten(tensors)
    with torch.enable_grad():
        value, others = function(tensors)
        found = torch.autograd.grad(
            value, flat, create_graph=is_recorded, allow_unused=True, materialize_grads=True
        )
    others = keras.tree.map_structure(torch.Tensor.detach, others)
    return keras.tree.pack_sequence_as(tensors, found), others
