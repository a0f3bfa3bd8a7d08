"""From the states of a sequence to one vector: what one target a sequence is read from."""

import numpy as np
from scipy import linalg

from skrnn.reservoir._statistics import Moments

__all__ = ["ModelSpace", "Pool", "check_washout", "pool_inputs"]

# Bianchi et al. (2021): as many principal components of the states, and this penalty.
_COMPONENTS, _ALPHA = 75, 10.0


def check_washout(washout, sequences, places=None):
    """Check that every sequence has steps after the washout.

    Parameters
    ----------
    washout : int
    sequences : Sequences
    places : ndarray of int or None
        Where each sequence was in what came.

    Raises
    ------
    ValueError
        That names the shortest sequence, if it has none.
    """
    shortest = int(np.argmin(sequences.lengths))
    if sequences.lengths[shortest] <= washout:
        place = shortest if places is None else places[shortest]
        raise ValueError(
            f"washout={washout} leaves nothing of X[{place}], which has "
            f"{sequences.lengths[shortest]} step(s)."
        )


class Pool:
    """The last state that each direction comes to, or the mean of the states, of each sequence.

    Parameters
    ----------
    kind : {"last", "mean"}
    sequences : Sequences
    washout : int
        Steps at the beginning that a mean leaves out.
    units : int
        Of all layers together.
    n_forward : int
        Layers that read from the start. The others have read all of a sequence at its first step.
    """

    def __init__(self, kind, sequences, washout, units, n_forward):
        self._kind, self._washout, self._n_forward = kind, washout, n_forward
        self._lengths = sequences.lengths
        self._sums = np.zeros((len(sequences), units))

    def add(self, piece):
        """Take in a piece of the states."""
        if self._kind == "last":
            ended = piece.ended(self._lengths)
            forward = [states[-1][:, ended] for states in piece.states[: self._n_forward]]
            units = sum(map(len, forward))
            self._sums[piece.sequences[ended], :units] = np.concatenate(forward).T
            if piece.begin == 0 and piece.states[self._n_forward :]:
                backward = [states[0] for states in piece.states[self._n_forward :]]
                self._sums[piece.sequences, units:] = np.concatenate(backward).T
            return
        counted = slice(max(self._washout - piece.begin, 0), None)
        parts = [states[counted].sum(axis=0, dtype=np.float64) for states in piece.states]
        self._sums[piece.sequences] += np.concatenate(parts).T

    @property
    def result(self):
        """One row a sequence, (n_sequences, units), float64."""
        if self._kind == "last":
            return self._sums
        return self._sums / (self._lengths - self._washout)[:, None]


def pool_inputs(kind, sequences, washout, n_features):
    """Return the last input, or the mean of the inputs, of each sequence.

    Parameters
    ----------
    kind : {"last", "mean"}
    sequences : Sequences
        Vectors, or codes of one-hot steps.
    washout : int
        Steps at the beginning that a mean leaves out.
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


class ModelSpace:
    """Reservoir model space: the linear model that predicts a sequence's next state.

    States are projected on the principal components of all training states; a sequence's features
    are the coefficients and intercepts of the ridge regression of its projected state h(t+1) on
    h(t): Bianchi, Scardapane, Løkse & Jenssen, "Reservoir computing approaches for representation
    and classification of multivariate time series", IEEE Transactions on Neural Networks and
    Learning Systems 32, 2021, eq. 8. A sequence without a second state has only zeros.

    Parameters
    ----------
    mean : ndarray of shape (units,)
    axes : ndarray of shape (units, n_components)
    """

    def __init__(self, mean, axes):
        self.mean, self.axes = mean, axes

    @classmethod
    def of(cls, states):
        """Learn the principal components of states.

        Parameters
        ----------
        states : iterable of ndarray of shape (n_rows, units)
        """
        moments = None
        for rows in states:
            moments = moments or Moments(rows.shape[1], 0)
            moments.add(rows.astype(np.float64), np.empty((len(rows), 0)))
        size = len(moments.x_mean)
        kept = min(_COMPONENTS, size)
        _, axes = linalg.eigh(moments.xx, subset_by_index=[size - kept, size - 1])
        signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(kept)])
        return cls(moments.x_mean, axes[:, ::-1] * signs[::-1])

    @staticmethod
    def same(one, other):
        """Whether two, each perhaps None, have the same coordinates."""
        if one is None or other is None:
            return one is other
        return np.array_equal(one.mean, other.mean) and np.array_equal(one.axes, other.axes)

    @property
    def n_features(self):
        """How many features a sequence has."""
        n = self.axes.shape[1]
        return n * (n + 1)

    def project(self, states):
        """Return states on the principal components."""
        return (states - self.mean) @ self.axes

    def model(self, projected):
        """Return the features of one sequence of projected states, (n_steps, n_components)."""
        now = np.hstack([projected[:-1], np.ones((len(projected) - 1, 1))])
        gram = now.T @ now + _ALPHA * np.eye(now.shape[1])
        return linalg.solve(gram, now.T @ projected[1:], assume_a="pos").ravel()
