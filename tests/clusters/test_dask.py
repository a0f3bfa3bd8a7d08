"""A grid search on a Dask cluster of two processes equals one in this process, to the last bit.

These tests start processes that load a framework, so they have a separate environment:
``tox -e clusters``.
"""

import joblib
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, TimeDistributed, check_sequences
from skrnn.sequences import Sequences

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(RNG.integers(3, 9), 2)) for _ in range(40)]
Y = np.array([len(x) > 5 for x in X])


@pytest.fixture(scope="module")
def client():
    options = {"n_workers": 2, "threads_per_worker": 1}
    with LocalCluster(dashboard_address=":0", **options) as cluster, Client(cluster) as client:
        yield client


def make_search(n_jobs=None):
    network = RNNClassifier(units=4, epochs=2, batch_size=8, random_state=0)
    model = make_pipeline(TimeDistributed(StandardScaler()), network)
    grid = {"rnnclassifier__learning_rate": [0.01, 0.05], "rnnclassifier__cell": ["lstm", "gru"]}
    return GridSearchCV(model, grid, cv=2, scoring="neg_log_loss", n_jobs=n_jobs)


def assert_same_search(found, expected):
    for i in range(2):
        name = f"split{i}_test_score"
        np.testing.assert_array_equal(found.cv_results_[name], expected.cv_results_[name])
    networks = found.best_estimator_[-1], expected.best_estimator_[-1]
    for one, other in zip(*(network.weights_ for network in networks), strict=True):
        np.testing.assert_array_equal(one, other)


def test_search_on_a_cluster_equals_that_in_this_process(client):
    expected = make_search(n_jobs=1).fit(X, Y)
    with joblib.parallel_config(backend="dask"):
        found = make_search().fit(X, Y)
    assert_same_search(found, expected)


def test_search_on_a_cluster_sends_sequences_once(client, monkeypatch):
    given, pickled = check_sequences(X), []
    reduce = Sequences.__reduce__
    monkeypatch.setattr(
        Sequences, "__reduce__", lambda self: (pickled.append(len(self)), reduce(self))[1]
    )
    expected = make_search(n_jobs=1).fit(given, Y)
    assert pickled == []
    with joblib.parallel_config(backend="dask"):
        found = make_search().fit(given, Y)
    assert pickled == [len(X)]
    assert_same_search(found, expected)
