"""Validation of X, y and sample_weight: sequences, or one series whose rows are time steps."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils import check_consistent_length

from skrnn._check_arrays import as_array, check_features, check_numbers
from skrnn._time_order import check_one_sorted_series, warn_about_gaps
from skrnn.reservoir._parameters import combined_reservoir
from skrnn.reservoir._standardize import learn_standardization, scaled_sequences
from skrnn.sequences import Sequences
from skrnn.sequences._class_targets import warn_if_one_column_per_step
from skrnn.sequences._inputs import Inputs, StepFormat, read_inputs, read_one_hot
from skrnn.sequences._missing_targets import read_step_targets, split_missing
from skrnn.sequences._static_inputs import (
    check_static,
    learn_static_standardization,
    scale_static,
)
from skrnn.sequences._target_weights import is_per_step, read_step_weights, read_target_weights
from skrnn.sequences._targets import as_list_or_array, flatten_targets


@dataclass(frozen=True)
class Examples:
    """Valid sequences, targets and weights that belong together.

    Parameters
    ----------
    sequences : Sequences
    targets : ndarray of shape (n_rows, n_targets)
        The encoded targets of each sequence, or of all time steps, one sequence after another.
    weights : ndarray of shape (n_rows,) or None
    indices : ndarray of int of shape (n_sequences,) or None
        The index of each sequence in X.
    """

    sequences: Sequences
    targets: np.ndarray
    weights: np.ndarray | None
    indices: np.ndarray | None = None


def are_overlapping(sequences):
    """Return whether a time step is in more than two sequences on average, as in sliding windows.

    Examples
    --------
    >>> series, starts = np.zeros((100, 1)), np.arange(0, 90)
    >>> are_overlapping(Sequences(series, starts, np.full(90, 10)))
    True
    >>> are_overlapping(Sequences(series, starts[::10], np.full(9, 10)))
    False
    """
    order = np.argsort(sequences.starts, kind="stable")
    starts, lengths = sequences.starts[order], sequences.lengths[order]
    ends = np.maximum.accumulate(starts + lengths)
    n_steps = (ends - np.maximum(starts, np.append(starts[:1], ends[:-1]))).sum()
    return bool(lengths.sum() > 2 * n_steps)


def validate_X(estimator, X, dtype, *, reset, input_name="X"):
    """Return X as `Inputs`.

    Parameters
    ----------
    estimator : BaseEchoState
        A snapshot of an estimator. With `reset`, its attributes of the format of X are set.
    X : as in `fit`
    dtype : str
        The dtype of the reservoir. Inputs that will be standardised are read in float64.
    reset : bool
        Whether the format of X is learned. If False, X must have the format that was learned.
    input_name : str, default="X"
    """
    dtype = "float64" if estimator.standardize else dtype
    fresh = StepFormat(tokens=False, codes=True, dtype=dtype)
    if estimator.rows == "sequences":
        inputs = read_inputs(estimator, X, fresh=fresh if reset else None, input_name=input_name)
        checked = check_static(estimator, inputs.sequences, reset=reset, input_name=input_name)
        return replace(inputs, sequences=checked)
    with np.errstate(over="ignore"):  # values that are too large for the dtype become infinite
        check_one_sorted_series(X)
        warn_about_gaps(X)
        table = X if hasattr(X, "columns") else None
        X = check_numbers(
            X, input_name, dtype=np.dtype(dtype), accept_sparse="csr", ensure_all_finite=False
        )
    check_features(estimator, X if table is None else table, reset=reset)
    _check_rows_finite(X, input_name)
    if reset:
        estimator.n_static_in_ = 0
        vars(estimator).pop("static_names_in_", None)
        estimator._step_format = StepFormat(False, True, dtype, X.shape[1], in_table=True)
    inputs = read_one_hot([X])[0] if sparse.issparse(X) else None
    if inputs is None:
        X = X.toarray() if sparse.issparse(X) else X
        lengths = np.array([len(X)])
        inputs = Inputs(Sequences(X, [0], lengths), lengths, np.zeros_like(lengths))
    return inputs


def read_scaled(estimator, X, dtype, input_name="X"):
    """Return X as `Inputs` that a fitted estimator has standardised.

    Parameters
    ----------
    estimator : BaseEchoState
        A snapshot of a fitted estimator.
    X : as in `fit`
    dtype : str
    input_name : str, default="X"
    """
    inputs = validate_X(estimator, X, dtype, reset=False, input_name=input_name)
    indices = np.arange(len(inputs.sequences))
    scaled = _scaled(estimator, inputs.sequences, dtype, indices, input_name)
    return replace(inputs, sequences=scaled)


def _scaled(estimator, sequences, dtype, indices, input_name="X"):
    """Return standardised sequences, or raise an error if they are too large for the dtype.

    Parameters
    ----------
    estimator : BaseEchoState
    sequences : Sequences
    dtype : str
    indices : ndarray of int of shape (n_sequences,)
        The index of each sequence in X, for the message.
    input_name : str, default="X"
    """
    scaled = scaled_sequences(sequences, estimator._standardization, dtype)
    scaled = scale_static(scaled, estimator._static_standardization, "float64", input_name)
    if scaled.values.ndim == 1 or np.isfinite(scaled.values).all():
        return scaled
    if estimator.rows == "steps":
        _check_rows_finite(scaled.values, input_name)
    # Values that no sequence contains are not used.
    for index, steps in zip(indices, scaled, strict=True):
        if not np.isfinite(steps).all():
            raise ValueError(
                f"Input {input_name} contains a value that is too large for {scaled.dtype} after "
                f"it is standardised. The first sequence with it is {input_name}[{index}]."
            )
    return scaled


def _check_rows_finite(X, input_name):
    """Raise an error that names the first row with NaN or infinity."""
    values = X.data if sparse.issparse(X) else X
    bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
    if len(bad) == 0:
        return
    row = np.searchsorted(X.indptr, bad[0], side="right") - 1 if sparse.issparse(X) else bad[0]
    is_nan = np.isnan(values[bad[0]]).any()
    problem = "NaN" if is_nan else f"infinity or a value too large for {X.dtype}"
    raise ValueError(
        f"Input {input_name} contains {problem}. The first row with it is {input_name}[{row}]."
    )


def validate_examples(estimator, X, y, sample_weight, dtype, *, targets=None, classes=None):
    """Return the examples of a fit, and their targets.

    Parameters
    ----------
    estimator : BaseEchoState
        A snapshot of an estimator. With `targets=None`, it learns the format of X and the
        statistics of its features.
    X, y, sample_weight : as in `fit`
    dtype : str
    targets : NumericTargets, ClassTargets or None
        The format of the targets in an earlier fit, or None for the first examples.
    classes : ndarray or None
        All classes, if `y` may not contain all of them.

    Returns
    -------
    examples : Examples
    targets : NumericTargets or ClassTargets
    """
    name, is_first = type(estimator).__name__, targets is None
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    if estimator.rows == "steps":
        check_one_sorted_series(y, "y")
    y = as_list_or_array(y, masks=estimator._per_step)
    inputs = validate_X(estimator, X, dtype, reset=is_first)
    sequences = inputs.sequences
    y, counts, known = _flat_targets(estimator, y, inputs, is_first=is_first)
    used, of_inputs, weights = _weights(estimator, sample_weight, inputs, counts, known)
    if is_first:
        targets = estimator._target_kind.learn(y, classes, name)
    encoded = targets.encode(y, name)
    weights = targets.weights(encoded, weights, getattr(estimator, "class_weight", None))
    if estimator.rows == "sequences" and len(used) < len(counts):
        # A sequence of weight zero is left out.
        in_used = np.repeat(np.isin(np.arange(len(counts)), used), counts)
        sequences, encoded, weights = sequences[used], encoded[in_used], weights[in_used]
    # A time step of weight zero still changes the states.
    indices = used if estimator.rows == "sequences" else None
    if is_first:
        estimator._standardization = (
            learn_standardization(sequences, of_inputs) if estimator.standardize else None
        )
        estimator._static_standardization = _learn_static(estimator, sequences, of_inputs)
    sequences = _scaled(estimator, sequences, dtype, used)
    return Examples(sequences, encoded, weights, indices), targets


def _learn_static(estimator, sequences, weights):
    """Return how static features are standardised, or None."""
    if not estimator.standardize:
        return None
    weights = np.ones(len(sequences)) if weights is None else weights
    return learn_static_standardization(sequences, weights / weights.max())


def _flat_targets(estimator, y, inputs, *, is_first):
    """Return all targets in one array, the number of each sequence, and which are not missing."""
    if estimator.rows == "steps":
        check_consistent_length(inputs.sequences.values, y)
        y, counts = read_step_targets(y, "y"), np.ones(len(y), dtype=np.int64)
    else:
        y, counts = flatten_targets(y, inputs, "y", per_step=estimator.return_sequences)
    y, known = split_missing(y) if estimator._per_step else (y, None)
    if known is not None and combined_reservoir(estimator).feedback_scaling > 0:
        raise ValueError(
            "y has missing targets, but with feedback_scaling > 0 the target of each time step is "
            "fed back at the next one. Fill the missing targets, or set feedback_scaling=0."
        )
    if is_first and is_classifier(estimator) and not estimator._per_step:
        warn_if_one_column_per_step(y, inputs.given_lengths)
    return estimator._target_kind.check(y, per_step=estimator._per_step), counts, known


def _weights(estimator, sample_weight, inputs, counts, known):
    """Return the indices of sequences or rows that are used, their weights, and those of targets.

    The weights are None if all are equal to one.
    """
    if sample_weight is None and known is None:
        return np.arange(len(counts)), None, None
    if sample_weight is not None and not is_per_step(sample_weight):
        sample_weight = as_array(sample_weight, "sample_weight", dtype=np.float64)
        if sample_weight.ndim == 0:
            sample_weight = np.full(len(counts), sample_weight)
    per_step = estimator._per_step and estimator.rows == "sequences"
    of_sequences, of_targets = read_target_weights(
        sample_weight,
        counts,
        known,
        read_steps=partial(read_step_weights, inputs=inputs) if per_step else None,
        input_name="sample_weight",
    )
    used = np.flatnonzero(of_sequences)
    return used, of_sequences if estimator.rows == "steps" else of_sequences[used], of_targets
