"""
==========================================
One reservoir on two workers: map, reduce
==========================================

Data that are stored in several places, or are too large for one machine, need not be collected. The
readout of a reservoir is a ridge regression, which needs only sums over the time steps. So each
worker of a Dask cluster fits a network on a part of the data (map), and ``merge`` adds up their
sums (reduce). The result is the readout of one fit on all data, up to rounding.
"""

# %%
# A part of the data
# ------------------
# 16 noisy sensors observe a chaotic system, that of Lorenz, whose three coordinates are to be
# predicted. A part has 32 records of 1,000 time steps. It is generated from its number on the
# worker that needs it; in practice the worker would read its own file.

import numpy as np
import pandas as pd

from skrnn.datasets import make_lorenz

n_parts = 8


def read_part(number):
    """Return records of the sensors, (32, 1000, 16), and coordinates, (32, 1000, 3)."""
    coordinates = make_lorenz(32_000, random_state=number) / 10
    gains = np.random.default_rng(0).normal(size=(3, 16))
    noise = np.random.default_rng(number).normal(scale=3, size=(32_000, 16))
    sensors = (coordinates @ gains + noise) / 5
    return sensors.reshape(32, 1000, 16), coordinates.reshape(32, 1000, 3)


# %%
# The network
# -----------
# With an int as ``random_state``, every worker draws the same reservoir, which ``merge`` requires.

from skrnn import EchoStateRegressor

network = EchoStateRegressor(
    units=300,
    leak_rate=0.3,
    input_scaling=0.3,
    washout=50,
    alpha=1.0,
    standardize=False,
    return_sequences=True,
    random_state=0,
)

# %%
# Map
# ---
# The function that runs on the workers reads a part and fits a network on it. It also returns the
# peak memory of the data and the fit in MB.

import tracemalloc

from sklearn.base import clone


def fit_and_measure(X, y):
    """Return a fitted network and the peak memory."""
    tracemalloc.start()
    fitted = clone(network).fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return fitted, (peak + X.nbytes + y.nbytes) / 1e6


def fit_part(number):
    """Read a part and fit a network on it."""
    return fit_and_measure(*read_part(number))


# %%
# There are two workers, each in its own process. As with Python's `multiprocessing`, such a process
# imports this file when it starts; code under the condition runs only in the first process.

import pickle
from time import perf_counter

from distributed import Client, LocalCluster

if __name__ == "__main__":
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        print(f"workers: {len(client.scheduler_info()['workers'])}")
        begin = perf_counter()
        networks, part_peaks = zip(
            *client.gather(client.map(fit_part, range(n_parts))), strict=True
        )
        print(
            f"{n_parts} parts generated, {n_parts} networks fitted: {perf_counter() - begin:.1f} s"
        )
    X, y = read_part(0)
    print(f"a part of the data:   {(X.nbytes + y.nbytes) / 1e6:.2f} MB")
    print(f"what a worker sends:  {len(pickle.dumps(networks[0])) / 1e6:.2f} MB")

# %%
# Reduce
# ------
# ``merge`` adds one network after another to the first. After each of them, the score on a part
# that no network has seen is computed.

from copy import deepcopy

if __name__ == "__main__":
    X_test, y_test = read_part(n_parts)
    merged = deepcopy(networks[0])
    scores = [merged.score(X_test, y_test)]
    for other in networks[1:]:
        scores.append(merged.merge(other).score(X_test, y_test))

# %%
# One fit on all data
# -------------------
# All parts are collected for one fit. For comparison, a linear regression predicts from the 16
# numbers of each time step alone.

from sklearn.linear_model import LinearRegression

table = pd.DataFrame()
if __name__ == "__main__":
    begin = perf_counter()
    parts = [read_part(number) for number in range(n_parts)]
    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    del parts
    at_once, peak = fit_and_measure(X, y)
    print(f"data generated, one network fitted: {perf_counter() - begin:.1f} s")
    linear = LinearRegression().fit(X.reshape(-1, 16), y.reshape(-1, 3))
    r2 = {
        "linear regression": linear.score(X_test.reshape(-1, 16), y_test.reshape(-1, 3)),
        "one part": scores[0],
        "eight parts, merged": scores[-1],
        "one fit on all data": at_once.score(X_test, y_test),
    }
    table = pd.DataFrame({"R² on another part": r2})
    apart = np.abs(merged.coef_ - at_once.coef_).max()
    print(f"coefficients differ by {apart:.1e} at most; the largest is {at_once.coef_.max():.1f}")
    assert apart < 1e-3 * np.abs(at_once.coef_).max()
    apart = np.abs(merged.predict(X_test) - at_once.predict(X_test)).max()
    print(f"predictions differ by {apart:.1e} at most")

table.round(4)

# %%
# The first part is enough for most of the score, and further parts add little. The memory of a part
# does not depend on the number of parts; one fit holds all data. The scores in the picture are
# drawn from that of the linear regression on.

if __name__ == "__main__":
    import matplotlib.pyplot as plt

    print(f"memory: {max(part_peaks):.0f} MB for a part, {peak:.0f} MB at once")
    assert scores[0] - r2["linear regression"] > 2 * (scores[-1] - scores[0])
    assert max(part_peaks) < peak / 2
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    count = np.arange(1, n_parts + 1)
    left.plot(count, scores, "o-", label="merged parts")
    left.axhline(
        at_once.score(X_test, y_test), linestyle="--", color="gray", label="one fit on all data"
    )
    left.axhline(r2["linear regression"], linestyle=":", color="black", label="linear regression")
    left.set(xlabel="Merged parts", ylabel="R² on another part", title="Score on new data")
    left.legend(loc="center right")
    right.bar(count, part_peaks)
    right.bar(n_parts + 1.5, peak, color="gray")
    right.set_xticks([*count, n_parts + 1.5], [*count, "all at once"])
    right.set(xlabel="Part", ylabel="Memory (MB)", title="Peak memory of data and fit")

# %%
# Data of this size do not need a cluster. On one machine, ``partial_fit`` on one part after another
# gives the same readout up to rounding, also with the memory of one part.

# The processes of the cluster import the file of the process that started them.
# sphinx_gallery_parallel = False
