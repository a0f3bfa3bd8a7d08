"""Convert targets from the units of the user to those of the network, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skrnn.sequences._targets import class_factors, label_codes


@dataclass(frozen=True)
class LabelCodec:
    """Converts class labels to targets of the network, and its outputs to labels.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
    loss : str or Keras object or callable
        "auto" stands for the cross-entropy of the classes.
    class_weight : dict, "balanced" or None
    dtype : str
    """

    classes: np.ndarray
    loss: Any
    class_weight: Any
    dtype: str

    @property
    def resolved_loss(self):
        """The loss, with "auto" replaced by its meaning."""
        if isinstance(self.loss, str) and self.loss == "auto":
            is_binary = len(self.classes) == 2
            return "binary_crossentropy" if is_binary else "sparse_categorical_crossentropy"
        return self.loss

    @property
    def output(self):
        """The number of outputs and the activation of the output layer."""
        if _target_form(self.resolved_loss, len(self.classes)) == "binary":
            return 1, "sigmoid"
        return len(self.classes), "softmax"

    @property
    def target_scale(self):
        """The scale 1 and the offset 0, because labels have no units."""
        return np.ones(1, self.dtype), np.zeros(1, self.dtype)

    def encode(self, y, input_name="y"):
        """Return labels in the form that the loss needs."""
        codes = label_codes(y, self.classes, input_name)
        form = _target_form(self.resolved_loss, len(self.classes))
        if form == "codes":
            return codes.astype(np.int32)
        if form == "binary":
            return codes[:, None].astype(self.dtype)
        return np.eye(len(self.classes), dtype=self.dtype)[codes]

    def decode(self, outputs):
        """Return the labels that outputs predict."""
        return self.classes[_codes(outputs > 0.5 if outputs.shape[1] == 1 else outputs)]

    def probabilities(self, outputs):
        """Return the probability of each class."""
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def labels_to_stratify(self, targets):
        """Return the labels whose proportions the validation split preserves."""
        return _codes(targets)

    def weighted(self, targets, weights):
        """Return the weights of encoded targets multiplied by those of their classes."""
        if self.class_weight is None:
            return weights
        factors = class_factors(_codes(targets), self.class_weight, self.classes, weights)
        return (weights * factors).astype(self.dtype)


@dataclass(frozen=True)
class NumberCodec:
    """Standardises numeric targets for training, and converts outputs to their original units.

    Parameters
    ----------
    offset, scale : ndarray of shape (n_targets,)
        ``(y - offset) / scale`` is what the network is trained on.
    is_one_dimensional : bool
        Whether `y` was one-dimensional.
    loss : str or Keras object or callable
        "auto" stands for the mean squared error.
    dtype : str
    estimator_name : str
        The name of the estimator in error messages.
    """

    offset: np.ndarray
    scale: np.ndarray
    is_one_dimensional: bool
    loss: Any
    dtype: str
    estimator_name: str

    @property
    def resolved_loss(self):
        """The loss, with "auto" replaced by its meaning."""
        is_auto = isinstance(self.loss, str) and self.loss == "auto"
        return "mean_squared_error" if is_auto else self.loss

    @property
    def output(self):
        """The number of outputs and the activation of the output layer."""
        return len(self.offset), "linear"

    @property
    def target_scale(self):
        """The scale and the offset from outputs to the units of the user."""
        return self.scale.astype(self.dtype), self.offset.astype(self.dtype)

    def encode(self, y, input_name="y"):
        """Return standardised targets."""
        y = y.reshape(len(y), -1)
        if y.shape[1] != len(self.offset):
            raise ValueError(
                f"{input_name} has {y.shape[1]} targets, but {self.estimator_name} was fitted "
                f"with {len(self.offset)}."
            )
        return ((y - self.offset) / self.scale).astype(self.dtype)

    def decode(self, outputs):
        """Return outputs in the units of the user."""
        targets = outputs * self.scale + self.offset
        return targets[:, 0] if self.is_one_dimensional else targets

    def labels_to_stratify(self, targets):
        """Return None, because numbers have no proportions to keep."""

    def weighted(self, targets, weights):
        """Return the weights of targets: there are no classes to weight."""
        return weights


def _target_form(loss, n_classes):
    """Return the form of labels for a loss: "codes", "binary" (one column) or "indicators"."""
    names = [name.lower() for name in _loss_names(loss)]
    if any(name.startswith("sparse") for name in names):
        return "codes"
    if not any(name.startswith(("binary", "bce")) for name in names):
        return "indicators"
    if n_classes != 2:
        raise ValueError(f"loss={loss!r} is for 2 classes, but y has {n_classes}. Use loss='auto'.")
    return "binary"


def _loss_names(loss):
    """Return the names of a loss: its own and those of its function and its base classes."""
    if isinstance(loss, str):
        return [loss]
    function = getattr(loss, "func", getattr(loss, "fn", loss))
    return [getattr(function, "__name__", ""), *(kind.__name__ for kind in type(loss).__mro__)]


def _codes(encoded):
    """Return class codes from any form of encoded targets, or from outputs."""
    if encoded.ndim == 1:
        return encoded
    return encoded[:, 0].astype(int) if encoded.shape[1] == 1 else encoded.argmax(axis=1)
