"""Sequences of symbols as the inputs and the targets of a network that predicts the next symbol.

Symbols are numbered in sorted order. In a list of sequences, one more code stands for the boundary
of a sequence: it is the input before the first symbol and the target after the last one. A long
text has no boundaries; it is cut into parallel streams, whose states are carried from segment to
segment.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skrnn._check_arrays import as_array, in_words
from skrnn._examples import Examples
from skrnn.preprocessing._categories import category_array, read_categories
from skrnn.preprocessing._symbols import SymbolSequences
from skrnn.recurrent._continuation import outputs_from
from skrnn.recurrent._state import StateLayout
from skrnn.sequences import Sequences
from skrnn.sequences._inputs import Inputs, as_known_container
from skrnn.sequences._sequences import offsets_of
from skrnn.sequences._static_inputs import refuse_static
from skrnn.sequences._tokens import UNKNOWN

# Probabilities are computed for at most this many time steps at once, and this many numbers.
_MAX_STEPS = 2**14
_MAX_PROBABILITIES = 2**24
_SHOWN_SYMBOLS = 5
# The token id of the first code, if codes are ids.
_FIRST_ID = UNKNOWN + 1


@dataclass(frozen=True)
class Texts:
    """What a user passed to the generator, as codes of distinct symbols.

    Parameters
    ----------
    steps : SymbolSequences
    is_one : bool
        Whether it was one long text, and not a list of sequences.
    kind : {"str", "list", "array"}
        The form of each sequence.
    """

    steps: SymbolSequences
    is_one: bool
    kind: str


def read_texts(X, input_name="X"):
    """Read one long text, or a batch of sequences of symbols.

    Parameters
    ----------
    X : str, array-like of int of shape (T,), or a batch that `read_categories` reads
    input_name : str, default="X"

    Returns
    -------
    Texts

    Raises
    ------
    TypeError, ValueError
        If X is neither.
    """
    if isinstance(X, bytes | bytearray):
        raise TypeError(f"{input_name} is {type(X).__name__}, expected str. Decode it first.")
    if isinstance(X, str):
        return Texts(read_categories([X], input_name=input_name), True, "str")
    if isinstance(X, Iterator):
        X = list(X)
    X = as_known_container(X)
    if isinstance(X, Sequences):
        refuse_static("SequenceGenerator", X, input_name)
    if hasattr(X, "iloc") and X.ndim == 1:
        X = X.tolist()
    if _is_one_sequence(X):
        kind = "array" if isinstance(X, np.ndarray) else "list"
        return Texts(read_categories([X], input_name=input_name), True, kind)
    steps = read_categories(X, input_name=input_name)
    first = X[0] if isinstance(X, list | tuple) else next(iter(X))
    kind = "str" if isinstance(first, str) else "list" if isinstance(first, list | tuple) else None
    return Texts(steps, False, kind or "array")


def _is_one_sequence(X):
    """Return whether X is a sequence of numbers, and not a batch of sequences."""
    if isinstance(X, np.ndarray):
        return X.ndim == 1 and X.dtype.kind in "iuf"
    numbers = (int, float, np.integer, np.floating)
    return isinstance(X, list | tuple | range) and len(X) > 0 and isinstance(X[0], numbers)


def require_same_form(generator, texts, input_name, *, for_fit=False):
    """Check that data have the form that `fit` received: one long text, or a list of sequences.

    A list of texts has likelihoods too, but a network is trained on one.
    """
    if texts.is_one and not generator._is_one_text:
        raise ValueError(
            f"{input_name} is one long text, but the generator was fitted to a list of sequences. "
            f"Pass [{input_name}]."
        )
    if for_fit and generator._is_one_text and not texts.is_one:
        raise ValueError(
            f"{input_name} is a list of sequences, expected one long text, to which the generator "
            "was fitted."
        )


def learn_symbols(texts, given):
    """Return all symbols in sorted order, as an array: those that are given, or those of a text.

    Parameters
    ----------
    texts : Texts
    given : str, array-like or None
        The parameter `symbols`.

    Raises
    ------
    ValueError
        If a symbol is given twice, or if they are not one list of symbols.
    """
    if given is None:
        found = texts.steps.distinct
    else:
        listed = np.array(list(given)) if isinstance(given, str) else as_array(given, "symbols")
        if listed.ndim != 1:
            raise ValueError(
                "symbols must be a str or a one-dimensional list of symbols, got "
                f"{in_words(given)}."
            )
        listed = listed.tolist()
        if len(set(listed)) < len(listed):
            repeated = next(symbol for symbol in listed if listed.count(symbol) > 1)
            raise ValueError(
                f"symbols must contain each symbol once, but contains {repeated!r} several times."
            )
        found = read_categories([listed], input_name="symbols").distinct
    return category_array(sorted(found)) if found else np.empty(0, object)


def codes_of(steps, symbols, input_name="X"):
    """Return the code of each symbol of all sequences, one sequence after another.

    Parameters
    ----------
    steps : SymbolSequences
    symbols : ndarray of shape (n_symbols,)
    input_name : str, default="X"

    Raises
    ------
    ValueError
        If there is a symbol that is not known.
    """
    code_of = {symbol: code for code, symbol in enumerate(symbols.tolist())}
    table = [code_of.get(symbol, -1) for symbol in steps.distinct]
    unknown = [symbol for symbol in steps.distinct if symbol not in code_of]
    if unknown:
        shown = ", ".join(map(in_words, unknown[:_SHOWN_SYMBOLS]))
        n_more = len(unknown) - _SHOWN_SYMBOLS
        more = f" and {n_more} more" if n_more > 0 else ""
        raise ValueError(
            f"{input_name} contains symbols that are not in symbols_: {shown}{more}. Set the "
            "parameter symbols to all symbols that may occur, and fit the generator again."
        )
    return np.array(table, np.int32)[steps.codes]


def with_boundaries(codes, lengths, boundary):
    """Return sequences between boundaries.

    Parameters
    ----------
    codes : int32 ndarray of shape (n_symbols_total,)
    lengths : ndarray of int of shape (n_sequences,)
    boundary : int

    Returns
    -------
    inputs, targets : Sequences
        The symbols from the boundary before the first to the last one, and from the first to the
        boundary after the last one.

    Examples
    --------
    >>> inputs, targets = with_boundaries(np.array([0, 1, 1], np.int32), np.array([2, 1]), 9)
    >>> [one.tolist() for one in inputs], [one.tolist() for one in targets]
    ([[9, 0, 1], [9, 1]], [[0, 1, 9], [1, 9]])
    """
    positions = np.append(offsets_of(lengths), len(codes))
    values = np.insert(codes, positions, boundary).astype(np.int32)
    starts = offsets_of(lengths + 1)
    return Sequences(values[:-1], starts, lengths + 1), Sequences(values[1:], starts, lengths + 1)


def as_streams(codes, n_streams):
    """Return a long text as parallel streams, which follow one another in the text.

    Parameters
    ----------
    codes : int32 ndarray of shape (n_symbols,)
    n_streams : int

    Returns
    -------
    inputs, targets : Sequences
        All symbols but the last one, and all but the first one.

    Examples
    --------
    >>> inputs, targets = as_streams(np.arange(6, dtype=np.int32), 2)
    >>> [one.tolist() for one in inputs], [one.tolist() for one in targets]
    ([[0, 1, 2], [3, 4]], [[1, 2, 3], [4, 5]])
    """
    n = len(codes) - 1
    lengths = np.full(n_streams, n // n_streams)
    lengths[: n % n_streams] += 1
    starts = offsets_of(lengths)
    return Sequences(codes[:-1], starts, lengths), Sequences(codes[1:], starts, lengths)


def count_streams(n_steps, batch_size, truncation):
    """Return the number of parallel streams of a long text.

    A stream has at least as many time steps as a segment.

    Parameters
    ----------
    n_steps : int
    batch_size, truncation : int or None
        As in the generator.

    Examples
    --------
    >>> count_streams(1_000_000, 32, 100), count_streams(1_000, 32, 100), count_streams(50, 32, 100)
    (32, 10, 1)
    """
    if truncation is None:
        return 1
    most = max(1, n_steps // truncation)
    return most if batch_size is None else min(batch_size, most)


def as_inputs(network, sequences):
    """Return sequences of codes as the numbers that the classifier reads."""
    first = _FIRST_ID if network._step_format.tokens else 0
    return sequences.with_values(sequences.values + np.int32(first))


def as_examples(inputs, targets, codec, weights=None):
    """Return inputs and targets as the examples of a fit.

    Parameters
    ----------
    inputs, targets : Sequences
        The inputs as the classifier reads them, and codes that follow one another.
    codec : LabelCodec
    weights : ndarray of shape (n_sequences,) or None, default=None
        If None, all sequences have the same weight.
    """
    encoded = targets.with_values(codec.encode(targets.values))
    each = np.ones(len(targets)) if weights is None else weights
    return Examples(inputs, encoded, np.repeat(each, targets.lengths))


def probabilities_in_blocks(network, sequences):
    """Yield the probability of each symbol at each time step, for some time steps after another.

    Parameters
    ----------
    network : RNNClassifier
        A fitted classifier.
    sequences : Sequences
        Sequences as the network receives them.

    Yields
    ------
    ndarray of shape (n_steps, n_classes)
    """
    from skrnn.networks.inference import forward

    n_steps = min(_MAX_STEPS, max(1, _MAX_PROBABILITIES // len(network.classes_)))
    begins, first = offsets_of(sequences.lengths), 0
    while first < len(sequences):
        last = int(np.searchsorted(begins + sequences.lengths, begins[first] + n_steps, "right"))
        some = sequences[first : max(last, first + 1)]
        if last > first:
            outputs = [forward(network._spec, network.weights_, some)]
        else:
            outputs = _outputs_of_segments(network, some, n_steps)
        yield from map(network._codec.probabilities, outputs)
        first = max(last, first + 1)


def _outputs_of_segments(network, sequence, n_steps):
    """Yield the outputs of a network for one long sequence, a segment at a time."""
    state = StateLayout(network._spec).fresh(1)
    start, length = int(sequence.starts[0]), int(sequence.lengths[0])
    for begin in range(0, length, n_steps):
        lengths = np.array([min(n_steps, length - begin)])
        segment = Sequences(sequence.values, np.array([start + begin]), lengths)
        outputs, state = outputs_from(network, Inputs(segment, lengths, np.zeros(1, int)), state)
        yield outputs
