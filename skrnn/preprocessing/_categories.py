"""Sequences of categories, from any container, as one integer code a step.

What the categories are is found on the way, so that every input is walked through once, whether
the caller fits or transforms, and so that all that follows works on arrays of codes. Texts are
analysed one at a time: their words are never held all at once.
"""

import math
import numbers
from array import array
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse

from skrnn.sequences import Sequences

__all__ = [
    "CategorySteps",
    "as_batch",
    "category_array",
    "check_categories",
    "locate",
    "read_categories",
]

# Integers within such a span are counted in a table; others are sorted.
_TABLE_SIZE = 1 << 21

_BLOCK = 1 << 20

_EXPECTED = "categories must be str or int"


class CategorySteps(NamedTuple):
    """All steps of a batch, one sequence after another, as codes.

    Parameters
    ----------
    distinct : list of str or list of int
        The categories that occur, each once, in no particular order.
    codes : ndarray of int32 of shape (n_steps,)
        The place of each step's category in `distinct`.
    lengths : ndarray of int64 of shape (n_sequences,)
        How many steps each sequence has; none is allowed.
    """

    distinct: list
    codes: np.ndarray
    lengths: np.ndarray


def read_categories(X, analyze=None, input_name="X"):
    """Return the steps of a batch of sequences of categories.

    Parameters
    ----------
    X : array, table, list, tuple, Series or Sequences
        As :class:`~skrnn.preprocessing.OneHotSequenceEncoder` documents it.

    analyze : callable or None, default=None
        What turns each item of `X` into a sequence.

    input_name : str, default="X"
        The name of the data in messages.

    Returns
    -------
    steps : CategorySteps

    Raises
    ------
    TypeError, ValueError
        If `X` is no batch of sequences, or if a step is no category.

    Examples
    --------
    >>> read_categories([["on", "off", "on"], ["off"]])
    CategorySteps(distinct=['on', 'off'], codes=array([0, 1, 0, 1], dtype=int32),
                  lengths=array([3, 1]))
    """
    batch = as_batch(X, input_name)
    if analyze is not None:
        return _factorize_items(_analyzed(batch, analyze), input_name)
    if isinstance(batch, np.ndarray) and batch.dtype.kind in "iuf":
        lengths = np.full(len(batch), batch.shape[1])
        values = _integers(batch, input_name).ravel()
        return CategorySteps(*factorize_integers(values), lengths)
    if all(isinstance(item, str) for item in batch):
        return _from_characters(batch)
    if all(_is_integer_array(item) for item in batch):
        if np.result_type(*{item.dtype for item in batch}).kind in "iu":
            lengths = np.array([len(item) for item in batch])
            return CategorySteps(*factorize_integers(np.concatenate(batch)), lengths)
    return _factorize_items(batch, input_name)


def as_batch(X, input_name):
    """Return a table (n, T) as an array, anything else as a list or tuple of items.

    Raises
    ------
    TypeError, ValueError
        If `X` is neither, or has no item.
    """
    if isinstance(X, str | bytes):
        raise ValueError("Iterable over sequences expected, string object received.")
    if sparse.issparse(X):
        raise TypeError(f"{input_name} is a sparse matrix; expected sequences of categories.")
    if isinstance(X, Sequences | Iterator) or (hasattr(X, "iloc") and X.ndim == 1):
        X = list(X)
    batch = X if isinstance(X, list | tuple) else _as_array(X, input_name)
    if len(batch) == 0:
        shape = np.shape(batch)
        raise ValueError(
            f"Found array with 0 sample(s) (shape={shape}) while a minimum of 1 is required. "
            f"{input_name} must hold at least one sequence."
        )
    return batch


def _as_array(X, input_name):
    values = np.asarray(X)
    if values.ndim == 0:
        raise TypeError(f"{input_name} must be a batch of sequences, got {type(X).__name__}.")
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {input_name} holds {values.dtype}.")
    if values.dtype.kind not in "iufOUT":
        raise ValueError(f"{input_name} holds {values.dtype}; {_EXPECTED}.")
    if values.ndim == 1:
        if values.dtype.kind in "iuf":
            raise ValueError(
                f"Expected sequences of categories, got a 1-D array: {input_name} has the shape "
                f"{values.shape}. Reshape your data; one sequence is a batch of one: "
                f"[{input_name}]."
            )
        return values.tolist()
    if values.ndim > 2:
        raise ValueError(
            f"{input_name} has {values.ndim} dimensions (shape={values.shape}); expected an array "
            "(n_sequences, n_steps), one category a step."
        )
    if values.shape[1] == 0 and len(values) > 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={values.shape}) while a minimum of 1 is "
            f"required. {input_name} must have at least one step."
        )
    return values


def _analyzed(batch, analyze):
    for item in batch:
        values = analyze(item)
        yield list(values) if isinstance(values, Iterator) else values


def _is_integer_array(item):
    return isinstance(item, np.ndarray) and item.ndim == 1 and item.dtype.kind in "iu"


def _integers(table, input_name):
    """Return a table of numbers as integers."""
    if table.dtype.kind != "f":
        return table
    if not np.isfinite(table).all():
        raise ValueError(f"Input {input_name} contains NaN or infinity; {_EXPECTED}.")
    odd = (table != np.trunc(table)) | (np.abs(table) >= 2.0**63)
    if odd.any():
        i, j = np.argwhere(odd)[0]
        raise ValueError(
            f"{input_name}[{i}] holds {table[i, j]} at step {j}; numbers must be integers to be "
            "categories."
        )
    return table.astype(np.int64)


def _from_characters(texts):
    """Return the steps of strings, whose characters are read as integers, all at once."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    distinct, codes = factorize_integers(points)
    return CategorySteps(list(map(chr, distinct)), codes, np.array([len(text) for text in texts]))


def factorize_integers(values):
    """Return the distinct integers and the place of each value among them.

    Parameters
    ----------
    values : ndarray of integers of shape (n,)

    Returns
    -------
    distinct : list of int
        Sorted.
    codes : ndarray of int32 of shape (n,)

    Examples
    --------
    >>> factorize_integers(np.array([7, -2, 7]))
    ([-2, 7], array([1, 0, 1], dtype=int32))
    """
    if len(values) == 0:
        return [], np.empty(0, dtype=np.int32)
    low, high = int(values.min()), int(values.max())
    if high - low >= max(_TABLE_SIZE, len(values)):
        distinct, codes = np.unique(values, return_inverse=True)
        return distinct.tolist(), codes.astype(np.int32)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(values), _BLOCK)]
    occurs = np.zeros(high - low + 1, dtype=bool)
    for block in blocks:
        occurs[_offsets(values[block], low)] = True
    code_of = np.cumsum(occurs, dtype=np.int32) - 1
    codes = np.empty(len(values), dtype=np.int32)
    for block in blocks:
        codes[block] = code_of[_offsets(values[block], low)]
    return [low + offset for offset in np.flatnonzero(occurs).tolist()], codes


def _offsets(values, low):
    """Return values - low where the result fits, whatever the values' own dtype can hold."""
    if values.dtype.itemsize < 8:
        values = values.astype(np.int64)
    return (values - values.dtype.type(low)).astype(np.intp, copy=False)


def _factorize_items(items, input_name):
    """Return the steps of items that are walked through one by one."""
    code_of = defaultdict()
    code_of.default_factory = code_of.__len__
    codes, lengths, types = array("i"), array("q"), set()
    for i, item in enumerate(items):
        values = _item_values(item, f"{input_name}[{i}]")
        fresh = set(map(type, values)) - types
        if fresh:
            types |= fresh
            check_categories(values, types, f"{input_name}[{i}]")
        codes.extend(map(code_of.__getitem__, values))
        lengths.append(len(values))
    steps = CategorySteps(
        list(code_of),
        np.frombuffer(codes, dtype=np.intc) if codes else np.empty(0, dtype=np.intc),
        np.frombuffer(lengths, dtype=np.int64),
    )
    if steps.distinct and not isinstance(steps.distinct[0], str):
        _check_integral(steps, input_name)
        return steps._replace(distinct=list(map(int, steps.distinct)))
    return steps._replace(distinct=list(map(str, steps.distinct)))


def _item_values(item, name):
    """Return one sequence as something of a known length that iterates over its categories."""
    if isinstance(item, str | list | tuple | range):
        return item
    if isinstance(item, numbers.Number):
        raise ValueError(
            f"{name} is the number {item}, expected a sequence of categories. Reshape your data; "
            "one sequence is a batch of one."
        )
    if hasattr(item, "__array__") and not sparse.issparse(item):
        values = np.asarray(item)
        if values.ndim == 1:
            return values.tolist()
        raise ValueError(
            f"{name} has {values.ndim} dimension(s) (shape={values.shape}); a sequence of "
            "categories has one."
        )
    raise TypeError(f"{name} is no sequence of categories, got {type(item).__name__}.")


def check_categories(values, types, name):
    """Say which value cannot be a category, or cannot be one beside those before it.

    Parameters
    ----------
    values : iterable
        The values, of which one has a type that was not seen before.

    types : set of type
        All types seen up to and with `values`.

    name : str
        The name of `values` in messages.

    Raises
    ------
    TypeError, ValueError
        If a type is none that a category has, or if there are both strings and integers.
    """
    for position, value in enumerate(values):
        if not _is_category(value):
            raise _no_category(value, position, name)
    if len({issubclass(kind, str) for kind in types}) > 1:
        raise ValueError(
            f"{name} mixes str and int categories, or has one kind where those before it have the "
            "other; expected all str or all int."
        )


def _is_category(value):
    """Floats pass here: those that are integers are found out at the end, each value once."""
    if isinstance(value, str):
        return True
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    return is_number and not math.isnan(value)


def _no_category(value, position, name):
    text = f"{name} holds {value!r} at step {position}; {_EXPECTED}"
    is_nan = isinstance(value, numbers.Real) and math.isnan(value)
    # pandas' own missing values have no public class
    if value is None or is_nan or type(value).__name__ in ("NAType", "NaTType"):
        return ValueError(f"{text}, and none may be missing.")
    return TypeError(f"{text}, got {type(value).__name__}.")


def _check_integral(steps, input_name):
    for code, value in enumerate(steps.distinct):
        if isinstance(value, numbers.Integral):
            continue
        sequence, step = locate(steps, np.flatnonzero(steps.codes == code)[0])
        if math.isnan(value):
            raise _no_category(value, step, f"{input_name}[{sequence}]")
        if math.isinf(value) or value != int(value):
            raise ValueError(
                f"{input_name}[{sequence}] holds {value} at step {step}; numbers must be integers "
                "to be categories."
            )


def locate(steps, place):
    """Return the sequence in which a step stands, and where in it.

    Parameters
    ----------
    steps : CategorySteps

    place : int
        The place of the step among all steps.

    Returns
    -------
    sequence, step : int

    Examples
    --------
    >>> locate(read_categories(["AC", "", "GT"]), 3)
    (2, 1)
    """
    ends = np.cumsum(steps.lengths)
    sequence = int(np.searchsorted(ends, place, side="right"))
    return sequence, int(place - ends[sequence] + steps.lengths[sequence])


def category_array(categories):
    """Return categories as an array: strings as objects, so that none is cut, else integers.

    Examples
    --------
    >>> category_array(["G", "A"]), category_array([3, 1])
    (array(['G', 'A'], dtype=object), array([3, 1]))
    """
    if not isinstance(categories[0], str):
        try:
            return np.array(categories, dtype=np.int64)
        except OverflowError:  # such as unsigned hashes of 64 bits
            pass
    return np.array(categories, dtype=object)
