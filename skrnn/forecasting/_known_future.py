"""Known future covariates of forecasts after the end of the data: calendars, plans, tariffs."""

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype

from skrnn._check_arrays import as_array
from skrnn._time_index import FLOAT_TOLERANCE, holds_numbers, holds_times, kind_of_times
from skrnn._time_order import check_times
from skrnn.forecasting._containers import times_after
from skrnn.sequences._other_libraries import as_plain, is_frame, is_series


def read_known_future(X_future, n_rows, panel, columns):
    """Return, for each series, the rows that follow it, with their known covariates.

    Parameters
    ----------
    X_future : array, DataFrame, or list or dict of them, or None
    n_rows : int
        The number of rows that are needed.
    panel : Panel
        The series that the rows follow.
    columns : ndarray of int
        The columns that are known in advance.

    Returns
    -------
    list of ndarray of shape (n_rows, n_features)
        The rows, in which all other columns are NaN.

    Raises
    ------
    ValueError
        If a series, a row or a column is missing, or a value is infinite.
    """
    names = [panel.column_names[column] for column in columns]
    if len(columns) == 0:
        if X_future is not None:
            raise ValueError("X_future was passed, but the parameter known_future is empty.")
        return [np.full((n_rows, panel.n_features), np.nan) for _ in panel.keys]
    if X_future is None:
        raise ValueError(
            f"X_future must hold {names} for the next {n_rows} step(s), got None. These columns "
            "are in the parameter known_future."
        )
    ahead = []
    for i, part in enumerate(_split_by_series(X_future, panel)):
        rows = np.full((n_rows, panel.n_features), np.nan)
        times = times_after(panel, i, n_rows)
        rows[:, columns] = _known_rows(part, n_rows, names, times, panel.freq)
        ahead.append(rows)
    return ahead


def _split_by_series(X_future, panel):
    """Return the known future covariates of each series."""
    if is_frame(X_future) and X_future.index.nlevels > 1:
        _require_keys(panel, set(X_future.index.droplevel(-1)))
        return [X_future.xs(key) for key in panel.keys]
    if isinstance(X_future, dict):
        _require_keys(panel, set(X_future))
        return [X_future[key] for key in panel.keys]
    is_many = isinstance(X_future, list | tuple) and panel.container != "table"
    parts = X_future if is_many else [X_future]
    if len(parts) != len(panel.keys):
        raise ValueError(
            f"X_future must hold a table for each of {len(panel.keys)} series, got {len(parts)}."
        )
    return parts


def _require_keys(panel, given):
    if panel.container == "table":
        raise ValueError(
            "X_future holds several series, but the forecast is of one; expected one table."
        )
    missing = [key for key in panel.keys if key not in given]
    if missing:
        raise ValueError(f"X_future must hold a table for each series, {missing} are missing.")


def _known_rows(part, n_rows, names, times, freq):
    """Return the next rows of one series, with the columns that are known in advance."""
    part = as_plain(part, "X_future")
    part = part.to_frame() if is_series(part) else part
    if is_frame(part):
        missing = [name for name in names if name not in part.columns]
        if missing:
            raise ValueError(f"X_future has no column {missing}, expected {names}.")
        part = _rows_at(part[names], times, freq)
    rows = as_array(part, "X_future", dtype=float)
    rows = rows[:, np.newaxis] if rows.ndim == 1 else rows
    if rows.ndim != 2 or rows.shape[1] != len(names) or len(rows) < n_rows:
        raise ValueError(
            f"X_future must have at least {n_rows} rows of {names}, got the shape {rows.shape}."
        )
    rows = rows[:n_rows]
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        what = "lacks a value" if np.isnan(rows[row, column]) else "has an infinite value"
        raise ValueError(f"X_future {what} of {names[column]!r} for step {row + 1} ({times[row]}).")
    return rows


def _rows_at(part, times, freq):
    """Return the rows of a table at some times, or all rows if its index does not hold times."""
    if not holds_times(part.index):
        return _in_order(part)
    if is_float_dtype(part.index.dtype) and is_float_dtype(times.dtype):
        return _in_order(part).reindex(times, method="nearest", tolerance=FLOAT_TOLERANCE * freq)
    is_number = holds_numbers(part.index)
    # Numbers that are not times of these series only number the rows of this table.
    if isinstance(times, pd.RangeIndex) if not is_number else not times.isin(part.index).all():
        return _in_order(part)
    if not is_number and kind_of_times(part.index) != kind_of_times(times):
        raise ValueError(
            f"X_future has {kind_of_times(part.index)} in its index, expected "
            f"{kind_of_times(times)} as in the series."
        )
    if not part.index.is_unique:
        duplicate = part.index[part.index.duplicated()][0]
        raise ValueError(f"X_future holds {duplicate} more than once.")
    return part.reindex(times)


def _in_order(part):
    """Return a table whose first rows are taken, after a check that they are in order."""
    check_times(part.index.get_level_values(-1), "X_future")
    return part
