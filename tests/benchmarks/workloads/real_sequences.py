"""Fits on labelled sequences: the data sets and their splits, and the score of a model on them.

The models are functions in the other modules of this folder, so that the process of a model imports
only what that model needs.
"""

import importlib
import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import KFold, StratifiedKFold

from skrnn.datasets import load_ucr

UCR = (
    "ArrowHead",
    "CBF",
    "Chinatown",
    "ECG200",
    "FaceFour",
    "GesturePebbleZ1",
    "GunPoint",
    "ItalyPowerDemand",
    "JapaneseVowels",
    "MelbournePedestrian",
    "OSULeaf",
    "Plane",
    "PowerCons",
    "SmoothSubspace",
    "SwedishLeaf",
    "SyntheticControl",
    "Trace",
    "TwoLeadECG",
)
DIGITS, SINES = "digits", "sines"
CLASSES, NUMBERS = "classes", "numbers"
FOLDS = 5


def fits(model, data, folder, seed, cross_validate):
    """Train a model on the training part of each split of a data set and score it on the test part.

    Parameters
    ----------
    model : str
        module:function of this folder. The function is called with what is predicted, `CLASSES` or
        `NUMBERS`, with the length of the longest sequence, and with the seed, and returns an
        estimator.
    data : str
        The name of the data set: one of `UCR`, `DIGITS` or `SINES`.
    folder : str or None
        The folder of the files, as in `load_ucr`.
    seed : int
        The seed of the model, and of the folds of a cross-validation.
    cross_validate : bool
        Whether to split the training set into folds. The test set is not read then.
    """
    module, function = model.split(":")
    make = getattr(importlib.import_module(f"workloads.{module}"), function)
    predicted = NUMBERS if data == SINES else CLASSES
    splits = list(splits_of(data, folder, seed if cross_validate else None))

    def run():
        scores, seconds, processor = [], [], []
        for X_train, X_test, y_train, y_test in splits:
            longest = max(map(len, [*X_train, *X_test]))
            estimator = make(predicted, longest, seed)
            begin, begin_processor = time.perf_counter(), time.process_time()
            estimator.fit(X_train, y_train)
            processor.append(time.process_time() - begin_processor)
            seconds.append(time.perf_counter() - begin)
            scores.append(estimator.score(X_test, y_test))
        facts = {"score": scores, "fit_seconds": seconds, "fit_processor_seconds": processor}
        return {name: float(np.mean(values)) for name, values in facts.items()}

    return run


def splits_of(data, folder, seed):
    """Yield the splits of a data set: folds of the training set if there is a seed.

    The digits have no official split, so that they are always split into the same folds.
    """
    if data == DIGITS:
        yield from folds(list(load_digits().images), load_digits().target, 0)
    elif data == SINES:
        yield from of_parts(lambda part: sines(part == "test"), seed)
    else:
        yield from of_parts(
            lambda part: load_ucr(data, data_home=folder, subset=part, return_X_y=True), seed
        )


def of_parts(load, seed):
    """Yield the official split, or folds of the training set if there is a seed."""
    X_train, y_train = load("train")
    if seed is None:
        X_test, y_test = load("test")
        yield X_train, X_test, y_train, y_test
    else:
        yield from folds(X_train, y_train, seed)


def folds(X, y, seed):
    """Yield five shuffled folds, stratified for classes, or fewer if a class is too small."""
    if y.dtype.kind == "f":
        splitter = KFold(FOLDS, shuffle=True, random_state=seed)
    else:
        n_folds = min(FOLDS, np.unique(y, return_counts=True)[1].min())
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for train, test in splitter.split(X, y):
        yield [X[i] for i in train], [X[i] for i in test], y[train], y[test]


def sines(seed, n=300, steps=30):
    """Return sums of two sines around 5,000, in raw units, and the next value of each."""
    rng = np.random.default_rng(int(seed))
    phases = rng.uniform(0, 2 * np.pi, (2, n, 1))
    slow, fast = rng.uniform(0.1, 0.4, (n, 1)), rng.uniform(0.4, 0.8, (n, 1))
    times = np.arange(steps + 1)
    series = 5000 + 1000 * np.sin(phases[0] + slow * times) + 500 * np.sin(phases[1] + fast * times)
    return list(series[:, :-1, None]), series[:, -1]


def conv_body():
    """Return the class of the convolutional body, or None if this version does not have it."""
    for module in ("skrnn", "skrnn.recurrent", "skrnn.bodies"):
        try:
            return importlib.import_module(module).ConvBody
        except (ImportError, AttributeError):
            continue
    return None
