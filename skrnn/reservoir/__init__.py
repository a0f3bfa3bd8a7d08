"""Reservoir computing: fixed recurrent networks with a readout that is fitted in closed form.

NumPy and SciPy only: nothing here is trained by gradient descent, and no framework is loaded.
"""

from skrnn.reservoir._echo_state_classifier import EchoStateClassifier
from skrnn.reservoir._echo_state_regressor import EchoStateRegressor
from skrnn.reservoir._liquid_state_machine import LiquidStateMachine
from skrnn.reservoir._reservoir import Reservoir
from skrnn.reservoir._tools import echo_state_index, memory_capacity

__all__ = [
    "EchoStateClassifier",
    "EchoStateRegressor",
    "LiquidStateMachine",
    "Reservoir",
    "echo_state_index",
    "memory_capacity",
]
