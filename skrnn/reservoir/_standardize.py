"""Standardisation of numeric inputs inside the echo state estimators.

The statistics are those of the first training data, in float64. Values with a large offset, such as
times in seconds since 1970, therefore keep their precision although the states are float32.
"""

from dataclasses import dataclass

import numpy as np

from skrnn._persistence import stored_as_dict
from skrnn.sequences._standardization import ROUNDING


@stored_as_dict
@dataclass(frozen=True)
class InputScale:
    """The mean and the standard deviation of each input feature.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
    scale : ndarray of shape (n_features,)
        The standard deviation. A feature that is left alone has the mean 0 and the scale 1, and a
        constant one the mean 0 and its magnitude as scale.
    """

    mean: np.ndarray
    scale: np.ndarray

    def apply(self, values):
        """Return standardised time steps, float64 of shape (n_steps, n_features)."""
        return (values - self.mean) / self.scale

    def equals(self, other):
        """Return whether another scale has the same statistics."""
        return np.array_equal(self.mean, other.mean) and np.array_equal(self.scale, other.scale)


def are_equal_scales(one, other):
    """Return whether two scales, each of which may be None, are equal."""
    if one is None or other is None:
        return one is other
    return one.equals(other)


def scaled_sequences(sequences, scale, dtype):
    """Return standardised sequences in the dtype of a reservoir; codes are returned unchanged.

    Parameters
    ----------
    sequences : Sequences
    scale : InputScale or None
        If None, only the dtype changes.
    dtype : str
    """
    values = sequences.values
    if values.ndim == 1 or (scale is None and values.dtype == dtype):
        return sequences
    # States that are not finite are reported, and values outside the sequences are not used.
    with np.errstate(over="ignore", invalid="ignore"):
        values = values if scale is None else scale.apply(values)
        return sequences.with_values(values.astype(dtype))


def learn_scale(sequences, weights):
    """Learn the statistics of each feature over the time steps of sequences.

    Parameters
    ----------
    sequences : Sequences
        Numbers in float64, or the codes of one-hot time steps.
    weights : ndarray of shape (n_sequences,) or (n_steps,), or None
        The weight of each sequence, or of each time step of a single series.

    Returns
    -------
    InputScale or None
        None if the time steps are one-hot vectors, which are left alone. Constant features become
        1 or -1, which act as a bias. Their own values could saturate all units.
    """
    if sequences.values.ndim == 1:
        return None
    counts = _weights_of_positions(sequences, weights)
    used = counts > 0
    values, counts = sequences.values[used], counts[used]
    if _is_one_hot(values):
        return None
    # Dividing by the largest value first keeps squares of very large values finite.
    size = np.abs(values).max(axis=0)
    size[size == 0] = 1.0
    values, shares = values / size, counts / counts.sum()
    mean = shares @ values
    deviation = np.sqrt(shares @ (values - mean) ** 2)
    # Differences that come from rounding are not the spread of a feature.
    is_constant = (np.ptp(values, axis=0) <= ROUNDING) | (deviation * size == 0)
    return InputScale(
        np.where(is_constant, 0.0, mean * size), np.where(is_constant, size, deviation * size)
    )


def _weights_of_positions(sequences, weights):
    """Return the total weight of each row of the values, which windows may share."""
    n_values, starts, lengths = len(sequences.values), sequences.starts, sequences.lengths
    if weights is not None and len(sequences) == 1 and len(weights) == lengths[0]:
        counts = np.zeros(n_values)
        counts[starts[0] : starts[0] + lengths[0]] = weights / weights.max()
        return counts
    weights = np.ones(len(sequences)) if weights is None else weights / weights.max()
    counts = np.zeros(n_values)
    for start, length, weight in zip(starts, lengths, weights, strict=True):
        counts[start : start + length] += weight
    return counts


def _is_one_hot(values):
    """Return whether all time steps are one-hot vectors or zero."""
    return bool(((values == 0) | (values == 1)).all() and (values.sum(axis=1) <= 1).all())
