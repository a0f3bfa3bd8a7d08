"""What "auto" stands for as the value of epochs and of patience."""

import math

# The numbers of updates and of epochs that "auto" reaches at least.
_TRAINING, _PATIENCE, _LEAST_EPOCHS = 1000, 100, 10

# A training set with more updates per epoch than this gets more than _TRAINING of them.
_FEW_PER_EPOCH = 10


def n_epochs(per_epoch):
    """Return the number of epochs that epochs="auto" stands for.

    The number of updates grows with the square root of the updates per epoch, because networks
    that see each sequence only a few times are still far from the end of their training.

    Parameters
    ----------
    per_epoch : int
        The smallest number of updates of one epoch.

    Returns
    -------
    int

    Examples
    --------
    In batches of 32, 50 sequences are 2 updates per epoch, 1,280 are 40, and 25,000 are 782:

    >>> n_epochs(2), n_epochs(40), n_epochs(782)
    (500, 50, 12)
    """
    growth = math.sqrt(max(1, per_epoch / _FEW_PER_EPOCH))
    return _epochs_with(_TRAINING * growth, per_epoch)


def n_patient_epochs(per_epoch):
    """Return the number of epochs that patience="auto" stands for, from updates per epoch."""
    return _epochs_with(_PATIENCE, per_epoch)


def _epochs_with(n_updates, per_epoch):
    return max(_LEAST_EPOCHS, math.ceil(n_updates / per_epoch))
