"""`regularize`: windows count rows as steps in time, so the rows must be equally far apart.

Measured series seldom are: stations fall silent, clocks drift, a record comes twice. This is put
right once, before any split, and no value may get a time at which nobody knew it yet.
"""

from datetime import timedelta

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from pandas.tseries.frequencies import to_offset

from skrnn._sklearn import StrOptions, validate_params
from skrnn.preprocessing._time_index import check_time_index, rows_of_series, series_codes

__all__ = ["regularize"]

_EPOCH = pd.Timestamp("1970-01-01")
_AGGREGATES = ("mean", "median", "min", "max", "sum", "first", "last")


@validate_params(
    {
        "df": [pd.DataFrame, pd.Series],
        "freq": [str, timedelta, np.timedelta64, pd.offsets.BaseOffset],
        "aggregate": [StrOptions(set(_AGGREGATES))],
    },
    prefer_skip_nested_validation=True,
)
def regularize(df, freq, *, aggregate="mean"):
    """Put a table of rows in time on a regular grid, before any split.

    A slot of the grid holds what was measured after the slot before it, up to and including its
    own time: with `freq="h"`, a row of 10:40 goes to 11:00 and one of 11:00 stays where it is. So
    no value gets a time at which it was not known yet, and what is forecast at 11:00 may use it.
    Slots without a row become rows of NaN, which :class:`~skrnn.preprocessing.Interpolator` fills.

    Parameters
    ----------
    df : DataFrame or Series of n rows
        With a DatetimeIndex, in a time zone or without one, or with a MultiIndex whose last level
        is one: the other levels name the series, and each series gets a grid of its own, from
        its first to its last row. The rows may be in any order.

    freq : str, timedelta, timedelta64 or pandas offset
        The distance of the slots: a pandas alias such as `"h"`, `"3h"`, `"D"` or `"MS"`, or a
        positive span of time.

    aggregate : {"mean", "median", "min", "max", "sum", "first", "last"}, default="mean"
        What becomes of several rows in one slot, for columns of numbers (and of booleans, which
        become 0 and 1). Other columns, of text for instance, keep the last. Missing values do not
        take part.

    Returns
    -------
    regular : DataFrame or Series
        The same columns, sorted by time, with a row a slot. Of a single series, the index has its
        `freq` set. Several series stay in the order in which they first come in `df`.

    Raises
    ------
    ValueError
        If `df` has no rows, if its times are no DatetimeIndex (as is the case for times in mixed
        time zones), if a time or the name of a series
        is missing, or if `freq` is unknown or not positive.

    See Also
    --------
    skrnn.preprocessing.Interpolator : Fills the gaps that are left.

    Notes
    -----
    Spans of hours and less are counted from the midnight, in local time, before the first row:
    `"3h"` has slots at 0, 3, 6, ... o'clock. Over a change of the clocks they stay equally long,
    so the hours of local time shift; days (`"D"`) and longer offsets follow the calendar
    instead, so that one day has 23 hours and another 25. Where the slots are at other hours each
    day, as with `"7h"`, put the whole table on its grid at once, not part by part.

    Daily rows at noon go to the midnight after it, by the rule above; to keep noon as the label
    shift the index before and after.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.preprocessing import regularize
    >>> times = ["2026-01-01 00:00", "2026-01-01 00:20", "2026-01-01 01:00", "2026-01-01 03:00"]
    >>> wind = pd.Series([1.0, 2.0, 4.0, 5.0], index=pd.DatetimeIndex(times))
    >>> regularize(wind, "h")
    2026-01-01 00:00:00    1.0
    2026-01-01 01:00:00    3.0
    2026-01-01 02:00:00    NaN
    2026-01-01 03:00:00    5.0
    Freq: h, dtype: float64
    """
    if len(df) == 0:
        raise ValueError("df has no rows: at least one is needed to begin a grid.")
    times, offset = check_time_index(df.index, "df"), _check_offset(freq)
    series = series_codes(df.index, "df")
    # Stable, so that "first" and "last" go by the order of rows at the same time.
    order = times.argsort(kind="stable")
    slots, grids = _place(times[order], series[order], offset)
    table = (df.to_frame() if isinstance(df, pd.Series) else df).iloc[order]
    table = _aggregate(table, slots, aggregate).reindex(range(sum(map(len, grids))))
    table.index = _grid_index(df.index, series, grids)
    return table.iloc[:, 0].rename(df.name) if isinstance(df, pd.Series) else table


def _check_offset(freq):
    if isinstance(freq, np.timedelta64):
        freq = pd.Timedelta(freq)
    try:
        offset = to_offset(freq)
    except ValueError as error:
        raise ValueError(
            "freq must be an alias that pandas knows, such as 'h', '3h', 'D' or 'MS', or a span "
            f"of time, got {freq!r}."
        ) from error
    if _EPOCH + offset <= _EPOCH:
        raise ValueError(f"freq must be positive, got {freq!r}.")
    return offset


def _place(times, series, offset):
    """Return the slot of each row, numbered through over all series, and the grid of each."""
    slots, grids, n_slots = np.empty(len(times), dtype=np.int64), [], 0
    for rows in rows_of_series(series):
        grid = _grid(times[rows], offset)
        # The first slot that is not before the row: a value moves to later times only.
        slots[rows] = n_slots + grid.searchsorted(times[rows], side="left")
        grids.append(grid)
        n_slots += len(grid)
    return slots, grids


def _grid(times, offset):
    """Return the slots from the first to the last of the sorted times, neither left out."""
    first, last = times[0], times[-1]
    # Where the clocks change at midnight that time may be missing, or come twice.
    midnight = first.tz_localize(None).normalize()
    midnight = midnight.tz_localize(first.tz, nonexistent="shift_forward", ambiguous=True)
    # Twice the offset, as pandas' day may have 24 hours where the calendar's has 25.
    grid = pd.date_range(midnight, last + offset + offset, freq=offset, name=times.name)
    grid = grid[grid.searchsorted(first) : grid.searchsorted(last) + 1]
    as_given = grid.as_unit(times.unit)
    return as_given if (as_given == grid).all() else grid


def _aggregate(table, slots, aggregate):
    """Return one row for each slot that has any."""
    columns = table.columns
    # By number, as names may come twice.
    table = table.set_axis(range(len(columns)), axis=1)
    table = table.astype({i: np.float64 for i in table if is_bool_dtype(table.dtypes[i])})
    numbers = [i for i in table if is_numeric_dtype(table.dtypes[i])]
    groups = table.groupby(slots)
    # The sum of no number is no number: nothing was measured.
    options = {"min_count": 1} if aggregate == "sum" else {}
    result = getattr(groups[numbers], aggregate)(**options)
    # Some releases of pandas give the mean of float32 as float64.
    result = result.astype({i: table.dtypes[i] for i in numbers if table.dtypes[i].kind == "f"})
    parts = [result, groups[table.columns.difference(numbers)].last()]
    return pd.concat(parts, axis=1)[list(table)].set_axis(columns, axis=1)


def _grid_index(index, series, grids):
    """Return the times of all grids, for several series beside the names of each."""
    if not isinstance(index, pd.MultiIndex):
        return grids[0]
    first_rows = np.unique(series, return_index=True)[1]
    rows = np.repeat(first_rows, [len(grid) for grid in grids])
    names = [index.get_level_values(level).take(rows) for level in range(index.nlevels - 1)]
    return pd.MultiIndex.from_arrays([*names, grids[0].append(grids[1:])], names=index.names)
