"""regularize: all rows are put on a grid, and none is moved to an earlier time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal, assert_series_equal

from skrnn.preprocessing import regularize

FEW = settings(max_examples=20, deadline=None)
MINUTES = st.lists(st.integers(0, 5000), min_size=1, max_size=25)
ANY_DAY = ["h", pd.Timedelta("20min"), "D", "W", "MS", "ME"]  # the same slots from day to day
FREQS = st.sampled_from([*ANY_DAY, "3h", "7h", "50min"])
ZONES = st.sampled_from([None, "UTC", "Europe/Paris", "Asia/Kolkata"])


def make_series(minutes, tz=None):
    # The clocks change in Paris between two of the days.
    times = pd.Timestamp("2026-03-28 09:00", tz=tz) + pd.to_timedelta(minutes, unit="min")
    return pd.Series(np.arange(1.0, len(minutes) + 1), index=times, name="x")


# --- identities ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tz", [None, "UTC", "Europe/Paris"])
@pytest.mark.parametrize("freq", ["15min", "h", "3h", "D", "W", "MS", "ME", "B"])
@pytest.mark.parametrize("unit", ["s", "ns"])
def test_regularize_regular_table(freq, tz, unit):
    index = pd.date_range("2026-01-01", periods=40, freq=freq, tz=tz, name="t").as_unit(unit)
    df = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) ** 2, "c": "text"}, index=index)
    result = regularize(df, freq)
    assert_frame_equal(result, df)
    assert result.index.freq == index.freq
    assert_frame_equal(regularize(df.sample(frac=1, random_state=0), freq), df)


@FEW
@given(minutes=MINUTES, freq=st.sampled_from(ANY_DAY), tz=ZONES)
def test_regularize_twice(minutes, freq, tz):
    once = regularize(make_series(minutes, tz), freq)
    assert_series_equal(regularize(once, freq), once)


@FEW
@given(minutes=MINUTES, freq=FREQS, tz=ZONES)
def test_regularize_moves_rows_to_the_next_time(minutes, freq, tz):
    x = make_series(minutes, tz)
    result = regularize(x, freq, aggregate="sum")
    slots = result.index
    assert slots.freq is not None
    assert slots.is_monotonic_increasing
    expected = pd.Series(0.0, index=slots)
    for time, value in x.items():
        expected[min(slot for slot in slots if slot >= time)] += value
    assert_array_equal(result.fillna(0.0), expected)
    assert_array_equal(result.isna(), expected == 0.0)


@FEW
@given(minutes=MINUTES, freq=FREQS, tz=ZONES, data=st.data())
def test_regularize_ignores_later_rows(minutes, freq, tz, data):
    x = make_series(minutes, tz)
    whole = regularize(x, freq)
    slot = data.draw(st.sampled_from(list(whole.index)))
    before = regularize(x[x.index <= slot], freq)
    assert_series_equal(before, whole[: before.index[-1]], check_freq=False)
    assert whole[before.index[-1] : slot][1:].isna().all()


def test_regularize_multiindex():
    parts = {
        ("b", 2): make_series([0, 61, 300]),
        ("a", 1): make_series([1440, 0]),
        ("a", 3): make_series([77]),
    }
    table = pd.concat(parts, names=["station", "sensor", "time"]).to_frame()
    result = regularize(table, "h")
    expected = pd.concat(
        {key: regularize(part, "h") for key, part in parts.items()}, names=table.index.names
    )
    assert_frame_equal(result, expected.to_frame())
    shuffled = table.iloc[[5, 3, 0, 2, 4, 1]]
    assert_frame_equal(regularize(shuffled, "h").sort_index(), result.sort_index())


def test_regularize_multiindex_keeps_level_dtype():
    levels = [pd.Categorical(["v", "u", "v"]), pd.DatetimeIndex(["2026-01-02"] * 3)]
    table = pd.DataFrame({"x": [1, 2, 4]}, pd.MultiIndex.from_arrays(levels, names=["who", None]))
    result = regularize(table, "D")
    assert result.index.names == ["who", None]
    assert result.index.get_level_values(0).dtype == "category"
    assert_array_equal(result["x"], [2.5, 2.0])


# --- behaviour -----------------------------------------------------------------------------------


def test_regularize_irregular_rows():
    times = ["10:40", "13:00", "10:10", "13:00", "11:00"]
    df = pd.DataFrame(
        {"x": [1.0, 4.0, 3.0, 8.0, np.nan], "sky": ["rain", "sun", "fog", "haze", None]},
        index=pd.DatetimeIndex([f"2026-01-01 {time}" for time in times], name="when"),
    )
    result = regularize(df, "h")
    assert list(result.index.hour) == [11, 12, 13]
    assert result.index.name == "when"
    assert_array_equal(result["x"], [2.0, np.nan, 6.0])
    assert list(result["sky"].fillna("-")) == ["rain", "-", "haze"]
    # The input is not changed.
    assert list(df["x"].dropna()) == [1.0, 4.0, 3.0, 8.0]


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("mean", [3.0, 5.0]),
        ("median", [2.0, 5.0]),
        ("min", [1.0, 5.0]),
        ("max", [6.0, 5.0]),
        ("sum", [9.0, 5.0]),
        ("first", [2.0, 5.0]),
        ("last", [1.0, 5.0]),
    ],
)
def test_regularize_aggregate(aggregate, expected):
    x = pd.Series([2.0, 6.0, 1.0, np.nan, 5.0], index=make_series([1, 30, 60, 100, 250]).index)
    result = regularize(x, "h", aggregate=aggregate)
    assert_array_equal(result, [expected[0], np.nan, np.nan, np.nan, expected[1]])


def test_regularize_hours_at_clock_change():
    utc = pd.date_range("2025-10-25 20:00", "2025-10-26 04:00", freq="h", tz="UTC")
    x = pd.Series(np.arange(len(utc), dtype=float), index=utc.tz_convert("Europe/Paris"))
    assert_series_equal(regularize(x, "h"), x)
    with_gap = regularize(x.drop(x.index[[3, 4]]), "h")
    assert_array_equal(np.flatnonzero(with_gap.isna()), [3, 4])
    assert_array_equal(with_gap.index, x.index)
    spring = pd.date_range("2026-03-28 22:00", "2026-03-29 05:00", freq="h", tz="Europe/Paris")
    assert_array_equal(regularize(pd.Series(1.0, index=spring), "h").index, spring)


def test_regularize_days_at_clock_change():
    days = pd.date_range("2025-10-24", "2025-10-28", freq="D", tz="Europe/Paris")
    hours = pd.date_range(days[0], days[-1], freq="h", inclusive="right")
    counts = regularize(pd.Series(1.0, index=hours), "D", aggregate="sum")
    assert_array_equal(counts, [24, 24, 25, 24])
    assert_array_equal(counts.index, days[1:])
    early = days[2:3] + pd.Timedelta("30min")
    assert regularize(pd.Series(1.0, index=early), "D").index[0] == days[3]


@pytest.mark.parametrize(
    ("tz", "day"), [("America/Sao_Paulo", "2018-11-04"), ("America/Havana", "2020-11-01")]
)
def test_regularize_clock_change_at_midnight(tz, day):
    hours = pd.date_range(f"{day} 06:00", periods=30, freq="h", tz="UTC").tz_convert(tz)
    x = pd.Series(np.arange(30.0), index=hours)
    assert_series_equal(regularize(x, "h"), x)


@pytest.mark.parametrize(
    "freq",
    ["3h", pd.Timedelta("3h"), np.timedelta64(3, "h"), pd.offsets.Hour(3), "180min"],
)
def test_regularize_freq_types(freq):
    assert_array_equal(regularize(make_series([0, 400]), freq).index.hour, [9, 12, 15, 18])


def test_regularize_column_dtypes():
    index = make_series([0, 0, 180]).index
    df = pd.DataFrame(
        {
            "int": [1, 2, 5],
            "flag": [True, False, True],
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "kind": pd.Categorical(["u", "v", "u"]),
            "seen": index,
        },
        index=index,
    )
    result = regularize(df, "h")
    assert list(result.columns) == list(df.columns)
    assert_array_equal(result["int"], [1.5, np.nan, np.nan, 5.0])
    assert_array_equal(result["flag"], [0.5, np.nan, np.nan, 1.0])
    assert_array_equal(result["nullable"].to_numpy(float, na_value=-1), [1, -1, -1, 3])
    assert list(result["kind"].astype(object).fillna("-")) == ["v", "-", "-", "u"]
    assert result["kind"].dtype == "category"
    assert result["seen"].notna().sum() == 2
    small = pd.DataFrame(np.ones((3, 2), dtype=np.float32), index=index)
    assert set(regularize(small, "h").dtypes) == {np.dtype(np.float32)}
    assert regularize(df[["flag"]], "h", aggregate="max")["flag"].dtype == np.float64


def test_regularize_duplicate_or_no_columns():
    index = make_series([0, 30, 60]).index
    df = pd.DataFrame([[1, "u", 2], [3, "v", 4], [5, "w", 6]], index=index, columns=["a", "b", "a"])
    result = regularize(df, "h")
    assert list(result.columns) == ["a", "b", "a"]
    assert_array_equal(result.iloc[:, 2], [2, 5])
    assert list(result["b"]) == ["u", "w"]
    assert regularize(df[[]], "h").shape == (2, 0)


def test_regularize_pandas_series():
    x = make_series([0, 120])
    assert regularize(x, "h").name == "x"
    assert regularize(x.rename(None), "h").name is None


# --- errors --------------------------------------------------------------------------------------

MIXED = pd.Index(
    [pd.Timestamp("2026-01-01", tz="UTC"), pd.Timestamp("2026-01-02", tz="Asia/Tokyo")],
    dtype=object,
)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (pd.RangeIndex(2), "df needs a DatetimeIndex: its index is a RangeIndex of int64"),
        (pd.Index(["2026-01-01", "2026-01-02"]), "DatetimeIndex.*pandas.to_datetime"),
        (pd.period_range("2026", periods=2, freq="D"), r"PeriodIndex of period\[D\]"),
        (MIXED, "DatetimeIndex: its index is a Index of object.*utc=True.*mixed time zones"),
        (pd.DatetimeIndex(["2026-01-01", None]), r"df has 1 row\(s\) without a time \(NaT\)"),
        (pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]), "the last level of its MultiIndex is"),
        (
            pd.MultiIndex.from_product([[None], pd.DatetimeIndex(["2026-01-01", "2026-01-02"])]),
            r"df has 2 row\(s\) without a series",
        ),
    ],
)
def test_regularize_invalid_index(index, message):
    with pytest.raises(ValueError, match=message):
        regularize(pd.DataFrame({"x": [1.0, 2.0]}, index=index), "h")


@pytest.mark.parametrize(
    ("freq", "message"),
    [
        ("fortnight", "freq must be a pandas alias, .* got 'fortnight'"),
        ("0h", "freq must be positive, got '0h'"),
        ("-1h", "freq must be positive"),
        (pd.Timedelta(0), "freq must be positive"),
        (pd.DateOffset(months=-1), "freq must be positive"),
        (3, "'freq' parameter of regularize must be"),
        (None, "'freq' parameter of regularize must be"),
    ],
)
def test_regularize_invalid_freq(freq, message):
    with pytest.raises(ValueError, match=message):
        regularize(make_series([0, 1]), freq)


def test_regularize_invalid_arguments():
    with pytest.raises(ValueError, match="df has no rows"):
        regularize(make_series([0])[:0], "h")
    with pytest.raises(ValueError, match="'df' parameter of regularize must be"):
        regularize(np.zeros((3, 2)), "h")
    with pytest.raises(ValueError, match="'aggregate' parameter of regularize must be"):
        regularize(make_series([0]), "h", aggregate="std")


def test_regularize_by_id_keeps_the_ids_and_equals_a_multiindex():
    times = pd.DatetimeIndex(["2026-01-01", "2026-01-04", "2026-01-02", "2026-01-03"], name="day")
    columns = {"load": [1.0, 4.0, 2.0, 3.0], "who": ["a", "a", "b", "b"], "site": [1, 1, 2, 2]}
    df = pd.DataFrame(columns, index=times)
    found = regularize(df, "D", id=["who", "site"])
    assert list(found.columns) == ["load", "who", "site"]
    assert found["who"].tolist() == ["a"] * 4 + ["b"] * 2
    assert found["site"].tolist() == [1] * 4 + [2] * 2
    expected = regularize(df.drop(columns="site").set_index("who", append=True).swaplevel(), "D")
    assert_array_equal(found["load"], expected["load"])
    assert found.index.name == "day"
    assert_array_equal(regularize(df, "D", id="who")["load"], expected["load"])


@pytest.mark.parametrize(("id", "message"), [("city", r"got \['city'\]"), ([], r"got \[\]")])
def test_regularize_id_must_be_a_column(id, message):
    df = pd.DataFrame({"load": [1.0]}, index=pd.DatetimeIndex(["2026-01-01"]))
    with pytest.raises(ValueError, match=message):
        regularize(df, "D", id=id)
    with pytest.raises(ValueError, match="needs a DataFrame with an index of one level"):
        regularize(df["load"], "D", id="load")
