"""Compiled programs, leased from a bounded cache.

A program is a built network with its compiled functions. Building and tracing one costs about a
second and memory that TensorFlow never gives back in full, so programs are kept and handed out
again: a grid search over learning rates, folds or seeds compiles once. A lease is exclusive, so
threads never share one; a program whose lease ended in an error is thrown away, since nobody
knows what state it is in.
"""

import threading
from collections import OrderedDict
from contextlib import contextmanager

import keras
import numpy as np

from skrnn.networks import backends
from skrnn.networks.descriptions import describe, make_loss, make_metrics
from skrnn.networks.models import rebuild_network

__all__ = ["DivergedError", "Program", "Trainer", "clear", "lease"]

MAX_PROGRAMS = 32
MAX_TRAINERS = 4

_lock = threading.Lock()
_idle = OrderedDict()


class Program:
    """A network with its compiled functions and, for training, its optimizers.

    Parameters
    ----------
    network : Network
    """

    def __init__(self, network):
        self.network = network
        self._forward = {}
        self._trainers = OrderedDict()

    def forward(self, name):
        """Return the compiled pass to the outputs of one of the network's models, by its name."""
        if name not in self._forward:
            self._forward[name] = backends.compile_forward(getattr(self.network, name))
        return self._forward[name]

    def trainer(self, training, optimizer, *, sparse):
        """Return the compiled training functions for a loss, metrics and optimizer.

        Parameters
        ----------
        training : TrainingSpec
        optimizer : Recipe
        sparse : bool
            Whether targets are class numbers.
        """
        names = tuple(getattr(metric, "name", None) for metric in training.metrics)
        key = (describe(training.loss), describe(training.metrics), names, optimizer, sparse)
        trainer = self._trainers.pop(key, None)
        if trainer is None:
            trainer = Trainer(self.network, training, optimizer.make(), sparse)
        self._trainers[key] = trainer
        while len(self._trainers) > MAX_TRAINERS:
            self._trainers.popitem(last=False)
        return trainer

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
    """One loss, one optimizer and some metrics, compiled for one network.

    Parameters
    ----------
    network : Network
    training : TrainingSpec
    optimizer : keras.optimizers.Optimizer
    sparse : bool
    """

    def __init__(self, network, training, optimizer, sparse):
        self.optimizer = optimizer
        self.optimizer.build(network.model.trainable_variables)
        self.metrics = make_metrics(
            training.metrics, sparse=sparse, n_outputs=network.spec.n_outputs
        )
        _build_metrics(self.metrics, sparse, network.spec.n_outputs)
        self._first_state = self.get_state()
        loss, from_logits = make_loss(training.loss)
        self.train, self.evaluate = backends.compile_training(
            network, loss, from_logits, self.optimizer, self.metrics
        )
        self.traced = False
        self.seconds_per_batch = None

    def reset(self, rate, state=None):
        """Start the optimizer afresh, or from the state of an earlier call.

        Parameters
        ----------
        rate : float or None
            The learning rate; None: the optimizer's schedule.
        state : list of ndarray or None
        """
        values = self._first_state if state is None else state
        if [np.shape(value) for value in values] != [v.shape for v in self.optimizer.variables]:
            raise ValueError("optimizer is not the one that partial_fit trained with before.")
        for variable, value in zip(self.optimizer.variables, values, strict=True):
            variable.assign(value)
        if rate is not None:
            self.optimizer.learning_rate = rate
        for metric in self.metrics:
            metric.reset_state()

    def get_state(self):
        """Return the optimizer's variables as new arrays."""
        return [
            np.array(keras.ops.convert_to_numpy(variable)) for variable in self.optimizer.variables
        ]

    def read_metrics(self, prefix=""):
        """Return the metrics' values by name; they start again from nothing."""
        values = {
            prefix + metric.name: np.asarray(metric.result()).item() for metric in self.metrics
        }
        for metric in self.metrics:
            metric.reset_state()
        return values


def _build_metrics(metrics, sparse, n_outputs):
    """Let metrics make their variables now: inside a compiled call it would be too late."""
    true = np.zeros(1, np.int32) if sparse else np.zeros((1, n_outputs), np.float32)
    for metric in metrics:
        metric.update_state(true, np.full((1, n_outputs), 0.5, np.float32))
        if np.size(metric.result()) != 1:
            raise ValueError(f"metrics must give one number each, {metric.name!r} gives several.")


class DivergedError(ValueError):
    """The loss stopped being a finite number; the program is as good as before."""


@contextmanager
def lease(spec, network=None):
    """Lend the program of a network, exclusively.

    Parameters
    ----------
    spec : NetworkSpec
    network : Network or None
        Taken when no idle program fits; None: built then.

    Yields
    ------
    Program
    """
    with backends.precision(spec.dtype):
        program = _take(spec) or Program(network or rebuild_network(spec))
        try:
            yield program
        except DivergedError:
            _give_back(spec, program)
            raise
        _give_back(spec, program)


def _take(spec):
    with _lock:
        waiting = _idle.get(spec)
        if not waiting:
            return None
        program = waiting.pop()
        if not waiting:
            del _idle[spec]
        return program


def _give_back(spec, program):
    with _lock:
        _idle.setdefault(spec, []).append(program)
        _idle.move_to_end(spec)
        while sum(map(len, _idle.values())) > MAX_PROGRAMS:
            oldest = next(iter(_idle))
            _idle[oldest].pop(0)
            if not _idle[oldest]:
                del _idle[oldest]


def clear():
    """Forget all idle programs."""
    with _lock:
        _idle.clear()
