"""Transformers: sequences in, sequences out."""

from skrnn.preprocessing._embedding_tokenizer import EmbeddingTokenizer
from skrnn.preprocessing._time_distributed import TimeDistributed

__all__ = ["EmbeddingTokenizer", "TimeDistributed"]
