"""What an index tells of rows in time: when each was, and of which series."""

import numpy as np
import pandas as pd

__all__ = ["CLOCKS", "check_time_index", "rows_of_series", "series_codes"]

# The indexes that tell when their rows were; any other may only number or name them.
CLOCKS = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)


def check_time_index(index, input_name):
    """Return the times of an index: itself, or the last level of a MultiIndex.

    Parameters
    ----------
    index : pandas.Index

    input_name : str
        What the index belongs to, for error messages.

    Returns
    -------
    times : pandas.DatetimeIndex

    Raises
    ------
    ValueError
        If the times are no DatetimeIndex, or if a time is missing (NaT).

    Examples
    --------
    >>> check_time_index(pd.DatetimeIndex(["2026-01-01"]), "df").month
    Index([1], dtype='int32')
    """
    is_panel = isinstance(index, pd.MultiIndex)
    times = index.get_level_values(-1) if is_panel else index
    if not isinstance(times, pd.DatetimeIndex):
        where = "the last level of its MultiIndex" if is_panel else "its index"
        raise ValueError(
            f"{input_name} needs a DatetimeIndex: {where} is a {type(times).__name__} of "
            f"{times.dtype}. pandas.to_datetime makes one of text and of dates, with utc=True "
            "also of times in mixed time zones; PeriodIndex.to_timestamp one of periods."
        )
    if times.hasnans:
        raise ValueError(f"{input_name} has {times.isna().sum()} rows without a time (NaT).")
    return times


def series_codes(index, input_name):
    """Number the series of an index in order of appearance, and return the number for each row.

    All levels of a MultiIndex but the last name the series; any other index has one series.

    Raises
    ------
    ValueError
        If the name of a series is missing.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("b", 0), ("a", 0), ("b", 1)])
    >>> series_codes(index, "df")
    array([0, 1, 0])
    """
    if not isinstance(index, pd.MultiIndex):
        return np.zeros(len(index), dtype=np.int64)
    levels = list(range(index.nlevels - 1))
    groups = pd.DataFrame(index=index).groupby(level=levels, sort=False, observed=True)
    codes = groups.ngroup().to_numpy()
    is_missing = ~(codes >= 0)  # NaN
    if is_missing.any():
        raise ValueError(
            f"{input_name} has {is_missing.sum()} rows without the name of a series: missing "
            "values in the first levels of its MultiIndex."
        )
    return codes.astype(np.int64)


def rows_of_series(codes):
    """Return the rows of each series, in their order.

    Examples
    --------
    >>> rows_of_series(np.array([0, 1, 0]))
    [array([0, 2]), array([1])]
    """
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
