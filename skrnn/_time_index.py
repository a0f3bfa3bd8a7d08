"""Read the times of rows from an index: their frequency, gaps, next times and series.

A frequency is the value that is added to a time to get the next one: a pandas offset, a
`Timedelta`, or a number.
"""

import warnings
from numbers import Integral, Real

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype, is_integer_dtype

# Only these indexes are sure to hold times; any other may number or name its rows.
TIME_INDEXES = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
# Rows are regular if at least this fraction of the distances between them are the most common one.
_REGULAR = 0.5
# Distances between floats are equal up to this fraction of their median. A float time is rounded,
# and months in years differ by that much. A missing row at least doubles a distance.
FLOAT_TOLERANCE = 0.1
# The last day that each month has.
_EVERY_MONTH = 28
_DAY = pd.Timedelta(1, "D")
_ADVICE_FOR_TIMES = "Put the rows on a regular grid with skrnn.preprocessing.regularize."
_ADVICE_FOR_NUMBERS = (
    "Numbers in an index count as times. Rows that were drawn at random, as by train_test_split "
    "or a shuffled KFold, are not a series (TimeSeriesSplit keeps their order). If the index is "
    "not a time and no row is missing, drop it with reset_index(drop=True)."
)


def holds_times(index):
    """Return whether the values of an index can be times: times, periods, durations or numbers.

    Examples
    --------
    >>> holds_times(pd.date_range("2020", periods=3)), holds_times(pd.Index(["a", "b"]))
    (True, False)
    """
    return isinstance(index, TIME_INDEXES) or holds_numbers(index)


def holds_numbers(index):
    """Return whether an index holds integers or floats.

    Examples
    --------
    >>> holds_numbers(pd.Index([0.5, 1.0])), holds_numbers(pd.Index([True, False]))
    (True, False)
    """
    return is_integer_dtype(index.dtype) or is_float_dtype(index.dtype)


def kind_of_times(index):
    """Return, in words, what kind of times an index holds, which must be the same in all series.

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
    if holds_numbers(index):
        return "integers" if is_integer_dtype(index.dtype) else "floats"
    return "labels"


# --- frequency --------------------------------------------------------------------------------


def find_frequency(indexes, input_name):
    """Return the frequency that the rows of all series share, or None if there is none.

    Parameters
    ----------
    indexes : list of Index
        The times of each series, already checked.
    input_name : str
        The name of the data in error messages.

    Raises
    ------
    ValueError
        If the times are irregular.

    Examples
    --------
    >>> find_frequency([pd.date_range("2020-01-01", periods=4, freq="MS")], "X")
    <MonthBegin>
    >>> find_frequency([pd.Index([0, 2, 4, 8, 10])], "X")
    2
    >>> find_frequency([pd.Index([0.1, 0.2, 0.3, 0.5])], "X")
    0.1
    """
    if not all(holds_times(index) for index in indexes):
        return None
    if any(is_float_dtype(index.dtype) for index in indexes):
        return _step_of_floats(indexes, input_name)
    for index in indexes:
        offset = _offset_of(index)
        if offset is not None:
            return offset
    return _most_common_step(indexes, input_name)


def _offset_of(index):
    """Return the offset of a DatetimeIndex without gaps, or None."""
    if not isinstance(index, pd.DatetimeIndex):
        return None
    if index.freq is not None:
        return index.freq
    return pd.DatetimeIndex(index, freq="infer").freq if len(index) >= 3 else None


def _step_of_floats(indexes, input_name):
    steps = np.concatenate([np.diff(_as_floats(index)) for index in indexes])
    steps = steps[steps > 0]
    if len(steps) == 0:
        return None
    median = np.median(steps)
    equal = steps[_are_steps(steps, median)]
    if len(equal) < _REGULAR * len(steps):
        _refuse_irregular(f"{median:.6g}", len(equal), len(steps), input_name, _ADVICE_FOR_NUMBERS)
    # Ten digits leave out the rounding errors of the differences.
    return float(f"{equal.mean():.10g}")


def _are_steps(steps, freq):
    """Return whether distances between floats are one step, up to rounding."""
    return np.abs(steps - freq) <= FLOAT_TOLERANCE * abs(freq)


def _refuse_irregular(step, n_equal, n_steps, input_name, advice):
    raise ValueError(
        f"{input_name} has rows at irregular times: the most common distance between rows, {step}, "
        f"occurs {n_equal} times in {n_steps}. {advice}"
    )


def _most_common_step(indexes, input_name):
    months = _in_months(indexes)
    ticks = _ticks(indexes) if months is None else months
    steps = np.concatenate([np.diff(of_series) for of_series in ticks])
    # Row numbers of joined tables begin again, and labels of series do not change.
    steps = steps[steps > 0]
    if len(steps) == 0:
        return None
    lengths, counts = np.unique(steps, return_counts=True)
    step = int(lengths[np.argmax(counts)])
    first = indexes[0]
    is_number = not isinstance(first, TIME_INDEXES)
    if counts.max() < _REGULAR * len(steps):
        in_words = _step_in_words(first, step, months)
        advice = _ADVICE_FOR_NUMBERS if is_number else _ADVICE_FOR_TIMES
        _refuse_irregular(in_words, counts.max(), len(steps), input_name, advice)
    if is_number:
        return step
    if months is not None:
        return _months_offset(first, step)
    if isinstance(first, pd.PeriodIndex):
        return max(1, step // first.freq.n)
    step = pd.Timedelta(step, unit=first.unit)
    return step if isinstance(first, pd.TimedeltaIndex) else _in_days(step, indexes)


def _in_days(step, indexes):
    """Return whole days as an offset, because days with a change of the clocks are not 24 hours."""
    if step % _DAY or any(getattr(_local_days(index), "tz", None) for index in indexes):
        return step
    weekdays = np.concatenate([index.day_of_week for index in indexes])
    is_working_week = step == _DAY and {0, 4} <= set(weekdays) <= set(range(5))
    return pd.offsets.BusinessDay() if is_working_week else pd.offsets.Day(step // _DAY)


def _step_in_words(first, step, months):
    if months is not None:
        return f"{step} month(s)"
    if isinstance(first, pd.PeriodIndex):
        return f"{step} period(s)"
    if not isinstance(first, TIME_INDEXES):
        return str(step)
    return str(pd.Timedelta(step, unit=first.unit))


def _in_months(indexes):
    """Return times as numbers of months if all are the same day of different months, else None."""
    if not all(isinstance(index, pd.DatetimeIndex) for index in indexes):
        return None
    months = [index.year.to_numpy() * 12 + index.month.to_numpy() for index in indexes]
    if any((np.diff(of_series) == 0).any() for of_series in months):
        return None
    days = {int(day) for index in indexes for day in index.day.unique()}
    is_end = all(index.is_month_end.all() for index in indexes)
    return months if is_end or (len(days) == 1 and max(days) <= _EVERY_MONTH) else None


def _months_offset(first, n_months):
    if first.is_month_start.all():
        return pd.offsets.MonthBegin(n_months)
    if first.is_month_end.all():
        return pd.offsets.MonthEnd(n_months)
    return pd.DateOffset(months=n_months)


def _ticks(indexes):
    """Return times as integers in the unit of the first index."""
    indexes = [_local_days(index) for index in indexes]
    unit = getattr(indexes[0], "unit", None)
    if unit is not None:
        indexes = [index.as_unit(unit) for index in indexes]
    return [
        index.asi8 if isinstance(index, TIME_INDEXES) else _as_int64(index) for index in indexes
    ]


def _as_int64(index):
    return index.to_numpy().astype(np.int64)


def _as_floats(index):
    return index.to_numpy(dtype=np.float64)


def _local_days(index):
    """Return local days without their time zone, since two days per year have 23 or 25 hours."""
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        return index
    local = index.tz_localize(None)
    return local if (local - local.normalize()).nunique() == 1 else index


def find_gaps(index, freq):
    """Return the positions of rows before which a time is missing.

    Examples
    --------
    >>> find_gaps(pd.Index([3, 4, 5, 9, 10]), 1)
    array([3])
    """
    if freq is None or len(index) < 2 or not holds_times(index):
        return np.arange(0)
    if _offset_of(index) == freq:
        return np.arange(0)
    if is_float_dtype(index.dtype) or isinstance(freq, float):
        return np.flatnonzero(~_are_steps(np.diff(_as_floats(index)), freq)) + 1
    index = _local_days(index) if isinstance(index, TIME_INDEXES) else _as_int64(index)
    with warnings.catch_warnings():
        # pandas adds some offsets, such as working days with holidays, to one time after another.
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
        return np.flatnonzero(np.asarray(index[:-1] + freq != index[1:])) + 1


def is_frequency_of(freq, index):
    """Return whether a frequency can be added to the times of an index.

    Examples
    --------
    >>> is_frequency_of(1, pd.RangeIndex(3)), is_frequency_of(1, pd.date_range("2020", periods=3))
    (True, False)
    """
    if freq is None or not holds_times(index):
        return False
    is_number = isinstance(freq, Real)
    return is_number != isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex)


def is_next(time, last, freq):
    """Return whether a time is the next one after another.

    Examples
    --------
    >>> is_next(pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-01"), pd.Timedelta("1D"))
    True
    """
    if last is None or time is None or freq is None:
        return False
    # Integers of different width would be an index of objects before pandas 3.
    last, time = (int(t) if isinstance(t, Integral) else t for t in (last, time))
    both = pd.Index([last, time])  # an index of objects, if the two are of different kinds
    return holds_times(both) and len(find_gaps(both, freq)) == 0


def next_times(last, freq, n, like):
    """Return the times of the `n` rows after the last one.

    Parameters
    ----------
    last : time
    freq : offset, Timedelta or number
    n : int
    like : Index
        An index of the same kind, whose name the result gets.

    Examples
    --------
    >>> next_times(7, 1, 3, pd.RangeIndex(8))
    RangeIndex(start=8, stop=11, step=1)
    """
    if isinstance(like, pd.PeriodIndex):
        times = pd.PeriodIndex([last + freq * i for i in range(1, n + 1)])
    elif isinstance(like, pd.DatetimeIndex | pd.TimedeltaIndex):
        make_range = pd.date_range if isinstance(like, pd.DatetimeIndex) else pd.timedelta_range
        times = make_range(last, periods=n + 1, freq=freq)
        # pandas has already left out the first time if it is not on the grid of the frequency.
        times = times[1:] if times[0] == last else times[:n]
    elif isinstance(last, Integral) and isinstance(freq, Integral):
        last = int(last)
        times = pd.RangeIndex(last + freq, last + freq * (n + 1), freq)
    else:
        times = pd.Index(float(last) + freq * np.arange(1, n + 1))
    return times.rename(like.name)


# --- series -----------------------------------------------------------------------------------


def number_series(labels, input_name):
    """Number series in order of appearance.

    Parameters
    ----------
    labels : ndarray or Index of shape (n_rows,)
        The label of the series of each row; a MultiIndex if several levels together identify a
        series.
    input_name : str
        The name of the data in error messages.

    Returns
    -------
    numbers : ndarray of int of shape (n_rows,)
        The number of each row's series.
    keys : list
        The label of each series.

    Raises
    ------
    ValueError
        If a label is missing.

    Examples
    --------
    >>> number_series(np.array(["b", "a", "b"]), "X")
    (array([0, 1, 0]), ['b', 'a'])
    """
    try:
        numbers, keys = pd.factorize(labels)
    except TypeError as error:
        raise ValueError(
            f"The labels of the series of {input_name} must be hashable: {error}."
        ) from error
    if isinstance(labels, pd.MultiIndex):
        numbers = np.where(np.min(labels.codes, axis=0) < 0, -1, numbers)
    if (numbers < 0).any():
        raise ValueError(
            f"{input_name} has {np.count_nonzero(numbers < 0)} row(s) without a series, the first "
            f"at row {int(np.argmin(numbers))}: its label is missing."
        )
    return numbers, pd.Index(keys).tolist()


def series_of_rows(index, input_name):
    """Return the number of each row's series, from all but the last level of a MultiIndex.

    An index of one level has one series.

    Raises
    ------
    ValueError
        If the label of a series is missing.
    """
    if index.nlevels == 1:
        return np.zeros(len(index), dtype=np.int64)
    return number_series(index.droplevel(-1), input_name)[0]


def rows_of_series(numbers):
    """Return the rows of each series, in their order.

    Examples
    --------
    >>> rows_of_series(np.array([0, 1, 0]))
    [array([0, 2]), array([1])]
    """
    return np.split(np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))[:-1])
