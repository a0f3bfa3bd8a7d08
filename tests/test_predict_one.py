"""`predict` of a single sequence, which runs in NumPy: equal to that of many sequences."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from scipy.sparse import csr_array

from skrnn import RNNClassifier, RNNRegressor
from skrnn.recurrent import _numpy_forward
from skrnn.recurrent._numpy_cells import CELLS
from skrnn.recurrent._numpy_loops import _LOOPS, run_layer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5, 3))
Y = np.arange(6) % 3


def with_missing(X):
    X = X.copy()
    X[RNG.random(X.shape) < 0.3] = np.nan
    return X


ONE_HOT = [csr_array(np.eye(6)[RNG.integers(0, 6, 7)]) for _ in X]
CASES = {
    "lstm": ({}, X),
    "gru": ({"cell": "gru", "bidirectional": True}, X),
    "attention": ({"pooling": "attention", "bidirectional": True}, X),
    "last": ({"pooling": "last", "bidirectional": True, "units": (4, 3)}, X),
    "mean_max": ({"pooling": "mean_max"}, X),
    "missing": ({"allow_nan": True, "add_differences": True}, with_missing(X)),
    "tokens": ({"embedding": 4}, RNG.integers(1, 6, (6, 5))),
    "one_hot": ({"bidirectional": True}, ONE_HOT),
    "float64": ({"dtype": "float64", "activation": "relu", "standardize": False}, X),
}


def count_programs(monkeypatch):
    """Return a list that gets an entry for each use of a compiled program."""
    from skrnn.networks import inference

    used, lease = [], inference.lease
    monkeypatch.setattr(inference, "lease", lambda *spec: used.append(1) or lease(*spec))
    return used


@pytest.mark.parametrize("case", CASES)
def test_predict_of_one_sequence_equals_that_of_many(case, monkeypatch):
    parameters, X = CASES[case]
    model = RNNClassifier(**{"units": 4, "epochs": 1, "random_state": 0, **parameters}).fit(X, Y)
    expected, used = model.predict_proba(X), count_programs(monkeypatch)
    found = np.concatenate([model.predict_proba(X[i : i + 1]) for i in range(len(X))])
    assert used == []
    np.testing.assert_allclose(found, expected, atol=1e-14 if case == "float64" else 1e-6)


def test_predict_of_one_sequence_per_time_step(monkeypatch):
    model = RNNRegressor(units=4, epochs=1, return_sequences=True, bidirectional=True)
    model.fit(X, X[:, :, :2])
    expected, used = model.predict(X), count_programs(monkeypatch)
    np.testing.assert_allclose(model.predict(X[:1]), expected[:1], atol=1e-6)
    assert used == []


def test_predict_of_one_long_sequence_uses_a_program(monkeypatch):
    model = RNNRegressor(units=4, epochs=1).fit(X, Y)
    expected, used = model.predict(X[:1]), count_programs(monkeypatch)
    monkeypatch.setattr(_numpy_forward, "MOST_STEPS", 4)
    np.testing.assert_allclose(model.predict(X[:1]), expected, rtol=1e-5)
    assert used == [1]


@pytest.mark.parametrize("cell", _LOOPS)
def test_numpy_loop_of_a_cell_equals_its_steps(cell):
    n_gates = {"lstm": 4, "gru": 3}[cell]
    projected = RNG.normal(size=(6, n_gates * 5))
    weights = {
        "recurrent_kernel": RNG.normal(size=(5, n_gates * 5)),
        "bias": RNG.normal(size=(2, n_gates * 5)),
    }
    given = projected.copy()
    found = run_layer(cell, 5, projected, weights, np.tanh)
    # Another function of the same values takes the path that calls the step of the cell.
    expected = run_layer(cell, 5, projected, weights, lambda x: np.tanh(x))
    np.testing.assert_allclose(found, expected, atol=1e-14)
    np.testing.assert_array_equal(projected, given)


def test_predict_of_one_sequence_loads_no_framework():
    code = (
        "import pickle, sys; model, X = pickle.load(sys.stdin.buffer); model.predict(X); "
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules), 'loaded'"
    )
    model = RNNClassifier(units=4, epochs=1, random_state=0).fit(X, Y)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps((model, X[:1])),
        env=environment,
        check=True,
        timeout=300,
    )


def test_every_cell_has_a_numpy_step_of_one_sequence():
    from skrnn._cells import CELLS as NAMES

    assert set(CELLS) == set(NAMES)
