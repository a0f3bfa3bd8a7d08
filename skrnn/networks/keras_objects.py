"""Make new Keras objects from those that a user has passed.

An optimizer, loss, metric or callback of the user serves only as a description. Training always
uses a new object made from it, so that several fits, such as those of a grid search, can share it.
"""

import copy
import inspect
from types import FunctionType, NoneType

import keras
import numpy as np

PLAIN_TYPES = (bool, int, float, str, NoneType)


def rebuild(thing, config):
    """Return a new object of the same class; functions and classes need not be registered."""
    own = {}
    for value in vars(thing).values():
        if isinstance(value, FunctionType):
            own[value.__name__] = value
        elif hasattr(value, "get_config"):
            own[type(value).__name__] = type(value)
    with keras.saving.custom_object_scope(own):
        return type(thing).from_config(config)


def rebuild_whole(thing, config):
    """Rebuild an object, and copy the values that its configuration leaves out."""
    new = rebuild(thing, config)
    for name, value in vars(thing).items():
        plain = isinstance(value, (*PLAIN_TYPES, list, tuple, np.ndarray))
        if plain and name not in (*config, "built", "name") and not name.startswith("_"):
            setattr(new, name, value)
    return new


def copy_callbacks(callbacks):
    """Return new Keras callbacks: a class is called, and an object is copied.

    Raises
    ------
    TypeError
        If an item is neither a Keras callback nor a class of Keras callbacks.
    """
    copies = [
        callback() if inspect.isclass(callback) else copy.deepcopy(callback)
        for callback in callbacks
    ]
    for callback in copies:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                "callbacks must contain keras.callbacks.Callback objects or classes, "
                f"got {callback!r}."
            )
    return copies
