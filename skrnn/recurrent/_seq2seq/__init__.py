"""Sequence to sequence: estimators whose targets are sequences with their own lengths."""

from skrnn.recurrent._seq2seq._classifier import Seq2SeqClassifier
from skrnn.recurrent._seq2seq._regressor import Seq2SeqRegressor

__all__ = ["Seq2SeqClassifier", "Seq2SeqRegressor"]
