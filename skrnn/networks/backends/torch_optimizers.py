"""A step of a Keras optimizer on PyTorch, and of Adam, the usual one, in a single fused call.

Small networks feel it: Keras' own step, gradients clipped, takes some dozens of calls.
"""

import math

import keras
import torch

# Which class Keras' Adam is, is PyTorch's matter.
from keras.src.backend.torch.optimizers.torch_adam import Adam
from torch.optim.adam import adam

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
        # The fused call scales gradients in single precision.
        and all(variable.dtype == "float32" for variable in variables)
        and variables[0].value.device.type in ("cpu", "cuda")
    )
    return (_FusedAdam if plain and all_used else _Update)(optimizer, variables)


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


class _FusedAdam(_Update):
    """Adam (Kingma and Ba, 2015), on the variables of Keras' optimizer.

    The paper has two forms of a step, which differ in what epsilon is added to. Keras has the
    shorter one, PyTorch the longer: it becomes the other by an epsilon that changes.
    """

    def __init__(self, optimizer, variables):
        super().__init__(optimizer, variables)
        self.tensors = [
            [variable.value for variable in group]
            for group in (variables, optimizer._momentums, optimizer._velocities)
        ]
        self.counts = [torch.zeros((), device=one.device) for one in self.tensors[0]]

    def begin(self):
        # Reading numbers waits for the device: once for many steps.
        self.rate = float(self.optimizer.learning_rate)
        self.n_steps = int(self.optimizer.iterations)
        for count in self.counts:
            count.fill_(self.n_steps)

    def end(self):
        self.optimizer.iterations.assign(self.n_steps)

    @torch.no_grad
    def __call__(self, gradients):
        optimizer = self.optimizer
        self.n_steps += 1
        gradients = [gradient.contiguous() for gradient in gradients]
        scale = None
        if optimizer.global_clipnorm:
            norm = torch.nn.utils.get_total_norm(gradients)
            scale = (norm / optimizer.global_clipnorm).clamp(min=1)
        parameters, momentums, velocities = self.tensors
        adam(
            parameters,
            gradients,
            momentums,
            velocities,
            [],
            self.counts,
            fused=True,
            grad_scale=scale,
            amsgrad=False,
            beta1=optimizer.beta_1,
            beta2=optimizer.beta_2,
            lr=self.rate,
            weight_decay=0.0,
            eps=optimizer.epsilon / math.sqrt(1 - optimizer.beta_2**self.n_steps),
            maximize=False,
        )
