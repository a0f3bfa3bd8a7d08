"""Transformers: sequences in, sequences out."""

from skrnn.preprocessing._time_distributed import TimeDistributed

__all__ = ["TimeDistributed"]
