"""Read data sets that are stored as tables."""

from contextlib import contextmanager
from io import StringIO

import numpy as np
import pandas as pd

from skrnn.datasets._files import check_not_empty, read_text


def read_table(path, columns, what, sep=","):
    """Return the given columns of a file, in the given order.

    Parameters
    ----------
    path : pathlib.Path
        The file, which is UTF-8 text. It may be compressed (.xz) and start with a byte order mark.
    columns : dict of str to type
        The type of each column. The file may have further columns.
    what : str
        What a row of the table is, for error messages.
    sep : str, default=","
        The separator of the values in a row.

    Returns
    -------
    table : DataFrame

    Raises
    ------
    ValueError
        If the file is not a complete text file in UTF-8, lacks a column, has a value of another
        type or an infinite number, or has no rows.
    """
    text = read_text(path).removeprefix("\ufeff")
    with explain_table(path, columns, what):
        table = pd.read_csv(StringIO(text), sep=sep, usecols=list(columns), dtype=columns)
        infinite = np.isinf(table.select_dtypes("float")).any()
        if infinite.any():
            raise ValueError(f"{infinite.idxmax()} has an infinite number")
    return check_not_empty(table[list(columns)], path, what)


def read_complete_table(path, columns, what, sep=","):
    """Return the given columns of a file, as `read_table` does, if no value is missing.

    Raises
    ------
    ValueError
        As in `read_table`, and if a value is missing.
    """
    table = read_table(path, columns, what, sep)
    missing = table.isna().any()
    with explain_table(path, columns, what):
        if missing.any():
            row = table[missing.idxmax()].isna().to_numpy().argmax()
            raise ValueError(f"{missing.idxmax()} is empty in row {row}")
    return table


@contextmanager
def explain_table(path, columns, what):
    """Turn a ValueError about the content of a file into one that describes the expected table."""
    try:
        # pandas checks whether a cast to integers was exact, but only after NumPy has warned.
        with np.errstate(invalid="ignore"):
            yield
    except (OverflowError, ValueError) as error:
        raise ValueError(
            f"{path} is not a table of {what}s with the columns {', '.join(columns)}: {error}"
        ) from error
