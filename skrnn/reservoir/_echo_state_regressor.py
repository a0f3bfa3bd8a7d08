"""The echo state regressor: a reservoir and a linear readout of numbers."""

from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from skrnn._sklearn import _fit_context
from skrnn.reservoir._base import BaseEchoState
from skrnn.sequences._targets import check_numbers

__all__ = ["EchoStateRegressor"]


class EchoStateRegressor(RegressorMixin, BaseEchoState):
    """Echo state network for regression and for the prediction of series.

    A fixed random recurrent network, the reservoir, turns each sequence into states; ridge
    regression reads the targets from them [1]_, [2]_. Only the readout is fitted, in closed form.

    Parameters
    ----------
    units : int or tuple of int, default=None
    spectral_radius : float, default=None
    leak_rate : float or array-like, default=None
    input_scaling : float or array-like, default=None
    washout : int, default=None
        The everyday parameters of the reservoir, None: the reservoir's own (500, 0.9, 1.0, 1.0
        and 0). What is given here must not be given there too.
    reservoir : Reservoir, default=None
        All else that shapes the dynamics, such as ``Reservoir(topology="cycle", layers=3)``; its
        parameters are tuned as ``reservoir__...``. None: ``Reservoir()``. It is cloned.
    alpha : float > 0, default=1e-6
        Penalty of the squared coefficients in the sum of squared errors, as in scikit-learn's
        `Ridge`. The intercept is free.
    alphas : array-like of float > 0, default=None
        Candidates for `alpha`; the one with the least error in generalised cross-validation is
        taken. One factorisation serves them all.
    solver : {"auto", "cholesky", "svd"}, default="auto"
        "cholesky": normal equations, which square the condition number; the fastest. "svd": a
        triangular factor of all rows is kept instead, and decomposed; exact down to the smallest
        penalties. "auto": "cholesky", but "svd" if there are fewer rows than features, or if a
        `fit` (not a `partial_fit`, which warns) finds the penalty below the products' rounding.
    readout_input : bool, default=True
        Whether the readout reads the inputs beside the states.
    pooling : {"last", "mean", "states"}, default=None
        How a sequence becomes the one vector that is read out when `return_sequences` is False:
        see :class:`~skrnn.reservoir.Reservoir`. None: the reservoir's own, else "last".
    return_sequences : bool, default=False
        False: one target a sequence (series to vector). True: one target a step (series to
        series).
    rows : {"sequences", "steps"}, default="sequences"
        What a row of X is. "steps": X, of shape (T, n_features), is one long series with a target
        for each row, so that `TimeSeriesSplit` and scorers work as on any table.
    initial_state : {"zero", "fit_end"}, default="zero"
        Where `predict`, and a further `partial_fit` or `update`, begin with `rows="steps"`: at
        zero, or where the last training step has led to.
    random_state : int, RandomState instance or None, default=None
        Seeds the reservoir, also one that has a seed of its own. With an int results are equal to
        the last bit on one machine.

    Attributes
    ----------
    reservoir_ : Reservoir
        The fitted reservoir, with all parameters.
    coef_ : ndarray of shape (n_readout_features,) or (n_targets, n_readout_features)
        The readout's coefficients: those of the states, then those of the inputs.
    intercept_ : float or ndarray of shape (n_targets,)
        The readout's intercept.
    alpha_ : float
        The penalty: `alpha`, or the best of `alphas`.
    gcv_errors_ : ndarray of shape (n_alphas,) or None
        Of each of `alphas`, the error in generalised cross-validation.
    n_features_in_ : int
        Width of a table of univariate sequences, else features of a step.
    feature_names_in_ : ndarray of str
        Column names, where X was a table that has them.

    See Also
    --------
    EchoStateClassifier : The same for labels.
    RNNRegressor : A recurrent network all of whose weights are trained.

    Notes
    -----
    With `feedback_scaling` of the reservoir the outputs go back into it at the next step: the
    targets in training (teacher forcing), its own outputs in `predict` and `generate`. Outputs go
    back in the units of the targets.

    A sequence gets the same prediction, to rounding, alone, in any batch and in any order; nothing
    is padded. Parameters that are set after a fit wait for the next one; where `predict` or a
    further part would need them, it says so.

    References
    ----------
    .. [1] H. Jaeger, H. Haas, "Harnessing nonlinearity: predicting chaotic systems and saving
       energy in wireless communication", Science 304, 2004.
    .. [2] M. Lukoševičius, "A practical guide to applying echo state networks", Neural Networks:
       Tricks of the Trade, 2012.

    Examples
    --------
    The next value of a wave that changes its pace, a row a step:

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

    It goes on alone, each output being the next input:

    >>> network.generate(3).shape
    (3,)
    """

    def __init__(
        self,
        *,
        units=None,
        spectral_radius=None,
        leak_rate=None,
        input_scaling=None,
        washout=None,
        reservoir=None,
        alpha=1e-6,
        alphas=None,
        solver="auto",
        readout_input=True,
        pooling=None,
        return_sequences=False,
        rows="sequences",
        initial_state="zero",
        random_state=None,
    ):
        super().__init__(
            units=units,
            spectral_radius=spectral_radius,
            leak_rate=leak_rate,
            input_scaling=input_scaling,
            washout=washout,
            reservoir=reservoir,
            alpha=alpha,
            alphas=alphas,
            solver=solver,
            readout_input=readout_input,
            pooling=pooling,
            return_sequences=return_sequences,
            rows=rows,
            initial_state=initial_state,
            random_state=random_state,
        )

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Go on learning: after all parts the readout is that of one `fit` to all of them.

        Memory is bounded by a part. The reservoir is drawn (and its plasticity learns) at the
        first call. With `rows="steps"` and `initial_state="fit_end"` a part goes on where the last
        one ended, else it begins at zero.

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
        """Coefficient of determination on sequences, or on steps where those have targets.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
        """
        return self._score(r2_score, X, y, sample_weight)

    def _check_targets(self, y, input_name="y"):
        return check_numbers(y, input_name, per_step=self._per_step)

    def _learn_targets(self, y, has_weight, classes):
        self._single_target = y.ndim == 1
        self._n_targets = 1 if y.ndim == 1 else y.shape[1]

    def _encode_targets(self, y):
        y = y.reshape(len(y), -1)
        if y.shape[1] != self._n_targets:
            raise ValueError(
                f"y has {y.shape[1]} targets, but {type(self).__name__} was fitted with "
                f"{self._n_targets}."
            )
        return y

    def _weigh(self, targets, weights):
        return weights

    def _decode(self, outputs):
        return outputs[:, 0] if self._single_target else outputs

    def _as_fed(self, outputs):
        return outputs

    def _check_part(self, method):
        """Accept any part."""

    def _targets_differ(self, other):
        return (self._n_targets, self._single_target) != (other._n_targets, other._single_target)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = self.rows == "steps"
        return tags
