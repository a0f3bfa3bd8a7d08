"""Estimators that are fitted on one backend predict and continue training on another."""

import importlib.util
import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from skrnn import RNNClassifier, RNNRegressor
from skrnn.recurrent import ConvBody

BACKENDS = ["jax", "tensorflow", "torch"]
OTHERS = [name for name in BACKENDS if name != keras.backend.backend()]

# This program predicts with fitted estimators, and continues their training.
ELSEWHERE = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    work = pickle.load(file)
results = []
for model, X, y in work:
    before = model.predict(X)
    model.set_params(warm_start=True).fit(X, y)
    results.append((before, model.weights_))
import keras
with open(sys.argv[2], "wb") as file:
    pickle.dump((keras.backend.backend(), results), file)
"""


def work():
    """Yield estimators for every kind of time step and layer, with sequences and targets."""
    rng = np.random.default_rng(0)
    lengths = 3 + np.arange(12) % 5
    steps = [rng.standard_normal((length, 3)) for length in lengths]
    codes = [rng.integers(0, 4, length) for length in lengths]
    one_hot = [csr_array(np.eye(4)[tokens]) for tokens in codes]
    last = [float(x[-1, 0]) for x in steps]
    common = {"epochs": 2, "batch_size": 5, "shuffle": False, "random_state": 0}
    yield RNNRegressor(cell="simple", units=3, **common), steps, last
    yield RNNRegressor(cell="gru", units=(4, 3), bidirectional=True, **common), steps, last
    yield RNNClassifier(units=4, pooling="mean", **common), one_hot, lengths % 2
    body = ConvBody(filters=(4, 3), kernel_size=3, normalization="batch")
    yield RNNClassifier(units=3, body=body, pooling="max", **common), steps, lengths % 2
    yield RNNRegressor(cell="gru", units=3, pooling="attention", **common), steps, last
    tags = [tokens % 2 for tokens in codes]
    yield RNNClassifier(units=3, embedding=2, return_sequences=True, **common), codes, tags


@pytest.mark.parametrize("other", OTHERS)
def test_fitted_estimators_predict_and_continue_on_another_backend(other, tmp_path):
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"{other} is not installed")
    fitted = [(model.fit(X, y), X, y) for model, X, y in work()]
    sent, back = tmp_path / "sent.pickle", tmp_path / "back.pickle"
    sent.write_bytes(pickle.dumps(fitted))
    environment = {**os.environ, "KERAS_BACKEND": other}
    command = [sys.executable, "-c", ELSEWHERE, sent, back]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    backend, results = pickle.loads(back.read_bytes())
    assert backend == other
    for (model, X, y), (predicted, weights) in zip(fitted, results, strict=True):
        for one, theirs in zip(model.predict(X), predicted, strict=True):
            assert_allclose(one, theirs, rtol=0, atol=1e-4)
        model.set_params(warm_start=True).fit(X, y)
        for one, theirs in zip(model.weights_, weights, strict=True):
            assert_allclose(one, theirs, rtol=0, atol=1e-4)
