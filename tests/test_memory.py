"""The memory of a process does not grow with the number of its fits."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from small_data import PLAIN, TINY, labelled

from skrnn import RNNClassifier, clear_program_cache
from skrnn.networks import programs

X, LABELS = labelled()


def test_memory_grows_by_less_than_50_kilobytes_per_fit():
    script = Path(__file__).parent / "benchmarks" / "memory.py"
    run = subprocess.run(
        [sys.executable, script, "--json", "--fits", "110"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout)["kB_per_fit"] < 50


def graphs_and_gradients():
    """Return the numbers of graphs and of registered gradients that TensorFlow holds."""
    from tensorflow.python.framework.ops import gradient_registry

    graphs = [thing for thing in gc.get_objects() if type(thing).__name__ == "FuncGraph"]
    return len(graphs), len(gradient_registry.list())


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow has graphs")
@pytest.mark.parametrize("cell", ["lstm", "simple"])
def test_clear_program_cache_frees_the_graphs_of_programs(cell):
    clear_program_cache()
    before = graphs_and_gradients()
    model = RNNClassifier(**{**TINY, "cell": cell, "units": 3, "epochs": 1}).fit(X, LABELS)
    model.predict(X)
    during = graphs_and_gradients()
    assert during[0] > before[0]
    assert during[1] > before[1]
    clear_program_cache()
    assert graphs_and_gradients() == before


def test_programs_are_bounded_by_the_memory_of_their_variables(monkeypatch):
    clear_program_cache()
    for units in (3, 4):
        RNNClassifier(**{**TINY, **PLAIN, "units": units, "epochs": 1}).fit(X, LABELS)
    sizes = [program.n_bytes for (program,) in programs._idle.values()]
    # Adam has two numbers for each weight.
    n_weights = [2 * n + n * n + n + 3 * n + 3 for n in (3, 4)]
    for size, n in zip(sizes, n_weights, strict=True):
        assert 3 * 4 * n <= size <= 3 * 4 * n + 64
    monkeypatch.setattr(programs, "MAX_BYTES", sum(sizes))
    RNNClassifier(**{**TINY, **PLAIN, "units": 2, "epochs": 1}).fit(X, LABELS)
    assert [spec.units for spec, *_ in programs._idle] == [(4,), (2,)]
    monkeypatch.setattr(programs, "MAX_BYTES", 1)
    RNNClassifier(**{**TINY, "units": 3, "epochs": 1}).fit(X, LABELS)
    assert [spec.units for spec, *_ in programs._idle] == [(3,)]
