"""Predictions, scores and hidden states: labels and targets of any kind and their containers."""

import numpy as np
import pandas as pd
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from small_data import LEARNS, PLAIN, TINY, assert_same_weights, labelled, tagged

from skrnn import RNNClassifier, RNNRegressor, check_sequences
from skrnn.metrics import flatten_steps, make_step_scorer
from skrnn.networks.backends import precision
from skrnn.sequences import to_padded

X, LABELS = labelled()
Y = np.array([steps.sum() for steps in X])
CUBE = np.stack([steps[:2] for steps in X])

# A target for each time step.
STEPS = {**LEARNS, "return_sequences": True}
TAGGED, TAGS = tagged()
THREE_TAGS = [np.append(tags[:-1], "c") for tags in tagged(("a", "b", "c"))[1]]
TAGGED_CUBE = np.stack([steps[:2] for steps in TAGGED])
NUMBERS = [steps[:, 0] for steps in TAGGED]
PAIRS = [np.column_stack([steps[:, 0], 1000 * steps[:, 1] + 500]) for steps in TAGGED]


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
def test_rnn_classifier_predicts_labels_of_any_kind(classes):
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
    alone = model.predict_proba(sequences[:1])
    assert alone.shape == (1, len(classes))
    assert_allclose(alone, probabilities[:1], atol=1e-5)
    assert model.predict(sequences[:1]).shape == (1,)


@pytest.mark.parametrize("dtype", ["str", "category", object])
def test_rnn_classifier_accepts_labels_as_series(dtype):
    model = RNNClassifier(**TINY).fit(pd.Series(X), pd.Series(LABELS, dtype=dtype))
    assert model.classes_.tolist() == ["ant", "bee", "cat"]
    assert_same_weights(model, RNNClassifier(**TINY).fit(X, LABELS))


def test_rnn_classifier_warns_about_labels_as_column():
    with pytest.warns(UserWarning, match="column-vector y"):
        model = RNNClassifier(**TINY).fit(X, LABELS[:, None])
    assert_same_weights(model, RNNClassifier(**TINY).fit(X, LABELS))


@pytest.mark.parametrize(
    ("model", "y"), [(RNNClassifier(**TINY), LABELS), (RNNRegressor(**TINY), Y)]
)
def test_rnn_methods_change_no_argument(model, y):
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


# --- targets of a regressor -------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 2)])
def test_rnn_regressor_predictions_have_the_shape_of_y(shape):
    y = np.resize(Y, shape[::-1]).T * [1.0, -5.0][: shape[-1]] if len(shape) > 1 else Y
    model = RNNRegressor(**LEARNS).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == shape
    assert model.predict(X[:1]).shape == (1, *shape[1:])
    assert model.score(X, y) > 0.8


def test_rnn_regressor_normalize_y_makes_the_scale_of_y_irrelevant():
    plain = RNNRegressor(**TINY).fit(X, Y)
    scaled = RNNRegressor(**TINY).fit(X, 1024 * Y + 4096)
    assert_allclose(scaled.predict(X), 1024 * plain.predict(X) + 4096, rtol=1e-4)
    assert_allclose(scaled.history_["loss"], plain.history_["loss"], rtol=1e-4)


def test_rnn_regressor_normalize_y_false_trains_on_y_itself():
    y = 10_000 + Y
    raw = RNNRegressor(**TINY, normalize_y=False).fit(X, y)
    scaled = RNNRegressor(**TINY).fit(X, y)
    assert np.abs(raw.predict(X)).max() < 100
    assert np.abs(scaled.predict(X) - y).max() < 100
    assert raw.history_["loss"][0] == pytest.approx(1e8, rel=0.1)


def test_rnn_regressor_normalize_y_false_warns_if_float32_hides_the_spread_of_y():
    y = 1.7e9 + Y
    with pytest.warns(UserWarning, match=r"float32' rounds y to multiples of 128.*normalize_y"):
        RNNRegressor(**{**TINY, "epochs": 1}, normalize_y=False).fit(X, y)


@pytest.mark.parametrize("value", [0.0, 7.0, 0.1, 1.7e9, 1e-200, 1e300])
def test_rnn_regressor_predicts_constant_targets_exactly(value):
    y = np.full(30, value)
    model = RNNRegressor(**TINY, metrics=["mae"]).fit(X, y)
    assert_array_equal(model.predict(X), y)
    assert model.history_["mae"] == [0, 0, 0]


def test_rnn_regressor_metrics_of_a_constant_target_that_varies_in_validation():
    y, y_val = np.column_stack([Y, np.full(30, 5.0)]), np.column_stack([Y, 5.0 + Y])
    model = RNNRegressor(**TINY, metrics=["mae"]).fit(X, y, X_val=X, y_val=y_val)
    predicted = model.predict(X)
    assert (predicted[:, 1] == 5).all()
    mae = np.abs(predicted - y_val).mean()
    assert model.history_["val_mae"][-1] == pytest.approx(mae, rel=1e-5)


def test_rnn_regressor_partial_fit_after_constant_targets_learns():
    model = RNNRegressor(**{**LEARNS, "random_state": 0}).partial_fit(X, np.full(30, 5.0))
    assert (model.predict(X) == 5).all()
    for _ in range(20):
        model.partial_fit(X, Y)
    assert model.score(X, Y) > 0.5


@pytest.mark.parametrize(
    ("offset", "scale", "metrics"),
    [
        (1.7e9, 1.0, ("mae", "mape", "mse", "r2_score")),
        (-1e12, 1e3, ("mae", "mape", "mse", "r2_score")),
        (0.0, 1e300, ("mae", "r2_score")),
        (0.0, 1e-200, ("mae", "r2_score")),
    ],
)
def test_rnn_regressor_metrics_and_live_model_are_exact_for_any_targets(offset, scale, metrics):
    y = offset + scale * Y
    # A program whose metrics are computed in float32 must not be used again.
    RNNRegressor(**TINY, metrics=metrics).fit(X, Y, X_val=X, y_val=Y)
    model = RNNRegressor(**TINY, metrics=metrics).fit(X, y, X_val=X, y_val=y)
    predicted = model.predict(X)
    error = predicted - y
    expected = {
        "mae": np.abs(error).mean(),
        "mape": 100 * np.abs(error / y).mean() if offset else None,
        "mse": (error**2).mean() if offset else None,
        "r2_score": r2_score(y / scale, predicted / scale),
    }
    for name in metrics:
        assert model.history_["val_" + name][-1] == pytest.approx(expected[name], rel=1e-4)
    lengths = np.array([len(steps) for steps in X], dtype=np.int32)
    with precision("float64"):
        outputs = ops.convert_to_numpy(model.model_([to_padded(X, value=0), lengths]))[:, 0]
    assert_allclose(outputs, predicted, rtol=1e-14, atol=1e-5 * scale)


def test_rnn_regressor_defaults_predict_a_noisy_sine():
    rng = np.random.default_rng(0)
    series = 5000 + 2000 * np.sin(np.arange(400) / 7) + rng.normal(0, 50, 400)
    windows = np.lib.stride_tricks.sliding_window_view(series, 20)[:-1, :, None]
    y = series[20:]
    model = RNNRegressor(random_state=0).fit(windows[:280], y[:280])
    assert model.score(windows[280:], y[280:]) >= 0.9


# --- hidden states ----------------------------------------------------------------------------


def test_rnn_hidden_states_have_the_container_of_X():
    model = RNNClassifier(**TINY).fit(X, LABELS)
    steps = model.hidden_states(X, return_sequences=True)
    assert isinstance(steps, list)
    assert [one.shape for one in steps] == [(len(given), 4) for given in X]
    of_sequences = model.hidden_states(check_sequences(X), return_sequences=True)
    for one, expected in zip(of_sequences, steps, strict=True):
        assert_allclose(one, expected, atol=1e-6)  # the values of Sequences are rounded to float32
    of_array = model.hidden_states(CUBE, return_sequences=True)
    assert isinstance(of_array, np.ndarray)
    assert of_array.shape == (30, 2, 4)


def test_rnn_hidden_states_of_a_custom_body_are_its_outputs_at_the_last_step():
    def body(steps, lengths):
        return steps * 2

    model = RNNClassifier(**{**TINY, **PLAIN, "pooling": "mean"}, body=body).fit(X, LABELS)
    assert_allclose(model.hidden_states(X), [2 * steps[-1] for steps in X], atol=1e-5)


# --- a target for each time step --------------------------------------------------------------


@pytest.fixture(scope="module")
def tagger():
    return RNNClassifier(**STEPS).fit(TAGGED, TAGS)


def test_rnn_tagger_learns_strings(tagger):
    predicted = tagger.predict(TAGGED)
    assert predicted[0].dtype == TAGS[0].dtype
    assert_array_equal(np.concatenate(predicted), np.concatenate(TAGS))


@pytest.mark.parametrize(("tags", "k"), [(TAGS, 2), (THREE_TAGS, 3)])
def test_rnn_tagger_predicts_probabilities_for_each_step(tags, k):
    model = RNNClassifier(**{**STEPS, "epochs": 3}).fit(TAGGED, tags)
    probabilities = model.predict_proba(TAGGED)
    assert isinstance(probabilities, list)
    assert [one.shape for one in probabilities] == [(len(steps), k) for steps in TAGGED]
    assert_allclose(np.concatenate(probabilities).sum(axis=1), 1, rtol=1e-6)
    best = model.classes_[np.concatenate(probabilities).argmax(axis=1)]
    assert_array_equal(np.concatenate(model.predict(TAGGED)), best)
    assert model.predict_proba(TAGGED_CUBE).shape == (30, 2, k)
    assert model.predict_proba(TAGGED_CUBE[:1]).shape == (1, 2, k)


def test_rnn_tagger_predictions_have_the_container_of_X(tagger):
    predicted = tagger.predict(TAGGED_CUBE)
    assert isinstance(predicted, np.ndarray)
    assert predicted.shape == (30, 2)
    of_list = tagger.predict(list(TAGGED_CUBE))
    assert isinstance(of_list, list)
    assert_array_equal(np.stack(of_list), predicted)
    of_sequences = tagger.predict(check_sequences(TAGGED))
    assert_array_equal(np.concatenate(of_sequences), np.concatenate(tagger.predict(TAGGED)))


def test_rnn_tagger_accepts_tags_as_array_or_list():
    tags = np.stack([one[:2] for one in TAGS])
    models = [RNNClassifier(**STEPS).fit(TAGGED_CUBE, y) for y in (tags, list(tags), tags.tolist())]
    for model in models[1:]:
        assert_array_equal(model.predict_proba(TAGGED_CUBE), models[0].predict_proba(TAGGED_CUBE))


def test_rnn_tagger_score_is_the_accuracy_over_steps(tagger):
    wrong = [np.where(np.arange(len(tags)) == 0, "down", tags) for tags in TAGS]
    y_true, y_pred = flatten_steps(wrong, tagger.predict(TAGGED))
    assert tagger.score(TAGGED, wrong) == accuracy_score(y_true, y_pred)
    assert 0.5 < tagger.score(TAGGED, wrong) < 1
    weights = np.arange(30.0)
    expected = accuracy_score(y_true, y_pred, sample_weight=weights.repeat(list(map(len, TAGGED))))
    assert tagger.score(TAGGED, wrong, sample_weight=weights) == pytest.approx(expected)


def test_rnn_tagger_grid_search_by_probabilities_of_steps():
    scorer = make_step_scorer(roc_auc_score, response_method="predict_proba")
    search = GridSearchCV(
        RNNClassifier(**STEPS), {"learning_rate": [0.01, 0.05]}, cv=2, scoring=scorer,
        error_score="raise",
    )  # fmt: skip
    search.fit(check_sequences(TAGGED), TAGS)
    assert search.best_score_ > 0.9


@pytest.mark.parametrize(("y", "tail"), [(NUMBERS, ()), (PAIRS, (2,))])
def test_rnn_regressor_predicts_a_target_for_each_step(y, tail):
    model = RNNRegressor(**STEPS).fit(TAGGED, y)
    predicted = model.predict(TAGGED)
    assert isinstance(predicted, list)
    assert [one.shape for one in predicted] == [(len(steps), *tail) for steps in TAGGED]
    assert model.score(TAGGED, y) > 0.8
    expected = r2_score(np.concatenate(y), np.concatenate(predicted))
    assert model.score(TAGGED, y) == pytest.approx(expected)
    assert model.predict(TAGGED_CUBE).shape == (30, 2, *tail)
    as_array = np.stack([one[:2] for one in y])
    of_array = RNNRegressor(**STEPS).fit(TAGGED_CUBE, as_array).predict(TAGGED_CUBE)
    assert of_array.shape == (30, 2, *tail)


def test_rnn_regressor_predicts_one_column_for_each_step():
    model = RNNRegressor(**STEPS).fit(TAGGED, [one[:, None] for one in NUMBERS])
    assert [one.shape for one in model.predict(TAGGED)] == [(len(steps), 1) for steps in TAGGED]


def test_rnn_regressor_default_score_of_steps_is_r2():
    model = RNNRegressor(**STEPS)
    scorer = make_step_scorer(r2_score)
    scores = cross_val_score(model, TAGGED, PAIRS, cv=3, scoring=scorer, error_score="raise")
    default = cross_val_score(model, TAGGED, PAIRS, cv=3, error_score="raise")
    assert_allclose(scores, default, rtol=1e-6)
