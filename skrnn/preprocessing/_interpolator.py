"""`Interpolator`: gaps in a table of rows in time, filled from the rows beside them.

scikit-learn's imputers take rows for exchangeable, so that an hour without a reading gets the mean
of the year. In time the neighbours know better: those on both sides, or, where a forecast must not
see the future, those before.
"""

from numbers import Integral

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_numeric_dtype
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing._gaps import METHODS, fill_gaps
from skrnn.preprocessing._time_index import (
    CLOCKS,
    check_time_index,
    rows_of_series,
    series_codes,
)

__all__ = ["Interpolator"]

_NUMBERS_AS_OBJECTS = ("boolean", "empty", "floating", "integer", "mixed-integer-float")


def methods_by_column(method, names, n_columns):
    """Return the method of each column.

    Parameters
    ----------
    method : str or dict
        One for all, or one for each of some columns, by name or by number.

    names : array-like of str, or None
        The names of the columns.

    n_columns : int

    Returns
    -------
    methods : list of str

    Raises
    ------
    ValueError
        If a column or a method is unknown.

    Examples
    --------
    >>> methods_by_column({"wind": "ffill"}, ["rain", "wind"], 2)
    ['linear', 'ffill']
    """
    if not isinstance(method, dict):
        return [method] * n_columns
    names = [] if names is None else list(names)
    methods = ["linear"] * n_columns
    for column, of_column in method.items():
        is_number = isinstance(column, Integral) and -n_columns <= column < n_columns
        if not is_number and column not in names:
            known = f"the names {names}" if names else "numbers, as X has no column names"
            raise ValueError(
                f"method has the column {column!r}, which X has not; expected {known} (X has "
                f"{n_columns} columns)."
            )
        if of_column not in METHODS:
            raise ValueError(
                f"method must be one of {sorted(METHODS)} for each column, got {of_column!r} for "
                f"the column {column!r}."
            )
        methods[column if is_number else names.index(column)] = of_column
    return methods


def _column_names(X):
    """Return the names of a table's columns, or None where scikit-learn sees none."""
    names = list(getattr(X, "columns", []))
    return names if names and all(isinstance(name, str) for name in names) else None


def _check_table(X):
    """Return the values of X as an array of floats."""
    if isinstance(X, pd.DataFrame):
        others = [name for name, column in X.items() if not _is_numeric(column)]
        if others:
            raise ValueError(
                f"X has columns that are not of numbers: {others}. Encode them or leave them out; "
                "a ColumnTransformer chooses columns."
            )
        objects = [name for name, column in X.items() if column.dtype == object]
        X = X.astype(dict.fromkeys(objects, "Float64"))  # no float() takes pandas.NA
    return check_array(
        X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", input_name="X"
    )


def _is_numeric(column):
    if is_numeric_dtype(column.dtype):
        return True
    # Numbers that share a column with None are objects.
    return column.dtype == object and infer_dtype(column, skipna=True) in _NUMBERS_AS_OBJECTS


def _check_order(times):
    """Check that the times of one series go on from row to row."""
    if isinstance(times, CLOCKS) and not times.is_monotonic_increasing:
        raise ValueError(
            f"X must be sorted by time, without missing times; {_first_late(times)}. Sort it "
            "(sort_index), or put it on a regular grid with skrnn.preprocessing.regularize."
        )


def _first_late(times):
    if times.hasnans:
        return f"{times.isna().sum()} rows have none (NaT)"
    i = int(np.flatnonzero(times[1:] < times[:-1])[0])
    return f"{times[i]} is followed by {times[i + 1]}"


class Interpolator(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Fill the gaps (NaN) in a table whose rows are steps in time.

    The rows stay as many as they are, and in their order. Columns are filled one by one, from
    their own values.

    Parameters
    ----------
    method : str or dict, default="linear"
        How rows between two known values are filled; a dict names the method of single columns,
        by name or by number, and the others are filled linearly.

        - `"linear"`: on the line between the two, rows being equally far apart;
        - `"time"`: the same by the times of a DatetimeIndex, for rows that are not;
        - `"nearest"`: the nearer one, of two equally near ones the earlier;
        - `"ffill"`: the earlier one, as for codes and for what changes in jumps;
        - `"quadratic"`, `"cubic"`: a spline through all known values; it may swing beyond them;
        - `"akima"`, `"pchip"`: a smooth curve from the values near by; `"pchip"` never swings
          beyond them.

        Through fewer known values than a curve needs (four for a cubic), a line is drawn.

    limit : int, default=None
        The most rows of a gap that are filled, those from the beginning of the gap (as in pandas);
        the rest stay NaN. Of a gap before the first known value that are the rows next to it, with
        `causal=True` the first ones. None fills gaps of any length.

    causal : bool, default=False
        True: a row is filled from the rows before it alone, for forecasts made at that row. As
        no method can look ahead then, each holds the last known value. Rows before the first get
        the median learned in `fit`, which is why `fit` sees training rows only.

    add_indicator : bool, default=False
        Whether to append a column of 0 and 1 for each column that had a gap in `fit`: where a
        value was missing, whether or not it could be filled.

    Attributes
    ----------
    statistics_ : ndarray of float of shape (`n_features_in_`,)
        The median of each column in `fit`. It fills where no known value can be used: a column
        (of a series) without any, and, with `causal=True`, the rows before the first.

    methods_ : list of str of length `n_features_in_`
        The method of each column.

    indicator_features_ : ndarray of int
        The numbers of the columns with an indicator; empty with `add_indicator=False`.

    n_features_in_ : int
        The number of columns.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The column names of a DataFrame; only there if `fit` saw names that are all text.

    See Also
    --------
    skrnn.preprocessing.regularize : Makes the rows equally far apart, before any split.
    sklearn.impute.SimpleImputer : For rows in no order.

    Notes
    -----
    Before the first known value, and after the last, the nearest known value is held: nothing is
    continued beyond what was measured.

    In a DataFrame with a MultiIndex, all levels but the last name the series, and no series gets a
    value from another one.

    A DataFrame comes out as a DataFrame with the same index, unless `set_output` asks for
    something else: the times are what a forecaster sees gaps and the end of training by. Arrays
    come out as arrays.

    In cross-validation each part of a split is filled by itself. Values before a part are not
    seen: with `causal=True`, a test part that begins with a gap begins with the median. Filling
    from both sides inside a part lets a row know what comes after it, which makes errors look
    smaller than they will be where the newest rows are forecast from.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import Interpolator
    >>> X = np.array([[1.0, 5.0], [np.nan, 6.0], [3.0, np.nan], [4.0, 9.0]])
    >>> Interpolator().fit_transform(X)
    array([[1. , 5. ],
           [2. , 6. ],
           [3. , 7.5],
           [4. , 9. ]])
    >>> Interpolator(causal=True, add_indicator=True).fit_transform(X)
    array([[1., 5., 0., 0.],
           [1., 6., 1., 0.],
           [3., 6., 0., 1.],
           [4., 9., 0., 0.]])
    """

    _parameter_constraints = {
        "method": [StrOptions(set(METHODS)), dict],
        "limit": [Interval(Integral, 1, None, closed="left"), None],
        "causal": ["boolean"],
        "add_indicator": ["boolean"],
    }

    def __init__(self, method="linear", *, limit=None, causal=False, add_indicator=False):
        self.method = method
        self.limit = limit
        self.causal = causal
        self.add_indicator = add_indicator

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the medians, and which columns have gaps.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features)
            A row a step, in order of time. NaN is a gap.

        y : None
            Ignored.

        Returns
        -------
        self : Interpolator

        Raises
        ------
        ValueError
            If a column is not of numbers, or has no known value; if `method` names an unknown
            column or method, or `"time"` for rows without a DatetimeIndex; if the rows of a
            DatetimeIndex are not in order.
        """
        values = _check_table(X)
        methods = methods_by_column(self.method, _column_names(X), values.shape[1])
        self._check_series(X, len(values), methods)
        is_gap = np.isnan(values)
        if is_gap.all(axis=0).any():
            labels = getattr(X, "columns", range(values.shape[1]))
            raise ValueError(
                "X has columns without any known value in fit: "
                f"{[labels[i] for i in np.flatnonzero(is_gap.all(axis=0))]}. Nothing can be "
                "learned for them; leave them out."
            )
        gaps = np.flatnonzero(is_gap.any(axis=0))
        validate_data(self, X, skip_check_array=True, reset=True)
        self.statistics_ = np.nanmedian(values, axis=0)
        self.methods_ = methods
        self.indicator_features_ = gaps if self.add_indicator else gaps[:0]
        return self

    def transform(self, X):
        """Fill the gaps.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features)
            A row a step, in order of time, with the columns seen in `fit`.

        Returns
        -------
        X_filled : ndarray or DataFrame of shape (n, n_features_out)
            A DataFrame if `X` is one. float32 stays float32, other numbers become float64.

        Raises
        ------
        ValueError
            If `X` has other columns than in `fit`, or columns that are not of numbers, or rows
            out of order.
        """
        check_is_fitted(self)
        values = _check_table(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        series, times = self._check_series(X, len(values), self.methods_)
        filled = values.copy()
        for i in np.flatnonzero(np.isnan(values).any(axis=0)):
            for rows in series:
                filled[rows, i] = fill_gaps(
                    values[rows, i],
                    self.methods_[i],
                    times=None if times is None else times[rows],
                    limit=self.limit,
                    causal=self.causal,
                    fallback=self.statistics_[i],
                )
        indicators = np.isnan(values[:, self.indicator_features_])
        filled = np.concatenate([filled, indicators.astype(filled.dtype)], axis=1)
        if not isinstance(X, pd.DataFrame):
            return filled
        columns = self.get_feature_names_out() if indicators.shape[1] else X.columns
        return pd.DataFrame(filled, index=X.index, columns=columns)

    def set_output(self, *, transform=None):
        """Say in what container `transform` returns its result.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            "default": a DataFrame for a DataFrame, else an array. None: no change.

        Returns
        -------
        self : Interpolator
        """
        return super().set_output(transform=transform)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns that come out.

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the columns that went in; None takes those of `fit`, or `x0`, `x1`, ...

        Returns
        -------
        names : ndarray of str
            The names that went in, then `missingindicator_` and the name of each column with an
            indicator.
        """
        check_is_fitted(self)
        names = super().get_feature_names_out(input_features)
        indicators = [f"missingindicator_{names[i]}" for i in self.indicator_features_]
        return np.concatenate([names, np.array(indicators, dtype=object)])

    def __sklearn_tags__(self):
        """Describe what is accepted: NaN is what it is for."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check_series(self, X, n_rows, methods):
        """Return the rows of each series, and the times of all rows where a method needs them."""
        needs_times = "time" in methods and not self.causal
        if not isinstance(X, pd.DataFrame):
            if needs_times:
                raise ValueError(
                    'method="time" needs the times of a DataFrame with a DatetimeIndex, got X as '
                    f"{type(X).__name__}."
                )
            return [np.arange(n_rows)], None
        series = rows_of_series(series_codes(X.index, "X"))
        times = check_time_index(X.index, 'X, for method="time",') if needs_times else None
        for rows in series:
            _check_order(X.index[rows].get_level_values(-1))
        return series, None if times is None else (times - times[0]).total_seconds().to_numpy()
