"""The same fits with ReservoirPy."""

import numpy as np
import reservoirpy
from reservoirpy.nodes import Reservoir, Ridge
from sklearn.metrics import r2_score

from workloads.data import delayed_noise


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
