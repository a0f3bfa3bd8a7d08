"""Epochs over batches: what `fit` does once data and specifications are ready.

The work is done inside compiled calls of about a fifth of a second, so that Ctrl-C, progress bars
and callbacks stay alive. How many batches share a call follows the clock, and touches no result:
losses come back one a batch and are summed here.
"""

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np

from skrnn.networks import backends
from skrnn.networks.batches import Feed, training_batches
from skrnn.networks.descriptions import copy_callbacks, make_loss, make_metrics, read_optimizer
from skrnn.networks.models import build_network, embedding_index, initial_weights
from skrnn.networks.processes import require_own_process
from skrnn.networks.programs import DivergedError, lease

__all__ = ["TrainingResult", "train"]

_SECONDS_PER_CALL = 0.2

# Compiling the time loops takes TensorFlow about a second, which this many steps of batches pay for
# if sequences are not short. LSTMs on vectors have a kernel that is as good. The clock has no say:
# what is computed may not depend on it.
STEPS_WORTH_COMPILING = 25_000
_MIN_LENGTH = 8


@dataclass(frozen=True)
class TrainingResult:
    """What a fit leaves behind, in plain values.

    Parameters
    ----------
    spec : NetworkSpec
    weights : list of ndarray
    embedding_index : int or None
        Which of the weights are the vectors of tokens.
    history : dict of str to list of float
    optimizer_state : list of ndarray
    """

    spec: object
    weights: list
    embedding_index: int | None
    history: dict
    optimizer_state: list


def train(
    spec,
    training,
    examples,
    validation=None,
    *,
    seed,
    target_scale,
    start=None,
    embedding=None,
    watcher=None,
):
    """Train a network.

    Parameters
    ----------
    spec : NetworkSpec
    training : TrainingSpec
    examples : Examples
    validation : Examples or None
    seed : int or tuple of int
    target_scale : tuple (scale, offset) of arrays
        From targets as they train to the user's units, in which metrics are told.
    start : tuple (weights, optimizer_state) or None
        Where to go on from; an `optimizer_state` of None starts the optimizer afresh.
    embedding : ndarray or None
        First weights of the embedding.
    watcher : object or None
        Its ``begin_epoch()`` is called before each epoch and its ``end_epoch(snapshot)`` after
        each, where ``snapshot()`` gives a `TrainingResult` as if training were over; if the
        latter returns something true, it is.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        If the loss stops being a finite number, or a Keras name is unknown.
    RuntimeError
        If this process was forked from one that has used a network.
    """
    require_own_process()
    callbacks = copy_callbacks(training.callbacks)
    sparse = np.issubdtype(examples.targets.dtype, np.integer)
    optimizer, rate = read_optimizer(
        training.optimizer, training.learning_rate, training.global_clipnorm
    )
    # Unknown names are errors now, and not with a program in hand.
    make_loss(training.loss)
    make_metrics(training.metrics, sparse=sparse, n_outputs=spec.n_outputs)
    spec = spec.reading(examples.sequences)
    init_seed, shuffle_seed, dropout_seed = np.random.SeedSequence(seed).spawn(3)
    network = None
    if spec.is_custom:
        network = build_network(spec)
        spec = network.spec
    weights, optimizer_state = start or (None, None)
    with lease(spec, network) as program:
        trainer = program.trainer(training, optimizer, sparse=sparse)
        if weights is None:
            weights = _first_weights(program, network, init_seed, embedding)
        program.set_weights(weights)
        program.set_seeds(np.random.default_rng(dropout_seed))
        trainer.reset(rate, optimizer_state)
        rng = np.random.default_rng(shuffle_seed) if training.shuffle else None
        run = _Run(program, trainer, training, callbacks, rng, target_scale)
        snapshot = partial(run.result, replace(spec, one_hot=False))
        run.epochs(examples, validation, watcher, snapshot)
        result = snapshot()
        _check_finite(result.weights)
        return result


def _first_weights(program, network, seed, embedding):
    if network is not None:
        weights = network.model.get_weights()
    else:
        weights = initial_weights(program.network, np.random.default_rng(seed))
    if embedding is not None:
        i = embedding_index(program.network)
        weights[i] = embedding.astype(weights[i].dtype)
    return weights


class _Run:
    """One fit on a leased program."""

    def __init__(self, program, trainer, training, callbacks, rng, target_scale):
        self.program = program
        self.trainer = trainer
        self.training = training
        self.rng = rng
        self.target_scale = target_scale
        self.history = {}
        self.model = program.network.model
        self.model.stop_training = False
        self.callbacks, self.last_callback = None, _LogsAsLeft()
        if callbacks:
            self.model.compile(optimizer=trainer.optimizer)
            self.callbacks = keras.callbacks.CallbackList(
                [*callbacks, self.last_callback],
                model=self.model,
                epochs=training.epochs,
                verbose=0,
            )

    def result(self, spec):
        """Return what training has come to, in arrays and lists of their own."""
        return TrainingResult(
            spec=spec,
            weights=self.program.get_weights(),
            embedding_index=embedding_index(self.program.network),
            history={name: list(values) for name, values in self.history.items()},
            optimizer_state=self.trainer.get_state(),
        )

    def epochs(self, examples, validation, watcher, snapshot):
        """Train until the last epoch, or until something says stop."""
        training_data, validation_data = self._feed(examples), validation and self._feed(validation)
        how = self._batch_size(examples), self._is_worth_compiling(examples)
        n_epochs = self.training.epochs
        verbose = min(self.training.verbose, 1)
        bar = keras.utils.Progbar(
            n_epochs, verbose=verbose, unit_name="epoch", stateless_metrics=()
        )
        best = _Best(self.training.patience)
        self._tell("on_train_begin")
        for epoch in range(n_epochs):
            if watcher is not None:
                watcher.begin_epoch()
            self._tell("on_epoch_begin", epoch)
            logs = self._train_epoch(training_data, examples, *how)
            if validation is not None:
                logs |= self._evaluate(validation_data, validation)
            self._tell("on_epoch_end", epoch, logs)
            _record(self.history, logs | self.last_callback.logs)
            stop = best.should_stop(logs.get("val_loss"), self.program) or self.model.stop_training
            if watcher is not None:
                stop = watcher.end_epoch(snapshot) or stop
            bar.update(epoch + 1, logs.items(), finalize=stop or epoch + 1 == n_epochs)
            if stop:
                break
        self.trainer.optimizer.finalize_variable_values(self.model.trainable_variables)
        self._tell("on_train_end", logs)
        best.restore(self.program)

    def _tell(self, hook, *arguments):
        if self.callbacks is not None:
            getattr(self.callbacks, hook)(*arguments)

    def _feed(self, examples):
        send = partial(backends.to_device, target_scale=self.target_scale)
        return Feed(send, examples.take, examples.sequences)

    def _batch_size(self, examples):
        return int(min(self.training.batch_size or len(examples), len(examples)))

    def _is_worth_compiling(self, examples):
        """Whether there is so much to do that compiling the time loops pays."""
        spec = self.program.network.spec
        n_batches = -(-len(examples) // self._batch_size(examples))
        mean_length = examples.sequences.lengths.mean()
        n_steps = self.training.epochs * n_batches * mean_length
        if spec.cell == "lstm" and not spec.one_hot:
            return False
        return not spec.is_custom and mean_length >= _MIN_LENGTH and n_steps > STEPS_WORTH_COMPILING

    def _train_epoch(self, data, examples, width, compile_loops):
        lengths = examples.sequences.lengths
        order, bounds = training_batches(lengths, self.training.batch_size, self.rng)
        losses = []
        for first, last in self._calls(data, bounds):
            self._tell("on_train_batch_begin", first)
            begin = time.perf_counter()
            batches = _share(data, order, bounds[first : last + 1])
            losses.append(self.trainer.train(*batches, width, compile_loops))
            self._keep_time(time.perf_counter() - begin, last - first)
            _check_finite(losses[-1:])
            self._tell("on_train_batch_end", last - 1, {"loss": float(losses[-1][-1])})
        return self._logs(losses, self._target_counts(lengths, order, bounds))

    def _evaluate(self, data, examples):
        lengths = examples.sequences.lengths
        order, bounds = training_batches(lengths, self.training.batch_size, None)
        losses = [
            self.trainer.evaluate(*_share(data, order, bounds[first : last + 1]))
            for first, last in self._calls(data, bounds)
        ]
        return self._logs(losses, self._target_counts(lengths, order, bounds), "val_")

    def _calls(self, data, bounds):
        """Cut an epoch into calls, as pairs of the first batch and the one after the last."""
        # What a block holds may not follow the clock: its make-up may touch how shapes are rounded.
        in_block = (
            None if data.is_whole else max(1, data.max_sequences // int(np.diff(bounds).max()))
        )
        first, n_batches = 0, len(bounds) - 1
        while first < n_batches:
            last = min(first + (in_block or self._batches_per_call()), n_batches)
            yield first, last
            first = last

    def _logs(self, losses, counts, prefix=""):
        loss = float(np.average(np.concatenate(losses), weights=counts))
        return {prefix + "loss": loss, **self.trainer.read_metrics(prefix)}

    def _target_counts(self, lengths, order, bounds):
        if not self.program.network.spec.return_sequences:
            return np.diff(bounds)
        return np.add.reduceat(lengths[order], bounds[:-1])

    def _batches_per_call(self):
        seconds = self.trainer.seconds_per_batch
        return 1 if seconds is None else max(1, int(_SECONDS_PER_CALL / seconds))

    def _keep_time(self, seconds, n_batches):
        """Remember how long a batch takes; the first call compiles, so it does not count."""
        if self.trainer.traced:
            self.trainer.seconds_per_batch = seconds / n_batches
        self.trainer.traced = True


def _share(data, order, bounds):
    """Return the tensors for some batches, and the batches as rows of these."""
    tensors, rows = data(order[bounds[0] : bounds[-1]])
    return tensors, rows, bounds - bounds[0]


class _LogsAsLeft(keras.callbacks.Callback):
    """The last of the callbacks: it sees what those before it added to an epoch's logs."""

    logs: dict = {}

    def on_epoch_end(self, epoch, logs=None):
        self.logs = logs


def _record(history, logs):
    """Add the numbers of an epoch to a history; an epoch that lacks one has NaN."""
    n_before = len(history.get("loss", ()))
    numbers = _numbers(logs)
    for name in {**history, **numbers}:
        history.setdefault(name, [np.nan] * n_before).append(numbers.get(name, np.nan))


def _numbers(logs):
    numbers = {}
    for name, value in logs.items():
        # Callbacks may have added anything.
        with suppress(TypeError, ValueError):
            numbers[name] = float(value)
    return numbers


def _check_finite(arrays):
    if not all(np.isfinite(array).all() for array in arrays):
        raise DivergedError(
            "The loss stopped being a finite number, or a weight did. Scale the "
            "steps of X (and large targets), or lower learning_rate."
        )


class _Best:
    """The best validation loss so far, its weights, and how long ago it was."""

    def __init__(self, patience):
        self.patience = patience
        self.loss = np.inf
        self.weights = None
        self.waited = 0

    def should_stop(self, loss, program):
        if self.patience is None:
            return False
        if loss < self.loss:
            self.loss, self.weights, self.waited = loss, program.get_weights(), 0
            return False
        self.waited += 1
        return self.waited >= self.patience

    def restore(self, program):
        if self.weights is not None:
            program.set_weights(self.weights)
