"""Fitted models for tests of errors, and checks that an error changes nothing."""

import pickle
from contextlib import contextmanager
from functools import lru_cache
from unittest import mock

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from toys import TINY, labelled, tagged

from skrnn import RNNClassifier, RNNRegressor


def labels(n):
    return np.resize(["no", "yes"], n)


N = 12
X, LABELS = labelled(("no", "yes"), n=N)
_, TAGS = tagged(n=N)
TAGS = [np.resize(tags, len(steps)) for tags, steps in zip(TAGS, X, strict=True)]
Y = np.array([steps.sum() for steps in X])
IDS = [np.arange(2, 2 + len(steps)) for steps in X]
CUBE = np.stack([steps[:2] for steps in X])
TABLE = CUBE[:, :, 0]
VECTORS = np.random.default_rng(0).normal(size=(12, 3))

MODELS = {
    "classifier": (RNNClassifier(**TINY), X, LABELS),
    "regressor": (RNNRegressor(**TINY), X, Y),
    "table": (RNNClassifier(**TINY), TABLE, LABELS),
    "tagger": (RNNClassifier(**TINY, return_sequences=True), X, TAGS),
    "tracker": (RNNRegressor(**TINY, return_sequences=True), X, [steps[:, 0] for steps in X]),
    "words": (RNNClassifier(**TINY, embedding=3), IDS, LABELS),
    "vectors": (RNNClassifier(**TINY, embedding=VECTORS), IDS, LABELS),
}
RAGGED_TAGS = [labels(len(steps)) for steps in X]


@lru_cache
def pickled(kind):
    """Return a pickled fitted model, which no test can modify."""
    model, *data = MODELS[kind]
    return pickle.dumps(model.fit(*data))


def fitted(kind):
    """Return a new copy of a fitted model."""
    return pickle.loads(pickled(kind))


@contextmanager
def refused(error, match, before="one.train"):
    """Check that an error is raised before a function of `skrnn.networks` is called."""

    def fail(*_, **__):
        pytest.fail(f"{before} was called")

    with mock.patch(f"skrnn.networks.{before}", fail):
        with pytest.raises(error, match=f"(?s){match}"):
            yield


def fitted_state(model):
    params = model.get_params()
    return {name: value for name, value in vars(model).items() if name not in params}


@contextmanager
def unchanged(model, sequences):
    """Check that the block changes neither the fitted state nor any bit of the predictions."""
    before, expected = fitted_state(model), model.predict(sequences)
    frozen = pickle.dumps(before)
    yield
    after = fitted_state(model)
    assert after.keys() == before.keys()
    assert all(after[name] is value for name, value in before.items())
    assert pickle.dumps(after) == frozen
    for one, other in zip(model.predict(sequences), expected, strict=True):
        assert_array_equal(one, other)


def replaced(batch, i, sequence):
    return [*batch[:i], sequence, *batch[i + 1 :]]


def with_value(value, dtype=float):
    broken = X[3].astype(dtype)
    broken[-1, 1] = value
    return replaced(X, 3, broken)
