"""fetch_japanese_vowels: local files, invalid files, downloads, and the real data."""

import hashlib

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from texts import files_below

from skrnn.datasets import _files, _japanese_vowels, fetch_japanese_vowels

N_UTTERANCES = {"train": [30] * 9, "test": [31, 35, 88, 44, 29, 24, 40, 50, 29]}
LENGTHS = {"train": (7, 26), "test": (7, 29)}
HEADER = "#Made up\n@problemName JapaneseVowels\n@dimensions 12\n@data\n"


def line_of(steps, speaker):
    return ":".join([*(",".join(map(str, feature)) for feature in steps.T.tolist()), speaker])


def write_cases(path, *cases, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + "\n".join(cases) + "\n")


@pytest.fixture
def made_up():
    """Three utterances, their speakers, and their lines in a file."""
    rng = np.random.default_rng(0)
    utterances = [rng.normal(size=(length, 12)) for length in (1, 3, 2)]
    speakers = ["9", "1", "2"]
    return utterances, speakers, list(map(line_of, utterances, speakers))


# --- local files ------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [".", "ucr_uea"])
def test_fetch_japanese_vowels(folder, made_up, tmp_path):
    utterances, speakers, lines = made_up
    write_cases(tmp_path / folder / "JapaneseVowels_TRAIN.ts", lines[0], "", f"  {lines[1]} ")
    write_cases(tmp_path / folder / "JapaneseVowels_TEST.ts", lines[2], header="@DATA\n")
    train = fetch_japanese_vowels(data_home=str(tmp_path), download_if_missing=False)
    both = fetch_japanese_vowels(data_home=tmp_path, subset="all", download_if_missing=False)
    assert both.target_names == [str(number) for number in range(1, 10)]
    assert [both.target_names[i] for i in both.target] == speakers
    assert train.target.tolist() == [8, 0]
    assert "Kudo" in train.DESCR
    for read, utterance in zip(
        [*train.data, *both.data], [*utterances[:2], *utterances], strict=True
    ):
        assert read.dtype == np.float64
        assert read.flags.c_contiguous
        assert_array_equal(read, utterance)


def test_fetch_japanese_vowels_return_X_y(made_up, tmp_path):
    write_cases(tmp_path / "JapaneseVowels_TEST.ts", *made_up[2])
    data, target = fetch_japanese_vowels(data_home=tmp_path, subset="test", return_X_y=True)
    assert [utterance.shape for utterance in data] == [(1, 12), (3, 12), (2, 12)]
    assert target.tolist() == [8, 0, 1]


def test_fetch_japanese_vowels_invalid_parameters(tmp_path):
    for given in ({"data_home": 3}, {"download_if_missing": "maybe"}, {"return_X_y": "maybe"}):
        (name,) = given
        with pytest.raises(ValueError, match=f"'{name}' parameter of fetch_japanese_vowels"):
            fetch_japanese_vowels(**{"data_home": tmp_path, **given})
    with pytest.raises(ValueError, match=r"'subset' parameter .* Got 'dev' instead"):
        fetch_japanese_vowels(data_home=tmp_path, subset="dev")


# --- invalid files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("0.5,1.5:" * 11 + "9", r"expected 12 .* a speaker.*, got 11 dimensions and '9'"),
        ("0.5,1.5:" * 13 + "9", r"expected 12 .* a speaker.*, got 13 dimensions and '9'"),
        ("0.5,1.5", r"expected 12 dimensions and a speaker.*, got 0 dimensions and '0\.5,1\.5'"),
        ("0.5,1.5:" * 12 + "10", r"expected .* a speaker, 1 to 9.*, got 12 dimensions and '10'"),
        ("0.5,1.5:" * 12, r"expected .* a speaker, 1 to 9.*, got 12 dimensions and ''"),
        ("0.5,1.5:" * 11 + "0.5:9", "expected equally long dimensions of numbers"),
        ("0.5,x:" * 12 + "9", r"expected equally long dimensions of numbers.*'x'"),
        ("0.5,?:" * 12 + "9", r"expected equally long dimensions of numbers.*'\?'"),
        (":" * 12 + "9", "expected equally long dimensions of numbers"),
        ("0.5,NaN:" * 12 + "9", r"expected finite numbers, got nan"),
        ("0.5,inf:" * 12 + "9", r"expected finite numbers, got inf"),
    ],
)
def test_fetch_japanese_vowels_invalid_line(line, match, made_up, tmp_path):
    write_cases(tmp_path / "JapaneseVowels_TRAIN.ts", made_up[2][0], "", line)
    with pytest.raises(ValueError, match=rf"JapaneseVowels_TRAIN\.ts, line 7: {match}"):
        fetch_japanese_vowels(data_home=tmp_path)


def test_fetch_japanese_vowels_truncated_file(made_up, tmp_path):
    path = tmp_path / "JapaneseVowels_TRAIN.ts"
    write_cases(path, *made_up[2])
    path.write_text(path.read_text()[:-30])
    with pytest.raises(ValueError, match=r"TRAIN\.ts, line 7: expected 12 dimensions"):
        fetch_japanese_vowels(data_home=tmp_path)


def test_fetch_japanese_vowels_invalid_files(tmp_path):
    path = tmp_path / "JapaneseVowels_TRAIN.ts"
    for content, match in [
        (HEADER.encode(), r"JapaneseVowels_TRAIN\.ts contains no utterance"),
        (b"", r"JapaneseVowels_TRAIN\.ts has no line @data"),
        (b"1.0,2.0\n", r"JapaneseVowels_TRAIN\.ts has no line @data"),
        (b"\xff\xfe", r"JapaneseVowels_TRAIN\.ts is not a complete text file in UTF-8"),
    ]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=match):
            fetch_japanese_vowels(data_home=tmp_path)


# --- downloads --------------------------------------------------------------------------------


def test_fetch_japanese_vowels_download_if_missing_false(made_up, tmp_path):
    write_cases(tmp_path / "JapaneseVowels_TRAIN.ts", *made_up[2])
    with pytest.raises(
        OSError, match=r"TEST\.ts does not exist, and download_if_missing=False"
    ) as e:
        fetch_japanese_vowels(data_home=tmp_path, subset="all", download_if_missing=False)
    assert _japanese_vowels._FILES["test"].url in str(e.value)
    assert f"at {tmp_path}/ucr_uea/JapaneseVowels_TEST.ts" in str(e.value)
    assert files_below(tmp_path) == ["JapaneseVowels_TRAIN.ts"]


@pytest.fixture
def source(made_up, monkeypatch, tmp_path):
    """A local folder that replaces the public source of both files."""
    files = {}
    for subset in ("train", "test"):
        path = tmp_path / "source" / f"{subset}.ts"
        write_cases(path, *made_up[2])
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files[subset] = _files.RemoteFile(path.as_uri(), digest)
    monkeypatch.setattr(_japanese_vowels, "_FILES", files)
    return tmp_path / "source"


def test_fetch_japanese_vowels_download(source, tmp_path):
    test = fetch_japanese_vowels(data_home=tmp_path / "home", subset="test")
    assert len(test.data) == 3
    assert files_below(tmp_path / "home") == ["ucr_uea/JapaneseVowels_TEST.ts"]
    (source / "test.ts").unlink()
    both = fetch_japanese_vowels(data_home=tmp_path / "home", subset="all")
    assert len(both.data) == 6


def test_fetch_japanese_vowels_wrong_checksum(source, tmp_path):
    (source / "train.ts").write_text("@data\n")
    with pytest.raises(OSError, match=r"Could not download file:.*the SHA-256 of the download is"):
        fetch_japanese_vowels(data_home=tmp_path / "home")
    assert files_below(tmp_path / "home") == []


def test_fetch_japanese_vowels_sources_have_checksums():
    remotes = _japanese_vowels._FILES.values()
    assert len({remote.sha256 for remote in remotes}) == 2
    for url, sha256 in remotes:
        assert url.startswith("https://")
        assert len(bytes.fromhex(sha256)) == 32


# --- real data --------------------------------------------------------------------------------


@pytest.mark.parametrize("subset", ["train", "test"])
def test_fetch_japanese_vowels_real_data(subset, need_data):
    folder = need_data("ucr_uea")
    bunch = fetch_japanese_vowels(data_home=folder, subset=subset, download_if_missing=False)
    lengths = [len(utterance) for utterance in bunch.data]
    assert np.bincount(bunch.target).tolist() == N_UTTERANCES[subset]
    assert (min(lengths), max(lengths)) == LENGTHS[subset]
    assert {utterance.shape[1] for utterance in bunch.data} == {12}
    content = (folder / f"JapaneseVowels_{subset.upper()}.ts").read_bytes()
    assert hashlib.sha256(content).hexdigest() == _japanese_vowels._FILES[subset].sha256


def test_fetch_japanese_vowels_examples_of_docstring(need_data, assert_examples_run):
    need_data("ucr_uea")
    assert_examples_run(fetch_japanese_vowels)
