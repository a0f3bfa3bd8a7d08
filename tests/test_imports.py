"""What importing skrnn loads."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

PUBLIC_MODULES = [
    "skrnn",
    "skrnn.datasets",
    "skrnn.export",
    "skrnn.forecasting",
    "skrnn.inspection",
    "skrnn.metrics",
    "skrnn.model_selection",
    "skrnn.preprocessing",
    "skrnn.recurrent",
    "skrnn.reservoir",
    "skrnn.sequences",
]
FRAMEWORKS = ["jax", "keras", "tensorflow", "torch"]
HEAVY = [*FRAMEWORKS, "matplotlib", "sacrebleu", "scikeras", "skrnn.networks", "tokenizers"]
# The names are read too, since what is loaded lazily must not need a framework either.
LOAD = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    module = importlib.import_module(name)
    for public in module.__all__:
        getattr(module, public)
print(json.dumps(sorted(set(json.loads(sys.argv[2])) & set(sys.modules))))
"""
DRAW_MEANWHILE = """
import json, random, threading, time
import numpy as np
import skrnn
X, y, drawn, done = np.ones((4, 2, 1)), [0, 1, 0, 1], [], threading.Event()
def draw():
    while not done.is_set():
        drawn.append((random.random(), np.random.random()))
        time.sleep(0.001)
random.seed(5)
np.random.seed(5)
thread = threading.Thread(target=draw)
thread.start()
for cell in ("lstm", "minimal_gru"):
    skrnn.RNNClassifier(cell=cell, units=2, dropout=0.1, epochs=1, random_state=0).fit(X, y)
done.set()
thread.join()
python, numpy = zip(*drawn)
python_alone, numpy_alone = random.Random(5), np.random.RandomState(5)
print(json.dumps([
    len(drawn) > 100,
    list(python) == [python_alone.random() for _ in drawn],
    list(numpy) == numpy_alone.random_sample(len(drawn)).tolist(),
]))
"""


def run_fresh(source, *arguments):
    """Run code in a new process and return the last line that it prints, read as JSON."""
    # The new process imports the package that this one imports.
    root = Path(importlib.util.find_spec("skrnn").origin).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", source, *arguments]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_importing_every_public_module_loads_no_framework():
    assert run_fresh(LOAD, json.dumps(PUBLIC_MODULES), json.dumps(HEAVY)) == []


REFUSED = """
import json, sys
from skrnn import RNNClassifier
for X, y in [([[1.0], []], [0, 1]), ([[1.0], [2.0]], [0]), ([[1.0], [2.0]], [0, 0])]:
    try:
        RNNClassifier().fit(X, y)
    except ValueError:
        continue
    raise SystemExit("nothing was wrong")
print(json.dumps(sorted(set(json.loads(sys.argv[1])) & set(sys.modules))))
"""


def test_bad_data_are_refused_before_a_framework_is_loaded():
    assert run_fresh(REFUSED, json.dumps(FRAMEWORKS)) == []


def test_clearing_programs_loads_no_framework():
    clear = "import skrnn; skrnn.clear_program_cache()"
    assert run_fresh(f"{clear}\n{LOAD}", "[]", json.dumps(FRAMEWORKS)) == []


def test_first_fits_use_no_global_generator_while_another_thread_draws():
    assert run_fresh(DRAW_MEANWHILE) == [True, True, True]
