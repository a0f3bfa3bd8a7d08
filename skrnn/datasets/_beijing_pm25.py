"""Fine dust and weather in Beijing, hour by hour: a long series whose target has gaps."""

import os

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skrnn._sklearn import validate_params
from skrnn.datasets._files import RemoteFile, data_folders, find_or_download
from skrnn.datasets._tables import explain_table, read_table

__all__ = ["fetch_beijing_pm25"]

# GitHub finds a commit by the beginning of its name, and the SHA-256 holds the file to that.
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
    "Iws": ("m/s", "wind speed, added up since the wind turned"),
    "Is": ("h", "hours of snow, added up since it began"),
    "Ir": ("h", "hours of rain, added up since it began"),
}
_COLUMNS = {
    **dict.fromkeys(_TIMES, np.int64),
    **{name: str if name == "cbwd" else np.float64 for name in _VARIABLES},
}

_DESCR = """\
Beijing PM2.5 (UCI)
===================

Fine dust at the embassy of the United States in Beijing, and the weather at Beijing Capital
International Airport.

:Number of hours: 43,824, from 2010-01-01 00:00 to 2014-12-31 23:00, local time, none left out
:Variables: 8: pm2.5, DEWP, TEMP, PRES, cbwd (a category), Iws, Is, Ir
:Missing values: 2,067 of pm2.5, among them the first 24; none elsewhere

Source: https://archive.ics.uci.edu/dataset/381/beijing+pm2+5+data, in the file of
https://github.com/jbrownlee/Datasets, which states no licence for it. Liang, Zou, Guo, Li, Zhang,
Zhang, Huang and Chen: Assessing Beijing's PM2.5 pollution: severity, weather impact, APEC and
winter heating. Proceedings of the Royal Society A 471, 20150257, 2015.
"""


@validate_params(
    {"data_home": [str, os.PathLike, None], "download_if_missing": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def fetch_beijing_pm25(*, data_home=None, download_if_missing=True):
    """Load five years of fine dust and weather in Beijing, hour by hour (forecasting).

    Looks in a local folder first, else downloads the file (2 MB) and keeps it there.

    ================   ===========================================
    Steps              43,824 hours, 2010 to 2014
    Series             8: 7 real, 1 category
    Missing values     2,067 of pm2.5
    ================   ===========================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder to look in, and to keep a download in. None: see
        :func:`~skrnn.datasets.get_data_home`. It, or its subfolder `weather_gaps`, has
        `beijing_pm25_pollution.csv`, or the same with `.xz`: the source's `pollution.csv`.

    download_if_missing : bool, default=True
        False: raise an OSError if the file is not in the folder.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes

        frame : DataFrame of shape (43824, 8)
            A row an hour, of the columns `pm2.5`, `DEWP`, `TEMP`, `PRES`, `cbwd` (categorical:
            NE, NW, SE and cv, calm or variable), `Iws`, `Is` and `Ir`; all others are float64. Its
            index, of the name `date`, is a DatetimeIndex of the frequency `h` in local time,
            without a time zone.
        units, descriptions : dict of str to str
            The unit and the meaning of every column.
        DESCR : str
            What the data are.

    Raises
    ------
    OSError
        If the file is not in the folder and cannot be, or must not be, downloaded.

    ValueError
        If the file is not a table of consecutive hours with the columns of the source, if it has
        no row, or if it is no text in UTF-8.

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
    folders = data_folders(data_home, "weather_gaps")
    path = find_or_download(folders, [_NAME, f"{_NAME}.xz"], _FILE, download_if_missing)
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
