"""Keras names and objects that users pass in: described for comparison, rebuilt for use.

A user's optimizer, loss, metric or callback is a description. What trains is always a new object
built from it, so that one optimizer serves two fits and a grid search may share them.
"""

import copy
import inspect
import json
from functools import partial

import keras

__all__ = ["copy_callbacks", "describe", "make_loss", "make_metrics", "make_optimizer"]


def describe(thing):
    """Something hashable that is equal for things that would compile to the same program.

    Keras objects are told apart by class, configuration and plain attributes: the attributes
    because some configurations leave out what matters (that of `keras.losses.Huber` has no
    ``delta``).
    """
    if isinstance(thing, (list, tuple)):
        return tuple(describe(item) for item in thing)
    if inspect.isclass(thing) or not hasattr(thing, "get_config"):
        return thing
    plain = {
        name: value
        for name, value in vars(thing).items()
        if isinstance(value, (bool, int, float, str, dict, tuple)) and "name" not in name
    }
    config = {name: value for name, value in thing.get_config().items() if name != "name"}
    return type(thing), json.dumps([config, plain], default=repr, sort_keys=True)


def make_optimizer(optimizer, global_clipnorm):
    """Return a new optimizer like `optimizer`, clipped by `global_clipnorm` if not in its own way.

    Raises
    ------
    ValueError
        If `optimizer` is neither a Keras name nor a Keras optimizer.
    """
    template = optimizer() if inspect.isclass(optimizer) else optimizer
    try:
        template = keras.optimizers.get(template)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"optimizer must be the name of a Keras optimizer or a keras.optimizers.Optimizer, "
            f"got {optimizer!r}."
        ) from error
    config = template.get_config()
    clips = ("clipnorm", "clipvalue", "global_clipnorm")
    if not any(config.get(name) for name in clips):
        config["global_clipnorm"] = global_clipnorm
    return type(template).from_config(config)


def make_loss(loss):
    """Return a function of (true, predicted) with one value a target, and what it wants predicted.

    Returns
    -------
    function : callable
    from_logits : bool
        True: it takes the output before its activation, which is exact where the activated
        output would round to 0 or 1.

    Raises
    ------
    ValueError
        If `loss` is neither a Keras name, a Keras loss nor a callable.
    """
    try:
        found = keras.losses.get(loss)
    except ValueError as error:
        raise ValueError(
            f"loss must be 'auto', the name of a Keras loss, a keras.losses.Loss or a callable, "
            f"got {loss!r}."
        ) from error
    if isinstance(found, keras.losses.Loss):
        config = found.get_config()
        if "from_logits" not in config:
            return found.call, False
        return type(found).from_config({**config, "from_logits": True}).call, True
    if "from_logits" in inspect.signature(found).parameters:
        return partial(found, from_logits=True), True
    return found, False


def make_metrics(metrics, *, sparse, n_outputs):
    """Return new Keras metrics, with "accuracy" read as `keras.Model.compile` reads it.

    Parameters
    ----------
    metrics : tuple of str, keras.metrics.Metric or callable
    sparse : bool
        Whether targets are class numbers.
    n_outputs : int

    Raises
    ------
    ValueError
        If a name is unknown to Keras.
    """
    return [_make_metric(metric, sparse, n_outputs) for metric in metrics]


def _make_metric(metric, sparse, n_outputs):
    if metric in ("accuracy", "acc"):
        if sparse:
            return keras.metrics.SparseCategoricalAccuracy(name=metric)
        if n_outputs == 1:
            return keras.metrics.BinaryAccuracy(name=metric)
        return keras.metrics.CategoricalAccuracy(name=metric)
    try:
        found = keras.metrics.get(metric)
    except (ValueError, TypeError) as error:
        raise ValueError(f"metrics holds {metric!r}, which is no Keras metric.") from error
    if isinstance(found, keras.metrics.Metric):
        name = metric if isinstance(metric, str) else found.name
        return type(found).from_config({**found.get_config(), "name": name})
    name = metric if isinstance(metric, str) else found.__name__
    return keras.metrics.MeanMetricWrapper(found, name=name)


def copy_callbacks(callbacks):
    """Return new Keras callbacks: classes are called, objects copied.

    Raises
    ------
    TypeError
        If one is not a Keras callback.
    """
    copies = [
        callback() if inspect.isclass(callback) else copy.deepcopy(callback)
        for callback in callbacks
    ]
    for callback in copies:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                "callbacks must hold keras.callbacks.Callback objects or classes, "
                f"got {callback!r}."
            )
    return copies
