"""What `fit` and `predict` are given, checked and read: steps, targets, weights, validation data.

All is read before any work. With ``reset`` the estimator learns from what it reads: how its steps
look, and its classes or the scale of its targets.
"""

from dataclasses import replace

import numpy as np

from skrnn._fitting import read_weights
from skrnn._specs import Examples
from skrnn.sequences._inputs import StepFormat, with_dense_steps
from skrnn.sequences._inputs import read_inputs as inputs_of_sequences
from skrnn.sequences._targets import as_list_or_array, flatten_targets

__all__ = [
    "check_groups",
    "in_one_form",
    "look_up",
    "read_examples",
    "read_inputs",
    "read_validation",
]


# --- steps ------------------------------------------------------------------------------------


def read_inputs(estimator, X, *, reset, input_name="X"):
    """Return X as `Inputs`.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    X : as in `fit`
    reset : bool
        Whether the estimator learns how its inputs look; else they must look as learned.
    input_name : str, default="X"

    Raises
    ------
    ValueError
        If X is not what it can read.
    """
    fresh = _step_format(estimator) if reset else None
    return inputs_of_sequences(estimator, X, fresh=fresh, input_name=input_name)


def _step_format(estimator):
    """What an estimator's parameters say of its steps before any data are read."""
    # A body of the user's sees vectors.
    codes = estimator.body is None
    return StepFormat(tokens=estimator.embedding is not None, codes=codes, dtype=estimator.dtype)


def look_up(vocabulary, batch, input_name="X"):
    """Return a batch with token ids as rows of the embedding; without a vocabulary as it is.

    Parameters
    ----------
    vocabulary : Vocabulary or None
    batch : Inputs or Examples
    input_name : str, default="X"
    """
    if vocabulary is None:
        return batch
    return replace(batch, sequences=vocabulary.read(batch.sequences, input_name))


def in_one_form(batches, n_features, dtype):
    """Return examples as vectors if some have vectors and others the codes of one-hot steps.

    Parameters
    ----------
    batches : sequence of Examples
    n_features : int
    dtype : str
    """
    if len({batch.sequences.values.ndim for batch in batches}) == 1:
        return batches
    return [
        replace(batch, sequences=with_dense_steps(batch.sequences, n_features, dtype))
        for batch in batches
    ]


# --- examples: steps, targets and weights -----------------------------------------------------


def read_examples(
    estimator, X, y, sample_weight, *, reset, classes=None, names=("X", "y", "sample_weight")
):
    """Return examples of some weight, checked and encoded, and which sequences of X they are.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    X, y, sample_weight : as in `fit`
    reset : bool
        Whether the estimator learns from them.
    classes : ndarray or None
        All classes, where `y` may lack some.
    names : tuple of str
        What errors call the three.

    Returns
    -------
    examples : Examples
    used : ndarray of int, or slice

    Raises
    ------
    ValueError
        If one of the three is not as it should be, or they do not go together.
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )
    y = as_list_or_array(y)
    inputs = read_inputs(estimator, X, reset=reset, input_name=names[0])
    weights = read_weights(sample_weight, len(inputs), names[2])
    y, counts = flatten_targets(y, inputs, names[1], per_step=estimator.return_sequences)
    y = estimator._check_targets(y, names[1])
    # A sequence without weight is as if it were not there, but for the labels it may bring.
    used = has_weight = slice(None)
    if not weights.all():
        used, has_weight = np.flatnonzero(weights), np.repeat(weights > 0, counts)
    weights = weights.astype(estimator.dtype)
    if estimator.return_sequences:
        weights = np.repeat(weights, counts)
    weights = weights[has_weight]
    if reset:
        estimator._learn_targets(y, has_weight, weights, classes)
    counts = counts[used]
    examples = Examples(
        sequences=inputs.sequences[used],
        targets=estimator._encode_targets(y[has_weight], names[1]),
        weights=weights,
        target_starts=np.cumsum(counts) - counts,
        target_counts=counts,
    )
    return examples, used


def read_validation(estimator, X_val, y_val, sample_weight_val):
    """Return validation examples, or None where there is nothing given.

    Raises
    ------
    ValueError
        If only a part is given, or they do not look as the estimator's training data did.
    """
    if X_val is None and y_val is None and sample_weight_val is None:
        return None
    if X_val is None or y_val is None:
        raise ValueError(
            "X_val and y_val go together, and sample_weight_val with both: got "
            f"X_val={_given(X_val)}, y_val={_given(y_val)}, "
            f"sample_weight_val={_given(sample_weight_val)}."
        )
    names = ("X_val", "y_val", "sample_weight_val")
    return read_examples(estimator, X_val, y_val, sample_weight_val, reset=False, names=names)[0]


def check_groups(groups, n):
    """Return groups as an array, one for each of `n` sequences.

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(
            f"groups must hold one group a sequence, got shape {groups.shape} for {n} sequences."
        )
    return groups


def _given(value):
    return "None" if value is None else "(given)"
