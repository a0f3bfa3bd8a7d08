"""How far the memory of recurrent cells reaches, and what truncated back-propagation costs.

Run with ``OMP_NUM_THREADS=1 python tests/benchmarks/long_memory.py --json results.json``. Each
result is stored in the file as soon as it is known, and is not computed again, so that a run can be
continued. Tables of reStructuredText are printed at the end, and alone with ``--table``.

With ``--develop``, test data are replaced by other generated data, and by a part of the training
images of the digits. This is how the settings in this file were chosen.
"""

import argparse
import json
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
from accuracy_table import list_table
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, train_test_split

from skrnn import RNNClassifier, RNNRegressor
from skrnn.datasets import make_adding_problem

# --- the adding problem -----------------------------------------------------------------------

N_TRAINING, N_TEST = 20_000, 2_000
# Layers of "lru" and "mingru" are linear up to their outputs, and cannot multiply a number by its
# mark. The second layer gets the outputs of the first one.
TWO_LAYERS = {"units": (64, 64)}
CHRONO = {"bias_initializer": "chrono"}
ADDING = {
    "simple": {"cell": "simple"},
    "irnn": {"cell": "irnn", "learning_rate": 0.001},
    "gru": {"cell": "gru", "learning_rate": 0.01, **CHRONO},
    "lstm": {"cell": "lstm", "learning_rate": 0.01, **CHRONO},
    "lru": {"cell": "lru", **TWO_LAYERS},
    "mingru": {"cell": "mingru", **TWO_LAYERS, **CHRONO},
}


def adding(cell, seed, *, n_steps, develop):
    """Return the mean squared error on new sequences of the adding problem."""
    seeds = {"training": 3 * seed, "development": 3 * seed + 1, "test": 3 * seed + 2}
    X, y = make_adding_problem(N_TRAINING, n_steps=n_steps, random_state=seeds["training"])
    part = seeds["development" if develop else "test"]
    X_new, y_new = make_adding_problem(N_TEST, n_steps=n_steps, random_state=part)
    fixed = {"pooling": "last", "standardize": False, "epochs": 3, "batch_size": 32}
    model = RNNRegressor(**fixed, **ADDING[cell], random_state=seed)
    return np.mean((model.fit(X, y).predict(X_new) - y_new) ** 2)


# --- digits, read pixel by pixel --------------------------------------------------------------

FOLDS = 5
UNIFORM_GATE = {"bias_initializer": "uniform_gate"}
LAST_STATE = {
    "simple": {"cell": "simple"},
    "irnn": {"cell": "irnn", "learning_rate": 0.001},
    "minimal_gru": {"cell": "minimal_gru", **UNIFORM_GATE},
    "gru": {"cell": "gru", **UNIFORM_GATE},
    "refine_gru": {"cell": "refine_gru"},
    "lstm": {"cell": "lstm", **UNIFORM_GATE},
    "mingru": {"cell": "mingru", **TWO_LAYERS, **CHRONO},
    "lru": {"cell": "lru", **TWO_LAYERS},
}
SETTING_OF_ALL_STATES = {"pooling": "mean_max", "add_differences": True, "dropout": 0.2}
ALL_STATES = {
    cell: {**LAST_STATE[cell], **TWO_LAYERS, **SETTING_OF_ALL_STATES}
    for cell in ("gru", "minimal_gru", "lstm")
}


def digits(cell, fold, *, settings, shuffle_pixels, develop):
    """Return the accuracy on one of the five folds of the page of benchmarks."""
    X, y = load_digits(return_X_y=True)
    X = X[:, :, np.newaxis] / 16
    if shuffle_pixels:
        X = X[:, np.random.default_rng(0).permutation(X.shape[1])]
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    training, scored = list(folds.split(X, y))[fold]
    if develop:
        training, scored = train_test_split(
            training, test_size=0.2, stratify=y[training], random_state=fold
        )
    setting = {"pooling": "last", "add_differences": False, "epochs": 34, **settings[cell]}
    model = RNNClassifier(**setting, random_state=fold)
    return model.fit(X[training], y[training]).score(X[scored], y[scored])


# --- truncated back-propagation ---------------------------------------------------------------

N_SERIES, N_STEPS, DECAY = 20, 2_000, 0.95
# The first two make 250 updates with as many time steps each, and the third one makes 2,500. The
# last two make 250 updates with the first two series, which the last one sees a tenth as often.
TRUNCATION = {
    "whole series, batches of 2": {"truncation": None, "batch_size": 2, "epochs": 25},
    "truncation=200, batches of 20": {"truncation": 200, "batch_size": 20, "epochs": 25},
    "truncation=200, batches of 2": {"truncation": 200, "batch_size": 2, "epochs": 25},
    "two whole series": {"truncation": None, "epochs": 250},
    "truncation=200, two series": {"truncation": 200, "epochs": 25},
}


def leaky_sums(seed):
    """Return series of noise, and their sums, which forget 5 % at each time step."""
    X = np.random.default_rng(seed).standard_normal((N_SERIES, N_STEPS, 1))
    y = np.zeros_like(X)
    for t in range(N_STEPS):
        y[:, t] = DECAY * y[:, t - 1] + X[:, t]
    return X, y


def truncated(name, seed, *, develop):
    """Return the mean squared error on new series, relative to the variance of the targets."""
    X, y = leaky_sums(3 * seed)
    X_new, y_new = leaky_sums(3 * seed + (1 if develop else 2))
    fixed = {"cell": "gru", "units": 16, "return_sequences": True, "random_state": seed}
    model = RNNRegressor(**fixed, **TRUNCATION[name])
    n_series = 2 if "two" in name else N_SERIES
    model.fit(X[:n_series], y[:n_series])
    return np.mean((model.predict(X_new) - y_new) ** 2) / np.var(y_new)


# --- memory -----------------------------------------------------------------------------------

N_MEMORY_SERIES, MEMORY_UNITS = 8, 256
MEMORY = {
    "200 time steps": {"n_steps": 200, "truncation": None},
    "100,000 time steps, truncation=200": {"n_steps": 100_000, "truncation": 200},
    "2,000 time steps": {"n_steps": 2_000, "truncation": None},
}


def memory(name, seed, *, develop):
    """Return the MiB that a fit adds to the peak of a new process."""
    arguments = json.dumps({**MEMORY[name], "seed": seed})
    command = [sys.executable, __file__, "--peak", arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak_of_fit(n_steps, truncation, seed):
    """Return how many MiB a fit adds to the largest memory of this process so far.

    The program is compiled by a fit to short series before, so that it does not count.
    """
    X = np.random.default_rng(seed).standard_normal((N_MEMORY_SERIES, n_steps, 1))
    y = X.cumsum(axis=1) / np.arange(1, n_steps + 1)[:, np.newaxis]
    model = RNNRegressor(units=MEMORY_UNITS, return_sequences=True, epochs=1, random_state=seed)
    model.set_params(truncation=10).fit(X[:, :20], y[:, :20])
    before = peak()
    model.set_params(truncation=truncation).fit(X, y)
    return peak() - before


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- results ----------------------------------------------------------------------------------

TASKS = {
    "adding_50": (partial(adding, n_steps=50), ADDING),
    "adding_200": (partial(adding, n_steps=200), ADDING),
    "digits": (partial(digits, settings=LAST_STATE, shuffle_pixels=False), LAST_STATE),
    "shuffled_digits": (partial(digits, settings=LAST_STATE, shuffle_pixels=True), LAST_STATE),
    "pooled_digits": (partial(digits, settings=ALL_STATES, shuffle_pixels=False), ALL_STATES),
    "truncation": (truncated, TRUNCATION),
    "memory": (memory, MEMORY),
}


class Results:
    """The results in a JSON file: task, model and seed, then a number.

    Parameters
    ----------
    path : Path or None
        The file, which may not exist. If None, nothing is stored.
    """

    def __init__(self, path):
        exists = path is not None and path.is_file()
        self.path = path
        self.content = json.loads(path.read_text(encoding="utf-8")) if exists else {}

    def values(self, task, model):
        """Return the numbers of one model in the order of their seeds."""
        by_seed = self.content.get(task, {}).get(model, {})
        return [by_seed[seed] for seed in sorted(by_seed, key=int)]

    def has(self, task, model, seed):
        """Return whether a number is known."""
        return str(seed) in self.content.get(task, {}).get(model, {})

    def add(self, task, model, seed, number):
        """Add a number and write the file."""
        self.content.setdefault(task, {}).setdefault(model, {})[str(seed)] = number
        if self.path:
            self.path.write_text(json.dumps(self.content, indent=1), encoding="utf-8")


def compute(options, results):
    """Compute all numbers of the chosen tasks and models that are not known."""
    for task in options.only:
        function, models = TASKS[task]
        for model in models:
            if options.models and model not in options.models:
                continue
            for seed in options.seeds:
                if not results.has(task, model, seed):
                    number = float(function(model, seed, develop=options.develop))
                    results.add(task, model, seed, number)
                    print(f"{task} {model} {seed}: {number:.4g}", file=sys.stderr, flush=True)


def summary(task, values):
    """Return the results of one model for all seeds as a cell of a table.

    Errors and memory are reported with the largest, accuracies as mean and standard deviation.

    Examples
    --------
    >>> summary("adding_50", [0.0001, 0.16])
    '1.0e-04, 1.6e-01'
    >>> summary("digits", [0.9, 0.92])
    '0.910 ± 0.014'
    """
    if not values:
        return ""
    if "digits" in task:
        spread = np.std(values, ddof=1) if len(values) > 1 else 0
        return f"{np.mean(values):.3f} ± {spread:.3f}"
    return ", ".join(f"{value:.0f}" if task == "memory" else f"{value:.1e}" for value in values)


def tables(results, tasks):
    """Yield a table of reStructuredText for each group of tasks that share their models."""
    groups = {}
    for task in tasks:
        groups.setdefault(tuple(TASKS[task][1]), []).append(task)
    for models, group in groups.items():
        rows = [
            [f"``{model}``", *(summary(task, results.values(task, model)) for task in group)]
            for model in models
        ]
        yield list_table([["", *group], *rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--models", nargs="+", help="default: all of each task")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--json", type=Path, help="file of the results")
    parser.add_argument("--develop", action="store_true", help="read no test data")
    parser.add_argument("--table", action="store_true", help="only print the tables")
    parser.add_argument("--peak", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print(peak_of_fit(**options.peak))
        return
    results = Results(options.json)
    if not options.table:
        compute(options, results)
    print("\n\n".join(tables(results, options.only)))


if __name__ == "__main__":
    main()
