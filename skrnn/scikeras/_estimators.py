"""scikeras' estimators for sequences, which current versions of scikit-learn recognise.

scikeras 0.13 reads arrays only, requires sequences of the same length in `fit` and `predict`, and
lacks the tags by which scikit-learn 1.7 and newer recognise classifiers and regressors.
"""

from sklearn.utils import ClassifierTags, RegressorTags, check_consistent_length

from skrnn._parameters import with_texts
from skrnn.scikeras._builder import PADDING_VALUE
from skrnn.sequences import check_sequences, to_padded

try:
    from scikeras.wrappers import KerasClassifier, KerasRegressor
except ImportError as error:
    raise ImportError(
        "skrnn.scikeras needs scikeras, which is not installed. Install the extra `scikeras` of "
        'skrnn, for example with `python -m pip install ".[scikeras]"`.'
    ) from error


# What the docstrings of both estimators have in common.
_SHARED = {
    "model": """\
model : callable or keras.Model
    The function that builds the network, such as the one that :func:`rnn_builder` returns.
""",
    "attributes": """\
padding_value : float
    The value of padding. X must not contain it.
n_features_in_ : int
    The number of features of a time step.
""",
    "errors": """\
ValueError
    If `check_sequences` refuses X, or if X contains `padding_value`, or if its number of
    features differs from that in `fit`.
""",
}


class _SequenceInput:
    """Read batches of sequences and pad them, in a class that scikeras' wrapper follows."""

    padding_value = PADDING_VALUE

    def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
        """Return a padded array and checked targets; scikeras calls this for all X and y."""
        padded = None
        if X is not None:
            sequences = check_sequences(X)
            check_consistent_length(sequences, y)
            padded = self._pad(sequences, reset)
        if y is not None:
            _, y = super()._validate_data(y=y, reset=reset, y_numeric=y_numeric)
        return padded, y

    def _pad(self, sequences, reset):
        n_features = sequences.shape[2]
        if (sequences.values == PADDING_VALUE).any():
            raise ValueError(f"X contains {PADDING_VALUE:g}, which stands for padding.")
        if reset:
            # Functions that build models read the shape here. The number of steps may change.
            self.X_shape_ = (len(sequences), None, n_features)
            self.X_dtype_, self.n_features_in_ = sequences.dtype, n_features
        elif n_features != self.n_features_in_:
            raise ValueError(
                f"X has {n_features} feature(s) per time step, but {type(self).__name__} was "
                f"fitted with {self.n_features_in_}."
            )
        return to_padded(sequences, value=PADDING_VALUE)

    def score(self, X, y, sample_weight=None):
        """Return the accuracy of a classifier, or the R² of a regressor.

        Parameters
        ----------
        X : as in `fit`
        y : array-like of shape (n,) or (n, n_outputs)
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
        """
        # scikeras drops sequences of weight zero before it has checked X.
        return super().score(check_sequences(X), y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags


@with_texts(**_SHARED)
class KerasSequenceClassifier(_SequenceInput, KerasClassifier):
    """scikeras' `KerasClassifier` for sequences of any length.

    X is what :func:`skrnn.check_sequences` accepts: an array of shape (n, T, n_features), a list of
    arrays of different lengths, or a table of univariate sequences. `model` receives an array in
    which the time steps after the end of a sequence are `padding_value`. The models of
    :func:`rnn_builder` ignore these; your own can begin with
    ``keras.layers.Masking(KerasSequenceClassifier.padding_value)``. The shape in
    ``meta["X_shape_"]`` is ``(n, None, n_features)``.

    Parameters
    ----------
    {model}
    **kwargs
        The parameters of `scikeras.wrappers.KerasClassifier`.

    Attributes
    ----------
    {attributes}
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    model_ : keras.Model
        The trained model. All other attributes are those of scikeras.

    Raises
    ------
    {errors}

    See Also
    --------
    skrnn.RNNClassifier : A classifier without scikeras, which trains faster.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import is_classifier
    >>> from skrnn.scikeras import KerasSequenceClassifier, rnn_builder
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 2)) for length in (4, 7, 5, 6)]
    >>> y = ["up", "down", "up", "down"]
    >>> model = rnn_builder(units=4)
    >>> classifier = KerasSequenceClassifier(model, epochs=2, verbose=0)
    >>> is_classifier(classifier)
    True
    >>> classifier.fit(X, y).predict_proba(X[:3]).shape
    (3, 2)
    """

    def predict_proba(self, X, **kwargs):
        """Predict the probability of each class.

        Parameters
        ----------
        X : as in `fit`
        **kwargs
            Passed to the `predict` of the Keras model.

        Returns
        -------
        ndarray of shape (n, n_classes)
        """
        sequences = check_sequences(X)
        # scikeras drops the first axis if there is only one sequence.
        return super().predict_proba(sequences, **kwargs).reshape(len(sequences), -1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        tags.classifier_tags = ClassifierTags()
        return tags


@with_texts(**_SHARED)
class KerasSequenceRegressor(_SequenceInput, KerasRegressor):
    """scikeras' `KerasRegressor` for sequences of any length.

    It reads X as :class:`KerasSequenceClassifier` does. There is one target, or one row of targets,
    per sequence.

    Parameters
    ----------
    {model}
    **kwargs
        The parameters of `scikeras.wrappers.KerasRegressor`.

    Attributes
    ----------
    {attributes}
    model_ : keras.Model
        The trained model. All other attributes are those of scikeras.

    Raises
    ------
    {errors}

    See Also
    --------
    skrnn.RNNRegressor : A regressor without scikeras, which trains faster.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.scikeras import KerasSequenceRegressor, rnn_builder
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(length, 2)) for length in (4, 7, 5, 6)]
    >>> model = rnn_builder(units=4)
    >>> regressor = KerasSequenceRegressor(model, epochs=2, verbose=0)
    >>> regressor.fit(X, [4.0, 7.0, 5.0, 6.0]).predict(X).shape
    (4,)
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        tags.regressor_tags = RegressorTags()
        return tags
