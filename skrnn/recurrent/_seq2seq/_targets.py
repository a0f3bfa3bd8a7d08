"""Read targets that are sequences with their own lengths: tokens, text, or vectors."""

import numpy as np

from skrnn.sequences._containers import object_array
from skrnn.sequences._targets import (
    check_labels,
    require_as_many,
    require_same_width,
    target_array,
)


def are_texts(y):
    """Return whether targets are strings, each of which is a sequence of characters."""
    return len(y) > 0 and all(isinstance(target, str) for target in y)


def token_series(y, n_sequences, input_name):
    """Return the tokens of all targets in one array, and the number of tokens of each.

    Parameters
    ----------
    y : list of array-like of shape (L_i,)
    n_sequences : int
    input_name : str

    Raises
    ------
    ValueError
        If there is not one target per sequence, if a target is not one-dimensional, if only some
        targets are strings, or if a token is not a class label.
    """
    require_as_many(y, n_sequences, input_name)
    series = [target_array(target, f"{input_name}[{i}]") for i, target in enumerate(y)]
    for i, target in enumerate(series):
        if target.ndim != 1:
            raise ValueError(
                f"{input_name} must contain a sequence of tokens, or only strings, one for each "
                f"sequence of X, but {input_name}[{i}] has {target.ndim} dimensions."
            )
    counts = np.array([len(target) for target in series], dtype=np.int64)
    if not counts.any():
        return np.empty(0, dtype=object), counts
    # An empty list has no dtype that means anything.
    series = [target for target in series if len(target)]
    if len({target.dtype.kind in "US" for target in series if target.dtype.kind != "O"}) > 1:
        # NumPy would convert the numbers to text.
        raise ValueError(
            f"{input_name} must contain tokens of one kind, such as only text or only integers, "
            "got some targets of text and some of numbers."
        )
    return check_labels(np.concatenate(series), input_name), counts


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
    """
    require_as_many(y, n_sequences, input_name)
    series = [target_array(target, f"{input_name}[{i}]") for i, target in enumerate(y)]
    for i, target in enumerate(series):
        if target.ndim not in (1, 2) or target.ndim != series[0].ndim or not len(target):
            raise ValueError(
                f"{input_name} must contain a sequence of at least one number or vector for each "
                "sequence of X, as a list of (L_i,) or (L_i, k) arrays or an (n, L[, k]) array, "
                f"but {input_name}[0] has shape {series[0].shape} and {input_name}[{i}] has shape "
                f"{target.shape}."
            )
    require_same_width(series, input_name)
    return np.concatenate(series), np.array([len(target) for target in series], dtype=np.int64)


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
