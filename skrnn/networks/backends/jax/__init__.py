"""Networks on JAX: compiled functions of arrays, one for each shape of a batch."""

from skrnn.networks.backends.jax.device import (
    FORWARD_TAKES_VALUES,
    assign,
    batch_layout,
    compile_forward,
    compile_training,
    precision,
    sequences_for_one_call,
    sequences_to_device,
    to_device,
)
from skrnn.networks.backends.jax.gradients import compile_gradients, gradients_of
from skrnn.networks.backends.jax.loops import has_fast_loop, run_loop
from skrnn.networks.backends.jax.many import ManyModels, device_bytes, placement
from skrnn.networks.backends.jax.scans import linear_recurrence

__all__ = [
    "FORWARD_TAKES_VALUES",
    "ManyModels",
    "assign",
    "batch_layout",
    "compile_forward",
    "compile_gradients",
    "compile_training",
    "device_bytes",
    "gradients_of",
    "has_fast_loop",
    "linear_recurrence",
    "placement",
    "precision",
    "run_loop",
    "sequences_for_one_call",
    "sequences_to_device",
    "to_device",
]
