"""The same fits with ReservoirPy."""

import numpy as np
import reservoirpy
from reservoirpy.nodes import Reservoir, Ridge
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn.preprocessing import TimeDistributed
from workloads.data import delayed_noise
from workloads.real_sequences import CLASSES


def _network(units, connections):
    if hasattr(reservoirpy, "verbosity"):
        reservoirpy.verbosity(0)
    connectivity = min(1.0, connections / units)
    reservoir = Reservoir(units, sr=0.9, rc_connectivity=connectivity, input_connectivity=1.0)
    return reservoir >> Ridge(ridge=1e-6)


def fit_series(steps, units, connections):
    """Fit one long series."""
    X, y = delayed_noise(1, steps)

    def run():
        network = _network(units, connections)
        network.fit(X[0], y[0, :, None], warmup=min(100, steps // 4))
        return {"r2": r2_score(y[0, :1000], np.asarray(network.run(X[0, :1000])).ravel())}

    return run


def fit_batch(n, steps, units, connections):
    """Fit many series with one target per time step."""
    X, y = delayed_noise(n, steps)

    def run():
        network = _network(units, connections)
        network.fit(list(X), list(y[:, :, None]))
        predicted = [np.asarray(network.run(series)).ravel() for series in X[:10]]
        return {"r2": r2_score(y[:10].ravel(), np.concatenate(predicted))}

    return run


class LastState(BaseEstimator):
    """The model of ReservoirPy's tutorial on classification: a readout of the last state.

    Its settings are those of the tutorial, "Classification with reservoir computing".
    """

    def __init__(self, predicted, random_state):
        self.predicted, self.random_state = predicted, random_state

    def fit(self, X, y):
        self.reservoir_ = Reservoir(500, sr=0.9, lr=0.1, seed=self.random_state)
        if self.predicted == CLASSES:
            self.classes_, codes = np.unique(y, return_inverse=True)
            targets = np.eye(len(self.classes_))[codes]
        else:
            targets = y[:, None]
        self.readout_ = Ridge(1e-6).fit(self._last_states(X), targets)
        return self

    def score(self, X, y):
        outputs = self.readout_.run(self._last_states(X))
        if self.predicted == CLASSES:
            return accuracy_score(y, self.classes_[outputs.argmax(axis=1)])
        return r2_score(y, outputs[:, 0])

    def _last_states(self, X):
        last = []
        for steps in X:
            states = self.reservoir_.run(steps)
            last.append(states[-1])
            self.reservoir_.reset()
        return np.array(last)


def last_state(predicted, longest, seed):
    """Return the model behind scaled features."""
    return make_pipeline(TimeDistributed(StandardScaler()), LastState(predicted, seed))
