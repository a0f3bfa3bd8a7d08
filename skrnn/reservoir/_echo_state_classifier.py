"""The echo state classifier: a reservoir and a linear readout of class indicators."""

from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from skrnn._fitting import fitted_snapshot, snapshot
from skrnn._parameters import parameter, with_parameters
from skrnn._sklearn import StrOptions, _fit_context
from skrnn.reservoir._base import BaseEchoState
from skrnn.reservoir._targets import ClassTargets, LabelTargets, OutputTargets
from skrnn.sequences._class_outputs import (
    known_classes_of_outputs,
    number_of_outputs,
    subset_accuracy,
)


@with_parameters
class EchoStateClassifier(ClassifierMixin, BaseEchoState):
    r"""Echo state network for the classification of sequences or of their time steps.

    A fixed random recurrent network, the reservoir, turns each sequence into states, from which
    ridge regression predicts one indicator per class. The class with the largest output is
    predicted [1]_, [2]_. Only this readout is trained, in closed form. If y is an indicator matrix,
    each of its labels is predicted if its output is above one half, so that a sequence or a time
    step may have none or several of them. If y has several columns of other class labels, the
    readout has indicators for the classes of each column, and one class of each is predicted.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The class labels. For an indicator matrix, the indices of its columns. If y has several
        columns of class labels, a list with the labels of each column.
    n_outputs_ : int
        The number of columns of y; 1 if it was one-dimensional.
    reservoir_ : Reservoir
        The fitted reservoir, with all parameters.
    coef_ : ndarray of shape (n_classes, n_readout_features)
        Coefficients of the readout: those of the states, followed by those of the inputs. With
        several columns of class labels, the classes of one column follow those of another.
    intercept_ : ndarray of shape (n_classes,)
        Intercept of the readout.
    alpha_ : float
        The penalty that is used.
    gcv_errors_ : ndarray of shape (n_alphas,) or None
        Error of each candidate for the penalty in generalised cross-validation. None if there is
        only one.
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
    EchoStateRegressor : The same for numeric targets.
    RNNClassifier : A recurrent network all of whose weights are trained.

    Notes
    -----
    With the state x(t) of the reservoir (see :class:`~skrnn.reservoir.Reservoir`) and the input
    u(t), the output is

    .. math:: \hat y(t) = W_{out} \, [x(t), u(t)] + b_{out}, \qquad
              \min_{W_{out}, b_{out}} \sum_t w_t \lVert y(t) - \hat y(t) \rVert^2
              + \alpha \lVert W_{out} \rVert^2,

    with the sample weights w and the indicators y(t) of the classes: 1 for the class of the target,
    0 for the others. With one target per sequence, the pooled states and inputs of a sequence take
    the place of x(t) and u(t).

    If `feedback_scaling` of the reservoir is positive, class indicators are fed back at the next
    time step: in training those of the targets (teacher forcing), in `predict` and `generate` those
    of the predicted class.

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
    .. [3] J. Duchi et al., "Efficient projections onto the l1-ball for learning in high
       dimensions", ICML 2008, figure 1.

    Examples
    --------
    Classify waves of any length by their frequency:

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

    alpha: object = parameter(
        default="auto",
        constraint=BaseEchoState._parameter_constraints["alpha"],
        description="""
        float > 0, array-like of float > 0, or "auto"
        Penalty of the squared coefficients in the sum of squared errors, as in scikit-learn's
        `RidgeClassifier`. The intercept is not penalised. Of several values, the one
        with the smallest error in generalised cross-validation is used; one factorisation is enough
        for all of them.
        "auto" is a hundredth of the total variance of all features of the readout, whatever the
        number of sequences; this is more accurate on small training sets than cross-validation of
        the squared error. As in `RidgeClassifier`, a weight counts as a number of copies of its
        sequence, so that small values of `sample_weight` make the penalty stronger: use weights
        with a mean of 1, and not with a sum of 1.
        """,
    )
    input_scaling: object = parameter(
        default=None,
        constraint=BaseEchoState._parameter_constraints["input_scaling"],
        description="""
        float, array-like of shape (n_features,) or None
        Factor of the input weights: small values give a nearly linear reservoir with a long memory,
        large values a strongly nonlinear one with a short memory. If None, that of `reservoir` is
        used; if that is None too, it is 1.
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
        ``("mean", "std", "model_space")``.
        """,
    )
    class_weight: object = parameter(
        default=None,
        constraint=[dict, list, StrOptions({"balanced"}), None],
        description="""
        dict, list of dict, "balanced" or None
        Weight of each class, by which `sample_weight` is multiplied. Classes that a dict does not
        name have the weight 1. "balanced" gives weights that are inversely proportional to the
        class frequencies. If None, all classes have the weight 1. If y has several columns of class
        labels, it is a list with a dict for each column, or "balanced", and the weights of the
        columns are multiplied. It must be None for an indicator matrix, whose rows have no single
        class: pass `sample_weight` to `fit`.
        """,
    )

    _target_kind = ClassTargets
    _relative_alphas = (1e-2,)
    _default_pooling = ("mean", "std", "model_space")
    _is_single_target = False
    # Whether targets are the rows of an indicator matrix; an attribute of fitted estimators.
    _is_multilabel = False

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train on a further part of the data.

        After all parts, the readout is the same as after one `fit` on all of them, but only one
        part at a time has to fit into memory. The reservoir is drawn in the first call, and its
        plasticity adapts to that part only. With `rows="steps"` and `initial_state="fit_end"`, a
        part continues the one before it; otherwise it begins at a zero state.

        Parameters
        ----------
        X, y : as in `fit`
        classes : array-like of shape (n_classes,), or list of array-like, default=None
            All classes that any part may contain. Only used in the first call; later calls may
            repeat it. If None, the classes are those of `y` in the first call. If y has several
            columns of class labels, a list with the classes of each column.
        sample_weight : array-like of shape (n,), default=None
            As in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If `classes` differs from that of the first call, if `y` has a label that is not among
            them, or if `class_weight="balanced"`, which needs all targets at once.
        """
        return self._partial_fit(
            X, y, sample_weight, known_classes_of_outputs(snapshot(self), classes)
        )

    def decision_function(self, X):
        """Return the outputs of the readout, about 1 for the true class and 0 for the others.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n, n_classes), or list of ndarray
            With two classes, an array of shape (n,): the output of the second class minus that of
            the first. For an indicator matrix, twice the output of each label minus one, which is
            positive for predicted labels. If y had several columns of class labels, a list with one
            such array for each column. With one target per time step, the result has the form of
            `predict`.
        """
        return self._decoded("decision_function", X)

    def predict_proba(self, X):
        """Estimate the probability of each class.

        Least squares on indicators estimates probabilities, but its outputs may leave [0, 1]. The
        nearest distribution is returned (the projection onto the simplex, Duchi et al. 2008), so
        that the most probable class is the predicted one. For an indicator matrix, the output of
        each label is limited to the open interval (0, 1). Calibrate the probabilities if their
        values matter.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n, n_classes), or list of ndarray of shape (T_i, n_classes)
            The columns are in the order of `classes_`. If y had several columns of class labels, a
            list with one array for each column.
        """
        return self._decoded("predict_proba", X)

    def score(self, X, y, sample_weight=None):
        """Return the accuracy, over sequences or over time steps.

        If y has several columns, this is the fraction of rows all of whose labels are correct. Time
        steps whose target is missing are left out.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), or list of arrays of shape (T_i,), default=None
            Weight of each sequence or time step, as in `fit`.

        Returns
        -------
        float
        """
        fitted = fitted_snapshot(self)
        metric = subset_accuracy if isinstance(fitted.classes_, list) else accuracy_score
        return fitted._score(metric, X, y, sample_weight)

    @property
    def n_outputs_(self):
        """The number of columns of y."""
        fitted = fitted_snapshot(self)
        return number_of_outputs(fitted.classes_, is_multilabel=fitted._is_multilabel)

    @property
    def _targets(self):
        if isinstance(self.classes_, list):
            return OutputTargets(self.classes_)
        return (LabelTargets if self._is_multilabel else ClassTargets)(self.classes_)

    def _decoders(self):
        targets = self._targets
        of_classes = {
            "predict_proba": targets.probabilities,
            "decision_function": targets.decision,
        }
        return super()._decoders() | of_classes

    def _check_part(self, method):
        """Check that a method can be trained on a part of the data."""
        if self.class_weight == "balanced":
            raise ValueError(
                f"class_weight='balanced' needs all targets at once, but {method} receives only a "
                "part of them. Set class_weight to a dict."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
