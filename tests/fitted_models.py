"""Fitted models for tests of errors, and checks that an error changes nothing."""

import pickle
import sys
import types
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_data import TINY, labelled, tagged

from skrnn import RNNClassifier, RNNRegressor


def labels(n):
    """Return `n` labels of two classes in turn."""
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
    "not scaled": (RNNClassifier(**TINY, standardize=False), X, LABELS),
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
    """Return a fitted model as bytes, which no test can change."""
    model, *data = MODELS[kind]
    return pickle.dumps(model.fit(*data))


def fitted(kind):
    """Return a new copy of a fitted model."""
    return pickle.loads(pickled(kind))


class UnusedModule(types.ModuleType):
    """Replaces a module whose functions must not be called."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)

        def fail(*_, **__):
            pytest.fail(f"{self.__name__}.{name} was called")

        return fail


@contextmanager
def refused(error, match):
    """Check that an error is raised before any function of `skrnn.networks` is called."""
    fitted("classifier")  # imports the modules that are replaced below
    names = [name for name in sys.modules if f"{name}.".startswith("skrnn.networks.")]
    modules = {name: sys.modules[name] for name in names}
    sys.modules.update({name: UnusedModule(name) for name in names})
    try:
        with pytest.raises(error, match=f"(?s){match}"):
            yield
    finally:
        sys.modules.update(modules)


def fitted_state(model):
    """Return the attributes of a model that are not its parameters."""
    params = model.get_params()
    return {name: value for name, value in vars(model).items() if name not in params}


@contextmanager
def unchanged(model, sequences):
    """Check that fitted attributes stay the same objects, and predictions the same bits."""
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
    """Return the batch with another sequence at index `i`."""
    return [*batch[:i], sequence, *batch[i + 1 :]]


def with_value(value, dtype=float):
    """Return the sequences with a value at the last time step of one of them."""
    broken = X[3].astype(dtype)
    broken[-1, 1] = value
    return replaced(X, 3, broken)
