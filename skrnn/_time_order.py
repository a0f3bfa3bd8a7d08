"""Check that the rows of a series are in the order of time, as far as their index shows it.

The rows that `train_test_split` returns are shuffled, and nothing but their index shows it. Windows
and forecasts of such rows would be silently wrong. Every index that can be compared must therefore
increase: times, numbers, dates, and text that holds dates. Labels may be in any order.

Rows in order may still have gaps in time, as after a shuffled KFold. Forecasters cut a series
there, so that they need times with a distance: not dates as text. Others issue a warning.
"""

import warnings

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype
from pandas.tseries.api import guess_datetime_format

from skrnn._time_index import TIME_INDEXES, find_frequency, find_gaps, holds_numbers, holds_times

# The results of pandas' `infer_dtype` for numbers and for times that are objects.
_NUMBERS = {"decimal", "floating", "integer", "mixed-integer-float"}
_TIMES = {"date", "datetime", "datetime64"}
# How a format names the month: text without one, such as "2026", may be any label.
_MONTHS = ("%m", "%b", "%B")
_DAY_AND_MONTH = str.maketrans("dm", "md")


def check_datetime_index(index, input_name):
    """Return the times of an index: the index itself, or the last level of a MultiIndex.

    Raises
    ------
    ValueError
        If the times are not a DatetimeIndex, or if a time is missing (NaT).

    Examples
    --------
    >>> check_datetime_index(pd.DatetimeIndex(["2026-01-01"]), "df").month
    Index([1], dtype='int32')
    """
    has_levels = isinstance(index, pd.MultiIndex)
    times = index.get_level_values(-1) if has_levels else index
    if not isinstance(times, pd.DatetimeIndex):
        which = "the last level of its MultiIndex" if has_levels else "its index"
        raise ValueError(
            f"{input_name} needs a DatetimeIndex: {which} is a {type(times).__name__} of "
            f"{times.dtype}. Use pandas.to_datetime for text and dates (with utc=True also for "
            "times in mixed time zones), and PeriodIndex.to_timestamp for periods."
        )
    _check_no_missing_time(times, input_name)
    return times


def check_sorted(index, input_name):
    """Check that no row of one series comes before a row with an earlier time.

    Like `check_times`, but times may occur twice, and dates may be text.

    Examples
    --------
    >>> check_sorted(pd.Index([3, 3, 7]), "X")
    >>> check_sorted(pd.Index(["wind", "rain"]), "X")
    """
    times = _times_of(index, input_name)
    if times is not None and not times.is_monotonic_increasing:
        _require(lambda steps, ranks: steps < 0, times, index, input_name)


def check_one_sorted_series(X, input_name="X"):
    """Check that the rows of a pandas object are one series, sorted by its index.

    Parameters
    ----------
    X : object
        Objects without an index are in any order.
    input_name : str, default="X"
        The name of the data in error messages.

    Raises
    ------
    ValueError
        If a MultiIndex names several series, or rows are not sorted by time.
    """
    if not isinstance(X, pd.DataFrame | pd.Series):
        return
    if X.index.nlevels > 1:
        n_series = len(X.index.droplevel(-1).unique())
        if n_series > 1:
            raise ValueError(
                f"{input_name} must be one series, got {n_series} in a MultiIndex. make_windows "
                "and SlidingWindowForecaster accept several series."
            )
    check_sorted(X.index.get_level_values(-1), input_name)


def warn_about_gaps(X, input_name="X"):
    """Warn if the index of a series, already sorted, shows that rows are missing between others.

    Parameters
    ----------
    X : object
        Objects without an index have no gaps.
    input_name : str, default="X"
        The name of the data in the warning.
    """
    if not isinstance(X, pd.DataFrame | pd.Series):
        return
    index = X.index.get_level_values(-1)
    times = _times_of(index, input_name)
    if times is None or not holds_times(times):
        return
    try:
        rows = find_gaps(times, find_frequency([times], input_name))
    except ValueError as irregular:
        warnings.warn(str(irregular), UserWarning, stacklevel=4)
        return
    if len(rows):
        i = int(rows[0])
        warnings.warn(
            f"{input_name} has {len(rows)} gap(s) in time, the first from {index[i - 1]} to "
            f"{index[i]} at row {i}, but consecutive rows are used as consecutive time steps. "
            "skrnn.preprocessing.regularize adds rows for missing times, and TimeSeriesSplit makes "
            "folds without gaps (KFold does not). If no row is missing, drop the index with "
            "reset_index(drop=True).",
            UserWarning,
            stacklevel=4,
        )


def check_times(index, input_name):
    """Return the times of one series, after a check that they are strictly increasing.

    Numbers may begin again at the first of them, since they may be the row numbers of several
    joined tables, of which each one is a segment of time.

    Parameters
    ----------
    index : Index
        An index without levels. An index of labels may be in any order.
    input_name : str
        The name of the data in error messages.

    Returns
    -------
    times : Index
        The times or numbers, without categories, intervals (of which the left end is kept) or
        objects around them, or the given labels.

    Raises
    ------
    ValueError
        If a time is missing, occurs twice or comes before that of an earlier row, or if the index
        holds dates as text or objects, whose distances are unknown.

    Examples
    --------
    >>> check_times(pd.CategoricalIndex([5, 6, 7, 5, 6]), "X")
    Index([5, 6, 7, 5, 6], dtype='int64')
    """
    times = _times_of(index, input_name)
    if times is None:
        return index
    if isinstance(times, TIME_INDEXES) and not isinstance(_unwrap(index), TIME_INDEXES):
        raise ValueError(
            f"The index of {input_name} holds dates as {index.dtype}, such as {index[0]!r}; "
            "expected a DatetimeIndex of one time zone, which shows where times are missing. Use "
            "pandas.to_datetime(index), with utc=True for times in several time zones. If the "
            "index is not a time, drop it with reset_index(drop=True)."
        )
    if times.is_monotonic_increasing and times.is_unique:
        return times
    may_begin_again = holds_numbers(times)

    def is_unsorted(steps, ranks):
        return (steps <= 0) & ~(may_begin_again & (ranks[1:] == ranks[0]))

    _require(is_unsorted, times, times, input_name, unique=True)
    return times


def _require(is_unsorted, times, index, input_name, *, unique=False):
    """Raise an error if a function of the steps of times finds one that is not in order."""
    _check_no_missing_time(times, input_name)
    ranks = pd.factorize(times, sort=True)[0]
    rows = np.flatnonzero(is_unsorted(np.diff(ranks), ranks))
    if len(rows) == 0:
        return
    i = int(rows[0])
    next_one = "itself" if ranks[i] == ranks[i + 1] else index[i + 1]
    raise ValueError(
        f"{input_name} must be sorted by time{', and each time must occur once' * unique}: "
        f"{index[i]} is followed by {next_one} at row {i + 1}. {_advice(index, unique)}"
    )


def _advice(index, unique):
    if isinstance(index, TIME_INDEXES):
        return (
            "Sort it (sort_index), or put it on a regular grid with skrnn.preprocessing.regularize."
        )
    several = ", or pass the labels of several series as series_id" if unique else ""
    return (
        "The values of its index count as times. If they are times, or if the rows were shuffled, "
        "sort the rows (sort_index; train_test_split has shuffle=False). If the rows are already "
        f"in the order of time, drop the index (reset_index(drop=True)){several}."
    )


def _times_of(index, input_name):
    """Return the times or numbers that an index holds, in whatever form, or None for labels."""
    index = _unwrap(index)
    if holds_times(index):
        return index
    kind = infer_dtype(index, skipna=True)
    if kind in _NUMBERS:
        return pd.to_numeric(index)
    if kind in _TIMES:
        if len({getattr(time, "tzinfo", None) is None for time in index}) > 1:
            raise ValueError(
                f"{input_name} has an index of times that cannot be compared: some have a time "
                "zone, others none. Use pandas.to_datetime(index, utc=True)."
            )
        return pd.to_datetime(index, utc=True)
    return _dates_in_text(index) if kind == "string" else None


def _unwrap(index):
    """Return the values of categories, the left ends of intervals, and the values of objects."""
    index = index.get_level_values(-1)  # a MultiIndex may have a single level
    if isinstance(index, pd.CategoricalIndex):
        index = pd.Index(index.to_numpy(), name=index.name)
    if isinstance(index, pd.IntervalIndex):
        index = index.left
    return index.infer_objects()


def _dates_in_text(index):
    """Return the times of an index of text such as "2026-01-31", or None for other text."""
    readings = []
    for one in _date_formats(str(index[0])):
        times = pd.to_datetime(index, format=one, errors="coerce", utc=True)
        if not times.hasnans:
            readings.append(times)
    # Both numbers of 01/02 can be the month: the order of the rows decides.
    return next((r for r in readings if r.is_monotonic_increasing), next(iter(readings), None))


def _date_formats(text):
    """Return the formats of a date in text.

    Examples
    --------
    >>> _date_formats("2026-01-31"), _date_formats("31.01.2026"), _date_formats("2026")
    (['ISO8601'], ['%d.%m.%Y', '%m.%d.%Y'], [])
    """
    with warnings.catch_warnings():
        # pandas warns if the day comes first.
        warnings.simplefilter("ignore", UserWarning)
        guess = guess_datetime_format(text)
    if guess is None or not any(month in guess for month in _MONTHS):
        return []
    if guess.startswith("%Y"):
        return ["ISO8601"]
    return [guess, guess.translate(_DAY_AND_MONTH)] if "%m" in guess else [guess]


def _check_no_missing_time(times, input_name):
    if times.hasnans:
        raise ValueError(f"{input_name} has {times.isna().sum()} row(s) without a time (NaT).")
