"""Scores that scikit-learn does not have: for targets per time step, and for forecasts."""

from skrnn.metrics._forecasts import mase
from skrnn.metrics._steps import flatten_steps, make_step_scorer, sequence_accuracy_score

__all__ = ["flatten_steps", "make_step_scorer", "mase", "sequence_accuracy_score"]
