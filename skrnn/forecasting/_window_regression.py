"""Forecasts by regression on windows: what a regressor receives, and how its output is used."""

import warnings
from dataclasses import dataclass

import numpy as np

from skrnn.forecasting._inner_regressor import receives_known_future, takes_sequences
from skrnn.forecasting._rule import ForecastRule
from skrnn.sequences import Sequences


@dataclass(frozen=True)
class WindowRegression(ForecastRule):
    """Forecasts that a regressor computes from windows.

    Parameters
    ----------
    regressor : regressor
        It is fitted on `series_features` of the training series.
    window_length : int
    is_differenced : ndarray of bool of shape (n_targets,)
        Which targets are changes from row to row.
    level_range : ndarray of shape (2, n_features)
        The lowest and the highest level of each column that was seen; see `range_of_levels`.
    column_names : list
        The names of the columns, for warnings and for static features.
    """

    regressor: object
    window_length: int
    is_differenced: np.ndarray
    level_range: np.ndarray
    column_names: list

    def check_context(self, context, origins):
        """Warn if the level of a column is far outside those in training; see `ForecastRule`."""
        differenced = self.target_columns[self.is_differenced]
        columns = np.setdiff1d(np.arange(len(self.column_names)), differenced)
        levels = window_means(context.values[:, columns], origins, self.window_length)
        low, high = self.level_range[:, columns]
        is_outside = (levels < low) | (levels > high)
        if not is_outside.any():
            return
        row, i = np.argwhere(is_outside)[0]
        warnings.warn(
            f"The level of column {self.column_names[columns[i]]!r} is far outside the training "
            f"rows: the mean of a window is {levels[row, i]:g}, expected {low[i]:g} to "
            f"{high[i]:g}, so that the forecast extrapolates. Fit again with newer rows. If the "
            "column is a target, difference=True forecasts its changes.",
            UserWarning,
            stacklevel=5,
        )

    def forecast(self, block, n_steps):
        """Return the forecasts after some blocks; see `ForecastRule`."""
        columns, n_context, n_at_once = self.target_columns, self.n_context, self.steps_at_once
        is_column = columns >= 0
        static = block[:, n_context - 1, self.static]
        forecasts = np.empty((len(block), n_steps, len(columns)))
        for done in range(0, n_steps, n_at_once):
            current = block[:, done : done + n_context + n_at_once]
            after = self._regress(current, static).reshape(len(block), n_at_once, -1)
            after = after + self._last_values(current)
            after = after[:, : n_steps - done]
            forecasts[:, done : done + n_at_once] = after
            rows = slice(done + n_context, done + n_context + after.shape[1])
            block[:, rows, columns[is_column]] = after[..., is_column]
        return forecasts

    def _last_values(self, block):
        """Return the last known values of the targets that are differenced, and 0 for others."""
        values = np.zeros((len(block), 1, len(self.target_columns)))
        columns = self.target_columns[self.is_differenced]
        values[:, 0, self.is_differenced] = block[:, self.n_context - 1, columns]
        return values

    def _regress(self, block, static):
        differenced = self.target_columns[self.is_differenced]
        known_future, n_ahead, params = self.known_future, self.steps_at_once, {}
        if len(known_future) and receives_known_future(self.regressor):
            ahead = slice(self.n_context, self.n_context + n_ahead)
            params = {"target_inputs": block[:, ahead, known_future]}
            known_future = known_future[:0]
        windows = window_features(block, self.window_length, differenced, known_future, n_ahead)
        windows = np.delete(windows, self.static, axis=2) if len(self.static) else windows
        names = names_of_static(self.column_names, self.static)
        inputs = regressor_inputs(self.regressor, windows, static, names)
        return self.regressor.predict(inputs, **params)


def window_means(values, ends, window_length):
    """Return the means of the columns in the windows that end at some rows, ignoring NaN.

    Examples
    --------
    >>> window_means(np.array([[1.0], [3.0], [np.nan], [7.0]]), np.array([1, 3]), 2)
    array([[2.],
           [7.]])
    """
    is_known = ~np.isnan(values)
    sums, counts = (
        np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(part, axis=0, dtype=np.float64)])
        for part in (np.where(is_known, values, 0), is_known)
    )
    first = ends + 1 - window_length
    n_known = counts[ends + 1] - counts[first]
    with np.errstate(invalid="ignore"):  # a window of NaN has the mean NaN
        return (sums[ends + 1] - sums[first]) / n_known


def range_of_levels(values):
    """Return the lowest and the highest level of each column that is not far from some rows.

    The range is that of the values, and a quarter wider at both ends, because random walks and
    short series often leave it a little.

    Examples
    --------
    >>> range_of_levels(np.array([[1.0], [3.0], [np.nan], [11.0]]))
    array([[-1.5],
           [13.5]])
    """
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    # The means of a constant column are rounded.
    margin = np.maximum(0.25 * (high - low), 1e-6 * np.abs(high))
    return np.stack([low - margin, high + margin])


def flatten_windows(windows):
    """Return one flat row per window, the oldest time step first."""
    return windows.reshape(len(windows), -1)


def names_of_static(column_names, static):
    """Return the names of the columns of static features, or None if they are not all str."""
    names = [column_names[column] for column in static]
    return names if names and all(isinstance(name, str) for name in names) else None


def regressor_inputs(regressor, windows, static, static_names):
    """Return windows and static features in the form in which a regressor receives them.

    Parameters
    ----------
    regressor : estimator
    windows : Sequences or ndarray of shape (n, window_length, n_features)
    static : ndarray of shape (n, n_static)
    static_names : list of str or None

    Returns
    -------
    Sequences or ndarray
        Sequences, which have the static features, or flat rows, which end with them.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn import RNNRegressor
    >>> windows, static = np.array([[[1.0], [2.0]]]), np.array([[7.0]])
    >>> regressor_inputs(Ridge(), windows, static, None)
    array([[1., 2., 7.]])
    >>> regressor_inputs(RNNRegressor(), windows, static, ["area"])
    Sequences(n_sequences=1, lengths=2, n_features=1, n_static=1, dtype=float64)
    """
    has_static = static.shape[1] > 0
    if not takes_sequences(regressor):
        table = flatten_windows(np.asarray(windows))
        return np.concatenate([table, static], axis=1) if has_static else table
    if not has_static:
        return windows
    if isinstance(windows, np.ndarray):
        n, length, n_features = windows.shape
        rows = windows.reshape(-1, n_features)
        windows = Sequences(rows, np.arange(n) * length, np.full(n, length))
    return windows.with_static(static, static_names)


def series_features(values, differenced, known_future, n_ahead):
    """Return the features of a whole series, from which training windows are cut.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features)
    differenced : ndarray of int
        Columns that are replaced by their change from the row before.
    known_future : ndarray of int
        Columns that are appended a second time, with their values `n_ahead` rows later.
    n_ahead : int

    Returns
    -------
    ndarray of shape (n_rows, n_features + n_known_future)
        `values` itself if there is nothing to compute. The change of the first row is 0, and the
        last `n_ahead` rows repeat the last known covariates: no training window has these rows.

    Examples
    --------
    >>> series_features(np.array([[1.0], [3.0], [6.0]]), np.array([0]), np.array([], int), 1)
    array([[0.],
           [2.],
           [3.]])
    """
    features = values
    if len(differenced):
        features = values.copy()
        features[0, differenced] = 0
        features[1:, differenced] -= values[:-1, differenced]
    if len(known_future):
        later = np.minimum(np.arange(len(values)) + n_ahead, len(values) - 1)
        features = np.concatenate([features, values[later][:, known_future]], axis=1)
    return features


def window_features(block, window_length, differenced, known_future, n_ahead):
    """Return the features of the window in each block, computed as in `series_features`.

    Parameters
    ----------
    block : ndarray of shape (n, n_rows, n_features)
        One row before the window if columns are `differenced`, the window, and `n_ahead` rows.
    window_length, differenced, known_future, n_ahead : as in `series_features`
    """
    first = 1 if len(differenced) else 0
    features = block[:, first : first + window_length]
    if len(differenced):
        features = features.copy()
        features[..., differenced] -= block[:, :window_length, differenced]
    if len(known_future):
        later = block[:, first + n_ahead : first + n_ahead + window_length, known_future]
        features = np.concatenate([features, later], axis=2)
    return features
