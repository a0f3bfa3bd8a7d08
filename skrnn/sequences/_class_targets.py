"""Read the targets of classifiers: one class, or an indicator of 0 and 1 for each label."""

import warnings

import numpy as np
from sklearn.utils.validation import assert_all_finite

from skrnn.sequences._targets import check_labels, target_array


def check_class_targets(y, input_name, *, per_step):
    """Return class labels, or an indicator matrix.

    Parameters
    ----------
    y : array-like of shape (n,), (n, 1) or (n, n_labels)
    input_name : str
    per_step : bool
        Whether there is one target, or one row of indicators, per time step.

    Returns
    -------
    ndarray of shape (n,), or int64 ndarray of shape (n, n_labels)

    Raises
    ------
    ValueError
        If a label is missing, if they are not class labels, or if y has several columns with other
        values than 0 and 1.

    Examples
    --------
    >>> check_class_targets(["a", "b"], "y", per_step=False).tolist()
    ['a', 'b']
    >>> check_class_targets([[True, False], [True, True]], "y", per_step=False).tolist()
    [[1, 0], [1, 1]]
    """
    y = target_array(y, input_name)
    if y.ndim != 2 or y.shape[1] < 2:
        return check_labels(y, input_name)
    if y.dtype.kind == "f":
        assert_all_finite(y, input_name=input_name)
    if y.dtype.kind == "O":
        y = np.array(y.tolist())
    if y.dtype.kind not in "biuf" or not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"{input_name} has the shape {y.shape}, so it must be an indicator matrix, in which "
            f"each value is 0 or 1. {_way_for_several_outputs(per_step)}"
        )
    return y.astype(np.int64)


def _way_for_several_outputs(per_step):
    if per_step:
        return "For one class per column, train one classifier for each column."
    return (
        "For one class per column, use sklearn.multioutput.MultiOutputClassifier(classifier), "
        "which trains one classifier for each column. For one class per time step, set "
        "return_sequences=True."
    )


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
    if given != n_labels:
        given, fitted = (
            "one class per target" if n is None else f"an indicator matrix of {n} labels"
            for n in (given, n_labels)
        )
        raise ValueError(f"{input_name} is {given}, but {name} was fitted with {fitted}.")


def warn_if_one_column_per_step(y, lengths):
    """Warn if an indicator matrix could be one target per time step of sequences of one length.

    Parameters
    ----------
    y : array-like
        The targets of sequences, of which each has one target or one row of indicators.
    lengths : ndarray of int of shape (n_sequences,)
    """
    shape = np.shape(y)
    if len(shape) == 2 and shape[1] > 1 and (lengths == shape[1]).all():
        warnings.warn(
            f"y is read as an indicator matrix of {shape[1]} labels per sequence, but the "
            f"sequences also have {shape[1]} time steps. For one class per time step, set "
            "return_sequences=True.",
            UserWarning,
            stacklevel=2,
        )
