"""Functions for every fit: seeds, checked sample weights, and attributes that change all at once.

A fit works on a draft, and replaces the attributes of its estimator in one assignment at the end.
A method that uses a fitted estimator first takes a snapshot, whose attributes are all from the same
fit even if another thread fits the estimator meanwhile.
"""

from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skrnn._check_arrays import refuse_masked
from skrnn._sklearn import _check_sample_weight


def snapshot(estimator):
    """Return a shallow copy of an estimator, which later fits of the estimator do not change."""
    copied = object.__new__(type(estimator))
    copied.__dict__ = vars(estimator).copy()
    return copied


def fitted_snapshot(estimator):
    """Return a snapshot of a fitted estimator.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    """
    check_is_fitted(estimator)
    return snapshot(estimator)


def is_fitted(estimator):
    """Return whether an estimator has a fitted attribute, as `check_is_fitted` checks it.

    No single attribute decides, because one that an older version did not store must not make a
    fitted estimator look like a new one.
    """
    return any(name.endswith("_") and not name.startswith("__") for name in vars(estimator))


@contextmanager
def all_or_nothing(estimator):
    """Yield a draft of an estimator to fit, and copy its changes to the estimator at the end.

    If the fit raises an exception, the estimator does not change. Attributes that were set on the
    estimator itself meanwhile, such as parameters, are kept.

    Parameters
    ----------
    estimator : estimator

    Yields
    ------
    draft : estimator
        A snapshot, on which attributes may be set at any time.
    """
    before, draft = vars(estimator).copy(), snapshot(estimator)
    yield draft
    missing = object()
    changed = {n: v for n, v in vars(draft).items() if before.get(n, missing) is not v}
    kept = {n: v for n, v in vars(estimator).items() if n in vars(draft) or n not in before}
    estimator.__dict__ = kept | changed


def draw_seed(random_state):
    """Return a seed; NumPy's global generator is not used if `random_state` is None.

    Parameters
    ----------
    random_state : int, RandomState instance or None

    Returns
    -------
    int
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    try:
        if type(random_state) is int:
            return _seed_of_int(random_state)
        return _draw(random_state)
    except ValueError as error:
        raise ValueError(
            "random_state must be an int from 0 to 2**32 - 1, a RandomState instance or None, got "
            f"{random_state!r}."
        ) from error


def _draw(random_state):
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


# All fits of a search have the same few seeds, and a new generator reads entropy from the system.
_seed_of_int = lru_cache(maxsize=2**10)(_draw)


def generator(random_state):
    """Return a new NumPy generator for any `random_state`; see `draw_seed`."""
    return np.random.default_rng(draw_seed(random_state))


def read_weights(sample_weight, n, input_name="sample_weight"):
    """Return `n` weights as float64, all equal to one if none are given.

    Raises
    ------
    ValueError
        If a weight is negative, masked or not a finite number, if there are not `n` weights, or if
        all weights are zero.
    """
    if sample_weight is None:
        return np.ones(n)
    refuse_masked(sample_weight, input_name)
    try:
        if np.asarray(sample_weight).dtype.kind == "c":
            raise ValueError("Complex data not supported.")
        weights = _check_sample_weight(
            sample_weight, np.empty((n, 1)), dtype=np.float64, ensure_non_negative=True
        )
    except (TypeError, ValueError, OverflowError) as error:
        message = str(error).replace("sample_weight", input_name)
        if input_name not in message:
            message = f"{input_name} must contain one finite number per sample. {message}"
        raise ValueError(message) from error
    if not weights.any():
        raise ValueError(f"{input_name} is zero for every sequence; at least one must be positive.")
    return weights
