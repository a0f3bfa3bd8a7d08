"""Which sequences of a fit are held out for early stopping."""

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, train_test_split

__all__ = ["split_validation"]


def split_validation(n_sequences, *, size, seed, stratify=None, groups=None):
    """Return indices of sequences to train on and to validate on.

    Parameters
    ----------
    n_sequences : int
    size : float
        Share to validate on.
    seed : int
    stratify : ndarray of shape (n_sequences,) or None
        Labels whose shares stay the same in both parts.
    groups : array-like of shape (n_sequences,) or None
        No group is in both parts; it goes before `stratify`.

    Raises
    ------
    ValueError
        If there are too few sequences, or too few of a label, for two parts.
    """
    everything = np.arange(n_sequences)
    try:
        if groups is not None:
            splitter = GroupShuffleSplit(n_splits=1, test_size=size, random_state=seed)
            return next(splitter.split(everything, groups=groups))
        return train_test_split(everything, test_size=size, stratify=stratify, random_state=seed)
    except ValueError as error:
        unit = "sequences" if groups is None else "sequences in groups"
        raise ValueError(
            f"early_stopping=True with validation_split={size} cannot hold out part of the "
            f"{n_sequences} {unit}: {error} Pass X_val and y_val, or more sequences."
        ) from error
