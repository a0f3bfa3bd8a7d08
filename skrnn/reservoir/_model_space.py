"""Reservoir model space: a sequence is represented by a linear model of its own states."""

import numpy as np
from scipy import linalg

from skrnn._persistence import stored_as_dict
from skrnn.reservoir._statistics import Moments
from skrnn.sequences._sequences import offsets_of

# The ridge penalty of Bianchi et al. (2021). They use 75 principal components, which give more than
# three times as many features.
_N_COMPONENTS, _ALPHA = 40, 10.0


@stored_as_dict
class ModelSpace:
    r"""The linear model that predicts a sequence's next state, as a vector of features.

    Parameters
    ----------
    mean : ndarray of shape (units,)
        The mean of all training states.
    axes : ndarray of shape (units, n_components)
        The principal components of the training states.

    Notes
    -----
    With h(t) the principal components of the state at time step t, the features of a sequence are
    the coefficients and intercepts of the ridge regression

    .. math:: \min_{U, c} \sum_t \lVert h(t+1) - U h(t) - c \rVert^2
              + \lambda (\lVert U \rVert^2 + \lVert c \rVert^2)

    (Bianchi, Scardapane, Løkse & Jenssen, "Reservoir computing approaches for representation and
    classification of multivariate time series", IEEE Transactions on Neural Networks and Learning
    Systems 32, 2021, eq. 8). All features of a sequence of one time step are zero.
    """

    mean: np.ndarray
    axes: np.ndarray

    def __init__(self, mean, axes):
        self.mean, self.axes = mean, axes

    @classmethod
    def fit(cls, blocks, weights=None):
        """Learn the principal components of states.

        Parameters
        ----------
        blocks : iterable of StateBlock
        weights : ndarray of shape (n_sequences,) or None
        """
        moments = None
        for block in blocks:
            rows = block.all_rows()
            moments = moments or Moments(rows.shape[1], 0)
            each = None if weights is None else np.tile(weights[block.sequences], block.n_steps)
            moments.add(rows.astype(np.float64), np.empty((len(rows), 0)), each)
        size = len(moments.x_mean)
        n_components = min(_N_COMPONENTS, size)
        _, axes = linalg.eigh(moments.xx, subset_by_index=[size - n_components, size - 1])
        signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(n_components)])
        return cls(moments.x_mean, axes[:, ::-1] * signs[::-1])

    @staticmethod
    def are_equal(one, other):
        """Return whether two model spaces, each of which may be None, have the same coordinates."""
        if one is None or other is None:
            return one is other
        return np.array_equal(one.mean, other.mean) and np.array_equal(one.axes, other.axes)

    @property
    def n_features(self):
        """The number of features of a sequence."""
        n = self.axes.shape[1]
        return n * (n + 1)

    def project(self, states):
        """Return the principal components of states."""
        return (states - self.mean) @ self.axes

    def model(self, projected):
        """Return the features of one sequence of projected states, (n_steps, n_components)."""
        before = np.hstack([projected[:-1], np.ones((len(projected) - 1, 1))])
        return self.solve(before.T @ before, before.T @ projected[1:])

    @staticmethod
    def solve(products, with_next):
        """Return the features of a sequence, given the sums over its pairs of time steps.

        Parameters
        ----------
        products : ndarray of shape (n_components + 1, n_components + 1)
            The products of the components and 1 at one time step.
        with_next : ndarray of shape (n_components + 1, n_components)
            Their products with the components at the next time step.
        """
        gram = products + _ALPHA * np.eye(len(products))
        return linalg.solve(gram, with_next, assume_a="pos").ravel()


class ModelPool:
    """The linear models of sequences, whose projected states are kept until all are there.

    Parameters
    ----------
    space : ModelSpace
    sequences : Sequences
    washout : int
        Number of initial time steps that are left out.
    """

    def __init__(self, space, sequences, washout):
        self._space, self._washout = space, washout
        self._lengths, self._starts = sequences.lengths, offsets_of(sequences.lengths)
        self._projected = np.empty((self._lengths.sum(), space.axes.shape[1]))

    def add(self, block):
        """Add a block of states."""
        self._projected[block.positions(self._starts)] = self._space.project(block.all_rows())

    @property
    def result(self):
        """The features of each sequence, (n_sequences, n_features)."""
        spans = zip(self._starts + self._washout, self._starts + self._lengths, strict=True)
        return np.stack([self._space.model(self._projected[begin:end]) for begin, end in spans])
