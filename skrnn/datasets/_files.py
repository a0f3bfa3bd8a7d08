"""Find the files of data sets on the local disk, or download them from their public source.

Downloads are compared with a checksum. A file gets its final name only when it is complete, so that
an interrupted download leaves nothing that a later call could read as data.
"""

import gzip
import hashlib
import lzma
import os
import zlib
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen
from uuid import uuid4

from skrnn._sklearn import validate_params

_CHUNK = 1 << 20  # bytes
_TIMEOUT = 60  # seconds


class RemoteFile(NamedTuple):
    """The address of a public file, and its SHA-256 in hexadecimal digits."""

    url: str
    sha256: str


@validate_params({"data_home": [str, os.PathLike, None]}, prefer_skip_nested_validation=True)
def get_data_home(data_home=None):
    """Return the folder in which the loaders look for data and store downloads.

    Unlike scikit-learn's function of the same name, this function does not create the folder. It is
    created when a loader stores the first file in it.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder, in which `~` is replaced by the home directory of the user. If None, the value
        of the environment variable `SKRNN_DATA`, or `~/skrnn_data` if it is not set or empty.

    Returns
    -------
    data_home : pathlib.Path
        The folder, which may not exist.

    Examples
    --------
    >>> from skrnn.datasets import get_data_home
    >>> get_data_home("~/texts").name
    'texts'
    """
    if data_home is None:
        data_home = os.environ.get("SKRNN_DATA") or "~/skrnn_data"
    return Path(data_home).expanduser()


def data_folders(data_home, name):
    """Return the folders in which a data set may be: its own subfolder, then the data home."""
    home = get_data_home(data_home)
    return home / name, home


def find_file(folders, names):
    """Return the path of the first file that exists, or None.

    Examples
    --------
    >>> find_file([Path("nowhere"), Path("neither")], ["names.txt", "names.txt.xz"]) is None
    True
    """
    paths = (folder / name for folder in folders for name in names)
    return next((path for path in paths if path.is_file()), None)


def find_or_download(data_home, folder, name, remote, download_if_missing):
    """Return the path of a file of a data set, which is downloaded if it does not exist.

    Parameters
    ----------
    data_home : str, path-like or None
        As in `get_data_home`.
    folder : str
        The subfolder of the data set. The data home itself is searched too, but a download is
        stored in the subfolder.
    name : str
        The name of the file. A compressed file, whose name has the suffix `.xz`, is found too.
    remote : RemoteFile
        The public source.
    download_if_missing : bool
        Whether to download the file if it does not exist.

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    OSError
        If the file does not exist and `download_if_missing=False`, or if the download fails.
    """
    folders = data_folders(data_home, folder)
    found = find_file(folders, [name, f"{name}.xz"])
    if found is not None:
        return found
    path = folders[0] / name
    advice = (
        f"To load the data without the network, put the file at {path}, or pass its folder as "
        "data_home or in the environment variable SKRNN_DATA."
    )
    if not download_if_missing:
        raise OSError(
            f"{path} does not exist, and download_if_missing=False. Its source is {remote.url}. "
            f"{advice}"
        )
    with explain_failure(remote, advice):
        path.parent.mkdir(parents=True, exist_ok=True)
        download(remote, path)
    return path


@contextmanager
def explain_failure(remote, advice):
    """Turn any error of a download into an OSError that contains the given advice."""
    try:
        yield
    except (OSError, HTTPException) as error:
        raise OSError(f"Could not download {remote.url}: {error}. {advice}") from error


def download(remote, path):
    """Download a file; the path exists afterwards only if the file is complete and correct."""
    digest = hashlib.sha256()
    with temporary_path(path) as part:
        with urlopen(remote.url, timeout=_TIMEOUT) as source, part.open("wb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
        if digest.hexdigest() != remote.sha256:
            raise OSError(
                f"the SHA-256 of the download is {digest.hexdigest()}, expected {remote.sha256}"
            )


@contextmanager
def temporary_path(path):
    """Yield a temporary path in the same folder, and rename it to `path` if no error is raised."""
    # The files of the module tempfile are readable only by their owner, but the folder of the data
    # may be shared.
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_text(path):
    """Return the text of a file, which may be compressed (.gz, .xz).

    Raises
    ------
    ValueError
        If the file is truncated, or if it is not a text file in UTF-8.
    """
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            return file.read()
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"{path} is not a complete text file in UTF-8: {error}") from error


def check_not_empty(items, path, what):
    """Return the items of a file unchanged if there are any.

    Raises
    ------
    ValueError
        If there are no items.
    """
    if len(items) == 0:
        raise ValueError(f"{path} contains no {what}.")
    return items
