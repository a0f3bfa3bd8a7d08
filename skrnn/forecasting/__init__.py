"""Forecasting: windows, horizons, intervals and baselines, round any regressor.

`make_windows` cuts series; a forecaster does that inside, and gives forecasts row by row for
scikit-learn's scores and splits, and after the end of the data.
"""

from skrnn.forecasting._baselines import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
)
from skrnn.forecasting._sliding_window_forecaster import SlidingWindowForecaster
from skrnn.forecasting._windows import make_windows

__all__ = [
    "DriftForecaster",
    "PersistenceForecaster",
    "SeasonalNaiveForecaster",
    "SlidingWindowForecaster",
    "make_windows",
]
