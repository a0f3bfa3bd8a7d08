"""The targets of a readout: checked, encoded as numbers, and decoded from outputs."""

from dataclasses import dataclass

import numpy as np

from skrnn.sequences._class_outputs import (
    codes_of_groups,
    codes_of_outputs,
    factors_of_outputs,
    group_slices,
    indicators_of_groups,
    labels_of_codes,
    learn_class_outputs,
    require_class_outputs,
)
from skrnn.sequences._class_targets import (
    check_class_targets,
    is_indicator,
    require_kind,
    require_label_indices,
    require_no_class_weight,
)
from skrnn.sequences._targets import (
    check_numbers,
    class_factors,
    label_codes,
    require_two_classes,
)

# The smallest distance of an output between 0 and 1 from these, before it is a probability.
MARGIN = 1e-9


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
        return type(self) is type(other) and np.array_equal(self.classes, other.classes)

    @staticmethod
    def check(y, *, per_step):
        """Return valid labels, (n,) or (n, n_outputs), or indicators, (n, n_labels)."""
        return check_class_targets(y, "y", per_step=per_step)

    @classmethod
    def learn(cls, y, classes, estimator_name):
        """Learn the classes from `y`, unless `classes` is given."""
        several = isinstance(classes, list)
        if is_indicator(y) and not several:
            require_label_indices(classes, y.shape[1])
            return LabelTargets(np.arange(y.shape[1]))
        if several or y.ndim == 2:
            return OutputTargets(learn_class_outputs(y, classes, estimator_name))
        return cls(
            require_two_classes(np.unique(y) if classes is None else classes, estimator_name)
        )

    @property
    def attributes(self):
        """The fitted attributes of the estimator, by name."""
        return {"classes_": self.classes, "_is_multilabel": False}

    def encode(self, y, estimator_name):
        """Return one indicator for each class, (n, n_classes)."""
        require_kind(y, None, "y", estimator_name)
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

    def decision(self, outputs):
        """Return the decision function: for two classes the difference of their outputs."""
        return outputs[:, 1] - outputs[:, 0] if len(self.classes) == 2 else outputs

    def probabilities(self, outputs):
        """Return the distribution of the classes that is nearest to the outputs."""
        return project_onto_simplex(outputs)


@dataclass(frozen=True, eq=False)
class LabelTargets(ClassTargets):
    """The rows of an indicator matrix, of which a readout predicts each indicator.

    Parameters
    ----------
    classes : ndarray of shape (n_labels,)
        The column indices of the labels.
    """

    @property
    def attributes(self):
        """The fitted attributes of the estimator, by name."""
        return {"classes_": self.classes, "_is_multilabel": True}

    def encode(self, y, estimator_name):
        """Return indicators as floats."""
        require_kind(y, len(self.classes), "y", estimator_name)
        return y.astype(np.float64)

    def weights(self, targets, sample_weight, class_weight):
        """Return the weight of each target."""
        require_no_class_weight(class_weight)
        return sample_weight

    def decode(self, outputs):
        """Return the indicators of the labels whose outputs are above one half."""
        return (outputs > 0.5).astype(np.int64)

    def as_feedback(self, outputs):
        """Return the predicted indicators."""
        return (outputs > 0.5).astype(np.float64)

    def decision(self, outputs):
        """Return for each label what the difference would be if it were one of two classes."""
        return 2 * outputs - 1

    def probabilities(self, outputs):
        """Return the outputs, limited to the open interval (0, 1)."""
        return within_unit_interval(outputs)


@dataclass(frozen=True, eq=False)
class OutputTargets(ClassTargets):
    """The classes of several outputs, of which a readout predicts the indicators side by side.

    Parameters
    ----------
    classes : list of ndarray of shape (n_classes,)
        The classes of each column of y.
    """

    classes: list

    def __eq__(self, other):
        same = type(self) is type(other) and len(self.classes) == len(other.classes)
        return same and all(map(np.array_equal, self.classes, other.classes))

    @property
    def groups(self):
        """The number of classes of each output."""
        return [len(found) for found in self.classes]

    def encode(self, y, estimator_name):
        """Return one indicator for each class of each output."""
        require_class_outputs(y, len(self.classes), "y", estimator_name)
        return indicators_of_groups(codes_of_outputs(y, self.classes, "y"), self.groups)

    def weights(self, targets, sample_weight, class_weight):
        """Return the weight of each target: that of the sample times those of its classes."""
        if class_weight is None:
            return sample_weight
        weights = np.ones(len(targets)) if sample_weight is None else sample_weight
        codes = codes_of_groups(targets, self.groups)
        products = weights * factors_of_outputs(codes, class_weight, self.classes, weights)
        if not products.any():
            raise ValueError(
                "sample_weight times class_weight is zero for every sequence; at least one "
                "product must be positive."
            )
        return products

    def decode(self, outputs):
        """Return the class with the largest output, for each column."""
        return labels_of_codes(codes_of_groups(outputs, self.groups), self.classes)

    def as_feedback(self, outputs):
        """Return the indicators of the predicted classes."""
        return indicators_of_groups(codes_of_groups(outputs.T, self.groups), self.groups).T

    def decision(self, outputs):
        """Return the decision function of each column, as for one output."""
        return self._of_each(ClassTargets.decision, outputs)

    def probabilities(self, outputs):
        """Return the distribution of the classes of each column that is nearest to the outputs."""
        return self._of_each(ClassTargets.probabilities, outputs)

    def _of_each(self, method, outputs):
        return [
            method(ClassTargets(found), outputs[:, columns])
            for found, columns in zip(self.classes, group_slices(self.groups), strict=True)
        ]


def within_unit_interval(outputs):
    """Return outputs limited to the open interval (0, 1), without changing their order.

    Scores such as the area under the ROC curve are then those of the outputs themselves.

    Examples
    --------
    >>> limited = within_unit_interval(np.array([-2.0, -1.0, 0.25, 1.0, 3.0]))
    >>> limited.round(6), bool((np.diff(limited) > 0).all())
    (array([0.  , 0.  , 0.25, 1.  , 1.  ]), True)
    """
    inside = np.clip(outputs, MARGIN, 1 - MARGIN)
    excess = np.abs(outputs - inside)
    nearest = (inside > 0.5).astype(np.float64)
    return nearest + (inside - nearest) / (1 + excess)


def project_onto_simplex(outputs):
    """Return for each row the nearest vector that is a probability distribution.

    Examples
    --------
    >>> project_onto_simplex(np.array([[1.5, 0.25, -0.25], [0.25, 0.25, 0.5]]))
    array([[1.  , 0.  , 0.  ],
           [0.25, 0.25, 0.5 ]])
    """
    falling = -np.sort(-outputs, axis=1)
    excess = (np.cumsum(falling, axis=1) - 1) / np.arange(1, outputs.shape[1] + 1)
    n_positive = np.count_nonzero(falling > excess, axis=1)
    return np.maximum(outputs - excess[np.arange(len(outputs)), n_positive - 1][:, None], 0)
