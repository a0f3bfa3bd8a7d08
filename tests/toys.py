"""Small data that a small network learns in a moment, and the small network."""

import numpy as np
from numpy.testing import assert_array_equal

__all__ = ["LEARNS", "TINY", "assert_same_weights", "labelled", "lengths", "tagged"]

# One architecture for most tests: a program is compiled once and leased again.
TINY = {"cell": "simple", "units": 4, "epochs": 3, "random_state": 0}
LEARNS = {**TINY, "epochs": 20, "learning_rate": 0.05}


def labelled(classes=("ant", "bee", "cat"), n=30):
    """Return ragged sequences of two features whose level tells their class, and sorted labels."""
    rng = np.random.default_rng(0)
    levels = np.sort(np.resize(np.arange(len(classes)), n))
    spans = zip(levels, lengths(n, rng), strict=True)
    X = [rng.normal(level, 0.3, (length, 2)) for level, length in spans]
    return X, np.sort(np.asarray(classes))[levels]


def tagged(tags=("down", "up"), n=30):
    """Return ragged sequences of two features, and a tag for each step: the first one's sign."""
    rng = np.random.default_rng(0)
    X = [rng.normal(0, 1, (length, 2)) for length in lengths(n, rng)]
    return X, [np.asarray(tags)[(steps[:, 0] > 0).astype(int)] for steps in X]


def lengths(n, rng):
    """Return lengths of which some are shared and some are not."""
    return rng.integers(2, 7, n)


def assert_same_weights(one, other):
    """Check that two fitted estimators are equal to the last bit."""
    assert len(one.weights_) == len(other.weights_)
    for weight, expected in zip(one.weights_, other.weights_, strict=True):
        assert_array_equal(weight, expected, strict=True)
