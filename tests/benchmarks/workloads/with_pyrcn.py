"""The same fit with PyRCN."""

import numpy as np
from pyrcn.echo_state_network import ESNRegressor
from sklearn.metrics import r2_score

from workloads.data import delayed_noise


def fit_batch(n, steps, units, connections):
    """Fit many series with one target per time step."""
    X, y = delayed_noise(n, steps)
    sequences, targets = np.empty(n, dtype=object), np.empty(n, dtype=object)
    sequences[:], targets[:] = list(X), list(y)

    def run():
        network = ESNRegressor(
            hidden_layer_size=units, k_rec=connections, spectral_radius=0.9, verbose=False
        )
        network.fit(sequences, targets)
        predicted = np.concatenate([np.ravel(p) for p in network.predict(sequences[:10])])
        return {"r2": r2_score(y[:10].ravel(), predicted)}

    return run
