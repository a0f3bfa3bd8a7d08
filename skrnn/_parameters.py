"""Describe each parameter of an estimator once: its default, its constraint and its documentation.

An estimator class lists its parameters like the fields of a dataclass. From these fields,
`with_parameters` makes an ``__init__`` with keyword-only arguments, scikit-learn's table
``_parameter_constraints``, and the section "Parameters" of the docstring. A subclass inherits the
parameters of its base class, and may add or redefine some.
"""

import inspect
import re
import textwrap
from dataclasses import dataclass, field, fields
from functools import partial
from typing import dataclass_transform

_INDENT = " " * 4


def parameter(*, default, constraint, description, spec=None):
    """Describe a parameter, as the value of a field of a class.

    Parameters
    ----------
    default : object
    constraint : list or "no_validation"
        The accepted types and values, as in scikit-learn's ``_parameter_constraints``.
    description : str
        The entry in the docstring, with the type on the first line and the explanation after it.
    spec : callable, default=None
        The function that converts the parameter to the value of the field of the same name in a
        specification. If None, `as_spec` leaves out the parameter.
    """
    metadata = {"constraint": constraint, "description": description, "spec": spec}
    return field(default=default, metadata=metadata)


def inherited(cls, name, *, default, more="", also=()):
    """Describe a parameter as a base class does, with another default.

    Parameters
    ----------
    cls : type
        The base class.
    name : str
    default : object
    more : str, default=""
        What the description of the base class is continued with.
    also : sequence, default=()
        Further accepted types and values.
    """
    (found,) = (item for item in fields(cls) if item.name == name)
    described = textwrap.dedent(found.metadata["description"]) + textwrap.dedent(more)
    changed = {"description": described}
    if also:
        changed["constraint"] = [*found.metadata["constraint"], *also]
    return field(default=default, metadata={**found.metadata, **changed})


def unchanged(value):
    """Return the value itself: the `spec` of a parameter that is also a field."""
    return value


@dataclass_transform(
    eq_default=False, kw_only_default=True, field_specifiers=(parameter, inherited)
)
def with_parameters(cls):
    """Give a class the ``__init__``, the constraints and the docstring of its parameters.

    The line ``{parameters}`` in the docstring of the class is replaced by the entries of the
    parameters.
    """
    cls = dataclass(cls, eq=False, repr=False, kw_only=True, match_args=False)
    # The docstring describes the types in more detail than annotations could.
    cls.__init__.__annotations__ = {}
    # scikit-learn asks for it several times in each fit, and Python would compute it each time.
    cls.__init__.__signature__ = inspect.signature(cls.__init__)
    cls._parameter_constraints = {item.name: item.metadata["constraint"] for item in fields(cls)}
    return with_texts(parameters="".join(_entry(item) for item in fields(cls)))(cls)


def with_texts(**texts):
    """Return a decorator that completes a docstring with texts that several docstrings share.

    Parameters
    ----------
    **texts
        The lines that replace ``{name}``, which must fill a line, by name. They get the
        indentation of this line.
    """

    def complete(described):
        for name, text in texts.items():
            line = re.compile(rf"^( *)\{{{name}\}}\n", re.MULTILINE)
            described.__doc__ = line.sub(partial(_indented, text), described.__doc__)
        return described

    return complete


def _indented(text, line):
    """Return a text with the indentation of the line that it replaces, a match."""
    return textwrap.indent(text, line[1])


def _entry(item):
    """Return the entry of a parameter in a docstring, without the indentation of a docstring."""
    kind, _, explanation = textwrap.dedent(item.metadata["description"]).strip().partition("\n")
    default = repr(item.default).replace("'", '"').replace("e-0", "e-")
    return f"{item.name} : {kind}, default={default}\n{textwrap.indent(explanation, _INDENT)}\n"


def as_spec(estimator, kind):
    """Return the parameters of an estimator that are fields of a specification, by name.

    Parameters
    ----------
    estimator : estimator
    kind : type
        The dataclass of the specification.
    """
    convert = {item.name: item.metadata["spec"] for item in fields(estimator)}
    return {
        item.name: convert[item.name](getattr(estimator, item.name))
        for item in fields(kind)
        if convert.get(item.name) is not None
    }
