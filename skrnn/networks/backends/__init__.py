"""The interface to the framework that Keras runs on: one package per framework, the same functions.

Keras chooses the framework, from the environment variable ``KERAS_BACKEND`` or from ``keras.json``.
`Backend` describes the functions, and this package contains those of the chosen framework.
"""

import importlib
import threading
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol

import keras
import numpy as np
from keras.src.backend.common.dtypes import BIT64_TO_BIT32_DTYPE

from skrnn.networks.backends.buckets import many_layout

__all__ = [
    "ManyModels",
    "assign",
    "batch_layout",
    "can_train_many",
    "compile_forward",
    "compile_gradients",
    "compile_training",
    "device_bytes",
    "forward_takes_values",
    "gradients_of",
    "has_fast_loop",
    "linear_recurrence",
    "many_layout",
    "placement",
    "precision",
    "run_loop",
    "sequences_for_one_call",
    "sequences_to_device",
    "steps_to_device",
    "to_device",
    "uses_device",
]

_ROUNDED = BIT64_TO_BIT32_DTYPE["float64"]
_KNOWN = ("jax", "tensorflow", "torch")

if keras.backend.backend() not in _KNOWN:
    raise ImportError(
        f"skrnn runs on Keras' backends {', '.join(_KNOWN)}, but Keras is set to "
        f"{keras.backend.backend()!r}. Set the environment variable KERAS_BACKEND to one of them "
        "before Keras is imported."
    )


class Backend(Protocol):
    """The functions of a backend.

    A backend also has a context manager ``precision(dtype)`` if the framework must know the dtype
    in advance. If it can send the time steps of many sequences before the rest, it has the function
    ``steps_to_device(values)``, whose return value is a further argument of `to_device`. If it can
    train many models as one program, it has the class `ManyModels` and the function `device_bytes`,
    `placement` if it spreads the models over devices, and `can_train_many` if it can train only
    some networks in this way; see `skrnn.networks.backends.jax.many`. If the functions that
    `compile_forward` returns accept weights that are not loaded, as their argument `values`, it has
    the constant ``FORWARD_TAKES_VALUES = True``. If it can assign arrays to several variables
    faster than to one after another, it has the function ``assign(variables, values)``. If
    sequences that are used in one call only need not be sent before it, it has the function
    ``sequences_for_one_call(sequences)``. If threads must not use the device at some moments, it
    has the decorator ``uses_device(function)``, and its functions that the rest of the package
    calls have it. Functions elsewhere that create, read or change variables of Keras have it too.
    """

    def sequences_to_device(self, sequences) -> Any:
        """Send a batch of `Sequences` to the device, for `compile_forward`.

        Static features are sent too. They are the third input of a model, after time steps and
        lengths; see `skrnn.networks.static_input`.
        """

    def to_device(self, examples, units) -> Any:
        """Send `Examples` to the device, for `compile_training`.

        `units` are the arrays (true_scale, scale, offset) that convert the targets and the outputs
        of the network to the units of the user, in which metrics are computed.
        """

    def batch_layout(self, spec, lengths, batch_size, n_epochs) -> Any:
        """Return how the batches of a fit are stored and computed, for the function `train`."""

    def compile_training(self, network, objective, optimizer, model, penalty, bounded) -> tuple:
        """Prepare training and evaluation of many batches per call.

        `model` is the model to train: ``network.raw``, or the same layers with the states as
        further inputs and outputs (`carrying_model`). `penalty` is a `GradientPenalty` of this
        model or None. `bounded` are the indices of those trainable variables of the model whose
        values are clipped after each update.

        Returns the functions ``train(data, (order, bounds, fresh), rates, layout, states)`` and
        ``evaluate(data, order, bounds)``. Both return the loss of each batch as an array, and
        `train` also returns the final states of the last batch, with which it is called next time,
        and first with None. `data` is the return value of `to_device`, batch `i` is
        ``order[bounds[i]:bounds[i + 1]]``, and `rates` are the learning rates of the updates,
        which an optimizer with a schedule ignores. With a penalty or bounded variables, they have
        two more columns, the factors of the penalty and the bounds. The states before a batch are
        zero if it is `fresh`, or if `model` does not have them as inputs, and otherwise the final
        states of the first rows of the batch before it, without a gradient.
        """

    def compile_forward(self, model) -> Any:
        """Prepare a forward pass of a Keras model.

        Returns a function of the return value of `sequences_to_device`, of the indices of some
        sequences, and of the other inputs of the model for these sequences, if it has any. This
        function returns the outputs for these sequences as an array, or as a list of arrays if the
        model has several outputs.
        """

    def compile_gradients(self, function) -> Any:
        """Prepare a function of tensors and its gradients, for inspection.

        ``function(tensors, constants)`` takes two lists of tensors and returns one value for each
        row. Returns ``run(arrays, constants, gradients=True)``, a function of two lists of arrays.
        It returns the values as an array, and the gradients of their sum with respect to `arrays`
        as a list of arrays, or None if `gradients` is False.
        """

    def gradients_of(self, function, tensors) -> tuple:
        """Return the gradients of a function of nested tensors, inside a program that trains.

        ``function(tensors)`` returns the value to differentiate and other results, which are
        returned after the gradients. It may itself call `gradients_of`, and its value may depend
        on these gradients.
        """

    def has_fast_loop(self, cell, n_rows=None, units=None) -> bool:
        """Return whether `run_loop` runs the cell of this name, in place of Keras' loop.

        It may depend on the number of sequences of a batch, if it is known, and the units.
        """

    def run_loop(self, cell, steps, mask, weights, initial_states=None) -> tuple:
        """Run a recurrent layer over all time steps, with a hand-written gradient.

        `steps` has the shape (batch, T, features), or (batch, T) for integer codes that stand for
        one-hot vectors. Each time step is multiplied by `mask` of shape (batch, features), or
        (batch, T) for codes, unless `mask` is None. `weights` is a dict of variables, with the
        names in the description of the cell in `skrnn.networks.cells`. `initial_states` is a list
        of tensors of shape (batch, units), or None for zeros. Returns the outputs of shape
        (batch, T, units) and the list of final states. Both have gradients with respect to steps,
        weights and initial states.
        """

    def linear_recurrence(self, a, b, first) -> Any:
        """Return all h[t] of the recurrence h[t] = a[t] * h[t - 1] + b[t], with their gradients.

        `b` has the shape (T, batch, units), and so has `a`, unless it is the same at all time steps
        and sequences and has the shape (units,). `first`, of shape (batch, units), takes the place
        of h[-1] at the first time step. If `b` is a tuple, the numbers are complex: each argument
        and the return value are a real and an imaginary part.
        """


_backend: Backend = importlib.import_module(f"{__name__}.{keras.backend.backend()}")

batch_layout = _backend.batch_layout
compile_forward = _backend.compile_forward
compile_gradients = _backend.compile_gradients
compile_training = _backend.compile_training
gradients_of = _backend.gradients_of
has_fast_loop = _backend.has_fast_loop
linear_recurrence = _backend.linear_recurrence
run_loop = _backend.run_loop
sequences_to_device = _backend.sequences_to_device
sequences_for_one_call = getattr(_backend, "sequences_for_one_call", sequences_to_device)
to_device = _backend.to_device

forward_takes_values = getattr(_backend, "FORWARD_TAKES_VALUES", False)
ManyModels = getattr(_backend, "ManyModels", None)
device_bytes = getattr(_backend, "device_bytes", None)
steps_to_device = getattr(_backend, "steps_to_device", None)
uses_device = getattr(_backend, "uses_device", lambda function: function)

_lock = threading.Lock()
_float64_users = 0


def can_train_many(spec, training, optimizer):
    """Return whether `ManyModels` may train a network, as far as it is known without a network.

    Parameters
    ----------
    spec : NetworkSpec
    training : TrainingSpec
    optimizer : keras.optimizers.Optimizer
        An optimizer of the same kind and options, whose learning rate may differ.
    """
    if ManyModels is None:
        return False
    return getattr(_backend, "can_train_many", lambda *_: True)(spec, training, optimizer)


def placement(slot, n_models):
    """Return a context in which the data of a fit are sent to the device of its slot.

    Parameters
    ----------
    slot : int
        The index of the model among those that are trained as one program.
    n_models : int
        Their number.
    """
    return getattr(_backend, "placement", lambda *_: nullcontext())(slot, n_models)


@uses_device
def _assign_each(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(np.array(value))


assign = getattr(_backend, "assign", _assign_each)


@contextmanager
def precision(dtype):
    """Use variables of a dtype in the current thread.

    Parameters
    ----------
    dtype : {"float32", "float64"}
    """
    with getattr(_backend, "precision", nullcontext)(dtype):
        if dtype == "float64":
            with _unrounded():
                yield
        else:
            yield


@contextmanager
def _unrounded():
    """Let Keras compute in float64 if its inputs are float64.

    On all backends except TensorFlow, many of its operations round to float32, and there is no
    public option to avoid it. Computations in float32, also in other threads, are not affected.
    """
    global _float64_users
    with _lock:
        _float64_users += 1
        BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    try:
        yield
    finally:
        with _lock:
            _float64_users -= 1
            if not _float64_users:
                BIT64_TO_BIT32_DTYPE["float64"] = _ROUNDED
