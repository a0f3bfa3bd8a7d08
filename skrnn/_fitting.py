"""What every fit of ours shares: a seed, weights, and all or nothing of its result."""

from contextlib import contextmanager

import numpy as np
from sklearn.utils import check_random_state

from skrnn._sklearn import _check_sample_weight

__all__ = ["all_or_nothing", "draw_seed", "generator", "read_weights"]


@contextmanager
def all_or_nothing(estimator):
    """Put an estimator's attributes back as they were if the work ends in any exception."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def draw_seed(random_state):
    """Return a seed; without a `random_state` it is the system's, not NumPy's global generator's.

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
    """Return a generator of one's own, whatever `random_state` is; see `draw_seed`."""
    return np.random.default_rng(draw_seed(random_state))


def read_weights(sample_weight, n, input_name="sample_weight"):
    """Return `n` weights, ones where none are given.

    Raises
    ------
    ValueError
        If a weight is negative or no number, if there are more or fewer, or all are zero.
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
