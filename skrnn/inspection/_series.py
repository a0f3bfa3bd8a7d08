"""What pictures of series are drawn from: numbers, where they lie in time, and their names.

Only here is looked at the container that a series came in.
"""

from numbers import Integral
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils import check_array

__all__ = [
    "Part",
    "Placed",
    "choose_columns",
    "column_labels",
    "last_rows",
    "lay_out_in_time",
    "read_part",
]


class Part(NamedTuple):
    """A stretch of series: a row for each step in time.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)
    index : Index or None
        The times, None for an array.
    columns : list or None
        The names, None for an array.
    """

    values: np.ndarray
    index: object
    columns: list | None


class Placed(NamedTuple):
    """Series that have their place on the x axis.

    Parameters
    ----------
    x : ndarray of shape (n,)
        Times or numbers.
    values : ndarray of shape (n, n_columns)
    """

    x: np.ndarray
    values: np.ndarray


def read_part(data, name):
    """Return a Series, DataFrame or array as a `Part`.

    Parameters
    ----------
    data : Series, DataFrame or array-like of shape (n,) or (n, n_columns)
    name : str
        What errors call it.

    Raises
    ------
    ValueError
        If there are several series, or what is no number.

    Examples
    --------
    >>> read_part([1, 2], "truth")
    Part(values=array([[1.],
           [2.]]), index=None, columns=None)
    """
    if _holds_series(data):
        raise ValueError(
            f"{name} must be one series, got a {type(data).__name__} of several; pass one of them "
            "(of several that were fitted, forecasts of one come with `context`)."
        )
    is_series, is_frame = isinstance(data, pd.Series), isinstance(data, pd.DataFrame)
    values = check_array(
        data, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan", input_name=name
    ).reshape(len(data), -1)
    columns = [data.name] if is_series else list(data.columns) if is_frame else None
    return Part(values, data.index if is_series or is_frame else None, columns)


def _holds_series(data):
    if isinstance(data, pd.Series | pd.DataFrame):
        return isinstance(data.index, pd.MultiIndex)
    is_many = isinstance(data, list | tuple) and any(
        isinstance(item, np.ndarray | pd.Series | pd.DataFrame) for item in data
    )
    return is_many or isinstance(data, dict)


def choose_columns(part, like, name):
    """Return a part with the columns of another: by name, else as they are.

    Raises
    ------
    ValueError
        If columns are missing.

    Examples
    --------
    >>> table = read_part(pd.DataFrame({"load": [1.0], "heat": [2.0]}), "history")
    >>> choose_columns(table, read_part(pd.Series([3.0], name="heat"), "forecast"), "history")
    Part(values=array([[2.]]), index=RangeIndex(start=0, stop=1, step=1), columns=['heat'])
    """
    wanted, given = like.columns, part.columns
    if wanted and given and len(set(given)) == len(given) and set(wanted) <= set(given):
        places = [given.index(column) for column in wanted]
        return Part(part.values[:, places], part.index, wanted)
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
    """Return what columns are called: the first names there are, else numbers."""
    named = [part.columns for part in parts if part is not None and part.columns is not None]
    named = [columns for columns in named if any(column is not None for column in columns)]
    return named[0] if named else list(range(parts[0].values.shape[1]))


def last_rows(placed, n_history, *, default):
    """Return the last rows of what is `Placed`, None where there is none or none is asked for.

    Examples
    --------
    >>> last_rows(Placed(np.arange(3), np.array([[5.0], [6.0], [7.0]])), 2, default=1)
    Placed(x=array([1, 2]), values=array([[6.],
           [7.]]))
    """
    n_rows = default if n_history is None else n_history
    if not isinstance(n_rows, Integral) or n_rows < 0:
        raise ValueError(f"n_history must be an integer of at least 0, got {n_rows!r}.")
    if placed is None or n_rows == 0:
        return None
    return Placed(placed.x[-n_rows:], placed.values[-n_rows:])


def lay_out_in_time(forecast, history, truth):
    """Return where a forecast lies in time, and what lies before it and beside it.

    Parameters
    ----------
    forecast : Part
    history, truth : Part or None

    Returns
    -------
    forecast, history, truth : Placed or None
        History is cut before the first row of the forecast, truth to its first and last. Rows are
        numbered where not all parts tell times of one kind; truth without times lies where the
        forecast does.
    label : str
        What the axis is called.

    Raises
    ------
    ValueError
        If nothing is left of history or truth.
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
        truth = Placed(x[: len(truth.values)], truth.values[: len(x)])
    elif truth is not None:
        times = _coordinates(truth.index)
        truth = _cut(truth, times, (times >= x[0]) & (times <= x[-1]), "truth", "at the times of")
    return Placed(x, forecast.values), history, truth, _axis_label(forecast.index)


def _numbered(forecast, history, truth):
    first, n = 0 if history is None else len(history.values), len(forecast.values)
    rows = first + np.arange(n)
    return (
        Placed(rows, forecast.values),
        None if history is None else Placed(np.arange(first), history.values),
        None if truth is None else Placed(rows[: len(truth.values)], truth.values[:n]),
    )


def _cut(part, times, is_kept, name, where):
    if not is_kept.any():
        raise ValueError(
            f"{name} must have rows {where} the forecast, got none from {part.index[0]} to "
            f"{part.index[-1]}."
        )
    return Placed(times[is_kept], part.values[is_kept])


def _kind(index):
    """Return what kind of times an index tells, None if none."""
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
        # As datetime objects they take their zone with them, to the labels of the axis.
        return index.as_unit("us").to_pydatetime()
    return index.to_numpy()


def _axis_label(index):
    if isinstance(index, pd.TimedeltaIndex):
        return "Seconds" if index.name is None else f"{index.name} in seconds"
    if index.name is not None:
        return str(index.name)
    return "Row" if _kind(index) == "numbers" else "Time"
