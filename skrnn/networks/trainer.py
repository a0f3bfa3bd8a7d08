"""One objective and one optimizer, compiled for one network."""

import time
from dataclasses import replace

import keras
import numpy as np

from skrnn.networks import backends
from skrnn.networks.architecture import carrying_model
from skrnn.networks.call_length import CallLength
from skrnn.networks.gradient_penalty import GradientPenalty
from skrnn.networks.objective import describe_objective
from skrnn.networks.optimizers import sets_own_rate


class Trainer:
    """One objective and one optimizer, compiled for one network.

    Parameters
    ----------
    network : Network
    objective : Objective
    optimizer : keras.optimizers.Optimizer
    training : TrainingSpec
        The specification that the objective was made from.
    carries : bool, default=False
        Whether batches may continue from the final states of the batch before them.

    Attributes
    ----------
    call_length : CallLength
    """

    @backends.uses_device
    def __init__(self, network, objective, optimizer, training, *, carries=False):
        self.optimizer = optimizer
        # Callbacks and schedules may hold large data, and are not compiled.
        self._training = replace(training, callbacks=(), schedule="constant")
        self._description = describe_objective(training)
        self.optimizer.build(network.model.trainable_variables)
        self._trainable = network.model.trainable_variables
        self.sets_own_rate = sets_own_rate(optimizer)
        self._metrics = objective.metrics
        self._metrics.build()
        self._first_state = [_compact(_as_array(one)) for one in optimizer.variables]
        model = carrying_model(network) if carries else network.raw
        penalty = GradientPenalty(model) if training.gradient_penalty else None
        bounded = [] if training.max_recurrent_weight is None else bounded_variables(model)
        self._parts = network, objective, optimizer, model, penalty, bounded
        self._train, self.evaluate = backends.compile_training(*self._parts)
        self._many = None
        self._bounded = bounded
        self._has_extras = penalty is not None or bool(bounded)
        self._states, self._extras = None, (0.0, 0.0)
        self._is_compiled = False
        self.call_length = CallLength(first=1)

    def is_unchanged(self):
        """Return whether the loss and the metrics are equal to those that were compiled.

        A program calls the objects of the user again when it is compiled for another shape.
        """
        return describe_objective(self._training) == self._description

    @backends.uses_device
    def train(self, data, order, bounds, factors, layout, fresh):
        """Train on batches and return the loss of each.

        Parameters
        ----------
        data : object
            The return value of `backends.to_device`.
        order, bounds : ndarray of int
            Batch `i` is ``order[bounds[i]:bounds[i + 1]]``.
        factors : ndarray of shape (n_batches,)
            The factors by which the learning rate of each update is multiplied. They have no
            effect if the optimizer computes its own rate.
        layout : object
            The return value of `backends.batch_layout`.
        fresh : ndarray of bool of shape (n_batches,)
            Whether states are zero before a batch. Otherwise, its sequences continue the first
            sequences of the batch before it, which may have been in the call before.
        """
        begin = time.perf_counter()
        base_rate = self._base_rate()
        rates = _rates_of(base_rate, factors)
        batches = order, bounds, fresh
        if self._has_extras:
            columns = [rates, *(np.full_like(rates, extra) for extra in self._extras)]
            rates = np.stack(columns, axis=1)
        losses, self._states = self._train(data, batches, rates, layout, self._states)
        if self._base_rate() != base_rate:
            # Some updates change the learning rate of the optimizer.
            self.optimizer.learning_rate = base_rate
        # The first call compiles, so its time does not predict that of the next ones.
        if self._is_compiled:
            self.call_length.note(len(bounds) - 1, time.perf_counter() - begin)
        self._is_compiled = True
        return losses

    @backends.uses_device
    def rates(self, factors):
        """Return the learning rate of each update, or zeros if the optimizer computes it."""
        return _rates_of(self._base_rate(), factors)

    def _base_rate(self):
        # A callback may have changed the rate since the last call.
        return 0.0 if self.sets_own_rate else float(self.optimizer.learning_rate)

    @backends.uses_device
    def finalize(self):
        """Let the optimizer finish, which may replace the weights by their averages."""
        self.optimizer.finalize_variable_values(self._trainable)
        # Averages contain weights from before they were clipped.
        for variable in (self._trainable[i] for i in self._bounded):
            variable.assign(keras.ops.clip(variable, -self._extras[1], self._extras[1]))

    @backends.uses_device
    def reset(self, rate, training, state=None):
        """Reset the optimizer, or load its state at the end of an earlier fit.

        Parameters
        ----------
        rate : float or None
            The learning rate. If None, the optimizer's schedule is used.
        training : TrainingSpec
            It may differ from the specification that the trainer was made from in the factor of the
            gradient penalty, unless one of them is zero, and in the bound of recurrent weights,
            unless one of them is None.
        state : list of ndarray or None
            The value that `get_state` returned then. If None, the optimizer is reset.
        """
        values = self._first_state if state is None else state
        self.check_state(values)
        backends.assign(self.optimizer.variables, values)
        if rate is not None:
            self.optimizer.learning_rate = rate
        self._states = None
        self._extras = _extras_of(training)
        self._metrics.restore()

    def check_state(self, values):
        """Raise an error if the optimizer has other variables than those with these values."""
        if [np.shape(value) for value in values] != [v.shape for v in self.optimizer.variables]:
            raise ValueError(
                "optimizer has changed since the last call: its variables have other shapes than "
                "those with which partial_fit has trained. Pass the earlier optimizer, or call fit."
            )

    @backends.uses_device
    def get_state(self):
        """Return the optimizer's variables as new arrays."""
        return [_as_array(variable) for variable in self.optimizer.variables]

    @backends.uses_device
    def read_metrics(self, prefix=""):
        """Return the metrics' values by name, and reset them."""
        return {prefix + name: value for name, value in self._metrics.read().items()}

    def many(self):
        """Return the compiled functions that train many models, see `skrnn.networks.many`."""
        if self._many is None:
            self._many = backends.ManyModels(*self._parts)
        return self._many

    def first_values(self):
        """Return pairs of each variable of the model, the optimizer and the metrics and a value.

        The values of the optimizer and the metrics are those before training.
        """
        pairs = zip(self.optimizer.variables, map(np.array, self._first_state), strict=True)
        return [*self._metrics.first_values, *pairs]

    def extras(self, training):
        """Return what is passed to each update besides its rate, if this trainer needs it."""
        return _extras_of(training) if self._has_extras else ()

    @backends.uses_device
    def metrics_of(self, values):
        """Return the metrics by name, given the values of the variables of each metric."""
        return self._metrics.values_of(values)


def _as_array(variable):
    """Return the value of a variable as a new array."""
    return np.array(keras.ops.convert_to_numpy(variable))


def _compact(array):
    """Return an array, or a view of a single number if all its numbers are equal.

    Most optimizers begin with zeros, which would take twice the memory of the weights.
    """
    if array.size > 1 and (array == array.flat[0]).all():
        return np.broadcast_to(array.flat[0], array.shape)
    return array


def _rates_of(base_rate, factors):
    return (base_rate * factors).astype(np.float32)


def _extras_of(training):
    """Return the factor of the gradient penalty and the bound of recurrent weights."""
    return training.gradient_penalty, training.max_recurrent_weight or 0.0


def bounded_variables(model):
    """Return the indices of the trainable variables that `max_recurrent_weight` bounds.

    They are the recurrent weights of units that receive only their own previous output, which are
    a vector. A body may contain layers with a recurrent kernel, which is a matrix.
    """
    return [
        i
        for i, variable in enumerate(model.trainable_variables)
        if variable.name == "recurrent_kernel" and len(variable.shape) == 1
    ]


class DivergedError(ValueError):
    """The loss or a weight is not finite; the program can still be used."""
