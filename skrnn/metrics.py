"""Scores for targets per step: what scikit-learn's metrics need is one flat array of real steps.

Every metric of scikit-learn serves sequences of any lengths once padding is out of the way, so this
module flattens and leaves the measuring to scikit-learn.
"""

from functools import wraps

import numpy as np
from sklearn.metrics import make_scorer
from sklearn.utils.validation import column_or_1d

from skrnn.sequences import Sequences

__all__ = ["flatten_steps", "make_step_scorer"]

_RESPONSE_METHODS = frozenset(
    {"predict", "predict_proba", "predict_log_proba", "decision_function"}
)


def flatten_steps(*targets):
    """Flatten targets per step into one array, one sequence after another.

    Parameters
    ----------
    *targets : list of arrays of shape (T_i,) or (T_i, k), array of shape (n, T) or (n, T, k), \
            or Sequences
        Targets, predictions or probabilities, a value (or a row) a step. Several are checked to
        have as many steps in each sequence.

    Returns
    -------
    flat : ndarray of shape (sum(T_i),) or (sum(T_i), k)
        The steps; a tuple of such arrays if several targets are given.

    Raises
    ------
    ValueError
        If there is one target a sequence instead of one a step, if sequences differ in the number
        of outputs, or if the targets differ in the number of sequences or the length of one.

    See Also
    --------
    make_step_scorer : A scorer for `cross_val_score` and `GridSearchCV`.

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
    flat, lengths = zip(*map(_flat_and_lengths, targets), strict=True)
    for other in lengths[1:]:
        _check_same_lengths(lengths[0], other)
    return flat[0] if len(flat) == 1 else flat


def _flat_and_lengths(targets):
    """Return the steps of all sequences in one array, and how many each sequence has."""
    if isinstance(targets, Sequences):
        return targets.concatenate(), targets.lengths
    if not isinstance(targets, list | tuple):
        targets = np.asarray(targets)
        if targets.ndim in (2, 3):
            n, length, *outputs = targets.shape
            return targets.reshape(n * length, *outputs), np.full(n, length)
    steps = [np.asarray(sequence) for sequence in targets]
    _check_steps(steps)
    return np.concatenate(steps), np.array([len(sequence) for sequence in steps])


def _check_steps(steps):
    if not steps:
        raise ValueError("Expected targets of at least one sequence, got none.")
    for i, sequence in enumerate(steps):
        if sequence.ndim not in (1, 2):
            raise ValueError(
                "Expected targets per step, each sequence of shape (T_i,) or (T_i, k), got the "
                f"shape {sequence.shape} for sequence {i}."
            )
        if sequence.shape[1:] != steps[0].shape[1:]:
            raise ValueError(
                "All sequences need as many outputs a step: sequence 0 has the shape "
                f"{steps[0].shape}, sequence {i} has {sequence.shape}."
            )


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
    """Make a scorer from a metric, for targets per step.

    The same as :func:`sklearn.metrics.make_scorer` for an estimator whose targets are one a step:
    the metric sees the steps of all sequences in one array, so that each real step counts once.

    Parameters
    ----------
    metric : callable
        Score or loss function with the signature ``metric(y_true, y_pred, **kwargs)``, such as
        those of :mod:`sklearn.metrics`.

    response_method : str or list of str, default="predict"
        The method of the estimator that gives what the metric is told: `"predict"`,
        `"predict_proba"` or `"decision_function"`; in a list, the first the estimator has.

    greater_is_better : bool, default=True
        Whether `metric` is a score (high is good) or a loss, whose sign the scorer turns.

    **kwargs : dict
        More arguments for `metric`, such as ``average="macro"``.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)``; greater is better. `sample_weight` is one
        a sequence and holds for each of its steps.

    See Also
    --------
    flatten_steps : What the metric is told.

    Examples
    --------
    >>> from sklearn.metrics import f1_score
    >>> from skrnn.metrics import make_step_scorer
    >>> make_step_scorer(f1_score, average="macro")
    make_step_scorer(f1_score, response_method='predict', average=macro)
    """
    scorer = make_scorer(
        metric, response_method=response_method, greater_is_better=greater_is_better, **kwargs
    )
    return _StepScorer(scorer)


class _StepScorer:
    """A scorer of scikit-learn's, told flat targets and an estimator whose responses are flat.

    Flattening inside the metric would be too late: for two classes scikit-learn's scorers take the
    positive class as `predict_proba(X)[:, 1]`, which is a step in an array (n, T, 2).
    """

    def __init__(self, scorer):
        self._scorer = scorer

    def __call__(self, estimator, X, y_true, sample_weight=None, **kwargs):
        steps, lengths = _flat_and_lengths(y_true)
        if sample_weight is not None:
            kwargs["sample_weight"] = _repeat_per_step(sample_weight, lengths)
        return self._scorer(_FlatResponses(estimator, lengths), X, steps, **kwargs)

    def __repr__(self):
        return repr(self._scorer).replace("make_scorer", "make_step_scorer", 1)

    def set_score_request(self, **kwargs):
        """Say which metadata the metric takes, as scikit-learn's scorers do."""
        self._scorer.set_score_request(**kwargs)
        return self

    def get_metadata_routing(self):
        """Return which metadata the metric takes."""
        return self._scorer.get_metadata_routing()

    def _accept_sample_weight(self):
        # GridSearchCV asks scorers by this name whether to hand them weights.
        return self._scorer._accept_sample_weight()


class _FlatResponses:
    """A fitted estimator whose `predict` and the like return the steps in one array."""

    def __init__(self, estimator, lengths):
        self._estimator = estimator
        self._lengths = lengths

    @property
    def __class__(self):
        # So that scikit-learn's messages name the estimator.
        return type(self._estimator)

    def __sklearn_tags__(self):
        return self._estimator.__sklearn_tags__()

    def __getattr__(self, name):
        attribute = getattr(self._estimator, name)
        if name not in _RESPONSE_METHODS:
            return attribute

        @wraps(attribute)
        def flat_response(X):
            steps, lengths = _flat_and_lengths(attribute(X))
            _check_same_lengths(self._lengths, lengths)
            return steps

        return flat_response


def _repeat_per_step(sample_weight, lengths):
    sample_weight = column_or_1d(sample_weight)
    if len(sample_weight) != len(lengths):
        raise ValueError(
            "sample_weight must have one weight a sequence: "
            f"got {len(sample_weight)} for {len(lengths)} sequences."
        )
    return np.repeat(sample_weight, lengths)
