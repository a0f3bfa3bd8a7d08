"""Schedules: the factor by which the learning rate is multiplied in each update of the weights.

The rates of updates are passed to a compiled program at run time, so that fits with different
schedules share one program.
"""

import math
from numbers import Real

import keras
import numpy as np

# The values of PyTorch's OneCycleLR: the fraction of the training in which the rate rises, and the
# factor of the first update.
_WARM_UP, _FIRST_FACTOR = 0.3, 1 / 25


def cosine(t):
    """Return the factor of half a cosine (Loshchilov & Hutter, 2017, without restarts).

    Examples
    --------
    >>> [round(cosine(t), 3) for t in (0, 0.5, 1)]
    [1.0, 0.5, 0.0]
    """
    return (1 + math.cos(math.pi * t)) / 2


def one_cycle(t):
    """Return the factor of one cycle (Smith, 2018), in the form of PyTorch's OneCycleLR.

    Examples
    --------
    >>> [round(one_cycle(t), 3) for t in (0, 0.15, 0.3, 0.65, 1)]
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """
    if t < _WARM_UP:
        return 1 - (1 - _FIRST_FACTOR) * cosine(t / _WARM_UP)
    return cosine((t - _WARM_UP) / (1 - _WARM_UP))


_OF_TIME = {"cosine": cosine, "one_cycle": one_cycle}


class Known:
    """Factors that are known before training.

    Parameters
    ----------
    factors : ndarray of shape (n_moments,)
        The factor at each moment of all epochs.

    Attributes
    ----------
    is_known : bool
        Whether the factors of an epoch do not depend on the epochs before it.
    """

    is_known = True

    def __init__(self, factors):
        self._factors = factors

    def factors(self, moments):
        """Return the factors of updates by their moments, counted over all epochs."""
        return self._factors[moments]

    def end_epoch(self, loss):
        """Take note of the loss of an epoch, which has no effect."""


class Plateau:
    """A factor that falls each time the loss stops falling, as Keras' ReduceLROnPlateau."""

    FACTOR, PATIENCE, MIN_DELTA = 0.2, 5, 1e-4
    is_known = False

    def __init__(self):
        self._factor, self._best, self._n_waited = 1.0, np.inf, 0

    def factors(self, moments):
        """Return the factor of the current epoch for each update."""
        return np.full(len(moments), self._factor)

    def end_epoch(self, loss):
        """Multiply the factor of the next epochs by `FACTOR` after `PATIENCE` epochs of waiting."""
        if loss < self._best - self.MIN_DELTA:
            self._best, self._n_waited = loss, 0
            return
        self._n_waited += 1
        if self._n_waited >= self.PATIENCE:
            self._factor, self._n_waited = self._factor * self.FACTOR, 0


def read_schedule(schedule, n_moments, *, optimizer_sets_rate):
    """Return a schedule as an object with the methods `factors` and `end_epoch`.

    Parameters
    ----------
    schedule : {"constant", "cosine", "one_cycle", "plateau"} or callable
    n_moments : int
        The number of moments of all epochs: one for each update, unless back-propagation is
        truncated and sequences differ in their number of segments.
    optimizer_sets_rate : bool
        Whether the optimizer has its own schedule, or may compute its rate in another way.

    Raises
    ------
    ValueError
        If the optimizer sets its rate and the schedule is not constant, or if a callable does not
        return a factor for the fraction of training before some update.
    """
    if isinstance(schedule, str) and schedule == "constant":
        return Known(np.ones(n_moments))
    if optimizer_sets_rate:
        raise ValueError(
            f"schedule={schedule!r} cannot be combined with an optimizer that sets its learning "
            "rate itself, such as one with a Keras schedule or of a custom class. Give the "
            "optimizer a number as its learning rate, or use schedule='constant'."
        )
    if isinstance(schedule, str) and schedule == "plateau":
        return Plateau()
    return Known(_factors_of(_OF_TIME.get(schedule, schedule), n_moments))


def _factors_of(schedule, n_updates):
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        raise ValueError(
            "schedule must be a function from the fraction of the training that is done to a "
            f"factor of the learning rate, got {schedule!r}, which returns the rate of an update. "
            "Use schedule='cosine', or pass it as keras.optimizers.Adam(schedule) to optimizer."
        )
    return np.array([_checked(schedule, i / n_updates) for i in range(n_updates)])


def _checked(schedule, t):
    """Return the factor of a callable at the fraction `t`."""
    try:
        factor = schedule(t)
    except TypeError as error:
        raise ValueError(
            "schedule must be callable with one number, the fraction of the training that is "
            f"done, but schedule({t:g}) raises TypeError: {error}"
        ) from error
    is_number = isinstance(factor, Real) and not isinstance(factor, bool)
    if not is_number or not 0 <= factor < np.inf:
        raise ValueError(
            "schedule must return a finite factor of the learning rate that is not negative, but "
            f"schedule({t:g}) returns {factor!r}."
        )
    return float(factor)
