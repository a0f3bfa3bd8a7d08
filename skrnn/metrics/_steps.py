"""Scores for targets per time step.

scikit-learn's metrics can be used for sequences of any lengths if all time steps are in one flat
array. This module flattens the targets and calls those metrics.
"""

from functools import wraps

import numpy as np
from sklearn.metrics import make_scorer
from sklearn.utils.validation import column_or_1d

from skrnn._check_arrays import as_array, in_words
from skrnn._fitting import read_weights
from skrnn.sequences import Sequences
from skrnn.sequences._missing_targets import (
    is_missing,
    joined,
    read_step_targets,
    split_missing,
)
from skrnn.sequences._target_weights import is_per_step

_RESPONSE_METHODS = frozenset(
    {"predict", "predict_proba", "predict_log_proba", "decision_function"}
)


def flatten_steps(*targets):
    """Concatenate the targets per time step of all sequences into one array.

    Parameters
    ----------
    *targets : list of arrays of shape (T_i,) or (T_i, k), array of shape (n, T) or (n, T, k), \
            or Sequences
        Targets, predictions or probabilities, with one value or one row per time step. If several
        are given, they must have the same number of sequences and the same lengths.

    Returns
    -------
    flat : ndarray of shape (sum(T_i),) or (sum(T_i), k)
        The targets of all time steps, one sequence after another. If several targets are given, the
        result is a tuple of such arrays.

    Raises
    ------
    ValueError
        If there is one target per sequence instead of one per time step, if some labels are numbers
        and others are str, if sequences differ in the number of outputs, or if the given targets
        differ in the number or in the lengths of the sequences.

    See Also
    --------
    make_step_scorer : Make a scorer for `cross_val_score` and `GridSearchCV`.
    sequence_accuracy_score : Compute the fraction of sequences without any wrong time step.

    Examples
    --------
    >>> from sklearn.metrics import accuracy_score
    >>> from skrnn.metrics import flatten_steps
    >>> y_true = [["in", "out"], ["in", "in", "out"]]
    >>> flatten_steps(y_true).tolist()
    ['in', 'out', 'in', 'in', 'out']
    >>> y_pred = [["in", "out"], ["in", "out", "out"]]
    >>> accuracy_score(*flatten_steps(y_true, y_pred))
    0.8
    """
    if not targets:
        raise ValueError("flatten_steps needs at least one array or list of targets.")
    names = [f"targets[{i}]" for i in range(len(targets))]
    flat, lengths = zip(*map(flat_and_lengths, targets, names), strict=True)
    for other in lengths[1:]:
        _check_same_lengths(lengths[0], other)
    return flat[0] if len(flat) == 1 else flat


def flat_and_lengths(targets, name="y_true", read=as_array):
    """Return the targets of all time steps in one array, and the length of each sequence.

    Parameters
    ----------
    targets : as in `flatten_steps`
    name : str, default="y_true"
    read : callable
        A function of targets and their name that returns them as an array.
    """
    if isinstance(targets, Sequences):
        return targets.concatenate(), targets.lengths
    if not isinstance(targets, list | tuple):
        targets = read(targets, name)
        if targets.ndim == 0:
            raise ValueError(f"{name} must hold targets per step, got the single value {targets}.")
        if targets.ndim in (2, 3):
            n, length, *outputs = targets.shape
            return targets.reshape(n * length, *outputs), np.full(n, length)
    steps = [read(sequence, f"{name}[{i}]") for i, sequence in enumerate(targets)]
    _check_steps(steps)
    _check_one_type(targets, steps)
    return joined(steps), np.array([len(sequence) for sequence in steps])


def _check_steps(steps):
    if not steps:
        raise ValueError("Expected targets of at least one sequence, got none.")
    for i, sequence in enumerate(steps):
        if sequence.ndim not in (1, 2):
            raise ValueError(
                "Expected targets per step, with the shape (T_i,) or (T_i, k) for each sequence, "
                f"got the shape {sequence.shape} for sequence {i}."
            )
        if sequence.shape[1:] != steps[0].shape[1:]:
            raise ValueError(
                "All sequences must have the same number of outputs per step: sequence 0 has the "
                f"shape {steps[0].shape}, sequence {i} has {sequence.shape}."
            )


def _check_one_type(targets, steps):
    """Raise an error for a mixture of numbers and str, which NumPy would convert to str."""
    is_str = {
        array.dtype.kind == "U"
        for array in steps
        if array.dtype.kind in "Ubiuf" and not is_missing(array).all()
    }
    mixed = [
        i
        for i, (given, array) in enumerate(zip(targets, steps, strict=True))
        if isinstance(given, list | tuple) and array.dtype.kind == "U" and array.ndim == 1
        if not all(isinstance(label, str) for label in given)
    ]
    if len(is_str) > 1 or mixed:
        where = f"sequence {mixed[0]}" if mixed else "different sequences"
        raise ValueError(f"Labels must be all numbers or all str, got both in {where}.")


def _check_same_lengths(expected, lengths):
    if len(expected) != len(lengths):
        raise ValueError(
            f"The targets differ in the number of sequences: {len(expected)} and {len(lengths)}."
        )
    different = np.flatnonzero(expected != lengths)
    if len(different) > 0:
        i = different[0]
        raise ValueError(
            f"The targets differ in the length of sequence {i}: "
            f"{expected[i]} and {lengths[i]} steps."
        )


def make_step_scorer(metric, *, response_method="predict", greater_is_better=True, **kwargs):
    """Make a scorer from a metric, for estimators with one target per time step.

    It works like :func:`sklearn.metrics.make_scorer`, but the metric receives the time steps of all
    sequences in one array, so that each real time step counts once. Time steps whose target is
    missing (NaN, None or masked) are left out.

    Parameters
    ----------
    metric : callable
        Score or loss function with the signature ``metric(y_true, y_pred, **kwargs)``, for example
        a metric of :mod:`sklearn.metrics`.

    response_method : str or list of str, default="predict"
        The method of the estimator whose result is passed to the metric: `"predict"`,
        `"predict_proba"` or `"decision_function"`. If a list is given, the first method that the
        estimator has is used.

    greater_is_better : bool, default=True
        Whether `metric` is a score, for which high values are good, or a loss. The scorer changes
        the sign of a loss.

    **kwargs : dict
        Additional arguments that are passed to `metric`, such as ``average="macro"``.

    Returns
    -------
    scorer : callable
        The scorer, with the signature ``scorer(estimator, X, y, sample_weight=None)``. Greater
        values are better. `sample_weight` has one weight per sequence, which is used for all of its
        time steps, or sequences of weights with one weight per time step.

    Raises
    ------
    TypeError
        If `metric` is not callable.

    See Also
    --------
    flatten_steps : Concatenate targets in the way in which the metric receives them.

    Examples
    --------
    >>> from sklearn.metrics import f1_score
    >>> from skrnn.metrics import make_step_scorer
    >>> make_step_scorer(f1_score, average="macro")
    make_step_scorer(f1_score, response_method='predict', average=macro)
    """
    if not callable(metric):
        raise TypeError(f"metric must be callable, got {in_words(metric)}.")
    scorer = make_scorer(
        metric, response_method=response_method, greater_is_better=greater_is_better, **kwargs
    )
    return _StepScorer(scorer)


class _StepScorer:
    """Calls a scikit-learn scorer with flat targets and an estimator whose responses are flat.

    The metric itself cannot flatten the responses. For two classes, scikit-learn's scorers select
    the positive class with `predict_proba(X)[:, 1]`, which selects a time step in an array
    (n, T, 2).
    """

    def __init__(self, scorer):
        self._scorer = scorer

    def __call__(self, estimator, X, y_true, sample_weight=None, **kwargs):
        steps, lengths = flat_and_lengths(y_true, read=read_step_targets)
        steps, known = split_missing(steps, "y_true")
        known = slice(None) if known is None else known
        if sample_weight is not None:
            kwargs["sample_weight"] = _weights_of_steps(sample_weight, lengths)[known]
        return self._scorer(_FlatResponses(estimator, lengths, known), X, steps[known], **kwargs)

    def __repr__(self):
        return repr(self._scorer).replace("make_scorer", "make_step_scorer", 1)

    def set_score_request(self, **kwargs):
        """Set which metadata the metric requests, as for scikit-learn's scorers."""
        self._scorer.set_score_request(**kwargs)
        return self

    def get_metadata_routing(self):
        """Return which metadata the metric requests."""
        return self._scorer.get_metadata_routing()

    def _accept_sample_weight(self):
        # GridSearchCV calls this method to decide whether to pass weights to the scorer.
        return self._scorer._accept_sample_weight()


class _FlatResponses:
    """Wraps a fitted estimator so that its predictions are the time steps in one array."""

    def __init__(self, estimator, lengths, known):
        self._estimator = estimator
        self._lengths, self._known = lengths, known

    @property
    def __class__(self):
        # scikit-learn's error messages then contain the name of the estimator.
        return type(self._estimator)

    def __sklearn_tags__(self):
        return self._estimator.__sklearn_tags__()

    def __getattr__(self, name):
        attribute = getattr(self._estimator, name)
        if name not in _RESPONSE_METHODS:
            return attribute

        @wraps(attribute)
        def flat_response(X):
            steps, lengths = flat_and_lengths(attribute(X), name)
            _check_same_lengths(self._lengths, lengths)
            return steps[self._known]

        return flat_response


def _weights_of_steps(sample_weight, lengths):
    if is_per_step(sample_weight):
        weights, given = flat_and_lengths(sample_weight, "sample_weight")
        _check_same_lengths(lengths, given)
        return read_weights(weights, len(weights))
    return np.repeat(check_sequence_weights(sample_weight, len(lengths)), lengths)


def check_sequence_weights(sample_weight, n_sequences):
    """Return the weights of sequences as an array, or raise an error if they are not valid."""
    sample_weight = column_or_1d(as_array(sample_weight, "sample_weight", dtype=np.float64))
    if len(sample_weight) != n_sequences:
        raise ValueError(
            "sample_weight must have one weight per sequence: "
            f"got {len(sample_weight)} for {n_sequences} sequences."
        )
    return read_weights(sample_weight, n_sequences)
