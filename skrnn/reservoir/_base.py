"""Training of the echo state regressor and classifier: a reservoir and a linear readout.

`fit` validates everything, draws the reservoir, and adds its states to the statistics of a ridge
regression. `partial_fit`, `merge` and `update` add to the same statistics. Each of them works on a
snapshot, and replaces the fitted attributes in one assignment at the end.
"""

from dataclasses import replace
from numbers import Real

from sklearn.utils.validation import check_is_fitted

from skrnn._fitting import all_or_nothing, fitted_snapshot, is_fitted
from skrnn._sklearn import _fit_context
from skrnn.reservoir._consistency import (
    check_estimator_parameters,
    check_mergeable,
    check_unchanged,
    parameters_of_fit,
)
from skrnn.reservoir._examples import are_overlapping, validate_examples
from skrnn.reservoir._network import draw_network
from skrnn.reservoir._parameters import combined_reservoir
from skrnn.reservoir._pooling import check_washout, uses_washout
from skrnn.reservoir._predictor import EchoStatePredictor
from skrnn.reservoir._readout import (
    Penalty,
    extend_readout,
    fit_readout,
    merge_readouts,
    start_readout,
    update_readout,
)
from skrnn.reservoir._reservoir import Reservoir, as_fitted


class BaseEchoState(EchoStatePredictor):
    """Base class of the echo state estimators; not for direct use."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Draw the reservoir and fit the readout.

        Parameters
        ----------
        X : Sequences, list of array-like of shape (T_i, n_features) or (T_i,), or array-like of \
shape (n, T, n_features) or (n, T)
            The sequences. With `rows="steps"`, it is one series as an array, sparse matrix or table
            of shape (T, n_features), with one row per time step.
        y : array-like
            One target per sequence. With `return_sequences=True`, there is one target per time
            step, in a list of arrays of shape (T_i,) or (T_i, k), or an array of shape (n, T) or
            (n, T, k). With `rows="steps"`, there is one target per row of X. Targets of time steps
            may be missing: NaN, None, or masked in a NumPy masked array. Such a time step changes
            the state, but has the weight zero. A classifier reads rows of 0 and 1 as indicators of
            several labels and, with one target per sequence, rows of other labels as one class for
            each of several outputs.
        sample_weight : array-like of shape (n,), or list of arrays of shape (T_i,), default=None
            Weight of each sequence, or with `rows="steps"` of each time step, in the readout. With
            `return_sequences=True`, it may also have one weight per time step. A sequence of weight
            zero is left out. If None, all weights are 1.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the data are not valid or not consistent. The estimator then does not
            change.
        """
        with all_or_nothing(self) as draft:
            check_estimator_parameters(draft)
            draft._forget_stored_version()
            draft._fit_first(X, y, sample_weight, fit_readout)
        return self

    def _fit_first(self, X, y, sample_weight, train, classes=None):
        """Draw the reservoir for the first examples, train a readout, and set all attributes.

        Parameters
        ----------
        X, y, sample_weight : as in `fit`
        train : callable
            `fit_readout` or `start_readout`.
        classes : ndarray or None
        """
        reservoir = combined_reservoir(self)
        examples, targets = validate_examples(
            self, X, y, sample_weight, reservoir.dtype, classes=classes
        )
        step_format = self._step_format
        if reservoir.input_scaling is None:
            reservoir.input_scaling = self._choose_input_scaling(reservoir, examples)
        network = draw_network(
            reservoir,
            examples,
            step_format.n_features,
            per_step=self._per_step,
            readout_input=self.readout_input,
        )
        self._readout, self._end = train(
            network, examples, self._first_penalty(examples.sequences), reservoir
        )
        # The reservoir alone reads sequences, not the rows of one series, and in its own dtype.
        in_table = step_format.in_table and self.rows == "sequences"
        step_format = replace(step_format, in_table=in_table, dtype=reservoir.dtype)
        self.reservoir_ = as_fitted(reservoir, network.dynamics, step_format, self.n_features_in_)
        self._fit_params = parameters_of_fit(self, reservoir)
        vars(self).update(targets.attributes)

    def _partial_fit(self, X, y, sample_weight, classes=None):
        with all_or_nothing(self) as draft:
            draft._check_part("partial_fit")
            draft._validate_params()  # scikit-learn validates only in the first call
            check_estimator_parameters(draft)
            if is_fitted(draft):
                draft._fit_further(X, y, sample_weight)
            else:
                draft._fit_first(X, y, sample_weight, start_readout, classes)
        return self

    def _fit_further(self, X, y, sample_weight):
        check_unchanged(self)
        network, examples = self._further_examples(X, y, sample_weight)
        self._readout, self._end = extend_readout(
            network, self._readout, examples, self._penalty_of(self._readout), self.reservoir_
        )

    def _further_examples(self, X, y, sample_weight):
        """Return the network and examples of a call after the first one."""
        network = self._network()
        examples, _ = validate_examples(
            self, X, y, sample_weight, network.dynamics.dtype, targets=self._targets
        )
        if self.initial_state == "zero" and uses_washout(network.pooling):
            check_washout(network.dynamics.washout, examples.sequences, examples.indices)
        return network, examples

    def merge(self, other):
        """Add the training data of another estimator that has the same reservoir.

        Up to rounding, the readout is then the same as after one `fit` on all data. So estimators
        that were fitted on parts of the data, for example on several machines, can be combined into
        one. With ``alpha="auto"``, a penalty that was chosen on later windows is not chosen again:
        the larger of the two is used. After a merge, predictions cannot continue a training series.

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
            If the other estimator has a different reservoir, different features or different
            targets, or if ``alpha="auto"`` and only one of the two was fitted on windows that
            overlap.
        """
        check_is_fitted(self)
        other = fitted_snapshot(other)
        with all_or_nothing(self) as draft:
            check_mergeable(draft, other)
            readouts = draft._readout, other._readout
            penalty = draft._penalty_of(*readouts)
            draft._readout = merge_readouts(*readouts, penalty, draft.reservoir_)
            draft._end = None
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
            The factor by which each new row multiplies the weights of all earlier rows.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        if not (isinstance(forgetting, Real) and 0 < forgetting <= 1):
            raise ValueError(f"forgetting must be in the range (0.0, 1.0], got {forgetting!r}.")
        with all_or_nothing(self) as draft:
            draft._check_part("update")
            check_unchanged(draft)
            network, examples = draft._further_examples(X, y, None)
            draft._readout, draft._end = update_readout(
                network, draft._readout, examples, float(forgetting)
            )
        return self

    def set_params(self, **params):
        """Set parameters, including those of the reservoir.

        Parameters
        ----------
        **params : dict
            Parameters by name. If `reservoir` is None and there is a parameter ``reservoir__...``,
            `reservoir` is first set to `Reservoir()`.

        Returns
        -------
        self : object
        """
        is_nested = any(name.startswith("reservoir__") for name in params)
        if is_nested and self.reservoir is None and "reservoir" not in params:
            self.reservoir = Reservoir()
        return super().set_params(**params)

    def _choose_input_scaling(self, reservoir, examples):
        """Return the factor of the input weights if the user gives none."""
        return 1.0

    def _first_penalty(self, sequences):
        """Return the penalty for the first examples."""
        has_candidates = isinstance(self.alpha, str) and len(self._relative_alphas) > 1
        of_windows = has_candidates and not self._per_step and are_overlapping(sequences)
        return Penalty(self.alpha, self.solver, self._relative_alphas, of_windows)

    def _penalty_of(self, *readouts):
        """Return the penalty for the data of fitted readouts and of further examples.

        If it was chosen on later windows, the choice remains. Of two choices, the larger one is
        taken, so that the result does not depend on which estimator is merged into the other.
        """
        chosen = [readout.relative_alpha for readout in readouts]
        if None in chosen:
            return Penalty(self.alpha, self.solver, self._relative_alphas)
        return Penalty(self.alpha, self.solver, (max(chosen),), of_windows=True)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = self.rows == "steps"
        tags.target_tags.required = True
        return tags
