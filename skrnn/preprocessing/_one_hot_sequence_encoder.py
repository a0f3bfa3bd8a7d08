"""`OneHotSequenceEncoder`: symbols, tags, clicks or words as one-hot steps, which stay sparse.

Scikit-learn's OneHotEncoder takes tables, a category a cell. Here a cell is a step, all steps share
their columns, and every sequence has its own number of them.
"""

import numbers

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._sklearn import Interval, RealNotInt, StrOptions, _fit_context
from skrnn.preprocessing._categories import (
    as_batch,
    category_array,
    check_categories,
    locate,
    read_categories,
)
from skrnn.preprocessing._one_hot_output import (
    SparseTable,
    columns_of,
    count_matrix,
    dense_sequences,
    sparse_sequences,
    stack_steps,
)
from skrnn.sequences import is_table, split_steps

__all__ = ["OneHotSequenceEncoder"]

_INFREQUENT = "infrequent_sklearn"


def infrequent_places(counts, n_steps, min_frequency, max_categories):
    """Return which categories share a column, by the rules of scikit-learn's OneHotEncoder.

    Parameters
    ----------
    counts : ndarray of int of shape (n_categories,)
        How often each category occurs.
    n_steps : int
        How many steps there are, those of no category included.
    min_frequency : int, float or None
        Categories that occur less often are infrequent; a float is a share of the steps.
    max_categories : int or None
        How many columns there may be, the shared one included. Of equally rare categories, the
        first ones go.

    Returns
    -------
    places : ndarray of int
        Sorted places in `counts`.

    Examples
    --------
    >>> infrequent_places(np.array([5, 1, 9, 1]), 16, min_frequency=2, max_categories=None)
    array([1, 3])
    >>> infrequent_places(np.array([5, 1, 9, 1]), 16, min_frequency=None, max_categories=3)
    array([1, 3])
    """
    least = 0 if min_frequency is None else min_frequency
    if not isinstance(least, numbers.Integral):
        least = n_steps * least
    rare = counts < least
    n_columns = len(counts) - rare.sum() + 1  # one is kept for the shared column
    if max_categories is not None and n_columns > max_categories:
        from_rare_to_frequent = np.argsort(counts, kind="stable")
        rare[from_rare_to_frequent[: len(counts) - (max_categories - 1)]] = True
    return np.flatnonzero(rare)


def given_categories(categories):
    """Return the parameter `categories` as an array.

    Raises
    ------
    TypeError, ValueError
        If they are no flat list of categories, each there once.
    """
    name = "The parameter 'categories'"
    values = list(categories)
    if np.ndim(np.asarray(categories, dtype=object)) != 1 or not values:
        raise ValueError(
            f"{name} must be 'auto' or a flat, non-empty list of categories, got {categories!r}."
        )
    check_categories(values, set(map(type, values)), name)
    if any(not isinstance(value, str | numbers.Integral) for value in values):
        raise ValueError(f"{name} must hold str or int, got {categories!r}.")
    if len(set(values)) < len(values):
        raise ValueError(f"{name} must not hold a category twice, got {categories!r}.")
    as_plain = str if isinstance(values[0], str) else int
    return category_array([as_plain(value) for value in values])


def number_dtype(dtype):
    """Return the parameter `dtype` as a dtype.

    Raises
    ------
    ValueError
        If it is none of numbers that sparse matrices can hold.
    """
    try:
        known = np.dtype(dtype)
    except TypeError:
        known = None
    if known is None or known.kind not in "biuf" or known == np.float16:
        raise ValueError(
            f"The 'dtype' parameter must be a dtype of real numbers, not float16, got {dtype!r}."
        )
    return known


def check_documents(X):
    """Say which item of a batch is no document.

    Raises
    ------
    TypeError, ValueError
        If `X` is no batch of str.
    """
    for i, document in enumerate(as_batch(X, "X")):
        if not isinstance(document, str):
            raise TypeError(
                f"analyzer='word' takes documents, and X[{i}] is no str: "
                f"got {type(document).__name__} {document!r:.50}."
            )


def check_kind(steps, known):
    """Say that categories are of the other kind than those that are known.

    Raises
    ------
    ValueError
        If one are str and the others int.
    """
    names = [
        "str" if isinstance(next(iter(some), ""), str) else "int"
        for some in (steps.distinct, known)
    ]
    if steps.distinct and names[0] != names[1]:
        raise ValueError(f"X has {names[0]} categories, but those of the encoder are {names[1]}.")


def occurring_categories(steps):
    """Return the categories that occur, sorted.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not steps.distinct:
        raise ValueError("X holds no category: every sequence in it is empty.")
    return category_array(sorted(steps.distinct))


def shared_columns(n_categories, infrequent):
    """Return the column of each category, the last for those at the places `infrequent`.

    Examples
    --------
    >>> shared_columns(4, np.array([0, 2]))
    array([2, 0, 2, 1], dtype=int32)
    """
    columns = np.empty(n_categories, dtype=np.int32)
    frequent = np.delete(np.arange(n_categories), infrequent)
    columns[frequent] = np.arange(len(frequent))
    columns[infrequent] = len(frequent)
    return columns


def unknown_categories(steps, is_unknown, during):
    """Return the error that names the first unknown categories and where they stand."""
    places = np.flatnonzero(is_unknown[steps.codes])
    codes, first = np.unique(steps.codes[places], return_index=True)
    shown = []
    for place in places[np.sort(first)[:3]]:
        sequence, step = locate(steps, place)
        shown.append(f"{steps.distinct[steps.codes[place]]!r} (X[{sequence}], step {step})")
    others = f" and {len(codes) - 3} more" if len(codes) > 3 else ""
    return ValueError(
        f"Found unknown categories during {during}: {', '.join(shown)}{others}. "
        "With handle_unknown='ignore' they become steps of zeros."
    )


def is_nested_table(X):
    """Whether X is a table (n, T) written as lists, which scikit-learn takes for the array.

    Examples
    --------
    >>> is_nested_table([[1, 2], [2, 1]]), is_nested_table([[1, 2], [2]])
    (True, False)
    """
    is_nested = isinstance(X, list | tuple) and all(isinstance(row, list | tuple) for row in X)
    return is_nested and len({len(row) for row in X}) == 1


def with_steps(columns, lengths):
    """Return columns and lengths with one step of zeros in each sequence that has none.

    Examples
    --------
    >>> with_steps(np.array([4, 5]), np.array([0, 2, 0]))
    (array([-1,  4,  5, -1]), array([1, 2, 1]))
    """
    starts = np.cumsum(lengths) - lengths
    return np.insert(columns, starts[lengths == 0], -1), np.maximum(lengths, 1)


class OneHotSequenceEncoder(
    # The output is sequences, which no DataFrame holds: scikit-learn must not wrap it in one.
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
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
        How many columns there are at most, that of the infrequent categories included. As
        in :class:`~sklearn.preprocessing.OneHotEncoder`, as many categories as that are one too
        many, for one column is kept for the infrequent.

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
    skrnn.RNNClassifier : Takes the sparse steps without ever making them dense.

    Notes
    -----
    On the column of all steps, :class:`~sklearn.preprocessing.OneHotEncoder` finds the same
    categories, the same infrequent ones and the same rows.

    A sequence without steps, such as a document without words, becomes one step of zeros: what
    follows a step of zeros is defined in every network, what follows nothing is not. With
    `output="multi_hot"` and `"counts"` it is a row of zeros.

    Sparse matrices are ``csr_matrix``, or ``csr_array`` where scikit-learn (1.9 on) is configured
    with ``sparse_interface="sparray"``. They lie on common arrays, each on its own part of them.
    Sparse output for a table (n, T) is a list that also has a `shape` and takes arrays of indices.

    `set_output` is accepted, so that a whole Pipeline can be told, and changes nothing.

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
              str or of int;
            - an array or DataFrame (n, T) of str or of int: n sequences of T steps;
            - with `analyzer`, items that it takes: documents for "word".

        y : None
            Ignored.

        Returns
        -------
        self : OneHotSequenceEncoder

        Raises
        ------
        TypeError, ValueError
            If a parameter is wrong, if `X` is no batch of sequences, if a step is no category (a
            missing value, a fraction), if there are both str and int, if there is no category at
            all, or if `categories` were given, `handle_unknown` is "error" and a step has another.
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
        steps = self._fit(X)
        return self._encode(steps, X)

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
              equally long lists;
            - `output="multi_hot"` or `"counts"`: a CSR matrix (n, K), or an array.

        Raises
        ------
        TypeError, ValueError
            If `X` is no batch of sequences, if it has int where `fit` saw str or the other way
            round, or if `handle_unknown` is "error" and a category is unknown.
        """
        check_is_fitted(self)
        steps = self._read(X)
        if is_table(X) and self._is_table:
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
        labels = self._column_labels()
        if self.output != "sequence":
            matrix = sparse.csr_array(stack_steps([X], len(labels))[0])
            return [labels[np.sort(row.nonzero()[-1])] for row in matrix]
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
        input_features : array-like of one str, default=None
            What the names begin with; None takes "x0".

        Returns
        -------
        names : ndarray of str
            Such as "x0_A" for the category "A".

        Raises
        ------
        ValueError
            If `input_features` is not one name.
        """
        check_is_fitted(self)
        names = ["x0"] if input_features is None else list(input_features)
        if isinstance(input_features, str) or len(names) != 1:
            raise ValueError(
                "input_features must be a list of one name, for a step is one feature; "
                f"got {input_features!r}."
            )
        labels = self._column_labels().tolist()
        return np.array([f"{names[0]}_{label}" for label in labels], dtype=object)

    def set_output(self, *, transform=None):
        """Accept the setting; what comes out is no DataFrame.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Has no effect.

        Returns
        -------
        self : OneHotSequenceEncoder
        """
        return self

    def __sklearn_tags__(self):
        """Describe what is accepted: categories, as tables too."""
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _read(self, X):
        if self.analyzer != "word":
            return read_categories(X, self.analyzer)
        check_documents(X)
        return read_categories(X, CountVectorizer(analyzer="word").build_analyzer())

    def _fit(self, X):
        """Learn from the sequences, and return their steps."""
        number_dtype(self.dtype)
        is_given = not isinstance(self.categories, str)
        categories = given_categories(self.categories) if is_given else None
        steps = self._read(X)
        if not is_given:
            categories = occurring_categories(steps)
        position_of = {category: i for i, category in enumerate(categories.tolist())}
        positions = self._positions(steps, position_of, "fit")
        counts = np.bincount(positions[positions >= 0], minlength=len(categories))
        infrequent = infrequent_places(
            counts, len(positions), self.min_frequency, self.max_categories
        )
        self._is_table = is_table(X)
        validate_data(
            self, X if self._is_table else np.empty((1, 1)), skip_check_array=True, reset=True
        )
        self._position_of = position_of
        self._columns = shared_columns(len(categories), infrequent)
        self.categories_ = categories
        self.infrequent_categories_ = categories[infrequent] if len(infrequent) > 0 else None
        return steps

    def _positions(self, steps, position_of, during):
        """Return the place of each step's category among all, -1 for an unknown one."""
        check_kind(steps, position_of)
        positions = [position_of.get(category, -1) for category in steps.distinct]
        positions = np.array(positions, dtype=np.int32)
        if self.handle_unknown == "error" and (positions < 0).any():
            raise unknown_categories(steps, positions < 0, during)
        return positions[steps.codes]

    def _encode(self, steps, X):
        """Return steps as the parameters want them."""
        dtype = number_dtype(self.dtype)
        n_columns = int(self._columns.max()) + 1
        shares = self.infrequent_categories_ is not None
        unknown = n_columns - 1 if shares and self.handle_unknown == "infrequent_if_exist" else -1
        columns = np.append(self._columns, np.int32(unknown))
        columns = columns[self._positions(steps, self._position_of, "transform")]
        if self.output != "sequence":
            binary = self.output == "multi_hot"
            matrix = count_matrix(columns, steps.lengths, n_columns, dtype, binary=binary)
            return matrix if self.sparse_output else matrix.toarray()
        make = sparse_sequences if self.sparse_output else dense_sequences
        sequences = make(*with_steps(columns, steps.lengths), n_columns, dtype)
        if not (is_table(X) or is_nested_table(X)):
            return sequences
        if self.sparse_output:
            return SparseTable(sequences, sequences[0].shape)
        return np.stack(sequences)

    def _column_labels(self):
        """Return the category of each column, and the name of the shared one."""
        if self.infrequent_categories_ is None:
            return self.categories_
        frequent = self.categories_[self._columns < self._columns.max()]
        return np.append(frequent.astype(object), _INFREQUENT)
