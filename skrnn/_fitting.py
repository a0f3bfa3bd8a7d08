"""What every fit needs: a seed, checked sample weights, and a state that changes in one step."""

from contextlib import contextmanager
from copy import copy

import numpy as np
from sklearn.utils import check_random_state

from skrnn._sklearn import _check_sample_weight


@contextmanager
def all_or_nothing(estimator):
    """Yield a copy of an estimator to fit, and take over its state in one step at the end.

    If the work ends in any exception, the estimator does not change. Another thread that uses the
    estimator meanwhile finds the old state or the new one, never a mixture of both.

    Parameters
    ----------
    estimator : estimator

    Yields
    ------
    fitted : estimator
        A shallow copy, on which attributes may be set at any time.
    """
    fitted = copy(estimator)
    yield fitted
    # Parameters may have been set from outside during the work.
    estimator.__dict__ = {**vars(fitted), **estimator.get_params(deep=False)}


def draw_seed(random_state):
    """Return a seed; without a `random_state`, NumPy's global generator is not used either.

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
        raise ValueError(f"{input_name} is zero for every sequence.")
    return weights
