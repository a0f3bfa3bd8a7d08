"""Intervals, errors by horizon, and baselines."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit

from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
)

# Random walks often leave the range of their training rows, about which forecasters warn.
pytestmark = pytest.mark.filterwarnings("ignore:The level of column:UserWarning")


def walk(n_rows=100, n_features=2, seed=0):
    return np.cumsum(np.random.default_rng(seed).normal(size=(n_rows, n_features)), axis=0)


def ridge(**parameters):
    return SlidingWindowForecaster(
        Ridge(), **{"window_length": 4, "difference": False, **parameters}
    )


# --- intervals ------------------------------------------------------------------------------------


@given(
    coverage=st.sampled_from([0.2, 0.5, 0.8, 0.9]),
    calibration_size=st.sampled_from([0.2, 0.3, 0.55]),
    horizon=st.integers(1, 4),
)
def test_intervals_half_widths_are_order_statistics(coverage, calibration_size, horizon):
    X = walk()
    forecaster = PersistenceForecaster(horizon=horizon, calibration_size=calibration_size).fit(X)
    n_held_out = round(100 * calibration_size)
    origins = range(100 - n_held_out - 1, 100 - horizon)
    widths = []
    for step in range(1, horizon + 1):
        residuals = np.sort([np.abs(X[t + step] - X[t]) for t in origins], axis=0)
        widths.append(residuals[math.ceil((len(residuals) + 1) * coverage) - 1])
    lower, upper = forecaster.forecast_interval(coverage=coverage)
    assert_allclose((upper - lower) / 2, widths)
    assert_allclose((upper + lower) / 2, forecaster.forecast())
    lower, upper = forecaster.predict_interval(X, coverage=coverage)
    assert_allclose((upper - lower)[horizon:] / 2, np.tile(widths[-1], (100 - horizon, 1)))
    assert_allclose((upper + lower) / 2, forecaster.predict(X), atol=1e-12)
    # Rows that get the mean have the residuals of the mean.
    mean = forecaster.predict(X)[0]
    residuals = np.sort([np.abs(X[t + 1] - mean) for t in origins], axis=0)
    width = residuals[math.ceil((len(residuals) + 1) * coverage) - 1]
    assert_allclose((upper - lower)[:horizon] / 2, np.tile(width, (horizon, 1)))


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_predict_interval_coverage(strategy, coverage):
    X = np.random.default_rng(0).standard_t(4, size=(6000, 1))
    forecaster = ridge(horizon=2, strategy=strategy, calibration_size=0.5).fit(X[:4000])
    lower, upper = forecaster.predict_interval(X[4000:], coverage=coverage)
    covered = np.mean((lower <= X[4000:]) & (X[4000:] <= upper))
    assert covered == pytest.approx(coverage, abs=0.03)


def test_forecast_interval_of_random_walk():
    X = walk(4000, 1)
    forecaster = ridge(horizon=9, difference=True, calibration_size=0.5).fit(X)
    lower, upper = forecaster.forecast_interval()
    widths = (upper - lower).ravel()
    assert (np.diff(widths) > 0).all()
    assert widths[8] / widths[0] == pytest.approx(3, rel=0.15)


def test_forecast_interval_grows_with_coverage():
    forecaster = ridge(calibration_size=0.5).fit(walk())
    widths = [np.subtract(*forecaster.forecast_interval(coverage=c)[::-1]) for c in (0.3, 0.6, 0.9)]
    assert (np.diff(widths, axis=0) > 0).all()


def test_forecast_interval_ignores_missing_targets():
    X = walk()
    y = X.copy()
    y[80:90] = np.nan
    forecaster = PersistenceForecaster(calibration_size=0.3).fit(pd.DataFrame(X), pd.DataFrame(y))
    lower, upper = forecaster.forecast_interval(coverage=0.5)
    residuals = np.abs(np.diff(X, axis=0))[69:]
    residuals = np.sort(np.delete(residuals, np.arange(80, 90) - 70, axis=0), axis=0)
    assert_allclose((upper - lower).iloc[0] / 2, residuals[math.ceil(21 * 0.5) - 1])


@pytest.mark.parametrize(("n_held_out", "coverage", "enough"), [(9, 0.9, 9), (19, 0.95, 19)])
def test_predict_interval_too_few_residuals(n_held_out, coverage, enough):
    X = walk()
    PersistenceForecaster(calibration_size=n_held_out / 100 + 1e-9).fit(X).predict_interval(
        X, coverage=coverage
    )
    forecaster = PersistenceForecaster(calibration_size=n_held_out / 100 - 1e-9).fit(X)
    with pytest.raises(ValueError, match=f"at least {enough} held-out.*got {n_held_out - 1};"):
        forecaster.predict_interval(X, coverage=coverage)


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 2, np.nan])
def test_forecaster_invalid_coverage(coverage):
    fitted = ridge(horizon=2, calibration_size=0.3).fit(walk())
    with pytest.raises(ValueError, match="coverage must be between 0 and 1"):
        fitted.predict_interval(walk(), coverage=coverage)
    with pytest.raises(ValueError, match="coverage must be between 0 and 1"):
        fitted.forecast_interval(coverage=coverage)


def test_forecaster_intervals_need_calibration_size():
    with pytest.raises(ValueError, match="set calibration_size"):
        ridge(horizon=2).fit(walk()).predict_interval(walk())
    with pytest.raises(ValueError, match=r"calibration_size=0.01 holds out no forecast"):
        ridge(horizon=2, calibration_size=0.01).fit(walk())
    with pytest.raises(ValueError, match=r"No row is left .*calibration_size=0.99 holds out"):
        ridge(horizon=2, calibration_size=0.99).fit(walk())
    fitted = ridge(horizon=2, calibration_size=0.2).fit(walk())
    with pytest.raises(ValueError, match=r"coverage=0.99 needs at least 99 held-out .*got 19"):
        fitted.forecast_interval(coverage=0.99)
    with pytest.raises(ValueError, match=r"n_steps=3: .*horizon=2"):
        fitted.forecast_interval(3)


# --- errors by horizon ----------------------------------------------------------------------------


def trajectories_by_hand(forecaster, X, y, train, horizon):
    """Return the forecasts from each row of X, without the methods of the forecaster."""
    if isinstance(forecaster, PersistenceForecaster):
        return np.repeat(X[:, 1:], horizon, axis=1)
    length = forecaster.window_length
    padded = np.vstack([np.repeat(X[:1], length - 1, axis=0), X])
    windows = np.array([padded[t : t + length].ravel() for t in range(len(X))])
    ends = np.arange(length - 1, len(train) - horizon)
    targets = np.column_stack([y[ends + step] for step in range(1, horizon + 1)])
    known = ~np.isnan(targets).any(axis=1)
    model = Ridge().fit(windows[ends[known]], targets[known])
    return model.predict(windows).reshape(len(X), horizon)


def errors_by_hand(forecaster, X, y, cv, horizon):
    """Return the errors of all forecasts of test rows, with a loop over origins and steps."""
    table = []
    for fold, (train, test) in enumerate(cv.split(X)):
        trajectories = trajectories_by_hand(forecaster, X, y, train, horizon)
        for step in range(1, horizon + 1):
            residuals = [
                trajectories[t, step - 1] - y[t + step]
                for t in range(len(X) - step)
                if t + step in test and not set(train) & set(range(t + 1, t + step))
            ]
            residuals = np.array(residuals)[~np.isnan(residuals)]
            rmse = np.sqrt(np.mean(residuals**2))
            table.append([fold, step, np.mean(np.abs(residuals)), rmse, len(residuals)])
    return table


@pytest.mark.parametrize("make", [ridge, PersistenceForecaster])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("has_missing", [False, True])
def test_backtest_equals_a_loop(make, horizon, has_missing):
    X = walk()
    y = X[:, 1].copy()
    if has_missing:
        y[[30, 55, 56, 90, 99]] = np.nan
    forecaster = make(horizon=horizon)
    for cv in (TimeSeriesSplit(3), TimeSeriesSplit(2, gap=2, test_size=10)):
        table = forecaster.backtest(X, y, cv=cv)
        assert list(table.columns) == ["fold", "step", "mae", "rmse", "n"]
        assert_allclose(table.to_numpy(), errors_by_hand(forecaster, X, y, cv, horizon), rtol=1e-9)
    assert not hasattr(forecaster, "n_features_in_")


def test_backtest_of_several_targets():
    X = walk()
    table = PersistenceForecaster().backtest(X, cv=2)
    for fold, rows in enumerate([slice(34, 67), slice(67, 100)]):
        changes = np.diff(X, axis=0)[rows.start - 1 : rows.stop - 1]
        assert table["mae"][fold] == pytest.approx(np.abs(changes).mean())
        assert table["rmse"][fold] == pytest.approx(np.sqrt((changes**2).mean()))
        assert table["n"][fold] == 66


def test_backtest_series_id():
    X, groups = walk(), np.tile(["a", "b"], 50)
    table = PersistenceForecaster(horizon=2).backtest(X, cv=TimeSeriesSplit(2), series_id=groups)
    changes = [np.abs(X[2 * step :] - X[: -2 * step]) for step in (1, 2)]
    # The row two steps before the first test row of a series is a training row.
    last = [changes[0][-33:].mean(), changes[1][-31:].mean()]
    assert_allclose(table["mae"][2:], last)
    assert table["n"].tolist() == [66, 62, 66, 62]


def test_backtest_gaps():
    X = pd.DataFrame(walk(), index=pd.date_range("2026", periods=100, freq="h"))
    X = X.drop(X.index[80:83])
    table = PersistenceForecaster(horizon=2).backtest(X, cv=TimeSeriesSplit(2, test_size=30))
    assert table["n"].tolist() == [60, 58, 58, 54]


def test_backtest_fold_without_targets():
    X = walk()
    y = X[:, 0].copy()
    y[70:] = np.nan
    table = ridge().backtest(X, y, cv=TimeSeriesSplit(3, test_size=15))
    assert table["n"].tolist() == [15, 0, 0]
    assert table["mae"].isna().tolist() == [False, True, True]


# --- baselines ------------------------------------------------------------------------------------


@given(horizon=st.integers(1, 9), period=st.integers(1, 6))
def test_baselines_equal_numpy(horizon, period):
    X = walk()
    drift = (X[-1] - X[0]) / 99
    steps = np.arange(1, 21)
    expected = {
        PersistenceForecaster(horizon=horizon): (
            X[:-horizon],
            np.tile(X[-1], (20, 1)),
        ),
        DriftForecaster(horizon=horizon): (
            X[:-horizon] + horizon * drift,
            X[-1] + np.outer(steps, drift),
        ),
    }
    for forecaster, (at_rows, after) in expected.items():
        forecaster.fit(X)
        assert_allclose(forecaster.predict(X)[horizon:], at_rows, rtol=1e-9)
        assert_allclose(forecaster.forecast(20), after, rtol=1e-9)
    seasonal = SeasonalNaiveForecaster(period, horizon=horizon).fit(X)
    ago = period * math.ceil(horizon / period)
    assert_array_equal(seasonal.predict(X)[ago + period :], X[period:-ago])
    assert_array_equal(seasonal.forecast(20), X[100 - period + (steps - 1) % period])


@pytest.mark.parametrize("horizon", [1, 3])
def test_drift_is_the_slope_of_training_rows(horizon):
    X = walk()
    assert_allclose(DriftForecaster(horizon=horizon).fit(X).drift_, (X[-1] - X[0]) / 99)
    held_out = DriftForecaster(horizon=horizon, calibration_size=0.2).fit(X)
    assert_allclose(held_out.drift_, (X[79] - X[0]) / 79)
    of_two = DriftForecaster(horizon=horizon).fit([X[:40], X[40:]])
    changes = X[39] - X[0] + X[99] - X[40]
    assert_allclose(of_two.drift_, changes / 98)


@pytest.mark.parametrize(
    "forecaster", [PersistenceForecaster(), SeasonalNaiveForecaster(5), DriftForecaster()]
)
def test_baselines_targets_and_n_steps(forecaster):
    X = walk()
    one, all_ = clone(forecaster).fit(X, X[:, 1]), clone(forecaster).fit(X)
    assert_allclose(one.forecast(30), all_.forecast(30)[:, 1])
    assert_allclose(one.predict(X), all_.predict(X)[:, 1])
    with pytest.raises(ValueError, match="needs the past values of every target"):
        clone(forecaster).fit(X, X[:, 1] ** 2)


def test_seasonal_naive_of_period_one_is_persistence():
    X = walk()
    seasonal = SeasonalNaiveForecaster(1, horizon=3).fit(X)
    assert_array_equal(seasonal.predict(X), PersistenceForecaster(horizon=3).fit(X).predict(X))
