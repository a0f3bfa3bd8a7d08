"""Fitted estimators are loaded without a deep-learning framework: their state is NumPy arrays."""

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import skops.io
from sklearn.linear_model import Ridge

from skrnn import (
    EchoStateClassifier,
    EchoStateRegressor,
    RNNClassifier,
    RNNRegressor,
    SlidingWindowForecaster,
)

FRAMEWORKS = ("jax", "keras", "tensorflow", "torch")
# A module that is None in sys.modules cannot be imported.
LOAD = f"""
import pickle, sys
from pathlib import Path
import skops.io
for name in {FRAMEWORKS}:
    sys.modules[name] = None
for path in sorted(Path(sys.argv[1]).iterdir()):
    if path.suffix == ".pickle":
        estimator = pickle.loads(path.read_bytes())
    else:
        trusted = skops.io.get_untrusted_types(file=path)
        packages = {{name.split(".")[0] for name in trusted}}
        assert packages <= {{"numpy", "scipy", "skrnn", "sklearn"}}, trusted
        estimator = skops.io.load(path, trusted=trusted)
    print(type(estimator).__name__, estimator.n_features_in_)
"""
TINY = {"units": 2, "random_state": 0}
RNN = {**TINY, "epochs": 1}
ESTIMATORS = [
    EchoStateClassifier(**TINY),
    EchoStateRegressor(**TINY),
    RNNClassifier(**RNN),
    RNNRegressor(**RNN, cell="gru", bidirectional=True),
    SlidingWindowForecaster(Ridge(), window_length=2),
    SlidingWindowForecaster(RNNRegressor(**RNN), window_length=2),
]


def fitted(estimator):
    """Return an estimator that is fitted to 12 sequences, or to the 12 rows of a series."""
    rng = np.random.default_rng(0)
    if isinstance(estimator, SlidingWindowForecaster):
        return estimator.fit(rng.normal(size=(12, 1)))
    return estimator.fit(rng.normal(size=(12, 4, 1)), np.arange(12) % 2)


def test_loading_imports_no_framework(tmp_path):
    for i, estimator in enumerate(ESTIMATORS):
        fitted(estimator)
        (tmp_path / f"{i}.pickle").write_bytes(pickle.dumps(estimator))
        skops.io.dump(estimator, tmp_path / f"{i}.skops")
    # The new process imports the package that this one imports.
    root = Path(importlib.util.find_spec("skrnn").origin).parents[1]
    run = subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    # In the order of the file names, each estimator was loaded from a pickle and from skops.
    expected = [f"{type(estimator).__name__} 1" for estimator in ESTIMATORS for _ in range(2)]
    assert run.stdout.splitlines() == expected
