"""Cut sequences into segments of time steps, the unit of truncated back-propagation.

Each segment is an example of its own, which lies in the same arrays as its sequence. A batch of
sequences becomes one batch for each position of a segment: first all first segments, then all
second ones, and so on. The states are carried from each of them to the next.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from skrnn._specs import segment_counts, updates_per_epoch
from skrnn.sequences import Sequences
from skrnn.sequences._sequences import offsets_of


class Segments:
    """The training examples of a fit, cut into segments.

    Parameters
    ----------
    examples : Examples
        Examples with one target per time step, unless no sequence is cut.
    truncation : int or None
        The number of time steps of a segment; the last segment of a sequence may be shorter. If
        None, or if no sequence is longer, each sequence is one segment.

    Attributes
    ----------
    examples : Examples
        One example per segment, in the order of the sequences and then of time.
    counts : ndarray of int of shape (n_sequences,)
        The number of segments of each sequence.
    """

    def __init__(self, examples, truncation):
        lengths = examples.sequences.lengths
        self.examples, self.counts = examples, segment_counts(lengths, truncation)
        if self.counts.max() > 1:
            self.examples = replace(
                examples,
                sequences=_cut(examples.sequences, self.counts, truncation),
                targets=_cut(examples.targets, self.counts, truncation),
            )

    def n_moments(self, batch_size):
        """Return the number of moments of the learning rate in an epoch.

        Each batch of sequences gets as many as the longest sequence has segments, so that their
        number does not depend on how batches are drawn.

        Parameters
        ----------
        batch_size : int or None
        """
        return int(updates_per_epoch(len(self.counts), batch_size) * self.counts.max())

    def batches(self, order, bounds):
        """Divide batches of sequences into batches of segments, one for each update.

        Parameters
        ----------
        order, bounds : int32 ndarray
            Batches of sequences, as `training_batches` returns them.

        Returns
        -------
        order, bounds : int32 ndarray
            The same for segments. Rows of a batch that continue are the first of the next one, in
            the same order.
        fresh : ndarray of bool of shape (n_updates,)
            Whether a batch has the first segments of its sequences.
        moments : ndarray of int of shape (n_updates,)
            The moment in the epoch of each update, for its learning rate.
        """
        most, n_batches = int(self.counts.max()), len(bounds) - 1
        if most == 1:
            return order, bounds, np.ones(n_batches, bool), np.arange(n_batches)
        firsts, rows, fresh, moments = offsets_of(self.counts), [], [], []
        for i, (begin, end) in enumerate(pairwise(bounds)):
            batch = order[begin:end]
            batch = batch[np.argsort(-self.counts[batch], kind="stable")]
            counts = self.counts[batch]
            for position in range(counts[0]):
                rows.append((firsts[batch] + position)[counts > position])
                fresh.append(position == 0)
                moments.append(i * most + position * most // counts[0])
        bounds = np.cumsum([0, *map(len, rows)]).astype(np.int32)
        return np.concatenate(rows).astype(np.int32), bounds, np.array(fresh), np.array(moments)


def _cut(sequences, counts, n_steps):
    """Return the segments of all sequences as sequences in the same array."""
    owner = np.repeat(np.arange(len(counts)), counts)
    begin = n_steps * (np.arange(len(owner)) - offsets_of(counts)[owner])
    lengths = np.minimum(sequences.lengths[owner] - begin, n_steps)
    cut = Sequences(sequences.values, sequences.starts[owner] + begin, lengths)
    return cut if sequences.static is None else cut.with_static(sequences.static[owner])
