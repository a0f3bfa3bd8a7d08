"""Scores of predicted sequences, which may be longer or shorter than the correct ones.

The correct and the predicted sequence are compared position by position. A position at which only
one of them has a token counts as wrong.
"""

import numpy as np
from sklearn.metrics import accuracy_score

from skrnn._check_arrays import as_array
from skrnn.metrics._steps import check_sequence_weights, flat_and_lengths
from skrnn.sequences import Sequences
from skrnn.sequences._missing_targets import read_step_targets, split_missing
from skrnn.sequences._sequences import offsets_of, step_positions
from skrnn.sequences._target_series import known_with_stops, weight_series
from skrnn.sequences._target_weights import is_per_step


def sequence_accuracy_score(y_true, y_pred, *, normalize=True, sample_weight=None):
    """Compute the fraction of sequences that are predicted exactly (exact match).

    The score is for targets per time step, such as a tag for each word of a sentence, and for
    targets with their own lengths, such as translations. One wrong time step makes the whole
    sequence wrong, and so does a wrong length, so that the score is stricter than
    `token_accuracy_score`.

    Parameters
    ----------
    y_true : list of arrays of shape (T_i,) or (T_i, k), array of shape (n, T) or (n, T, k), \
            Sequences, or list of str
        The correct labels, with one label (or `k` labels) per time step. If each item is a str, it
        is a text, and texts are compared as a whole.

    y_pred : as `y_true`
        The predicted labels or texts. A sequence may have another length than the correct one.

    normalize : bool, default=True
        If True, return the fraction of correct sequences. If False, return the number of correct
        sequences, or the sum of their weights if `sample_weight` is given.

    sample_weight : array-like of shape (n,), default=None
        The weight of each sequence.

    Returns
    -------
    score : float
        The score. Greater values are better. It is between 0 and 1, or between 0 and the number of
        sequences if ``normalize=False`` and there are no weights. A sequence without time steps
        counts as correct if the predicted sequence is empty too.

    Raises
    ------
    ValueError
        If there is one target per sequence instead of one per time step, if only one of `y_true`
        and `y_pred` contains texts, if they differ in the number of sequences or in the number of
        labels per time step, if labels are continuous numbers, if some labels are numbers and
        others are str, or if `sample_weight` does not have one weight per sequence, has a negative
        weight, or is zero.

    See Also
    --------
    token_accuracy_score : Compute the fraction of time steps that are predicted exactly.
    flatten_steps : Concatenate all time steps into one array, for scores of single time steps.
    make_step_scorer : Make a scorer from a metric of single time steps.

    Notes
    -----
    To use the score in cross-validation, pass ``scoring=make_scorer(sequence_accuracy_score)``,
    with :func:`sklearn.metrics.make_scorer`.

    Examples
    --------
    One of three sentences is correct. The third one is too short:

    >>> from skrnn.metrics import sequence_accuracy_score
    >>> y_true = [["PRON", "VERB"], ["DET", "NOUN", "VERB"], ["PRON", "VERB"]]
    >>> y_pred = [["PRON", "VERB"], ["DET", "NOUN", "NOUN"], ["PRON"]]
    >>> sequence_accuracy_score(y_true, y_pred, normalize=False)
    1.0
    >>> sequence_accuracy_score(["Bonjour.", "Il dort."], ["Bonjour.", "Il rit."])
    0.5
    """
    y_true, y_pred = _texts_as_tokens(y_true, y_pred, allow_texts=True)
    true, lengths = flat_and_lengths(y_true, "y_true")
    common, others, is_right = _compare(true, lengths, y_pred)
    n = len(lengths)
    if sample_weight is not None:
        sample_weight = check_sequence_weights(sample_weight, n)
    n_right = np.bincount(np.repeat(np.arange(n), common), is_right, minlength=n)
    correct = n_right == np.maximum(lengths, others)
    return accuracy_score(
        np.ones(n, dtype=bool), correct, normalize=normalize, sample_weight=sample_weight
    )


def token_accuracy_score(y_true, y_pred, *, sample_weight=None):
    r"""Compute the fraction of tokens that are predicted exactly, for sequences of any lengths.

    The tokens of two sequences are compared position by position. If one of them is longer, each of
    its additional tokens counts as wrong, so that neither a truncated nor an endless prediction has
    a good score. For sequences of equal lengths, the score is the accuracy of single time steps.

    Parameters
    ----------
    y_true : list of arrays (T_i,) or (T_i, k), array (n, T) or (n, T, k), or Sequences
        The correct tokens, with one label (or `k` labels) per time step and without padding. NaN,
        None, `pandas.NA` and masked values are missing tokens, which are left out. If the last
        token of a sequence is missing, its end is unknown, and further predicted tokens are left
        out too.

    y_pred : as `y_true`
        The predicted tokens. A sequence may have another length than the correct one.

    sample_weight : array-like of shape (n,), or list of arrays of shape (T_i,), default=None
        The weight of each sequence, which is used for all of its tokens, or that of each token.
        Further predicted tokens have the weight of the last one, or that of an additional entry.

    Returns
    -------
    score : float
        The score, between 0 and 1. Greater values are better. It is 1 if all sequences are empty.

    Raises
    ------
    ValueError
        As for `sequence_accuracy_score`, and if `y_true` or `y_pred` contains texts, or if all
        tokens are missing.

    See Also
    --------
    sequence_accuracy_score : Compute the fraction of sequences without any wrong token.
    corpus_bleu : Compare n-grams of words at any positions.

    Notes
    -----
    A sequence with :math:`T` correct tokens :math:`y_t`, and :math:`S` predicted tokens
    :math:`\hat{y}_t`, has :math:`\max(T, S)` positions. The score is

    .. math::

        \frac{\sum_i w_i \sum_{t \le \min(T_i, S_i)} [y_{i,t} = \hat{y}_{i,t}]}
        {\sum_i w_i \max(T_i, S_i)}

    with the weights :math:`w_i`, if each sequence has one weight and no token is missing. A single
    omitted token shifts all later ones to wrong positions.

    Examples
    --------
    >>> from skrnn.metrics import token_accuracy_score
    >>> y_true = [["il", "dort"], ["elle", "rit"]]
    >>> y_pred = [["il", "rit"], ["elle", "rit", "rit"]]
    >>> token_accuracy_score(y_true, y_pred)  # 3 of 5 positions
    0.6
    """
    y_true, y_pred = _texts_as_tokens(y_true, y_pred, allow_texts=False)
    true, lengths = flat_and_lengths(y_true, "y_true", read=read_step_targets)
    true, known = split_missing(true, "y_true")
    common, others, is_right = _compare(true, lengths, y_pred)
    weights = _weights_with_stops(sample_weight, lengths, known)
    starts = offsets_of(lengths + 1)
    n_right = is_right @ weights[step_positions(starts, common)]
    n_further = np.maximum(others - lengths, 0) @ weights[starts + lengths]
    n_tokens = weights[step_positions(starts, lengths)].sum() + n_further
    return float(n_right / n_tokens) if n_tokens > 0 else 1.0


def _weights_with_stops(sample_weight, lengths, known):
    """Return the weight of each correct token and, after each sequence, that of further tokens."""
    n, counts = len(lengths), lengths + 1
    if is_per_step(sample_weight):
        weights = weight_series(sample_weight, counts, has_stops=True)
    else:
        if sample_weight is not None:
            sample_weight = check_sequence_weights(sample_weight, n)
        weights = np.repeat(np.ones(n) if sample_weight is None else sample_weight, counts)
    return weights if known is None else weights * known_with_stops(known, lengths)


def _compare(true, lengths, y_pred):
    """Return the numbers of common and of predicted positions, and which positions are equal."""
    predicted, others = flat_and_lengths(y_pred, "y_pred")
    if len(others) != len(lengths):
        raise ValueError(
            "y_true and y_pred must have the same number of sequences, got "
            f"{len(lengths)} and {len(others)}."
        )
    common = np.minimum(lengths, others)
    is_right = _equal_steps(
        true[step_positions(offsets_of(lengths), common)],
        predicted[step_positions(offsets_of(others), common)],
    )
    return common, others, is_right


def _texts_as_tokens(y_true, y_pred, allow_texts):
    """Return texts as sequences of one token, and other targets unchanged."""
    is_text = [_holds_texts(y_true), _holds_texts(y_pred)]
    if not any(is_text):
        return y_true, y_pred
    if not allow_texts:
        name = "y_true" if is_text[0] else "y_pred"
        raise ValueError(
            f"{name} contains texts, expected lists of tokens. Split the texts into tokens, for "
            "example with str.split, or use sequence_accuracy_score or corpus_bleu."
        )
    if not all(is_text):
        text, other = ("y_true", "y_pred") if is_text[0] else ("y_pred", "y_true")
        raise ValueError(f"{text} contains texts, but {other} contains sequences of labels.")
    return [[text] for text in y_true], [[text] for text in y_pred]


def _holds_texts(y):
    if isinstance(y, Sequences):
        return False
    if not isinstance(y, list | tuple):
        y = as_array(y, "y")
        if y.ndim != 1:
            return False
    return len(y) > 0 and all(isinstance(item, str) for item in y)


def _equal_steps(true, predicted):
    """Return which time steps have no wrong label."""
    if true.shape != predicted.shape:
        raise ValueError(
            "y_true and y_pred must have the same number of labels per step, got the shapes "
            f"{true.shape[1:]} and {predicted.shape[1:]}."
        )
    if true.size:
        _check_comparable(true, predicted)
        # This call raises scikit-learn's errors for other invalid labels.
        accuracy_score(true.ravel(), predicted.ravel())
    equal = true == predicted
    return equal.all(axis=1) if equal.ndim == 2 else equal


def _check_comparable(true, predicted):
    """Raise an error if some labels are str and others are numbers.

    NumPy finds that a str and a number are not equal, and scikit-learn accepts both before its
    version 1.9, so that every label would silently be wrong.
    """
    has_str, has_others = zip(*map(_has_str_and_others, (true, predicted)), strict=True)
    if any(has_str) and any(has_others):
        raise ValueError(
            "Labels must be all numbers or all str, got both in y_true and y_pred together."
        )


def _has_str_and_others(labels):
    """Return whether an array contains str, and whether it contains anything else."""
    if labels.dtype.kind != "O":
        is_str = labels.dtype.kind in "UT"
        return is_str, not is_str
    is_str = [isinstance(label, str) for label in labels.flat]
    return any(is_str), not all(is_str)
