"""Convert values of registered classes to dicts, and back."""

from dataclasses import fields, is_dataclass
from functools import singledispatch

# The entry of a dict that names the kind of the value that the dict stands for.
_KIND = "_skrnn_kind"
_READERS = {}


class UnreadableValueError(ValueError):
    """A stored value has other fields than this version of skrnn reads."""


@singledispatch
def as_plain(value):
    """Return a dict for a value of a registered class; all other values are returned unchanged."""
    return value


def store_as(kind, cls, as_fields, from_fields):
    """Register how values of a class are stored as a dict.

    Parameters
    ----------
    kind : str
        The name of the kind of value in the dict. It must not change, unlike the name of the class.
    cls : type
        The class. Its subclasses are stored in the same way.
    as_fields : callable
        Returns the fields of a value by name, or None if the value cannot be stored as a dict.
    from_fields : callable
        Makes the value from its fields, or raises KeyError, TypeError or ValueError. It must not
        run or import anything that a field names.
    """

    def as_dict(value):
        content = as_fields(value)
        if content is None:
            return value
        return {_KIND: kind, **{name: as_plain(item) for name, item in content.items()}}

    as_plain.register(cls, as_dict)
    _READERS[kind] = from_fields


def stored_as_dict(cls):
    """Store the values of a class as dicts of their attributes; a decorator of the class.

    The attributes are the fields of a dataclass, or the annotated names of any other class.

    Examples
    --------
    >>> @stored_as_dict
    ... class Point:
    ...     x: float
    >>> point = Point()
    >>> point.x = 1.5
    >>> from_plain(as_plain(point)).x
    1.5
    """
    names = {item.name for item in fields(cls)} if is_dataclass(cls) else set(cls.__annotations__)

    def from_fields(content):
        if content.keys() != names:
            raise ValueError(f"the fields are {sorted(content)}, expected {sorted(names)}")
        value = object.__new__(cls)
        vars(value).update(content)
        return value

    store_as(cls.__name__, cls, vars, from_fields)
    return cls


def from_plain(value):
    """Return the value that `as_plain` was called with.

    Raises
    ------
    UnreadableValueError
        If a dict is of an unknown kind, or if its fields are not valid.
    """
    if type(value) in (tuple, list):
        changed = any(isinstance(item, dict | tuple) for item in _examples(value))
        return type(value)(map(from_plain, value)) if changed else value
    if not isinstance(value, dict) or _KIND not in value:
        return value
    kind = value[_KIND]
    if kind not in _READERS:
        raise UnreadableValueError(f"{kind!r} is an unknown kind of value")
    content = {name: from_plain(item) for name, item in value.items() if name != _KIND}
    try:
        return _READERS[kind](content)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableValueError(f"{kind!r} cannot be read: {error}") from error


@as_plain.register(tuple)
@as_plain.register(list)
def _items_as_plain(items):
    if type(items) not in (tuple, list):  # a named tuple, for example
        return items
    unchanged = as_plain.dispatch(object)
    changed = any(as_plain.dispatch(type(item)) is not unchanged for item in _examples(items))
    return type(items)(map(as_plain, items)) if changed else items


def _examples(items):
    """Return the items of a tuple, or the first one of a list, which may be long."""
    return items if isinstance(items, tuple) else items[:1]
