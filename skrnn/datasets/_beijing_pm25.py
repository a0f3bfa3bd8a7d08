"""Hourly PM2.5 and weather in Beijing: a long series whose target has missing values."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skrnn.datasets._files import RemoteFile, find_or_download
from skrnn.datasets._loader import validate_loader
from skrnn.datasets._tables import explain_table, read_table

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
_FILE = RemoteFile(
    "https://github.com/jbrownlee/Datasets/raw/d20fcb6402ae/pollution.csv",
    "892e9559205d16d32623135c127a3951c12e46ea1e0b3093e107ce89a9fd60e2",
)
_NAME = "beijing_pm25_pollution.csv"
_TIMES = ["year", "month", "day", "hour"]
_WINDS = ["NE", "NW", "SE", "cv"]
# Unit and meaning of every column, in the order of the file.
_VARIABLES = {
    "pm2.5": ("µg/m³", "concentration of particles of up to 2.5 µm"),
    "DEWP": ("°C", "dew point"),
    "TEMP": ("°C", "temperature"),
    "PRES": ("hPa", "air pressure"),
    "cbwd": ("direction", "wind, as one of NE, NW, SE and cv (calm or variable)"),
    "Iws": ("m/s", "wind speed, accumulated since the wind last changed its direction"),
    "Is": ("h", "hours of snow, accumulated since the snow began"),
    "Ir": ("h", "hours of rain, accumulated since the rain began"),
}
_COLUMNS = {
    **dict.fromkeys(_TIMES, np.int64),
    **{name: str if name == "cbwd" else np.float64 for name in _VARIABLES},
}

_DESCR = """\
Beijing PM2.5 (UCI)
===================

PM2.5 at the embassy of the United States in Beijing, and the weather at Beijing Capital
International Airport.

:Number of hours: 43,824, from 2010-01-01 00:00 to 2014-12-31 23:00, local time, without gaps
:Variables: 8: pm2.5, DEWP, TEMP, PRES, cbwd (a category), Iws, Is, Ir
:Missing values: 2,067 of pm2.5, among them the first 24; none elsewhere

Source: https://archive.ics.uci.edu/dataset/381/beijing+pm2+5+data, in the file of
https://github.com/jbrownlee/Datasets, which does not state a licence for it. Liang, Zou, Guo, Li,
Zhang, Zhang, Huang and Chen: Assessing Beijing's PM2.5 pollution: severity, weather impact, APEC
and winter heating. Proceedings of the Royal Society A 471, 20150257, 2015.
"""


@validate_loader()
def fetch_beijing_pm25(*, data_home=None, download_if_missing=True):
    """Load five years of hourly PM2.5 and weather in Beijing (forecasting).

    The file (2 MB) is downloaded if it is not in the local folder.

    ================   ===========================================
    Time steps         43,824 hours, 2010 to 2014
    Series             8: 7 real, 1 category
    Missing values     2,067 of pm2.5
    ================   ===========================================

    Parameters
    ----------
    {data_home}
        The file is `beijing_pm25_pollution.csv`, or the same name with the suffix `.xz`, in this
        folder or in its subfolder `weather_gaps`. In the source it is called `pollution.csv`.

    {download_if_missing}

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        frame : DataFrame of shape (43824, 8)
            One row per hour. The column `cbwd` is categorical, with the categories NE, NW, SE and
            cv (calm or variable). The columns `pm2.5`, `DEWP`, `TEMP`, `PRES`, `Iws`, `Is` and `Ir`
            are float64. The index `date` is a DatetimeIndex of frequency `h` in local time, without
            a time zone.
        units, descriptions : dict of str to str
            The unit and the meaning of every column.
        DESCR : str
            The description of the data set.

    Raises
    ------
    OSError
        If the file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If the file is not a table of consecutive hours with the columns of the source, if it has
        no rows, or if it is not a text file in UTF-8.

    References
    ----------
    Liang, Zou, Guo, Li, Zhang, Zhang, Huang and Chen: Assessing Beijing's PM2.5 pollution:
    severity, weather impact, APEC and winter heating. Proceedings of the Royal Society A 471,
    20150257, 2015. The file: https://github.com/jbrownlee/Datasets (no licence stated)

    Examples
    --------
    >>> from skrnn.datasets import fetch_beijing_pm25
    >>> air = fetch_beijing_pm25().frame  # doctest: +SKIP
    >>> air.shape, int(air["pm2.5"].isna().sum())  # doctest: +SKIP
    ((43824, 8), 2067)
    """
    path = find_or_download(data_home, "weather_gaps", _NAME, _FILE, download_if_missing)
    return Bunch(
        frame=_read_hours(path),
        units={name: unit for name, (unit, _) in _VARIABLES.items()},
        descriptions={name: meaning for name, (_, meaning) in _VARIABLES.items()},
        DESCR=_DESCR,
    )


def _read_hours(path):
    table = read_table(path, _COLUMNS, "hour")
    with explain_table(path, _COLUMNS, "hour"):
        unknown = table["cbwd"][~table["cbwd"].isin(_WINDS)]
        if len(unknown):
            raise ValueError(f"cbwd must be one of {', '.join(_WINDS)}, got {unknown.iloc[0]!r}")
        index = pd.DatetimeIndex(pd.to_datetime(table[_TIMES]), freq="h", name="date")
    frame = table[list(_VARIABLES)].set_axis(index)
    return frame.assign(cbwd=frame["cbwd"].astype(pd.CategoricalDtype(_WINDS)))
