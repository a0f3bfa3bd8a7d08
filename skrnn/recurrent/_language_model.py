"""The work of `SequenceGenerator`: training its network, likelihoods, and continuing a prompt.

The network is an `RNNClassifier` whose targets are the next symbols.
"""

import numpy as np

from skrnn._fitting import draw_seed, snapshot
from skrnn._sklearn import _safe_indexing
from skrnn.preprocessing._categories import read_categories
from skrnn.recurrent._classifier import RNNClassifier
from skrnn.recurrent._next_symbol import (
    as_examples,
    as_streams,
    codes_of,
    count_streams,
    learn_symbols,
    probabilities_in_blocks,
    read_texts,
    with_boundaries,
)
from skrnn.recurrent._numpy_network import NumpyNetwork
from skrnn.recurrent._sampling import draw_sequences, log
from skrnn.recurrent._training_parameters import DEFAULT_VALIDATION_SPLIT
from skrnn.recurrent._validation_split import ValidationSplit, holds_out, split_validation
from skrnn.recurrent._vocabulary import check_embedding
from skrnn.sequences import Sequences
from skrnn.sequences._inputs import StepFormat
from skrnn.sequences._sequences import offsets_of
from skrnn.sequences._tokens import UNKNOWN

_FIRST_ID = UNKNOWN + 1

# --- training -----------------------------------------------------------------------------------


def train_generator(generator, X, X_val, *, resume):
    """Train the network of a generator, and set its fitted attributes.

    Parameters
    ----------
    generator : SequenceGenerator
    X, X_val : as in `fit`
    resume : bool
        Whether to continue from the fitted weights.

    Raises
    ------
    TypeError, ValueError
        If the data are not valid.
    """
    texts = read_texts(X)
    if not resume:
        generator._is_one_text, generator._kind = texts.is_one, texts.kind
        generator.symbols_ = learn_symbols(texts, generator.symbols)
    _require_same_form(generator, texts, "X", for_fit=True)
    network = _continued(generator) if resume else _new_network(generator)
    codes = codes_of(texts.steps, generator.symbols_)
    read = _read_text if texts.is_one else _read_batch
    hold_out = X_val is None and holds_out(generator)
    examples, held_out, split, validation = read(generator, network, texts, codes, X, hold_out)
    if X_val is not None:
        held_out, validation = _read_validation(generator, network, X_val), X_val
    score = _validation_score(generator, validation)
    network._train(examples, held_out, split, resume=resume, score=score)
    generator.classifier_ = network


def _read_text(generator, network, texts, codes, X, hold_out):
    """Return the examples of a long text, those of its end if it is held out, None, and this end.

    The frequencies of the symbols become an attribute.
    """
    n_held_out = max(2, round(_held_out_fraction(generator) * len(codes))) if hold_out else 0
    trained, end = np.split(codes, [len(codes) - n_held_out])
    examples = _examples_of_text(generator, network, trained, "X")
    generator._frequencies = _smoothed_frequencies(trained, len(generator.symbols_))
    if not hold_out:
        return examples, None, None, None
    return examples, _examples_of_text(generator, network, end, "X"), None, X[len(trained) :]


def _read_batch(generator, network, texts, codes, X, hold_out):
    """Return the examples of all sequences, None, and which are held out, also as sequences."""
    examples = _examples_of_batch(generator, network, codes, texts.steps.lengths)
    if not hold_out:
        return examples, None, None, None
    seed, size = draw_seed(generator.random_state), _held_out_fraction(generator)
    split = ValidationSplit(seed, *split_validation(len(examples), size=size, seed=seed))
    return examples, None, split, _safe_indexing(X, split.held_out)


def _held_out_fraction(generator):
    size = generator.validation_split
    return DEFAULT_VALIDATION_SPLIT if size is None else size


def _new_network(generator):
    """Return a classifier of the next symbol that has learned its classes and its inputs."""
    n_codes = len(generator.symbols_) + (not generator._is_one_text)
    if n_codes < 2:
        found = "one symbol" if generator._is_one_text else "empty sequences"
        raise ValueError(
            f"X contains only {found}, so that there is nothing to predict. Pass sequences with at "
            "least one symbol, or a long text with at least two different symbols."
        )
    network = RNNClassifier(**_parameters_of(generator))
    has_ids = generator.embedding is not None
    network.classes_ = np.arange(n_codes)
    network.n_features_in_ = 1 if has_ids else n_codes
    network._step_format = StepFormat(
        tokens=has_ids, codes=True, dtype=(generator.dtype,), n_features=network.n_features_in_
    )
    network.input_mean_ = network.input_scale_ = network.difference_scale_ = None
    network.decay_mean_ = None
    network._has_add_differences = False
    return network


def _continued(generator):
    return snapshot(generator.classifier_).set_params(**_parameters_of(generator))


def _parameters_of(generator):
    """Return the parameters of the classifier."""
    names = set(RNNClassifier().get_params(deep=False))
    given = generator.get_params(deep=False).items()
    parameters = {name: value for name, value in given if name in names}
    if isinstance(generator.loss, str) and generator.loss == "auto":
        # Two classes too have two outputs, whose logarithms are exact on both sides.
        parameters["loss"] = "sparse_categorical_crossentropy"
    parameters["embedding"] = _embedding_by_code(generator)
    return parameters | {"return_sequences": True, "standardize": False, "add_differences": False}


def _embedding_by_code(generator):
    """Return a pre-trained embedding with one row per code, or the parameter unchanged.

    Raises
    ------
    ValueError
        If the rows cannot be those of the symbols.
    """
    if np.ndim(generator.embedding) == 0:
        return generator.embedding
    matrix, symbols = check_embedding(generator.embedding), generator.symbols_
    if symbols.dtype == object or not len(symbols):
        raise ValueError(
            "embedding has the row i for the token id i, but the symbols of X are not integers. "
            "Use an int for `embedding`, or pass token ids."
        )
    if symbols[0] < 0 or symbols[-1] >= len(matrix):
        raise ValueError(
            f"embedding has {len(matrix)} rows, for the token ids 0 to {len(matrix) - 1}, but the "
            f"symbols are between {symbols[0]} and {symbols[-1]}."
        )
    rows = matrix[symbols]
    mean = rows.mean(axis=0)
    return np.vstack([np.zeros_like(mean), mean, rows, mean])


def _require_same_form(generator, texts, input_name, *, for_fit=False):
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


def _read_validation(generator, network, X_val):
    texts = read_texts(X_val, "X_val")
    _require_same_form(generator, texts, "X_val", for_fit=True)
    codes = codes_of(texts.steps, generator.symbols_, "X_val")
    if generator._is_one_text:
        return _examples_of_text(generator, network, codes, "X_val")
    return _examples_of_batch(generator, network, codes, texts.steps.lengths)


def _examples_of_text(generator, network, codes, input_name):
    if len(codes) < 2:
        raise ValueError(
            f"{input_name} must have at least 2 symbols to train on, and 2 to validate on, if it "
            f"is one long text, got {len(codes)}."
        )
    n_streams = count_streams(len(codes) - 1, generator.batch_size, generator.truncation)
    return _as_examples(network, *as_streams(codes, n_streams))


def _examples_of_batch(generator, network, codes, lengths):
    return _as_examples(network, *with_boundaries(codes, lengths, len(generator.symbols_)))


def _as_examples(network, inputs, targets):
    return as_examples(_as_inputs(network, inputs), targets, network._codec)


def _as_inputs(network, sequences):
    """Return sequences of codes as the numbers that the classifier reads."""
    first = _FIRST_ID if network._step_format.tokens else 0
    return sequences.with_values(sequences.values + np.int32(first))


def _smoothed_frequencies(codes, n_symbols):
    return (np.bincount(codes, minlength=n_symbols) + 1) / (len(codes) + n_symbols)


def _validation_score(generator, X):
    """Return the score of a network on validation data, or None if the loss is monitored."""
    if not generator.early_stopping or generator.monitor == "loss":
        return None

    def score(network):
        fitted = snapshot(generator)
        fitted.classifier_ = network
        return float(generator.monitor(fitted, X, None))

    return score


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
    _require_same_form(generator, texts, "X")
    return codes_of(texts.steps, generator.symbols_), texts.steps.lengths


def _probabilities(generator, codes, lengths):
    """Yield the probabilities of all predicted symbols, for some time steps after another."""
    network = generator.classifier_
    if not generator._is_one_text:
        inputs, _ = with_boundaries(codes, lengths, len(generator.symbols_))
        yield from probabilities_in_blocks(network, _as_rows(network, inputs))
        return
    for start, length in zip(offsets_of(lengths).tolist(), lengths.tolist(), strict=True):
        if length:
            yield generator._frequencies[None].astype(generator.dtype)
        if length > 1:
            inputs = Sequences(codes, np.array([start]), np.array([length - 1]))
            yield from probabilities_in_blocks(network, _as_rows(network, inputs))


def _as_rows(network, sequences):
    """Return sequences of codes as the network itself receives them."""
    inputs, vocabulary = _as_inputs(network, sequences), network._vocabulary
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
    probabilities = generator._frequencies[None] if generator._is_one_text else None
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
