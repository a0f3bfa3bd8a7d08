"""`TimeDistributed`: every transformer of scikit-learn is a transformer of sequences, step by step.

Scaling, imputing and projecting the features of a step need no code of their own for sequences:
scikit-learn has them, for tables. All real steps are such a table.
"""

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter, validate_data

from skrnn._sklearn import HasMethods, _fit_context
from skrnn.preprocessing._output import SequenceTransformerMixin, array_like
from skrnn.sequences import Sequences, check_sequences, feature_table, is_table, wrap_like

__all__ = ["TimeDistributed"]


def count_steps(sequences):
    """Return how many of the sequences each of their values belongs to.

    Examples
    --------
    >>> from skrnn.sequences import Sequences
    >>> windows = Sequences([[0.0], [1.0], [2.0], [3.0]], starts=[1, 2], lengths=[2, 2])
    >>> count_steps(windows)
    array([0, 1, 2, 1])
    """
    size = len(sequences.values) + 1
    begun = np.bincount(sequences.starts, minlength=size)
    ended = np.bincount(sequences.starts + sequences.lengths, minlength=size)
    return np.cumsum(begun - ended)[:-1]


def drop_unused_steps(sequences):
    """Return the same sequences on values of which each belongs to at least one of them.

    Examples
    --------
    >>> from skrnn.sequences import Sequences
    >>> windows = Sequences([[0.0], [1.0], [2.0], [3.0]], starts=[1, 2], lengths=[2, 2])
    >>> drop_unused_steps(windows).values.ravel()
    array([1., 2., 3.])
    """
    if sequences.is_contiguous:
        return sequences
    is_used = count_steps(sequences) > 0
    if is_used.all():
        return sequences
    new_position = np.cumsum(is_used) - 1
    return Sequences(sequences.values[is_used], new_position[sequences.starts], sequences.lengths)


def steps_to_learn(sequences, *, weighted):
    """Return the steps of all sequences as a table, and how often each counts, None for once.

    With `weighted` a step that overlapping windows share is there once, with a weight: windows of
    200 steps would otherwise be 200 times their series.
    """
    if not weighted or sequences.is_contiguous:
        return sequences.concatenate(), None
    counts = count_steps(sequences)
    is_used = counts > 0
    values = sequences.values if is_used.all() else sequences.values[is_used]
    return values, counts[is_used]


class TimeDistributed(OneToOneFeatureMixin, SequenceTransformerMixin, BaseEstimator):
    """Apply a scikit-learn transformer to every step of every sequence.

    The transformer is fitted on all real steps of the given sequences, as one table with a row a
    step and a column a feature. Neither padding nor sequences of other folds have a part in it.

    Parameters
    ----------
    transformer : estimator with `fit` and `transform`
        Such as :class:`~sklearn.preprocessing.StandardScaler`,
        :class:`~sklearn.preprocessing.MinMaxScaler`, :class:`~sklearn.impute.SimpleImputer`,
        :class:`~sklearn.decomposition.PCA`, or a :class:`~sklearn.pipeline.Pipeline` of them. It
        is cloned, and must need no targets.

    Attributes
    ----------
    transformer_ : estimator
        The fitted transformer.

    n_features_in_ : int
        The width of a table (n, T), else the number of features of a step.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The column names of a DataFrame; only there if `fit` saw one.

    See Also
    --------
    skrnn.sequences.check_sequences : What is accepted as sequences.

    Notes
    -----
    In a table (n, T) each row is one univariate sequence. So a
    :class:`~sklearn.preprocessing.StandardScaler` has one mean here, over all steps of all rows,
    where on the bare table it has one for each column.

    `set_output` is accepted, so that a whole Pipeline can be told, and changes nothing: sequences
    come out in the kind of container they came in, also under
    ``sklearn.set_config(transform_output="pandas")``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn.preprocessing import TimeDistributed
    >>> X = [np.array([[0.0, 10.0], [2.0, 30.0]]), np.array([[4.0, 50.0]])]
    >>> scaler = TimeDistributed(StandardScaler()).fit(X)
    >>> scaler.transformer_.mean_
    array([ 2., 30.])
    >>> [sequence.shape for sequence in scaler.transform(X)]
    [(2, 2), (1, 2)]
    """

    _parameter_constraints = {"transformer": [HasMethods(["fit", "transform"])]}

    def __init__(self, transformer):
        self.transformer = transformer

    @_fit_context(prefer_skip_nested_validation=False)  # the transformer validates its own
    def fit(self, X, y=None):
        """Fit the transformer on all steps of the sequences.

        Parameters
        ----------
        X : Sequences, array, table, list or tuple
            The sequences, in any container that `check_sequences` accepts. A step that several of
            them share, as overlapping windows do, counts once for each. A transformer whose `fit`
            takes `sample_weight`, as that of :class:`~sklearn.preprocessing.StandardScaler`, is
            told so by weights, at no cost in memory; others get the step as often.

        y : None
            Ignored.

        Returns
        -------
        self : TimeDistributed

        Raises
        ------
        ValueError
            If `transformer` is no transformer, or one that needs targets, or if `X` is no valid
            batch of sequences.
        """
        if get_tags(self.transformer).target_tags.required:
            raise ValueError(
                "TimeDistributed fits transformers without targets, and "
                f"{self.transformer} needs them."
            )
        sequences = self._check_sequences(X)
        weighted = has_fit_parameter(self.transformer, "sample_weight")
        steps, weights = steps_to_learn(sequences, weighted=weighted)
        how_often = {} if weights is None else {"sample_weight": weights}
        transformer = clone(self.transformer).fit(steps, **how_often)
        self._check_features(X, sequences, reset=True)
        self._is_table = is_table(X)
        self.transformer_ = transformer
        return self

    def transform(self, X):
        """Transform every step of every sequence.

        Parameters
        ----------
        X : Sequences, array, table, list or tuple
            Sequences with the features seen in `fit`.

        Returns
        -------
        X_transformed : the same kind of container
            The sequences with transformed steps. A table whose steps get several features comes
            out as an array (n, T, n_features_out).

        Raises
        ------
        ValueError
            If `X` has other features than in `fit`, or if the transformer's output is sparse or
            has not one row a step.
        """
        check_is_fitted(self)
        sequences = self._check_sequences(X)
        self._check_features(X, sequences, reset=False)
        return self._apply(self.transformer_.transform, sequences, X)

    @available_if(lambda self: hasattr(self.transformer, "inverse_transform"))
    def inverse_transform(self, X):
        """Undo the transformation of every step.

        Parameters
        ----------
        X : Sequences, array, table, list or tuple
            Transformed sequences.

        Returns
        -------
        X_original : the same kind of container
            The sequences with steps as they were.
        """
        check_is_fitted(self)
        return self._apply(self.transformer_.inverse_transform, self._check_sequences(X), X)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features that come out.

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the features that went in; None takes those of `fit`, or `x0`, `x1`, ...

        Returns
        -------
        names : ndarray of str
            The transformer's names for the features of a step. A table that stays a table keeps
            the names of its columns.
        """
        check_is_fitted(self)
        if not self._is_table:
            return self.transformer_.get_feature_names_out(input_features)
        columns = super().get_feature_names_out(input_features)
        names = self.transformer_.get_feature_names_out()
        return columns if len(names) == 1 else names

    def __sklearn_tags__(self):
        """Describe what is accepted: what the transformer accepts, as sequences."""
        tags = super().__sklearn_tags__()
        of_transformer = get_tags(self.transformer)
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = of_transformer.input_tags.allow_nan
        tags.input_tags.positive_only = of_transformer.input_tags.positive_only
        tags.non_deterministic = of_transformer.non_deterministic
        if of_transformer.transformer_tags is not None:
            tags.transformer_tags.preserves_dtype = of_transformer.transformer_tags.preserves_dtype
        return tags

    def _check_sequences(self, X):
        allow_nan = get_tags(self.transformer).input_tags.allow_nan
        return check_sequences(X, dtype=[np.float64, np.float32], allow_nan=allow_nan)

    def _check_features(self, X, sequences, *, reset):
        """Compare (or record) the number and the names of the features, in scikit-learn's words."""
        table = feature_table(X)
        table = sequences.values[:1] if table is None else table
        validate_data(self, table, skip_check_array=True, reset=reset)

    def _apply(self, transform, sequences, X):
        """Return X with its steps transformed, each step once."""
        sequences = drop_unused_steps(sequences)
        steps = transform(sequences.values)
        if issparse(steps):
            raise ValueError(
                f"{self.transformer} gives sparse output, which sequences cannot hold; make it "
                "dense (encoders have sparse_output=False)."
            )
        steps = np.asarray(steps)
        if steps.ndim != 2 or len(steps) != len(sequences.values):
            raise ValueError(
                f"{self.transformer} must give one row a step: expected the shape "
                f"({len(sequences.values)}, n_features_out), got {steps.shape}."
            )
        return wrap_like(sequences.with_values(steps), array_like(X))
