"""ForecastDisplay: which rows and columns are drawn, and how."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pictures import ARRAY, DAYS, LOAD, TABLE, assert_drawn, drawn, labels

from skrnn.inspection import ForecastDisplay, TrajectoryDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_forecast_display_arrays():
    display = ForecastDisplay(
        forecast=ARRAY[60:64, 0], history=ARRAY[:60, 0], truth=ARRAY[60:70, 0]
    ).plot(n_history=10)
    expected = {"history": range(50, 60), "truth": range(60, 64), "forecast": range(60, 64)}
    assert list(display.lines_) == list(expected)
    for part, rows in expected.items():
        x, y = drawn(display, part)
        assert_array_equal(x, rows)
        assert_array_equal(y, ARRAY[rows, 0])
    assert display.band_ is None
    assert display.figure_ is display.ax_.figure
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Row", "Value")
    assert labels(display.ax_) == ["history", "truth", "forecast"]


def test_forecast_display_without_history():
    display = ForecastDisplay(forecast=[1.0, 2.0, 3.0]).plot()
    assert_array_equal(drawn(display, "forecast"), [[0, 1, 2], [1, 2, 3]])
    assert list(display.lines_) == ["forecast"]


def test_forecast_display_selects_rows_by_time():
    display = ForecastDisplay(forecast=LOAD[60:70] + 1, history=LOAD, truth=LOAD).plot(n_history=20)
    assert_drawn(display, "history", LOAD[40:60])
    assert_drawn(display, "truth", LOAD[60:70])
    assert_drawn(display, "forecast", LOAD[60:70] + 1)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Time", "load")


@pytest.mark.parametrize(("n_steps", "n_history"), [(2, 30), (15, 45), (40, 60)])
def test_forecast_display_n_history(n_steps, n_history):
    display = ForecastDisplay(forecast=ARRAY[60 : 60 + n_steps], history=ARRAY[:60]).plot()
    assert len(drawn(display, "history")[0]) == n_history


def test_forecast_display_n_history_zero():
    display = ForecastDisplay(forecast=ARRAY[60:70, 0], history=ARRAY[:60, 0]).plot(n_history=0)
    assert list(display.lines_) == ["forecast"]
    assert drawn(display, "forecast")[0][0] == 60


def test_forecast_display_panels():
    forecast = TABLE[["wind", "heat"]][60:70]
    display = ForecastDisplay(forecast=forecast, history=TABLE, truth=TABLE).plot()
    assert [ax.get_ylabel() for ax in display.ax_] == ["wind", "heat"]
    for panel, name in enumerate(["wind", "heat"]):
        for part, rows in (("history", slice(30, 60)), ("truth", slice(60, 70))):
            assert_drawn(display, part, TABLE[name][rows], panel)


@pytest.mark.parametrize(
    ("column", "expected"),
    [("load", ["load"]), (2, ["wind"]), (["wind", 0], ["wind", "heat"])],
)
def test_forecast_display_column(column, expected):
    display = ForecastDisplay(forecast=TABLE[60:]).plot(column=column)
    assert [ax.get_ylabel() for ax in np.ravel(display.ax_)] == expected
    display = ForecastDisplay(forecast=ARRAY[60:], history=TABLE[:60]).plot(column=column)
    assert [ax.get_ylabel() for ax in np.ravel(display.ax_)] == expected


def test_forecast_display_columns_without_names():
    display = ForecastDisplay(forecast=ARRAY).plot()
    assert [ax.get_ylabel() for ax in display.ax_] == ["Column 0", "Column 1", "Column 2"]


@pytest.mark.parametrize("column", ["rain", 3, -1, []])
def test_forecast_display_unknown_column(column):
    with pytest.raises(ValueError, match=r"column must be among \['heat', 'load', 'wind'\]"):
        ForecastDisplay(forecast=TABLE).plot(column=column)


def test_forecast_display_interval():
    forecast = TABLE[["heat", "load"]][60:70]
    display = ForecastDisplay(forecast=forecast, lower=forecast - 1, upper=forecast + 2).plot()
    for panel, name in enumerate(forecast):
        corners = display.band_[panel].get_paths()[0].vertices[:, 1]
        assert_allclose(corners.min(), forecast[name].min() - 1)
        assert_allclose(corners.max(), forecast[name].max() + 2)
    assert labels(display.ax_[0]) == ["forecast", "interval"]
    display = ForecastDisplay(
        forecast=[1.0, 2.0], lower=[0.0, 1.0], upper=[2.0, 3.0], coverage=0.95, name="GRU"
    ).plot()
    assert labels(display.ax_) == ["GRU", "GRU, 95 % interval"]


def test_forecast_display_single_step():
    display = ForecastDisplay(forecast=[2.0], history=[1.0], truth=[3.0], lower=[1], upper=[3])
    display.plot()
    for part in ("history", "truth", "forecast"):
        assert display.lines_[part][0].get_marker() in ("o", "s")
    assert_array_equal(display.band_[0].get_segments(), [[[1, 1], [1, 3]]])


def test_forecast_display_two_on_the_same_axes():
    data = {"history": LOAD, "truth": LOAD}
    first = ForecastDisplay(forecast=LOAD[60:], name="LSTM", **data).plot()
    second = ForecastDisplay(forecast=TABLE["heat"][60:], **data).plot(first.ax_, name="GRU")
    assert second.ax_ is first.ax_
    colors = [each.lines_["forecast"][0].get_color() for each in (first, second)]
    assert colors[0] != colors[1]
    assert labels(first.ax_) == ["history", "truth", "LSTM", "GRU"]


def test_forecast_display_line_style():
    display = ForecastDisplay(forecast=TABLE, truth=TABLE).plot(c="red", ls=":", column="load")
    assert display.lines_["forecast"][0].get_color() == "red"
    assert display.lines_["forecast"][0].get_linestyle() == ":"
    assert display.lines_["truth"][0].get_color() != "red"


@pytest.mark.parametrize(
    ("index", "label"),
    [
        (DAYS.rename("day"), "day"),
        (pd.period_range("2020-01", periods=100, freq="M"), "Time"),
        (pd.timedelta_range(0, periods=100, freq="h"), "Seconds"),
        (pd.timedelta_range(0, periods=100, freq="h", name="run"), "run in seconds"),
        (pd.RangeIndex(1900, 2000, name="year"), "year"),
        (pd.Index(np.arange(100) / 10), "Row"),
        (pd.date_range("2026-03-28", periods=100, freq="h", tz="Europe/Paris"), "Time"),
    ],
    ids=["days", "months", "durations", "named durations", "years", "floats", "zone"],
)
def test_forecast_display_index_types(index, label):
    series = pd.Series(np.arange(100.0), index)
    display = ForecastDisplay(forecast=series[60:70], history=series, truth=series).plot()
    assert display.ax_.get_xlabel() == label
    assert [len(drawn(display, part)[0]) for part in display.lines_] == [30, 10, 10]
    display.figure_.canvas.draw()


def test_forecast_display_time_zone():
    index = pd.date_range("2026-01-01 09:00", periods=3, freq="h", tz="Asia/Tokyo")
    display = ForecastDisplay(forecast=pd.Series([1.0, 2.0, 3.0], index)).plot()
    display.figure_.canvas.draw()
    ticks = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert {"09:00", "10:00", "11:00"} <= set(ticks)


@pytest.mark.parametrize(
    "history",
    [
        ARRAY[:60, 0],
        pd.Series(ARRAY[:60, 0], [f"row {i}" for i in range(60)]),
        pd.Series(ARRAY[:60, 0], DAYS[:60].tz_localize("UTC")),
    ],
    ids=["array", "text", "zone"],
)
def test_forecast_display_times_of_different_kinds(history):
    display = ForecastDisplay(forecast=TABLE["heat"][60:65], history=history).plot()
    assert_array_equal(drawn(display, "history")[0], range(30, 60))
    assert_array_equal(drawn(display, "forecast")[0], range(60, 65))


@pytest.mark.parametrize("n", [2, 5, 9])
def test_forecast_display_truth_without_times(n):
    truth = np.arange(n)
    display = ForecastDisplay(forecast=LOAD[60:65], history=LOAD, truth=truth).plot()
    assert_array_equal(drawn(display, "truth")[0], DAYS[60:65][:n])
    assert_array_equal(drawn(display, "truth")[1], truth[:5])


SEVERAL = TABLE.set_index([["a", "b"] * 50, DAYS])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"history": LOAD[80:]},
            "history must have rows before the forecast, got only rows from 2026",
        ),
        ({"truth": LOAD[:50]}, "truth must have rows at the times of the forecast"),
        ({"history": TABLE[["heat", "wind"]]}, r"got 2 column\(s\) \(\['heat', 'wind'\]\) in hist"),
        ({"truth": ARRAY[:5]}, r"truth must have the columns of forecast: got 3 column\(s\) in"),
        ({"lower": LOAD[60:65]}, "lower and upper must be passed together"),
        ({"lower": [1], "upper": [2]}, r"lower must have the shape of forecast, \(5, 1\), got"),
        ({"forecast": {"a": LOAD}}, "forecast must be one series, got a dict of several"),
        ({"forecast": [LOAD, LOAD]}, "forecast must be one series, got a list of several"),
        ({"history": SEVERAL["load"]}, "history must be one series, got a Series of several"),
        ({"truth": [np.inf]}, "truth contains infinity"),
    ],
)
def test_forecast_display_invalid_data(given, message):
    with pytest.raises(ValueError, match=message):
        ForecastDisplay(**{"forecast": LOAD[60:65], **given}).plot()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("n_history", [-1, 1.5, "all"])
def test_displays_invalid_n_history(n_history):
    with pytest.raises(ValueError, match="n_history must be an integer of at least 0, got"):
        ForecastDisplay(forecast=LOAD).plot(n_history=n_history)
    with pytest.raises(ValueError, match="n_history must be an integer of at least 0, got"):
        TrajectoryDisplay(forecast=ARRAY[:, :2]).plot(n_history=n_history)


def test_forecast_display_ax():
    _, axes = plt.subplots(3, 1)
    assert list(ForecastDisplay(forecast=TABLE).plot(axes).ax_) == list(axes)
    with pytest.raises(
        ValueError, match=r"ax must hold 1 Axes.*one for each of the columns, got 3"
    ):
        ForecastDisplay(forecast=LOAD).plot(axes)


def test_forecast_display_missing_values():
    with_gaps = LOAD.copy()
    with_gaps.iloc[[50, 62]] = np.nan
    display = ForecastDisplay(forecast=LOAD[60:], history=with_gaps, truth=with_gaps).plot()
    assert np.isnan(drawn(display, "truth")[1][2])
    assert np.isnan(drawn(display, "history")[1][-10])
