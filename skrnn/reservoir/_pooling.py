"""Pool the states of a sequence to one vector, from which one target is predicted."""

import numpy as np


def check_washout(washout, sequences, indices=None):
    """Check that every sequence has time steps after the washout.

    Parameters
    ----------
    washout : int
    sequences : Sequences
    indices : ndarray of int or None
        The index of each sequence in X, for the message.

    Raises
    ------
    ValueError
        If a sequence has no such time step. The message names the shortest sequence.
    """
    shortest = int(np.argmin(sequences.lengths))
    if sequences.lengths[shortest] <= washout:
        index = shortest if indices is None else indices[shortest]
        raise ValueError(
            f"washout={washout} leaves no step of X[{index}], which has "
            f"{sequences.lengths[shortest]} step(s). Lower washout."
        )


class StatePool:
    """The last state of each direction, or the mean of the states, of each sequence.

    Parameters
    ----------
    kind : {"last", "mean"}
    sequences : Sequences
    washout : int
        Number of initial time steps that are left out of a mean.
    units : int
        The number of units of all layers together.
    n_forward : int
        The number of layers that read from the start. The other layers read from the end, so their
        last state is that of the first time step.
    """

    def __init__(self, kind, sequences, washout, units, n_forward):
        self._kind, self._washout, self._n_forward = kind, washout, n_forward
        self._lengths = sequences.lengths
        self._sums = np.zeros((len(sequences), units))

    def add(self, block):
        """Add a block of states."""
        if self._kind == "last":
            ended = block.ended(self._lengths)
            forward = [states[-1][:, ended] for states in block.states[: self._n_forward]]
            units = sum(map(len, forward))
            self._sums[block.sequences[ended], :units] = np.concatenate(forward).T
            if block.begin == 0 and block.states[self._n_forward :]:
                backward = [states[0] for states in block.states[self._n_forward :]]
                self._sums[block.sequences, units:] = np.concatenate(backward).T
            return
        counted = slice(max(self._washout - block.begin, 0), None)
        parts = [states[counted].sum(axis=0, dtype=np.float64) for states in block.states]
        self._sums[block.sequences] += np.concatenate(parts).T

    @property
    def result(self):
        """The pooled states, one row per sequence: (n_sequences, units), float64."""
        if self._kind == "last":
            return self._sums
        return self._sums / (self._lengths - self._washout)[:, None]


def pool_inputs(kind, sequences, washout, n_features):
    """Return the last input, or the mean of the inputs, of each sequence.

    Parameters
    ----------
    kind : {"last", "mean"}
    sequences : Sequences
        Vectors, or codes of one-hot time steps.
    washout : int
        Number of initial time steps that are left out of a mean.
    n_features : int

    Returns
    -------
    ndarray of shape (n_sequences, n_features), float64
    """
    pooled = np.zeros((len(sequences), n_features))
    for row, steps in zip(pooled, sequences, strict=True):
        counted = steps[-1:] if kind == "last" else steps[washout:]
        if counted.ndim == 2:
            row[:] = counted.mean(axis=0, dtype=np.float64)
        else:
            row[:] = np.bincount(counted[counted >= 0], minlength=n_features) / len(counted)
    return pooled
