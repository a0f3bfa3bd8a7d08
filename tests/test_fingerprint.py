"""Equal descriptions mean equal behaviour; what cannot be described is equal to nothing."""

import functools
import os
import subprocess
import sys
import threading
from copy import deepcopy
from dataclasses import dataclass, field
from types import ModuleType

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from recurrences import network_spec

from skrnn.networks.architecture import build_network
from skrnn.networks.fingerprint import describe, is_complete, may_be_equal
from skrnn.networks.optimizers import read_optimizer

# --- objects of users, each of which holds one value -------------------------------------------


def show(value):
    """Return a text that is equal for values of equal type and content."""
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}{[show(item) for item in value]}"
    if isinstance(value, dict):
        return f"dict{[(show(name), show(item)) for name, item in value.items()]}"
    if isinstance(value, set):
        return f"set{sorted(map(show, value))}"
    if isinstance(value, np.ndarray):
        return f"array{value.dtype}{value.shape}{value.tolist()}"
    return f"{type(value).__name__} {value!r}"


def with_globals(value, code):
    """Return the function `f` that is defined by code whose globals hold the value as `V`."""
    names = {"V": value, "show": show, "functools": functools, "__name__": "made_up_module"}
    exec(code, names)
    return names["f"]


def by_global(value):
    return with_globals(value, "def f():\n    return show(V)")


def by_global_of_a_helper(value):
    return with_globals(value, "def g():\n    return show(V)\ndef f():\n    return g()")


def by_global_in_a_nested_function(value):
    return with_globals(value, "def f():\n    return [(lambda: show(V))() for _ in range(1)][0]")


def by_global_object(value):
    code = "class C: pass\nc = C()\nc._inner = C()\nc._inner.v = V\ndel V\n"
    return with_globals(value, code + "def f():\n    return show(c._inner.v)")


def by_module(value):
    config = ModuleType("made_up_config")
    config.inner = ModuleType("made_up_config.inner")
    config.inner.WEIGHT, config.unused = value, threading.Lock()
    return with_globals(config, "def f():\n    return show(V.inner.WEIGHT)")


def by_attribute_of_a_function(value):
    def helper():
        return show(helper.weight)

    helper.weight = value
    return helper


def by_class_attribute(value):
    code = "class C:\n    _v = V\n    @property\n    def v(self): return self._v\ndel V\n"
    return with_globals(value, code + "def f():\n    return show(C().v)")


def by_base_class(value):
    code = "class A:\n    _v = V\nclass C(A):\n    @staticmethod\n    def g(): return show(C._v)\n"
    return with_globals(value, code + "del V\ndef f():\n    return C.g()")


def by_closure(value):
    return lambda: show(value)


def by_closure_of_a_function_in_a_closure(value):
    def inner():
        return show(value)

    def outer():
        return inner()

    return outer


def by_default(value):
    def f(v=value):
        return show(v)

    return f


def by_keyword_default(value):
    def f(*, v=value):
        return show(v)

    return f


def by_partial(value):
    return functools.partial(show, value)


def by_keyword_of_a_partial(value):
    return functools.partial(show, value=value)


class Slots:
    """An object without a dict."""

    __slots__ = ("_v",)

    def __call__(self):
        return show(self._v)


def by_slot(value):
    made = Slots()
    made._v = value
    return made


@dataclass
class Held:
    """An object without a hash."""

    v: object
    others: list = field(default_factory=list)

    def __call__(self):
        return show(self.v)


def by_dataclass(value):
    return Held(value)


def by_method(value):
    return Held([value]).__call__


class Words(dict):
    """A dict with behaviour."""

    def __call__(self):
        return show(dict(self))


def by_item(value):
    return Words(v=value)


class Loss(keras.losses.Loss):
    """A loss whose configuration lacks what it holds, under names that Keras uses too."""

    def __init__(self, value, name):
        super().__init__()
        setattr(self, name, value)
        self._attribute = name

    def __call__(self):
        return show(plain(vars(self)[self._attribute]))


def plain(value):
    """Return a value without the containers in which Keras tracks its changes."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return set(value) if isinstance(value, set) else value


def by_private_attribute_of_a_loss(value):
    return Loss(value, "_weights")


def by_attribute_called_path(value):
    return Loss(value, "path_weight")


def by_attribute_called_name(value):
    return Loss(value, "class_names")


class Layer(keras.layers.Layer):
    """A layer with a private attribute."""

    def __init__(self, value):
        super().__init__()
        self._value = value

    def __call__(self):
        return show(plain(self._value))


def by_private_attribute_of_a_layer(value):
    return Layer(value)


def by_metric(value):
    metric = keras.metrics.Mean()
    metric._value = value
    return lambda: show(plain(metric._value))


MAKERS = [made for name, made in sorted(globals().items()) if name.startswith("by_")]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, -0.0, 1.0, 2.0, float("nan"), float("inf")])
    | st.sampled_from(["", "a", "1", "None"])
    | st.sampled_from([b"", b"a"])
)
arrays = st.sampled_from(
    [
        np.zeros(2),
        np.zeros(2, "float32"),
        np.zeros((2, 1)),
        np.ones(2),
        np.array([1, None], dtype=object),
        np.float32(1),
    ]
)
values = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.tuples(inner, inner)
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
        | st.sets(st.integers(0, 2))
    ),
    max_leaves=4,
)


@settings(max_examples=300)
@given(st.sampled_from(MAKERS), values, values)
def test_describe_is_equal_for_equal_behaviour_only(make, one, other):
    first, second = make(one), make(other)
    assert is_complete(describe(first))
    assert (describe(first) == describe(second)) == (first() == second())


@settings(max_examples=100)
@given(st.sampled_from(MAKERS), values)
def test_describe_is_equal_for_objects_that_are_made_twice(make, value):
    assert describe(make(value)) == describe(make(deepcopy(value)))


@settings(max_examples=100)
@given(st.sampled_from(MAKERS), st.lists(values, max_size=2), values)
def test_describe_follows_changes_of_what_is_held(make, held, new):
    made = make(held)
    before = describe(made)
    held.append(new)
    if made.__class__ in (Loss, Layer) or make is by_metric:
        return  # Keras has copied the list.
    assert describe(made) != before
    held.pop()
    assert describe(made) == before


# --- tensors, functions and names ---------------------------------------------------------------


@pytest.mark.parametrize("make", [ops.convert_to_tensor, keras.Variable, np.asarray])
def test_describe_compares_tensors_and_variables_by_their_values(make):
    one, same, other = (Held([make(np.float32([v, 1]))]) for v in (1, 1, 2))
    assert describe(one) == describe(same) != describe(other)


def test_describe_leaves_out_values_that_are_loaded():
    one, other = keras.Variable(1.0), keras.Variable(2.0)
    assert describe(one, [one]) == describe(other, [other]) != describe(one)
    assert describe(one, [one]) != describe(keras.Variable([1.0, 2.0]))


def test_describe_leaves_out_only_the_automatic_part_of_a_name():
    first, second = keras.layers.Dense(2), keras.layers.Dense(2)
    assert first.name != second.name
    assert describe(first) == describe(second)
    assert describe(Layer(1)) == describe(Layer(1))
    assert describe(keras.layers.Dense(2, name="mine")) != describe(first)
    named, other = Layer(1), Layer(1)
    named.name, other.name = "weight_2", "weight_3"
    assert describe(named) != describe(other)


def test_describe_compares_functions_of_libraries_by_names_that_lead_to_them(monkeypatch):
    def mean(x):
        return x

    assert is_complete(describe([ops.mean, np.mean, np.add, len, keras.layers.Dense, np.float32]))
    mean.__module__, mean.__qualname__ = ops.mean.__module__, ops.mean.__qualname__
    assert describe(mean) != describe(ops.mean)
    reads_mean = lambda x: ops.mean(x)  # noqa: E731 - the name of the function does not matter
    before = describe(reads_mean)
    monkeypatch.setattr(ops, "mean", ops.sum)
    assert describe(reads_mean) != before


def test_describe_reads_recursive_functions_and_objects():
    def one(n):
        return n and two(n - 1)

    def two(n):
        return n and one(n - 1)

    around = []
    around.append(around)
    for thing in (one, two, around):
        assert is_complete(describe(thing))
        assert describe(thing) == describe(thing)
    assert describe(one) != describe(two)


def test_describe_is_equal_in_another_process():
    things = "by_global({'a', 'b', 'c'}), by_dataclass([1.0, {2, 3}]), Loss([1.0], '_w'), network()"
    code = (
        f"import test_fingerprint as t; from test_fingerprint import *; print(t.digests({things}))"
    )
    here = eval(f"digests({things})")
    environment = {**os.environ, "PYTHONHASHSEED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["PYTHONPATH"] = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    other = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.split() == here.split()


def digests(*things):
    """Return the descriptions of things, parted by blanks."""
    assert all(is_complete(describe(thing)) for thing in things)
    return " ".join(map(describe, things))


def network():
    """Return the architecture of a custom body with functions, layers and constants."""

    def body(steps, lengths):
        hidden = keras.layers.Lambda(lambda x: ops.multiply(x, np.float32([0, 1, 2])))(steps)
        cells = keras.layers.GRU(3, return_sequences=True, dropout=0.2)
        hidden = keras.layers.Bidirectional(cells)(hidden)
        return keras.layers.Dense(2, activation="relu")(hidden) * 2.0

    built = build_network(network_spec(body=body))
    assert built.is_unchanged()
    return built.spec.architecture


def test_architecture_does_not_depend_on_counters_and_seeds():
    assert network() == network()


# --- what cannot be described -------------------------------------------------------------------


def generated():
    yield 1


WHOLE_MODULE = ModuleType("made_up_module")
UNKNOWN = {
    "a lock": threading.Lock(),
    "a generator": generated(),
    "a function that remembers results": functools.lru_cache(by_global),
    "a function that evaluates text": lambda: eval("V"),
    "a function that reads a file": lambda: np.load("weights.npy"),
    "a function that opens a file": lambda: open("weights.txt"),
    "a module that is passed to a function": lambda: vars(WHOLE_MODULE),
    "an attribute of a module by name": lambda: getattr(WHOLE_MODULE, "WEIGHT", 1),
    "an object that holds a module": Held(WHOLE_MODULE),
    "lists in lists": functools.reduce(lambda inner, _: [inner], range(100_000), []),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_describe_is_unique_for_what_cannot_be_described(name):
    first, second = describe(UNKNOWN[name]), describe(UNKNOWN[name])
    assert not is_complete(first)
    assert first != second


def test_describe_in_full_compares_the_rest_of_what_cannot_be_described():
    one, same, other = (
        describe([threading.Lock(), value], in_full=True) for value in (1.0, 1.0, 2.0)
    )
    assert one != same
    assert may_be_equal(one, same)
    assert not may_be_equal(one, other)
    assert not may_be_equal(one, None)


# --- new objects from those of users ------------------------------------------------------------


class Slower(keras.optimizers.SGD):
    """An optimizer whose configuration lacks a value."""

    def __init__(self, learning_rate=0.1, factor=1.0, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self._factors = [factor]


def test_recipe_makes_optimizers_with_values_that_their_configuration_lacks():
    recipe, rate = read_optimizer(Slower(0.5, factor=7.0), None, 1.0)
    made = recipe.make()
    assert (rate, made._factors[0], made.global_clipnorm) == (0.5, 7.0, 1.0)
    assert recipe != read_optimizer(Slower(0.5, factor=8.0), None, 1.0)[0]
    assert recipe == read_optimizer(Slower(0.25, factor=7.0), None, 1.0)[0]
    excludes = keras.optimizers.AdamW(weight_decay=0.1)
    excludes.exclude_from_weight_decay(var_names=["bias"])
    made = read_optimizer(excludes, None, None)[0].make()
    assert not made._use_weight_decay(keras.Variable(1.0, name="bias"))


def test_describe_follows_the_state_of_the_object_of_a_method():
    before = describe(np.random.rand)
    assert describe(np.random.rand) == before
    np.random.rand()  # noqa: NPY002
    assert is_complete(before)
    assert describe(np.random.rand) != before


def test_tensors_whose_values_cannot_be_read_do_not_share_a_program(monkeypatch):
    tensor, variable = keras.ops.ones(2), keras.Variable([1.0, 2.0])
    assert is_complete(describe(tensor))
    assert is_complete(describe(variable))

    def fail(_):
        raise TypeError("These values cannot be converted.")

    monkeypatch.setattr(keras.ops, "convert_to_numpy", fail)
    assert not is_complete(describe(tensor))
    assert not is_complete(describe(variable))
