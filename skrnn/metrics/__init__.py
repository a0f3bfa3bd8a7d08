"""Scores that scikit-learn does not have: for targets per time step, translations and forecasts."""

from skrnn.metrics._bleu import corpus_bleu
from skrnn.metrics._forecasts import mase
from skrnn.metrics._sequences import sequence_accuracy_score, token_accuracy_score
from skrnn.metrics._steps import flatten_steps, make_step_scorer

__all__ = [
    "corpus_bleu",
    "flatten_steps",
    "make_step_scorer",
    "mase",
    "sequence_accuracy_score",
    "token_accuracy_score",
]
