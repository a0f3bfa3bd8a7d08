"""Convert the labels of several class outputs to targets of one network, and its outputs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn.recurrent._codecs import ClassCodec, loss_names
from skrnn.sequences._class_outputs import (
    codes_of_groups,
    codes_of_outputs,
    factors_of_outputs,
    group_slices,
    indicators_of_groups,
    labels_of_codes,
    require_class_outputs,
)


@dataclass(frozen=True)
class OutputsCodec(ClassCodec):
    """Converts the class labels of several outputs to targets of the network, and back.

    The network has one output for each class of each column of y. Those of a column are a group
    with a separate softmax, and the mean of the losses of the groups is minimised.

    Parameters
    ----------
    classes : list of ndarray of shape (n_classes,)
        The classes of each column of y.
    loss : str or Keras object or callable
        "auto" stands for the cross-entropy of the classes.
    class_weight : list of dict, "balanced" or None
    dtype : str
    """

    classes: list
    loss: Any
    class_weight: Any
    dtype: str

    @property
    def resolved_loss(self):
        """The loss, with "auto" replaced by its meaning."""
        if isinstance(self.loss, str) and self.loss == "auto":
            return "sparse_categorical_crossentropy"
        for name in map(str.lower, loss_names(self.loss)):
            if name == "gamma" or name.startswith(("binary", "bce")):
                raise ValueError(
                    f"loss={self.loss!r} is not for several columns of class labels, each of which "
                    "has a softmax. Use loss='auto'."
                )
        return self.loss

    @property
    def groups(self):
        """The number of classes of each output."""
        return tuple(map(len, self.classes))

    @property
    def output(self):
        """The number of outputs and the activation of the output layer."""
        return sum(self.groups), "softmax"

    def encode(self, y, input_name="y"):
        """Return labels in the form that the loss needs: codes, or an indicator for each class."""
        require_class_outputs(y, len(self.classes), input_name, "the classifier")
        codes = codes_of_outputs(y, self.classes, input_name)
        if any(name.lower().startswith("sparse") for name in loss_names(self.resolved_loss)):
            return codes.astype(np.int32)
        return indicators_of_groups(codes, self.groups).astype(self.dtype)

    def decode(self, outputs):
        """Return the most probable class of each output."""
        return labels_of_codes(codes_of_groups(outputs, self.groups), self.classes)

    def probabilities(self, outputs):
        """Return the probabilities of the classes, one array for each output."""
        return [outputs[:, columns] for columns in group_slices(self.groups)]

    def weighted(self, targets, weights):
        """Return the weights of encoded targets multiplied by those of their classes."""
        if self.class_weight is None:
            return weights
        are_codes = np.issubdtype(targets.dtype, np.integer)
        codes = targets if are_codes else codes_of_groups(targets, self.groups)
        factors = factors_of_outputs(codes, self.class_weight, self.classes, weights)
        return weights * (factors / (factors.max() or 1.0))
