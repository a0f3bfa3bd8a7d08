"""One tag per word: string targets, scores of words and sentences, predictions of folds."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from small_data import TINY, assert_same_weights, lengths

from skrnn import EmbeddingTokenizer, OneHotSequenceEncoder, RNNClassifier, check_sequences
from skrnn.metrics import flatten_steps, make_step_scorer, sequence_accuracy_score

# scikit-learn 1.7 requires that the default pos_label=1 is a label, even for a macro average.
MACRO = make_step_scorer(f1_score, average="macro", pos_label=None)
WHOLE = make_scorer(sequence_accuracy_score)
# After these epochs some words and some sentences are correct, and others are wrong.
HALFWAY = {
    **TINY, "epochs": 2, "embedding": 3, "return_sequences": True, "learning_rate": 0.3,
    "batch_size": 4,
}  # fmt: skip
WORDS = np.array(["", "", "a", "the", "dog", "cat", "sleeps", "is", "."])
TAG_OF = np.array(["", "", "DET", "DET", "NOUN", "NOUN", "VERB", "AUX", "PUNCT"])


def sentences(n=18):
    """Return sentences as arrays of word ids, and as many arrays of tags."""
    rng = np.random.default_rng(0)
    X = [rng.integers(2, len(WORDS), length) for length in lengths(n, rng)]
    return X, [TAG_OF[ids] for ids in X]


X, TAGS = sentences()
FOLDS = KFold(3)


def as_objects(series):
    array = np.empty(len(series), dtype=object)
    for i, one in enumerate(series):
        array[i] = one
    return array


@pytest.fixture(scope="module")
def tagger():
    return RNNClassifier(**HALFWAY).fit(X, TAGS)


def test_tagger_string_targets(tagger):
    assert_array_equal(tagger.classes_, ["AUX", "DET", "NOUN", "PUNCT", "VERB"])
    predicted = tagger.predict(X)
    assert isinstance(predicted, list)
    for tags, given, ids in zip(predicted, TAGS, X, strict=True):
        assert isinstance(tags, np.ndarray)
        assert tags.dtype == given.dtype
        assert tags.shape == ids.shape
    best = tagger.classes_[np.concatenate(tagger.predict_proba(X)).argmax(axis=1)]
    assert_array_equal(np.concatenate(predicted), best)


@pytest.mark.parametrize(
    "container",
    [
        lambda tags: [one.tolist() for one in tags],
        tuple,
        as_objects,
        lambda tags: [one.astype(object) for one in tags],
    ],
    ids=["lists of str", "tuple of arrays", "object array", "arrays of objects"],
)
def test_tagger_containers_of_targets(tagger, container):
    model = RNNClassifier(**HALFWAY).fit(X, container(TAGS))
    assert_same_weights(model, tagger)
    assert_array_equal(np.concatenate(model.predict(X)), np.concatenate(tagger.predict(X)))


def test_tagger_score_and_sequence_accuracy_score(tagger):
    predicted = tagger.predict(X)
    right = [(tags == given) for tags, given in zip(predicted, TAGS, strict=True)]
    by_word = tagger.score(X, TAGS)
    by_sentence = sequence_accuracy_score(TAGS, predicted)
    assert by_word == np.concatenate(right).mean()
    assert by_word == accuracy_score(*flatten_steps(TAGS, predicted))
    assert by_sentence == np.mean([one.all() for one in right])
    assert 0 < by_sentence < by_word < 1


@pytest.mark.parametrize("of_tokens", [list, as_objects, lambda X: check_sequences(X, tokens=True)])
@pytest.mark.parametrize("scoring", [MACRO, WHOLE], ids=["f1", "sentences"])
def test_tagger_cross_val_score(scoring, of_tokens):
    scores = cross_val_score(
        RNNClassifier(**HALFWAY), of_tokens(X), TAGS, cv=FOLDS, scoring=scoring, error_score="raise"
    )
    for (train, test), score in zip(FOLDS.split(X), scores, strict=True):
        model = RNNClassifier(**HALFWAY).fit([X[i] for i in train], [TAGS[i] for i in train])
        expected, predicted = [TAGS[i] for i in test], model.predict([X[i] for i in test])
        if scoring is MACRO:
            assert score == f1_score(*flatten_steps(expected, predicted), average="macro")
        else:
            assert score == sequence_accuracy_score(expected, predicted)
    assert len(set(scores)) > 1


def test_tagger_grid_search_with_both_scores():
    search = GridSearchCV(
        RNNClassifier(**HALFWAY), {"learning_rate": [1e-6, 0.3]}, cv=FOLDS, error_score="raise",
        scoring={"words": MACRO, "sentences": WHOLE}, refit="sentences",
    ).fit(X, TAGS)  # fmt: skip
    assert search.best_params_ == {"learning_rate": 0.3}
    assert search.score(X, TAGS) == WHOLE(search.best_estimator_, X, TAGS)


def test_tagger_predicts_object_arrays_for_object_arrays(tagger):
    objects = as_objects(X)
    alike = as_objects([ids[:2] for ids in X])
    for some in (objects, alike, objects[:1]):
        for method in ("predict", "predict_proba"):
            found = getattr(tagger, method)(some)
            assert isinstance(found, np.ndarray)
            assert found.shape == some.shape
            for one, expected in zip(found, getattr(tagger, method)(list(some)), strict=True):
                assert_array_equal(one, expected)
    assert tagger.score(objects, TAGS) == tagger.score(X, TAGS)


def test_tagger_cross_val_predict():
    folds = KFold(3, shuffle=True, random_state=0)
    joined = cross_val_predict(RNNClassifier(**HALFWAY), as_objects(X), TAGS, cv=folds)
    assert joined.shape == (len(X),)
    for train, test in folds.split(X):
        model = RNNClassifier(**HALFWAY).fit([X[i] for i in train], [TAGS[i] for i in train])
        for i, expected in zip(test, model.predict([X[i] for i in test]), strict=True):
            assert_array_equal(joined[i], expected)
    assert 0 < sequence_accuracy_score(TAGS, joined) < 1


@pytest.mark.parametrize(
    "encoder", [EmbeddingTokenizer(analyzer="tokens"), OneHotSequenceEncoder()]
)
@pytest.mark.parametrize("container", [as_objects, pd.Series], ids=["object array", "Series"])
def test_tagger_cross_val_predict_with_an_encoder(encoder, container):
    words = [WORDS[ids].tolist() for ids in X]
    embedding = 3 if isinstance(encoder, EmbeddingTokenizer) else None
    model = make_pipeline(encoder, RNNClassifier(**{**HALFWAY, "embedding": embedding}))
    joined = cross_val_predict(model, container(words), TAGS, cv=FOLDS)
    assert [len(tags) for tags in joined] == [len(ids) for ids in X]
    train, test = next(FOLDS.split(X))
    model.fit([words[i] for i in train], [TAGS[i] for i in train])
    for i, expected in zip(test, model.predict([words[i] for i in test]), strict=True):
        assert_array_equal(joined[i], expected)
