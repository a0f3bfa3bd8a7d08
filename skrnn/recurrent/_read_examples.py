"""Read the examples of a fit: inputs with their targets and weights, and validation data."""

from dataclasses import dataclass

import numpy as np

from skrnn._examples import Examples
from skrnn.recurrent._codecs import NumberCodec
from skrnn.recurrent._data import (
    learn_features,
    read_sequences,
    require_same_inputs,
    warn_if_far_from_first_data,
)
from skrnn.recurrent._static import with_scaled_static
from skrnn.sequences import Sequences
from skrnn.sequences._missing_targets import split_missing
from skrnn.sequences._target_weights import read_target_weights
from skrnn.sequences._targets import as_list_or_array

_NAMES = ("X", "y", "sample_weight", "target_inputs")


@dataclass(frozen=True)
class _Targets:
    """Checked targets of all sequences, in the units of the user, and what belongs to them.

    Parameters
    ----------
    values : ndarray of shape (n_targets,) or (n_targets, k)
    counts : ndarray of int of shape (n,)
        The number of targets of each sequence.
    known : ndarray of bool of shape (n_targets,) or None
        Which targets are not missing. None if this is all of them.
    of_sequences : ndarray of shape (n,)
        The largest weight of the targets of each sequence.
    weights : ndarray of shape (n_targets,)
    further : Sequences or None
        The known inputs of a decoder.
    """

    values: np.ndarray
    counts: np.ndarray
    known: np.ndarray | None
    of_sequences: np.ndarray
    weights: np.ndarray
    further: Sequences | None


def read_examples(
    estimator,
    X,
    y,
    sample_weight,
    target_inputs=None,
    *,
    reset,
    classes=None,
    names=_NAMES,
    draw_split=None,
):
    """Return the examples of positive weight, checked and encoded, and their indices in X.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
    X, y, sample_weight, target_inputs : as in `fit`
    reset : bool
        Whether the estimator learns the format of its inputs and the encoding of its targets.
    classes : ndarray or None
        All classes, if `y` may not contain all of them.
    names : tuple of str
        The names of X, y, sample_weight and target_inputs in error messages. Nothing is learned
        from data that have other names than these.
    draw_split : callable or None
        A function of the targets and of `used` that returns a `ValidationSplit`. Only the classes
        are learned from the examples that it holds out. If None, no examples are held out.

    Returns
    -------
    examples : Examples
        All examples, those that are held out among them.
    used : ndarray of int, or slice
    split : ValidationSplit or None

    Raises
    ------
    ValueError
        If the data are not valid, or if they do not match.
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )
    y = as_list_or_array(y, names[1], masks=estimator._may_miss_targets)
    inputs = read_sequences(estimator, X, reset=reset, input_name=names[0])
    given = y, sample_weight, target_inputs
    targets = _read_targets(estimator, given, inputs, names, reset=reset, classes=classes)
    of_sequences, counts = targets.of_sequences, targets.counts
    used, in_used = _of_positive_weight(of_sequences, counts)
    split, trained = None, used
    if draw_split is not None:
        indices = np.arange(len(inputs))[used]
        split = draw_split(targets.values[in_used], indices)
        trained = indices[split.trained]
    # Only their ratios count. Products with class weights must neither overflow nor underflow.
    of_sequences = _relative(of_sequences)
    if reset:
        _learn_targets(estimator, targets, split, trained, classes)
        learn_features(estimator, inputs.sequences, of_sequences, trained, used)
        estimator._learn_target_inputs(targets.further, trained, of_sequences)
    elif names is _NAMES:
        require_same_inputs(estimator)
        warn_if_far_from_first_data(estimator, inputs.sequences[trained], of_sequences[trained])
        _learn_targets(estimator, targets, split, trained)
    sequences = inputs.sequences[used]
    if reset:
        sequences = with_scaled_static(estimator, sequences)
    of_targets = _as_sent(estimator, targets, counts[used], in_used, names[1])
    return Examples.of(sequences, *of_targets), used, split


def _read_targets(estimator, given, inputs, names, *, reset, classes):
    """Return checked targets, with their weights and known inputs."""
    y, sample_weight, target_inputs = given
    y, counts = estimator._flatten_targets(y, inputs, names[1], reset=reset, classes=classes)
    may_miss = estimator._may_miss_targets
    y, known = split_missing(y, names[1]) if may_miss else (y, None)
    y = estimator._check_targets(y, names[1])
    further = estimator._read_target_inputs(target_inputs, counts, names, reset=reset)
    of_weights = read_target_weights(
        sample_weight,
        counts,
        known,
        read_steps=estimator._step_weights_reader(inputs, counts) if may_miss else None,
        input_name=names[2],
    )
    return _Targets(y, counts, known, *of_weights, further)


def _learn_targets(estimator, targets, split, trained, *first):
    """Learn the classes or the scale of targets; `first` are the classes of a first call."""
    weights = targets.weights
    is_target = slice(None) if weights.all() else weights > 0
    if split is not None:
        n = len(targets.counts)
        in_trained = np.repeat(np.isin(np.arange(n), trained), targets.counts)
        is_target = in_trained if isinstance(is_target, slice) else in_trained & is_target
    learn = estimator._learn_targets if first else estimator._learn_more_targets
    learn(targets.values, is_target, _relative(weights)[is_target], *first)


def _as_sent(estimator, targets, counts, in_used, input_name):
    """Return the targets of the sequences of positive weight as `Examples.of` expects them."""
    y, weights = targets.values[in_used], _relative(targets.weights)[in_used]
    if not weights.all():
        known = None if targets.known is None else targets.known[in_used]
        y = estimator._without_missing(y, weights, counts, known)
    further = estimator._scaled_target_inputs(targets.further, in_used)
    codec = estimator._codec
    if isinstance(codec, NumberCodec):
        # They are encoded when they are sent to the device.
        return codec.checked(y, input_name), counts, weights, further, codec.encode
    return codec.encode(y, input_name), counts, weights, further


def _of_positive_weight(weights, counts):
    """Return the indices of the sequences of positive weight, and which targets are theirs.

    A sequence of weight zero has no effect on training, but its labels count as classes.
    """
    if weights.all():
        return slice(None), slice(None)
    return np.flatnonzero(weights), np.repeat(weights > 0, counts)


def _relative(weights):
    """Return weights divided by the largest one, without a copy if this is one."""
    largest = weights.max()
    return weights if largest == 1 else weights / largest


def read_validation(estimator, X_val, y_val, sample_weight_val, target_inputs_val=None):
    """Return validation examples, and the indices of those of positive weight in `X_val`.

    Both are None if no validation data are given.

    Raises
    ------
    ValueError
        If only a part is given, or if they do not have the format of the training data.
    """
    given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
    given["target_inputs_val"] = target_inputs_val
    if all(value is None for value in given.values()):
        return None, None
    if X_val is None or y_val is None:
        found = ", ".join(f"{name}=(given)" for name, value in given.items() if value is not None)
        raise ValueError(
            f"got only {found}, but X_val and y_val must be passed together, and other validation "
            "data only with both."
        )
    return read_examples(estimator, *given.values(), reset=False, names=tuple(given))[:2]
