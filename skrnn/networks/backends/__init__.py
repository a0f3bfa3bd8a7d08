"""The seam to the framework below Keras: one module for each, the same few functions in all.

The choice is Keras' own: ``KERAS_BACKEND`` or ``keras.json``. A backend module offers

- `sequences_to_device`, `to_device`: arrays to tensors;
- `compile_training`: batches of training and of evaluation inside compiled calls;
- `compile_forward`: a pass without training inside a compiled call;
- `has_fast_loop`, `run_loop`: the time loops of recurrent layers;
- `precision`, where a dtype has to be announced.
"""

import importlib
from contextlib import contextmanager, nullcontext

import keras

__all__ = [
    "compile_forward",
    "compile_training",
    "has_fast_loop",
    "precision",
    "run_loop",
    "sequences_to_device",
    "to_device",
]

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


@contextmanager
def precision(dtype):
    """Make and use variables of a dtype, in the current thread.

    Parameters
    ----------
    dtype : {"float32", "float64"}
    """
    with getattr(_backend, "precision", nullcontext)(dtype):
        yield
