"""The benchmark of long memory: its data, stored results and tables; errors are not tested."""

import doctest
import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.signal import lfilter

FOLDER = Path(__file__).parent / "benchmarks"


@pytest.fixture
def long_memory(monkeypatch):
    """Return the module, imported as the script in the folder of benchmarks imports its helpers."""
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("long_memory")


@pytest.fixture
def run(long_memory, monkeypatch, tmp_path):
    """Return a function that runs the script with made-up tasks, and the calls of these."""
    calls = []

    def task(model, seed, *, develop):
        calls.append((model, seed, develop))
        return seed / 10

    tasks = {"adding_50": (task, {"a": {}, "b": {}}), "digits": (task, {"c": {}})}
    monkeypatch.setattr(long_memory, "TASKS", tasks)

    def main(*given):
        argv = ["long_memory.py", "--json", tmp_path / "a.json", *given]
        monkeypatch.setattr(sys, "argv", list(map(str, argv)))
        long_memory.main()
        return calls

    return main


def test_long_memory_results_are_stored_and_not_computed_again(run, tmp_path, capsys):
    assert run("--seeds", 1, 2, "--only", "adding_50", "--models", "a") == [
        ("a", 1, False),
        ("a", 2, False),
    ]
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "adding_50": {"a": {"1": 0.1, "2": 0.2}}
    }
    assert "1.0e-01, 2.0e-01" in capsys.readouterr().out
    assert len(run("--seeds", 2, 3, "--only", "adding_50")) == 5
    assert len(run("--table")) == 5
    assert "1.0e-01, 2.0e-01, 3.0e-01" in capsys.readouterr().out
    assert run("--develop", "--only", "digits", "--seeds", 0)[-1] == ("c", 0, True)


def test_long_memory_scores_new_data(long_memory, monkeypatch):
    seen = []

    class Mean:
        def __init__(self, **setting):
            pass

        def fit(self, X, y):
            seen.append(X)
            self.mean = y.mean()
            return self

        def predict(self, X):
            seen.append(X)
            return np.full(len(X), self.mean)

    monkeypatch.setattr(long_memory, "RNNRegressor", Mean)
    for develop in (False, True):
        error = long_memory.adding("gru", 1, n_steps=4, develop=develop)
        assert_allclose(error, 1 / 6, rtol=0.1)
    training, test, same, development = seen
    assert np.array_equal(training, same)
    assert len({X[0, 0, 0] for X in (training, test, development)}) == 3


def test_long_memory_leaky_sums(long_memory):
    X, y = long_memory.leaky_sums(0)
    assert_allclose(y, lfilter([1], [1, -long_memory.DECAY], X, axis=1), atol=1e-9)


def test_long_memory_docstring_examples(long_memory):
    assert doctest.testmod(long_memory).failed == 0
