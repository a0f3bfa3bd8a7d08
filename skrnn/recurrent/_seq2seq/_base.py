"""The base of the sequence-to-sequence estimators: parameters, fit, and the encoder."""

from abc import abstractmethod
from functools import partial
from numbers import Integral, Real

from scipy import sparse

from skrnn._cells import CELLS
from skrnn._check_arrays import as_array
from skrnn._fitting import fitted_snapshot
from skrnn._parameters import inherited, parameter, with_parameters, with_texts
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn._specs import DecoderSpec
from skrnn.recurrent._data import ids_as_rows, read_sequences
from skrnn.recurrent._layer_parameters import LayerParameters
from skrnn.recurrent._numpy_activations import numpy_activation
from skrnn.recurrent._seq2seq._numpy_decoder import NumpyDecoder
from skrnn.recurrent._seq2seq._targets import with_last_known
from skrnn.recurrent._seq2seq._texts import ATTENTION, DATA, MORE_DATA, ONE_EPOCH, VALIDATION
from skrnn.recurrent._trained import BaseTrained
from skrnn.sequences._other_libraries import is_frame
from skrnn.sequences._target_series import weight_series

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
    activation: str = inherited(
        LayerParameters,
        "activation",
        default="auto",
        more="""\
        A function must be one of `keras.activations`, because predictions are computed with NumPy.
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

    # For the messages of functions that need another network.
    _network_hint = (
        "Its network is its attribute `model_`, a Keras model with the inputs steps, lengths, "
        "previous targets and, if there are any, target inputs."
    )
    # What the recurrent estimators with equal lengths let the user choose.
    return_sequences, pooling = True, "last"
    _n_target_inputs = 0
    add_differences, allow_nan, body, categorical_features = False, False, None, None
    truncation, gradient_penalty = None, 0.0
    _may_miss_targets = True
    # Whether the last time step of each target is a stop token.
    _has_stops = False

    def _validate_params(self):
        if isinstance(self.cell, str) and self.cell == "lru":
            raise ValueError(
                f"cell='lru' is not available in {type(self).__name__}: it has no gate that could "
                "hold its states at the padding of shorter sources. Use another cell, such as "
                "'mingru', which is also computed as a scan."
            )
        super()._validate_params()
        if self.encoder is None and self.attention is not None:
            raise ValueError(
                f"attention={self.attention!r} looks at the outputs of an encoder, but encoder is "
                "None. Use attention=None or encoder='recurrent'."
            )
        if self.activation != "auto":
            numpy_activation(self.activation)  # refuses those that the decoder cannot compute

    @with_texts(data=DATA, validation=VALIDATION)
    @_fit_context(prefer_skip_nested_validation=True)
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
        {data}
        {validation}

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
        return self._fit((X, y, sample_weight), (X_val, y_val, sample_weight_val), groups)

    @with_texts(one_epoch=ONE_EPOCH, more_data=MORE_DATA)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one more epoch, on the given data.

        {one_epoch}

        Parameters
        ----------
        {more_data}

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def _as_sequences(self, X, input_name):
        if self.encoder is not None or X is None:
            return X, None
        given = X
        X = X.toarray() if sparse.issparse(X) else as_array(X, input_name)
        if self.embedding is not None:
            if X.ndim == 1 or X.shape[1:] == (1,):
                return X.reshape(-1, 1), None
        elif X.ndim == 2:
            return X[:, None], given if is_frame(given) else X
        expected = "(n,)" if self.embedding is not None else "(n, n_features)"
        raise ValueError(
            f"With encoder=None, {input_name} must have the shape {expected}, one per target "
            f"sequence, got an array of shape {X.shape}."
        )

    def _decoder_spec(self, n_outputs):
        return DecoderSpec(
            has_encoder=self.encoder is not None,
            attention=self.attention,
            embedding=self._target_embedding(n_outputs),
            scheduled_sampling=float(self.scheduled_sampling),
            n_inputs=self._n_target_inputs,
        )

    def _target_embedding(self, n_outputs):
        """Return the shape of the embedding of previous targets, or None for numbers."""

    def _step_weights_reader(self, inputs, counts):
        return partial(weight_series, counts=counts, has_stops=self._has_stops)

    @abstractmethod
    def _start(self):
        """Return what replaces missing targets before the first known one of a sequence."""

    def _without_missing(self, y, weights, counts, known):
        # A target of weight zero that is known is an input of the decoder.
        return y if known is None else with_last_known(y, counts, known, self._start())

    def _read_sources(self, X):
        return ids_as_rows(self._vocabulary, read_sequences(self, X)).sequences

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

    def _forced(self, sources, inputs, counts, name="model"):
        """Return what the network computes if the decoder receives the given inputs."""
        from skrnn.networks.inference import teacher_forced

        return teacher_forced(
            inputs,
            counts,
            self._spec,
            self.weights_,
            sources,
            name,
            standardization=self._standardization,
        )

    @with_texts(attention=ATTENTION)
    def attention_weights(self, X, y=None):
        """Return the attention weights of all time steps of the source.

        Parameters
        ----------
        X : as in `fit`
        y : as in `fit`, default=None
            The targets that the decoder receives. If None, they are the predictions.

        {attention}
        """
        return self._attention_weights(X, y)

    def _attention_weights(self, X, *targets):
        """Return the attention weights of all time steps of the source."""
        fitted = fitted_snapshot(self)
        if fitted._spec.decoder.attention is None:
            raise ValueError(
                "attention_weights needs an estimator that was fitted with attention='luong' or "
                "'bahdanau', got attention=None."
            )
        sources = fitted._read_sources(X)
        return fitted._forced(sources, *fitted._decoder_inputs(sources, X, *targets), "attention")


def is_length(value):
    """Return whether a value is a positive integer."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1
