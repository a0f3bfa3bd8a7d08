"""`RNNClassifier`: the recurrent classifier."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if

from skrnn._fitting import fitted_snapshot
from skrnn._parameters import inherited, parameter, with_parameters, with_texts
from skrnn._sklearn import StrOptions, _fit_context
from skrnn.recurrent._base import BaseRNN
from skrnn.recurrent._codecs import LabelCodec
from skrnn.recurrent._indicator_codec import IndicatorCodec
from skrnn.recurrent._network_parameters import NetworkParameters
from skrnn.recurrent._outputs_codec import OutputsCodec
from skrnn.recurrent._texts import PAIR_TEXTS
from skrnn.recurrent._training_parameters import TrainingParameters
from skrnn.sequences._class_outputs import (
    known_classes_of_outputs,
    learn_class_outputs,
    number_of_outputs,
    subset_accuracy,
)
from skrnn.sequences._class_targets import (
    check_class_targets,
    is_indicator,
    require_label_indices,
    require_no_class_weight,
    warn_if_one_column_per_step,
)
from skrnn.sequences._targets import require_two_classes


def _predicts_labels(classifier):
    """Return whether a classifier was fitted with an indicator matrix."""
    return classifier._is_multilabel


@with_texts(**PAIR_TEXTS)
@with_parameters
class RNNClassifier(ClassifierMixin, BaseRNN):
    """Recurrent neural network classifier.

    A stack of recurrent layers reads each sequence. A dense output layer with softmax (sigmoid for
    two classes) predicts the probability of each class. If y is an indicator matrix, a sequence or
    a time step may have none or several of its labels, and a sigmoid predicts the probability of
    each label. If y has several columns of other class labels, one network learns all of them, with
    a softmax for each column.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The class labels, sorted. For an indicator matrix, the indices of its columns. If y has
        several columns of class labels, a list with the labels of each column.
    n_outputs_ : int
        The number of columns of y; 1 if it was one-dimensional.
    {inputs}
    history_ : dict of str to list of float
        The values of "loss" and of each metric, one per epoch. With validation data, it also
        contains the same names with the prefix ``"val_"``, and "learning_rate" if `schedule` is not
        "constant".
    {network}

    See Also
    --------
    RNNRegressor : The same for numeric targets.
    TimeDistributed : Transform every time step.

    Notes
    -----
    {padding}

    References
    ----------
    {references}

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

    Several labels at once, in an indicator matrix: is the wave slow, and does it have more than 15
    time steps?

    >>> labels = np.array([[label == "slow", len(x) > 15] for x, label in zip(X, y)])
    >>> tagger = RNNClassifier(units=8, epochs=60, random_state=0).fit(X, labels)
    >>> tagger.predict([np.sin(np.arange(18) * 0.3), np.sin(np.arange(12))])
    array([[1, 1],
           [0, 0]])

    Two class outputs, of which each has its own column and its own classes:

    >>> both = np.column_stack([y, ["long" if len(x) > 15 else "short" for x in X]])
    >>> classifier = RNNClassifier(units=8, epochs=60, random_state=0).fit(X, both)
    >>> classifier.predict([np.sin(np.arange(18) * 0.3), np.sin(np.arange(12))])
    array([['slow', 'long'],
           ['fast', 'short']], dtype='<U5')
    >>> [probabilities.shape for probabilities in classifier.predict_proba(X)]
    [(60, 2), (60, 2)]
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
        indicator column for each class. For an indicator matrix, "auto" is the mean of the binary
        cross-entropies of the labels. If y has several columns of class labels, the loss is applied
        to each column, and the mean is minimised, so that the scale of the gradients does not
        depend on the number of columns; a loss whose name begins with "binary" is not possible.
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
        does not receive `X_val`. If y has several columns, they are drawn without regard to labels.
        """,
    )
    class_weight: object = parameter(
        default=None,
        constraint=[dict, list, StrOptions({"balanced"}), None],
        description="""
        dict, list of dict, "balanced" or None
        The factors by which the weights of the sequences of each class are multiplied: finite
        numbers that are not negative. A class that a dict does not name has the factor 1.
        "balanced" uses factors that are inversely proportional to the frequencies of the classes.
        If None, all classes have the factor 1. If y has several columns of class labels, it is a
        list with a dict for each column, or "balanced", and the factors of the columns are
        multiplied. It must be None for an indicator matrix, whose rows have no single class: pass
        `sample_weight` to `fit`.
        """,
    )

    # Whether targets are the rows of an indicator matrix; an attribute of fitted estimators.
    _is_multilabel = False

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one more epoch, on the given data.

        Parameters
        ----------
        X, y : as in `fit`
        classes : array-like of shape (n_classes,), or list of array-like, default=None
            All classes that may occur in this call and in later ones. If None, they are the classes
            of the first `y`. Later calls need not repeat them. Not needed for an indicator matrix.
            If y has several columns of class labels, a list with the classes of each column.
        sample_weight : array-like of shape (n,), or list of arrays of shape (T_i,), default=None
            As in `fit`.

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
        classes = known_classes_of_outputs(self, classes)
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def predict_proba(self, X, *, initial_state=None, return_state=False):
        """Predict the probability of each class, or of each label of an indicator matrix.

        `predict` chooses the class with the largest probability, or the labels with a probability
        above 0.5. Compare the probabilities of labels with other thresholds if a false positive and
        a false negative do not cost the same.

        Parameters
        ----------
        X : as in `fit`
        initial_state, return_state : as in `predict`

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), or list of ndarray
            The columns are in the order of `classes_`. Those of labels do not add up to 1, because
            labels do not exclude each other. If y had several columns of class labels, a list with
            one array for each column. With `return_sequences=True` there is one
            row per time step: an array of shape (n, T, n_classes) if `X` is an array, otherwise a
            list.
        state : tuple of ndarray of shape (n, width)
            Only returned with ``return_state=True``, as by `predict`.
        """
        fitted = fitted_snapshot(self)
        return fitted._predict(fitted._codec.probabilities, X, initial_state, return_state)

    @available_if(_predicts_labels)
    def decision_function(self, X):
        """Return by how much the probability of each label is larger than that of its absence.

        Only available after `fit` with an indicator matrix. The scores "roc_auc" and
        "average_precision" of scikit-learn call this method. If there are two labels, they would
        mistake the columns of `predict_proba` for the probabilities of two classes.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        decisions : ndarray of shape (n, n_labels), or list of ndarray
            Numbers between -1 and 1, which are above 0 for the labels that `predict` returns. With
            `return_sequences=True` there is one row per time step, as in `predict_proba`.
        """
        fitted = fitted_snapshot(self)
        return fitted._predict(fitted._codec.decisions, X, None, False)

    def score(self, X, y, sample_weight=None):
        """Return the accuracy over sequences, or over real time steps with `return_sequences`.

        If y has several columns, this is the fraction of rows all of whose labels are correct. Time
        steps whose target is missing are left out.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n,), or list of arrays of shape (T_i,), default=None

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
    def _codec(self):
        if isinstance(self.classes_, list):
            return OutputsCodec(self.classes_, self.loss, self.class_weight, self.dtype)
        if self._is_multilabel:
            return IndicatorCodec(len(self.classes_), self.loss, self.dtype)
        return LabelCodec(self.classes_, self.loss, self.class_weight, self.dtype)

    def _flatten_targets(self, y, inputs, input_name, *, reset, classes):
        options = {"reset": reset, "classes": classes}
        y, counts = super()._flatten_targets(y, inputs, input_name, **options)
        if reset and not self.return_sequences:
            warn_if_one_column_per_step(y, inputs.given_lengths)
        return y, counts

    def _check_targets(self, y, input_name="y"):
        return check_class_targets(y, input_name, per_step=self.return_sequences)

    def _learn_targets(self, y, has_weight, weights, classes):
        several = isinstance(classes, list)
        self._is_multilabel = is_indicator(y) and not several
        if self._is_multilabel:
            require_no_class_weight(self.class_weight)
            require_label_indices(classes, y.shape[1])
            self.classes_ = np.arange(y.shape[1])
            return
        if several or y.ndim == 2:
            self.classes_ = learn_class_outputs(y, classes, type(self).__name__)
            return
        self.classes_ = require_two_classes(
            np.unique(y) if classes is None else classes, type(self).__name__
        )

    def _learn_more_targets(self, y, has_weight, weights):
        if self._is_multilabel:
            require_no_class_weight(self.class_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
