"""`Seq2SeqRegressor`: from sequences to sequences of vectors."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from skrnn._check_arrays import as_array
from skrnn._fitting import fitted_snapshot
from skrnn._parameters import inherited, with_parameters, with_texts
from skrnn._sklearn import _fit_context
from skrnn.recurrent._number_targets import NumberTargetsMixin
from skrnn.recurrent._positive_targets import POSITIVE_ACTIVATIONS
from skrnn.recurrent._regressor import RNNRegressor
from skrnn.recurrent._seq2seq._base import BaseSeq2Seq, is_length
from skrnn.recurrent._seq2seq._decoding import write_vectors
from skrnn.recurrent._seq2seq._target_inputs import TargetInputsMixin, require_counts
from skrnn.recurrent._seq2seq._targets import in_container_of, padded_rows, vector_series
from skrnn.recurrent._seq2seq._texts import (
    ATTENTION,
    DATA,
    MORE_DATA,
    NETWORK,
    ONE_EPOCH,
    REFERENCES,
    VALIDATION,
)
from skrnn.sequences._missing_targets import split_missing
from skrnn.sequences._target_weights import read_target_weights
from skrnn.sequences._targets import as_list_or_array

# The lengths of predictions if all training targets had the lengths of their sources.
_AS_SOURCES = "sources"
# The names of the arguments of `fit` that a method receives, for error messages.
_NAMES = ("X", "y", "sample_weight", "target_inputs")


@with_texts(references=REFERENCES, network=NETWORK)
@with_parameters
class Seq2SeqRegressor(RegressorMixin, NumberTargetsMixin, TargetInputsMixin, BaseSeq2Seq):
    r"""Encoder-decoder that predicts a sequence of vectors for each sequence.

    An encoder reads the source sequence, and its final states are the first states of a decoder,
    which predicts one vector after another. Sources and targets may have any lengths. What is
    known of each time step of a target in advance, such as a calendar, is a further input of the
    decoder (`target_inputs` of `fit` and `predict`).

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {network}
    n_target_inputs_ : int
        The number of known inputs at each time step of the target, 0 if there are none.
    target_input_mean_, target_input_scale_ : float64 ndarray of shape (n_inputs,), or None
        With `standardize=True`, the decoder receives
        ``(z - target_input_mean_) / target_input_scale_`` for known inputs `z`.
    model_ : keras.Model
        The network with the inputs ``[steps, lengths, previous]``, built at each access.
        `previous` contains the target before each time step as the network receives it, normalised
        with `normalize_y=True`; zeros are the start. A fourth input contains the known inputs, if
        there are any, also as the decoder receives them.

    See Also
    --------
    Seq2SeqClassifier : The same for sequences of tokens.
    RNNRegressor : Predicts one target per sequence, or one per time step.

    Notes
    -----
    With the final states of the encoder as :math:`s_0`,

    .. math::

        s_t &= \mathrm{cell}([y_{t-1}; z_t], s_{t-1}) \\
        \hat y_t &= W \tilde h_t + b

    as in [1]_, where :math:`\tilde h_t` is the output of the decoder, with attention also of the
    source, and :math:`z_t` are the known inputs, if there are any. In training, :math:`y_{t-1}` is
    the true target (teacher forcing); in prediction, it is :math:`\hat y_{t-1}`.

    Padding never changes a prediction, up to rounding.

    References
    ----------
    {references}
    .. [10] P. McCullagh, J. A. Nelder, "Generalized linear models", second edition, 1989,
       chapters 6 and 8.

    Examples
    --------
    The next five values of a wave, from any number of earlier ones:

    >>> import numpy as np
    >>> from skrnn import Seq2SeqRegressor
    >>> rng = np.random.default_rng(0)
    >>> begins, n_steps = rng.uniform(0, 6, size=60), rng.integers(8, 14, size=60)
    >>> X = [np.sin(begin + 0.4 * np.arange(n)) for begin, n in zip(begins, n_steps)]
    >>> y = np.sin(begins[:, None] + 0.4 * (n_steps[:, None] + np.arange(5)))
    >>> regressor = Seq2SeqRegressor(units=16, epochs=60, random_state=0).fit(X, y)
    >>> regressor.predict(X[:2]).shape
    (2, 5)
    >>> regressor.score(X, y) > 0.9
    True
    """

    loss: object = inherited(RNNRegressor, "loss", default="auto")
    output_activation: str = inherited(RNNRegressor, "output_activation", default="auto")
    validation_split: float | None = inherited(RNNRegressor, "validation_split", default=None)
    normalize_y: bool = inherited(RNNRegressor, "normalize_y", default=True)

    @with_texts(data=DATA, validation=VALIDATION)
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        groups=None,
        target_inputs=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        target_inputs_val=None,
    ):
        """Train the network.

        Parameters
        ----------
        {data}
        target_inputs : Sequences, list of array-like of shape (L_i, k) or (L_i,), or array-like \
of shape (n, L, k) or (n, L), default=None
            What is known of each time step of the targets in advance, such as a calendar or a plan
            (known future covariates). The decoder receives it at this time step, standardised if
            `standardize=True`. If None, the decoder only receives the target before. Scorers cannot
            pass it to `predict`, so `monitor` must then be "loss", and in a search or a
            cross-validation, `score` must request it; see :doc:`/user_guide/sequence_to_sequence`.
        {validation}
        target_inputs_val : as target_inputs, default=None
            The known inputs at the time steps of the validation targets. Required with `X_val` if
            `target_inputs` is not None.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data do not fit the parameters or each other, or if training diverges. The
            state of an earlier fit is then kept.
        """
        validation = X_val, y_val, sample_weight_val, target_inputs_val
        return self._fit((X, y, sample_weight, target_inputs), validation, groups)

    @with_texts(one_epoch=ONE_EPOCH, more_data=MORE_DATA)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, *, target_inputs=None):
        """Train for one more epoch, on the given data.

        {one_epoch}

        Parameters
        ----------
        {more_data}
        target_inputs : as in `fit`, default=None
            The scales of the first call are kept.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight, target_inputs)

    def predict(self, X, *, lengths=None, target_inputs=None):
        """Predict a sequence of vectors for each sequence.

        Parameters
        ----------
        X : as in `fit`
        lengths : int, array-like of int of shape (n,), or None
            The number of time steps of each prediction. If None, it is that of `target_inputs` if
            they are given, that of the training targets if they all had the same length, or that of
            each source if each training target had the length of its source. Otherwise, it is
            required.
        target_inputs : as in `fit`, default=None
            The known inputs at the time steps of the predictions. Required if `fit` received such
            inputs.

        Returns
        -------
        ndarray of shape (n, L) or (n, L, k), or list of ndarray of shape (L_i,) or (L_i, k)
            An array if all predictions have the same length, otherwise a list, or an object array
            if X is an array.

        Raises
        ------
        ValueError
            If `lengths` is needed and not given, if it is not one positive integer per sequence, or
            if it differs from the lengths of `target_inputs`.
        """
        fitted = fitted_snapshot(self)
        sources = fitted._read_sources(X)
        known = fitted._known(target_inputs, len(sources))
        lengths = fitted._lengths(sources, lengths, known)
        flat = fitted._predict_flat(sources, lengths, known)
        if len(set(lengths.tolist())) == 1:
            return flat.reshape(len(lengths), -1, *flat.shape[1:])
        return in_container_of(X, np.split(flat, np.cumsum(lengths)[:-1]))

    def score(self, X, y, sample_weight=None, *, target_inputs=None):
        """Return R2 over all time steps of the targets.

        Parameters
        ----------
        X, y : as in `fit`
            Predictions have the lengths of `y`, whose missing time steps are left out.
        sample_weight : as in `fit`, default=None
        target_inputs : as in `predict`, default=None

        Returns
        -------
        float
            The coefficient of determination.
        """
        fitted = fitted_snapshot(self)
        sources = fitted._read_sources(X)
        true, counts, is_known = fitted._read_vectors(y, len(sources))
        true = true.astype(np.float64, copy=False)
        n_targets, n_fitted = true.reshape(len(true), -1).shape[1], len(fitted._y_offset)
        if n_targets != n_fitted:
            raise ValueError(
                f"y has {n_targets} targets, but {type(self).__name__} was fitted with {n_fitted}."
            )
        known = fitted._read_target_inputs(target_inputs, counts, _NAMES)
        predicted = fitted._predict_flat(sources, counts, known)
        if sample_weight is None and is_known is None:
            return r2_score(true, predicted)
        read_steps = fitted._step_weights_reader(None, counts)
        _, weights = read_target_weights(
            sample_weight, counts, is_known, read_steps=read_steps, input_name="sample_weight"
        )
        scored = slice(None) if is_known is None else is_known
        return r2_score(true[scored], predicted[scored], sample_weight=weights[scored])

    @with_texts(attention=ATTENTION)
    def attention_weights(self, X, y=None, *, target_inputs=None):
        """Return the attention weights of all time steps of the source.

        Parameters
        ----------
        X : as in `fit`
        y : as in `fit`, default=None
            The targets that the decoder receives. If None, they are the predictions.
        target_inputs : as in `predict`, default=None

        {attention}
        """
        return self._attention_weights(X, y, target_inputs)

    def _predict_flat(self, sources, lengths, known):
        """Return the predictions of all sequences, one after another, in the units of y."""
        return self._codec.decode(np.concatenate(self._write(sources, lengths, known)))

    def _write(self, sources, lengths, known):
        """Return the outputs of the network for each sequence."""
        trained, padded = self._y_scale != 0, self._padded_target_inputs(known)

        def write(decoder, state, rows):
            inputs = None if padded is None else padded[rows]
            written = write_vectors(decoder, state, lengths[rows], trained, inputs)
            return [one[:length] for one, length in zip(written, lengths[rows], strict=True)]

        return self._decode(sources, write)

    def _lengths(self, sources, lengths, known=None):
        """Return the number of time steps of each prediction."""
        if known is not None and lengths is None:
            return np.asarray(known.lengths)
        if known is not None:
            require_counts(known, self._lengths(sources, lengths), "target_inputs", "lengths")
        if lengths is None and self._target_lengths == _AS_SOURCES:
            return np.asarray(sources.lengths)
        if lengths is None:
            lengths = self._target_lengths
        if lengths is None:
            raise ValueError(
                "lengths is needed to predict, because the training targets had different lengths, "
                "which were not those of their sources. Pass the number of time steps to predict."
            )
        found = as_array(lengths, "lengths").ravel().tolist()
        if is_length(lengths):
            found = [lengths] * len(sources)
        if len(found) != len(sources) or not all(is_length(one) for one in found):
            raise ValueError(
                "lengths must be a positive int, or one for each of the "
                f"{len(sources)} sequences, got {lengths!r}."
            )
        return np.array(found, dtype=np.int64)

    def _decoder_inputs(self, sources, X, y, target_inputs=None):
        """Return the inputs of the decoder, and the number of outputs of each target."""
        if y is None:
            known = self._known(target_inputs, len(sources))
            counts = self._lengths(sources, None, known)
            encoded = np.concatenate(self._write(sources, counts, known)) * (self._y_scale != 0)
        else:
            values, counts, is_known = self._read_vectors(y, len(sources))
            known = self._read_target_inputs(target_inputs, counts, _NAMES)
            values = self._without_missing(values, None, counts, is_known)
            encoded = self._codec.encode(values, "y")
        rows = padded_rows(encoded.astype(self.dtype), counts, 0)
        previous = np.concatenate([np.zeros_like(rows[:, :1]), rows[:, :-1]], axis=1)
        padded = self._padded_target_inputs(known)
        return [previous] if padded is None else [previous, padded], counts

    def _read_vectors(self, y, n):
        """Return checked targets, their number for each of `n` sequences, and which are known."""
        y, counts = vector_series(as_list_or_array(y, masks=True), n, "y")
        y, known = split_missing(y, "y")
        return self._check_targets(y), counts, known

    def _start(self):
        codec = self._codec
        # Positive targets are not compared with zero: its logarithm is not finite.
        is_positive = codec.output_activation in POSITIVE_ACTIVATIONS
        start = codec.scale if is_positive else codec.offset
        return start[0] if self._single_target else start

    def _flatten_targets(self, y, inputs, input_name, *, reset, classes):
        values, counts = vector_series(y, len(inputs), input_name)
        if reset:
            lengths = np.asarray(inputs.lengths)
            same = self.encoder is not None and np.array_equal(counts, lengths)
            fixed = int(counts[0]) if (counts == counts[0]).all() else None
            self._target_lengths = _AS_SOURCES if fixed is None and same else fixed
        return values, counts

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
