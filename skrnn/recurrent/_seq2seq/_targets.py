"""Read targets that are sequences with their own lengths: tokens, text, or vectors.

A target may be missing at some of its time steps. It then has no part in the loss, but the decoder
needs an input at the next time step. That is the last known target before, since it is the best
guess without a further pass of the network, and it never contains anything of later time steps.
"""

import numpy as np

from skrnn.sequences._containers import object_array
from skrnn.sequences._missing_targets import (
    is_missing,
    joined,
    read_step_targets,
    split_missing,
)
from skrnn.sequences._sequences import offsets_of
from skrnn.sequences._targets import (
    check_labels,
    require_as_many,
    require_same_width,
)


def are_texts(y):
    """Return whether targets are strings, each of which is a sequence of characters."""
    return len(y) > 0 and all(isinstance(target, str) for target in y)


def token_series(y, n_sequences, input_name):
    """Return the tokens of all targets in one array.

    Parameters
    ----------
    y : list of array-like of shape (L_i,)
    n_sequences : int
    input_name : str

    Returns
    -------
    tokens : ndarray
        Another token is in place of each missing one.
    counts : ndarray of int of shape (n_sequences,)
        The number of tokens of each target.
    known : ndarray of bool of the shape of `tokens`, or None
        Which tokens are not missing. None if this is all of them.

    Raises
    ------
    ValueError
        If there is not one target per sequence, if a target is not one-dimensional, if only some
        targets are strings, if a token is not a class label, or if all are missing.
    """
    require_as_many(y, n_sequences, input_name)
    series = [read_step_targets(target, f"{input_name}[{i}]") for i, target in enumerate(y)]
    for i, target in enumerate(series):
        if target.ndim != 1:
            raise ValueError(
                f"{input_name} must contain a sequence of tokens, or only strings, one for each "
                f"sequence of X, but {input_name}[{i}] has {target.ndim} dimensions."
            )
    counts = np.array([len(target) for target in series], dtype=np.int64)
    if not counts.any():
        return np.empty(0, dtype=object), counts, None
    # An empty list has no dtype that means anything.
    series = [target for target in series if len(target)]
    of_one_kind = [one for one in series if one.dtype.kind != "O" and not is_missing(one).all()]
    if len({target.dtype.kind in "US" for target in of_one_kind}) > 1:
        # NumPy would convert the numbers to text.
        raise ValueError(
            f"{input_name} must contain tokens of one kind, such as only text or only integers, "
            "got some targets of text and some of numbers."
        )
    tokens, known = split_missing(joined(series), input_name)
    return check_labels(tokens, input_name), counts, known


def with_stops(codes, counts, stop):
    """Return the codes of all targets with a stop after each target, and their new numbers.

    Examples
    --------
    >>> with_stops(np.array([4, 5, 6]), np.array([2, 0, 1]), 9)
    (array([4, 5, 9, 9, 6, 9]), array([3, 1, 2]))
    """
    return np.insert(codes, np.cumsum(counts), stop), counts + 1


def vector_series(y, n_sequences, input_name):
    """Return the vectors of all targets in one array, and the number of vectors of each.

    Parameters
    ----------
    y : list of array-like of shape (L_i,) or (L_i, k), or array-like of shape (n, L[, k])
    n_sequences : int
    input_name : str

    Raises
    ------
    ValueError
        If there is not one target per sequence, or if targets are empty or have other shapes.

    Missing vectors contain NaN; see `split_missing`.
    """
    require_as_many(y, n_sequences, input_name)
    series = [read_step_targets(target, f"{input_name}[{i}]") for i, target in enumerate(y)]
    for i, target in enumerate(series):
        if target.ndim not in (1, 2) or target.ndim != series[0].ndim or not len(target):
            raise ValueError(
                f"{input_name} must contain a sequence of at least one number or vector for each "
                "sequence of X, as a list of (L_i,) or (L_i, k) arrays or an (n, L[, k]) array, "
                f"but {input_name}[0] has shape {series[0].shape} and {input_name}[{i}] has shape "
                f"{target.shape}."
            )
    require_same_width(series, input_name)
    return joined(series), np.array([len(target) for target in series], dtype=np.int64)


def with_last_known(values, counts, known, start):
    """Return targets with the last known one of the same sequence in place of each missing one.

    Parameters
    ----------
    values : ndarray of shape (n_targets,) or (n_targets, k)
    counts : ndarray of int of shape (n,)
        The number of targets of each sequence.
    known : ndarray of bool of shape (n_targets,)
        Which targets are not missing.
    start : number or ndarray of shape (k,)
        What is in place of a missing target before the first known one.

    Examples
    --------
    >>> known = np.array([True, False, False, True])
    >>> with_last_known(np.array([3, 0, 0, 5]), np.array([2, 2]), known, 9)
    array([3, 3, 9, 5])
    """
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    filled = values[np.maximum(last, 0)]
    filled[last < np.repeat(offsets_of(counts), counts)] = start
    return filled


def in_container_of(X, series):
    """Return sequences of any lengths as a list, or as an object array if X is an array.

    scikit-learn concatenates the predictions of folds as arrays if X is one.
    """
    return object_array(series) if isinstance(X, np.ndarray) else list(series)


def padded_rows(values, counts, fill):
    """Return the values of all sequences in one array, padded on the right.

    Parameters
    ----------
    values : ndarray of shape (sum of counts, ...)
    counts : ndarray of int of shape (n,)
    fill : number

    Returns
    -------
    ndarray of shape (n, max(counts), ...)
    """
    rows = np.full((len(counts), int(counts.max(initial=0)), *values.shape[1:]), fill, values.dtype)
    rows[np.arange(rows.shape[1]) < counts[:, None]] = values
    return rows
