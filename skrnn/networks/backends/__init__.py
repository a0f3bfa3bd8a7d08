"""The seam to the framework below Keras: one module for each, the same few functions in all.

The choice is Keras' own: ``KERAS_BACKEND`` or ``keras.json``. A backend module offers

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
compile_forward = _backend.compile_forward
compile_training = _backend.compile_training
has_fast_loop = _backend.has_fast_loop
run_loop = _backend.run_loop
sequences_to_device = _backend.sequences_to_device
to_device = _backend.to_device


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
