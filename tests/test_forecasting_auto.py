"""What a forecaster chooses on the training rows, and its warning about levels outside them."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNRegressor, SlidingWindowForecaster
from skrnn.datasets import fetch_airline_passengers
from skrnn.forecasting._trend import CRITICAL_VALUE, kpss_statistic
from skrnn.forecasting._window_length import choose_window_length


def forecaster(**parameters):
    return SlidingWindowForecaster(Ridge(), **{"window_length": 5, **parameters})


def noise(n=200, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 1))


def line(n=200):
    return noise(n) + 0.1 * np.arange(n)[:, np.newaxis]


# --- differences ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [50, 200, 1000])
def test_kpss_statistic_of_noise_and_of_a_walk(n):
    stationary = [kpss_statistic(noise(n, seed)[:, 0]) for seed in range(200)]
    walks = [kpss_statistic(np.cumsum(noise(n, seed))) for seed in range(200)]
    assert np.mean(np.array(stationary) > CRITICAL_VALUE) < 0.08
    # The power of the test grows with the number of rows.
    power = {50: 0.3, 200: 0.65, 1000: 0.9}[n]
    assert np.mean(np.array(walks) > CRITICAL_VALUE) > power


def test_kpss_statistic_equals_its_definition():
    values = np.cumsum(noise(60))
    e, n, n_lags = values - values.mean(), 60, 10
    gamma = [e[k:] @ e[: n - k] / n for k in range(n_lags + 1)]
    variance = gamma[0] + 2 * sum((1 - k / (n_lags + 1)) * gamma[k] for k in range(1, n_lags + 1))
    assert_allclose(kpss_statistic(values), np.sum(np.cumsum(e) ** 2) / n**2 / variance)


@pytest.mark.parametrize("factor", [1e-200, -1.0, 1e200])
def test_kpss_statistic_does_not_depend_on_the_unit(factor):
    values = np.cumsum(noise())
    assert_allclose(kpss_statistic(factor * values), kpss_statistic(values))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e300])
def test_kpss_statistic_constant(value):
    assert kpss_statistic(np.full(77, value)) == 0


@pytest.mark.parametrize(("X", "expected"), [(noise(), False), (line(), True)])
def test_forecaster_difference_auto(X, expected):
    auto = forecaster(horizon=2).fit(X)
    assert_array_equal(auto.difference_, [expected])
    chosen = forecaster(horizon=2, difference=expected).fit(X)
    assert_array_equal(auto.predict(X), chosen.predict(X))
    assert_array_equal(auto.forecast(7), chosen.forecast(7))


def test_forecaster_difference_auto_of_each_target():
    X = np.hstack([line(), noise(seed=1)])
    auto = forecaster(horizon=2).fit(X)
    assert_array_equal(auto.difference_, [True, False])
    # Each target alone has the same training targets.
    changes = np.diff(X[:, 0], prepend=X[0, 0])
    windows = np.lib.stride_tricks.sliding_window_view(
        np.column_stack([changes, X[:, 1]]), 5, axis=0
    ).transpose(0, 2, 1)
    windows, ends = windows[1:-2].reshape(193, -1), np.arange(5, 198)
    for column, last in ((0, X[ends, 0]), (1, 0)):
        y = np.column_stack([X[ends + step, column] - last for step in (1, 2)])
        made = Ridge().fit(windows, y).predict(windows) + np.reshape(last, (-1, 1))
        assert_allclose(auto.predict_trajectory(X)[5:198, :, column], made, rtol=1e-9)


def test_forecaster_difference_auto_sees_training_rows_only():
    X = np.concatenate([noise(150), noise(50) + 2])
    assert forecaster().fit(X).difference_.all()
    assert not forecaster(calibration_size=0.25).fit(X).difference_.any()


def test_forecaster_difference_auto_of_several_series():
    assert forecaster().fit([line(), line(80), noise()]).difference_.all()
    assert not forecaster().fit([line(), noise(80), noise()]).difference_.any()


def test_forecaster_difference_auto_is_not_for_other_targets():
    X = line()
    assert not forecaster().fit(X, X[:, 0] ** 2).difference_.any()
    assert_array_equal(forecaster().fit(X, np.hstack([X**2, X])).difference_, [False, True])


def test_forecaster_difference_auto_is_not_for_transformed_targets():
    logs = TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp)
    X = np.exp(line() / 10)
    inside = SlidingWindowForecaster(make_pipeline(StandardScaler(), logs), window_length=5).fit(X)
    assert not inside.difference_.any()
    assert np.isfinite(inside.forecast()).all()


def test_forecaster_difference_auto_short_series():
    X = np.arange(19.0)[:, np.newaxis]
    assert not forecaster().fit(X).difference_.any()
    assert not forecaster(window_length=20).fit(np.arange(21.0)[:, np.newaxis]).difference_.any()


def test_forecaster_difference_auto_with_missing_values():
    trees = SlidingWindowForecaster(HistGradientBoostingRegressor(max_iter=2), window_length=4)
    X = line()
    missing = X.copy()
    missing[50] = np.nan
    assert not trees.fit(missing, X[:, 0]).difference_.any()
    assert np.isfinite(trees.predict(missing)).all()
    assert trees.fit(X).difference_.all()
    with pytest.raises(ValueError, match="Input X contains NaN"):
        trees.predict(missing)


def test_forecaster_default_on_airline_passengers(need_data):
    need_data("series")
    passengers = fetch_airline_passengers().data
    # The default regressor, with a seed.
    model = SlidingWindowForecaster(RNNRegressor(random_state=0)).fit(passengers[:-12])
    assert model.difference_.all()
    assert model.window_length_ == 24
    assert mean_absolute_error(passengers[-12:], model.forecast(12)) < 20


# --- the length of windows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freq", "length"),
    {
        "MS": 24,
        "ME": 24,
        "2MS": 24,
        "QS": 20,
        "QE": 20,
        "YS": 20,
        "W": 52,
        "7D": 52,
        "D": 21,
        "B": 20,
        "h": 24,
        "30min": 48,
        "3h": 24,
        "1min": 20,
        "7h": 20,
    }.items(),
)
def test_forecaster_window_length_auto(freq, length):
    index = pd.date_range("2020-01-01", periods=200, freq=freq)
    X = pd.Series(noise()[:, 0], index=index)
    assert forecaster(window_length="auto").fit(X).window_length_ == length


def test_forecaster_window_length_auto_of_other_indexes():
    auto = forecaster(window_length="auto")
    months = pd.period_range("2020-01", periods=200, freq="M")
    assert auto.fit(pd.Series(noise()[:, 0], index=months)).window_length_ == 24
    assert auto.fit(noise()).window_length_ == 20
    assert auto.fit(noise(30)).window_length_ == 9
    assert auto.fit([noise(200), noise(5)]).window_length_ == 1


def test_forecaster_window_length_auto_holds_known_future():
    X = np.hstack([noise(), noise(seed=1)])
    auto = forecaster(window_length="auto", horizon=30, known_future=[1]).fit(X)
    assert auto.window_length_ == 30


@pytest.mark.parametrize("n_rows", range(3, 200, 7))
def test_choose_window_length_leaves_windows(n_rows):
    length = choose_window_length(None, n_rows, 1)
    assert 1 <= length <= 20
    assert length == 1 or n_rows - length - 1 >= length


# --- levels outside the training rows -------------------------------------------------------------


@pytest.mark.parametrize("method", ["predict", "predict_trajectory", "score", "forecast"])
def test_forecaster_warns_about_levels(method):
    X = pd.DataFrame(noise(), columns=["load"])
    levels = forecaster().fit(X)
    after = X + 100
    with pytest.warns(UserWarning, match="level of column 'load' is far outside .* expected -"):
        getattr(levels, method)(X=after)
    changes = forecaster(difference=True).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(levels, method)(X=X)
        getattr(changes, method)(X=after)


def test_forecaster_warns_about_levels_of_covariates():
    X = np.hstack([line(), noise()])
    changes = forecaster().fit(X, X[:, 0])
    assert changes.difference_.all()
    X[100:, 1] = -50
    with pytest.warns(UserWarning, match="level of column 1 is far outside"):
        changes.predict(X)


def test_forecaster_backtest_warns_about_levels():
    with pytest.warns(UserWarning, match="level of column 0 is far outside"):
        forecaster(difference=False).backtest(line(), cv=3)
