"""Conversions to tables with one row per time step."""

import numpy as np
import pandas as pd

from skrnn._check_arrays import as_array
from skrnn.sequences._conversions import given_sequences
from skrnn.sequences._from_tables import as_list
from skrnn.sequences._mixed_sequences import MixedSequences, step_table
from skrnn.sequences._sequences import offsets_of


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
        The names of the features. If None, they are the `feature_names` of `X`. If it has none, the
        name is "value" for a single feature, and "value_0", "value_1", ... for several features.

    target : column name or list of column names, default="target"
        The name of the target, or a list of names if there are several targets. Only used if `y` is
        not None.

    target_per : {"sequence", "step"}, default="sequence"
        Whether `y` has one target per sequence or one target per time step. Only used if `y` is not
        None.

    Returns
    -------
    df : DataFrame
        The table. Static features are further columns, which are the same in all rows of a
        sequence; without names, they are called "static_0", "static_1" and so on. Categories that
        are not strings have a categorical dtype, which `from_long` reads as categories.

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
    if target_per not in ("sequence", "step"):
        raise ValueError(f"target_per must be 'sequence' or 'step', got {target_per!r}.")
    X = X if isinstance(X, MixedSequences) else given_sequences(X)
    first = offsets_of(X.lengths)
    names = as_list(_value_names(X) if values is None else values)
    columns = {
        id: np.repeat(_unique_ids(ids, len(X)), X.lengths),
        time: np.arange(X.lengths.sum()) - np.repeat(first, X.lengths),
        **_named(_steps(X), names, "values"),
    }
    columns |= _static_columns(X, columns)
    if y is not None:
        columns |= _named(_step_targets(y, X, target_per), target, "target")
    df = pd.DataFrame(columns)
    return _with_categories(df, X, names) if isinstance(X, MixedSequences) else df


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
        The names of the features. If None, they are the `feature_names` of `X`. If it has none, the
        name is "value" for a single feature, and "value_0", "value_1", ... for several features.

    Returns
    -------
    df : DataFrame
        The table, with static features as in `to_long`.

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


def _steps(X):
    """Return all time steps, with categories in place of codes."""
    steps = X.concatenate()
    return step_table(X, steps).to_numpy() if isinstance(X, MixedSequences) else steps


def _with_categories(df, X, names):
    """Return a table of decoded categories, in which categories that are not strings are marked."""
    for j, table in X.tables.items():
        if table.dtype.kind != "O":
            df[names[j]] = pd.Categorical(df[names[j]], categories=table)
    return df.infer_objects()


def _unique_ids(ids, n):
    if ids is None:
        return np.arange(n)
    ids = as_array(ids, "ids", object if isinstance(ids, list | tuple) else None)
    if ids.shape != (n,):
        raise ValueError(f"ids must have the shape ({n},), got {ids.shape}.")
    ids = pd.Series(ids).infer_objects()
    if ids.isna().any():
        raise ValueError(f"ids must not be missing, got {ids[ids.isna()].iloc[0]}.")
    try:
        if not ids.is_unique:
            raise ValueError("ids must be unique: two sequences have the same id.")
    except TypeError as error:
        raise ValueError(f"ids must be numbers, text or times: {error}.") from error
    return ids.to_numpy()


def _value_names(X):
    if X.feature_names is not None:
        return list(X.feature_names)
    if X.ndim == 2 or X.values.shape[1] == 1:
        return "value"
    return [f"value_{k}" for k in range(X.values.shape[1])]


def _static_columns(X, others):
    """Return the static features of each time step as a dict from name to column."""
    if X.static is None:
        return {}
    names = X.static_names or [f"static_{k}" for k in range(X.static.shape[1])]
    repeated = next((name for name in names if name in others), None)
    if repeated is not None:
        raise ValueError(
            f"The static feature {repeated!r} has the name of another column; rename one of them."
        )
    return _named(np.repeat(X.static, X.lengths, axis=0), list(names), "static")


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
    names = as_list(names)
    table = steps if steps.ndim == 2 else steps[:, np.newaxis]
    if table.shape[1] != len(names):
        raise ValueError(f"{argument} names {len(names)} column(s), expected {table.shape[1]}.")
    return dict(zip(names, table.T, strict=True))
