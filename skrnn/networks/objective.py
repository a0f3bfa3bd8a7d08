"""The loss and the metrics of a network, with weights and units, the same on every backend."""

import inspect
from functools import partial
from types import FunctionType

import keras
import numpy as np
from keras import ops

from skrnn.networks.fingerprint import describe, settings
from skrnn.networks.fingerprint.libraries import library_name
from skrnn.networks.keras_objects import rebuild_whole


class Objective:
    """The loss of a network and the metrics that are reported next to it.

    Parameters
    ----------
    spec : NetworkSpec
    training : TrainingSpec
    class_codes : bool
        Whether targets are class codes.

    Attributes
    ----------
    metrics : list of keras.metrics.Metric

    Raises
    ------
    ValueError
        If Keras does not know the loss or a metric.
    """

    def __init__(self, spec, training, *, class_codes):
        self._class_codes = class_codes
        self._n_outputs = spec.n_outputs
        self._activation = keras.activations.get(spec.output_activation)
        self._loss, self._from_logits = make_loss(training.loss)
        self.metrics = make_metrics(
            training.metrics, class_codes=class_codes, n_outputs=spec.n_outputs
        )

    def weighted_losses(self, true, raw, weights):
        """Return the weighted loss of each target, and the predictions.

        Parameters
        ----------
        true : tensor of shape (n_targets,) or (n_targets, n_outputs)
            The targets of the network.
        raw : tensor of shape (n_targets, n_outputs)
            The outputs before their activation.
        weights : tensor of shape (n_targets,)
        """
        predicted = self._activation(raw)
        losses = self._loss(true, raw if self._from_logits else predicted)
        return _one_per_target(losses) * weights, predicted

    def in_user_units(self, true, predicted, scale, offset):
        """Return targets and predictions in the units of the user; class codes are unchanged."""
        if self._class_codes:
            return true, predicted
        return true * scale + offset, predicted * scale + offset

    def build_metrics(self):
        """Create the variables of the metrics, because a compiled call cannot create them.

        Raises
        ------
        ValueError
            If a metric does not return a scalar.
        """
        true = np.zeros((1, self._n_outputs), np.float32)
        if self._class_codes:
            true = np.zeros(1, np.int32)
        for metric in self.metrics:
            before = [(variable, _value(variable)) for variable in metric.variables]
            metric.update_state(true, np.full((1, self._n_outputs), 0.5, np.float32))
            if np.size(ops.convert_to_numpy(metric.result())) != 1:
                raise ValueError(
                    f"Each of the metrics must return a scalar; {metric.name!r} returns an array."
                )
            metric.reset_state()
            # A custom metric may keep some of its values when it is reset.
            for variable, value in before:
                variable.assign(value)

    def metric_state(self):
        """Return the variables of the metrics, each with its present value."""
        variables = [variable for metric in self.metrics for variable in metric.variables]
        return [(variable, _value(variable)) for variable in variables]


def _value(variable):
    return np.array(ops.convert_to_numpy(variable))


def _one_per_target(losses):
    n_dimensions = len(losses.shape)
    if n_dimensions == 0:
        raise ValueError(
            "loss must return one value per target, got one value for all of them. Remove the "
            "average or the sum over the targets."
        )
    if n_dimensions == 1:
        return losses
    return ops.mean(losses, axis=tuple(range(1, n_dimensions)))


def describe_objective(training):
    """Return a description of the loss and the metrics; equal ones are compiled to equal programs.

    Parameters
    ----------
    training : TrainingSpec
    """
    names = [getattr(metric, "name", None) for metric in training.metrics]
    loss, *metrics = (
        keras.saving.deserialize_keras_object(one) if isinstance(one, dict) else one
        for one in (training.loss, *training.metrics)
    )
    return describe((loss, *metrics, names, settings()))


def make_loss(loss):
    """Return a loss as a function of (true, predicted) that returns one value per target.

    Returns
    -------
    function : callable
    from_logits : bool
        Whether the function takes the output before its activation. The loss is then exact even
        if the output after its activation would be rounded to 0 or 1.

    Raises
    ------
    ValueError
        If `loss` is not a Keras name, a Keras loss or a callable.
    """
    try:
        found = keras.losses.get(loss)
    except ValueError as error:
        raise ValueError(
            f"loss must be 'auto', the name of a Keras loss, a keras.losses.Loss or a callable, "
            f"got {loss!r}."
        ) from error
    if isinstance(found, keras.losses.Loss):
        return _loss_of_object(found)
    if "from_logits" in inspect.signature(found).parameters:
        return partial(found, from_logits=True), True
    return found, False


def _loss_of_object(loss):
    """Return the function of a `keras.losses.Loss`, and whether it takes logits."""
    takes_logits = loss.get_config().get("from_logits")
    # A method of the user may rely on probabilities.
    if takes_logits is None or takes_logits or library_name(type(loss).call) is None:
        return loss.call, bool(takes_logits)
    try:
        return rebuild_whole(loss, {"from_logits": True}).call, True
    except ValueError:
        # The loss is only less exact if it takes probabilities.
        return loss.call, False


def make_metrics(metrics, *, class_codes, n_outputs):
    """Return new Keras metrics; "accuracy" has the same meaning as in `keras.Model.compile`.

    Parameters
    ----------
    metrics : tuple of str, keras.metrics.Metric or callable
    class_codes : bool
        Whether targets are class codes.
    n_outputs : int

    Raises
    ------
    ValueError
        If one of the metrics is not a Keras metric, or cannot be made again from its configuration.
    """
    return [_make_metric(metric, class_codes, n_outputs) for metric in metrics]


def _make_metric(metric, class_codes, n_outputs):
    if isinstance(metric, str) and metric in ("accuracy", "acc"):
        if class_codes:
            return keras.metrics.SparseCategoricalAccuracy(name=metric)
        if n_outputs == 1:
            return keras.metrics.BinaryAccuracy(name=metric)
        return keras.metrics.CategoricalAccuracy(name=metric)
    try:
        found = keras.metrics.get(metric)
    except (ValueError, TypeError) as error:
        raise ValueError(f"metrics contains {metric!r}, which is not a Keras metric.") from error
    if not isinstance(found, keras.metrics.Metric):
        name = metric if isinstance(metric, str) else _name_of(found)
        return keras.metrics.MeanMetricWrapper(_as_function(found), name=name)
    name = metric if isinstance(metric, str) else found.name
    try:
        new = rebuild_whole(found, {"name": name})
    except ValueError as error:
        raise ValueError(f"metrics contains a metric that cannot be used: {error}") from error
    # A class that does not accept a name has chosen one itself.
    new.name = name
    return new


def _name_of(function):
    """Return the name of a function, of the function in a partial, or of an object's class."""
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__name__", type(function).__name__)


def _as_function(found):
    """Return a function that calls an object; Keras takes only things that have a hash."""
    if isinstance(found, FunctionType):
        return found
    return lambda true, predicted: found(true, predicted)
