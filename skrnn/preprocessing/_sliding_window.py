"""`SlidingWindow`: rows in time become windows, one for each row, so that splitters see rows.

Windows that are cut before a split carry rows across it; a transformer inside a Pipeline cuts them
after it. And as a view on the series they cost no more than the series, whatever their length.
"""

from numbers import Integral

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._sklearn import Interval, StrOptions, _fit_context
from skrnn.preprocessing._sequence_transformer import SequenceTransformerMixin
from skrnn.preprocessing._time_index import CLOCKS

__all__ = ["SlidingWindow"]


def with_past(values, n_rows, boundary):
    """Return a copy of a series with rows put in front: its first one again, or zeros.

    Examples
    --------
    >>> with_past(np.array([[1.0], [2.0]]), 2, "edge").ravel()
    array([1., 1., 1., 2.])
    """
    series = np.empty((n_rows + len(values), values.shape[1]), values.dtype)
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
    series = with_past(values, window_length - 1, boundary)
    return np.moveaxis(sliding_window_view(series, window_length, axis=0), -1, 1)


def check_sorted(X):
    """Check that the rows of a table with times are in their order, and of one series.

    Raises
    ------
    ValueError
        If a row has an earlier time than the one before, or none, or if a MultiIndex names several
        series.
    """
    index = getattr(X, "index", None)
    if isinstance(index, pd.MultiIndex):
        _check_one_series(index)
        index = index.get_level_values(-1)
    if not isinstance(index, CLOCKS):
        return
    late = np.flatnonzero(~np.asarray(index[:-1] <= index[1:]))
    if len(late) > 0:
        i = int(late[0])
        raise ValueError(
            f"X must be sorted by time: {index[i]} is followed by {index[i + 1]} at row {i + 1}. "
            "Expected rows of one series, the earliest first (X.sort_index())."
        )


def _check_one_series(index):
    n_series = len(index.droplevel(-1).unique())
    if n_series > 1:
        raise ValueError(
            f"X must be one series, got {n_series} in a MultiIndex: windows would reach from one "
            "into the next. make_windows and SlidingWindowForecaster take several."
        )


class SlidingWindow(OneToOneFeatureMixin, SequenceTransformerMixin, BaseEstimator):
    """Turn each row of a series into the window that ends at it.

    Row t becomes the rows t - `window_length` + 1 to t. There are as many windows as rows, so `y`,
    weights and groups stay as they are, and the transformer has its place in a
    :class:`~sklearn.pipeline.Pipeline` before a recurrent estimator.

    Parameters
    ----------
    window_length : int, default=20
        Steps of a window, at least 1.

    boundary : {"edge", "zero"}, default="edge"
        What stands for the rows before the first: the first row again, or zeros.

    Attributes
    ----------
    n_features_in_ : int
        Columns seen during `fit`.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        The column names of a DataFrame; only there if `fit` saw one.

    See Also
    --------
    skrnn.forecasting.make_windows : Whole windows only, of many series, with targets.
    skrnn.forecasting.SlidingWindowForecaster : Windows, horizons and forecasts in one estimator.

    Notes
    -----
    The windows are a view on one copy of the series with `window_length` - 1 rows in front.
    :func:`~skrnn.sequences.check_sequences` takes it as it is, so windows of 200 steps cost the
    recurrent estimators no more memory than windows of 2.

    *Splits.* No window knows anything of the rows after its own. In a Pipeline the split comes
    first: windows of training rows hold training rows alone, and those of test rows begin at the
    first test row, filled up as `boundary` says. The rows of X must be one series in the order of
    time, so use :class:`~sklearn.model_selection.TimeSeriesSplit`; the parts that shuffled folds
    leave have holes that windows would close up.

    Targets are the caller's. One that looks h rows ahead, ``y[t] = series[t + h]``, makes training
    know more than its rows: with the first test row s and a gap of g rows, the last training target
    is that of row s - 1 - g + h. When row s is forecast from, what came up to row s is known. So:

    - ``TimeSeriesSplit(gap=h - 1)`` is the least that does not leak: with less, training has seen
      what came after the first test row. For h = 1 no gap is needed.
    - ``TimeSeriesSplit(gap=h)`` also keeps training targets out of the test part, as for a network
      that must be trained before the first test row comes.

    `set_output` is accepted, so that a whole Pipeline can be told, and changes nothing: windows are
    no table.

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

    Two rows ahead, in folds that do not leak:

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
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "boundary": [StrOptions({"edge", "zero"})],
    }

    def __init__(self, window_length=20, *, boundary="edge"):
        self.window_length = window_length
        self.boundary = boundary

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the number and the names of the columns, and nothing else.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            One series, its rows in the order of time.

        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindow

        Raises
        ------
        ValueError
            If `X` is no table of numbers, holds infinity, has an index of times that is not sorted,
            or a MultiIndex of several series. NaN is passed on.
        """
        self._read(X, reset=True)
        return self

    def transform(self, X):
        """Return the window that ends at each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            One series with the columns seen in `fit`. float32 and float64 are kept, other numbers
            become float64.

        Returns
        -------
        windows : ndarray of shape (n, window_length, n_features)
            A read-only view. It knows nothing of rows that earlier calls have seen.

        Raises
        ------
        ValueError
            As in `fit`, or if `X` has other columns.
        """
        check_is_fitted(self)
        return windows_of(self._read(X, reset=False), self.window_length, self.boundary)

    def __sklearn_tags__(self):
        """Describe what is accepted: numbers and NaN, of which float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _read(self, X, *, reset):
        check_sorted(X)
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
        )
