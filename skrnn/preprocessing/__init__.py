"""Transformers that convert time series, symbols and texts to sequences, or transform sequences."""

from skrnn.preprocessing._embedding_tokenizer import EmbeddingTokenizer
from skrnn.preprocessing._interpolator import Interpolator
from skrnn.preprocessing._one_hot_sequence_encoder import OneHotSequenceEncoder
from skrnn.preprocessing._regularize import regularize
from skrnn.preprocessing._sliding_window import SlidingWindow
from skrnn.preprocessing._time_distributed import TimeDistributed

__all__ = [
    "EmbeddingTokenizer",
    "Interpolator",
    "OneHotSequenceEncoder",
    "SlidingWindow",
    "TimeDistributed",
    "regularize",
]

# The public module of this class, also in pickles and skops files.
Interpolator.__module__ = __name__
