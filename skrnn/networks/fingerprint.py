"""Describe Keras objects and functions, to find out which fits can share a compiled program.

Two fits share a program only if the descriptions of everything that it contains are equal.
"""

import hashlib
import inspect
import json
import re
from types import CodeType, EllipsisType, FunctionType, ModuleType

import keras
import numpy as np

from skrnn.networks.keras_objects import PLAIN_TYPES

# Dicts that every layer has, in which the framework keeps its records, such as PyTorch's hooks.
_RECORDS = {
    name for name, value in vars(keras.layers.Layer(name="bare")).items() if isinstance(value, dict)
}


# Classes and compiled functions of these packages are described by their names, and the globals
# of their functions are not.
_LIBRARIES = (
    "builtins",
    "functools",
    "jax",
    "keras",
    "math",
    "numpy",
    "scipy",
    "sklearn",
    "skrnn",
    "tensorflow",
    "torch",
    "typing",
)
# Attributes of a class that do not affect what its layers compute.
_NOT_BEHAVIOUR = {
    "__annotations__",
    "__doc__",
    "__firstlineno__",
    "__module__",
    "__qualname__",
    "__slotnames__",
    "__static_attributes__",
    "__weakref__",
    "__dict__",
    "_abc_impl",
}


def describe(thing):
    """Return a hashable value that is equal for things that would compile to the same program.

    Keras objects are compared by their class, their configuration and the other values that they
    hold. The configuration alone is not enough: some configurations leave out values that matter
    (that of `keras.losses.Huber` has no ``delta``), and all of them contain the name of a function
    but not its code.
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
    """Return a text that describes the plain values, dicts and functions that an object holds.

    Names and paths are left out, because Keras adds consecutive numbers to them.
    """
    held = {
        name: _describe_value(value)
        for name, value in vars(thing).items()
        if _distinguishes(name, value, type(thing))
    }
    return json.dumps(held, sort_keys=True)


def _distinguishes(name, value, kind):
    if isinstance(value, FunctionType):
        # Keras wraps some methods, and stores each as an attribute with the name of the method.
        return not hasattr(kind, name)
    if isinstance(value, (*PLAIN_TYPES, dict)):
        return name not in _RECORDS and not re.search("name|path", name)
    # Keras' other objects (variables, trackers, policies) are in the configuration.
    own = not name.startswith("_") and not type(value).__module__.startswith(
        ("keras", "tensorflow", "jax", "torch")
    )
    return isinstance(value, np.ndarray) or own


def _describe_function(function, seen=()):
    """Describe a function by its code, its closure, its defaults and the globals that it reads."""
    title = f"{function.__module__}.{function.__qualname__}"
    if function in seen:
        return title
    seen = (*seen, function)
    names, cells = function.__code__.co_freevars, function.__closure__ or ()
    # Methods that call super() close over their class.
    held = [c.cell_contents for n, c in zip(names, cells, strict=True) if n != "__class__"]
    held += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).items()]
    if not _is_of_library(function.__module__):
        names = sorted(_names_in(function.__code__) & function.__globals__.keys())
        held += [(name, function.__globals__[name]) for name in names]
    code = hashlib.sha256(_describe_code(function.__code__).encode()).hexdigest()
    return f"{title} {code} {_describe_value(held, seen)}"


def _describe_code(code):
    """Return a text that describes code and, unlike marshal's, is equal in all processes."""
    constants = [
        _describe_code(item) if isinstance(item, CodeType) else _describe_value(item)
        for item in code.co_consts
    ]
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    return f"{code.co_code.hex()} {constants} {names} {counts}"


def _names_in(code):
    """Return the names that code, and the functions defined in it, may read from globals."""
    inner = [item for item in code.co_consts if isinstance(item, CodeType)]
    return set(code.co_names).union(*map(_names_in, inner))


def _describe_value(value, seen=()):
    if isinstance(value, FunctionType):
        return _describe_function(value, seen)
    if isinstance(value, ModuleType):
        return value.__name__
    if inspect.isclass(value):
        return describe_class(value, seen)
    if isinstance(value, list | tuple):
        return str([_describe_value(item, seen) for item in value])
    if isinstance(value, set | frozenset):
        return str(sorted(_describe_value(item, seen) for item in value))
    if isinstance(value, dict):
        return str({name: _describe_value(item, seen) for name, item in value.items()})
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    name, module = getattr(value, "__name__", None), getattr(value, "__module__", None)
    if name is not None and _is_of_library(module):
        return f"{module}.{name}"
    # Ids are safe to compare, because a program keeps alive all objects that it was compiled from.
    plain = isinstance(value, (*PLAIN_TYPES, bytes, complex, EllipsisType))
    return repr(value) if plain else f"{type(value).__qualname__}@{id(value)}"


def _is_of_library(module):
    return (module or "").split(".")[0] in _LIBRARIES


def describe_class(kind, seen=()):
    """Return a text with the names of a class and its bases, and the members of custom ones.

    The members are included because a class may be defined again under the same name. The text is
    the same in every process, unless a class holds objects that can only be compared by identity.
    """
    text = []
    for base in kind.__mro__:
        text.append(f"{base.__module__}.{base.__qualname__}")
        if base not in seen and not _is_of_library(base.__module__):
            members = vars(base).items()
            described = (*seen, base)
            text += [
                f"{name}={_describe_member(member, described)}"
                for name, member in members
                if name not in _NOT_BEHAVIOUR
            ]
    return " ".join(text)


def _describe_member(member, seen):
    """Return a description of a method, property or value of a class."""
    if isinstance(member, property):
        parts = member.fget, member.fset, member.fdel
        return str([_describe_member(part, seen) for part in parts])
    if inspect.isgetsetdescriptor(member) or inspect.ismemberdescriptor(member):
        return type(member).__name__
    # A static method or a class method is described by the function that it contains.
    return _describe_value(getattr(member, "__func__", member), seen)
