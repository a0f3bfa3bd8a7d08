"""Find functions, classes and modules of known libraries, which are described by their names.

A name counts only if it leads back to the very same object, because users can replace functions of
a library, and can create functions and classes that only claim to be from a library.
"""

import sys
from types import ModuleType, NoneType

import numpy as np

# Packages whose functions do the same in every fit, apart from the settings in `settings`.
_LIBRARIES = {
    "_abc",
    "_collections",
    "_functools",
    "_operator",
    "_thread",
    "abc",
    "builtins",
    "cmath",
    "collections",
    "contextlib",
    "copy",
    "copyreg",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "inspect",
    "itertools",
    "jax",
    "jaxlib",
    "keras",
    "math",
    "ml_dtypes",
    "numbers",
    "numpy",
    "operator",
    "random",
    "reprlib",
    "scipy",
    "sklearn",
    "skrnn",
    "string",
    "tensorflow",
    "torch",
    "types",
    "typing",
    "warnings",
}
# Functions whose results depend on more than their arguments, such as files.
_READS_MORE = {
    "builtins": "__import__ breakpoint compile eval exec globals input open".split(),
    "numpy": ["fromfile", "genfromtxt", "load", "loadtxt", "memmap"],
    "keras.src.saving.saving_api": ["load_model"],
}


def is_library(module):
    """Return whether a module, by its name, belongs to a known library."""
    return isinstance(module, str) and module.split(".")[0] in _LIBRARIES


def library_name(thing):
    """Return the name of a function, class or module of a known library, or None.

    Parameters
    ----------
    thing : object

    Returns
    -------
    str or None
    """
    if isinstance(thing, ModuleType):
        name = thing.__name__
        return name if is_library(name) and sys.modules.get(name) is thing else None
    if isinstance(thing, np.ufunc):
        return _name_in("numpy scipy.special", thing.__name__, thing)
    module = getattr(thing, "__module__", None)
    if not is_library(module) or _is_bound(thing):
        return None
    names = [getattr(thing, name, None) for name in ("__qualname__", "__name__")]
    for name in names:
        if isinstance(name, str):
            found = _name_in(module, name, thing)
            if found is not None:
                return found
    return None


def _is_bound(thing):
    """Return whether a function is a method of an object, whose state then counts too."""
    owner = None if isinstance(thing, type) else getattr(thing, "__self__", None)
    return not isinstance(owner, ModuleType | type | NoneType)


def _name_in(modules, name, thing):
    """Return the dotted name in one of the modules that leads to a thing, or None."""
    for module in modules.split():
        found = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is thing and name not in _READS_MORE.get(module, ()):
            return f"{module}.{name}"
    return None


def reads_more(thing):
    """Return whether a function of a library depends on files or on the variables of its caller."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__name__", None)
    return isinstance(module, str) and name in _READS_MORE.get(module, ())
