"""The plain forms of pandas indexes and frequencies, of sparse arrays and of private classes."""

import datetime
import pickle
import zoneinfo

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas import offsets
from pandas.tseries.holiday import USFederalHolidayCalendar
from scipy import sparse
from small_data import labelled

from skrnn._persistence._plain_values import UnreadableValueError, as_plain, from_plain
from skrnn.reservoir import Reservoir

DAYS = {"start": "2026-01-31", "periods": 3}
HOLIDAYS = offsets.CustomBusinessDay(holidays=["2026-01-06"])
INDEXES = [
    pd.RangeIndex(3, 9, 2, name="row"),
    pd.Index([1, 5]),
    pd.Index([1, 5], dtype="int8"),
    pd.Index([1, None], dtype="Int64"),
    pd.Index([1.5, np.nan]),
    pd.Index([True, False]),
    pd.Index([]),
    pd.Index(["a", "b"], name="station"),
    pd.Index(["a", None]),
    pd.Index(["a", 1], dtype=object),
    pd.Index(["a"], dtype="string"),
    pd.CategoricalIndex(["b", "a"], categories=["b", "a", "c"], ordered=True, name="kind"),
    pd.DatetimeIndex(["2026-01-01", "2026-02-05"]),
    pd.date_range(**DAYS, name="day"),
    pd.date_range(**DAYS, unit="s"),
    pd.date_range(**DAYS, freq=HOLIDAYS),
    pd.date_range(**DAYS, freq="MS", tz="Europe/Paris"),
    pd.date_range(**DAYS, tz=zoneinfo.ZoneInfo("Asia/Tokyo")),
    pd.date_range(**DAYS, tz=datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))),
    pd.date_range(**DAYS, tz="UTC"),
    pd.period_range("2026", periods=3, freq="Q"),
    pd.period_range("2026", periods=3, freq="2h", name="hours"),
    pd.timedelta_range("1h", periods=3, freq="2h"),
    pd.to_timedelta([1, 5], unit="s"),
    pd.MultiIndex.from_product([["a", "b"], pd.date_range(**DAYS)], names=["site", "day"]),
]
# These are stored as pandas objects, which pickle can store but skops cannot.
OBJECTS = [
    pd.IntervalIndex.from_breaks([0, 1, 2]),
    pd.Index([datetime.date(2026, 1, 1)]),
]
FREQUENCIES = [
    offsets.Day(2),
    offsets.Hour(3),
    offsets.MonthBegin(),
    offsets.MonthEnd(2),
    offsets.QuarterEnd(startingMonth=2),
    offsets.YearBegin(month=4),
    offsets.Week(weekday=2),
    offsets.WeekOfMonth(week=1, weekday=2),
    offsets.SemiMonthEnd(),
    offsets.FY5253(),
    offsets.Easter(),
    offsets.DateOffset(months=3),
    offsets.DateOffset(months=1, days=2),
    offsets.BusinessDay(normalize=True),
    offsets.BusinessDay(offset=pd.Timedelta("1h")),
    offsets.BusinessHour(start="08:00"),
    offsets.CustomBusinessHour(weekmask="Mon Tue"),
    offsets.CustomBusinessDay(calendar=USFederalHolidayCalendar()),
    HOLIDAYS,
    pd.Timedelta("3h"),
    pd.Timedelta(5, unit="s").as_unit("s"),
    pd.Timestamp("2026-01-01", tz="Europe/Paris"),
    pd.Period("2026Q1", freq="Q"),
]


def is_plain(value):
    """Return whether a value contains only arrays, numbers and text."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, np.ndarray):
        return value.dtype != object or all(map(is_plain, value))
    return value is None or type(value) in (str, int, float, bool)


@pytest.mark.parametrize("index", INDEXES, ids=repr)
def test_index(index):
    plain = as_plain(index)
    assert is_plain(plain)
    again = from_plain(plain)
    assert type(again) is type(index)
    assert again.identical(index)
    assert again.dtype == index.dtype
    assert getattr(again, "freq", None) == getattr(index, "freq", None)


@pytest.mark.parametrize("index", OBJECTS, ids=repr)
def test_index_of_objects_is_stored_unchanged(index):
    assert as_plain(index) is index
    assert from_plain(index) is index


@pytest.mark.parametrize("frequency", FREQUENCIES, ids=repr)
def test_frequency(frequency):
    plain = as_plain(frequency)
    assert is_plain(plain)
    again = from_plain(plain)
    assert type(again) is type(frequency)
    assert again == frequency
    assert repr(again) == repr(frequency)
    assert getattr(again, "unit", None) == getattr(frequency, "unit", None)
    for day in pd.date_range("2026-01-01", periods=8):
        if isinstance(frequency, pd.offsets.BaseOffset):
            assert day + again == day + frequency


def test_zone_without_a_name_is_stored_unchanged():
    class Zone(datetime.tzinfo):
        def utcoffset(self, time):
            return datetime.timedelta(hours=2)

        dst = tzname = utcoffset

    index = pd.DatetimeIndex([pd.Timestamp("2026-01-01", tz=Zone())])
    assert as_plain(index) is index


def test_custom_offset_is_stored_unchanged():
    class EveryOtherDay(offsets.Day):
        pass

    offset = EveryOtherDay(2)
    assert as_plain(offset) is offset


def test_labels_of_series():
    for labels in ([("a", 1), ("b", 2)], ["a", "b"], [None], [3, "x"], []):
        assert as_plain(labels) is labels or as_plain(labels) == labels
        assert from_plain(labels) == labels
    days = [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")]
    for labels in (days, [("a", day) for day in days]):
        assert is_plain(as_plain(labels))
        assert from_plain(as_plain(labels)) == labels


def test_sparse_array():
    matrix = sparse.random_array((5, 7), density=0.3, format="csr", rng=0, dtype=np.float32)
    plain = as_plain(matrix)
    assert is_plain(plain)
    again = from_plain(plain)
    assert again.dtype == matrix.dtype
    for name in ("data", "indices", "indptr"):
        assert_array_equal(getattr(again, name), getattr(matrix, name), strict=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"_skrnn_kind": "unheard"}, "'unheard' is an unknown kind"),
        ({"_skrnn_kind": "Layer", "bias": 0.0}, r"the fields are \['bias'\]"),
        ({"_skrnn_kind": "index", "values": [1], "dtype": "nothing", "name": None}, "nothing"),
        ({"_skrnn_kind": "offset", "name": "system", "n": 1}, "not an offset"),
        ({"_skrnn_kind": "offset", "name": "Day", "m": 1}, "'m'"),
    ],
)
def test_invalid_content(content, message):
    with pytest.raises(UnreadableValueError, match=message):
        from_plain(content)


def test_only_offsets_are_made_from_the_names_of_offsets(monkeypatch):
    monkeypatch.setattr(offsets, "Other", dict, raising=False)
    with pytest.raises(UnreadableValueError, match="not an offset"):
        from_plain({"_skrnn_kind": "offset", "name": "Other", "n": 1})


def test_stored_layers_are_equal_and_share_no_class():
    reservoir = Reservoir(units=5, layers=2, random_state=0).fit(labelled()[0])
    plain = as_plain(reservoir.layers_)
    assert is_plain(plain)
    assert b"skrnn." not in pickle.dumps(plain)
    for layer, again in zip(reservoir.layers_, from_plain(plain), strict=True):
        assert type(again) is type(layer)
        assert layer.equals(again)
