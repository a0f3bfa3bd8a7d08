"""Training of encoder-decoders: losses, weights of samples, seeds, continuation, validation."""

import numpy as np
import pytest
from recurrences import assert_close_weights, same_bits
from seq2seq_models import TINY_PAIR, pairs
from sklearn.metrics import make_scorer
from small_data import assert_same_weights

from skrnn import Seq2SeqClassifier, Seq2SeqRegressor
from skrnn.metrics import sequence_accuracy_score

X, TEXTS, SERIES = pairs()
PLAIN = {**TINY_PAIR, "schedule": "constant"}
BOTH = pytest.mark.parametrize(
    ("model", "y"),
    [(Seq2SeqClassifier(**PLAIN), TEXTS), (Seq2SeqRegressor(**PLAIN), SERIES)],
    ids=["classifier", "regressor"],
)


def new(model, **params):
    """Return an estimator of the same class that is not fitted."""
    return type(model)(**{**PLAIN, **params})


def cross_entropy(model, sources, texts):
    """Return the mean over all tokens and stops of minus the logarithm of their probability."""
    losses = []
    for text, rows in zip(texts, model.predict_proba(sources, texts), strict=True):
        codes = [*np.searchsorted(model.classes_, list(text)), len(model.classes_)]
        losses += [-np.log(row[code]) for code, row in zip(codes, rows, strict=True)]
    return np.mean(losses)


def test_seq2seq_losses_are_those_of_predict_proba():
    model = Seq2SeqClassifier(**{**PLAIN, "epochs": 1}).fit(X, TEXTS, X_val=X[:7], y_val=TEXTS[:7])
    assert model.history_["val_loss"] == [pytest.approx(cross_entropy(model, X[:7], TEXTS[:7]))]
    # One update with all sequences: the loss is that of the weights before it.
    params = {"warm_start": True, "batch_size": None}
    later = Seq2SeqClassifier(**{**PLAIN, "epochs": 1, **params}).fit(X, TEXTS)
    expected = cross_entropy(later, X, TEXTS)
    assert later.fit(X, TEXTS).history_["loss"][1] == pytest.approx(expected, rel=1e-5)


def test_seq2seq_regressor_losses_are_those_of_its_outputs():
    model = Seq2SeqRegressor(**{**PLAIN, "epochs": 1}, metrics=["mae"])
    model.fit(X, SERIES, X_val=X[:7], y_val=SERIES[:7])
    sources = model._read_sources(X[:7])
    outputs = np.concatenate(model._forced(sources, *model._decoder_inputs(sources, X, SERIES[:7])))
    true = np.concatenate(SERIES[:7])
    scaled = outputs - model._codec.encode(true, "y")
    assert model.history_["val_loss"] == [pytest.approx((scaled**2).mean(), rel=1e-5)]
    errors = np.abs(model._codec.decode(outputs) - true)
    assert model.history_["val_mae"] == [pytest.approx(errors.mean(), rel=1e-5)]


@BOTH
def test_seq2seq_same_seed_gives_the_same_bits(model, y):
    one = new(model, dropout=0.2).fit(X, y)
    assert_same_weights(one, new(model, dropout=0.2).fit(X, y))
    other = new(model, dropout=0.2, random_state=1).fit(X, y)
    assert not same_bits(one, other)


@pytest.mark.parametrize(
    ("model", "y", "attention"),
    [(Seq2SeqClassifier(), TEXTS, "bahdanau"), (Seq2SeqRegressor(), SERIES, None)],
    ids=["classifier", "regressor"],
)
def test_seq2seq_scheduled_sampling_is_seeded_and_changes_training(model, y, attention):
    params = {"attention": attention, "epochs": 2}
    one, other = (new(model, scheduled_sampling=0.5, **params).fit(X, y) for _ in range(2))
    assert_same_weights(one, other)
    assert not same_bits(one, new(model, **params).fit(X, y))
    assert np.isfinite(one.history_["loss"]).all()
    assert len(one.predict(X)) == len(X)


@BOTH
def test_seq2seq_sample_weight(model, y):
    weights = np.random.default_rng(1).uniform(0.5, 2, len(X))
    one = new(model).fit(X, y, weights)
    assert_same_weights(one, new(model).fit(X, y, 1024 * weights))
    assert not same_bits(one, new(model).fit(X, y))
    used = np.arange(len(X)) % 3 > 0
    some = [i for i in range(len(X)) if used[i]]
    # The standardisation and the tokens are those of all sequences.
    zero = new(model, standardize=False).fit(X, y, used.astype(float))
    without = new(model, standardize=False).fit([X[i] for i in some], [y[i] for i in some])
    assert_same_weights(zero, without)


@BOTH
def test_seq2seq_partial_fit_and_warm_start_continue(model, y):
    stepwise = new(model)
    for _ in range(3):
        stepwise.partial_fit(X, y)
    assert len(stepwise.history_["loss"]) == stepwise.n_iter_ == 3
    assert stepwise.history_["loss"][-1] < stepwise.history_["loss"][0]
    warm = new(model, warm_start=True).fit(X, y)
    # The loop of one epoch and that of three may be compiled differently.
    assert_close_weights(stepwise, warm, 1e-6)
    assert len(warm.fit(X, y).history_["loss"]) == 6
    assert warm.history_["loss"][-1] < stepwise.history_["loss"][-1]


@BOTH
def test_seq2seq_early_stopping_restores_the_best_epoch(model, y):
    stopped = new(
        model, early_stopping=True, validation_split=0.3, epochs=30, patience=2, learning_rate=0.5
    ).fit(X, y)
    losses = stopped.history_["val_loss"]
    assert len(losses) == stopped.n_iter_ <= 30
    assert len(losses) == min(int(np.argmin(losses)) + 3, 30)
    assert len(stopped.history_["loss"]) == len(losses)


def test_seq2seq_monitor_may_be_a_scorer():
    exact = make_scorer(sequence_accuracy_score)
    model = Seq2SeqClassifier(**PLAIN, early_stopping=True, monitor=exact, validation_split=0.3)
    model.fit(X, TEXTS)
    assert model.n_iter_ == len(model.history_["val_loss"]) == len(model.history_["val_score"])


@BOTH
def test_seq2seq_groups_are_not_split(model, y):
    groups = np.arange(len(X)) // 4
    one = new(model, early_stopping=True, validation_split=0.4).fit(X, y, groups=groups)
    assert len(one.history_["val_loss"]) == one.n_iter_
