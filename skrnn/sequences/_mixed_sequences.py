"""`MixedSequences`: sequences whose time steps hold categories in addition to numbers.

A category is stored as a code, its index in a table of categories, so that all features of a time
step are in one numeric array, which is sliced, split into folds and sent to a device like any
other.
"""

from numbers import Integral

import numpy as np
import pandas as pd

from skrnn._check_arrays import as_array
from skrnn.sequences._sequences import Sequences


class MixedSequences(Sequences):
    """A batch of sequences, some of whose features are categories.

    `from_long` and `from_multiindex` return it for tables with columns of categories. Estimators
    with the parameter `categorical_features` accept it.

    Parameters
    ----------
    sequences : Sequences
        The sequences, with time steps of shape (n_features,). The values of a categorical feature
        are codes: the index of a category in its table, or NaN if the category is missing.
    categories : dict of str or int to array-like
        The table of categories of each categorical feature, by the name or the index of the
        feature.

    Attributes
    ----------
    categories : dict of str or int to ndarray
        The table of categories of each categorical feature, by the name of the feature, or by its
        index if features have no names.

    Raises
    ------
    TypeError
        If `sequences` are not `Sequences` of vectors, or `categories` is not a dict.
    ValueError
        If a feature does not exist, or a code is not an index of its table.

    See Also
    --------
    Sequences : Describes the other attributes.
    from_long : Read a table in long format, with its columns of categories.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import MixedSequences, Sequences
    >>> steps = Sequences([[0, 9.5], [1, 3.0], [0, 7.0]], [0, 2], [2, 1], ["code", "amount"])
    >>> X = MixedSequences(steps, {0: np.array(["fee", "sale"], dtype=object)})
    >>> X
    MixedSequences(n_sequences=2, lengths=1..2, n_features=2, categorical=['code'], dtype=float64)
    >>> X[[1]].categories
    {'code': array(['fee', 'sale'], dtype=object)}
    """

    __slots__ = ("_tables",)

    def __init__(self, sequences, categories):
        if not isinstance(sequences, Sequences) or sequences.ndim != 3:
            raise TypeError(
                "sequences must be Sequences of vectors of shape (n_steps_total, n_features), got "
                f"{sequences!r}."
            )
        if not isinstance(categories, dict):
            raise TypeError(f"categories must be a dict, got {type(categories).__name__}.")
        _copy_slots(sequences, self)
        self._tables = {}
        for key, table in categories.items():
            column, table = _checked_column(key, sequences), as_array(table, f"categories[{key!r}]")
            table = table.astype(str).astype(object) if table.dtype.kind in "UT" else table
            _check_codes(sequences, column, table)
            self._tables[column] = table

    @classmethod
    def _of(cls, sequences, tables):
        """Return mixed sequences of codes that are known to fit their tables, without a check."""
        self = _copy_slots(sequences, object.__new__(cls))
        self._tables = tables
        return self

    @property
    def tables(self):
        """The table of categories of each categorical feature, by the index of the feature."""
        return self._tables

    @property
    def categories(self):
        """The table of categories of each categorical feature, by name or by index."""
        return {self.name_of(column): table for column, table in self._tables.items()}

    def name_of(self, column):
        """Return the name of a feature, or its index if features have no names."""
        return column if self.feature_names is None else self.feature_names[column]

    def __getitem__(self, key):
        """Return one sequence of codes and numbers for an integer, otherwise `MixedSequences`."""
        found = super().__getitem__(key)
        return MixedSequences._of(found, self._tables) if isinstance(found, Sequences) else found

    def __array__(self, dtype=None, copy=None):
        """Raise an error, because an array would lose the tables."""
        refuse_categories(self)

    def __reduce__(self):
        """Pickle the sequences without tables, and the tables."""
        return MixedSequences, (self.without_tables(), self._tables)

    def __repr__(self):
        """Describe the batch on one line."""
        names = list(self.categories)
        described = super().__repr__().replace("Sequences", "MixedSequences", 1)
        return described.replace(", dtype=", f", categorical={names}, dtype=")

    def with_static(self, static, static_names=None):
        """Return the same mixed sequences with other static features."""
        return MixedSequences._of(super().with_static(static, static_names), self._tables)

    def without_tables(self):
        """Return the same codes and numbers as plain `Sequences`."""
        return _copy_slots(self, object.__new__(Sequences))

    def without_codes(self):
        """Return plain `Sequences` in which all categorical features are zero."""
        values = self.values.copy()
        values[:, list(self._tables)] = 0
        return self.with_values(values, self.feature_names)


def _copy_slots(source, target):
    for name in set(Sequences.__slots__) - {"__weakref__"}:
        setattr(target, name, getattr(source, name))
    return target


def _checked_column(key, sequences):
    """Return the index of a feature that is given by name or by index."""
    names, n_features = sequences.feature_names or (), sequences.values.shape[1]
    if isinstance(key, str) and key in names:
        return names.index(key)
    is_index = isinstance(key, Integral) and not isinstance(key, bool) and 0 <= key < n_features
    if not is_index:
        raise ValueError(
            f"categories has a table for feature {key!r}, expected the name or the index of one of "
            f"the {n_features} feature(s)."
        )
    return int(key)


def _check_codes(sequences, column, table):
    if table.ndim != 1:
        raise ValueError(
            f"The table of categories of feature {column} must be one-dimensional, got the shape "
            f"{table.shape}."
        )
    if pd.isna(table).any() or not pd.Index(table).is_unique:
        raise ValueError(
            f"The table of categories of feature {column} must hold distinct values, of which none "
            "is missing. The code of a missing category is NaN."
        )
    codes = sequences.concatenate()[:, column]
    codes = codes[~np.isnan(codes)] if codes.dtype.kind == "f" else codes
    wrong = (codes < 0) | (codes >= len(table)) | (codes % 1 != 0)
    if wrong.any():
        raise ValueError(
            f"sequences have {codes[wrong][0]:g} in feature {column}, expected indices of its "
            f"{len(table)} categories, or NaN."
        )


def refuse_categories(X, input_name="X"):
    """Raise an error if X are `MixedSequences`, whose codes must not be read as numbers.

    Parameters
    ----------
    X : object
    input_name : str, default="X"
        The name of the data in the error message.

    Raises
    ------
    ValueError
    """
    if isinstance(X, MixedSequences):
        raise ValueError(
            f"{input_name} has categories in {list(X.categories)}, expected numbers. RNNClassifier "
            "and RNNRegressor read them with the parameter categorical_features. For other "
            "estimators, encode them as numbers: skrnn.preprocessing.TimeDistributed with "
            "sklearn.compose.ColumnTransformer and sklearn.preprocessing.OneHotEncoder."
        )


def step_table(sequences, values=None):
    """Return time steps as a DataFrame with one column per feature and categories decoded.

    Parameters
    ----------
    sequences : Sequences
    values : ndarray of shape (n_steps, n_features) or None, default=None
        Time steps of these sequences. If None, all of ``sequences.values``.

    Returns
    -------
    DataFrame
        The columns have the names of the features, or are numbered.

    Examples
    --------
    >>> steps = Sequences([[1, 9.5], [np.nan, 3.0]], [0], [2], ["code", "amount"])
    >>> step_table(MixedSequences(steps, {0: np.array(["fee", "sale"], dtype=object)}))
       code  amount
    0  sale     9.5
    1   NaN     3.0
    """
    values = sequences.values if values is None else values
    frame = pd.DataFrame(values, columns=sequences.feature_names)
    for column, table in getattr(sequences, "tables", {}).items():
        codes = values[:, column]
        is_missing = np.isnan(codes)
        decoded = np.append(table.astype(object), np.nan)
        decoded = decoded[np.where(is_missing, len(table), codes).astype(np.intp)]
        cells = pd.Series(decoded, dtype=object)
        # A column of strings keeps its dtype if all of them are missing.
        frame.isetitem(column, cells if table.dtype.kind == "O" else cells.infer_objects())
    return frame
