"""Adam for many models at once, whose numbers of updates and learning rates may differ.

The momentums of all variables are one array with a row for each model, and so are the velocities.
An update then runs a few kernels for all variables, and not for each of them.
"""

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

    def join(self, slots):
        """Let the momentums share one array, and the velocities another one.

        Parameters
        ----------
        slots : list of tensor of shape (n_models, ...)
            The variables of the optimizer, some of which are replaced.

        Returns
        -------
        momentums, velocities : tensor of shape (n_models, n_weights)
        """
        arrays = []
        for group in self._at:
            rows = [slots[i].flatten(1) for i in group]
            arrays.append(torch.cat(rows, 1))
            parts = arrays[-1].split([row.shape[1] for row in rows], 1)
            for i, part in zip(group, parts, strict=True):
                slots[i] = part.unflatten(1, slots[i].shape[1:])
        return arrays

    def begin(self, slots, rates, runs):
        """Count some updates, and replace their learning rates by the factors of Adam.

        Parameters
        ----------
        slots : list of tensor
            The variables of the optimizer.
        rates : tensor of float64 of shape (n_updates, n_models)
        runs : tensor of bool of shape (n_updates, n_models)
            Which models run at each update.
        """
        (beta_1, beta_2), iterations = self._betas, slots[self._iterations]
        n = (iterations + runs.cumsum(0)).double()
        rates.mul_(torch.sqrt(1 - beta_2**n) / (1 - beta_1**n))
        # A slot may be at zero updates, for which the factor is not a number.
        rates.masked_fill_(~runs, 0)
        iterations.add_(runs.sum(0))

    def update(self, parameters, gradients, arrays, factors, runs):
        """Update the parameters, the momentums and the velocities in place.

        Parameters
        ----------
        parameters, gradients : list of tensor of shape (n_models, ...)
        arrays : list of tensor
            The return value of `join`.
        factors : tensor of shape (n_models,)
            The factors of Adam, which are zero for models that do not run.
        runs : tensor of bool of shape (n_models,)
            Which models are updated. The others keep their values.
        """
        (beta_1, beta_2), (momentums, velocities) = self._betas, arrays
        gradients = self._clipped(torch.cat([one.flatten(1) for one in gradients], 1))
        # A model that does not run may have a gradient that is not a number.
        here = runs[:, None]
        new_momentums = torch.lerp(momentums, gradients, 1 - beta_1)
        torch.where(here, new_momentums, momentums, out=momentums)
        new_velocities = (velocities * beta_2).addcmul_(gradients, gradients, value=1 - beta_2)
        torch.where(here, new_velocities, velocities, out=velocities)
        changes = momentums / velocities.sqrt().add_(self._epsilon)
        changes.mul_(factors.to(changes.dtype)[:, None])
        parts = changes.split([one[0].numel() for one in parameters], 1)
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.sub_(part.view(parameter.shape))

    def _clipped(self, gradients):
        if not self._longest:
            return gradients
        norms = torch.linalg.vector_norm(gradients, dim=1, keepdim=True)
        return gradients.mul_(self._longest / norms.clamp(min=self._longest))
