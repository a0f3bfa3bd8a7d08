"""Hostile files, compressed files and archives: they are read, or refused by a clear error."""

import pytest
from attacks.files import (
    COMPRESS,
    FORMATS,
    HOSTILE_MEMBERS,
    RIGHT_MEMBERS,
    Member,
    archive_of,
    fetch_archive,
    read_or_refuse,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

_PARTS = st.one_of(
    st.binary(max_size=4),
    st.sampled_from([b"\n", b"\r", b'"', b",", b":", b";", b"\t", b"nan", b"-", b"", b"0" * 40]),
    st.text(max_size=3).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


@st.composite
def changed(draw, content):
    """Draw bytes that differ from the content in a few places, or end early."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 2, 8, 10**6])))
        content = content[:start] + draw(_PARTS) + content[end:]
    return content


@pytest.mark.parametrize("name", sorted(FORMATS))
@examples(25)
@given(data=st.data())
def test_changed_files_are_read_or_refused(name, data):
    read_or_refuse(name, data.draw(changed(FORMATS[name].content)))


@pytest.mark.parametrize("name", sorted(FORMATS))
@examples(8)
@given(data=st.data())
def test_changed_compressed_files_are_read_or_refused(name, data):
    ending = FORMATS[name].endings[-1]
    content = COMPRESS[ending](FORMATS[name].content)
    read_or_refuse(name, data.draw(changed(content)), ending)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_right_files_are_read_whether_compressed_or_not(name):
    kind = FORMATS[name]
    for ending in kind.endings:
        assert read_or_refuse(name, COMPRESS[ending](kind.content), ending) is not None


NAMES = st.one_of(
    st.text("aclImdb/trainegpos.0123_\\ ", max_size=40),
    st.builds("aclImdb/{}/{}/{}_{}.txt".format, *[st.text("./tesnrag0", max_size=9)] * 4),
).filter(lambda name: name)
MEMBERS = st.builds(Member, NAMES, st.binary(max_size=20)) | st.sampled_from(
    sorted(HOSTILE_MEMBERS.values())
)


@examples(25)
@given(members=st.lists(MEMBERS, max_size=4))
def test_hostile_members_of_an_archive_write_nothing_and_are_not_followed(members):
    fetch_archive(archive_of([*members, *RIGHT_MEMBERS]))


def test_right_archive_is_read():
    assert fetch_archive(archive_of(RIGHT_MEMBERS)) == ["text"] * len(RIGHT_MEMBERS)


@pytest.mark.parametrize("number", [b"inf", b"1e999", b"9" * 400])
@pytest.mark.parametrize("name", ["Beijing", "Google stock", "SYNOP", "airline", "IMDB table"])
def test_numbers_beyond_any_dtype_are_not_read_as_infinity(name, number):
    content = FORMATS[name].content
    last_digit = max(i for i, byte in enumerate(content) if chr(byte).isdigit())
    changed_content = content[:last_digit] + number + content[last_digit + 1 :]
    # An infinite number that is read raises an error here, as does a warning of NumPy.
    read_or_refuse(name, changed_content)


@pytest.mark.parametrize("n_bytes", [0, 40])
def test_archive_that_is_cut_is_refused(n_bytes):
    assert fetch_archive(archive_of(RIGHT_MEMBERS)[:n_bytes]) is None
