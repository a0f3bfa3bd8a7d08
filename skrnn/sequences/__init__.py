"""Batches of sequences: what they are, how they come in, and how they go out again.

`check_sequences` reads arrays, lists and tables; the `from_*` functions read layouts that cannot
be told from the data and so must be named, and the `to_*` functions are their inverses.
"""

from skrnn.sequences._check import check_sequences
from skrnn.sequences._containers import feature_table, is_table, split_steps, wrap_like
from skrnn.sequences._conversions import (
    from_channels_first,
    from_nan_padded,
    to_channels_first,
    to_padded,
)
from skrnn.sequences._sequences import Sequences
from skrnn.sequences._tables import from_long, from_multiindex, to_long, to_multiindex

__all__ = [
    "Sequences",
    "check_sequences",
    "feature_table",
    "from_channels_first",
    "from_long",
    "from_multiindex",
    "from_nan_padded",
    "is_table",
    "split_steps",
    "to_channels_first",
    "to_long",
    "to_multiindex",
    "to_padded",
    "wrap_like",
]
