"""Train one network: from a `TrainingJob` to a `TrainingResult`."""

from contextlib import ExitStack, contextmanager
from dataclasses import replace

import keras
import numpy as np

from skrnn._parallel.tasks import alone
from skrnn._specs import TrainingResult
from skrnn.networks import backends
from skrnn.networks.architecture import (
    decay_mean_index,
    differences_index,
    embedding_indices,
    identify,
    initial_weights,
)
from skrnn.networks.fit_loop import FitLoop, check_finite, record
from skrnn.networks.keras_objects import copy_callbacks
from skrnn.networks.many import can_join, seat
from skrnn.networks.objective import Objective
from skrnn.networks.optimizers import is_custom, read_optimizer
from skrnn.networks.processes import require_own_process
from skrnn.networks.programs import lease
from skrnn.networks.schedules import read_schedule
from skrnn.networks.segments import Segments


def train(job, watcher=None, score=None):
    """Train a network.

    Parameters
    ----------
    job : TrainingJob
    watcher : object or None
        An object with two methods: ``begin_epoch()`` is called before each epoch, and
        ``end_epoch(snapshot)`` after each epoch. ``snapshot()`` returns a `TrainingResult` as if
        training had ended. Training ends when ``end_epoch`` returns a true value.
    score : callable or None
        A function of such a `TrainingResult` after each epoch. It returns a score on validation
        data that early stopping monitors in place of the loss; greater is better.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        If training diverges, if Keras does not know the activation, the loss, a metric or the
        optimizer, or if the schedule of the learning rate is not valid.
    RuntimeError
        If this process was forked from a process that had used a network.
    """
    require_own_process()
    training = job.training
    callbacks, recipe, rate = _read_objects(training)
    segments = Segments(job.examples, training.truncation)
    n_moments = training.epochs * segments.n_moments(training.batch_size)
    sets_rate = rate is None or is_custom(recipe.kind)
    schedule = read_schedule(training.schedule, n_moments, optimizer_sets_rate=sets_rate)
    _check_activation(job.spec)
    class_codes = np.issubdtype(job.examples.targets.dtype, np.integer)
    # Unknown names raise an error here, before a program is leased.
    Objective(job.spec, training, class_codes=class_codes)
    spec, network = identify(job.spec.for_inputs(job.examples.sequences))
    init_seed, shuffle_seed, dropout_seed = np.random.SeedSequence(job.seed).spawn(3)
    rng = np.random.default_rng(shuffle_seed) if training.shuffle else None
    options = {"class_codes": class_codes, "skips": _has_weights_of_zero(job)}
    with _program_and_trainer(spec, network, job, segments, recipe, options) as found:
        program, trainer = found
        program.set_weights(job.weights or _first_weights(program, network, init_seed, job))
        program.set_seeds(np.random.default_rng(dropout_seed))
        trainer.reset(rate, training, job.optimizer_state)
        loop = FitLoop(program, trainer, job, segments, callbacks, rng, schedule)

        def snapshot(logs=None):
            history = {name: list(values) for name, values in loop.history.items()}
            if logs is not None:
                record(history, logs)
            return TrainingResult(
                spec=replace(spec, one_hot=False),
                weights=program.get_weights(),
                embedding_indices=embedding_indices(program.network),
                history=history,
                optimizer_state=trainer.get_state(),
            )

        loop.run(watcher, score, snapshot)
        result = snapshot()
        check_finite(result.weights)
        return result


@backends.uses_device
def _read_objects(training):
    """Return copies of the callbacks, the recipe of the optimizer, and its learning rate."""
    callbacks = copy_callbacks(training.callbacks)
    return callbacks, *read_optimizer(
        training.optimizer, training.learning_rate, training.global_clipnorm
    )


@contextmanager
def _program_and_trainer(spec, network, job, segments, recipe, options):
    """Yield the program and the trainer of a fit, which may share them with other fits."""
    with ExitStack() as stack:
        if can_join(job, segments, recipe):
            shared = stack.enter_context(seat(spec, job, recipe, **options))
            if shared is not None:
                yield shared, shared
                return
            stack.close()
        stack.enter_context(alone())
        program = stack.enter_context(lease(spec, network))
        options["carries"] = segments.counts.max() > 1
        yield program, program.trainer(job.training, recipe, **options)


def _has_weights_of_zero(job):
    parts = [part for part in (job.examples, job.validation) if part is not None]
    return not all(part.weights.all() for part in parts)


def _check_activation(spec):
    if spec.is_custom:
        return
    try:
        keras.activations.get(spec.activation)
    except (ValueError, TypeError) as error:
        raise ValueError(
            "activation must be the name of a Keras activation or a function of a tensor, got "
            f"{spec.activation!r}."
        ) from error


def _first_weights(program, network, seed, job):
    if network is not None:
        weights = backends.uses_device(network.model.get_weights)()
    else:
        weights = initial_weights(
            program.network,
            np.random.default_rng(seed),
            job.training.bias_initializer,
            job.examples.sequences.lengths.max(),
            job.training.recurrent_initializer,
        )
    if job.embedding is not None:
        [i] = embedding_indices(program.network)
        weights[i] = job.embedding.astype(weights[i].dtype)
    if job.difference_factor is not None:
        i = differences_index(program.network)
        weights[i] = job.difference_factor.astype(weights[i].dtype)
    if job.decay_mean is not None:
        i = decay_mean_index(program.network)
        weights[i] = job.decay_mean.astype(weights[i].dtype)
    return weights


def start(job):
    """Return the result of a training that makes no update: the initial weights of a job.

    Parameters
    ----------
    job : TrainingJob

    Returns
    -------
    TrainingResult
        Its history has no epochs, and the optimizer has no state.
    """
    require_own_process()
    _check_activation(job.spec)
    spec, network = identify(job.spec.for_inputs(job.examples.sequences))
    init_seed, *_ = np.random.SeedSequence(job.seed).spawn(3)
    with lease(spec, network) as program:
        return TrainingResult(
            spec=replace(spec, one_hot=False),
            weights=_first_weights(program, network, init_seed, job),
            embedding_indices=embedding_indices(program.network),
            history={"loss": []},
            optimizer_state=[],
        )
