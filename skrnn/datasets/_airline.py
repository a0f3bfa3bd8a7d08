"""Airline passengers a month: the classical short series with a trend and a season that grows."""

import os

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skrnn._sklearn import validate_params
from skrnn.datasets._files import RemoteFile, data_folders, find_or_download
from skrnn.datasets._tables import explain_table, read_table

__all__ = ["fetch_airline_passengers"]

# GitHub finds a commit by the beginning of its name, and the SHA-256 holds the file to that.
_FILE = RemoteFile(
    "https://github.com/jbrownlee/Datasets/raw/d20fcb6402ae/airline-passengers.csv",
    "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621",
)
_NAME = "airline-passengers.csv"
_COLUMNS = {"Month": str, "Passengers": np.int64}

_DESCR = """\
Airline passengers
==================

International airline passengers, in thousands a month.

:Number of months: 144, January 1949 to December 1960
:Values: whole numbers, 104 to 622
:Missing values: none

The series grows, and its summers grow with it: the logarithm has a season of about the same size
every year.

Source: series G of Box and Jenkins: Time Series Analysis: Forecasting and Control. Holden-Day,
revised edition, 1976. The file is from https://github.com/jbrownlee/Datasets, which states no
licence for it.
"""


@validate_params(
    {"data_home": [str, os.PathLike, None], "download_if_missing": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def fetch_airline_passengers(*, data_home=None, download_if_missing=True):
    """Load the airline passengers of 144 months (forecasting).

    Looks in a local folder first, else downloads the file (2 kB) and keeps it there.

    ================   =======================================
    Steps              144 months, 1949-01 to 1960-12
    Series             1, whole numbers of thousands
    Missing values     none
    ================   =======================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder to look in, and to keep a download in. None: see
        :func:`~skrnn.datasets.get_data_home`. It, or its subfolder `series`, has
        `airline-passengers.csv`, or the same with `.xz`, with the columns `Month` (as 1949-01) and
        `Passengers`.

    download_if_missing : bool, default=True
        False: raise an OSError if the file is not in the folder.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes

        data : Series of int of shape (144,)
            The passengers, in thousands. Its name is `passengers`, and its index the first days
            of the months, a DatetimeIndex of the frequency `MS` and the name `month`.
        DESCR : str
            What the data are.

    Raises
    ------
    OSError
        If the file is not in the folder and cannot be, or must not be, downloaded.

    ValueError
        If the file is not a table of consecutive months with the columns above, if it has no row,
        or if it is no text in UTF-8.

    References
    ----------
    Box and Jenkins: Time Series Analysis: Forecasting and Control. Holden-Day, revised edition,
    1976, series G. The file: https://github.com/jbrownlee/Datasets (no licence stated)

    Examples
    --------
    >>> from skrnn.datasets import fetch_airline_passengers
    >>> passengers = fetch_airline_passengers().data  # doctest: +SKIP
    >>> len(passengers), int(passengers["1960-12-01"])  # doctest: +SKIP
    (144, 432)
    """
    folders = data_folders(data_home, "series")
    path = find_or_download(folders, [_NAME, f"{_NAME}.xz"], _FILE, download_if_missing)
    return Bunch(data=_read_months(path), DESCR=_DESCR)


def _read_months(path):
    table = read_table(path, _COLUMNS, "month")
    with explain_table(path, _COLUMNS, "month"):
        months = pd.to_datetime(table["Month"], format="%Y-%m")
        index = pd.DatetimeIndex(months, freq="MS", name="month")
    return pd.Series(table["Passengers"].to_numpy(copy=True), index=index, name="passengers")
