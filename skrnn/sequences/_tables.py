"""Conversions from and to tables with one row per time step."""

import numpy as np

from skrnn._check_arrays import as_array, in_words
from skrnn.sequences._check import as_floats, check_sequences
from skrnn.sequences._containers import split_steps
from skrnn.sequences._conversions import FLOATS, given_sequences
from skrnn.sequences._layout import Layout, is_frame, non_numeric_columns, table_values
from skrnn.sequences._sequences import Sequences, offsets_of


def from_long(df, *, id, time, values, target=None, target_per="sequence", tokens=False):
    """Read sequences from a table in long format: one row per time step, in any order.

    Parameters
    ----------
    df : DataFrame
        The table.

    id : column name
        The column with the id of the sequence to which a row belongs.

    time : column name
        The column by which the steps of a sequence are sorted. The times themselves are not kept.

    values : column name or list of column names
        The features.

    target : column name, list of column names or None, default=None
        The targets. If None, no targets are returned.

    target_per : {"sequence", "step"}, default="sequence"
        Whether there is one target per sequence, which must be the same in all rows of the
        sequence, or one target per time step. Only used if `target` is not None.

    tokens : bool, default=False
        Whether the single column of `values` contains token ids, as in `check_sequences`.

    Returns
    -------
    sequences : Sequences
        The sequences, sorted by id.

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
        If the table has no rows or lacks a column, if an id or a time is missing, if a sequence has
        two rows with the same time, if values are not numbers, or if a target per sequence is not
        the same in all rows of a sequence.

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
    """
    if target_per not in ("sequence", "step"):
        raise ValueError(f"target_per must be 'sequence' or 'step', got {target_per!r}.")
    targets = [] if target is None else _as_list(target)
    _check_columns(df, [id, time, *_as_list(values), *targets])
    order, lengths, ids = _order(df[id], df[time], f"the column {id!r}", f"the column {time!r}")
    X = _steps(df[_as_list(values)], order, lengths, tokens)
    if target is None:
        return X, ids
    if target_per == "sequence":
        _check_constant(df[targets], order, X, ids)
        return X, ids, df[target].to_numpy()[order[X.starts]]
    return X, ids, split_steps(df[target].to_numpy()[order], lengths)


def from_multiindex(df, *, tokens=False):
    """Read sequences from a table with one row per time step, indexed by (id, time).

    Parameters
    ----------
    df : DataFrame
        The table, with its rows in any order. The first level of its index is the id of the
        sequence to which a row belongs. The steps of a sequence are sorted by the second level.
        Every column is a feature.

    tokens : bool, default=False
        Whether the single column contains token ids, as in `check_sequences`.

    Returns
    -------
    sequences : Sequences
        The sequences, sorted by id.

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
    _check_columns(df, [])
    if df.index.nlevels != 2:
        raise ValueError(
            f"df must have an index of two levels, id and time, got {df.index.nlevels} level(s)."
        )
    id, time = df.index.get_level_values(0), df.index.get_level_values(1)
    order, lengths, ids = _order(id, time, "the first index level", "the second index level")
    return _steps(df, order, lengths, tokens), ids


def to_long(
    X,
    *,
    ids=None,
    y=None,
    id="id",
    time="time",
    values=None,
    target="target",
    target_per="sequence",
):
    """Return sequences as a table in long format: one row per time step.

    Parameters
    ----------
    X : Sequences, or any batch that `check_sequences` accepts
        The batch of sequences.

    ids : array-like of shape (n_sequences,) or None, default=None
        The id of each sequence. If None, the sequences are numbered from 0.

    y : array-like or None, default=None
        The targets: one per sequence, or a list of arrays with one target per time step.

    id, time : column name, default="id" and "time"
        The names of the columns with the ids and with the step numbers, which start at 0.

    values : column name, list of column names or None, default=None
        The names of the features. If None, the name is "value" for a single feature, and "value_0",
        "value_1", ... for several features.

    target : column name or list of column names, default="target"
        The name of the target, or a list of names if there are several targets. Only used if `y` is
        not None.

    target_per : {"sequence", "step"}, default="sequence"
        Whether `y` has one target per sequence or one target per time step. Only used if `y` is not
        None.

    Returns
    -------
    df : DataFrame
        The table.

    Raises
    ------
    ValueError
        If the numbers of `ids`, of targets or of names do not match `X`, or if two sequences have
        the same id.

    See Also
    --------
    from_long : The inverse if `ids` are sorted.

    Examples
    --------
    >>> from skrnn.sequences import to_long
    >>> to_long([[1.5, 2.5], [3.5]], ids=["a", "b"], y=[0, 1])
      id  time  value  target
    0  a     0    1.5       0
    1  a     1    2.5       0
    2  b     0    3.5       1
    """
    import pandas

    if target_per not in ("sequence", "step"):
        raise ValueError(f"target_per must be 'sequence' or 'step', got {target_per!r}.")
    X = given_sequences(X)
    first = offsets_of(X.lengths)
    columns = {
        id: np.repeat(_unique_ids(ids, len(X)), X.lengths),
        time: np.arange(X.lengths.sum()) - np.repeat(first, X.lengths),
        **_named(X.concatenate(), _value_names(X) if values is None else values, "values"),
    }
    if y is not None:
        columns |= _named(_step_targets(y, X, target_per), target, "target")
    return pandas.DataFrame(columns)


def to_multiindex(X, *, ids=None, names=("id", "time"), columns=None):
    """Return sequences as a table with one row per time step, indexed by (id, step number).

    Parameters
    ----------
    X : Sequences, or any batch that `check_sequences` accepts
        The batch of sequences.

    ids : array-like of shape (n_sequences,) or None, default=None
        The id of each sequence. If None, the sequences are numbered from 0.

    names : pair of str, default=("id", "time")
        The names of the index levels.

    columns : column name, list of column names or None, default=None
        The names of the features. If None, the name is "value" for a single feature, and "value_0",
        "value_1", ... for several features.

    Returns
    -------
    df : DataFrame
        The table.

    Raises
    ------
    ValueError
        If the numbers of `ids` or `columns` do not match `X`, or if two sequences have the same id.

    See Also
    --------
    from_multiindex : The inverse if `ids` are sorted.

    Examples
    --------
    >>> from skrnn.sequences import to_multiindex
    >>> to_multiindex([[1.5, 2.5], [3.5]])
             value
    id time
    0  0       1.5
       1       2.5
    1  0       3.5
    """
    id, time = names
    return to_long(X, ids=ids, id=id, time=time, values=columns).set_index([id, time])


def _as_list(names):
    return names if isinstance(names, list) else [names]


def _check_columns(df, names):
    if not is_frame(df):
        raise TypeError(f"df must be a pandas DataFrame, got {type(df).__name__}.")
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
    import pandas

    codes, uniques = pandas.factorize(column, sort=True)
    missing = np.flatnonzero(codes == -1)
    if len(missing) > 0:
        raise ValueError(
            f"df has {len(missing)} missing value(s) in {name}, the first in row {missing[0]}."
        )
    return codes, uniques


def _steps(frame, order, lengths, tokens):
    non_numeric = non_numeric_columns(frame)
    if non_numeric:
        raise ValueError(f"df has values that are not numbers in the columns {non_numeric}.")
    steps = table_values(frame, "df")[order]
    starts = offsets_of(lengths)
    if not tokens:
        return Sequences(*as_floats(Layout(steps, starts, lengths), FLOATS, "df"))
    if steps.shape[1] != 1:
        raise ValueError(f"Token ids must be a single column, got {steps.shape[1]} columns.")
    return check_sequences(split_steps(steps[:, 0], lengths), tokens=True, input_name="df")


def _check_constant(targets, order, X, ids):
    import pandas

    for name in targets.columns:
        codes = pandas.factorize(targets[name])[0][order]
        varies = codes != np.repeat(codes[X.starts], X.lengths)
        if varies.any():
            i = np.searchsorted(X.starts, np.flatnonzero(varies)[0], side="right") - 1
            raise ValueError(
                f"The target {name!r} is not the same in all rows of id {ids[i]}. To read one "
                "target per time step, use target_per='step'."
            )


def _unique_ids(ids, n):
    if ids is None:
        return np.arange(n)
    import pandas

    ids = as_array(ids, "ids", object if isinstance(ids, list | tuple) else None)
    if ids.shape != (n,):
        raise ValueError(f"ids must have the shape ({n},), got {ids.shape}.")
    ids = pandas.Series(ids).infer_objects()
    if ids.isna().any():
        raise ValueError(f"ids must not be missing, got {ids[ids.isna()].iloc[0]}.")
    try:
        if not ids.is_unique:
            raise ValueError("ids must be unique: two sequences have the same id.")
    except TypeError as error:
        raise ValueError(f"ids must be numbers, text or times: {error}.") from error
    return ids.to_numpy()


def _value_names(X):
    if X.ndim == 2 or X.values.shape[1] == 1:
        return "value"
    return [f"value_{k}" for k in range(X.values.shape[1])]


def _step_targets(y, X, target_per):
    if len(y) != len(X):
        raise ValueError(
            f"y must have one entry per sequence, got {len(y)} entries for {len(X)} sequence(s)."
        )
    if target_per == "sequence":
        return np.repeat(np.asarray(y), X.lengths, axis=0)
    lengths = np.array([len(targets) for targets in y])
    if (lengths != X.lengths).any():
        i = int(np.flatnonzero(lengths != X.lengths)[0])
        raise ValueError(f"y[{i}] has {lengths[i]} target(s) for {X.lengths[i]} time step(s).")
    return np.concatenate([np.asarray(targets) for targets in y])


def _named(steps, names, argument):
    """Return the columns of steps as a dict from name to column."""
    names = _as_list(names)
    table = steps if steps.ndim == 2 else steps[:, np.newaxis]
    if table.shape[1] != len(names):
        raise ValueError(f"{argument} names {len(names)} column(s), expected {table.shape[1]}.")
    return dict(zip(names, table.T, strict=True))
