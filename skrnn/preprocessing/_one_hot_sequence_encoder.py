"""`OneHotSequenceEncoder`: encode symbols, tags, clicks or words as sparse one-hot steps.

scikit-learn's OneHotEncoder reads tables and gives each feature its own columns. Here the steps of
a sequence are the categories, all steps share the same columns, and sequences differ in length.
"""

import numbers

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._persistence import SavedEstimator
from skrnn._sklearn import Interval, RealNotInt, StrOptions, _fit_context
from skrnn.preprocessing._categories import as_batch, read_categories
from skrnn.preprocessing._documents import check_documents
from skrnn.preprocessing._one_hot_columns import (
    column_labels,
    given_categories,
    infrequent_indices,
    known_indices,
    occurring_categories,
    shared_columns,
    unknown_categories,
)
from skrnn.preprocessing._one_hot_matrices import (
    SparseTable,
    columns_of,
    columns_of_rows,
    count_matrix,
    dense_sequences,
    number_dtype,
    sparse_sequences,
    stack_steps,
)
from skrnn.preprocessing._sequence_transformer import (
    TableTransformerMixin,
    collect_like,
    fill_empty_sequences,
)
from skrnn.sequences._containers import is_nested_array, is_table, split_steps


class OneHotSequenceEncoder(TableTransformerMixin, SavedEstimator):
    """Encode sequences of categories as one-hot steps.

    Each step is one category, for example a letter of a DNA strand, a visited page, a tag or a
    word. All steps share the same columns, one per category. They are sparse, and the recurrent
    estimators read them without converting them to dense arrays.

    Parameters
    ----------
    analyzer : "word", callable or None, default=None
        How an item of `X` is converted to a sequence. If None, the item is the sequence: a list or
        array of str or int, or a str, which is read as the sequence of its characters. If "word",
        the item is a document, which is split into words as by
        :class:`~sklearn.feature_extraction.text.CountVectorizer`. A callable receives the item and
        returns a sequence.

    categories : "auto" or array-like of str or int, default="auto"
        The categories in the order of their columns. If "auto", the training categories are sorted.

    handle_unknown : {"error", "ignore", "infrequent_if_exist"}, default="error"
        How to encode a step whose category is unknown.

        - "error" raises an error.
        - "ignore" encodes it as a step of zeros.
        - "infrequent_if_exist" encodes it like an infrequent category, or as a step of zeros if
          there are no infrequent categories.

    min_frequency : int or float, default=None
        Categories that occur less often are infrequent and share the last column. An int is a
        number of steps, a float between 0 and 1 is a fraction of all steps. If None, the frequency
        does not matter.

    max_categories : int, default=None
        The maximum number of columns. As in OneHotEncoder, one of them is kept for infrequent
        categories, even if there are exactly `max_categories` categories. If None, there is no
        maximum.

    dtype : dtype, default=np.float32
        The dtype of the output.

    sparse_output : bool, default=True
        Whether the output is sparse.

    output : {"sequence", "multi_hot", "counts"}, default="sequence"
        The rows of the output. "sequence" returns one matrix per sequence, with one row per step.
        "multi_hot" and "counts" return one row per sequence, which shows the categories that occur
        in it, or how often each category occurs in it.

    Attributes
    ----------
    categories_ : ndarray of shape (n_categories,)
        The categories, of dtype int64 or object (str), sorted unless `categories` is given.

    infrequent_categories_ : ndarray or None
        The categories that share the last column, or None if there are none.

    n_features_in_ : int
        The number of columns if `fit` was called with a table (n, T), else 1.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The column names. Only defined if `fit` was called with a DataFrame.

    See Also
    --------
    sklearn.preprocessing.OneHotEncoder : Encodes tables, with separate columns for each feature.
    sklearn.feature_extraction.text.CountVectorizer : Counts words and n-grams.

    Notes
    -----
    On a table with all steps in one column, :class:`~sklearn.preprocessing.OneHotEncoder` finds the
    same categories, infrequent categories and rows.

    An empty sequence becomes one step (or, with the other values of `output`, one row) of zeros,
    because networks do not accept empty sequences.

    The matrices of a batch share memory, which stays in use as long as one of them exists.

    Sparse matrices are ``csr_matrix``, or ``csr_array`` if scikit-learn (1.9 or later) is
    configured with ``sparse_interface="sparray"``. Those of a table (n, T) are returned in a list
    that also has a `shape`, accepts arrays of indices and can be passed to `numpy.asarray`.

    Examples
    --------
    >>> from skrnn import OneHotSequenceEncoder
    >>> dna = ["GATTACA", "CAT", "TAGGED"]
    >>> encoder = OneHotSequenceEncoder(categories=list("ACGT"), handle_unknown="ignore")
    >>> steps = encoder.fit_transform(dna)
    >>> [matrix.shape for matrix in steps]
    [(7, 4), (3, 4), (6, 4)]
    >>> steps[1].toarray()
    array([[0., 1., 0., 0.],
           [1., 0., 0., 0.],
           [0., 0., 0., 1.]], dtype=float32)
    >>> encoder.inverse_transform(steps)[2]
    array(['T', 'A', 'G', 'G', None, None], dtype=object)

    Counts of letters, in a pipeline with a scikit-learn classifier:

    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(OneHotSequenceEncoder(output="counts"), LogisticRegression())
    >>> model.fit(["GCGC", "ATTA", "CGG", "TATA"], ["gc", "at", "gc", "at"]).predict(["GGA"])
    array(['gc'], dtype='<U2')
    """

    _parameter_constraints = {
        "analyzer": [StrOptions({"word"}), callable, None],
        "categories": [StrOptions({"auto"}), "array-like"],
        "handle_unknown": [StrOptions({"error", "ignore", "infrequent_if_exist"})],
        "min_frequency": [
            Interval(numbers.Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "max_categories": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "dtype": "no_validation",  # see number_dtype
        "sparse_output": ["boolean"],
        "output": [StrOptions({"sequence", "multi_hot", "counts"})],
    }

    def __init__(
        self,
        *,
        analyzer=None,
        categories="auto",
        handle_unknown="error",
        min_frequency=None,
        max_categories=None,
        dtype=np.float32,
        sparse_output=True,
        output="sequence",
    ):
        self.analyzer = analyzer
        self.categories = categories
        self.handle_unknown = handle_unknown
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.dtype = dtype
        self.sparse_output = sparse_output
        self.output = output

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the categories.

        Parameters
        ----------
        X : list, tuple, array, Series, DataFrame or Sequences
            The sequences, in one of these forms:

            - A list, tuple, Series or object array contains one item per sequence: a str, or a list
              or array of str or of int, or, with `analyzer`, an item that the analyzer accepts.
            - An array or DataFrame (n, T) of str or of int contains n sequences of T steps.

        y : None
            Ignored.

        Returns
        -------
        self : OneHotSequenceEncoder
            The fitted encoder.

        Raises
        ------
        TypeError, ValueError
            If a parameter is invalid, if `X` is not a batch of sequences, if a step is not a
            category (for example a missing value or a fraction), if there are both str and int, if
            there is no category, or if `handle_unknown="error"` and a step has none of the given
            `categories`.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the categories and encode the sequences, analyzing them only once.

        Parameters
        ----------
        X : list, tuple, array, Series, DataFrame or Sequences
            The sequences, as in `fit`.

        y : None
            Ignored.

        Returns
        -------
        X_encoded : list, array or sparse matrix
            The encoded sequences, as `transform` returns them.
        """
        return self._encode(self._fit(X), X)

    def transform(self, X):
        """Encode sequences.

        Parameters
        ----------
        X : list, tuple, array, Series, DataFrame or Sequences
            The sequences, in a form that `fit` accepts. If `fit` was called with a table, the
            columns of a table must be the same.

        Returns
        -------
        X_encoded : list, array or sparse matrix
            The encoded sequences, with K columns:

            - If `output="sequence"`, a list of CSR matrices (T_i, K), or of arrays if
              `sparse_output=False`. It is an object array if `X` is a one-dimensional array or a
              Series. If `sparse_output=False` and `X` is a table (n, T) or a list of equally long
              lists, it is one array (n, T, K).
            - If `output="multi_hot"` or `"counts"`, a CSR matrix (n, K), or an array if
              `sparse_output=False`, and a DataFrame as `set_output` requires.

        Raises
        ------
        TypeError, ValueError
            If `X` is not a batch of sequences, if the categories are str in `X` and int in
            `categories_` or vice versa, or if `handle_unknown="error"` and a category is unknown.
        """
        check_is_fitted(self)
        steps = self._read(X)
        if self._is_table and is_table(X):
            validate_data(self, X, skip_check_array=True, reset=False)
        return self._encode(steps, X)

    def inverse_transform(self, X):
        """Return the categories that one-hot steps stand for.

        Parameters
        ----------
        X : list, array or sparse matrix
            Sparse or dense output of `transform`.

        Returns
        -------
        X_original : list of ndarray, or ndarray of shape (n, T)
            If `output="sequence"`, the result contains the category of the largest value of each
            step, None for a step of zeros, and "infrequent_sklearn" for the shared column. The
            result is an array if `X` is the encoding of a table.

            If `output="multi_hot"` or `output="counts"`, it contains the distinct categories of
            each sequence, in the order of the columns, because the order of the steps is not known.

        Raises
        ------
        TypeError, ValueError
            If `X` does not have a form that `transform` returns.
        """
        check_is_fitted(self)
        labels = self._labels
        if self.output != "sequence":
            columns, per_row = columns_of_rows(X, len(labels))
            return split_steps(labels[columns], per_row)
        matrix, lengths = stack_steps(X, len(labels))
        columns = columns_of(matrix)
        if (columns < 0).any():
            labels = np.append(labels.astype(object), None)
        steps = labels[columns]
        if len(getattr(X, "shape", ())) == 3:
            return steps.reshape(X.shape[:2])
        return split_steps(steps, lengths)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns, in the format of OneHotEncoder.

        Parameters
        ----------
        input_features : array-like of str, default=None
            A list of one name, the prefix of all column names. The prefix is "x0" if None, or if
            there is one name per column of a table.

        Returns
        -------
        names : ndarray of str
            The names, for example "x0_A" for the category "A".

        Raises
        ------
        ValueError
            If the number of names is neither 1 nor the number of columns of the table.
        """
        check_is_fitted(self)
        names = np.array(["x0"] if input_features is None else input_features, dtype=object)
        if names.ndim != 1 or len(names) not in (1, self.n_features_in_):
            raise ValueError(
                f"input_features must be a list of one name or of {self.n_features_in_}, "
                f"got {input_features!r}."
            )
        names = names if len(names) == 1 else ["x0"]
        return np.array([f"{names[0]}_{label}" for label in self._labels.tolist()], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    _returns_table = property(lambda self: self.output != "sequence")

    def _read(self, X):
        """Return the categories of all steps as codes."""
        batch = as_batch(X, "X")  # an iterator can be read only once
        if self.analyzer != "word":
            return read_categories(batch, self.analyzer)
        check_documents(batch, as_tokens=False)
        return read_categories(batch, CountVectorizer(analyzer="word").build_analyzer())

    def _fit(self, X):
        """Set the fitted attributes, and return the categories of all steps as codes."""
        number_dtype(self.dtype)
        given = None if isinstance(self.categories, str) else given_categories(self.categories)
        steps = self._read(X)
        categories = occurring_categories(steps) if given is None else given
        index_of = {category: i for i, category in enumerate(categories.tolist())}
        indices = self._indices(steps, index_of, "fit")
        counts = np.bincount(indices[indices >= 0], minlength=len(categories))
        infrequent = infrequent_indices(
            counts, len(indices), self.min_frequency, self.max_categories
        )
        table = X if is_table(X) else np.empty((1, 1))
        validate_data(self, table, skip_check_array=True, reset=True)
        self._forget_stored_version()
        self._is_table = table is X
        self._index_of = index_of
        self._columns = shared_columns(len(categories), infrequent)
        self._labels = column_labels(categories, infrequent)
        self.categories_ = categories
        self.infrequent_categories_ = categories[infrequent] if len(infrequent) > 0 else None
        return steps

    def _indices(self, steps, index_of, during):
        """Return the index of the category of each step, or -1 for an unknown category."""
        indices = known_indices(steps, index_of)
        if self.handle_unknown == "error" and (indices < 0).any():
            raise unknown_categories(steps, indices < 0, during)
        return indices[steps.codes]

    def _encode(self, steps, X):
        """Return the encoded steps in the form that the parameters require."""
        dtype = number_dtype(self.dtype)
        n_columns = len(self._labels)
        shares = self.infrequent_categories_ is not None
        unknown = n_columns - 1 if shares and self.handle_unknown == "infrequent_if_exist" else -1
        columns = np.append(self._columns, np.int32(unknown))
        columns = columns[self._indices(steps, self._index_of, "transform")]
        if self.output != "sequence":
            binary = self.output == "multi_hot"
            matrix = count_matrix(columns, steps.lengths, n_columns, dtype, binary=binary)
            return matrix if self.sparse_output else matrix.toarray()
        make = sparse_sequences if self.sparse_output else dense_sequences
        sequences = make(*fill_empty_sequences(columns, steps.lengths, -1), n_columns, dtype)
        if self.analyzer is not None or not (is_table(X) or is_nested_array(X)):
            return collect_like(sequences, X)
        if self.sparse_output:
            return SparseTable(sequences, sequences[0].shape)
        return np.stack(sequences)
