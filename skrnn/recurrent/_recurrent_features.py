"""`RecurrentFeatures`: a trained network as a transformer, from sequences to a table.

A model for tables, such as logistic regression or gradient boosting, then follows the network in a
Pipeline, and cross-validation trains both of them on the same folds.
"""

import numpy as np
from sklearn import get_config
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
)
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from skrnn._fitting import all_or_nothing, fitted_snapshot
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import _fit_context
from skrnn.recurrent._classifier import RNNClassifier
from skrnn.recurrent._regressor import RNNRegressor


def default_estimator(y):
    """Return a regressor for targets of a floating-point dtype, and otherwise a classifier.

    Examples
    --------
    >>> default_estimator([0.5, 2.0])
    RNNRegressor()
    >>> default_estimator(["ant", "bee"])
    RNNClassifier()
    """
    return RNNRegressor() if np.asarray(y).dtype.kind == "f" else RNNClassifier()


def require_network(estimator):
    """Return an estimator, or the one in a `FrozenEstimator`, if it has a vector per sequence.

    Raises
    ------
    ValueError
    """
    network = estimator.estimator if isinstance(estimator, FrozenEstimator) else estimator
    if not isinstance(network, RNNClassifier | RNNRegressor):
        raise ValueError(
            "estimator must be an RNNClassifier, an RNNRegressor, a FrozenEstimator of one of them "
            f"or None, got a FrozenEstimator of {network!r}."
        )
    if network.return_sequences:
        raise ValueError(
            "estimator must have return_sequences=False, because RecurrentFeatures returns one row "
            "per sequence, got return_sequences=True. The method hidden_states returns the outputs "
            "at all time steps."
        )
    return network


class RecurrentFeatures(
    ClassNamePrefixFeaturesOutMixin, MetaEstimatorMixin, TransformerMixin, SavedEstimator
):
    """Transformer from sequences to the features that a recurrent network has learned.

    `fit` trains a network on the targets. `transform` returns, for each sequence, the vector that
    the output layer of the network receives: the outputs of the last recurrent layer, pooled over
    time. A model for tables can follow in a :class:`~sklearn.pipeline.Pipeline`.

    Parameters
    ----------
    estimator : RNNClassifier, RNNRegressor, FrozenEstimator or None, default=None
        The network, of which `fit` trains a clone. It must have ``return_sequences=False``. A
        fitted network in a :class:`~sklearn.frozen.FrozenEstimator` is used without training, for
        example one that was trained on more data or on other targets. If None, it is
        ``RNNRegressor()`` if the targets are floating-point numbers, and ``RNNClassifier()``
        otherwise.

    Attributes
    ----------
    estimator_ : RNNClassifier, RNNRegressor or FrozenEstimator
        The trained network.

    n_features_in_ : int
        The number of features of a time step, or of columns if `X` was a table of univariate
        sequences.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The names of the features. Only defined if `X` had some.

    See Also
    --------
    RNNClassifier.hidden_states : The outputs of the last recurrent layer without pooling.
    skrnn.reservoir.Reservoir : Features of a network that is not trained.
    skrnn.inspection.feature_attributions : How much each feature contributes to a prediction.

    Notes
    -----
    The number of columns is the number of units of the last layer. It is twice as large for
    bidirectional layers, and again twice as large with ``pooling="mean_max"``. A custom `body`
    determines it itself. With ``static="concat"``, the static features follow, as the output layer
    receives them: there is one more column for each.

    The rows of the training sequences come from a network that was trained on these sequences. They
    therefore separate the targets better than those of new sequences do. Choose the parameters of
    the next model by cross-validation of the whole Pipeline, or train the network on other
    sequences and put it into a `FrozenEstimator`.

    Examples
    --------
    Which of two frequencies does a wave of any length have?

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import RNNClassifier
    >>> from skrnn.recurrent import RecurrentFeatures
    >>> rng = np.random.default_rng(0)
    >>> y = rng.choice(["slow", "fast"], size=60)
    >>> X = [
    ...     np.sin(np.arange(rng.integers(12, 20)) * (0.3 if label == "slow" else 1.0))
    ...     for label in y
    ... ]
    >>> features = RecurrentFeatures(RNNClassifier(units=8, epochs=20, random_state=0))
    >>> features.fit_transform(X, y).shape
    (60, 8)
    >>> model = make_pipeline(features, LogisticRegression()).fit(X, y)
    >>> model.predict([np.sin(np.arange(15) * 0.3), np.sin(np.arange(11))])
    array(['slow', 'fast'], dtype='<U4')
    """

    _parameter_constraints = {
        "estimator": [RNNClassifier, RNNRegressor, FrozenEstimator, None],
    }

    def __init__(self, estimator=None):
        self.estimator = estimator

    @_fit_context(prefer_skip_nested_validation=False)  # the network validates its parameters
    def fit(self, X, y=None, **fit_params):
        """Train the network.

        Parameters
        ----------
        X : as in the `fit` of the network
            The sequences.
        y : array-like of shape (n,) or (n, k), default=None
            One target per sequence. Not needed, and ignored, if `estimator` is a `FrozenEstimator`.
        **fit_params : dict
            Further arguments of the `fit` of the network, such as `sample_weight`. With
            ``sklearn.set_config(enable_metadata_routing=True)``, they are those that it requests.

        Returns
        -------
        self : RecurrentFeatures
            The fitted transformer.

        Raises
        ------
        ValueError
            If `estimator` has one target per time step, or if the `fit` of the network raises it.
            The state of an earlier fit is then kept.
        NotFittedError
            If `estimator` is a `FrozenEstimator` of a network that is not fitted.
        """
        estimator = default_estimator(y) if self.estimator is None else self.estimator
        require_network(estimator)
        if get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params).estimator.fit
        with all_or_nothing(self) as fitted:
            fitted._forget_stored_version()
            fitted.estimator_ = clone(estimator).fit(X, y, **fit_params)
            network = require_network(fitted.estimator_)
            fitted.n_features_in_ = network.n_features_in_
            vars(fitted).pop("feature_names_in_", None)
            if hasattr(network, "feature_names_in_"):
                fitted.feature_names_in_ = network.feature_names_in_
            fitted._n_features_out = network._n_pooled
        return self

    def transform(self, X):
        """Return what the output layer of the network receives for each sequence.

        Parameters
        ----------
        X : as in `fit`
            Any number of sequences of any length.

        Returns
        -------
        features : ndarray of shape (n, n_features_out)
            One row per sequence, in the `dtype` of the network. It is a DataFrame if `set_output`
            requires it.

        Raises
        ------
        ValueError
            If `X` does not have the format of the sequences in `fit`.
        """
        fitted = fitted_snapshot(self)
        return fitted_snapshot(require_network(fitted.estimator_))._pooled(X)

    def get_metadata_routing(self):
        """Return which arguments of `fit` are passed to the network.

        Returns
        -------
        routing : MetadataRouter
            The routing of scikit-learn.
        """
        network = RNNClassifier() if self.estimator is None else self.estimator
        methods = MethodMapping().add(caller="fit", callee="fit")
        return MetadataRouter(owner=self).add(estimator=network, method_mapping=methods)

    def __sklearn_tags__(self):
        """Return the tags of a transformer that reads what the network reads."""
        tags = super().__sklearn_tags__()
        network = RNNClassifier() if self.estimator is None else self.estimator
        tags.input_tags = get_tags(network).input_tags
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []
        return tags
