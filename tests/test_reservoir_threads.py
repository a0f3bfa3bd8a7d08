"""Reservoirs with another number of BLAS threads are equal up to rounding, as the docs state."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from skrnn import EchoStateClassifier, EchoStateRegressor

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 12)) for n in RNG.integers(5, 30, 100)]
SUMS = np.array([x[-1, 0] for x in X])


@pytest.mark.parametrize(
    ("model", "y", "method"),
    [
        (EchoStateRegressor(units=200, random_state=0), SUMS, "predict"),
        (EchoStateClassifier(units=200, random_state=0), SUMS > 0, "predict_proba"),
    ],
)
def test_echo_state_number_of_threads(model, y, method):
    made = []
    for n_threads in (1, 1, 2):
        with threadpool_limits(n_threads):
            made.append(getattr(model.fit(X, y), method)(X))
    assert_array_equal(made[0], made[1])
    assert_allclose(made[2], made[0], rtol=1e-9, atol=1e-9)
