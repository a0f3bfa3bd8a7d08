"""The course of a fit: callbacks, early stopping, going on, and failing."""

import copy
from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import (
    assert_close_weights,
    assert_same_bits,
    random_sequences,
    same_bits,
    step_targets,
)
from toys import TINY, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.recurrent._data import split_validation

X = random_sequences()
Y = np.array([4000.0 + 1000 * x[:, 0].sum() for x in X])
LABELS = np.arange(len(X)) % 2
MANY, TAGS = labelled()
WHOLE = {"batch_size": None, "shuffle": False, "dtype": "float64", "random_state": 0}

# Keras' callbacks read variables in a way that NumPy 2 warns about.
keras_callbacks = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


# --- callbacks --------------------------------------------------------------------------------


@keras_callbacks
def test_callbacks_change_no_bit_and_are_not_changed(tmp_path):
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
        assert_same_bits(model, plain)
    assert [None if isinstance(one, type) else vars(one) for one in callbacks] == before
    assert_same_bits(RNNClassifier(**TINY).fit(MANY, TAGS), plain)
    header, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert header.split(",")[0] == "epoch"
    logged = [dict(zip(header.split(","), row.split(","), strict=True)) for row in rows]
    assert [float(row["loss"]) for row in logged] == plain.history_["loss"]


def test_batch_hooks_are_told_once_a_call(monkeypatch):
    told = []
    hooks = [
        "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
        "on_epoch_end", "on_train_end",
    ]  # fmt: skip

    def tell(hook, *values, **logs):
        told.append((hook, *values, *logs.values()))

    callback = keras.callbacks.LambdaCallback(**{hook: partial(tell, hook) for hook in hooks})
    model = RNNClassifier(**{**TINY, "epochs": 2, "batch_size": 4}, callbacks=callback)
    monkeypatch.setattr("skrnn.networks.fit_loop._SECONDS_PER_CALL", 0)
    model.fit(MANY, TAGS)
    batches = hooks[2:4] * 8
    epoch = ["on_epoch_begin", *batches, "on_epoch_end"]
    assert [hook for hook, *_ in told] == ["on_train_begin", *epoch, *epoch, "on_train_end"]
    ends = [values for hook, *values in told if hook == "on_train_batch_end"]
    assert [batch for batch, _ in ends] == [*range(8), *range(8)]
    logs = [values[-1] for hook, *values in told if hook == "on_epoch_end"]
    assert [log["loss"] for log in logs] == model.history_["loss"]
    told.clear()
    monkeypatch.setattr("skrnn.networks.fit_loop._SECONDS_PER_CALL", 1e9)
    model.fit(MANY, TAGS)
    ends = [values for hook, *values in told if hook == "on_train_batch_end"]
    assert [batch for batch, _ in ends] == [7, 7]
    assert all(np.isfinite(log["loss"]) for _, log in ends)


@keras_callbacks
def test_a_plateau_lowers_the_rate_of_its_own_fit_only():
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.5, patience=1, min_delta=1e9
    )
    rates = []
    recorder = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: rates.append(logs["learning_rate"])
    )
    params = {**TINY, "epochs": 4, "optimizer": "sgd", "learning_rate": 0.5}
    plain = RNNClassifier(**params).fit(MANY, TAGS)
    fits = [
        RNNClassifier(**params, callbacks=[plateau, recorder]).fit(MANY, TAGS) for _ in range(2)
    ]
    # Keras tells the rate of an epoch before it lowers it for the next.
    assert rates == pytest.approx([0.5, 0.5, 0.25, 0.125] * 2)
    assert [*fits[0].history_["learning_rate"], *fits[1].history_["learning_rate"]] == rates
    assert_same_bits(*fits)
    assert not same_bits(fits[0], plain)
    assert_same_bits(RNNClassifier(**params).fit(MANY, TAGS), plain)


class Adds(keras.callbacks.Callback):
    """Adds a number in the second epoch and what is no number in each; takes the loss away."""

    def on_epoch_end(self, epoch, logs=None):
        logs["note"] = "seen"
        if epoch == 1:
            logs["extra"] = np.float32(0.5)
            del logs["loss"]


def test_what_callbacks_add_to_the_logs_is_in_the_history():
    plain = RNNClassifier(**TINY).fit(MANY, TAGS)
    history = RNNClassifier(**TINY, callbacks=Adds).fit(MANY, TAGS).history_
    assert_array_equal(history.pop("extra"), [np.nan, 0.5, np.nan])
    assert history == plain.history_
    model = RNNClassifier(**TINY, warm_start=True).fit(MANY, TAGS)
    model.set_params(callbacks=Adds).fit(MANY, TAGS)
    assert_array_equal(model.history_["extra"], [np.nan] * 4 + [0.5, np.nan])


@keras_callbacks
def test_checkpoints_open_in_keras(tmp_path):
    checkpoints = [
        keras.callbacks.ModelCheckpoint(tmp_path / "model.keras"),
        keras.callbacks.ModelCheckpoint(
            tmp_path / "{epoch}-{loss:.2f}.weights.h5", save_weights_only=True
        ),
    ]
    model = RNNClassifier(**{**TINY, "epochs": 2}, callbacks=checkpoints).fit(MANY, TAGS)
    saved = keras.saving.load_model(tmp_path / "model.keras")
    assert_same_bits(saved.get_weights(), model)
    live = model.model_
    live.load_weights(tmp_path / f"2-{model.history_['loss'][1]:.2f}.weights.h5")
    assert_same_bits(live.get_weights(), model)
    assert len(list(tmp_path.glob("1-*.weights.h5"))) == 1


def test_tensorboard_writes_its_logs(tmp_path):
    RNNClassifier(**TINY, callbacks=keras.callbacks.TensorBoard(tmp_path)).fit(MANY, TAGS)
    assert list(tmp_path.rglob("events.out.*"))


class StopsAtThree(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 2


def test_a_callback_may_stop_training():
    for _ in range(2):
        model = RNNClassifier(**{**TINY, "epochs": 9}, callbacks=StopsAtThree)
        assert model.fit(MANY, TAGS).n_iter_ == 3
    assert RNNClassifier(**{**TINY, "epochs": 5}).fit(MANY, TAGS).n_iter_ == 5


def test_callbacks_that_cannot_be():
    with pytest.raises(TypeError, match=r"callbacks must contain .*got <function"):
        RNNClassifier(**TINY, callbacks=[lambda epoch: None]).fit(MANY, TAGS)


# --- stopping ---------------------------------------------------------------------------------


class Snapshots(keras.callbacks.Callback):
    """Keeps the weights after every epoch where copies of it can share them."""

    taken = []

    def on_epoch_end(self, epoch, logs=None):
        self.taken.append(self.model.get_weights())


@pytest.fixture
def snapshots():
    Snapshots.taken.clear()
    return Snapshots.taken


def test_the_validation_loss_stops_training_and_its_best_weights_are_kept(snapshots):
    wrong = TAGS[::-1]
    model = RNNClassifier(
        **{**TINY, "epochs": 40, "learning_rate": 0.03}, early_stopping=True, patience=3,
        callbacks=[Snapshots],
    )  # fmt: skip
    model.fit(MANY, TAGS, X_val=MANY, y_val=wrong)
    history = model.history_
    best = int(np.argmin(history["val_loss"]))
    assert model.n_iter_ == len(history["loss"]) == best + 1 + 3 < 40
    assert np.argmin(history["loss"]) > best
    assert len(snapshots) == model.n_iter_
    assert_same_bits(model, snapshots[best])
    assert not same_bits(model, snapshots[-1])


def test_early_stopping_is_that_of_the_keras_callback():
    params = {**TINY, "epochs": 40, "learning_rate": 0.03}
    held_out = {"X_val": MANY[::3], "y_val": TAGS[::-3]}
    ours = RNNClassifier(**params, early_stopping=True, patience=2).fit(MANY, TAGS, **held_out)
    callback = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    theirs = RNNClassifier(**params, callbacks=[callback]).fit(MANY, TAGS, **held_out)
    assert ours.n_iter_ < 40
    assert ours.history_ == theirs.history_
    assert_same_bits(ours, theirs)


@pytest.mark.parametrize("estimator", [RNNClassifier, RNNRegressor])
def test_the_split_is_drawn_of_labels_and_groups(estimator, monkeypatch):
    seen = {}

    def spy(n_sequences, **how):
        seen.update(how, n_sequences=n_sequences)
        return split_validation(n_sequences, **how)

    monkeypatch.setattr("skrnn.recurrent._job.split_validation", spy)
    groups = np.arange(30) // 3
    y = TAGS if estimator is RNNClassifier else np.arange(30.0)
    model = estimator(**{**TINY, "epochs": 1}, early_stopping=True, validation_split=0.2)
    model.fit(MANY, y)
    assert seen["n_sequences"] == 30
    assert seen["size"] == 0.2
    assert seen["groups"] is None
    if estimator is RNNClassifier:
        assert_array_equal(model.classes_[seen["stratify"]], TAGS)
    else:
        assert seen["stratify"] is None
    model.fit(MANY, y, groups=groups)
    assert_array_equal(seen["groups"], groups)
    seen.clear()
    model.fit(MANY, y, X_val=MANY, y_val=y)
    assert not seen


def test_a_split_keeps_proportions_and_groups():
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    chosen, left_out = split_validation(100, size=0.2, seed=0, stratify=labels)
    assert_array_equal(np.sort(np.append(chosen, left_out)), np.arange(100))
    assert_array_equal(np.bincount(labels[left_out]), [10, 6, 4])
    again = split_validation(100, size=0.2, seed=0, stratify=labels)
    assert_array_equal(again[1], left_out)
    assert (split_validation(100, size=0.2, seed=1, stratify=labels)[1] != left_out).any()
    groups = np.arange(100) // 10
    chosen, left_out = split_validation(100, size=0.2, seed=0, stratify=labels, groups=groups)
    assert set(groups[chosen]).isdisjoint(groups[left_out])
    assert len(set(groups[left_out])) == 2
    with pytest.raises(ValueError, match=r"early_stopping=True with .* cannot hold out"):
        split_validation(6, size=0.1, seed=0, stratify=labels[[0, 1, 55, 56, 90, 91]])


def test_the_validation_history_is_of_the_weights_after_each_epoch():
    params = {**TINY, "epochs": 2, "metrics": ["mae"]}
    held_out = {"X_val": X[:5], "y_val": Y[:5], "sample_weight_val": [1.0, 0, 2, 3, 4]}
    model = RNNRegressor(**params).fit(X, Y, **held_out)
    errors = model.predict(X[:5]) - Y[:5]
    loss = np.average((errors / model._y_scale) ** 2, weights=held_out["sample_weight_val"])
    assert list(model.history_) == ["loss", "mae", "val_loss", "val_mae"]
    assert all(len(values) == 2 for values in model.history_.values())
    assert model.history_["val_loss"][-1] == pytest.approx(loss, rel=1e-5)
    # Metrics are not weighted, but sequences of no weight are not there.
    mae = np.abs(np.delete(errors, 1)).mean()
    assert model.history_["val_mae"][-1] == pytest.approx(mae, rel=1e-5)
    assert_same_bits(RNNRegressor(**params).fit(X, Y), model)


# --- going on ---------------------------------------------------------------------------------


STEP_LABELS = [(x[:, 0] > 0).astype(int) for x in X]
KINDS = {
    "classifier": (RNNClassifier, LABELS, {}),
    "regressor": (RNNRegressor, Y, {}),
    "classifier of steps": (RNNClassifier, STEP_LABELS, {"return_sequences": True}),
    "regressor of steps": (RNNRegressor, step_targets(X), {"return_sequences": True}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_epochs_of_partial_fit_are_epochs_of_one_fit(kind):
    estimator, y, how = KINDS[kind]
    params = {**WHOLE, "cell": "simple", "units": 3, "batch_size": 3}
    whole = estimator(**params, **how, epochs=3).fit(X, y)
    parts = estimator(**params, **how)
    for n_calls in (1, 2, 3):
        assert parts.partial_fit(X, y) is parts
        assert parts.n_iter_ == len(parts.history_["loss"]) == n_calls
    assert_close_weights(parts, whole, atol=1e-6)
    assert_allclose(parts.history_["loss"], whole.history_["loss"], rtol=1e-5)


def test_partial_fit_goes_on_where_a_schedule_and_a_fit_left_off():
    rates = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
    params = {**TINY, **WHOLE, "optimizer": keras.optimizers.SGD(rates, momentum=0.9)}
    whole = RNNRegressor(**{**params, "epochs": 4}).fit(X, Y)
    parts = RNNRegressor(**{**params, "epochs": 2}).fit(X, Y)
    parts.partial_fit(X, Y).partial_fit(X, Y)
    assert_close_weights(parts, whole)


def test_warm_start_goes_on_with_a_new_optimizer():
    params = {**TINY, **WHOLE, "optimizer": "sgd", "learning_rate": 0.1}
    whole = RNNRegressor(**{**params, "epochs": 4}).fit(X, Y)
    warm = RNNRegressor(**{**params, "epochs": 2}, warm_start=True).fit(X, Y)
    before = warm.weights_
    warm.fit(X, Y)
    assert_close_weights(warm, whole)
    assert_allclose(warm.history_["loss"], whole.history_["loss"], rtol=1e-12)
    assert warm.n_iter_ == 4
    assert (before[0] != warm.weights_[0]).any()
    cold = warm.set_params(warm_start=False).fit(X, Y)
    assert cold.n_iter_ == 2
    assert_same_bits(cold, before)


@pytest.mark.parametrize("change", [{"units": 5}, {"cell": "gru"}, {"dtype": "float64"}])
def test_another_network_is_no_warm_start(change):
    model = RNNClassifier(**{**TINY, "epochs": 1}, warm_start=True).fit(MANY, TAGS)
    before = vars(model).copy()
    model.set_params(**change)
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="parameters have changed"):
            call(MANY, TAGS)
    assert_untouched(model, {**before, **change})


# --- failing ----------------------------------------------------------------------------------


class Interrupts(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def assert_untouched(model, before):
    assert vars(model).keys() == before.keys()
    assert all(value is before[name] for name, value in vars(model).items())


class InterruptsAtOnce(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


def test_ctrl_c_in_a_first_fit_leaves_nothing_fitted():
    model = RNNClassifier(**TINY, callbacks=[Interrupts])
    before = vars(model).copy()
    with pytest.raises(KeyboardInterrupt):
        model.fit(MANY, TAGS)
    assert_untouched(model, before)
    model.set_params(callbacks=None).fit(MANY, TAGS)
    assert_same_bits(model, RNNClassifier(**TINY).fit(MANY, TAGS))


@pytest.mark.parametrize(
    ("method", "callback", "labels"),
    [
        ("fit", Interrupts, np.repeat(["dog", "eel", "fox"], 10)),
        ("fit", InterruptsAtOnce, TAGS),
        ("partial_fit", InterruptsAtOnce, TAGS),
    ],
    ids=["fit", "warm fit", "partial_fit"],
)
def test_ctrl_c_leaves_an_earlier_fit_as_it_was(method, callback, labels):
    warm = labels is TAGS
    model = RNNClassifier(**TINY, warm_start=warm).fit(MANY, TAGS)
    expected, weights = model.predict_proba(MANY), [weight.copy() for weight in model.weights_]
    model.set_params(callbacks=[callback])
    before = vars(model).copy()
    with pytest.raises(KeyboardInterrupt):
        getattr(model, method)(MANY, labels)
    assert_untouched(model, before)
    assert_same_bits(model, weights)
    assert_array_equal(model.predict_proba(MANY), expected)


def test_a_loss_that_is_not_finite_is_an_error_that_leaves_an_earlier_fit():
    model = RNNRegressor(**TINY, optimizer="sgd", global_clipnorm=None, learning_rate=0.01)
    expected = model.fit(X, Y).predict(X)
    model.set_params(learning_rate=1e30, epochs=20)
    before = vars(model).copy()
    with pytest.raises(ValueError, match=r"Training diverged.*learning_rate"):
        model.fit([x * 2 for x in X], Y[::-1])
    assert_untouched(model, before)
    assert_array_equal(model.predict(X), expected)
    model.set_params(learning_rate=0.01, epochs=TINY["epochs"])
    assert_array_equal(model.fit(X, Y).predict(X), expected)
