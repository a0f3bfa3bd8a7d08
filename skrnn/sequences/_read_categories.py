"""Read sequences whose features are numbers and categories, as `MixedSequences`.

Users hold them as lists of DataFrames with columns of strings, as arrays of integer codes, and as
lists of arrays of objects. A category is the value of a cell: a string, a bool, or an integer.
"""

import numbers

import numpy as np
import pandas as pd

from skrnn._check_arrays import in_words
from skrnn.sequences._check import as_sequences
from skrnn.sequences._columns import NamedSequences
from skrnn.sequences._feature_names import feature_names
from skrnn.sequences._layout import check_lengths, check_tables, too_few
from skrnn.sequences._mixed_sequences import MixedSequences
from skrnn.sequences._other_libraries import as_plain, is_frame, is_series
from skrnn.sequences._sequences import Sequences, offsets_of

_FLOATS = (np.float64, np.float32)
# Float64 holds all integers up to this one.
_MAX_CODE = 2**53


def read_categories(X, columns, *, dtype=_FLOATS, allow_nan=False, input_name="X"):
    """Return a batch with numbers and categories as `MixedSequences`.

    Parameters
    ----------
    X : Sequences, array, list or tuple
        Any batch that `check_sequences` accepts. The items of a list may also be DataFrames and
        arrays of objects with values that are not numbers.
    columns : "auto", or array-like of bool, int or str
        The categorical features: a mask, indices, or names. With "auto", they are the features
        with strings and, in DataFrames, those of a categorical dtype.
    dtype : dtype or sequence of dtypes
        As in `check_sequences`.
    allow_nan : bool, default=False
        Whether numeric features may contain NaN. Categories may always be missing.
    input_name : str, default="X"

    Returns
    -------
    MixedSequences, or Sequences if there is no categorical feature

    Raises
    ------
    ValueError
        If a categorical feature does not exist, if a feature that is not categorical holds values
        that are not numbers, or if integer categories are negative or fractional.

    Examples
    --------
    >>> X = [pd.DataFrame({"code": ["fee", "sale"], "amount": [9.5, 3.0]})]
    >>> read_categories(X, "auto")
    MixedSequences(n_sequences=1, lengths=2, n_features=2, categorical=['code'], dtype=float64)
    >>> read_categories([[[3, 9.5], [1, 3.0]]], [0]).categories
    {0: array([1, 3])}
    """
    frames = _as_frames(X)
    if frames is not None and isinstance(X, NamedSequences):
        frames = [frame.set_axis(list(X.feature_names), axis=1) for frame in frames]
    if frames is None:
        mixed = _read_numbers(X, columns, allow_nan, input_name)
    else:
        mixed = _read_frames(frames, columns, allow_nan, input_name)
    tables = mixed.tables
    wanted = [np.dtype(one) for one in (dtype if isinstance(dtype, list | tuple) else [dtype])]
    if mixed.dtype not in wanted:
        with np.errstate(over="ignore"):
            values = mixed.values.astype(wanted[0])
        mixed = MixedSequences._of(mixed.with_values(values, mixed.feature_names), tables)
        if tables:
            numbers_only = mixed.without_codes()
            as_sequences(numbers_only, dtype=wanted, allow_nan=allow_nan, input_name=input_name)
    if tables:
        return mixed
    return as_sequences(
        mixed.without_tables(), dtype=wanted, allow_nan=allow_nan, input_name=input_name
    )


def has_categories(X):
    """Return whether "auto" stands for any feature of a batch in `read_categories`.

    Examples
    --------
    >>> has_categories([[1.0, 2.0]]), has_categories([pd.DataFrame({"code": ["fee", "sale"]})])
    (False, True)
    """
    if isinstance(X, Sequences):
        return isinstance(X, MixedSequences)
    try:
        frames = _as_frames(X) or []
    except ValueError:
        # The check of numbers explains what is wrong.
        return False
    return any(_is_category(frame, j) for frame in frames for j in range(frame.shape[1]))


# --- containers -------------------------------------------------------------------------------


def _as_frames(X):
    """Return a batch as a list of DataFrames, or None if it holds only numbers.

    Raises
    ------
    ValueError
        If an item holds strings, but is not a table.
    """
    if isinstance(X, np.ndarray):
        is_batch = X.ndim == 1 or (X.ndim in (2, 3) and X.dtype.kind in "OU")
    else:
        is_batch = isinstance(X, list | tuple) or is_series(X)
    if not is_batch or len(X) == 0:
        return None
    items = [as_plain(item) for item in X]
    if not any(map(_may_hold_strings, items)):
        return None
    return [item if is_frame(item) else _as_frame(item) for item in items]


def _may_hold_strings(item):
    if isinstance(item, np.ndarray) and (item.ndim == 0 or item.dtype.kind not in "OU"):
        return False
    if is_frame(item):
        return True
    steps = item if isinstance(item, list | tuple | np.ndarray) else ()
    rows = (step if _is_row(step) else [step] for step in steps)
    return any(isinstance(value, str) for row in rows for value in row)


def _is_row(step):
    return isinstance(step, list | tuple) or (isinstance(step, np.ndarray) and step.ndim > 0)


def _as_frame(item):
    """Return an array of objects or nested lists as a DataFrame whose columns have dtypes."""
    try:
        return pd.DataFrame(item).infer_objects()
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Each item of X must be a table, or an array of shape (n_steps, n_features), got "
            f"{in_words(item)}: {error}"
        ) from error


def _read_frames(frames, columns, allow_nan, input_name):
    check_tables(frames, input_name)
    lengths = np.array([len(frame) for frame in frames])
    check_lengths(lengths, input_name)
    names = feature_names(frames, input_name)
    n_features = frames[0].shape[1]
    if n_features == 0:
        raise too_few("feature", (len(frames), None, 0), input_name)
    found = [j for j in range(n_features) if any(_is_category(frame, j) for frame in frames)]
    columns = find_columns(columns, names, n_features, found, input_name)
    others = [j for j in range(n_features) if j not in columns]
    values = np.empty((lengths.sum(), n_features))
    if others:
        steps = as_sequences(
            [frame.iloc[:, others] for frame in frames],
            dtype=list(_FLOATS),
            allow_nan=allow_nan,
            input_name=input_name,
        )
        values = np.empty(values.shape, steps.dtype) if not columns else values
        values[:, others] = steps.values
    tables = {}
    for j in columns:
        cells = [frame.iloc[:, j] for frame in frames]
        name = frames[0].columns[j]
        values[:, j], tables[j] = encode_cells(cells, name, lengths, input_name)
    sequences = Sequences(values, offsets_of(lengths), lengths, names)
    return MixedSequences._of(sequences, tables)


def _is_category(frame, j):
    return is_category_column(frame.iloc[:, j])


def is_category_column(column):
    """Return whether a column of a DataFrame holds categories, by its dtype and its values.

    Examples
    --------
    >>> is_category_column(pd.Series(["a", None])), is_category_column(pd.Series([1.5, 2.5]))
    (True, False)
    >>> is_category_column(pd.Series([1, 2], dtype="category"))
    True
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype | pd.StringDtype):
        return True
    return dtype.kind == "O" and any(isinstance(value, str) for value in column)


def _read_numbers(X, columns, allow_nan, input_name):
    """Read numeric values, some of whose features are integer codes, or codes of known tables."""
    is_mixed = isinstance(X, MixedSequences)
    X, known = (X.without_tables(), X.tables) if is_mixed else (X, {})
    steps = as_sequences(X, dtype=list(_FLOATS), allow_nan=True, input_name=input_name)
    n_features = steps.values.shape[1]
    columns = find_columns(columns, steps.feature_names, n_features, list(known), input_name)
    if unnamed := [_name(steps.feature_names, j) for j in known if j not in columns]:
        raise ValueError(
            f"{input_name} has categories in {unnamed}, which categorical_features does not name. "
            "Name them too, or leave them out."
        )
    tables, values = dict.fromkeys(columns), steps.values
    new = [j for j in columns if j not in known]
    values = values.copy() if new else values
    if new and steps.lengths.sum() < len(values):
        # Time steps that no sequence contains may have any values.
        is_used = np.zeros(len(values), dtype=bool)
        is_used[steps.step_index()] = True
        values[np.ix_(~is_used, new)] = np.nan
    for j in columns:
        if j in known:
            tables[j] = known[j]
            continue
        name = _name(steps.feature_names, j)
        values[:, j], tables[j] = _encode_numbers(values[:, j], name, steps, input_name)
    mixed = MixedSequences._of(steps.with_values(values, steps.feature_names), tables)
    if not allow_nan and tables:
        as_sequences(mixed.without_codes(), dtype=mixed.dtype, input_name=input_name)
    return mixed


def _name(names, j):
    return j if names is None else names[j]


# --- which features ---------------------------------------------------------------------------


def find_columns(given, names, n_features, found, input_name="X"):
    """Return the indices of the categorical features, in order.

    Parameters
    ----------
    given : "auto", or array-like of bool, int or str
    names : tuple of str or None
        The names of all features.
    n_features : int
    found : list of int
        The features that "auto" stands for.
    input_name : str, default="X"

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        If a feature in `given` does not exist.

    Examples
    --------
    >>> find_columns(["code"], ("amount", "code"), 2, [])
    (1,)
    >>> find_columns([True, False], None, 2, [])
    (0,)
    """
    if isinstance(given, str):
        return tuple(found)
    given = list(given)
    if given and all(isinstance(one, bool | np.bool_) for one in given):
        if len(given) != n_features:
            raise ValueError(
                f"categorical_features is a mask of {len(given)} feature(s), but {input_name} has "
                f"{n_features}."
            )
        return tuple(int(j) for j in np.flatnonzero(given))
    return tuple(sorted({_index_of(one, names, n_features, input_name) for one in given}))


def _index_of(one, names, n_features, input_name):
    if isinstance(one, str):
        if names is None or one not in names:
            has = "features without names" if names is None else f"the features {list(names)}"
            raise ValueError(f"categorical_features contains {one!r}, but {input_name} has {has}.")
        return names.index(one)
    if not isinstance(one, numbers.Integral) or isinstance(one, bool | np.bool_):
        raise ValueError(
            "categorical_features must contain only names, only indices, or a bool for each "
            f"feature, got {one!r}."
        )
    if not 0 <= one < n_features:
        raise ValueError(
            f"categorical_features contains the index {one}, but {input_name} has {n_features} "
            f"feature(s), with the indices 0 to {n_features - 1}."
        )
    return int(one)


# --- codes ------------------------------------------------------------------------------------


def encode_cells(columns, name, lengths, input_name="X"):
    """Return the codes and the table of one feature.

    Parameters
    ----------
    columns : list of Series
        The values of the feature in each sequence.
    name : object
        The name of the feature, for messages.
    lengths : ndarray of int
        The number of rows of each of them.
    input_name : str, default="X"

    Returns
    -------
    codes : float64 ndarray of shape (sum(lengths),)
        The index of each value in the table, and NaN for a missing one.
    table : ndarray
        The sorted distinct values: strings as objects, integers, floats or bools.

    Examples
    --------
    >>> codes, table = encode_cells([pd.Series(["b", None, "a"])], "code", np.array([3]))
    >>> codes, table
    (array([ 1., nan,  0.]), array(['a', 'b'], dtype=object))
    """
    if all(_is_plain_number(column.dtype) for column in columns):
        values = np.concatenate(
            [column.to_numpy(np.float64, na_value=np.nan) for column in columns]
        )
        steps = Sequences(values[:, None], offsets_of(lengths), lengths)
        return _encode_numbers(values, name, steps, input_name)
    values = np.concatenate([column.to_numpy(object) for column in columns])
    try:
        codes, found = pd.factorize(values)
    except TypeError as error:
        raise ValueError(
            f"{input_name} holds values in feature {name!r} that are neither strings, bools nor "
            f"integers: {error}"
        ) from error
    found = np.asarray(found, dtype=object)
    table = _table_of(found, name, input_name)
    rank = np.empty(len(found) + 1)
    order = np.argsort(table, kind="stable")
    rank[order], rank[-1] = np.arange(len(found)), np.nan
    return rank[codes], table[order]


def _is_plain_number(dtype):
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def _table_of(found, name, input_name):
    """Return distinct values as an array of one kind."""
    if all(isinstance(value, str) for value in found):
        return np.array([str(value) for value in found], dtype=object)
    for kind, dtype in ((bool | np.bool_, bool), (numbers.Integral, np.int64)):
        if all(isinstance(value, kind) for value in found):
            return _as_dtype(found, dtype, name, input_name)
    if all(isinstance(value, numbers.Real) for value in found):
        return found.astype(np.float64)
    kinds = sorted({type(value).__name__ for value in found})
    raise ValueError(
        f"{input_name} holds values of the kinds {kinds} in the categorical feature {name!r}, "
        "expected only strings, only integers or only bools. Convert the column with "
        "astype(str)."
    )


def _as_dtype(found, dtype, name, input_name):
    try:
        return found.astype(dtype)
    except OverflowError as error:
        raise ValueError(
            f"{input_name} holds an integer beyond 64 bits in the categorical feature {name!r}. "
            "Convert the column with astype(str)."
        ) from error


def _encode_numbers(values, name, steps, input_name):
    """Return the codes and the table of a feature of integers, of which some may be NaN."""
    is_known = ~np.isnan(values)
    known = values[is_known]
    wrong = (known < 0) | (known >= _MAX_CODE) | (known % 1 != 0)
    if wrong.any():
        position = np.flatnonzero(is_known)[wrong][0]
        is_inside = (steps.starts <= position) & (position < steps.starts + steps.lengths)
        raise ValueError(
            f"{input_name}[{np.flatnonzero(is_inside)[0]}] holds {values[position]:g} in the "
            f"categorical feature {name!r}, expected integer codes that are not negative, or "
            "strings. NaN stands for a missing category."
        )
    table, inverse = np.unique(known, return_inverse=True)
    codes = np.full(len(values), np.nan)
    codes[is_known] = inverse
    return codes, table.astype(np.int64)
