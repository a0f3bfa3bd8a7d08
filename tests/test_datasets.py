"""The loaders: the same data from every layout, and nothing half-done left behind."""

import doctest
import hashlib
import io
import lzma
import tarfile
from collections import Counter
from http.client import IncompleteRead
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skrnn.datasets import (
    _files,
    _imdb,
    _names,
    _sequoia,
    fetch_imdb,
    fetch_names,
    fetch_sequoia,
    get_data_home,
)

FETCHERS = [fetch_imdb, fetch_names, fetch_sequoia]
# Texts that a table could spoil.
REVIEWS = {
    "train/neg/0_3.txt": 'Dull, "so" dull.<br /><br />Never again',
    "train/neg/2_1.txt": "NA",
    "train/neg/10_4.txt": " line\r\nends\rof\nall\x85systems ",
    "train/pos/0_9.txt": "été 😀",
    "train/pos/1_10.txt": "NA",
    "train/pos/12_7.txt": "",
    "test/neg/5_2.txt": "bad",
    "test/pos/4_8.txt": "1.0",
}
TRAIN = [text for name, text in REVIEWS.items() if name.startswith("train")]
TEST = [text for name, text in REVIEWS.items() if name.startswith("test")]
CONLLU = """\
# sent_id = a
# text = Il va au bois.
1\tIl\til\tPRON\t_\t_\t2\tnsubj\t_\t_
2\tva\taller\tVERB\t_\t_\t0\troot\t_\t_
3-4\tau\t_\t_\t_\t_\t_\t_\t_\t_
3\tà\tà\tADP\t_\t_\t5\tcase\t_\t_
4\tle\tle\tDET\t_\t_\t5\tdet\t_\t_
5\tbois\tbois\tNOUN\t_\t_\t2\tobl\t_\tSpaceAfter=No
5.1\tet\tet\tCCONJ\t_\t_\t_\t_\t_\t_
6\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\t_

# text = 10 000
1\t10 000\t10000\tNUM\t_\t_\t0\troot\t_\t_
"""


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Only files are opened: a test that reached for the network would fail."""
    opener = _files.urlopen

    def open_file(url, timeout):
        if not url.startswith("file:"):
            raise OSError("no network")
        return opener(url, timeout=timeout)

    monkeypatch.setattr(_files, "urlopen", open_file)
    monkeypatch.delenv("SKRNN_DATA", raising=False)


@pytest.fixture
def archive(tmp_path):
    """A small archive in the form of the public one, with more in it than labelled reviews."""
    members = {f"aclImdb/{name}": text for name, text in reversed(REVIEWS.items())}
    others = {
        "aclImdb/README": "read me",
        "aclImdb/train/unsup/0_0.txt": "no label",
        "aclImdb/train/neg/../../../evil_1.txt": "out",
        "/aclImdb/train/neg/7_1.txt": "absolute",
    }
    path = tmp_path / "source" / "aclImdb_v1.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as tar:
        for name, text in {**members, **others}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("aclImdb/train/neg/8_1.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    return path


def remote(path):
    return _files.RemoteFile(path.as_uri(), hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def source(monkeypatch, tmp_path, archive):
    """Public sources of all three on this machine, as a folder."""
    monkeypatch.setattr(_imdb, "_ARCHIVE", remote(archive))
    for module, texts in [
        (_names, {language: f"{language}a\n" for language in _names._FILES}),
        (_sequoia, {subset: CONLLU for subset in _sequoia._FILES}),
    ]:
        files = {}
        for key, text in texts.items():
            path = archive.parent / f"{key}.txt"
            path.write_text(text, encoding="utf-8")
            files[key] = remote(path)
        monkeypatch.setattr(module, "_FILES", files)
    return archive.parent


def write_tree(folder):
    for name, text in REVIEWS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    (folder / "train" / "urls_neg.txt").write_text("not a review")
    (folder / "train" / "neg" / "notes.txt").write_text("not a review")


def write_csv(folder, suffix):
    folder.mkdir(parents=True, exist_ok=True)
    rows = {"train": [], "test": []}
    for name, text in reversed(REVIEWS.items()):
        subset, label, file = name.split("/")
        number, rating = file.removesuffix(".txt").split("_")
        rows[subset].append((int(label == "pos"), int(rating), int(number), text))
    for subset, of_subset in rows.items():
        table = pd.DataFrame(of_subset, columns=["label", "rating", "id", "text"])
        table.to_csv(folder / f"imdb_{subset}{suffix}", index=False, quoting=2)


IMDB_LAYOUTS = {
    "imdb/imdb_train.csv.xz": lambda home: write_csv(home / "imdb", ".csv.xz"),
    "imdb/imdb_train.csv": lambda home: write_csv(home / "imdb", ".csv"),
    "imdb_train.csv.xz": lambda home: write_csv(home, ".csv.xz"),
    "imdb_train.csv": lambda home: write_csv(home, ".csv"),
    "aclImdb/train": lambda home: write_tree(home / "aclImdb"),
    "imdb/aclImdb/train": lambda home: write_tree(home / "imdb" / "aclImdb"),
    "train": lambda home: write_tree(home),
}


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- where data lie ---------------------------------------------------------------------------


def test_data_home(monkeypatch, tmp_path):
    assert get_data_home() == Path.home() / "skrnn_data"
    monkeypatch.setenv("SKRNN_DATA", "")
    assert get_data_home() == Path.home() / "skrnn_data"
    monkeypatch.setenv("SKRNN_DATA", str(tmp_path / "data"))
    assert get_data_home() == tmp_path / "data"
    assert get_data_home("~/elsewhere") == Path.home() / "elsewhere"
    assert get_data_home(tmp_path) == tmp_path
    assert files_below(tmp_path) == []


def test_data_are_found_through_the_environment(monkeypatch, tmp_path):
    write_csv(tmp_path / "imdb", ".csv.xz")
    monkeypatch.setenv("SKRNN_DATA", str(tmp_path))
    assert fetch_imdb(shuffle=False).data == TRAIN


@pytest.mark.parametrize("fetch", FETCHERS)
def test_parameters_are_checked_before_anything_is_done(fetch, tmp_path):
    for name in ("download_if_missing", "return_X_y"):
        with pytest.raises(ValueError, match=f"'{name}' parameter of {fetch.__name__}"):
            fetch(data_home=tmp_path, **{name: "maybe"})
    with pytest.raises(ValueError, match=f"'data_home' parameter of {fetch.__name__}"):
        fetch(data_home=3)


@pytest.mark.parametrize(("fetch", "subset"), [(fetch_imdb, "dev"), (fetch_sequoia, "unsup")])
def test_unknown_subset(fetch, subset, tmp_path):
    with pytest.raises(ValueError, match=rf"'subset' parameter .* Got '{subset}' instead"):
        fetch(data_home=tmp_path, subset=subset)


# --- what comes of a folder -------------------------------------------------------------------


@pytest.mark.parametrize("layout", IMDB_LAYOUTS)
def test_imdb_is_the_same_from_every_layout(layout, tmp_path):
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


def test_imdb_shuffling_keeps_reviews_and_targets_together(tmp_path):
    write_tree(tmp_path)
    plain = fetch_imdb(data_home=tmp_path, subset="all", shuffle=False)
    shuffled = fetch_imdb(data_home=tmp_path, subset="all")
    assert shuffled.data != plain.data
    assert shuffled.data == fetch_imdb(data_home=tmp_path, subset="all").data
    assert shuffled.data != fetch_imdb(data_home=tmp_path, subset="all", random_state=0).data

    def rows(bunch):
        return Counter(zip(bunch.data, bunch.target.tolist(), bunch.rating.tolist(), strict=True))

    assert rows(shuffled) == rows(plain)


@pytest.mark.parametrize("fetch", FETCHERS)
def test_return_X_y(fetch, tmp_path, source):
    bunch = fetch(data_home=tmp_path / "home")
    data, target = fetch(data_home=tmp_path / "home", return_X_y=True)
    assert data == bunch.data
    assert len(target) == len(bunch.target)
    for one, other in zip(target, bunch.target, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize(
    "content",
    [
        b"text,label\nfine,1\n",
        b"label,rating,id,text\npos,9,0,fine\n",
        b"label,rating,id,text\n2,9,0,a\n",
    ],
    ids=["columns", "label a word", "label 2"],
)
def test_imdb_table_of_another_form(content, tmp_path):
    (tmp_path / "imdb_train.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"imdb_train\.csv is not a table of IMDB reviews with"):
        fetch_imdb(data_home=tmp_path)


def test_imdb_table_that_is_cut_off(tmp_path):
    write_csv(tmp_path, ".csv.xz")
    path = tmp_path / "imdb_train.csv.xz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"imdb_train\.csv\.xz is not a table of IMDB reviews"):
        fetch_imdb(data_home=tmp_path)


@pytest.mark.parametrize("folder", [".", "names"])
def test_names(folder, tmp_path):
    (tmp_path / folder).mkdir(exist_ok=True)
    for language in _names._FILES:
        text = "Đặng \n\nNgô\n" if language == "Vietnamese" else f"{language}a\n"
        (tmp_path / folder / f"{language}.txt").write_text(text, encoding="utf-8")
    names = fetch_names(data_home=tmp_path, download_if_missing=False)
    assert len(names.target_names) == 18
    assert names.target_names == sorted(names.target_names)
    assert names.data[0] == "Arabica"
    assert names.data[-2:] == ["Đặng", "Ngô"]
    assert names.target.tolist() == [*range(18), 17]


@pytest.mark.parametrize("folder", [".", "ud_fr_sequoia"])
@pytest.mark.parametrize("pack", [None, lzma.compress])
def test_sequoia(folder, pack, tmp_path):
    (tmp_path / folder).mkdir(exist_ok=True)
    for subset, text in [
        ("train", CONLLU),
        ("dev", "1\tOui" + 7 * "\t_" + "\t_\n\n"),
        ("test", ""),
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
    assert fetch_sequoia(data_home=tmp_path, subset="all").data == [*train.data, ["Oui"]]


def test_sequoia_line_of_another_form(tmp_path):
    path = tmp_path / "fr_sequoia-ud-train.conllu"
    path.write_text("# text = Oui\n1 Oui oui INTJ\n")
    with pytest.raises(
        ValueError, match=r"train\.conllu, line 2: expected the 10 fields .*got 1\."
    ):
        fetch_sequoia(data_home=tmp_path)


# --- what comes from the source ---------------------------------------------------------------


def test_imdb_download(tmp_path, source):
    home = tmp_path / "home"
    with pytest.raises(OSError, match=r"reviews \(train\) are not in .*home"):
        fetch_imdb(data_home=home, download_if_missing=False)
    assert not home.exists()
    assert fetch_imdb(data_home=home, subset="all", shuffle=False).data == TRAIN + TEST
    assert files_below(home) == ["imdb/imdb_test.csv.xz", "imdb/imdb_train.csv.xz"]
    (source / "aclImdb_v1.tar.gz").unlink()
    again = fetch_imdb(data_home=home, subset="all", shuffle=False, download_if_missing=False)
    assert again.data == TRAIN + TEST
    assert again.rating.tolist() == [3, 1, 4, 9, 10, 7, 2, 8]


def test_imdb_download_leaves_what_is_there(tmp_path, source):
    write_tree(tmp_path / "aclImdb")
    (tmp_path / "aclImdb" / "train" / "neg" / "0_3.txt").write_text("mine")
    for path in (tmp_path / "aclImdb" / "test").rglob("*.txt"):
        path.unlink()
    both = fetch_imdb(data_home=tmp_path, subset="all", shuffle=False)
    assert both.data == ["mine", *TRAIN[1:], *TEST]
    assert fetch_imdb(data_home=tmp_path, shuffle=False).data[0] == "mine"


def test_names_download_only_what_is_missing(tmp_path, source):
    fetch_names(data_home=tmp_path)
    assert len(files_below(tmp_path / "names")) == 18
    (tmp_path / "names" / "Czech.txt").write_text("mine\n")
    (tmp_path / "names" / "Dutch.txt").unlink()
    with pytest.raises(OSError, match=r"Dutch\.txt is not there, and download_if_missing=False"):
        fetch_names(data_home=tmp_path, download_if_missing=False)
    assert fetch_names(data_home=tmp_path).data[2:4] == ["mine", "Dutcha"]


def test_sequoia_download(tmp_path, source):
    dev = fetch_sequoia(data_home=tmp_path / "home", subset="dev")
    assert files_below(tmp_path / "home") == ["ud_fr_sequoia/fr_sequoia-ud-dev.conllu"]
    assert len(dev.data) == 2


@pytest.mark.parametrize("fetch", FETCHERS)
def test_wrong_checksum_leaves_nothing(fetch, tmp_path, source):
    for path in source.iterdir():
        path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(
        OSError, match=r"Could not fetch file:.*the SHA-256 of what came is [0-9a-f]{64}"
    ):
        fetch(data_home=tmp_path / "home")
    assert files_below(tmp_path / "home") == []


class Interrupted(io.BytesIO):
    """A connection that gives a little, then breaks."""

    def __init__(self, error):
        super().__init__(b"begun")
        self.error = error

    def read(self, size=-1):
        chunk = super().read(size)
        if not chunk:
            raise self.error
        return chunk


@pytest.mark.parametrize("fetch", FETCHERS)
@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (ConnectionResetError("reset"), OSError),
        (IncompleteRead(b""), OSError),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_interrupted_download_leaves_nothing(fetch, error, raised, tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "urlopen", lambda url, timeout: Interrupted(error))
    with pytest.raises(raised):
        fetch(data_home=tmp_path)
    assert files_below(tmp_path) == []


def test_imdb_interrupted_while_it_is_stored(tmp_path, source, monkeypatch):
    def write_a_part(table, path, **_):
        path.write_bytes(b"begun")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_csv", write_a_part)
        with pytest.raises(KeyboardInterrupt):
            fetch_imdb(data_home=tmp_path / "home")
    assert files_below(tmp_path / "home") == []
    assert fetch_imdb(data_home=tmp_path / "home", shuffle=False).data == TRAIN


@pytest.mark.parametrize(
    ("fetch", "url", "place"),
    [
        (fetch_imdb, _imdb._ARCHIVE.url, "aclImdb, into {home}/imdb"),
        (fetch_names, _names._FILES["Arabic"].url, "at {home}/names/Arabic.txt"),
        (
            fetch_sequoia,
            _sequoia._FILES["train"].url,
            "at {home}/ud_fr_sequoia/fr_sequoia-ud-train.conllu",
        ),
    ],
)
@pytest.mark.parametrize("download_if_missing", [True, False])
def test_error_says_where_the_data_are_and_go(fetch, url, place, download_if_missing, tmp_path):
    with pytest.raises(OSError, match="without the network") as caught:
        fetch(data_home=tmp_path, download_if_missing=download_if_missing)
    message = str(caught.value)
    assert url in message
    assert place.format(home=tmp_path) in message
    assert ("no network" in message) == download_if_missing


def test_sources_are_fixed_and_have_checksums():
    remotes = [_imdb._ARCHIVE, *_names._FILES.values(), *_sequoia._FILES.values()]
    assert len({remote.sha256 for remote in remotes}) == len(remotes) == 22
    for url, sha256 in remotes:
        assert url.startswith("https://")
        assert len(bytes.fromhex(sha256)) == 32


# --- the data themselves ----------------------------------------------------------------------


@pytest.mark.parametrize(("subset", "n_distinct"), [("train", 24_904), ("test", 24_801)])
def test_real_imdb(data_folder, subset, n_distinct):
    reviews = fetch_imdb(data_home=data_folder, subset=subset, download_if_missing=False)
    assert np.bincount(reviews.target).tolist() == [12_500, 12_500]
    assert_array_equal(reviews.rating > 5, reviews.target == 1)
    assert set(reviews.rating) == {1, 2, 3, 4, 7, 8, 9, 10}
    assert len(set(reviews.data)) == n_distinct
    assert sum("<br />" in text for text in reviews.data) > 10_000
    assert 0.4 < reviews.target[:1000].mean() < 0.6


def test_real_names(data_folder):
    names = fetch_names(data_home=data_folder, download_if_missing=False)
    counts = dict(zip(names.target_names, np.bincount(names.target).tolist(), strict=True))
    assert len(names.data) == len(names.target) == 20_050
    assert len(set(names.data)) == 17_450
    assert (counts["Russian"], counts["Arabic"], counts["Vietnamese"]) == (9_384, 2_000, 73)
    assert min(counts.values()) == 73
    assert all(name == name.strip() != "" for name in names.data)
    for language, remote in _names._FILES.items():
        content = (data_folder / "names" / f"{language}.txt").read_bytes()
        assert hashlib.sha256(content).hexdigest() == remote.sha256


@pytest.mark.parametrize(
    ("subset", "n_sentences", "n_words", "n_tags"),
    [("train", 2_231, 50_502, 16), ("dev", 412, 9_999, 15), ("test", 456, 10_044, 15)],
)
def test_real_sequoia(data_folder, subset, n_sentences, n_words, n_tags):
    bunch = fetch_sequoia(data_home=data_folder, subset=subset, download_if_missing=False)
    assert len(bunch.data) == len(bunch.target) == n_sentences
    assert list(map(len, bunch.data)) == list(map(len, bunch.target))
    assert sum(map(len, bunch.data)) == n_words
    assert len(bunch.target_names) == n_tags
    packed = data_folder / "ud_fr_sequoia" / f"fr_sequoia-ud-{subset}.conllu.xz"
    content = lzma.decompress(packed.read_bytes())
    assert hashlib.sha256(content).hexdigest() == _sequoia._FILES[subset].sha256


@pytest.mark.parametrize("fetch", FETCHERS)
def test_examples_that_need_data(fetch, data_folder, monkeypatch):
    monkeypatch.setenv("SKRNN_DATA", str(data_folder))
    source = fetch.__doc__.replace("# doctest: +SKIP", "")
    example = doctest.DocTestParser().get_doctest(source, {}, fetch.__name__, None, 0)
    report = []
    results = doctest.DocTestRunner().run(example, out=report.append)
    assert results.attempted > 1
    assert results.failed == 0, "".join(report)
