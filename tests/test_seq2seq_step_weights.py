"""Weights of time steps and missing time steps of targets that have their own lengths."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from seq2seq_models import TINY_PAIR, pairs
from sklearn.base import clone
from sklearn.metrics import r2_score
from small_data import assert_same_weights

from skrnn import Seq2SeqClassifier, Seq2SeqRegressor
from skrnn.metrics import token_accuracy_score

RNG = np.random.default_rng(0)
X, TEXTS, SERIES = pairs()
TOKENS = [list(text) for text in TEXTS]
PLAIN = {**TINY_PAIR, "schedule": "constant", "metrics": None}
# For identities of sums over the training set, up to the rounding of float64.
EXACT = {**PLAIN, "batch_size": None, "dtype": "float64", "standardize": False}
# Of the first sequence no time step is known, of the second all.
KNOWN = [RNG.random(len(y)) < 0.6 for y in SERIES]
KNOWN[0][:], KNOWN[1][:] = False, True
ONES = [np.ones(len(y)) for y in SERIES]
MASKS = [known.astype(float) for known in KNOWN]
NANS = [np.where(known[:, None], y, np.nan) for y, known in zip(SERIES, KNOWN, strict=True)]
# Targets with known first time steps, which are all that is needed before those that are missing.
BEGUN = [np.arange(len(y)) < max(1, len(y) - 2) for y in SERIES]
BOTH = pytest.mark.parametrize(
    ("model", "y"),
    [(Seq2SeqClassifier(**EXACT), TOKENS), (Seq2SeqRegressor(**EXACT), SERIES)],
    ids=["classifier", "regressor"],
)


def assert_close(one, other):
    """Check that two fitted estimators are equal up to the rounding of float64."""
    for found, expected in zip(one.weights_, other.weights_, strict=True):
        assert_allclose(found, expected, rtol=1e-7, atol=1e-10)
    for name, values in other.history_.items():
        assert_allclose(one.history_[name], values, rtol=1e-9)


def without(tokens, mark, known):
    """Return lists of tokens with a mark in place of those that are not known."""
    return [
        [token if k else mark for token, k in zip(y, some, strict=True)]
        for y, some in zip(tokens, known, strict=True)
    ]


# --- weights -----------------------------------------------------------------------------


@BOTH
def test_seq2seq_constant_step_weights_equal_sequence_weights_to_the_last_bit(model, y):
    of_sequences = RNG.uniform(0.5, 2, len(X))
    of_sequences[5] = 0
    # An empty target has the weight of its stop.
    of_steps = [np.full(max(1, len(t)), w) for t, w in zip(y, of_sequences, strict=True)]
    for weights, steps in ((None, [np.ones(len(w)) for w in of_steps]), (of_sequences, of_steps)):
        one, other = clone(model).fit(X, y, weights), clone(model).fit(X, y, steps)
        assert_same_weights(one, other)
        assert one.history_ == other.history_
        assert one.score(X, y, weights) == pytest.approx(other.score(X, y, steps), rel=1e-12)


@BOTH
def test_seq2seq_step_weights_are_sums_of_masks_of_repeated_pairs(model, y):
    masks = [[RNG.integers(0, 2, max(1, len(t))).astype(float) for t in y] for _ in range(2)]
    total = [a + b for a, b in zip(*masks, strict=True)]
    weighted = clone(model).fit(X, y, total)
    assert_close(weighted, clone(model).fit(X + X, y + y, masks[0] + masks[1]))


def test_seq2seq_step_weights_of_zero_at_the_end_equal_shorter_targets():
    short = [y[known] for y, known in zip(SERIES, BEGUN, strict=True)]
    weights = [known * 1.0 for known in BEGUN]
    model = Seq2SeqRegressor(**EXACT)
    one, other = clone(model).fit(X, SERIES, weights), clone(model).fit(X, short)
    assert_close(one, other)
    assert one.score(X, SERIES, weights) == pytest.approx(other.score(X, short))


def test_seq2seq_loss_with_step_weights_is_that_of_numpy():
    weights = [RNG.uniform(0, 2, len(known)) * known for known in BEGUN]
    model = Seq2SeqRegressor(**{**EXACT, "epochs": 1})
    model.fit(X, SERIES, weights, X_val=X, y_val=SERIES, sample_weight_val=weights)
    sources = model._read_sources(X)
    outputs = np.concatenate(model._forced(sources, *model._decoder_inputs(sources, X, SERIES)))
    errors = outputs - model._codec.encode(np.concatenate(SERIES))
    flat = np.concatenate(weights)
    loss = flat @ (errors**2).mean(axis=1) / flat.sum()
    assert_allclose(model.history_["val_loss"], loss, rtol=1e-6)


def test_seq2seq_cross_entropy_with_step_weights_is_that_of_numpy():
    # The last entry is the weight of the stop.
    weights = [RNG.uniform(0, 2, len(tokens) + 1) for tokens in TOKENS]
    model = Seq2SeqClassifier(**{**EXACT, "epochs": 1})
    model.fit(X, TEXTS, weights, X_val=X, y_val=TEXTS, sample_weight_val=weights)
    losses = [
        -np.log(rows[np.arange(len(rows)), [*np.searchsorted(model.classes_, t), -1]])
        for t, rows in zip(TOKENS, model.predict_proba(X, TEXTS), strict=True)
    ]
    expected = np.average(np.concatenate(losses), weights=np.concatenate(weights))
    assert_allclose(model.history_["val_loss"], expected, rtol=1e-6)


# --- missing targets -----------------------------------------------------------------------


def held(start):
    """Return series with the last known vector, or `start`, in place of those that are missing."""
    filled = []
    for y in NANS:
        rows, last = [], start
        for row in y:
            last = last if np.isnan(row).any() else row
            rows.append(last)
        filled.append(np.array(rows))
    return filled


def test_seq2seq_missing_vectors_equal_last_known_ones_of_weight_zero():
    model = Seq2SeqRegressor(**{**PLAIN, "metrics": ["mae"]})
    one = clone(model).fit(X, NANS)
    known = np.concatenate(KNOWN)
    assert_allclose(one._y_offset, np.concatenate(SERIES)[known].mean(axis=0))
    other = clone(model).fit(X, held(one._y_offset), MASKS)
    masked = clone(model).fit(X, [np.ma.masked_array(y, np.isnan(y)) for y in NANS])
    for same in (other, masked):
        assert_same_weights(one, same)
        assert one.history_ == same.history_
    assert one.score(X, NANS) == pytest.approx(other.score(X, SERIES, MASKS), rel=1e-12)
    predicted = np.concatenate(one.predict(X, lengths=[len(y) for y in SERIES]))
    expected = r2_score(np.concatenate(SERIES)[known], predicted[known])
    assert one.score(X, NANS) == pytest.approx(expected, rel=1e-12)


def test_seq2seq_missing_tokens_equal_last_known_ones_of_weight_zero():
    known = [np.arange(len(tokens)) % 3 != 1 for tokens in TOKENS]
    filled = [[t[s - (s % 3 == 1)] for s in range(len(t))] for t in TOKENS]
    model = Seq2SeqClassifier(**PLAIN)
    one = clone(model).fit(X, without(TOKENS, None, known))
    weights = [known_tokens * 1.0 if len(known_tokens) else [1.0] for known_tokens in known]
    other = clone(model).fit(X, filled, weights)
    for same in (other, clone(model).fit(X, without(TOKENS, pd.NA, known))):
        assert_same_weights(one, same)
        assert one.history_ == same.history_
    assert_array_equal(one.classes_, ["a", "b"], strict=True)
    missing = without(TOKENS, None, known)
    assert one.score(X, missing) == pytest.approx(other.score(X, TOKENS, weights), rel=1e-12)
    given = one.predict_proba(X, missing)
    assert np.isfinite(np.concatenate(given)).all()
    for found, expected in zip(given, one.predict_proba(X, filled), strict=True):
        assert_array_equal(found, expected)


def test_seq2seq_missing_first_targets_never_reach_the_network_as_nan():
    y = [np.abs(series) + 0.1 for series in SERIES]
    for series in y:
        series[: len(series) // 2] = np.nan
    y[3][:] = np.nan
    # The logarithm of a positive target has to be finite at missing time steps too.
    model = Seq2SeqRegressor(**{**PLAIN, "loss": "gamma", "scheduled_sampling": 0.5})
    model.fit(X, y, X_val=X, y_val=y)
    assert np.isfinite([model.history_["loss"], model.history_["val_loss"]]).all()
    assert all(np.isfinite(weights).all() for weights in model.weights_)
    assert np.isfinite(model.score(X, y))
    for weights in model.attention_weights(X, y):
        assert np.isfinite(weights).all()


@pytest.mark.any_backend
def test_seq2seq_missing_targets_do_not_depend_on_later_ones():
    model = Seq2SeqRegressor(**{**PLAIN, "epochs": 1}).fit(X, SERIES)
    [x], y = X[1:2], np.full((len(X[1]) + 3, 2), np.nan)
    y[-1] = 5.0
    one = model.attention_weights([x], [y])
    y[-1] = -5.0
    assert_array_equal(one, model.attention_weights([x], [y]))


@pytest.mark.any_backend
def test_seq2seq_missing_targets_with_early_stopping_and_partial_fit():
    options = {**PLAIN, "early_stopping": True, "validation_split": 0.3}
    split = Seq2SeqRegressor(**options).fit(X, NANS)
    same = Seq2SeqRegressor(**options).fit(X, held(split._y_offset), MASKS)
    assert split.history_ == same.history_
    scored = Seq2SeqRegressor(**options, monitor=lambda fitted, X, y: fitted.score(X, y))
    assert np.isfinite(scored.fit(X, NANS).history_["val_score"]).all()
    one = Seq2SeqRegressor(**PLAIN).partial_fit(X, SERIES).partial_fit(X, NANS)
    other = Seq2SeqRegressor(**PLAIN).partial_fit(X, SERIES)
    assert_same_weights(one, other.partial_fit(X, held(other._y_offset), MASKS))
    warm = Seq2SeqRegressor(**PLAIN, warm_start=True).fit(X, NANS).fit(X, NANS, ONES)
    assert warm.n_iter_ == 2 * PLAIN["epochs"]


# --- scores and errors ---------------------------------------------------------------------


@pytest.mark.any_backend
def test_token_accuracy_leaves_missing_tokens_out_and_weights_tokens():
    true, predicted = [["a", "b", "c"], ["a", "b"], []], [["a", "x", "c"], ["a", "b", "c"], ["a"]]
    assert token_accuracy_score(true, predicted) == 4 / 7
    gap = [["a", None, "c"], ["a", "b"], []]
    assert token_accuracy_score(gap, predicted) == 4 / 6
    # The end is unknown if the last token is missing.
    assert token_accuracy_score([["a", "b", "c"], ["a", None], []], predicted) == 3 / 5
    # Further predicted tokens have the weight of the last token, or of an additional entry.
    assert token_accuracy_score(true, predicted, sample_weight=[[1, 2, 1], [1, 3], [0]]) == 6 / 11
    weights = [[1, 2, 1], [1, 3, 0], [5]]
    assert token_accuracy_score(true, predicted, sample_weight=weights) == 6 / 13
    numbers = [[1.0, np.nan], [2.0]]
    assert token_accuracy_score(numbers, [[1, 2], [2]]) == 1
    texts_and_nan = [["a", "b"], [np.nan]]
    assert token_accuracy_score(texts_and_nan, [["a", "a"], ["a"]]) == 0.5


@pytest.mark.any_backend
def test_missing_labels_of_a_whole_sequence_do_not_become_text():
    y = [list("ab") * (len(x) // 2) + ["a"] * (len(x) % 2) for x in X]
    y[2] = [np.nan] * len(X[2])
    model = Seq2SeqClassifier(**{**PLAIN, "epochs": 1}).fit(X, y)
    assert_array_equal(model.classes_, ["a", "b"])


@pytest.mark.any_backend
@BOTH
def test_seq2seq_bad_step_weights_are_refused(model, y):
    ones = [np.ones(max(1, len(target))) for target in y]
    fitted = clone(model).set_params(epochs=1).fit(X, y)
    for weights, match in (
        ([np.append(w, [1, 1]) for w in ones], r"sample_weight\[0\] has .* weights, but"),
        (ones[1:], "sample_weight has 23"),
        ([-w for w in ones], "(?i)negative.*sample_weight"),
        ([w * np.nan for w in ones], "sample_weight"),
        ([w * 0 for w in ones], "sample_weight is zero for every time step"),
        ([np.column_stack([w, w]) for w in ones], "one number per time step"),
        ([*ones[:-1], 1.0], "got the number 1.0"),
    ):
        for call in (clone(model).fit, fitted.score):
            with pytest.raises(ValueError, match=match):
                call(X, y, sample_weight=weights)


@pytest.mark.any_backend
def test_seq2seq_targets_that_are_missing_otherwise_are_refused():
    partly = [y.copy() for y in SERIES]
    partly[3][0, 1] = np.nan
    with pytest.raises(ValueError, match="y must have all 2 targets of a time step or none"):
        Seq2SeqRegressor(**PLAIN).fit(X, partly)
    with pytest.raises(ValueError, match="y has only missing targets"):
        Seq2SeqRegressor(**PLAIN).fit(X, [y * np.nan for y in SERIES])
    with pytest.raises(ValueError, match="y has only missing targets"):
        Seq2SeqClassifier(**PLAIN).fit(X, [[None] for _ in X])
    with pytest.raises(ValueError, match="zero for every target that is not missing"):
        Seq2SeqRegressor(**PLAIN).fit(X, NANS, [1.0 - mask for mask in MASKS])
    empty = [[] if not tokens else [1.0] * len(tokens) for tokens in TOKENS]
    with pytest.raises(ValueError, match="only the weight of its stop is expected"):
        Seq2SeqClassifier(**PLAIN).fit(X, TOKENS, empty)
