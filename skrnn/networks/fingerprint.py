"""Descriptions of Keras objects and functions, which decide what may share a compiled program.

Two fits share a program only if everything that it contains has equal descriptions.
"""

import hashlib
import inspect
import json
import marshal
import re
from types import FunctionType

import keras
import numpy as np

from skrnn.networks.keras_objects import PLAIN_TYPES

# The framework's own records in every layer: PyTorch has parameters and hooks there.
_RECORDS = {
    name for name, value in vars(keras.layers.Layer(name="bare")).items() if isinstance(value, dict)
}


# The bases of all Keras layers are in these packages.
_FRAMEWORKS = ("builtins", "jax", "keras", "tensorflow", "torch")


def describe(thing):
    """Return a hashable value that is equal for things that would compile to the same program.

    Keras objects are distinguished by class, configuration and what else they hold, because some
    configurations leave out what matters (that of `keras.losses.Huber` has no ``delta``) and all
    name a function without its code.
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
    """Return as text the plain values, dicts of them and functions that an object holds.

    Names and paths are left out, because Keras numbers them.
    """
    held = {
        name: _describe_value(value)
        for name, value in vars(thing).items()
        if _distinguishes(name, value, type(thing))
    }
    return json.dumps(held, sort_keys=True)


def _distinguishes(name, value, kind):
    if isinstance(value, FunctionType):
        # Keras wraps some methods, as attributes of their names.
        return not hasattr(kind, name)
    if isinstance(value, (*PLAIN_TYPES, dict)):
        return name not in _RECORDS and not re.search("name|path", name)
    # Keras' other objects (variables, trackers, policies) are in the configuration.
    own = not name.startswith("_") and not type(value).__module__.startswith(
        ("keras", "tensorflow", "jax", "torch")
    )
    return isinstance(value, np.ndarray) or own


def _describe_function(function):
    """Describe a function by its code, its closure and its defaults."""
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    # Methods that call super() close over their class.
    held = [c.cell_contents for n, c in zip(names, cells, strict=True) if n != "__class__"]
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
    # An identity is safe: a program keeps alive everything that it was compiled from.
    return (
        repr(value) if isinstance(value, PLAIN_TYPES) else f"{type(value).__qualname__}@{id(value)}"
    )


def describe_class(kind):
    """Return the names of a class and its bases, and what those that are not Keras' own hold.

    A class may have been defined a second time under its name. The text is the same in every
    process, unless a class holds objects that can only be compared by identity.
    """
    text = []
    for base in kind.__mro__:
        text.append(f"{base.__module__}.{base.__qualname__}")
        if base.__module__.split(".")[0] not in _FRAMEWORKS:
            held = vars(base).items()
            text += [f"{name}={_describe_member(member)}" for name, member in held]
    return " ".join(text)


def _describe_member(member):
    """Return a description of a method, property or value of a class."""
    if isinstance(member, property):
        return str([_describe_member(part) for part in (member.fget, member.fset, member.fdel)])
    if inspect.isgetsetdescriptor(member) or inspect.ismemberdescriptor(member):
        return type(member).__name__
    # The function inside a static method or a class method.
    return _describe_value(getattr(member, "__func__", member))
