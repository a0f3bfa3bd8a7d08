"""Times in a column, tables of polars, and arrays of one dimension in forecasters."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skrnn import SlidingWindowForecaster
from skrnn.forecasting import DriftForecaster, PersistenceForecaster, SeasonalNaiveForecaster

polars = pytest.importorskip("polars")

DAYS = pd.date_range("2026-01-01", periods=40, freq="D", name="day")
VALUES = np.sin(np.arange(40.0)) + 2
LOAD = pd.DataFrame({"load": VALUES}, index=DAYS)
COLUMNS = LOAD.reset_index()
POLARS = polars.DataFrame({"day": COLUMNS["day"].to_numpy(), "load": VALUES})


def ridge(**parameters):
    return SlidingWindowForecaster(Ridge(), window_length=5, horizon=3, **parameters)


@pytest.mark.parametrize("table", [COLUMNS, POLARS], ids=["pandas", "polars"])
@pytest.mark.parametrize(
    "forecaster",
    [
        ridge(calibration_size=0.3),
        PersistenceForecaster(horizon=3),
        SeasonalNaiveForecaster(6, horizon=3),
        DriftForecaster(horizon=3),
    ],
)
def test_time_column_equals_an_index(forecaster, table):
    expected = clone(forecaster).fit(LOAD)
    found = clone(forecaster).set_params(time="day").fit(table)
    assert found.feature_names_in_.tolist() == ["load"]
    ahead = found.forecast()
    assert_array_equal(ahead.index, expected.forecast().index)
    assert_allclose(ahead, expected.forecast())
    assert_allclose(found.predict(table), expected.predict(LOAD))
    assert_allclose(found.forecast(2, table[5:30]), expected.forecast(2, LOAD.iloc[5:30]))


def test_time_column_in_backtest_and_in_known_future():
    table = COLUMNS.assign(plan=np.arange(40) % 7)
    future = pd.DataFrame({"day": DAYS[-1] + pd.to_timedelta([2, 1, 3], "D"), "plan": [1, 2, 3]})
    model, expected = ridge(known_future="plan", time="day"), ridge(known_future="plan")
    indexed = table.set_index("day")
    assert_allclose(
        model.fit(table).forecast(X_future=future.sort_values("day")),
        expected.fit(indexed).forecast(X_future=future.set_index("day").sort_index()),
    )
    pd.testing.assert_frame_equal(
        model.backtest(table, cv=2), expected.backtest(indexed, cv=2), check_exact=False
    )


def test_time_column_of_several_series():
    parts = [COLUMNS, COLUMNS.iloc[3:]]
    found = ridge(time="day").fit(parts).forecast()
    for ahead, expected in zip(found, ridge().fit([LOAD, LOAD.iloc[3:]]).forecast(), strict=True):
        assert_allclose(ahead, expected)


def test_time_column_must_exist():
    with pytest.raises(ValueError, match=r"column time='month', got the columns \['day', 'load'\]"):
        ridge(time="month").fit(COLUMNS)
    with pytest.raises(ValueError, match=r"X must be a table with .*time='day', got ndarray"):
        ridge(time="day").fit(VALUES[:, None])


@pytest.mark.parametrize("table", [COLUMNS, POLARS], ids=["pandas", "polars"])
def test_times_are_never_a_feature(table):
    with pytest.raises(ValueError, match=r"times in 'day' are not a feature: use time='day'"):
        ridge().fit(table)


def test_polars_names_and_targets():
    table = POLARS.drop("day").with_columns(heat=polars.Series(VALUES + 1))
    model = ridge().fit(table, table["load"])
    assert model.feature_names_in_.tolist() == ["load", "heat"]
    assert model.target_columns_.tolist() == [0]
    with pytest.raises(ValueError, match="same order"):
        model.predict(table.select("heat", "load"))


def test_array_of_one_dimension_is_one_series():
    model, expected = ridge().fit(VALUES), ridge().fit(VALUES[:, None])
    assert model.forecast().shape == (3,)
    assert_array_equal(model.forecast(), expected.forecast()[:, 0])
    assert_array_equal(model.predict(VALUES), expected.predict(VALUES[:, None])[:, 0])
    assert_array_equal(ridge().fit(POLARS["load"]).forecast(), model.forecast())


def test_array_of_one_dimension_is_its_own_target():
    with pytest.raises(ValueError, match=r"X is an array of the shape \(40,\).*y was passed"):
        ridge().fit(VALUES, VALUES)
