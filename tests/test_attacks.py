"""The verdicts of `tests.attacks` find what they should, and its attacks can be run."""

import importlib

import numpy as np
import pytest
from attacks import anything
from attacks.__main__ import run
from attacks.verdicts import (
    Fault,
    NoAnswerError,
    UnclearError,
    argument_names,
    fit_or_refuse,
    is_same,
    refused,
    require_close,
    unchanged,
)
from sklearn.base import BaseEstimator
from sklearn.utils import check_array

NAMES = {"X", "units"}
# Those of `networks` fit estimators, and their names are made as those of `functions`.
MODULES = ("inputs", "parameters", "tables", "functions", "readers")


def raising(error):
    """Return a function that raises an error in a separate module, which is not checked."""

    def call():
        raise error

    return call


def test_refused_accepts_results_and_errors_that_name_an_argument():
    assert refused(lambda: 3, NAMES) == (False, 3)
    is_refused, error = refused(lambda: check_array([[np.nan]], input_name="X"), NAMES)
    assert is_refused
    assert "X contains NaN" in str(error)


@pytest.mark.parametrize(
    "call",
    [
        lambda: check_array([["a"]], dtype=float, input_name="X"),
        lambda: np.zeros(2)[5],
        lambda: np.float32(1e30) ** np.float32(9),
        raising(ValueError("units is wrong, but no check of ours found it")),
        raising(KeyError("X")),
        lambda: {}["X"],
    ],
)
def test_refused_finds_unclear_errors_and_warnings(call):
    with pytest.raises(UnclearError):
        refused(call, NAMES)


def test_refused_lets_a_hang_through():
    with pytest.raises(NoAnswerError):
        refused(raising(NoAnswerError()), NAMES)


def test_unchanged_finds_modified_arguments():
    array, nested = np.ones(3), [np.ones(2), {"a": 1.0}]
    with unchanged(array, nested):
        pass
    with pytest.raises(Fault, match="argument 1 was modified"), unchanged(array, nested):
        nested[0][1] = 2
    with pytest.raises(Fault, match="argument 0 was modified"), unchanged(nested):
        nested[1]["b"] = 2.0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (np.array([np.nan]), np.array([np.nan]), True),
        (np.ones(2), np.ones(2, np.float32), False),
        ([1, 2], (1, 2), False),
        ({"a": [1.0]}, {"a": [2.0]}, False),
        (np.array(["a", 1], object), np.array(["a", 2], object), False),
    ],
)
def test_is_same(one, other, expected):
    assert is_same(one, other) == expected


class Careless(BaseEstimator):
    """An estimator that forgets its fit before it checks X."""

    def fit(self, X, y=None):
        self.n_ = None
        check_array(X, input_name="X")
        self.n_ = len(X)
        return self


def test_fit_or_refuse_finds_a_state_that_was_not_kept():
    model = Careless().fit([[1.0]])
    assert not fit_or_refuse(model, [[1.0], [2.0]])
    with pytest.raises(Fault, match="the fitted state changed"):
        fit_or_refuse(model, [[np.nan]])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([1.0], [1.0, 2.0]),
        ([1.0], [1.1]),
        ([np.nan], [np.nan]),
        ([np.ones(2)], [np.ones(3)]),
        (["a"], ["b"]),
    ],
)
def test_require_close_finds_differences(found, expected):
    with pytest.raises(Fault):
        require_close(found, expected, "predictions")


def test_argument_names_of_functions_and_estimators():
    assert argument_names(check_array) >= {"X", "y", "array", "input_name"}
    assert argument_names(Careless()) == {"X", "y"}


@pytest.mark.parametrize("group", anything.ATTACKS)
def test_attacks_with_values_of_any_kind_survive(group):
    outcomes = {name: run(call, given) for name, call, given in anything.ATTACKS[group]()}
    assert len(outcomes) > 500
    assert not {name: reason for name, (_, reason) in outcomes.items() if reason is not None}


@pytest.mark.parametrize("module", MODULES)
def test_attacks_have_different_names(module):
    for make in importlib.import_module(f"attacks.{module}").ATTACKS.values():
        names = [name for name, _, _ in make()]
        assert len(names) == len(set(names)) > 0
