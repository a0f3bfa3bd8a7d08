"""Find where instances of a class keep values: attributes, slots, containers, hidden fields."""

import inspect
from collections import OrderedDict, defaultdict

import numpy as np

# Instances of these hold what they contain in addition to their attributes.
CONTAINERS = {
    OrderedDict: lambda value: dict(dict.items(value)),
    defaultdict: lambda value: dict(dict.items(value)),
    dict: lambda value: dict(dict.items(value)),
    list: lambda value: list(list.__iter__(value)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: set(frozenset.__iter__(value)),
    str: str.__str__,
    bytes: bytes.__bytes__,
    float: float.__float__,
    complex: complex.__complex__,
    int: int.__int__,
}
# The flag of classes that are not built into Python.
HEAP_TYPE = 1 << 9
# The flag of classes whose instances have their dict outside their own fields.
_MANAGED_DICT = 1 << 4


def slots(kind):
    """Yield the names and descriptors of the slots of a class."""
    for base in kind.__mro__:
        for name, member in vars(base).items():
            if inspect.ismemberdescriptor(member):
                yield name, member


def hides_state(kind, base):
    """Return whether instances have more fields than Python can read."""
    size = base.__basicsize__
    pointer = np.dtype(np.intp).itemsize
    size += pointer * sum(1 for _ in slots(kind))
    has_dict = kind.__dictoffset__ and not kind.__flags__ & _MANAGED_DICT
    size += pointer * (bool(has_dict) + (kind.__weakrefoffset__ > 0))
    return kind.__basicsize__ > size
