"""How many models fit into the memory of a device, if they are trained as one program."""

import math

import numpy as np

from skrnn.networks import backends

# The data, the weights and the gradients of all models may need this part of the device's memory.
_MEMORY = 0.5
# The numbers that the backward pass keeps per unit and time step: gates, states, and their sums.
_KEPT_PER_UNIT = 16
_GATES = 4
# A fit sends its data to the device, where they are copied to its slot.
_COPIES_OF_DATA = 2


def models_in_memory(spec, job, layout):
    """Return how many models fit into the device's memory, at least one."""
    n_bytes = backends.device_bytes()
    if n_bytes is None:
        return np.iinfo(np.int32).max
    (n_rows, n_steps, n_target_steps), *_ = layout
    n_units = sum(spec.units) * (2 if spec.bidirectional else 1)
    kept = _KEPT_PER_UNIT * n_units * n_rows * (n_steps + (n_target_steps or 0))
    n_weights = math.prod(spec.embedding or (0,))
    n_weights += _GATES * n_units * (n_units + spec.n_features + spec.n_outputs)
    parts = [part for part in (job.examples, job.validation) if part is not None]
    n_data = _COPIES_OF_DATA * sum(_n_numbers_of_data(spec, part, n_rows) for part in parts)
    # Gradients and the optimizer have as many numbers as the weights, Adam twice as many.
    n_numbers = kept + n_data + 4 * n_weights
    n_bytes_of_model = n_numbers * (8 if spec.dtype == "float64" else 4)
    return max(1, int(_MEMORY * n_bytes / n_bytes_of_model))


def _n_numbers_of_data(spec, examples, n_rows):
    """Return how many numbers examples have, with the padding of a slot."""
    _, _, n_steps, n_targets = backends.many_layout(spec, examples, n_rows)
    of_step, of_target = (
        math.prod(one.values.shape[1:]) for one in (examples.sequences, examples.targets)
    )
    return n_steps * of_step + n_targets * of_target
