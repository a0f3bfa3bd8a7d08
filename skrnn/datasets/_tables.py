"""How the loaders of tables read a file of rows, and what they say where it is not one."""

from contextlib import contextmanager
from io import StringIO

import pandas as pd

from skrnn.datasets._files import read_text, require_some

__all__ = ["explain_table", "read_table"]


def read_table(path, columns, what, sep=","):
    """Return some columns of a file of rows, in the order in which they are named.

    Parameters
    ----------
    path : pathlib.Path
        The file: UTF-8 text, which may be compressed (.xz) and may begin with a byte order mark.
    columns : dict of str to type
        The type of each column. The file may have others.
    what : str
        What a row is, for the messages.
    sep : str, default=","
        What parts the values of a row.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        If the file is no whole text in UTF-8, lacks a column, has a value of another type or no
        row.
    """
    text = read_text(path).removeprefix("\ufeff")
    with explain_table(path, columns, what):
        table = pd.read_csv(StringIO(text), sep=sep, usecols=list(columns), dtype=columns)
    return require_some(table[list(columns)], path, what)


@contextmanager
def explain_table(path, columns, what):
    """Turn a ValueError about the content of a file into one that says what it should be."""
    try:
        yield
    except ValueError as error:
        raise ValueError(
            f"{path} is not a table of {what}s with the columns {', '.join(columns)}: {error}"
        ) from error
