"""The common parts of all fits: a seed, checked sample weights, and a change of state in one step.

A fit works on a draft, and replaces the fitted attributes of its estimator in one assignment at
the end. A method that reads a fitted estimator first takes a snapshot, in which all attributes
belong together even if another thread fits the estimator meanwhile.
"""

from contextlib import contextmanager

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

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


def replace_fitted(estimator, draft, **attributes):
    """Give an estimator the fitted attributes of a draft, in one assignment.

    Parameters
    ----------
    estimator : estimator
        It keeps its parameters, even if another thread has set them during the fit.
    draft : estimator
        A snapshot of the estimator that has been fitted.
    **attributes : dict
        Further fitted attributes.
    """
    params = {name: vars(estimator)[name] for name in estimator.get_params(deep=False)}
    estimator.__dict__ = vars(draft) | attributes | params


@contextmanager
def all_or_nothing(estimator):
    """Yield a draft of an estimator to fit, and take over its fitted attributes at the end.

    If any exception is raised, the estimator does not change.

    Parameters
    ----------
    estimator : estimator

    Yields
    ------
    draft : estimator
        A snapshot, on which attributes may be set at any time.
    """
    draft = snapshot(estimator)
    yield draft
    replace_fitted(estimator, draft)


def draw_seed(random_state):
    """Return a seed, without NumPy's global generator if `random_state` is None.

    Parameters
    ----------
    random_state : int, RandomState instance or None

    Returns
    -------
    int
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0] >> 1)
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def generator(random_state):
    """Return a new NumPy generator for any `random_state`; see `draw_seed`."""
    return np.random.default_rng(draw_seed(random_state))


def read_weights(sample_weight, n, input_name="sample_weight"):
    """Return `n` weights as float64, all equal to one if none are given.

    Raises
    ------
    ValueError
        If a weight is negative or not a number, if their number is not `n`, or if all are zero.
    """
    if sample_weight is None:
        return np.ones(n)
    try:
        weights = _check_sample_weight(
            sample_weight, np.empty((n, 1)), dtype=np.float64, ensure_non_negative=True
        )
    except ValueError as error:
        raise ValueError(str(error).replace("sample_weight", input_name)) from error
    if not weights.any():
        raise ValueError(f"{input_name} is zero for every sequence; at least one must be positive.")
    return weights
