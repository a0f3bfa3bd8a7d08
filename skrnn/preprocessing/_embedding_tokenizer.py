"""`EmbeddingTokenizer`: raw documents become the token ids that an embedding looks up.

It is a `CountVectorizer` that keeps the order of the words: the same analysis of text, the same
choice of a vocabulary, but a sequence of ids for each document in place of a row of counts.
"""

import warnings
from collections.abc import Mapping
from itertools import islice
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._sklearn import HasMethods, Interval, RealNotInt, StrOptions, _fit_context
from skrnn.preprocessing._documents import check_documents, make_analyzer, read_corpus
from skrnn.preprocessing._output import SequenceTransformerMixin, collect_like, with_steps
from skrnn.preprocessing._vocabularies import (
    FIRST,
    check_one_kind,
    number_tokens,
    read_vocabulary,
)
from skrnn.preprocessing._word_vectors import find_vectors
from skrnn.sequences import Sequences, check_sequences, split_steps, to_padded
from skrnn.sequences._tokens import PADDING, UNKNOWN

__all__ = ["EmbeddingTokenizer"]

UNKNOWN_NAME = "[UNK]"


def cut(sequences, length, truncating):
    """Return sequences of at most `length` steps: their first, or with "pre" their last ones."""
    lengths = np.minimum(sequences.lengths, length)
    skipped = sequences.lengths - lengths if truncating == "pre" else 0
    return Sequences(sequences.values, sequences.starts + skipped, lengths)


class EmbeddingTokenizer(ClassNamePrefixFeaturesOutMixin, SequenceTransformerMixin, BaseEstimator):
    r"""Turn raw documents into sequences of token ids, for a network with an `embedding`.

    The ids are those of Keras: 0 is padding, 1 the unknown token, and the words follow from 2 on,
    the most frequent first, equals in alphabetical order. So the ids depend on what the documents
    hold, not on their order.

    Parameters
    ----------
    analyzer : {"word", "char", "tokens"}, callable or tokenizer, default="word"
        How a document becomes tokens:

        - "word", "char": by scikit-learn's analysis of text, which the next four parameters shape;
        - "tokens": a document is a list of tokens already, all str or all int, and each of them
          gets one id, as tagging needs; `lowercase` and `strip_accents` apply to str;
        - a callable: from a document to its tokens;
        - an object of Hugging Face's `tokenizers`: into subwords, as it was trained.
    lowercase : bool, default=True
        Whether text is made lower case first.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        Remove accents first.
    token_pattern : str, default=r"(?u)\\b\\w\\w+\\b"
        Regular expression of a word, for ``analyzer="word"``: two or more letters, digits or
        underscores.
    stop_words : "english" or list of str, default=None
        Words that are left out, for ``analyzer="word"``.
    max_tokens : int, default=20_000
        How many ids there are at most, those of padding and the unknown token among them: the
        most frequent tokens are kept. At least 3; None: all.
    min_df, max_df : int or float, default=1 and 1.0
        In how many documents (int), or in which share of them (float in [0, 1]), a token must
        and may occur to have an id.
    vocabulary : list, or dict of token to int, default=None
        The tokens that have an id, in that order; `max_tokens`, `min_df` and `max_df` then have
        no say. The places in a dict count from 0, as in gensim's `key_to_index`, or from 2, as in
        `vocabulary_`. None: learn it.
    max_length : int, default=None
        None: `transform` gives a list of arrays, each as long as its document. Int: it gives a
        table of this width, documents cut or padded at their end.
    truncating : {"post", "pre"}, default="post"
        Whether documents longer than `max_length` lose their end or their beginning.
    n_jobs : int, default=None
        Processes that analyze documents. None: 1, unless in a `joblib.parallel_backend` context;
        -1: one a core. It pays from about 100,000 documents on.

    Attributes
    ----------
    vocabulary_ : dict of token to int
        The id of each token, from 2 on.
    n_tokens_ : int
        How many ids there are, those of padding and the unknown token among them: the rows of an
        embedding.

    See Also
    --------
    OneHotSequenceEncoder : Steps as one-hot vectors in place of ids.
    skrnn.recurrent.RNNClassifier : Its `embedding` learns a vector for each id, or takes those of
        `embedding_matrix`.
    sklearn.feature_extraction.text.CountVectorizer : Counts, without the order of the words.

    Notes
    -----
    A document without any token (an empty one, or one of stop words only) is one unknown step:
    networks take no empty sequence. In a table it is told from padding by that step.

    Counts of all tokens are kept, also of those without an id, so that `partial_fit` can go on.

    References
    ----------
    .. [1] Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, Journal of Machine Learning Research 3,
       2003, pages 1137-1155, where word vectors are looked up by id.

    Examples
    --------
    >>> from skrnn.preprocessing import EmbeddingTokenizer
    >>> reviews = ["A fine film, a very fine film!", "No. Not this film."]
    >>> tokenizer = EmbeddingTokenizer().fit(reviews)
    >>> tokenizer.vocabulary_
    {'film': 2, 'fine': 3, 'no': 4, 'not': 5, 'this': 6, 'very': 7}
    >>> tokenizer.transform(["This film is fine", "..."])
    [array([6, 2, 1, 3], dtype=int32), array([1], dtype=int32)]

    In a pipeline, from text to class:

    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import RNNClassifier
    >>> model = make_pipeline(EmbeddingTokenizer(), RNNClassifier(embedding=8, epochs=30))
    >>> model.fit(reviews, ["good", "bad"]).predict(["Fine film"]).shape
    (1,)
    """

    _parameter_constraints = {
        "analyzer": [
            StrOptions({"word", "char", "tokens"}),
            HasMethods(["encode_batch"]),
            callable,
        ],
        "lowercase": ["boolean"],
        "strip_accents": [StrOptions({"ascii", "unicode"}), callable, None],
        "token_pattern": [str],
        "stop_words": [StrOptions({"english"}), list, None],
        "max_tokens": [Interval(Integral, FIRST + 1, None, closed="left"), None],
        "min_df": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "max_df": [
            Interval(RealNotInt, 0, 1, closed="both"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "vocabulary": [Mapping, HasMethods(["__iter__"]), None],
        "max_length": [Interval(Integral, 1, None, closed="left"), None],
        "truncating": [StrOptions({"post", "pre"})],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        *,
        analyzer="word",
        lowercase=True,
        strip_accents=None,
        token_pattern=r"(?u)\b\w\w+\b",
        stop_words=None,
        max_tokens=20_000,
        min_df=1,
        max_df=1.0,
        vocabulary=None,
        max_length=None,
        truncating="post",
        n_jobs=None,
    ):
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.token_pattern = token_pattern
        self.stop_words = stop_words
        self.max_tokens = max_tokens
        self.min_df = min_df
        self.max_df = max_df
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.truncating = truncating
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : iterable of str, or of lists of tokens
            The documents.
        y : None
            Ignored.

        Returns
        -------
        self : EmbeddingTokenizer

        Raises
        ------
        ValueError
            If `X` is a text or a table in place of documents, if a document is of another type
            than `analyzer` reads, or if no token is left.
        """
        self._learn(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the vocabulary and return the ids, at the price of one analysis.

        Parameters
        ----------
        X, y : as in `fit`

        Returns
        -------
        X_transformed : as in `transform`
        """
        return self._number(self._learn(X), X)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Learn the vocabulary from some documents more.

        In the end it is what one `fit` on all documents gives. Until then the id of a token may
        change with each call, since frequent tokens come first.

        Parameters
        ----------
        X, y : as in `fit`

        Returns
        -------
        self : EmbeddingTokenizer
        """
        if self.vocabulary is not None:
            self._learn(X)
            return self
        counts = self._read(X).count()
        if getattr(self, "_counts", None) is not None:
            counts = self._counts.add(counts)
        self._keep(self._choose(counts), counts)
        return self

    def transform(self, X):
        """Return the ids of the documents' tokens.

        Parameters
        ----------
        X : iterable of str, or of lists of tokens
            The documents.

        Returns
        -------
        X_transformed : list of ndarray of shape (T_i,), or ndarray of shape (n, max_length)
            Ids of dtype int32: if `max_length` is None a list (an array of objects where `X` is an
            array or a Series), else a table padded with 0.
        """
        check_is_fitted(self)
        return self._number(self._read(X), X)

    def inverse_transform(self, X):
        """Return the tokens of ids.

        Parameters
        ----------
        X : list of array-like of shape (T_i,), or array-like of shape (n, T)
            Ids.

        Returns
        -------
        X_original : list of ndarray of objects of shape (T_i,)
            Tokens, "[UNK]" where they are unknown; padding is left out.

        Raises
        ------
        ValueError
            If an id is not below `n_tokens_`.
        """
        check_is_fitted(self)
        sequences = check_sequences(X, tokens=True)
        ids = sequences.concatenate()
        if ids.max() >= self.n_tokens_:
            raise ValueError(
                f"X holds the id {ids.max()}, but there are {self.n_tokens_}: 0 to "
                f"{self.n_tokens_ - 1}."
            )
        tokens = np.array(["", UNKNOWN_NAME, *self.vocabulary_], dtype=object)
        return [tokens[s[s != PADDING]] for s in split_steps(ids, sequences.lengths)]

    def embedding_matrix(self, vectors, *, return_coverage=False):
        """Return pre-trained vectors in the order of the ids, for `RNNClassifier(embedding=...)`.

        Parameters
        ----------
        vectors : mapping of token to vector, gensim `KeyedVectors`, str or path
            A path names a text file of GloVe or word2vec, which may be compressed (.gz, .bz2,
            .xz); of it only the tokens with an id are kept in memory.
        return_coverage : bool, default=False
            Whether to tell also how much of the vocabulary has a vector.

        Returns
        -------
        matrix : ndarray of float32 of shape (`n_tokens_`, dimensions)
            Row 0, padding, is zero. Row 1, the unknown token, and the rows of tokens without a
            vector are the mean of all others.
        coverage : float in (0, 1]
            The share of `vocabulary_` that has a vector of its own, if `return_coverage`.

        Raises
        ------
        ValueError
            If no token has a vector, if vectors differ in their dimensions, or if a line of the
            file is no word and its numbers (the message tells its number).

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
        found = find_vectors(vectors, self.vocabulary_)
        if not found:
            first = [f"{t!r} ({type(t).__name__})" for t in islice(self.vocabulary_, 3)]
            raise ValueError(
                f"vectors has none of the {len(self.vocabulary_)} tokens of vocabulary_: "
                f"{', '.join(first)}, ... Are its keys of this type, and in lower case?"
            )
        known = np.stack(list(found.values()))
        matrix = np.tile(known.mean(axis=0), (self.n_tokens_, 1))
        matrix[PADDING] = 0
        matrix[[self.vocabulary_[token] for token in found]] = known
        return (matrix, len(found) / len(self.vocabulary_)) if return_coverage else matrix

    def __sklearn_tags__(self):
        """Describe what is accepted: texts, in no table."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    @property
    def _n_features_out(self):
        """Columns of the table, or one for the id of a step."""
        return self.max_length or 1

    def _read(self, X):
        as_tokens = isinstance(self.analyzer, str) and self.analyzer == "tokens"
        is_own = callable(self.analyzer) and not hasattr(self.analyzer, "encode_batch")
        documents = check_documents(X, as_tokens=as_tokens, any_type=is_own)
        analyze = make_analyzer(
            self.analyzer,
            lowercase=self.lowercase,
            strip_accents=self.strip_accents,
            token_pattern=self.token_pattern,
            stop_words=self.stop_words,
        )
        return read_corpus(documents, analyze, self.n_jobs)

    def _learn(self, X):
        """Learn the vocabulary of a corpus and return the corpus."""
        if self.vocabulary is not None:
            given = read_vocabulary(self.vocabulary)
            self._warn_of_capitals(given)
            corpus = self._read(X)
            self._keep(given)
            return corpus
        corpus = self._read(X)
        counts = corpus.count()
        if not counts.tokens:
            raise ValueError("empty vocabulary; perhaps the documents only contain stop words")
        vocabulary = self._choose(counts)
        if not vocabulary:
            raise ValueError(
                "After pruning, no terms remain. Try a lower min_df or a higher max_df, got "
                f"min_df={self.min_df} and max_df={self.max_df} for {counts.n_documents} documents."
            )
        self._keep(vocabulary, counts)
        return corpus

    def _choose(self, counts):
        n = None if self.max_tokens is None else self.max_tokens - FIRST
        return number_tokens(counts.most_frequent(n, self.min_df, self.max_df))

    def _warn_of_capitals(self, vocabulary):
        lowers = self.lowercase and isinstance(self.analyzer, str)
        capitals = [t for t in vocabulary if lowers and isinstance(t, str) and t != t.lower()]
        if capitals:
            warnings.warn(
                f"vocabulary has {len(capitals)} token(s) with upper case, such as "
                f"{capitals[0]!r}, which no text has with lowercase=True.",
                stacklevel=5,
            )

    def _keep(self, vocabulary, counts=None):
        self._counts = counts
        self.vocabulary_ = vocabulary
        self.n_tokens_ = len(vocabulary) + FIRST

    def _number(self, corpus, X):
        check_one_kind([*corpus.tokens[:1], *islice(self.vocabulary_, 1)], "X and vocabulary_")
        ids = np.array(
            [self.vocabulary_.get(token, UNKNOWN) for token in corpus.tokens], dtype=np.int32
        )
        numbered, lengths = with_steps(ids[corpus.codes], corpus.lengths, UNKNOWN)
        if self.max_length is None:
            return collect_like(split_steps(numbered, lengths), X)
        begins = np.cumsum(lengths) - lengths
        sequences = cut(Sequences(numbered, begins, lengths), self.max_length, self.truncating)
        return to_padded(sequences, value=PADDING, length=self.max_length)
