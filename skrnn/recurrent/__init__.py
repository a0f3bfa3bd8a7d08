"""Estimators trained by gradient descent: the scikit-learn side.

This package handles parameters, inputs, labels and fitted state in plain NumPy. The networks
themselves are in `skrnn.networks`, which is imported by the first ``fit``.
"""

from skrnn.recurrent._bodies import AttentionBody, ConvBody, LSTMFCNBody
from skrnn.recurrent._check_body import check_body
from skrnn.recurrent._classifier import RNNClassifier
from skrnn.recurrent._masked_attention import masked_attention
from skrnn.recurrent._program_cache import clear_program_cache
from skrnn.recurrent._random_conv_body import RandomConvBody
from skrnn.recurrent._recurrent_features import RecurrentFeatures
from skrnn.recurrent._regressor import RNNRegressor
from skrnn.recurrent._seq2seq import Seq2SeqClassifier, Seq2SeqRegressor
from skrnn.recurrent._sequence_generator import SequenceGenerator
from skrnn.sequences._streams import Stream

__all__ = [
    "AttentionBody",
    "ConvBody",
    "LSTMFCNBody",
    "RNNClassifier",
    "RNNRegressor",
    "RandomConvBody",
    "RecurrentFeatures",
    "Seq2SeqClassifier",
    "Seq2SeqRegressor",
    "SequenceGenerator",
    "Stream",
    "check_body",
    "clear_program_cache",
    "masked_attention",
]

# The public module of these classes, also in pickles and skops files.
for _class in (
    AttentionBody,
    ConvBody,
    LSTMFCNBody,
    RandomConvBody,
    RecurrentFeatures,
    Stream,
):
    _class.__module__ = __name__
