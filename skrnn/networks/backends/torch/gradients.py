"""Gradients with respect to arrays, for inspection, by PyTorch's automatic differentiation."""

import torch

# Keras has no public way to get the device of its variables.
from keras.src.backend.torch.core import get_device


def compile_gradients(function):
    """Prepare a function of tensors and its gradients; nothing is compiled."""

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
