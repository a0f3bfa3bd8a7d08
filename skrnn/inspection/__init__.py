"""Displays: what people would rather look at than read, in scikit-learn's form."""

from skrnn.inspection._history import HistoryDisplay
from skrnn.inspection._reservoir import ReservoirDisplay

__all__ = ["HistoryDisplay", "ReservoirDisplay"]
