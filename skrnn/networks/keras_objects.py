"""Make new Keras objects from those that a user has passed.

An optimizer, loss, metric or callback of the user serves only as a description. Training always
uses a new object made from it, so that several fits, such as those of a grid search, can share it.
"""

import copy
import inspect
from types import FunctionType

import keras
import numpy as np

from skrnn.networks.fingerprint import describe, is_complete, may_be_equal
from skrnn.networks.fingerprint.keras_state import as_array, attributes, is_tensor
from skrnn.networks.fingerprint.libraries import is_library

# Parameters of the base classes of Keras, which a class of the user need not accept.
_OPTIONAL = ("name", "dtype")
# Attributes that Keras sets when an object is used for the first time.
_SET_LATER = ("_built", "_build_input_shape")
# Objects whose values change while a network is used.
_STATEFUL = (
    keras.Variable,
    keras.layers.Layer,
    keras.metrics.Metric,
    keras.random.SeedGenerator,
)


def _rebuild(thing, config):
    """Return a new object of the same class; functions and classes need not be registered."""
    own = {}
    for value in vars(thing).values():
        if isinstance(value, FunctionType):
            own[value.__name__] = value
        elif hasattr(value, "get_config"):
            own[type(value).__name__] = type(value)
    kind = type(thing)
    with keras.saving.custom_object_scope(own):
        try:
            return kind.from_config(config)
        except (TypeError, NotImplementedError) as error:
            accepted = _accepted(kind, config)
            if accepted.keys() == config.keys():
                raise ValueError(_cannot_be_rebuilt(thing, f"{config}: {error}")) from error
            return _rebuild(thing, accepted)


def _accepted(kind, config):
    """Return a configuration without the general parameters that a class does not accept."""
    parameters = inspect.signature(kind).parameters
    left_out = {name for name in _OPTIONAL if name not in parameters}
    return {name: value for name, value in config.items() if name not in left_out}


def _cannot_be_rebuilt(thing, reason):
    kind = type(thing).__name__
    return (
        f"{thing!r} cannot be made again from its configuration {reason}. Define "
        f"{kind}.get_config so that it returns all parameters of {kind}.__init__."
    )


def rebuild_whole(thing, changes=None, *, without=()):
    """Return a copy of a Keras object with the values that its configuration leaves out.

    Parameters
    ----------
    thing : Keras object
    changes : dict or None
        The items of the configuration that are to be different.
    without : tuple of str
        The names of items of the configuration that are not used.

    Raises
    ------
    ValueError
        If the object cannot be made from its configuration, or if the configuration leaves out
        values that cannot be copied.
    """
    changes = changes or {}
    config = {name: value for name, value in thing.get_config().items() if name not in without}
    new = twin = _rebuild(thing, config | changes)
    if not isinstance(thing, keras.layers.Layer) and changes.keys() - {"name"}:
        twin = _rebuild(thing, config)
    for name in _left_out(thing, twin, {"name", *changes}):
        value, found = vars(thing)[name], vars(new).get(name)
        changed = twin is not new and not _equal(vars(twin).get(name), found)
        if changed or _holds_state(value) or _holds_state(found):
            raise ValueError(_cannot_be_rebuilt(thing, f"because it leaves out {name!r}"))
        setattr(new, name, _copy(value))
    _copy_constants(thing, new)
    return new


def _left_out(thing, twin, changed):
    """Return the names of the attributes that a twin, made from the configuration, lacks."""
    held, found = attributes(thing), attributes(twin)
    names = [name for name in held if name.lstrip("_") not in changed and name not in _SET_LATER]
    if is_library(type(thing).__module__) or isinstance(thing, keras.layers.Layer):
        # What Keras creates when the object is used for the first time is not configured.
        names = [name for name in names if not _holds_state(held[name])]
    if "dtype" in changed:
        names = [name for name in names if name != "_dtype_policy"]
    return [name for name in names if name not in found or not _equal(held[name], found[name])]


def _equal(one, other):
    state = [*_variables_in(one), *_variables_in(other)]
    first, second = describe(one, state), describe(other, state)
    if is_complete(first) and first == second:
        return True
    # The twin may have another precision.
    arrays = [as_array(value) for value in (one, other) if is_tensor(value)]
    return len(arrays) == 2 and np.array_equal(*arrays)


def _variables_in(value):
    return [item for item in keras.tree.flatten(value) if isinstance(item, keras.Variable)]


def _holds_state(value):
    return any(isinstance(item, _STATEFUL) for item in keras.tree.flatten(value))


def _copy(value):
    """Return a copy that later changes of the original do not affect, if there can be one."""
    try:
        copied = copy.deepcopy(value)
    except Exception:
        # Any class may refuse to be copied. What cannot be copied is not shared between fits.
        return value
    return copied if may_be_equal(describe(copied), describe(value)) else value


def _copy_constants(thing, new):
    """Copy the values of the variables of a custom object that are not trained."""
    if is_library(type(thing).__module__):
        return
    old, fresh = (getattr(one, "variables", []) for one in (thing, new))
    if [variable.shape for variable in old] != [variable.shape for variable in fresh]:
        return
    for variable, copied in zip(old, fresh, strict=True):
        if not copied.trainable and copied.name != "seed_generator_state":
            copied.assign(keras.ops.convert_to_numpy(variable))


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
