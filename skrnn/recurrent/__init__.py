"""Estimators trained by gradient descent: the scikit-learn side.

Parameters, inputs, labels and fitted state live here, in plain NumPy; the networks themselves
live in `skrnn.networks`, which is imported by the first ``fit``.
"""

from skrnn.recurrent._classifier import RNNClassifier
from skrnn.recurrent._program_cache import clear_program_cache
from skrnn.recurrent._regressor import RNNRegressor

__all__ = ["RNNClassifier", "RNNRegressor", "clear_program_cache"]
