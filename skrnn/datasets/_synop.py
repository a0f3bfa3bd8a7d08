"""Weather at French stations every three hours: many variables, missing rows and values."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skrnn._sklearn import StrOptions
from skrnn.datasets._files import RemoteFile, find_or_download
from skrnn.datasets._loader import validate_loader
from skrnn.datasets._tables import explain_table, read_table

# A prefix of the commit's hash is enough for GitHub; the SHA-256 identifies the content exactly.
_FILES = {
    "nice": RemoteFile(
        "https://github.com/Fefe3434/goutte-eau-mvp/raw/3900ceae1e45/"
        "data/donnees-synop-essentielles-omm.csv",
        "690a9f873366e935c15e0eac3010dde480df293178d08066bb6d1ca6c1c65058",
    ),
    "tarbes": RemoteFile(
        "https://github.com/Aldedale32/ProjetNumCMI4/raw/ec27f4805bc2/"
        "donnees-synop-essentielles-omm.csv",
        "676464fdd27e0e68d1495db550ca938e3f94ddb1436816bf5b95c0615fd493fb",
    ),
}
_NAMES = {"nice": "synop_nice_2023_2025.csv", "tarbes": "synop_tarbes_2020.csv"}
_TIME = "Date"


class _Variable(NamedTuple):
    """The unit and the meaning of a variable, and its column in the file of each station."""

    unit: str
    description: str
    nice: str
    tarbes: str | None = None


_VARIABLES = {
    "pmer": _Variable("Pa", "pressure at sea level", "Pression au niveau mer"),
    "tend": _Variable(
        "Pa",
        "change of pressure in 3 hours",
        "Variation de pression en 3 heures",
        "Var_pression_en_3h",
    ),
    "cod_tend": _Variable(
        "code",
        "kind of change of pressure, 0 to 8 (WMO code table 0200)",
        "Type de tendance barométrique",
        "Type_de_tendance_barometrique",
    ),
    "dd": _Variable(
        "degree",
        "direction the wind comes from, mean of 10 minutes; 0 is calm",
        "Direction du vent moyen 10 mn",
        "Direction_vent",
    ),
    "ff": _Variable(
        "m/s", "wind speed, mean of 10 minutes", "Vitesse du vent moyen 10 mn", "Vitesse_vent"
    ),
    "td": _Variable("K", "dew point", "Point de rosée", "Pnt_rosee"),
    "u": _Variable("%", "relative humidity", "Humidité", "Humidite"),
    "ww": _Variable(
        "code", "present weather (WMO code table 4677)", "Temps présent", "Temps_present"
    ),
    "pres": _Variable("Pa", "pressure at the station", "Pression station", "Pression_station"),
    "rafper": _Variable(
        "m/s", "strongest gust of the period `per`", "Rafales sur une période", "Rafales_periode"
    ),
    "per": _Variable(
        "minute",
        "period of `rafper`; -10 is the last ten minutes",
        "Periode de mesure de la rafale",
    ),
    "rr1": _Variable(
        "mm", "precipitation of 1 hour; -0.1 is a trace", "Précipitations dans la dernière heure"
    ),
    "rr3": _Variable(
        "mm",
        "precipitation of 3 hours; -0.1 is a trace",
        "Précipitations dans les 3 dernières heures",
    ),
    "tc": _Variable("°C", "temperature", "Température (°C)", "Temperature"),
}

_DESCR = """\
SYNOP reports of two French stations
====================================

The weather that stations report to the World Meteorological Organization every three hours.

=======  =============  =============  =======  ===============  =========
station  from (UTC)     to (UTC)       reports  missing reports  variables
=======  =============  =============  =======  ===============  =========
nice     2023-07-01 00  2025-08-19 18    6,231               16         14
tarbes   2020-01-01 00  2020-11-18 18    2,532               51         10
=======  =============  =============  =======  ===============  =========

:Variables: the codes of SYNOP; Tarbes has those of Nice without pmer, per, rr1 and rr3
:Missing values: nice: 26 in 16 rows; tarbes: 21 in 12 rows

Source: Météo-France, Données SYNOP essentielles OMM, under the Licence Ouverte 2.0, in the files of
https://github.com/Fefe3434/goutte-eau-mvp (Nice) and https://github.com/Aldedale32/ProjetNumCMI4
(Tarbes), which do not state another licence.
"""


@validate_loader(station=[StrOptions(set(_FILES))])
def fetch_synop(station, data_home=None, *, download_if_missing=True):
    """Load the weather at a French station every three hours (forecasting).

    The file (Nice 3.8 MB, Tarbes 0.3 MB) is downloaded if it is not in the local folder.

    ================   ====================================================
    Time steps         6,231 (Nice, 2023 to 2025), 2,532 (Tarbes, 2020)
    Missing steps      16 (Nice), 51 (Tarbes)
    Series             14 (Nice), 10 (Tarbes), all real
    Missing values     26 (Nice), 21 (Tarbes)
    ================   ====================================================

    Parameters
    ----------
    station : {"nice", "tarbes"}
        The station: Nice (07690) or Tarbes-Ossun.

    {data_home}
        The files are `synop_nice_2023_2025.csv` and `synop_tarbes_2020.csv`, or the same names with
        the suffix `.xz`, in this folder or in its subfolder `synop`. In the sources they have other
        names.

    {download_if_missing}

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes:

        frame : DataFrame of float64 of shape (n_reports, 14) or (n_reports, 10)
            One row per report, sorted by time. The index `date` is a DatetimeIndex in UTC. Missing
            reports have no row; :func:`skrnn.preprocessing.regularize` can insert these rows. The
            columns are the SYNOP codes `pmer`, `tend`, `cod_tend`, `dd`, `ff`, `td`, `u`, `ww`,
            `pres`, `rafper`, `per`, `rr1`, `rr3` and `tc`. Tarbes has no `pmer`, `per`, `rr1` and
            `rr3`.
        units, descriptions : dict of str to str
            The unit and the meaning of every column.
        station : str
            The parameter `station`.
        DESCR : str
            The description of the data set.

    Raises
    ------
    OSError
        If the file is not in the folder and `download_if_missing=False`, or if the download fails.

    ValueError
        If the file is not a table with the columns of the source, if it has two different reports
        with the same time, if it has no rows, or if it is not a text file in UTF-8.

    Notes
    -----
    The numbers are those of the source. A precipitation of -0.1 mm is a trace, which is too little
    to measure. `cod_tend` and `ww` are numeric codes of categories, and `dd` is an angle.

    References
    ----------
    Météo-France: Données SYNOP essentielles OMM. https://donneespubliques.meteofrance.fr (Licence
    Ouverte 2.0). The columns are those that J.-L. Parouty uses in the notebooks SYNOP1 to SYNOP3 of
    the course FIDLE, CNRS, https://fidle.cnrs.fr

    Examples
    --------
    >>> from skrnn.datasets import fetch_synop
    >>> nice = fetch_synop("nice")  # doctest: +SKIP
    >>> nice.frame.shape, str(nice.frame.index[0])  # doctest: +SKIP
    ((6231, 14), '2023-07-01 00:00:00+00:00')
    >>> nice.descriptions["tc"], nice.units["tc"]  # doctest: +SKIP
    ('temperature', '°C')
    """
    path = find_or_download(
        data_home, "synop", _NAMES[station], _FILES[station], download_if_missing
    )
    headers = {
        code: header
        for code, variable in _VARIABLES.items()
        if (header := getattr(variable, station)) is not None
    }
    return Bunch(
        frame=_read_reports(path, headers),
        units={code: _VARIABLES[code].unit for code in headers},
        descriptions={code: _VARIABLES[code].description for code in headers},
        station=station,
        DESCR=_DESCR,
    )


def _read_reports(path, headers):
    """Return the reports of a file, with SYNOP codes as column names.

    `headers` is a dict from SYNOP code to the name of the column in the file.
    """
    columns = {_TIME: str, **dict.fromkeys(headers.values(), np.float64)}
    table = read_table(path, columns, "report", sep=";")
    with explain_table(path, columns, "report"):
        times = pd.to_datetime(table[_TIME], utc=True, format="ISO8601")
        if times.isna().any():
            raise ValueError(f"{_TIME} is empty in row {int(times.isna().argmax())}")
    values = table[list(headers.values())].set_axis(list(headers), axis=1)
    return _sorted_by_time(values.set_axis(pd.DatetimeIndex(times, name="date")), path)


def _sorted_by_time(frame, path):
    """Return the rows sorted by time, without duplicates.

    Raises
    ------
    ValueError
        If two different rows have the same time.
    """
    frame = frame.reset_index().drop_duplicates().set_index("date").sort_index()
    repeated = frame.index[frame.index.duplicated()]
    if len(repeated):
        raise ValueError(f"{path} has two different reports of {repeated[0]}, expected only one.")
    return frame
