"""Recurrent neural networks for sequences, as scikit-learn estimators.

Importing skrnn does not load a deep-learning framework. The first ``fit`` of a network does.
"""

from skrnn import _forks, _parallel
from skrnn._version import __version__
from skrnn.forecasting import SlidingWindowForecaster
from skrnn.preprocessing import (
    EmbeddingTokenizer,
    OneHotSequenceEncoder,
    SlidingWindow,
    TimeDistributed,
)
from skrnn.recurrent import (
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequenceGenerator,
    clear_program_cache,
)
from skrnn.reservoir import EchoStateClassifier, EchoStateRegressor
from skrnn.sequences import Sequences, check_sequences

__all__ = [
    "EchoStateClassifier",
    "EchoStateRegressor",
    "EmbeddingTokenizer",
    "OneHotSequenceEncoder",
    "RNNClassifier",
    "RNNRegressor",
    "Seq2SeqClassifier",
    "Seq2SeqRegressor",
    "SequenceGenerator",
    "Sequences",
    "SlidingWindow",
    "SlidingWindowForecaster",
    "TimeDistributed",
    "__version__",
    "check_sequences",
    "clear_program_cache",
]

# Only a process that watches for forks from the start can notice each of them.
_forks.watch_forks()
# So that ``joblib.parallel_config(backend="skrnn")`` works.
_parallel.register()

# The documented name of these is the short one, also in pickles and in error messages.
for _name in set(__all__) - {"__version__"}:
    globals()[_name].__module__ = __name__
