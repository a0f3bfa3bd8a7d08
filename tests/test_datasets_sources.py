"""Downloads of the loaders of text: checked and stored, or no file is left behind."""

import hashlib
import io
import tarfile
from http.client import IncompleteRead

import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from texts import CONLLU, REVIEWS, TEST, TRAIN, files_below, write_tree

from skrnn.datasets import _files, _imdb, _names, _sequoia, fetch_imdb, fetch_names, fetch_sequoia

FETCHERS = [fetch_imdb, fetch_names, fetch_sequoia]


@pytest.fixture(autouse=True)
def one_review_is_enough(monkeypatch):
    """Accept folders with a few reviews instead of 12,500."""
    monkeypatch.setattr(_imdb, "_EACH", 1)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Open only URLs of files, so that a test that uses the network fails."""
    opener = _files.urlopen

    def open_file(url, timeout):
        if not url.startswith("file:"):
            raise OSError("no network")
        return opener(url, timeout=timeout)

    monkeypatch.setattr(_files, "urlopen", open_file)
    monkeypatch.delenv("SKRNN_DATA", raising=False)


@pytest.fixture
def archive(tmp_path):
    """A small archive like the public one, with more members than the labelled reviews."""
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
    """A local folder that replaces the public sources of all three loaders."""
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


def test_fetch_imdb_download(tmp_path, source):
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


def test_fetch_imdb_download_keeps_local_files(tmp_path, source):
    write_tree(tmp_path / "aclImdb")
    (tmp_path / "aclImdb" / "train" / "neg" / "0_3.txt").write_text("mine")
    for path in (tmp_path / "aclImdb" / "test").rglob("*.txt"):
        path.unlink()
    both = fetch_imdb(data_home=tmp_path, subset="all", shuffle=False)
    assert both.data == ["mine", *TRAIN[1:], *TEST]
    assert fetch_imdb(data_home=tmp_path, shuffle=False).data[0] == "mine"


def test_fetch_names_downloads_only_missing_files(tmp_path, source):
    fetch_names(data_home=tmp_path)
    assert len(files_below(tmp_path / "names")) == 18
    (tmp_path / "names" / "Czech.txt").write_text("mine\n")
    (tmp_path / "names" / "Dutch.txt").unlink()
    with pytest.raises(OSError, match=r"Dutch\.txt does not exist, and download_if_missing=False"):
        fetch_names(data_home=tmp_path, download_if_missing=False)
    assert fetch_names(data_home=tmp_path).data[2:4] == ["mine", "Dutcha"]


def test_fetch_sequoia_download(tmp_path, source):
    dev = fetch_sequoia(data_home=tmp_path / "home", subset="dev")
    assert files_below(tmp_path / "home") == ["ud_fr_sequoia/fr_sequoia-ud-dev.conllu"]
    assert len(dev.data) == 2


@pytest.mark.parametrize("fetch", FETCHERS)
def test_fetch_text_wrong_checksum(fetch, tmp_path, source):
    for path in source.iterdir():
        path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(
        OSError, match=r"Could not download file:.*the SHA-256 of the download is [0-9a-f]{64}"
    ):
        fetch(data_home=tmp_path / "home")
    assert files_below(tmp_path / "home") == []


class Interrupted(io.BytesIO):
    """A connection that returns a few bytes and then raises an error."""

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
def test_fetch_text_interrupted_download(fetch, error, raised, tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "urlopen", lambda url, timeout: Interrupted(error))
    with pytest.raises(raised):
        fetch(data_home=tmp_path)
    assert files_below(tmp_path) == []


def test_fetch_imdb_interrupted_while_storing(tmp_path, source, monkeypatch):
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
def test_fetch_text_error_names_source_and_path(fetch, url, place, download_if_missing, tmp_path):
    with pytest.raises(OSError, match="without the network") as caught:
        fetch(data_home=tmp_path, download_if_missing=download_if_missing)
    message = str(caught.value)
    assert url in message
    assert place.format(home=tmp_path) in message
    assert ("no network" in message) == download_if_missing


def test_fetch_text_sources_have_checksums():
    remotes = [_imdb._ARCHIVE, *_names._FILES.values(), *_sequoia._FILES.values()]
    assert len({remote.sha256 for remote in remotes}) == len(remotes) == 22
    for url, sha256 in remotes:
        assert url.startswith("https://")
        assert len(bytes.fromhex(sha256)) == 32


@pytest.mark.parametrize("fetch", FETCHERS)
def test_fetch_text_return_X_y(fetch, tmp_path, source):
    bunch = fetch(data_home=tmp_path / "home")
    data, target = fetch(data_home=tmp_path / "home", return_X_y=True)
    assert data == bunch.data
    assert len(target) == len(bunch.target)
    for one, other in zip(target, bunch.target, strict=True):
        assert_array_equal(one, other)
