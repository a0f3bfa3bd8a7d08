"""How a fit goes: Keras objects, seeds, validation, early stopping, going on, progress."""

import random
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from toys import LEARNS, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier
from skrnn.recurrent._data import split_validation

X, LABELS = labelled()
TWO, TWO_LABELS = labelled(("no", "yes"))
Y = np.array([steps.sum() for steps in X])


# --- Keras objects ----------------------------------------------------------------------------


def test_one_optimizer_object_serves_two_fits_and_is_not_changed():
    import keras

    optimizer = keras.optimizers.Adam(0.01)
    first = RNNClassifier(**TINY, optimizer=optimizer).fit(X, LABELS)
    weights = [weight.copy() for weight in first.weights_]
    first.fit(X, LABELS)
    second = RNNClassifier(**TINY, optimizer=optimizer).fit(X, LABELS)
    named = RNNClassifier(**TINY, optimizer="adam", learning_rate=0.01).fit(X, LABELS)
    for again, weight in zip(first.weights_, weights, strict=True):
        assert_array_equal(again, weight)
    assert_same_weights(first, second)
    assert_same_weights(first, named)
    assert not optimizer.built
    assert int(optimizer.iterations) == 0
    assert float(optimizer.learning_rate) == pytest.approx(0.01)


def test_a_learning_rate_given_goes_before_that_of_the_optimizer_object():
    import keras

    given = RNNClassifier(**TINY, optimizer=keras.optimizers.Adam(0.5), learning_rate=0.01)
    named = RNNClassifier(**TINY, optimizer="adam", learning_rate=0.01)
    assert_same_weights(given.fit(X, LABELS), named.fit(X, LABELS))


# TensorFlow's tensors do not know NumPy 2's copy keyword, which saving a model stumbles over.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_callbacks_are_copied_and_work(tmp_path):
    import keras

    stop = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=1e9)
    callbacks = [
        keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        keras.callbacks.ModelCheckpoint(str(tmp_path / "best.keras"), monitor="loss"),
        keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=1e9, verbose=0),
        stop,
        keras.callbacks.TerminateOnNaN,
    ]
    model = RNNClassifier(**{**TINY, "epochs": 9}, callbacks=callbacks, metrics=["accuracy"])
    model.fit(X, LABELS)
    assert model.n_iter_ == len(model.history_["loss"]) < 9
    log = pd.read_csv(tmp_path / "log.csv")
    assert len(log) == model.n_iter_
    assert_allclose(log["loss"], model.history_["loss"], rtol=1e-5)
    assert (tmp_path / "best.keras").exists()
    assert stop.model is None
    assert stop.stopped_epoch == 0


def test_metrics_are_in_history_by_their_names():
    import keras

    metrics = ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top_2")]
    model = RNNClassifier(**LEARNS, metrics=metrics).fit(X, LABELS, X_val=X, y_val=LABELS)
    names = {"loss", "accuracy", "top_2"}
    assert set(model.history_) == names | {f"val_{name}" for name in names}
    assert {len(values) for values in model.history_.values()} == {20}
    assert model.history_["val_accuracy"][-1] == pytest.approx(model.score(X, LABELS))


def convolution(steps, lengths):
    """Build the body of a network, as users do who want another one."""
    from keras import layers

    return layers.Conv1D(3, 2, padding="causal", activation="tanh")(steps)


def test_a_body_of_the_users_is_trained_with_the_same_seeds():
    random.seed(1)
    before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002 - the global one
    model = RNNClassifier(**LEARNS, body=convolution, pooling="mean").fit(X, LABELS)
    assert random.getstate() == before[0]
    assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    random.seed(2)
    assert_same_weights(model, clone(model).fit(X, LABELS))
    assert model.score(X, LABELS) > 0.9
    assert model.hidden_states(X).shape == (30, 3)


def test_a_fit_neither_reads_nor_moves_the_global_generators():
    models = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - that is the one which must not matter
        before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
        models.append(RNNClassifier(**TINY, dropout=0.3).fit(X, LABELS))
        models[-1].predict(X)
        assert random.getstate() == before[0]
        assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert_same_weights(*models)
    other = RNNClassifier(**{**TINY, "random_state": 1}, dropout=0.3).fit(X, LABELS)
    assert (other.weights_[0] != models[0].weights_[0]).any()


# --- validation and early stopping ------------------------------------------------------------


def test_the_validation_loss_stops_training_and_the_training_loss_does_not():
    wrong = LABELS[::-1]  # the better the fit, the worse on these
    params = {**LEARNS, "epochs": 30}
    stopped = RNNClassifier(**params, early_stopping=True, patience=3)
    stopped.fit(X, LABELS, X_val=X, y_val=wrong)
    losses, validation = stopped.history_["loss"], stopped.history_["val_loss"]
    assert all(later < earlier for earlier, later in pairwise(losses))
    best = int(np.argmin(validation))
    assert stopped.n_iter_ == len(losses) == best + 1 + 3 < 30
    of_best = RNNClassifier(**{**params, "epochs": best + 1}).fit(X, LABELS)
    assert_same_weights(stopped, of_best)
    measured = RNNClassifier(**params).fit(X, LABELS, X_val=X, y_val=wrong)
    assert measured.n_iter_ == 30


def test_validation_data_without_early_stopping_are_only_measured():
    watched = RNNClassifier(**TINY).fit(X, LABELS, X_val=X[:5], y_val=LABELS[:5])
    assert_same_weights(watched, RNNClassifier(**TINY).fit(X, LABELS))


def test_a_second_fit_may_have_another_dtype_than_the_first():
    model = RNNClassifier(**TINY).fit(X, LABELS)
    model.set_params(dtype="float64").fit(X, LABELS, X_val=X[:5], y_val=LABELS[:5])
    assert {weight.dtype for weight in model.weights_} == {np.dtype("float64")}
    assert model.predict_proba(X).dtype == np.float64
    assert len(model.history_["val_loss"]) == 3


def test_the_weights_of_validation_sequences_count():
    weights = (np.arange(30) < 10).astype(float)
    weighted = RNNClassifier(**TINY)
    weighted.fit(X, LABELS, X_val=X, y_val=LABELS, sample_weight_val=weights)
    only = RNNClassifier(**TINY).fit(X, LABELS, X_val=X[:10], y_val=LABELS[:10])
    assert_allclose(weighted.history_["val_loss"], only.history_["val_loss"], rtol=1e-5)


def test_the_part_held_out_is_stratified_and_keeps_groups_whole():
    labels = np.repeat([0, 1, 2], 20)
    train, held_out = split_validation(60, size=0.2, seed=0, stratify=labels)
    assert sorted([*train, *held_out]) == list(range(60))
    assert_array_equal(np.bincount(labels[held_out]), [4, 4, 4])
    groups = np.arange(60) // 6
    train, held_out = split_validation(60, size=0.2, seed=0, stratify=labels, groups=groups)
    assert sorted([*train, *held_out]) == list(range(60))
    assert not set(groups[train]) & set(groups[held_out])


# --- going on ---------------------------------------------------------------------------------


def test_partial_fit_goes_on_with_classes_told_at_first():
    model = RNNClassifier(**{**TINY, "learning_rate": 0.05})
    model.partial_fit(X[:20], LABELS[:20], classes=["bee", "cat", "ant"])
    assert_array_equal(model.classes_, ["ant", "bee", "cat"])
    assert model.predict_proba(X).shape == (30, 3)
    for _ in range(30):
        model.partial_fit(X, LABELS)
    assert model.n_iter_ == len(model.history_["loss"]) == 31
    assert model.score(X, LABELS) > 0.9


def test_partial_fits_without_shuffling_are_the_epochs_of_one_fit():
    model = RNNClassifier(**TINY, shuffle=False)
    for _ in range(3):
        model.partial_fit(X, LABELS)
    whole = RNNClassifier(**TINY, shuffle=False).fit(X, LABELS)
    assert_same_weights(model, whole)
    assert model.history_ == whole.history_


def test_warm_start_goes_on_from_the_weights():
    model = RNNClassifier(**TINY, warm_start=True).fit(X, LABELS)
    first = model.history_["loss"]
    model.fit(X, LABELS)
    assert model.n_iter_ == 6
    assert model.history_["loss"][:3] == first
    assert model.history_["loss"][3] < first[0]
    cold = RNNClassifier(**TINY).fit(X, LABELS).fit(X, LABELS)
    assert cold.n_iter_ == 3
    assert cold.history_["loss"] == first


# --- progress ---------------------------------------------------------------------------------


def test_verbose_prints_one_progress_bar_with_loss_and_metric(capsys):
    RNNClassifier(**TINY, verbose=1, metrics=["accuracy"]).fit(
        X, LABELS, X_val=X, y_val=LABELS
    ).predict(X)
    printed = capsys.readouterr().out
    assert printed.rstrip().count("\n") == 0
    assert "3/3" in printed
    for name in ("loss:", "accuracy:", "val_loss:"):
        assert name in printed


def test_without_verbose_nothing_is_printed(capfd):
    model = RNNClassifier(**TINY, early_stopping=True).fit(X, LABELS)
    model.predict(X)
    model.hidden_states(X)
    printed, errors = capfd.readouterr()
    assert printed == ""
    assert errors == ""
