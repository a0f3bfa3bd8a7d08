"""The base of the sequence-to-sequence estimators: parameters, fit, and the encoder."""

from numbers import Integral, Real

from scipy import sparse

from skrnn._cells import CELLS
from skrnn._check_arrays import as_array
from skrnn._fitting import fitted_snapshot
from skrnn._parameters import parameter, with_parameters
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn._specs import DecoderSpec
from skrnn.recurrent._data import ids_as_rows, read_sequences
from skrnn.recurrent._numpy_activations import numpy_activation
from skrnn.recurrent._parameters import LayerParameters
from skrnn.recurrent._seq2seq._numpy_decoder import NumpyDecoder
from skrnn.recurrent._trained import BaseTrained

# The states of "lru" are not only its outputs, and no gate can hold them while others are padded.
_CELLS = tuple(cell for cell in CELLS if cell != "lru")
# The most hypotheses that are decoded at once, so that memory is bounded for large vocabularies.
_MOST_HYPOTHESES = 2048


@with_parameters
class DecoderParameters(LayerParameters):
    """The parameters of the sequence-to-sequence estimators that describe their network."""

    cell: str = parameter(
        default="lstm",
        constraint=[StrOptions(set(_CELLS))],
        spec=lambda cell: cell,
        description="""
        str
        The recurrent cell of the encoder and of the decoder. :doc:`/user_guide/cells` compares
        them: "simple", "lstm", "gru", "minimal_gru", "gru_reset_before", "peephole_lstm", "irnn",
        "indrnn", "refine_lstm", "refine_gru", "mingru" and "minlstm".
        """,
    )
    units: int | tuple = parameter(
        default=128,
        constraint=LayerParameters._parameter_constraints["units"],
        spec=LayerParameters.__dataclass_fields__["units"].metadata["spec"],
        description="""
        int or tuple of int
        The size of the hidden state of the encoder and of the decoder. A tuple stacks layers, with
        one entry for each.
        """,
    )
    bidirectional: bool = parameter(
        default=False,
        constraint=["boolean"],
        spec=bool,
        description="""
        bool
        Whether each layer of the encoder also reads the source from its end to its start, with a
        second set of weights. The first states of the decoder are then linear functions of the
        final states of both directions.
        """,
    )
    encoder: str | None = parameter(
        default="recurrent",
        constraint=[StrOptions({"recurrent"}), None],
        description="""
        "recurrent" or None
        If None, each sample of X is a single vector or, with `embedding`, a single token, and the
        first states of the decoder are linear functions of it (one-to-many). X is then an array of
        shape (n, n_features), or of shape (n,) or (n, 1) for tokens.
        """,
    )
    attention: str | None = parameter(
        default=None,
        constraint=[StrOptions({"luong", "bahdanau"}), None],
        description="""
        {"luong", "bahdanau"} or None
        How the decoder uses the outputs of the encoder at all time steps of the source. If None,
        it only receives the final states of the encoder, which have to hold the whole source.
        Otherwise, it also receives a weighted mean of these outputs. "luong" [2]_ computes the
        weights from the output of the decoder, for all time steps of the target at once.
        "bahdanau" [3]_ computes them from the state of the decoder before each time step, and
        takes several times as long. Try "luong" if sources have more than about ten
        time steps. Must be None if `encoder` is None.
        """,
    )
    scheduled_sampling: float = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, 1, closed="left")],
        spec=None,
        description="""
        float in [0, 1)
        The probability with which the decoder receives, in training, its own prediction for the
        time step before in place of the true target (scheduled sampling [9]_). 0 is teacher
        forcing. Try 0.1 to 0.5 if predictions are good at first and go wrong later. It takes a
        second pass of the decoder: the predictions are those of a first pass with the true targets,
        not those that would follow from earlier replaced targets.
        """,
    )


class BaseSeq2Seq(BaseTrained, DecoderParameters):
    """Base of the sequence-to-sequence estimators; not for direct use."""

    # What the recurrent estimators with equal lengths let the user choose.
    return_sequences, pooling = True, "last"
    add_differences, allow_nan, body = False, False, None
    truncation, gradient_penalty = None, 0.0

    def _validate_params(self):
        super()._validate_params()
        if self.encoder is None and self.attention is not None:
            raise ValueError(
                f"attention={self.attention!r} looks at the outputs of an encoder, but encoder is "
                "None. Use attention=None or encoder='recurrent'."
            )
        if self.activation != "auto":
            numpy_activation(self.activation)  # refuses those that the decoder cannot compute

    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        groups=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train the network.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The source sequences: numeric time steps, or token ids with `embedding`. With
            ``encoder=None``, an array-like of shape (n, n_features), or of tokens and shape (n,).
        y : list or array-like
            The target sequences, one per source sequence, of any lengths.
        sample_weight : array-like of shape (n,), default=None
            The weight of each pair of sequences. Only the ratios of the weights matter. If None,
            all pairs have the same weight.
        groups : array-like of shape (n,), default=None
            The group of each pair. No group is split between training and validation. Only used
            when a part is held out, see `validation_split`.
        X_val, y_val : as X and y, default=None
            Validation data. Their loss and metrics, with the true targets as inputs of the decoder,
            are reported in `history_`. With `early_stopping=True`, their loss or score decides when
            training stops.
        sample_weight_val : array-like, default=None
            The weights of the validation data.

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
        return super().fit(
            self._as_sources(X),
            y,
            sample_weight,
            groups=groups,
            X_val=self._as_sources(X_val),
            y_val=y_val,
            sample_weight_val=sample_weight_val,
        )

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one more epoch, on the given data.

        Parameters
        ----------
        X, y : as in `fit`
            The tokens and the scales of the first call are kept.
        sample_weight : array-like of shape (n,), default=None
            The weight of each pair of sequences.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(self._as_sources(X), y, sample_weight)

    def _as_sources(self, X):
        """Return X as sequences, each of one time step if there is no encoder."""
        if self.encoder is not None or X is None:
            return X
        X = X.toarray() if sparse.issparse(X) else as_array(X, "X")
        if self.embedding is not None:
            if X.ndim == 1 or X.shape[1:] == (1,):
                return X.reshape(-1, 1)
        elif X.ndim == 2:
            return X[:, None]
        expected = "(n,)" if self.embedding is not None else "(n, n_features)"
        raise ValueError(
            f"With encoder=None, X must have the shape {expected}, one per target sequence, got "
            f"an array of shape {X.shape}."
        )

    def _decoder_spec(self, n_outputs):
        return DecoderSpec(
            has_encoder=self.encoder is not None,
            attention=self.attention,
            embedding=self._target_embedding(n_outputs),
            scheduled_sampling=float(self.scheduled_sampling),
        )

    def _target_embedding(self, n_outputs):
        """Return the shape of the embedding of previous targets, or None for numbers."""

    def _read_sources(self, X):
        return ids_as_rows(self._vocabulary, read_sequences(self, self._as_sources(X)))

    def _decode(self, sources, write, *, width=1):
        """Write a target sequence for each source.

        Parameters
        ----------
        sources : Sequences
        write : callable
            A function of the decoder, of its state before the first time step, and of the indices
            of some sources, whose result is an array with one row per source.
        width : int, default=1
            The number of hypotheses of each source.

        Returns
        -------
        list of ndarray
            The rows of all results.
        """
        from skrnn.networks.inference import encode

        decoder, lengths = NumpyDecoder(self._spec, self.weights_), sources.lengths
        results = [None] * len(sources)
        most = max(1, _MOST_HYPOTHESES // width)

        def collect(rows, *encoded):
            for first in range(0, len(rows), most):
                some = slice(first, first + most)
                state = decoder.begin([array[some] for array in encoded], lengths[rows[some]])
                for row, result in zip(rows[some], write(decoder, state, rows[some]), strict=True):
                    results[row] = result

        encode(collect, self._spec, self.weights_, sources, standardization=self._standardization)
        return results

    def _forced(self, sources, previous, counts, name="model"):
        """Return what the network computes if the decoder receives the given targets."""
        from skrnn.networks.inference import teacher_forced

        return teacher_forced(
            previous,
            counts,
            self._spec,
            self.weights_,
            sources,
            name,
            standardization=self._standardization,
        )

    def attention_weights(self, X, y=None):
        """Return the attention weights of all time steps of the source.

        Parameters
        ----------
        X : as in `fit`
        y : as in `fit`, default=None
            The targets that the decoder receives. If None, they are the predictions.

        Returns
        -------
        list of ndarray of shape (L_i, T_i)
            One row per time step of the target, with a sum of one. If targets are tokens, there is
            a last row for the stop token.

        Raises
        ------
        ValueError
            If the estimator was fitted with ``attention=None``.
        """
        fitted = fitted_snapshot(self)
        if fitted._spec.decoder.attention is None:
            raise ValueError(
                "attention_weights needs an estimator that was fitted with attention='luong' or "
                "'bahdanau', got attention=None."
            )
        sources = fitted._read_sources(X).sequences
        previous, counts = fitted._previous(sources, X, y)
        return fitted._forced(sources, previous, counts, "attention")


def is_length(value):
    """Return whether a value is a positive integer."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1
