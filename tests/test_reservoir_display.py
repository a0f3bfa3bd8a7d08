"""ReservoirDisplay: its panels, and the estimators that it accepts."""

import matplotlib as mpl
import numpy as np
import pytest
from echo_state_data import NOISE, seeded_reservoir
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import EchoStateRegressor
from skrnn.inspection import ReservoirDisplay

mpl.use("Agg")


def test_reservoir_display_panels():
    fitted = seeded_reservoir(layers=2).fit([NOISE])
    display = ReservoirDisplay.from_estimator(fitted, [NOISE[:40]], n_units=7, max_delay=12)
    assert len(display.ax_) == 3
    assert display.states.shape == (40, 7)
    assert display.memory.shape == (12,)
    eigenvalues = np.sort(np.abs(display.eigenvalues))
    assert len(eigenvalues) == 120
    assert_allclose(eigenvalues[-1], 0.9)
    assert display.figure_ is display.ax_[0].figure
    assert len(ReservoirDisplay.from_estimator(fitted).ax_) == 1
    mpl.pyplot.close("all")


def test_reservoir_display_of_a_pipeline():
    model = make_pipeline(
        StandardScaler(), EchoStateRegressor(units=30, rows="steps", random_state=0)
    )
    with pytest.raises(NotFittedError):
        ReservoirDisplay.from_estimator(model)
    model.fit(NOISE[:-1], NOISE[1:, 0])
    display = ReservoirDisplay.from_estimator(model, [NOISE[:20]])
    assert display.states.shape == (20, 20)
    states = model[-1].reservoir_.transform([NOISE[:20]])[0]
    assert_array_equal(states, model[-1].hidden_states(NOISE[:20], return_sequences=True))
    mpl.pyplot.close("all")


def test_reservoir_display_without_arrays():
    with pytest.raises(ValueError, match="nothing to plot"):
        ReservoirDisplay().plot()
    with pytest.raises(ValueError, match="StandardScaler has no reservoir"):
        ReservoirDisplay.from_estimator(StandardScaler().fit(NOISE))


def test_reservoir_display_of_a_custom_matrix():
    matrix = sparse.random_array((40, 40), density=0.2, rng=np.random.default_rng(0))
    fitted = seeded_reservoir(units=40, topology=matrix).fit([NOISE])
    display = ReservoirDisplay.from_estimator(fitted, max_delay=5)
    assert_allclose(np.abs(display.eigenvalues).max(), 0.9)
    mpl.pyplot.close("all")
