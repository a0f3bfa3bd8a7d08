"""`TimeDistributed`: apply any scikit-learn transformer to every time step of sequences.

scikit-learn's transformers scale, impute and project the rows of a table. The time steps of all
sequences are such a table, so that sequences need no special transformers.
"""

from copy import deepcopy

import numpy as np
from scipy.sparse import issparse
from sklearn.base import OneToOneFeatureMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skrnn._check_arrays import check_features
from skrnn._fitting import is_fitted
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import HasMethods, _fit_context
from skrnn.preprocessing._row_order import find_order_dependent
from skrnn.preprocessing._sequence_transformer import SequenceTransformerMixin
from skrnn.preprocessing._step_tables import drop_unused_steps, fit_steps
from skrnn.sequences import Sequences
from skrnn.sequences._check import as_sequences, warn_if_channels_first
from skrnn.sequences._columns import has_sequence_cells, unpack_columns
from skrnn.sequences._containers import array_like, feature_table, is_table, wrap_like
from skrnn.sequences._mixed_sequences import step_table
from skrnn.sequences._other_libraries import as_plain
from skrnn.sequences._read_categories import has_categories, read_categories
from skrnn.sequences._static_columns import split_static


def _allows_nan(transformer):
    """Return whether a transformer accepts NaN, or passes them to transformers that check them."""
    is_composed = isinstance(transformer, ColumnTransformer | FeatureUnion | Pipeline)
    return is_composed or get_tags(transformer).input_tags.allow_nan


def _require_independent_rows(transformer):
    """Raise an error if a transformer needs targets or would use steps of another sequence."""
    if get_tags(transformer).target_tags.required:
        raise ValueError(
            f"TimeDistributed fits transformers without targets, but {transformer} requires them."
        )
    part = find_order_dependent(transformer)
    if part is None:
        return
    name = type(part).__name__
    alternative = (
        "pass the sequences to Interpolator itself, which fills each of them separately"
        if name == "Interpolator"
        else f"use {name} on the series, before it is split into sequences"
    )
    raise ValueError(
        f"TimeDistributed passes the time steps of all sequences as one table, in which {part} "
        "would use the time steps of another sequence. Expected a transformer that does not "
        f"depend on the order of rows; {alternative}."
    )


class TimeDistributed(OneToOneFeatureMixin, SequenceTransformerMixin, SavedEstimator):
    """Apply a scikit-learn transformer to every time step of every sequence.

    The transformer is fitted on the time steps of all given sequences, as one table with one row
    per time step and one column per feature, which may be a category. Neither padding nor the
    sequences of other folds influence it.

    Parameters
    ----------
    transformer : estimator with `fit` and `transform`
        The transformer, for example :class:`~sklearn.preprocessing.StandardScaler`,
        :class:`~sklearn.preprocessing.MinMaxScaler`, :class:`~sklearn.impute.SimpleImputer`,
        :class:`~sklearn.decomposition.PCA`, or a :class:`~sklearn.pipeline.Pipeline` of them. `fit`
        clones it. It receives a DataFrame if the features have names or are categories, so that a
        :class:`~sklearn.compose.ColumnTransformer` finds its columns. Transformers that require
        targets are not supported, nor those that depend on the order of the rows, such as
        :class:`Interpolator`, which accepts sequences itself.

    Attributes
    ----------
    transformer_ : estimator
        The fitted transformer.

    n_features_in_ : int
        The number of columns if `fit` was called with a table (n, T), else the number of features
        of a time step.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The column names. Only defined if `fit` was called with a DataFrame or a list of DataFrames.

    See Also
    --------
    skrnn.check_sequences : Describes the accepted containers of sequences.

    Notes
    -----
    In a table (n, T) each row is one univariate sequence. A
    :class:`~sklearn.preprocessing.StandardScaler` therefore computes a single mean over all rows
    and columns, whereas it computes one mean per column if it is applied to the table directly.

    `set_output` is accepted, so that it can be set for a whole Pipeline, but has no effect. The
    output is always in the same kind of container as the input, also with
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

    A category of each time step becomes columns of 0 and 1:

    >>> import pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> X = [pd.DataFrame({"code": ["fee", "sale"], "amount": [0.0, 2.0]})]
    >>> by_column = make_column_transformer(
    ...     (OneHotEncoder(sparse_output=False), ["code"]), (StandardScaler(), ["amount"])
    ... )
    >>> encoder = TimeDistributed(by_column).fit(X)
    >>> encoder.transform(X)
    [array([[ 1.,  0., -1.],
            [ 0.,  1.,  1.]])]
    >>> encoder.get_feature_names_out()
    array(['onehotencoder__code_fee', 'onehotencoder__code_sale',
           'standardscaler__amount'], dtype=object)
    """

    # As in an estimator that an earlier version has saved.
    _categorical = ()

    _parameter_constraints = {"transformer": [HasMethods(["fit", "transform"])]}

    def __init__(self, transformer):
        self.transformer = transformer

    @_fit_context(prefer_skip_nested_validation=False)  # the transformer validates its parameters
    def fit(self, X, y=None):
        """Fit the transformer on the time steps of all sequences.

        Parameters
        ----------
        X : Sequences, array, table, list or tuple
            The sequences, in any container that `check_sequences` accepts. A time step that
            several overlapping windows share counts once for each of them. If the `fit` of the
            transformer accepts `sample_weight`, as that of
            :class:`~sklearn.preprocessing.StandardScaler`, the step is passed once with a weight,
            which needs no additional memory. Otherwise it is passed repeatedly.

        y : None
            Ignored.

        Returns
        -------
        self : TimeDistributed
            The fitted transformer.

        Raises
        ------
        ValueError
            If `transformer` is not a transformer, requires targets or depends on the order of the
            rows, or if `X` is not a valid batch of sequences.
        """
        return self._fit(X, "fit")

    @available_if(lambda self: hasattr(self.transformer, "partial_fit"))
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y=None):
        """Fit the transformer on the time steps of further sequences.

        The results of the calls are those of one `fit` on all sequences, if this holds for the
        transformer, as for :class:`~sklearn.preprocessing.StandardScaler` and
        :class:`~sklearn.preprocessing.MinMaxScaler` up to rounding. Data that are larger than the
        memory can thus be read in parts.

        Parameters
        ----------
        X : Sequences, array, table, list or tuple
            As in `fit`, with the same features in each call.

        y : None
            Ignored.

        Returns
        -------
        self : TimeDistributed
            The fitted transformer.

        Raises
        ------
        ValueError
            As in `fit`, or if `X` has other features than in earlier calls. The state of the
            earlier calls is then kept.
        """
        return self._fit(X, "partial_fit")

    def _fit(self, X, method):
        """Call a method of a new transformer, or `partial_fit` of a copy of the fitted one."""
        _require_independent_rows(self.transformer)
        sequences = self._check_sequences(X, "auto")
        if method == "partial_fit" and is_fitted(self):
            self._check_features(X, sequences, reset=False)
            self.transformer_ = fit_steps(deepcopy(self.transformer_).partial_fit, sequences)
            return self
        warn_if_channels_first(X, sequences)
        transformer = clone(self.transformer)
        transformer = fit_steps(getattr(transformer, method), sequences)
        self._check_features(X, sequences, reset=True)
        self._forget_stored_version()
        self._is_table = is_table(X)
        self._is_column = has_sequence_cells(X) and X.shape[1] == 1
        self._passes_names = sequences.feature_names is not None
        self._categorical = tuple(getattr(sequences, "tables", ()))
        self.transformer_ = transformer
        return self

    def transform(self, X):
        """Transform every time step of every sequence.

        Parameters
        ----------
        X : Sequences, array, table, list or tuple
            The sequences, with the same features as in `fit`.

        Returns
        -------
        X_transformed : the same kind of container
            The transformed sequences. If `X` is a table and the transformer returns several
            features, they are an array of shape (n, T, n_features_out).

        Raises
        ------
        ValueError
            If `X` has other features than in `fit`, or if the output of the transformer is sparse
            or does not have one row per time step.
        """
        check_is_fitted(self)
        if self._categorical:
            # The order of the features decides which of them are read as categories.
            table = feature_table(unpack_columns(split_static(as_plain(X))[0]))
            if table is not None:
                check_features(self, table, reset=False)
        sequences = self._check_sequences(X, self._categorical)
        self._check_features(X, sequences, reset=False)
        sequences = drop_unused_steps(sequences)
        steps = sequences.values
        # An estimator that an earlier version saved does not have the attribute.
        names = getattr(self.transformer_, "feature_names_in_", None)
        passes_names = getattr(self, "_passes_names", names is not None)
        if passes_names or self._categorical:
            steps = step_table(sequences)
        if passes_names:
            steps.columns = self.feature_names_in_
        steps = self.transformer_.transform(steps)
        return self._wrap(steps, sequences, X, self._names_out(X))

    @available_if(lambda self: hasattr(self.transformer, "inverse_transform"))
    def inverse_transform(self, X):
        """Undo the transformation of every time step.

        Parameters
        ----------
        X : Sequences, array, table, list or tuple
            The transformed sequences.

        Returns
        -------
        X_original : the same kind of container
            The sequences with the original features.

        Raises
        ------
        ValueError
            If `X` has other features than the output of `transform`.
        """
        check_is_fitted(self)
        sequences = drop_unused_steps(self._check_sequences(X))
        try:
            steps = self.transformer_.inverse_transform(sequences.values)
            return self._wrap(steps, sequences, X)
        except ValueError as error:
            n_features = sequences.values.shape[1]
            raise ValueError(
                f"X has {n_features} feature(s), which {self.transformer} cannot transform back: "
                f"{error}"
            ) from error

    def get_feature_names_out(self, input_features=None):
        """Return the names of the output features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the input features. If None, they are those of `feature_names_in_` if it is
            defined, and `x0`, `x1`, ... otherwise.

        Returns
        -------
        names : ndarray of str
            The names that the transformer gives to the features of a time step. If the output is a
            table like the input, they are the names of its columns.
        """
        check_is_fitted(self)
        # An estimator that an earlier version saved does not have the attribute.
        is_column = getattr(self, "_is_column", False) and input_features is not None
        if is_column and len(input_features) == 1:
            # As sklearn.compose.ColumnTransformer calls it: the output has the same column.
            return np.asarray(input_features, dtype=object)
        if not self._is_table:
            return self.transformer_.get_feature_names_out(input_features)
        columns = super().get_feature_names_out(input_features)
        names = self.transformer_.get_feature_names_out()
        return columns if len(names) == 1 else names

    def __sklearn_tags__(self):
        """Return the tags of the transformer, for input in the form of sequences."""
        tags = super().__sklearn_tags__()
        inner_tags = get_tags(self.transformer)
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = _allows_nan(self.transformer)
        tags.input_tags.positive_only = inner_tags.input_tags.positive_only
        tags.non_deterministic = inner_tags.non_deterministic
        if inner_tags.transformer_tags is not None:
            tags.transformer_tags.preserves_dtype = inner_tags.transformer_tags.preserves_dtype
        return tags

    def _check_sequences(self, X, categorical=()):
        allow_nan = _allows_nan(self.transformer)
        if len(categorical) > 0:
            table, static = split_static(as_plain(X))
            table = unpack_columns(table)
            if categorical != "auto" or has_categories(table):
                mixed = read_categories(table, categorical, allow_nan=allow_nan)
                return mixed if static[0] is None else mixed.with_static(*static)
        return as_sequences(X, dtype=[np.float64, np.float32], allow_nan=allow_nan)

    def _check_features(self, X, sequences, *, reset):
        """Check the number and the names of the features, or record them if `reset`."""
        table = feature_table(unpack_columns(split_static(as_plain(X))[0]))
        table = sequences.values[:1] if table is None else table
        check_features(self, table, reset=reset)

    def _names_out(self, X):
        """Return the names of the transformed features if X are `Sequences` with names."""
        has_names = isinstance(X, Sequences) and X.feature_names is not None
        if not has_names or not hasattr(self.transformer_, "get_feature_names_out"):
            return None
        return self.transformer_.get_feature_names_out(X.feature_names)

    def _wrap(self, steps, sequences, X, names=None):
        """Return transformed time steps as sequences in the kind of container that X is."""
        if issparse(steps):
            raise ValueError(
                f"{self.transformer} returns sparse output, which sequences cannot contain. Use "
                "dense output (sparse_output=False for encoders)."
            )
        steps = np.asarray(steps)
        if steps.ndim != 2 or len(steps) != len(sequences.values):
            raise ValueError(
                f"{self.transformer} must return one row per time step: expected the shape "
                f"({len(sequences.values)}, n_features_out), got {steps.shape}."
            )
        return wrap_like(sequences.with_values(steps, names), array_like(X))
