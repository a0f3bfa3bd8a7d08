"""`Interpolator`: fills gaps in a table of rows in time from neighbouring rows.

scikit-learn's imputers do not use the order of rows: an hour without a reading gets the mean of the
year. In a time series, neighbouring rows give better estimates: the rows on both sides or, if a
forecast must not use the future, only the rows before it.
"""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._check_arrays import check_features
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing._gaps import (
    METHODS,
    fill_gaps,
    methods_by_column,
    time_since_observation,
)
from skrnn.preprocessing._series_with_gaps import (
    column_names,
    holds_sequences,
    read_values,
    rows_and_times,
)
from skrnn.sequences import Sequences
from skrnn.sequences._containers import array_like, feature_table, wrap_like
from skrnn.sequences._sequences import offsets_of


def _features(X, values):
    """Return the table whose columns are the features of X."""
    table = feature_table(X) if holds_sequences(X) else X
    return values[:1] if table is None else table


class Interpolator(OneToOneFeatureMixin, TransformerMixin, SavedEstimator):
    """Fill the gaps (NaN) in a table whose rows are time steps, or in each of several sequences.

    The number and the order of the rows do not change. Each column is filled from its own values,
    and each sequence from its own time steps.

    Parameters
    ----------
    method : str or dict, default="linear"
        How the rows between two known values are filled. A dict maps the names or indices of
        columns to methods; the other columns are filled linearly.

        - `"linear"`: linear interpolation, as if all rows had the same distance in time;
        - `"time"`: linear interpolation between the times of a DatetimeIndex;
        - `"nearest"`: the nearer known value, or the earlier one if both are equally near;
        - `"ffill"`: the earlier known value, for codes and for values that change in steps;
        - `"quadratic"`, `"cubic"`: a spline through all known values; it may overshoot them;
        - `"akima"`, `"pchip"`: a smooth curve through the neighbouring values; `"pchip"` never
          overshoots them.

        A curve that needs more known values than there are (four for a cubic spline) is replaced by
        linear interpolation.

    limit : int, default=None
        The maximum number of rows of a gap that are filled, from the beginning of the gap (as in
        pandas). The remaining rows stay NaN. In a gap before the first known value, the last rows
        are filled, or, with `causal=True`, the first rows. If None, gaps of any length are filled.

    causal : bool, default=False
        If True, a row is filled only from rows before it, for forecasts that are made at that row.
        Every method then repeats the last known value. Rows before the first known value get the
        median of `fit`, so `fit` should see only training rows.

    add_indicator : bool, default=False
        Whether to append a column of 0 and 1 for each column that had a gap in `fit`. It is 1 if a
        value was missing, even if the value could be filled.

    add_time_since : {"rows", "time"} or None, default=None
        Whether to append, for each column that had a gap in `fit`, a column with the time that has
        passed since the last known value in an earlier row. It is 0 in the first row. Until there
        is a known value, it is the time since the first row. With `causal=True` and the
        indicator, an estimator receives the inputs of GRU-D [1]_.

        - `"rows"`: the number of rows;
        - `"time"`: the seconds between the times of a DatetimeIndex, for rows at irregular times.
          Not available for sequences.

    Attributes
    ----------
    statistics_ : ndarray of float of shape (`n_features_in_`,)
        The median of each column in `fit`. It is used if there is no known value: in a column (of a
        series) without any known value and, with `causal=True`, in the rows before the first known
        value.

    methods_ : list of str of length `n_features_in_`
        The method of each column.

    indicator_features_ : ndarray of int
        The indices of the columns with an indicator. Empty if `add_indicator=False`.

    time_since_features_ : ndarray of int
        The indices of the columns with a time since the last known value. Empty if
        `add_time_since=None`.

    n_features_in_ : int
        The number of columns.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The column names of a DataFrame. Only available if all of them are strings.

    See Also
    --------
    skrnn.preprocessing.regularize : Puts rows on a regular grid, before any split.
    sklearn.impute.SimpleImputer : Imputation of rows without an order.

    Notes
    -----
    Before the first and after the last known value, the nearest known value is repeated: curves
    are not extrapolated.

    All levels of a MultiIndex except the last one identify the series of each row. No series is
    filled with values of another one.

    A DataFrame is returned as a DataFrame with the same index, unless `set_output` is used, since
    forecasters need the times. Arrays are returned as arrays.

    *Sequences.* `Sequences`, an array (n, T, F), or a list of arrays or DataFrames hold separate
    sequences. Each sequence is filled from its own values. Sequences are returned in the same kind
    of container, and a list of DataFrames as a list of arrays; `set_output` has no effect. Sliding
    windows are filled one by one, which needs memory for each of them; to fill the series first,
    use the transformer before :class:`SlidingWindow`. A two-dimensional array and a list of lists
    of numbers are one table. `method="time"` is not available for sequences.

    *Static features.* A DataFrame may have columns of sequences and columns with one number per
    sequence. The sequences are filled, and the static features are returned unchanged, with their
    missing values. Those of `Sequences` are kept, too.

    In cross-validation, training and test set are filled separately. Values before the test set are
    not used: with `causal=True`, a test set that begins with a gap begins with the median. If a gap
    is filled from both sides, rows contain information about later rows. Errors are then smaller
    than they will be for forecasts from the newest rows.

    References
    ----------
    .. [1] Z. Che, S. Purushotham, K. Cho, D. Sontag, Y. Liu, "Recurrent neural networks for
       multivariate time series with missing values", Scientific Reports 8, 2018.

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
    >>> sensor = np.array([[2.0], [np.nan], [np.nan], [8.0]])
    >>> inputs = Interpolator(causal=True, add_indicator=True, add_time_since="rows")
    >>> inputs.fit_transform(sensor)
    array([[2., 0., 0.],
           [2., 1., 1.],
           [2., 1., 2.],
           [8., 0., 3.]])
    >>> inputs.get_feature_names_out()
    array(['x0', 'missingindicator_x0', 'timesince_x0'], dtype=object)

    Each sequence of a list is filled from its own values:

    >>> sequences = [np.array([1.0, np.nan]), np.array([np.nan, 8.0, np.nan])]
    >>> Interpolator().fit_transform(sequences)
    [array([1., 1.]), array([8., 8., 8.])]
    """

    _parameter_constraints = {
        "method": [StrOptions(set(METHODS)), dict],
        "limit": [Interval(Integral, 1, None, closed="left"), None],
        "causal": ["boolean"],
        "add_indicator": ["boolean"],
        "add_time_since": [StrOptions({"rows", "time"}), None],
    }

    _depends_on_row_order = True

    def __init__(
        self,
        method="linear",
        *,
        limit=None,
        causal=False,
        add_indicator=False,
        add_time_since=None,
    ):
        self.method = method
        self.limit = limit
        self.causal = causal
        self.add_indicator = add_indicator
        self.add_time_since = add_time_since

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Compute the medians, and find the columns with gaps.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features), or sequences
            One row per time step, sorted by time, or several sequences. NaN is a gap.

        y : None
            Ignored.

        Returns
        -------
        self : Interpolator

        Raises
        ------
        ValueError
            If a column does not hold numbers or has no known value, if `method` contains an unknown
            column or method, if `method="time"` or `add_time_since="time"` although there is no
            DatetimeIndex, or if the rows are not sorted by time.
        """
        values, lengths = read_values(X)
        methods = methods_by_column(self.method, column_names(X), values.shape[1])
        rows_and_times(X, len(values), lengths, times_for=self._needs_times(methods))
        table, is_gap = _features(X, values), np.isnan(values)
        if is_gap.all(axis=0).any():
            labels = getattr(table, "columns", range(values.shape[1]))
            raise ValueError(
                "X has columns without any known value in fit: "
                f"{[labels[i] for i in np.flatnonzero(is_gap.all(axis=0))]}. Their median is "
                "unknown; drop these columns."
            )
        gaps = np.flatnonzero(is_gap.any(axis=0))
        check_features(self, table, reset=True)
        self._forget_stored_version()
        self.statistics_ = np.nanmedian(values, axis=0)
        self.methods_ = methods
        self.indicator_features_ = gaps if self.add_indicator else gaps[:0]
        self.time_since_features_ = gaps if self.add_time_since else gaps[:0]
        self._set_kind(sequences=lengths is not None)
        return self

    def transform(self, X):
        """Fill the gaps.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features), or sequences
            One row per time step, sorted by time, with the columns seen in `fit`, or sequences if
            `fit` received sequences.

        Returns
        -------
        X_filled : ndarray or DataFrame of shape (n, n_features_out), or sequences
            A DataFrame if `X` is one, and sequences in the same kind of container if `X` holds
            sequences (a list of DataFrames becomes a list of arrays). float32 stays float32, other
            numbers become float64.

        Raises
        ------
        ValueError
            If `X` has other columns than in `fit`, is a table although `fit` received sequences or
            the reverse, a column does not hold numbers, or the rows are not sorted by time.
        """
        check_is_fitted(self)
        self._check_kind(X)
        values, lengths = read_values(X)
        check_features(self, _features(X, values), reset=False)
        series, times = rows_and_times(
            X, len(values), lengths, times_for=self._needs_times(self.methods_)
        )
        filled = self._filled(values, series, times)
        others = np.concatenate(
            [np.isnan(values[:, self.indicator_features_]), self._ages(values, series, times)],
            axis=1,
        )
        filled = np.concatenate([filled, others.astype(filled.dtype)], axis=1)
        if lengths is not None:
            names = self.get_feature_names_out() if hasattr(self, "feature_names_in_") else None
            sequences = Sequences(filled, offsets_of(lengths), lengths, names)
            return wrap_like(sequences, array_like(X))
        if not isinstance(X, pd.DataFrame):
            return filled
        columns = self.get_feature_names_out() if others.shape[1] else X.columns
        return pd.DataFrame(filled, index=X.index, columns=columns)

    def _filled(self, values, series, times):
        """Return the values with their gaps filled."""
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
        return filled

    def _ages(self, values, series, times):
        """Return the times since the last known values, a column for each feature that has one."""
        is_known = ~np.isnan(values[:, self.time_since_features_])
        ages = np.zeros(is_known.shape)
        for rows in series:
            of_rows = times[rows] if self.add_time_since == "time" else np.arange(len(rows))
            ages[rows] = time_since_observation(is_known[rows], of_rows)
        return ages

    def set_output(self, *, transform=None):
        """Set the container that `transform` returns.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            With "default", a DataFrame is returned for a DataFrame and an array otherwise. None
            changes nothing.

        Returns
        -------
        self : Interpolator
        """
        # This setting of the instance makes `set_output` unavailable.
        unwrapped = vars(self).pop("_sklearn_auto_wrap_output_keys", None)
        super().set_output(transform=transform)
        if unwrapped is not None:
            self._sklearn_auto_wrap_output_keys = unwrapped
        return self

    def get_feature_names_out(self, input_features=None):
        """Return the names of the output columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the input columns. If None, they are those of `fit`, or `x0`, `x1`, ...

        Returns
        -------
        names : ndarray of str
            The names of the input columns, then `missingindicator_` and the name of each column
            with an indicator, then `timesince_` and the name of each column with a time since the
            last known value.
        """
        check_is_fitted(self)
        names = super().get_feature_names_out(input_features)
        others = [f"missingindicator_{names[i]}" for i in self.indicator_features_]
        others += [f"timesince_{names[i]}" for i in self.time_since_features_]
        return np.concatenate([names, np.array(others, dtype=object)])

    def __sklearn_tags__(self):
        """Return the tags: NaN and sequences are accepted, and float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _needs_times(self, methods):
        """Return the parameter that needs the times of the rows, or None."""
        if self.add_time_since == "time":
            return 'add_time_since="time"'
        return 'method="time"' if "time" in methods and not self.causal else None

    def _set_kind(self, *, sequences):
        """Set whether X holds sequences, which scikit-learn must not wrap in a DataFrame."""
        self._read_sequences = sequences
        vars(self).pop("_sklearn_auto_wrap_output_keys", None)
        if sequences:
            self._sklearn_auto_wrap_output_keys = set()

    def _check_kind(self, X):
        kinds = ("a table", "sequences")
        if holds_sequences(X) != self._read_sequences:
            raise ValueError(
                f"X is {kinds[not self._read_sequences]}, but Interpolator was fitted on "
                f"{kinds[self._read_sequences]}."
            )
