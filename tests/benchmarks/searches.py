"""The time of hyperparameter searches: one by one, in processes, and under the backend "skrnn".

``python tests/benchmarks/searches.py`` prints one table. Each way to run a search has a separate
process, in which the search runs twice: the first time includes imports, compilation and the start
of worker processes. Run it on a machine without other work. `gpu_check` measures the same searches.
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
    "loky, 4 processes": {"backend": "loky", "n_jobs": 4},
    "skrnn": {"backend": "skrnn", "n_jobs": 64},
    "skrnn, batched": {"backend": "skrnn", "n_jobs": 64, "batched": True},
    "skorch": None,
    "skorch, 2 processes": {"backend": "loky", "n_jobs": 2},
}
# Four processes are for machines with more than two cores.
DEFAULT_WAYS = tuple(way for way in WAYS if way != "loky, 4 processes")
FEATURES = 3


def waves(n, steps):
    """Return float32 sequences of noise, and their classes: one has a larger first feature."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, steps, FEATURES), dtype=np.float32)
    y = rng.permutation(np.arange(n) % 2)
    X[y == 1, :, 0] += 0.5
    return X, y


def candidates(size):
    """Return learning rates on a logarithmic scale, each with one of some numbers of units."""
    n_candidates, units = size["n_candidates"], size["units"]
    rates = np.geomspace(3e-4, 3e-2, -(-n_candidates // len(units)))
    return [(float(rate), n_units) for rate in rates for n_units in units][:n_candidates]


def plan_rounds(size, rounds=2, n_measured=None):
    """Return the candidates of each round.

    If only some candidates are measured, the first round has one of each number of units, so that
    it includes everything that a process does once, and the second has `n_measured` candidates at
    equal distances.
    """
    given = candidates(size)
    if n_measured is None:
        return [given] * rounds
    chosen = np.linspace(0, len(given) - 1, n_measured).round().astype(int)
    return [given[: len(size["units"])], [given[i] for i in chosen]]


def skrnn_model(size):
    """Return a classifier of skrnn, and the names of the parameters of candidates."""
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
    return model, ("learning_rate", "units")


def skorch_model(size):
    """Return the same classifier of skorch, and the names of the parameters of candidates."""
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
    return model, ("lr", "module__units")


def _make_search(model, names, given, n_folds):
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    grid = [{name: [value] for name, value in zip(names, one, strict=True)} for one in given]
    # Without "raise", a fit that fails would only give a warning, and take little time.
    folds = StratifiedKFold(n_folds)
    return GridSearchCV(model, grid, cv=folds, refit=False, error_score="raise")


def measure(name, way, rounds=2, n_measured=None):
    """Return the seconds of each round of a search, and the best mean accuracy.

    In a separate process, the first round includes the imports of scikit-learn and of the
    framework, the start of the device, and all compilation.

    Parameters
    ----------
    name : str
        One of `SIZES`.
    way : str
        One of `WAYS`.
    rounds : int, default=2
        How often the search runs.
    n_measured : int or None, default=None
        If not None, only so many candidates are measured, as `plan_rounds` describes. The seconds
        of two rounds of the whole search are calculated from them, and `rounds` is ignored.

    Returns
    -------
    dict
        In "seconds" those of each round. If only some candidates were measured, also
        "measured_candidates", their number in the second round, and "measured_seconds".
    """
    size = SIZES[name]
    X, y = waves(size["n"], size["steps"])
    plan, n_folds = plan_rounds(size, rounds, n_measured), size.get("folds", 5)
    begin, seconds = time.perf_counter(), []
    import joblib

    model, names = (skorch_model if way.startswith("skorch") else skrnn_model)(size)
    for given in plan:
        search = _make_search(model, names, given, n_folds)
        with nullcontext() if WAYS[way] is None else joblib.parallel_config(**WAYS[way]):
            search.fit(X, y)
        end = time.perf_counter()
        seconds.append(end - begin)
        begin = end
    found = {
        "search": name,
        "way": way,
        "seconds": seconds,
        "fits": size["n_candidates"] * n_folds,
        "accuracy": float(search.best_score_),
    }
    if n_measured is None:
        return found
    return {
        **found,
        "seconds": whole_seconds(size["n_candidates"], [len(given) for given in plan], seconds),
        "measured_candidates": n_measured,
        "measured_seconds": seconds,
    }


def whole_seconds(n_candidates, n_measured, seconds):
    """Return the seconds of the first and second search with all candidates, from parts of them.

    Parameters
    ----------
    n_candidates : int
    n_measured : list of int
        The number of candidates in the two rounds that were measured.
    seconds : list of float
        The seconds of these two rounds.
    """
    (n_first, n_second), (first, second) = n_measured, seconds
    per_candidate = second / n_second
    return [first + (n_candidates - n_first) * per_candidate, n_candidates * per_candidate]


def print_searches(rows):
    """Print the times of searches as a table, with the ratios of skorch's times to them.

    Calculated seconds have the sign ~, and the last column has what was measured.
    """
    peers = {row["search"]: row for row in rows if row["way"] == "skorch" and "error" not in row}
    print(
        f"\n{'search':<10}{'way':<20}{'backend':<9}{'first':>10}{'second':>10}"
        f"{'skorch/first':>14}{'/second':>9}{'accuracy':>10}"
    )
    for row in rows:
        start = f"{row['search']:<10}{row['way']:<20}{row.get('backend', ''):<9}"
        if "error" in row:
            print(f"{start}  {row['error'][:80]}")
            continue
        print(start + _times(row) + _ratios(row, peers.get(row["search"])) + _facts(row))


def _times(row):
    sign = "~" if "measured_candidates" in row else ""
    cells = [f"{sign}{one:.1f} s" for one in row["seconds"][:2]]
    return "".join(f"{cell:>10}" for cell in [*cells, ""][:2])


def _ratios(row, peer):
    pairs = zip(row["seconds"], peer["seconds"] if peer else (), strict=False)
    cells = [f"{theirs / ours:.1f}" for ours, theirs in pairs if row is not peer]
    first, second = [*cells, "", ""][:2]
    return f"{first:>14}{second:>9}"


def _facts(row):
    if "measured_candidates" not in row:
        return f"{row['accuracy']:>10.3f}"
    measured = " and ".join(f"{one:.1f} s" for one in row["measured_seconds"])
    n_candidates = SIZES[row["search"]]["n_candidates"]
    # The best of some candidates is not the best of the search.
    return f"{'':>10}  {row['measured_candidates']} of {n_candidates} candidates: {measured}"


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
    parser.add_argument("--way", nargs="+", choices=WAYS, default=DEFAULT_WAYS)
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
