"""Convert indicator matrices, in which a target has several labels at once, and outputs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn.recurrent._codecs import ClassCodec, loss_names
from skrnn.sequences._class_targets import require_kind


@dataclass(frozen=True)
class IndicatorCodec(ClassCodec):
    """Converts indicators of labels to targets of the network, and its outputs to indicators.

    Each output is the probability of one label, which does not depend on the other labels.

    Parameters
    ----------
    n_labels : int
    loss : str or Keras object or callable
        "auto" stands for the binary cross-entropy, whose mean over the labels is minimised.
    dtype : str
    """

    n_labels: int
    loss: Any
    dtype: str

    @property
    def resolved_loss(self):
        """The loss, with "auto" replaced by its meaning."""
        if isinstance(self.loss, str) and self.loss == "auto":
            return "binary_crossentropy"
        for name in map(str.lower, loss_names(self.loss)):
            if name == "gamma" or "categorical" in name:
                raise ValueError(
                    f"loss={self.loss!r} is not for an indicator matrix, whose labels are "
                    "independent of each other. Use loss='auto'."
                )
        return self.loss

    @property
    def output(self):
        """The number of outputs and the activation of the output layer."""
        return self.n_labels, "sigmoid"

    def encode(self, y, input_name="y"):
        """Return indicators as floats."""
        require_kind(y, self.n_labels, input_name, "the classifier")
        return y.astype(self.dtype)

    def decode(self, outputs):
        """Return the indicators of the labels with a probability above one half."""
        return (outputs > 0.5).astype(np.int64)

    def probabilities(self, outputs):
        """Return the probability of each label."""
        return outputs

    def decisions(self, outputs):
        """Return the probability of each label minus that of its absence, in float64."""
        return 2 * outputs.astype(np.float64) - 1

    def weighted(self, targets, weights):
        """Return the weights of targets: there are no classes to weight."""
        return weights
