"""The targets of a readout: checked, encoded as numbers, and decoded from outputs."""

from dataclasses import dataclass

import numpy as np

from skrnn.sequences._targets import (
    check_labels,
    check_numbers,
    class_factors,
    label_codes,
    require_two_classes,
)


@dataclass(frozen=True)
class NumericTargets:
    """The targets of a regressor, which a readout predicts directly.

    Parameters
    ----------
    n_targets : int
    is_single : bool
        Whether y was one-dimensional.
    """

    n_targets: int
    is_single: bool

    @staticmethod
    def check(y, *, per_step):
        """Return valid targets, (n,) or (n, n_targets)."""
        return check_numbers(y, "y", per_step=per_step)

    @classmethod
    def learn(cls, y, classes, estimator_name):
        """Learn the number of targets."""
        return cls(1 if y.ndim == 1 else y.shape[1], y.ndim == 1)

    @property
    def attributes(self):
        """The fitted attributes of the estimator, by name."""
        return {"_n_targets": self.n_targets, "_is_single_target": self.is_single}

    def encode(self, y, estimator_name):
        """Return targets as an array of shape (n, n_targets)."""
        y = y.reshape(len(y), -1)
        if y.shape[1] != self.n_targets:
            raise ValueError(
                f"y has {y.shape[1]} targets, but {estimator_name} was fitted with "
                f"{self.n_targets}."
            )
        return y

    def weights(self, targets, sample_weight, class_weight):
        """Return the weight of each target."""
        return sample_weight

    def decode(self, outputs):
        """Return predictions from outputs of shape (n, n_targets)."""
        return outputs[:, 0] if self.is_single else outputs

    def as_feedback(self, outputs):
        """Return the values that are fed back after outputs of shape (n_targets, n)."""
        return outputs


@dataclass(frozen=True, eq=False)
class ClassTargets:
    """The targets of a classifier, of which a readout predicts an indicator for each class.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
    """

    classes: np.ndarray

    def __eq__(self, other):
        return np.array_equal(self.classes, other.classes)

    @staticmethod
    def check(y, *, per_step):
        """Return valid labels, (n,)."""
        return check_labels(y, "y")

    @classmethod
    def learn(cls, y, classes, estimator_name):
        """Learn the classes from `y`, unless `classes` is given."""
        return cls(
            require_two_classes(np.unique(y) if classes is None else classes, estimator_name)
        )

    @property
    def attributes(self):
        """The fitted attributes of the estimator, by name."""
        return {"classes_": self.classes}

    def encode(self, y, estimator_name):
        """Return one indicator for each class, (n, n_classes)."""
        return np.eye(len(self.classes))[label_codes(y, self.classes, "y")]

    def weights(self, targets, sample_weight, class_weight):
        """Return the weight of each target: that of the sample times that of its class."""
        if class_weight is None:
            return sample_weight
        weights = np.ones(len(targets)) if sample_weight is None else sample_weight
        codes = targets.argmax(axis=1)
        return weights * class_factors(codes, class_weight, self.classes, weights)

    def decode(self, outputs):
        """Return the class with the largest output."""
        return self.classes[outputs.argmax(axis=1)]

    def as_feedback(self, outputs):
        """Return the indicators of the predicted classes."""
        return np.eye(len(self.classes))[outputs.argmax(axis=0)].T
