"""Sequences and recurrent networks for scikeras, for programs that already use its wrappers.

Unlike other public modules, this one loads Keras and scikeras when it is imported. Importing
scikeras changes how all Keras objects of the process are pickled and copied.
"""

from skrnn.scikeras._builder import rnn_builder
from skrnn.scikeras._estimators import KerasSequenceClassifier, KerasSequenceRegressor

__all__ = ["KerasSequenceClassifier", "KerasSequenceRegressor", "rnn_builder"]

# The public module of these classes, also in pickles.
for _class in (KerasSequenceClassifier, KerasSequenceRegressor):
    _class.__module__ = __name__
