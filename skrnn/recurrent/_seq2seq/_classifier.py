"""`Seq2SeqClassifier`: from sequences to sequences of tokens."""

from numbers import Integral

import numpy as np
from sklearn.base import ClassifierMixin, clone

from skrnn._fitting import fitted_snapshot
from skrnn._parameters import inherited, parameter, with_parameters, with_texts
from skrnn._sklearn import Interval, StrOptions
from skrnn.metrics import token_accuracy_score
from skrnn.recurrent._regressor import RNNRegressor
from skrnn.recurrent._seq2seq._base import BaseSeq2Seq, is_length
from skrnn.recurrent._seq2seq._codec import TokenCodec
from skrnn.recurrent._seq2seq._decoding import beam_search, greedy
from skrnn.recurrent._seq2seq._targets import (
    are_texts,
    in_container_of,
    padded_rows,
    token_series,
    with_stops,
)
from skrnn.recurrent._seq2seq._texts import NETWORK, REFERENCES
from skrnn.sequences._target_series import known_with_stops
from skrnn.sequences._targets import as_list_or_array, label_codes
from skrnn.sequences._tokens import UNKNOWN


@with_texts(references=REFERENCES, network=NETWORK)
@with_parameters
class Seq2SeqClassifier(ClassifierMixin, BaseSeq2Seq):
    r"""Encoder-decoder that predicts a sequence of tokens for each sequence.

    An encoder reads the source sequence, and its final states are the first states of a decoder,
    which predicts one token after another until it predicts the stop token. Sources and targets may
    have any lengths.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_tokens,)
        The tokens of the training targets, sorted: labels, characters, or the ids of
        `target_tokenizer_`.
    max_length_ : int
        The largest number of tokens of a prediction.
    target_tokenizer_ : EmbeddingTokenizer or None
        The fitted copy of `target_tokenizer`.
    {network}
    model_ : keras.Model
        The network with the inputs ``[steps, lengths, previous]``, built at each access.
        `previous` contains the code of the token before each time step, the index in `classes_`;
        that of the start is ``len(classes_)``.

    See Also
    --------
    Seq2SeqRegressor : The same for sequences of vectors.
    RNNClassifier : Predicts one label per sequence, or one per time step.
    skrnn.metrics.sequence_accuracy_score : The fraction of sequences without any error.
    skrnn.metrics.corpus_bleu : The score of translations.

    Notes
    -----
    With the final states of the encoder as :math:`s_0`, the probability of a target :math:`y` of
    :math:`n` tokens, the last of which is the stop, is :math:`\prod_t p(y_t \mid y_{<t}, x)` with

    .. math::

        s_t &= \mathrm{cell}(E y_{t-1}, s_{t-1}) \\
        p(\cdot \mid y_{<t}, x) &= \mathrm{softmax}(W \tilde h_t + b)

    as in [1]_, where :math:`\tilde h_t` is the output of the decoder, with attention also of
    the source. In training, :math:`y_{t-1}` is the true token (teacher forcing).

    Padding never changes a prediction, up to rounding.

    References
    ----------
    {references}

    Examples
    --------
    Which letters follow a letter in the alphabet?

    >>> from skrnn import Seq2SeqClassifier
    >>> X = [[2], [3], [4]]  # ids of "a", "b" and "c"; 0 is padding and 1 is unknown
    >>> y = ["bcd", "cd", "d"]
    >>> classifier = Seq2SeqClassifier(units=16, embedding=8, epochs=100, random_state=0)
    >>> classifier = classifier.fit(X, y)
    >>> classifier.predict([[3], [2]])
    ['cd', 'bcd']
    >>> classifier.score(X, y)
    1.0
    """

    target_embedding: int = parameter(
        default=64,
        constraint=[Interval(Integral, 1, None, closed="left")],
        description="""
        int
        The number of dimensions of the learned vectors of the tokens that the decoder receives.
        """,
    )
    target_tokenizer: object = parameter(
        default=None,
        constraint="no_validation",
        description="""
        EmbeddingTokenizer or None
        Converts target texts to token ids and predicted ids to texts. `fit` fits a copy of it,
        `target_tokenizer_`. Words that it does not know are the unknown token, which may be
        predicted too, as "[UNK]". If None, targets are sequences of labels, or strings, whose
        characters are the tokens.
        """,
    )
    max_length: int | str = parameter(
        default="auto",
        constraint=[Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        description="""
        int or "auto"
        The largest number of tokens of a prediction, which ends there if the stop token was not
        predicted before. "auto" is twice the number of tokens of the longest training target.
        """,
    )
    loss: object = parameter(
        default="auto",
        constraint="no_validation",
        description="""
        str, keras.losses.Loss or callable
        The loss function of the next token. "auto" is the cross-entropy. Names and objects are
        those of Keras. A loss whose name begins with "sparse" receives the codes of the tokens, and
        any other loss receives an indicator column for each token. The stop is the last of them.
        """,
    )
    validation_split: float | None = inherited(RNNRegressor, "validation_split", default=None)
    _has_stops = True

    def predict(self, X, *, beam_width=1):
        """Predict a sequence of tokens for each sequence.

        Parameters
        ----------
        X : as in `fit`
        beam_width : int, default=1
            The number of hypotheses of the beam search. With 1, the likeliest token is taken at
            each time step (greedy search).

        Returns
        -------
        list of str, or list of ndarray of shape (L_i,)
            Strings if the training targets were strings, otherwise the labels. If X is an array,
            they are in an object array.

        Raises
        ------
        ValueError
            If `beam_width` is not a positive integer.
        """
        fitted = fitted_snapshot(self)
        codes = fitted._predict_codes(fitted._read_sources(X), beam_width)
        return fitted._as_given(codes, X)

    def predict_proba(self, X, y):
        """Return the probabilities of the tokens at each time step of given targets.

        Parameters
        ----------
        X, y : as in `fit`
            The decoder receives the tokens of `y` in place of its own predictions.

        Returns
        -------
        list of ndarray of shape (L_i + 1, n_tokens + 1)
            Row ``t`` has the probabilities of the next token after ``t`` tokens of the target. The
            columns are in the order of `classes_`; the last one is the stop token.
        """
        fitted = fitted_snapshot(self)
        if y is None:
            raise ValueError(
                "predict_proba needs the targets y, whose tokens the decoder receives."
            )
        sources = fitted._read_sources(X)
        return fitted._forced(sources, *fitted._decoder_inputs(sources, X, y))

    def score(self, X, y, sample_weight=None):
        """Return the token accuracy of the predictions.

        Parameters
        ----------
        X, y : as in `fit`
            Missing tokens of `y` are left out.
        sample_weight : as in `fit`, default=None

        Returns
        -------
        float
            The fraction of positions with equal tokens, see
            :func:`~skrnn.metrics.token_accuracy_score`. It is that of greedy search.
        """
        fitted = fitted_snapshot(self)
        codes = fitted._predict_codes(fitted._read_sources(X))
        predicted = [fitted.classes_[one] for one in codes]
        true = fitted._as_tokens(as_list_or_array(y, masks=True))
        token_series(true, len(codes), "y")  # refuses what is not one sequence of tokens per source
        return token_accuracy_score(true, predicted, sample_weight=sample_weight)

    def _as_tokens(self, y):
        """Return texts as lists of token ids or characters."""
        if self.target_tokenizer_ is not None:
            return self.target_tokenizer_.transform(list(y))
        return list(map(list, y)) if are_texts(y) else y

    def _predict_codes(self, sources, beam_width=1):
        """Return the codes of the predicted tokens, one array per sequence."""
        if not is_length(beam_width):
            raise ValueError(f"beam_width must be a positive int, got {beam_width!r}.")

        def write(decoder, state, rows):
            options = () if beam_width == 1 else (beam_width,)
            search = greedy if beam_width == 1 else beam_search
            tokens, lengths = search(decoder, state, self.max_length_, *options)
            return [one[:length] for one, length in zip(tokens, lengths, strict=True)]

        return self._decode(sources, write, width=beam_width)

    def _as_given(self, codes, X):
        """Return predicted codes as the training targets were given, in a container as X."""
        tokens = [self.classes_[one] for one in codes]
        if self.target_tokenizer_ is not None:
            tokens = self.target_tokenizer_.inverse_transform(tokens)
        elif self._targets_are_texts:
            tokens = ["".join(one) for one in tokens]
        return in_container_of(X, tokens)

    def _decoder_inputs(self, sources, X, y):
        """Return the inputs of the decoder, and the number of outputs of each target."""
        if y is None:
            codes = self._predict_codes(sources)
            counts = np.array([len(one) for one in codes])
            codes, counts = with_stops(np.concatenate(codes), counts, len(self.classes_))
        else:
            given = as_list_or_array(y, masks=True)
            codes, counts, known = self._codes(given, len(sources), "y")
            codes = self._without_missing(codes, None, counts, known)
        rows = padded_rows(codes.astype(np.int32), counts, len(self.classes_))
        start = np.full_like(rows[:, :1], len(self.classes_))
        return [np.hstack([start, rows[:, :-1]])], counts

    def _codes(self, y, n, input_name, *, reset=False):
        """Return the codes of the tokens and stops of targets, and their number."""
        if reset:
            self.target_tokenizer_ = None
            if self.target_tokenizer is not None:
                _check_tokenizer(self.target_tokenizer)
                self.target_tokenizer_ = clone(self.target_tokenizer).fit(y)
            self._targets_are_texts = are_texts(y)
        tokens, counts, known = token_series(self._as_tokens(y), n, input_name)
        if reset:
            if not len(tokens):
                raise ValueError(f"{input_name} has no tokens: all targets are empty.")
            unknown = [UNKNOWN] if self.target_tokenizer_ is not None else []
            self.classes_ = np.unique(np.concatenate([tokens, np.array(unknown, tokens.dtype)]))
            longest = int(counts.max())
            self.max_length_ = 2 * longest if self.max_length == "auto" else int(self.max_length)
        codes = np.empty(0, dtype=int)
        if len(tokens):
            codes = label_codes(tokens, self.classes_, input_name)
        codes, n_codes = with_stops(codes, counts, len(self.classes_))
        return codes, n_codes, None if known is None else known_with_stops(known, counts)

    def _flatten_targets(self, y, inputs, input_name, *, reset, classes):
        codes, counts, known = self._codes(y, len(inputs), input_name, reset=reset)
        return codes if known is None else np.where(known, codes, np.nan), counts

    def _check_targets(self, y, input_name="y"):
        return y.astype(np.int64, copy=False)

    def _start(self):
        return len(self.classes_)

    def _learn_targets(self, y, has_weight, weights, classes):
        """Do nothing, because tokens are known before they are numbered."""

    def _target_embedding(self, n_outputs):
        return n_outputs, int(self.target_embedding)

    @property
    def _codec(self):
        return TokenCodec(np.arange(len(self.classes_) + 1), self.loss, None, self.dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # A classifier's folds are stratified, and a whole target would count as a class.
        tags.estimator_type, tags.classifier_tags = None, None
        return tags


def _check_tokenizer(tokenizer):
    """Raise a TypeError if a target tokenizer is not an estimator that converts in both ways."""
    methods = "get_params", "fit", "transform", "inverse_transform"
    if isinstance(tokenizer, type) or not all(hasattr(tokenizer, name) for name in methods):
        raise TypeError(
            f"target_tokenizer must be an EmbeddingTokenizer() or None, got {tokenizer!r}."
        )
