"""Forecasts by regression on windows: what a regressor receives, and how its output is used."""

from dataclasses import dataclass

import numpy as np

from skrnn.forecasting._inner_regressor import takes_sequences
from skrnn.forecasting._rule import ForecastRule


@dataclass(frozen=True)
class WindowRegression(ForecastRule):
    """Forecasts that a regressor computes from windows.

    Parameters
    ----------
    regressor : regressor
        It is fitted on `series_features` of the training series.
    window_length : int
    difference : bool
        Whether targets are changes from row to row.
    """

    regressor: object
    window_length: int
    difference: bool

    def forecast(self, block, n_steps):
        """Return the forecasts after some blocks; see `ForecastRule`."""
        columns, n_context, n_at_once = self.target_columns, self.n_context, self.steps_at_once
        is_column = columns >= 0
        forecasts = np.empty((len(block), n_steps, len(columns)))
        for done in range(0, n_steps, n_at_once):
            current = block[:, done : done + n_context + n_at_once]
            after = self._regress(current).reshape(len(block), n_at_once, -1)
            if self.difference:
                after = after + current[:, n_context - 1 : n_context, columns]
            after = after[:, : n_steps - done]
            forecasts[:, done : done + n_at_once] = after
            rows = slice(done + n_context, done + n_context + after.shape[1])
            block[:, rows, columns[is_column]] = after[..., is_column]
        return forecasts

    def _regress(self, block):
        differenced = self.target_columns if self.difference else self.target_columns[:0]
        windows = window_features(
            block, self.window_length, differenced, self.known_future, self.steps_at_once
        )
        return self.regressor.predict(
            windows if takes_sequences(self.regressor) else flatten_windows(windows)
        )


def flatten_windows(windows):
    """Return one flat row per window, the oldest time step first."""
    return windows.reshape(len(windows), -1)


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
