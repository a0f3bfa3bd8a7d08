"""From documents to tokens, and from tokens to integers: what comes before any vocabulary.

The analysis of text is scikit-learn's. A corpus is kept as its distinct tokens and one integer a
token, so that all that follows (counting, choosing, numbering) is arithmetic on arrays.
"""

import copy
from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from skrnn.preprocessing._vocabularies import TokenCounts, check_one_kind, union
from skrnn.sequences import is_table

__all__ = ["Corpus", "check_documents", "make_analyzer", "read_corpus"]

_DOCUMENTS_AT_ONCE = 1000


@dataclass(frozen=True)
class Corpus:
    """Documents as integers that stand for their tokens.

    Parameters
    ----------
    tokens : list
        The distinct tokens, in the order in which they first occur.
    codes : ndarray of int32 of shape (n_tokens_total,)
        For each token of each document its place in `tokens`, one document after another.
    lengths : ndarray of int64 of shape (n_documents,)
    """

    tokens: list
    codes: np.ndarray
    lengths: np.ndarray

    def count(self):
        """Return how often each token occurs, and in how many documents."""
        n_documents, n_tokens = len(self.lengths), len(self.tokens)
        begins = np.concatenate([[0], np.cumsum(self.lengths)])
        ones = np.ones(len(self.codes), dtype=np.int8)
        rows = sparse.csr_array((ones, self.codes, begins), shape=(n_documents, n_tokens))
        # Sorted by token, and for each token by document: a change of either is a new pair.
        by_token = rows.tocsc()
        occurrences = np.diff(by_token.indptr)
        is_new = np.ones(len(by_token.indices), dtype=np.int64)
        is_new[1:] = np.diff(by_token.indices) != 0
        is_new[by_token.indptr[:-1]] = 1
        documents = np.add.reduceat(is_new, by_token.indptr[:-1]) if n_tokens else is_new
        return TokenCounts(self.tokens, occurrences.astype(np.int64), documents, n_documents)


def check_documents(X, *, as_tokens, any_type=False):
    """Return documents as a list, or say what is wrong with them.

    Parameters
    ----------
    X : iterable
    as_tokens : bool
        Whether documents are lists of tokens in place of texts.
    any_type : bool, default=False
        Whether a document may be anything but None.

    Returns
    -------
    documents : list

    Raises
    ------
    ValueError
        If `X` is a text or a table, or a document is of another type.
    """
    if isinstance(X, str):
        raise ValueError("Iterable over raw text documents expected, string object received.")
    array_of_tokens = as_tokens and isinstance(X, np.ndarray) and X.ndim == 2
    if is_table(X) and not array_of_tokens:
        raise ValueError(
            f"X must be an iterable of documents, got a {type(X).__name__} of shape "
            f"{np.shape(X)}. Pass one column, such as X['text']."
        )
    if not hasattr(X, "__iter__"):
        raise ValueError(f"X must be an iterable of documents, got {type(X).__name__}.")
    documents = list(X)
    if any_type:
        is_good, expected = (lambda document: document is not None), "a document"
    elif as_tokens:
        is_good, expected = _is_token_list, "a list of tokens (analyzer='tokens')"
    else:
        is_good, expected = (lambda document: isinstance(document, str)), "a str"
    for i, document in enumerate(documents):
        if not is_good(document):
            raise ValueError(f"Each document must be {expected}; X[{i}] is {_shown(document)}.")
    return documents


def make_analyzer(analyzer, *, lowercase, strip_accents, token_pattern, stop_words):
    """Return a function from documents to an iterable of token lists.

    Parameters
    ----------
    analyzer : {"word", "char", "tokens"}, callable or object with `encode_batch`
    lowercase, strip_accents, token_pattern, stop_words
        As in `sklearn.feature_extraction.text.CountVectorizer`.

    Returns
    -------
    callable
        One that can be pickled, so far as `analyzer` can be.
    """
    if hasattr(analyzer, "encode_batch"):
        tokenizer = copy.deepcopy(analyzer)
        # What these add or cut would depend on the other documents of a batch.
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return partial(_subwords, tokenizer)
    if callable(analyzer):
        return partial(map, analyzer)
    vectorizer = CountVectorizer(
        analyzer="word" if analyzer == "tokens" else analyzer,
        lowercase=lowercase,
        strip_accents=strip_accents,
        token_pattern=token_pattern,
        stop_words=stop_words,
    )
    if analyzer != "tokens":
        return partial(map, vectorizer.build_analyzer())
    if not lowercase and strip_accents is None:
        return partial(map, _as_list)
    return partial(map, partial(_preprocessed, vectorizer.build_preprocessor()))


def read_corpus(documents, analyze, n_jobs=None):
    """Analyze documents, in several processes if asked to.

    Parameters
    ----------
    documents : list
    analyze : callable
        From `make_analyzer`.
    n_jobs : int or None

    Returns
    -------
    Corpus
    """
    n_jobs = min(effective_n_jobs(n_jobs), len(documents))
    if n_jobs <= 1:
        return _read(documents, analyze)
    ends = np.linspace(0, len(documents), n_jobs + 1).astype(int).tolist()
    parts = Parallel(n_jobs)(
        delayed(_read)(documents[start:end], analyze) for start, end in pairwise(ends)
    )
    return _join(parts)


def _read(documents, analyze):
    place = defaultdict()
    place.default_factory = place.__len__
    codes, lengths = array("i"), []
    for document, tokens in enumerate(analyze(documents)):
        if tokens is None or isinstance(tokens, Mapping):
            raise ValueError(
                f"analyzer must give a list of tokens for each document, got {_shown(tokens)}."
            )
        before = len(codes)
        try:
            codes.extend(map(place.__getitem__, tokens))
        except TypeError as error:  # not to be looked up: a list in place of a token, say
            raise ValueError(
                f"Tokens must all be str, or all be int; in document {document}: {error}."
            ) from error
        lengths.append(len(codes) - before)
    tokens = list(place)
    check_one_kind(tokens, "Tokens")
    codes = np.frombuffer(codes, dtype=np.intc).astype(np.int32, copy=False)
    return Corpus(tokens, codes, np.array(lengths, dtype=np.int64))


def _join(parts):
    tokens, codes = parts[0].tokens, [parts[0].codes]
    for part in parts[1:]:
        tokens, places = union(tokens, part.tokens)
        codes.append(places[part.codes])
    lengths = np.concatenate([part.lengths for part in parts])
    return Corpus(tokens, np.concatenate(codes), lengths)


def _subwords(tokenizer, documents):
    for start in range(0, len(documents), _DOCUMENTS_AT_ONCE):
        batch = documents[start : start + _DOCUMENTS_AT_ONCE]
        for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
            yield encoding.tokens


def _preprocessed(preprocess, tokens):
    return [preprocess(token) if isinstance(token, str) else token for token in _as_list(tokens)]


def _as_list(tokens):
    return tokens.tolist() if hasattr(tokens, "tolist") else tokens


def _is_token_list(document):
    return isinstance(document, list | tuple | np.ndarray) or hasattr(document, "iloc")


def _shown(document):
    text = repr(document)
    text = text if len(text) <= 40 else f"{text[:37]}..."
    return f"{text} ({type(document).__name__})"
