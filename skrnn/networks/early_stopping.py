"""Early stopping: when training ends, and which weights are kept."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning


class BestEpoch:
    """The epoch with the lowest monitored value so far, and its weights.

    Parameters
    ----------
    training : TrainingSpec
    program : Program
    """

    def __init__(self, training, program):
        self._patience, self._min_delta = training.patience, training.min_delta
        self._program = program
        self._lowest, self._weights, self._n_waited = np.inf, None, 0

    def should_stop(self, value):
        """Take note of the value after an epoch, and return whether training should end."""
        if self._patience is None:
            return False
        if value < self._lowest - self._min_delta:
            self._lowest, self._weights, self._n_waited = value, self._program.get_weights(), 0
            return False
        self._n_waited += 1
        return self._n_waited >= self._patience

    def restore(self):
        """Load the weights of the best epoch, unless training never stops early."""
        if self._weights is not None:
            self._program.set_weights(self._weights)
        elif self._patience is not None:
            warnings.warn(
                "early_stopping=True could not choose the best epoch, because the validation loss "
                "or score was NaN or infinite in every epoch; the weights of the last epoch are "
                "kept. Look for very large values in the validation data.",
                ConvergenceWarning,
                stacklevel=2,
            )
