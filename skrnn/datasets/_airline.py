"""Airline passengers per month: a short series with a trend and a growing seasonal pattern."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skrnn.datasets._files import RemoteFile, find_or_download
from skrnn.datasets._loader import validate_loader
from skrnn.datasets._tables import explain_table, read_table

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
_FILE = RemoteFile(
    "https://github.com/jbrownlee/Datasets/raw/d20fcb6402ae/airline-passengers.csv",
    "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621",
)
_NAME = "airline-passengers.csv"
_COLUMNS = {"Month": str, "Passengers": np.int64}

_DESCR = """\
Airline passengers
==================

The number of international airline passengers per month, in thousands.

:Number of months: 144, January 1949 to December 1960
:Values: whole numbers, 104 to 622
:Missing values: none

The series has a rising trend, and its seasonal pattern grows with it. In the logarithm of the
series, the seasonal pattern has about the same size every year.

Source: series G of Box and Jenkins: Time Series Analysis: Forecasting and Control. Holden-Day,
revised edition, 1976. The file is from https://github.com/jbrownlee/Datasets, which does not state
a licence for it.
"""


@validate_loader()
def fetch_airline_passengers(*, data_home=None, download_if_missing=True):
    """Load the number of airline passengers in 144 months (forecasting).

    The file (2 kB) is downloaded if it is not in the local folder.

    ================   =======================================
    Time steps         144 months, 1949-01 to 1960-12
    Series             1, whole numbers of thousands
    Missing values     none
    ================   =======================================

    Parameters
    ----------
    {data_home}
        The file is `airline-passengers.csv`, or the same name with the suffix `.xz`, in this folder
        or in its subfolder `series`. Its columns are `Month` (such as 1949-01) and `Passengers`.

    {download_if_missing}

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        data : Series of int of shape (144,)
            The number of passengers, in thousands. The name of the Series is `passengers`. Its
            index `month` is a DatetimeIndex of the first days of the months, with frequency `MS`.
        DESCR : str
            The description of the data set.

    Raises
    ------
    OSError
        If the file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If the file is not a table of consecutive months with the columns above, if it has no rows,
        or if it is not a text file in UTF-8.

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
    path = find_or_download(data_home, "series", _NAME, _FILE, download_if_missing)
    return Bunch(data=_read_months(path), DESCR=_DESCR)


def _read_months(path):
    table = read_table(path, _COLUMNS, "month")
    with explain_table(path, _COLUMNS, "month"):
        months = pd.to_datetime(table["Month"], format="%Y-%m")
        index = pd.DatetimeIndex(months, freq="MS", name="month")
    return pd.Series(table["Passengers"].to_numpy(copy=True), index=index, name="passengers")
