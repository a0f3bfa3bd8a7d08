"""Naive forecasts, which need almost no training: a baseline for all other forecasters."""

import sys
from dataclasses import dataclass
from numbers import Integral

import numpy as np

from skrnn._sklearn import Interval
from skrnn.forecasting._base import BaseForecaster
from skrnn.forecasting._rule import ForecastRule
from skrnn.forecasting._target_columns import require_target_columns


@dataclass(frozen=True)
class SeasonalNaive(ForecastRule):
    """Repeats the last season of `period` rows."""

    period: int

    def forecast(self, block, n_steps):
        """Return the forecasts after some blocks; see `ForecastRule`."""
        season = np.arange(n_steps) % self.period
        return block[:, season[:, np.newaxis], self.target_columns]


@dataclass(frozen=True)
class Drift(ForecastRule):
    """Continues the last value along a straight line."""

    drift: np.ndarray

    def forecast(self, block, n_steps):
        """Return the forecasts after some blocks; see `ForecastRule`."""
        steps = np.arange(1, n_steps + 1)[:, np.newaxis]
        return block[:, :1, self.target_columns] + steps * self.drift


class _NaiveForecaster(BaseForecaster):
    """Forecasts from the last values of the targets, which must be columns of `X`."""

    def __init__(self, *, horizon=1, initial_context="auto", calibration_size=None, time=None):
        super().__init__(
            horizon=horizon,
            initial_context=initial_context,
            calibration_size=calibration_size,
            time=time,
        )

    @property
    def _n_context(self):
        return 1

    @property
    def _steps_at_once(self):
        """The number of steps is unlimited, because no forecast is made from forecasts."""
        return sys.maxsize

    def _choose(self, panel, targets, known_future):
        require_target_columns(targets, panel, type(self).__name__)
        return {}

    def _learn(self, panel, targets, known_future, origins):
        return {}

    def _make_rule(self, make, **parameters):
        return make(
            n_context=self._n_context,
            steps_at_once=self._steps_at_once,
            target_columns=self.target_columns_,
            known_future=self.known_future_columns_,
            static=self.static_columns_,
            allows_missing=False,
            **parameters,
        )


class PersistenceForecaster(_NaiveForecaster):
    """Forecast the last known value at every step.

    Parameters
    ----------
    horizon : int, default=1
        The number of steps to forecast. `predict_trajectory` returns the forecasts of all these
        steps, `predict` only that of the last one.
    initial_context : {"auto", "fit_end", "edge"}, default="auto"
        The rows that are the context of the first rows passed to `predict`; see
        :class:`SlidingWindowForecaster`.
    calibration_size : float in (0, 1), default=None
        The fraction of each series, at its end, that is held out for intervals. If None, there are
        no intervals.
    time : str or None, default=None
        The name of the column that holds the times; see :class:`SlidingWindowForecaster`.

    Attributes
    ----------
    target_columns_ : ndarray of int of shape (n_targets,)
        The column index of each target in `X`.
    target_names_ : list or None
        The names of the targets. None if the targets were not pandas objects.
    target_mean_ : ndarray of shape (n_targets,)
        The mean of the training targets, which `predict` returns for rows without any context.
    residuals_ : ndarray of shape (n_held_out, horizon, n_targets) or None
        The residuals of the held-out forecasts: the targets minus the forecasts at each step, in
        the order of time. None if `calibration_size` was None.
    mean_residuals_ : ndarray of shape (n_held_out, n_targets) or None
        For each held-out forecast, the targets at its first step minus `target_mean_`. None if
        `calibration_size` was None.
    context_ : ndarray, DataFrame, Series, or dict of them
        The last training rows after the last gap, at most `horizon` - 1 more than the context of a
        forecast. `forecast` continues them by default. If there are several series, it is a dict
        whose keys are the series IDs or the indices in the list.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of str
        The names of the columns. Only available if `X` has column names that are all strings.

    See Also
    --------
    SeasonalNaiveForecaster : Forecasts the value one season earlier.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.forecasting import PersistenceForecaster
    >>> X = np.array([[1.0], [2.0], [4.0]])
    >>> PersistenceForecaster().fit(X).forecast(2)
    array([[4.],
           [4.]])
    """

    def _rule(self):
        return self._make_rule(SeasonalNaive, period=1)


class SeasonalNaiveForecaster(_NaiveForecaster):
    """Forecast the last known value at the same position in the season.

    Parameters
    ----------
    period : int
        The number of rows of a season: 24 for hourly rows and a daily season, 12 for monthly rows
        and a yearly season.
    horizon : int, default=1
        The number of steps to forecast. `predict_trajectory` returns the forecasts of all these
        steps, `predict` only that of the last one.
    initial_context : {"auto", "fit_end", "edge"}, default="auto"
        The rows that are the context of the first rows passed to `predict`; see
        :class:`SlidingWindowForecaster`.
    calibration_size : float in (0, 1), default=None
        The fraction of each series, at its end, that is held out for intervals. If None, there are
        no intervals.
    time : str or None, default=None
        The name of the column that holds the times; see :class:`SlidingWindowForecaster`.

    Attributes
    ----------
    target_columns_ : ndarray of int of shape (n_targets,)
        The column index of each target in `X`.
    target_names_ : list or None
        The names of the targets. None if the targets were not pandas objects.
    target_mean_ : ndarray of shape (n_targets,)
        The mean of the training targets, which `predict` returns for rows without any context.
    residuals_ : ndarray of shape (n_held_out, horizon, n_targets) or None
        The residuals of the held-out forecasts: the targets minus the forecasts at each step, in
        the order of time. None if `calibration_size` was None.
    mean_residuals_ : ndarray of shape (n_held_out, n_targets) or None
        For each held-out forecast, the targets at its first step minus `target_mean_`. None if
        `calibration_size` was None.
    context_ : ndarray, DataFrame, Series, or dict of them
        The last training rows after the last gap, at most `horizon` - 1 more than the context of a
        forecast. `forecast` continues them by default. If there are several series, it is a dict
        whose keys are the series IDs or the indices in the list.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of str
        The names of the columns. Only available if `X` has column names that are all strings.

    See Also
    --------
    PersistenceForecaster : The same with a period of 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.forecasting import SeasonalNaiveForecaster
    >>> X = np.array([[1.0], [5.0], [2.0], [6.0]])
    >>> SeasonalNaiveForecaster(period=2).fit(X).forecast(3)
    array([[2.],
           [6.],
           [2.]])
    """

    _parameter_constraints: dict = {
        **_NaiveForecaster._parameter_constraints,
        "period": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self, period, *, horizon=1, initial_context="auto", calibration_size=None, time=None
    ):
        super().__init__(
            horizon=horizon,
            initial_context=initial_context,
            calibration_size=calibration_size,
            time=time,
        )
        self.period = period

    @property
    def _n_context(self):
        return self.period

    @property
    def _fixed_by_fit(self):
        return {"period": self.period, **super()._fixed_by_fit}

    def _rule(self):
        return self._make_rule(SeasonalNaive, period=self.period)


class DriftForecaster(_NaiveForecaster):
    """Forecast a straight line from the last known value, with the mean slope of the training data.

    Parameters
    ----------
    horizon : int, default=1
        The number of steps to forecast. `predict_trajectory` returns the forecasts of all these
        steps, `predict` only that of the last one.
    initial_context : {"auto", "fit_end", "edge"}, default="auto"
        The rows that are the context of the first rows passed to `predict`; see
        :class:`SlidingWindowForecaster`.
    calibration_size : float in (0, 1), default=None
        The fraction of each series, at its end, that is held out for intervals. If None, there are
        no intervals.
    time : str or None, default=None
        The name of the column that holds the times; see :class:`SlidingWindowForecaster`.

    Attributes
    ----------
    drift_ : ndarray of shape (n_targets,)
        The mean change from row to row: for a single series, the slope of the line from its first
        training row to its last [1]_.
    target_columns_ : ndarray of int of shape (n_targets,)
        The column index of each target in `X`.
    target_names_ : list or None
        The names of the targets. None if the targets were not pandas objects.
    target_mean_ : ndarray of shape (n_targets,)
        The mean of the training targets, which `predict` returns for rows without any context.
    residuals_ : ndarray of shape (n_held_out, horizon, n_targets) or None
        The residuals of the held-out forecasts: the targets minus the forecasts at each step, in
        the order of time. None if `calibration_size` was None.
    mean_residuals_ : ndarray of shape (n_held_out, n_targets) or None
        For each held-out forecast, the targets at its first step minus `target_mean_`. None if
        `calibration_size` was None.
    context_ : ndarray, DataFrame, Series, or dict of them
        The last training rows after the last gap, at most `horizon` - 1 more than the context of a
        forecast. `forecast` continues them by default. If there are several series, it is a dict
        whose keys are the series IDs or the indices in the list.
    n_features_in_ : int
        The number of columns of `X`.
    feature_names_in_ : ndarray of str
        The names of the columns. Only available if `X` has column names that are all strings.

    See Also
    --------
    PersistenceForecaster : Forecasts the last known value, without a slope.

    References
    ----------
    .. [1] R. J. Hyndman, G. Athanasopoulos, "Forecasting: Principles and Practice", 3rd edition,
       2021, section 5.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.forecasting import DriftForecaster
    >>> X = np.array([[1.0], [5.0], [7.0]])
    >>> DriftForecaster().fit(X).forecast(2)
    array([[10.],
           [13.]])
    """

    def _learn(self, panel, targets, known_future, origins):
        first = np.unique(origins[:, np.newaxis] + np.arange(self.horizon))
        changes = panel.values[first + 1] - panel.values[first]
        return {"drift_": changes[:, targets.columns].mean(axis=0)}

    def _rule(self):
        return self._make_rule(Drift, drift=self.drift_)
