"""Check that the rows of a series are in the order of time, as far as their index shows it.

The rows that `train_test_split` returns are shuffled, and nothing but their index shows it. Windows
and forecasts of such rows would be silently wrong. Every index that can be compared must therefore
increase: times, numbers, dates, and text in the format of dates. Labels may be in any order.
"""

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_bool_dtype, is_integer_dtype, is_numeric_dtype

from skrnn._time_index import TIME_INDEXES

# The results of pandas' `infer_dtype` for objects that can be compared with each other.
_COMPARABLE = {"date", "datetime", "decimal", "floating", "integer", "mixed-integer-float"}


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

    Parameters
    ----------
    index : Index
        An index without levels. An index of labels may be in any order.
    input_name : str
        The name of the data in error messages.

    Raises
    ------
    ValueError
        If a time is missing, or is earlier than the one before it.

    Examples
    --------
    >>> check_sorted(pd.Index([3, 3, 7]), "X")
    >>> check_sorted(pd.Index(["wind", "rain"]), "X")
    """
    if index.is_monotonic_increasing:
        return
    _require(lambda steps, ranks: steps < 0, index, input_name)


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


def check_times(index, input_name):
    """Check that the times of one series are of one time zone and strictly increasing.

    Integers may begin again at the first of them, since they may be the row numbers of several
    joined tables, of which each one is a segment of time.

    Parameters
    ----------
    index : Index
        An index without levels. An index of labels may be in any order.
    input_name : str
        The name of the data in error messages.

    Raises
    ------
    ValueError
        If a time is missing, occurs twice or comes before that of an earlier row, or if times of
        several zones are mixed.

    Examples
    --------
    >>> check_times(pd.Index([5, 6, 7, 5, 6]), "X")
    """
    if index.dtype == object and len(index) and isinstance(index[0], pd.Timestamp):
        raise ValueError(
            f"{input_name} has an index of single time stamps, which may be of several time "
            "zones; expected a DatetimeIndex of one zone: use "
            "pandas.to_datetime(index, utc=True)."
        )
    if index.is_monotonic_increasing and index.is_unique:
        return
    may_begin_again = is_integer_dtype(index.dtype)

    def is_unsorted(steps, ranks):
        return (steps <= 0) & ~(may_begin_again & (ranks[1:] == ranks[0]))

    _require(is_unsorted, index, input_name, unique=True)


def _require(is_unsorted, index, input_name, *, unique=False):
    """Raise an error if a function of the steps of an index finds one that is not in order."""
    ranks = _ranks(index, input_name)
    if ranks is None:
        return
    _check_no_missing_time(index, input_name)
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


def _ranks(index, input_name):
    """Return integers in the order of the values of an index, or None if these are labels."""
    if isinstance(index, TIME_INDEXES):
        return index.asi8
    if isinstance(index, pd.CategoricalIndex):
        index = pd.Index(index.to_numpy())
    if isinstance(index, pd.IntervalIndex):
        index = index.left
    if is_bool_dtype(index.dtype):
        return None
    if not is_numeric_dtype(index.dtype):
        kind = infer_dtype(index, skipna=True)
        index = _dates_in_text(index) if kind == "string" else index
        if kind not in {*_COMPARABLE, "string", "datetime64"} or index is None:
            return None
    try:
        return pd.factorize(index, sort=True)[0]
    except TypeError as error:
        raise ValueError(
            f"{input_name} has an index of times that cannot be compared: {error}. Use "
            "pandas.to_datetime(index, utc=True)."
        ) from error


def _dates_in_text(index):
    """Return the times of an index of text such as "2026-01-31", or None for other text."""
    for part in (index[:1], index):
        times = pd.to_datetime(part, format="ISO8601", errors="coerce", utc=True)
        if times.hasnans:
            return None
    return times


def _check_no_missing_time(times, input_name):
    if times.hasnans:
        raise ValueError(f"{input_name} has {times.isna().sum()} row(s) without a time (NaT).")
