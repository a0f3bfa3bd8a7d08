"""Standardisation of numeric inputs inside the echo state estimators.

The statistics are those of the first training data, in float64. Values with a large offset, such as
times in seconds since 1970, therefore keep their precision although the states are float32.
"""

import numpy as np

from skrnn.sequences import Sequences
from skrnn.sequences._standardization import Standardization, is_one_hot


def scaled_sequences(sequences, standardization, dtype):
    """Return standardised sequences in the dtype of a reservoir; codes are returned unchanged.

    Parameters
    ----------
    sequences : Sequences
    standardization : Standardization or None
        If None, only the dtype changes.
    dtype : str
    """
    values = sequences.values
    if standardization is not None:
        return standardization.apply(sequences, dtype)
    if values.ndim == 1 or values.dtype == dtype:
        return sequences
    # States that are not finite are reported, and values outside the sequences are not used.
    with np.errstate(over="ignore", invalid="ignore"):
        return sequences.with_values(values.astype(dtype))


def learn_standardization(sequences, weights):
    """Learn the mean and the scale of each feature over the time steps of sequences.

    Parameters
    ----------
    sequences : Sequences
        Numbers in float64, or the codes of one-hot time steps.
    weights : ndarray of shape (n_sequences,) or (n_steps,), or None
        The weight of each sequence, or of each time step of a single series.

    Returns
    -------
    Standardization or None
        None if the time steps are one-hot vectors, which are left unchanged. Constant features
        become 1 or -1, which act as a bias. Their own values could saturate all units.
    """
    if weights is None:
        weights = np.ones(len(sequences))
    elif len(sequences) == 1 and len(weights) == sequences.lengths[0]:
        # Each time step is a sequence, so that it can have its own weight.
        starts = sequences.starts[0] + np.arange(len(weights))
        sequences = Sequences(sequences.values, starts, np.ones_like(starts))
    if is_one_hot(sequences, weights):
        return None
    # The sum of very large weights would be infinite.
    return Standardization.of(
        sequences, weights / weights.max(), center_constants=False, scale_indicators=True
    )
