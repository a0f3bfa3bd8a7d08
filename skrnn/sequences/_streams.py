"""`Stream`: predictions after each time step of a sequence that arrives one step at a time.

A fitted estimator provides a network that reads time steps, carries a state from one to the next,
and predicts. The state is a plain tuple of arrays, which `Slot` describes.
"""

from numbers import Integral
from typing import NamedTuple, Protocol

import numpy as np

from skrnn._check_arrays import in_words
from skrnn.sequences._step_reader import StepReader

_MOST_STREAMS = np.iinfo(np.int32).max

# The entry in the docstring of each method `stream`.
N_STREAMS = """\
n_streams : int or None, default=None
    The number of sequences that are read at the same time, one time step of each per call.
    If None, the stream reads one sequence, and its time steps and predictions do not have
    an axis of sequences.
"""


class Slot(NamedTuple):
    """One array of a state, of shape (n_sequences, width).

    Parameters
    ----------
    name : str
    width : int
    dtype : str
    fresh : float
        The value before the first time step.
    """

    name: str
    width: int
    dtype: str
    fresh: float = 0.0


def fresh_state(slots, n):
    """Return the state of `n` sequences before their first time step.

    Parameters
    ----------
    slots : list of Slot
    n : int
    """
    return tuple(np.full((n, slot.width), slot.fresh, slot.dtype) for slot in slots)


def check_state(slots, state, n, input_name):
    """Return a state that was given for `n` sequences, as arrays of their dtypes.

    Parameters
    ----------
    slots : list of Slot
    state : tuple of ndarray
    n : int
    input_name : str

    Raises
    ------
    ValueError
        If it is not a state of this network for `n` sequences.
    """
    expected = ", ".join(f"{slot.name} ({n}, {slot.width})" for slot in slots)
    if not isinstance(state, tuple | list) or len(state) != len(slots):
        length = f" of length {len(state)}" if isinstance(state, tuple | list) else ""
        raise ValueError(
            f"{input_name} must be a tuple of {len(slots)} arrays: {expected}; got "
            f"{in_words(state)}{length}."
        )
    return tuple(
        _check_array(array, slot, n, input_name) for array, slot in zip(state, slots, strict=True)
    )


def _check_array(array, slot, n, input_name):
    array = np.asarray(array)
    if array.dtype.kind not in "iuf" or array.shape != (n, slot.width):
        raise ValueError(
            f"{input_name} must contain an array of numbers of shape ({n}, {slot.width}) for the "
            f"{slot.name}, got {array.dtype} of shape {array.shape}."
        )
    valid = np.isfinite(array) | (array == slot.fresh)
    if not valid.all():
        raise ValueError(
            f"{input_name} must contain finite numbers for the {slot.name}, got {array[~valid][0]}."
        )
    return array.astype(slot.dtype)


class StreamNetwork(Protocol):
    """What an estimator provides for a stream, by its method ``_stream_network``.

    Attributes
    ----------
    slots : list of Slot
        The arrays of a state.
    reader : StepReader
    """

    slots: list
    reader: StepReader

    def fresh(self, n):
        """Return the state of `n` sequences before their first time step."""

    def advance(self, x, state):
        """Read one time step.

        `x` is the return value of ``reader.read_step``, and `state` is the state before it. Returns
        one row for each sequence, from which `predict` predicts, and the state after it.
        """

    def predict(self, rows):
        """Return what the method of the estimator returns for some rows."""


def decoder_named(method, decoders, estimator):
    """Return the function that decodes the outputs of a network for a stream.

    Parameters
    ----------
    method : str
        The parameter of a stream.
    decoders : dict of str to callable
        The functions by the names of the methods of the estimator.
    estimator : estimator

    Raises
    ------
    ValueError
        If the estimator does not have the method.
    """
    if not isinstance(method, str) or method not in decoders:
        raise ValueError(
            f"method must be {' or '.join(map(repr, decoders))} for a stream of "
            f"{type(estimator).__name__}, got {in_words(method)}."
        )
    return decoders[method]


class Stream:
    """The predictions of a fitted estimator, one time step after another.

    The method `stream` of the recurrent estimators and of the echo state estimators returns a
    stream. After each time step, it predicts what the estimator predicts for all time steps up to
    this one. The cost of a time step does not depend on the number of earlier ones, because the
    stream carries the state of the network. It computes with NumPy on the fitted weights, and does
    not import a framework.

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
    skrnn.EchoStateClassifier : Has the method `stream`.
    skrnn.EchoStateRegressor : Has the method `stream`.

    Notes
    -----
    The state of a recurrent estimator consists of these arrays:

    - the states of the recurrent layers, the first layer first, such as ``h`` and ``c`` of an LSTM;
    - with ``add_differences=True``, the previous time step as the network receives it;
    - the number of time steps so far, if differences or the pooling depend on it;
    - with ``allow_nan=True``, the last known value of each feature as the network receives it, and
      the number of time steps since then, plus one, or 0 if there is none;
    - what the pooling carries: the largest outputs, the sum of the outputs, or the sums of
      attention.

    The weights of attention over all time steps so far are exact, because they are rescaled
    whenever a larger score occurs [1]_.

    The state of an echo state estimator consists of the states of its layers, of the output that is
    fed back if there is feedback, and of what the pooling carries: the number of time steps, the
    means and the squared deviations, or the sums from which the linear model of "model_space" is
    solved.

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
        self._network = self._estimator._stream_network(self._method, self.n_streams)

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
        n = 1 if self.n_streams is None else self.n_streams
        if state is None:
            self._state = self._network.fresh(n)
        else:
            self._state = check_state(self._network.slots, state, n, "state")
        return self

    def send(self, x):
        """Read one time step, and return the prediction after it.

        Parameters
        ----------
        x : array-like of shape (n_features,), number, or int
            The time step: a vector, a number if there is one feature, a token id with `embedding`,
            or a sparse one-hot row of shape (1, n_features). With categorical features, a list, a
            dict from names to values, or a DataFrame of one row. With `n_streams`, one for each
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
        step = self._network.reader.read_step(x)
        row, self._state = self._network.advance(step, self._state)
        decoded = self._network.predict(row)
        return _of_each(lambda one: one[0], decoded) if self.n_streams is None else decoded

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
        steps, state, rows = self._network.reader.read_many(X), self._state, []
        for t in range(steps.shape[1]):
            row, state = self._network.advance(steps[:, t], state)
            rows.append(row)
        decoded = self._network.predict(np.concatenate(rows))
        self._state = state
        if self.n_streams is None:
            return decoded
        shape = len(rows), self.n_streams
        return _of_each(lambda one: one.reshape(*shape, *one.shape[1:]).swapaxes(0, 1), decoded)


def _of_each(function, decoded):
    """Apply a function to what a method returns: one array, or one for each class output."""
    return [function(one) for one in decoded] if isinstance(decoded, list) else function(decoded)


def _check_n_streams(n_streams):
    is_count = isinstance(n_streams, Integral) and not isinstance(n_streams, bool)
    if n_streams is not None and not (is_count and 1 <= n_streams <= _MOST_STREAMS):
        raise ValueError(
            f"n_streams must be None or an int from 1 to {_MOST_STREAMS}, got "
            f"{in_words(n_streams)}."
        )
