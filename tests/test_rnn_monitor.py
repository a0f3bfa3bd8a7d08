"""What early stopping monitors, and validation data without early stopping."""

import keras
import numpy as np
import pandas as pd
import pytest
from fitted_models import unchanged
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, make_scorer
from small_data import LEARNS, TINY, assert_same_weights, labelled, tagged

from skrnn import RNNClassifier, RNNRegressor
from skrnn.metrics import make_step_scorer
from skrnn.sequences import check_sequences

X, LABELS = labelled()
CONSTANT = {**TINY, "schedule": "constant"}  # a shorter fit is the beginning of a longer one
STOPS = {
    **CONSTANT, "early_stopping": True, "epochs": 20, "patience": 3, "learning_rate": 0.03,
}  # fmt: skip


# --- scores -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("monitor", "sign"), [("accuracy", 1), ("neg_log_loss", 1), (make_scorer(accuracy_score), 1)]
)
def test_rnn_monitor_keeps_the_epoch_of_the_highest_score(monitor, sign):
    data = {"X_val": X[::3], "y_val": LABELS[::3]}
    model = RNNClassifier(**STOPS, monitor=monitor).fit(X, LABELS, **data)
    scores = model.history_["val_score"]
    best = int(np.argmax(scores))
    assert model.n_iter_ == len(scores) == min(best + 1 + 3, 20)
    plain = RNNClassifier(**{**STOPS, "early_stopping": False, "epochs": best + 1})
    assert_same_weights(plain.fit(X, LABELS), model)
    assert model.score(X[::3], LABELS[::3]) == accuracy_score(LABELS[::3], plain.predict(X[::3]))
    again = RNNClassifier(**STOPS, monitor=monitor).fit(X, LABELS, **data)
    assert_same_weights(again, model)
    assert again.history_ == model.history_


def test_rnn_monitor_of_an_error_is_a_negative_score():
    y = np.array([x[:, 0].sum() for x in X])
    data = {"X_val": X[::3], "y_val": y[::3]}
    params = {**STOPS, "epochs": 6}
    of_loss = RNNRegressor(**params).fit(X, y, **data)
    of_score = RNNRegressor(**params, monitor="neg_mean_squared_error").fit(X, y, **data)
    loss = -np.array(of_score.history_["val_score"]) / y.var()  # of standardised targets
    assert loss == pytest.approx(of_score.history_["val_loss"], rel=1e-4)
    assert_same_weights(of_score, of_loss)


class Spy:
    """A scorer that keeps what it is called with, and returns the number of its calls."""

    def __init__(self):
        self.calls = []

    def __call__(self, estimator, X, y):
        self.calls.append((estimator, X, y))
        return len(self.calls)


def as_frame(sequences):
    return pd.DataFrame([steps[:2, 0] for steps in sequences], columns=["a", "b"])


def as_array(sequences):
    return np.array([steps[:2] for steps in sequences])


@pytest.mark.parametrize("container", [list, as_array, as_frame, check_sequences])
def test_rnn_monitor_receives_a_fitted_estimator_and_data_in_the_format_of_the_user(container):
    spy, given = Spy(), container(X)
    y = pd.Series(LABELS, dtype="object")
    weights = np.tile([1.0, 2.0, 0.0], 10)
    model = RNNClassifier(**{**STOPS, "epochs": 2}, monitor=spy, validation_split=0.25)
    model.fit(given, y, sample_weight=weights)
    for n_epochs, (estimator, X_val, y_val) in enumerate(spy.calls, start=1):
        assert type(X_val) is type(given)
        assert isinstance(y_val, pd.Series)
        assert len(X_val) == len(y_val) == 5  # a quarter of the 20 sequences with a weight
        assert (weights[y_val.index] > 0).all()
        assert set(estimator.predict(X_val)) <= {"ant", "bee", "cat"}
        assert estimator.n_iter_ == len(estimator.history_["loss"]) == n_epochs
    assert_same_weights(spy.calls[-1][0], model)
    assert model.history_["val_score"] == [1, 2]


def test_rnn_monitor_of_time_steps_and_tokens():
    sequences, tags = tagged()
    params = {**STOPS, "epochs": 2, "monitor": make_step_scorer(accuracy_score)}
    model = RNNClassifier(**params, return_sequences=True).fit(sequences, tags)
    assert len(model.history_["val_score"]) == 2
    tokens = [np.arange(2, 2 + len(steps)) for steps in X]
    data = {"X_val": tokens[:6], "y_val": LABELS[:6], "sample_weight_val": [0, 1, 1, 1, 1, 1]}
    params["monitor"] = "accuracy"
    model = RNNClassifier(**params, embedding=3).fit(tokens, LABELS, **data)
    assert max(model.history_["val_score"]) == model.score(tokens[1:6], LABELS[1:6])


def test_rnn_monitor_score_is_known_to_callbacks_of_keras():
    seen = []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(logs["val_score"])
    )
    model = RNNClassifier(**{**STOPS, "epochs": 3}, monitor="accuracy", callbacks=note)
    assert model.fit(X, LABELS).history_["val_score"] == seen


def test_rnn_monitor_warns_if_the_score_is_never_finite():
    model = RNNClassifier(**STOPS, monitor=lambda estimator, X, y: np.nan)
    with pytest.warns(ConvergenceWarning, match="validation loss or score was NaN"):
        model.fit(X, LABELS)
    assert model.n_iter_ == 3


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        ("accurasy", "'monitor' parameter of RNNClassifier must be"),
        (3, "'monitor' parameter of RNNClassifier must be"),
        (lambda estimator, X, y: {"a": 1.0}, "a scorer that returns one number, but .*{'a': 1.0}"),
        (lambda estimator, X, y: "good", "returned 'good'"),
    ],
)
def test_rnn_monitor_errors_keep_the_earlier_fit(monitor, message):
    model = RNNClassifier(**STOPS).fit(X, LABELS)
    with unchanged(model, X):
        model.set_params(monitor=monitor)
        with pytest.raises(ValueError, match=message):
            model.fit(X, LABELS)
        model.set_params(monitor="loss")


# --- min_delta --------------------------------------------------------------------------------


def test_rnn_min_delta_equals_that_of_the_keras_callback():
    data = {"X_val": X[::3], "y_val": LABELS[::3]}
    params = {**LEARNS, "learning_rate": 0.01, "epochs": 40}
    ours = RNNClassifier(**params, early_stopping=True, patience=3, min_delta=0.2)
    ours.fit(X, LABELS, **data)
    callback = keras.callbacks.EarlyStopping(patience=3, min_delta=0.2, restore_best_weights=True)
    theirs = RNNClassifier(**params, callbacks=[callback]).fit(X, LABELS, **data)
    assert ours.n_iter_ < 40
    assert ours.history_ == theirs.history_
    assert_same_weights(ours, theirs)


# --- validation data without early stopping ---------------------------------------------------


def test_rnn_validation_split_without_early_stopping_records_the_validation_loss():
    plain = RNNClassifier(**CONSTANT).fit(X, LABELS)
    assert list(plain.history_) == ["loss"]
    model = RNNClassifier(**CONSTANT, validation_split=0.2).fit(X, LABELS)
    assert list(model.history_) == ["loss", "val_loss"]
    stopped = RNNClassifier(**CONSTANT, validation_split=0.2, early_stopping=True, patience=9)
    stopped.fit(X, LABELS)
    assert model.history_ == stopped.history_  # the same sequences are held out
    default = RNNClassifier(**CONSTANT, early_stopping=True).fit(X, LABELS)
    tenth = RNNClassifier(**CONSTANT, early_stopping=True, validation_split=0.1).fit(X, LABELS)
    assert_same_weights(default, tenth)
    given = RNNClassifier(**CONSTANT, validation_split=0.2).fit(X, LABELS, X_val=X, y_val=LABELS)
    assert_same_weights(given, plain)  # nothing is held out
    parts = RNNClassifier(**CONSTANT, validation_split=0.2).partial_fit(X, LABELS)
    assert list(parts.history_) == ["loss"]
