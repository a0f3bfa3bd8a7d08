"""Conversions from tables with one row per time step."""

import numpy as np
import pandas as pd

from skrnn._check_arrays import in_words
from skrnn.sequences._check import as_floats, check_sequences
from skrnn.sequences._containers import split_steps
from skrnn.sequences._conversions import FLOATS
from skrnn.sequences._feature_names import feature_names
from skrnn.sequences._layout import Layout, non_numeric_columns, table_values
from skrnn.sequences._mixed_sequences import MixedSequences
from skrnn.sequences._other_libraries import as_plain, is_frame
from skrnn.sequences._read_categories import encode_cells, is_category_column
from skrnn.sequences._sequences import Sequences, offsets_of


def from_long(
    df,
    *,
    id,
    time,
    values=None,
    static=None,
    target=None,
    target_per="sequence",
    tokens=False,
):
    """Read sequences from a table in long format: one row per time step, in any order.

    Parameters
    ----------
    df : DataFrame of pandas or polars, or Table of pyarrow
        The table.

    id : column name
        The column with the id of the sequence to which a row belongs.

    time : column name
        The column by which the steps of a sequence are sorted. The times themselves are not kept.

    values : column name, list of column names or None, default=None
        The features. If None, these are all columns other than `id`, `time`, `static` and `target`.
        Columns of strings and of a categorical dtype are read as categories.

    static : column name, list of column names or None, default=None
        The static features, which belong to a whole sequence: columns of numbers that are the same
        in all rows of a sequence. If None, there are none.

    target : column name, list of column names or None, default=None
        The targets. If None, no targets are returned.

    target_per : {"sequence", "step"}, default="sequence"
        Whether there is one target per sequence, which must be the same in all rows of the
        sequence, or one target per time step. Only used if `target` is not None.

    tokens : bool, default=False
        Whether the single column of `values` contains token ids, as in `check_sequences`.

    Returns
    -------
    sequences : Sequences or MixedSequences
        The sequences, sorted by id. The columns of `values` are its `feature_names` if they are all
        str, and those of `static` its `static_names`. They are `MixedSequences` if there are
        columns of categories.

    ids : ndarray of shape (n_sequences,)
        The id of each sequence.

    y : ndarray of shape (n_sequences,) or (n_sequences, n_targets), or list of (T_i,) or \
            (T_i, n_targets)
        The targets. Only returned if `target` is not None. They are an array if there is one target
        per sequence and a list of arrays if there is one target per time step. The arrays have a
        second axis if `target` is a list.

    Raises
    ------
    TypeError
        If `df` is not a DataFrame.

    ValueError
        If the table has no rows or lacks a column, if no column is left for `values`, if an id or a
        time is missing, if a sequence has two rows with the same time, if values are not numbers or
        categories, or if a static feature or a target per sequence is not the same in all rows of a
        sequence.

    See Also
    --------
    to_long : The inverse.
    from_multiindex : Read a table whose ids and times are in its index.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.sequences import from_long
    >>> df = pd.DataFrame(
    ...     {"who": ["b", "a", "a"], "day": [1, 2, 1], "load": [5.0, 4.0, 3.0], "sick": [0, 1, 1]}
    ... )
    >>> X, ids, y = from_long(df, id="who", time="day", values="load", target="sick")
    >>> X[0][:, 0], ids, y
    (array([3., 4.]), array(['a', 'b'], dtype=object), array([1, 0]))

    A column that does not change within a sequence, such as the age of a person, is a static
    feature:

    >>> df["age"] = [71, 40, 40]
    >>> X, ids = from_long(df, id="who", time="day", values="load", static="age")
    >>> X.static, X.static_names
    (array([[40.],
           [71.]]), ('age',))
    """
    if target_per not in ("sequence", "step"):
        raise ValueError(f"target_per must be 'sequence' or 'step', got {target_per!r}.")
    targets, of_sequence = _as_list_or_empty(target), _as_list_or_empty(static)
    df = _table(df)
    _check_columns(df, [id, time, *_as_list_or_empty(values), *of_sequence, *targets])
    _check_static_names(of_sequence, [id, time, *_as_list_or_empty(values)])
    values = _other_columns(df, [id, time, *of_sequence, *targets]) if values is None else values
    order, lengths, ids = _order(df[id], df[time], f"the column {id!r}", f"the column {time!r}")
    X = _steps(df[as_list(values)], order, lengths, tokens)
    X = _with_static(X, df[of_sequence], order, ids)
    if target is None:
        return X, ids
    if target_per == "sequence":
        _check_constant(df[targets], order, X, ids, "target", _ADVICE_ON_TARGETS)
        return X, ids, df[target].to_numpy()[order[X.starts]]
    return X, ids, split_steps(df[target].to_numpy()[order], lengths)


def from_multiindex(df, *, static=None, tokens=False):
    """Read sequences from a table with one row per time step, indexed by (id, time).

    Parameters
    ----------
    df : DataFrame, or Table of pyarrow that was made from one
        The table, with its rows in any order. The first level of its index is the id of the
        sequence to which a row belongs. The steps of a sequence are sorted by the second level.
        Every column other than those of `static` is a feature.

    static : column name, list of column names or None, default=None
        The static features, as in `from_long`.

    tokens : bool, default=False
        Whether the single column contains token ids, as in `check_sequences`.

    Returns
    -------
    sequences : Sequences or MixedSequences
        The sequences, sorted by id. They are `MixedSequences` if there are columns of strings or of
        a categorical dtype.

    ids : ndarray of shape (n_sequences,)
        The id of each sequence.

    Raises
    ------
    TypeError
        If `df` is not a DataFrame.

    ValueError
        If the index does not have two levels, and for the same reasons as in `from_long`.

    See Also
    --------
    to_multiindex : The inverse.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn.sequences import from_multiindex
    >>> index = pd.MultiIndex.from_tuples([("b", 1), ("a", 2), ("a", 1)], names=["who", "day"])
    >>> X, ids = from_multiindex(pd.DataFrame({"load": [5.0, 4.0, 3.0]}, index=index))
    >>> X.lengths, ids
    (array([2, 1]), array(['a', 'b'], dtype=object))
    """
    df, of_sequence = _table(df), _as_list_or_empty(static)
    _check_columns(df, of_sequence)
    if df.index.nlevels != 2:
        raise ValueError(
            f"df must have an index of two levels, id and time, got {df.index.nlevels} level(s). "
            "If ids and times are columns, use skrnn.sequences.from_long(df, id=..., time=...)."
        )
    id, time = df.index.get_level_values(0), df.index.get_level_values(1)
    order, lengths, ids = _order(id, time, "the first index level", "the second index level")
    values = _other_columns(df, of_sequence)
    X = _steps(df[values], order, lengths, tokens)
    return _with_static(X, df[of_sequence], order, ids), ids


def as_list(names):
    """Return the names of columns as a list, also that of a single one."""
    return names if isinstance(names, list) else [names]


def _as_list_or_empty(names):
    return [] if names is None else as_list(names)


def _table(df):
    """Return a table of any library as a DataFrame of pandas."""
    frame = as_plain(df, "df")
    if not is_frame(frame):
        raise TypeError(
            "df must be a DataFrame of pandas or polars or a Table of pyarrow, got "
            f"{type(df).__name__}."
        )
    return frame


def _other_columns(df, names):
    others = [name for name in df.columns if name not in names]
    if not others:
        raise ValueError(
            f"df has no column for values: its columns are {list(df.columns)}, and id, time, "
            f"static and target are {names}."
        )
    return others


def _check_columns(df, names):
    if len(df) == 0:
        raise ValueError("df has no rows.")
    missing = [in_words(name) for name in names if not _is_column(name, df)]
    if missing:
        raise ValueError(
            f"df has no column {', '.join(missing)}; its columns are {list(df.columns)}. To turn "
            "index levels into columns, use df.reset_index()."
        )
    if not df.columns.is_unique:
        raise ValueError("df has several columns with the same name; expected unique names.")


def _is_column(name, df):
    try:
        return name in df.columns
    except TypeError:  # lists, dicts and other objects without a hash
        return False


def _order(id, time, id_name, time_name):
    """Return the order of the rows by id and time, the length of each sequence, and the ids."""
    id_codes, ids = _ranks(id, id_name)
    time_codes, times = _ranks(time, time_name)
    order = np.lexsort((time_codes, id_codes))
    id_codes, time_codes = id_codes[order], time_codes[order]
    is_repeated = (id_codes[1:] == id_codes[:-1]) & (time_codes[1:] == time_codes[:-1])
    if is_repeated.any():
        i = int(np.flatnonzero(is_repeated)[0])
        raise ValueError(
            f"df has more than one row of id {ids[id_codes[i]]} at time {times[time_codes[i]]}."
        )
    return order, np.bincount(id_codes), np.asarray(ids)


def _ranks(column, name):
    """Return the rank of each value in sorted order, and the sorted distinct values.

    Ranks can be compared for every dtype of the values.
    """
    codes, uniques = pd.factorize(column, sort=True)
    missing = np.flatnonzero(codes == -1)
    if len(missing) > 0:
        raise ValueError(
            f"df has {len(missing)} missing value(s) in {name}, the first in row {missing[0]}."
        )
    return codes, uniques


def _steps(frame, order, lengths, tokens):
    columns = [frame.iloc[:, j] for j in range(frame.shape[1])]
    categorical = [] if tokens else [j for j, one in enumerate(columns) if is_category_column(one)]
    others = frame.iloc[:, [j for j in range(len(columns)) if j not in categorical]]
    non_numeric = non_numeric_columns(others)
    if non_numeric:
        raise ValueError(
            f"df has values that are not numbers in the columns {non_numeric}. Leave them out with "
            "values=[...]."
        )
    starts = offsets_of(lengths)
    if categorical:
        return _mixed_steps(frame.iloc[order], others.iloc[order], categorical, starts, lengths)
    steps = table_values(frame, "df")[order]
    if not tokens:
        layout = as_floats(Layout(steps, starts, lengths), FLOATS, "df")
        return Sequences(*layout, feature_names([frame]))
    if steps.shape[1] != 1:
        raise ValueError(f"Token ids must be a single column, got {steps.shape[1]} columns.")
    return check_sequences(split_steps(steps[:, 0], lengths), tokens=True, input_name="df")


def _mixed_steps(frame, others, categorical, starts, lengths):
    """Return sequences of the rows of a table in order, some columns of which are categories."""
    numeric = [j for j in range(frame.shape[1]) if j not in categorical]
    values, tables = np.empty(frame.shape), {}
    if numeric:
        layout = Layout(table_values(others, "df"), starts, lengths)
        values[:, numeric] = as_floats(layout, FLOATS, "df").values
    for j in categorical:
        name, column = frame.columns[j], frame.iloc[:, j]
        values[:, j], tables[j] = encode_cells([column], name, lengths, "df")
    return MixedSequences(Sequences(values, starts, lengths, feature_names([frame])), tables)


def _check_static_names(static, others):
    """Check that no column is a static feature twice, or something else as well."""
    for i, name in enumerate(static):
        if name in static[:i] or name in others:
            raise ValueError(
                f"static must hold columns that are named once and are neither id, time nor in "
                f"values, got {name!r}."
            )


def _with_static(X, table, order, ids):
    """Return sequences with the columns of a table as static features."""
    if table.shape[1] == 0:
        return X
    _check_constant(table, order, X, ids, "static feature", _ADVICE_ON_STATIC)
    return X.with_static(table.iloc[order[X.starts]])


_ADVICE_ON_TARGETS = "To read one target per time step, use target_per='step'."
_ADVICE_ON_STATIC = "A column that changes within a sequence is a feature: put it into values."


def _check_constant(columns, order, X, ids, kind, advice):
    """Check that columns are the same in all rows of a sequence."""
    for name in columns.columns:
        codes = pd.factorize(columns[name])[0][order]
        varies = codes != np.repeat(codes[X.starts], X.lengths)
        if varies.any():
            i = np.searchsorted(X.starts, np.flatnonzero(varies)[0], side="right") - 1
            raise ValueError(
                f"The {kind} {name!r} is not the same in all rows of id {ids[i]}. {advice}"
            )
