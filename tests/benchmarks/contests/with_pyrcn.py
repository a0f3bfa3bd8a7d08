"""The same fit with PyRCN."""

import numpy as np
from pyrcn.echo_state_network import ESNRegressor
from sklearn.metrics import r2_score

from contests.data import delayed_noise

__all__ = ["fit_batch"]


def fit_batch(n, steps, units, links):
    """Fit many series with a target at each step."""
    X, y = delayed_noise(n, steps)
    sequences, targets = np.empty(n, dtype=object), np.empty(n, dtype=object)
    sequences[:], targets[:] = list(X), list(y)

    def run():
        network = ESNRegressor(
            hidden_layer_size=units, k_rec=links, spectral_radius=0.9, verbose=False
        )
        network.fit(sequences, targets)
        predicted = np.concatenate([np.ravel(p) for p in network.predict(sequences[:10])])
        return {"r2": r2_score(y[:10].ravel(), predicted)}

    return run
