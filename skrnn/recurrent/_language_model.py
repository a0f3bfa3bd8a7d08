"""What a fitted `SequenceGenerator` computes: likelihoods, and how a prompt continues."""

import numpy as np

from skrnn.preprocessing._categories import read_categories
from skrnn.recurrent._next_symbol import (
    as_inputs,
    codes_of,
    probabilities_in_blocks,
    read_texts,
    require_same_form,
    with_boundaries,
)
from skrnn.recurrent._numpy_network import NumpyNetwork
from skrnn.recurrent._sampling import draw_sequences, log
from skrnn.sequences import Sequences
from skrnn.sequences._sequences import offsets_of

# --- likelihoods --------------------------------------------------------------------------------


def log_likelihoods(generator, X):
    """Return the log-likelihood and the number of predicted symbols of each sequence.

    Parameters
    ----------
    generator : SequenceGenerator
        A snapshot of a fitted generator.
    X : as in `score_samples`

    Returns
    -------
    sums : float64 ndarray of shape (n,)
    counts : ndarray of int of shape (n,)
    """
    codes, lengths = _read(generator, X)
    targets, counts = codes, lengths
    if not generator._is_one_text:
        _, predicted = with_boundaries(codes, lengths, len(generator.symbols_))
        targets, counts = predicted.values, lengths + 1
    begin, logarithms = 0, np.empty(len(targets))
    for block in _probabilities(generator, codes, lengths):
        rows = np.arange(begin, begin + len(block))
        logarithms[rows] = log(block[rows - begin, targets[rows]])
        begin += len(block)
    owner = np.repeat(np.arange(len(counts)), counts)
    return np.bincount(owner, weights=logarithms, minlength=len(counts)), counts


def symbol_probabilities(generator, X):
    """Return the probabilities of each next symbol, for each sequence.

    Parameters
    ----------
    generator : SequenceGenerator
    X : as in `score_samples`
    """
    codes, lengths = _read(generator, X)
    counts = lengths + (not generator._is_one_text)
    blocks = list(_probabilities(generator, codes, lengths))
    n_classes = len(generator.classifier_.classes_)
    rows = np.concatenate([np.empty((0, n_classes), generator.dtype), *blocks])
    found = np.split(rows, np.cumsum(counts)[:-1])
    return found[0] if read_texts(X).is_one else found


def _read(generator, X):
    texts = read_texts(X)
    require_same_form(generator, texts, "X")
    return codes_of(texts.steps, generator.symbols_), texts.steps.lengths


def _frequencies(generator):
    """Return the smoothed frequencies of the symbols of a long text, which sum to one."""
    counts = generator._counts + 1
    return counts / counts.sum()


def _probabilities(generator, codes, lengths):
    """Yield the probabilities of all predicted symbols, for some time steps after another."""
    network = generator.classifier_
    if not generator._is_one_text:
        inputs, _ = with_boundaries(codes, lengths, len(generator.symbols_))
        yield from probabilities_in_blocks(network, _as_rows(network, inputs))
        return
    for start, length in zip(offsets_of(lengths).tolist(), lengths.tolist(), strict=True):
        if length:
            yield _frequencies(generator)[None].astype(generator.dtype)
        if length > 1:
            inputs = Sequences(codes, np.array([start]), np.array([length - 1]))
            yield from probabilities_in_blocks(network, _as_rows(network, inputs))


def _as_rows(network, sequences):
    """Return sequences of codes as the network itself receives them."""
    inputs, vocabulary = as_inputs(network, sequences), network._vocabulary
    return inputs if vocabulary is None else vocabulary.read(inputs, "X")


# --- sampling -----------------------------------------------------------------------------------


def continue_prompt(generator, prompt, n, max_length, draw):
    """Return `n` sequences that begin with a prompt, in the form that `fit` received.

    Parameters
    ----------
    generator : SequenceGenerator
    prompt : as in `sample`
    n, max_length : int
    draw : callable
        As in `draw_sequences`.
    """
    codes = _read_prompt(generator, prompt)
    advance, state = _steps_of(generator)
    boundary = len(generator.symbols_)
    read = codes if generator._is_one_text else np.append(boundary, codes)
    probabilities = _frequencies(generator)[None] if generator._is_one_text else None
    for code in read:
        probabilities, state = advance(np.array([code]), state)
    drawn = draw_sequences(
        advance,
        np.repeat(probabilities, n, axis=0),
        tuple(np.repeat(array, n, axis=0) for array in state),
        stop=boundary,
        max_length=max_length,
        draw=draw,
    )
    return [_decode(generator, np.append(codes, one)) for one in drawn]


def _read_prompt(generator, prompt):
    """Return the codes of a prompt."""
    if prompt is None:
        return np.empty(0, np.int32)
    steps = read_categories([prompt], input_name="prompt")
    return codes_of(steps, generator.symbols_, "prompt")


def _steps_of(generator):
    """Return a function that reads one symbol of each sequence, and the state before the first."""
    network = generator.classifier_
    numpy_network = NumpyNetwork(network._spec, network.weights_)
    n_codes = len(generator.symbols_) + 1
    every_code = Sequences(np.arange(n_codes, dtype=np.int32), np.array([0]), np.array([n_codes]))
    rows = _as_rows(network, every_code).values

    def advance(codes, state):
        pooled, state = numpy_network.advance(rows[codes], state)
        return network._codec.probabilities(numpy_network.head.outputs(pooled)), state

    return advance, numpy_network.layout.fresh(1)


def _decode(generator, codes):
    if generator._kind == "array":
        return generator.symbols_[codes]
    symbols = generator.symbols_.tolist()
    found = [symbols[code] for code in codes.tolist()]
    return "".join(found) if generator._kind == "str" else found
