"""Keras names and objects that users pass in: described for comparison, rebuilt for use.

A user's optimizer, loss, metric or callback is a description. What trains is always a new object
built from it, so that one optimizer serves two fits and a grid search may share them.
"""

import copy
import hashlib
import inspect
import json
import marshal
import re
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import FunctionType, NoneType
from typing import Any

import keras
import numpy as np

__all__ = [
    "Recipe",
    "copy_callbacks",
    "describe",
    "describe_held",
    "make_loss",
    "make_metrics",
    "read_optimizer",
]

_PLAIN = (bool, int, float, str, NoneType)


def describe(thing):
    """Return something hashable, equal for things that would compile to the same program.

    Keras objects are told apart by class, configuration and what else they hold, since some
    configurations leave out what matters (that of `keras.losses.Huber` has no ``delta``) and all
    tell a function by its name alone.
    """
    if isinstance(thing, list | tuple):
        return tuple(describe(item) for item in thing)
    if isinstance(thing, FunctionType):
        return _describe_function(thing)
    if isinstance(thing, str) or inspect.isclass(thing) or not hasattr(thing, "__dict__"):
        return thing
    if not hasattr(thing, "get_config"):
        return type(thing), id(thing), describe_held(thing)
    config = {name: value for name, value in thing.get_config().items() if name != "name"}
    return type(thing), json.dumps(config, default=repr, sort_keys=True), describe_held(thing)


def describe_held(thing):
    """Return as text what plain values, dicts of them and functions an object holds.

    Names and paths aside: Keras numbers them.
    """
    held = {
        name: _describe_value(value)
        for name, value in vars(thing).items()
        if _tells_apart(name, value, type(thing))
    }
    return json.dumps(held, sort_keys=True)


def _tells_apart(name, value, kind):
    if isinstance(value, FunctionType):
        # Keras wraps some methods, as attributes of their names.
        return not hasattr(kind, name)
    if isinstance(value, (*_PLAIN, dict)):
        return not re.search("name|path", name)
    # What else is Keras' own (variables, trackers, policies) is in the configuration.
    own = not name.startswith("_") and not type(value).__module__.startswith(
        ("keras", "tensorflow", "jax", "torch")
    )
    return isinstance(value, np.ndarray) or own


def _describe_function(function):
    """Tell a function by its code and by the values it closes over or has as defaults."""
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    held += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).items()]
    code = hashlib.sha256(marshal.dumps(function.__code__)).hexdigest()
    return f"{function.__module__}.{function.__qualname__} {code} {_describe_value(held)}"


def _describe_value(value):
    if isinstance(value, FunctionType):
        return _describe_function(value)
    if isinstance(value, list | tuple):
        return str([_describe_value(item) for item in value])
    if isinstance(value, dict):
        return str({name: _describe_value(item) for name, item in value.items()})
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    # An identity is safe: as long as there is a program, so is what it was compiled from.
    return repr(value) if isinstance(value, _PLAIN) else f"{type(value).__qualname__}@{id(value)}"


@dataclass(frozen=True)
class Recipe:
    """How to make an optimizer: equal recipes make equal ones.

    Parameters
    ----------
    kind : type
    config : str
        The configuration as JSON.
    held : str
        What `describe_held` tells of its schedule.
    template : keras.optimizers.Optimizer
        One to make others like.
    """

    kind: type
    config: str
    held: str
    template: Any = field(compare=False)

    def make(self):
        """Return a new optimizer."""
        return _rebuild(self.template, json.loads(self.config))


def _rebuild(thing, config):
    """Return a new object like a Keras object, also if it holds what Keras has no name for."""
    own = {}
    for value in vars(thing).values():
        if isinstance(value, FunctionType):
            own[value.__name__] = value
        elif hasattr(value, "get_config"):
            own[type(value).__name__] = type(value)
    with keras.saving.custom_object_scope(own):
        return type(thing).from_config(config)


def _rebuild_whole(thing, config):
    """Rebuild, and carry over the values that the configuration leaves out."""
    new = _rebuild(thing, config)
    for name, value in vars(thing).items():
        plain = isinstance(value, (*_PLAIN, list, tuple, np.ndarray))
        if plain and name not in config and not name.startswith("_"):
            setattr(new, name, value)
    return new


def read_optimizer(optimizer, learning_rate, global_clipnorm):
    """Return an optimizer as `Recipe`, and its learning rate apart.

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
    template = optimizer
    if isinstance(optimizer, str) or inspect.isclass(optimizer):
        template = _default_optimizer(optimizer)
    if not isinstance(template, keras.optimizers.Optimizer):
        raise ValueError(
            "optimizer must be the name of a Keras optimizer or a keras.optimizers.Optimizer, "
            f"got {optimizer!r}."
        )
    config = {name: value for name, value in template.get_config().items() if name != "name"}
    if "learning_rate" not in config:
        raise ValueError(f"optimizer must have a learning rate of its own, got {optimizer!r}.")
    if not any(config.get(name) for name in ("clipnorm", "clipvalue", "global_clipnorm")):
        config["global_clipnorm"] = global_clipnorm
    rate, held = config["learning_rate"] if learning_rate is None else learning_rate, ""
    if isinstance(rate, dict):
        schedules = [value for value in vars(template).values() if _is_schedule(value)]
        rate, held = None, str([f"{id(type(s))} {describe_held(s)}" for s in schedules])
    else:
        config["learning_rate"] = 0.0
    recipe = Recipe(type(template), json.dumps(config, sort_keys=True), held, template)
    return recipe, None if rate is None else float(rate)


def _is_schedule(value):
    return isinstance(value, keras.optimizers.schedules.LearningRateSchedule)


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
        return _rebuild_whole(found, {**config, "from_logits": True}).call, True
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
        return _rebuild_whole(found, {**found.get_config(), "name": name})
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
