"""Several class outputs: each column of y holds the classes of one output.

scikit-learn calls such targets "multiclass-multioutput". The outputs of a classifier for them lie
side by side, in one group of columns for each column of y.
"""

import numpy as np
from sklearn.utils import check_consistent_length

from skrnn.sequences._missing_targets import plain_labels
from skrnn.sequences._targets import (
    as_list_or_array,
    check_labels,
    class_factors,
    known_classes,
    label_codes,
    target_array,
)


def check_class_outputs(y, input_name):
    """Return the labels of several outputs, checked column by column.

    Parameters
    ----------
    y : ndarray of shape (n, n_outputs)
    input_name : str

    Returns
    -------
    ndarray of shape (n, n_outputs)
        It has the dtype object if the columns hold labels of different types.

    Raises
    ------
    ValueError
        If a label is missing, or if a column does not contain class labels.

    Examples
    --------
    >>> check_class_outputs(np.array([["a", 1], ["b", 2]], dtype=object), "y")
    array([['a', 1],
           ['b', 2]], dtype=object)
    """
    columns = map(plain_labels, y.T)
    return side_by_side([check_labels(c, f"{input_name}[:, {k}]") for k, c in enumerate(columns)])


def side_by_side(columns):
    """Return columns as one array, of the dtype object if they are of different types.

    Examples
    --------
    >>> side_by_side([np.array(["a", "b"]), np.array(["no", "yes"])])
    array([['a', 'no'],
           ['b', 'yes']], dtype='<U3')
    """
    if len({column.dtype.kind for column in columns}) == 1:
        return np.column_stack(columns)
    table = np.empty((len(columns[0]), len(columns)), dtype=object)
    for k, column in enumerate(columns):
        table[:, k] = column
    return table


def learn_class_outputs(y, classes, name):
    """Return the classes of each output.

    Parameters
    ----------
    y : ndarray of shape (n, n_outputs)
        As `check_class_outputs` returns it.
    classes : list of ndarray, ndarray or None
        What `partial_fit` received. If None, the classes are those of y.
    name : str
        The name of the classifier in error messages.

    Returns
    -------
    list of ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If `classes` is not a list of as many arrays as y has columns, or if no column has two
        classes.
    """
    if classes is None:
        classes = [np.unique(plain_labels(column)) for column in y.T]
    elif not isinstance(classes, list) or y.ndim != 2 or len(classes) != y.shape[1]:
        given = f"the shape {y.shape}"
        raise ValueError(
            "classes must be a list of arrays if y has several columns of class labels, one array "
            f"for each column, and one array otherwise, got {classes} for y of {given}."
        )
    if max(map(len, classes)) < 2:
        raise ValueError(
            f"{name} needs samples of at least 2 classes in one of the columns of y, got only one "
            f"class in each: {[column.tolist()[0] for column in classes]}."
        )
    return classes


def known_classes_of_outputs(classifier, classes):
    """Return the classes that `partial_fit` received, sorted: those of one output, or a list.

    Raises
    ------
    ValueError
        As `known_classes`.
    """
    is_collection = isinstance(classes, list | tuple | np.ndarray) and len(classes) > 1
    if not is_collection or np.ndim(classes[0]) != 1:
        return known_classes(classifier, classes)
    found = [
        np.unique(check_labels(as_list_or_array(column, name), name))
        for name, column in ((f"classes[{k}]", column) for k, column in enumerate(classes))
    ]
    if not all(map(len, found)):
        raise ValueError(f"classes must have at least one class for each column, got {classes}.")
    known = getattr(classifier, "classes_", found)
    same = isinstance(known, list) and len(known) == len(found)
    if not same or not all(map(np.array_equal, known, found)):
        raise ValueError(f"classes={found} differs from the classes of the first call: {known}.")
    return found


def number_of_outputs(classes, *, is_multilabel):
    """Return the number of columns of y for the fitted attribute `classes_`."""
    return len(classes) if is_multilabel or isinstance(classes, list) else 1


def require_class_outputs(y, n_outputs, input_name, name):
    """Check that targets have one column for each output.

    Raises
    ------
    ValueError
    """
    if y.ndim != 2 or y.shape[1] != n_outputs:
        given = "1 column" if y.ndim == 1 else f"{y.shape[1]} columns"
        raise ValueError(
            f"{input_name} has {given}, but {name} was fitted with one class in each of "
            f"{n_outputs} columns."
        )


def codes_of_outputs(y, classes, input_name):
    """Return the index of each label in the sorted classes of its output.

    Parameters
    ----------
    y : ndarray of shape (n, n_outputs)
    classes : sequence of ndarray
    input_name : str

    Returns
    -------
    ndarray of int of shape (n, n_outputs)

    Raises
    ------
    ValueError
        If a label is not one of them.

    Examples
    --------
    >>> codes_of_outputs(np.array([["b", "x"], ["a", "x"]]), [["a", "b"], ["x", "y"]], "y")
    array([[1, 0],
           [0, 0]])
    """
    return np.column_stack(
        [
            label_codes(plain_labels(y[:, k]), np.asarray(found), f"{input_name}[:, {k}]")
            for k, found in enumerate(classes)
        ]
    )


def group_slices(n_classes):
    """Return the columns of each output.

    Parameters
    ----------
    n_classes : sequence of int
        The number of classes of each output.

    Examples
    --------
    >>> group_slices([2, 3])
    [slice(0, 2, None), slice(2, 5, None)]
    """
    ends = np.cumsum(n_classes).tolist()
    return [slice(end - n, end) for n, end in zip(n_classes, ends, strict=True)]


def columns_of_targets(groups, *, class_codes):
    """Return which columns of the targets belong to each group: a code, or indicators.

    Parameters
    ----------
    groups : tuple of int
    class_codes : bool
        Whether the targets of the network are class codes, of shape (n, n_groups).
    """
    return range(len(groups)) if class_codes else group_slices(groups)


def codes_of_groups(values, n_classes):
    """Return the index of the largest value of each output.

    Parameters
    ----------
    values : ndarray of shape (n, sum of n_classes)
    n_classes : sequence of int

    Returns
    -------
    ndarray of int of shape (n, n_outputs)

    Examples
    --------
    >>> codes_of_groups(np.array([[0.4, 0.6, 0.1, 0.2, 0.7]]), [2, 3])
    array([[1, 2]])
    """
    groups = [values[:, columns] for columns in group_slices(n_classes)]
    return np.column_stack([group.argmax(axis=1) for group in groups])


def indicators_of_groups(codes, n_classes):
    """Return the indicators of classes, those of all outputs side by side.

    Examples
    --------
    >>> indicators_of_groups(np.array([[1, 2]]), [2, 3])
    array([[0., 1., 0., 0., 1.]])
    """
    return np.hstack([np.eye(n)[column] for n, column in zip(n_classes, codes.T, strict=True)])


def labels_of_codes(codes, classes):
    """Return the label of each output.

    Parameters
    ----------
    codes : ndarray of int of shape (n, n_outputs)
    classes : sequence of ndarray

    Returns
    -------
    ndarray of shape (n, n_outputs)
    """
    return side_by_side([found[column] for found, column in zip(classes, codes.T, strict=True)])


def factors_of_outputs(codes, class_weight, classes, weights):
    """Return the product of the factors of the classes of each target, as in scikit-learn.

    Parameters
    ----------
    codes : ndarray of int of shape (n, n_outputs)
    class_weight : list of dict, or "balanced"
    classes : sequence of ndarray
    weights : ndarray of shape (n,)

    Raises
    ------
    ValueError
        If `class_weight` is not "balanced" or a list of one dict for each output, or as in
        `class_factors`.

    Examples
    --------
    >>> factors = [{"a": 1, "b": 2}, {"x": 3, "y": 5}]
    >>> codes, classes = np.array([[0, 0], [1, 1]]), [np.array(["a", "b"]), np.array(["x", "y"])]
    >>> factors_of_outputs(codes, factors, classes, np.ones(2))
    array([ 3, 10])
    """
    n_outputs = len(classes)
    of_outputs = [class_weight] * n_outputs if class_weight == "balanced" else class_weight
    is_list = isinstance(of_outputs, list) and len(of_outputs) == n_outputs
    are_dicts = is_list and all(isinstance(one, dict) for one in of_outputs)
    if not are_dicts and class_weight != "balanced":
        raise ValueError(
            "class_weight must be 'balanced', None, or a list of dicts, one for each of the "
            f"{n_outputs} columns of y, got {class_weight!r}."
        )
    return np.prod(
        [
            class_factors(column, one, found, weights)
            for column, one, found in zip(codes.T, of_outputs, classes, strict=True)
        ],
        axis=0,
    )


def subset_accuracy(y, predicted, sample_weight=None):
    """Return the fraction of rows all of whose classes are correct.

    Parameters
    ----------
    y : array-like of shape (n, n_outputs)
    predicted : ndarray of shape (n, n_outputs)
    sample_weight : array-like of shape (n,), default=None

    Raises
    ------
    ValueError
        If y does not have the shape of the predictions, if a label is missing, or if a column has
        text and the predictions do not, or the other way round.

    Examples
    --------
    >>> subset_accuracy([["a", "x"], ["a", "y"]], np.array([["a", "x"], ["b", "y"]]))
    0.5
    """
    y = target_array(as_list_or_array(y), "y")
    if y.shape != predicted.shape:
        raise ValueError(
            f"y has the shape {y.shape}, but the predictions have the shape {predicted.shape}."
        )
    check_consistent_length(y, sample_weight)
    y = check_class_outputs(y, "y")
    for k, columns in enumerate(zip(y.T, predicted.T, strict=True)):
        given, expected = (plain_labels(column).dtype for column in columns)
        if (given.kind == "U") != (expected.kind == "U"):
            raise ValueError(
                f"y[:, {k}] has labels of the type {given}, but the predictions have labels of the "
                f"type {expected}. If columns are of different types, pass a DataFrame."
            )
    return float(np.average((y == predicted).all(axis=1), weights=sample_weight))
