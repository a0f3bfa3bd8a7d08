"""`regularize`: puts rows in time on a regular grid, as windows of rows need it.

Measured series are seldom regular: stations fail, clocks drift, records are duplicated. No value
may be moved to an earlier time, at which it was not known yet.
"""

from datetime import timedelta

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from pandas.tseries.frequencies import to_offset

from skrnn._sklearn import StrOptions, validate_params
from skrnn._time_index import rows_of_series, series_of_rows
from skrnn._time_order import check_datetime_index

_EPOCH = pd.Timestamp("1970-01-01")
_AGGREGATES = ("mean", "median", "min", "max", "sum", "first", "last")


@validate_params(
    {
        "df": [pd.DataFrame, pd.Series],
        "freq": [str, timedelta, np.timedelta64, pd.offsets.BaseOffset],
        "id": [str, list, None],
        "aggregate": [StrOptions(set(_AGGREGATES))],
    },
    prefer_skip_nested_validation=True,
)
def regularize(df, freq, *, id=None, aggregate="mean"):
    """Put a table of rows in time on a regular grid, before any split.

    Each time of the grid is the right end of an interval: it holds the rows after the previous time
    of the grid, up to and including its own. With `freq="h"`, a row at 10:40 goes to 11:00, and a
    row at 11:00 stays at 11:00. So no value is moved to a time at which it was not known yet, and a
    forecast made at 11:00 may use it. Intervals without a row become rows of NaN, which
    :class:`~skrnn.preprocessing.Interpolator` fills.

    Parameters
    ----------
    df : DataFrame or Series of n rows
        A table with a DatetimeIndex, with or without a time zone, or with a MultiIndex whose last
        level is a DatetimeIndex. The other levels of a MultiIndex name the series, and each series
        gets its own grid, from its first to its last row. The rows may be in any order.

    freq : str, timedelta, timedelta64 or pandas offset
        The distance between the times of the grid: a pandas alias such as `"h"`, `"3h"`, `"D"` or
        `"MS"`, or a positive duration.

    id : str, list of str or None, default=None
        The column, or columns, of `df` that identify the series of a row. Each series gets its own
        grid, and all its rows, also the new ones, keep its id. If None, `df` is one series, or has
        a MultiIndex.

    aggregate : {"mean", "median", "min", "max", "sum", "first", "last"}, default="mean"
        How several rows in one interval are combined in columns of numbers and of booleans, which
        become 0 and 1. In other columns, such as text, the last value is kept. Missing values are
        ignored.

    Returns
    -------
    regular : DataFrame or Series
        The same columns, sorted by time, with one row per time of the grid. The index of a single
        series has its `freq` set. Several series are in the order in which they first occur in
        `df`.

    Raises
    ------
    ValueError
        If `df` has no rows or no column `id`, if its times are not a DatetimeIndex (times in mixed
        time zones do not form one), if a time or the label of a series is missing, or if `freq` is
        unknown or not positive.

    See Also
    --------
    skrnn.preprocessing.Interpolator : Fills the NaN of the new rows.

    Notes
    -----
    Hours and shorter durations are counted from the midnight, in local time, before the first row:
    `"3h"` has times at 0, 3, 6, ... o'clock. When the clocks change, these intervals keep their
    length, so that their local times shift. Days (`"D"`) and longer offsets follow the calendar, so
    that one day has 23 hours and another one 25. If the times of the grid differ from day to day,
    as with `"7h"`, put the whole table on its grid at once, and not in parts.

    By the rule above, daily rows at noon are moved to the following midnight. To keep noon as the
    label, shift the index before and after.

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
        raise ValueError("df has no rows; expected at least one.")
    if id is not None:
        return _regularize_by_id(df, freq, [id] if isinstance(id, str) else id, aggregate)
    times, offset = check_datetime_index(df.index, "df"), _check_offset(freq)
    series = series_of_rows(df.index, "df")
    # A stable sort keeps the order of rows at the same time, which "first" and "last" depend on.
    order = times.argsort(kind="stable")
    slots, grids = _assign_slots(times[order], series[order], offset)
    table = (df.to_frame() if isinstance(df, pd.Series) else df).iloc[order]
    table = _aggregate(table, slots, aggregate).reindex(range(sum(map(len, grids))))
    table.index = _grid_index(df.index, series, grids)
    return table.iloc[:, 0].rename(df.name) if isinstance(df, pd.Series) else table


def _regularize_by_id(df, freq, names, aggregate):
    """Return a regular table in which some columns identify the series of a row."""
    if isinstance(df, pd.Series) or df.index.nlevels > 1:
        raise ValueError(
            f"id={names} needs a DataFrame with an index of one level, the time; got a "
            f"{type(df).__name__} with {df.index.nlevels} level(s)."
        )
    missing = [name for name in names if name not in df.columns]
    if missing or not names:
        raise ValueError(f"id must hold columns of df, {list(df.columns)}, got {missing or names}.")
    n_names = len(names)
    indexed = df.set_index(names, append=True).reorder_levels([*range(1, n_names + 1), 0])
    regular = regularize(indexed, freq, aggregate=aggregate)
    return regular.reset_index(level=list(range(n_names)))[list(df.columns)]


def _check_offset(freq):
    if isinstance(freq, np.timedelta64):
        freq = pd.Timedelta(freq)
    try:
        offset = to_offset(freq)
    except ValueError as error:
        raise ValueError(
            "freq must be a pandas alias, such as 'h', '3h', 'D' or 'MS', or a duration, got "
            f"{freq!r}."
        ) from error
    if _EPOCH + offset <= _EPOCH:
        raise ValueError(f"freq must be positive, got {freq!r}.")
    return offset


def _assign_slots(times, series, offset):
    """Return the interval of each row, numbered across all series, and the grid of each series."""
    slots, grids, n_slots = np.empty(len(times), dtype=np.int64), [], 0
    for rows in rows_of_series(series):
        grid = _grid(times[rows], offset)
        # The first time that is not before the row: values are only moved to later times.
        slots[rows] = n_slots + grid.searchsorted(times[rows], side="left")
        grids.append(grid)
        n_slots += len(grid)
    return slots, grids


def _grid(times, offset):
    """Return the times of the grid from the first row to the last one."""
    first, last = times[0], times[-1]
    # If the clocks change at midnight, this time may not exist, or exist twice.
    midnight = first.tz_localize(None).normalize()
    midnight = midnight.tz_localize(first.tz, nonexistent="shift_forward", ambiguous=True)
    # Add the offset twice, as a day may have 24 hours in pandas and 25 in the calendar.
    grid = pd.date_range(midnight, last + offset + offset, freq=offset, name=times.name)
    grid = grid[grid.searchsorted(first) : grid.searchsorted(last) + 1]
    as_given = grid.as_unit(times.unit)
    return as_given if (as_given == grid).all() else grid


def _aggregate(table, slots, aggregate):
    """Return one row for each interval that contains rows."""
    columns = table.columns
    # Columns are addressed by index, as their names may not be unique.
    table = table.set_axis(range(len(columns)), axis=1)
    table = table.astype({i: np.float64 for i in table if is_bool_dtype(table.dtypes[i])})
    numbers = [i for i in table if is_numeric_dtype(table.dtypes[i])]
    groups = table.groupby(slots)
    # The sum of no values is NaN and not 0, as nothing was measured.
    options = {"min_count": 1} if aggregate == "sum" else {}
    result = getattr(groups[numbers], aggregate)(**options)
    # Some releases of pandas return the mean of float32 as float64.
    result = result.astype({i: table.dtypes[i] for i in numbers if table.dtypes[i].kind == "f"})
    parts = [result, groups[table.columns.difference(numbers)].last()]
    return pd.concat(parts, axis=1)[list(table)].set_axis(columns, axis=1)


def _grid_index(index, series, grids):
    """Return the times of all grids, with the labels of the series if there are several."""
    if not isinstance(index, pd.MultiIndex):
        return grids[0]
    first_rows = np.unique(series, return_index=True)[1]
    rows = np.repeat(first_rows, [len(grid) for grid in grids])
    names = [index.get_level_values(level).take(rows) for level in range(index.nlevels - 1)]
    return pd.MultiIndex.from_arrays([*names, grids[0].append(grids[1:])], names=index.names)
