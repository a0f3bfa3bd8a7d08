"""Columns of a panel that hold static features: numbers that belong to a whole series."""

import numpy as np

from skrnn.forecasting._target_columns import read_columns
from skrnn.sequences import Sequences


def read_static_columns(forecaster, X, panel):
    """Return the indices of the columns that hold static features.

    Parameters
    ----------
    forecaster : BaseForecaster
        Its parameters `static` and `known_future` are read.
    X : object
        The training series as the user passed them. If they are `Sequences`, their own static
        features are the last columns of the panel.
    panel : Panel
        The training series.

    Returns
    -------
    ndarray of int

    Raises
    ------
    ValueError
        If there is no such column, if it is in `known_future` too, if no other column is left, or
        if the panel is a single series.
    """
    columns = read_columns(forecaster.static, panel, "static")
    columns = np.union1d(columns, _columns_of_sequences(X, panel)).astype(int)
    if len(columns) == 0:
        return columns
    names = [panel.column_names[column] for column in columns]
    if panel.container == "table":
        raise ValueError(
            f"static={names} needs several series, but X is a single one, of which nothing can be "
            "learned about them. Pass a list of series, a table with series_id, or a MultiIndex."
        )
    known_future = read_columns(forecaster.known_future, panel, "known_future")
    both = np.intersect1d(columns, known_future)
    if len(both):
        raise ValueError(
            f"{panel.column_names[both[0]]!r} is in static and in known_future. A column that does "
            "not change within a series belongs to static alone."
        )
    if len(columns) == panel.n_features:
        raise ValueError(
            f"static={names} holds every column of X, so that no column is left for the windows."
        )
    return columns


def check_static_columns(columns, X, panel, input_name):
    """Check the static features of a panel that was read from X.

    Parameters
    ----------
    columns : ndarray of int
        The columns of static features in `fit`.
    X : object
    panel : Panel
    input_name : str
        The name of the data in error messages.

    Raises
    ------
    ValueError
        If `X` are `Sequences` with static features in other columns, or if a value changes within
        a series.
    """
    other = np.setdiff1d(_columns_of_sequences(X, panel), columns)
    if len(other):
        raise ValueError(
            f"{input_name} has the static feature {panel.column_names[other[0]]!r}, which was not "
            "a static feature in fit."
        )
    _require_constant(panel, columns, input_name)


def _columns_of_sequences(X, panel):
    """Return the columns of the static features of `Sequences`; there are none in other data."""
    has_static = isinstance(X, Sequences) and X.static is not None
    n_static = X.static.shape[1] if has_static else 0
    return np.arange(panel.n_features - n_static, panel.n_features)


def _require_constant(panel, columns, input_name):
    """Check that each of some columns has one value per series.

    Raises
    ------
    ValueError
        If a value changes. The message names the column, the series and both values.
    """
    if len(columns) == 0:
        return
    values, series = panel.values[:, columns], panel.row_series
    expected = values[np.searchsorted(series, series)]
    is_other = (values != expected) & ~(np.isnan(values) & np.isnan(expected))
    if not is_other.any():
        return
    row, i = np.argwhere(is_other)[0]
    key = panel.keys[series[row]]
    where = input_name if key is None else f"series {key!r} of {input_name}"
    raise ValueError(
        f"The static feature {panel.column_names[columns[i]]!r} is not the same in all rows of "
        f"{where}: it is {expected[row, i]:g} in the first row, and {values[row, i]:g} later. "
        "Only columns that do not change within a series can be in static."
    )
