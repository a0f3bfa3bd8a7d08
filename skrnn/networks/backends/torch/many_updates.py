"""Updates of many models, one after another, in tensors that keep their place in memory.

All arrays that an update reads and writes stay at one place in memory, and the number of the update
is one of them. On a GPU, an update is therefore captured once as a CUDA graph, and then repeated
with a single launch; see `graphs`.
"""

from functools import partial

import keras
import numpy as np
import torch

# Keras has no public way to get the device of its variables.
from keras.src.backend.torch.core import get_device

from skrnn.networks.backends.torch.graphs import repeated

# The batches of so many updates are sent to the device together.
_UPDATES = 64

_map = keras.tree.map_structure


class Updates:
    """Runs updates of all models, with tensors that keep their place in memory.

    Parameters
    ----------
    one_batch : callable
        A function of the values of the metrics, a batch, the rates, and which models run. It
        returns the loss of each model, and the new values of the metrics.
    tensors : list
        The data of all models.
    shape : tuple
        The return value of `shape_of_batches`.
    counted : list of list of tensor
        The values of the metrics.
    rates : tuple of int
        The shape of the rates of an update.
    begin : callable or None
        A function that prepares the rates of some updates, given which models run.
    """

    def __init__(self, one_batch, tensors, shape, *, counted, rates, begin):
        self._counted, self._begin = counted, begin
        self._n_rows, *n_steps = shape
        n_models, device = rates[0], get_device()
        zeros = partial(torch.zeros, device=device)
        self._batches = (
            zeros((_UPDATES, n_models, self._n_rows), dtype=torch.int64),
            zeros((_UPDATES, n_models, self._n_rows), dtype=torch.bool),
            zeros((_UPDATES, *rates), dtype=torch.float64),
            zeros((_UPDATES, n_models), dtype=torch.bool),
        )
        self._losses = zeros((_UPDATES, n_models), dtype=tensors[1][3].dtype)
        self._number = zeros(1, dtype=torch.int64)
        # The graph must not refer to this object: memory of a GPU does not wait for a collection.
        update = partial(
            _update,
            partial(one_batch, counted),
            tuple(tensors),
            n_steps,
            number=self._number,
            batches=self._batches,
            losses=self._losses,
            counted=counted,
        )
        self._run_one = repeated(update, device)

    def run(self, batches):
        """Run the batches of some models, and return all losses and metrics as arrays.

        Parameters
        ----------
        batches : dict of int to tuple
            As for `ManyModels.run`.
        """
        rows, real, rates, runs = self._arrays(batches)
        for slot, (*_, counted) in batches.items():
            _map(
                lambda many, one, at=slot: many[at].copy_(torch.as_tensor(one)),
                self._counted,
                counted,
            )
        losses = []
        for first in range(0, len(runs), _UPDATES):
            sent = [array[first : first + _UPDATES] for array in (rows, real, rates, runs)]
            n = len(sent[0])
            for tensor, array in zip(self._batches, sent, strict=True):
                tensor[:n].copy_(torch.from_numpy(array))
            if self._begin is not None:
                self._begin(self._batches[2][:n], self._batches[3][:n])
            self._number.zero_()
            for _ in range(n):
                self._run_one()
            losses.append(_copied(self._losses[:n]))
        return np.concatenate(losses), _map(_copied, self._counted)

    def _arrays(self, batches):
        """Return the rows of all batches, which rows are real, the rates, and which models run."""
        n_updates = max(len(bounds) - 1 for _, bounds, *_ in batches.values())
        rows, real, rates, runs = (
            np.zeros((n_updates, *one.shape[1:]), str(one.dtype).removeprefix("torch."))
            for one in self._batches
        )
        place = np.arange(self._n_rows)
        for slot, (order, bounds, given, _) in batches.items():
            n, ends = len(bounds) - 1, bounds[1:, None]
            inside = bounds[:-1, None] + place
            real[:n, slot] = inside < ends
            # Padding repeats the first row of a batch.
            rows[:n, slot] = order[np.where(inside < ends, inside, bounds[:-1, None])]
            rates[:n, slot], runs[:n, slot] = given, True
        return rows, real, rates, runs


@torch.no_grad
def _update(one_batch, tensors, n_steps, *, number, batches, losses, counted):
    """Run the batch of a number, write its losses and metrics, and increase the number."""
    rows, real, rates, runs = (one.index_select(0, number)[0] for one in batches)
    new_losses, new_counted = one_batch((*tensors, rows, real, *n_steps), rates, runs)
    _map(partial(_keep, runs), counted, new_counted)
    losses.index_copy_(0, number, new_losses.to(losses.dtype)[None])
    number.add_(1)


def _copied(tensor):
    """Return the values of a tensor that later updates overwrite."""
    return tensor.to("cpu", copy=True).numpy()


def _keep(runs, tensor, new):
    """Write new values of those models that run."""
    runs = runs.reshape(-1, *[1] * (tensor.ndim - 1))
    tensor.copy_(torch.where(runs, new, tensor))
