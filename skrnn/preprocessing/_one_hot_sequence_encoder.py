"""`OneHotSequenceEncoder`: symbols, tags, clicks or words as one-hot steps, which stay sparse.

Scikit-learn's OneHotEncoder takes tables, a category a cell. Here a cell is a step, all steps share
their columns, and every sequence has its own number of them.
"""

import numbers

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._sklearn import Interval, RealNotInt, StrOptions, _fit_context
from skrnn.preprocessing._categories import as_batch, read_categories
from skrnn.preprocessing._documents import check_documents
from skrnn.preprocessing._one_hot_columns import (
    column_labels,
    given_categories,
    infrequent_places,
    occurring_categories,
    positions_of,
    shared_columns,
    unknown_categories,
)
from skrnn.preprocessing._one_hot_output import (
    SparseTable,
    columns_of,
    columns_of_rows,
    count_matrix,
    dense_sequences,
    number_dtype,
    sparse_sequences,
    stack_steps,
)
from skrnn.preprocessing._output import (
    SequenceTransformerMixin,
    collect_like,
    is_nested_table,
    with_steps,
)
from skrnn.sequences import is_table, split_steps

__all__ = ["OneHotSequenceEncoder"]


class OneHotSequenceEncoder(SequenceTransformerMixin, BaseEstimator):
    """Encode sequences of categories as one-hot steps.

    A step is one category: a letter of a DNA strand, a page of a visit, a tag, a word. All steps
    share the columns, one for each category. The steps stay sparse, and the recurrent estimators
    read them as they are.

    Parameters
    ----------
    analyzer : "word", callable or None, default=None
        What makes a sequence of an item of `X`. None takes the item itself: a list or array of str
        or int, or a str, which is the sequence of its characters. "word" takes documents and finds
        their words as :class:`~sklearn.feature_extraction.text.CountVectorizer` does. A callable
        gets the item and returns a sequence.

    categories : "auto" or array-like of str or int, default="auto"
        The categories in the order of their columns. "auto" takes those of the training data,
        sorted.

    handle_unknown : {"error", "ignore", "infrequent_if_exist"}, default="error"
        What becomes of a step whose category is not known: an error, a step of zeros, or the column
        of the infrequent ones, and a step of zeros where that is none.

    min_frequency : int or float, default=None
        Categories that occur less often are infrequent and share the last column. A float between 0
        and 1 is a share of all steps.

    max_categories : int, default=None
        How many columns there are at most, the shared one included. One is kept for sharing, also
        where there are just as many categories as columns.

    dtype : dtype, default=np.float32
        The dtype of the output.

    sparse_output : bool, default=True
        Whether the output is sparse.

    output : {"sequence", "multi_hot", "counts"}, default="sequence"
        One row a step, in a matrix for each sequence; or one row a sequence, for any estimator of
        scikit-learn: which categories occur, or how often.

    Attributes
    ----------
    categories_ : ndarray of shape (n_categories,)
        The categories, int64 or objects (str); sorted unless they were given.

    infrequent_categories_ : ndarray or None
        Those of them that share the last column; None if there are none.

    n_features_in_ : int
        The width of a table (n, T), else 1, the number of features of a step.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The column names of a DataFrame; only there if `fit` saw one.

    See Also
    --------
    sklearn.preprocessing.OneHotEncoder : The same for tables, with columns for each feature.
    sklearn.feature_extraction.text.CountVectorizer : Counts of words and of runs of words.
    skrnn.recurrent.RNNClassifier : Takes the sparse steps without ever making them dense.

    Notes
    -----
    On the column of all steps, :class:`~sklearn.preprocessing.OneHotEncoder` finds the same
    categories, the same infrequent ones and the same rows.

    A sequence without steps, such as a document without words, becomes one step of zeros, for a
    network reads at least one. With `output="multi_hot"` and `"counts"` it is a row of zeros.

    The matrices of a batch share their memory: one of them keeps that of all alive.

    Sparse matrices are ``csr_matrix``, or ``csr_array`` where scikit-learn (1.9 on) is configured
    with ``sparse_interface="sparray"``. Those of a table (n, T) come in a list that also has a
    `shape`, takes arrays of indices, and is made dense by `numpy.asarray`.

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

    In a pipeline, with the counts of letters and any classifier:

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
            The sequences:

            - a list, tuple, Series or object array of sequences, each a str or a list or array of
              str or of int, or, with `analyzer`, what that takes, such as documents;
            - an array or DataFrame (n, T) of str or of int: n sequences of T steps.

        y : None
            Ignored.

        Returns
        -------
        self : OneHotSequenceEncoder

        Raises
        ------
        TypeError, ValueError
            If a parameter is wrong, if `X` is no batch of sequences, if a step is no category (a
            missing value, a fraction), if there are both str and int or no category at all, or
            if `handle_unknown` is "error" and a step has none of the given `categories`.
        """
        self._fit(X)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Learn the categories and encode the sequences, which are analysed once.

        Parameters
        ----------
        X : list, tuple, array, Series, DataFrame or Sequences
            The sequences, as in `fit`.

        y : None
            Ignored.

        Returns
        -------
        X_encoded : list, array or sparse matrix
            As `transform` returns it.
        """
        return self._encode(self._fit(X), X)

    def transform(self, X):
        """Encode sequences.

        Parameters
        ----------
        X : list, tuple, array, Series, DataFrame or Sequences
            Sequences as in `fit`. A table need have the columns seen in `fit` if that was a table.

        Returns
        -------
        X_encoded : list, array or sparse matrix
            With K columns:

            - `output="sequence"`: a list of CSR matrices (T_i, K), or of arrays if not
              `sparse_output`; then one array (n, T, K) for a table (n, T), also one written as
              equally long lists; an array of objects in place of the list where `X` is a
              one-dimensional array or a Series;
            - `output="multi_hot"` or `"counts"`: a CSR matrix (n, K), or an array.

        Raises
        ------
        TypeError, ValueError
            If `X` is no batch of sequences, if one of `X` and `categories_` has str and the other
            int, or if `handle_unknown` is "error" and a category is unknown.
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
            What `transform` returned, sparse or dense.

        Returns
        -------
        X_original : list of ndarray, or ndarray of shape (n, T)
            With `output="sequence"`, the sequences, in an array where `X` came from a table: the
            category of each step's largest value, None for a step of zeros,
            "infrequent_sklearn" for the shared column.

            With `output="multi_hot"` and `"counts"`, which keep no order, the categories of each
            sequence once, in the order of the columns.

        Raises
        ------
        TypeError, ValueError
            If `X` is nothing that `transform` returns.
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
        """Return the names of the columns, as OneHotEncoder names them.

        Parameters
        ----------
        input_features : array-like of str, default=None
            One name, with which those of the columns begin. None, and the names of several columns
            of a table, which share the output, stand for "x0".

        Returns
        -------
        names : ndarray of str
            Such as "x0_A" for the category "A".

        Raises
        ------
        ValueError
            If `input_features` is neither one name nor as many as the table had columns.
        """
        check_is_fitted(self)
        names = ["x0"] if input_features is None else list(input_features)
        if isinstance(input_features, str) or len(names) not in (1, self.n_features_in_):
            raise ValueError(
                f"input_features must be a list of one name or of {self.n_features_in_}, "
                f"got {input_features!r}."
            )
        first = names[0] if len(names) == 1 else "x0"
        return np.array([f"{first}_{label}" for label in self._labels.tolist()], dtype=object)

    def __sklearn_tags__(self):
        """Describe what is accepted: categories, as tables too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _read(self, X):
        batch = as_batch(X, "X")  # what an iterator gives, it gives once
        if self.analyzer != "word":
            return read_categories(batch, self.analyzer)
        check_documents(batch, as_tokens=False)
        return read_categories(batch, CountVectorizer(analyzer="word").build_analyzer())

    def _fit(self, X):
        """Learn from the sequences, and return their steps."""
        number_dtype(self.dtype)
        is_given = not isinstance(self.categories, str)
        given = given_categories(self.categories) if is_given else None
        steps = self._read(X)
        categories = given if is_given else occurring_categories(steps)
        position_of = {category: i for i, category in enumerate(categories.tolist())}
        positions = self._positions(steps, position_of, "fit")
        counts = np.bincount(positions[positions >= 0], minlength=len(categories))
        infrequent = infrequent_places(
            counts, len(positions), self.min_frequency, self.max_categories
        )
        table = X if is_table(X) else np.empty((1, 1))
        validate_data(self, table, skip_check_array=True, reset=True)
        self._is_table = table is X
        self._position_of = position_of
        self._columns = shared_columns(len(categories), infrequent)
        self._labels = column_labels(categories, infrequent)
        self.categories_ = categories
        self.infrequent_categories_ = categories[infrequent] if len(infrequent) > 0 else None
        return steps

    def _positions(self, steps, position_of, during):
        """Return the place of each step's category among all, -1 for an unknown one."""
        positions = positions_of(steps, position_of)
        if self.handle_unknown == "error" and (positions < 0).any():
            raise unknown_categories(steps, positions < 0, during)
        return positions[steps.codes]

    def _encode(self, steps, X):
        """Return steps as the parameters want them."""
        dtype = number_dtype(self.dtype)
        n_columns = len(self._labels)
        shares = self.infrequent_categories_ is not None
        unknown = n_columns - 1 if shares and self.handle_unknown == "infrequent_if_exist" else -1
        columns = np.append(self._columns, np.int32(unknown))
        columns = columns[self._positions(steps, self._position_of, "transform")]
        if self.output != "sequence":
            binary = self.output == "multi_hot"
            matrix = count_matrix(columns, steps.lengths, n_columns, dtype, binary=binary)
            return matrix if self.sparse_output else matrix.toarray()
        make = sparse_sequences if self.sparse_output else dense_sequences
        sequences = make(*with_steps(columns, steps.lengths, -1), n_columns, dtype)
        if self.analyzer is not None or not (is_table(X) or is_nested_table(X)):
            return collect_like(sequences, X)
        if self.sparse_output:
            return SparseTable(sequences, sequences[0].shape)
        return np.stack(sequences)
