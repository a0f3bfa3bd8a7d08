"""The training of `SequenceGenerator`: an `RNNClassifier` whose targets are the next symbols."""

from collections.abc import Iterator

import numpy as np

from skrnn._check_arrays import in_words
from skrnn._fitting import draw_seed, read_weights, snapshot
from skrnn._sklearn import _safe_indexing
from skrnn.recurrent._callbacks import learned_attributes
from skrnn.recurrent._classifier import RNNClassifier
from skrnn.recurrent._next_symbol import (
    as_examples,
    as_inputs,
    as_streams,
    codes_of,
    count_streams,
    learn_symbols,
    read_texts,
    require_same_form,
    with_boundaries,
)
from skrnn.recurrent._training_parameters import DEFAULT_VALIDATION_SPLIT
from skrnn.recurrent._validation_split import ValidationSplit, holds_out, split_validation
from skrnn.recurrent._vocabulary import check_embedding
from skrnn.sequences._inputs import StepFormat


def train_generator(generator, X, X_val, weights, *, resume, partial=False, task=None):
    """Train the network of a generator, and set its fitted attributes.

    Parameters
    ----------
    generator : SequenceGenerator
    X, X_val : as in `fit`
    weights : tuple (sample_weight, sample_weight_val)
    resume : bool
        Whether to continue from the fitted weights.
    partial : bool, default=False
        Whether this is the single epoch of `partial_fit`.
    task : FitTask or None, default=None

    Raises
    ------
    TypeError, ValueError
        If the data are not valid.
    """
    if X_val is None and weights[1] is not None:
        raise ValueError("sample_weight_val must be None if X_val is None.")
    X, texts, sample_weight = _read_weighted(X, weights[0], "X", "sample_weight")
    if not resume:
        generator._is_one_text, generator._kind = texts.is_one, texts.kind
        generator.symbols_ = learn_symbols(texts, generator.symbols)
    require_same_form(generator, texts, "X", for_fit=True)
    network = _continued(generator) if resume else _new_network(generator)
    codes = codes_of(texts.steps, generator.symbols_)
    if texts.is_one:
        kept = generator._counts if resume and partial else 0
        trained, end = _split_text(generator, codes, X_val is None and not partial)
        generator._counts = kept + np.bincount(trained, minlength=len(generator.symbols_))
        examples, split = _examples_of_text(generator, network, trained, "X"), None
        held_out = _examples_of_text(generator, network, end, "X") if len(end) else None
        validation = X[len(trained) :]
    else:
        examples = _examples_of_batch(generator, network, codes, texts, sample_weight)
        split = None if partial or X_val is not None else _draw_split(generator, len(examples))
        held_out, validation = None, split and _safe_indexing(X, split.held_out)
    if X_val is not None:
        held_out, validation = _read_validation(generator, network, X_val, weights[1])
    options = {"resume": resume, "partial": partial}
    if not partial:
        options["score"] = _validation_score(generator, validation)
        options["task"] = task and _GeneratorTask(task, generator, network)
    network._train(examples, held_out, split, **options)
    generator.classifier_ = network


def _read_weighted(X, sample_weight, input_name, weight_name):
    """Return those sequences that have a positive weight, the same as `Texts`, and their weights.

    The weights of a long text are None, as are those of sequences without weights.
    """
    X = list(X) if isinstance(X, Iterator) else X
    texts = read_texts(X, input_name)
    if sample_weight is None:
        return X, texts, None
    if texts.is_one:
        raise ValueError(
            f"{weight_name} must be None if {input_name} is one long text, because there is one "
            f"weight for each sequence of a list, got {in_words(sample_weight)}."
        )
    weights = read_weights(sample_weight, len(texts.steps.lengths), weight_name)
    used = np.flatnonzero(weights)
    if len(used) == len(weights):
        return X, texts, weights
    X = _safe_indexing(X, used)
    return X, read_texts(X, input_name), weights[used]


def _split_text(generator, codes, may_hold_out):
    """Return the part of a long text to train on, and its end that is held out."""
    n_held_out = 0
    if may_hold_out and holds_out(generator):
        n_held_out = max(2, round(_held_out_fraction(generator) * len(codes)))
    return np.split(codes, [len(codes) - n_held_out])


def _draw_split(generator, n_sequences):
    """Return which sequences are held out, or None."""
    if not holds_out(generator):
        return None
    seed, size = draw_seed(generator.random_state), _held_out_fraction(generator)
    return ValidationSplit(seed, *split_validation(n_sequences, size=size, seed=seed))


class _GeneratorTask:
    """Reports the fit of the network of a generator as a fit of the generator."""

    def __init__(self, task, generator, network):
        self._task, self._generator, self._network = task, generator, network
        self.begin = task.begin

    def watcher(self, as_attributes):
        """Return what reports epochs; see `FitTask.watcher`."""

        def of_generator(result):
            network = snapshot(self._network)
            vars(network).update(as_attributes(result))
            return {**learned_attributes(self._generator), "classifier_": network}

        return self._task.watcher(of_generator)


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


def _read_validation(generator, network, X_val, sample_weight):
    """Return the validation examples, and their sequences."""
    X_val, texts, weights = _read_weighted(X_val, sample_weight, "X_val", "sample_weight_val")
    require_same_form(generator, texts, "X_val", for_fit=True)
    codes = codes_of(texts.steps, generator.symbols_, "X_val")
    if generator._is_one_text:
        return _examples_of_text(generator, network, codes, "X_val"), X_val
    return _examples_of_batch(generator, network, codes, texts, weights), X_val


def _examples_of_text(generator, network, codes, input_name):
    if len(codes) < 2:
        raise ValueError(
            f"{input_name} must have at least 2 symbols to train on, and 2 to validate on, if it "
            f"is one long text, got {len(codes)}."
        )
    n_streams = count_streams(len(codes) - 1, generator.batch_size, generator.truncation)
    return _as_examples(network, *as_streams(codes, n_streams))


def _examples_of_batch(generator, network, codes, texts, weights):
    bounded = with_boundaries(codes, texts.steps.lengths, len(generator.symbols_))
    return _as_examples(network, *bounded, weights)


def _as_examples(network, inputs, targets, weights=None):
    return as_examples(as_inputs(network, inputs), targets, network._codec, weights)


def _validation_score(generator, X):
    """Return the score of a network on validation data, or None if the loss is monitored."""
    if not generator.early_stopping or generator.monitor == "loss":
        return None

    def score(network):
        fitted = snapshot(generator)
        fitted.classifier_ = network
        return float(generator.monitor(fitted, X, None))

    return score
