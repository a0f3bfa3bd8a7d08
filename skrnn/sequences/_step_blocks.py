"""Read the time steps of sequences in blocks, and find their extremes and moments.

Data in a file need not fit into memory, so all that is computed from time steps takes one block at
a time, in float64.
"""

import numpy as np

# Number of time steps that are processed at once.
STEPS = 2**16
# Blocks with at most this number of numbers together are kept for the next pass over them.
_KEPT = 2**20
# NumPy finds the extremes of fewer columns faster one column after another.
_FEW_COLUMNS = 32


class StepBlocks:
    """Blocks of time steps and their weights, to iterate over any number of times.

    Parameters
    ----------
    read : callable
        Returns an iterator of pairs of time steps, of shape (n, n_features), and weights.
    shape : tuple (n_steps, n_features)
        The shape of all time steps together.
    """

    def __init__(self, read, shape):
        self._read, self.shape = read, shape
        self._kept = list(read()) if shape[0] * shape[1] <= _KEPT else None

    @classmethod
    def of(cls, values, weights):
        """Return the time steps of positive weight in float64.

        Parameters
        ----------
        values : ndarray of shape (n_steps, n_features)
        weights : ndarray of shape (n_steps,)
        """
        return cls(lambda: _used_blocks(values, weights), values.shape)

    def __iter__(self):
        return iter(self._read() if self._kept is None else self._kept)

    def map(self, function):
        """Return the same blocks with time steps that a function of them returns."""
        return StepBlocks(
            lambda: ((function(steps), weights) for steps, weights in self), self.shape
        )


def _used_blocks(values, weights):
    for start in range(0, len(values), STEPS):
        steps, counts = values[start : start + STEPS], weights[start : start + STEPS]
        used = counts > 0
        if used.all():
            yield np.ascontiguousarray(steps, np.float64), counts
        elif used.any():
            yield steps[used].astype(np.float64), counts[used]


def extremes(blocks):
    """Return the smallest and the largest value of each column, and whether it has only 0 and 1.

    Parameters
    ----------
    blocks : StepBlocks

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[1.0, 0.0], [2.0, 1.0], [9.0, 9.0]])
    >>> extremes(StepBlocks.of(X, np.array([1.0, 2.0, 0.0])))
    (array([1., 0.]), array([2., 1.]), array([False,  True]))
    """
    n_features = blocks.shape[1]
    lowest, highest = np.full(n_features, np.inf), np.full(n_features, -np.inf)
    is_indicator = np.ones(n_features, dtype=bool)
    for steps, _ in blocks:
        few = n_features < _FEW_COLUMNS
        columns, axis = (np.ascontiguousarray(steps.T), 1) if few else (steps, 0)
        lowest = np.minimum(lowest, columns.min(axis=axis))
        highest = np.maximum(highest, columns.max(axis=axis))
        is_indicator &= np.isin(lowest, (0, 1)) & np.isin(highest, (0, 1))
        if is_indicator.any():
            is_indicator &= ((columns == 0) | (columns == 1)).all(axis=axis)
    return lowest, highest, is_indicator


def moments(blocks, exponents, center):
    """Return the mean and the standard deviation of values that are divided by powers of two.

    The differences from `center`, which lies between the values, are averaged, because the sum of
    values with a large offset would be rounded.

    Parameters
    ----------
    blocks : StepBlocks
    exponents : ndarray of int of shape (n_features,)
    center : ndarray of shape (n_features,)
    """
    blocks = blocks.map(lambda steps: np.ldexp(steps, -exponents))
    total = sum(weights.sum() for _, weights in blocks)

    def average(function):
        return sum(weights @ function(steps) for steps, weights in blocks) / total

    mean = center + average(lambda steps: steps - center)
    return mean, np.sqrt(average(lambda steps: (steps - mean) ** 2))
