"""Batches of sequences: the class `Sequences`, and functions that convert data to it and back.

`check_sequences` reads arrays, lists and tables. The `from_*` functions read layouts that cannot be
recognized from the data alone, so that the user has to name them; the `to_*` functions are their
inverses.
"""

from skrnn.sequences._aeon import from_aeon, to_aeon
from skrnn.sequences._check import check_sequences
from skrnn.sequences._conversions import (
    from_channels_first,
    from_nan_padded,
    to_channels_first,
    to_column,
    to_padded,
)
from skrnn.sequences._from_tables import from_long, from_multiindex
from skrnn.sequences._mixed_sequences import MixedSequences
from skrnn.sequences._sequences import Sequences
from skrnn.sequences._to_tables import to_long, to_multiindex

__all__ = [
    "MixedSequences",
    "Sequences",
    "check_sequences",
    "from_aeon",
    "from_channels_first",
    "from_long",
    "from_multiindex",
    "from_nan_padded",
    "to_aeon",
    "to_channels_first",
    "to_column",
    "to_long",
    "to_multiindex",
    "to_padded",
]
