"""Read sequences of categories from any container, as one integer code per step.

The categories are found while reading, so that the input is read only once. Documents are analyzed
one at a time, so that the words of all documents are never in memory together.
"""

import math
import numbers
from collections.abc import Iterator

import numpy as np
from scipy import sparse

from skrnn._check_arrays import as_array, require_unique_columns
from skrnn.preprocessing._symbols import Factorizer, SymbolSequences, factorize_integers
from skrnn.sequences import Sequences
from skrnn.sequences._columns import unpack_columns
from skrnn.sequences._other_libraries import as_plain
from skrnn.sequences._static_inputs import refuse_static

_EXPECTED = "categories must be str or int"


def read_categories(X, analyze=None, input_name="X"):
    """Return the steps of a batch of sequences of categories as codes.

    Parameters
    ----------
    X : array, table, list, tuple, Series or Sequences
        The batch, in any form that :class:`~skrnn.OneHotSequenceEncoder` accepts.

    analyze : callable or None, default=None
        Function that converts each item of `X` to a sequence.

    input_name : str, default="X"
        The name of the data in error messages.

    Returns
    -------
    steps : SymbolSequences

    Raises
    ------
    TypeError, ValueError
        If `X` is not a batch of sequences, or if a step is not a category.

    Examples
    --------
    >>> read_categories([["on", "off", "on"], ["off"]])
    SymbolSequences(distinct=['on', 'off'], codes=array([0, 1, 0, 1], dtype=int32),
                    lengths=array([3, 1]))
    """
    batch = as_batch(X, input_name)
    if analyze is not None:
        return _read_items(_analyzed(batch, analyze), input_name)
    if isinstance(batch, np.ndarray) and batch.dtype.kind in "iuf":
        lengths = np.full(len(batch), batch.shape[1])
        values = _integers(batch, input_name).ravel()
        return SymbolSequences(*factorize_integers(values), lengths)
    if all(isinstance(item, str) for item in batch):
        return _from_characters(batch)
    if all(_is_integer_array(item) for item in batch):
        if np.result_type(*{item.dtype for item in batch}).kind in "iu":
            lengths = np.array([len(item) for item in batch])
            return SymbolSequences(*factorize_integers(np.concatenate(batch)), lengths)
    return _read_items(batch, input_name)


def as_batch(X, input_name):
    """Return a table (n, T) as an array, and any other batch as a list or tuple of items.

    Raises
    ------
    TypeError, ValueError
        If `X` is not a batch, or is empty.
    """
    if isinstance(X, str | bytes):
        raise ValueError("Iterable over sequences expected, string object received.")
    if sparse.issparse(X):
        raise TypeError(f"{input_name} is a sparse matrix; expected sequences of categories.")
    X = unpack_columns(as_plain(X, input_name), input_name)
    if isinstance(X, Sequences):
        advice = " Add them to the encoded sequences with Sequences.with_static."
        refuse_static("An encoder of categories", X, input_name, advice)
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
    require_unique_columns(X, input_name)
    values = as_array(X, input_name)
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
                f"{values.shape}. Reshape your data. To use one sequence as a batch of one, pass "
                f"[{input_name}]."
            )
        return values.tolist()
    if values.ndim > 2:
        raise ValueError(
            f"{input_name} has {values.ndim} dimensions (shape={values.shape}); expected an array "
            "of shape (n_sequences, n_steps), with one category per step."
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
    """Return a table of integer-valued numbers as integers."""
    if table.dtype.kind != "f":
        return table
    if not np.isfinite(table).all():
        raise ValueError(f"Input {input_name} contains NaN or infinity; {_EXPECTED}.")
    is_bad = (table != np.trunc(table)) | (np.abs(table) >= np.float64(2.0**63))
    if is_bad.any():
        i, j = np.argwhere(is_bad)[0]
        raise ValueError(
            f"{input_name}[{i}] holds {table[i, j]} at step {j}; categories that are numbers must "
            "be integers."
        )
    return table.astype(np.int64)


def _from_characters(texts):
    """Return the steps of strings, reading the code points of all characters at once."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    distinct, codes = factorize_integers(points)
    return SymbolSequences(list(map(chr, distinct)), codes, np.array([len(text) for text in texts]))


def _read_items(items, input_name):
    """Return the steps of sequences that are read one by one."""
    factorizer, types = Factorizer(), set()
    for i, item in enumerate(items):
        values = _item_values(item, f"{input_name}[{i}]")
        new_types = set(map(type, values)) - types
        if new_types:
            types |= new_types
            check_categories(values, types, f"{input_name}[{i}]")
        factorizer.append(values)
    steps = factorizer.sequences()
    if steps.distinct and not isinstance(steps.distinct[0], str):
        _check_integers(steps, input_name)
        return steps._replace(distinct=list(map(int, steps.distinct)))
    return steps._replace(distinct=list(map(str, steps.distinct)))


def _item_values(item, name):
    """Return one sequence as a collection of its categories."""
    if isinstance(item, str | list | tuple | range):
        return item
    if isinstance(item, numbers.Number):
        raise ValueError(
            f"{name} is the number {item}, expected a sequence of categories. Reshape your data. "
            "To use one sequence as a batch of one, put it into a list."
        )
    if hasattr(item, "__array__") and not sparse.issparse(item):
        values = np.asarray(item)
        if values.ndim == 1:
            return values.tolist()
        raise ValueError(
            f"{name} has {values.ndim} dimension(s) (shape={values.shape}); expected a "
            "one-dimensional sequence of categories."
        )
    raise TypeError(f"{name} is not a sequence of categories, got {type(item).__name__}.")


def check_categories(values, types, name):
    """Raise an error if a value is not a category, or if strings and integers are mixed.

    Parameters
    ----------
    values : iterable
        The values of one sequence.

    types : set of type
        The types of all values of this sequence and of those before it.

    name : str
        The name of `values` in error messages.

    Raises
    ------
    TypeError, ValueError
        If a value is not a string or a number, or if there are both strings and numbers.
    """
    for position, value in enumerate(values):
        if not _is_category(value):
            raise _not_a_category(value, position, name)
    if len({issubclass(kind, str) for kind in types}) > 1:
        raise ValueError(
            f"{name} mixes str and int categories, or has another kind of categories than the "
            "sequences before it; expected all str or all int."
        )


def _is_category(value):
    if isinstance(value, str):
        return True
    # Floats are accepted here; `_check_integers` then checks each distinct value once.
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    return is_number and (isinstance(value, numbers.Integral) or not math.isnan(value))


def _not_a_category(value, position, name):
    """Return the error for a value that is not a category."""
    text = f"{name} holds {value!r} at step {position}; {_EXPECTED}"
    is_nan = isinstance(value, numbers.Real) and math.isnan(value)
    # The classes of pandas.NA and pandas.NaT are not public.
    if value is None or is_nan or type(value).__name__ in ("NAType", "NaTType"):
        return ValueError(f"{text} and must not be missing.")
    return TypeError(f"{text}, got {type(value).__name__}.")


def _check_integers(steps, input_name):
    """Raise an error if a distinct category is a number but not an integer."""
    for code, value in enumerate(steps.distinct):
        if isinstance(value, numbers.Integral):
            continue
        sequence, step = locate(steps, np.flatnonzero(steps.codes == code)[0])
        if math.isnan(value):
            raise _not_a_category(value, step, f"{input_name}[{sequence}]")
        if math.isinf(value) or value != int(value):
            raise ValueError(
                f"{input_name}[{sequence}] holds {value} at step {step}; categories that are "
                "numbers must be integers."
            )


def locate(steps, position):
    """Return the index of the sequence to which a step belongs, and the index of the step in it.

    Parameters
    ----------
    steps : SymbolSequences

    position : int
        The position of the step among the steps of all sequences.

    Returns
    -------
    sequence, step : int

    Examples
    --------
    >>> locate(read_categories(["AC", "", "GT"]), 3)
    (2, 1)
    """
    ends = np.cumsum(steps.lengths)
    sequence = int(np.searchsorted(ends, position, side="right"))
    return sequence, int(position - ends[sequence] + steps.lengths[sequence])


def category_array(categories):
    """Return categories as an array of objects if they are strings, else of integers.

    Examples
    --------
    >>> category_array(["G", "A"]), category_array([3, 1])
    (array(['G', 'A'], dtype=object), array([3, 1]))
    """
    if not isinstance(categories[0], str):
        try:
            return np.array(categories, dtype=np.int64)
        except OverflowError:  # for example for unsigned 64-bit hashes
            pass
    return np.array(categories, dtype=object)
