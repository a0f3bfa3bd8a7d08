"""The loop over epochs, with losses, validation, callbacks and history.

A compiled call runs only so many batches that Ctrl-C, progress bars and callbacks remain
responsive. The number of batches in a call depends on the clock, but it does not affect the
results, because a call returns the loss of each batch for the average here. If nothing happens
between epochs, such as validation, a call may contain the batches of several epochs.
"""

from contextlib import suppress
from dataclasses import replace
from functools import partial

import keras
import numpy as np

from skrnn._parallel.tasks import check_cancelled
from skrnn.networks import backends
from skrnn.networks.backends.buckets import JOINED_ROWS
from skrnn.networks.batches import compact, training_batches
from skrnn.networks.early_stopping import BestEpoch
from skrnn.networks.feed import Feed, standardized
from skrnn.networks.programs import DivergedError
from skrnn.sequences._arrays_of_sequences import repeats_one_number


class FitLoop:
    """One fit on a leased program.

    Parameters
    ----------
    program : Program
    trainer : Trainer
    job : TrainingJob
    segments : Segments
        The training examples of the job in segments.
    callbacks : list of keras.callbacks.Callback
    rng : numpy.random.Generator or None
        The generator that draws the batches. If None, the sequences are used in the given order.
    schedule : Known or Plateau
        The factors of the learning rate.

    Attributes
    ----------
    history : dict of str to list of float
    """

    def __init__(self, program, trainer, job, segments, callbacks, rng, schedule):
        self.history = {}
        self._schedule, self._program, self._trainer, self._rng = schedule, program, trainer, rng
        self._job, self._training, self._segments = job, job.training, segments
        # The number of moments of the schedule in an epoch.
        self._n_moments = segments.n_moments(job.training.batch_size)
        self._job_and_units = {"job": job, "units": _units(job)}
        self._callbacks = _Callbacks(callbacks, program, trainer, job.training.epochs)

    def run(self, watcher, score, snapshot):
        """Train until the last epoch, or until early stopping or a callback ends training.

        Parameters
        ----------
        watcher, score : object or None
            See `skrnn.networks.one.train`.
        snapshot : callable
            A function of the logs of an epoch that are not in the history yet.
        """
        job, n_epochs = self._job, self._training.epochs
        data = self._feed(self._segments.examples)
        train = self._training_of_epochs(data)
        validate = job.validation and self._validation_of(job.validation)
        n_joined, logs_of_epochs = 1 if watcher or score else self._n_joined(data), []
        bar = _progress_bar(n_epochs, self._training.verbose)
        best = BestEpoch(self._training, self._program)
        self._callbacks.call("on_train_begin")
        for epoch in range(n_epochs):
            if watcher is not None:
                watcher.begin_epoch()
            self._callbacks.call("on_epoch_begin", epoch)
            rate = self._rate(epoch)
            if not logs_of_epochs:
                logs_of_epochs = train(range(epoch, min(epoch + n_joined, n_epochs)))
            logs = logs_of_epochs.pop(0)
            if validate:
                logs |= validate()
            logs |= rate
            if score is not None:
                logs["val_score"] = score(snapshot(logs))
            self._schedule.end_epoch(logs.get("val_loss", logs["loss"]))
            stop = best.should_stop(-logs["val_score"] if score else logs.get("val_loss"))
            self._callbacks.call("on_epoch_end", epoch, logs)
            # Keras' callbacks log the rate of the optimizer, without the factor of the schedule.
            record(self.history, logs | self._callbacks.final_logs | rate)
            stop = stop or self._callbacks.stop_training
            if watcher is not None:
                stop = watcher.end_epoch(snapshot) or stop
            bar.update(epoch + 1, logs.items(), finalize=stop or epoch + 1 == n_epochs)
            if stop:
                break
        self._trainer.finalize()
        self._callbacks.call("on_train_end", logs)
        best.restore()

    def _n_joined(self, data):
        """Return how many epochs are trained at a time: several if nothing happens between them."""
        training = self._training
        # Metrics are read and reset after each epoch.
        happens = self._job.validation, training.callbacks, training.metrics, training.verbose
        # Blocks of data that do not fit on the device must not depend on what happens.
        if any(happens) or not self._schedule.is_known or not data.is_whole:
            return 1
        return max(1, JOINED_ROWS // len(self._segments.examples))

    def _rate(self, epoch):
        """Return the learning rate of the next update by its name in logs, unless it is constant.

        A callback that changes the constant rate logs it itself.
        """
        if self._training.schedule == "constant":
            return {}
        factors = self._schedule.factors(np.array([epoch * self._n_moments]))
        return {"learning_rate": float(self._trainer.rates(factors)[0])}

    def _training_of_epochs(self, data):
        """Return a function that trains for a range of epochs and returns the logs of each."""
        segments, n = self._segments.examples, len(self._job.examples)
        lengths, n_targets = segments.sequences.lengths, segments.n_counted
        sizes = self._job.examples.sequences.lengths
        if self._job.spec.decoder:
            # Sources and targets are both padded, so sequences of one batch are similar in both.
            sizes = sizes + self._job.examples.targets.lengths
        batch_size = int(min(self._training.batch_size or n, n))
        layout = backends.batch_layout(
            self._program.network.spec, lengths, batch_size, self._training.epochs
        )

        def draw(epoch):
            batches = training_batches(sizes, self._training.batch_size, self._rng)
            *batches, moments = self._segments.batches(*batches)
            return *batches, epoch * self._n_moments + moments

        def train(epochs):
            drawn = [draw(epoch) for epoch in epochs]
            order, bounds, fresh, moments = _joined(drawn)
            losses = []
            for first, last in self._calls(data, bounds):
                self._callbacks.call("on_train_batch_begin", first)
                batches = _select(data, order, bounds[first : last + 1])
                factors = self._schedule.factors(moments[first:last])
                losses.append(self._trainer.train(*batches, factors, layout, fresh[first:last]))
                check_finite(losses[-1:])
                check_cancelled()
                self._callbacks.call(
                    "on_train_batch_end", last - 1, {"loss": float(losses[-1][-1])}
                )
            ends = np.cumsum([len(fresh) for _, _, fresh, _ in drawn])[:-1]
            of_epochs = np.concatenate(losses), _sums(n_targets, order, bounds)
            return list(map(self._logs, *(np.split(array, ends) for array in of_epochs)))

        return train

    def _validation_of(self, examples):
        """Return a function that returns the logs of validation."""
        data = self._feed(examples)
        lengths, n_targets = examples.sequences.lengths, examples.n_counted
        order, bounds = training_batches(lengths, self._training.batch_size, None)

        def validate():
            losses = [
                self._trainer.evaluate(*_select(data, order, bounds[first : last + 1]))
                for first, last in self._calls(data, bounds)
            ]
            return self._logs(np.concatenate(losses), _sums(n_targets, order, bounds), "val_")

        return validate

    def _feed(self, examples):
        send, options = partial(_send, **self._job_and_units), {}
        if backends.steps_to_device is not None:
            options["send_steps"] = partial(_send_steps, **self._job_and_units)
        return Feed(send, examples, examples.sequences, **options)

    def _calls(self, data, bounds):
        """Yield the range of batches of each call of an epoch, as a pair of start and stop."""
        # The content of a block must not depend on the clock, as it may affect how shapes are
        # rounded.
        in_block = (
            None if data.is_whole else max(1, data.max_sequences // int(np.diff(bounds).max()))
        )
        first, n_batches = 0, len(bounds) - 1
        while first < n_batches:
            n = in_block or self._trainer.call_length.n_batches()
            last = min(first + n, n_batches)
            yield first, last
            first = last

    def _logs(self, losses, weights, prefix=""):
        loss = float(np.average(losses, weights=weights))
        return {prefix + "loss": loss, **self._trainer.read_metrics(prefix)}


def _send(examples, job, units):
    """Send examples to the device, with time steps as the network receives them."""
    return backends.to_device(_with_network_steps(examples, job).encoded(), units)


def _send_steps(examples, job, units):
    """Send the time steps of examples; return the examples, and a function that sends the rest."""
    examples = _with_network_steps(examples, job)
    steps = backends.steps_to_device(examples.sequences.values)
    return examples, lambda some: backends.to_device(some.encoded(), units, steps)


def _with_network_steps(examples, job):
    """Return examples whose time steps are those that the network receives."""
    sequences = standardized(examples.sequences, job.standardization, job.spec.dtype)
    return replace(examples, sequences=compact(sequences))


def _joined(drawn):
    """Return the batches of several epochs as those of one."""
    orders, bounds, *others = zip(*drawn, strict=True)
    if len(orders) == 1:
        return drawn[0]
    begins = np.cumsum([0, *map(len, orders[:-1])])
    bounds = [of_epoch[1:] + begin for of_epoch, begin in zip(bounds, begins, strict=True)]
    bounds = np.concatenate([[0], *bounds]).astype(np.int32)
    return np.concatenate(orders), bounds, *map(np.concatenate, others)


def _sums(numbers, order, bounds):
    """Return the sum of the numbers of the sequences of each batch."""
    if repeats_one_number(numbers):
        return np.diff(bounds) * numbers[0]
    return np.add.reduceat(numbers[order], bounds[:-1])


def _units(job):
    """Return the arrays (true_scale, scale, offset) that convert to the units of the user.

    A target that was constant in training is predicted as this constant, so that its `scale` is 0.
    Its values in the validation data may differ; they were encoded with the factor 1.
    """
    dtype = np.promote_types(job.spec.dtype, job.training.metrics_dtype)
    scale, offset = job.target_scale
    with np.errstate(over="ignore"):  # of float32, which is used only if there are no metrics
        return [array.astype(dtype) for array in (np.where(scale == 0, 1, scale), scale, offset)]


def _select(data, order, bounds):
    """Return the tensors for some batches, and the batches as indices into these."""
    tensors, rows = data(order[bounds[0] : bounds[-1]])
    return tensors, rows, bounds - bounds[0]


def _progress_bar(n_epochs, verbose):
    return keras.utils.Progbar(
        n_epochs, verbose=min(verbose, 1), unit_name="epoch", stateless_metrics=()
    )


class _Callbacks:
    """Calls Keras' callbacks, if there are any."""

    def __init__(self, callbacks, program, trainer, n_epochs):
        self._model = program.network.model
        self._model.stop_training = False
        self._list, self._last = None, _FinalLogs()
        if callbacks:
            backends.uses_device(self._model.compile)(optimizer=trainer.optimizer)
            self._list = keras.callbacks.CallbackList(
                [*callbacks, self._last], model=self._model, epochs=n_epochs, verbose=0
            )

    def call(self, hook, *arguments):
        # A callback may wait for other threads, so it is not a function with `uses_device`.
        if self._list is not None:
            getattr(self._list, hook)(*arguments)

    @property
    def final_logs(self):
        return self._last.logs

    @property
    def stop_training(self):
        return self._model.stop_training


class _FinalLogs(keras.callbacks.Callback):
    """The last callback, which receives the logs with all entries that other callbacks added."""

    def __init__(self):
        super().__init__()
        self.logs = {}

    def on_epoch_end(self, epoch, logs=None):
        self.logs = logs


def record(history, logs):
    """Add the numbers of an epoch to a history; an epoch without an entry gets NaN."""
    n_before = len(history.get("loss", ()))
    numbers = _numbers(logs)
    for name in {**history, **numbers}:
        history.setdefault(name, [np.nan] * n_before).append(numbers.get(name, np.nan))


def _numbers(logs):
    numbers = {}
    for name, value in logs.items():
        # Callbacks may have added any object.
        with suppress(TypeError, ValueError):
            numbers[name] = float(value)
    return numbers


def check_finite(arrays):
    """Raise `DivergedError` if a number is NaN or infinite."""
    if not all(np.isfinite(array).all() for array in arrays):
        raise DivergedError(
            "Training diverged: the loss or a weight is NaN or infinite. Scale X (and large "
            "targets), or lower learning_rate."
        )
