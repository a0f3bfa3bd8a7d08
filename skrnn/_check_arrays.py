"""Read the arrays that users pass, so that every error names the argument.

NumPy, pandas and SciPy raise errors of many kinds for objects that they cannot convert, and none of
them states which argument it was.
"""

import re

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, validate_data


def as_array(values, input_name, dtype=None):
    """Return values as an array.

    Parameters
    ----------
    values : object
    input_name : str
        The name of the argument in error messages.
    dtype : dtype or None, default=None
        If None, NumPy chooses the dtype.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If the values cannot be converted, or some are masked.

    Examples
    --------
    >>> as_array([[1], [2, 3]], "cuts")
    Traceback (most recent call last):
        ...
    ValueError: cuts must be an array: setting an array element with a sequence...
    """
    refuse_masked(values, input_name)
    if dtype is not None and dtype is not object:
        _require_no_times(values, input_name)
    try:
        return np.asarray(values, dtype=dtype)
    except Exception as error:  # the conversion of an object can raise an error of any kind
        of_numbers = "" if dtype is None else " of numbers"
        raise ValueError(f"{input_name} must be an array{of_numbers}: {error}") from error


def check_numbers(values, input_name, **options):
    """Return a table of numbers as an array of floats, like scikit-learn's `check_array`.

    Parameters
    ----------
    values : object
    input_name : str
        The name of the argument in error messages.
    **options : dict
        Further arguments of :func:`sklearn.utils.check_array`.

    Returns
    -------
    ndarray of float32 if the values are float32, otherwise of float64

    Raises
    ------
    TypeError, ValueError
        If the values are not such a table, some are masked, or column names are not unique.
    """
    refuse_masked(values, input_name)
    require_unique_columns(values, input_name)
    _require_no_times(values, input_name)
    options = {"dtype": [np.float64, np.float32], "input_name": input_name, **options}
    try:
        return check_array(values, **options)
    except Exception as error:  # the conversion of an object can raise an error of any kind
        if isinstance(error, TypeError | ValueError) and _names(error, input_name):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{input_name} must be a table of real numbers: {error}") from error


def check_features(estimator, table, *, reset):
    """Let scikit-learn check the number and the names of columns, or record them if `reset`.

    Raises
    ------
    ValueError
        If there are other columns than in `fit`, or column names are not unique.
    """
    require_unique_columns(table, "X")
    validate_data(estimator, table, reset=reset, skip_check_array=True)


def refuse_masked(array, input_name):
    """Raise an error if some values of a masked array are masked.

    `numpy.asarray` drops the mask, so that the values under it would be used as data.

    Parameters
    ----------
    array : object
    input_name : str

    Raises
    ------
    ValueError
    """
    n_masked = np.ma.count_masked(array) if isinstance(array, np.ma.MaskedArray) else 0
    if n_masked:
        raise ValueError(
            f"{input_name} is a masked array with {n_masked} masked value(s), and masks are not "
            f"supported. Fill or remove the masked values first: {input_name}.filled(numpy.nan) "
            "marks them as missing, for estimators that accept missing values."
        )


def require_unique_columns(table, input_name):
    """Check that no two columns of a DataFrame have the same name.

    Raises
    ------
    ValueError
        If a name occurs more than once.
    """
    if isinstance(table, pd.DataFrame) and not table.columns.is_unique:
        repeated = table.columns[table.columns.duplicated()][0]
        raise ValueError(
            f"{input_name} has several columns with the name {repeated!r}; expected unique names."
        )


def in_words(value):
    """Return a value as text for an error message: only its type if the text would be long.

    Examples
    --------
    >>> in_words(3), in_words([1, 2]), in_words("a" * 100)
    ('3', 'a list', 'a str')
    """
    if isinstance(value, str | bytes | int | float | complex | None | type):
        try:
            text = repr(value)
        except ValueError:  # Python refuses to write out integers of thousands of digits
            return f"an integer of {value.bit_length()} bits"
        if len(text) <= 40:
            return text
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _names(error, input_name):
    return re.search(rf"(?<!\w){re.escape(input_name)}(?!\w)", str(error)) is not None


def _require_no_times(values, input_name):
    """Raise an error for times and complex numbers, which NumPy converts to floats."""
    if hasattr(values, "get_columns"):  # a table of polars
        times = [column.name for column in values.get_columns() if column.dtype.is_temporal()]
        if times:
            raise TypeError(f"{input_name} has columns of times: {times}. Expected numbers.")
    dtypes = values.dtypes if isinstance(values, pd.DataFrame) else [getattr(values, "dtype", None)]
    for dtype in dtypes:
        if getattr(dtype, "kind", None) in ("M", "m", "c"):
            reason = "Complex data not supported" if dtype.kind == "c" else "Expected numbers"
            raise ValueError(f"{input_name} holds {dtype} values. {reason}.")
