"""The workloads of skrnn's reservoirs, for which no framework is loaded."""

import numpy as np

from skrnn import EchoStateClassifier, EchoStateRegressor
from skrnn.reservoir import Reservoir
from workloads.data import delayed_noise, waves
from workloads.real_sequences import CLASSES

# The settings of the peers, so that no time is spent on choosing them from the data.
AS_PEERS = {"standardize": False, "leak_rate": 1.0, "input_scaling": 1.0, "random_state": 0}


def fit_series(steps, units, connections, n_alphas=0, chunk_overlap=None):
    """Fit one long series."""
    X, y = delayed_noise(1, steps)
    network = EchoStateRegressor(
        units=units,
        washout=min(100, steps // 4),
        rows="steps",
        reservoir=Reservoir(connectivity=connections, chunk_overlap=chunk_overlap),
        alpha=np.logspace(-6, 2, n_alphas) if n_alphas else 1e-6,
        **AS_PEERS,
    )

    def run():
        network.fit(X[0], y[0])
        return {"r2": network.score(X[0, :1000], y[0, :1000])}

    return run


def fit_batch(n, steps, units, connections):
    """Fit many series with one target per time step."""
    X, y = delayed_noise(n, steps)
    network = EchoStateRegressor(
        units=units,
        return_sequences=True,
        reservoir=Reservoir(connectivity=connections),
        alpha=1.0,
        **AS_PEERS,
    )

    def run():
        network.fit(X, y)
        return {"r2": network.score(X[:10], y[:10])}

    return run


def predict_one(n_calls, n_train, steps, features, units):
    """Predict for one sequence, again and again."""
    model, X, y = trained(n_train, n_calls, steps, features, units)

    def run():
        predicted = [model.predict(X[i : i + 1])[0] for i in range(n_calls)]
        return {"accuracy": float(np.mean(predicted == y))}

    return run


def predict_many(n, n_train, steps, features, units):
    """Predict for many sequences at once."""
    model, X, y = trained(n_train, n, steps, features, units)
    return lambda: {"accuracy": float(np.mean(model.predict(X) == y))}


def trained(n_train, n, steps, features, units):
    model = EchoStateClassifier(units=units, pooling="mean", alpha=1.0, **AS_PEERS)
    model.fit(*waves(n_train, steps, features))
    return model, *waves(n, steps, features, seed=1)


def defaults(predicted, longest, seed):
    """Return the estimator with its defaults, on raw sequences of any length."""
    return (EchoStateClassifier if predicted == CLASSES else EchoStateRegressor)(random_state=seed)
