"""`Seq2SeqRegressor`: from sequences to sequences of vectors."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from skrnn._check_arrays import as_array
from skrnn._fitting import fitted_snapshot, read_weights
from skrnn._parameters import inherited, with_parameters
from skrnn.recurrent._number_targets import NumberTargetsMixin
from skrnn.recurrent._regressor import RNNRegressor
from skrnn.recurrent._seq2seq._base import BaseSeq2Seq, is_length
from skrnn.recurrent._seq2seq._decoding import write_vectors
from skrnn.recurrent._seq2seq._targets import in_container_of, padded_rows, vector_series
from skrnn.sequences._targets import as_list_or_array

# The lengths of predictions if all training targets had the lengths of their sources.
_AS_SOURCES = "sources"


@with_parameters
class Seq2SeqRegressor(RegressorMixin, NumberTargetsMixin, BaseSeq2Seq):
    r"""Encoder-decoder that predicts a sequence of vectors for each sequence.

    An encoder reads the source sequence, and its final states are the first states of a decoder,
    which predicts one vector after another. Sources and targets may have any lengths.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    n_features_in_ : int
        The number of features of a time step of the source.
    input_mean_, input_scale_ : float64 ndarray of shape (n_features,), or None
        With `standardize=True`, the network receives ``(x - input_mean_) / input_scale_``.
    history_ : dict of str to list of float
        The values of "loss" and of each metric, one per epoch, with the true targets as inputs of
        the decoder. With validation data, it also contains the same names with the prefix
        ``"val_"``, and "learning_rate" if `schedule` is not "constant".
    n_iter_ : int
        The number of epochs that the network was trained for.
    weights_ : list of ndarray
        The weights of the network, in Keras' order.
    model_ : keras.Model
        The network with the inputs ``[steps, lengths, previous]``, built at each access.
        `previous` contains the target before each time step as the network receives it, normalised
        with `normalize_y=True`; zeros are the start.

    See Also
    --------
    Seq2SeqClassifier : The same for sequences of tokens.
    RNNRegressor : Predicts one target per sequence, or one per time step.

    Notes
    -----
    With the final states of the encoder as :math:`s_0`,

    .. math::

        s_t &= \mathrm{cell}(y_{t-1}, s_{t-1}) \\
        \hat y_t &= W \tilde h_t + b

    as in [1]_, where :math:`\tilde h_t` is the output of the decoder, with attention also of the
    source. In training, :math:`y_{t-1}` is the true target (teacher forcing); in prediction, it is
    :math:`\hat y_{t-1}`.

    Padding never changes a prediction, up to rounding.

    References
    ----------
    .. [1] I. Sutskever, O. Vinyals, Q. Le, "Sequence to sequence learning with neural networks",
       NIPS 2014.
    .. [2] M.-T. Luong, H. Pham, C. Manning, "Effective approaches to attention-based neural machine
       translation", EMNLP 2015, section 3.1, with the general score, divided by the square root of
       the number of outputs of the encoder, and without input feeding.
    .. [3] D. Bahdanau, K. Cho, Y. Bengio, "Neural machine translation by jointly learning to align
       and translate", ICLR 2015, appendix A.1.2, with the output layer of [2]_.
    .. [4] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
       networks", ICML 2013, section 3.2.
    .. [5] I. Loshchilov, F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", ICLR
       2017, equation 5, without restarts.
    .. [6] L. N. Smith, "A disciplined approach to neural network hyper-parameters: Part 1",
       arXiv:1803.09820, 2018, with the constants of PyTorch's OneCycleLR.
    .. [7] C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?",
       ICLR 2018.
    .. [8] A. Gu et al., "Improving the gating mechanism of recurrent neural networks",
       ICML 2020.
    .. [9] S. Bengio, O. Vinyals, N. Jaitly, N. Shazeer, "Scheduled sampling for sequence prediction
       with recurrent neural networks", NIPS 2015.
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

    def predict(self, X, *, lengths=None):
        """Predict a sequence of vectors for each sequence.

        Parameters
        ----------
        X : as in `fit`
        lengths : int, array-like of int of shape (n,), or None
            The number of time steps of each prediction. If None, it is that of the training
            targets if they all had the same length, or that of each source if each training target
            had the length of its source. Otherwise, it is required.

        Returns
        -------
        ndarray of shape (n, L) or (n, L, k), or list of ndarray of shape (L_i,) or (L_i, k)
            An array if all predictions have the same length, otherwise a list, or an object array
            if X is an array.

        Raises
        ------
        ValueError
            If `lengths` is None although training targets had other lengths, or if it is not one
            positive integer per sequence.
        """
        fitted = fitted_snapshot(self)
        sources = fitted._read_sources(X).sequences
        lengths = fitted._lengths(sources, lengths)
        flat = fitted._predict_flat(sources, lengths)
        if len(set(lengths.tolist())) == 1:
            return flat.reshape(len(lengths), -1, *flat.shape[1:])
        return in_container_of(X, np.split(flat, np.cumsum(lengths)[:-1]))

    def score(self, X, y, sample_weight=None):
        """Return R2 over all time steps of the targets.

        Parameters
        ----------
        X, y : as in `fit`
            Predictions have the lengths of `y`.
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
            The coefficient of determination.
        """
        fitted = fitted_snapshot(self)
        sources = fitted._read_sources(X).sequences
        true, counts = vector_series(as_list_or_array(y), len(sources), "y")
        if sample_weight is not None:
            sample_weight = np.repeat(read_weights(sample_weight, len(sources)), counts)
        predicted = fitted._predict_flat(sources, counts)
        return r2_score(true, predicted, sample_weight=sample_weight)

    def _predict_flat(self, sources, lengths):
        """Return the predictions of all sequences, one after another, in the units of y."""
        return self._codec.decode(np.concatenate(self._write(sources, lengths)))

    def _write(self, sources, lengths):
        """Return the outputs of the network for each sequence."""
        trained = self._y_scale != 0

        def write(decoder, state, rows):
            written = write_vectors(decoder, state, lengths[rows], trained)
            return [one[:length] for one, length in zip(written, lengths[rows], strict=True)]

        return self._decode(sources, write)

    def _lengths(self, sources, lengths):
        """Return the number of time steps of each prediction."""
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

    def _previous(self, sources, X, y):
        """Return the vectors that the decoder receives, and the number of outputs of each."""
        if y is None:
            counts = self._lengths(sources, None)
            encoded = np.concatenate(self._write(sources, counts)) * (self._y_scale != 0)
        else:
            values, counts = vector_series(as_list_or_array(y), len(sources), "y")
            encoded = self._codec.encode(self._check_targets(values), "y")
        rows = padded_rows(encoded.astype(self.dtype), counts, 0)
        return np.concatenate([np.zeros_like(rows[:, :1]), rows[:, :-1]], axis=1), counts

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
