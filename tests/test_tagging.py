"""A tag for each word: strings in and out, scores by step and by sentence, predictions of folds."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from toys import TINY, assert_same_weights, lengths

from skrnn import EmbeddingTokenizer, OneHotSequenceEncoder, RNNClassifier, check_sequences
from skrnn.metrics import flatten_steps, make_step_scorer, sequence_accuracy_score

# scikit-learn 1.7 wants the default pos_label=1 among the labels, which a macro average ignores.
MACRO = make_step_scorer(f1_score, average="macro", pos_label=None)
WHOLE = make_scorer(sequence_accuracy_score)
# Learns enough to be right about some words and some sentences, and wrong about others.
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


def test_arrays_of_strings_go_in_and_come_out(tagger):
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
def test_tags_come_in_any_container(tagger, container):
    model = RNNClassifier(**HALFWAY).fit(X, container(TAGS))
    assert_same_weights(model, tagger)
    assert_array_equal(np.concatenate(model.predict(X)), np.concatenate(tagger.predict(X)))


def test_words_and_sentences_that_are_right_are_counted(tagger):
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
def test_cross_validation_scores_what_each_fold_predicts(scoring, of_tokens):
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


def test_a_search_by_both_scores():
    search = GridSearchCV(
        RNNClassifier(**HALFWAY), {"learning_rate": [1e-6, 0.3]}, cv=FOLDS, error_score="raise",
        scoring={"words": MACRO, "sentences": WHOLE}, refit="sentences",
    ).fit(X, TAGS)  # fmt: skip
    assert search.best_params_ == {"learning_rate": 0.3}
    assert search.score(X, TAGS) == WHOLE(search.best_estimator_, X, TAGS)


def test_an_object_array_in_is_an_object_array_out(tagger):
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


def test_predictions_of_folds_are_joined_in_the_order_of_the_sentences():
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
def test_predictions_of_folds_are_joined_behind_an_encoder_of_words(encoder, container):
    words = [WORDS[ids].tolist() for ids in X]
    embedding = 3 if isinstance(encoder, EmbeddingTokenizer) else None
    model = make_pipeline(encoder, RNNClassifier(**{**HALFWAY, "embedding": embedding}))
    joined = cross_val_predict(model, container(words), TAGS, cv=FOLDS)
    assert [len(tags) for tags in joined] == [len(ids) for ids in X]
    train, test = next(FOLDS.split(X))
    model.fit([words[i] for i in train], [TAGS[i] for i in train])
    for i, expected in zip(test, model.predict([words[i] for i in test]), strict=True):
        assert_array_equal(joined[i], expected)
