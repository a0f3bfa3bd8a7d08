"""MiniRocket, as aeon implements it."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score

from skrnn.sequences import to_padded
from workloads.real_sequences import CLASSES

# The kernels have nine weights.
LEAST_STEPS = 9


class MiniRocket(BaseEstimator):
    """aeon's MiniRocket with its defaults, on sequences padded with zeros to one length."""

    def __init__(self, predicted, longest, random_state):
        self.predicted, self.longest, self.random_state = predicted, longest, random_state

    def fit(self, X, y):
        if self.predicted == CLASSES:
            from aeon.classification.convolution_based import MiniRocketClassifier as Peer
        else:
            from aeon.regression.convolution_based import MiniRocketRegressor as Peer
        self.model_ = Peer(random_state=self.random_state).fit(self._channels_first(X), y)
        return self

    def score(self, X, y):
        score = accuracy_score if self.predicted == CLASSES else r2_score
        return score(y, self.model_.predict(self._channels_first(X)))

    def _channels_first(self, X):
        padded = to_padded(X, value=0.0, length=max(self.longest, LEAST_STEPS))
        return np.ascontiguousarray(padded.transpose(0, 2, 1))


def minirocket(predicted, longest, seed):
    """Return the model, which scales its own features."""
    return MiniRocket(predicted, longest, seed)
