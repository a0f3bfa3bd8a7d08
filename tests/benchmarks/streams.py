"""How long one time step of a stream takes, compared with `predict` on one sequence.

Run with ``OMP_NUM_THREADS=1 python tests/benchmarks/streams.py``. It prints the median of many
calls for an LSTM with 64 units, 8 features and the default parameters of both estimators.
"""

import argparse
import platform
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np

from skrnn import RNNClassifier, RNNRegressor

N_FEATURES, LENGTH = 8, 100


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(32, LENGTH, N_FEATURES))
    return X, X.sum(axis=(1, 2))


def networks():
    """Return the fitted estimators to measure, by name."""
    X, y = data()
    lstm = {"cell": "lstm", "units": 64, "epochs": 1, "random_state": 0}
    return {
        "RNNRegressor": RNNRegressor(**lstm).fit(X, y),
        "RNNClassifier": RNNClassifier(**lstm).fit(X, y > 0),
    }


def microseconds(function, n_calls):
    """Return the median duration of a call."""
    durations = []
    for _ in range(n_calls):
        begin = time.perf_counter()
        function()
        durations.append(time.perf_counter() - begin)
    return 1e6 * median(durations)


def measure(model, n_calls):
    """Return the microseconds of one `send` and of `predict` on one sequence."""
    X, _ = data()
    stream, step = model.stream(), X[0, 0]
    microseconds(lambda: stream.send(step), n_calls // 10)
    model.predict(X[:1])
    return {
        "send": microseconds(lambda: stream.send(step), n_calls),
        f"predict, {LENGTH} time steps": microseconds(lambda: model.predict(X[:1]), n_calls // 10),
    }


def processor():
    """Return the name of the processor, if the system has a file with it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    arguments = parser.parse_args()
    print(f"{processor()}; NumPy {version('numpy')}, Python {platform.python_version()}")
    for name, model in networks().items():
        for what, duration in measure(model, arguments.calls).items():
            print(f"{name}, {what}: {duration:.1f} microseconds")


if __name__ == "__main__":
    main()
