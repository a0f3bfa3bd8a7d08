"""Conversions from and to the collections of aeon and sktime, in which time is the last axis."""

import numpy as np
import pandas as pd

from skrnn._check_arrays import as_array
from skrnn.sequences._conversions import (
    as_index,
    from_channels_first,
    given_sequences,
    to_channels_first,
)


def from_aeon(X, *, n_features=None):
    """Read a collection of time series of aeon or sktime.

    Parameters
    ----------
    X : array-like, DataFrame or list
        The collection, in one of these forms, by the name that aeon or sktime gives to it:

        - numpy3D: an array of shape (n_sequences, n_features, n_steps).
        - np-list, or df-list of aeon: a list of arrays or DataFrames of shape (n_features, T_i).
        - numpy2D, numpyflat or pd-wide: an array or DataFrame of shape (n_sequences, n_steps),
          with one feature.
        - nested_univ of sktime: a DataFrame with a series in each cell, one column per feature.

    n_features : int or None, default=None
        If it is an int, `X` has the shape (n_sequences, n_features * n_steps), with one feature
        after another in each row. aeon and sktime make such rows for estimators of scikit-learn.

    Returns
    -------
    sequences : Sequences
        The batch, in the order of `X`.

    Raises
    ------
    TypeError, ValueError
        If `X` is in none of these forms, or if `n_features` does not fit its shape. A DataFrame
        with a MultiIndex raises an error as well: :func:`from_multiindex` reads it, and returns
        the ids, because it sorts the sequences by id.

    See Also
    --------
    to_aeon : The inverse.
    from_channels_first : The same for arrays and lists of other libraries.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.sequences import from_aeon
    >>> from_aeon([np.zeros((2, 30)), np.zeros((2, 12))])
    Sequences(n_sequences=2, lengths=12..30, n_features=2, dtype=float64)
    >>> from_aeon(np.zeros((5, 60)), n_features=2).shape
    (5, 30, 2)
    """
    if isinstance(X, pd.DataFrame) and X.index.nlevels > 1:
        raise ValueError(
            f"X has an index of {X.index.nlevels} levels. Use X, ids = "
            "skrnn.sequences.from_multiindex(X), and put the targets in the order of the ids."
        )
    if n_features is not None:
        return from_channels_first(_one_axis_per_feature(X, n_features))
    is_table = isinstance(X, pd.DataFrame) or getattr(X, "ndim", 0) == 2
    return given_sequences(X) if is_table else from_channels_first(X)


def _one_axis_per_feature(X, n_features):
    """Return rows with one feature after another as an array of shape (n, n_features, T)."""
    X = as_array(X, "X")
    n_features = as_index(n_features, "n_features")
    if X.ndim != 2 or n_features < 1 or X.shape[1] % n_features:
        raise ValueError(
            f"n_features={n_features} needs X of the shape (n_sequences, {n_features} * n_steps), "
            f"got {X.shape}."
        )
    return X.reshape(len(X), n_features, -1)


def to_aeon(X):
    """Return sequences as a collection of time series of aeon.

    sktime reads the array as well, under the name numpy3D.

    Parameters
    ----------
    X : Sequences, or any batch that `check_sequences` accepts
        The batch of sequences.

    Returns
    -------
    X : ndarray of shape (n_sequences, n_features, n_steps), or list of (n_features, T_i)
        The collection: numpy3D, or np-list if the lengths of the sequences differ. Each array is in
        C order, because time is the axis over which the loops of aeon run.

    Raises
    ------
    ValueError
        If `X` contains integer codes, which have no feature axis.

    See Also
    --------
    from_aeon : The inverse.
    to_multiindex : A DataFrame with a MultiIndex, which sktime reads for sequences of any length.

    Examples
    --------
    >>> from skrnn.sequences import to_aeon
    >>> [series.shape for series in to_aeon([[1, 2, 3], [4]])]
    [(1, 3), (1, 1)]
    """
    found = to_channels_first(X)
    if isinstance(found, list):
        return [np.ascontiguousarray(series) for series in found]
    return np.ascontiguousarray(found)
