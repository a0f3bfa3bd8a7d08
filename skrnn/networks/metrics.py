"""The metrics that are reported next to the loss: their names, their inputs and their precision.

Metrics are computed in the units of the user. If targets have a large offset compared with their
spread, such as Unix times, or if they are very large or small, rounding to float32 would change the
metrics. They are then computed in float64.
"""

import warnings
from contextlib import nullcontext
from functools import partial
from types import FunctionType

import keras
import numpy as np
from keras import ops

from skrnn.networks import backends
from skrnn.networks.keras_objects import rebuild_whole
from skrnn.networks.output_groups import codes_of_tensor


class Metrics:
    """The metrics of a network.

    Parameters
    ----------
    metrics : tuple of str, keras.metrics.Metric or callable
    spec : NetworkSpec
    class_codes : bool
        Whether the targets of the network are class codes.
    dtype : {"float32", "float64"}

    Attributes
    ----------
    items : list of keras.metrics.Metric

    Raises
    ------
    ValueError
        If one of the metrics is not a Keras metric, or if the names of metrics are not unique.
    """

    def __init__(self, metrics, *, spec, class_codes, dtype):
        self._dtype = dtype
        self._class_codes = class_codes
        self._n_outputs, self._groups = spec.n_outputs, spec.output_groups
        self._is_classifier = spec.output_activation in ("sigmoid", "softmax")
        # Outputs with a sigmoid are independent of each other: none or several may be above 0.5.
        self._is_multilabel = spec.output_activation == "sigmoid" and spec.n_outputs > 1
        with self.precision():
            made = [self._make(metric) for metric in metrics]
        self.items = [metric for metric, _ in made]
        self._forms = [form for _, form in made]
        _check_names([metric.name for metric in self.items])

    def precision(self):
        """Return a context in which Keras computes in the dtype of the metrics."""
        return backends.precision("float64") if self._dtype == "float64" else nullcontext()

    @property
    def ignore_padding(self):
        """Whether rows without a weight have no effect; a custom metric may ignore weights."""
        return all(type(metric).__module__.startswith("keras.") for metric in self.items)

    def inputs(self, true, predicted, units):
        """Return the targets and the predictions that each metric receives.

        Parameters
        ----------
        true : tensor of shape (n_targets,), (n_targets, n_outputs) or (n_targets, n_groups)
            The targets of the network.
        predicted : tensor of shape (n_targets, n_outputs)
            The outputs after their activation.
        units : tuple (true_scale, scale, offset) of tensors
            The factors and the summand that convert numeric targets and predictions to the units
            of the user.
        """
        if self._groups:
            known = true if self._class_codes else codes_of_tensor(true, self._groups)
            codes = known, codes_of_tensor(predicted, self._groups)
            return [tuple(ops.cast(each, predicted.dtype) for each in codes) for _ in self._forms]
        if self._is_classifier:
            return [_as_form(form, true, predicted, self._class_codes) for form in self._forms]
        true_scale, scale, offset = units
        dtype = keras.backend.standardize_dtype(scale.dtype)
        true, predicted = ops.cast(true, dtype), ops.cast(predicted, dtype)
        pairs = {"given": (true * true_scale + offset, predicted * scale + offset)}
        if "centred" in self._forms:
            largest = ops.max(true_scale)
            pairs["centred"] = true * (true_scale / largest), predicted * (scale / largest)
        return [pairs[form] for form in self._forms]

    def update(self, true, predicted, units):
        """Update every metric; see `inputs`."""
        if not self.items:
            return
        with self.precision():
            inputs = self.inputs(true, predicted, units)
            for metric, pair in zip(self.items, inputs, strict=True):
                metric.update_state(*pair)

    def updated(self, states, true, predicted, units, real):
        """Return the new values of the metrics' variables.

        Parameters
        ----------
        states : list of list of tensor
            The values of the variables of each metric.
        true, predicted, units : see `inputs`
        real : tensor of bool of shape (n_targets,)
            Whether a target counts.
        """
        if not self.items:
            return states
        with self.precision():
            inputs = self.inputs(true, predicted, units)
            return [
                metric.stateless_update_state(
                    state, known, seen, sample_weight=ops.cast(real, seen.dtype)
                )
                for metric, state, (known, seen) in zip(self.items, states, inputs, strict=True)
            ]

    def build(self):
        """Create the variables of the metrics, because a compiled call cannot create them.

        Raises
        ------
        ValueError
            If a metric does not accept the targets, or does not return a scalar.
        """
        with self.precision():
            inputs = self.inputs(*self.any_inputs())
            for metric, pair in zip(self.items, inputs, strict=True):
                before = [(variable, _value(variable)) for variable in metric.variables]
                _build(metric, *pair)
                metric.reset_state()
                # A custom metric may keep some of its values when it is reset.
                for variable, value in before:
                    variable.assign(value)
        self.first_values = [
            (variable, _value(variable)) for metric in self.items for variable in metric.variables
        ]
        for metric in self.items:
            if self._float64 and metric.dtype != self._float64:
                warnings.warn(
                    f"metrics contains {metric.name!r}, which computes in {metric.dtype}, but the "
                    "targets need float64 because of their offset or their scale. Add the "
                    "parameter `dtype` to the class of the metric and to its configuration.",
                    UserWarning,
                    stacklevel=2,
                )

    def any_inputs(self):
        """Return targets, predictions and units of two rows, as for `inputs`."""
        true = np.zeros((2, self._n_outputs), np.float32)
        if self._class_codes:
            true = np.zeros((2, len(self._groups)) if self._groups else 2, np.int32)
        predicted = np.full((2, self._n_outputs), 0.5, np.float32)
        one = np.ones(self._n_outputs, self._dtype)
        arrays = true, predicted, one, one, 0 * one
        true, predicted, *units = map(ops.convert_to_tensor, arrays)
        return true, predicted, units

    def read(self):
        """Return the values of the metrics by name, and reset them."""
        with self.precision():
            values = {
                metric.name: ops.convert_to_numpy(metric.result()).item() for metric in self.items
            }
        self.reset()
        return values

    def values_of(self, states):
        """Return the values of the metrics by name.

        Parameters
        ----------
        states : list of list of tensor
            The values of the variables of each metric.
        """
        with self.precision():
            return {
                metric.name: ops.convert_to_numpy(metric.stateless_result(state)).item()
                for metric, state in zip(self.items, states, strict=True)
            }

    def reset(self):
        """Reset the metrics."""
        with self.precision():
            for metric in self.items:
                metric.reset_state()

    def restore(self):
        """Reset the metrics, also in what a custom metric keeps when it is reset."""
        with self.precision():
            for variable, value in self.first_values:
                variable.assign(value)
        self.reset()

    def _make(self, metric):
        """Return a new Keras metric, and the form in which it needs its inputs."""
        if isinstance(metric, str) and metric in ("accuracy", "acc"):
            return self._make_accuracy(metric), "given"
        if self._groups:
            raise ValueError(
                f"metrics contains {metric!r}, but if y has several columns of class labels, only "
                "'accuracy' is available, the mean over the columns. For other scores, set monitor "
                "to a function of the estimator, X and y, or train one classifier for each column "
                "with sklearn.multioutput.MultiOutputClassifier."
            )
        # Keras would make an object of any class that a dict names.
        if not isinstance(metric, str | keras.metrics.Metric) and not callable(metric):
            raise _not_a_metric(metric)
        try:
            found = keras.metrics.get(metric)
        except (ValueError, TypeError) as error:
            raise _not_a_metric(metric) from error
        form = self._form_of(found)
        name = metric if isinstance(metric, str) else _name_of(found)
        if not isinstance(found, keras.metrics.Metric):
            function = _as_function(found)
            return keras.metrics.MeanMetricWrapper(function, name=name, dtype=self._float64), form
        try:
            new = rebuild_whole(found, {"name": name, **self._changes(found.get_config())})
        except ValueError as error:
            raise ValueError(f"metrics contains a metric that cannot be used: {error}") from error
        # A class that does not accept a name has chosen one itself.
        new.name = name
        return new, form

    def _changes(self, config):
        """Return the items of the configuration of a metric that must be different."""
        changes = {}
        if self._float64 and "dtype" in config:
            changes["dtype"] = self._float64
        is_probability = self._n_outputs == 1 or self._is_multilabel
        if is_probability and config.get("threshold", 0) is None:
            # The largest of several outputs is the predicted class, but a single one is a
            # probability, and so is that of each label.
            changes["threshold"] = 0.5
        return changes

    def _form_of(self, found):
        """Return the form in which a metric needs its inputs.

        Returns
        -------
        str
            "codes" or "indicators" if targets must be converted to class codes or to an indicator
            column per class, "centred" if the offset must be left out, and otherwise "given".
        """
        kind = type(found) if isinstance(found, keras.metrics.Metric) else found
        if not str(getattr(kind, "__module__", "")).startswith("keras."):
            return "given"
        if not self._is_classifier:
            # R2 is computed from sums of squares, in which a large offset hides the spread. It does
            # not depend on the offset.
            return "centred" if kind is keras.metrics.R2Score else "given"
        name = _name_of(kind).lower().replace("_", "")
        if self._is_multilabel and name.startswith("sparse"):
            raise ValueError(
                f"metrics contains {_name_of(found)!r}, which compares the code of one class, but "
                "y is an indicator matrix of several labels. Use 'accuracy' or another metric of "
                "0 and 1."
            )
        if name.startswith("sparse"):
            return "given" if self._class_codes else "codes"
        if self._n_outputs > 1 and not self._class_codes:
            return "given"
        one_column_per_class = self._class_codes or "categorical" in name or "onehot" in name
        return "indicators" if one_column_per_class else "given"

    def _make_accuracy(self, name):
        """Return the accuracy, which has the same meaning as in `keras.Model.compile`."""
        kind = keras.metrics.CategoricalAccuracy
        if self._groups:
            kind = keras.metrics.Accuracy
        elif self._class_codes:
            kind = keras.metrics.SparseCategoricalAccuracy
        elif self._n_outputs == 1 or self._is_multilabel:
            kind = keras.metrics.BinaryAccuracy
        return kind(name=name, dtype=self._float64)

    @property
    def _float64(self):
        return "float64" if self._dtype == "float64" else None


def _not_a_metric(metric):
    return ValueError(f"metrics contains {metric!r}, which is not a Keras metric.")


def _name_of(metric):
    """Return the name of a metric, of a function, of that in a partial, or of an object's class."""
    if isinstance(metric, keras.metrics.Metric):
        return metric.name
    while isinstance(metric, partial):
        metric = metric.func
    return getattr(metric, "__name__", type(metric).__name__)


def _as_function(found):
    """Return a function that calls an object, because Keras accepts only hashable callables."""
    if isinstance(found, FunctionType):
        return found
    return lambda true, predicted: found(true, predicted)


def _value(variable):
    return np.array(ops.convert_to_numpy(variable))


# The names of other entries in the history, some with the prefix "val_".
_OTHER_ENTRIES = ("loss", "learning_rate", "score")


def _check_names(names):
    for i, name in enumerate(names):
        if name in _OTHER_ENTRIES or name.startswith("val_") or name in names[:i]:
            raise ValueError(
                f"metrics contains a metric with the name {name!r}, but each name must be unique, "
                f"differ from {', '.join(map(repr, _OTHER_ENTRIES))} and not begin with 'val_', "
                "because history_ has one entry per name. Pass a Keras metric object with another "
                "`name`."
            )


def _as_form(form, true, predicted, class_codes):
    """Return the targets of classes in another form, and a predicted probability per class."""
    if form == "given":
        return true, predicted
    if predicted.shape[1] == 1:
        codes = ops.cast(true[:, 0], "int32")
        predicted = ops.concatenate([1 - predicted, predicted], axis=1)
    else:
        codes = true if class_codes else ops.argmax(true, axis=1)
    if form == "codes":
        return codes, predicted
    return ops.one_hot(codes, predicted.shape[1], dtype=predicted.dtype), predicted


def _build(metric, true, predicted):
    """Let a metric create its variables, and check its value."""
    try:
        metric.update_state(true, predicted)
        value = ops.convert_to_numpy(metric.result())
    except Exception as error:
        raise ValueError(
            f"metrics contains {metric.name!r}, which failed on targets of shape "
            f"{tuple(true.shape)} and outputs of shape {tuple(predicted.shape)} in "
            f"{keras.backend.standardize_dtype(predicted.dtype)}: {error}"
        ) from error
    if np.size(value) != 1:
        raise ValueError(
            f"Each of the metrics must return a scalar; {metric.name!r} returns an array of shape "
            f"{value.shape}. Metrics of Keras that have a parameter `average`, such as "
            "keras.metrics.F1Score, return a scalar with average='macro'."
        )
