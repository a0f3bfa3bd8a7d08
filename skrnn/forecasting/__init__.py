"""Forecasting with any regressor: windows, horizons, intervals, baselines and errors by horizon.

`make_windows` cuts series into windows. A forecaster does so itself, and forecasts each row, for
scikit-learn's scorers and splitters, and the steps after the end of the data.
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
