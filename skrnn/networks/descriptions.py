"""Keras names and objects that users pass in: described for comparison, rebuilt for use.

A user's optimizer, loss, metric or callback is a description. What trains is always a new object
built from it, so that one optimizer serves two fits and a grid search may share them.
"""

import copy
import inspect
import json
from functools import lru_cache, partial
from typing import NamedTuple

import keras

__all__ = ["Recipe", "copy_callbacks", "describe", "make_loss", "make_metrics", "read_optimizer"]


class Recipe(NamedTuple):
    """How to make a Keras object: equal recipes make equal objects.

    Parameters
    ----------
    kind : type
    config : str
        The configuration as JSON.
    """

    kind: type
    config: str

    def make(self):
        """Return a new object."""
        return self.kind.from_config(json.loads(self.config))


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


def read_optimizer(optimizer, learning_rate, global_clipnorm):
    """Return an optimizer's class and configuration as `Recipe`, and its learning rate apart.

    Rates are told apart from the rest because a program does not bake them in.

    Parameters
    ----------
    optimizer : str, keras.optimizers.Optimizer or class of one
    learning_rate : float or None
        None: the optimizer's own.
    global_clipnorm : float or None
        For an optimizer that has no clipping of its own.

    Returns
    -------
    recipe : Recipe
    rate : float or None
        None: the rate follows a schedule, which is in the recipe.

    Raises
    ------
    ValueError
        If `optimizer` is none.
    """
    kind, config = _optimizer_config(optimizer)
    if not any(config.get(name) for name in ("clipnorm", "clipvalue", "global_clipnorm")):
        config["global_clipnorm"] = global_clipnorm
    rate = config["learning_rate"] if learning_rate is None else learning_rate
    if isinstance(rate, dict):
        return Recipe(kind, json.dumps(config, sort_keys=True)), None
    config["learning_rate"] = 0.0
    return Recipe(kind, json.dumps(config, sort_keys=True)), float(rate)


def _optimizer_config(optimizer):
    if isinstance(optimizer, str) or inspect.isclass(optimizer):
        optimizer = _default_optimizer(optimizer)
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise ValueError(
            "optimizer must be the name of a Keras optimizer or a keras.optimizers.Optimizer, "
            f"got {optimizer!r}."
        )
    config = {name: value for name, value in optimizer.get_config().items() if name != "name"}
    return type(optimizer), config


# A new optimizer has variables, and TensorFlow keeps some memory of each.
@lru_cache(maxsize=64)
def _default_optimizer(name_or_class):
    if inspect.isclass(name_or_class):
        return name_or_class()
    try:
        return keras.optimizers.get(name_or_class)
    except (ValueError, TypeError):
        return name_or_class


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
