"""What is known ahead of forecasts after the end of the data: calendars, plans, tariffs."""

import numpy as np
import pandas as pd

from skrnn.forecasting._outputs import times_after
from skrnn.forecasting._panel import column_names
from skrnn.forecasting._times import has_times, kind_of_times
from skrnn.sequences._layout import is_frame, is_series

__all__ = ["read_future"]


def read_future(future, n_rows, last, places):
    """Return, for each series, the rows after it with all that is known of them.

    Parameters
    ----------
    future : array, DataFrame, or list or dict of them, or None
    n_rows : int
        How many rows are needed.
    last : LastRows
    places : ndarray of int
        Which columns are known ahead.

    Returns
    -------
    list of ndarray of shape (n_rows, n_features)
        NaN in all other columns.

    Raises
    ------
    ValueError
        If a series, a row or a column is missing, or a value is infinite.
    """
    names = [column_names(last)[place] for place in places]
    if len(places) == 0:
        if future is not None:
            raise ValueError("future was given, but the parameter future names no column.")
        return [np.full((n_rows, last.n_features), np.nan) for _ in last.rows]
    if future is None:
        raise ValueError(
            f"future must hold {names} for the next {n_rows} step(s), got None: the parameter "
            "future says that they are known ahead."
        )
    ahead = []
    for i, part in enumerate(_one_a_series(future, last)):
        rows = np.full((n_rows, last.n_features), np.nan)
        rows[:, places] = _known_rows(part, n_rows, names, times_after(last, i, n_rows))
        ahead.append(rows)
    return ahead


def _one_a_series(future, last):
    """Return what is known ahead of each series."""
    if is_frame(future) and future.index.nlevels > 1:
        known = set(future.index.droplevel(-1))
        _require_keys(last, known)
        return [future.xs(key) for key in last.keys]
    if isinstance(future, dict):
        _require_keys(last, set(future))
        return [future[key] for key in last.keys]
    is_many = isinstance(future, list | tuple) and last.container != "table"
    parts = future if is_many else [future]
    if len(parts) != len(last.keys):
        raise ValueError(
            f"future must hold a table for each of {len(last.keys)} series, got {len(parts)}."
        )
    return parts


def _require_keys(last, known):
    if last.container == "table":
        raise ValueError("future holds several series, but there is one; expected one table.")
    missing = [key for key in last.keys if key not in known]
    if missing:
        raise ValueError(f"future must hold a table for each series, {missing} are missing.")


def _known_rows(part, n_rows, names, times):
    """Return the next rows of one series, of the columns that are known ahead."""
    part = part.to_frame() if is_series(part) else part
    if is_frame(part):
        missing = [name for name in names if name not in part.columns]
        if missing:
            raise ValueError(f"future has no column {missing}, expected {names}.")
        part = _at_times(part[names], times)
    rows = np.asarray(part, dtype=float)
    rows = rows[:, np.newaxis] if rows.ndim == 1 else rows
    if rows.ndim != 2 or rows.shape[1] != len(names) or len(rows) < n_rows:
        raise ValueError(
            f"future must have at least {n_rows} rows of {names}, got the shape {rows.shape}."
        )
    rows = rows[:n_rows]
    if not np.isfinite(rows).all():
        row, column = np.argwhere(~np.isfinite(rows))[0]
        what = "lacks a value" if np.isnan(rows[row, column]) else "has an infinite value"
        raise ValueError(f"future {what} of {names[column]!r} for step {row + 1} ({times[row]}).")
    return rows


def _at_times(part, times):
    """Return the rows of some times, all rows where a table does not tell when they are."""
    if not has_times(part.index):
        return part
    if pd.api.types.is_integer_dtype(part.index.dtype):
        # Numbers that are no times of these series only count the rows of this table.
        return part.reindex(times) if times.isin(part.index).all() else part
    if isinstance(times, pd.RangeIndex):
        return part
    if kind_of_times(part.index) != kind_of_times(times):
        raise ValueError(
            f"future has {kind_of_times(part.index)} in its index, expected "
            f"{kind_of_times(times)} as in the series."
        )
    if not part.index.is_unique:
        twice = part.index[part.index.duplicated()][0]
        raise ValueError(f"future holds {twice} more than once.")
    return part.reindex(times)
