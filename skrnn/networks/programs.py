"""Compiled programs, leased from a bounded cache.

A program is a built network with its compiled functions. Building and tracing a program takes about
a second, and uses memory that TensorFlow does not free completely. Programs are therefore kept and
reused: a grid search over learning rates, folds or seeds compiles once. A lease is exclusive, so
threads do not use a program at the same time, except for predictions in a search on JAX, whose
compiled functions receive all weights. If a lease ends in an error, the program is
discarded, because its state is unknown.
"""

import math
import threading
from collections import OrderedDict
from contextlib import contextmanager
from functools import partial

import numpy as np

from skrnn._parallel.tasks import check_cancelled, turn
from skrnn.networks import backends
from skrnn.networks.architecture import rebuild_network, require_same_parts
from skrnn.networks.fingerprint import is_complete, settings
from skrnn.networks.objective import Objective, describe_objective
from skrnn.networks.processes import require_own_process
from skrnn.networks.trainer import DivergedError, Trainer

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
        The memory of its variables at the end of the last lease.
    """

    def __init__(self, network):
        self.network = network
        self.n_bytes = 0
        self._forward = {}
        # The key of the trainer that the current lease has used, if it has used one.
        self._trainers, self._used = OrderedDict(), None

    def forward(self, name, weights, *, load=False):
        """Return the compiled forward pass of one of the network's models with some weights.

        Parameters
        ----------
        name : str
            The model, as an attribute of the network.
        weights : list of ndarray
            They are loaded, unless the forward pass receives them as an argument.
        load : bool, default=False
            Whether to load them in any case.
        """
        if name not in self._forward:
            self._forward[name] = backends.compile_forward(getattr(self.network, name))
        compiled, variables = self._forward[name], self.network.model.weights
        takes_values = backends.forward_takes_values and not load
        if not (takes_values and _have_shapes_of(variables, weights)):
            self.set_weights(weights)
            return compiled
        pairs = zip(variables, weights, strict=True)
        values = {id(variable): np.asarray(array, variable.dtype) for variable, array in pairs}
        return partial(compiled, values=values)

    @backends.uses_device
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
        self._used = key
        return trainer

    def end_lease(self):
        """Remove the trainer that was used if its loss or its metrics changed, and count bytes."""
        if self._used in self._trainers and not self._trainers[self._used].is_unchanged():
            del self._trainers[self._used]
        if self._used is not None or not self.n_bytes:
            self.n_bytes = self._count_bytes()
        self._used = None

    def _count_bytes(self):
        """Return the memory of the weights and of the variables of the optimizers."""
        trained = [trainer.optimizer.variables for trainer in self._trainers.values()]
        return sum(
            math.prod(variable.shape) * (8 if "64" in variable.dtype else 4)
            for variables in (self.network.model.variables, *trained)
            for variable in variables
        )

    @backends.uses_device
    def set_weights(self, weights):
        """Load a network's weights.

        Parameters
        ----------
        weights : list of ndarray
        """
        variables = self.network.model.weights
        if _have_shapes_of(variables, weights):
            backends.assign(variables, weights)
        else:
            # Keras raises an error that names the weight.
            self.network.model.set_weights(weights)

    @backends.uses_device
    def get_weights(self):
        """Return the weights as new arrays."""
        return self.network.model.get_weights()

    def set_seeds(self, seeds):
        """Reset the generators of dropout layers.

        Parameters
        ----------
        seeds : numpy.random.Generator
        """
        states = [v for v in self.network.model.variables if v.name == "seed_generator_state"]
        values = [np.array([seeds.integers(2**31), 0], one.dtype) for one in states]
        backends.assign(states, values)


def _have_shapes_of(variables, arrays):
    return [variable.shape for variable in variables] == [np.shape(array) for array in arrays]


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
    with turn(spec), backends.precision(spec.dtype):
        check_cancelled()
        key, program = borrow(spec, network)
        try:
            yield program
        except DivergedError:
            give_back(key, program)
            raise
        give_back(key, program)


def borrow(spec, network=None, *, trains_many=False):
    """Return a program that nothing else uses, and the key with which it is given back.

    `lease` is the safe way to use a program. This function is for a program that several threads
    use one after another, each with the precision of the network.

    Parameters
    ----------
    spec, network : as for `lease`
    trains_many : bool, default=False
        Whether to return one of the programs that train many models, which have compiled other
        functions than the rest.
    """
    key = spec, settings(), trains_many
    network = network or require_same_parts(spec)
    return key, _take(key) or Program(network or rebuild_network(spec))


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


def give_back(key, program):
    """Return a program to the cache, unless its custom parts have changed."""
    # If something changed during the lease, some functions may have been compiled before the change
    # and others after it.
    program.end_lease()
    if not program.network.is_unchanged():
        return
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
