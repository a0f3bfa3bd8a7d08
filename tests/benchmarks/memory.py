"""How the memory of one process grows with fits, and with architectures that leave the cache.

Run with ``python tests/benchmarks/memory.py``; ``--json`` prints only the growth per fit, and
``--fits`` is the number of fits.
"""

import argparse
import gc
import json
import platform
from importlib.metadata import version

import numpy as np
import psutil

from skrnn import RNNClassifier
from skrnn.networks import programs

FITS, WARM_UP = 200, 10
ARCHITECTURES, KEPT = 30, 4


def resident_kilobytes():
    gc.collect()
    return psutil.Process().memory_info().rss / 1000


def fit_once(units, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(60, 10, 3)), np.arange(60) % 2
    classifier = RNNClassifier(
        units=units, epochs=2, learning_rate=0.001 * (1 + seed % 5), random_state=seed
    )
    classifier.fit(X, y).predict(X)


def growth_per_fit(n_fits):
    """Return kilobytes per fit after the first ten, for varying learning rates and seeds."""
    for seed in range(WARM_UP):
        fit_once(8, seed)
    before = resident_kilobytes()
    for seed in range(WARM_UP, n_fits):
        fit_once(8, seed)
    return (resident_kilobytes() - before) / (n_fits - WARM_UP)


def growth_per_evicted_program():
    """Return kilobytes per program that a full cache drops."""
    programs.clear()
    programs.MAX_PROGRAMS = KEPT
    for units in range(9, 9 + KEPT + 1):
        fit_once(units, 0)
    before = resident_kilobytes()
    for units in range(9 + KEPT + 1, 9 + ARCHITECTURES):
        fit_once(units, 0)
    return (resident_kilobytes() - before) / (ARCHITECTURES - KEPT - 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--fits", type=int, default=FITS)
    options = parser.parse_args()
    numbers = {"kB_per_fit": growth_per_fit(options.fits)}
    if options.json:
        print(json.dumps(numbers))
        return
    numbers["kB_per_evicted_program"] = growth_per_evicted_program()
    used = ", ".join(f"{name} {version(name)}" for name in ("keras", "numpy", "scikit-learn"))
    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {used}")
    for name, value in numbers.items():
        print(f"{name:<25}{value:10.1f}")


if __name__ == "__main__":
    main()
