"""Where the loaders look for files, and how a file comes from its public source.

What is downloaded has a checksum, and nothing gets its final name before it is whole: a download
that is interrupted leaves nothing that a later call would take for the data.
"""

import hashlib
import lzma
import os
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen
from uuid import uuid4

from skrnn._sklearn import validate_params

__all__ = [
    "RemoteFile",
    "data_folders",
    "download",
    "explain_failure",
    "find_file",
    "find_or_download",
    "get_data_home",
    "read_text",
    "replacing",
    "require_some",
]

_CHUNK = 1 << 20  # bytes
_TIMEOUT = 60  # seconds without an answer
_NAMED = "by data_home, or by the environment variable SKRNN_DATA"


class RemoteFile(NamedTuple):
    """A public file and the SHA-256 that it must have, in hexadecimal digits."""

    url: str
    sha256: str


@validate_params({"data_home": [str, os.PathLike, None]}, prefer_skip_nested_validation=True)
def get_data_home(data_home=None):
    """Return the folder in which the loaders look for data, and keep what they download.

    Unlike scikit-learn's function of this name it makes no folder: a folder is made when a file is
    put there.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder; `~` stands for the user's home. None: the folder that the environment variable
        `SKRNN_DATA` names, else `~/skrnn_data`.

    Returns
    -------
    data_home : pathlib.Path
        The folder, which need not exist.

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
    """Return where a data set may lie, the best place first: in its own folder, or right there."""
    home = get_data_home(data_home)
    return home / name, home


def find_file(folders, names):
    """Return the path of the first of the files that exists, or None.

    Examples
    --------
    >>> find_file([Path("nowhere"), Path("neither")], ["names.txt", "names.txt.xz"]) is None
    True
    """
    paths = (folder / name for folder in folders for name in names)
    return next((path for path in paths if path.is_file()), None)


def find_or_download(folders, names, remote, download_if_missing):
    """Return the path of a local file, under any of its names, else of the file downloaded.

    The file downloaded goes by the first name into the first folder.
    """
    found = find_file(folders, names)
    if found is not None:
        return found
    path = folders[0] / names[0]
    by_hand = f"To do without the network, put the file at {path}, or name its folder: {_NAMED}."
    if not download_if_missing:
        raise OSError(
            f"{path} is not there, and download_if_missing=False. Its source is {remote.url}. "
            f"{by_hand}"
        )
    with explain_failure(remote, by_hand):
        path.parent.mkdir(parents=True, exist_ok=True)
        download(remote, path)
    return path


@contextmanager
def explain_failure(remote, by_hand):
    """Turn whatever stops a download into an OSError that says what to do instead."""
    try:
        yield
    except (OSError, HTTPException) as error:
        raise OSError(f"Could not fetch {remote.url}: {error}. {by_hand}") from error


def download(remote, path):
    """Download a file and check it; the path exists only if the file is whole and right."""
    digest = hashlib.sha256()
    with replacing(path) as part:
        with urlopen(remote.url, timeout=_TIMEOUT) as source, part.open("wb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
        if digest.hexdigest() != remote.sha256:
            raise OSError(
                f"the SHA-256 of what came is {digest.hexdigest()}, expected {remote.sha256}"
            )


@contextmanager
def replacing(path):
    """Give a temporary path beside the given one, which it replaces if nothing is raised."""
    # Not tempfile's: its files are for their owner alone, and a data folder may be shared.
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_text(path):
    """Return the text of a file, which may be compressed (.xz).

    Raises
    ------
    ValueError
        If the file is cut short, or is no text in UTF-8.
    """
    opener = lzma.open if path.suffix == ".xz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            return file.read()
    except (UnicodeDecodeError, EOFError, lzma.LZMAError) as error:
        raise ValueError(f"{path} is no whole text in UTF-8: {error}") from error


def require_some(items, path, what):
    """Return the items of a file.

    Raises
    ------
    ValueError
        If there are none.
    """
    if len(items) == 0:
        raise ValueError(f"{path} holds no {what}.")
    return items
