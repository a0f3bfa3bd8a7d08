"""The echo state classifier: a reservoir and a linear readout of class indicators."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from skrnn._sklearn import StrOptions, _fit_context
from skrnn.reservoir._base import PARAMETER_CONSTRAINTS, BaseEchoState
from skrnn.sequences._targets import (
    check_labels,
    class_factors,
    known_classes,
    label_codes,
    require_two_classes,
)

__all__ = ["EchoStateClassifier"]


class EchoStateClassifier(ClassifierMixin, BaseEchoState):
    """Echo state network for classification of sequences, or of their steps.

    A fixed random recurrent network, the reservoir, turns each sequence into states; ridge
    regression reads from them an indicator of each class, and the largest wins [1]_, [2]_. Only
    the readout is fitted, in closed form.

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
    alpha : float > 0, default=1.0
        Penalty of the squared coefficients in the sum of squared errors, as in scikit-learn's
        `RidgeClassifier`. The intercept is free. The regressor's default is far smaller: a class
        is not a number that can be hit to the last digit.
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
    class_weight : dict or "balanced", default=None
        A factor for each class on `sample_weight`; "balanced": inverse to its frequency.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    reservoir_ : Reservoir
        The fitted reservoir, with all parameters.
    coef_ : ndarray of shape (n_classes, n_readout_features)
        The readout's coefficients: those of the states, then those of the inputs.
    intercept_ : ndarray of shape (n_classes,)
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
    EchoStateRegressor : The same for numeric targets.
    RNNClassifier : A recurrent network all of whose weights are trained.

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
    .. [3] J. Duchi et al., "Efficient projections onto the l1-ball for learning in high
       dimensions", ICML 2008, figure 1.

    Examples
    --------
    Which of two frequencies does a wave of any length have?

    >>> import numpy as np
    >>> from skrnn import EchoStateClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.choice(["slow", "fast"], size=60)
    >>> X = [
    ...     np.sin(np.arange(rng.integers(12, 20)) * (0.3 if label == "slow" else 1.0))
    ...     for label in y
    ... ]
    >>> classifier = EchoStateClassifier(units=50, pooling="mean", random_state=0).fit(X, y)
    >>> classifier.predict([np.sin(np.arange(15) * 0.3), np.sin(np.arange(13))])
    array(['slow', 'fast'], dtype='<U4')
    """

    _parameter_constraints: dict = {
        **PARAMETER_CONSTRAINTS,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        *,
        units=None,
        spectral_radius=None,
        leak_rate=None,
        input_scaling=None,
        washout=None,
        reservoir=None,
        alpha=1.0,
        alphas=None,
        solver="auto",
        readout_input=True,
        pooling=None,
        return_sequences=False,
        rows="sequences",
        initial_state="zero",
        class_weight=None,
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
        self.class_weight = class_weight

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Go on learning: after all parts the readout is that of one `fit` to all of them.

        Memory is bounded by a part. The reservoir is drawn (and its plasticity learns) at the
        first call. With `rows="steps"` and `initial_state="fit_end"` a part goes on where the last
        one ended, else it begins at zero.

        Parameters
        ----------
        X, y : as in `fit`
        classes : array-like of shape (n_classes,), default=None
            All classes that calls to come may bring; without it those of the first `y`.
        sample_weight : array-like of shape (n,), default=None
            As in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If `classes` differs from that of the first call, `y` has a label outside it, or
            `class_weight="balanced"`, which one part cannot know.
        """
        return self._partial_fit(X, y, sample_weight, known_classes(self, classes))

    def decision_function(self, X):
        """Return the readout's output for each class, which is about 1 for its own and 0 else.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n, n_classes), or list of ndarray
            For two classes of shape (n,): the second's output less the first's. With a target
            for each step in the form that `predict` gives.
        """
        inputs, outputs = self._forward(X)
        if len(self.classes_) == 2:
            outputs = outputs[:, 1] - outputs[:, 0]
        return self._nest(outputs, X, inputs)

    def predict_proba(self, X):
        """Estimate the probability of each class.

        Least squares on indicators estimates probabilities that may leave [0, 1]; the nearest
        distribution is returned (the projection on the simplex, Duchi et al. 2008), so that the
        most probable class is the predicted one. They are estimates: calibrate where their values
        matter.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n, n_classes), or list of ndarray of shape (T_i, n_classes)
            Columns are in the order of `classes_`.
        """
        inputs, outputs = self._forward(X)
        return self._nest(on_simplex(outputs), X, inputs)

    def score(self, X, y, sample_weight=None):
        """Accuracy on sequences, or on steps where those have targets.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
        """
        return self._score(accuracy_score, X, y, sample_weight)

    def _check_targets(self, y, input_name="y"):
        return check_labels(y, input_name)

    def _learn_targets(self, y, has_weight, classes):
        self._single_target = False
        self.classes_ = require_two_classes(
            np.unique(y) if classes is None else classes, type(self).__name__
        )

    def _encode_targets(self, y):
        return np.eye(len(self.classes_))[label_codes(y, self.classes_, "y")]

    def _weigh(self, targets, weights):
        if self.class_weight is None:
            return weights
        weights = np.ones(len(targets)) if weights is None else weights
        codes = targets.argmax(axis=1)
        return weights * class_factors(codes, self.class_weight, self.classes_, weights)

    def _decode(self, outputs):
        return self.classes_[outputs.argmax(axis=1)]

    def _as_fed(self, outputs):
        return np.eye(len(self.classes_))[outputs.argmax(axis=0)].T

    def _check_part(self, method):
        if self.class_weight == "balanced":
            raise ValueError(
                f"class_weight='balanced' needs all targets at once, which {method} never sees; "
                "give the weights as a dict."
            )

    def _targets_differ(self, other):
        return not np.array_equal(self.classes_, other.classes_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.rows == "steps"
        return tags


def on_simplex(outputs):
    """Return the nearest distribution to each row.

    Examples
    --------
    >>> on_simplex(np.array([[1.5, 0.25, -0.25], [0.25, 0.25, 0.5]]))
    array([[1.  , 0.  , 0.  ],
           [0.25, 0.25, 0.5 ]])
    """
    falling = -np.sort(-outputs, axis=1)
    excess = (np.cumsum(falling, axis=1) - 1) / np.arange(1, outputs.shape[1] + 1)
    n_positive = np.count_nonzero(falling > excess, axis=1)
    return np.maximum(outputs - excess[np.arange(len(outputs)), n_positive - 1][:, None], 0)
