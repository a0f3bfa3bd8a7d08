"""Displays of training, networks, reservoirs and forecasts, like scikit-learn's displays.

Some show what a network computes: the gradients, states and gates of its recurrent layers, and how
much each time step and feature contributes to a prediction.
"""

from skrnn.inspection._attribution_display import AttributionDisplay
from skrnn.inspection._attributions import feature_attributions
from skrnn.inspection._forecast import ForecastDisplay
from skrnn.inspection._gates import GateDisplay
from skrnn.inspection._gradient_flow import GradientFlowDisplay, gradient_flow
from skrnn.inspection._history import HistoryDisplay
from skrnn.inspection._horizon_error import HorizonErrorDisplay
from skrnn.inspection._reservoir import ReservoirDisplay
from skrnn.inspection._states import StateDisplay
from skrnn.inspection._trajectory import TrajectoryDisplay

__all__ = [
    "AttributionDisplay",
    "ForecastDisplay",
    "GateDisplay",
    "GradientFlowDisplay",
    "HistoryDisplay",
    "HorizonErrorDisplay",
    "ReservoirDisplay",
    "StateDisplay",
    "TrajectoryDisplay",
    "feature_attributions",
    "gradient_flow",
]
