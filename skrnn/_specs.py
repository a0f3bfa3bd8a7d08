"""What crosses the wall between estimators and networks: two specifications and one data set.

Whatever a compiled program bakes in is a field of `NetworkSpec` (or of the part of `TrainingSpec`
that describes loss, metrics and optimizer); whatever may change from fit to fit without compiling
again (learning rate, seeds, epochs, data) is only handed over at run time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skrnn.sequences import Sequences

# The names of all cells; `skrnn.networks.cells` has a module of each name that describes the cell.
CELLS = ("simple", "lstm", "gru", "minimal_gru")


@dataclass(frozen=True)
class NetworkSpec:
    """The architecture of a network, in plain values.

    Parameters
    ----------
    cell : str or None
        One of `CELLS`. None if the cell is custom.
    units : tuple of int
        One entry for each stacked layer.
    bidirectional, return_sequences : bool
    pooling : {"last", "mean", "max"}
        How steps become one vector when `return_sequences` is False.
    activation : str or callable
    dropout, recurrent_dropout, l2 : float
    n_features : int
        Features of a step; 0 for token ids.
    embedding : tuple (rows, dimensions) or None
    train_embedding : bool
    n_outputs : int
    output_activation : {"linear", "sigmoid", "softmax"}
    dtype : {"float32", "float64"}
    body : callable or None
        Builds the layers between input and output in place of `cell` and `units`.
    body_seed : int
        Seeds the layers of the body that have no seed of their own.
    architecture : str or None
        Description of what `body` or `custom_cell` built. Specifications are compared by it and not
        by the object itself, since two callables may build the same network, and one callable may
        build different ones.
    one_hot : bool
        Whether steps are codes that stand for one-hot vectors of `n_features`.
    custom_cell : class or instance of keras.layers.Layer, or None
        A Keras cell that takes the place of `cell`.
    """

    cell: str | None
    units: tuple
    bidirectional: bool
    return_sequences: bool
    pooling: str
    activation: str | Callable
    dropout: float
    recurrent_dropout: float
    l2: float
    n_features: int
    embedding: tuple | None
    train_embedding: bool
    n_outputs: int
    output_activation: str
    dtype: str
    body: Callable | None = field(default=None, compare=False)
    body_seed: int = field(default=0, compare=False)
    architecture: str | None = None
    one_hot: bool = False
    custom_cell: Any = field(default=None, compare=False)

    @property
    def is_custom(self):
        """Whether some layers are the user's own, from `body` or `custom_cell`."""
        return self.body is not None or self.custom_cell is not None

    def reading(self, sequences):
        """Return the specification of the same network for these sequences' kind of steps."""
        return replace(self, one_hot=self.embedding is None and sequences.values.ndim == 1)


@dataclass(frozen=True)
class TrainingSpec:
    """How a network is trained.

    Parameters
    ----------
    loss, optimizer : str or Keras object
    metrics, callbacks : tuple of str or Keras objects
    learning_rate : float or None
        None: the optimizer's own.
    global_clipnorm : float or None
    epochs : int
    batch_size : int or None
        None: all sequences in one batch.
    shuffle : bool
    patience : int or None
        Stop after this many epochs without a better validation loss, and go back to the best
        weights; None: never.
    verbose : int
    """

    loss: Any
    optimizer: Any
    metrics: tuple
    callbacks: tuple
    learning_rate: float | None
    global_clipnorm: float | None
    epochs: int
    batch_size: int | None
    shuffle: bool
    patience: int | None
    verbose: int


@dataclass(frozen=True)
class Examples:
    """Sequences with their targets and weights.

    A sequence has one target, or one for each step: either way its targets are the rows of
    `targets` from `target_starts[i]` on.

    Parameters
    ----------
    sequences : Sequences
    targets : ndarray of shape (n_targets,) or (n_targets, n_outputs)
    weights : ndarray of shape (n_targets,)
    target_starts, target_counts : ndarray of shape (n_sequences,)
    """

    sequences: Sequences
    targets: np.ndarray
    weights: np.ndarray
    target_starts: np.ndarray
    target_counts: np.ndarray

    def __len__(self):
        return len(self.sequences)

    def take(self, indices):
        """Return the examples at `indices`, on the same steps."""
        if isinstance(indices, slice) and indices == slice(None):
            return self
        chosen = replace(
            self,
            sequences=self.sequences[indices],
            target_starts=self.target_starts[indices],
            target_counts=self.target_counts[indices],
        )
        rows = chosen._rows()
        return replace(
            chosen,
            targets=self.targets[rows],
            weights=self.weights[rows],
            target_starts=chosen._begins(),
        )

    def that_count(self):
        """Return the examples of some weight, their weights brought to a mean of one.

        The scale of the weights would otherwise act as a learning rate, and sequences of no
        weight as empty places in a batch.

        Raises
        ------
        ValueError
            If no example has weight.
        """
        if self.weights.min() == self.weights.max() > 0:
            return replace(self, weights=np.ones_like(self.weights))
        total = np.add.reduceat(self.weights[self._rows()], self._begins())
        if not total.any():
            raise ValueError("sample_weight times class_weight is zero for every sequence.")
        kept = self if total.all() else self.take(np.flatnonzero(total))
        mean = kept.weights[kept._rows()].mean()
        return replace(kept, weights=(kept.weights / mean).astype(self.weights.dtype))

    def _begins(self):
        return np.cumsum(self.target_counts) - self.target_counts

    def _rows(self):
        shift = np.repeat(self.target_starts - self._begins(), self.target_counts)
        return shift + np.arange(len(shift))
