"""The time of hyperparameter searches: one by one, in processes, and under the backend "skrnn".

``python tests/benchmarks/searches.py`` prints one table. Each way to run a search has a process of
its own, in which the search runs twice: the first time includes compilation and the start of
worker processes. Run it on a machine without other work. `gpu_check` measures the same searches.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path

import numpy as np

SIZES = {
    "12 x 5": {"n": 300, "steps": 30, "units": (32, 48, 64), "n_candidates": 12, "epochs": 10},
    "48 x 5": {"n": 1000, "steps": 100, "units": (64,), "n_candidates": 48, "epochs": 10},
    "1000 x 5": {"n": 300, "steps": 30, "units": (32, 48, 64), "n_candidates": 1000, "epochs": 10},
    "tiny": {"n": 20, "steps": 5, "units": (4,), "n_candidates": 2, "epochs": 2, "folds": 2},
}
# How joblib runs the fits of a search; None stands for one by one.
WAYS = {
    "one by one": None,
    "loky, 2 processes": {"backend": "loky", "n_jobs": 2},
    "skrnn": {"backend": "skrnn", "n_jobs": 64},
    "skrnn, batched": {"backend": "skrnn", "n_jobs": 64, "batched": True},
    "skorch": None,
    "skorch, 2 processes": {"backend": "loky", "n_jobs": 2},
}
FEATURES = 3


def waves(n, steps):
    """Return float32 sequences of noise, and their classes: one has a larger first feature."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, steps, FEATURES), dtype=np.float32)
    y = rng.permutation(np.arange(n) % 2)
    X[y == 1, :, 0] += 0.5
    return X, y


def candidates(n_candidates, units):
    """Return learning rates on a logarithmic scale, each with one of some numbers of units."""
    rates = np.geomspace(3e-4, 3e-2, -(-n_candidates // len(units)))
    return [(float(rate), n_units) for rate in rates for n_units in units][:n_candidates]


def make_search(estimator, names, size):
    """Return a search over the candidates of a size, whose parameters have some names."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    given = candidates(size["n_candidates"], size["units"])
    grid = [{name: [value] for name, value in zip(names, one, strict=True)} for one in given]
    return GridSearchCV(estimator, grid, cv=StratifiedKFold(size.get("folds", 5)), refit=False)


def skrnn_search(size):
    """Return a search over classifiers of skrnn."""
    from skrnn import RNNClassifier

    model = RNNClassifier(
        epochs=size["epochs"],
        batch_size=32,
        schedule="constant",
        global_clipnorm=None,
        standardize=False,
        add_differences=False,
        pooling="last",
        random_state=0,
    )
    return make_search(model, ("learning_rate", "units"), size)


def skorch_search(size):
    """Return the same search over classifiers of skorch."""
    import torch
    from skorch import NeuralNetClassifier

    class Classifier(torch.nn.Module):
        def __init__(self, units=32):
            super().__init__()
            self.lstm = torch.nn.LSTM(FEATURES, units, batch_first=True)
            self.head = torch.nn.Linear(units, 2)

        def forward(self, X):
            return self.head(self.lstm(X)[0][:, -1])

    model = NeuralNetClassifier(
        Classifier,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=size["epochs"],
        batch_size=32,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
        device="cuda" if torch.cuda.is_available() else "cpu",
    )
    return make_search(model, ("lr", "module__units"), size)


def measure(name, way, rounds=2):
    """Return the seconds of each round of a search, and the best mean accuracy.

    Parameters
    ----------
    name : str
        One of `SIZES`.
    way : str
        One of `WAYS`.
    rounds : int, default=2
    """
    import joblib

    size = SIZES[name]
    X, y = waves(size["n"], size["steps"])
    search = (skorch_search if way.startswith("skorch") else skrnn_search)(size)
    config, seconds = WAYS[way], []
    for _ in range(rounds):
        begin = time.perf_counter()
        with nullcontext() if config is None else joblib.parallel_config(**config):
            search.fit(X, y)
        seconds.append(time.perf_counter() - begin)
    accuracy = float(search.best_score_)
    return {"search": name, "way": way, "seconds": seconds, "accuracy": accuracy}


def print_searches(rows):
    """Print the times of searches as a table."""
    print(f"{'search':<10}{'way':<20}{'first':>10}{'second':>10}{'accuracy':>10}")
    for row in rows:
        if "error" in row:
            print(f"{row['search']:<10}{row['way']:<20}  {row['error'][:60]}")
            continue
        first, *others = (f"{one:.2f} s" for one in row["seconds"])
        second = others[0] if others else ""
        print(f"{row['search']:<10}{row['way']:<20}{first:>10}{second:>10}{row['accuracy']:>10.3f}")


def _in_new_process(name, way):
    """Return the result of `measure` in a separate process."""
    run = subprocess.run(
        [sys.executable, __file__, "--worker", name, way],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        return {"search": name, "way": way, "error": (run.stderr.splitlines() or ["failed"])[-1]}
    return json.loads(run.stdout.splitlines()[-1])


def main():
    """Measure the searches and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--search", nargs="+", choices=SIZES, default=["12 x 5"])
    parser.add_argument("--way", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        print(json.dumps(measure(*given.worker)))
        return
    ways = [way for way in given.way if not way.startswith("skorch") or find_spec("skorch")]
    rows = [_in_new_process(name, way) for name in given.search for way in ways]
    print_searches(rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
