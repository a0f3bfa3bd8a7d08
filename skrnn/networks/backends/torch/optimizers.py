"""Updates of Keras optimizers on PyTorch, and an update of plain Adam that needs few calls.

The update of plain Adam is for small networks: Keras' own update looks up each variable, computes
with tensors of one number and clips gradients one by one. (PyTorch's fused Adam is hardly faster,
and adds epsilon at another point of the computation.)
"""

import math

import torch

from skrnn.networks.optimizers import is_plain_adam, sets_own_rate


def make_update(optimizer, variables, *, all_used):
    """Return an object that makes the updates of an optimizer.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        An optimizer that was built for `variables`.
    variables : list of keras.Variable
    all_used : bool
        Whether every variable certainly has a gradient.

    Returns
    -------
    object
        A callable of gradients and a learning rate. Its method `begin` must be called before the
        first of many updates, and its method `end` after the last. The Keras optimizer is up to
        date only after `end`.
    """
    plain = is_plain_adam(optimizer, variables, all_used=all_used)
    kind = _DirectAdam if plain and not sets_own_rate(optimizer) else _Update
    return kind(optimizer, variables)


class _Update:
    def __init__(self, optimizer, variables):
        self.optimizer = optimizer
        self.variables = variables

    def begin(self):
        pass

    def end(self):
        pass

    def __call__(self, gradients, rate):
        if not sets_own_rate(self.optimizer):
            self.optimizer.learning_rate = rate
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
        # Reading a number waits for the device, so it is read once for many updates.
        self.n_updates = int(self.optimizer.iterations)

    def end(self):
        self.optimizer.iterations.assign(self.n_updates)

    @torch.no_grad
    def __call__(self, gradients, rate):
        beta_1, beta_2 = self.optimizer.beta_1, self.optimizer.beta_2
        longest = self.optimizer.global_clipnorm
        if longest:
            norm = torch.nn.utils.get_total_norm(gradients)
            gradients = torch._foreach_mul(gradients, longest / norm.clamp(min=longest))
        self.n_updates += 1
        correction = math.sqrt(1 - beta_2**self.n_updates) / (1 - beta_1**self.n_updates)
        parameters, momentums, velocities = self.tensors
        torch._foreach_lerp_(momentums, gradients, 1 - beta_1)
        torch._foreach_mul_(velocities, beta_2)
        torch._foreach_addcmul_(velocities, gradients, gradients, 1 - beta_2)
        roots = torch._foreach_sqrt(velocities)
        torch._foreach_add_(roots, self.optimizer.epsilon)
        torch._foreach_addcdiv_(parameters, momentums, roots, -rate * correction)
