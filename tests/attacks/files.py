"""Files of every format that is read, and a reader that checks what a hostile file may do.

A hostile file is refused with a ValueError or an OSError that names it, or read to plain values. It
creates no file, and changes none.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import NamedTuple
from unittest import mock

import numpy as np
import pandas as pd

from skrnn.datasets import (
    _files,
    _imdb,
    _names,
    _synop,
    fetch_airline_passengers,
    fetch_beijing_pm25,
    fetch_churn,
    fetch_credit_card,
    fetch_google_stock,
    fetch_imdb,
    fetch_japanese_vowels,
    fetch_multi30k,
    fetch_names,
    fetch_sequoia,
    fetch_sms_spam,
    fetch_synop,
    fetch_tatoeba,
    fetch_tiny_shakespeare,
    load_ucr,
)
from skrnn.preprocessing import EmbeddingTokenizer

from .verdicts import Fault, UnclearError, strict_warnings


def zipped(content, member="fra.txt"):
    """Return the bytes of a zip file with one member."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(member), content)
    return buffer.getvalue()


COMPRESS = {
    "": bytes,
    ".xz": partial(lzma.compress, preset=0),
    ".gz": partial(gzip.compress, mtime=0),
    ".bz2": bz2.compress,
    ".zip": zipped,
}


class Format(NamedTuple):
    """A file that is read.

    Parameters
    ----------
    name : str
        The name of the file in the data home, without the ending of a compressed file.
    content : bytes
        A short right content.
    read : callable
        A function of the folder and of the path of the file, which returns what was read.
    endings : tuple of str
        The endings of the files that are read, compressed or not.
    """

    name: str
    content: bytes
    read: object
    endings: tuple = ("", ".xz")


def _synop_text(station):
    headers = [getattr(variable, station) for variable in _synop._VARIABLES.values()]
    headers = [header for header in headers if header is not None]
    row = ";".join(["2023-10-29T02:00:00+02:00", *["3.5"] * len(headers)])
    return ";".join(["Date", *headers]) + f"\n{row}\n"


def _fetched(fetch, **parameters):
    def read(home, _):
        bunch = fetch(data_home=home, download_if_missing=False, **parameters)
        return bunch.get("data", bunch.get("frame"))

    return read


def _fetched_names(home, path):
    for language in _names._FILES:
        if not path.name.startswith(f"{language}.txt"):
            (home / f"{language}.txt").write_text("Anna\n")
    return _fetched(fetch_names)(home, path)


def _fetched_captions(home, path):
    (home / "train.fr.gz").write_bytes(COMPRESS[".gz"](b"Un chien.\nUn camion\n"))
    return _fetched(fetch_multi30k)(home, path)


def _fetched_prices(home, path):
    (home / "Google_Stock_Price_Test.csv").write_bytes(_DAYS.encode())
    return _fetched(fetch_google_stock)(home, path)


def _loaded(home, _):
    return load_ucr("MadeUp", data_home=home).data


def _matrix(home, path):
    tokenizer = EmbeddingTokenizer().fit(["good film", "bad film"])
    return tokenizer.embedding_matrix(path)


_UTTERANCE = ":".join(["0.5,-1.25"] * 12)
_CONLLU = """\
# text = Il va
1\tIl\til\tPRON\t_\t_\t2\tnsubj\t_\t_
2\tva\taller\tVERB\t_\t_\t0\troot\t_\t_
"""
_HOURS = """\
year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir
2010,2,28,22,NA,-21,-11,1021,NW,1.79,0,0
2010,2,28,23,12,-21,-12.5,1020,cv,4.92,0,1
"""
_CUSTOMERS = """\
RowNumber,CustomerId,Surname,CreditScore,Geography,Gender,Age,Tenure,Balance,NumOfProducts,\
HasCrCard,IsActiveMember,EstimatedSalary,Exited
1,15634602,Hargrave,619,France,Female,42,2,0,1,1,1,101348.88,1
2,15647311,Hill,608,Spain,Male,41,1,83807.86,1,0,1,112542.58,0
"""
_NUMBERS = ",".join(f"A{i}" for i in range(1, 15))
_APPLICATIONS = f"CustomerID,{_NUMBERS},Class\n15776156,{','.join(['1.5'] * 14)},0\n"
_DAYS = """\
Date,Open,High,Low,Close,Volume
1/03/2017,778.81,789.63,775.8,786.14,"1,657,300"
1/04/2017,788.36,791.34,783.16,786.9,"1,073,000"
"""
_REVIEWS = 'label,rating,id,text\n0,2,1,"bad, ""really"""\n1,9,2,good\n'

FORMATS = {
    "airline": Format(
        "airline-passengers.csv",
        b'"Month","Passengers"\r\n"1949-11",104\r\n"1949-12",118\r\n',
        _fetched(fetch_airline_passengers),
    ),
    "Beijing": Format("beijing_pm25_pollution.csv", _HOURS.encode(), _fetched(fetch_beijing_pm25)),
    "SYNOP": Format(
        "synop_tarbes_2020.csv",
        _synop_text("tarbes").encode(),
        _fetched(fetch_synop, station="tarbes"),
    ),
    "JapaneseVowels": Format(
        "JapaneseVowels_TRAIN.ts",
        f"@dimensions 12\n@data\n{_UTTERANCE}:1\n{_UTTERANCE}:9\n".encode(),
        _fetched(fetch_japanese_vowels),
    ),
    "UCR .ts": Format(
        "MadeUp_TRAIN.ts", b"#Two\n@classLabel true a b\n@data\n1,2.5,?:0,-1,2:a\n3:4:b\n", _loaded
    ),
    "UCR .tsv": Format("MadeUp_TRAIN.tsv", b"a\t1\tNaN\t2.5\nb\t-3\t1e2\tNaN\n", _loaded),
    "churn": Format("Churn_Modelling.csv", _CUSTOMERS.encode(), _fetched(fetch_churn)),
    "credit card": Format(
        "Credit_Card_Applications.csv", _APPLICATIONS.encode(), _fetched(fetch_credit_card)
    ),
    "Google stock": Format("Google_Stock_Price_Train.csv", _DAYS.encode(), _fetched_prices),
    "SMS spam": Format(
        "sms.tsv", b"ham\tSee you at 7\nspam\tYou win 99\n", _fetched(fetch_sms_spam)
    ),
    "Sequoia": Format("fr_sequoia-ud-train.conllu", _CONLLU.encode(), _fetched(fetch_sequoia)),
    "names": Format("Czech.txt", "Dvořák\nNovák\n".encode(), _fetched_names),
    "IMDB table": Format("imdb_train.csv", _REVIEWS.encode(), _fetched(fetch_imdb)),
    "Multi30k": Format("train.en", b"A dog.\nA truck\n", _fetched_captions, (".gz",)),
    "Tatoeba": Format(
        "fra-eng",
        "Go.\tVa !\nI see.\tÇa va.\tCC-BY 2.0\n".encode(),
        _fetched(fetch_tatoeba),
        (".zip",),
    ),
    "Tiny Shakespeare": Format(
        "input.txt", b"First Citizen:\nSpeak, 2 or 3.\n", _fetched(fetch_tiny_shakespeare)
    ),
    "word vectors": Format(
        "vectors.txt",
        b"2 3\ngood 0.5 1 -2\nfilm 1 1e-3 7\n",
        _matrix,
        ("", ".gz", ".bz2", ".xz"),
    ),
}


# The endings of the files that the readers above write next to the attacked file.
_COMPANIONS = (".txt", ".fr.gz", "_Test.csv")


def read_or_refuse(name, content, ending=None):
    """Write a file, read it, and return what was read, or None if it was refused.

    Parameters
    ----------
    name : str
        A key of `FORMATS`.
    content : bytes
        The bytes of the file.
    ending : str, default=None
        The ending of a compressed file. If None, it is the first of the format, and the content is
        compressed as it demands.

    Raises
    ------
    Fault
        If the error is unclear, if a number is infinite, or if a file was created or changed.
    """
    kind = FORMATS[name]
    if ending is None:
        ending = kind.endings[0]
        content = COMPRESS[ending](content)
    with TemporaryDirectory() as outer:
        home = Path(outer) / "home"
        home.mkdir()
        path = home / (kind.name + ending)
        path.write_bytes(content)
        found = _refused(lambda: kind.read(home, path), kind.name)
        others = {file.name for file in Path(outer).rglob("*") if file.is_file()} - {path.name}
        if path.read_bytes() != content or any(not other.endswith(_COMPANIONS) for other in others):
            raise Fault(f"files were written: {others}")
    return found


def _refused(read, file_name):
    try:
        with strict_warnings():
            found = read()
    except (ValueError, OSError) as error:
        traceback = error.__traceback__
        while traceback.tb_next is not None:
            traceback = traceback.tb_next
        module = traceback.tb_frame.f_globals.get("__name__", "?")
        if not module.startswith("skrnn"):
            raise UnclearError(f"{type(error).__name__} from {module}: {error}") from error
        # If no word has a vector, the argument is named that the file was passed to. In an archive,
        # its member is named.
        if not any(name in str(error) for name in (file_name.split(".")[0], "vectors", "aclImdb/")):
            raise UnclearError(f"an error that does not name the file: {error}") from error
        return None
    except Exception as error:
        raise UnclearError(f"{type(error).__name__}: {error}") from error
    _require_plain(found)
    return found


def _require_plain(found):
    """Check that what was read are plain values, without infinite numbers."""
    if isinstance(found, pd.DataFrame | pd.Series):
        numbers = found.to_frame() if isinstance(found, pd.Series) else found
        numbers = numbers.select_dtypes("number").to_numpy(dtype=float)
    elif isinstance(found, np.ndarray):
        numbers = found
    else:
        numbers = [one for one in found if isinstance(one, np.ndarray) and one.dtype.kind == "f"]
        numbers = np.concatenate([one.ravel() for one in numbers]) if numbers else np.zeros(1)
    if np.isinf(numbers).any():
        raise Fault(f"infinite numbers were read: {numbers}")


# --- the archive of IMDB --------------------------------------------------------------------------


class Member(NamedTuple):
    """A member of an archive, with a type of `tarfile` and, for links, a target."""

    name: str
    content: bytes = b"text"
    type: bytes = tarfile.REGTYPE
    target: str = ""


RIGHT_MEMBERS = [
    Member(f"aclImdb/{subset}/{label}/{i}_{rating}.txt")
    for subset in ("train", "test")
    for i, (label, rating) in enumerate([("neg", 1), ("pos", 9)])
]
# Where the member with an absolute name would be written.
OUTSIDE = Path(gettempdir()) / "skrnn-evil.txt"
# None of these may be written or read.
HOSTILE_MEMBERS = {
    "parent folder": Member("../../evil.txt"),
    "parent folder inside": Member("aclImdb/train/neg/../../../../evil_1.txt"),
    "absolute": Member(str(OUTSIDE)),
    "absolute review": Member("/aclImdb/train/neg/7_1.txt"),
    "symbolic link": Member("aclImdb/train/neg/8_1.txt", b"", tarfile.SYMTYPE, "/etc/passwd"),
    "link to a folder": Member("aclImdb/train", b"", tarfile.SYMTYPE, gettempdir()),
    "hard link": Member("aclImdb/train/neg/8_2.txt", b"", tarfile.LNKTYPE, "/etc/passwd"),
    "hard link inside": Member(
        "aclImdb/train/neg/8_3.txt", b"", tarfile.LNKTYPE, "aclImdb/train/neg/0_1.txt"
    ),
    "device": Member("aclImdb/train/neg/8_1.txt", b"", tarfile.CHRTYPE),
    "pipe": Member("aclImdb/train/neg/8_1.txt", b"", tarfile.FIFOTYPE),
    "folder like a review": Member("aclImdb/train/neg/8_1.txt", b"", tarfile.DIRTYPE),
    "very long name": Member("aclImdb/" + "x" * 5000 + ".txt"),
    "newline in the name": Member("aclImdb/train/neg/1\n_1.txt"),
    "zero byte in the name": Member("aclImdb/train/neg/1_1.txt\0/evil"),
    "other digits": Member("aclImdb/train/neg/\u0661_\u0662.txt"),
    "huge number": Member("aclImdb/train/neg/" + "9" * 60 + "_1.txt"),
    "huge rating": Member("aclImdb/train/neg/1_" + "9" * 400 + ".txt"),
    "no UTF-8": Member("aclImdb/train/neg/1_1.txt", b"\xff\xfe"),
    "a review twice": RIGHT_MEMBERS[0],
}


def archive_of(members):
    """Return the bytes of a compressed archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type, info.linkname, info.size = member.type, member.target, len(member.content)
            tar.addfile(info, io.BytesIO(member.content))
    return buffer.getvalue()


def fetch_archive(content):
    """Download an archive with a right checksum; return the reviews, or None if it is refused.

    Raises
    ------
    Fault
        If the error is unclear, or if anything is written but the two tables of reviews.
    """
    with TemporaryDirectory() as outer:
        source, home = Path(outer) / "aclImdb_v1.tar.gz", Path(outer) / "a" / "b" / "home"
        source.write_bytes(content)
        remote = _files.RemoteFile(source.as_uri(), hashlib.sha256(content).hexdigest())
        with mock.patch.object(_imdb, "_ARCHIVE", remote):
            found = _refused(lambda: fetch_imdb(data_home=home, subset="all").data, source.name)
        written = {p.relative_to(outer).as_posix() for p in Path(outer).rglob("*") if p.is_file()}
        allowed = {f"a/b/home/imdb/imdb_{subset}.csv.xz" for subset in ("train", "test")}
        expected = {source.name} | (set() if found is None else allowed)
        if written != expected or OUTSIDE.exists():
            raise Fault(f"the files after it are {sorted(written)}")
    if found is not None and any("root:" in text for text in found):
        raise Fault("a link outside of the archive was followed")
    return found
