"""`RNNClassifier`: the recurrent classifier."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score

from skrnn._fitting import fitted_snapshot
from skrnn._parameters import inherited, parameter, with_parameters
from skrnn._sklearn import StrOptions, _fit_context
from skrnn.recurrent._base import BaseRNN
from skrnn.recurrent._codecs import LabelCodec
from skrnn.recurrent._parameters import NetworkParameters
from skrnn.recurrent._training_parameters import TrainingParameters
from skrnn.sequences._targets import check_labels, known_classes, require_two_classes


@with_parameters
class RNNClassifier(ClassifierMixin, BaseRNN):
    """Recurrent neural network classifier.

    A stack of recurrent layers reads each sequence. A dense output layer with softmax (sigmoid for
    two classes) predicts the probability of each class.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.
    n_features_in_ : int
        The number of features of a time step; for a table of univariate sequences, its number of
        columns.
    feature_names_in_ : ndarray of str
        The column names. Only defined if X has tables with column names.
    input_mean_, input_scale_ : float64 ndarray of shape (n_features,), or None
        With `standardize=True`, the network receives ``(x - input_mean_) / input_scale_``. The
        columns that are left unchanged have the mean 0 and the scale 1. None if features are not
        standardised.
    difference_scale_ : float64 ndarray of shape (n_features,), or None
        With `add_differences=True`, the network also receives
        ``(x[t] - x[t - 1]) / difference_scale_``. None if it does not receive differences.
    decay_mean_ : float64 ndarray of shape (n_features,), or None
        With `allow_nan=True`, the mean of each feature over the training set, to which a missing
        value decays. It is 0 for a feature without any known value. None if NaN are not accepted.
    history_ : dict of str to list of float
        The values of "loss" and of each metric, one per epoch. With validation data, it also
        contains the same names with the prefix ``"val_"``, and "learning_rate" if `schedule` is not
        "constant".
    n_iter_ : int
        The number of epochs that the network was trained for.
    weights_ : list of ndarray
        The weights of the network, in Keras' order.
    model_ : keras.Model
        The network with the inputs ``[steps, lengths]``, which is built from `weights_` at each
        access.

    See Also
    --------
    RNNRegressor : The same for numeric targets.
    TimeDistributed : Transform every time step.

    Notes
    -----
    Padding never changes a prediction: up to rounding, the prediction for a sequence is the same if
    it is passed alone, in any batch or in any order. A time step whose features are all zero is
    read as data, not as padding. With `return_sequences=True` every real time step has the same
    weight.

    References
    ----------
    .. [1] J. L. Elman, "Finding structure in time",
       Cognitive Science 14, 1990.
    .. [2] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997,
       with the forget gate of F. Gers et al., 2000.
    .. [3] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", EMNLP 2014; the reset gate is applied after the product.
    .. [4] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
       networks", ICML 2013, section 3.2.
    .. [5] I. Loshchilov, F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", ICLR
       2017, equation 5, without restarts.
    .. [6] L. N. Smith, "A disciplined approach to neural network hyper-parameters: Part 1",
       arXiv:1803.09820, 2018, with the constants of PyTorch's OneCycleLR.
    .. [7] C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?",
       ICLR 2018.
    .. [8] A. Gu et al., "Improving the gating mechanism of recurrent neural networks",
       ICML 2020.
    .. [9] D. Bahdanau, K. Cho, Y. Bengio, "Neural machine translation by jointly learning to align
       and translate", ICLR 2015, appendix A.1.2, with the outputs alone as its input.

    Examples
    --------
    Which of two frequencies does a wave of any length have?

    >>> import numpy as np
    >>> from skrnn import RNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = rng.choice(["slow", "fast"], size=60)
    >>> X = [
    ...     np.sin(np.arange(rng.integers(12, 20)) * (0.3 if label == "slow" else 1.0))
    ...     for label in y
    ... ]
    >>> classifier = RNNClassifier(units=8, epochs=20, random_state=0).fit(X, y)
    >>> classifier.predict([np.sin(np.arange(15) * 0.3), np.sin(np.arange(11))])
    array(['slow', 'fast'], dtype='<U4')
    >>> classifier.predict_proba(X[:1]).shape
    (1, 2)
    """

    pooling: str = inherited(NetworkParameters, "pooling", default="max")
    add_differences: bool = inherited(NetworkParameters, "add_differences", default=True)
    loss: object = parameter(
        default="auto",
        constraint="no_validation",
        description="""
        str, keras.losses.Loss or callable
        The loss function. "auto" is the cross-entropy of the classes. Names and objects are those
        of Keras. A loss whose name begins with "sparse" receives class codes, one whose name
        begins with "binary" receives one column of 0 and 1, and any other loss receives an
        indicator column for each class.
        """,
    )
    validation_split: float | None = parameter(
        default=None,
        constraint=TrainingParameters._parameter_constraints["validation_split"],
        description="""
        float in (0, 1) or None
        The fraction of the sequences that `fit` holds out as validation data. They are drawn at
        random, in proportion to the classes if there is one target per sequence. If None, it is
        0.1 if `early_stopping=True`, and otherwise no sequences are held out. Only used when `fit`
        does not receive `X_val`.
        """,
    )
    class_weight: object = parameter(
        default=None,
        constraint=[dict, StrOptions({"balanced"}), None],
        description="""
        dict, "balanced" or None
        The factors by which the weights of the sequences of each class are multiplied: finite
        numbers that are not negative. A class that a dict does not name has the factor 1.
        "balanced" uses factors that are inversely proportional to the frequencies of the classes.
        If None, all classes have the factor 1.
        """,
    )

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one more epoch, on the given data.

        Parameters
        ----------
        X, y : as in `fit`
        classes : array-like of shape (n_classes,), default=None
            All classes that may occur in this call and in later ones. If None, they are the classes
            of the first `y`. Later calls need not repeat them.
        sample_weight : array-like of shape (n,), default=None
            The weight of each sequence.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If `classes` differs from that of the first call, or if `y` has a label that is not
            in it.
        """
        classes = known_classes(self, classes)
        return self._partial_fit(X, y, sample_weight, classes)

    def predict_proba(self, X, *, initial_state=None, return_state=False):
        """Predict the probability of each class.

        Parameters
        ----------
        X : as in `fit`
        initial_state, return_state : as in `predict`

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), or list of ndarray
            The columns are in the order of `classes_`. With `return_sequences=True` there is one
            row per time step: an array of shape (n, T, n_classes) if `X` is an array, otherwise a
            list.
        state : tuple of ndarray of shape (n, width)
            Only returned with ``return_state=True``, as by `predict`.
        """
        fitted = fitted_snapshot(self)
        return fitted._predict(fitted._codec.probabilities, X, initial_state, return_state)

    def score(self, X, y, sample_weight=None):
        """Return the accuracy over sequences, or over real time steps with `return_sequences`.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
        """
        return self._score(accuracy_score, X, y, sample_weight)

    @property
    def _codec(self):
        return LabelCodec(self.classes_, self.loss, self.class_weight, self.dtype)

    def _check_targets(self, y, input_name="y"):
        return check_labels(y, input_name)

    def _learn_targets(self, y, has_weight, weights, classes):
        self.classes_ = require_two_classes(
            np.unique(y) if classes is None else classes, type(self).__name__
        )
