"""`SlidingWindow`: a transformer that turns each row of a series into the window that ends there.

Windows that are made before a split contain rows from both sides of it. Inside a Pipeline, windows
are made after the split. They are a view, so that they need no more memory than the series.
"""

from numbers import Integral

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from skrnn._aligned import aligned_empty
from skrnn._check_arrays import check_features, check_numbers
from skrnn._fitting import all_or_nothing
from skrnn._persistence import SavedEstimator
from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn._time_order import check_one_sorted_series, warn_about_gaps
from skrnn.preprocessing._sequence_transformer import SequenceTransformerMixin


def pad_start(values, n_rows, boundary):
    """Return a copy of a series after `n_rows` copies of its first row, or zeros.

    Examples
    --------
    >>> pad_start(np.array([[1.0], [2.0]]), 2, "edge").ravel()
    array([1., 1., 1., 2.])
    """
    series = aligned_empty((n_rows + len(values), values.shape[1]), values.dtype)
    series[:n_rows] = values[0] if boundary == "edge" else 0
    series[n_rows:] = values
    return series


def windows_of(values, window_length, boundary):
    """Return the window that ends at each row, (n, window_length, n_features), read-only.

    Examples
    --------
    >>> windows_of(np.array([[1.0], [2.0], [3.0]]), 2, "zero")[:, :, 0]
    array([[0., 1.],
           [1., 2.],
           [2., 3.]])
    """
    series = pad_start(values, window_length - 1, boundary)
    return np.moveaxis(sliding_window_view(series, window_length, axis=0), -1, 1)


class SlidingWindow(OneToOneFeatureMixin, SequenceTransformerMixin, SavedEstimator):
    """Turn each row of a series into the window that ends at that row.

    The window of row t contains the rows t - `window_length` + 1 to t. There are as many windows as
    rows, so that `y`, weights and groups do not change. Use the transformer in a
    :class:`~sklearn.pipeline.Pipeline` before a recurrent estimator.

    Parameters
    ----------
    window_length : int, default=20
        The number of rows of a window, at least 1.

    boundary : {"edge", "zero"}, default="edge"
        The values before the first row: with "edge" the first row is repeated, with "zero" they are
        zeros.

    Attributes
    ----------
    n_features_in_ : int
        The number of columns seen during `fit`.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The column names of a DataFrame. Only available if all of them are strings.

    See Also
    --------
    skrnn.forecasting.make_windows : Complete windows of one or many series, with targets.
    skrnn.SlidingWindowForecaster : Forecasts with a regressor on windows.

    Notes
    -----
    The windows are a view on one copy of the series that begins with `window_length` - 1 padding
    rows. :func:`~skrnn.check_sequences` does not copy it, so that windows of 200 steps
    need no more memory in recurrent estimators than windows of 2.

    *Splits.* No window contains rows after its own. In a Pipeline, windows are made after the
    split: training windows contain only training rows, and the first test windows are padded
    according to `boundary`. The rows of `X` must be one series that is sorted by time, so use
    :class:`~sklearn.model_selection.TimeSeriesSplit`. After a shuffled split, rows are missing from
    the series, and windows contain rows that do not follow each other. If the index of `X` shows
    it, `transform` issues a warning.

    You make the targets yourself. If they are h rows ahead, ``y[t] = series[t + h]``, training uses
    values of later rows: if the first test row is s and the gap has g rows, the last training
    target is the value of row s - 1 - g + h. A forecast from row s may use the values up to row s.
    So:

    - ``TimeSeriesSplit(gap=h - 1)`` is the smallest gap without a leak: with a smaller one,
      training uses values after the first test row. For h = 1 no gap is needed.
    - ``TimeSeriesSplit(gap=h)`` also keeps training targets out of the test set, as for a network
      that must be trained before the first test row is known.

    `set_output` is accepted, so that it can be called on a whole Pipeline, but changes nothing:
    windows are not a table.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.preprocessing import SlidingWindow
    >>> X = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> SlidingWindow(window_length=3).fit_transform(X)[:, :, 0]
    array([[1., 1., 1.],
           [1., 1., 2.],
           [1., 2., 3.],
           [2., 3., 4.]])

    Forecasts two rows ahead, in folds without a leak:

    >>> from sklearn.model_selection import TimeSeriesSplit, cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skrnn import RNNRegressor
    >>> series = np.sin(np.arange(400) / 5)[:, None]
    >>> X, y = series[:-2], series[2:, 0]
    >>> network = RNNRegressor(epochs=15, random_state=0)
    >>> model = make_pipeline(StandardScaler(), SlidingWindow(8), network)
    >>> scores = cross_val_score(model, X, y, cv=TimeSeriesSplit(2, gap=2))
    >>> bool(scores.min() > 0.8)
    True
    """

    _parameter_constraints = {
        "window_length": [Interval(Integral, 1, 2**31 - 1, closed="both")],
        "boundary": [StrOptions({"edge", "zero"})],
    }

    _depends_on_row_order = True

    def __init__(self, window_length=20, *, boundary="edge"):
        self.window_length = window_length
        self.boundary = boundary

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Store the number and the names of the columns.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            One series, sorted by time.

        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindow

        Raises
        ------
        ValueError
            If `X` is not a table of numbers, contains infinity, has an index of times or numbers
            that is not sorted, or a MultiIndex of several series. NaN is accepted.
        """
        # scikit-learn deletes the names of an earlier fit before it checks X.
        with all_or_nothing(self) as draft:
            draft._read(X, reset=True)
            draft._forget_stored_version()
        return self

    def transform(self, X):
        """Return the window that ends at each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            One series with the columns seen in `fit`. float32 and float64 are kept, other dtypes
            are converted to float64.

        Returns
        -------
        windows : ndarray of shape (n, window_length, n_features)
            A read-only view. It does not contain rows of earlier calls.

        Raises
        ------
        ValueError
            As in `fit`, or if `X` has other columns.
        """
        check_is_fitted(self)
        values = self._read(X, reset=False)
        warn_about_gaps(X)
        return windows_of(values, int(self.window_length), self.boundary)

    def __sklearn_tags__(self):
        """Return the tags: NaN is accepted, and float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _read(self, X, *, reset):
        check_one_sorted_series(X)
        values = check_numbers(X, "X", ensure_all_finite="allow-nan")
        check_features(self, X if hasattr(X, "columns") else values, reset=reset)
        return values
