"""Read what `Interpolator` fills: a table of one or several series, or separate sequences."""

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_numeric_dtype

from skrnn._check_arrays import check_numbers, require_unique_columns
from skrnn._time_index import rows_of_series, series_of_rows
from skrnn._time_order import check_datetime_index, check_sorted
from skrnn.sequences import Sequences, check_sequences
from skrnn.sequences._columns import has_sequence_cells
from skrnn.sequences._containers import feature_table, is_nested_table

_FLOATS = [np.float64, np.float32]
_NUMBERS_AS_OBJECTS = ("boolean", "empty", "floating", "integer", "mixed-integer-float")


def holds_sequences(X):
    """Return whether X holds separate sequences, and not the rows of one table.

    Raises
    ------
    ValueError
        If X is a list of lists of numbers of different lengths, which is neither.

    Examples
    --------
    >>> holds_sequences([[1.0, 2.0], [3.0, 4.0]])
    False
    >>> holds_sequences([np.array([1.0, 2.0]), np.array([3.0])])
    True
    >>> holds_sequences(np.zeros((1, 2, 3)))
    True
    """
    if isinstance(X, Sequences) or has_sequence_cells(X):
        return True
    n_dimensions = getattr(X, "ndim", 0)
    if not isinstance(X, list | tuple) and (n_dimensions != 1 or X.dtype.kind != "O"):
        return n_dimensions == 3
    items = list(X)
    if not items or is_nested_table(items) or not all(map(_is_nested, items)):
        return False
    if isinstance(X, list | tuple) and all(_is_row_of_numbers(item) for item in items):
        raise ValueError(
            "X is a list of lists of numbers that have different lengths. A list of lists is read "
            "as a table with one list per row; pass sequences as arrays."
        )
    return True


def _is_nested(item):
    return isinstance(item, list | tuple) or getattr(item, "ndim", 0) > 0


def _is_row_of_numbers(item):
    return isinstance(item, list | tuple) and not any(map(_is_nested, item))


def column_names(X):
    """Return the column names of a table or of a list of tables, or None if not all are str."""
    table = feature_table(X) if holds_sequences(X) else X
    names = list(getattr(table, "columns", []))
    return names if names and all(isinstance(name, str) for name in names) else None


def read_values(X):
    """Return the rows of a table, or the steps of sequences one after another, and their lengths.

    Returns
    -------
    values : ndarray of float of shape (n_rows, n_features)
    lengths : ndarray of int of shape (n_sequences,), or None for a table
    """
    if not holds_sequences(X):
        return _table_values(X), None
    sequences = check_sequences(X, dtype=_FLOATS, allow_nan=True)
    # Windows that share their steps are filled separately, because each has its own gaps.
    return sequences.concatenate(), sequences.lengths


def _table_values(X):
    if isinstance(X, pd.DataFrame):
        require_unique_columns(X, "X")
        columns = [X.iloc[:, i] for i in range(X.shape[1])]
        others = [column.name for column in columns if not _is_numeric(column)]
        if others:
            raise ValueError(
                f"X has columns that do not hold numbers: {others}. Encode them, or select other "
                "columns with a ColumnTransformer."
            )
        if any(column.dtype == object for column in columns):
            # float() does not accept pandas.NA.
            X = pd.concat([_without_objects(column) for column in columns], axis=1)
    return check_numbers(X, "X", ensure_all_finite="allow-nan")


def _is_numeric(column):
    if is_numeric_dtype(column.dtype):
        return True
    # A column of numbers and None has the dtype object.
    return column.dtype == object and infer_dtype(column, skipna=True) in _NUMBERS_AS_OBJECTS


def _without_objects(column):
    if column.dtype != object:
        return column
    try:
        return column.astype("Float64")
    except OverflowError as error:
        raise ValueError(f"X has a number in the column {column.name!r}: {error}.") from error


def rows_and_times(X, n_rows, lengths, *, times_for):
    """Return the rows of each series, and the times of all rows if they are needed.

    Parameters
    ----------
    X : table or sequences
    n_rows : int
        The number of rows, or of steps of all sequences.
    lengths : ndarray of int or None
        As returned by `read_values`.
    times_for : str or None
        The parameter that needs the times of the rows, for messages. None if none does.

    Returns
    -------
    series : list of ndarray of int
    times : ndarray of float of shape (n_rows,) or None
        The seconds since the first row.

    Raises
    ------
    ValueError
        If the rows of a series are not sorted, or if times are needed and missing.
    """
    if times_for and (lengths is not None or not isinstance(X, pd.DataFrame)):
        raise ValueError(
            f"{times_for} needs the times of a DataFrame with a DatetimeIndex, got X as "
            f"{type(X).__name__}."
        )
    if lengths is not None:
        _check_order_in_sequences(X)
        return np.split(np.arange(n_rows), np.cumsum(lengths)[:-1]), None
    if not isinstance(X, pd.DataFrame):
        return [np.arange(n_rows)], None
    series = rows_of_series(series_of_rows(X.index, "X"))
    times = check_datetime_index(X.index, f"X, for {times_for},") if times_for else None
    for rows in series:
        check_sorted(X.index[rows].get_level_values(-1), "X")
    return series, None if times is None else (times - times[0]).total_seconds().to_numpy()


def _check_order_in_sequences(X):
    if isinstance(X, Sequences):
        return
    for i, item in enumerate(X):
        if not isinstance(item, pd.DataFrame | pd.Series):
            continue
        if item.index.nlevels > 1:
            raise ValueError(
                f"X[{i}] has a MultiIndex, which identifies several series; expected one sequence."
            )
        check_sorted(item.index, f"X[{i}]")
