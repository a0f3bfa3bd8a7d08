"""The data sets for forecasting: local files, invalid files, downloads, and the real data."""

import hashlib
import lzma
from functools import partial
from random import Random

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from texts import files_below

from skrnn.datasets import (
    _airline,
    _beijing_pm25,
    _files,
    _ladybug,
    _synop,
    fetch_airline_passengers,
    fetch_beijing_pm25,
    fetch_synop,
    make_ladybug,
)

HOURS = """\
No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir
1,2010,2,28,22,NA,-21,-11,1021,NW,1.79,0,0
2,2010,2,28,23,12,-21,-12.5,1020,cv,4.92,0,1
3,2010,3,1,0,7,-21,-12,1020,SE,0.89,2,0
"""
MONTHS = '"Month","Passengers"\r\n"1949-11",104\r\n"1949-12",118\r\n"1950-01",115'
# The same clock time twice, one hour apart, in the night in which summer time ended.
SUMMER, WINTER = "2023-10-29T02:00:00+02:00", "2023-10-29T02:00:00+01:00"


def reports(station, *rows):
    """Return the text of a file of a station; each row is a time and the number in all columns."""
    of_all = [getattr(variable, station) for variable in _synop._VARIABLES.values()]
    headers = [header for header in of_all if header is not None]
    lines = [";".join(["Other", "Date", *headers])]
    lines += [";".join(["", time, *[number] * len(headers)]) for time, number in rows]
    return "\n".join(lines) + "\n"


# For each loader: its function, its module, the name of its file, and a short text of the file.
CASES = {
    "nice": (
        partial(fetch_synop, "nice"),
        _synop,
        "synop/synop_nice_2023_2025.csv",
        reports("nice", (WINTER, "3"), (SUMMER, "-0.1")),
    ),
    "tarbes": (
        partial(fetch_synop, "tarbes"),
        _synop,
        "synop/synop_tarbes_2020.csv",
        reports("tarbes", (WINTER, "3"), (SUMMER, "-0.1")),
    ),
    "beijing": (
        fetch_beijing_pm25,
        _beijing_pm25,
        "weather_gaps/beijing_pm25_pollution.csv",
        HOURS,
    ),
    "airline": (fetch_airline_passengers, _airline, "series/airline-passengers.csv", MONTHS),
}
REAL = {
    "synop/synop_nice_2023_2025.csv": _synop._FILES["nice"],
    "synop/synop_tarbes_2020.csv": _synop._FILES["tarbes"],
    "weather_gaps/beijing_pm25_pollution.csv": _beijing_pm25._FILE,
    "series/airline-passengers.csv": _airline._FILE,
}


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode()
    path.write_bytes(lzma.compress(content) if path.suffix == ".xz" else content)


def table_of(bunch):
    return bunch.data.to_frame() if "data" in bunch else bunch.frame


# --- local files ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ending", ["", ".xz"])
@pytest.mark.parametrize("in_subfolder", [True, False])
def test_fetch_series_layouts(case, ending, in_subfolder, tmp_path):
    fetch, _, name, text = CASES[case]
    put(tmp_path / name, text)
    expected = table_of(fetch(data_home=str(tmp_path), download_if_missing=False))
    path = name if in_subfolder else name.split("/")[1]
    put(tmp_path / "other" / f"{path}{ending}", "\ufeff" + text)
    read = table_of(fetch(data_home=tmp_path / "other", download_if_missing=False))
    assert_frame_equal(read, expected)


@pytest.mark.parametrize(("station", "n_variables"), [("nice", 14), ("tarbes", 10)])
def test_fetch_synop(station, n_variables, tmp_path):
    text = reports(station, (WINTER, "3"), (SUMMER, "-0.1"), ("2023-10-30", ""))
    put(tmp_path / _synop._NAMES[station], text)
    bunch = fetch_synop(station, tmp_path, download_if_missing=False)
    assert bunch.station == station
    assert "Météo-France" in bunch.DESCR
    assert bunch.frame.index.name == "date"
    assert [str(time) for time in bunch.frame.index] == [
        "2023-10-29 00:00:00+00:00",
        "2023-10-29 01:00:00+00:00",
        "2023-10-30 00:00:00+00:00",
    ]
    assert_array_equal(bunch.frame, np.repeat([[-0.1], [3], [np.nan]], n_variables, axis=1))
    assert list(bunch.units) == list(bunch.descriptions) == list(bunch.frame.columns)


def test_fetch_synop_variables_of_both_stations(tmp_path):
    for station in ("nice", "tarbes"):
        put(tmp_path / _synop._NAMES[station], reports(station, (WINTER, "3")))
    nice, tarbes = (fetch_synop(station, tmp_path) for station in ("nice", "tarbes"))
    assert [code for code in nice.units if code in tarbes.units] == list(tarbes.frame.columns)
    assert tarbes.units.items() <= nice.units.items()
    assert tarbes.descriptions.items() <= nice.descriptions.items()


def test_fetch_synop_reports_with_the_same_time(tmp_path):
    path = tmp_path / "synop_tarbes_2020.csv"
    put(path, reports("tarbes", (WINTER, "3"), (SUMMER, ""), (WINTER, "3"), (SUMMER, "")))
    assert len(fetch_synop("tarbes", tmp_path).frame) == 2
    put(path, reports("tarbes", (WINTER, "3"), (SUMMER, "1"), (WINTER, "4")))
    with pytest.raises(
        ValueError, match=r"2020\.csv has two different reports of 2023-10-29 01:00:00\+00:00"
    ):
        fetch_synop("tarbes", tmp_path)


def test_fetch_beijing_pm25(tmp_path):
    put(tmp_path / "beijing_pm25_pollution.csv", HOURS)
    bunch = fetch_beijing_pm25(data_home=tmp_path, download_if_missing=False)
    frame = bunch.frame
    assert list(frame) == ["pm2.5", "DEWP", "TEMP", "PRES", "cbwd", "Iws", "Is", "Ir"]
    assert list(bunch.units) == list(bunch.descriptions) == list(frame)
    assert frame.index.equals(pd.date_range("2010-02-28 22:00", periods=3, freq="h"))
    assert (frame.index.name, frame.index.freqstr) == ("date", "h")
    assert frame["cbwd"].tolist() == ["NW", "cv", "SE"]
    assert frame["cbwd"].cat.categories.tolist() == ["NE", "NW", "SE", "cv"]
    assert_array_equal(frame["pm2.5"], [np.nan, 12, 7])
    assert set(frame.drop(columns="cbwd").dtypes) == {np.dtype("float64")}
    assert "Liang" in bunch.DESCR


def test_fetch_airline_passengers(tmp_path):
    put(tmp_path / "airline-passengers.csv", MONTHS)
    bunch = fetch_airline_passengers(data_home=tmp_path, download_if_missing=False)
    assert bunch.data.name == "passengers"
    assert bunch.data.index.equals(pd.date_range("1949-11-01", periods=3, freq="MS"))
    assert (bunch.data.index.name, bunch.data.index.freqstr) == ("month", "MS")
    assert bunch.data.tolist() == [104, 118, 115]
    assert "Box and Jenkins" in bunch.DESCR
    put(tmp_path / "airline-passengers.csv", f"{MONTHS}\n1950-02,{'9' * 400}\n")
    with pytest.raises(ValueError, match="is not a table of months with the columns Month"):
        fetch_airline_passengers(data_home=tmp_path, download_if_missing=False)


@pytest.mark.parametrize("case", CASES)
def test_fetch_series_invalid_parameters(case, tmp_path):
    fetch = CASES[case][0]
    for given in ({"data_home": 3}, {"download_if_missing": "maybe"}):
        (name,) = given
        with pytest.raises(ValueError, match=f"'{name}' parameter of fetch_"):
            fetch(**{"data_home": tmp_path, **given})


def test_fetch_synop_unknown_station(tmp_path):
    with pytest.raises(ValueError, match=r"'station' parameter of fetch_synop .* Got 'lyon'"):
        fetch_synop("lyon", tmp_path)


# --- invalid files ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_fetch_series_empty_truncated_or_invalid_files(case, tmp_path):
    fetch, _, name, text = CASES[case]
    header = text.splitlines()[0] + "\n"
    for content, match in [
        (b"", "is not a table of .* with the columns .*: No columns"),
        (header.encode(), r"contains no (report|hour|month)\."),
        (b"a;b,c\n1;2,3\n", "is not a table of .* with the columns .*: Usecols do not match"),
        (b"\xff\xfe", "is not a complete text file in UTF-8"),
    ]:
        (tmp_path / name.split("/")[1]).write_bytes(content)
        with pytest.raises(ValueError, match=rf"\.csv {match}"):
            fetch(data_home=tmp_path, download_if_missing=False)
    packed = lzma.compress(text.encode())
    (tmp_path / name.split("/")[1]).unlink()
    (tmp_path / f"{name.split('/')[1]}.xz").write_bytes(packed[:-20])
    with pytest.raises(ValueError, match=r"\.csv\.xz is not a complete text file in UTF-8"):
        fetch(data_home=tmp_path, download_if_missing=False)


@pytest.mark.parametrize(
    ("case", "old", "new", "match"),
    [
        ("nice", ";3", ";three", "table of reports .*three"),
        ("nice", WINTER, "yesterday", "table of reports .*yesterday"),
        ("tarbes", WINTER, "", "table of reports .*: Date is empty in row 0"),
        ("beijing", "1.79", "much", "table of hours .*much"),
        ("beijing", "cv", "N", "table of hours .*: cbwd must be one of NE, NW, SE, cv, got 'N'"),
        ("beijing", "cv", "", "table of hours .*: cbwd must be one of .*, got nan"),
        ("beijing", "2,28,23", "2,29,23", "table of hours"),
        ("beijing", "2,28,23", "2,28,21", "table of hours .* frequency h"),
        ("airline", "118", "1.5", "table of months"),
        ("airline", "118", "", "table of months"),
        ("airline", "1949-12", "December", "table of months .*December"),
        ("airline", "1949-12", "1949-10", "table of months .* frequency MS"),
    ],
)
def test_fetch_series_invalid_values(case, old, new, match, tmp_path):
    fetch, _, name, text = CASES[case]
    put(tmp_path / name, text.replace(old, new))
    with pytest.raises(ValueError, match=rf"\.csv is not a {match}"):
        fetch(data_home=tmp_path, download_if_missing=False)


# --- downloads --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_fetch_series_download_if_missing_false(case, tmp_path):
    fetch, _, name, _ = CASES[case]
    with pytest.raises(OSError, match="does not exist, and download_if_missing=False") as caught:
        fetch(data_home=tmp_path, download_if_missing=False)
    assert REAL[name].url in str(caught.value)
    assert f"at {tmp_path / name}" in str(caught.value)
    assert files_below(tmp_path) == []


@pytest.fixture(params=CASES)
def source(request, monkeypatch, tmp_path):
    """A loader, the name of its file, and a local path that replaces its public source."""
    fetch, module, name, text = CASES[request.param]
    path = tmp_path / "source.csv"
    put(path, text)
    remote = _files.RemoteFile(path.as_uri(), hashlib.sha256(path.read_bytes()).hexdigest())
    if module is _synop:
        monkeypatch.setitem(_synop._FILES, request.param, remote)
    else:
        monkeypatch.setattr(module, "_FILE", remote)
    return fetch, name, path


def test_fetch_series_download(source, tmp_path):
    fetch, name, path = source
    downloaded = table_of(fetch(data_home=tmp_path / "home"))
    assert files_below(tmp_path / "home") == [name]
    path.unlink()
    assert_frame_equal(table_of(fetch(data_home=tmp_path / "home")), downloaded)


def test_fetch_series_wrong_checksum(source, tmp_path):
    fetch, _, path = source
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(OSError, match=r"Could not download file:.*the SHA-256 of the download is"):
        fetch(data_home=tmp_path / "home")
    assert files_below(tmp_path / "home") == []


def test_fetch_series_sources_have_checksums():
    assert len({remote.sha256 for remote in REAL.values()}) == len(REAL)
    for url, sha256 in REAL.values():
        assert url.startswith("https://")
        assert len(bytes.fromhex(sha256)) == 32


# --- real data --------------------------------------------------------------------------------


def test_fetch_synop_nice_equals_the_table_of_the_course(need_data):
    folder = need_data("synop")
    path = need_data("synop/derived_nice_fidle_columns.csv")
    course = pd.read_csv(path, sep=";", index_col="date", parse_dates=True)
    frame = fetch_synop("nice", folder, download_if_missing=False).frame
    assert frame.shape == (6_231, 14)
    assert_frame_equal(frame, course.astype(np.float64), check_exact=True)


@pytest.mark.parametrize(
    ("station", "n_reports", "n_absent", "n_missing"),
    [("nice", 6_231, 16, (26, 16)), ("tarbes", 2_532, 51, (21, 12))],
)
def test_fetch_synop_real_data(station, n_reports, n_absent, n_missing, need_data):
    frame = fetch_synop(station, need_data("synop"), download_if_missing=False).frame
    missing = frame.isna()
    steps = pd.date_range(frame.index[0], frame.index[-1], freq="3h")
    assert len(frame) == n_reports
    assert frame.index.is_monotonic_increasing
    assert frame.index.isin(steps).all()
    assert len(steps) - len(frame) == n_absent
    assert (missing.to_numpy().sum(), missing.any(axis=1).sum()) == n_missing
    assert frame["tc"].between(-10, 45).sum() == len(frame) - missing["tc"].sum()


def test_fetch_beijing_pm25_real_data(need_data):
    folder = need_data("weather_gaps")
    frame = fetch_beijing_pm25(data_home=folder, download_if_missing=False).frame
    assert frame.index.equals(pd.date_range("2010-01-01", "2014-12-31 23:00", freq="h"))
    assert len(frame) == 43_824
    assert frame.isna().sum().to_dict() == {**dict.fromkeys(frame, 0), "pm2.5": 2_067}
    assert frame["pm2.5"].first_valid_index() == pd.Timestamp("2010-01-02")
    assert frame["cbwd"].value_counts().to_dict() == {
        "SE": 15_290,
        "NW": 14_150,
        "cv": 9_387,
        "NE": 4_997,
    }


def test_fetch_airline_passengers_real_data(need_data):
    need_data("series/airline-passengers.csv")
    folder = need_data("series")
    passengers = fetch_airline_passengers(data_home=folder, download_if_missing=False).data
    assert passengers.index.equals(pd.date_range("1949-01-01", "1960-12-01", freq="MS"))
    assert (len(passengers), passengers.min(), passengers.max()) == (144, 104, 622)


@pytest.mark.parametrize("name", REAL)
def test_fetch_series_real_files_have_the_checksums(name, need_data):
    ending = "" if name.startswith("series") else ".xz"
    content = need_data(f"{name}{ending}").read_bytes()
    content = lzma.decompress(content) if ending else content
    assert hashlib.sha256(content).hexdigest() == REAL[name].sha256


@pytest.mark.parametrize("fetch", [fetch_synop, fetch_beijing_pm25, fetch_airline_passengers])
def test_fetch_series_examples_of_docstrings(fetch, need_data, assert_examples_run):
    for name in ("synop", "weather_gaps", "series"):
        need_data(name)
    assert_examples_run(fetch)


# --- the ladybug ------------------------------------------------------------------------------


def test_make_ladybug_equals_the_data_of_the_course(need_data):
    path = need_data("ladybug/ladybug_seed16.csv.gz")
    course = pd.read_csv(path).to_numpy()
    gauss = Random(16).gauss
    # x, then y: four amplitudes and four shifts each.
    drawn = np.array([gauss(0, 1) for _ in range(16)]).reshape(2, 2, 4)
    amplitudes, shifts = drawn.swapaxes(0, 1)
    assert_array_equal(course[0], 0)  # before the first position
    made = _ladybug._positions(0.02 * np.arange(len(course) - 1), amplitudes, shifts)
    assert_allclose(made, course[1:], rtol=0, atol=1e-9)  # the file has ten digits


def test_make_ladybug_equation():
    amplitudes, shifts = np.arange(1.0, 9).reshape(2, 4), np.arange(8).reshape(2, 4) / 10
    t = 0.3
    waves = [[np.sin, np.cos, np.sin, np.cos], [np.cos, np.sin, np.cos, np.sin]]
    expected = [
        sum(
            a * wave((frequency + k) * t)
            for a, k, frequency, wave in zip(
                amplitudes[i], shifts[i], (20, 10, 5, 5), waves[i], strict=True
            )
        )
        for i in range(2)
    ]
    assert_allclose(_ladybug._positions(np.array([t]), amplitudes, shifts), [expected])


def test_make_ladybug_random_state_and_steps():
    path = make_ladybug(300, random_state=0)
    assert path.shape == (300, 2)
    assert path.dtype == np.float64
    assert_array_equal(path, make_ladybug(300, random_state=0))
    assert not np.array_equal(path, make_ladybug(300, random_state=1))
    assert not np.array_equal(make_ladybug(3), make_ladybug(3))
    assert_allclose(make_ladybug(150, step=0.04, random_state=0), path[::2], atol=1e-12)
    assert make_ladybug(random_state=0).shape == (50_000, 2)


@pytest.mark.parametrize(
    ("given", "name"),
    [({"n_steps": 0}, "n_steps"), ({"n_steps": 1.5}, "n_steps"), ({"step": 0}, "step")],
)
def test_make_ladybug_invalid_parameters(given, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of make_ladybug"):
        make_ladybug(**given)
