"""Static features: numbers that belong to a whole sequence and not to one of its time steps.

`Sequences` hold them as a matrix with one row per sequence. This module reads such a matrix and
its names, and compares them with those that an estimator was fitted on.
"""

import numpy as np

from skrnn._check_arrays import refuse_masked, require_unique_columns
from skrnn.sequences._other_libraries import as_plain, is_frame, is_series


def read_static(static, n_sequences, names=None, input_name="static"):
    """Return static features as a matrix of floating numbers, and their names.

    Parameters
    ----------
    static : array-like or DataFrame of shape (n_sequences, n_static) or (n_sequences,), or None
        One-dimensional data are one feature.
    n_sequences : int
    names : sequence of str or None, default=None
        The name of each feature. If None, these are the columns of a DataFrame that are str.
    input_name : str, default="static"
        The name of the data in error messages.

    Returns
    -------
    values : read-only ndarray of float32 or float64 of shape (n_sequences, n_static), or None
    names : tuple of str or None

    Raises
    ------
    TypeError
        If a name is not a str.
    ValueError
        If the values are not real numbers, or if shapes or names do not fit together.

    Examples
    --------
    >>> read_static([40, 71], 2, names="age")
    (array([[40.],
           [71.]]), ('age',))
    """
    if static is None:
        if names is not None:
            raise ValueError(f"{input_name}_names must be None without {input_name}, got {names}.")
        return None, None
    static = as_plain(static, input_name)
    refuse_masked(static, input_name)
    if names is None:
        names = _names_of(static, input_name)
    values = _as_numbers(static, input_name)
    if values.ndim != 2 or len(values) != n_sequences or values.shape[1] == 0:
        raise ValueError(
            f"{input_name} must have one row per sequence and at least one column, the shape "
            f"({n_sequences}, n_static), got {np.shape(static)}."
        )
    return values, _checked_names(names, values.shape[1], input_name)


def _names_of(static, input_name):
    """Return the names of the columns of a table, or None if they are not all str."""
    if is_series(static):
        return (static.name,) if isinstance(static.name, str) else None
    if not is_frame(static):
        return None
    require_unique_columns(static, input_name)
    names = tuple(static.columns)
    return names if all(isinstance(name, str) for name in names) else None


def _as_numbers(static, input_name):
    """Return the values as a matrix, read-only because batches share it."""
    if is_frame(static):
        _require_number_columns(static, input_name)
    if is_frame(static) or is_series(static):
        values = static.to_numpy(na_value=np.nan) if _has_extension(static) else static.to_numpy()
    else:
        values = np.asarray(static)
    if values.dtype.kind not in "fiubO":
        raise ValueError(f"{input_name} must hold real numbers, got {values.dtype}. {_ENCODE}")
    if values.dtype not in (np.float32, np.float64):
        values = _as_float64(values, input_name)
    values = (values[:, None] if values.ndim == 1 else values).view()
    values.flags.writeable = False
    return values


_ENCODE = (
    "Encode categories as numbers, for example with sklearn.preprocessing.OneHotEncoder in a "
    "sklearn.compose.ColumnTransformer."
)


def _has_extension(static):
    dtypes = static.dtypes if is_frame(static) else [static.dtype]
    return not all(isinstance(dtype, np.dtype) for dtype in dtypes)


def _require_number_columns(static, input_name):
    """Raise an error that names the first column that does not hold numbers."""
    for name, dtype in static.dtypes.items():
        column = static[name]
        is_text = dtype.kind == "O" and any(
            isinstance(value, str | bytes) or np.ndim(value) > 0 for value in column
        )
        if is_text or dtype.kind not in "fiubO" or str(dtype) == "category":
            raise ValueError(
                f"{input_name} has the column {name!r}, which does not hold numbers. {_ENCODE}"
            )


def _as_float64(values, input_name):
    if values.dtype == object and any(isinstance(value, str | bytes) for value in values.flat):
        raise ValueError(f"{input_name} must hold real numbers, got strings. {_ENCODE}")
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{input_name} must hold real numbers: {error}. {_ENCODE}") from error


def _checked_names(names, n_static, input_name):
    if names is None:
        return None
    names = (names,) if isinstance(names, str) else tuple(names)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{input_name}_names must hold str, got {name!r}.")
    if len(names) != n_static or len(set(names)) < n_static:
        raise ValueError(
            f"{input_name}_names must hold {n_static} unique name(s), got {list(names)}."
        )
    return tuple(map(str, names))
