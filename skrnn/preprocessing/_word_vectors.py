"""Pre-trained word vectors from a mapping, from gensim or from a text file (GloVe, word2vec).

From a file with millions of words, only the vectors of the vocabulary are kept in memory.
"""

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skrnn.preprocessing._vocabularies import FIRST_ID
from skrnn.sequences._tokens import PADDING

_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class EmbeddingMatrixMixin:
    """Mixin for tokenizers with ids in `vocabulary_`: pre-trained vectors as a matrix."""

    def embedding_matrix(self, vectors, *, return_coverage=False):
        """Return pre-trained vectors as a matrix with one row per id.

        The matrix can be passed to an estimator as ``RNNClassifier(embedding=matrix)``.

        Parameters
        ----------
        vectors : mapping from token to vector, gensim `KeyedVectors`, str or path
            The pre-trained vectors. A path is that of a text file in the format of GloVe or
            word2vec, which may be compressed (.gz, .bz2, .xz). Only the vectors of tokens with an
            id are kept in memory.
        return_coverage : bool, default=False
            Whether to also return the fraction of the vocabulary that has a vector.

        Returns
        -------
        matrix : ndarray of float32 of shape (`n_tokens_`, n_dimensions)
            Row 0, padding, is zero. Row 1, the unknown token, and the rows of tokens without a
            vector are the mean of all vectors found.
        coverage : float in (0, 1]
            The fraction of the tokens in `vocabulary_` that have a vector. Only returned if
            `return_coverage=True`.

        Raises
        ------
        ValueError
            If no token has a vector, if the vectors have different numbers of dimensions, or if a
            line of the file is not a word and its numbers. The message contains the line number.

        Examples
        --------
        >>> from skrnn.preprocessing import EmbeddingTokenizer
        >>> tokenizer = EmbeddingTokenizer().fit(["good film", "bad film"])
        >>> vectors = {"good": [1.0, 0.5], "bad": [-1.0, 0.5]}
        >>> matrix, coverage = tokenizer.embedding_matrix(vectors, return_coverage=True)
        >>> matrix.shape, round(coverage, 2)
        ((5, 2), 0.67)
        """
        check_is_fitted(self)
        matrix, coverage = align_vectors(vectors, self.vocabulary_)
        return (matrix, coverage) if return_coverage else matrix


def align_vectors(vectors, vocabulary):
    """Return pre-trained vectors as a matrix with one row per id.

    Parameters
    ----------
    vectors : mapping from token to vector, gensim `KeyedVectors`, str or path
        The vectors, as in `find_vectors`.
    vocabulary : dict from token to int
        The id of each token.

    Returns
    -------
    matrix : ndarray of float32 of shape (n_ids, n_dimensions)
        The row of padding is zero. The rows of the unknown token and of tokens without a vector are
        the mean of all vectors found.
    coverage : float
        The fraction of the tokens that have a vector.

    Raises
    ------
    ValueError
        If no token has a vector, and for the same reasons as in `find_vectors`.
    """
    found = find_vectors(vectors, vocabulary)
    if not found:
        first = [f"{token!r} ({type(token).__name__})" for token in islice(vocabulary, 3)]
        raise ValueError(
            f"vectors contains none of the {len(vocabulary)} tokens of vocabulary_: "
            f"{', '.join(first)}, ... Check that its keys have the same type and the same case."
        )
    known = np.stack(list(found.values()))
    matrix = np.tile(known.mean(axis=0), (FIRST_ID + len(vocabulary), 1))
    matrix[PADDING] = 0
    matrix[[vocabulary[token] for token in found]] = known
    return matrix, len(found) / len(vocabulary)


def find_vectors(vectors, tokens):
    """Return the vectors of those tokens that have one.

    Parameters
    ----------
    vectors : mapping from token to vector, gensim `KeyedVectors`, str or path
        A path is that of a text file, which may be compressed (.gz, .bz2, .xz). Each line contains
        a word and its numbers. The first line may contain the two counts of word2vec instead.
    tokens : iterable of str or int
        The tokens.

    Returns
    -------
    found : dict from token to ndarray of float32 of shape (n_dimensions,)

    Raises
    ------
    ValueError
        If the vectors have different numbers of dimensions, if they are not numbers, or if a
        compressed file is incomplete or has another format than its suffix.
    """
    if isinstance(vectors, str | os.PathLike):
        return _from_file(Path(vectors), set(tokens))
    if hasattr(vectors, "key_to_index"):
        # gensim reads an int that is not a key as the index of a vector.
        keys = vectors.key_to_index
        known = [t for t in tokens if (t in vectors if isinstance(t, str) else t in keys)]
        return _checked({token: vectors[token] for token in known})
    if isinstance(vectors, Mapping):
        return _checked({token: vectors[token] for token in tokens if token in vectors})
    raise ValueError(
        "vectors must be a mapping from words to vectors, gensim's KeyedVectors or the path of a "
        f"text file, got {type(vectors).__name__}."
    )


def _checked(found):
    arrays = {}
    expected = None
    for token, vector in found.items():
        try:
            arrays[token] = array = np.asarray(vector, dtype=np.float32)
        except (OverflowError, TypeError, ValueError) as error:
            raise ValueError(
                f"The vector of {token!r} does not contain numbers: {error}"
            ) from error
        expected = array.shape if expected is None else expected
        if array.ndim != 1 or array.shape != expected or not np.isfinite(array).all():
            raise ValueError(
                "vectors must be finite, one-dimensional and equally long; the first vector has "
                f"the shape {expected}, the vector of {token!r} is {array} of shape {array.shape}."
            )
    return arrays


def _from_file(path, tokens):
    try:
        # The codec "utf-8-sig" removes a byte order mark, which would be read as part of a word.
        with _OPENERS.get(path.suffix, open)(path, "rt", encoding="utf-8-sig") as lines:
            return _from_lines(lines, tokens, path)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file in UTF-8: {error}.") from error
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        # gzip and bz2 raise an OSError without a number for content that they cannot decompress.
        if error.errno is None and path.suffix in _OPENERS:
            raise _damaged(path, error) from error
        raise


def _damaged(path, error):
    return ValueError(f"{path} is not a complete file in the format {path.suffix}: {error}.")


def _from_lines(lines, tokens, path):
    found = {}
    dimensions = None
    for number, line in enumerate(lines, 1):
        # Fields are separated by spaces only: a word may contain other white space.
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
    """Return the word of a line, which may contain spaces (GloVe), but no number after a space."""
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
