"""Networks on TensorFlow: compiled graphs, and time loops written for its CPU."""

from skrnn.networks.backends.tensorflow.device import (
    compile_forward,
    compile_training,
    sequences_to_device,
    steps_to_device,
    to_device,
)
from skrnn.networks.backends.tensorflow.gradients import compile_gradients, gradients_of
from skrnn.networks.backends.tensorflow.loops import has_fast_loop, run_loop
from skrnn.networks.backends.tensorflow.policy import batch_layout
from skrnn.networks.backends.tensorflow.scans import linear_recurrence

__all__ = [
    "batch_layout",
    "compile_forward",
    "compile_gradients",
    "compile_training",
    "gradients_of",
    "has_fast_loop",
    "linear_recurrence",
    "run_loop",
    "sequences_to_device",
    "steps_to_device",
    "to_device",
]
