"""Targets: one for each sequence, or one for each step and then all steps in one array.

What they may be, and how a classifier's labels become numbers, is here for all estimators.
"""

import numpy as np
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

from skrnn.sequences._containers import object_array, split_steps

__all__ = [
    "as_list_or_array",
    "check_labels",
    "check_numbers",
    "class_factors",
    "flatten_step_targets",
    "flatten_targets",
    "known_classes",
    "label_codes",
    "nest_steps",
    "require_one_target_each",
    "require_two_classes",
]


# --- where they stand -------------------------------------------------------------------------


def as_list_or_array(y):
    """Return lists and tuples as they are, since they may be ragged, and all else as an array."""
    return y if isinstance(y, list | tuple) else np.asarray(y)


def flatten_targets(y, inputs, input_name, *, per_step):
    """Return targets one after another, and how many each sequence has."""
    if per_step:
        return flatten_step_targets(y, inputs, input_name), inputs.lengths
    require_one_target_each(y, len(inputs), input_name)
    return y, np.broadcast_to(np.int64(1), len(inputs))


def require_one_target_each(y, n_sequences, input_name="y"):
    """Check that there are as many targets as sequences, and that none is a series.

    Raises
    ------
    ValueError
    """
    if len(y) != n_sequences:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {n_sequences} "
            f"sequences, {input_name} has {len(y)}."
        )
    if isinstance(y, (list, tuple)) and len({np.shape(target) for target in y}) > 1:
        raise ValueError(
            f"{input_name} must hold one target a sequence because return_sequences=False, got "
            "arrays of different lengths. Set return_sequences=True for a target at each step."
        )


def flatten_step_targets(y, inputs, input_name="y"):
    """Return the targets of all real steps in one array.

    Parameters
    ----------
    y : list of array-like of shape (T_i,) or (T_i, k), or array-like of shape (n, T[, k])
        With a target for every step as it came, or for real steps only.
    inputs : Inputs

    Returns
    -------
    ndarray of shape (sum of lengths,) or (sum of lengths, k)

    Raises
    ------
    ValueError
        If the numbers of sequences or steps do not agree, or y has no step axis.
    """
    if len(y) != len(inputs):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {len(inputs)} "
            f"sequences, {input_name} has {len(y)}."
        )
    series = [np.asarray(target) for target in y]
    depths = {target.ndim for target in series}
    if not depths <= {1, 2} or len(depths) > 1:
        raise ValueError(
            f"{input_name} must hold a target for each step because return_sequences=True: a "
            f"list of (T_i,) or (T_i, k) arrays or an (n, T[, k]) array, got entries with "
            f"{' or '.join(str(depth) for depth in sorted(depths))} dimensions."
        )
    widths = [target.shape[1:] for target in series]
    if len(set(widths)) > 1:
        i = next(i for i, width in enumerate(widths) if width != widths[0])
        raise ValueError(
            f"{input_name} must hold as many targets at each step: {input_name}[0] has shape "
            f"{series[0].shape}, {input_name}[{i}] has shape {series[i].shape}."
        )
    counts = np.array([len(target) for target in series])
    as_given, as_real = counts == inputs.given_lengths, counts == inputs.lengths
    if not (as_given | as_real).all():
        i = int(np.argmin(as_given | as_real))
        raise ValueError(
            f"{input_name}[{i}] has {counts[i]} targets, but sequence {i} of X has "
            f"{inputs.given_lengths[i]} steps."
        )
    if inputs.padded:
        series = [
            target[offset : offset + length] if given else target
            for target, given, offset, length in zip(
                series, as_given, inputs.offsets, inputs.lengths, strict=True
            )
        ]
    return np.concatenate(series)


def nest_steps(flat, X, inputs):
    """One array a sequence, or for an array X one array for all; the inverse of flattening.

    For an object array X too: scikit-learn joins the predictions of folds as arrays.

    Parameters
    ----------
    flat : ndarray of shape (sum of lengths,) or (sum of lengths, k)
    X : what the user passed
    inputs : Inputs
        What was read from it.
    """
    if isinstance(X, np.ndarray) and X.ndim > 1 and not inputs.padded:
        return flat.reshape(len(inputs), -1, *flat.shape[1:])
    series = split_steps(flat, inputs.lengths)
    return object_array(series) if isinstance(X, np.ndarray) and X.ndim == 1 else series


# --- what they are ----------------------------------------------------------------------------


def check_numbers(y, input_name, *, per_step):
    """Return targets of a regression as float64, (n,) or (n, n_targets).

    Raises
    ------
    ValueError
        If they are not finite real numbers, or not one number or vector each.
    """
    y = np.asarray(y)
    if y.ndim not in (1, 2):
        raise ValueError(
            f"{input_name} must hold one target or one vector of targets "
            f"{'a step' if per_step else 'a sequence'}, got an array of shape {y.shape}."
        )
    if np.iscomplexobj(y):
        raise ValueError(f"Complex data not supported: {input_name} has dtype {y.dtype}.")
    try:
        y = y.astype(np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{input_name} must hold numbers: {error}.") from error
    return check_array(y, ensure_2d=False, input_name=input_name)


def check_labels(y, input_name):
    """Return the labels of a classification, (n,).

    Raises
    ------
    ValueError
        If one is missing, or they are no classes.
    """
    y = column_or_1d(y, warn=True)
    if y.dtype.kind == "O" and any(label is None for label in y):
        raise ValueError(f"{input_name} must hold a label for each target, got None.")
    assert_all_finite(y, input_name=input_name)
    check_classification_targets(y)
    return y


def require_two_classes(classes, name):
    """Return the classes.

    Raises
    ------
    ValueError
        If there is only one.
    """
    if len(classes) < 2:
        raise ValueError(
            f"{name} needs samples of at least 2 classes, got 1 class: {classes.tolist()[0]!r}."
        )
    return classes


def known_classes(classifier, classes):
    """Return what `partial_fit` was told of its classes, sorted; None if nothing.

    Raises
    ------
    ValueError
        If an earlier call was told something else.
    """
    if classes is None:
        return None
    classes = np.unique(classes)
    known = getattr(classifier, "classes_", classes)
    if not np.array_equal(classes, known):
        raise ValueError(f"classes={classes} is not what the first call was given: {known}.")
    return classes


def label_codes(y, classes, input_name):
    """Return the place of each label in the sorted classes.

    Raises
    ------
    ValueError
        If a label is none of them.
    """
    codes = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    unknown = classes[codes] != y
    if unknown.any():
        raise ValueError(
            f"{input_name} has labels that are not in classes_: {np.unique(y[unknown])}."
        )
    return codes


def class_factors(codes, class_weight, classes, weights):
    """Return what class weights multiply each target's weight by.

    Parameters
    ----------
    codes : ndarray of int of shape (n,)
    class_weight : dict or "balanced"
    classes : ndarray of shape (n_classes,)
    weights : ndarray of shape (n,)

    Raises
    ------
    ValueError
        If a factor is negative, or is for no class while a class has none.
    """
    if isinstance(class_weight, dict):
        if any(factor < 0 for factor in class_weight.values()):
            raise ValueError(f"class_weight must not be negative, got {class_weight!r}.")
        unknown = set(class_weight) - set(classes.tolist())
        if unknown and not set(classes.tolist()) <= set(class_weight):  # as scikit-learn judges
            raise ValueError(
                f"class_weight has {sorted(unknown)}, which are not in classes_: {classes}."
            )
        return np.array([class_weight.get(label, 1.0) for label in classes.tolist()])[codes]
    totals = np.bincount(codes, weights)
    mean = totals.sum() / np.count_nonzero(totals)
    return np.divide(mean, totals, out=np.zeros_like(totals), where=totals > 0)[codes]
