"""`Stream`: predictions after each time step of a sequence that arrives one step at a time."""

from numbers import Integral

import numpy as np

from skrnn._check_arrays import in_words
from skrnn._fitting import fitted_snapshot
from skrnn.recurrent._numpy_network import NumpyNetwork
from skrnn.recurrent._step_reader import StepReader

_MOST_STREAMS = np.iinfo(np.int32).max


class Stream:
    """The predictions of a fitted recurrent estimator, one time step after another.

    :meth:`RNNClassifier.stream <skrnn.RNNClassifier.stream>` and
    :meth:`RNNRegressor.stream <skrnn.RNNRegressor.stream>` return a stream. After each time step,
    it predicts what the estimator predicts for all time steps up to this one. The cost of a time
    step does not depend on the number of earlier ones, because the stream carries the state of the
    network. It computes with NumPy on the fitted weights, and does not import a framework.

    Later fits of the estimator do not change a stream. A stream can be pickled. It must not be used
    by several threads at the same time.

    Attributes
    ----------
    state : tuple of ndarray of shape (n_streams, width)
        The state after the last time step, as a copy.
    n_streams : int or None
        The number of sequences that are read at the same time, or None for a single sequence.

    See Also
    --------
    skrnn.RNNClassifier : Has the method `stream`.
    skrnn.RNNRegressor : Has the method `stream`.

    Notes
    -----
    The state consists of these arrays:

    - the states of the recurrent layers, the first layer first, such as ``h`` and ``c`` of an LSTM;
    - with ``add_differences=True``, the previous time step as the network receives it;
    - the number of time steps so far, if differences or the pooling depend on it;
    - with ``allow_nan=True``, the last known value of each feature as the network receives it, and
      the number of time steps since then, plus one, or 0 if there is none;
    - what the pooling carries: the largest outputs, the sum of the outputs, or the sums of
      attention.

    The weights of attention over all time steps so
    far are exact, because they are rescaled whenever a larger score occurs [1]_.

    References
    ----------
    .. [1] M. Milakov, N. Gimelshein, "Online normalizer calculation for softmax",
       arXiv:1805.02867, 2018, algorithm 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor
    >>> waves = np.sin(np.linspace(0, 6, 40)[:, None] + 0.4 * np.arange(11))
    >>> regressor = RNNRegressor(units=4, epochs=2, random_state=0)
    >>> regressor = regressor.fit(waves[:, :10], waves[:, 10])
    >>> stream = regressor.stream()
    >>> for value in waves[0, :10]:
    ...     predicted = stream.send(value)
    >>> bool(np.isclose(predicted, regressor.predict(waves[:1, :10])[0], atol=1e-5))
    True
    """

    def __init__(self, estimator, *, state=None, method="predict", n_streams=None):
        _check_n_streams(n_streams)
        self._estimator, self.n_streams = estimator, n_streams
        self._method = method
        self._prepare()
        self.reset(state)

    def _prepare(self):
        self._network = NumpyNetwork(self._estimator._spec, self._estimator.weights_)
        self._reader = StepReader(self._estimator, self.n_streams)
        self._decode = _decoder(self._estimator, self._method)

    def __getstate__(self):
        """Return what a pickle contains: the estimator, but not what is derived from it."""
        names = ("_estimator", "n_streams", "_method", "_state")
        return {name: vars(self)[name] for name in names}

    def __setstate__(self, stored):
        """Restore a stream from a pickle."""
        vars(self).update(stored)
        self._prepare()

    @property
    def state(self):
        """The state after the last time step, as a copy."""
        return tuple(array.copy() for array in self._state)

    def reset(self, state=None):
        """Begin a new sequence, or continue one from a state.

        Parameters
        ----------
        state : tuple of ndarray or None, default=None
            As in the method `stream` of the estimator.

        Returns
        -------
        self : Stream

        Raises
        ------
        ValueError
            If `state` is not a state of this network and of `n_streams` sequences.
        """
        layout, n = self._network.layout, 1 if self.n_streams is None else self.n_streams
        self._state = layout.fresh(n) if state is None else layout.check(state, n, "state")
        return self

    def send(self, x):
        """Read one time step, and return the prediction after it.

        Parameters
        ----------
        x : array-like of shape (n_features,), number, or int
            The time step: a vector, a number if there is one feature, a token id with `embedding`,
            or a sparse one-hot row of shape (1, n_features). With `n_streams`, one for each
            stream, in an array of shape (n_streams, n_features) or (n_streams,).

        Returns
        -------
        scalar, or ndarray of shape (k,)
            What the estimator predicts for one sequence, or for its last time step with
            `return_sequences=True`. With `n_streams`, an array of shape (n_streams,) or
            (n_streams, k).

        Raises
        ------
        ValueError
            If `x` is not a valid time step. The state is then kept.
        """
        pooled, self._state = self._network.advance(self._reader.read_step(x), self._state)
        decoded = self._decode(self._network.head.outputs(pooled))
        return decoded[0] if self.n_streams is None else decoded

    def send_many(self, X):
        """Read many time steps, and return the prediction after each of them.

        Parameters
        ----------
        X : array-like of shape (T, n_features) or (T,), DataFrame, or sparse matrix of shape \
(T, n_features)
            The time steps of one sequence. With `n_streams`, a batch of `n_streams` sequences of
            equal length, as in `predict`.

        Returns
        -------
        ndarray of shape (T,) or (T, k)
            The predictions that `send` returns for these time steps. With `n_streams`, an array of
            shape (n_streams, T) or (n_streams, T, k).

        Raises
        ------
        ValueError
            If `X` contains something that is not a valid time step. The state is then kept.
        """
        steps, state, rows = self._reader.read_many(X), self._state, []
        for t in range(steps.shape[1]):
            pooled, state = self._network.advance(steps[:, t], state)
            rows.append(pooled)
        outputs = self._network.head.outputs(np.concatenate(rows))
        decoded = self._decode(outputs)
        self._state = state
        if self.n_streams is None:
            return decoded
        by_step = decoded.reshape(len(rows), self.n_streams, *decoded.shape[1:])
        return by_step.swapaxes(0, 1)


def _decoder(estimator, method):
    """Return the function that decodes the outputs of the network.

    Raises
    ------
    ValueError
        If the estimator does not have the method.
    """
    codec = estimator._codec
    methods = {"predict": codec.decode}
    if hasattr(codec, "probabilities"):
        methods["predict_proba"] = codec.probabilities
    if not isinstance(method, str) or method not in methods:
        raise ValueError(
            f"method must be {' or '.join(map(repr, methods))} for a stream of "
            f"{type(estimator).__name__}, got {in_words(method)}."
        )
    return methods[method]


def _check_n_streams(n_streams):
    is_count = isinstance(n_streams, Integral) and not isinstance(n_streams, bool)
    if n_streams is not None and not (is_count and 1 <= n_streams <= _MOST_STREAMS):
        raise ValueError(
            f"n_streams must be None or an int from 1 to {_MOST_STREAMS}, got "
            f"{in_words(n_streams)}."
        )


class StreamMixin:
    """The method `stream` of the recurrent estimators."""

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
        n_streams : int or None, default=None
            The number of sequences that are read at the same time, one time step of each per call.
            If None, the stream reads one sequence, and its time steps and predictions do not have
            an axis of sequences.

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
