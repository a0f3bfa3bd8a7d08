"""load_ucr: the two formats, missing values, invalid files, and the real data."""

import lzma

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skrnn.datasets import fetch_japanese_vowels, load_ucr

TS = """\
#Two made-up classes.
# The second line.
@problemName MadeUp
@timeStamps false
@classLabel true up down
@data
1,2,3:4,5,6:up

 0.5,?:7,NaN: down
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xz":
        path.write_bytes(lzma.compress(text.encode()))
    else:
        path.write_text(text)


# --- formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [".", "ucr_uea", "MadeUp", "ucr_uea/MadeUp"])
@pytest.mark.parametrize("suffix", [".ts", ".ts.xz"])
def test_load_ucr_ts(place, suffix, tmp_path):
    write(tmp_path / place / f"MadeUp_TRAIN{suffix}", TS)
    bunch = load_ucr("MadeUp", data_home=tmp_path)
    assert bunch.DESCR == "Two made-up classes.\nThe second line."
    assert bunch.target.tolist() == ["up", "down"]
    assert_array_equal(bunch.data[0], [[1, 4], [2, 5], [3, 6]])
    assert_array_equal(bunch.data[1], [[0.5, 7], [np.nan, np.nan]])
    assert all(steps.flags.c_contiguous and steps.dtype == np.float64 for steps in bunch.data)


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.xz"])
def test_load_ucr_tsv_series_end_at_the_last_number(suffix, tmp_path):
    write(tmp_path / f"MadeUp_TEST{suffix}", "-1\t0.5\tNaN\t1e1\tNaN\r\n\n2\t3\tNaN\tNaN\tNaN\n")
    bunch = load_ucr("MadeUp", data_home=str(tmp_path), subset="test")
    assert bunch.DESCR == ""
    assert bunch.target.tolist() == ["-1", "2"]
    assert_array_equal(bunch.data[0], [[0.5], [np.nan], [10]])
    assert_array_equal(bunch.data[1], [[3]])


def test_load_ucr_subset_all_is_train_then_test(tmp_path, monkeypatch):
    write(tmp_path / "MadeUp_TEST.tsv", "2\t3\t4\n")
    write(tmp_path / "MadeUp_TRAIN.tsv", "1\t5\n1\t6\n")
    monkeypatch.setenv("SKRNN_DATA", str(tmp_path))
    data, target = load_ucr("MadeUp", subset="all", return_X_y=True)
    assert target.tolist() == ["1", "1", "2"]
    assert [steps.ravel().tolist() for steps in data] == [[5], [6], [3, 4]]


# --- invalid parameters and files ---------------------------------------------------------------


def test_load_ucr_invalid_parameters(tmp_path):
    for given in ({"data_home": 3}, {"subset": "dev"}, {"return_X_y": "maybe"}):
        (name,) = given
        with pytest.raises(ValueError, match=f"'{name}' parameter of load_ucr"):
            load_ucr("MadeUp", **{"data_home": tmp_path, **given})
    with pytest.raises(ValueError, match="'name' parameter of load_ucr"):
        load_ucr(3, data_home=tmp_path)


def test_load_ucr_missing_file(tmp_path):
    write(tmp_path / "MadeUp_TRAIN.ts", TS)
    with pytest.raises(OSError, match=r"MadeUp_TEST\.ts and .*\.tsv are not in") as error:
        load_ucr("MadeUp", data_home=tmp_path, subset="all")
    assert f"{tmp_path}/ucr_uea or {tmp_path}." in str(error.value)
    assert "'MadeUp' from https://www.timeseriesclassification.com" in str(error.value)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("1,2,3", r"expected the values of each feature and a class label.*, got '1,2,3'"),
        ("1,2:3,4:", r"expected the values of each feature and a class label.*, got '1,2:3,4:'"),
        ("1,2:3:up", "expected equally long dimensions of numbers separated by commas"),
        ("1,x:3,4:up", r"expected equally long dimensions of numbers.*'x'"),
        ("(0,1),(1,2):(0,3),(1,4):up", r"expected equally long dimensions of numbers.*'\(0'"),
        (":3,4:up", "expected equally long dimensions of numbers"),
        ("1,-inf:3,4:up", "expected finite or missing numbers, got -inf"),
        ("1,2:up", r"expected 2 feature\(s\) as in the first series of 'MadeUp', got 1"),
    ],
)
def test_load_ucr_invalid_line_of_ts(line, match, tmp_path):
    write(tmp_path / "MadeUp_TRAIN.ts", TS + line)
    with pytest.raises(ValueError, match=rf"MadeUp_TRAIN\.ts, line 10: {match}"):
        load_ucr("MadeUp", data_home=tmp_path)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("2\tx", r"expected a class label and numbers separated by tabs.*'x'"),
        ("2\t1\t\t3", "expected a class label and numbers separated by tabs"),
        ("2", r"expected a class label and at least one number, .* got '2'"),
        ("2\tNaN\tNaN", "expected a class label and at least one number"),
        ("\t1\t2", "expected a class label and at least one number"),
        ("2 1 3", r"expected a class label and at least one number, .* got '2 1 3'"),
        ("2\t1\tinf", "expected finite or missing numbers, got inf"),
    ],
)
def test_load_ucr_invalid_line_of_tsv(line, match, tmp_path):
    write(tmp_path / "MadeUp_TRAIN.tsv", f"1\t2\t3\n\n{line}\n")
    with pytest.raises(ValueError, match=rf"MadeUp_TRAIN\.tsv, line 3: {match}"):
        load_ucr("MadeUp", data_home=tmp_path)


@pytest.mark.parametrize(
    ("suffix", "text", "match"),
    [
        (".ts", TS.replace("@data", ""), "has no line @data"),
        (".ts", "@problemName MadeUp\n@data\n", "contains no series"),
        (".tsv", "\n \n", "contains no series"),
        (".ts", TS.replace("Stamps false", "Stamps true"), "has time stamps"),
        (".ts", TS.replace("@classLabel true up down", "@targetLabel true"), "no class labels"),
        (".ts", TS.replace("@classLabel true up down", "@classLabel false"), "no class labels"),
    ],
)
def test_load_ucr_invalid_file(suffix, text, match, tmp_path):
    write(tmp_path / f"MadeUp_TRAIN{suffix}", text)
    with pytest.raises(ValueError, match=rf"MadeUp_TRAIN\{suffix} .*{match}"):
        load_ucr("MadeUp", data_home=tmp_path)


# --- real data --------------------------------------------------------------------------------


def test_load_ucr_equals_another_reader(need_data):
    folder = need_data("ucr_uea")
    table = pd.read_csv(folder / "GesturePebbleZ1_TRAIN.tsv.xz", sep="\t", header=None)
    data, target = load_ucr("GesturePebbleZ1", data_home=folder, return_X_y=True)
    assert target.tolist() == table[0].astype(str).tolist()
    assert {len(steps) for steps in data} > {115, 455}
    for steps, row in zip(data, table.to_numpy()[:, 1:], strict=True):
        assert_array_equal(steps[:, 0], row[~np.isnan(row)])


def test_load_ucr_equals_fetch_japanese_vowels(need_data):
    folder = need_data("ucr_uea")
    data, target = load_ucr("JapaneseVowels", data_home=folder, subset="all", return_X_y=True)
    bunch = fetch_japanese_vowels(data_home=folder, subset="all", download_if_missing=False)
    assert target.tolist() == [bunch.target_names[i] for i in bunch.target]
    for steps, utterance in zip(data, bunch.data, strict=True):
        assert_array_equal(steps, utterance)


def test_load_ucr_examples_of_docstring(need_data, assert_examples_run):
    need_data("ucr_uea")
    assert_examples_run(load_ucr)
