"""The loaders of translations and of one long text: local files, downloads, and the real data."""

import gzip
import hashlib
import lzma
import zipfile

import pytest
from texts import files_below

from skrnn.datasets import (
    _files,
    _multi30k,
    _tatoeba,
    _tiny_shakespeare,
    fetch_multi30k,
    fetch_tatoeba,
    fetch_tiny_shakespeare,
)
from skrnn.datasets._files import find_file, read_text

FETCHERS = [fetch_multi30k, fetch_tatoeba, fetch_tiny_shakespeare]
CAPTIONS = {"en": "A dog.\n A truck \n", "fr": "Un chien.\nUn camion\n"}
PAIRS = "Go.\tVa !\nGo.\tAllez-y !\nI see.\tJe vois.\tCC-BY 2.0 (France)\n\n"


def write_captions(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in _multi30k._FILES:
        stem, language, _ = name.split(".")
        text = CAPTIONS[language].replace("A", f"{stem}: A", 1)
        (folder / name).write_bytes(gzip.compress(text.encode()))


def write_pairs(folder, text=PAIRS, member="fra.txt"):
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "fra-eng.zip", "w") as archive:
        archive.writestr("_about.txt", "about")
        archive.writestr(member, text if isinstance(text, bytes) else text.encode())


def write_play(folder, pack=bytes, suffix=""):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"input.txt{suffix}").write_bytes(pack(b"First:\nSpeak.\n\n"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Open only URLs of files, so that a test that uses the network fails."""
    opener = _files.urlopen

    def open_file(url, timeout):
        if not url.startswith("file:"):
            raise OSError("no network")
        return opener(url, timeout=timeout)

    monkeypatch.setattr(_files, "urlopen", open_file)


@pytest.fixture
def source(monkeypatch, tmp_path):
    """A local folder that replaces the public sources of all three loaders."""
    folder = tmp_path / "source"
    for write in (write_captions, write_pairs, write_play):
        write(folder)

    def remote(name):
        content = (folder / name).read_bytes()
        return _files.RemoteFile((folder / name).as_uri(), hashlib.sha256(content).hexdigest())

    monkeypatch.setattr(_multi30k, "_FILES", {name: remote(name) for name in _multi30k._FILES})
    monkeypatch.setattr(_tatoeba, "_ARCHIVE", remote("fra-eng.zip"))
    monkeypatch.setattr(_tiny_shakespeare, "_FILE", remote("input.txt"))
    return folder


# --- local files ------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [".", "seq2seq/multi30k"])
def test_fetch_multi30k(folder, tmp_path):
    write_captions(tmp_path / folder)
    train = fetch_multi30k(data_home=tmp_path, download_if_missing=False)
    assert train.data == ["train: A dog.", "A truck"]
    assert train.target == ["Un chien.", "Un camion"]
    assert "Elliott" in train.DESCR
    data, target = fetch_multi30k(data_home=tmp_path, subset="all", return_X_y=True)
    assert data[::2] == ["train: A dog.", "val: A dog.", "test_2016_flickr: A dog."]
    assert target == 3 * train.target


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (gzip.compress(b"Un chien.\n\nUn camion\n"), "contains 2 captions and .*fr.gz contains 3"),
        (gzip.compress(b""), "val.fr.gz contains no caption"),
        (gzip.compress(b"Un chien.\nUn camion\n")[:-9], "is not a complete text file in UTF-8"),
        (gzip.compress("été".encode("latin-1")), "is not a complete text file in UTF-8"),
        (b"Un chien.\nUn camion\n", "is not a complete text file in UTF-8"),
    ],
    ids=["lines", "empty", "truncated", "latin-1", "not compressed"],
)
def test_fetch_multi30k_invalid_file(content, match, tmp_path):
    write_captions(tmp_path)
    (tmp_path / "val.fr.gz").write_bytes(content)
    with pytest.raises(ValueError, match=match):
        fetch_multi30k(data_home=tmp_path, subset="val")


@pytest.mark.parametrize("folder", [".", "seq2seq"])
def test_fetch_tatoeba(folder, tmp_path):
    write_pairs(tmp_path / folder)
    pairs = fetch_tatoeba(data_home=tmp_path, download_if_missing=False)
    assert pairs.data == ["Go.", "Go.", "I see."]
    assert pairs.target == ["Va !", "Allez-y !", "Je vois."]
    assert "CC BY 2.0" in pairs.DESCR
    two = fetch_tatoeba(data_home=tmp_path, n_pairs=2, return_X_y=True)
    assert two == (pairs.data[:2], pairs.target[:2])
    assert fetch_tatoeba(data_home=tmp_path, n_pairs=9).data == pairs.data


@pytest.mark.parametrize(
    ("text", "member", "match"),
    [
        ("Go.\tVa !\nGo.\n", "fra.txt", r"fra-eng.zip, fra.txt, line 2: expected two .* got 'Go.'"),
        ("Go.\t \n", "fra.txt", "line 1: expected two sentences separated by a tab"),
        ("\n", "fra.txt", "fra-eng.zip contains no pair of sentences"),
        ("Go.\tVa !", "deu.txt", "is not a complete zip file with the text file fra.txt"),
        ("Go.\tÉté".encode("latin-1"), "fra.txt", "is not a complete zip file with the text file"),
    ],
)
def test_fetch_tatoeba_invalid_archive(text, member, match, tmp_path):
    write_pairs(tmp_path, text, member)
    with pytest.raises(ValueError, match=match):
        fetch_tatoeba(data_home=tmp_path)
    path = tmp_path / "fra-eng.zip"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="is not a complete zip file"):
        fetch_tatoeba(data_home=tmp_path)


# The positions of a byte in the two headers of a member, and the byte.
@pytest.mark.parametrize(("local", "central", "byte"), [(6, 8, 1), (8, 10, 99)])
def test_fetch_tatoeba_encrypted_or_unknown_compression(local, central, byte, tmp_path):
    write_pairs(tmp_path)
    path = tmp_path / "fra-eng.zip"
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\3\4") + local] = byte
    content[content.rindex(b"PK\1\2") + central] = byte
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a complete zip file"):
        fetch_tatoeba(data_home=tmp_path)


@pytest.mark.parametrize("n_pairs", [0, -1, 2.0, "all"])
def test_fetch_tatoeba_invalid_n_pairs(n_pairs, tmp_path):
    with pytest.raises(ValueError, match="'n_pairs' parameter of fetch_tatoeba"):
        fetch_tatoeba(data_home=tmp_path, n_pairs=n_pairs)


@pytest.mark.parametrize("folder", [".", "tiny_shakespeare"])
@pytest.mark.parametrize(("pack", "suffix"), [(bytes, ""), (lzma.compress, ".xz")])
def test_fetch_tiny_shakespeare(folder, pack, suffix, tmp_path):
    write_play(tmp_path / folder, pack, suffix)
    play = fetch_tiny_shakespeare(data_home=tmp_path, download_if_missing=False)
    assert play.data == "First:\nSpeak.\n\n"
    assert "public domain" in play.DESCR
    (tmp_path / folder / f"input.txt{suffix}").write_bytes(pack(b""))
    with pytest.raises(ValueError, match="contains no text"):
        fetch_tiny_shakespeare(data_home=tmp_path)


# --- downloads --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fetch", "expected"),
    [
        (fetch_multi30k, ["seq2seq/multi30k/train.en.gz", "seq2seq/multi30k/train.fr.gz"]),
        (fetch_tatoeba, ["seq2seq/fra-eng.zip"]),
        (fetch_tiny_shakespeare, ["tiny_shakespeare/input.txt"]),
    ],
)
def test_fetch_translation_download(fetch, expected, tmp_path, source):
    home = tmp_path / "home"
    with pytest.raises(OSError, match="does not exist, and download_if_missing=False"):
        fetch(data_home=home, download_if_missing=False)
    assert not home.exists()
    downloaded = fetch(data_home=home)
    assert files_below(home) == expected
    assert downloaded == fetch(data_home=source, download_if_missing=False)
    for path in source.iterdir():
        path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(OSError, match="the SHA-256 of the download is"):
        fetch(data_home=tmp_path / "other")
    assert files_below(tmp_path / "other") == []


def test_fetch_translation_sources_have_checksums():
    remotes = [*_multi30k._FILES.values(), _tatoeba._ARCHIVE, _tiny_shakespeare._FILE]
    assert len({remote.sha256 for remote in remotes}) == len(remotes) == 8
    for url, sha256 in remotes:
        assert url.startswith("https://")
        assert len(bytes.fromhex(sha256)) == 32


# --- real data --------------------------------------------------------------------------------


def test_fetch_multi30k_real_data(need_data):
    folder = need_data("seq2seq/multi30k")
    for subset, n_pairs in {"train": 29_000, "val": 1_014, "test": 1_000}.items():
        captions = fetch_multi30k(data_home=folder, subset=subset, download_if_missing=False)
        assert len(captions.data) == len(captions.target) == n_pairs
        for texts in (captions.data, captions.target):
            assert all(text == text.strip() != "" for text in texts)
    for name, remote in _multi30k._FILES.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == remote.sha256


def test_fetch_tatoeba_real_data(need_data):
    folder = need_data("seq2seq")
    pairs = fetch_tatoeba(data_home=folder, download_if_missing=False)
    assert len(pairs.data) == len(pairs.target) == 142_787
    assert len(set(pairs.data)) == 98_659
    assert {min(map(len, pairs.data)), max(map(len, pairs.data))} == {3, 286}
    content = (folder / "fra-eng.zip").read_bytes()
    assert hashlib.sha256(content).hexdigest() == _tatoeba._ARCHIVE.sha256


def test_fetch_tiny_shakespeare_real_data(need_data):
    folder = need_data("tiny_shakespeare")
    text = fetch_tiny_shakespeare(data_home=folder, download_if_missing=False).data
    assert len(text) == 1_115_394
    assert text.isascii()
    content = read_text(find_file([folder], ["input.txt", "input.txt.xz"])).encode()
    assert hashlib.sha256(content).hexdigest() == _tiny_shakespeare._FILE.sha256


@pytest.mark.parametrize("fetch", FETCHERS)
def test_fetch_translation_examples_of_docstrings(fetch, need_data, assert_examples_run):
    for name in ("seq2seq/multi30k", "seq2seq/fra-eng.zip", "tiny_shakespeare"):
        need_data(name)
    assert_examples_run(fetch)
