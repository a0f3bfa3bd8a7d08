"""What is known ahead of forecasts after the end of the data: calendars, plans, tariffs."""

import numpy as np
import pandas as pd

from skrnn.forecasting._outputs import times_after
from skrnn.forecasting._panel import column_names
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
        If a row or a column is missing.
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
    if is_frame(future) and future.index.nlevels > 1:
        return [future.xs(key) for key in last.keys]
    if isinstance(future, dict):
        return [future[key] for key in last.keys]
    parts = future if isinstance(future, list | tuple) and last.container == "list" else [future]
    if len(parts) != len(last.keys):
        raise ValueError(
            f"future must hold a table for each of {len(last.keys)} series, got {len(parts)}."
        )
    return parts


def _known_rows(part, n_rows, names, times):
    part = part.to_frame() if is_series(part) else part
    if is_frame(part):
        missing = [name for name in names if name not in part.columns]
        if missing:
            raise ValueError(f"future has no column {missing}, expected {names}.")
        part = part[names]
        if isinstance(part.index, pd.DatetimeIndex | pd.PeriodIndex) and not isinstance(
            times, pd.RangeIndex
        ):
            part = part.reindex(times)
    rows = np.asarray(part, dtype=float)
    rows = rows[:, np.newaxis] if rows.ndim == 1 else rows
    if rows.ndim != 2 or rows.shape[1] != len(names) or len(rows) < n_rows:
        raise ValueError(
            f"future must have at least {n_rows} rows of {names}, got the shape {rows.shape}."
        )
    rows = rows[:n_rows]
    if np.isnan(rows).any():
        row = int(np.isnan(rows).any(axis=1).argmax())
        raise ValueError(f"future lacks a value of {names} for step {row + 1} ({times[row]}).")
    return rows
