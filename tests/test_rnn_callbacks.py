"""The parameters callbacks, which takes Keras' callbacks, and verbose."""

import copy
import itertools
import time
from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from recurrences import same_bits
from small_data import PLAIN, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier

MANY, TAGS = labelled()

# Keras' callbacks read variables in a way that NumPy 2 warns about.
keras_callbacks = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@keras_callbacks
def test_rnn_callbacks_change_no_bit_and_are_not_changed(tmp_path):
    plain = RNNClassifier(**TINY).fit(MANY, TAGS)
    callbacks = [
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=9),
        keras.callbacks.EarlyStopping(monitor="loss"),
        keras.callbacks.History,
        keras.callbacks.TerminateOnNaN(),
    ]
    before = [None if isinstance(one, type) else copy.copy(vars(one)) for one in callbacks]
    for _ in range(2):
        model = RNNClassifier(**TINY, callbacks=callbacks).fit(MANY, TAGS)
        assert_same_weights(model, plain)
    assert [None if isinstance(one, type) else vars(one) for one in callbacks] == before
    assert_same_weights(RNNClassifier(**TINY).fit(MANY, TAGS), plain)
    header, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert header.split(",")[0] == "epoch"
    logged = [dict(zip(header.split(","), row.split(","), strict=True)) for row in rows]
    assert [float(row["loss"]) for row in logged] == plain.history_["loss"]


def test_rnn_callbacks_batch_hooks_are_called_once_per_compiled_call(monkeypatch):
    calls = []
    hooks = [
        "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
        "on_epoch_end", "on_train_end",
    ]  # fmt: skip

    def note(hook, *values, **logs):
        calls.append((hook, *values, *logs.values()))

    callback = keras.callbacks.LambdaCallback(**{hook: partial(note, hook) for hook in hooks})
    params = {**TINY, "epochs": 2, "batch_size": 4}
    model = RNNClassifier(**params, callbacks=callback)
    monkeypatch.setattr(time, "perf_counter", itertools.count(step=1000).__next__)
    RNNClassifier(**params).fit(MANY, TAGS)  # measures the time per batch
    model.fit(MANY, TAGS)
    batches = hooks[2:4] * 8
    epoch = ["on_epoch_begin", *batches, "on_epoch_end"]
    assert [hook for hook, *_ in calls] == ["on_train_begin", *epoch, *epoch, "on_train_end"]
    ends = [values for hook, *values in calls if hook == "on_train_batch_end"]
    assert [batch for batch, _ in ends] == [*range(8), *range(8)]
    logs = [values[-1] for hook, *values in calls if hook == "on_epoch_end"]
    assert [log["loss"] for log in logs] == model.history_["loss"]
    calls.clear()
    monkeypatch.setattr(time, "perf_counter", itertools.count(step=1e-9).__next__)
    RNNClassifier(**params).fit(MANY, TAGS)
    model.fit(MANY, TAGS)
    ends = [values for hook, *values in calls if hook == "on_train_batch_end"]
    assert [batch for batch, _ in ends] == [7, 7]
    assert all(np.isfinite(log["loss"]) for _, log in ends)


@keras_callbacks
def test_rnn_callbacks_learning_rate_is_lowered_in_their_own_fit_only():
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.5, patience=1, min_delta=1e9
    )
    rates = []
    recorder = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: rates.append(logs["learning_rate"])
    )
    params = {**TINY, "epochs": 4, "optimizer": "sgd", "learning_rate": 0.5}
    params["schedule"] = "constant"
    plain = RNNClassifier(**params).fit(MANY, TAGS)
    fits = [
        RNNClassifier(**params, callbacks=[plateau, recorder]).fit(MANY, TAGS) for _ in range(2)
    ]
    # Keras logs the rate of an epoch before it lowers the rate for the next one.
    assert rates == pytest.approx([0.5, 0.5, 0.25, 0.125] * 2)
    assert [*fits[0].history_["learning_rate"], *fits[1].history_["learning_rate"]] == rates
    assert_same_weights(*fits)
    assert not same_bits(fits[0], plain)
    assert_same_weights(RNNClassifier(**params).fit(MANY, TAGS), plain)


class Adds(keras.callbacks.Callback):
    """Adds a string to the logs of each epoch; replaces the loss by a number in the second one."""

    def on_epoch_end(self, epoch, logs=None):
        logs["note"] = "seen"
        if epoch == 1:
            logs["extra"] = np.float32(0.5)
            del logs["loss"]


def test_rnn_callbacks_numbers_added_to_the_logs_are_in_history():
    plain = RNNClassifier(**TINY).fit(MANY, TAGS)
    history = RNNClassifier(**TINY, callbacks=Adds).fit(MANY, TAGS).history_
    assert_array_equal(history.pop("extra"), [np.nan, 0.5, np.nan])
    assert history == plain.history_
    model = RNNClassifier(**TINY, warm_start=True).fit(MANY, TAGS)
    model.set_params(callbacks=Adds).fit(MANY, TAGS)
    assert_array_equal(model.history_["extra"], [np.nan] * 4 + [0.5, np.nan])


@keras_callbacks
def test_rnn_callbacks_checkpoints_open_in_keras(tmp_path):
    checkpoints = [
        keras.callbacks.ModelCheckpoint(tmp_path / "model.keras"),
        keras.callbacks.ModelCheckpoint(
            tmp_path / "{epoch}-{loss:.2f}.weights.h5", save_weights_only=True
        ),
    ]
    # With standardize=True, `model_` begins with a layer that the network in training lacks.
    params = {**TINY, **PLAIN, "epochs": 2}
    model = RNNClassifier(**params, callbacks=checkpoints).fit(MANY, TAGS)
    saved = keras.saving.load_model(tmp_path / "model.keras")
    assert_same_weights(saved.get_weights(), model)
    # A copy by Keras has new weights, which are drawn.
    copied = keras.models.clone_model(saved).get_weights()
    assert all(weight.any() for weight in copied if weight.ndim == 2)
    live = model.model_
    live.load_weights(tmp_path / f"2-{model.history_['loss'][1]:.2f}.weights.h5")
    assert_same_weights(live.get_weights(), model)
    assert len(list(tmp_path.glob("1-*.weights.h5"))) == 1


def test_rnn_callbacks_tensorboard_writes_its_logs(tmp_path):
    RNNClassifier(**TINY, callbacks=keras.callbacks.TensorBoard(tmp_path)).fit(MANY, TAGS)
    assert list(tmp_path.rglob("events.out.*"))


class StopsAtThree(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 2


def test_rnn_callbacks_may_stop_training():
    for _ in range(2):
        model = RNNClassifier(**{**TINY, "epochs": 9}, callbacks=StopsAtThree)
        assert model.fit(MANY, TAGS).n_iter_ == 3
    assert RNNClassifier(**{**TINY, "epochs": 5}).fit(MANY, TAGS).n_iter_ == 5


# --- verbose ----------------------------------------------------------------------------------


def test_rnn_verbose_prints_one_progress_bar_with_loss_and_metrics(capsys):
    RNNClassifier(**TINY, verbose=1, metrics=["accuracy"]).fit(
        MANY, TAGS, X_val=MANY, y_val=TAGS
    ).predict(MANY)
    printed = capsys.readouterr().out
    assert printed.rstrip().count("\n") == 0
    assert "3/3" in printed
    for name in ("loss:", "accuracy:", "val_loss:"):
        assert name in printed


def test_rnn_verbose_0_prints_nothing(capfd):
    for _ in range(2):
        capfd.readouterr()  # TensorFlow prints messages of its own in the first run
        model = RNNClassifier(**TINY, early_stopping=True).fit(MANY, TAGS)
        model.predict(MANY)
        model.hidden_states(MANY)
    printed, errors = capfd.readouterr()
    assert printed == ""
    assert errors == ""
