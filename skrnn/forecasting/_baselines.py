"""Forecasts that need no learning: what any forecaster must beat to be worth its name."""

import sys
from numbers import Integral

import numpy as np

from skrnn._sklearn import Interval
from skrnn.forecasting._base import BaseForecaster
from skrnn.forecasting._panel import column_names

__all__ = ["DriftForecaster", "PersistenceForecaster", "SeasonalNaiveForecaster"]


class _NaiveForecaster(BaseForecaster):
    """What has already been: the targets must be columns of `X`."""

    def __init__(self, *, horizon=1, continues="auto", calibration_size=None):
        super().__init__(horizon=horizon, continues=continues, calibration_size=calibration_size)

    @property
    def _n_at_once(self):
        """Any number: nothing is forecast from forecasts."""
        return sys.maxsize

    def _check_data(self, panel, targets):
        if (targets.places < 0).any():
            raise ValueError(
                f"{type(self).__name__} needs the past of every target, so y must be columns of X "
                f"({column_names(panel)}), each with the numbers of one alone (a name "
                "tells columns apart). A step before the forecaster that changes X and not y makes "
                "them differ."
            )

    def _learn(self, panel, targets, ends):
        """Learn nothing."""


class PersistenceForecaster(_NaiveForecaster):
    """Forecast that everything stays as it is: the last known value, at every step.

    Parameters
    ----------
    horizon : int, default=1
        How many steps ahead `predict` forecasts, and `predict_trajectory` forecasts all of.
    continues : {"auto"} or bool, default="auto"
        Whether rows given to `predict` follow the training rows, whose last then are their past;
        see :class:`SlidingWindowForecaster`.
    calibration_size : float in (0, 1), default=None
        The share of each series, at its end, that is held out for intervals. None: no intervals.

    Attributes
    ----------
    n_features_in_ : int
        Columns of `X`.

    See Also
    --------
    SeasonalNaiveForecaster : The value one season before.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.forecasting import PersistenceForecaster
    >>> X = np.array([[1.0], [2.0], [4.0]])
    >>> PersistenceForecaster().fit(X).forecast(2)
    array([[4.],
           [4.]])
    """

    @property
    def _n_past(self):
        return 1

    def _forecast_after(self, block, n_steps):
        return np.repeat(block[:, :1, self._places], n_steps, axis=1)


class SeasonalNaiveForecaster(_NaiveForecaster):
    """Forecast what was one season before: the last known value at the same place in the season.

    Parameters
    ----------
    period : int
        How many rows a season has: 24 for hours and days, 12 for months and years.
    horizon : int, default=1
        How many steps ahead `predict` forecasts, and `predict_trajectory` forecasts all of.
    continues : {"auto"} or bool, default="auto"
        Whether rows given to `predict` follow the training rows, whose last then are their past;
        see :class:`SlidingWindowForecaster`.
    calibration_size : float in (0, 1), default=None
        The share of each series, at its end, that is held out for intervals. None: no intervals.

    Attributes
    ----------
    n_features_in_ : int
        Columns of `X`.

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

    def __init__(self, period, *, horizon=1, continues="auto", calibration_size=None):
        super().__init__(horizon=horizon, continues=continues, calibration_size=calibration_size)
        self.period = period

    @property
    def _n_past(self):
        return self.period

    @property
    def _shape(self):
        return {**super()._shape, "period": self.period}

    def _needs(self):
        return f"period={self.period} and horizon={self.horizon}"

    def _forecast_after(self, block, n_steps):
        season = np.arange(n_steps) % self.period
        return block[:, season[:, np.newaxis], self._places]


class DriftForecaster(_NaiveForecaster):
    """Forecast a straight line from the last known value, as steep as the training data were.

    Parameters
    ----------
    horizon : int, default=1
        How many steps ahead `predict` forecasts, and `predict_trajectory` forecasts all of.
    continues : {"auto"} or bool, default="auto"
        Whether rows given to `predict` follow the training rows, whose last then are their past;
        see :class:`SlidingWindowForecaster`.
    calibration_size : float in (0, 1), default=None
        The share of each series, at its end, that is held out for intervals. None: no intervals.

    Attributes
    ----------
    drift_ : ndarray of shape (n_targets,)
        The mean change from row to row: of one series, from its first row to its last [1]_.
    n_features_in_ : int
        Columns of `X`.

    See Also
    --------
    PersistenceForecaster : Without a slope.

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

    @property
    def _n_past(self):
        return 1

    def _learn(self, panel, targets, ends):
        first = np.unique(ends[:, np.newaxis] + np.arange(self.horizon))
        changes = panel.values[first + 1] - panel.values[first]
        self.drift_ = changes[:, targets.places].mean(axis=0)

    def _forecast_after(self, block, n_steps):
        steps = np.arange(1, n_steps + 1)[:, np.newaxis]
        return block[:, :1, self._places] + steps * self.drift_
