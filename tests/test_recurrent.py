"""What a fit learns and gives back: labels, targets, weights, hidden states, tables."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.utils.class_weight import compute_sample_weight
from toys import LEARNS, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor, check_sequences

X, LABELS = labelled()
TWO, TWO_LABELS = labelled(("no", "yes"))
Y = np.array([steps.sum() for steps in X])


# --- labels -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "classes",
    [
        ("no", "yes"),
        ("ant", "bee", "cat"),
        (False, True),
        (-3, 5, 40),
        (1.0, 2.0),
        np.array(["one", "three", "two"], dtype=object),
    ],
    ids=lambda classes: "-".join(map(str, classes)),
)
def test_labels_of_any_kind_are_learned_and_come_back_as_they_were(classes):
    sequences, y = labelled(classes)
    model = RNNClassifier(**LEARNS).fit(sequences, y)
    assert_array_equal(model.classes_, np.unique(y), strict=True)
    predicted = model.predict(sequences)
    assert predicted.dtype == y.dtype
    assert_array_equal(predicted, y)
    assert model.score(sequences, y) == 1.0
    probabilities = model.predict_proba(sequences)
    assert probabilities.shape == (len(y), len(classes))
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert (probabilities >= 0).all()
    assert_array_equal(model.classes_[probabilities.argmax(axis=1)], predicted)


@pytest.mark.parametrize(("sequences", "y"), [(TWO, TWO_LABELS), (X, LABELS)])
def test_one_sequence_keeps_its_axis(sequences, y):
    model = RNNClassifier(**TINY).fit(sequences, y)
    alone = model.predict_proba(sequences[:1])
    assert alone.shape == (1, len(model.classes_))
    assert_allclose(alone, model.predict_proba(sequences)[:1], atol=1e-5)
    assert model.predict(sequences[:1]).shape == (1,)
    assert model.hidden_states(sequences[:1]).shape == (1, 4)


@pytest.mark.parametrize("dtype", ["str", "category", object])
def test_labels_come_as_a_pandas_series(dtype):
    model = RNNClassifier(**TINY).fit(pd.Series(X), pd.Series(LABELS, dtype=dtype))
    assert model.classes_.tolist() == ["ant", "bee", "cat"]
    assert_same_weights(model, RNNClassifier(**TINY).fit(X, LABELS))


def test_labels_may_be_a_column_of_one_with_a_warning():
    with pytest.warns(UserWarning, match="column-vector y"):
        model = RNNClassifier(**TINY).fit(X, LABELS[:, None])
    assert_same_weights(model, RNNClassifier(**TINY).fit(X, LABELS))


# --- weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "y"), [(RNNClassifier(**TINY), LABELS), (RNNRegressor(**TINY), Y)]
)
def test_fit_changes_nothing_it_is_given(model, y):
    model = clone(model)
    sequences, targets = [steps.copy() for steps in X], y.copy()
    weights = np.linspace(0, 3, len(X))
    given = weights.copy()
    model.fit(sequences, targets, sample_weight=weights)
    model.partial_fit(sequences, targets, sample_weight=weights)
    model.score(sequences, targets, sample_weight=weights)
    assert_array_equal(weights, given)
    assert_array_equal(targets, y)
    for steps, expected in zip(sequences, X, strict=True):
        assert_array_equal(steps, expected, strict=True)


def test_a_sequence_without_weight_is_as_if_it_were_not_there():
    poisoned = np.where(np.arange(30) % 5 == 0, "cat", LABELS)
    kept = np.arange(30) % 5 != 0
    model = RNNClassifier(**TINY).fit(X, poisoned, sample_weight=kept.astype(float))
    rest = RNNClassifier(**TINY).fit([X[i] for i in np.flatnonzero(kept)], LABELS[kept])
    assert_same_weights(model, rest)


@pytest.mark.parametrize("class_weight", ["balanced", {"ant": 3, "bee": 1, "cat": 0.5}])
def test_class_weight_is_a_sample_weight_by_label(class_weight):
    y = np.where(np.arange(30) < 4, "ant", LABELS)
    y[10:14] = "ant"
    by_class = RNNClassifier(**TINY, class_weight=class_weight).fit(X, y)
    by_sample = RNNClassifier(**TINY).fit(X, y, compute_sample_weight(class_weight, y))
    plain = RNNClassifier(**TINY).fit(X, y)
    assert_same_weights(by_class, by_sample)
    assert (by_class.predict_proba(X) != plain.predict_proba(X)).any()


# --- sequences --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def both_ways():
    return RNNClassifier(**{**TINY, "cell": "lstm"}, bidirectional=True).fit(X, LABELS)


def test_a_sequence_is_predicted_the_same_alone_and_in_any_order(both_ways):
    together = both_ways.predict_proba(X)
    alone = np.vstack([both_ways.predict_proba([steps]) for steps in X])
    backward = both_ways.predict_proba(X[::-1])[::-1]
    assert_allclose(alone, together, atol=1e-5)
    assert_allclose(backward, together, atol=1e-5)


def test_an_all_zero_step_is_data(both_ways):
    steps = X[0]
    zero = np.zeros((1, 2))
    alone = both_ways.hidden_states([steps])
    for longer in (np.vstack([steps, zero]), np.vstack([zero, steps])):
        assert np.abs(both_ways.hidden_states([longer]) - alone).max() > 1e-3


def test_the_backward_half_has_seen_every_step(both_ways):
    first, last = X[0].copy(), X[0].copy()
    first[0] += 1
    last[-1] += 1
    before, after_first, after_last = both_ways.hidden_states([X[0], first, last])
    assert np.abs(after_first - before)[4:].max() > 1e-3
    assert np.abs(after_last - before)[4:].max() > 1e-3
    steps = both_ways.hidden_states([X[0]], return_sequences=True)[0]
    assert_allclose(before[:4], steps[-1, :4], atol=1e-6)
    assert_allclose(before[4:], steps[0, 4:], atol=1e-6)


def test_hidden_states_come_in_the_users_container(both_ways):
    steps = both_ways.hidden_states(X, return_sequences=True)
    assert isinstance(steps, list)
    assert [one.shape for one in steps] == [(len(given), 8) for given in X]
    of_sequences = both_ways.hidden_states(check_sequences(X), return_sequences=True)
    for one, other in zip(steps, of_sequences, strict=True):
        assert_array_equal(one, other)
    cube = np.stack([given[:2] for given in X])
    assert both_ways.hidden_states(cube, return_sequences=True).shape == (30, 2, 8)
    assert both_ways.hidden_states(cube).shape == (30, 8)


def test_hidden_states_end_in_the_final_states(both_ways):
    output, h, c, h_backward, c_backward = both_ways.hidden_states(X, return_state=True)
    assert c.shape == c_backward.shape == (30, 4)
    assert_allclose(np.hstack([h, h_backward]), output, atol=1e-6)
    steps, *states = both_ways.hidden_states(X, return_sequences=True, return_state=True)
    assert isinstance(steps, list)
    assert_array_equal(states[1], c)


# --- tables -----------------------------------------------------------------------------------


def table(n=12):
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(n, 3)), columns=["may", "june", "july"])


def test_a_table_is_univariate_sequences_with_names():
    frame, y = table(), np.arange(12) % 2
    model = RNNClassifier(**TINY).fit(frame, y)
    assert model.n_features_in_ == 3
    assert_array_equal(model.feature_names_in_, frame.columns)
    as_sequences = RNNClassifier(**TINY).fit(frame.to_numpy()[:, :, None], y)
    assert as_sequences.n_features_in_ == 1
    assert not hasattr(as_sequences, "feature_names_in_")
    assert_same_weights(model, as_sequences)


def test_columns_in_another_order_are_refused():
    frame, y = table(), np.arange(12) % 2
    model = RNNClassifier(**TINY).fit(frame, y)
    swapped = frame[["june", "may", "july"]]
    for call in (model.predict, model.predict_proba, model.hidden_states):
        with pytest.raises(ValueError, match="must be in the same order"):
            call(swapped)
    with pytest.raises(ValueError, match="must be in the same order"):
        model.fit(frame, y, X_val=swapped, y_val=y)
    with pytest.raises(ValueError, match=r"(?s)should match.*august"):
        model.predict(frame.rename(columns={"may": "august"}))


# --- targets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 2)])
def test_targets_keep_their_shape(shape):
    y = np.resize(Y, shape[::-1]).T * [1.0, -5.0][: shape[-1]] if len(shape) > 1 else Y
    model = RNNRegressor(**LEARNS).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == shape
    assert model.predict(X[:1]).shape == (1, *shape[1:])
    assert model.score(X, y) > 0.8


def test_targets_are_learned_on_any_scale():
    plain = RNNRegressor(**TINY).fit(X, Y)
    scaled = RNNRegressor(**TINY).fit(X, 1024 * Y + 4096)
    assert_allclose(scaled.predict(X), 1024 * plain.predict(X) + 4096, rtol=1e-4)
    assert_allclose(scaled.history_["loss"], plain.history_["loss"], rtol=1e-4)


def test_without_normalize_y_the_network_meets_targets_as_they_are():
    y = 10_000 + Y
    raw = RNNRegressor(**TINY, normalize_y=False).fit(X, y)
    scaled = RNNRegressor(**TINY).fit(X, y)
    assert np.abs(raw.predict(X)).max() < 100
    assert np.abs(scaled.predict(X) - y).max() < 100
    assert raw.history_["loss"][0] == pytest.approx(1e8, rel=0.1)


def test_targets_that_never_change_are_predicted():
    assert_allclose(RNNRegressor(**TINY).fit(X, np.full(30, 7.0)).predict(X), 7, atol=1)


def test_metrics_of_a_regressor_are_in_the_users_units():
    model = RNNRegressor(**TINY, metrics=["mean_absolute_error"])
    y = 1000 * Y
    model.fit(X, y, X_val=X, y_val=y)
    expected = np.abs(model.predict(X) - y).mean()
    assert model.history_["val_mean_absolute_error"][-1] == pytest.approx(expected, rel=1e-4)


def test_a_sine_is_continued_in_thousands():
    rng = np.random.default_rng(0)
    series = 5000 + 2000 * np.sin(np.arange(400) / 7) + rng.normal(0, 50, 400)
    windows = np.lib.stride_tricks.sliding_window_view((series - 5000) / 2000, 20)[:-1, :, None]
    y = series[20:]
    model = RNNRegressor(random_state=0).fit(windows[:280], y[:280])
    assert model.score(windows[280:], y[280:]) >= 0.9


def test_the_live_model_gives_what_predict_gives():
    lengths = np.full(5, 2)
    cube = np.stack([given[:2] for given in X])[:5].astype(np.float32)
    classifier = RNNClassifier(**TINY).fit(X, LABELS)
    live = classifier.model_.predict([cube, lengths], verbose=0)
    assert_allclose(live, classifier.predict_proba(cube), atol=1e-6)
    regressor = RNNRegressor(**TINY).fit(X, 1000 * Y + 500)
    live = regressor.model_.predict([cube, lengths], verbose=0)
    assert_allclose(live[:, 0], regressor.predict(cube), rtol=1e-4)
