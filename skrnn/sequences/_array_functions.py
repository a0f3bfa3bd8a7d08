"""How functions of NumPy act on `Sequences`.

`numpy.hstack` joins the features of the same sequences, so that `sklearn.pipeline.FeatureUnion`,
which calls it, works on `Sequences`. On arrays of three dimensions it would join their time steps.
"""

import numpy as np


def apply_function(kind, function, args, kwargs):
    """Return the result of a function of NumPy, some of whose arguments are `Sequences`.

    Parameters
    ----------
    kind : type
        The class `Sequences`.
    function : callable
    args : tuple
    kwargs : dict
    """
    if function is not np.hstack:
        return function._implementation(*args, **kwargs)
    return _join_features(kind, list(args[0]))


def _join_features(kind, batches):
    first = batches[0]
    for i, batch in enumerate(batches):
        if not isinstance(batch, kind) or batch.ndim != 3:
            raise TypeError(
                "Sequences of vectors are joined only with others of the same lengths, but "
                f"batch {i} is {batch!r}."
            )
        if not np.array_equal(batch.lengths, first.lengths):
            raise ValueError(f"Batches 0 and {i} hold sequences of different lengths.")
    values = np.concatenate([batch.concatenate() for batch in batches], axis=1)
    ends = np.cumsum(first.lengths)
    return kind(values, ends - first.lengths, first.lengths, _joined_names(batches))


def _joined_names(batches):
    """Return the names of all features, or None if some have no name or are not unique."""
    if any(batch.feature_names is None for batch in batches):
        return None
    names = [name for batch in batches for name in batch.feature_names]
    return names if len(set(names)) == len(names) else None
