"""The parameter schedule: the learning rate of each update, and its record in the history."""

import keras
import numpy as np
import pytest
from fitted_models import unchanged
from recurrences import same_bits
from sklearn.base import clone
from small_data import TINY, assert_same_weights, labelled

from skrnn import RNNClassifier
from skrnn.networks import programs

X, LABELS = labelled()
BATCHES = 3  # of 30 sequences
PARAMS = {**TINY, "batch_size": 10, "learning_rate": 0.02}
CONSTANT = {**PARAMS, "schedule": "constant"}


def rates_of(schedule, **params):
    model = RNNClassifier(**{**PARAMS, "schedule": schedule, **params}).fit(X, LABELS)
    return np.array(model.history_["learning_rate"]) / PARAMS["learning_rate"]


# --- the rate of each update ------------------------------------------------------------------


def test_rnn_schedule_receives_the_fraction_of_training_before_each_update():
    seen = []

    def schedule(t):
        seen.append(t)
        return 1 / (1 + 7 * t)

    rates = rates_of(schedule)
    assert seen == [i / 9 for i in range(9)]
    assert rates == pytest.approx([1, 0.3, 3 / 17], rel=1e-6)  # at 0, 1 / 3 and 2 / 3


@pytest.mark.parametrize("kind", [keras.optimizers.Adam, keras.optimizers.SGD])
def test_rnn_schedule_cosine_equals_the_schedule_of_keras(kind):
    ours = RNNClassifier(**PARAMS, schedule="cosine", optimizer=kind).fit(X, LABELS)
    decay = keras.optimizers.schedules.CosineDecay(0.02, BATCHES * PARAMS["epochs"])
    params = {**CONSTANT, "learning_rate": None, "optimizer": kind(decay)}
    theirs = RNNClassifier(**params).fit(X, LABELS)
    assert ours.history_["loss"] == pytest.approx(theirs.history_["loss"], rel=1e-5)
    assert list(theirs.history_) == ["loss"]
    assert list(ours.history_) == ["loss", "learning_rate"]
    expected = 0.02 * (1 + np.cos(np.pi * np.arange(3) / 3)) / 2
    assert ours.history_["learning_rate"] == pytest.approx(expected, rel=1e-6)


def test_rnn_schedule_one_cycle_rises_to_the_rate_and_falls():
    rates = rates_of("one_cycle", epochs=10, batch_size=None)
    assert rates[0] == pytest.approx(1 / 25)
    assert rates.argmax() == 3
    assert rates[3] == pytest.approx(1)
    assert (np.diff(rates[:4]) > 0).all()
    assert (np.diff(rates[3:]) < 0).all()
    assert 0 < rates[-1] < 0.06


@pytest.mark.parametrize("validated", [False, True])
def test_rnn_schedule_plateau_equals_the_callback_of_keras(validated):
    # The training loss falls by less than 0.0001 per epoch, and the validation loss fluctuates.
    data = {"X_val": X[::2], "y_val": LABELS[::-2]} if validated else {}
    epochs, rate = (25, 2.0) if validated else (16, 1e-6)
    params = {**CONSTANT, "epochs": epochs, "learning_rate": rate}
    ours = RNNClassifier(**{**params, "schedule": "plateau"}).fit(X, LABELS, **data)
    callback = keras.callbacks.ReduceLROnPlateau(
        monitor="val_loss" if validated else "loss", factor=0.2, patience=5
    )
    theirs = RNNClassifier(**params, callbacks=[callback]).fit(X, LABELS, **data)
    rates = ours.history_["learning_rate"]
    assert len(set(rates)) > 2
    assert rates == pytest.approx(theirs.history_["learning_rate"], rel=1e-6)
    assert ours.history_["loss"] == pytest.approx(theirs.history_["loss"], rel=1e-3)


def test_rnn_schedule_of_factor_1_is_the_constant_rate():
    plain = RNNClassifier(**CONSTANT).fit(X, LABELS)
    assert list(plain.history_) == ["loss"]
    same = RNNClassifier(**PARAMS, schedule=lambda t: 1.0).fit(X, LABELS)
    assert_same_weights(same, plain)
    assert same.history_["learning_rate"] == pytest.approx([0.02] * 3)


def test_rnn_schedules_share_one_program_and_are_reproducible(monkeypatch):
    models = [
        RNNClassifier(**PARAMS, schedule=one)
        for one in ("cosine", "one_cycle", "plateau", lambda t: 1 - t)
    ]
    plain = RNNClassifier(**CONSTANT).fit(X, LABELS)

    def no_compilation(*_):
        raise AssertionError("compiled again")

    monkeypatch.setattr(programs.backends, "compile_training", no_compilation)
    first = [clone(model).fit(X, LABELS) for model in models]
    for model, earlier in zip(models, first, strict=True):
        assert_same_weights(model.fit(X, LABELS), earlier)
    assert not any(same_bits(first[0], other) for other in (plain, *first[1:2], first[3]))


# --- continued fits, callbacks and early stopping ---------------------------------------------


def test_rnn_schedule_runs_again_with_warm_start_and_not_in_partial_fit():
    model = RNNClassifier(**PARAMS, schedule="cosine", warm_start=True).fit(X, LABELS)
    one_run = model.history_["learning_rate"]
    assert model.fit(X, LABELS).history_["learning_rate"] == one_run * 2
    rates = model.partial_fit(X, LABELS).history_["learning_rate"]
    assert rates == [*one_run, *one_run, one_run[0]]
    parts = RNNClassifier(**PARAMS, schedule="cosine").partial_fit(X, LABELS)
    assert_same_weights(parts, RNNClassifier(**CONSTANT).partial_fit(X, LABELS))


def test_rnn_schedule_multiplies_the_rate_that_a_callback_sets():
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / (1 + (epoch > 0)))
    rates = rates_of("cosine", callbacks=[halve])
    assert rates / rates_of("cosine") == pytest.approx([1, 1 / 2, 1 / 4])


def test_rnn_schedule_depends_on_epochs_and_not_on_early_stopping():
    model = RNNClassifier(
        **{**PARAMS, "epochs": 40, "learning_rate": 1.0}, schedule="cosine", early_stopping=True,
        patience=1,
    ).fit(X, LABELS)  # fmt: skip
    n = np.arange(model.n_iter_)
    assert len(n) < 40
    expected = (1 + np.cos(np.pi * n / 40)) / 2
    assert model.history_["learning_rate"] == pytest.approx(expected, rel=1e-6)


# --- errors -----------------------------------------------------------------------------------


class Mine(keras.optimizers.SGD):
    """A custom optimizer, which might compute its rate in any way."""


DECAY = keras.optimizers.schedules.CosineDecay(0.01, 100)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"schedule": "cosin"}, "'schedule' parameter of RNNClassifier must be"),
        ({"schedule": 0.5}, "'schedule' parameter of RNNClassifier must be"),
        ({"schedule": lambda: 1.0}, r"schedule\(0\) raises TypeError"),
        ({"schedule": lambda t: "fast"}, r"schedule\(0\) returns 'fast'"),
        ({"schedule": lambda t: None}, r"schedule\(0\) returns None"),
        ({"schedule": lambda t: True}, r"schedule\(0\) returns True"),
        ({"schedule": lambda t: np.nan if t > 0.5 else 1}, r"schedule\(0.555556\) returns nan"),
        ({"schedule": lambda t: 0.5 - t}, r"schedule\(0.555556\) returns -0.05"),
        ({"schedule": lambda t: np.inf}, r"schedule\(0\) returns inf"),
        ({"schedule": DECAY}, "returns the rate of an update. Use schedule='cosine'"),
        ({"learning_rate": DECAY}, "use schedule='cosine' or another value of `schedule`, or pass"),
        (
            {"schedule": "cosine", "learning_rate": None, "optimizer": keras.optimizers.SGD(DECAY)},
            "schedule='cosine' cannot be combined with an optimizer that sets its learning rate",
        ),
        ({"schedule": "plateau", "optimizer": Mine()}, "schedule='plateau' cannot be combined"),
    ],
)
def test_rnn_schedule_errors_are_clear_and_keep_the_earlier_fit(params, message):
    model = RNNClassifier(**PARAMS).fit(X, LABELS)
    with unchanged(model, X):
        model.set_params(**params)
        with pytest.raises(ValueError, match=message):
            model.fit(X, LABELS)
        model.set_params(**{**dict.fromkeys(params), **PARAMS, "optimizer": "adam"})
        model.set_params(schedule="constant")


def test_rnn_schedule_may_replace_the_schedule_of_an_optimizer():
    params = {**PARAMS, "schedule": "cosine"}
    replaced = RNNClassifier(**params, optimizer=keras.optimizers.Adam(DECAY)).fit(X, LABELS)
    assert_same_weights(replaced, RNNClassifier(**params).fit(X, LABELS))


def test_rnn_schedule_auto_leaves_the_rate_to_optimizers_that_set_it():
    own = keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.5))
    params = {**TINY, "optimizer": own, "learning_rate": None}
    constant = RNNClassifier(**{**params, "schedule": "constant"}).fit(X, LABELS)
    auto = RNNClassifier(**{**params, "schedule": "auto"}).fit(X, LABELS)
    assert_same_weights(auto, constant)
    assert "learning_rate" not in auto.partial_fit(X, LABELS).history_


def test_rnn_schedule_auto_is_cosine():
    auto, cosine = (
        RNNClassifier(**{**PARAMS, "schedule": schedule}).fit(X, LABELS).history_
        for schedule in ("auto", "cosine")
    )
    assert auto == cosine
