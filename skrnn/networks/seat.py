"""One fit of a group, in place of a program and a trainer."""

import numpy as np

from skrnn.networks.optimizers import sets_own_rate


class Seat:
    """One fit of a group, in place of a leased `Program` and of its `Trainer`.

    Parameters
    ----------
    group : Group
    slot : int
    rendezvous : Rendezvous

    Attributes
    ----------
    network : Network
    call_length : CallLength
    values : dict or None
        The values of the variables by their identities, if those at the slot are not valid.
    """

    # Nothing but callbacks uses the optimizer, and a fit with callbacks does not join a group.
    optimizer = None

    def __init__(self, group, slot, rendezvous):
        self.network = group.program.network
        self.slot, self._group, self._rendezvous = slot, group, rendezvous
        self._model, self._trainer = self.network.model, group.trainer
        self._optimizer = group.trainer.optimizer
        self._sets_own_rate = sets_own_rate(self._optimizer)
        first = group.trainer.first_values()
        self.values = {id(variable): value for variable, value in first}
        self._first_counted = [[self.values[id(v)] for v in one] for one in group.models.counted]
        self.call_length = group.call_length
        self._counted, self._rate, self._extras = self._first_counted, 0.0, ()

    # --- as a program ---

    def set_weights(self, weights):
        """Load a network's weights."""
        pairs = zip(self._model.weights, weights, strict=True)
        self._set({id(variable): np.asarray(value, variable.dtype) for variable, value in pairs})

    def get_weights(self):
        """Return the weights as new arrays."""
        values = self._get()
        return [np.array(values[id(variable)]) for variable in self._model.weights]

    def set_seeds(self, seeds):
        """Reset the generators of dropout layers."""
        self._set(
            {
                id(variable): np.array([int(seeds.integers(2**31)), 0], variable.dtype)
                for variable in self._model.variables
                if variable.name == "seed_generator_state"
            }
        )

    def _get(self):
        return self._group.read(self.slot) if self.values is None else self.values

    def _set(self, values):
        self.values = {**self._get(), **values}

    # --- as a trainer ---

    def reset(self, rate, training, state=None):
        """Reset the optimizer, or load its state at the end of an earlier fit."""
        variables = self._optimizer.variables
        if state is not None:
            self._trainer.check_state(state)
            pairs = zip(variables, state, strict=True)
            self._set({id(v): np.asarray(value, v.dtype) for v, value in pairs})
        if rate is not None:
            [variable] = [v for v in variables if v is self._optimizer.learning_rate]
            value = np.asarray(rate, variable.dtype)
            self._set({id(variable): value})
            self._rate = float(value)
        self._extras = self._trainer.extras(training)

    def get_state(self):
        """Return the optimizer's variables as new arrays."""
        values, variables = self._get(), self._optimizer.variables
        state = [np.array(values[id(variable)]) for variable in variables]
        if not self._sets_own_rate:
            # Some updates change the learning rate of the optimizer.
            [at] = [i for i, v in enumerate(variables) if v is self._optimizer.learning_rate]
            state[at] = np.asarray(self._rate, state[at].dtype)
        return state

    def rates(self, factors):
        """Return the learning rate of each update, or zeros if the optimizer computes it."""
        return (self._rate * factors).astype(np.float32)

    def train(self, data, order, bounds, factors, layout, fresh):
        """Train on batches and return the loss of each; see `Trainer.train`."""
        rates = self.rates(factors)
        if self._extras:
            columns = [rates, *(np.full_like(rates, extra) for extra in self._extras)]
            rates = np.stack(columns, axis=1)
        return self._ask("train", data, order, bounds, rates, layout)

    def evaluate(self, data, order, bounds):
        """Return the loss of each batch, without training."""
        return self._ask("evaluate", data, order, bounds, np.zeros(len(bounds) - 1, np.float32))

    def _ask(self, name, data, order, bounds, rates, n_rows=None):
        kind = self._group.models.kind(name, data, bounds, n_rows)
        batches = order, bounds, rates, self._counted
        request = {"seat": self, "data": data, "batches": batches}
        losses, self._counted = self._rendezvous.ask(self._group, kind, request)
        return losses

    def read_metrics(self, prefix=""):
        """Return the metrics' values by name, and reset them."""
        values = self._trainer.metrics_of(self._counted)
        self._counted = self._first_counted
        return {prefix + name: value for name, value in values.items()}

    def finalize(self):
        """End the training, after which an optimizer without averages of weights changes nothing.

        Averages are why a fit cannot join; see `can_join`.
        """
