"""Weights of single time steps, and time steps without a target."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, r2_score
from sklearn.model_selection import cross_validate
from small_data import TINY, assert_same_weights, lengths

from skrnn import EchoStateClassifier, EchoStateRegressor, RNNClassifier, RNNRegressor
from skrnn.metrics import make_step_scorer
from skrnn.reservoir import Reservoir

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)) for n in lengths(30, RNG)]
TAGS = [np.array(["low", "mid", "up"])[np.digitize(x[:, 0], [-0.5, 0.5])] for x in X]
NUMBERS = [np.cumsum(x[:, 0]) for x in X]
PAIRS = [np.column_stack([y, -y + 1]) for y in NUMBERS]
# Whether a time step has a target: of some sequences none has, of others all.
SHARES = np.resize([0.6, 0.6, 0.0, 1.0], 30)
KNOWN = [RNG.random(len(x)) < p for x, p in zip(X, SHARES, strict=True)]
WEIGHTS = [RNG.random(len(x)) * known for x, known in zip(X, KNOWN, strict=True)]
PER_STEP = {**TINY, "return_sequences": True, "batch_size": 7}
# For identities of sums over the training set, up to the rounding of float64.
EXACT = {
    **TINY, "return_sequences": True, "batch_size": None, "dtype": "float64",
    "standardize": False, "add_differences": False,
}  # fmt: skip
ESN = {"units": 15, "random_state": 0, "return_sequences": True, "alpha": 0.1}
EXACT_ESN = {**ESN, "standardize": False, "reservoir": Reservoir(dtype="float64")}


def without(targets, mark):
    """Return targets with a mark in place of those that are not known."""
    lists = [
        [target if k else mark for target, k in zip(y, known, strict=True)]
        for y, known in zip(targets, KNOWN, strict=True)
    ]
    return lists


def masked(targets):
    return [np.ma.masked_array(y, ~known) for y, known in zip(targets, KNOWN, strict=True)]


def other_values(targets, value):
    """Return targets with another value where the weight is zero."""
    return [np.where(known, y, value) for y, known in zip(targets, KNOWN, strict=True)]


NANS = [np.where(known, y, np.nan) for y, known in zip(NUMBERS, KNOWN, strict=True)]
NAN_PAIRS = [
    np.where(known[:, None], y, np.nan) for y, known in zip(PAIRS, KNOWN, strict=True)
]  # fmt: skip
ONES = [known.astype(float) for known in KNOWN]


def same(one, other):
    """Check that two fitted estimators are equal to the last bit."""
    if hasattr(one, "weights_"):
        assert_same_weights(one, other)
        assert one.history_ == other.history_
    else:
        assert_array_equal(one.coef_, other.coef_)
        assert_array_equal(one.intercept_, other.intercept_)


# --- missing targets ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "missing", "given"),
    [
        (RNNRegressor(**PER_STEP, metrics=["mae"]), NANS, other_values(NUMBERS, 1e30)),
        (RNNRegressor(**PER_STEP), NAN_PAIRS, PAIRS),
        (RNNClassifier(**PER_STEP, metrics=["accuracy"]), without(TAGS, None), TAGS),
        (RNNClassifier(**PER_STEP, class_weight="balanced"), without(TAGS, np.nan), TAGS),
        (EchoStateRegressor(**ESN), NANS, other_values(NUMBERS, 1e30)),
        (EchoStateRegressor(**ESN), NAN_PAIRS, PAIRS),
        (EchoStateClassifier(**ESN), masked(TAGS), TAGS),
        (EchoStateClassifier(**ESN, class_weight="balanced"), without(TAGS, pd.NA), TAGS),
    ],
)
def test_missing_targets_equal_weights_of_zero_to_the_last_bit(model, missing, given):
    one, other = clone(model).fit(X, missing), clone(model).fit(X, given, ONES)
    same(one, other)
    assert_array_equal(np.concatenate(one.predict(X)), np.concatenate(other.predict(X)))
    assert_allclose(one.score(X, missing), other.score(X, given, ONES), rtol=1e-12)


@pytest.mark.any_backend
def test_missing_labels_leave_the_type_of_the_others():
    model = RNNClassifier(**PER_STEP)
    codes = [(x[:, 0] > 0).astype(int) - 1 for x in X]
    expected = clone(model).fit(X, codes, ONES)
    assert_array_equal(expected.classes_, [-1, 0])
    for marked in (without(codes, None), masked(codes)):
        found = clone(model).fit(X, marked)
        assert_array_equal(found.classes_, expected.classes_, strict=True)
        assert_same_weights(found, expected)
    texts = clone(model).fit(X, without(TAGS, None)).classes_
    assert_array_equal(texts, np.unique(np.concatenate(TAGS)), strict=True)


@pytest.mark.any_backend
def test_missing_rows_of_indicators():
    indicators = [np.column_stack([x > 0]) * 1.0 for x in X]
    pairs = zip(indicators, KNOWN, strict=True)
    missing = [np.where(known[:, None], y, np.nan) for y, known in pairs]
    for model in (RNNClassifier(**PER_STEP), EchoStateClassifier(**ESN)):
        same(clone(model).fit(X, missing), clone(model).fit(X, indicators, ONES))


@pytest.mark.any_backend
def test_missing_targets_in_arrays():
    cube = RNG.normal(size=(8, 5, 2))
    y = cube[:, :, 0].copy()
    known = RNG.random((8, 5)) < 0.5
    expected = RNNRegressor(**PER_STEP).fit(cube, y, known * 1.0)
    with_nan = np.where(known, y, np.nan)
    for missing in (with_nan, pd.DataFrame(with_nan), np.ma.masked_array(y, ~known)):
        assert_same_weights(RNNRegressor(**PER_STEP).fit(cube, missing), expected)


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", [EchoStateRegressor, EchoStateClassifier])
def test_missing_targets_of_one_series(kind):
    options = {"units": 15, "rows": "steps", "random_state": 0, "alpha": 0.1}
    steps, known = np.concatenate(X), np.concatenate(ONES)
    y = np.concatenate(NUMBERS)
    y = np.sign(y) if kind is EchoStateClassifier else y
    missing = np.where(known > 0, y, np.nan)
    one = kind(**options).fit(steps, missing)
    same(one, kind(**options).fit(steps, y, known))
    assert one.score(steps, missing) == one.score(steps, y, known)
    updated = kind(**options).fit(steps, y).update(steps, missing)
    assert np.isfinite(updated.coef_).all()
    fed_back = kind(**options, reservoir=Reservoir(feedback_scaling=0.1))
    with pytest.raises(ValueError, match="y has missing targets, but with feedback_scaling > 0"):
        fed_back.fit(steps, missing)


@pytest.mark.any_backend
def test_partly_missing_targets_are_refused():
    some = [y.copy() for y in PAIRS]
    some[3][0, 1] = np.nan
    with pytest.raises(ValueError, match="y must have all 2 targets of a time step or none"):
        RNNRegressor(**PER_STEP).fit(X, some)


@pytest.mark.any_backend
def test_missing_targets_per_sequence_are_refused():
    y = np.array([x.sum() for x in X])
    y[4] = np.nan
    for model in (RNNRegressor(**TINY), EchoStateRegressor(units=5)):
        with pytest.raises(ValueError, match="y contains NaN"):
            model.fit(X, y)


@pytest.mark.any_backend
def test_missing_targets_in_validation():
    options = {**PER_STEP, "early_stopping": True}
    split = RNNRegressor(**options).fit(X, NANS)
    same(split, RNNRegressor(**options).fit(X, other_values(NUMBERS, -7), ONES))
    model = RNNRegressor(**PER_STEP, metrics=["mae"])
    one = clone(model).fit(X, NUMBERS, X_val=X, y_val=NANS)
    some = {"X_val": X, "y_val": NUMBERS, "sample_weight_val": ONES}
    same(one, clone(model).fit(X, NUMBERS, **some))
    predicted, y = np.concatenate(one.predict(X)), np.concatenate(NANS)
    assert_allclose(one.history_["val_mae"][-1], np.nanmean(np.abs(predicted - y)), rtol=1e-5)
    known = ~np.isnan(y)
    error = np.mean((predicted[known] - y[known]) ** 2) / np.var(np.concatenate(NUMBERS))
    assert_allclose(one.history_["val_loss"][-1], error, rtol=1e-4)


# --- weights of time steps ---------------------------------------------------------------


def test_constant_step_weights_equal_sequence_weights_to_the_last_bit():
    of_sequences = RNG.random(len(X))
    of_sequences[5] = 0
    of_steps = [np.full(len(x), w) for x, w in zip(X, of_sequences, strict=True)]
    for model, y in (
        (RNNRegressor(**PER_STEP, truncation=2), NUMBERS),
        (RNNClassifier(**PER_STEP), TAGS),
        (EchoStateRegressor(**ESN), NUMBERS),
        (EchoStateClassifier(**ESN), TAGS),
    ):
        one, other = clone(model).fit(X, y, of_sequences), clone(model).fit(X, y, of_steps)
        same(one, other)
        assert one.score(X, y, of_sequences) == other.score(X, y, of_steps)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (RNNRegressor(**EXACT), NUMBERS),
        (RNNClassifier(**EXACT), TAGS),
        (EchoStateRegressor(**EXACT_ESN), NUMBERS),
        (EchoStateClassifier(**EXACT_ESN), TAGS),
    ],
)
def test_step_weights_are_sums_of_masks_of_repeated_sequences(model, y):
    masks = [[RNG.integers(0, 2, len(x)).astype(float) for x in X] for _ in range(2)]
    total = [a + b for a, b in zip(*masks, strict=True)]
    weighted = clone(model).fit(X, y, total)
    repeated = clone(model).fit(X + X, y + y, masks[0] + masks[1])
    if hasattr(model, "epochs"):
        for one, other in zip(weighted.weights_, repeated.weights_, strict=True):
            assert_allclose(one, other, rtol=1e-7, atol=1e-10)
        assert_allclose(weighted.history_["loss"], repeated.history_["loss"], rtol=1e-9)
    else:
        assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("batch_size", [7, None])
def test_step_weights_of_zero_at_the_end_equal_shorter_sequences(batch_size):
    short = [x[: max(1, len(x) - 2)] for x in X]
    y = [numbers[: len(x)] for numbers, x in zip(NUMBERS, short, strict=True)]
    weights = [(np.arange(len(x)) < len(s)) * 1.0 for x, s in zip(X, short, strict=True)]
    model = RNNRegressor(**{**EXACT, "batch_size": batch_size, "shuffle": False})
    one, other = clone(model).fit(X, NUMBERS, weights), clone(model).fit(short, y)
    for found, expected in zip(one.weights_, other.weights_, strict=True):
        assert_allclose(found, expected, rtol=1e-7, atol=1e-10)
    assert_allclose(one.history_["loss"], other.history_["loss"], rtol=1e-9)


@pytest.mark.any_backend
def test_echo_state_step_weights_of_zero_equal_shorter_sequences():
    short = [x[: max(1, len(x) - 2)] for x in X]
    weights = [(np.arange(len(x)) < len(s)) * 1.0 for x, s in zip(X, short, strict=True)]
    model = EchoStateRegressor(**EXACT_ESN)
    one = clone(model).fit(X, NUMBERS, weights)
    other = clone(model).fit(short, [y[: len(s)] for y, s in zip(NUMBERS, short, strict=True)])
    assert_allclose(one.coef_, other.coef_, rtol=1e-7, atol=1e-10)


def test_segments_without_targets():
    weights = [np.eye(len(x))[0] for x in X]
    model = RNNClassifier(**{**PER_STEP, "batch_size": 2}, truncation=2, metrics=["accuracy"])
    model.fit(X, TAGS, weights)
    assert np.isfinite(model.history_["loss"]).all()
    last = clone(model).set_params(epochs=1, learning_rate=1e-30).fit(X, TAGS, weights)
    firsts = [tags[0] == last.predict([x])[0][0] for x, tags in zip(X, TAGS, strict=True)]
    assert_allclose(last.history_["accuracy"], np.mean(firsts), rtol=1e-5)


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", [RNNRegressor(**TINY), EchoStateRegressor(units=5)])
def test_step_weights_are_refused_for_targets_per_sequence(kind):
    y = np.array([x.sum() for x in X])
    fitted = clone(kind).fit(X, y)
    before = fitted.predict(X)
    for call in (fitted.fit, fitted.partial_fit, fitted.score):
        with pytest.raises(ValueError, match="sample_weight must contain one weight per sequence"):
            call(X, y, sample_weight=WEIGHTS)
    assert_array_equal(fitted.predict(X), before)


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", [RNNRegressor(**PER_STEP), EchoStateRegressor(**ESN)])
def test_bad_step_weights_are_refused(kind):
    for weights, match in (
        ([w[1:] for w in ONES], r"sample_weight\[0\] has"),
        (ONES[1:], "sample_weight has 29"),
        ([-w for w in WEIGHTS], "(?i)negative.*sample_weight"),
        ([w * np.nan for w in WEIGHTS], "sample_weight"),
        ([w * 0 for w in WEIGHTS], "sample_weight is zero for every time step"),
        (PAIRS, "sample_weight must contain one number per time step"),
    ):
        with pytest.raises(ValueError, match=match):
            kind.fit(X, NUMBERS, sample_weight=weights)
    with pytest.raises(ValueError, match="zero for every target that is not missing"):
        kind.fit(X, NANS, sample_weight=[1.0 - w for w in ONES])


# --- scores and scikit-learn -------------------------------------------------------------


@pytest.mark.any_backend
def test_scores_leave_out_missing_targets_and_weight_time_steps():
    tagger, tracker = RNNClassifier(**PER_STEP).fit(X, TAGS), RNNRegressor(**PER_STEP)
    tracker.fit(X, NUMBERS)
    known, weights = np.concatenate(KNOWN), np.concatenate(WEIGHTS)
    tags, found = np.concatenate(TAGS), np.concatenate(tagger.predict(X))
    missing = without(TAGS, None)
    assert tagger.score(X, missing) == accuracy_score(tags[known], found[known])
    expected = accuracy_score(tags, found, sample_weight=weights)
    assert_allclose(tagger.score(X, missing, WEIGHTS), expected, rtol=1e-12)
    scorer = make_step_scorer(f1_score, average="macro", pos_label=None)
    expected = f1_score(tags[known], found[known], average="macro", pos_label=None)
    assert scorer(tagger, X, missing) == scorer(tagger, X, masked(TAGS)) == expected
    expected = f1_score(tags, found, average="macro", sample_weight=weights, pos_label=None)
    assert_allclose(scorer(tagger, X, missing, sample_weight=WEIGHTS), expected, rtol=1e-12)
    numbers, found = np.concatenate(NUMBERS), np.concatenate(tracker.predict(X))
    assert tracker.score(X, NANS) == r2_score(numbers[known], found[known])


@pytest.mark.any_backend
def test_cross_validation_routes_step_weights():
    with config_context(enable_metadata_routing=True):
        model = RNNRegressor(**PER_STEP).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        results = cross_validate(
            model, X, NANS, cv=2, params={"sample_weight": WEIGHTS}, return_estimator=True,
            return_indices=True,
        )  # fmt: skip
    train, test = (results["indices"][name][0] for name in ("train", "test"))
    parts = [[some[i] for i in train] for some in (X, NANS, WEIGHTS)]
    expected = RNNRegressor(**PER_STEP).fit(*parts)
    assert_same_weights(results["estimator"][0], expected)
    parts = [[some[i] for i in test] for some in (X, NANS, WEIGHTS)]
    assert results["test_score"][0] == expected.score(*parts)


@pytest.mark.any_backend
def test_partial_fit_with_step_weights_and_missing_targets():
    one = RNNRegressor(**PER_STEP).partial_fit(X, NANS).partial_fit(X, NUMBERS, WEIGHTS)
    other = RNNRegressor(**PER_STEP).partial_fit(X, NUMBERS, ONES).partial_fit(X, NANS, WEIGHTS)
    assert_same_weights(one, other)
    parts = EchoStateRegressor(**ESN).partial_fit(X[:15], NANS[:15])
    parts.partial_fit(X[15:], NUMBERS[15:], ONES[15:])
    assert np.isfinite(parts.coef_).all()
