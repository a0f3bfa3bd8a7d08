"""What to do about missing values in sequences, on data in which 30 % are removed.

Run with ``python tests/benchmarks/missing_values.py``; the environment variable SKRNN_DATA names
the folder of data. The table is printed as reStructuredText. No setting is chosen by these scores:
all parameters of the networks but `cell`, `units` and `epochs` have their default values.

`vowels` classifies the speakers of JapaneseVowels in three folds of its training set. `synop`
forecasts the temperature at Nice 12 hours ahead from the last 48 hours of eight variables, on the
last quarter of the time. Values are removed singly, or in runs of eight time steps on average.
"""

import argparse
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from accuracy_table import list_table
from report import machine, now
from sklearn.impute import SimpleImputer
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, RNNRegressor, TimeDistributed
from skrnn.datasets import fetch_japanese_vowels, fetch_synop
from skrnn.preprocessing import Interpolator, regularize
from skrnn.sequences import check_sequences

SHARE, MEAN_RUN = 0.3, 8
SEEDS = (0, 1, 2)
VARIABLES = ["tc", "td", "u", "pres", "pmer", "tend", "ff", "rafper"]
WINDOW, AHEAD = 16, 4


def missing(n_steps, n_features, gaps, rng):
    """Draw which values are removed: about 30 %, singly or in runs.

    Examples
    --------
    >>> drawn = missing(50_000, 2, "runs", np.random.default_rng(0))
    >>> round(float(drawn.mean()), 1)
    0.3
    >>> starts = drawn[1:] & ~drawn[:-1]
    >>> round(float(drawn.sum() / starts.sum()))
    8
    """
    if gaps == "single":
        return rng.random((n_steps, n_features)) < SHARE
    begins = SHARE / ((1 - SHARE) * MEAN_RUN)
    is_missing = np.empty((n_steps, n_features), dtype=bool)
    state = rng.random(n_features) < SHARE
    for row in is_missing:
        row[:] = state
        changes = rng.random(n_features)
        state = np.where(state, changes >= 1 / MEAN_RUN, changes < begins)
    return is_missing


def with_gaps(steps, gaps, rng):
    """Return time steps with NaN in place of the removed values."""
    return np.where(missing(*steps.shape, gaps, rng), np.nan, steps)


# The transformer in front of the network, and the parameters of the network.
METHODS = {
    "complete data (not possible with gaps)": (None, {}),
    "mean: ``TimeDistributed(SimpleImputer())``": (TimeDistributed(SimpleImputer()), {}),
    "forward fill: ``Interpolator(causal=True)``": (Interpolator(causal=True), {}),
    "linear: ``Interpolator()``": (Interpolator(), {}),
    "forward fill, indicators and times: ``Interpolator(causal=True, add_indicator=True, "
    'add_time_since="rows")``': (
        Interpolator(causal=True, add_indicator=True, add_time_since="rows"),
        {},
    ),
    "decay in the network: ``allow_nan=True``": (None, {"allow_nan": True}),
}


def pipeline(network, method):
    """Return a network behind the transformer of a method."""
    transformer, parameters = METHODS[method]
    network = network.set_params(**parameters)
    return network if transformer is None else make_pipeline(transformer, network)


def vowels(method, gaps, seed):
    """Return the accuracy in three folds of the training set."""
    X, y = fetch_japanese_vowels(subset="train", return_X_y=True)
    rng = np.random.default_rng(seed)
    if "complete" not in method:
        X = [with_gaps(np.asarray(steps, float), gaps, rng) for steps in X]
    model = RNNClassifier(cell="gru", units=32, epochs=60, random_state=seed)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    return float(cross_val_score(pipeline(model, method), X, y, cv=folds).mean())


def synop(method, gaps, seed):
    """Return the root mean squared error in degrees Celsius on the last quarter of the windows."""
    table = regularize(fetch_synop("nice").frame[VARIABLES], freq="3h")
    complete = Interpolator().fit_transform(table).to_numpy()
    known = complete
    if "complete" not in method:
        known = with_gaps(complete, gaps, np.random.default_rng(seed))
    windows = np.lib.stride_tricks.sliding_window_view(known[:-AHEAD], WINDOW, axis=0)
    X = check_sequences(windows.swapaxes(1, 2), dtype=np.float64, allow_nan=True)
    y = complete[WINDOW - 1 + AHEAD :, 0]
    end = 3 * len(X) // 4
    train, test = slice(0, end - WINDOW - AHEAD), slice(end, None)
    model = RNNRegressor(cell="gru", units=32, epochs=10, random_state=seed)
    model = pipeline(model, method).fit(X[train], y[train])
    return float(root_mean_squared_error(y[test], model.predict(X[test])))


TASKS = {"vowels": (vowels, "{:.1%}"), "synop": (synop, "{:.2f} °C")}


def cell(values, pattern):
    """Return the mean of the seeds, and each of them.

    Examples
    --------
    >>> cell([0.9, 0.92], "{:.1%}")
    '91.0% (90.0%, 92.0%)'
    """
    each = ", ".join(map(pattern.format, values))
    return f"{pattern.format(np.mean(values))} ({each})"


def table(results):
    """Return the results as a list-table: a row for each method, a column for each task."""
    columns = [(task, gaps) for task in results for gaps in results[task]]
    head = [f"{task}, {'single values' if gaps == 'single' else 'runs'}" for task, gaps in columns]
    rows = [["Missing values", *head]]
    for method in METHODS:
        scores = [cell(results[task][gaps][method], TASKS[task][1]) for task, gaps in columns]
        rows.append([method, *scores])
    return list_table(rows)


def foot():
    """Return the date, the versions and the processor of the figures."""
    used = machine()
    names = ("tensorflow", "keras", "numpy", "scikit-learn")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"Mean (each of three seeds), {now()[:10]}, Python {used['python']}, {versions}, "
        f"{used['processor']}."
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--gaps", nargs="+", choices=("single", "runs"), default=["single", "runs"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    given = parser.parse_args()
    results = {name: {gaps: {} for gaps in given.gaps} for name in given.only}
    for name in given.only:
        for gaps in given.gaps:
            for method in METHODS:
                begin = time.perf_counter()
                scores = [TASKS[name][0](method, gaps, seed) for seed in given.seeds]
                results[name][gaps][method] = scores
                seconds = time.perf_counter() - begin
                print(name, gaps, method, scores, f"{seconds:.0f} s", file=sys.stderr, flush=True)
                if given.json:
                    given.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(table(results))
    print()
    print(foot())


if __name__ == "__main__":
    # One core is enough for small networks, and leaves the other ones to their owner.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
