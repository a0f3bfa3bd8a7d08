"""Validation: the validation data, what early stopping holds out, and when it stops."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose
from recurrences import random_sequences, same_bits
from sklearn.exceptions import ConvergenceWarning
from small_data import LEARNS, TINY, assert_same_weights, labelled, tagged

from skrnn import RNNClassifier, RNNRegressor

X = random_sequences()
Y = np.array([4000.0 + 1000 * x[:, 0].sum() for x in X])
MANY, TAGS = labelled()


# --- validation data --------------------------------------------------------------------------


def test_rnn_validation_history_is_of_the_weights_after_each_epoch():
    params = {**TINY, "epochs": 2, "metrics": ["mae"], "schedule": "constant"}
    held_out = {"X_val": X[:5], "y_val": Y[:5], "sample_weight_val": [1.0, 0, 2, 3, 4]}
    model = RNNRegressor(**params).fit(X, Y, **held_out)
    errors = model.predict(X[:5]) - Y[:5]
    loss = np.average((errors / Y.std()) ** 2, weights=held_out["sample_weight_val"])
    assert list(model.history_) == ["loss", "mae", "val_loss", "val_mae"]
    assert all(len(values) == 2 for values in model.history_.values())
    assert model.history_["val_loss"][-1] == pytest.approx(loss, rel=1e-5)
    # Metrics are not weighted, but sequences of weight 0 are left out.
    mae = np.abs(np.delete(errors, 1)).mean()
    assert model.history_["val_mae"][-1] == pytest.approx(mae, rel=1e-5)
    assert_same_weights(RNNRegressor(**params).fit(X, Y), model)


# --- what early stopping holds out ------------------------------------------------------------


def share_of(code):
    """Return a metric that is the share of one class among the targets."""

    def share(true, predicted):
        return ops.cast(ops.equal(ops.cast(true, "int32"), code), "float32")

    share.__name__ = f"share_of_{code}"
    return share


@pytest.mark.parametrize("stratified", [True, False])
def test_rnn_classifier_validation_split_is_stratified_unless_groups_are_given(stratified):
    labels = np.repeat(["a", "b", "c"], [50, 30, 20])
    sequences = [np.ones((1, 1))] * 100
    model = RNNClassifier(
        **{**TINY, "epochs": 1}, early_stopping=True, validation_split=0.2,
        metrics=[share_of(code) for code in range(3)],
    )  # fmt: skip
    # A group holds one class, so that two of ten whole groups cannot have the shares 0.5, 0.3, 0.2.
    model.fit(sequences, labels, groups=None if stratified else np.arange(100) // 10)
    train, held_out = (
        [model.history_[f"{prefix}share_of_{code}"][0] for code in range(3)]
        for prefix in ("", "val_")
    )
    if stratified:
        assert held_out == pytest.approx([0.5, 0.3, 0.2])
        assert train == pytest.approx([0.5, 0.3, 0.2])
    else:
        assert set(np.round(held_out, 6)) <= {0, 0.5, 1}


def mean_target(true, predicted):
    return ops.mean(true, axis=-1)


def held_out(random_state=0, **fit_params):
    """Return which of 20 sequences early stopping holds out, found by their targets 2**i."""
    model = RNNRegressor(
        **{**TINY, "epochs": 1, "random_state": random_state, "dtype": "float64"},
        early_stopping=True, validation_split=0.2, metrics=[mean_target],
    )  # fmt: skip
    model.fit([np.ones((1, 1))] * 20, 2.0 ** np.arange(20), **fit_params)
    total = round(4 * model.history_["val_mean_target"][0])
    assert total + round(16 * model.history_["mean_target"][0]) == 2**20 - 1
    return [i for i in range(20) if total >> i & 1]


def test_rnn_regressor_validation_split_is_random_and_keeps_groups_together():
    first = held_out()
    assert len(first) == 4
    assert held_out() == first
    assert held_out(random_state=1) != first
    assert first != list(range(16, 20))
    groups = np.arange(20) % 10
    chosen = held_out(groups=groups)
    assert len(chosen) == 4
    assert len(set(groups[chosen])) == 2


def test_rnn_early_stopping_holds_out_no_sequence_without_weight():
    params = {**TINY, "early_stopping": True, "validation_split": 0.2, "epochs": 2}
    weights = np.tile([1.0, 0.0], 15)
    kept = np.flatnonzero(weights)
    without = RNNClassifier(**params).fit([MANY[i] for i in kept], TAGS[kept])
    weighted = RNNClassifier(**params).fit(MANY, TAGS, sample_weight=weights)
    assert weighted.history_ == without.history_
    assert_same_weights(weighted, without)
    groups = np.arange(30) // 4
    without.fit([MANY[i] for i in kept], TAGS[kept], groups=groups[kept])
    weighted.fit(MANY, TAGS, sample_weight=weights, groups=groups)
    assert weighted.history_ == without.history_


@pytest.mark.parametrize(
    "how",
    [{}, {"add_differences": True}, {"add_differences": True, "standardize": False}],
    ids=["standardize", "differences", "differences alone"],
)
@pytest.mark.parametrize("per_step", [False, True], ids=["sequences", "steps"])
def test_rnn_validation_split_learns_nothing_from_what_it_holds_out(how, per_step):
    steps = np.random.default_rng(0).normal(size=(20, 3, 2))
    y = steps[:, :, 0] if per_step else steps[:, -1, 0]
    params = {**TINY, **how, "return_sequences": per_step, "validation_split": 0.2}
    model = RNNRegressor(**params).fit(steps, y)
    left = held_out()
    wild, wild_y = steps.copy(), y.copy()
    wild[left], wild_y[left] = 50 * steps[left] - 7, 100 - y[left]
    assert_same_weights(RNNRegressor(**params).fit(wild, wild_y), model)
    kept = np.setdiff1d(np.arange(20), left)
    if model.input_mean_ is not None:
        assert_allclose(model.input_mean_, steps[kept].mean(axis=(0, 1)), rtol=1e-12)
    expected = np.square(model.predict(steps) - y)[left].mean() / y[kept].var()
    assert model.history_["val_loss"][-1] == pytest.approx(expected, rel=1e-4)


def test_rnn_validation_split_refuses_held_out_values_that_are_too_large_for_the_scale():
    steps = np.random.default_rng(0).normal(size=(20, 3, 2))
    steps[held_out()[0]] = 1e60
    with pytest.raises(ValueError, match="Input X contains infinity or a value too large"):
        RNNRegressor(**TINY, validation_split=0.2).fit(steps, steps[:, 0, 0].clip(-1, 1))


# --- when training stops ----------------------------------------------------------------------


def test_rnn_early_stopping_keeps_the_weights_of_the_best_validation_loss():
    wrong = TAGS[::-1]  # the better the fit, the larger the loss on these
    params = {**LEARNS, "epochs": 30, "schedule": "constant"}
    stopped = RNNClassifier(**params, early_stopping=True, patience=3)
    stopped.fit(MANY, TAGS, X_val=MANY, y_val=wrong)
    losses, validation = stopped.history_["loss"], stopped.history_["val_loss"]
    assert all(later < earlier for earlier, later in pairwise(losses))
    best = int(np.argmin(validation))
    assert stopped.n_iter_ == len(losses) == best + 1 + 3 < 30
    of_best, of_last = (
        RNNClassifier(**{**params, "epochs": epochs}).fit(MANY, TAGS)
        for epochs in (best + 1, stopped.n_iter_)
    )
    assert_same_weights(stopped, of_best)
    assert not same_bits(stopped, of_last)
    measured = RNNClassifier(**params).fit(MANY, TAGS, X_val=MANY, y_val=wrong)
    assert measured.n_iter_ == 30


TAGGED, STEP_TAGS = tagged()


@pytest.mark.parametrize(
    ("how", "sequences", "y", "y_val"),
    [
        ({}, MANY, TAGS, TAGS[::-1]),
        ({"return_sequences": True}, TAGGED, STEP_TAGS, [tags[::-1] for tags in STEP_TAGS]),
    ],
    ids=["sequences", "steps"],
)
def test_rnn_early_stopping_equals_the_keras_callback(how, sequences, y, y_val):
    params = {**TINY, **how, "epochs": 40, "learning_rate": 0.03}
    validation = {"X_val": sequences[::3], "y_val": y_val[::3]}
    ours = RNNClassifier(**params, early_stopping=True, patience=2)
    ours.fit(sequences, y, **validation)
    callback = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    theirs = RNNClassifier(**params, callbacks=[callback]).fit(sequences, y, **validation)
    assert ours.n_iter_ < 40
    assert ours.history_ == theirs.history_
    assert_same_weights(ours, theirs)


def constant_where_zero(true, predicted):
    """Return the squared error, but 1 for every target that is 0."""
    return ops.where(true == 0, 1.0, (true - predicted) ** 2)


def test_rnn_early_stopping_keeps_the_first_epoch_if_the_validation_loss_is_constant():
    params = {**TINY, "loss": constant_where_zero, "normalize_y": False, "schedule": "constant"}
    y, validation = 1 + np.abs(Y) / 4000, {"X_val": X, "y_val": np.zeros(len(X))}
    ours = RNNRegressor(**{**params, "epochs": 9}, early_stopping=True, patience=2)
    ours.fit(X, y, **validation)
    assert ours.history_["val_loss"] == [1, 1, 1]
    first, last = (RNNRegressor(**{**params, "epochs": n}).fit(X, y) for n in (1, 3))
    assert_same_weights(ours, first)
    assert not same_bits(ours, last)


def test_rnn_early_stopping_warns_if_the_validation_loss_is_never_finite():
    params = {**TINY, "schedule": "constant"}
    model = RNNRegressor(**{**params, "epochs": 9}, early_stopping=True, patience=2)
    with pytest.warns(
        ConvergenceWarning, match="validation loss or score was NaN or infinite in every"
    ):
        model.fit(X, Y, X_val=X, y_val=np.full(len(X), 1e30))
    assert model.n_iter_ == 2
    assert_same_weights(model, RNNRegressor(**{**params, "epochs": 2}).fit(X, Y))
