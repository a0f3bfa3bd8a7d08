"""Networks on PyTorch: eager operations with as little Python between them as possible."""

from skrnn.networks.backends.torch.device import (
    batch_layout,
    compile_forward,
    compile_training,
    sequences_to_device,
    to_device,
)
from skrnn.networks.backends.torch.gradients import compile_gradients, gradients_of
from skrnn.networks.backends.torch.graphs import uses_device
from skrnn.networks.backends.torch.kernels import has_fast_loop, run_loop
from skrnn.networks.backends.torch.many import ManyModels, can_train_many, device_bytes
from skrnn.networks.backends.torch.scans import linear_recurrence

__all__ = [
    "ManyModels",
    "batch_layout",
    "can_train_many",
    "compile_forward",
    "compile_gradients",
    "compile_training",
    "device_bytes",
    "gradients_of",
    "has_fast_loop",
    "linear_recurrence",
    "run_loop",
    "sequences_to_device",
    "to_device",
    "uses_device",
]
