"""The time steps of all sequences as one table, the rows of which a transformer is fitted on."""

from inspect import signature

import numpy as np

from skrnn.sequences import Sequences
from skrnn.sequences._mixed_sequences import MixedSequences, step_table


def count_steps(sequences):
    """Return the number of sequences to which each value belongs.

    Examples
    --------
    >>> from skrnn.sequences import Sequences
    >>> windows = Sequences([[0.0], [1.0], [2.0], [3.0]], starts=[1, 2], lengths=[2, 2])
    >>> count_steps(windows)
    array([0, 1, 2, 1])
    """
    size = len(sequences.values) + 1
    n_starts = np.bincount(sequences.starts, minlength=size)
    n_ends = np.bincount(sequences.starts + sequences.lengths, minlength=size)
    return np.cumsum(n_starts - n_ends)[:-1]


def drop_unused_steps(sequences):
    """Return the same sequences without the values that belong to none of them.

    Examples
    --------
    >>> from skrnn.sequences import Sequences
    >>> windows = Sequences([[0.0], [1.0], [2.0], [3.0]], starts=[1, 2], lengths=[2, 2])
    >>> drop_unused_steps(windows).values.ravel()
    array([1., 2., 3.])
    """
    if sequences.is_contiguous:
        return sequences
    is_used = count_steps(sequences) > 0
    if is_used.all():
        return sequences
    starts = (np.cumsum(is_used) - 1)[sequences.starts]
    further = sequences.feature_names, sequences.static, sequences.static_names
    kept = Sequences(sequences.values[is_used], starts, sequences.lengths, *further)
    is_mixed = isinstance(sequences, MixedSequences)
    return MixedSequences(kept, sequences.tables) if is_mixed else kept


def training_table(sequences, *, weighted):
    """Return the steps of all sequences as a table, and the weight of each row or None.

    If `weighted`, a step that several windows share is one row with a weight. Otherwise it is
    repeated, so that windows of 200 steps make a table that is 200 times as large as the series.
    """
    if not weighted or sequences.is_contiguous:
        return sequences.concatenate(), None
    counts = count_steps(sequences)
    is_used = counts > 0
    values = sequences.values if is_used.all() else sequences.values[is_used]
    return values, counts[is_used]


def fit_steps(method, sequences):
    """Call the method `fit` or `partial_fit` of a transformer with the steps of all sequences."""
    weighted = "sample_weight" in signature(method).parameters
    steps, weights = training_table(sequences, weighted=weighted)
    is_mixed = isinstance(sequences, MixedSequences)
    if sequences.feature_names is not None or is_mixed:
        steps = step_table(sequences, steps)
    try:
        return method(steps) if weights is None else method(steps, sample_weight=weights)
    except (TypeError, ValueError) as error:
        if not is_mixed:
            raise
        raise ValueError(
            f"X has categories in {list(sequences.categories)}, which {method.__self__} does not "
            f"accept: {error}. Encode them, for example with ColumnTransformer and OneHotEncoder."
        ) from error
