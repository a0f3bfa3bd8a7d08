"""Reservoir computing: fixed recurrent networks with a readout that is trained in closed form.

Only NumPy and SciPy are used. Nothing is trained by gradient descent, and no deep-learning
framework is loaded.
"""

from skrnn.reservoir._echo_state_classifier import EchoStateClassifier
from skrnn.reservoir._echo_state_regressor import EchoStateRegressor
from skrnn.reservoir._liquid_state_machine import LiquidStateMachine
from skrnn.reservoir._measures import echo_state_index, memory_capacity
from skrnn.reservoir._reservoir import Reservoir

__all__ = [
    "EchoStateClassifier",
    "EchoStateRegressor",
    "LiquidStateMachine",
    "Reservoir",
    "echo_state_index",
    "memory_capacity",
]

# The public module of these classes, also in pickles and skops files.
for _class in (LiquidStateMachine, Reservoir):
    _class.__module__ = __name__
