"""Convert documents to tokens, and count the tokens.

The text is analyzed with scikit-learn's own analyzers. The result is the list of distinct tokens
and one integer per token, so that all further steps (counting, selecting, numbering) are operations
on arrays.
"""

import copy
import re
from collections.abc import Mapping
from functools import partial
from itertools import pairwise

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from skrnn.preprocessing._subwords import learns_subwords, load_subwords
from skrnn.preprocessing._symbols import Factorizer, SymbolSequences
from skrnn.preprocessing._vocabularies import TokenCounts, check_one_type, merge_tokens
from skrnn.sequences._columns import unpack_columns
from skrnn.sequences._containers import is_table
from skrnn.sequences._other_libraries import as_plain

_DOCUMENTS_PER_BATCH = 1000


def check_documents(X, *, as_tokens, any_type=False):
    """Return documents as a list, or raise an error if they are not documents.

    Parameters
    ----------
    X : iterable
        The documents.
    as_tokens : bool
        Whether a document is a list of tokens instead of a text.
    any_type : bool, default=False
        Whether a document may be any object other than None.

    Returns
    -------
    documents : list

    Raises
    ------
    ValueError
        If `X` is a text or a table, or if a document has the wrong type.
    """
    if isinstance(X, str):
        raise ValueError("Iterable over raw text documents expected, string object received.")
    if not hasattr(X, "__iter__") or isinstance(X, type) or getattr(X, "ndim", 1) == 0:
        raise ValueError(f"X must be an iterable of documents, got {type(X).__name__}.")
    X = unpack_columns(as_plain(X))
    array_of_tokens = as_tokens and isinstance(X, np.ndarray) and X.ndim == 2
    if is_table(X) and not array_of_tokens:
        raise ValueError(
            f"X must be an iterable of documents, got a {type(X).__name__} of shape "
            f"{np.shape(X)}. Pass one column, such as X['text']."
        )
    documents = list(X)
    if any_type:
        is_document, expected = (lambda document: document is not None), "a document"
    elif as_tokens:
        is_document, expected = _is_token_list, "a list of tokens (analyzer='tokens')"
    else:
        is_document, expected = (lambda document: isinstance(document, str)), "a str"
    for i, document in enumerate(documents):
        if not is_document(document):
            raise ValueError(
                f"Each document must be {expected}; X[{i}] is {_short_repr(document)}."
            )
    return documents


def make_preprocessor(*, lowercase, strip_accents):
    """Return the function with which scikit-learn changes a text before it is split."""
    vectorizer = CountVectorizer(lowercase=lowercase, strip_accents=strip_accents)
    return vectorizer.build_preprocessor()


def make_analyzer(
    analyzer, *, lowercase, strip_accents, token_pattern, stop_words, subword_model=None
):
    """Return a function that converts documents to an iterable with one list of tokens each.

    Parameters
    ----------
    analyzer : {"word", "char", "bpe", "tokens"}, callable or object with `encode_batch`
        As in :class:`~skrnn.EmbeddingTokenizer`.
    lowercase, strip_accents, token_pattern, stop_words
        As in :class:`~sklearn.feature_extraction.text.CountVectorizer`.
    subword_model : str or None, default=None
        The model that `train_subwords` returned. Only used if ``analyzer="bpe"``.

    Returns
    -------
    callable
        The function. It can be pickled if `analyzer` can be pickled.
    """
    if hasattr(analyzer, "encode_batch"):
        tokenizer = copy.deepcopy(analyzer)
        # Padding and truncation would make the tokens depend on the other documents of a batch.
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return partial(_subwords, tokenizer)
    preprocess = make_preprocessor(lowercase=lowercase, strip_accents=strip_accents)
    if learns_subwords(analyzer):
        return partial(_trained_subwords, subword_model, preprocess)
    if callable(analyzer):
        return partial(map, analyzer)
    if isinstance(stop_words, list) and not all(isinstance(word, str) for word in stop_words):
        raise ValueError(f"stop_words must be a list of str, got {_short_repr(stop_words)}.")
    vectorizer = CountVectorizer(
        analyzer="word" if analyzer == "tokens" else analyzer,
        lowercase=lowercase,
        strip_accents=strip_accents,
        token_pattern=token_pattern,
        stop_words=stop_words,
    )
    if analyzer != "tokens":
        try:
            return partial(map, vectorizer.build_analyzer())
        except re.error as error:
            raise ValueError(
                f"token_pattern must be a regular expression, got {token_pattern!r}: {error}."
            ) from error
    if not lowercase and strip_accents is None:
        return partial(map, _as_list)
    return partial(map, partial(_preprocessed, preprocess))


def read_documents(X, analyzer, *, n_jobs=None, **text_parameters):
    """Return the tokens of documents as codes, in the order of their first occurrence.

    Parameters
    ----------
    X : iterable
        The documents.
    analyzer : {"word", "char", "bpe", "tokens"}, callable or object with `encode_batch`
        As in :class:`~skrnn.EmbeddingTokenizer`.
    n_jobs : int or None, default=None
        The number of processes, as in :class:`~skrnn.EmbeddingTokenizer`.
    **text_parameters : dict
        The other parameters of `make_analyzer`.

    Returns
    -------
    corpus : SymbolSequences
        One sequence of tokens per document.

    Raises
    ------
    ValueError
        If `X` is not an iterable of documents of the right type, or if tokens have several types.
    """
    is_function = callable(analyzer) and not hasattr(analyzer, "encode_batch")
    as_tokens = isinstance(analyzer, str) and analyzer == "tokens"
    documents = check_documents(X, as_tokens=as_tokens, any_type=is_function)
    analyze = make_analyzer(analyzer, **text_parameters)
    n_jobs = min(effective_n_jobs(n_jobs), len(documents))
    if n_jobs <= 1:
        return _read_part(documents, analyze)
    ends = np.linspace(0, len(documents), n_jobs + 1).astype(int).tolist()
    parts = Parallel(n_jobs)(
        delayed(_read_part)(documents[start:end], analyze) for start, end in pairwise(ends)
    )
    return _concatenate(parts)


def count_tokens(corpus):
    """Return how often each token of a corpus occurs, and in how many documents.

    Parameters
    ----------
    corpus : SymbolSequences
        One sequence of tokens per document.

    Returns
    -------
    counts : TokenCounts
    """
    n_documents, n_tokens = len(corpus.lengths), len(corpus.distinct)
    bounds = np.concatenate([[0], np.cumsum(corpus.lengths)])
    ones = np.ones(len(corpus.codes), dtype=np.int8)
    rows = sparse.csr_array((ones, corpus.codes, bounds), shape=(n_documents, n_tokens))
    # The entries are now sorted by token, and those of one token by document: an entry whose
    # token or document differs from that of the entry before it is a new pair.
    by_token = rows.tocsc()
    occurrences = np.diff(by_token.indptr)
    is_new = np.ones(len(by_token.indices), dtype=np.int64)
    is_new[1:] = np.diff(by_token.indices) != 0
    is_new[by_token.indptr[:-1]] = 1
    documents = np.add.reduceat(is_new, by_token.indptr[:-1]) if n_tokens else is_new
    return TokenCounts(corpus.distinct, occurrences.astype(np.int64), documents, n_documents)


def _read_part(documents, analyze):
    factorizer = Factorizer()
    for i, tokens in enumerate(analyze(documents)):
        if tokens is None or isinstance(tokens, Mapping):
            raise ValueError(
                "analyzer must return a list of tokens for each document, got "
                f"{_short_repr(tokens)}."
            )
        try:
            factorizer.append(tokens)
        except TypeError as error:  # a token that is not hashable, for example a list
            raise ValueError(
                f"Tokens must all be str, or all be int; in document {i}: {error}."
            ) from error
    corpus = factorizer.sequences()
    check_one_type(corpus.distinct, "Tokens")
    return corpus


def _concatenate(parts):
    """Return the documents of several corpora as one corpus."""
    tokens, codes = parts[0].distinct, [parts[0].codes]
    for part in parts[1:]:
        tokens, positions = merge_tokens(tokens, part.distinct)
        codes.append(positions[part.codes])
    lengths = np.concatenate([part.lengths for part in parts])
    return SymbolSequences(tokens, np.concatenate(codes), lengths)


def _subwords(tokenizer, documents):
    for start in range(0, len(documents), _DOCUMENTS_PER_BATCH):
        batch = documents[start : start + _DOCUMENTS_PER_BATCH]
        for encoding in tokenizer.encode_batch(batch, add_special_tokens=False):
            yield encoding.tokens


def _trained_subwords(model, preprocess, documents):
    return _subwords(load_subwords(model), list(map(preprocess, documents)))


def _preprocessed(preprocess, tokens):
    return [preprocess(token) if isinstance(token, str) else token for token in _as_list(tokens)]


def _as_list(tokens):
    return tokens.tolist() if hasattr(tokens, "tolist") else tokens


def _is_token_list(document):
    if isinstance(document, np.ndarray) or hasattr(document, "iloc"):
        return document.ndim == 1
    return isinstance(document, list | tuple)


def _short_repr(document):
    text = repr(document)
    text = text if len(text) <= 40 else f"{text[:37]}..."
    return f"{text} ({type(document).__name__})"
