"""Small data that a small network learns in a moment, and the parameters of that network."""

import numpy as np
from numpy.testing import assert_array_equal

# Most tests share one architecture, so that its program is compiled once and used again.
TINY = {"cell": "simple", "units": 4, "epochs": 3, "random_state": 0}
LEARNS = {**TINY, "epochs": 30, "learning_rate": 0.05}

# Without what an estimator adds to its recurrent layers by default: for tests that compare it with
# Keras' own layers and optimizers, or with an equation.
PLAIN = {
    "standardize": False,
    "add_differences": False,
    "schedule": "constant",
    "pooling": "last",
}


def labelled(classes=("ant", "bee", "cat"), n=30):
    """Return sequences of different lengths and sorted labels.

    The sequences have two features whose mean depends on the class.
    """
    rng = np.random.default_rng(0)
    levels = np.sort(np.resize(np.arange(len(classes)), n))
    spans = zip(levels, lengths(n, rng), strict=True)
    X = [rng.normal(level, 0.3, (length, 2)) for level, length in spans]
    return X, np.sort(np.asarray(classes))[levels]


def tagged(tags=("down", "up"), n=30):
    """Return sequences of different lengths and a tag for each time step.

    The sequences have two features; the tag depends on the sign of the first one.
    """
    rng = np.random.default_rng(0)
    X = [rng.normal(0, 1, (length, 2)) for length in lengths(n, rng)]
    return X, [np.asarray(tags)[(steps[:, 0] > 0).astype(int)] for steps in X]


def lengths(n, rng):
    """Return lengths between 2 and 6, so that some sequences are of equal length."""
    return rng.integers(2, 7, n)


def assert_same_weights(one, other):
    """Check that two fitted estimators, or two lists of weights, are equal to the last bit."""
    weights, expected = getattr(one, "weights_", one), getattr(other, "weights_", other)
    assert len(weights) == len(expected)
    for weight, expected_weight in zip(weights, expected, strict=True):
        assert_array_equal(weight, expected_weight, strict=True)
