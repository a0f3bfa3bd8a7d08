"""Compiled programs, leased from a bounded cache.

A program is a built network with its compiled functions. Building and tracing a program takes about
a second, and uses memory that TensorFlow does not free completely. Programs are therefore kept and
reused: a grid search over learning rates, folds or seeds compiles once. A lease is exclusive, so
threads never use a program at the same time. If a lease ends in an error, the program is
discarded, because its state is unknown.
"""

import math
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import replace

import keras
import numpy as np

from skrnn.networks import backends
from skrnn.networks.architecture import carrying_model, rebuild_network, require_same_parts
from skrnn.networks.fingerprint import is_complete, settings
from skrnn.networks.gradient_penalty import GradientPenalty
from skrnn.networks.objective import Objective, describe_objective
from skrnn.networks.optimizers import sets_own_rate
from skrnn.networks.processes import require_own_process

MAX_PROGRAMS = 32
MAX_BYTES = 2**30
MAX_TRAINERS = 4

_lock = threading.Lock()
_idle = OrderedDict()


class Program:
    """A network with its compiled functions and, for training, its optimizers.

    Parameters
    ----------
    network : Network

    Attributes
    ----------
    n_bytes : int
        The return value of `count_bytes` at the end of the last lease.
    """

    def __init__(self, network):
        self.network = network
        self.n_bytes = 0
        self._forward = {}
        self._trainers = OrderedDict()

    def forward(self, name):
        """Return the compiled forward pass of one of the network's models, by its name."""
        if name not in self._forward:
            self._forward[name] = backends.compile_forward(getattr(self.network, name))
        return self._forward[name]

    def trainer(self, training, recipe, *, class_codes, skips=False, carries=False):
        """Return the compiled training functions for a loss, metrics and an optimizer.

        Parameters
        ----------
        training : TrainingSpec
        recipe : Recipe
            The recipe from which the optimizer is made.
        class_codes : bool
            Whether targets are class codes.
        skips : bool, default=False
            As in `Objective`.
        carries : bool, default=False
            Whether batches may continue from the final states of the batch before them.
        """
        description = describe_objective(training)
        extras = training.gradient_penalty > 0, training.max_recurrent_weight is not None
        key = description, training.metrics_dtype, recipe, class_codes, skips, carries, *extras
        trainer = self._trainers.pop(key, None)
        if trainer is None or not trainer.is_unchanged():
            objective = Objective(self.network.spec, training, class_codes=class_codes, skips=skips)
            trainer = Trainer(self.network, objective, recipe.make(), training, carries=carries)
        if is_complete(description) and is_complete(recipe.held):
            self._trainers[key] = trainer
        while len(self._trainers) > MAX_TRAINERS:
            self._trainers.popitem(last=False)
        return trainer

    def forget_changed(self):
        """Remove the trainer that was used last if its loss or its metrics changed meanwhile."""
        for key, trainer in list(self._trainers.items())[-1:]:
            if not trainer.is_unchanged():
                del self._trainers[key]

    def count_bytes(self):
        """Return the memory of the weights and of the variables of the optimizers."""
        trained = [trainer.optimizer.variables for trainer in self._trainers.values()]
        return sum(
            math.prod(variable.shape) * (8 if "64" in variable.dtype else 4)
            for variables in (self.network.model.variables, *trained)
            for variable in variables
        )

    def set_weights(self, weights):
        """Load a network's weights.

        Parameters
        ----------
        weights : list of ndarray
        """
        self.network.model.set_weights(weights)

    def get_weights(self):
        """Return the weights as new arrays."""
        return self.network.model.get_weights()

    def set_seeds(self, seeds):
        """Reset the generators of dropout layers.

        Parameters
        ----------
        seeds : numpy.random.Generator
        """
        for variable in self.network.model.variables:
            if variable.name == "seed_generator_state":
                variable.assign([int(seeds.integers(2**31)), 0])


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
    """

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
        self._first_state = self.get_state()
        model = carrying_model(network) if carries else network.raw
        penalty = GradientPenalty(model) if training.gradient_penalty else None
        bounded = [] if training.max_recurrent_weight is None else bounded_variables(model)
        self._train, self.evaluate = backends.compile_training(
            network, objective, optimizer, model, penalty, bounded
        )
        self._bounded = bounded
        self._has_extras = penalty is not None or bool(bounded)
        self._states, self._extras = None, (0.0, 0.0)
        self._is_compiled = False
        self._seconds_per_batch = None

    def is_unchanged(self):
        """Return whether the loss and the metrics are equal to those that were compiled.

        A program calls the objects of the user again when it is compiled for another shape.
        """
        return describe_objective(self._training) == self._description

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
        n_batches = len(bounds) - 1
        rates, base_rate = self.rates(factors), self._base_rate()
        batches = order, bounds, fresh
        if self._has_extras:
            columns = [rates, *(np.full_like(rates, extra) for extra in self._extras)]
            rates = np.stack(columns, axis=1)
        losses, self._states = self._train(data, batches, rates, layout, self._states)
        if not self.sets_own_rate:
            # Some updates set the rate of the optimizer to their own.
            self.optimizer.learning_rate = base_rate
        # The first call compiles, so its time does not predict that of the next ones.
        if self._is_compiled:
            self._seconds_per_batch = (time.perf_counter() - begin) / n_batches
        self._is_compiled = True
        return losses

    def rates(self, factors):
        """Return the learning rate of each update, or zeros if the optimizer computes its own."""
        return (self._base_rate() * factors).astype(np.float32)

    def _base_rate(self):
        # A callback may have changed the rate since the last call.
        return 0.0 if self.sets_own_rate else float(self.optimizer.learning_rate)

    def batches_in(self, seconds):
        """Return the number of batches that a call of the given duration can run."""
        if self._seconds_per_batch is None:
            return 1
        return max(1, int(seconds / self._seconds_per_batch))

    def finalize(self):
        """Let the optimizer finish, which may replace the weights by their averages."""
        self.optimizer.finalize_variable_values(self._trainable)
        # Averages contain weights from before they were clipped.
        for variable in (self._trainable[i] for i in self._bounded):
            variable.assign(keras.ops.clip(variable, -self._extras[1], self._extras[1]))

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
        if [np.shape(value) for value in values] != [v.shape for v in self.optimizer.variables]:
            raise ValueError(
                "optimizer has changed since the last call: its variables have other shapes than "
                "those with which partial_fit has trained. Pass the earlier optimizer, or call fit."
            )
        for variable, value in zip(self.optimizer.variables, values, strict=True):
            variable.assign(value)
        if rate is not None:
            self.optimizer.learning_rate = rate
        self._states = None
        self._extras = training.gradient_penalty, training.max_recurrent_weight or 0.0
        self._metrics.restore()

    def get_state(self):
        """Return the optimizer's variables as new arrays."""
        return [
            np.array(keras.ops.convert_to_numpy(variable)) for variable in self.optimizer.variables
        ]

    def read_metrics(self, prefix=""):
        """Return the metrics' values by name, and reset them."""
        return {prefix + name: value for name, value in self._metrics.read().items()}


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


@contextmanager
def lease(spec, network=None):
    """Lease the program of a network exclusively.

    Parameters
    ----------
    spec : NetworkSpec
    network : Network or None
        The network of a new program, which is needed if no idle program has this specification.
        If None, the network is built when it is needed.

    Yields
    ------
    Program

    Raises
    ------
    RuntimeError
        If this process was forked from a process that had used the framework.
    ValueError
        If a custom body, cell or activation would now build a different network.
    """
    require_own_process()
    key = spec, settings()
    with backends.precision(spec.dtype):
        network = network or require_same_parts(spec)
        program = _take(key) or Program(network or rebuild_network(spec))
        try:
            yield program
        except DivergedError:
            _give_back(key, program)
            raise
        _give_back(key, program)


def _take(key):
    """Return an idle program whose custom parts have not changed, or None."""
    while True:
        with _lock:
            waiting = _idle.get(key)
            if not waiting:
                return None
            program = waiting.pop()
            if not waiting:
                del _idle[key]
        if program.network.is_unchanged():
            return program


def _give_back(key, program):
    # If something changed during the lease, some functions may have been compiled before the change
    # and others after it.
    program.forget_changed()
    if not program.network.is_unchanged():
        return
    program.n_bytes = program.count_bytes()
    with _lock:
        _idle.setdefault(key, []).append(program)
        _idle.move_to_end(key)
        while _is_full():
            oldest = next(iter(_idle))
            _idle[oldest].pop(0)
            if not _idle[oldest]:
                del _idle[oldest]


def _is_full():
    """Return whether idle programs exceed one of both limits; one program is always kept."""
    programs = [program for waiting in _idle.values() for program in waiting]
    n_bytes = sum(program.n_bytes for program in programs)
    return len(programs) > MAX_PROGRAMS or (len(programs) > 1 and n_bytes > MAX_BYTES)


def clear():
    """Remove all idle programs."""
    with _lock:
        _idle.clear()
