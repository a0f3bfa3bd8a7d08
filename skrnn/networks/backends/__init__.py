"""The seam to the framework below Keras: one module for each, the same few functions in all.

The choice is Keras' own: ``KERAS_BACKEND`` or ``keras.json``. What a backend's functions take and
give is written here alone. A backend module offers

- `sequences_to_device`, `to_device`: arrays to tensors;
- `compile_training`: batches of training and of evaluation inside compiled calls;
- `compile_forward`: a pass without training inside a compiled call;
- `has_fast_loop`, `run_loop`: the time loops of recurrent layers;
- `precision`, where a dtype has to be announced.
"""

import importlib
import threading
from contextlib import contextmanager, nullcontext

import keras
from keras.src.backend.common.dtypes import BIT64_TO_BIT32_DTYPE

__all__ = [
    "compile_forward",
    "compile_training",
    "has_fast_loop",
    "precision",
    "run_loop",
    "sequences_to_device",
    "to_device",
]

_ROUNDED = BIT64_TO_BIT32_DTYPE["float64"]
_KNOWN = ("jax", "tensorflow", "torch")

if keras.backend.backend() not in _KNOWN:
    raise ImportError(
        f"skrnn runs on Keras' backends {', '.join(_KNOWN)}, but Keras is set to "
        f"{keras.backend.backend()!r}: set the environment variable KERAS_BACKEND to one of them "
        "before Keras is imported."
    )

_backend = importlib.import_module(f"{__name__}.{keras.backend.backend()}")


def sequences_to_device(sequences):
    """Send a batch of sequences to the device.

    Parameters
    ----------
    sequences : Sequences

    Returns
    -------
    object
        As `to_device` and `compile_forward` know it: the backend's own affair.
    """
    return _backend.sequences_to_device(sequences)


def to_device(examples, target_scale):
    """Send examples to the device.

    Parameters
    ----------
    examples : Examples
    target_scale : tuple (scale, offset)
        From targets as they train to targets as users know them, which metrics are told in.

    Returns
    -------
    object
        As the functions of `compile_training` take it.
    """
    return _backend.to_device(examples, target_scale)


def compile_training(network, loss, from_logits, optimizer, metrics):
    """Make the steps of training and of evaluation ready to run, many batches a call.

    Parameters
    ----------
    network : Network
    loss : callable
        Of (true, predicted), one value a target.
    from_logits : bool
        Whether `loss` takes the raw output.
    optimizer : keras.optimizers.Optimizer
    metrics : list of keras.metrics.Metric

    Returns
    -------
    train, evaluate : callable
        Of (what `to_device` gave, order, bounds), giving one loss a batch as an array. Batch `i`
        is ``order[bounds[i]:bounds[i + 1]]``. `train` takes two things more: `width`, the size of
        a full batch, which a shorter one may be filled up to, and `compile_loops`, whether there
        is so much to do that time loops are worth compiling for that width.
    """
    return _backend.compile_training(network, loss, from_logits, optimizer, metrics)


def compile_forward(model):
    """Make a pass through a model without training ready to run.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    callable
        Of (what `sequences_to_device` gave, rows), giving the model's outputs for the sequences
        `rows`: an array, or a list of arrays where the model has several outputs.
    """
    return _backend.compile_forward(model)


def has_fast_loop(cell):
    """Return whether to use `run_loop` and not the slow loop of a recurrent layer.

    Parameters
    ----------
    cell : str
        One of `skrnn._specs.CELLS`.
    """
    return _backend.has_fast_loop(cell)


def run_loop(cell, steps, mask, weights, initial_states=None):
    """Run a recurrent layer over all time steps, with a hand-written gradient.

    Parameters
    ----------
    cell : str
        One of `skrnn._specs.CELLS`, for which `has_fast_loop` is true.
    steps : tensor of shape (batch, T, features), or of int and shape (batch, T)
        Integer codes stand for one-hot vectors.
    mask : tensor of shape (batch, features), or (batch, T) for codes, or None
        Multiplies the input of each time step.
    weights : dict of str to keras.Variable
        With the names, shapes and order of columns that `skrnn.networks.cells` describes.
    initial_states : list of tensor of shape (batch, units) or None
        If None, states are zero before the first time step.

    Returns
    -------
    outputs : tensor of shape (batch, T, units)
    states : list of tensor of shape (batch, units)
        After the last time step. Outputs and states have gradients by steps, weights and initial
        states.
    """
    return _backend.run_loop(cell, steps, mask, weights, initial_states)


_lock = threading.Lock()
_float64_users = 0


@contextmanager
def precision(dtype):
    """Make and use variables of a dtype, in the current thread.

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
    """Have Keras compute in float64 where it is given float64.

    On every backend but TensorFlow many of its operations round to float32, and there is no
    public way to ask for more. What is in float32 is not touched, in other threads neither.
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
