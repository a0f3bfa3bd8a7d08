"""Attacks on the readers of files: data sets, word vectors, and the archive of IMDB."""

import gzip
import io
import tarfile
from itertools import product

from .files import (
    COMPRESS,
    FORMATS,
    HOSTILE_MEMBERS,
    RIGHT_MEMBERS,
    archive_of,
    fetch_archive,
    read_or_refuse,
)
from .verdicts import Fault

# What takes the place of the first number, of a field or of the whole file.
_NUMBERS = {
    "400 digits": b"9" * 400,
    "beyond float64": b"1e999",
    "NaN": b"nan",
    "infinity": b"inf",
    "hexadecimal": b"0x1F",
    "empty": b"",
    "text": b"x",
    "other digits": "\u0663".encode(),
    "not UTF-8": b"\xff",
    "zero byte": b"\0",
}
_FILES = {
    "empty": b"",
    "white space": b" \n\n",
    "zero bytes": b"\0" * 1000,
    "not UTF-8": b"\xff\xfe\xfd" * 9,
    "UTF-16": "Month,Passengers\n1949-01,3".encode("utf-16"),
    "a pickle": b"\x80\x04\x95.",
    "an archive": archive_of(RIGHT_MEMBERS),
    "one long line": b"9" * 2**20,
    "many empty lines": b"\n" * 2**18,
    "many separators": b",:\t; " * 2**14,
    "open quotation": b'"' + b"a,b\n" * 1000,
}
# A file of names has a name on each line, whatever it is, and a play is any text. Two parts of a
# line with a tab are two sentences.
_ANY_TEXT = {"names", "Tiny Shakespeare", "Tatoeba"}


def contents():
    """Yield attacks: files whose content is wrong."""
    for name, kind in product(FORMATS, _FILES):
        yield f"{name}: {kind}", _refuse, (name, _FILES[kind])
    for name, kind in product(FORMATS, _NUMBERS):
        yield f"{name}: a number is {kind}", _read, (name, _with_number(name, _NUMBERS[kind]))
    for name in FORMATS:
        content = FORMATS[name].content
        for cut in range(0, len(content), max(1, len(content) // 20)):
            yield f"{name}: cut after {cut} bytes", _read, (name, content[:cut])
        for kind, changed in {
            "lines twice": content * 2,
            "Windows lines": content.replace(b"\n", b"\r\n"),
            "old Mac lines": content.replace(b"\n", b"\r"),
            "byte order mark": b"\xef\xbb\xbf" + content,
            "two byte order marks": b"\xef\xbb\xbf" * 2 + content,
            "tabs for separators": content.replace(b",", b"\t"),
        }.items():
            yield f"{name}: {kind}", _read, (name, changed)


def _with_number(name, number):
    content = FORMATS[name].content
    digits = [i for i, byte in enumerate(content) if chr(byte).isdigit()]
    i = digits[-1] if digits else 0
    return content[:i] + number + content[i + 1 :]


def _read(name, content):
    read_or_refuse(name, content)


def _refuse(name, content):
    if read_or_refuse(name, content) is not None and name not in _ANY_TEXT:
        raise Fault("was accepted")


def compressed():
    """Yield attacks: compressed files that are cut, changed, or very large inside."""
    for name, kind in FORMATS.items():
        for ending in filter(None, kind.endings):
            packed = COMPRESS[ending](kind.content)
            for cut in (0, 1, 5, len(packed) // 2, len(packed) - 1):
                yield (
                    f"{name}{ending}: cut after {cut}",
                    _refuse_packed,
                    (name, packed[:cut], ending),
                )
            for i in (0, len(packed) // 2, len(packed) - 5):
                flipped = packed[:i] + bytes([packed[i] ^ 0xFF]) + packed[i + 1 :]
                yield f"{name}{ending}: byte {i} changed", _read_packed, (name, flipped, ending)
            yield f"{name}{ending}: not compressed", _refuse_packed, (name, kind.content, ending)
            yield f"{name}{ending}: 16 MB of one digit", _read_bomb, (name, ending)


def _read_bomb(name, ending):
    read_or_refuse(name, COMPRESS[ending](b"9" * 2**24), ending)


def _read_packed(name, content, ending):
    read_or_refuse(name, content, ending)


def _refuse_packed(name, content, ending):
    if read_or_refuse(name, content, ending) is not None:
        raise Fault("was accepted")


def archives():
    """Yield attacks: archives with hostile members, cut archives, and wrong sizes."""
    for kind, member in HOSTILE_MEMBERS.items():
        orders = {"first": [member, *RIGHT_MEMBERS], "last": [*RIGHT_MEMBERS, member]}
        for order, members in orders.items():
            yield f"archive: {kind}, {order}", fetch_archive, (archive_of(members),)
    packed = archive_of(RIGHT_MEMBERS)
    for cut in range(0, len(packed), max(1, len(packed) // 12)):
        yield f"archive: cut after {cut}", fetch_archive, (packed[:cut],)
    yield "archive: not compressed", _refuse_archive, (gzip.decompress(packed),)
    yield "archive: no member", fetch_archive, (archive_of([]),)
    yield "archive: declared size of 8 GB", _refuse_archive, (_declared(8 * 2**30),)
    yield "archive: reviews of 8 MB", fetch_archive, (_large(2**25),)


def _refuse_archive(content):
    if fetch_archive(content) is not None:
        raise Fault("was accepted")


def _declared(size):
    """Return an archive whose last member is shorter than its header declares."""
    info = tarfile.TarInfo(RIGHT_MEMBERS[0].name)
    info.size = size
    return gzip.compress(info.tobuf() + b"x" * 1024)


def _large(size):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member in RIGHT_MEMBERS:
            info = tarfile.TarInfo(member.name)
            info.size = size // len(RIGHT_MEMBERS)
            tar.addfile(info, io.BytesIO(b"a " * (info.size // 2)))
    return buffer.getvalue()


ATTACKS = {
    "Files of data sets and word vectors": contents,
    "Compressed files": compressed,
    "The archive of IMDB": archives,
}
