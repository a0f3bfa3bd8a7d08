"""A target for each step: containers in and out, scores on real steps, weights of sequences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, f1_score, r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from toys import LEARNS, tagged

from skrnn import RNNClassifier, RNNRegressor, check_sequences
from skrnn.metrics import flatten_steps, make_step_scorer

X, TAGS = tagged()
_, THREE = tagged(("a", "b", "c"))
THREE = [np.append(tags[:-1], "c") for tags in THREE]
CUBE = np.stack([steps[:2] for steps in X])
STEPS = {**LEARNS, "return_sequences": True}


@pytest.fixture(scope="module")
def tagger():
    return RNNClassifier(**STEPS).fit(X, TAGS)


def test_string_tags_come_back_as_a_list(tagger):
    predicted = tagger.predict(X)
    assert isinstance(predicted, list)
    assert [one.shape for one in predicted] == [(len(steps),) for steps in X]
    assert predicted[0].dtype == TAGS[0].dtype
    assert tagger.score(X, TAGS) > 0.9
    assert_array_equal(np.concatenate(predicted) == np.concatenate(TAGS), True)


@pytest.mark.parametrize(("tags", "k"), [(TAGS, 2), (THREE, 3)])
def test_probabilities_of_every_step(tags, k):
    model = RNNClassifier(**{**STEPS, "epochs": 3}).fit(X, tags)
    probabilities = model.predict_proba(X)
    assert isinstance(probabilities, list)
    assert [one.shape for one in probabilities] == [(len(steps), k) for steps in X]
    assert_allclose(np.concatenate(probabilities).sum(axis=1), 1, rtol=1e-6)
    best = model.classes_[np.concatenate(probabilities).argmax(axis=1)]
    assert_array_equal(np.concatenate(model.predict(X)), best)
    assert model.predict_proba(CUBE).shape == (30, 2, k)
    assert model.predict_proba(CUBE[:1]).shape == (1, 2, k)


def test_an_array_in_is_an_array_out(tagger):
    predicted = tagger.predict(CUBE)
    assert isinstance(predicted, np.ndarray)
    assert predicted.shape == (30, 2)
    of_list = tagger.predict(list(CUBE))
    assert isinstance(of_list, list)
    assert_array_equal(np.stack(of_list), predicted)
    of_sequences = tagger.predict(check_sequences(X))
    assert_array_equal(np.concatenate(of_sequences), np.concatenate(tagger.predict(X)))


def test_targets_as_array_or_list_fit_the_same():
    tags = np.stack([one[:2] for one in TAGS])
    models = [RNNClassifier(**STEPS).fit(CUBE, y) for y in (tags, list(tags), tags.tolist())]
    for model in models[1:]:
        assert_array_equal(model.predict_proba(CUBE), models[0].predict_proba(CUBE))


def test_a_step_is_predicted_from_what_came_before_it(tagger):
    probabilities = tagger.predict_proba([steps[: i + 1] for steps in X[:5] for i in range(2)])
    whole = tagger.predict_proba(X[:5])
    for i, expected in enumerate(whole):
        assert_allclose(probabilities[2 * i + 1], expected[:2], atol=1e-5)


def test_sequences_are_predicted_the_same_alone(tagger):
    alone = np.concatenate([tagger.predict_proba([steps])[0] for steps in X])
    assert_allclose(alone, np.concatenate(tagger.predict_proba(X)), atol=1e-5)


def test_score_counts_real_steps(tagger):
    wrong = [np.where(np.arange(len(tags)) == 0, "down", tags) for tags in TAGS]
    y_true, y_pred = flatten_steps(wrong, tagger.predict(X))
    assert tagger.score(X, wrong) == accuracy_score(y_true, y_pred)
    assert 0.5 < tagger.score(X, wrong) < 1
    weights = np.arange(30.0)
    expected = accuracy_score(y_true, y_pred, sample_weight=weights.repeat(list(map(len, X))))
    assert tagger.score(X, wrong, sample_weight=weights) == pytest.approx(expected)


def test_a_weight_holds_for_all_steps_of_a_sequence():
    kept = np.arange(30) % 3 != 0
    poisoned = [tags if keep else tags[::-1] for tags, keep in zip(TAGS, kept, strict=True)]
    params = {**STEPS, "epochs": 3}
    model = RNNClassifier(**params).fit(X, poisoned, sample_weight=kept.astype(float))
    indices = np.flatnonzero(kept)
    rest = RNNClassifier(**params).fit([X[i] for i in indices], [TAGS[i] for i in indices])
    for weight, expected in zip(model.weights_, rest.weights_, strict=True):
        assert_array_equal(weight, expected)


@pytest.mark.parametrize(
    "scoring", [None, make_step_scorer(f1_score, average="macro", pos_label=None)]
)
def test_cross_validation_of_tags(scoring):
    model = RNNClassifier(**STEPS)
    scores = cross_val_score(model, X, TAGS, cv=3, scoring=scoring, error_score="raise")
    assert (scores > 0.85).all()


def test_a_search_by_probabilities_of_steps():
    scorer = make_step_scorer(roc_auc_score, response_method="predict_proba")
    search = GridSearchCV(
        RNNClassifier(**STEPS), {"learning_rate": [0.01, 0.05]}, cv=2, scoring=scorer,
        error_score="raise",
    )  # fmt: skip
    search.fit(check_sequences(X), TAGS)
    assert search.best_score_ > 0.9


def test_validation_tags_stop_training_early():
    model = RNNClassifier(**STEPS, early_stopping=True, validation_split=0.2)
    model.fit(X, TAGS)
    assert len(model.history_["val_loss"]) == model.n_iter_
    given = RNNClassifier(**STEPS).fit(X, TAGS, X_val=X[:4], y_val=TAGS[:4])
    assert len(given.history_["val_loss"]) == 20


# --- regression -------------------------------------------------------------------------------

SUMS = [steps[:, 0] for steps in X]
BOTH = [np.column_stack([steps[:, 0], 1000 * steps[:, 1] + 500]) for steps in X]


@pytest.mark.parametrize(("y", "tail"), [(SUMS, ()), (BOTH, (2,))])
def test_numbers_for_every_step(y, tail):
    model = RNNRegressor(**STEPS).fit(X, y)
    predicted = model.predict(X)
    assert isinstance(predicted, list)
    assert [one.shape for one in predicted] == [(len(steps), *tail) for steps in X]
    assert model.score(X, y) > 0.8
    expected = r2_score(np.concatenate(y), np.concatenate(predicted))
    assert model.score(X, y) == pytest.approx(expected)
    assert model.predict(CUBE).shape == (30, 2, *tail)
    as_array = np.stack([one[:2] for one in y])
    assert RNNRegressor(**STEPS).fit(CUBE, as_array).predict(CUBE).shape == (30, 2, *tail)


def test_one_column_of_targets_stays_a_column():
    model = RNNRegressor(**STEPS).fit(X, [one[:, None] for one in SUMS])
    assert [one.shape for one in model.predict(X)] == [(len(steps), 1) for steps in X]


def test_cross_validation_of_numbers():
    model = RNNRegressor(**STEPS)
    scorer = make_step_scorer(r2_score)
    scores = cross_val_score(model, X, BOTH, cv=3, scoring=scorer, error_score="raise")
    default = cross_val_score(model, X, BOTH, cv=3, error_score="raise")
    assert_allclose(scores, default, rtol=1e-6)
