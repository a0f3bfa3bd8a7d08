"""Forecasters return the kind of container that the series came in."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skrnn._time_index import find_frequency, next_times
from skrnn.forecasting import (
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
    make_windows,
)

N, N_TRAIN = 60, 40
HORIZON = 2
LEVELS = ("site", "day")

REGULAR = {
    "hours": pd.date_range("2026-01-01", periods=N, freq="h"),
    "quarters of hours within the first day of a month": pd.date_range(
        "2026-01-01", periods=N, freq="15min"
    ),
    "days": pd.date_range("2026-01-01", periods=N, freq="D", name="day"),
    "days in seconds": pd.date_range("2026-01-01", periods=N, freq="D").as_unit("s"),
    "month begins": pd.date_range("2020-01-01", periods=N, freq="MS"),
    "month ends": pd.date_range("2020-01-31", periods=N, freq="ME"),
    "quarters": pd.date_range("2000-01-01", periods=N, freq="QS"),
    "years": pd.date_range("1950-01-01", periods=N, freq="YS"),
    "working days": pd.date_range("2026-01-01", periods=N, freq="B"),
    "weeks": pd.date_range("2026-01-07", periods=N, freq="W-WED"),
    "hours of UTC": pd.date_range("2026-01-01", periods=N, freq="h", tz="UTC"),
    "hours into summer": pd.date_range("2026-03-28", periods=N, freq="h", tz="Europe/Paris"),
    "hours into winter": pd.date_range("2026-10-24", periods=N, freq="h", tz="Europe/Paris"),
    "days into summer": pd.date_range("2026-02-18", periods=N, freq="D", tz="Europe/Paris"),
    "days into winter": pd.date_range("2026-09-16", periods=N, freq="D", tz="Europe/Paris"),
    "weeks of a place": pd.date_range("2026-03-01", periods=N, freq="W", tz="Europe/Paris"),
    "periods of months": pd.period_range("2020-01", periods=N, freq="M", name="month"),
    "periods of two days": pd.period_range("2026-01-01", periods=N, freq="2D"),
    "durations": pd.timedelta_range("0s", periods=N, freq="5min"),
    "row numbers": pd.RangeIndex(N),
    "even numbers": pd.RangeIndex(10, 10 + 2 * N, 2, name="k"),
    "integers": pd.Index(np.arange(N)),
    "bytes": pd.Index(np.arange(N), dtype="uint8"),
}
every_index = pytest.mark.parametrize("index", REGULAR.values(), ids=REGULAR.keys())


def values(n=N, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2)).cumsum(axis=0)


def table(index, seed=0):
    return pd.DataFrame(values(len(index), seed), index=index, columns=["a", "b"])


def forecaster(**params):
    return SlidingWindowForecaster(Ridge(), **{"window_length": 3, "horizon": HORIZON, **params})


DAYS = REGULAR["days"]
SERIES = {"u": table(DAYS[:30], 1), "v": table(DAYS[5:25], 2)}
MANY = pd.concat(SERIES, names=LEVELS)


@every_index
def test_forecast_index_is_the_next_times(index):
    df = table(index)
    forecasts = forecaster().fit(df[:N_TRAIN]).forecast(5)
    assert forecasts.index.equals(index[N_TRAIN : N_TRAIN + 5])
    assert forecasts.index.name == index.name
    assert list(forecasts.columns) == ["a", "b"]
    if isinstance(index, pd.DatetimeIndex):
        assert forecasts.index.freq == index.freq


@every_index
def test_forecast_index_of_series_with_gap(index):
    """The index has no frequency; it is the most common distance between rows."""
    df = table(index).drop(index[10])
    forecasts = forecaster().fit(df[: N_TRAIN - 1]).forecast(3)
    assert forecasts.index.equals(index[N_TRAIN : N_TRAIN + 3])
    assert forecasts.index.name == index.name


@every_index
def test_predict_rows_that_follow_training(index):
    df, whole = table(index), forecaster(initial_context="edge")
    train, test = df[:N_TRAIN], df[N_TRAIN:]
    expected = whole.fit(train).predict(df)[N_TRAIN:]
    assert_allclose(forecaster().fit(train).predict(test), expected)
    assert not np.allclose(whole.predict(test)[:HORIZON], expected[:HORIZON])


@every_index
def test_predict_rows_that_do_not_follow_training(index):
    df, alone = table(index), forecaster(initial_context="edge")
    train = df[:N_TRAIN]
    auto = forecaster().fit(train)
    for rows in (df[N_TRAIN + 1 :], df[5:20], train):
        assert_array_equal(auto.predict(rows), alone.fit(train).predict(rows))


@every_index
def test_predict_rows_that_follow_training_with_gap(index):
    df = table(index).drop(index[10])
    train, test = df[: N_TRAIN - 1], df[N_TRAIN - 1 :]
    expected = forecaster(initial_context="fit_end").fit(train).predict(test)
    assert_array_equal(forecaster().fit(train).predict(test), expected)


@every_index
def test_make_windows_missing_row(index):
    rows = make_windows(table(index).drop(index[10]), window_length=3).rows
    assert sorted(set(range(N - 1)) - set(rows)) == [0, 1, 9, 10, 11, N - 2]


def test_predict_range_index_followed_by_int64_index():
    df = table(pd.RangeIndex(N))
    test = df[N_TRAIN:].set_axis(np.arange(N_TRAIN, N))
    fitted = forecaster().fit(df[:N_TRAIN])
    assert_array_equal(fitted.predict(test), fitted.predict(df[N_TRAIN:]))


def test_forecast_custom_business_days():
    free = pd.offsets.CustomBusinessDay(holidays=["2026-02-04"])
    index = pd.date_range("2026-01-01", periods=N, freq=free)
    df = table(index)
    assert_array_equal(forecaster().fit(df[:20]).forecast(5).index, index[20:25])
    fitted = forecaster().fit(df.drop(index[3]))
    assert_array_equal(
        fitted.forecast(2).index, pd.date_range(index[-1] + free, periods=2, freq=free)
    )


@pytest.mark.parametrize("index", [[f"row {i}" for i in range(N)], [0] * N, [0.0] * N])
def test_forecaster_index_without_times(index):
    df = table(range(N)).set_axis(index)
    fitted = forecaster().fit(df)
    assert_array_equal(fitted.forecast(3), forecaster().fit(values()).forecast(3))
    assert_array_equal(fitted.forecast(3).index, range(3))
    assert len(make_windows(df, window_length=3).y) == N - 3


@pytest.mark.parametrize("dtype", [np.float64, np.float32, int, bool, "Int64", object])
@pytest.mark.parametrize("in_pandas", [False, True])
def test_forecaster_dtypes(dtype, in_pandas):
    df = (10 * table(DAYS)).round().astype(int).astype(dtype)
    X = df if in_pandas else df.to_numpy()
    before = X.copy()
    expected = forecaster().fit(df.to_numpy(float)).forecast()
    assert_allclose(forecaster().fit(X).forecast(), expected, rtol=1e-3, atol=1e-3)
    assert (X == before).all(axis=None)


@pytest.mark.parametrize("n_columns", [1, 2])
def test_forecaster_output_shapes(n_columns):
    X = values()[:, :n_columns]
    fitted = forecaster().fit(X)
    assert fitted.predict(X).shape == (N, n_columns)
    assert fitted.predict_trajectory(X).shape == (N, HORIZON, n_columns)
    assert fitted.forecast().shape == (HORIZON, n_columns)
    assert fitted.predict(X[:1]).shape == (1, n_columns)
    flat = forecaster().fit(X, X[:, 0])
    assert flat.predict(X).shape == (N,)
    assert flat.predict_trajectory(X).shape == (N, HORIZON)
    assert flat.forecast().shape == (HORIZON,)


def test_forecast_of_a_pandas_series():
    load = table(DAYS)["a"].rename("load")
    fitted = forecaster().fit(load)
    forecasts = fitted.forecast()
    assert isinstance(forecasts, pd.Series)
    assert forecasts.name == "load"
    assert fitted.predict(load).shape == (N,)
    assert forecaster().fit(load.rename(None)).forecast().name is None


def test_forecast_target_names_and_shape():
    df = table(DAYS)
    assert forecaster().fit(df, df["b"]).forecast().name == "b"
    assert list(forecaster().fit(df, df[["b"]]).forecast().columns) == ["b"]
    assert list(forecaster().fit(df, df[["b", "a"]]).forecast().columns) == ["b", "a"]
    of_others = pd.DataFrame({"other": np.arange(N)}, index=DAYS)
    assert list(forecaster().fit(df, of_others).forecast().columns) == ["other"]
    assert isinstance(forecaster().fit(df, df["b"].to_numpy()).forecast(), np.ndarray)


def test_forecast_column_labels():
    df = table(DAYS)
    assert list(forecaster().fit(df.set_axis([0, 1], axis=1)).forecast().columns) == [0, 1]
    df.columns = pd.MultiIndex.from_tuples([("Nice", "a"), ("Nice", "b")])
    assert list(forecaster().fit(df).forecast().columns) == list(df.columns)


@pytest.mark.parametrize(
    ("name", "find"),
    [("float32 X", lambda df: (df.astype("f4"), df["a"].to_numpy())),
     ("float32 y", lambda df: (df, df["a"].to_numpy("f4"))),
     ("gaps", lambda df: (df, df["a"].mask(df["a"] > 1).to_numpy())),
     ("a name of its own", lambda df: (df, df["a"].rename("target")))],
)  # fmt: skip
def test_forecaster_target_column_by_value(name, find):
    df = table(DAYS)
    X, y = find(df)
    forecasts = PersistenceForecaster().fit(X, y).forecast()
    assert_allclose(forecasts, df["a"].to_numpy()[-1:], rtol=1e-6)


def test_forecaster_target_column_by_name_needs_equal_values():
    """The forecast of other values could not continue the column."""
    df = table(DAYS)
    for X, y in ((df, df["a"].shift(-1)), ((df - df.mean()) / df.std(), df["a"])):
        with pytest.raises(ValueError, match="equal to exactly one column of X"):
            PersistenceForecaster().fit(X, y)
        assert forecaster().fit(X, y).forecast().name == "a"


@pytest.mark.parametrize("kind", ["arrays", "frames", "series", "flat arrays", "lists"])
def test_forecaster_list_of_series(kind):
    frames = list(SERIES.values())
    X = {
        "arrays": [df.to_numpy() for df in frames],
        "frames": frames,
        "series": [df["a"] for df in frames],
        "flat arrays": [df["a"].to_numpy() for df in frames],
        "lists": [df["a"].tolist() for df in frames],
    }[kind]
    fitted = forecaster().fit(X)
    forecasts, of_rows = fitted.forecast(3), fitted.predict(X)
    assert [len(part) for part in of_rows] == [30, 20]
    assert [len(part) for part in fitted.predict_trajectory(X)] == [30, 20]
    assert [type(part) for part in forecasts] == [
        type(part) if hasattr(part, "shape") else np.ndarray for part in X
    ]
    if kind in ("frames", "series"):
        assert_array_equal(forecasts[0].index, DAYS[30:33])
        assert_array_equal(forecasts[1].index, DAYS[25:28])
        assert forecasts[0].index.name == "day"


def test_forecast_list_of_series_with_different_names():
    forecasts = forecaster().fit([SERIES["u"]["a"].rename("u"), SERIES["v"]["a"].rename("v")])
    assert [part.name for part in forecasts.forecast()] == [None, None]


def test_forecaster_list_of_targets():
    X = list(SERIES.values())
    forecasts = forecaster().fit(X, [df["a"] for df in X]).forecast()
    assert [part.name for part in forecasts] == ["a", "a"]
    fitted = forecaster().fit(X, [df["a"].to_numpy() for df in X])
    assert [part.shape for part in fitted.forecast()] == [(HORIZON,), (HORIZON,)]
    assert [part.shape for part in fitted.predict(X)] == [(30,), (20,)]


def test_forecaster_list_of_series_with_different_time_units():
    u, v = SERIES.values()
    v = v.set_axis(v.index.as_unit("s"))
    forecasts = forecaster().fit([u.drop(DAYS[9]), v.drop(DAYS[12])]).forecast()
    assert_array_equal(forecasts[1].index, DAYS[25:27])


def test_forecaster_multiindex():
    forecasts = forecaster().fit(MANY).forecast(3)
    assert forecasts.index.names == list(LEVELS)
    assert_array_equal(forecasts.loc["u"].index, DAYS[30:33])
    assert_array_equal(forecasts.loc["v"].index, DAYS[25:28])
    as_list = forecaster().fit(list(SERIES.values())).forecast(3)
    assert_allclose(forecasts, pd.concat(as_list))
    of_column = forecaster().fit(MANY, MANY["a"]).forecast()
    assert isinstance(of_column, pd.Series)
    assert (of_column.name, of_column.index.names) == ("a", list(LEVELS))
    assert set(forecaster().fit(MANY, MANY["a"].to_numpy()).forecast()) == {"u", "v"}


def test_forecaster_multiindex_with_three_levels():
    deep = pd.concat({1: MANY, 2: MANY + 1}, names=["plant"])
    fitted = forecaster().fit(deep)
    forecasts = fitted.forecast()
    assert forecasts.index.names == ["plant", *LEVELS]
    assert_array_equal(forecasts.loc[(2, "v")].index, DAYS[25:27])
    assert fitted.predict(deep).shape == deep.shape


def test_forecaster_multiindex_with_alternating_series():
    turns = MANY.sort_index(level="day", kind="stable")
    fitted, in_turns = forecaster().fit(MANY), forecaster().fit(turns)
    expected = pd.DataFrame(fitted.predict(MANY), MANY.index)
    assert_allclose(in_turns.forecast().sort_index(), fitted.forecast())
    assert_allclose(in_turns.predict(turns), expected.loc[turns.index])
    assert_allclose(in_turns.predict(MANY), expected)


@pytest.mark.parametrize("in_pandas", [False, True])
def test_forecaster_series_id(in_pandas):
    turns = MANY.sort_index(level="day", kind="stable")
    groups, X = turns.index.get_level_values(0), turns.droplevel(0)
    X = X if in_pandas else X.to_numpy()
    fitted = forecaster().fit(X, series_id=groups)
    forecasts, expected = fitted.forecast(), forecaster().fit(MANY).forecast()
    assert set(forecasts) == {"u", "v"}
    assert_allclose(forecasts["v"], expected.loc["v"])
    assert fitted.predict(X, series_id=groups).shape == X.shape
    if in_pandas:
        assert_array_equal(forecasts["v"].index, DAYS[25:27])


def test_forecaster_series_id_with_row_numbers_as_index():
    turns = MANY.sort_index(level="day", kind="stable")
    groups, X = turns.index.get_level_values(0), turns.reset_index(drop=True)
    forecasts = forecaster().fit(X, series_id=groups).forecast()
    assert_allclose(forecasts["v"], forecaster().fit(MANY).forecast().loc["v"])


@pytest.mark.parametrize("time", [True, False])
def test_predict_each_series_continues_its_own(time):
    train = MANY.groupby("site").head(15)
    test = MANY.groupby("site").tail(-15)
    if not time:
        train, test = ([part.loc[key].to_numpy() for key in "uv"] for part in (train, test))
    fitted = forecaster(initial_context="auto" if time else "fit_end").fit(train)
    whole = forecaster(initial_context="edge").fit(train)
    expected = [whole.predict(df if time else df.to_numpy())[15:] for df in SERIES.values()]
    forecasts = fitted.predict(test)
    assert_allclose(forecasts if time else np.concatenate(forecasts), np.concatenate(expected))


CONTEXTS = {
    "array": (table(DAYS[:10]).to_numpy(), range(2)),
    "later": (table(DAYS[:10] + pd.Timedelta("400D")), DAYS[10:12] + pd.Timedelta("400D")),
    "at another hour": (table(DAYS[:10] + pd.Timedelta("5h")), DAYS[10:12] + pd.Timedelta("5h")),
    "shorter than the window": (table(DAYS[:1]), DAYS[1:3]),
    "in a zone": (table(DAYS[:10].tz_localize("UTC")), DAYS[10:12].tz_localize("UTC")),
    "numbered": (table(range(7, 17)), range(17, 19)),
    "periods": (table(DAYS[:10].to_period("D")), DAYS[10:12].to_period("D")),
    "after a gap": (table(DAYS[:10].delete(8)), DAYS[10:12]),
}


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:A forecast is made from")
@pytest.mark.parametrize("trained_on", [DAYS, range(N)], ids=["days", "numbers"])
@pytest.mark.parametrize(("context", "index"), CONTEXTS.values(), ids=CONTEXTS.keys())
def test_forecast_context_index(trained_on, context, index):
    forecasts = forecaster().fit(table(trained_on)).forecast(X=context)
    assert_array_equal(forecasts.index, index)


def test_forecast_short_context():
    fitted, row = forecaster(difference=False).fit(values()), values()[:1]
    with pytest.warns(UserWarning, match=r"3 rows, but X has 1\. .*2 missing.*at least the last 3"):
        forecast = fitted.forecast(X=row)
    assert_allclose(forecast, fitted.forecast(X=row.repeat(3, axis=0)))


def test_forecast_context_after_a_gap():
    fitted, gap = forecaster(difference=False).fit(table(DAYS)), table(DAYS[:10]).drop(DAYS[7])
    with pytest.warns(
        UserWarning, match="X has 2 after its last gap in time.*regularize"
    ) as caught:
        forecast = fitted.forecast(X=gap)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="X has 1 after.*Pass at least the last 3.*Fill the gap"):
        fitted.forecast(X=gap.iloc[[5, -1]])
    whole = gap.iloc[[-2, -2, -1]].reset_index(drop=True)
    assert_allclose(forecast, fitted.forecast(X=whole))


def test_forecast_short_context_names_the_series():
    fitted = forecaster(difference=True, calibration_size=0.6).fit(MANY)
    message = r"but Series 'v' of X has 2 \(1 of \d series have too few\)\."
    with pytest.warns(UserWarning, match=message):
        lower, upper = fitted.forecast_interval(X=MANY.drop(MANY.loc[["v"]].index[2:]))
    assert (lower < upper).all(axis=None)


def test_forecast_context_of_several_series():
    fitted = forecaster().fit(table(DAYS))
    assert [len(part) for part in fitted.forecast(X=list(SERIES.values()))] == [2, 2]
    assert fitted.forecast(X=MANY).index.names == list(LEVELS)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_predict_other_container_than_fit():
    df = table(DAYS)
    fitted = forecaster().fit(df)
    others = (df.tz_localize("UTC"), df.reset_index(drop=True), df.to_period("D"), df.to_numpy())
    for rows in others:
        assert_array_equal(fitted.predict(rows), fitted.predict(df))
    assert_array_equal(fitted.predict([df, df])[1], fitted.predict(df))


@pytest.mark.parametrize("estimator", [PersistenceForecaster(), SeasonalNaiveForecaster(7)])
def test_baselines_containers(estimator):
    assert_array_equal(estimator.fit(table(DAYS)).forecast(1).index, DAYS[-1:] + DAYS.freq)
    assert estimator.fit(MANY).forecast(2).index.names == list(LEVELS)


def test_make_windows_times_and_series_id():
    X = values(6)
    days = pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-05", "2026-01-06",
                           "2026-01-07"])  # fmt: skip
    assert_array_equal(make_windows(X, window_length=2, times=days).rows, [1, 4])
    assert_array_equal(make_windows(X, window_length=2, times=list(days)).times, days[[2, 5]])
    groups = ["u", "v"] * 3
    windows = make_windows(X, window_length=2, series_id=groups, times=[0, 5, 1, 6, 2, 7])
    assert_array_equal(windows.series_id, ["u", "v"])
    assert_array_equal(windows.times, [2, 7])
    assert_array_equal(windows.rows, [2, 3])
    windows = make_windows([X, X[:3]], window_length=2)
    assert_array_equal(windows.series_id, [0, 0, 0, 0, 1])
    assert_array_equal(windows.times, [2, 3, 4, 5, 2])


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2026-01-05", "2026-01-06"], pd.offsets.Day()),
        (["2026-01-05", "2026-01-06", "2026-01-08", "2026-01-09"], pd.offsets.BusinessDay()),
    ],
)
def test_working_days_need_a_monday_and_a_friday(days, expected):
    assert find_frequency([pd.DatetimeIndex(days)], "X") == expected


def test_next_times_of_a_time_that_is_not_on_the_grid():
    like = pd.DatetimeIndex(["2026-01-15"])
    times = next_times(like[0], pd.offsets.MonthBegin(), 2, like)
    assert times.tolist() == [pd.Timestamp("2026-02-01"), pd.Timestamp("2026-03-01")]
