"""Split data into training, development and test sets in one call.

Training with early stopping needs three parts. With two calls of `train_test_split` it is easy to
get their sizes or the seed wrong. For cross-validation, use scikit-learn's splitters.
"""

import math
import numbers

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d, indexable

from skrnn._check_arrays import as_array, in_words
from skrnn._sklearn import _num_samples, _safe_indexing


def train_dev_test_split(
    *arrays,
    dev_size=0.1,
    test_size=0.2,
    train_size=None,
    stratify=None,
    groups=None,
    shuffle=True,
    random_state=None,
):
    """Split sequences, targets and other arrays into training, development and test sets.

    Parameters
    ----------
    *arrays : Sequences, list, array, DataFrame or sparse matrix, each of n_samples entries
        The data to split. Each part is the same kind of container, but parts of a tuple are lists.
        Parts of `Sequences` share their memory.

    dev_size, test_size : float or int, default=0.1 and 0.2
        The sizes of the development and the test set. A float is a fraction of all sequences, which
        is rounded up; an int is a number of sequences. If `groups` is given, the sizes are those of
        groups instead of sequences.

    train_size : float or int, default=None
        The size of the training set, as above, but a fraction is rounded down. If None, the
        training set has all sequences that are not in the other two sets.

    stratify : array-like of shape (n_samples,), default=None
        Class labels, whose proportions are the same in all three parts. If None, the split is not
        stratified.

    groups : array-like of shape (n_samples,), default=None
        The group of each sequence, for example a person, a machine or a long series. All sequences
        of a group are put into the same part.

    shuffle : bool, default=True
        Whether to shuffle the data before splitting. If False, the training set is the first part
        of the data, followed by the development and the test set.

    random_state : int, RandomState instance or None, default=None
        Controls the shuffling. Pass an int for the same split in every call. Only used if
        ``shuffle=True``.

    Returns
    -------
    parts : list of length 3 * len(arrays)
        The parts of each array: ``X_train, X_dev, X_test, y_train, y_dev, y_test, ...``

    Raises
    ------
    TypeError
        If one of the arrays is None, a number, a set or a dict.

    ValueError
        If the sizes do not match the data, if a class is too small for three parts, if the arrays
        differ in the number of entries, or if `stratify` is combined with `groups` or with
        ``shuffle=False``.

    See Also
    --------
    sklearn.model_selection.train_test_split : Split data into two sets.
    sklearn.model_selection.StratifiedGroupKFold : Stratified folds that keep groups together.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn.model_selection import train_dev_test_split
    >>> X, y = np.arange(80).reshape(20, 4), np.arange(20) % 2
    >>> X_train, X_dev, X_test, y_train, y_dev, y_test = train_dev_test_split(
    ...     X, y, stratify=y, random_state=0
    ... )
    >>> X_train.shape, X_dev.shape, X_test.shape
    ((14, 4), (2, 4), (4, 4))
    >>> float(y_dev.mean()), float(y_test.mean())
    (0.5, 0.5)
    """
    if not arrays:
        raise ValueError("train_dev_test_split needs at least one array to split.")
    if stratify is not None and groups is not None:
        raise ValueError(
            "stratify and groups cannot be combined. Use only one of them, or use "
            "sklearn.model_selection.StratifiedGroupKFold."
        )
    if stratify is not None and not shuffle:
        raise ValueError("stratify needs shuffle=True, got shuffle=False.")
    _check_containers(arrays)
    *arrays, stratify, groups = indexable(*arrays, stratify, groups)
    n_samples = _num_samples(arrays[0])
    sizes = {"train_size": train_size, "dev_size": dev_size, "test_size": test_size}
    if groups is None:
        parts = _three_parts(n_samples, sizes, "sequences", stratify, shuffle, random_state)
    else:
        group_numbers = _number_groups(groups)
        n_groups = group_numbers.max() + 1
        group_parts = _three_parts(n_groups, sizes, "groups", None, shuffle, random_state)
        parts = [np.flatnonzero(np.isin(group_numbers, part)) for part in group_parts]
    return [_part(array, indices) for array in arrays for indices in parts]


def _three_parts(n, sizes, unit, stratify, shuffle, random_state):
    """Return the indices of the training, development and test set among n sequences or groups."""
    n_train, n_dev, n_test = _part_sizes(n, sizes, unit)
    if stratify is not None:
        stratify = _check_stratify(stratify, min(n_train, n_dev, n_test))
    random_state = _random_generator(random_state)
    rest, test = train_test_split(
        np.arange(n),
        train_size=n_train + n_dev,
        test_size=n_test,
        stratify=stratify,
        shuffle=shuffle,
        random_state=random_state,
    )
    train, dev = train_test_split(
        rest,
        train_size=n_train,
        test_size=n_dev,
        stratify=None if stratify is None else stratify[rest],
        shuffle=shuffle,
        random_state=random_state,
    )
    return train, dev, test


def _part(array, indices):
    """Return some entries in the same kind of container."""
    # Of an awkward array, which has no shape, scikit-learn would return a list of its entries.
    is_awkward = type(array).__module__.partition(".")[0] == "awkward"
    return array[indices] if is_awkward else _safe_indexing(array, indices)


def _check_containers(arrays):
    for i, array in enumerate(arrays):
        if array is None or isinstance(array, set | frozenset | dict | numbers.Number):
            raise TypeError(
                f"arrays[{i}] must be sequences, a list, an array, a table or a sparse matrix, got "
                f"{in_words(array)}."
            )


def _random_generator(random_state):
    try:
        return check_random_state(random_state)
    except ValueError as error:
        raise ValueError(
            "random_state must be an integer from 0 to 2**32 - 1, a numpy.random.RandomState or "
            f"None, got {in_words(random_state)}."
        ) from error


def _part_sizes(n, sizes, unit):
    n_dev = _count(n, sizes["dev_size"], "dev_size", math.ceil)
    n_test = _count(n, sizes["test_size"], "test_size", math.ceil)
    if sizes["train_size"] is None:
        n_train = n - n_dev - n_test
    else:
        n_train = _count(n, sizes["train_size"], "train_size", math.floor)
    if n_train < 1 or n_train + n_dev + n_test > n:
        given = ", ".join(f"{name}={size}" for name, size in sizes.items())
        raise ValueError(
            f"The sizes do not match {n} {unit}: each part needs at least 1, and all parts "
            f"together at most {n}, got {given}."
        )
    return n_train, n_dev, n_test


def _count(n, size, name, rounded):
    """Return the number of sequences or groups that a float or an int specifies."""
    if isinstance(size, numbers.Integral) and not isinstance(size, bool) and size >= 1:
        return int(size)
    if isinstance(size, numbers.Real) and not isinstance(size, numbers.Integral) and 0 < size < 1:
        # In floating point, 0.07 * 100 is slightly above 7, and 0.29 * 100 slightly below 29.
        return rounded(round(size * n, 6))
    raise ValueError(f"{name} must be a float between 0 and 1 or an int of at least 1, got {size}.")


def _check_stratify(stratify, smallest_part):
    try:
        labels = column_or_1d(as_array(stratify, "stratify"))
        classes, counts = np.unique(labels, return_counts=True)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "stratify must be one label per sequence; targets per step cannot be stratified."
        ) from error
    rarest = counts.argmin()
    if counts[rarest] < 3:
        raise ValueError(
            "stratify needs at least 3 sequences of each class, one for each part, but class "
            f"{classes[rarest]} has {counts[rarest]}."
        )
    if smallest_part < len(classes):
        raise ValueError(
            f"stratify needs at least one sequence of each of the {len(classes)} classes in each "
            f"part: the smallest part would have {smallest_part}."
        )
    return labels


def _number_groups(groups):
    """Number the groups in the order of their first occurrence; return one number per sequence."""
    # NumPy would convert a list of numbers and str to str, and cannot sort them.
    is_list = isinstance(groups, list | tuple)
    labels = (
        pd.Series(groups, dtype=object) if is_list else column_or_1d(as_array(groups, "groups"))
    )
    try:
        numbers = pd.factorize(labels)[0]
    except TypeError as error:
        raise ValueError(f"groups must be one label per sequence: {error}.") from error
    if (numbers < 0).any():
        raise ValueError(
            f"groups has {np.count_nonzero(numbers < 0)} missing label(s), the first for sequence "
            f"{int(np.argmin(numbers))}."
        )
    return numbers
