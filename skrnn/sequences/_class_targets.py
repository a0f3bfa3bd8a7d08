"""Read the targets of classifiers: one class or several, or an indicator of each label."""

import warnings

import numpy as np
from sklearn.utils.validation import assert_all_finite

from skrnn.sequences._class_outputs import check_class_outputs
from skrnn.sequences._targets import check_labels, target_array


def check_class_targets(y, input_name, *, per_step):
    """Return class labels, an indicator matrix, or the labels of several class outputs.

    Parameters
    ----------
    y : array-like of shape (n,), (n, 1), (n, n_labels) or (n, n_outputs)
    input_name : str
    per_step : bool
        Whether there is one target, or one row of indicators, per time step.

    Returns
    -------
    ndarray of shape (n,), int64 ndarray of shape (n, n_labels), or ndarray of shape (n, n_outputs)

    Raises
    ------
    ValueError
        If a label is missing, if they are not class labels, or if there is one target per time step
        and y has several columns with other values than 0 and 1.

    Examples
    --------
    >>> check_class_targets(["a", "b"], "y", per_step=False).tolist()
    ['a', 'b']
    >>> check_class_targets([[True, False], [True, True]], "y", per_step=False).tolist()
    [[1, 0], [1, 1]]
    >>> check_class_targets([[0, 1], [2, 1]], "y", per_step=False).tolist()
    [[0, 1], [2, 1]]
    """
    y = target_array(y, input_name)
    if y.ndim != 2 or y.shape[1] < 2:
        return check_labels(y, input_name)
    if y.dtype.kind == "f":
        assert_all_finite(y, input_name=input_name)
    numbers = np.array(y.tolist()) if y.dtype.kind == "O" else y
    if is_indicator(numbers):
        return numbers.astype(np.int64)
    if per_step:
        raise ValueError(
            f"{input_name} has {y.shape[1]} columns, so it must be an indicator matrix, in which "
            "each value is 0 or 1. For one class per column at each time step, train one "
            "classifier for each column."
        )
    return check_class_outputs(y, input_name)


def is_indicator(y):
    """Return whether targets are an indicator matrix: numbers in several columns, all 0 or 1.

    Examples
    --------
    >>> is_indicator(np.eye(2)), is_indicator(np.eye(2) + 1), is_indicator(np.ones(3))
    (True, False, False)
    """
    return y.ndim == 2 and y.dtype.kind in "biuf" and bool(np.isin(y, (0, 1)).all())


def require_label_indices(classes, n_labels, name="classes"):
    """Check that the classes that `partial_fit` received are the indices of labels.

    Parameters
    ----------
    classes : ndarray or None
    n_labels : int
        The number of columns of the indicator matrix.
    name : str, default="classes"

    Raises
    ------
    ValueError
    """
    if classes is not None and not np.array_equal(classes, np.arange(n_labels)):
        raise ValueError(
            f"{name} must be None or numpy.arange({n_labels}), because y is an indicator matrix of "
            f"{n_labels} labels, got {classes}."
        )


def require_no_class_weight(class_weight):
    """Check that there are no class weights, because a row of an indicator matrix has no class.

    Raises
    ------
    ValueError
    """
    if class_weight is not None:
        raise ValueError(
            "class_weight must be None if y is an indicator matrix, because a target may have none "
            f"or several of the labels, got {class_weight!r}. Pass weights to fit: sample_weight="
            "sklearn.utils.class_weight.compute_sample_weight('balanced', y), or choose a "
            "threshold of predict_proba for each label."
        )


def require_kind(y, n_labels, input_name, name):
    """Check that targets are of the kind that a classifier was fitted with.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, n_columns)
    n_labels : int or None
        The number of labels of the indicator matrix, or None if it was fitted with one class per
        target.
    input_name, name : str
        The names of y and of the classifier in error messages.

    Raises
    ------
    ValueError
    """
    given = y.shape[1] if y.ndim == 2 else None
    is_other = given is not None and not is_indicator(y)
    if given != n_labels or is_other:
        given, fitted = (
            "one class per target" if n is None else f"an indicator matrix of {n} labels"
            for n in (given, n_labels)
        )
        given = f"one class in each of {y.shape[1]} columns" if is_other else given
        may_be_rare = is_other and n_labels is not None
        way = " Pass `classes` to the first call of partial_fit, or use text labels."
        raise ValueError(
            f"{input_name} is {given}, but {name} was fitted with {fitted}."
            f"{way if may_be_rare else ''}"
        )


def warn_if_one_column_per_step(y, lengths):
    """Warn if several columns could be one target per time step.

    They could if all sequences have as many time steps as y has columns. If y is not an indicator
    matrix, it is enough that the longest sequence has, because targets may have been padded.

    Parameters
    ----------
    y : array-like
        The targets of sequences, of which each has one target or one row of targets.
    lengths : ndarray of int of shape (n_sequences,)
    """
    shape = np.shape(y)
    if len(shape) != 2 or shape[1] < 2 or lengths.max() != shape[1]:
        return
    if (lengths == shape[1]).all() or not is_indicator(target_array(y, "y")):
        warnings.warn(
            f"y is read as {shape[1]} labels per sequence, one in each column, but sequences also "
            f"have {shape[1]} time steps. For one class per time step, set return_sequences=True, "
            "and do not pad y.",
            UserWarning,
            stacklevel=2,
        )
