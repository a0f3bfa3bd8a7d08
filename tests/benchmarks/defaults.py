"""Compares settings of the recurrent classifier by cross-validation on training sets.

The official test sets are not used. A grid of all settings would take days, so each trial is one
random setting, whose accuracy is averaged over eight data sets, and a linear model of the
accuracies gives the effect of each setting with its standard error. Run with
``python tests/benchmarks/defaults.py FOLDER``, the folder that holds ``ucr_uea``.
"""

import argparse
import math
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedShuffleSplit

from skrnn import RNNClassifier
from skrnn.datasets import load_ucr

NAMES = (
    "ArrowHead",
    "ECG200",
    "FaceFour",
    "GesturePebbleZ1",
    "GunPoint",
    "SmoothSubspace",
    "SwedishLeaf",
    "TwoLeadECG",
)
MAX_SERIES, N_SPLITS, HELD_OUT = 150, 4, 0.4
# The first level of each setting is the one that the others are compared with.
SETTINGS = {
    "cell": ("gru", "lstm"),
    "bidirectional": (False, True),
    "pooling": ("max", "mean", "last"),
    "learning_rate": (0.005, 0.002, 0.01),
    "n_updates": (300, 600, 1500),
    "batch_size": (16, 32),
    "l2": (0.0, 1e-4),
    "bias_initializer": ("default", "chrono", "uniform_gate"),
    "differences": (False, True),
    "schedule": ("cosine", "constant"),
}
# The linear model shrinks effects that few trials can estimate.
PENALTY = 0.5


def resampled(steps, n_steps):
    """Return means of consecutive time steps, so that a series has at most `n_steps` of them."""
    if len(steps) <= n_steps:
        return steps
    edges = np.linspace(0, len(steps), n_steps + 1)
    sums = np.concatenate([[0.0], np.cumsum(steps[:, 0])])
    return (np.diff(np.interp(edges, np.arange(len(sums)), sums)) / np.diff(edges))[:, None]


def with_differences(steps):
    """Return the values and their changes since the time step before; the first change is 0."""
    return np.hstack([steps, np.diff(steps, axis=0, prepend=steps[:1])])


@cache
def read_training_set(folder, name, n_steps):
    """Return at most `MAX_SERIES` series of a training set, and their labels."""
    X, y = load_ucr(name, data_home=folder, subset="train", return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))[:MAX_SERIES]
    return [resampled(np.asarray(X[i], float), n_steps) for i in order], np.asarray(y)[order]


def make_model(n_series, seed, *, n_updates, differences, **params):
    """Return the classifier of a setting for a training set of `n_series`."""
    epochs = math.ceil(n_updates / math.ceil(n_series / params["batch_size"]))
    return RNNClassifier(epochs=epochs, standardize=True, random_state=seed, **params)


def accuracy(X, y, setting, split):
    """Return the accuracy of a setting on the held-out part of a training set."""
    if setting["differences"]:
        X = [with_differences(steps) for steps in X]
    splitter = StratifiedShuffleSplit(1, test_size=HELD_OUT, random_state=split)
    train, test = next(splitter.split(X, y))
    model = make_model(len(train), split, **setting).fit([X[i] for i in train], y[train])
    return model.score([X[i] for i in test], y[test])


def indicators(setting, split):
    """Return a row of the linear model: 1, the split, and each level but the first."""
    levels = [setting[name] == level for name, given in SETTINGS.items() for level in given[1:]]
    return np.array([1, *(split == i for i in range(1, N_SPLITS)), *levels], dtype=float)


def effects(rows, scores):
    """Return the effects of the columns of the linear model, and their standard errors."""
    penalty = np.full(rows.shape[1], PENALTY)
    penalty[:N_SPLITS] = 0
    inverse = np.linalg.pinv(rows.T @ rows + np.diag(penalty))
    coefficients = inverse @ rows.T @ scores
    n_free = max(len(rows) - rows.shape[1], 1)
    variance = ((scores - rows @ coefficients) ** 2).sum() / n_free
    return coefficients, np.sqrt(variance * np.diag(inverse))


def print_effects(rows, scores):
    """Print the effect of each level, compared with the first level of its setting."""
    names = [f"{name}={level}" for name, given in SETTINGS.items() for level in given[1:]]
    values, errors = effects(rows, scores)
    print(f"\n{'setting':30}  effect  standard error")
    for name, value, error in zip(names, values[N_SPLITS:], errors[N_SPLITS:], strict=True):
        print(f"{name:30}  {value:+.3f}  {error:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--steps", type=int, default=150, help="longest series, default: 150")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng, rows, scores = np.random.default_rng(given.seed), [], []
    for trial in range(given.trials):
        setting = {name: levels[rng.integers(len(levels))] for name, levels in SETTINGS.items()}
        split = trial % N_SPLITS
        sets = (read_training_set(given.folder / "ucr_uea", name, given.steps) for name in NAMES)
        scores.append(np.mean([accuracy(X, y, setting, split) for X, y in sets]))
        rows.append(indicators(setting, split))
        print(f"{scores[-1]:.3f}  {setting}", flush=True)
    print_effects(np.array(rows), np.array(scores))


if __name__ == "__main__":
    main()
