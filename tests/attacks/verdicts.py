"""Judge one attack: the result is right, the input is refused clearly, or there is a fault."""

import inspect
import re
import warnings
from contextlib import contextmanager
from copy import deepcopy

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.linalg import LinAlgWarning

from skrnn.sequences import Sequences

# scikit-learn's own sentences about an argument that it does not name. Its checks of estimators
# require some of them.
_ALWAYS_CLEAR = (
    *("input variables", "Sample weights", "is not fitted", "at least one array"),
    *("empty vocabulary", "n_splits", "Complex data not supported", "Found array with"),
    *("Expected 2D array", "Expected a 2-dimensional container", "to seed a numpy.random"),
    *("Expected sequence or array-like", "Input should have at least 1 dimension"),
    *("Iterable over", "Tokens must", "is not supported", "Custom weights are useful"),
    *("feature names should match", "number of folds"),
    *("is not an estimator instance", "is a class, not an instance", "Expected unique column"),
)
# The packages whose code may raise the error: skrnn, and scikit-learn for its checks.
_CHECKING = ("skrnn", "sklearn")


class Fault(AssertionError):
    """A silently wrong result, or an error that was not written for the user."""


class NoAnswerError(BaseException):
    """A call took too long. No handler of the call's own errors catches this error."""


class UnclearError(Fault):
    """An error that another package raised, or that does not name an argument."""


def argument_names(*objects):
    """Return the names that an error may use: the parameters of functions and of estimators."""
    names = {"X", "y"}
    for one in objects:
        if hasattr(one, "get_params"):
            names |= {name.split("__")[-1] for name in one.get_params()}
        else:
            names |= set(inspect.signature(one).parameters)
    return names


def why_unclear(error, names):
    """Return what is wrong with the error of a refusal, or None.

    A refusal is a ValueError or TypeError that is raised in a check of ours or of scikit-learn, and
    that names an argument.
    """
    if not isinstance(error, ValueError | TypeError):
        return f"{type(error).__name__} instead of ValueError or TypeError: {error}"
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    module = traceback.tb_frame.f_globals.get("__name__", "?")
    if module.split(".")[0] not in _CHECKING:
        return f"{type(error).__name__} from {module}: {error}"
    message = str(error)
    words = set(re.findall(r"\w+", message))
    if words & names or any(phrase in message for phrase in _ALWAYS_CLEAR):
        return None
    return f"{type(error).__name__} that names no argument: {message}"


@contextmanager
def strict_warnings():
    """Turn NumPy's warnings into errors, since they stand for unnoticed overflow and NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        # That of a ridge regression is meant for the user.
        warnings.simplefilter("ignore", LinAlgWarning)
        yield


def refused(call, names):
    """Call a function, and return whether it refused its input with a clear error.

    Parameters
    ----------
    call : callable
        A function without arguments.
    names : set of str
        The names of arguments, one of which the error must contain.

    Returns
    -------
    is_refused : bool
    result : object
        The result of the function, or the error.

    Raises
    ------
    UnclearError
    """
    try:
        with strict_warnings():
            return False, call()
    except Exception as error:
        reason = why_unclear(error, names)
        if reason is not None:
            raise UnclearError(reason) from error
        return True, error


# --- inputs and fitted state --------------------------------------------------------------------


def frozen(value):
    """Return a copy of an argument to compare with later; one that cannot be copied is None."""
    try:
        return deepcopy(value)
    except TypeError:  # a generator, which is used up when it is read
        return None


def is_same(one, other):
    """Return whether two values are equal in type, layout and every element, NaN included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and one.dtype == other.dtype and _same_array(one, other)
    if isinstance(one, pd.DataFrame | pd.Series):
        return one.index.equals(other.index) and (
            is_same(one.to_numpy(), other.to_numpy()) and one.equals(other)
        )
    if sparse.issparse(one):
        return one.shape == other.shape and is_same(one.toarray(), other.toarray())
    if isinstance(one, Sequences):
        parts = ("values", "starts", "lengths")
        return all(is_same(getattr(one, part), getattr(other, part)) for part in parts)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and is_same(list(one.values()), list(other.values()))
    return not isinstance(one, float | int | str | bytes) or one == other or one != one


def _same_array(one, other):
    if one.dtype == object:
        return all(map(is_same, one.ravel().tolist(), other.ravel().tolist()))
    return one.tobytes() == other.tobytes()


@contextmanager
def unchanged(*arguments):
    """Check that a call does not modify its arguments.

    Raises
    ------
    Fault
        If an argument differs from its copy.
    """
    copies = [frozen(argument) for argument in arguments]
    yield
    for i, (argument, copy) in enumerate(zip(arguments, copies, strict=True)):
        if copy is not None and not is_same(argument, copy):
            raise Fault(f"argument {i} was modified")


def learned(estimator):
    """Return the attributes of an estimator that are not its parameters."""
    params = estimator.get_params(deep=False)
    return {name: value for name, value in vars(estimator).items() if name not in params}


def fit_or_refuse(estimator, *data, method="fit", **keywords):
    """Fit an estimator, and return whether it refused the data with a clear error.

    Raises
    ------
    Fault
        If the error is unclear, if the data were modified, or if the fitted state of an earlier
        fit was not kept although the data were refused.
    """
    before = learned(estimator)
    fit = getattr(estimator, method)
    names = argument_names(estimator, fit)
    with unchanged(*data, *keywords.values()):
        is_refused, error = refused(lambda: fit(*data, **keywords), names)
    if is_refused:
        after = learned(estimator)
        if after.keys() != before.keys() or any(after[n] is not before[n] for n in after):
            raise Fault(f"the fitted state changed although {error!r} was raised")
    return is_refused


def require_close(found, expected, what, rtol=1e-4):
    """Check that predictions are equal to rounding, in any container.

    Raises
    ------
    Fault
        If they differ in number, shape or values, or if a number is not finite.
    """
    if len(found) != len(expected):
        raise Fault(f"{what}: {len(found)} predictions for {len(expected)} sequences")
    for one, other in zip(found, expected, strict=True):
        one, other = np.asarray(one), np.asarray(other)
        if one.shape != other.shape:
            raise Fault(f"{what}: the shapes {one.shape} and {other.shape}")
        if one.dtype.kind != "f":
            is_equal = bool((one == other).all())
        else:
            is_equal = np.isfinite(one).all() and np.allclose(one, other, rtol, rtol)
        if not is_equal:
            raise Fault(f"{what}: {one} instead of {other}")
