"""`Examples`: sequences with their targets and weights, as a training loop receives them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from skrnn.sequences import Sequences
from skrnn.sequences._arrays_of_sequences import even_offsets_of, repeats_one_number


@dataclass(frozen=True)
class Examples:
    """Sequences with their targets and the weights of the targets.

    Parameters
    ----------
    sequences : Sequences
    targets : Sequences
        The targets of each sequence: one, or one per time step of the output, whose length may
        differ from that of the input. The values are in the order of the sequences, and they are
        one-dimensional for class codes.
    weights : ndarray of shape (len(targets.values),)
        The weight of each row of ``targets.values``, in float64 until they are scaled.
    target_inputs : ndarray of shape (len(targets.values), n_inputs) or None
        The known inputs of a decoder for each row of ``targets.values``. None if there are none.
    encode : callable or None
        What converts ``targets.values`` to what the network is trained on, when they are sent to
        the device. None if they are that.
    """

    sequences: Sequences
    targets: Sequences
    weights: np.ndarray
    target_inputs: np.ndarray | None = None
    encode: Callable | None = None

    @classmethod
    def of(cls, sequences, targets, lengths, weights, target_inputs=None, encode=None):
        """Return examples whose targets are given one after another.

        Parameters
        ----------
        sequences : Sequences
        targets : ndarray of shape (n_targets,) or (n_targets, n_outputs)
        lengths : ndarray of int of shape (n_sequences,)
            The number of targets of each sequence.
        weights : ndarray of shape (n_targets,)
        target_inputs : ndarray of shape (n_targets, n_inputs) or None, default=None
        encode : callable or None, default=None
        """
        targets = Sequences(targets, even_offsets_of(lengths), lengths)
        return cls(sequences, targets, weights, target_inputs, encode)

    def __len__(self):
        return len(self.sequences)

    @property
    def n_counted(self):
        """The number of targets of positive weight of each sequence."""
        if repeats_one_number(self.weights) and self.weights[0] > 0:
            return self.targets.lengths
        return np.add.reduceat((self.weights > 0).astype(np.int64), self.targets.starts)

    def __getitem__(self, indices):
        """Return the examples at `indices`; the time steps are not copied."""
        if isinstance(indices, slice) and indices == slice(None):
            return self
        chosen = self.targets[indices]
        rows = chosen.step_index()
        known = None if self.target_inputs is None else self.target_inputs[rows]
        of_targets = chosen.values[rows], chosen.lengths, self.weights[rows], known
        return Examples.of(self.sequences[indices], *of_targets, self.encode)

    def encoded(self):
        """Return the examples with the targets that the network is trained on."""
        if self.encode is None:
            return self
        targets = self.targets.with_values(self.encode(self.targets.values))
        return replace(self, targets=targets, encode=None)

    def with_mean_weight_one(self, dtype):
        """Return the examples of positive weight, with weights scaled to a mean of one.

        The mean is that of the positive weights. Otherwise the scale of the weights would act as a
        learning rate, and sequences of weight zero would take up space in batches.

        Parameters
        ----------
        dtype : str
            The dtype of the scaled weights, which need the range of float64 before.

        Raises
        ------
        ValueError
            If every example has a weight of zero.
        """
        if self.weights.min() == self.weights.max() > 0:
            return replace(self, weights=np.broadcast_to(np.ones((), dtype), self.weights.shape))
        total = np.add.reduceat(self.weights, self.targets.starts)
        if not total.any():
            raise ValueError(
                "sample_weight times class_weight is zero for every sequence; at least one "
                "product must be positive."
            )
        kept = self if total.all() else self[np.flatnonzero(total)]
        weights = kept.weights / kept.weights[kept.weights > 0].mean()
        return replace(kept, weights=weights.astype(dtype))
