"""Splits into three sets, and ranges of parameters for searches.

For cross-validation and searches, use scikit-learn's splitters and search estimators.
"""

from skrnn.model_selection._search_space import search_space, suggest_params
from skrnn.model_selection._split import train_dev_test_split

__all__ = ["search_space", "suggest_params", "train_dev_test_split"]
