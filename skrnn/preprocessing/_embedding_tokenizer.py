"""`EmbeddingTokenizer`: convert raw documents to the token ids that an embedding layer reads.

It analyzes text and selects a vocabulary like `CountVectorizer`, but keeps the order of the words:
each document becomes a sequence of ids instead of a row of counts.
"""

from collections.abc import Mapping
from numbers import Integral

from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skrnn._fitting import is_fitted
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import HasMethods, Interval, RealNotInt, StrOptions, _fit_context
from skrnn.preprocessing._documents import (
    check_documents,
    count_tokens,
    make_preprocessor,
    read_documents,
)
from skrnn.preprocessing._sequence_transformer import (
    SequenceTransformerMixin,
    collect_like,
    truncate_and_pad,
)
from skrnn.preprocessing._subwords import learns_subwords, subword_vocabulary, train_subwords
from skrnn.preprocessing._token_ids import InverseTransformMixin, ids_of
from skrnn.preprocessing._vocabularies import (
    FIRST_ID,
    check_selected,
    read_vocabulary,
    select_vocabulary,
    warn_about_uppercase,
)
from skrnn.preprocessing._word_vectors import EmbeddingMatrixMixin
from skrnn.sequences._containers import split_steps
from skrnn.sequences._tokens import PADDING

DOCUMENT_FREQUENCY = [
    Interval(RealNotInt, 0, 1, closed="both"),
    Interval(Integral, 1, None, closed="left"),
]


def _can_continue(tokenizer):
    if learns_subwords(tokenizer.analyzer):
        raise AttributeError("analyzer='bpe' learns from all documents at once. Use fit instead.")
    return True


class EmbeddingTokenizer(
    InverseTransformMixin,
    EmbeddingMatrixMixin,
    ClassNamePrefixFeaturesOutMixin,
    SequenceTransformerMixin,
    SavedEstimator,
):
    r"""Convert raw documents to sequences of token ids, for a network with an `embedding`.

    The ids follow the convention of Keras: 0 is padding, 1 is the unknown token, and the tokens of
    the vocabulary start at 2. The most frequent token comes first, and equally frequent tokens are
    sorted alphabetically, so that the ids do not depend on the order of the documents.

    Parameters
    ----------
    analyzer : {"word", "char", "bpe", "tokens"}, callable or tokenizer, default="word"
        How a document is split into tokens.

        - "word" and "char" use scikit-learn's text analysis, which the next four parameters
          control. "char" replaces several white space characters in a row with one space.
        - "bpe" splits words into subwords by byte-pair encoding [2]_, which `fit` learns with
          Hugging Face's `tokenizers`, a package of the extra `text`. Frequent words are one token,
          and rare words are several. Spaces and punctuation are kept, so that `inverse_transform`
          restores the text. Only characters that do not occur in `fit` are unknown.
        - "tokens" means that each document is already a list of tokens, either all str or all int.
          Every token gets one id, as tagging requires. `lowercase` and `strip_accents` apply to
          tokens that are str.
        - A callable receives a document and returns its tokens.
        - An object of Hugging Face's `tokenizers` splits documents into the subwords on which it
          was trained, for example as a unigram model.
    lowercase : bool, default=True
        Whether to convert text to lower case first.
    strip_accents : {"ascii", "unicode"} or callable, default=None
        How to remove accents, as in :class:`~sklearn.feature_extraction.text.CountVectorizer`. If
        None, accents are kept.
    token_pattern : str, default=r"(?u)\\b\\w\\w+\\b"
        The regular expression of a word. The default matches two or more letters, digits or
        underscores. Only used if ``analyzer="word"``.
    stop_words : "english" or list of str, default=None
        The words to leave out. Only used if ``analyzer="word"``.
    max_tokens : int, default=20_000
        The maximum number of ids, at least 3, including those of padding and of the unknown token.
        Only the most frequent tokens get an id. If None, there is no maximum, which is not possible
        with ``analyzer="bpe"``. Ignored if `vocabulary` is given.
    min_df, max_df : int or float, default=1 and 1.0
        The minimum and the maximum number (int) or fraction (float between 0 and 1) of documents in
        which a token must occur to get an id. Ignored if `vocabulary` is given or if
        ``analyzer="bpe"``.
    vocabulary : list, or dict from token to int, default=None
        The tokens that get an id, in the order of their ids. The values of a dict are either
        positions that start at 0, as in gensim's `key_to_index`, or ids that start at 2, as in
        `vocabulary_`. If None, the vocabulary is learned from the documents. It must be None if
        ``analyzer="bpe"``.
    max_length : int, default=None
        If None, `transform` returns a list of arrays, each as long as its document. If an int, it
        returns an array with this number of columns, in which long documents are truncated and
        short documents are padded with 0 at their end.
    truncating : {"post", "pre"}, default="post"
        Whether documents that are longer than `max_length` lose their end ("post") or their
        beginning ("pre"). Only used if `max_length` is not None.
    n_jobs : int, default=None
        The number of processes that analyze documents. None means 1 unless in a
        `joblib.parallel_backend` context, and -1 means all cores. More than one is faster for
        100,000 documents or more.

    Attributes
    ----------
    vocabulary_ : dict from token to int
        The id of each token, starting at 2.
    n_tokens_ : int
        The number of ids, including those of padding and of the unknown token, which is the number
        of rows of an embedding matrix. All ids are less than it.
    subword_model_ : str or None
        The trained model in the JSON format of `tokenizers`, which `tokenizers.Tokenizer.from_str`
        reads. None unless ``analyzer="bpe"``.

    See Also
    --------
    OneHotSequenceEncoder : Encodes the steps as one-hot vectors instead of ids.
    skrnn.RNNClassifier : Its `embedding` learns a vector for each id, or uses the vectors
        that `embedding_matrix` returns.
    sklearn.feature_extraction.text.CountVectorizer : Counts tokens, without their order.

    Notes
    -----
    A document without tokens becomes a sequence of one unknown token, because networks do not
    accept empty sequences. In an array, this token distinguishes the document from padding.

    The counts of tokens without an id are kept as well, so that `partial_fit` can continue.

    References
    ----------
    .. [1] Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, Journal of Machine Learning Research 3,
       2003, pages 1137-1155, where word vectors are looked up by id.
    .. [2] R. Sennrich, B. Haddow, A. Birch: Neural machine translation of rare words with subword
       units. ACL 2016, pages 1715-1725.

    Examples
    --------
    >>> from skrnn.preprocessing import EmbeddingTokenizer
    >>> reviews = ["A fine film, a very fine film!", "No. Not this film."]
    >>> tokenizer = EmbeddingTokenizer().fit(reviews)
    >>> tokenizer.vocabulary_
    {'film': 2, 'fine': 3, 'no': 4, 'not': 5, 'this': 6, 'very': 7}
    >>> tokenizer.transform(["This film is fine", "..."])
    [array([6, 2, 1, 3], dtype=int32), array([1], dtype=int32)]

    In a pipeline, to classify texts:

    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import RNNClassifier
    >>> model = make_pipeline(EmbeddingTokenizer(), RNNClassifier(embedding=8, epochs=30))
    >>> model.fit(reviews, ["good", "bad"]).predict(["Fine film"]).shape
    (1,)
    """

    _parameter_constraints = {
        "analyzer": [
            StrOptions({"word", "char", "bpe", "tokens"}),
            HasMethods(["encode_batch"]),
            callable,
        ],
        "lowercase": ["boolean"],
        "strip_accents": [StrOptions({"ascii", "unicode"}), callable, None],
        "token_pattern": [str],
        "stop_words": [StrOptions({"english"}), list, None],
        "max_tokens": [Interval(Integral, FIRST_ID + 1, None, closed="left"), None],
        "min_df": DOCUMENT_FREQUENCY,
        "max_df": DOCUMENT_FREQUENCY,
        "vocabulary": [Mapping, HasMethods(["__iter__"]), None],
        "max_length": [Interval(Integral, 1, 2**31 - 1, closed="both"), None],
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
        """Learn the vocabulary from documents.

        Parameters
        ----------
        X : iterable of str, or of lists of tokens
            The documents.
        y : None
            Ignored.

        Returns
        -------
        self : EmbeddingTokenizer
            The fitted tokenizer.

        Raises
        ------
        ValueError
            If `X` is a text or a table instead of an iterable of documents, if a document does not
            have the type that `analyzer` expects, or if no token is left.
        ImportError
            If ``analyzer="bpe"`` and `tokenizers` is not installed.
        """
        self._learn(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the vocabulary and return the ids, analyzing the documents only once.

        Parameters
        ----------
        X, y : as in `fit`
            The documents.

        Returns
        -------
        X_transformed : list of ndarray of shape (T_i,), or ndarray of shape (n, max_length)
            The ids, as `transform` returns them.
        """
        return self._encode(self._learn(X), X)

    @available_if(_can_continue)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Update the vocabulary with more documents.

        The result of several calls is that of one `fit` on all documents. The id of a token may
        change with each call, because the ids are sorted by frequency. Subwords ("bpe") cannot be
        updated, so that this method does not exist for them.

        Parameters
        ----------
        X, y : as in `fit`
            The documents.

        Returns
        -------
        self : EmbeddingTokenizer
            The updated tokenizer.
        """
        if self.vocabulary is not None:
            self._learn(X)
            return self
        counts = count_tokens(self._read(X))
        if is_fitted(self) and self._counts is not None:
            counts = self._counts.add(counts)
        vocabulary = select_vocabulary(counts, self.max_tokens, self.min_df, self.max_df)
        self._set_vocabulary(vocabulary, counts)
        return self

    def transform(self, X):
        """Return the ids of the tokens of documents.

        Parameters
        ----------
        X : iterable of str, or of lists of tokens
            The documents.

        Returns
        -------
        X_transformed : list of ndarray of shape (T_i,), or ndarray of shape (n, max_length)
            The ids, of dtype int32. If `max_length` is None, they are a list of arrays (an object
            array if `X` is an array or a Series), else one array that is padded with 0.
        """
        check_is_fitted(self)
        return self._encode(self._read(X), X)

    def __sklearn_tags__(self):
        """Return the tags of a transformer that accepts a one-dimensional collection of texts."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    @property
    def _n_features_out(self):
        """Return the number of columns of the output array, or 1 for sequences of ids."""
        return self.max_length or 1

    def _read(self, X, subword_model=None):
        """Return the tokens of documents as codes."""
        return read_documents(
            X,
            self.analyzer,
            n_jobs=self.n_jobs,
            lowercase=self.lowercase,
            strip_accents=self.strip_accents,
            token_pattern=self.token_pattern,
            stop_words=self.stop_words,
            subword_model=subword_model or self._model(),
        )

    def _model(self):
        """Return the trained model of subwords, or None if `analyzer` needs none."""
        if not learns_subwords(self.analyzer):
            return None
        if self.subword_model_ is None:
            raise ValueError("analyzer='bpe' was set after fit. Call fit again.")
        return self.subword_model_

    def _learn(self, X):
        """Set the vocabulary, and return the tokens of the documents as codes."""
        if learns_subwords(self.analyzer):
            return self._learn_subwords(X)
        if self.vocabulary is not None:
            vocabulary = read_vocabulary(self.vocabulary)
            if self.lowercase and isinstance(self.analyzer, str):
                warn_about_uppercase(vocabulary, stacklevel=4)
            corpus = self._read(X)
            self._set_vocabulary(vocabulary)
            return corpus
        corpus = self._read(X)
        counts = count_tokens(corpus)
        vocabulary = select_vocabulary(counts, self.max_tokens, self.min_df, self.max_df)
        check_selected(vocabulary, counts, self.min_df, self.max_df)
        self._set_vocabulary(vocabulary, counts)
        return corpus

    def _learn_subwords(self, X):
        if self.vocabulary is not None:
            raise ValueError("vocabulary must be None with analyzer='bpe', which learns its own.")
        if self.max_tokens is None:
            raise ValueError("max_tokens must be an int with analyzer='bpe', got None.")
        documents = check_documents(X, as_tokens=False)
        preprocess = make_preprocessor(lowercase=self.lowercase, strip_accents=self.strip_accents)
        model = train_subwords(list(map(preprocess, documents)), self.max_tokens)
        corpus = self._read(documents, model)
        if not corpus.distinct:
            raise ValueError("empty vocabulary; the documents contain no text")
        self._set_vocabulary(subword_vocabulary(model), subword_model=model)
        return corpus

    def _set_vocabulary(self, vocabulary, counts=None, subword_model=None):
        self._forget_stored_version()
        self._counts = counts
        self.subword_model_ = subword_model
        self.vocabulary_ = vocabulary
        self.n_tokens_ = len(vocabulary) + FIRST_ID

    def _encode(self, corpus, X):
        """Return the ids of tokens, in the container that `X` and `max_length` require."""
        ids, lengths = ids_of(corpus, self.vocabulary_)
        if self.max_length is None:
            return collect_like(split_steps(ids, lengths), X)
        return truncate_and_pad(ids, lengths, self.max_length, self.truncating, PADDING)
