"""Reads series that are plotted: their values, times and names, and their positions on the x axis.

This is the only module of the displays that inspects the input container.
"""

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd

from skrnn._check_arrays import check_numbers


class SeriesData(NamedTuple):
    """The values of one series: one row per time step.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)
    index : Index or None
        The times, or None for an array.
    columns : list or None
        The names of the columns, or None for an array.
    """

    values: np.ndarray
    index: object
    columns: list | None


class Curve(NamedTuple):
    """The values of one series with their positions on the x axis.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Times or numbers.
    values : ndarray of shape (n, n_columns)
    """

    x: np.ndarray
    values: np.ndarray


def read_series(data, name):
    """Return a Series, DataFrame or array as `SeriesData`.

    Parameters
    ----------
    data : Series, DataFrame or array-like of shape (n,) or (n, n_columns)
    name : str
        The name of the data in error messages.

    Raises
    ------
    ValueError
        If there are several series, or values are not numbers.

    Examples
    --------
    >>> read_series([1, 2], "truth")
    SeriesData(values=array([[1.],
           [2.]]), index=None, columns=None)
    """
    if _holds_series(data):
        raise ValueError(
            f"{name} must be one series, got a {type(data).__name__} of several. Pass one of them. "
            "To forecast one of several fitted series, pass it as X."
        )
    is_series, is_frame = isinstance(data, pd.Series), isinstance(data, pd.DataFrame)
    values = check_numbers(
        data, name, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan"
    ).reshape(len(data), -1)
    columns = [data.name] if is_series else list(data.columns) if is_frame else None
    return SeriesData(values, data.index if is_series or is_frame else None, columns)


def _holds_series(data):
    if isinstance(data, pd.Series | pd.DataFrame):
        return isinstance(data.index, pd.MultiIndex)
    is_many = isinstance(data, list | tuple) and any(
        isinstance(item, np.ndarray | pd.Series | pd.DataFrame) for item in data
    )
    return is_many or isinstance(data, dict)


def select_columns(part, like, name):
    """Return a series with the columns of another one, which are selected by name if possible.

    Raises
    ------
    ValueError
        If columns are missing.

    Examples
    --------
    >>> table = read_series(pd.DataFrame({"load": [1.0], "heat": [2.0]}), "history")
    >>> select_columns(table, read_series(pd.Series([3.0], name="heat"), "forecast"), "history")
    SeriesData(values=array([[2.]]), index=RangeIndex(start=0, stop=1, step=1), columns=['heat'])
    """
    wanted, given = like.columns, part.columns
    if wanted and given and len(set(given)) == len(given) and set(wanted) <= set(given):
        columns = [given.index(column) for column in wanted]
        return SeriesData(part.values[:, columns], part.index, wanted)
    if part.values.shape[1] != like.values.shape[1]:
        raise ValueError(
            f"{name} must have the columns of forecast: got {_in_words(part)} in {name}, "
            f"{_in_words(like)} in forecast."
        )
    return part


def _in_words(part):
    named = "" if part.columns is None else f" ({part.columns})"
    return f"{part.values.shape[1]} column(s){named}"


def column_labels(parts):
    """Return the labels of the columns: the first names that are known, or column indices."""
    named = [part.columns for part in parts if part is not None and part.columns is not None]
    named = [columns for columns in named if any(column is not None for column in columns)]
    return named[0] if named else list(range(parts[0].values.shape[1]))


def last_rows(curve, n_history, *, default):
    """Return the last rows of a `Curve`, or None if there is no curve or `n_history=0`.

    Examples
    --------
    >>> last_rows(Curve(np.arange(3), np.array([[5.0], [6.0], [7.0]])), 2, default=1)
    Curve(x=array([1, 2]), values=array([[6.],
           [7.]]))
    """
    n_rows = default if n_history is None else n_history
    if not isinstance(n_rows, Integral) or n_rows < 0:
        raise ValueError(f"n_history must be an integer of at least 0, got {n_rows!r}.")
    if curve is None or n_rows == 0:
        return None
    return Curve(curve.x[-n_rows:], curve.values[-n_rows:])


def place_in_time(forecast, history, truth):
    """Return a forecast, its history and the truth with their positions on the x axis.

    Parameters
    ----------
    forecast : SeriesData
    history, truth : SeriesData or None

    Returns
    -------
    forecast, history, truth : Curve or None
        The history ends before the first row of the forecast, and the truth has the times of the
        forecast. If not all of them have times of one kind, rows are numbered; truth without times
        gets the times of the forecast.
    label : str
        The label of the x axis.

    Raises
    ------
    ValueError
        If the history or the truth has no rows at these times.
    """
    timed = [part for part in (forecast, history) if part is not None]
    timed += [truth] if truth is not None and truth.index is not None else []
    kinds = {_kind(part.index) for part in timed}
    if len(kinds) > 1 or None in kinds:
        return *_numbered(forecast, history, truth), "Row"
    x = _coordinates(forecast.index)
    if history is not None:
        times = _coordinates(history.index)
        history = _cut(history, times, times < x[0], "history", "before")
    if truth is not None and truth.index is None:
        truth = Curve(x[: len(truth.values)], truth.values[: len(x)])
    elif truth is not None:
        times = _coordinates(truth.index)
        truth = _cut(truth, times, (times >= x[0]) & (times <= x[-1]), "truth", "at the times of")
    return Curve(x, forecast.values), history, truth, _axis_label(forecast.index)


def _numbered(forecast, history, truth):
    first, n = 0 if history is None else len(history.values), len(forecast.values)
    rows = first + np.arange(n)
    return (
        Curve(rows, forecast.values),
        None if history is None else Curve(np.arange(first), history.values),
        None if truth is None else Curve(rows[: len(truth.values)], truth.values[:n]),
    )


def _cut(part, times, is_kept, name, where):
    if not is_kept.any():
        raise ValueError(
            f"{name} must have rows {where} the forecast, got only rows from {part.index[0]} to "
            f"{part.index[-1]}."
        )
    return Curve(times[is_kept], part.values[is_kept])


def _kind(index):
    """Return what kind of times an index holds, or None if it does not hold times."""
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
        return "dates" if getattr(index, "tz", None) is None else "dates of a zone"
    if isinstance(index, pd.TimedeltaIndex):
        return "durations"
    is_number = index is not None and pd.api.types.is_numeric_dtype(index.dtype)
    return "numbers" if is_number else None


def _coordinates(index):
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.TimedeltaIndex):
        return index.total_seconds().to_numpy()
    if isinstance(index, pd.DatetimeIndex) and index.tz is not None:
        # datetime objects keep the time zone, which the labels of the axis need.
        return index.as_unit("us").to_pydatetime()
    return index.to_numpy()


def _axis_label(index):
    if isinstance(index, pd.TimedeltaIndex):
        return "Seconds" if index.name is None else f"{index.name} in seconds"
    if index.name is not None:
        return str(index.name)
    return "Row" if _kind(index) == "numbers" else "Time"
