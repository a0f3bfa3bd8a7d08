"""From examples to fitted state: what `fit` and `partial_fit` do once all data are read."""

from dataclasses import replace

import numpy as np

from skrnn._fitting import draw_seed
from skrnn.recurrent._parameters import check_embedding, network_spec, training_spec
from skrnn.recurrent._reading import in_one_form, look_up
from skrnn.recurrent._validation import split_validation
from skrnn.recurrent._vocabulary import Vocabulary

__all__ = ["train_estimator"]


def train_estimator(estimator, examples, held_out, groups, *, resume, partial=False, task=None):
    """Train an estimator's network, and assign what it has learned.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        That has read the data.
    examples : Examples
    held_out : Examples or None
        To validate on. None: with early stopping, part of the examples.
    groups : ndarray or None
        None of them is both trained and validated on.
    resume : bool
        Whether to go on from what is fitted.
    partial : bool, default=False
        Whether this is one epoch of `partial_fit`.
    task : FitTask or None
        What is told of epochs.
    """
    from skrnn.networks.training import train

    seed = draw_seed(estimator.random_state)
    if estimator.early_stopping and held_out is None and not partial:
        examples, held_out = _hold_out(estimator, examples, groups, seed)
    if not resume:
        estimator._vocabulary = _vocabulary_of(estimator, examples.sequences)
    examples, held_out = _as_the_network_reads(estimator, examples, held_out)
    examples = _weighed_by_class(estimator, examples)
    history = estimator.history_ if resume else {}

    def as_attributes(result):
        return _fitted_attributes(result, estimator._vocabulary, history, examples.sequences)

    result = train(
        _network_spec(estimator, seed, resume),
        training_spec(estimator, loss=estimator._output()[2], partial=partial),
        examples.that_count(),
        held_out,
        seed=(seed, len(history.get("loss", ()))),
        target_scale=estimator._target_scale(),
        start=_start(estimator, partial) if resume else None,
        embedding=None if np.ndim(estimator.embedding) == 0 else np.asarray(estimator.embedding),
        watcher=task and task.watcher(as_attributes),
    )
    vars(estimator).update(as_attributes(result))


def _hold_out(estimator, examples, groups, seed):
    """Return the examples to train on and those to stop early by."""
    chosen, left_out = split_validation(
        len(examples),
        size=estimator.validation_split,
        seed=seed,
        stratify=estimator._labels_to_stratify(examples.targets),
        groups=groups,
    )
    return examples.take(chosen), examples.take(left_out)


def _vocabulary_of(estimator, sequences):
    if not estimator._step_format.tokens:
        return None
    return Vocabulary.of(sequences, check_embedding(estimator.embedding))


def _as_the_network_reads(estimator, examples, held_out):
    """Return the examples with token ids as rows, and one-hot steps in one form in both parts."""
    examples = look_up(estimator._vocabulary, examples)
    if held_out is None:
        return examples, None
    held_out = look_up(estimator._vocabulary, held_out, "X_val").that_count()
    return in_one_form((examples, held_out), estimator._step_format.n_features, estimator.dtype)


def _weighed_by_class(estimator, examples):
    factors = estimator._class_factors(examples.targets, examples.weights)
    if factors is None:
        return examples
    return replace(examples, weights=(examples.weights * factors).astype(estimator.dtype))


def _network_spec(estimator, seed, resume):
    n_outputs, output_activation, _ = estimator._output()
    vocabulary = estimator._vocabulary
    spec = network_spec(
        estimator,
        n_features=estimator._step_format.n_features,
        n_rows=None if vocabulary is None else len(vocabulary.known),
        n_outputs=n_outputs,
        output_activation=output_activation,
        body_seed=estimator._spec.body_seed if resume else seed,
    )
    if resume and spec != replace(estimator._spec, architecture=None):
        raise ValueError(
            "warm_start and partial_fit go on training one network, but its parameters have "
            f"changed since it was fitted: from {estimator._spec} to {spec}."
        )
    return spec


def _start(estimator, partial):
    """Return where to go on from: a warm start begins with a fresh optimizer."""
    return estimator.weights_, estimator._optimizer_state if partial else None


def _fitted_attributes(result, vocabulary, history, sequences):
    """Attributes by name, from what training has come to and what was before it."""
    weights = result.weights
    if vocabulary is not None:
        vocabulary = vocabulary.after_training_on(sequences)
        i = result.embedding_index
        weights[i] = vocabulary.fill_unknown(weights[i])
    history = _extend(history, result.history)
    return {
        "_spec": result.spec,
        "_vocabulary": vocabulary,
        "_optimizer_state": result.optimizer_state,
        "weights_": weights,
        "history_": history,
        "n_iter_": len(history["loss"]),
    }


def _extend(history, new):
    """Join two histories; epochs that lack an entry have NaN."""
    before = len(history.get("loss", ()))
    now = len(new["loss"])
    return {
        name: [*history.get(name, [np.nan] * before), *new.get(name, [np.nan] * now)]
        for name in {**history, **new}
    }
