"""A step of a Keras optimizer on PyTorch, and one of Adam, the usual one, in few calls.

Small networks feel it: Keras' own step looks up each variable, computes with tensors of one number
and clips gradients one by one. (PyTorch's fused Adam saves little more, and adds its epsilon
elsewhere.)
"""

import math

import keras
import torch

# Which class Keras' Adam is, is PyTorch's matter.
from keras.src.backend.torch.optimizers.torch_adam import Adam

__all__ = ["make_update"]

# What Keras' optimizers do beside the step of their algorithm, and Adam's variant.
_EXTRAS = (
    "amsgrad",
    "clipnorm",
    "clipvalue",
    "gradient_accumulation_steps",
    "loss_scale_factor",
    "use_ema",
    "weight_decay",
)


def make_update(optimizer, variables, *, all_used):
    """Return what takes an optimizer's steps.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Built for `variables`.
    variables : list of keras.Variable
    all_used : bool
        Whether each variable is sure to have a gradient.

    Returns
    -------
    object
        A function of gradients, a step each, with methods `begin` and `end` to call before the
        first of many steps and after the last: only there is Keras' optimizer up to date.
    """
    plain = (
        type(optimizer) is Adam
        and isinstance(optimizer._learning_rate, keras.Variable)
        and not any(getattr(optimizer, extra) for extra in _EXTRAS)
        and not any(variable.constraint for variable in variables)
    )
    return (_DirectAdam if plain and all_used else _Update)(optimizer, variables)


class _Update:
    def __init__(self, optimizer, variables):
        self.optimizer = optimizer
        self.variables = variables

    def begin(self):
        pass

    def end(self):
        pass

    def __call__(self, gradients):
        self.optimizer.apply(gradients, self.variables)


class _DirectAdam(_Update):
    """Adam (Kingma and Ba, 2015) as Keras computes it, on the variables of Keras' optimizer."""

    def __init__(self, optimizer, variables):
        super().__init__(optimizer, variables)
        self.tensors = [
            [variable.value for variable in group]
            for group in (variables, optimizer._momentums, optimizer._velocities)
        ]

    def begin(self):
        # Reading numbers waits for the device: once for many steps.
        self.rate = float(self.optimizer.learning_rate)
        self.n_steps = int(self.optimizer.iterations)

    def end(self):
        self.optimizer.iterations.assign(self.n_steps)

    @torch.no_grad
    def __call__(self, gradients):
        beta_1, beta_2 = self.optimizer.beta_1, self.optimizer.beta_2
        longest = self.optimizer.global_clipnorm
        if longest:
            norm = torch.nn.utils.get_total_norm(gradients)
            gradients = torch._foreach_mul(gradients, longest / norm.clamp(min=longest))
        self.n_steps += 1
        correction = math.sqrt(1 - beta_2**self.n_steps) / (1 - beta_1**self.n_steps)
        parameters, momentums, velocities = self.tensors
        torch._foreach_lerp_(momentums, gradients, 1 - beta_1)
        torch._foreach_mul_(velocities, beta_2)
        torch._foreach_addcmul_(velocities, gradients, gradients, 1 - beta_2)
        roots = torch._foreach_sqrt(velocities)
        torch._foreach_add_(roots, self.optimizer.epsilon)
        torch._foreach_addcdiv_(parameters, momentums, roots, -self.rate * correction)
