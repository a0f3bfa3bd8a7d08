"""Streams of the recurrent estimators: their networks, one time step after another."""

from skrnn._fitting import fitted_snapshot
from skrnn._parameters import with_texts
from skrnn.recurrent._data import ids_as_rows, read_sequences
from skrnn.recurrent._mixed_step_reader import MixedStepReader
from skrnn.recurrent._numpy_network import NumpyNetwork
from skrnn.sequences._step_reader import StepReader
from skrnn.sequences._streams import N_STREAMS, Stream, decoder_named
from skrnn.sequences._tokens import PADDING, UNKNOWN


class RecurrentStreamNetwork:
    """The network of a fitted estimator, for a stream; see `StreamNetwork`.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        A snapshot of a fitted estimator.
    method : str
        The method of the estimator whose return values are computed.
    n_streams : int or None
        The number of sequences that are read at the same time.

    Raises
    ------
    ValueError
        If the estimator does not have the method, or if its state cannot be carried.
    """

    def __init__(self, estimator, method, n_streams):
        network, codec = NumpyNetwork(estimator._spec, estimator.weights_), estimator._codec
        self.reader = _reader(estimator, n_streams)
        self.slots, self.fresh = network.layout.slots, network.layout.fresh
        self.advance, self._outputs = network.advance, network.head.outputs
        decoders = {"predict": codec.decode}
        if hasattr(codec, "probabilities"):
            decoders["predict_proba"] = codec.probabilities
        self._decode = decoder_named(method, decoders, estimator)

    def predict(self, rows):
        """Return what the method of the estimator returns for inputs of the output layer."""
        return self._decode(self._outputs(rows))


def _reader(estimator, n_streams):
    """Return what reads time steps as `predict` reads them."""
    vocabulary, known = estimator._vocabulary, estimator._standardization
    step_format, dtype = estimator._step_format, estimator._spec.dtype

    def read(batch, input_name):
        inputs = read_sequences(estimator, batch, input_name=input_name)
        if step_format.tokens:
            _refuse_padding(inputs, input_name)
        sequences = ids_as_rows(vocabulary, inputs, input_name).sequences
        return sequences if known is None else known.apply(sequences, dtype)

    format_of_steps = read, step_format.n_features, dtype, n_streams
    if step_format.categorical:
        names = getattr(estimator, "feature_names_in_", None)
        return MixedStepReader(
            *format_of_steps,
            standardization=known,
            tables=vocabulary,
            names=None if names is None else list(names),
        )
    return StepReader(
        *format_of_steps,
        standardization=known,
        known=vocabulary and vocabulary.known,
    )


def _refuse_padding(inputs, input_name):
    if inputs.padded or (inputs.sequences.concatenate() == PADDING).any():
        raise ValueError(
            f"{input_name} contains the token id {PADDING}, which stands for padding. A stream "
            f"does not have padding: send real tokens only, or {UNKNOWN} for an unknown token."
        )


class StreamMixin:
    """The method `stream` of the recurrent estimators."""

    def _stream_network(self, method, n_streams):
        return RecurrentStreamNetwork(self, method, n_streams)

    @with_texts(n_streams=N_STREAMS)
    def stream(self, state=None, *, method="predict", n_streams=None):
        """Return an object that predicts after each time step of a sequence.

        Its method `send` reads one time step, carries the state of the network, and returns the
        prediction for all time steps so far. A call takes microseconds, and loads no framework.
        :doc:`/user_guide/streams` has examples.

        Parameters
        ----------
        state : tuple of ndarray or None, default=None
            The state after earlier time steps: the attribute `state` of another stream, or the
            state that `predict` returns with ``return_state=True``. If None, a new sequence begins.
        method : {"predict", "predict_proba"}, default="predict"
            The method of the estimator whose return values the stream computes. A regressor only
            has "predict".
        {n_streams}

        Returns
        -------
        Stream

        Raises
        ------
        ValueError
            If the network is bidirectional, has a custom `body` or `cell`, or has a cell or an
            activation that streams do not support; if the estimator does not have `method`; or if
            `state` is not a state of this network.
        """
        return Stream(fitted_snapshot(self), state=state, method=method, n_streams=n_streams)
