"""Check the targets of all estimators, and convert labels to numbers.

There is one target per sequence or one per time step. In the second case, the targets of all time
steps are in one array.
"""

from numbers import Real

import numpy as np
from sklearn.metrics import r2_score
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

from skrnn._check_arrays import as_array, in_words, refuse_masked
from skrnn.sequences._columns import has_sequence_cells, unpack_columns
from skrnn.sequences._containers import object_array, split_steps
from skrnn.sequences._missing_targets import is_missing, joined, read_step_targets

# --- layout -------------------------------------------------------------------------


def as_list_or_array(y, input_name="y", *, masks=False):
    """Return y as an array, but lists and tuples unchanged, since they may be ragged.

    Parameters
    ----------
    y : object
    input_name : str, default="y"
    masks : bool, default=False
        Whether y may be a masked array with masked values, which is returned unchanged.

    Raises
    ------
    TypeError
        If y is not a collection whose items have an order, such as a set or a generator.
    ValueError
        If y is a masked array with masked values.
    """
    y = unpack_columns(y, input_name)
    if isinstance(y, list | tuple):
        return y
    if masks and isinstance(y, np.ma.MaskedArray):
        return y
    refuse_masked(y, input_name)
    array = np.asarray(y)
    if array.ndim == 0:
        raise TypeError(f"{input_name} must be an array or a list, got {type(y).__name__}.")
    return array


def target_array(y, input_name):
    """Return targets as an array.

    Raises
    ------
    ValueError
        If some are masked, if their shapes differ, or if only some of them are text. NumPy would
        convert the others, and NaN would become the text "nan".
    """
    array = as_array(y, input_name)
    if array.dtype.kind in "US" and isinstance(y, list | tuple):
        for target in np.asarray(y, dtype=object).flat:
            if not isinstance(target, str | bytes):
                raise ValueError(
                    f"{input_name} must contain a label for each target, and either only text or "
                    f"no text, got {in_words(target)} among text."
                )
    return array


def flatten_targets(y, inputs, input_name, *, per_step):
    """Return all targets in one array, and the number of targets of each sequence."""
    if per_step:
        return flatten_step_targets(y, inputs, input_name), inputs.lengths
    require_one_target_each(y, len(inputs), input_name)
    return y, np.broadcast_to(np.int64(1), len(inputs))


def require_as_many(y, n_sequences, input_name="y"):
    """Check that there is one entry of y for each sequence.

    Raises
    ------
    ValueError
    """
    if len(y) != n_sequences:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {n_sequences} "
            f"sequences, {input_name} has {len(y)}."
        )


def require_same_width(series, input_name="y"):
    """Check that all series have the same number of targets at each time step.

    Raises
    ------
    ValueError
    """
    widths = [target.shape[1:] for target in series]
    if len(set(widths)) > 1:
        i = next(i for i, width in enumerate(widths) if width != widths[0])
        raise ValueError(
            f"{input_name} must contain the same number of targets at each time step: "
            f"{input_name}[0] has shape {series[0].shape}, {input_name}[{i}] has shape "
            f"{series[i].shape}."
        )


def require_one_target_each(y, n_sequences, input_name="y"):
    """Check that there are as many targets as sequences, and that none is a sequence.

    Raises
    ------
    ValueError
    """
    require_as_many(y, n_sequences, input_name)
    if isinstance(y, (list, tuple)) and len({_shape(target) for target in y}) > 1:
        raise ValueError(
            f"{input_name} must contain one target per sequence because return_sequences=False, "
            "got arrays of different lengths. For one target per time step, set "
            "return_sequences=True. For a set of labels per sequence, pass the result of "
            "sklearn.preprocessing.MultiLabelBinarizer."
        )


def _shape(target):
    try:
        return np.shape(target)
    except ValueError:  # a ragged list; no array has as many dimensions
        return (0,) * 65


def flatten_step_targets(y, inputs, input_name="y"):
    """Return the targets of all real time steps in one array.

    Parameters
    ----------
    y : list of array-like of shape (T_i,) or (T_i, k), or array-like of shape (n, T[, k])
        A target for every time step of X, or for the real time steps only.
    inputs : Inputs

    Returns
    -------
    ndarray of shape (sum of lengths,) or (sum of lengths, k)
        Missing targets are NaN, or None in an object array; see `split_missing`.

    Raises
    ------
    ValueError
        If the numbers of sequences or time steps differ, or if y has no axis of time steps.
    """
    require_as_many(y, len(inputs), input_name)
    series = [read_step_targets(target, f"{input_name}[{i}]") for i, target in enumerate(y)]
    depths = {target.ndim for target in series}
    if not depths <= {1, 2} or len(depths) > 1:
        raise ValueError(
            f"{input_name} must contain one target per time step because return_sequences=True, "
            f"as a list of (T_i,) or (T_i, k) arrays or an (n, T[, k]) array, got entries with "
            f"{' or '.join(str(depth) for depth in sorted(depths))} dimensions."
        )
    require_same_width(series, input_name)
    counts = np.array([len(target) for target in series])
    as_given, as_real = counts == inputs.given_lengths, counts == inputs.lengths
    if not (as_given | as_real).all():
        i = int(np.argmin(as_given | as_real))
        raise ValueError(
            f"{input_name}[{i}] has {counts[i]} targets, but sequence {i} of X has "
            f"{inputs.given_lengths[i]} time steps."
        )
    if inputs.padded:
        series = [
            target[offset : offset + length] if given else target
            for target, given, offset, length in zip(
                series, as_given, inputs.offsets, inputs.lengths, strict=True
            )
        ]
    return joined(series)


def nest_steps(flat, X, inputs):
    """Return one array per sequence, or one array for all if X is an array.

    The result is an object array if X is one, or a column of one, because scikit-learn concatenates
    the predictions of folds as arrays.

    Parameters
    ----------
    flat : ndarray of shape (sum of lengths,) or (sum of lengths, k)
    X : as in `predict`
    inputs : Inputs
        X as `read_inputs` returns it.
    """
    is_column = has_sequence_cells(X)
    if isinstance(X, np.ndarray) and X.ndim > 1 and not inputs.padded and not is_column:
        return flat.reshape(len(inputs), -1, *flat.shape[1:])
    series = split_steps(flat, inputs.lengths)
    is_object = isinstance(X, np.ndarray) and (X.ndim == 1 or is_column)
    return object_array(series) if is_object else series


# --- values ----------------------------------------------------------------------------


def check_numbers(y, input_name, *, per_step, keep_float32=False):
    """Return targets of a regression as float64, (n,) or (n, n_targets).

    If `keep_float32`, float32 and float64 are returned without a copy.

    Raises
    ------
    ValueError
        If they are not finite real numbers, or not one number or vector each.
    """
    y = target_array(y, input_name)
    if y.ndim not in (1, 2):
        raise ValueError(
            f"{input_name} must contain one target or one vector of targets "
            f"per {'time step' if per_step else 'sequence'}, got an array of shape {y.shape}."
        )
    if np.iscomplexobj(y):
        raise ValueError(f"Complex data not supported: {input_name} has dtype {y.dtype}.")
    if y.dtype.kind in "mM":
        raise ValueError(f"{input_name} must contain numbers, got values of {y.dtype}.")
    if not keep_float32 or y.dtype not in (np.float32, np.float64):
        try:
            y = y.astype(np.float64)
        except (ValueError, TypeError, OverflowError) as error:
            raise ValueError(f"{input_name} must contain numbers: {error}.") from error
    return check_array(y, ensure_2d=False, input_name=input_name)


def r2_of_numbers(y, predicted, sample_weight=None):
    """Return R2 of predictions; `y` is checked as in `fit`.

    Raises
    ------
    ValueError
        As in `check_numbers`, or if there are more or fewer targets than predictions.
    """
    y = check_numbers(y, "y", per_step=False, keep_float32=True)
    return r2_score(y, predicted, sample_weight=sample_weight)


def check_labels(y, input_name):
    """Return the labels of a classification, (n,).

    Raises
    ------
    ValueError
        If a label is missing, or if they are not class labels.
    """
    y = target_array(y, input_name)
    if y.ndim != 1 or y.dtype.kind not in "biuU":
        y = column_or_1d(y, warn=True)
    if y.dtype.kind in "OmM" and (missing := is_missing(y)).any():
        raise ValueError(
            f"{input_name} must contain a label for each target, got {y[missing][0]!r}."
        )
    assert_all_finite(y, input_name=input_name)
    _require_comparable(y, input_name)
    check_classification_targets(y)
    return y


def _require_comparable(labels, input_name):
    """Raise an error if labels cannot be sorted, or are containers such as lists."""
    if labels.dtype.kind != "O":
        return
    try:
        sorted(set(labels.tolist()))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{input_name} must contain labels that can be compared with each other, such as only "
            f"text or only integers: {error}."
        ) from error


def require_two_classes(classes, name):
    """Return the classes if there are at least two.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    if len(classes) < 2:
        found = f"1 class: {classes.tolist()[0]!r}" if len(classes) else "no class"
        raise ValueError(f"{name} needs samples of at least 2 classes, got {found}.")
    return classes


def known_classes(classifier, classes):
    """Return the classes that `partial_fit` received, sorted; None if it received none.

    Raises
    ------
    ValueError
        If a class is missing or is not a class label, or if an earlier call received other classes.
    """
    if classes is None:
        return None
    classes = as_list_or_array(classes, "classes")
    if np.ndim(classes) != 1:
        raise ValueError(f"classes must be a list of labels, got the shape {np.shape(classes)}.")
    classes = np.unique(check_labels(classes, "classes"))
    known = getattr(classifier, "classes_", classes)
    if not np.array_equal(classes, known):
        raise ValueError(f"classes={classes} differs from the classes of the first call: {known}.")
    return classes


def label_codes(y, classes, input_name):
    """Return the index of each label in the sorted classes.

    Raises
    ------
    ValueError
        If a label is not one of them.
    """
    try:
        codes = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    except TypeError as error:
        raise ValueError(
            f"{input_name} has labels that cannot be compared with classes_: {error}"
        ) from error
    unknown = classes[codes] != y
    if unknown.any():
        raise ValueError(
            f"{input_name} has labels that are not in classes_: {np.unique(y[unknown])}."
        )
    return codes


def class_factors(codes, class_weight, classes, weights):
    """Return the factor by which class weights multiply the weight of each target.

    Parameters
    ----------
    codes : ndarray of int of shape (n,)
    class_weight : dict or "balanced"
    classes : ndarray of shape (n_classes,)
    weights : ndarray of shape (n,)

    Raises
    ------
    ValueError
        If `class_weight` is a list, if a class weight is not a finite number or is negative, if all
        are zero, or if an unknown label has a weight while a class has none.
    """
    if isinstance(class_weight, list):
        raise ValueError(
            "class_weight must be a dict, 'balanced' or None if y has one class per target; a list "
            f"of dicts is for several columns of class labels, got {class_weight!r}."
        )
    if isinstance(class_weight, dict):
        for label, factor in class_weight.items():
            if not isinstance(factor, Real) or not 0 <= factor < np.inf:
                raise ValueError(
                    "class_weight must contain finite numbers that are not negative, got "
                    f"{factor!r} for the class {label!r}."
                )
        known = set(classes.tolist())
        unknown = [label for label in class_weight if label not in known]
        if unknown and not known <= set(class_weight):  # as in scikit-learn
            raise ValueError(f"class_weight has {unknown}, which are not in classes_: {classes}.")
        factors = np.array([class_weight.get(label, 1.0) for label in classes.tolist()])
        if not factors.any():
            raise ValueError(
                "class_weight is zero for every class; at least one weight must be positive, got "
                f"{class_weight!r}."
            )
        return factors[codes]
    totals = np.bincount(codes, weights)
    mean = totals.sum() / np.count_nonzero(totals)
    return np.divide(mean, totals, out=np.zeros_like(totals), where=totals > 0)[codes]
