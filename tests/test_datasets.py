"""The loaders of text: local files in every layout, invalid files, and the real data."""

import hashlib
import lzma
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from texts import CONLLU, TEST, TRAIN, files_below, write_csv, write_tree

from skrnn.datasets import (
    _imdb,
    _names,
    _sequoia,
    fetch_imdb,
    fetch_names,
    fetch_sequoia,
    get_data_home,
)
from skrnn.datasets._files import find_file, read_text

FETCHERS = [fetch_imdb, fetch_names, fetch_sequoia]
IMDB_LAYOUTS = {
    "imdb/imdb_train.csv.xz": lambda home: write_csv(home / "imdb", ".csv.xz"),
    "imdb/imdb_train.csv": lambda home: write_csv(home / "imdb", ".csv"),
    "imdb_train.csv.xz": lambda home: write_csv(home, ".csv.xz"),
    "imdb_train.csv": lambda home: write_csv(home, ".csv"),
    "aclImdb/train": lambda home: write_tree(home / "aclImdb"),
    "imdb/aclImdb/train": lambda home: write_tree(home / "imdb" / "aclImdb"),
    "train": lambda home: write_tree(home),
}


@pytest.fixture(autouse=True)
def one_review_is_enough(monkeypatch):
    """Accept folders with a few reviews instead of 12,500."""
    monkeypatch.setattr(_imdb, "_EACH", 1)


# --- data home --------------------------------------------------------------------------------


def test_get_data_home(monkeypatch, tmp_path):
    monkeypatch.delenv("SKRNN_DATA", raising=False)
    assert get_data_home() == Path.home() / "skrnn_data"
    monkeypatch.setenv("SKRNN_DATA", "")
    assert get_data_home() == Path.home() / "skrnn_data"
    monkeypatch.setenv("SKRNN_DATA", str(tmp_path / "data"))
    assert get_data_home() == tmp_path / "data"
    assert get_data_home("~/elsewhere") == Path.home() / "elsewhere"
    assert get_data_home(tmp_path) == tmp_path
    assert files_below(tmp_path) == []


def test_fetch_imdb_data_home_from_the_environment(monkeypatch, tmp_path):
    write_csv(tmp_path / "imdb", ".csv.xz")
    monkeypatch.setenv("SKRNN_DATA", str(tmp_path))
    assert fetch_imdb(shuffle=False).data == TRAIN


@pytest.mark.parametrize("fetch", FETCHERS)
def test_fetch_text_invalid_parameters(fetch, tmp_path):
    for name in ("download_if_missing", "return_X_y"):
        with pytest.raises(ValueError, match=f"'{name}' parameter of {fetch.__name__}"):
            fetch(data_home=tmp_path, **{name: "maybe"})
    with pytest.raises(ValueError, match=f"'data_home' parameter of {fetch.__name__}"):
        fetch(data_home=3)


@pytest.mark.parametrize(("fetch", "subset"), [(fetch_imdb, "dev"), (fetch_sequoia, "unsup")])
def test_fetch_text_unknown_subset(fetch, subset, tmp_path):
    with pytest.raises(ValueError, match=rf"'subset' parameter .* Got '{subset}' instead"):
        fetch(data_home=tmp_path, subset=subset)


# --- local files ------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", IMDB_LAYOUTS)
def test_fetch_imdb_layouts(layout, tmp_path):
    IMDB_LAYOUTS[layout](tmp_path)
    assert (tmp_path / layout).exists()
    train = fetch_imdb(data_home=str(tmp_path), shuffle=False, download_if_missing=False)
    assert train.data == TRAIN
    assert train.target.tolist() == [0, 0, 0, 1, 1, 1]
    assert train.rating.tolist() == [3, 1, 4, 9, 10, 7]
    assert train.target_names == ["negative", "positive"]
    assert "Maas" in train.DESCR
    both = fetch_imdb(data_home=tmp_path, subset="all", shuffle=False)
    assert both.data == TRAIN + TEST
    assert both.target.tolist() == [0, 0, 0, 1, 1, 1, 0, 1]


def test_fetch_imdb_shuffle(tmp_path):
    write_tree(tmp_path)
    plain = fetch_imdb(data_home=tmp_path, subset="all", shuffle=False)
    shuffled = fetch_imdb(data_home=tmp_path, subset="all")
    assert shuffled.data != plain.data
    assert shuffled.data == fetch_imdb(data_home=tmp_path, subset="all").data
    assert shuffled.data != fetch_imdb(data_home=tmp_path, subset="all", random_state=0).data

    def rows(bunch):
        return Counter(zip(bunch.data, bunch.target.tolist(), bunch.rating.tolist(), strict=True))

    assert rows(shuffled) == rows(plain)


@pytest.mark.parametrize(
    "content",
    [
        b"text,label\nfine,1\n",
        b"label,rating,id,text\npos,9,0,fine\n",
        b"label,rating,id,text\n2,9,0,a\n",
    ],
    ids=["columns", "label is text", "label 2"],
)
def test_fetch_imdb_invalid_table(content, tmp_path):
    (tmp_path / "imdb_train.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"imdb_train\.csv is not a table of IMDB reviews with"):
        fetch_imdb(data_home=tmp_path)


def test_fetch_imdb_truncated_table(tmp_path):
    write_csv(tmp_path, ".csv.xz")
    path = tmp_path / "imdb_train.csv.xz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"imdb_train\.csv\.xz is not a table of IMDB reviews"):
        fetch_imdb(data_home=tmp_path)


@pytest.mark.parametrize("folder", [".", "names"])
@pytest.mark.parametrize("pack", [None, lzma.compress])
def test_fetch_names(folder, pack, tmp_path):
    (tmp_path / folder).mkdir(exist_ok=True)
    for language in _names._FILES:
        text = "Đặng \n\nNgô\n" if language == "Vietnamese" else f"{language}a\n"
        path = tmp_path / folder / f"{language}.txt{'.xz' if pack else ''}"
        path.write_bytes(pack(text.encode()) if pack else text.encode())
    names = fetch_names(data_home=tmp_path, download_if_missing=False)
    assert len(names.target_names) == 18
    assert names.target_names == sorted(names.target_names)
    assert names.data[0] == "Arabica"
    assert names.data[-2:] == ["Đặng", "Ngô"]
    assert names.target.tolist() == [*range(18), 17]


@pytest.mark.parametrize("folder", [".", "ud_fr_sequoia"])
@pytest.mark.parametrize("pack", [None, lzma.compress])
def test_fetch_sequoia(folder, pack, tmp_path):
    (tmp_path / folder).mkdir(exist_ok=True)
    for subset, text in [
        ("train", CONLLU),
        ("dev", "1\tOui" + 7 * "\t_" + "\t_"),
        ("test", "1\tNon" + 7 * "\t_" + "\t_"),
    ]:
        path = tmp_path / folder / f"fr_sequoia-ud-{subset}.conllu{'.xz' if pack else ''}"
        path.write_bytes(pack(text.encode()) if pack else text.encode())
    train = fetch_sequoia(data_home=tmp_path, download_if_missing=False)
    assert train.data == [["Il", "va", "à", "le", "bois", "."], ["10 000"]]
    assert [tags.tolist() for tags in train.target] == [
        ["PRON", "VERB", "ADP", "DET", "NOUN", "PUNCT"],
        ["NUM"],
    ]
    assert train.target_names == ["ADP", "DET", "NOUN", "NUM", "PRON", "PUNCT", "VERB"]
    assert fetch_sequoia(data_home=tmp_path, subset="all").data == [*train.data, ["Oui"], ["Non"]]


def test_fetch_sequoia_invalid_line(tmp_path):
    path = tmp_path / "fr_sequoia-ud-train.conllu"
    path.write_text("# text = Oui\n1 Oui oui INTJ\n")
    with pytest.raises(
        ValueError, match=r"train\.conllu, line 2: expected the 10 fields .*got 1\."
    ):
        fetch_sequoia(data_home=tmp_path)


def test_fetch_text_empty_truncated_or_badly_encoded_files(tmp_path):
    packed = lzma.compress(CONLLU.encode())
    path = tmp_path / "fr_sequoia-ud-train.conllu.xz"
    for content, match in [
        (lzma.compress(b""), r"train\.conllu\.xz contains no sentence"),
        (packed[:-20], r"train\.conllu\.xz is not a complete text file in UTF-8"),
        (b"junk", r"train\.conllu\.xz is not a complete text file"),
        (lzma.compress("été".encode("latin-1")), r"train\.conllu\.xz is not a complete text file"),
    ]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=match):
            fetch_sequoia(data_home=tmp_path, download_if_missing=False)
    for language in _names._FILES:
        (tmp_path / f"{language}.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"Arabic\.txt contains no name"):
        fetch_names(data_home=tmp_path, download_if_missing=False)
    (tmp_path / "imdb_train.csv").write_text("label,rating,id,text\n")
    with pytest.raises(ValueError, match=r"imdb_train\.csv is not a table .* contains no review"):
        fetch_imdb(data_home=tmp_path, download_if_missing=False)


def test_fetch_imdb_incompletely_unpacked_archive(tmp_path, monkeypatch):
    write_tree(tmp_path / "aclImdb")
    monkeypatch.setattr(_imdb, "_EACH", 4)
    with pytest.raises(ValueError, match="3 reviews in neg and 3 in pos, expected 4 in each"):
        fetch_imdb(data_home=tmp_path, download_if_missing=False)
    (tmp_path / "aclImdb/train/neg/7_1.txt").write_bytes(b"\xff")
    with pytest.raises(ValueError, match=r"7_1\.txt is not a text file in UTF-8"):
        fetch_imdb(data_home=tmp_path, download_if_missing=False)


# --- real data --------------------------------------------------------------------------------


@pytest.mark.parametrize(("subset", "n_distinct"), [("train", 24_904), ("test", 24_801)])
def test_fetch_imdb_real_data(need_data, subset, n_distinct):
    data_folder = need_data("imdb")
    reviews = fetch_imdb(data_home=data_folder, subset=subset, download_if_missing=False)
    assert np.bincount(reviews.target).tolist() == [12_500, 12_500]
    assert_array_equal(reviews.rating > 5, reviews.target == 1)
    assert set(reviews.rating) == {1, 2, 3, 4, 7, 8, 9, 10}
    assert len(set(reviews.data)) == n_distinct
    assert sum("<br />" in text for text in reviews.data) > 10_000
    assert 0.4 < reviews.target[:1000].mean() < 0.6


def test_fetch_names_real_data(need_data):
    data_folder = need_data("names")
    names = fetch_names(data_home=data_folder, download_if_missing=False)
    counts = dict(zip(names.target_names, np.bincount(names.target).tolist(), strict=True))
    assert len(names.data) == len(names.target) == 20_050
    assert len(set(names.data)) == 17_450
    assert (counts["Russian"], counts["Arabic"], counts["Vietnamese"]) == (9_384, 2_000, 73)
    assert min(counts.values()) == 73
    assert all(name == name.strip() != "" for name in names.data)
    for language, remote in _names._FILES.items():
        content = (data_folder / f"{language}.txt").read_bytes()
        assert hashlib.sha256(content).hexdigest() == remote.sha256


@pytest.mark.parametrize(
    ("subset", "n_sentences", "n_words", "n_tags"),
    [("train", 2_231, 50_502, 16), ("dev", 412, 9_999, 15), ("test", 456, 10_044, 15)],
)
def test_fetch_sequoia_real_data(need_data, subset, n_sentences, n_words, n_tags):
    data_folder = need_data("ud_fr_sequoia")
    bunch = fetch_sequoia(data_home=data_folder, subset=subset, download_if_missing=False)
    assert len(bunch.data) == len(bunch.target) == n_sentences
    assert list(map(len, bunch.data)) == list(map(len, bunch.target))
    assert sum(map(len, bunch.data)) == n_words
    assert len(bunch.target_names) == n_tags
    name = f"fr_sequoia-ud-{subset}.conllu"
    content = read_text(find_file([data_folder], [name, f"{name}.xz"])).encode()
    assert hashlib.sha256(content).hexdigest() == _sequoia._FILES[subset].sha256


@pytest.mark.parametrize("fetch", FETCHERS)
def test_fetch_text_examples_of_docstrings(fetch, need_data, assert_examples_run):
    for name in ("imdb", "names", "ud_fr_sequoia"):
        need_data(name)
    assert_examples_run(fetch)
