"""Checks of the arguments that several displays share."""

from collections.abc import Mapping, Set, Sized
from numbers import Integral

from skrnn._check_arrays import in_words
from skrnn._sklearn import _num_samples


def check_choice(value, name, allowed):
    """Check that an argument is one of some strings.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> check_choice("middle", "align", ("end", "start"))
    Traceback (most recent call last):
        ...
    ValueError: align must be 'end' or 'start', got 'middle'.
    """
    if not isinstance(value, str) or value not in allowed:
        *others, last = map(repr, allowed)
        raise ValueError(f"{name} must be {', '.join(others)} or {last}, got {in_words(value)}.")


def check_index(index, n, name, what):
    """Check that an argument is the index of one of `n` things, and return it.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> check_index(5, 3, "sequence", "sequences of X")
    Traceback (most recent call last):
        ...
    ValueError: sequence must be the index of one of the 3 sequences of X, got 5.
    """
    is_int = isinstance(index, Integral) and not isinstance(index, bool)
    if not is_int or not -n <= index < n:
        raise ValueError(
            f"{name} must be the index of one of the {n} {what}, got {in_words(index)}."
        )
    return int(index)


def check_sequence(sequence, X):
    """Check that an argument is the index of a sequence in a batch, and return it.

    Raises
    ------
    TypeError, ValueError
    """
    if isinstance(X, str | bytes | Mapping | Set):
        raise TypeError(f"X must be a batch of sequences, got {in_words(X)}.")
    return check_index(sequence, _num_samples(X), "sequence", "sequences of X")


def check_labels(labels, n, name, what):
    """Check that there is one label for each of `n` things, or that labels are None.

    Raises
    ------
    TypeError, ValueError

    Examples
    --------
    >>> check_labels(["a"], 2, "labels", "time step")
    Traceback (most recent call last):
        ...
    ValueError: labels must hold one label per time step, got 1 for 2 time steps.
    """
    if labels is None:
        return
    if isinstance(labels, str | bytes) or not isinstance(labels, Sized):
        raise TypeError(f"{name} must be a list of str or None, got {in_words(labels)}.")
    if len(labels) != n:
        word = name.removesuffix("s").rpartition("_")[2]
        raise ValueError(
            f"{name} must hold one {word} per {what}, got {len(labels)} for {n} {what}s."
        )


def check_name(name):
    """Check that the name of a curve is a string or None.

    Raises
    ------
    TypeError
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a str or None, got {in_words(name)}.")
