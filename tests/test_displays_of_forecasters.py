"""Displays of fitted forecasters: over time, in the plane, and errors by horizon."""

import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pictures import ARRAY, LOAD, TABLE, assert_drawn, drawn, labels
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
)
from skrnn.inspection import ForecastDisplay, HorizonErrorDisplay, TrajectoryDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


class Fake:
    """A fake fitted forecaster that stores the arguments of its methods."""

    def __init__(self, forecast):
        self.result = forecast

    def forecast(self, n_steps=None, X=None, *, X_future=None):
        self.arguments = {"n_steps": n_steps, "X": X, "X_future": X_future}
        return self.result

    def forecast_interval(self, n_steps=None, X=None, *, coverage=0.9, X_future=None):
        self.coverage = coverage
        return self.result - 1, self.result + 1

    def backtest(self, X, y=None, *, cv=None, series_id=None):
        self.arguments = {"X": X, "y": y, "cv": cv, "series_id": series_id}
        return self.result


def test_forecast_display_from_estimator_arguments():
    fake, future = Fake(LOAD[60:65]), object()
    _, ax = plt.subplots()
    display = ForecastDisplay.from_estimator(
        fake,
        5,
        X=LOAD[:60],
        X_future=future,
        truth=LOAD,
        coverage=0.8,
        n_history=7,
        ax=ax,
        name="mine",
        color="green",
    )
    assert fake.arguments["n_steps"] == 5
    assert fake.arguments["X"].equals(LOAD[:60])
    assert fake.arguments["X_future"] is future
    assert fake.coverage == 0.8
    assert display.ax_ is ax
    assert labels(ax) == ["history", "truth", "mine", "mine, 80 % interval"]
    assert_drawn(display, "history", LOAD[53:60])
    assert_drawn(display, "forecast", LOAD[60:65])
    assert display.lines_["forecast"][0].get_color() == "green"


def test_forecast_display_from_estimator():
    forecaster = SlidingWindowForecaster(
        Ridge(), window_length=5, horizon=4, calibration_size=0.5
    ).fit(TABLE[:60], TABLE[["load"]][:60])
    display = ForecastDisplay.from_estimator(forecaster, history=TABLE, truth=TABLE, coverage=0.8)
    assert_drawn(display, "history", LOAD[30:60])
    assert_drawn(display, "truth", LOAD[60:64])
    assert_drawn(display, "forecast", forecaster.forecast()["load"])
    lower, _ = forecaster.forecast_interval(coverage=0.8)
    assert_allclose(display.band_[0].get_paths()[0].vertices[:, 1].min(), lower["load"].min())


@pytest.mark.parametrize("as_targets", [False, True])
@pytest.mark.parametrize("make", [pd.DataFrame, np.asarray])
def test_forecast_display_target_columns(make, as_targets):
    X = make(TABLE)
    rows = ARRAY[:, [2, 0]] if as_targets else X
    forecaster = SlidingWindowForecaster(LinearRegression(), window_length=3, horizon=2)
    forecaster.fit(X[:60], ARRAY[:60, [2, 0]])
    display = ForecastDisplay.from_estimator(
        forecaster, X=X[:60], history=rows[:60], truth=rows[60:]
    )
    alone = ForecastDisplay.from_estimator(forecaster, X=X[:60])
    for panel, column in enumerate([2, 0]):
        for each in (display, alone):
            assert_array_equal(drawn(each, "history", panel)[1], ARRAY[30:60, column])
        assert_array_equal(drawn(display, "truth", panel)[1], ARRAY[60:62, column])


def test_forecast_display_targets_that_are_not_columns():
    y = ARRAY.sum(axis=1)
    forecaster = SlidingWindowForecaster(LinearRegression(), window_length=3).fit(ARRAY, y)
    display = ForecastDisplay.from_estimator(forecaster, X=ARRAY[:60])
    assert list(display.lines_) == ["forecast"]
    display = ForecastDisplay.from_estimator(forecaster, X=ARRAY[:60], history=y[:60])
    assert_array_equal(drawn(display, "history")[1], y[30:60])


def test_forecast_display_one_of_several_series():
    forecaster = PersistenceForecaster(horizon=3).fit([ARRAY[:60, :1], ARRAY[:60, 1:2]])
    with pytest.raises(ValueError, match=r"one series, got a list of several.*as X"):
        ForecastDisplay.from_estimator(forecaster)
    display = ForecastDisplay.from_estimator(forecaster, X=ARRAY[:50, :1])
    assert_array_equal(drawn(display, "forecast")[1], [ARRAY[49, 0]] * 3)


DISPLAYS = {
    ForecastDisplay: (),
    TrajectoryDisplay: (),
    HorizonErrorDisplay: (TABLE[["load", "wind"]],),
}


@pytest.mark.parametrize(("display", "arguments"), DISPLAYS.items())
def test_displays_from_search_and_invalid_estimators(display, arguments):
    X = TABLE[["load", "wind"]]
    search = GridSearchCV(
        SlidingWindowForecaster(Ridge(), horizon=2, initial_context="fit_end"),
        {"window_length": [3, 5]},
        cv=TimeSeriesSplit(2),
    )
    with pytest.raises(NotFittedError):
        display.from_estimator(search, *arguments)
    search.fit(X, X)
    assert display.from_estimator(search, *arguments).figure_ is not None
    with pytest.raises(ValueError, match=r"LinearRegression has no (forecast|backtest) to plot"):
        display.from_estimator(LinearRegression().fit(X, X), *arguments)
    with pytest.raises(ValueError, match=r"Pipeline has no .* would skip the transformers"):
        display.from_estimator(make_pipeline(StandardScaler(), search.best_estimator_), *arguments)
    transformed = TransformedTargetRegressor(search.best_estimator_, transformer=StandardScaler())
    with pytest.raises(ValueError, match=r"has no .* on the transformed scale"):
        display.from_estimator(transformed.fit(X, X), *arguments)
    if display is not HorizonErrorDisplay:
        with pytest.raises(NotFittedError):
            display.from_estimator(PersistenceForecaster(), *arguments)


@pytest.mark.parametrize(
    "display",
    [
        ForecastDisplay(forecast=[1.0]),
        TrajectoryDisplay(forecast=[[1.0, 2.0]]),
        HorizonErrorDisplay(errors={}),
    ],
    ids=lambda display: type(display).__name__,
)
def test_displays_without_matplotlib(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    name = type(display).__name__
    with pytest.raises(ImportError, match=rf"{name}\.plot needs matplotlib"):
        display.plot()
    with pytest.raises(ImportError, match=rf"{name}\.from_estimator needs matplotlib"):
        display.from_estimator(Fake(None), TABLE)


# --- TrajectoryDisplay ----------------------------------------------------------------------------


def test_trajectory_display_lines():
    path = ARRAY[:, :2]
    display = TrajectoryDisplay(forecast=path[60:70], truth=path[60:80], history=path[:60]).plot()
    expected = {"history": path[40:60], "truth": path[60:80], "forecast": path[60:70]}
    assert list(display.lines_) == list(expected)
    for part, points in expected.items():
        assert_array_equal(display.lines_[part].get_xydata(), points)
    assert display.lines_["truth"].get_linestyle() == "-"
    assert display.lines_["forecast"].get_linestyle() == "--"
    marks = [line.get_xydata()[0] for line in display.ax_.lines if len(line.get_xydata()) == 1]
    assert_array_equal(marks, path[[60, 79, 60, 69]])
    assert display.ax_.get_aspect() == 1
    assert labels(display.ax_) == ["history", "truth", "start", "end", "forecast"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("x", "y")
    assert display.figure_ is display.ax_.figure


def test_trajectory_display_column_names():
    forecast = TABLE[["wind", "heat"]][60:70]
    display = TrajectoryDisplay(forecast=forecast, truth=TABLE[60:]).plot()
    assert_array_equal(display.lines_["truth"].get_xydata(), ARRAY[60:, [2, 0]])
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("wind", "heat")


def test_trajectory_display_shared_axes():
    figure, axes = plt.subplots(1, 2, sharex=True, sharey=True)
    for ax in axes:
        TrajectoryDisplay(forecast=ARRAY[:, :2] * [1, 9]).plot(ax)
    figure.canvas.draw()
    assert axes[0].get_xlim() == axes[1].get_xlim()


def test_trajectory_display_two_on_the_same_axes():
    path = ARRAY[:, :2]
    first = TrajectoryDisplay(forecast=path, truth=path, name="GRU").plot()
    second = TrajectoryDisplay(forecast=path + 1, name="Ridge").plot(first.ax_, lw=3)
    assert second.lines_["forecast"].get_color() != first.lines_["forecast"].get_color()
    assert second.lines_["forecast"].get_linewidth() == 3
    assert labels(first.ax_) == ["truth", "start", "end", "GRU", "Ridge"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"forecast": ARRAY}, "forecast must have two columns, for a path in the plane; got 3"),
        ({"forecast": LOAD}, r"got 1\. ForecastDisplay draws any number"),
        ({"truth": ARRAY}, r"truth must have the columns of forecast: got 3 column\(s\)"),
        ({"history": LOAD}, r"history must have the columns of forecast: got 1 column\(s\)"),
        ({"forecast": [ARRAY[:, :2]]}, "forecast must be one series"),
    ],
)
def test_trajectory_display_invalid_data(given, message):
    with pytest.raises(ValueError, match=message):
        TrajectoryDisplay(**{"forecast": ARRAY[:, :2], **given}).plot()
    assert plt.get_fignums() == []


def test_trajectory_display_from_estimator_arguments():
    path = ARRAY[:, :2]
    fake = Fake(path[60:65])
    display = TrajectoryDisplay.from_estimator(
        fake, 5, X=path[:60], X_future="plan", truth=path[60:], n_history=4, name="GRU"
    )
    assert fake.arguments["n_steps"] == 5
    assert fake.arguments["X"] is not None
    assert fake.arguments["X_future"] == "plan"
    assert_array_equal(display.lines_["history"].get_xydata(), path[56:60])
    assert_array_equal(display.lines_["truth"].get_xydata(), path[60:65])
    assert_array_equal(display.lines_["forecast"].get_xydata(), path[60:65])
    assert "GRU" in labels(display.ax_)


def test_trajectory_display_from_estimator():
    forecaster = DriftForecaster().fit(TABLE[["load", "wind"]])
    display = TrajectoryDisplay.from_estimator(forecaster, 9)
    assert_array_equal(display.lines_["forecast"].get_xydata(), forecaster.forecast(9))
    with pytest.raises(ValueError, match="forecast must have two columns"):
        TrajectoryDisplay.from_estimator(DriftForecaster().fit(TABLE), 9)


# --- HorizonErrorDisplay --------------------------------------------------------------------------


def make_errors(n_folds=3, horizon=4, seed=0):
    values = np.random.default_rng(seed).uniform(1, 2, size=(2, n_folds * horizon))
    keys = {
        "fold": np.repeat(np.arange(n_folds), horizon),
        "step": [*range(1, horizon + 1)] * n_folds,
    }
    return pd.DataFrame({**keys, "mae": values[0], "rmse": values[1], "n": 10})


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_horizon_error_display_mean_and_deviation(metric):
    errors = make_errors()
    display = HorizonErrorDisplay(errors=errors, name="GRU").plot(metric=metric)
    folds = errors[metric].to_numpy().reshape(3, 4)
    assert_array_equal(display.lines_["GRU"].get_xdata(), [1, 2, 3, 4])
    assert_allclose(display.lines_["GRU"].get_ydata(), folds.mean(axis=0))
    corners = display.bands_["GRU"].get_paths()[0].vertices[:, 1]
    assert_allclose(corners.max(), (folds.mean(axis=0) + folds.std(axis=0)).max())
    assert display.ax_.get_ylabel() == metric.upper()
    assert display.ax_.get_xlabel() == "Steps ahead"
    assert display.ax_.get_ylim()[0] == 0
    assert labels(display.ax_) == ["GRU"]
    assert display.figure_ is display.ax_.figure


def test_horizon_error_display_several_forecasters():
    errors = {name: make_errors(seed=i) for i, name in enumerate("abcdefg")}
    display = HorizonErrorDisplay(errors=errors).plot()
    assert list(display.lines_) == list(display.bands_) == list(errors) == labels(display.ax_)
    colors = [line.get_color() for line in display.lines_.values()]
    assert len(set(colors[:6])) == 6
    more = HorizonErrorDisplay(errors=make_errors() * 9).plot(display.ax_, name="worse")
    assert more.lines_["worse"].get_color() not in colors[:1]
    assert display.ax_.get_ylim()[0] == 0
    assert display.ax_.get_ylim()[1] > more.lines_["worse"].get_ydata().max()


def test_horizon_error_display_one_fold():
    display = HorizonErrorDisplay(errors=make_errors(n_folds=1)).plot(c="red")
    assert display.bands_ == {}
    assert display.ax_.get_legend().get_title().get_text() == ""
    assert display.lines_["mean error"].get_color() == "red"


def test_horizon_error_display_one_step():
    errors = make_errors(horizon=1)
    display = HorizonErrorDisplay(errors=errors).plot()
    assert display.lines_["mean error"].get_marker() == "o"
    (segment,) = display.bands_["mean error"].get_segments()
    mean, deviation = errors["mae"].mean(), errors["mae"].std(ddof=0)
    assert_allclose(segment, [[1, mean - deviation], [1, mean + deviation]])


def test_horizon_error_display_negative_metric():
    errors = make_errors().assign(mean_bias=-1.0)
    display = HorizonErrorDisplay(errors=errors).plot(metric="mean_bias")
    assert display.ax_.get_ylim()[0] < -1
    assert display.ax_.get_ylabel() == "Mean bias"


@pytest.mark.parametrize(
    ("errors", "kind", "message"),
    [
        ({}, ValueError, "at least one forecaster, got an empty dict"),
        ({"GRU": [1.0]}, TypeError, "errors of 'GRU' must be a DataFrame, as backtest returns"),
        (make_errors().drop(columns="step"), ValueError, r"must have the columns \['step'\]"),
        (make_errors().drop(columns="mae"), ValueError, r"among \['rmse'\].* got 'mae'"),
        (make_errors()[:0], ValueError, r"contain no mae: 0 row\(s\)"),
        (make_errors().assign(mae=np.nan), ValueError, r"contain no mae: 12 row\(s\), all NaN"),
    ],
)
def test_horizon_error_display_invalid_errors(errors, kind, message):
    with pytest.raises(kind, match=message):
        HorizonErrorDisplay(errors=errors).plot()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("metric", ["mse", "n", "fold"])
def test_horizon_error_display_unknown_metric(metric):
    with pytest.raises(ValueError, match=r"metric must be among \['mae', 'rmse'\]"):
        HorizonErrorDisplay(errors=make_errors()).plot(metric=metric)


def test_horizon_error_display_from_estimator_arguments():
    fake = Fake(make_errors())
    _, ax = plt.subplots()
    display = HorizonErrorDisplay.from_estimator(
        fake, "X", "y", cv=3, series_id="labels", metric="rmse", ax=ax
    )
    assert fake.arguments == {"X": "X", "y": "y", "cv": 3, "series_id": "labels"}
    assert display.ax_ is ax
    assert list(display.lines_) == ["Fake"]


def test_horizon_error_display_from_unfitted_forecaster():
    forecaster = SeasonalNaiveForecaster(period=7, horizon=5)
    display = HorizonErrorDisplay.from_estimator(forecaster, LOAD, cv=4, name="last week")
    expected = forecaster.backtest(LOAD, cv=4).groupby("step")["mae"].mean()
    assert_allclose(display.lines_["last week"].get_ydata(), expected)
    assert not hasattr(forecaster, "n_features_in_")
