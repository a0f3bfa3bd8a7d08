"""Weights and activations that lead to states that are not finite, each with its own error."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from skrnn import EchoStateRegressor
from skrnn.reservoir import Reservoir

UNITS = 10
ROWS = np.random.default_rng(0).normal(size=(40, 2))
FULL = np.random.default_rng(1).normal(size=(UNITS, UNITS))


@pytest.mark.parametrize("scale", [1e300, 1e-300])
@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_array])
def test_reservoir_topology_of_extreme_weights(scale, convert):
    def weights(matrix):
        return (
            Reservoir(units=UNITS, topology=matrix, random_state=0, dtype="float64")
            .fit([ROWS])
            .layers_[0]
            .recurrent_weights
        )

    extreme, usual = weights(convert(FULL * scale)), weights(convert(FULL))
    if sparse.issparse(usual):
        extreme, usual = extreme.toarray(), usual.toarray()
    assert_allclose(extreme, usual, rtol=1e-9)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"topology": FULL * 1e300, "spectral_radius": None}, "topology and spectral_radius"),
        ({"spectral_radius": 1e60}, "topology and spectral_radius .* dtype='float32'"),
        ({"input_scaling": 1e60}, "input_weights and input_scaling"),
        ({"bias_scaling": 1e60}, "bias_scaling"),
        ({"topology": np.full((UNITS, UNITS), np.nan)}, "topology contains NaN"),
        ({"activation": lambda x: x * np.nan}, "activation must return finite numbers"),
        ({"activation": lambda x: x[:, np.newaxis]}, r"shape \(5,\), got \(5, 1\)"),
        ({"activation": np.sum}, r"activation must return an array .*got \(\)"),
        ({"activation": lambda x: x.astype(str)}, "activation must return finite numbers"),
    ],
)
def test_reservoir_weights_that_are_not_finite(parameters, message):
    with pytest.raises(ValueError, match=message):
        Reservoir(units=UNITS, random_state=0, **parameters).fit([ROWS])


@pytest.mark.parametrize(
    ("activation", "radius", "scale", "message"),
    [
        ("relu", 9.0, 1.0, "grow without bound with activation='relu'"),
        ("tanh", 0.9, 1e200, "although activation='tanh' is bounded"),
    ],
)
def test_echo_state_states_that_are_not_finite(activation, radius, scale, message):
    X = np.tile(ROWS, (20, 1)) * scale
    reservoir = Reservoir(
        units=UNITS, activation=activation, spectral_radius=radius, dtype="float64", random_state=0
    )
    with pytest.raises(ValueError, match=message):
        EchoStateRegressor(
            reservoir=reservoir, rows="steps", input_scaling=1.0, alpha=1e-6, standardize=False
        ).fit(X, X[:, 0])


def test_echo_state_rows_in_disorder():
    table = pd.DataFrame(ROWS, columns=["a", "b"])
    target = table["a"]
    model = EchoStateRegressor(units=UNITS, rows="steps", random_state=0).fit(table, target)
    for call in (
        lambda: model.fit(table[::-1], target),
        lambda: model.predict(table[::-1]),
        lambda: model.partial_fit(table[::-1], target),
    ):
        with pytest.raises(ValueError, match="X must be sorted by time"):
            call()
    for call in (lambda: model.fit(table, target[::-1]), lambda: model.score(table, target[::-1])):
        with pytest.raises(ValueError, match="y must be sorted by time"):
            call()
    several = table.set_axis(pd.MultiIndex.from_product([["u", "v"], range(20)]))
    with pytest.raises(ValueError, match="X must be one series, got 2 in a MultiIndex"):
        model.fit(several, target)
