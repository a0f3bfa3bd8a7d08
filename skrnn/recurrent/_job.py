"""Make a `TrainingJob` from examples, and fitted attributes from a `TrainingResult`."""

from dataclasses import fields, replace

import numpy as np

from skrnn._fitting import draw_seed
from skrnn._specs import TrainingJob
from skrnn.recurrent._category_tables import CategoryTables, embedding_sizes
from skrnn.recurrent._data import ids_as_rows, reads_missing_values, with_same_steps
from skrnn.recurrent._network_parameters import network_spec
from skrnn.recurrent._static import static_fields
from skrnn.recurrent._training_parameters import training_spec
from skrnn.recurrent._vocabulary import Vocabulary, check_embedding


def prepare(estimator, examples, held_out, split, *, resume, partial=False):
    """Return all that is needed to train the network of an estimator.

    Parameters
    ----------
    estimator : RNNClassifier or RNNRegressor
        An estimator that has read the data.
    examples : Examples
    held_out : Examples or None
        Validation examples.
    split : ValidationSplit or None
        Which of the examples are held out to be the validation examples.
    resume : bool
        Whether to continue from the fitted weights.
    partial : bool, default=False
        Whether this is the single epoch of `partial_fit`.

    Returns
    -------
    job : TrainingJob
    vocabulary : Vocabulary or None
        The token ids that have a row in the embedding.
    """
    seed = draw_seed(estimator.random_state) if split is None else split.seed
    if split is not None:
        examples, held_out = examples[split.trained], examples[split.held_out]
    vocabulary = estimator._vocabulary if resume else _vocabulary_of(estimator, examples.sequences)
    examples, held_out = _as_network_inputs(estimator, vocabulary, examples, held_out)
    codec = estimator._codec
    weights = codec.weighted(examples.targets.values, examples.weights)
    examples = replace(examples, weights=weights).with_mean_weight_one(estimator.dtype)
    n_epochs = estimator.n_iter_ if resume else 0
    job = TrainingJob(
        spec=_network_spec(estimator, vocabulary, seed, resume, examples.sequences),
        training=training_spec(estimator, codec, examples, partial=partial),
        examples=examples,
        validation=held_out,
        seed=(seed, n_epochs),
        target_scale=codec.target_scale,
        weights=estimator.weights_ if resume else None,
        optimizer_state=estimator._optimizer_state if resume and partial else None,
        embedding=None if np.ndim(estimator.embedding) == 0 else np.asarray(estimator.embedding),
        standardization=estimator._standardization,
        difference_factor=_difference_factor(estimator),
        decay_mean=_decay_mean(estimator),
    )
    return job, vocabulary


def _difference_factor(estimator):
    """Return the factors of the differences between time steps as the network receives them."""
    scale, known = estimator.difference_scale_, estimator._standardization
    if scale is None:
        return None
    with np.errstate(over="ignore"):
        factor = ((1.0 if known is None else known.scale) / scale).astype(estimator.dtype)
    return np.where(np.isfinite(factor), factor, 1)[estimator._step_format.numeric]


def _decay_mean(estimator):
    """Return the mean to which missing values decay as the network receives features."""
    mean = estimator.decay_mean_
    if mean is None:
        return None
    if estimator._standardization is not None:
        mean = estimator._standardization.apply_to_steps(mean[None])[0]
    return mean[estimator._step_format.numeric]


def _vocabulary_of(estimator, sequences):
    if estimator._step_format.categorical:
        return CategoryTables.of(sequences)
    if not estimator._step_format.tokens:
        return None
    return Vocabulary.of(sequences, check_embedding(estimator.embedding), estimator.dtype)


def _as_network_inputs(estimator, vocabulary, examples, held_out):
    """Return examples with token ids as rows, and one-hot steps in one form in both parts."""
    examples = ids_as_rows(vocabulary, examples)
    if held_out is None:
        return examples, None
    held_out = ids_as_rows(vocabulary, held_out, "X_val").with_mean_weight_one(estimator.dtype)
    n_features = estimator._step_format.n_features
    return with_same_steps((examples, held_out), n_features, estimator.dtype)


def _network_spec(estimator, vocabulary, seed, resume, sequences):
    n_outputs, output_activation = estimator._codec.output
    spec = network_spec(
        estimator,
        n_features=estimator._step_format.n_features,
        n_rows=len(vocabulary.known) if estimator._step_format.tokens else None,
        categorical=_categorical(estimator, vocabulary),
        n_outputs=n_outputs,
        output_activation=output_activation,
        body_seed=estimator._spec.body_seed if resume else seed,
        add_differences=estimator.difference_scale_ is not None,
        allow_nan=reads_missing_values(estimator),
    )
    # Only the codec of several class outputs has groups.
    groups = getattr(estimator._codec, "groups", ())
    spec = replace(spec, output_groups=groups, **static_fields(estimator, sequences))
    if resume:
        _check_same_network(estimator._spec, spec)
    # A custom body or cell has to build this architecture again.
    return replace(spec, architecture=estimator._spec.architecture) if resume else spec


def _categorical(estimator, vocabulary):
    """Return the index, the rows and the dimensions of the embedding of categorical features."""
    if not estimator._step_format.categorical:
        return ()
    sizes = embedding_sizes(estimator.embedding, vocabulary)
    return tuple(zip(vocabulary.columns, vocabulary.n_rows, sizes, strict=True))


def _check_same_network(fitted, spec):
    """Raise an error that names the parameters in which a network differs from the fitted one."""
    names = [item.name for item in fields(spec) if item.compare and item.name != "architecture"]
    changed = [name for name in names if getattr(fitted, name) != getattr(spec, name)]
    if changed:
        # `activation_name` is that of `activation`.
        changed = [name.removesuffix("_name") for name in changed]
        shown = {"categorical": "embedding (column, rows and dimensions of each)"}
        changes = [
            f"{shown.get(n, n)} from {getattr(fitted, n)!r} to {getattr(spec, n)!r}"
            for n in changed
        ]
        raise ValueError(
            "warm_start and partial_fit continue the training of one network, but its parameters "
            f"have changed since it was fitted: {', '.join(changes)}. Set them back, or fit a new "
            "estimator."
        )


def fitted_attributes(result, vocabulary, history, sequences):
    """Return fitted attributes by name.

    Parameters
    ----------
    result : TrainingResult
    vocabulary : Vocabulary or None
    history : dict
        The history of earlier epochs, which is continued.
    sequences : Sequences
        The sequences that the network was trained on.
    """
    weights = result.weights
    if vocabulary is not None:
        vocabulary = vocabulary.after_training_on(sequences)
        indices = result.embedding_indices
        for i, filled in zip(
            indices, vocabulary.fill_unknown([weights[i] for i in indices]), strict=True
        ):
            weights[i] = filled
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
    """Join two histories; epochs without an entry get NaN."""
    n_before = len(history.get("loss", ()))
    n_new = len(new["loss"])
    return {
        name: [*history.get(name, [np.nan] * n_before), *new.get(name, [np.nan] * n_new)]
        for name in {**history, **new}
    }
