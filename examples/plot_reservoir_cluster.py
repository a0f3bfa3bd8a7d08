"""
==========================================
One reservoir on two workers: map, reduce
==========================================

Data in several places, or too large for one machine, need not come together. The readout of a
reservoir is a ridge regression, which needs no more than sums over the steps. So each worker of a
Dask cluster fits a network to a part of the data (map), and ``merge`` adds up what the networks
have learned (reduce). The result is the readout of one fit to everything, to rounding.
"""

# %%
# A part of the data
# ------------------
# 16 noisy sensors hear a chaotic system, Lorenz's, whose three coordinates are to be found behind
# the noise. A part is 32 records of 1,000 steps. It is made from its number where it is needed; a
# worker would read its own file here.

import numpy as np

from skrnn.datasets import make_lorenz

n_parts = 8


def read_part(number):
    """Records of the sensors, (32, 1000, 16), and of the coordinates, (32, 1000, 3)."""
    coordinates = make_lorenz(32_000, random_state=number) / 10
    gains = np.random.default_rng(0).normal(size=(3, 16))
    noise = np.random.default_rng(number).normal(scale=3, size=(32_000, 16))
    sensors = (coordinates @ gains + noise) / 5
    return sensors.reshape(32, 1000, 16), coordinates.reshape(32, 1000, 3)


# %%
# The network
# -----------
# An int as ``random_state`` draws the same reservoir on every worker, which ``merge`` asks for.

from skrnn import EchoStateRegressor

network = EchoStateRegressor(
    units=300,
    leak_rate=0.3,
    input_scaling=0.3,
    washout=50,
    alpha=1.0,
    return_sequences=True,
    random_state=0,
)

# %%
# Map
# ---
# The function that runs on the workers: it reads a part and fits a network to it. To show what that
# takes it also returns the most memory that the data and the fit held at a time, in MB.

import tracemalloc

from sklearn.base import clone


def fit_and_measure(X, y):
    """A network fitted to data, and the most memory at a time."""
    tracemalloc.start()
    fitted = clone(network).fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return fitted, (peak + X.nbytes + y.nbytes) / 1e6


def fit_part(number):
    """What a worker does."""
    return fit_and_measure(*read_part(number))


# %%
# Two workers, each a process of its own. Such a process imports this file anew when it starts, as
# Python's `multiprocessing` has it; the condition keeps what only the first process should do.

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
        print(f"{n_parts} parts made, {n_parts} networks fitted: {perf_counter() - begin:.1f} s")
    X, y = read_part(0)
    print(f"a part of the data:   {(X.nbytes + y.nbytes) / 1e6:.2f} MB")
    print(f"what a worker sends:  {len(pickle.dumps(networks[0])) / 1e6:.2f} MB")

# %%
# Reduce
# ------
# ``merge`` takes one network after another into the first. On the way its score is taken on a part
# that none has seen.

from copy import deepcopy

if __name__ == "__main__":
    X_test, y_test = read_part(n_parts)
    merged = deepcopy(networks[0])
    scores = [merged.score(X_test, y_test)]
    for other in networks[1:]:
        scores.append(merged.merge(other).score(X_test, y_test))
    print("R2 of 1 to 8 parts:", " ".join(f"{score:.4f}" for score in scores))

# %%
# The same at once
# ----------------
# All parts in one place, one fit; and, for what the reservoir is worth, a linear regression on the
# 16 numbers of each step alone.

from sklearn.linear_model import LinearRegression

if __name__ == "__main__":
    begin = perf_counter()
    parts = [read_part(number) for number in range(n_parts)]
    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    del parts
    at_once, peak = fit_and_measure(X, y)
    print(f"data made, one network fitted: {perf_counter() - begin:.1f} s")
    linear = LinearRegression().fit(X.reshape(-1, 16), y.reshape(-1, 3))
    print(f"R2, linear: {linear.score(X_test.reshape(-1, 16), y_test.reshape(-1, 3)):.4f}")
    print(f"R2, reservoir fitted at once: {at_once.score(X_test, y_test):.4f}")
    print(f"R2, reservoir merged of parts: {scores[-1]:.4f}")
    apart = np.abs(merged.coef_ - at_once.coef_).max()
    print(f"coefficients differ by {apart:.1e} at most; the largest is {at_once.coef_.max():.1f}")
    apart = np.abs(merged.predict(X_test) - at_once.predict(X_test)).max()
    print(f"predictions differ by {apart:.1e} at most")

# %%
# One part already teaches most of what 300 units can learn here, and each further one adds a
# little. In memory a part takes the same however many there are; one fit holds all the data.

if __name__ == "__main__":
    import matplotlib.pyplot as plt

    print(f"memory: {max(part_peaks):.0f} MB for a part, {peak:.0f} MB at once")
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    count = np.arange(1, n_parts + 1)
    left.plot(count, scores, "o-", label="parts merged")
    left.axhline(
        at_once.score(X_test, y_test), linestyle="--", color="gray", label="one fit to all"
    )
    left.set(xlabel="parts", ylabel="R2 on another part", title="What is learned")
    left.legend()
    right.bar(count, part_peaks)
    right.bar(n_parts + 1.5, peak, color="gray")
    right.set_xticks([*count, n_parts + 1.5], [*count, "all at once"])
    right.set(xlabel="part", ylabel="MB", title="Memory that the data and the fit hold")

# %%
# Data of this size need no cluster. On one machine ``partial_fit``, called for one part after the
# other, comes to the same readout, also with the memory of a part.
