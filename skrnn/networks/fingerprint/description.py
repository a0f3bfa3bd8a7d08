"""Write all that an object holds into one text, and return a digest of it."""

import hashlib
import inspect
import sys
import uuid
from collections import OrderedDict
from contextlib import suppress
from functools import cached_property, partial
from types import (
    BuiltinFunctionType,
    CodeType,
    EllipsisType,
    FunctionType,
    MappingProxyType,
    MethodType,
    ModuleType,
    NoneType,
    NotImplementedType,
)

import keras
import numpy as np

from skrnn.networks.fingerprint import keras_state
from skrnn.networks.fingerprint.functions import code_digest, follow, names_read, variables
from skrnn.networks.fingerprint.instances import CONTAINERS, HEAP_TYPE, hides_state, slots
from skrnn.networks.fingerprint.libraries import is_library, library_name, reads_more

_PLAIN = (
    bool,
    complex,
    float,
    int,
    str,
    bytes,
    range,
    NoneType,
    EllipsisType,
    NotImplementedType,
)
# Attributes of a class that do not affect what its instances compute.
_NOT_BEHAVIOUR = {
    "__annotate__",
    "__annotate_func__",
    "__annotations__",
    "__annotations_cache__",
    "__dict__",
    "__doc__",
    "__firstlineno__",
    "__module__",
    "__qualname__",
    "__slotnames__",
    "__static_attributes__",
    "__weakref__",
    "_abc_impl",
}
_MAX_OBJECTS = 20_000


def describe(thing, state=(), *, in_full=False):
    """Return a text that is equal for things that would compile to the same program.

    Parameters
    ----------
    thing : object
    state : iterable of keras.Variable
        Variables whose values are loaded at run time, and therefore do not count.
    in_full : bool, default=False
        Whether to describe the rest if there is something that cannot be described.

    Returns
    -------
    str
        A digest that is equal in every process. If the thing cannot be described completely, a
        second word follows, which is different for every call.
    """
    writer = _Writer(state, in_full=in_full)
    try:
        writer.add(thing)
    except Exception:
        # Objects may raise any error when they are read, and deeply nested ones a RecursionError.
        writer.is_complete = False
    digest = hashlib.sha256("\n".join(writer.words).encode("utf-8", "surrogatepass")).hexdigest()
    return digest if writer.is_complete else f"{digest} {uuid.uuid4().hex}"


def is_complete(description):
    """Return whether a description contains everything, so that an equal one means the same."""
    return " " not in description


def may_be_equal(one, other):
    """Return whether all that two descriptions contain is equal.

    Parameters
    ----------
    one, other : str or None
    """
    if one is None or other is None:
        return one is other
    return one.split()[0] == other.split()[0]


def objects_in(thing, kind):
    """Return the objects of a kind that a thing holds or reads, for example in its closure."""
    writer = _Writer(in_full=True)
    with suppress(Exception):
        writer.add(thing)
    return [found for found in writer.kept if isinstance(found, kind)]


class _Writer:
    """The text of one description, with a number for each object that occurs in it."""

    def __init__(self, state=(), *, in_full=False):
        self.words = []
        self._in_full = in_full
        self.is_complete = True
        self._numbers = {}
        # Objects are kept, because the id of one that is gone may be used again.
        self.kept = []
        self._state = {id(variable) for variable in state}

    def add(self, value):
        """Add a value and all that it holds."""
        if type(value) in _PLAIN:
            text = hex(value) if type(value) is int else repr(value)
            self._word(f"{type(value).__name__} {text}")
        elif type(value) is tuple:
            self._items("tuple", value)
        elif id(value) in self._numbers:
            self._word(f"again {self._numbers[id(value)]}")
        else:
            self._numbers[id(value)] = len(self._numbers)
            self.kept.append(value)
            if len(self.kept) > _MAX_OBJECTS:
                raise RecursionError
            self._object(value)

    def _word(self, word):
        self.words.append(word)

    def _items(self, title, items):
        self._word(f"{title} {len(items)}")
        for item in items:
            self.add(item)

    def _pairs(self, title, held):
        self._word(f"{title} {len(held)}")
        for name, value in held.items():
            self.add(name)
            self.add(value)

    def _unknown(self, value):
        """Add the type of a value that cannot be described."""
        self.is_complete = False
        if not self._in_full:
            raise TypeError(f"{type(value)} cannot be described")
        self._word(f"unknown {type(value).__module__}.{type(value).__qualname__}")

    def _object(self, value):
        name = library_name(value)
        if name is not None:
            self._word(f"name {name}")
            return
        container = keras_state.as_container(value)
        if container is not None:
            self.kept.append(container)
            self.add(container)
            return
        for kinds, method in _METHODS:
            if isinstance(value, kinds):
                method(self, value)
                return
        if keras_state.is_tensor(value):
            self._tensor(value)
        else:
            self._instance(value)

    # --- functions and classes ---

    def _module(self, module):
        # What a function reads from a module is described where it is read.
        self._unknown(module)
        self._word(module.__name__)

    def _function(self, function):
        self._word(f"function {function.__module__}.{function.__qualname__}")
        self._word(code_digest(function.__code__))
        self.add((function.__defaults__, function.__kwdefaults__, vars(function)))
        found, used = variables(function), set()
        for name, attributes in names_read(function.__code__):
            if not name:
                self._unknown(attributes)
                continue
            value, path = follow(found[name], attributes)
            used.add(name)
            self._word(".".join([name, *path]))
            self.add(value)
        for name in sorted(found.keys() - used):
            self._word(name)
            self.add(found[name])

    def _builtin(self, function):
        if reads_more(function) or isinstance(function.__self__, ModuleType | NoneType):
            self._unknown(function)
        self._word(function.__name__)
        self.add(function.__self__)

    def _bound_method(self, method):
        self._word("method")
        self.add((method.__func__, method.__self__))

    def _partial(self, value):
        self._word("partial")
        self.add((type(value), value.func, value.args, value.keywords, vars(value)))

    def _descriptor(self, member):
        self._word(type(member).__name__)
        if isinstance(member, property):
            self.add((member.fget, member.fset, member.fdel))
        elif isinstance(member, cached_property):
            self.add((member.func, member.attrname))
        else:
            self.add((member.__func__, vars(member)))

    def _class(self, kind):
        self._word(f"class {kind.__module__}.{kind.__qualname__}")
        if not kind.__flags__ & HEAP_TYPE and kind.__module__ in sys.stdlib_module_names:
            return
        self.add((type(kind), kind.__bases__))
        members = {n: v for n, v in vars(kind).items() if n not in _NOT_BEHAVIOUR}
        self._word(f"members {len(members)}")
        for name, member in members.items():
            self.add(name)
            if inspect.isgetsetdescriptor(member) or inspect.ismemberdescriptor(member):
                self._word(type(member).__name__)
            else:
                self.add(member)

    # --- values ---

    def _container(self, value):
        title = type(value).__name__
        if type(value) in (set, frozenset):
            # Each element is described alone, because the order of a set is not always the same.
            self._items(title, sorted(map(self._alone, value)))
        elif type(value) in (dict, OrderedDict, MappingProxyType):
            self._pairs(title, value)
        elif type(value) is list:
            self._items(title, value)
        else:
            self._instance(value)

    def _alone(self, value):
        description = describe(value, in_full=True)
        if not is_complete(description):
            self._unknown(value)
        return description.split()[0]

    def _array(self, array):
        if type(array) not in (np.ndarray, np.memmap):
            self.add((type(array), getattr(array, "__dict__", None)))
        plain = np.asarray(array)
        self._word(f"array {plain.dtype!r} {plain.shape}")
        if plain.dtype.hasobject:
            self._items("objects", plain.ravel().tolist())
        else:
            self._word(hashlib.sha256(np.ascontiguousarray(plain).tobytes()).hexdigest())

    def _tensor(self, tensor):
        if keras_state.is_symbolic(tensor):
            # A symbolic tensor, left over from an earlier call, does not have values.
            self._word("symbolic")
            return
        array = keras_state.as_array(tensor)
        if array is None:
            self._unknown(tensor)
            return
        gradient = getattr(tensor, "requires_grad", None)
        self._word(f"tensor {type(tensor).__module__}.{type(tensor).__qualname__} {gradient}")
        self._array(array)

    def _keras_tensor(self, tensor):
        self._word(f"keras tensor {tensor.shape} {tensor.dtype} {getattr(tensor, 'sparse', None)}")

    def _variable(self, variable):
        self._word(f"variable {tuple(variable.shape)} {variable.dtype} {variable.trainable}")
        self.add((variable.regularizer, variable.constraint))
        if id(variable) not in self._state:
            array = keras_state.as_array(variable)
            if array is None:
                self._unknown(variable)
            self.add(array)

    def _initializer(self, initializer):
        # A seed that it drew itself only affects the first weights, which are loaded.
        if is_library(type(initializer).__module__):
            self.add((type(initializer), initializer.get_config()))
        else:
            self._instance(initializer)

    def _seed_generator(self, generator):
        self._word("seed generator")
        if id(generator.state) not in self._state:
            self.add(generator.state)

    def _instance(self, value):
        """Add the class of an object, what it contains, and its attributes."""
        kind = type(value)
        self._word("object")
        self.add(kind)
        base = next((b for b in kind.__mro__ if b in CONTAINERS), object)
        if hides_state(kind, base):
            self._reduced(value)
            return
        if base is not object:
            self.add(CONTAINERS[base](value))
        held = dict(getattr(value, "__dict__", {}))
        for name, slot in slots(kind):
            if hasattr(value, name):
                held[name] = slot.__get__(value)
        if keras_state.is_graph(value):
            self.add(keras_state.graph(value))
        self._pairs("attributes", keras_state.attributes(value, held))

    def _reduced(self, value):
        """Add a value that is written in C, by what pickle would store of it."""
        module = type(value).__module__.split(".")[0]
        parts = None
        if module in sys.stdlib_module_names or is_library(module):
            try:
                parts = value.__reduce_ex__(4)
            except TypeError:
                pass
        if isinstance(parts, str):
            home = sys.modules.get(type(value).__module__)
            if getattr(home, parts, None) is value:
                self._word(f"name {parts}")
                return
        if not isinstance(parts, tuple):
            self._unknown(value)
            return
        state, items, pairs = (*parts[2:5], None, None, None)[:3]
        self.add((*parts[:2], state, list(items or ()), list(pairs or ())))


_METHODS = (
    (ModuleType, _Writer._module),
    (FunctionType, _Writer._function),
    (BuiltinFunctionType, _Writer._builtin),
    (MethodType, _Writer._bound_method),
    (CodeType, lambda writer, code: writer.words.append(code_digest(code))),
    (partial, _Writer._partial),
    ((property, cached_property, staticmethod, classmethod), _Writer._descriptor),
    (type, _Writer._class),
    ((dict, list, set, frozenset, MappingProxyType), _Writer._container),
    ((np.ndarray, np.generic), _Writer._array),
    (keras.Variable, _Writer._variable),
    (keras.KerasTensor, _Writer._keras_tensor),
    (keras.initializers.Initializer, _Writer._initializer),
    (keras.random.SeedGenerator, _Writer._seed_generator),
)
