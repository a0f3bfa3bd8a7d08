"""What the echo state regressor and classifier share: a reservoir, and a linear readout of it.

`fit` reads and checks everything, draws the reservoir, and adds its states to statistics, which are
all that a ridge regression needs; `partial_fit`, `merge` and `update` add to the same statistics.
"""

from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from skrnn._fitting import all_or_nothing
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.reservoir._checks import (
    check_mergeable,
    check_together,
    check_unchanged,
    form_of,
)
from skrnn.reservoir._features import n_readout_features
from skrnn.reservoir._generating import generate
from skrnn.reservoir._outputs import outputs_of, states_of
from skrnn.reservoir._pooling import check_washout
from skrnn.reservoir._reading import read_examples, read_X, resolve
from skrnn.reservoir._reservoir import Reservoir
from skrnn.reservoir._statistics import joined
from skrnn.reservoir._training import (
    add_examples,
    refit_readout,
    update_readout,
)
from skrnn.sequences._targets import as_list_or_array, flatten_step_targets, nest_steps

__all__ = ["PARAMETER_CONSTRAINTS", "BaseEchoState"]

PARAMETER_CONSTRAINTS = {
    "units": [Interval(Integral, 1, None, closed="left"), tuple, list, None],
    "spectral_radius": [Interval(Real, 0, None, closed="neither"), None],
    "leak_rate": [Interval(Real, 0, 1, closed="right"), "array-like", None],
    "input_scaling": [Interval(Real, 0, None, closed="left"), "array-like", None],
    "washout": [Interval(Integral, 0, None, closed="left"), None],
    "reservoir": [Reservoir, None],
    "alpha": [Interval(Real, 0, None, closed="neither")],
    "alphas": ["array-like", None],
    "solver": [StrOptions({"auto", "cholesky", "svd"})],
    "readout_input": ["boolean"],
    "pooling": [StrOptions({"last", "mean", "states"}), None],
    "return_sequences": ["boolean"],
    "rows": [StrOptions({"sequences", "steps"})],
    "initial_state": [StrOptions({"zero", "fit_end"})],
    "random_state": ["random_state"],
}


class BaseEchoState(BaseEstimator, metaclass=ABCMeta):
    """Base of the echo state estimators; not for direct use."""

    _parameter_constraints: dict = PARAMETER_CONSTRAINTS

    @abstractmethod
    def __init__(
        self,
        *,
        units,
        spectral_radius,
        leak_rate,
        input_scaling,
        washout,
        reservoir,
        alpha,
        alphas,
        solver,
        readout_input,
        pooling,
        return_sequences,
        rows,
        initial_state,
        random_state,
    ):
        self.units = units
        self.spectral_radius = spectral_radius
        self.leak_rate = leak_rate
        self.input_scaling = input_scaling
        self.washout = washout
        self.reservoir = reservoir
        self.alpha = alpha
        self.alphas = alphas
        self.solver = solver
        self.readout_input = readout_input
        self.pooling = pooling
        self.return_sequences = return_sequences
        self.rows = rows
        self.initial_state = initial_state
        self.random_state = random_state

    @abstractmethod
    def _check_targets(self, y, input_name="y"):
        """Flat targets in the user's terms, checked."""

    @abstractmethod
    def _learn_targets(self, y, has_weight, classes):
        """Learn what flat targets are."""

    @abstractmethod
    def _encode_targets(self, y):
        """Flat targets as numbers, (n, n_targets)."""

    @abstractmethod
    def _weigh(self, targets, weights):
        """Return weights of encoded targets, or None where all are one."""

    @abstractmethod
    def _decode(self, outputs):
        """Predictions in the user's terms from outputs (n, n_targets)."""

    @abstractmethod
    def _as_fed(self, outputs):
        """What goes back from outputs (n_targets, n)."""

    @abstractmethod
    def _check_part(self, method):
        """Check that a part of the data is enough for a method to learn from."""

    @abstractmethod
    def _targets_differ(self, other):
        """Whether another has learned other targets."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Draw the reservoir and fit the readout.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The sequences; with `rows="steps"` an array, sparse matrix or table (T, n_features),
            one series with a row a step.
        y : array-like
            One target a sequence; with `return_sequences` one a step, as a list of ``(T_i,)`` or
            ``(T_i, k)`` arrays or an ``(n, T[, k])`` array; with `rows="steps"` a row a step.
        sample_weight : array-like of shape (n,), default=None
            How much each sequence, or with `rows="steps"` each step, counts in the readout. A
            sequence of zero weight is as if it were not there.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the data are not as they should be, or do not go together. What was
            fitted before stays as it was.
        """
        with all_or_nothing(self):
            check_together(self)
            reservoir = resolve(self)
            examples = read_examples(self, X, y, sample_weight, reservoir.dtype, reset=True)
            self._begin(reservoir, examples)
            add_examples(self, examples, fresh=True)
            refit_readout(self, examples)
        return self

    def _begin(self, reservoir, examples):
        """Draw the reservoir for the first examples."""
        n_outputs = examples.targets.shape[1] if reservoir.feedback_scaling > 0 else 0
        if self._per_step:
            reservoir.pooling = None
        elif n_outputs:
            raise ValueError(
                f"feedback_scaling={reservoir.feedback_scaling} feeds an output back at each step; "
                "set return_sequences=True or rows='steps', so that there is one."
            )
        elif reservoir.pooling is None:
            reservoir.pooling = "last"
        if reservoir.pooling != "last":
            check_washout(reservoir.washout, examples.sequences, examples.places)
        n_features = self._step_format.n_features
        self.reservoir_ = reservoir._draw(examples.sequences, n_features, n_outputs)
        self.reservoir_.n_features_in_ = self.n_features_in_
        self.reservoir_._step_format = self._step_format
        if self.rows == "steps":  # a reservoir reads sequences, not the rows of one
            self.reservoir_._step_format = replace(self._step_format, in_table=False)
        self._n_readout_features = n_readout_features(reservoir, self._n_inputs, reservoir.pooling)
        self._form = form_of(self)
        self._end = None

    def _partial_fit(self, X, y, sample_weight, classes=None):
        self._check_part("partial_fit")
        first = not hasattr(self, "reservoir_")
        with all_or_nothing(self):
            self._validate_params()  # scikit-learn does so at the first call alone
            check_together(self)
            reservoir = resolve(self) if first else self.reservoir_
            if not first:
                check_unchanged(self)
            examples = read_examples(
                self, X, y, sample_weight, reservoir.dtype, reset=first, classes=classes
            )
            if first:
                self._begin(reservoir, examples)
            else:
                self._check_washout(examples)
            add_examples(self, examples, fresh=first)
            refit_readout(self)
        return self

    def _check_washout(self, examples):
        """Check that there is something to learn from in a further part."""
        reservoir = self.reservoir_
        if self.initial_state == "zero" and reservoir.pooling != "last":
            check_washout(reservoir.washout, examples.sequences, examples.places)

    def merge(self, other):
        """Add what another estimator, with the same reservoir, has learned from.

        The readout is then that of one `fit` to all data, to rounding: estimators fitted to parts
        of the data, on several machines perhaps, are reduced to one. Where the training series
        ended is forgotten.

        Parameters
        ----------
        other : object
            A fitted estimator of the same class, parameters and `random_state`. It stays as it is.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If the other has another reservoir, other features, or other targets.
        """
        check_is_fitted(self)
        check_is_fitted(other)
        check_mergeable(self, other)
        with all_or_nothing(self):
            self._statistics = joined(self._statistics, other._statistics)
            self._recursive = None
            self._end = None
            refit_readout(self)
        return self

    def update(self, X, y, *, forgetting=1.0):
        """Go on learning, step by step, by recursive least squares.

        With `forgetting=1` the readout is that of ridge regression on all data so far. Below, what
        was learned n rows ago counts `forgetting` to the power n, and the penalty fades with it.
        One series that comes row by row wants `initial_state="fit_end"`: else each call begins at
        a zero state.

        Parameters
        ----------
        X, y : as in `fit`
            Rows, one after another: steps, or sequences where each has one target.
        forgetting : float in (0, 1], default=1.0
            What is left of the weight of all earlier rows after one more.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        if not (isinstance(forgetting, Real) and 0 < forgetting <= 1):
            raise ValueError(f"forgetting must be in the range (0.0, 1.0], got {forgetting!r}.")
        self._check_part("update")
        with all_or_nothing(self):
            check_unchanged(self)
            examples = read_examples(self, X, y, None, self.reservoir_._dtype, reset=False)
            self._check_washout(examples)
            update_readout(self, examples, float(forgetting))
        return self

    def predict(self, X):
        """Predict targets.

        States start from zero in every sequence; with `initial_state="fit_end"` they go on from
        the end of the training series. With feedback the estimator hears its own outputs.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.

        Returns
        -------
        ndarray of shape (n,) or (n, k), or list of ndarray
            With `return_sequences` a target for each step: one array for an array `X` (an object
            array for one of those), else a list with an array for each sequence. With
            `rows="steps"` a row for each step.
        """
        inputs, outputs = self._forward(X)
        return self._nest(self._decode(outputs), X, inputs)

    def hidden_states(self, X, return_sequences=False, return_state=False):
        """Return the states that the readout reads.

        Parameters
        ----------
        X : as in `fit`
        return_sequences : bool, default=False
            False: the state after the last step. True: the state at each step.
        return_state : bool, default=False
            Also the state of each layer after the last step, (n, units).

        Returns
        -------
        ndarray of shape (n, n_states), or list of ndarray of shape (T_i, n_states)
            The states of all layers, and of both directions, side by side. With `return_sequences`
            an array (n, T, n_states) for an array `X`; with `rows="steps"` (T, n_states). With
            `return_state` a list of that and the states of each layer.
        """
        check_is_fitted(self)
        check_unchanged(self)
        inputs = read_X(self, X, self.reservoir_._dtype, reset=False)
        states, last = states_of(self, inputs.sequences)
        side_by_side = np.hstack(last)
        if return_sequences:
            outputs = states if self.rows == "steps" else nest_steps(states, X, inputs)
        else:
            outputs = side_by_side
        return [outputs, *last] if return_state else outputs

    def generate(self, n_steps, X=None, y=None, *, future=None):
        """Let the outputs go back in, and go on alone for some steps.

        With `feedback_scaling` outputs go back by the feedback weights. Without, an output is
        taken for the next input: the targets were the inputs one step ahead.

        Parameters
        ----------
        n_steps : int
        X : as in `fit`, default=None
            Known steps to start from, the states at zero before them. None: the end of the
            training series.
        y : as in `fit`, default=None
            With feedback: the targets of `X`.
        future : array-like of shape (n_steps, n_features), default=None
            With feedback: the inputs of the steps that are generated; None holds the last one.

        Returns
        -------
        ndarray
            The outputs of the steps after the last known one: with `rows="steps"`, or where X is
            None, (n_steps,) or (n_steps, k), else (n, n_steps) or (n, n_steps, k).

        Raises
        ------
        ValueError
            If there is no loop to close: no feedback, and not as many outputs as inputs; or if
            `X`, `y` and `future` do not fit each other or the loop.
        """
        check_is_fitted(self)
        check_unchanged(self)
        return generate(self, n_steps, X, y, future)

    def set_params(self, **params):
        """Set parameters, those of the reservoir too.

        Parameters
        ----------
        **params : dict
            Parameters by name. One of `reservoir__...` where `reservoir` is None makes it a
            `Reservoir()` first.

        Returns
        -------
        self : object
        """
        nested = any(name.startswith("reservoir__") for name in params)
        if nested and self.reservoir is None and "reservoir" not in params:
            self.reservoir = Reservoir()
        return super().set_params(**params)

    @property
    def _per_step(self):
        return self.rows == "steps" or self.return_sequences

    @property
    def _n_inputs(self):
        """How many inputs the readout reads."""
        return self._step_format.n_features if self.readout_input else 0

    def _forward(self, X):
        """Return what was read from X, and the outputs, (n_rows, n_targets)."""
        check_is_fitted(self)
        check_unchanged(self)
        inputs = read_X(self, X, self.reservoir_._dtype, reset=False)
        return inputs, outputs_of(self, inputs.sequences)

    def _nest(self, outputs, X, inputs):
        if self.rows == "steps" or not self.return_sequences:
            return outputs
        return nest_steps(outputs, X, inputs)

    def _score(self, metric, X, y, sample_weight):
        """Return a metric of predictions, over steps where there is a target for each."""
        predicted = self.predict(X)
        if self.rows == "sequences" and self.return_sequences:
            inputs = read_X(self, X, self.reservoir_._dtype, reset=False)
            y = flatten_step_targets(as_list_or_array(y), inputs)
            predicted = np.concatenate(list(predicted))
            if sample_weight is not None:
                sample_weight = np.repeat(sample_weight, inputs.lengths)
        return metric(y, predicted, sample_weight=sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags
