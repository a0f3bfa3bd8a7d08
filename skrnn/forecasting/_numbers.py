"""Read tables of numbers that forecasters receive, for rows and for targets."""

from skrnn._check_arrays import check_numbers, require_unique_columns
from skrnn.sequences._layout import non_numeric_columns
from skrnn.sequences._other_libraries import is_frame


def read_numbers(table, input_name, **options):
    """Return a table of numbers, which may be NaN, without a copy if its dtype is float.

    Parameters
    ----------
    table : array-like or DataFrame
    input_name : str
        The name of the data in error messages.
    **options : dict
        Further arguments of :func:`sklearn.utils.check_array`.

    Raises
    ------
    TypeError, ValueError
        If it is not such a table. For a DataFrame, the message names the columns.
    """
    if is_frame(table):
        _check_columns(table, input_name)
    return check_numbers(table, input_name, ensure_all_finite="allow-nan", **options)


def _check_columns(table, input_name):
    if table.shape[1] == 0:
        raise ValueError(f"{input_name} has no columns (shape={table.shape}); expected at least 1.")
    require_unique_columns(table, input_name)
    non_numeric = non_numeric_columns(table)
    if non_numeric:
        times = [name for name, dtype in table.dtypes.items() if dtype.kind == "M"]
        way = (
            f"The times in {times[0]!r} are not a feature: use time={times[0]!r}, or set_index."
            if times
            else "Encode them, or select other columns."
        )
        raise ValueError(f"{input_name} has columns that do not hold numbers: {non_numeric}. {way}")
