"""The methods of a fitted echo state estimator: predictions, states, generation and scores.

Each method first takes a snapshot of the fitted attributes, so that all that it reads belongs to
one fit.
"""

from abc import ABCMeta, abstractmethod
from dataclasses import replace

import numpy as np

from skrnn._fitting import fitted_snapshot
from skrnn._persistence import SavedEstimator
from skrnn._time_order import check_one_sorted_series
from skrnn.reservoir._consistency import check_unchanged
from skrnn.reservoir._examples import Examples, read_scaled, validate_examples
from skrnn.reservoir._generation import (
    SeriesLoop,
    check_future,
    check_loop,
    check_n_steps,
    generate_series,
    start_from_end,
    start_from_known,
)
from skrnn.reservoir._network import Network
from skrnn.reservoir._parameters import EchoStateParameters
from skrnn.reservoir._prediction import predict_outputs, predict_states
from skrnn.reservoir._stream import EchoStateStreamMixin
from skrnn.sequences._missing_targets import read_step_targets, split_missing
from skrnn.sequences._target_weights import scored_steps, scored_weights
from skrnn.sequences._targets import as_list_or_array, nest_steps


class EchoStatePredictor(
    EchoStateParameters, EchoStateStreamMixin, SavedEstimator, metaclass=ABCMeta
):
    """The methods of the echo state estimators that need a fitted estimator; not for direct use."""

    # NumericTargets or ClassTargets.
    _target_kind = None
    # The penalties of alpha="auto", relative to the total variance of the readout's features.
    _relative_alphas = ()
    # The pooling if neither the estimator nor its reservoir has one.
    _default_pooling = None
    # Static features of X are read. An estimator that an earlier version saved has none.
    _takes_static = True
    n_static_in_ = 0
    _static_standardization = None

    @property
    @abstractmethod
    def _targets(self):
        """The fitted targets, which encode y and decode outputs."""

    def _decoders(self):
        """Return what decodes outputs (n, n_outputs), by the name of the method that returns it."""
        return {"predict": self._targets.decode}

    def predict(self, X):
        """Predict targets.

        Each sequence begins at a zero state; with `initial_state="fit_end"`, X continues the
        training series. With feedback, the estimator's own outputs are fed back.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.

        Returns
        -------
        ndarray of shape (n,) or (n, k), or list of ndarray
            One prediction per sequence. With `return_sequences=True`, there is one per time step:
            in one array if X is an array (an object array if X is one), otherwise in a list with
            one array per sequence. With `rows="steps"`, there is one row per time step.
        """
        return self._decoded("predict", X)

    def hidden_states(self, X, return_sequences=False, return_state=False):
        """Return the states that the readout receives.

        As in the recurrent estimators, these are the inputs of the output layer. In a recurrent
        network they come from the last layer, but a readout receives the states of all layers.

        Parameters
        ----------
        X : as in `fit`
        return_sequences : bool, default=False
            If True, the states at all time steps are returned, otherwise those after the last one.
        return_state : bool, default=False
            If True, the final states of each layer that the readout receives are returned too, as
            arrays of shape (n, units). Those of the backward direction follow those of the forward
            direction.

        Returns
        -------
        ndarray of shape (n, n_states), or list of ndarray of shape (T_i, n_states)
            The states of all layers and of both directions side by side. With
            `return_sequences=True`, an array of shape (n, T, n_states) if X is an array; with
            `rows="steps"`, an array of shape (T, n_states). With `return_state=True`, a list of
            this result and the final states is returned.
        """
        fitted = self._checked_snapshot()
        network = fitted._network()
        inputs = read_scaled(fitted, X, network.dynamics.dtype)
        states, final = predict_states(
            network, fitted._readout, inputs.sequences, fitted._targets.as_feedback
        )
        if not return_sequences:
            outputs = np.hstack(final)
        elif fitted.rows == "steps":
            outputs = states
        else:
            outputs = nest_steps(states, X, inputs)
        return [outputs, *final] if return_state else outputs

    def generate(self, n_steps, X=None, y=None, *, X_future=None):
        """Continue a series by feeding the outputs back in.

        With `feedback_scaling`, outputs are fed back through the feedback weights. Without it, each
        output is the next input; the estimator must have been fitted to predict its inputs one
        time step ahead.

        Parameters
        ----------
        n_steps : int
            Number of time steps to generate.
        X : as in `fit`, default=None
            Known time steps to continue from, which begin at a zero state. If None, the training
            series is continued.
        y : as in `fit`, default=None
            The targets of `X`. Only used with feedback.
        X_future : array-like of shape (n_steps, n_features), default=None
            The known inputs of the generated time steps. Only used with feedback. If None, the last
            input is repeated.

        Returns
        -------
        ndarray
            The outputs after the last known time step: of shape (n_steps,) or (n_steps, k) with
            `rows="steps"` or if X is None, otherwise (n, n_steps) or (n, n_steps, k).

        Raises
        ------
        ValueError
            If outputs cannot be fed back, because there is no feedback and the number of outputs is
            not that of inputs; or if `X`, `y` and `X_future` are not consistent with each other or
            with the estimator.
        """
        fitted = self._checked_snapshot()
        check_n_steps(n_steps)
        network, readout = replace(fitted._network(), start=None), fitted._readout
        n_outputs, is_classifier = len(readout.intercept), hasattr(fitted, "classes_")
        check_loop(network, n_outputs, is_classifier, X=X, y=y, X_future=X_future)
        known = fitted._standardization
        X_future = check_future(X_future, n_steps, network.n_features, known)
        start = fitted._start(network, X, y)
        loop = SeriesLoop(network, readout, fitted._targets, known)
        generated = generate_series(loop, start, n_steps, X_future)
        return generated[0] if X is None or fitted.rows == "steps" else generated

    def _start(self, network, X, y):
        """Return where generation begins."""
        if X is None:
            return start_from_end(network, self._end, self._standardization)
        dtype = network.dynamics.dtype
        if y is None:
            sequences = read_scaled(self, X, dtype).sequences
            return start_from_known(network, Examples(sequences, None, None))
        examples, _ = validate_examples(self, X, y, None, dtype, targets=self._targets)
        return start_from_known(network, examples)

    @property
    def coef_(self):
        """Coefficients of the readout."""
        fitted = fitted_snapshot(self)
        coef = fitted._readout.coef
        return coef[0] if fitted._is_single_target else coef

    @property
    def intercept_(self):
        """Intercept of the readout."""
        fitted = fitted_snapshot(self)
        intercept = fitted._readout.intercept
        return float(intercept[0]) if fitted._is_single_target else intercept

    @property
    def alpha_(self):
        """Penalty of the readout."""
        return fitted_snapshot(self)._readout.alpha

    @property
    def gcv_errors_(self):
        """Error of each candidate for the penalty in generalised cross-validation."""
        return fitted_snapshot(self)._readout.gcv_errors

    @property
    def _per_step(self):
        """Return whether there is one target per time step."""
        return self.rows == "steps" or self.return_sequences

    def _network(self):
        """Return the fitted reservoir as a value, with the state in which X begins."""
        return Network(
            self.reservoir_._dynamics(),
            self._step_format.n_features,
            self.readout_input,
            self.reservoir_.pooling,
            self._end if self.initial_state == "fit_end" else None,
            self.n_static_in_,
        )

    def _checked_snapshot(self):
        """Return a snapshot whose parameters are still those of the fit."""
        fitted = fitted_snapshot(self)
        check_unchanged(fitted)
        return fitted

    def _outputs(self, X):
        """Return the validated inputs, and the outputs for them, (n_rows, n_targets)."""
        network = self._network()
        inputs = read_scaled(self, X, network.dynamics.dtype)
        outputs = predict_outputs(
            network, self._readout, inputs.sequences, self._targets.as_feedback
        )
        return inputs, outputs

    def _decoded(self, method, X):
        """Return the decoded outputs for X, in the form that the method returns."""
        fitted = self._checked_snapshot()
        inputs, outputs = fitted._outputs(X)
        return fitted._nest(fitted._decoders()[method](outputs), X, inputs)

    def _nest(self, outputs, X, inputs):
        if self.rows == "steps" or not self.return_sequences:
            return outputs
        return nest_steps(outputs, X, inputs)

    def _score(self, metric, X, y, sample_weight):
        """Return a metric of the predictions for sequences or for time steps."""
        fitted = self._checked_snapshot()
        inputs, outputs = fitted._outputs(X)
        predicted = fitted._targets.decode(outputs)
        if fitted.rows == "steps":
            check_one_sorted_series(y, "y")
            y, known = split_missing(read_step_targets(as_list_or_array(y, masks=True), "y"))
            y = fitted._target_kind.check(y, per_step=True)
            sample_weight = scored_weights(sample_weight)
            if known is not None:
                y, predicted = y[known], predicted[known]
                sample_weight = None if sample_weight is None else sample_weight[known]
        elif fitted.return_sequences:
            y, predicted, sample_weight = scored_steps(y, predicted, sample_weight, inputs)
        else:
            sample_weight = scored_weights(sample_weight)
        try:
            return metric(y, predicted, sample_weight=sample_weight)
        except TypeError as error:  # values that cannot be compared or subtracted
            raise ValueError(f"y must hold targets like those of fit: {error}.") from error
