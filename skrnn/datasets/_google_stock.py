"""Prices of a share per trading day: a series that looks like a random walk."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skrnn.datasets._files import RemoteFile, find_or_download
from skrnn.datasets._loader import validate_loader
from skrnn.datasets._tables import explain_table, read_complete_table

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
_FILES = {
    "Google_Stock_Price_Train.csv": RemoteFile(
        "https://github.com/shivangpatel26/Stock-Price-Prediction-using-RNN/raw/c11f805c7c79/"
        "Google_Stock_Price_Train.csv",
        "efc734d15b638e492b3392d3a310b41a612b9d75bc3ca1b44365c05da88dbdae",
    ),
    "Google_Stock_Price_Test.csv": RemoteFile(
        "https://github.com/Abhijitkulkarni18/Deep-Learning/raw/208bf8f7c9e3/"
        "Google_Stock_Price_Test.csv",
        "ca5da062e65fa9b6e280ea0ad57e510fc9b62a99f6aa2d4b39641008022fd1a3",
    ),
}
# The column Close is left out: it is not adjusted for the split of the share in 2014.
_COLUMNS = {"Date": str, "Open": np.float64, "High": np.float64, "Low": np.float64, "Volume": str}

_DESCR = """\
Price of the Google share
=========================

:Number of trading days: 1,278, from 3 January 2012 to 31 January 2017
:Columns: the opening, highest and lowest price of each day in US dollars, and the traded volume
:Missing values: none; days without trade have no row

The closing price is left out, because it is not adjusted for the split of the share in 2014.

Source: the files of the course "Deep Learning A-Z", from
https://github.com/shivangpatel26/Stock-Price-Prediction-using-RNN (until 2016) and
https://github.com/Abhijitkulkarni18/Deep-Learning (January 2017). No licence is stated.
"""


@validate_loader()
def fetch_google_stock(*, data_home=None, download_if_missing=True):
    """Load the price of the Google share on 1,278 trading days (forecasting).

    The files (65 kB) are downloaded if they are not in the local folder.

    ================   =====================================================
    Time steps         1,278 trading days, 2012-01-03 to 2017-01-31
    Columns            3 prices and the volume
    Missing values     none; days without trade have no row
    ================   =====================================================

    Parameters
    ----------
    {data_home}
        The files are `Google_Stock_Price_Train.csv` (2012 to 2016) and
        `Google_Stock_Price_Test.csv` (January 2017), or the same names with the suffix `.xz`, in
        this folder or in its subfolder `google_stock`.

    {download_if_missing}

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        frame : DataFrame of float of shape (1278, 4)
            `open`, `high` and `low` are prices in US dollars, and `volume` is the number of shares.
            The index `date` is a DatetimeIndex of the trading days.
        DESCR : str
            The description of the data set.

    Raises
    ------
    OSError
        If a file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If a file is not a table with the columns of the data set, if it has no rows, or if it is
        not a text file in UTF-8.

    References
    ----------
    The files: https://github.com/shivangpatel26/Stock-Price-Prediction-using-RNN and
    https://github.com/Abhijitkulkarni18/Deep-Learning (no licence stated)

    Examples
    --------
    >>> from skrnn.datasets import fetch_google_stock
    >>> prices = fetch_google_stock().frame  # doctest: +SKIP
    >>> prices.shape, float(prices["open"].iloc[0])  # doctest: +SKIP
    ((1278, 4), 325.25)
    """
    paths = [
        find_or_download(data_home, "google_stock", name, remote, download_if_missing)
        for name, remote in _FILES.items()
    ]
    return Bunch(frame=pd.concat(map(_read_days, paths)), DESCR=_DESCR)


def _read_days(path):
    table = read_complete_table(path, _COLUMNS, "trading day")
    with explain_table(path, _COLUMNS, "trading day"):
        dates = pd.to_datetime(table.pop("Date"), format="%m/%d/%Y")
        volume = table["Volume"].str.replace(",", "").astype(np.float64)
        if np.isinf(volume).any():
            raise ValueError("Volume has an infinite number")
    prices = table.assign(Volume=volume).rename(columns=str.lower)
    return prices.set_index(pd.DatetimeIndex(dates, name="date"))
