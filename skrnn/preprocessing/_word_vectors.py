"""Pre-trained word vectors: from a mapping, from gensim, or from a text file (GloVe, word2vec).

Of a file with millions of words only the asked-for ones are kept.
"""

import bz2
import gzip
import lzma
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

__all__ = ["find_vectors"]

_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def find_vectors(vectors, tokens):
    """Return the vectors of those tokens that have one.

    Parameters
    ----------
    vectors : mapping of str to vector, gensim `KeyedVectors`, or path
        A path names a text file, perhaps compressed (.gz, .bz2, .xz), with a word and its numbers
        a line and perhaps the two counts of word2vec in its first.
    tokens : iterable of str

    Returns
    -------
    found : dict of str to ndarray of float32 of shape (dimensions,)

    Raises
    ------
    ValueError
        If the vectors differ in their number of dimensions, or are no numbers.
    """
    if isinstance(vectors, str | os.PathLike):
        return _from_file(Path(vectors), set(tokens))
    if hasattr(vectors, "key_to_index"):
        # gensim would take a number that is no key for the place of a vector.
        keys = vectors.key_to_index
        known = [t for t in tokens if (t in vectors if isinstance(t, str) else t in keys)]
        return _checked({token: vectors[token] for token in known})
    if isinstance(vectors, Mapping):
        return _checked({token: vectors[token] for token in tokens if token in vectors})
    raise ValueError(
        "vectors must be a mapping of words to vectors, gensim's KeyedVectors or the path of a "
        f"text file, got {type(vectors).__name__}."
    )


def _checked(found):
    arrays = {}
    expected = None
    for token, vector in found.items():
        try:
            arrays[token] = array = np.asarray(vector, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise ValueError(f"The vector of {token!r} holds no numbers: {error}") from error
        expected = array.shape if expected is None else expected
        if array.ndim != 1 or array.shape != expected or not np.isfinite(array).all():
            raise ValueError(
                "vectors must be finite, one-dimensional and equally long; that of the first word "
                f"has the shape {expected}, that of {token!r} is {array} of shape {array.shape}."
            )
    return arrays


def _from_file(path, tokens):
    try:
        # A byte order mark would become a part of the first word.
        with _OPENERS.get(path.suffix, open)(path, "rt", encoding="utf-8-sig") as lines:
            return _from_lines(lines, tokens, path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: {error}.") from error


def _from_lines(lines, tokens, path):
    found = {}
    dimensions = None
    for number, line in enumerate(lines, 1):
        # Only a space parts fields: other white space may be a word's own.
        fields = line.rstrip(" \r\n").split(" ")
        if fields == [""]:
            continue
        if number == 1 and _is_header(fields):
            dimensions = int(fields[1])
            continue
        if dimensions is None:
            dimensions = len(fields) - 1
        word = _word(fields, dimensions, path, number)
        if word in tokens and word not in found:
            found[word] = _numbers(fields[-dimensions:], path, number)
    return found


def _is_header(fields):
    return len(fields) == 2 and all(field.isdecimal() for field in fields)


def _word(fields, dimensions, path, number):
    """Return the word of a line; a few of GloVe's hold spaces, but no number after one."""
    n_words = len(fields) - dimensions
    if dimensions < 1 or n_words < 1 or any(map(_is_number, fields[1:n_words])):
        raise ValueError(
            f"{path}, line {number}: expected a word and {max(dimensions, 1)} numbers, got "
            f"{len(fields) - 1} numbers after {fields[0]!r}."
        )
    return " ".join(fields[:n_words])


def _numbers(fields, path, number):
    try:
        vector = np.array(fields, dtype=np.float32)
    except ValueError as error:
        raise ValueError(f"{path}, line {number}: {error}.") from error
    if not np.isfinite(vector).all():
        raise ValueError(f"{path}, line {number}: the vector must be finite, got {vector}.")
    return vector


def _is_number(field):
    try:
        float(field)
    except ValueError:
        return False
    return True
