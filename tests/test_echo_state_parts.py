"""Echo state networks trained in parts: memory, and a cluster that maps and reduces."""

import tracemalloc
from functools import reduce

import numpy as np
from distributed import Client, LocalCluster
from numpy.testing import assert_allclose

from skrnn import EchoStateRegressor
from skrnn.reservoir import Reservoir

EXACT = EchoStateRegressor(
    units=40,
    washout=5,
    return_sequences=True,
    reservoir=Reservoir(dtype="float64"),
    input_scaling=1.0,
    standardize=False,
    alpha=1e-3,
    random_state=0,
)


def part(seed, n=12, steps=60):
    """Return series of noise, and at each step the noise two steps before."""
    noise = np.random.default_rng(seed).uniform(-1, 1, (n, steps + 2))
    return noise[:, 2:, None], noise[:, :-2]


def fit_part(seed):
    return EchoStateRegressor(**EXACT.get_params(deep=False)).fit(*part(seed))


def merged(one, other):
    return one.merge(other)


def test_merge_on_a_dask_cluster():
    seeds = range(4)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        Client(cluster) as client,
    ):
        parts = client.map(fit_part, seeds)
        network = client.submit(lambda networks: reduce(merged, networks), parts).result()
    X, y = (np.concatenate(arrays) for arrays in zip(*map(part, seeds), strict=True))
    at_once = EXACT.fit(X, y)
    assert_allclose(network.coef_, at_once.coef_, rtol=1e-7, atol=1e-9)
    assert_allclose(network.predict(X[:3]), at_once.predict(X[:3]), atol=1e-9)


def peak_of_fit_in(n_parts):
    network = EchoStateRegressor(**EXACT.get_params(deep=False))
    tracemalloc.start()
    for seed in range(n_parts):
        network.partial_fit(*part(seed))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_partial_fit_memory():
    peak_of_fit_in(1)
    assert peak_of_fit_in(20) < 1.2 * peak_of_fit_in(3)


def test_fit_memory_of_a_long_series():
    X = np.random.default_rng(0).uniform(-1, 1, (20_000, 1))
    network = EchoStateRegressor(units=100, rows="steps", random_state=0)
    tracemalloc.start()
    network.fit(X[:-1], X[1:, 0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * len(X) * 100 * 4
