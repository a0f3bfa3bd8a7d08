"""What a fitted forecaster holds, and that a refit replaces it in one step."""

import threading

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skrnn.forecasting import DriftForecaster, PersistenceForecaster, SlidingWindowForecaster


def walk(n_rows=80, n_features=2, seed=0):
    return np.cumsum(np.random.default_rng(seed).normal(size=(n_rows, n_features)), axis=0)


class BlockingRidge(Ridge):
    """Waits in `predict`, so that a test can refit during a forecast."""

    started, resume = threading.Event(), threading.Event()

    def predict(self, X):
        self.started.set()
        assert self.resume.wait(10)
        return super().predict(X)


def test_forecaster_forecast_during_refit():
    old, new = walk(), 1000 + walk(seed=1)[:, :1]
    forecaster = SlidingWindowForecaster(BlockingRidge(), window_length=4, difference=True)
    forecaster.fit(old)
    results = []
    thread = threading.Thread(target=lambda: results.append(forecaster.forecast()))
    thread.start()
    assert BlockingRidge.started.wait(10)
    forecaster.fit(new)
    BlockingRidge.resume.set()
    thread.join(10)
    of_old, of_new = (
        SlidingWindowForecaster(Ridge(), window_length=4, difference=True).fit(X).forecast()
        for X in (old, new)
    )
    assert_array_equal(results[0], of_old)
    assert_array_equal(forecaster.forecast(), of_new)


def test_forecaster_refit_forgets_column_names():
    X = pd.DataFrame(walk(), columns=["a", "b"])
    forecaster = DriftForecaster(calibration_size=0.3).fit(X)
    assert forecaster.target_names_ == ["a", "b"]
    forecaster.set_params(calibration_size=None).fit(X.to_numpy())
    assert not hasattr(forecaster, "feature_names_in_")
    assert forecaster.target_names_ is None
    assert forecaster.residuals_ is None


# --- public fitted attributes ---------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:The level of column")  # a walk leaves the range of its past
@pytest.mark.parametrize("difference", [False, True])
def test_forecaster_residuals(difference):
    X = walk()
    forecaster = SlidingWindowForecaster(
        Ridge(), window_length=4, horizon=3, difference=difference, calibration_size=0.25
    ).fit(X)
    origins = np.arange(59, 77)
    forecasts = forecaster.predict_trajectory(X)[origins]
    truth = X[origins[:, np.newaxis] + [1, 2, 3]]
    assert forecaster.residuals_.shape == (18, 3, 2)
    assert_allclose(forecaster.residuals_, truth - forecasts)
    assert_allclose(forecaster.mean_residuals_, truth[:, 0] - forecaster.target_mean_)
    assert_array_equal(forecaster.predict(X)[0], forecaster.target_mean_)


def test_forecaster_context():
    X = pd.DataFrame(walk(), pd.date_range("2026", periods=80), columns=["a", "b"])
    forecaster = SlidingWindowForecaster(Ridge(), window_length=4, horizon=3, difference=False).fit(
        X
    )
    pd.testing.assert_frame_equal(forecaster.context_, X[-6:], check_freq=False)
    again = forecaster.forecast(X=forecaster.context_)
    pd.testing.assert_frame_equal(again, forecaster.forecast())
    of_array = PersistenceForecaster().fit(X.to_numpy())
    assert_array_equal(of_array.context_, X[-1:])
    of_series = PersistenceForecaster(horizon=2).fit(X["a"])
    pd.testing.assert_series_equal(of_series.context_, X["a"][-2:], check_freq=False)


@pytest.mark.parametrize("in_pandas", [False, True])
def test_forecaster_context_of_several_series(in_pandas):
    X = pd.DataFrame(walk(), pd.date_range("2026", periods=80), columns=["a", "b"])
    many = X.set_index([np.repeat(["u", "v"], 40), X.index])
    if in_pandas:
        forecaster = PersistenceForecaster(horizon=2).fit(many)
        pd.testing.assert_frame_equal(forecaster.context_["u"], X[38:40], check_freq=False)
    else:
        forecaster = PersistenceForecaster(horizon=2).fit([X[:40].to_numpy(), X[40:].to_numpy()])
        assert_array_equal(forecaster.context_[1], X[-2:])


@pytest.mark.parametrize(("targets", "columns"), [(["b"], [1]), (["c", "a"], [2, 0])])
def test_forecaster_target_columns(targets, columns):
    X = pd.DataFrame(walk(n_features=3), columns=["a", "b", "c"])
    forecaster = SlidingWindowForecaster(Ridge(), window_length=4).fit(X, X[targets])
    assert_array_equal(forecaster.target_columns_, columns)
    assert forecaster.target_names_ == targets
    other = SlidingWindowForecaster(Ridge(), window_length=4).fit(X, X["a"] ** 2)
    assert_array_equal(other.target_columns_, [-1])
    known = SlidingWindowForecaster(Ridge(), window_length=4, known_future="b").fit(X)
    assert_array_equal(known.known_future_columns_, [1])
    assert_array_equal(known.target_columns_, [0, 2])
