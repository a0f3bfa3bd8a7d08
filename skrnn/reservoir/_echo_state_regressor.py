"""The echo state regressor: a reservoir and a linear readout of numbers."""

from sklearn.base import RegressorMixin

from skrnn._parameters import parameter, with_parameters
from skrnn._sklearn import _fit_context
from skrnn.reservoir._base import BaseEchoState
from skrnn.reservoir._input_scaling import best_input_scaling
from skrnn.reservoir._readout import Penalty
from skrnn.reservoir._targets import NumericTargets
from skrnn.sequences._targets import r2_of_numbers


@with_parameters
class EchoStateRegressor(RegressorMixin, BaseEchoState):
    r"""Echo state network for regression and for forecasting.

    A fixed random recurrent network, the reservoir, turns each sequence into states, from which
    ridge regression predicts the targets [1]_, [2]_. Only this readout is trained, in closed form.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    reservoir_ : Reservoir
        The fitted reservoir, with all parameters.
    coef_ : ndarray of shape (n_readout_features,) or (n_targets, n_readout_features)
        Coefficients of the readout: those of the states, followed by those of the inputs.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept of the readout.
    alpha_ : float
        The penalty that is used.
    gcv_errors_ : ndarray of shape (n_alphas,) or None
        Error of each candidate for the penalty in generalised cross-validation. None if there is
        only one, or if the penalty was chosen on later windows.
    n_features_in_ : int
        Number of features of a time step, or of columns if X was a table of univariate sequences.
    feature_names_in_ : ndarray of str
        Column names, if X was a table that has them.
    n_static_in_ : int
        Number of static features that the readout receives.
    static_names_in_ : ndarray of str
        Names of the static features. Only defined if they have names.

    See Also
    --------
    EchoStateClassifier : The same for labels.
    RNNRegressor : A recurrent network all of whose weights are trained.

    Notes
    -----
    With the state x(t) of the reservoir (see :class:`~skrnn.reservoir.Reservoir`) and the input
    u(t), the output is

    .. math:: \hat y(t) = W_{out} \, [x(t), u(t)] + b_{out}, \qquad
              \min_{W_{out}, b_{out}} \sum_t w_t \lVert y(t) - \hat y(t) \rVert^2
              + \alpha \lVert W_{out} \rVert^2,

    with the sample weights w. With one target per sequence, the pooled states and inputs of a
    sequence take the place of x(t) and u(t).

    If `feedback_scaling` of the reservoir is positive, values in the units of the targets are fed
    back at the next time step: in training the targets (teacher forcing), in `predict` and
    `generate` the estimator's own outputs.

    Up to rounding, the prediction for a sequence is the same if it is passed alone, in any batch or
    in any order, because nothing is padded. Parameters that are set after a fit have no effect
    before the next one. If `predict` or a further part of the training needs one of them, it raises
    an error.

    References
    ----------
    .. [1] H. Jaeger, H. Haas, "Harnessing nonlinearity: predicting chaotic systems and saving
       energy in wireless communication", Science 304, 2004.
    .. [2] M. Lukoševičius, "A practical guide to applying echo state networks", Neural Networks:
       Tricks of the Trade, 2012.

    Examples
    --------
    Predict the next value of a wave whose frequency changes, with one row per time step:

    >>> import numpy as np
    >>> from skrnn import EchoStateRegressor
    >>> time = np.arange(600)
    >>> series = np.sin(0.3 * time + np.sin(0.05 * time))
    >>> X, y = series[:-1, None], series[1:]
    >>> network = EchoStateRegressor(
    ...     units=100, washout=50, rows="steps", initial_state="fit_end", random_state=0
    ... )
    >>> network.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.99
    True

    Continue the training series, with each output as the next input:

    >>> network.generate(3).shape
    (3,)
    """

    alpha: object = parameter(
        default="auto",
        constraint=BaseEchoState._parameter_constraints["alpha"],
        description="""
        float > 0, array-like of float > 0, or "auto"
        Penalty of the squared coefficients in the sum of squared errors, as in scikit-learn's
        `Ridge`. The intercept is not penalised. Of several values, the one with the smallest error
        in generalised cross-validation is used; one factorisation is enough for all of them.
        With "auto", the candidates are 1e-14, 1e-13, ..., 1 times the total variance of all
        features of the readout, without those below the rounding of the normal equations. If there
        is one target per sequence, and the sequences are windows that overlap, neighbouring ones
        are too similar for cross-validation: the candidate with the smallest squared error on
        later windows is used. These are the last fifth, without a time step in common with
        those that are fitted to compare candidates. If there are too few windows for this, the
        penalty is 0.01 times the variance. Windows overlap if a time step is in more than two of
        them on average. Only windows in `Sequences` that share memory, such as those of
        `make_windows`, are recognised; for arrays or lists of windows set `alpha`.
        """,
    )
    input_scaling: object = parameter(
        default=None,
        constraint=BaseEchoState._parameter_constraints["input_scaling"],
        description="""
        float, array-like of shape (n_features,) or None
        Factor of the input weights: small values give a nearly linear reservoir with a long memory,
        large values a strongly nonlinear one with a short memory. If None, that of `reservoir` is
        used; if that is None too, it is chosen from 0.01, 0.1, 0.3 and 1 by
        generalised cross-validation on the first 2,000 time steps of the first training data if
        there is one target per time step and no feedback, and 1 otherwise.
        """,
    )
    pooling: object = parameter(
        default=None,
        constraint=BaseEchoState._parameter_constraints["pooling"],
        description="""
        {"last", "mean", "std", "model_space"}, tuple of these or None
        How the states of a sequence become the vector that the readout receives; see
        :class:`~skrnn.reservoir.Reservoir`. Only used when `return_sequences=False` and
        `rows="sequences"`. If None, that of `reservoir` is used; if that is None too, it is
        ``("last", "mean", "std")``.
        """,
    )

    _target_kind = NumericTargets
    _relative_alphas = tuple(10.0**exponent for exponent in range(-14, 1))
    _default_pooling = ("last", "mean", "std")

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train on a further part of the data.

        After all parts, the readout is the same as after one `fit` on all of them, but only one
        part at a time has to fit into memory. With ``alpha="auto"``, the first part decides whether
        the sequences are windows that overlap, and if they are, it determines the penalty as a
        fraction of the features' variance. The reservoir is drawn in the first call, and its
        plasticity adapts to that part only. With `rows="steps"` and `initial_state="fit_end"`, a
        part continues the one before it; otherwise it begins at a zero state.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None
            As in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._partial_fit(X, y, sample_weight)

    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination R², over sequences or over time steps.

        Time steps whose target is missing are left out.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), or list of arrays of shape (T_i,), default=None
            Weight of each sequence or time step, as in `fit`.

        Returns
        -------
        float
        """
        return self._score(r2_of_numbers, X, y, sample_weight)

    def _choose_input_scaling(self, reservoir, examples):
        if not self._per_step or reservoir.feedback_scaling > 0:
            return 1.0
        penalty = Penalty("auto", self.solver, self._relative_alphas)
        n_features = self._step_format.n_features
        return best_input_scaling(reservoir, examples, n_features, self.readout_input, penalty)

    @property
    def _targets(self):
        return NumericTargets(self._n_targets, self._is_single_target)

    def _check_part(self, method):
        """Accept any part of the data."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
