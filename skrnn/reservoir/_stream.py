"""Streams of the echo state estimators: reservoir and readout, one time step after another."""

import numpy as np

from skrnn._fitting import fitted_snapshot
from skrnn._parameters import with_texts
from skrnn.reservoir._consistency import check_unchanged
from skrnn.reservoir._examples import read_scaled
from skrnn.reservoir._pooling import uses_washout
from skrnn.reservoir._readout_rows import dense_steps
from skrnn.reservoir._running_pooling import RunningPooling
from skrnn.reservoir._time_loop import Drive, layer_runners
from skrnn.sequences import Sequences
from skrnn.sequences._sequences import offsets_of
from skrnn.sequences._step_reader import StepReader
from skrnn.sequences._streams import N_STREAMS, Slot, Stream, decoder_named, fresh_state


class EchoStateStreamNetwork:
    """The reservoir and the readout of a fitted estimator, for a stream; see `StreamNetwork`.

    Parameters
    ----------
    estimator : EchoStateRegressor or EchoStateClassifier
        A snapshot of a fitted estimator.
    method : str
        The method of the estimator whose return values are computed.
    n_streams : int or None
        The number of sequences that are read at the same time.

    Raises
    ------
    ValueError
        If the estimator does not have the method, or if it needs later time steps.
    """

    def __init__(self, estimator, method, n_streams):
        self._network, self._readout = estimator._network(), estimator._readout
        _require_stream(self._network)
        self._decode = decoder_named(method, estimator._decoders(), estimator)
        self._as_feedback, dynamics = estimator._targets.as_feedback, self._network.dynamics
        self.reader = _reader(estimator, dynamics.dtype, n_streams)
        drive = Drive(activation=dynamics.activation)
        self._runners = layer_runners(dynamics.layers, drive, 1 if n_streams is None else n_streams)
        self.slots = [
            Slot(f"state of layer {i}", layer.units, dynamics.dtype)
            for i, layer in enumerate(dynamics.layers)
        ]
        if dynamics.has_feedback:
            n_outputs = len(self._readout.intercept)
            self.slots.append(Slot("output that is fed back", n_outputs, "float64"))
        self._pooling = None if self._network.pooling is None else RunningPooling(self._network)
        if self._pooling is not None:
            self.slots += self._pooling.slots

    def fresh(self, n):
        """Return the state in which `predict` begins."""
        state, start = fresh_state(self.slots, n), self._network.start
        if start is None:
            return state
        known = [*start.states, start.target]
        return tuple(
            np.tile(one, (n, 1)).astype(slot.dtype)
            for one, slot in zip(known, self.slots, strict=False)
        )

    def advance(self, x, state):
        """Read one time step, and return the rows of the readout and the next state."""
        n_layers = len(self._runners)
        feedback, inputs = None, np.ascontiguousarray(x.T)[None]
        if self._network.dynamics.has_feedback:
            feedback = state[n_layers].T[None]
        after, before = [], [np.ascontiguousarray(one.T) for one in state[:n_layers]]
        for runner, states in zip(self._runners, before, strict=True):
            states, inputs = runner.run(states, inputs, feedback)
            after.append(states.T)
        received = [x] if self._network.readout_input else []
        rows = np.concatenate([*after, *received], axis=1, dtype=np.float64)
        if feedback is not None:
            after.append(self._as_feedback(self._readout.outputs(rows).T).T)
        if self._pooling is not None:
            rows, carried = self._pooling.update(rows, state[n_layers:])
            after += carried
        return rows, tuple(after)

    def predict(self, rows):
        """Return what the method of the estimator returns for rows of the readout."""
        return self._decode(self._readout.outputs(rows))


def _require_stream(network):
    """Check that each prediction follows from a state and the next time step.

    Raises
    ------
    ValueError
    """
    if network.dynamics.backward_layers:
        raise ValueError(
            "A stream cannot be used with bidirectional=True, because the backward direction reads "
            "each sequence from its end. Set bidirectional=False."
        )
    if network.n_static:
        raise ValueError(
            "A stream does not support static features. Fit the estimator with static=None."
        )
    washout = network.dynamics.washout
    if network.pooling is not None and washout and uses_washout(network.pooling):
        raise ValueError(
            f"A stream predicts after each time step, but pooling={network.pooling!r} leaves out "
            f"the first washout={washout} time steps of a sequence, so that there is no prediction "
            "after them. Use washout=0 or pooling='last'."
        )


def _reader(estimator, dtype, n_streams):
    """Return what reads time steps as `predict` reads them."""
    n_features = estimator._step_format.n_features

    def read(batch, input_name):
        # With rows="steps", a series is a table, and not one of several sequences.
        parts = batch if estimator.rows == "steps" else [batch]
        found = [read_scaled(estimator, part, dtype, input_name).sequences for part in parts]
        lengths = np.concatenate([sequences.lengths for sequences in found])
        positions = [sequences.step_index() for sequences in found]
        steps = [
            dense_steps(sequences, at, n_features)
            for sequences, at in zip(found, positions, strict=True)
        ]
        return Sequences(np.concatenate(steps, dtype=dtype), offsets_of(lengths), lengths)

    return StepReader(
        read, n_features, dtype, n_streams, standardization=estimator._standardization
    )


class EchoStateStreamMixin:
    """The method `stream` of the echo state estimators."""

    def _stream_network(self, method, n_streams):
        return EchoStateStreamNetwork(self, method, n_streams)

    @with_texts(n_streams=N_STREAMS)
    def stream(self, state=None, *, method="predict", n_streams=None):
        """Return an object that predicts after each time step of a sequence.

        Its method `send` reads one time step, carries the state of the reservoir, and returns the
        prediction for all time steps so far. :doc:`/user_guide/streams` has examples.

        Parameters
        ----------
        state : tuple of ndarray or None, default=None
            The state after earlier time steps, which is the attribute `state` of another stream. If
            None, a new sequence begins; with `initial_state="fit_end"`, the stream continues the
            training series. With feedback, the estimator's own outputs are fed back.
        method : {"predict", "predict_proba", "decision_function"}, default="predict"
            The method of the estimator whose return values the stream computes. A regressor only
            has "predict".
        {n_streams}

        Returns
        -------
        :class:`~skrnn.recurrent.Stream`

        Raises
        ------
        ValueError
            If the reservoir is bidirectional; if a pooling other than "last" leaves out a
            `washout`, so that the first time steps do not have a prediction; if the estimator
            does not have `method`; or if `state` is not a state of this estimator.

        Notes
        -----
        A stream reads every time step, also if the reservoir has a `chunk_overlap`, with which
        `predict` is an approximation for one long series. After each time step, the pooling
        "model_space" solves a linear system of 41 equations, which takes longer than the rest.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn import EchoStateRegressor
        >>> time = np.arange(400)
        >>> X, y = np.sin(0.3 * time[:-1, None]), np.sin(0.3 * time[1:])
        >>> network = EchoStateRegressor(units=50, rows="steps", random_state=0).fit(X, y)
        >>> stream = network.stream()
        >>> one_by_one = [stream.send(x) for x in X[:20]]
        >>> bool(np.allclose(one_by_one, network.predict(X[:20]), atol=1e-6))
        True
        """
        fitted = fitted_snapshot(self)
        check_unchanged(fitted)
        return Stream(fitted, state=state, method=method, n_streams=n_streams)
