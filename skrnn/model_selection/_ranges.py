"""The kinds of ranges that parameters are drawn from, for scikit-learn and for Optuna."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import scipy.stats


class Range(ABC):
    """The values that a search may give to a parameter."""

    @abstractmethod
    def distribution(self):
        """Return what scikit-learn's random searches draw from: a list or a distribution."""

    @abstractmethod
    def suggest(self, trial, name):
        """Return the value of a parameter that an Optuna trial draws."""


@dataclass(frozen=True)
class Choice(Range):
    """One of a few values. Optuna can only store str, numbers, bool and None."""

    values: tuple

    def distribution(self):
        """Return the list of the values."""
        return list(self.values)

    def suggest(self, trial, name):
        """Return one of the values."""
        return trial.suggest_categorical(name, self.values)


@dataclass(frozen=True)
class Uniform(Range):
    """A number between two bounds, all values being equally likely."""

    low: float
    high: float

    def distribution(self):
        """Return the distribution of SciPy."""
        return scipy.stats.uniform(self.low, self.high - self.low)

    def suggest(self, trial, name):
        """Return a number between the bounds."""
        return trial.suggest_float(name, self.low, self.high)


@dataclass(frozen=True)
class LogUniform(Range):
    """A positive number between two bounds, all orders of magnitude being equally likely."""

    low: float
    high: float

    def distribution(self):
        """Return the distribution of SciPy."""
        return scipy.stats.loguniform(self.low, self.high)

    def suggest(self, trial, name):
        """Return a number between the bounds."""
        return trial.suggest_float(name, self.low, self.high, log=True)
