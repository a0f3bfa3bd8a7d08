"""Displays of training, reservoirs and forecasts, with the interface of scikit-learn's displays."""

from skrnn.inspection._forecast import ForecastDisplay
from skrnn.inspection._history import HistoryDisplay
from skrnn.inspection._horizon_error import HorizonErrorDisplay
from skrnn.inspection._reservoir import ReservoirDisplay
from skrnn.inspection._trajectory import TrajectoryDisplay

__all__ = [
    "ForecastDisplay",
    "HistoryDisplay",
    "HorizonErrorDisplay",
    "ReservoirDisplay",
    "TrajectoryDisplay",
]
