"""Adam for many models at once, each with its own number of updates and its own learning rate."""

import torch


class ManyAdam:
    """Plain Adam (Kingma and Ba, 2015), as in `optimizers`, for tensors with an axis of models.

    Parameters
    ----------
    optimizer : keras.optimizers.Adam
        A built optimizer without further options, except for a global limit of the gradients.
    """

    def __init__(self, optimizer):
        self._betas, self._epsilon = (optimizer.beta_1, optimizer.beta_2), optimizer.epsilon
        self._longest = optimizer.global_clipnorm
        at = {id(variable): i for i, variable in enumerate(optimizer.variables)}
        self._at = [
            [at[id(variable)] for variable in group]
            for group in (optimizer._momentums, optimizer._velocities)
        ]
        self._iterations = at[id(optimizer.iterations)]

    def update(self, parameters, gradients, slots, rates, runs):
        """Update the parameters and the variables of the optimizer in place.

        Parameters
        ----------
        parameters, gradients : list of tensor of shape (n_models, ...)
        slots : list of tensor
            The variables of the optimizer.
        rates : tensor of shape (n_models,)
        runs : tensor of bool of shape (n_models,)
            Which models are updated. The others keep their values.
        """
        (beta_1, beta_2), iterations = self._betas, slots[self._iterations]
        iterations.add_(runs)
        n = iterations.double()
        factors = rates * torch.sqrt(1 - beta_2**n) / (1 - beta_1**n)
        gradients = self._clipped(gradients)
        momentums, velocities = ([slots[i] for i in group] for group in self._at)
        for values in zip(parameters, gradients, momentums, velocities, strict=True):
            parameter, gradient, momentum, velocity = values
            shape = -1, *[1] * (parameter.ndim - 1)
            here = runs.reshape(shape)
            new_momentum = torch.lerp(momentum, gradient, 1 - beta_1)
            new_velocity = (velocity * beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
            factor = factors.to(parameter.dtype).reshape(shape)
            new = parameter - factor * (new_momentum / (torch.sqrt(new_velocity) + self._epsilon))
            # A model that does not run may have a gradient that is not a number.
            parameter.copy_(torch.where(here, new, parameter))
            momentum.copy_(torch.where(here, new_momentum, momentum))
            velocity.copy_(torch.where(here, new_velocity, velocity))

    def _clipped(self, gradients):
        if not self._longest:
            return gradients
        squares = [one.flatten(1).square().sum(1) for one in gradients]
        norms = torch.stack(squares).sum(0).sqrt()
        factors = self._longest / norms.clamp(min=self._longest)
        return [one * factors.reshape(-1, *[1] * (one.ndim - 1)) for one in gradients]
