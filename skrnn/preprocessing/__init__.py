"""Transformers: sequences in, sequences out."""

from skrnn.preprocessing._embedding_tokenizer import EmbeddingTokenizer
from skrnn.preprocessing._one_hot_sequence_encoder import OneHotSequenceEncoder
from skrnn.preprocessing._time_distributed import TimeDistributed

__all__ = ["EmbeddingTokenizer", "OneHotSequenceEncoder", "TimeDistributed"]
