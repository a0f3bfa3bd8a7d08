"""How the memory of one process grows with fits, and with architectures that leave the cache.

Run with ``python tests/benchmarks/memory.py``; ``--json`` prints only the growth per fit, and
``--fits`` and ``--architectures`` are their numbers.
"""

import argparse
import gc
import json
import platform
from importlib.metadata import version

import numpy as np
import psutil

from skrnn import RNNClassifier, clear_program_cache

FITS, WARM_UP = 300, 10
ARCHITECTURES, FEW = 96, 8


def resident_megabytes():
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6


def fit_once(units, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(60, 10, 3)), np.arange(60) % 2
    classifier = RNNClassifier(
        units=units,
        epochs=2,
        learning_rate=0.001 * (1 + seed % 5),
        schedule="constant",
        add_differences=False,
        random_state=seed,
    )
    classifier.fit(X, y).predict(X)


def growth_per_fit(n_fits):
    """Return kilobytes per fit after the first ten, for varying learning rates and seeds."""
    for seed in range(WARM_UP):
        fit_once(8, seed)
    before = resident_megabytes()
    for seed in range(WARM_UP, n_fits):
        fit_once(8, seed)
    return 1000 * (resident_megabytes() - before) / (n_fits - WARM_UP)


def growth_with_architectures(n_architectures):
    """Return the megabytes of the process for few and many architectures, and without them."""
    clear_program_cache()
    numbers = {"MB_before": resident_megabytes()}
    for units in range(9, 9 + FEW):
        fit_once(units, 0)
    numbers[f"MB_of_{FEW}_architectures"] = few = resident_megabytes()
    for units in range(9 + FEW, 9 + n_architectures):
        fit_once(units, 0)
    numbers[f"MB_of_{n_architectures}_architectures"] = resident_megabytes()
    clear_program_cache()
    numbers["MB_after_clear_program_cache"] = left = resident_megabytes()
    numbers["MB_kept_per_architecture"] = (left - numbers["MB_before"]) / n_architectures
    numbers[f"left_relative_to_{FEW}_architectures"] = left / few
    return numbers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--fits", type=int, default=FITS)
    parser.add_argument("--architectures", type=int, default=ARCHITECTURES)
    options = parser.parse_args()
    numbers = {"kB_per_fit": growth_per_fit(options.fits)}
    if options.json:
        print(json.dumps(numbers))
        return
    numbers |= growth_with_architectures(options.architectures)
    used = ", ".join(f"{name} {version(name)}" for name in ("keras", "numpy", "scikit-learn"))
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {used}")
    for name, value in numbers.items():
        print(f"{name:<34}{value:10.2f}")


if __name__ == "__main__":
    main()
