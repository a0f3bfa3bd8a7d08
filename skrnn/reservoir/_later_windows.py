"""The choice of a penalty for windows that overlap: by the error on later windows."""

import numpy as np

from skrnn.reservoir._ridge import errors_on_rows

# The relative penalty if there are too few windows to hold any out.
_FEW_WINDOWS = 1e-2
# The last fifth of each run of windows is later.
_PART = 5


def best_of_later_windows(penalty, rows, examples, statistics):
    """Return the relative penalty with the smallest squared error on later windows.

    Parameters
    ----------
    penalty : Penalty
        It has several relative penalties.
    rows : ndarray of shape (n_sequences, n_readout_features)
    examples : Examples
        Windows that overlap.
    statistics : Moments or TriangularFactor
        The statistics of all these rows.

    Returns
    -------
    float
    """
    targets = examples.targets
    weights = np.ones(len(rows)) if examples.weights is None else examples.weights
    early, later = (part & (weights > 0) for part in split_later_windows(examples.sequences))
    if not (early.any() and later.any()):
        return _FEW_WINDOWS
    of_early = penalty.new_statistics(int(early.sum()), rows.shape[1], targets.shape[1])
    of_early.add(rows[early], targets[early], weights[early])
    relative = penalty.exact(statistics)
    alphas = relative * (of_early.x_variance or 1.0)
    errors = errors_on_rows(of_early, alphas, rows[later], targets[later], weights[later])
    return float(relative[np.argmin(errors)])


def split_later_windows(sequences):
    """Return which windows are early, and which are later.

    The last fifth of each run of windows that overlap is later. Windows that have time steps in
    common with these, and start before them, are neither early nor later.

    Parameters
    ----------
    sequences : Sequences

    Returns
    -------
    is_early, is_later : ndarray of shape (n_sequences,), bool

    Examples
    --------
    >>> from skrnn import Sequences
    >>> windows = Sequences(np.zeros((14, 1)), np.arange(10), np.full(10, 4))
    >>> is_early, is_later = split_later_windows(windows)
    >>> np.flatnonzero(is_early)
    array([0, 1, 2, 3, 4])
    >>> np.flatnonzero(is_later)
    array([8, 9])
    """
    order = np.argsort(sequences.starts, kind="stable")
    starts, lengths = sequences.starts[order], sequences.lengths[order]
    ends = starts + lengths
    is_first = np.append(True, starts[1:] >= np.maximum.accumulate(ends)[:-1])
    runs, first = np.cumsum(is_first) - 1, np.flatnonzero(is_first)
    counts = np.bincount(runs)
    first_later = (first + counts - counts // _PART)[runs]
    later = np.arange(len(starts)) >= first_later
    # Without later windows, all windows of a run are early.
    splits = starts[np.minimum(first_later, len(starts) - 1)]
    early = ~later & ((ends <= splits) | (counts < _PART)[runs])
    is_early, is_later = np.empty_like(early), np.empty_like(later)
    is_early[order], is_later[order] = early, later
    return is_early, is_later
