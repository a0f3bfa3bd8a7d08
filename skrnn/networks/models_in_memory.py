"""How many models fit into the memory of a device, if they are trained as one program."""

import math

import numpy as np

from skrnn.networks import backends

# The data, the weights and the gradients of all models may need this part of the device's memory.
_MEMORY = 0.5
# The numbers that the backward pass keeps per unit and time step: gates, states, and their sums.
_KEPT_PER_UNIT = 16
_GATES = 4


def models_in_memory(spec, job, layout):
    """Return how many models fit into the device's memory, at least one."""
    n_bytes = backends.device_bytes()
    if n_bytes is None:
        return np.iinfo(np.int32).max
    (n_rows, n_steps, n_target_steps), _, n_values, _ = layout
    n_units = sum(spec.units) * (2 if spec.bidirectional else 1)
    kept = _KEPT_PER_UNIT * n_units * n_rows * (n_steps + (n_target_steps or 0))
    n_weights = math.prod(spec.embedding or (0,))
    n_weights += _GATES * n_units * (n_units + spec.n_features + spec.n_outputs)
    # Gradients and the optimizer have as many numbers as the weights, Adam twice as many.
    numbers = kept + n_values * spec.n_features + 4 * n_weights
    n_bytes_of_model = numbers * (8 if spec.dtype == "float64" else 4)
    return max(1, int(_MEMORY * n_bytes / n_bytes_of_model))
