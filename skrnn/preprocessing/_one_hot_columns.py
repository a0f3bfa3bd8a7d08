"""Assign a column of the one-hot steps to each category; infrequent categories share one."""

import numbers

import numpy as np

from skrnn._check_arrays import as_array
from skrnn.preprocessing._categories import category_array, check_categories, locate

_INFREQUENT = "infrequent_sklearn"  # the name that OneHotEncoder uses


def infrequent_indices(counts, n_steps, min_frequency, max_categories):
    """Return which categories share a column, by the rules of scikit-learn's OneHotEncoder.

    Parameters
    ----------
    counts : ndarray of int of shape (n_categories,)
        How often each category occurs.
    n_steps : int
        The number of steps, including those with an unknown category.
    min_frequency : int, float or None
        Categories that occur less often are infrequent. A float is a fraction of the steps.
    max_categories : int or None
        The maximum number of columns, including the shared one. Among equally rare categories, the
        first ones become infrequent.

    Returns
    -------
    indices : ndarray of int
        The indices of the infrequent categories, sorted.

    Examples
    --------
    >>> infrequent_indices(np.array([5, 1, 9, 1]), 16, min_frequency=2, max_categories=None)
    array([1, 3])
    >>> infrequent_indices(np.array([5, 1, 9, 1]), 16, min_frequency=None, max_categories=3)
    array([1, 3])
    """
    least = 0 if min_frequency is None else min_frequency
    if not isinstance(least, numbers.Integral):
        least = n_steps * least
    rare = counts < least
    n_columns = len(counts) - rare.sum() + 1  # one column is kept for sharing
    if max_categories is not None and n_columns > max_categories:
        from_rare_to_frequent = np.argsort(counts, kind="stable")
        rare[from_rare_to_frequent[: len(counts) - (max_categories - 1)]] = True
    return np.flatnonzero(rare)


def given_categories(categories):
    """Return the parameter `categories` as an array.

    Raises
    ------
    TypeError, ValueError
        If it is not a flat list of distinct categories.
    """
    name = "The parameter 'categories'"
    array = as_array(categories, name, dtype=object)
    values = list(categories) if array.ndim == 1 else []
    if not values:
        raise ValueError(
            f"{name} must be 'auto' or a flat, non-empty list of categories, got {categories!r}."
        )
    check_categories(values, set(map(type, values)), name)
    if any(not isinstance(value, str | numbers.Integral) for value in values):
        raise ValueError(f"{name} must contain str or int, got {categories!r}.")
    if len(set(values)) < len(values):
        raise ValueError(f"{name} must not contain a category twice, got {categories!r}.")
    as_plain = str if isinstance(values[0], str) else int
    return category_array([as_plain(value) for value in values])


def occurring_categories(steps):
    """Return the categories that occur in a batch, sorted.

    Raises
    ------
    ValueError
        If all sequences are empty.
    """
    if not steps.distinct:
        raise ValueError("X contains no category: all of its sequences are empty.")
    return category_array(sorted(steps.distinct))


def shared_columns(n_categories, infrequent):
    """Return the column of each category; those with an index in `infrequent` share the last one.

    Examples
    --------
    >>> shared_columns(4, np.array([0, 2]))
    array([2, 0, 2, 1], dtype=int32)
    """
    columns = np.empty(n_categories, dtype=np.int32)
    frequent = np.delete(np.arange(n_categories), infrequent)
    columns[frequent] = np.arange(len(frequent))
    columns[infrequent] = len(frequent)
    return columns


def known_indices(steps, known):
    """Return the index of each distinct category of `steps` among the known categories.

    Parameters
    ----------
    steps : SymbolSequences

    known : dict from str or int to int
        The index of each known category.

    Returns
    -------
    indices : ndarray of int32
        The indices, which are -1 for unknown categories.

    Raises
    ------
    ValueError
        If the categories are str in `steps` and int in `known`, or vice versa.

    Examples
    --------
    >>> from skrnn.preprocessing._categories import read_categories
    >>> known_indices(read_categories([["b", "x", "a"]]), {"a": 0, "b": 1})
    array([ 1, -1,  0], dtype=int32)
    """
    types = [
        "str" if isinstance(next(iter(categories), ""), str) else "int"
        for categories in (steps.distinct, known)
    ]
    if steps.distinct and types[0] != types[1]:
        raise ValueError(f"X has {types[0]} categories, but those of the encoder are {types[1]}.")
    return np.array([known.get(category, -1) for category in steps.distinct], dtype=np.int32)


def unknown_categories(steps, is_unknown, during):
    """Return the error that names the first unknown categories and their positions.

    Parameters
    ----------
    steps : SymbolSequences
    is_unknown : ndarray of bool
        Which of the distinct categories are unknown.
    during : str
        The name of the method for the message.

    Returns
    -------
    error : ValueError
    """
    positions = np.flatnonzero(is_unknown[steps.codes])
    codes, first = np.unique(steps.codes[positions], return_index=True)
    shown = []
    for position in positions[np.sort(first)[:3]]:
        sequence, step = locate(steps, position)
        shown.append(f"{steps.distinct[steps.codes[position]]!r} (X[{sequence}], step {step})")
    others = f" and {len(codes) - 3} more" if len(codes) > 3 else ""
    return ValueError(
        f"Found unknown categories during {during}: {', '.join(shown)}{others}. "
        "To encode them as steps of zeros, use handle_unknown='ignore'."
    )


def column_labels(categories, infrequent):
    """Return the label of each column: its category, or the name of the shared column.

    Parameters
    ----------
    categories : ndarray of shape (n_categories,)
    infrequent : ndarray of int
        The indices of the categories that share the last column.

    Examples
    --------
    >>> column_labels(np.array([3, 5, 8]), np.array([0, 2]))
    array([5, 'infrequent_sklearn'], dtype=object)
    """
    if len(infrequent) == 0:
        return categories
    return np.append(np.delete(categories, infrequent).astype(object), _INFREQUENT)
