"""Forecasting with any regressor: windows, horizons, intervals, baselines and errors by horizon.

`make_windows` cuts series into windows. A forecaster makes its own windows. It forecasts each row,
so that scikit-learn's scorers and splitters can be used, and the steps after the end of the data.
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

# The public module of these classes, also in pickles and skops files.
for _class in (DriftForecaster, PersistenceForecaster, SeasonalNaiveForecaster):
    _class.__module__ = __name__
