"""Find the names of features in the containers that have them."""

import numpy as np
import pandas as pd

from skrnn._check_arrays import require_unique_columns
from skrnn.sequences._other_libraries import as_plain, is_frame, is_series


def feature_names(X, input_name="X"):
    """Return the names of the features of a batch of sequences, or None.

    Parameters
    ----------
    X : object
        A batch that has been read as sequences. The columns of a table of shape (n, T) are time
        steps and not features.
    input_name : str, default="X"
        The name of the data in error messages.

    Returns
    -------
    tuple of str or None
        None if X has no names, or names that are not all str.

    Raises
    ------
    ValueError
        If two columns have the same name.

    Examples
    --------
    >>> feature_names([pd.DataFrame({"speed": [1.0], "height": [3.0]})])
    ('speed', 'height')
    """
    is_object = getattr(getattr(X, "dtype", None), "kind", "") == "O"
    if is_object and X.ndim == 1 and len(X) > 0:
        X = [X.iloc[0] if is_series(X) else X[0]]
    if isinstance(X, np.ndarray):
        return None
    if not hasattr(X, "feature_names"):
        return _names_of_columns(X, input_name)
    return X.feature_names


def _names_of_columns(X, input_name):
    """Return the names in the first of several tables, or in the last dimension of an array."""
    if isinstance(X, list | tuple):
        first = as_plain(X[0])
        require_unique_columns(first, f"{input_name}[0]")
        names = list(first.columns) if is_frame(first) else []
    elif getattr(X, "ndim", 0) == 3 and hasattr(X, "coords"):  # an array of xarray
        names = X.coords[X.dims[2]].to_numpy().tolist() if X.dims[2] in X.coords else []
    else:
        return None
    is_named = len(names) > 0 and all(isinstance(name, str) for name in names)
    return tuple(names) if is_named else None


def named_table(names):
    """Return a table without rows that has these columns, for the checks of scikit-learn.

    Examples
    --------
    >>> named_table(("speed", "height")).shape
    (0, 2)
    """
    return pd.DataFrame(np.empty((0, len(names))), columns=list(names))
