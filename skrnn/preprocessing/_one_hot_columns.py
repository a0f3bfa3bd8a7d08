"""Which category has which column of its own, and which share one."""

import numbers

import numpy as np

from skrnn.preprocessing._categories import category_array, check_categories, locate

__all__ = [
    "column_labels",
    "given_categories",
    "infrequent_places",
    "occurring_categories",
    "positions_of",
    "shared_columns",
    "unknown_categories",
]

_INFREQUENT = "infrequent_sklearn"  # as OneHotEncoder calls it


def infrequent_places(counts, n_steps, min_frequency, max_categories):
    """Return which categories share a column, by the rules of scikit-learn's OneHotEncoder.

    Parameters
    ----------
    counts : ndarray of int of shape (n_categories,)
        How often each category occurs.
    n_steps : int
        How many steps there are, those of no category included.
    min_frequency : int, float or None
        Categories that occur less often are infrequent; a float is a share of the steps.
    max_categories : int or None
        How many columns there may be, the shared one included. Of equally rare categories, the
        first ones go.

    Returns
    -------
    places : ndarray of int
        Sorted places in `counts`.

    Examples
    --------
    >>> infrequent_places(np.array([5, 1, 9, 1]), 16, min_frequency=2, max_categories=None)
    array([1, 3])
    >>> infrequent_places(np.array([5, 1, 9, 1]), 16, min_frequency=None, max_categories=3)
    array([1, 3])
    """
    least = 0 if min_frequency is None else min_frequency
    if not isinstance(least, numbers.Integral):
        least = n_steps * least
    rare = counts < least
    n_columns = len(counts) - rare.sum() + 1  # one is kept for the shared column
    if max_categories is not None and n_columns > max_categories:
        from_rare_to_frequent = np.argsort(counts, kind="stable")
        rare[from_rare_to_frequent[: len(counts) - (max_categories - 1)]] = True
    return np.flatnonzero(rare)


def given_categories(categories):
    """Return the parameter `categories` as an array.

    Raises
    ------
    TypeError, ValueError
        If they are no flat list of categories, each there once.
    """
    name = "The parameter 'categories'"
    values = list(categories)
    if np.ndim(np.asarray(categories, dtype=object)) != 1 or not values:
        raise ValueError(
            f"{name} must be 'auto' or a flat, non-empty list of categories, got {categories!r}."
        )
    check_categories(values, set(map(type, values)), name)
    if any(not isinstance(value, str | numbers.Integral) for value in values):
        raise ValueError(f"{name} must hold str or int, got {categories!r}.")
    if len(set(values)) < len(values):
        raise ValueError(f"{name} must not hold a category twice, got {categories!r}.")
    as_plain = str if isinstance(values[0], str) else int
    return category_array([as_plain(value) for value in values])


def occurring_categories(steps):
    """Return the categories that occur, sorted.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not steps.distinct:
        raise ValueError("X holds no category: every sequence in it is empty.")
    return category_array(sorted(steps.distinct))


def shared_columns(n_categories, infrequent):
    """Return the column of each category, the last for those at the places `infrequent`.

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


def positions_of(steps, known):
    """Return the place of each distinct category of `steps` among known ones, -1 for no place.

    Parameters
    ----------
    steps : CategorySteps

    known : dict of str or int to int
        The places of the known categories.

    Returns
    -------
    positions : ndarray of int32

    Raises
    ------
    ValueError
        If one are str and the others int.

    Examples
    --------
    >>> from skrnn.preprocessing._categories import read_categories
    >>> positions_of(read_categories([["b", "x", "a"]]), {"a": 0, "b": 1})
    array([ 1, -1,  0], dtype=int32)
    """
    names = [
        "str" if isinstance(next(iter(some), ""), str) else "int"
        for some in (steps.distinct, known)
    ]
    if steps.distinct and names[0] != names[1]:
        raise ValueError(f"X has {names[0]} categories, but those of the encoder are {names[1]}.")
    return np.array([known.get(category, -1) for category in steps.distinct], dtype=np.int32)


def unknown_categories(steps, is_unknown, during):
    """Return the error that names the first unknown categories and where they stand.

    Parameters
    ----------
    steps : CategorySteps
    is_unknown : ndarray of bool
        Which of the distinct categories are unknown.
    during : str
        The name of the method.

    Returns
    -------
    error : ValueError
    """
    places = np.flatnonzero(is_unknown[steps.codes])
    codes, first = np.unique(steps.codes[places], return_index=True)
    shown = []
    for place in places[np.sort(first)[:3]]:
        sequence, step = locate(steps, place)
        shown.append(f"{steps.distinct[steps.codes[place]]!r} (X[{sequence}], step {step})")
    others = f" and {len(codes) - 3} more" if len(codes) > 3 else ""
    return ValueError(
        f"Found unknown categories during {during}: {', '.join(shown)}{others}. "
        "With handle_unknown='ignore' they become steps of zeros."
    )


def column_labels(categories, infrequent):
    """Return what each column stands for: its category, or the name of the shared one.

    Parameters
    ----------
    categories : ndarray of shape (n_categories,)
    infrequent : ndarray of int
        The places of those that share the last column.

    Examples
    --------
    >>> column_labels(np.array([3, 5, 8]), np.array([0, 2]))
    array([5, 'infrequent_sklearn'], dtype=object)
    """
    if len(infrequent) == 0:
        return categories
    return np.append(np.delete(categories, infrequent).astype(object), _INFREQUENT)
