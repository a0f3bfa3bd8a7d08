"""Describe the code of a function, and find what it reads in addition to its arguments."""

import dis
import hashlib
from functools import lru_cache
from types import CodeType, ModuleType

from skrnn.networks.fingerprint.libraries import is_library

MISSING = "an undefined name"

_GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_CLOSURES = {"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"}
_ATTRIBUTES = {"LOAD_ATTR", "LOAD_METHOD"}


@lru_cache(maxsize=4096)
def code_digest(code):
    """Return a digest of code that, unlike marshal's, is equal in all processes.

    Parameters
    ----------
    code : code object

    Returns
    -------
    str
    """
    return hashlib.sha256(_code_text(code).encode()).hexdigest()


def _code_text(code):
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    handlers = code.co_exceptiontable.hex()
    constants = _constant_text(code.co_consts)
    return f"{code.co_code.hex()} {handlers} {constants} {names} {counts}"


def _constant_text(constant):
    """Return a text of a constant, with the elements of sets sorted."""
    if isinstance(constant, CodeType):
        return _code_text(constant)
    if isinstance(constant, tuple):
        return f"({', '.join(map(_constant_text, constant))})"
    if isinstance(constant, frozenset):
        return f"{{{', '.join(sorted(map(_constant_text, constant)))}}}"
    return f"{type(constant).__name__} {constant!r}"


def names_read(code):
    """Return the variables that code, and the functions defined in it, read from outside.

    Parameters
    ----------
    code : code object

    Returns
    -------
    list of (str, tuple of str)
        The name of each variable, and the attributes that are read directly from it. For the
        import of a module that is not of a known library, the name is empty.
    """
    return [(name, attributes) for name, attributes, _ in _reads(code)]


@lru_cache(maxsize=4096)
def _reads(code):
    """Return the names and attributes that code reads, and whether it is from its closure."""
    found, instructions = (
        [],
        [one for one in dis.get_instructions(code) if one.opname != "EXTENDED_ARG"],
    )
    for i, one in enumerate(instructions):
        if one.opname in _GLOBALS | _CLOSURES:
            attributes = _attributes(instructions[i + 1 :])
            found.append((one.argval, attributes, one.opname in _CLOSURES))
        elif one.opname == "IMPORT_NAME" and not is_library(one.argval):
            found.append(("", (one.argval,), False))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found += _reads(constant)
    # The closure of an inner function may be a local variable of this code.
    return tuple(
        dict.fromkeys(read for read in found if not read[2] or read[0] in code.co_freevars)
    )


def _attributes(instructions):
    names = []
    for one in instructions:
        if one.opname not in _ATTRIBUTES:
            break
        names.append(one.argval)
    return tuple(names)


def variables(function):
    """Return the variables that a function may read from its globals, builtins and closure.

    Parameters
    ----------
    function : function

    Returns
    -------
    dict of str to object
    """
    names = function.__code__.co_freevars
    held = {
        name: _content(cell) for name, cell in zip(names, function.__closure__ or (), strict=True)
    }
    for name, _ in names_read(function.__code__):
        if name and name not in held:
            builtin = function.__builtins__.get(name, MISSING)
            held[name] = function.__globals__.get(name, builtin)
    return held


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def follow(value, attributes):
    """Return the first value on a path of attributes that is not a module, and the path to it.

    Parameters
    ----------
    value : object
    attributes : tuple of str

    Returns
    -------
    value : object
    path : tuple of str
    """
    path = ()
    for name in attributes:
        if not isinstance(value, ModuleType):
            break
        value, path = getattr(value, name, MISSING), (*path, name)
    return value, path
