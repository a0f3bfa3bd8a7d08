"""When the rows of a series were: their regular step, where a row is missing, what comes next.

A step is what is added to a time to get the next: a pandas offset, a `Timedelta`, or a number.
"""

import warnings
from numbers import Integral

import numpy as np
import pandas as pd

from skrnn.preprocessing._time_index import CLOCKS

__all__ = [
    "check_times",
    "find_step",
    "follows",
    "gaps",
    "has_times",
    "is_step_of",
    "kind_of_times",
    "next_times",
]

# Of all steps from row to row, those of the most common length are at least this share of rows
# that are said to be regular.
_REGULAR = 0.5
# The last day that each month has.
_EVERY_MONTH = 28
_DAY = pd.Timedelta(1, "D")


def has_times(index):
    """Return whether an index tells when its rows were.

    Examples
    --------
    >>> has_times(pd.date_range("2020", periods=3)), has_times(pd.Index(["a", "b"]))
    (True, False)
    """
    return isinstance(index, CLOCKS) or pd.api.types.is_integer_dtype(index.dtype)


def kind_of_times(index):
    """Return, in words, what kind of times an index holds: series of one table share it.

    Examples
    --------
    >>> kind_of_times(pd.date_range("2020", periods=3, tz="UTC")), kind_of_times(pd.Index([1, 2]))
    ('times of the zone UTC', 'integers')
    """
    if isinstance(index, pd.DatetimeIndex):
        return "times without a zone" if index.tz is None else f"times of the zone {index.tz}"
    if isinstance(index, pd.PeriodIndex):
        return f"periods of the frequency {index.freqstr}"
    if isinstance(index, pd.TimedeltaIndex):
        return "durations"
    return "integers" if has_times(index) else "labels"


def check_times(index, name):
    """Check that the times of one series are times, each later than the one before.

    Integers may be in any order: they may be what is left of several tables.

    Raises
    ------
    ValueError
        If a time is missing, comes twice or comes before an earlier row's, or if times of several
        zones are mixed.
    """
    if index.dtype == object and len(index) and isinstance(index[0], pd.Timestamp):
        raise ValueError(
            f"{name} has an index of single time stamps, as of several time zones; expected "
            "a DatetimeIndex of one zone: pandas.to_datetime(index, utc=True) makes one."
        )
    if not isinstance(index, CLOCKS):
        return
    if index.hasnans:
        raise ValueError(f"{name} has a row without a time (NaT in its index).")
    late = np.flatnonzero(np.diff(index.asi8) <= 0)
    if len(late) > 0:
        i = int(late[0])
        is_same = index[i] == index[i + 1]
        raise ValueError(
            f"{name} must be sorted by time, each time once: {index[i]} is followed by "
            f"{'itself' if is_same else index[i + 1]} at row {i + 1}. Sort it "
            "(sort_index), or put it on a regular grid with skrnn.preprocessing.regularize."
        )


def find_step(indexes, name):
    """Return the step from row to row that series have in common, None where none can be told.

    Parameters
    ----------
    indexes : list of Index
        The times of each series, checked.
    name : str
        What errors call the data.

    Raises
    ------
    ValueError
        If the rows are at no regular distance.

    Examples
    --------
    >>> find_step([pd.date_range("2020-01-01", periods=4, freq="MS")], "X")
    <MonthBegin>
    >>> find_step([pd.Index([0, 2, 4, 8, 10])], "X")
    2
    """
    if not all(has_times(index) for index in indexes):
        return None
    for index in indexes:
        step = _offset_of(index)
        if step is not None:
            return step
    return _most_common_step(indexes, name)


def _offset_of(index):
    """Return the offset of a DatetimeIndex without gaps, or None."""
    if not isinstance(index, pd.DatetimeIndex):
        return None
    if index.freq is not None:
        return index.freq
    return pd.DatetimeIndex(index, freq="infer").freq if len(index) >= 3 else None


def _most_common_step(indexes, name):
    months = _in_months(indexes)
    ticks = _ticks(indexes) if months is None else months
    steps = np.concatenate([np.diff(of_series) for of_series in ticks])
    if len(steps) == 0:
        return None
    lengths, counts = np.unique(steps, return_counts=True)
    step = int(lengths[np.argmax(counts)])
    clock = indexes[0]
    if not isinstance(clock, CLOCKS):
        # Numbers that stay, fall or jump about are no times.
        return step if step > 0 and counts.max() >= _REGULAR * len(steps) else None
    if counts.max() < _REGULAR * len(steps):
        raise ValueError(
            f"{name} has rows at no regular distance in time: the most common, "
            f"{_step_in_words(clock, step, months)}, is that of {counts.max()} of {len(steps)} "
            "steps. skrnn.preprocessing.regularize puts them on a regular grid."
        )
    if months is not None:
        return _months_offset(clock, step)
    if isinstance(clock, pd.PeriodIndex):
        return max(1, step // clock.freq.n)
    step = pd.Timedelta(step, unit=clock.unit)
    return step if isinstance(clock, pd.TimedeltaIndex) else _in_days(step, indexes)


def _in_days(step, indexes):
    """Return whole days as such: those of a place with summer time are not all 24 hours long."""
    if step % _DAY or any(getattr(_on_the_wall(index), "tz", None) for index in indexes):
        return step
    weekdays = np.concatenate([index.day_of_week for index in indexes])
    is_working_week = step == _DAY and {0, 4} <= set(weekdays) <= set(range(5))
    return pd.offsets.BusinessDay() if is_working_week else pd.offsets.Day(step // _DAY)


def _step_in_words(clock, step, months):
    if months is not None:
        return f"{step} month(s)"
    if isinstance(clock, pd.PeriodIndex):
        return f"{step} period(s)"
    return str(pd.Timedelta(step, unit=clock.unit))


def _in_months(indexes):
    """Return times as numbers of months where all are the same day of another; else None."""
    if not all(isinstance(index, pd.DatetimeIndex) for index in indexes):
        return None
    months = [index.year.to_numpy() * 12 + index.month.to_numpy() for index in indexes]
    if any((np.diff(of_series) == 0).any() for of_series in months):
        return None
    days = {int(day) for index in indexes for day in index.day.unique()}
    is_end = all(index.is_month_end.all() for index in indexes)
    return months if is_end or (len(days) == 1 and max(days) <= _EVERY_MONTH) else None


def _months_offset(clock, n_months):
    if clock.is_month_start.all():
        return pd.offsets.MonthBegin(n_months)
    if clock.is_month_end.all():
        return pd.offsets.MonthEnd(n_months)
    return pd.DateOffset(months=n_months)


def _ticks(indexes):
    """Return times as integers, of the first one's unit."""
    indexes = [_on_the_wall(index) for index in indexes]
    unit = getattr(indexes[0], "unit", None)
    if unit is not None:
        indexes = [index.as_unit(unit) for index in indexes]
    return [index.asi8 if isinstance(index, CLOCKS) else _as_int64(index) for index in indexes]


def _as_int64(index):
    return index.to_numpy().astype(np.int64)


def _on_the_wall(index):
    """Return days of a place, which are 23 or 25 hours long twice a year, without their zone."""
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        return index
    wall = index.tz_localize(None)
    return wall if (wall - wall.normalize()).nunique() == 1 else index


def gaps(index, step):
    """Return the positions of rows that do not follow the row before them.

    Examples
    --------
    >>> gaps(pd.Index([3, 4, 5, 9, 10]), 1)
    array([3])
    """
    if step is None or len(index) < 2 or not has_times(index):
        return np.arange(0)
    if _offset_of(index) == step:
        return np.arange(0)
    index = _on_the_wall(index) if isinstance(index, CLOCKS) else _as_int64(index)
    with warnings.catch_warnings():
        # Some offsets, such as working days with holidays, pandas can only add one by one.
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
        return np.flatnonzero(np.asarray(index[:-1] + step != index[1:])) + 1


def is_step_of(step, index):
    """Return whether a step leads from one time of an index to another.

    Examples
    --------
    >>> is_step_of(1, pd.RangeIndex(3)), is_step_of(1, pd.date_range("2020", periods=3))
    (True, False)
    """
    if step is None or not has_times(index):
        return False
    is_number = isinstance(step, Integral)
    return is_number != isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex)


def follows(last, first, step):
    """Return whether a time is the next after another.

    Examples
    --------
    >>> follows(pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02"), pd.Timedelta("1D"))
    True
    """
    if last is None or first is None or step is None:
        return False
    both = pd.Index([last, first])  # of objects, where they are of two kinds or time zones
    return has_times(both) and len(gaps(both, step)) == 0


def next_times(last, step, n, like):
    """Return the times of the `n` rows after the last one.

    Parameters
    ----------
    last : time
    step : offset, Timedelta or number
    n : int
    like : Index
        Whose kind and name they have.

    Examples
    --------
    >>> next_times(7, 1, 3, pd.RangeIndex(8))
    RangeIndex(start=8, stop=11, step=1)
    """
    if isinstance(like, pd.PeriodIndex):
        times = pd.PeriodIndex([last + step * i for i in range(1, n + 1)])
    elif isinstance(like, pd.DatetimeIndex | pd.TimedeltaIndex):
        count = pd.date_range if isinstance(like, pd.DatetimeIndex) else pd.timedelta_range
        times = count(last, periods=n + 1, freq=step)
        # What is not on the grid of the step itself is left out already.
        times = times[1:] if times[0] == last else times[:n]
    else:
        last = int(last)
        times = pd.RangeIndex(last + step, last + step * (n + 1), step)
    return times.rename(like.name)
