"""Describe what a compiled program contains, to find out which fits can share it.

A compiled program contains the values that its functions read when it was compiled. Two fits share
a program only if the descriptions of their losses, metrics, optimizers and custom parts are equal,
and equal descriptions mean equal behaviour. Functions are described by their code and by all that
the code reads: globals, closures, defaults and attributes of modules. Objects are described by
their class and by all their attributes, arrays and tensors by their values. Only functions and
classes of known libraries are described by their names.

Whatever cannot be described completely, such as an open file or an object that is written in C,
makes a description unique, so that the program is not shared.
"""

from skrnn.networks.fingerprint.description import (
    describe,
    is_complete,
    may_be_equal,
    objects_in,
)
from skrnn.networks.fingerprint.keras_state import settings

__all__ = ["describe", "is_complete", "may_be_equal", "objects_in", "settings"]
