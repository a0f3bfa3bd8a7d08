"""Scores for targets per step: what scikit-learn's metrics need is one flat array of real steps.

Every metric of scikit-learn serves sequences of any lengths once padding is out of the way, so this
module flattens and leaves the measuring to scikit-learn. What no metric of scikit-learn's sees is
where a sequence ends, so the score of whole sequences is written here.
"""

from functools import wraps

import numpy as np
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.utils.validation import column_or_1d

from skrnn.sequences import Sequences

__all__ = ["flatten_steps", "make_step_scorer", "sequence_accuracy_score"]

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
        If there is one target a sequence instead of one a step, if labels are partly numbers and
        partly str, if sequences differ in the number of outputs, or if the targets differ in the
        number of sequences or the length of one.

    See Also
    --------
    make_step_scorer : A scorer for `cross_val_score` and `GridSearchCV`.
    sequence_accuracy_score : How many sequences are right from their first step to their last.

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
    _check_one_kind(targets, steps)
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


def _check_one_kind(targets, steps):
    """Numbers beside str would become str in the one array, and equal to them."""
    kinds = {
        array.dtype.kind == "U" for array in steps if array.dtype.kind in "Ubiuf" and array.size
    }
    mixed = [
        i
        for i, (given, array) in enumerate(zip(targets, steps, strict=True))
        if isinstance(given, list | tuple) and array.dtype.kind == "U" and array.ndim == 1
        if not all(isinstance(label, str) for label in given)
    ]
    if len(kinds) > 1 or mixed:
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
    return np.repeat(_one_weight_each(sample_weight, len(lengths)), lengths)


def _one_weight_each(sample_weight, n_sequences):
    sample_weight = column_or_1d(sample_weight)
    if len(sample_weight) != n_sequences:
        raise ValueError(
            "sample_weight must have one weight a sequence: "
            f"got {len(sample_weight)} for {n_sequences} sequences."
        )
    return sample_weight


def sequence_accuracy_score(y_true, y_pred, *, normalize=True, sample_weight=None):
    """Accuracy of whole sequences: one counts as right if each of its steps is.

    For targets per step, such as a tag for each word of a sentence. One wrong step makes its
    sequence wrong, so that this is the strictest score there is; the accuracy of single steps is
    :func:`sklearn.metrics.accuracy_score` of what `flatten_steps` gives.

    Parameters
    ----------
    y_true : list of arrays of shape (T_i,) or (T_i, k), array of shape (n, T) or (n, T, k), \
            or Sequences
        The right labels, one (or `k`) a step.

    y_pred : as `y_true`
        Predicted labels, as a classifier with targets per step returns them.

    normalize : bool, default=True
        True: the share of sequences that are right. False: their number, or with `sample_weight`
        the sum of their weights.

    sample_weight : array-like of shape (n,), default=None
        How much each sequence counts.

    Returns
    -------
    score : float
        Between 0 and 1, or with ``normalize=False`` and no weights between 0 and the number of
        sequences; greater is better. A sequence without steps is right.

    Raises
    ------
    ValueError
        If there is one target a sequence instead of one a step, if `y_true` and `y_pred` differ in
        the number of sequences, the length of one or the number of labels a step, if labels are
        continuous numbers or partly numbers and partly str, or if `sample_weight` does not have
        one weight a sequence.

    See Also
    --------
    flatten_steps : All steps in one array, for scores of single steps.
    make_step_scorer : A scorer from a metric of single steps.

    Notes
    -----
    A metric of labels like any other to :func:`sklearn.metrics.make_scorer`:
    ``scoring=make_scorer(sequence_accuracy_score)``.

    Examples
    --------
    Four steps of five are right, and one sentence of two:

    >>> from skrnn.metrics import sequence_accuracy_score
    >>> y_true = [["PRON", "VERB"], ["DET", "NOUN", "VERB"]]
    >>> y_pred = [["PRON", "VERB"], ["DET", "NOUN", "NOUN"]]
    >>> sequence_accuracy_score(y_true, y_pred)
    0.5
    >>> sequence_accuracy_score(y_true, y_pred, normalize=False)
    1.0
    """
    (true, lengths), (predicted, others) = map(_flat_and_lengths, (y_true, y_pred))
    _check_same_lengths(lengths, others)
    n = len(lengths)
    if sample_weight is not None:
        sample_weight = _one_weight_each(sample_weight, n)
    wrong_steps = _wrong_steps(true, predicted)
    n_wrong = np.bincount(np.repeat(np.arange(n), lengths), wrong_steps, minlength=n)
    all_right = np.ones(n, dtype=bool)
    return accuracy_score(all_right, n_wrong == 0, normalize=normalize, sample_weight=sample_weight)


def _wrong_steps(true, predicted):
    """Which steps have any label that is not the right one."""
    if true.shape != predicted.shape:
        raise ValueError(
            "y_true and y_pred must have as many labels a step, got steps of the shapes "
            f"{true.shape[1:]} and {predicted.shape[1:]}."
        )
    if true.size:
        # It refuses what is no label, in the words that scikit-learn has for it.
        accuracy_score(true.ravel(), predicted.ravel())
    wrong = true != predicted
    return wrong.any(axis=1) if wrong.ndim == 2 else wrong
