"""Pool the states of a sequence to one vector, from which one target is predicted."""

import numpy as np

POOLINGS = ("last", "mean", "std", "model_space")


def pooling_kinds(pooling):
    """Return the names in a value of `pooling` as a tuple; that of None is empty.

    Examples
    --------
    >>> pooling_kinds("mean"), pooling_kinds(("mean", "std")), pooling_kinds(None)
    (('mean',), ('mean', 'std'), ())
    """
    if pooling is None:
        return ()
    return (pooling,) if isinstance(pooling, str) else tuple(pooling)


def input_kinds(pooling):
    """Return the kinds of pooling that are applied to the inputs too."""
    return tuple(kind for kind in pooling_kinds(pooling) if kind != "model_space")


def uses_washout(pooling):
    """Return whether a pooling, or a readout if there is none, leaves out the washout."""
    return pooling_kinds(pooling) != ("last",)


def check_pooling(pooling):
    """Check that a pooling is a known name, or a tuple of different known names.

    Raises
    ------
    ValueError
    """
    kinds = pooling_kinds(pooling)
    is_empty = pooling is not None and not kinds
    is_known = all(isinstance(kind, str) and kind in POOLINGS for kind in kinds)
    if is_empty or not is_known or len(set(kinds)) < len(kinds):
        raise ValueError(
            f"pooling must be one of {', '.join(map(repr, POOLINGS))}, or a tuple of different "
            f"ones, got {pooling!r}."
        )


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
            f"washout={washout} drops all {sequences.lengths[shortest]} time step(s) of "
            f"X[{index}]. Use a smaller washout."
        )


class StatePool:
    """The last state of each direction, or a moment of the states, of each sequence.

    Parameters
    ----------
    kind : {"last", "mean", "std"}
    sequences : Sequences
    washout : int
        Number of initial time steps that are left out of a moment.
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
        self._squares = np.zeros_like(self._sums) if kind == "std" else None
        self._origin = np.zeros_like(self._sums) if kind == "std" else None

    def add(self, block):
        """Add a block of states."""
        if self._kind == "last":
            self._add_last(block)
            return
        counted = slice(max(self._washout - block.begin, 0), None)
        which, kept = block.sequences, [states[counted] for states in block.states]
        if self._kind == "std":
            self._add_deviations(which, kept, block.begin <= self._washout)
            return
        parts = [states.sum(axis=0, dtype=np.float64) for states in kept]
        self._sums[which] += np.concatenate(parts).T

    def _add_last(self, block):
        ended = block.ended(self._lengths)
        forward = [states[-1][:, ended] for states in block.states[: self._n_forward]]
        units = sum(map(len, forward))
        self._sums[block.sequences[ended], :units] = np.concatenate(forward).T
        if block.begin == 0 and block.states[self._n_forward :]:
            backward = [states[0] for states in block.states[self._n_forward :]]
            self._sums[block.sequences, units:] = np.concatenate(backward).T

    def _add_deviations(self, which, kept, is_first):
        """Add deviations from the first state, whose squares lose no precision."""
        if len(kept[0]) == 0:
            return
        if is_first:
            self._origin[which] = np.concatenate([states[0] for states in kept]).T
        states = np.concatenate(kept, axis=1, dtype=np.float64)
        states -= self._origin[which].T
        self._sums[which] += states.sum(axis=0).T
        self._squares[which] += np.einsum("tuw,tuw->wu", states, states)

    @property
    def result(self):
        """The pooled states, one row per sequence: (n_sequences, units), float64."""
        if self._kind == "last":
            return self._sums
        counts = (self._lengths - self._washout)[:, None]
        if self._kind == "mean":
            return self._sums / counts
        variances = self._squares / counts - (self._sums / counts) ** 2
        return np.sqrt(np.maximum(variances, 0.0))


def pool_inputs(kind, sequences, washout, n_features):
    """Return the last input, or a moment of the inputs, of each sequence.

    Parameters
    ----------
    kind : {"last", "mean", "std"}
    sequences : Sequences
        Vectors, or codes of one-hot time steps.
    washout : int
        Number of initial time steps that are left out of a moment.
    n_features : int

    Returns
    -------
    ndarray of shape (n_sequences, n_features), float64
    """
    pooled = np.zeros((len(sequences), n_features))
    for row, steps in zip(pooled, sequences, strict=True):
        counted = steps[-1:] if kind == "last" else steps[washout:]
        if counted.ndim == 1:
            shares = np.bincount(counted[counted >= 0], minlength=n_features) / len(counted)
            row[:] = np.sqrt(shares * (1 - shares)) if kind == "std" else shares
        elif kind == "std":
            row[:] = counted.std(axis=0, dtype=np.float64)
        else:
            row[:] = counted.mean(axis=0, dtype=np.float64)
    return pooled
