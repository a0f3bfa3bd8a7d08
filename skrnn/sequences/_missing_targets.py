"""Targets per time step of which some are missing, because not every time step was labelled.

A missing target has the weight zero: its time step is read as all others are, but it has no part in
a loss or a score. NaN, None, `pandas.NA` and masked values of NumPy stand for it. A number such as
-1 does not, because it may be a class.
"""

import numpy as np
import pandas as pd

from skrnn._check_arrays import as_array, in_words


def is_missing(labels):
    """Return which labels or numbers are missing: None, NaN, NaT and `pandas.NA`."""
    return pd.isna(labels)


def read_step_targets(target, input_name):
    """Return the targets of the time steps of one sequence as an array.

    Parameters
    ----------
    target : array-like of shape (T,) or (T, k)
    input_name : str

    Returns
    -------
    ndarray
        Missing targets are NaN, or None in an object array.

    Raises
    ------
    ValueError
        If some of the other targets are text, and some are not.

    Examples
    --------
    >>> read_step_targets(["a", None], "y").tolist()
    ['a', None]
    >>> read_step_targets(np.ma.masked_array([0, 1], [True, False]), "y").tolist()
    [None, 1]
    """
    if isinstance(target, np.ma.MaskedArray):
        return _unmasked(target)
    array = as_array(target, input_name)
    if array.dtype.kind not in "US" or not isinstance(target, list | tuple):
        return array
    # NumPy would convert NaN to the text "nan".
    objects = np.asarray(target, dtype=object)
    missing = is_missing(objects)
    for label in objects[~missing]:
        if not isinstance(label, str | bytes):
            raise ValueError(
                f"{input_name} must contain a label for each target, and either only text or no "
                f"text, got {in_words(label)} among text."
            )
    return objects if missing.any() else array


def _unmasked(array):
    if not np.ma.is_masked(array):
        return array.data
    if array.dtype.kind == "f":
        return array.filled(np.nan)
    objects = array.data.astype(object)
    objects[np.ma.getmaskarray(array)] = None
    return objects


def joined(series):
    """Return the targets of all sequences, as `read_step_targets` returns them, in one array.

    Examples
    --------
    >>> joined([np.array(["a", "b"]), np.array([np.nan])]).tolist()
    ['a', 'b', nan]
    """
    if len({target.dtype.kind in "US" for target in series}) > 1:
        # NumPy would convert NaN to the text "nan".
        series = [t.astype(object) if is_missing(t).all() else t for t in series]
    return np.concatenate(series)


def split_missing(y, input_name="y"):
    """Return targets without missing ones, and which ones were not missing.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, k)
    input_name : str, default="y"

    Returns
    -------
    filled : ndarray of shape (n,) or (n, k)
        The targets, with the first one that is not missing in place of those that are.
    known : ndarray of bool of shape (n,), or None
        Which targets are not missing. None if this is all of them.

    Raises
    ------
    ValueError
        If all targets are missing, or only some of the k targets of a time step.

    Examples
    --------
    >>> filled, known = split_missing(np.array(["a", None, "b"], dtype=object))
    >>> filled, known
    (array(['a', 'a', 'b'], dtype='<U1'), array([ True, False,  True]))
    """
    if y.dtype.kind not in "fOmM":
        return y, None
    missing = is_missing(y)
    if not missing.any():
        return y, None
    if y.ndim > 1:
        some, missing = missing.any(axis=1), missing.all(axis=1)
        if (some & ~missing).any():
            row = y[np.argmax(some & ~missing)]
            raise ValueError(
                f"{input_name} must have all {y.shape[1]} targets of a time step or none of them, "
                f"got {row.tolist()}. Train one estimator for each target if they are missing at "
                "different time steps."
            )
    if missing.all():
        raise ValueError(f"{input_name} has only missing targets; at least one must be known.")
    filled = plain_labels(y[~missing])[np.maximum(np.cumsum(~missing) - 1, 0)]
    filled[missing] = filled[0]
    return filled, ~missing


def plain_labels(labels):
    """Return labels that are not missing in the dtype that they would have alone."""
    if labels.dtype.kind != "O":
        return labels
    try:
        plain = np.array(labels.tolist())
    except ValueError:  # labels of different lengths, such as lists
        return labels
    mixed = plain.dtype.kind in "US" and not all(isinstance(v, str | bytes) for v in labels.flat)
    return labels if mixed or plain.shape != labels.shape else plain
