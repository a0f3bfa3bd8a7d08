"""What `fit` and `predict` are given, checked and read: steps, targets, weights, validation data.

All is read before any work. With ``reset`` the estimator learns from what it reads: how its steps
look, and its classes or the scale of its targets.
"""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils.validation import validate_data

from skrnn._sklearn import _check_sample_weight
from skrnn.recurrent._inputs import (
    as_known_container,
    is_nested_numbers,
    read_one_hot,
    read_steps,
    read_tokens,
    with_dense_steps,
)
from skrnn.recurrent._targets import flatten_step_targets, require_one_target_each
from skrnn.sequences import feature_table

__all__ = [
    "StepFormat",
    "as_list_or_array",
    "check_groups",
    "in_one_form",
    "look_up",
    "read_examples",
    "read_inputs",
    "read_validation",
]


# --- steps ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepFormat:
    """How the steps of an estimator's inputs look.

    Parameters
    ----------
    tokens : bool
        Whether they are token ids.
    codes : bool
        Whether one-hot rows are read as codes.
    dtype : str
        Of numeric steps.
    n_features : int or None
        None: not known yet.
    in_table : bool
        Whether they were the columns of a table, one sequence a row.
    """

    tokens: bool
    codes: bool
    dtype: str
    n_features: int | None = None
    in_table: bool = False

    @classmethod
    def of(cls, estimator):
        """Return what an estimator's parameters say before any data are read."""
        # A body of the user's sees vectors.
        codes = estimator.model is None
        return cls(tokens=estimator.embedding is not None, codes=codes, dtype=estimator.dtype)

    def read(self, X, input_name):
        """Return X as `Inputs`, and how many features a step has."""
        if self.tokens:
            return read_tokens(X, input_name), 1
        inputs, n_features = read_one_hot(X) if self.codes else (None, None)
        if inputs is None:
            inputs = read_steps(X, self.dtype, input_name)
            n_features = inputs.sequences.values.shape[1]
        return inputs, n_features


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
    X = as_known_container(X)
    steps = StepFormat.of(estimator) if reset else estimator._step_format
    inputs, n_features = steps.read(X, input_name)
    table = feature_table(X)
    if reset:
        if not steps.tokens and is_nested_numbers(X):
            table = X
        steps = replace(steps, n_features=n_features, in_table=table is X)
        estimator._step_format = steps
    # Columns are the steps of a table X, but the features of the tables in a list.
    if table is not None and (table is X) == steps.in_table:
        _check_columns(estimator, table, reset, input_name)
    elif reset:
        estimator.n_features_in_ = n_features
        vars(estimator).pop("feature_names_in_", None)
    if n_features != steps.n_features:
        raise ValueError(
            f"{input_name} has {n_features} features, but {type(estimator).__name__} is expecting "
            f"{steps.n_features} features as input."
        )
    return inputs


def _check_columns(estimator, table, reset, input_name):
    """Have scikit-learn check, or with `reset` learn, the number and the names of columns."""
    try:
        validate_data(estimator, table, reset=reset, skip_check_array=True)
    except ValueError as error:
        message = str(error)
        raise ValueError(message.replace("X has", f"{input_name} has", 1)) from error


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
    used : ndarray of int

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
    weights = _read_weights(sample_weight, len(inputs), names[2])
    y, counts = _flatten(y, inputs, names[1], per_step=estimator.return_sequences)
    y = estimator._check_targets(y, names[1])
    used = np.flatnonzero(weights)
    # A sequence without weight is as if it were not there, but for the labels it may bring.
    has_weight = np.repeat(weights > 0, counts)
    weights = np.repeat(weights, counts)[has_weight].astype(estimator.dtype)
    if reset:
        estimator._learn_targets(y, has_weight, weights, classes)
    counts = counts[used]
    # Only here: what is refused above is refused before a framework is loaded.
    from skrnn.networks.specs import Examples

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


def as_list_or_array(y):
    """Return lists and tuples as they are, since they may be ragged, and all else as an array."""
    return y if isinstance(y, list | tuple) else np.asarray(y)


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


def _flatten(y, inputs, input_name, *, per_step):
    """Return targets one after another, and how many each sequence has."""
    if per_step:
        return flatten_step_targets(y, inputs, input_name), inputs.lengths
    require_one_target_each(y, len(inputs), input_name)
    return y, np.ones(len(inputs), dtype=np.int64)


def _read_weights(sample_weight, n, input_name):
    if sample_weight is None:
        return np.ones(n)
    try:
        weights = _check_sample_weight(
            sample_weight, np.empty((n, 1)), dtype=np.float64, ensure_non_negative=True
        )
    except ValueError as error:
        raise ValueError(str(error).replace("sample_weight", input_name)) from error
    if not weights.any():
        raise ValueError(f"{input_name} is zero for every sequence.")
    return weights


def _given(value):
    return "None" if value is None else "(given)"
