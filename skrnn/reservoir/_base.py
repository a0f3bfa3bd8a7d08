"""What the echo state regressor and classifier have in common: a reservoir and a linear readout.

`fit` validates everything, draws the reservoir, and adds its states to the statistics of a ridge
regression. `partial_fit`, `merge` and `update` add to the same statistics. Each of them works on a
snapshot, and replaces the fitted attributes in one assignment at the end.
"""

from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator

from skrnn._sklearn import _fit_context
from skrnn.reservoir._consistency import (
    check_estimator_parameters,
    check_mergeable,
    check_unchanged,
    parameters_of_fit,
)
from skrnn.reservoir._examples import Examples, validate_examples, validate_X
from skrnn.reservoir._fitted_state import fitted_snapshot, replace_fitted, snapshot
from skrnn.reservoir._generation import (
    check_future,
    check_loop,
    check_n_steps,
    generate_series,
    start_from_end,
    start_from_known,
)
from skrnn.reservoir._network import Network, draw_network
from skrnn.reservoir._parameters import combined_reservoir
from skrnn.reservoir._pooling import check_washout
from skrnn.reservoir._prediction import predict_outputs, predict_states
from skrnn.reservoir._readout import (
    Penalty,
    extend_readout,
    fit_readout,
    merge_readouts,
    start_readout,
    update_readout,
)
from skrnn.reservoir._reservoir import Reservoir, as_fitted
from skrnn.sequences._targets import as_list_or_array, flatten_step_targets, nest_steps


class BaseEchoState(BaseEstimator, metaclass=ABCMeta):
    """Base class of the echo state estimators; not for direct use."""

    # NumericTargets or ClassTargets.
    _target_kind = None

    @property
    @abstractmethod
    def _targets(self):
        """The fitted targets, which encode y and decode outputs."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Draw the reservoir and fit the readout.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The sequences. With `rows="steps"`, one series as an array, sparse matrix or table of
            shape (T, n_features), with one row per time step.
        y : array-like
            One target per sequence. With `return_sequences=True` one target per time step, as a
            list of ``(T_i,)`` or ``(T_i, k)`` arrays or an ``(n, T[, k])`` array. With
            `rows="steps"` one target per row of X.
        sample_weight : array-like of shape (n,), default=None
            Weight of each sequence, or with `rows="steps"` of each time step, in the readout. A
            sequence of weight zero is left out. If None, all weights are 1.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the data are not valid, or do not agree. The estimator then stays as
            it was.
        """
        draft = snapshot(self)
        check_estimator_parameters(draft)
        return self._fit_first(draft, X, y, sample_weight, fit_readout)

    def _fit_first(self, draft, X, y, sample_weight, train, classes=None):
        """Draw the reservoir for the first examples, train a readout, and replace all attributes.

        Parameters
        ----------
        draft : BaseEchoState
            A snapshot, which learns the format of X.
        X, y, sample_weight : as in `fit`
        train : callable
            `fit_readout` or `start_readout`.
        classes : ndarray or None
        """
        reservoir = combined_reservoir(draft)
        examples, targets = validate_examples(
            draft, X, y, sample_weight, reservoir.dtype, classes=classes
        )
        step_format = draft._step_format
        network = draw_network(
            reservoir,
            examples,
            step_format.n_features,
            per_step=draft._per_step,
            readout_input=draft.readout_input,
        )
        readout, end = train(network, examples, draft._penalty(), reservoir)
        if draft.rows == "steps":  # the reservoir alone reads sequences, not the rows of one series
            step_format = replace(step_format, in_table=False)
        replace_fitted(
            self,
            draft,
            reservoir_=as_fitted(reservoir, network.dynamics, step_format, draft.n_features_in_),
            _fit_params=parameters_of_fit(draft, reservoir),
            _readout=readout,
            _end=end,
            **targets.attributes,
        )
        return self

    def _partial_fit(self, X, y, sample_weight, classes=None):
        draft = snapshot(self)
        draft._check_part("partial_fit")
        draft._validate_params()  # scikit-learn validates only in the first call
        check_estimator_parameters(draft)
        if not hasattr(draft, "reservoir_"):
            return self._fit_first(draft, X, y, sample_weight, start_readout, classes)
        check_unchanged(draft)
        network, examples = draft._further_examples(X, y, sample_weight)
        readout, end = extend_readout(
            network, draft._readout, examples, draft._penalty(), draft.reservoir_
        )
        replace_fitted(self, draft, _readout=readout, _end=end)
        return self

    def _further_examples(self, X, y, sample_weight):
        """Return the network and examples of a call after the first one."""
        network = self._network()
        examples, _ = validate_examples(
            self, X, y, sample_weight, network.dynamics.dtype, targets=self._targets
        )
        if self.initial_state == "zero" and network.pooling != "last":
            check_washout(network.dynamics.washout, examples.sequences, examples.indices)
        return network, examples

    def merge(self, other):
        """Add the training data of another estimator that has the same reservoir.

        The readout is then that of one `fit` on all data, to rounding. So estimators that are
        fitted on parts of the data, for example on several machines, are reduced to one. After a
        merge there is no training series to continue from.

        Parameters
        ----------
        other : object
            A fitted estimator of the same class, with the same parameters and `random_state`. It
            is not changed.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If the other estimator has another reservoir, other features, or other targets.
        """
        draft, other = fitted_snapshot(self), fitted_snapshot(other)
        check_mergeable(draft, other)
        readout = merge_readouts(draft._readout, other._readout, draft._penalty(), draft.reservoir_)
        replace_fitted(self, draft, _readout=readout, _end=None)
        return self

    def update(self, X, y, *, forgetting=1.0):
        """Continue training row by row, by recursive least squares.

        With `forgetting=1` the readout is that of ridge regression on all data so far. With a
        smaller value, a row that was learned n rows ago has the weight `forgetting` to the power n,
        and the penalty decreases in the same way. If the rows of one series arrive one after
        another, set `initial_state="fit_end"`; otherwise each call begins at a zero state.

        Parameters
        ----------
        X, y : as in `fit`
            The rows in the order of time: time steps, or sequences with one target each.
        forgetting : float in (0, 1], default=1.0
            Factor of the weight of all earlier rows for each new row.

        Returns
        -------
        self : object
        """
        draft = fitted_snapshot(self)
        if not (isinstance(forgetting, Real) and 0 < forgetting <= 1):
            raise ValueError(f"forgetting must be in the range (0.0, 1.0], got {forgetting!r}.")
        draft._check_part("update")
        check_unchanged(draft)
        network, examples = draft._further_examples(X, y, None)
        readout, end = update_readout(network, draft._readout, examples, float(forgetting))
        replace_fitted(self, draft, _readout=readout, _end=end)
        return self

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
            One prediction per sequence. With `return_sequences=True` one per time step: one array
            if X is an array (an object array for an object array), otherwise a list with one array
            for each sequence. With `rows="steps"` one row per time step.
        """
        fitted = self._checked_snapshot()
        inputs, outputs = fitted._outputs(X)
        return fitted._nest(fitted._targets.decode(outputs), X, inputs)

    def hidden_states(self, X, return_sequences=False, return_state=False):
        """Return the states that the readout receives.

        As in the recurrent estimators, these are the inputs of the output layer. There they come
        from the last layer; here the readout receives the states of all layers.

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
            this result and the final states.
        """
        fitted = self._checked_snapshot()
        network = fitted._network()
        inputs = validate_X(fitted, X, network.dynamics.dtype, reset=False)
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

    def generate(self, n_steps, X=None, y=None, *, future=None):
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
        future : array-like of shape (n_steps, n_features), default=None
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
            not that of inputs; or if `X`, `y` and `future` do not suit each other or the estimator.
        """
        fitted = self._checked_snapshot()
        check_n_steps(n_steps)
        network, readout = replace(fitted._network(), start=None), fitted._readout
        n_outputs, is_classifier = len(readout.intercept), hasattr(fitted, "classes_")
        check_loop(network, n_outputs, is_classifier, X=X, y=y, future=future)
        future = check_future(future, n_steps, network.n_features)
        start = fitted._start(network, X, y)
        generated = generate_series(network, readout, fitted._targets, start, n_steps, future)
        return generated[0] if X is None or fitted.rows == "steps" else generated

    def _start(self, network, X, y):
        """Return where generation begins."""
        if X is None:
            return start_from_end(self._end, network.n_features)
        dtype = network.dynamics.dtype
        if y is None:
            sequences = validate_X(self, X, dtype, reset=False).sequences
            return start_from_known(network, Examples(sequences, None, None))
        examples, _ = validate_examples(self, X, y, None, dtype, targets=self._targets)
        return start_from_known(network, examples)

    def set_params(self, **params):
        """Set parameters, including those of the reservoir.

        Parameters
        ----------
        **params : dict
            Parameters by name. If `reservoir` is None, a parameter ``reservoir__...`` replaces it
            by `Reservoir()` first.

        Returns
        -------
        self : object
        """
        is_nested = any(name.startswith("reservoir__") for name in params)
        if is_nested and self.reservoir is None and "reservoir" not in params:
            self.reservoir = Reservoir()
        return super().set_params(**params)

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
        """Penalty that is used."""
        return fitted_snapshot(self)._readout.alpha

    @property
    def gcv_errors_(self):
        """Error of each of `alphas` in generalised cross-validation."""
        return fitted_snapshot(self)._readout.gcv_errors

    @property
    def _per_step(self):
        """Whether there is one target per time step."""
        return self.rows == "steps" or self.return_sequences

    def _penalty(self):
        return Penalty(self.alpha, self.alphas, self.solver)

    def _network(self):
        """Return the fitted reservoir as a value, with the state in which X begins."""
        return Network(
            self.reservoir_._dynamics(),
            self._step_format.n_features,
            self.readout_input,
            self.reservoir_.pooling,
            self._end if self.initial_state == "fit_end" else None,
        )

    def _checked_snapshot(self):
        """Return a snapshot whose parameters are still those of the fit."""
        fitted = fitted_snapshot(self)
        check_unchanged(fitted)
        return fitted

    def _outputs(self, X):
        """Return the validated inputs, and the outputs for them, (n_rows, n_targets)."""
        network = self._network()
        inputs = validate_X(self, X, network.dynamics.dtype, reset=False)
        outputs = predict_outputs(
            network, self._readout, inputs.sequences, self._targets.as_feedback
        )
        return inputs, outputs

    def _nest(self, outputs, X, inputs):
        if self.rows == "steps" or not self.return_sequences:
            return outputs
        return nest_steps(outputs, X, inputs)

    def _score(self, metric, X, y, sample_weight):
        """Return a metric of the predictions for sequences or for time steps."""
        fitted = self._checked_snapshot()
        inputs, outputs = fitted._outputs(X)
        if fitted.rows == "sequences" and fitted.return_sequences:
            y = flatten_step_targets(as_list_or_array(y), inputs)
            if sample_weight is not None:
                sample_weight = np.repeat(sample_weight, inputs.lengths)
        return metric(y, fitted._targets.decode(outputs), sample_weight=sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = self.rows == "steps"
        tags.target_tags.required = True
        return tags
