"""Hold out a part of the training sequences for validation, before anything is learned from them.

The scale of the features and of the targets is learned from the other sequences alone. Otherwise a
network would be trained on numbers that depend on its validation data.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from skrnn._fitting import draw_seed
from skrnn.recurrent._training_parameters import DEFAULT_VALIDATION_SPLIT


@dataclass(frozen=True)
class ValidationSplit:
    """The examples to train on and those to validate on, as indices, and the seed of the fit.

    Parameters
    ----------
    seed : int
    trained, held_out : ndarray of int
    """

    seed: int
    trained: np.ndarray
    held_out: np.ndarray


def holds_out(estimator):
    """Return whether the parameters of an estimator ask for a part to be held out."""
    return estimator.early_stopping or estimator.validation_split is not None


def draw_split(estimator, groups, n_sequences, targets, used):
    """Return which examples to train on and which to validate on.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    groups : array-like of shape (n_sequences,) or None
        No group is in both parts.
    n_sequences : int
    targets : ndarray
        The targets of the examples, in the units of the user.
    used : ndarray of int
        The index of each example in X.

    Returns
    -------
    ValidationSplit

    Raises
    ------
    ValueError
        If `groups` does not have one group per sequence, or as in `split_validation`.
    """
    if groups is not None:
        groups = check_groups(groups, n_sequences)[used]
    stratify = None
    if is_classifier(estimator) and not estimator.return_sequences and targets.ndim == 1:
        stratify = np.unique(targets, return_inverse=True)[1]
    seed, size = draw_seed(estimator.random_state), estimator.validation_split
    trained, held_out = split_validation(
        len(used),
        size=DEFAULT_VALIDATION_SPLIT if size is None else size,
        seed=seed,
        stratify=stratify,
        groups=groups,
    )
    return ValidationSplit(seed, trained, held_out)


def check_groups(groups, n):
    """Return groups as an array, one for each of `n` sequences.

    Raises
    ------
    ValueError
        If their number is not `n`.
    """
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(
            f"groups must hold one group per sequence, got an array of shape {groups.shape} for "
            f"{n} sequences."
        )
    return groups


def split_validation(n_sequences, *, size, seed, stratify=None, groups=None):
    """Return indices of sequences to train on and to validate on.

    Parameters
    ----------
    n_sequences : int
    size : float
        The fraction to validate on.
    seed : int
    stratify : ndarray of shape (n_sequences,) or None
        Labels whose proportions are the same in both parts.
    groups : array-like of shape (n_sequences,) or None
        No group is in both parts. If given, `stratify` is not used.

    Raises
    ------
    ValueError
        If there are too few sequences, or too few with one of the labels, for two parts.
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
            f"fit cannot hold out the fraction validation_split={size} of the {n_sequences} "
            f"{unit} for validation: {error} Pass X_val and y_val or more sequences, or set "
            "early_stopping=False and validation_split=None."
        ) from error
