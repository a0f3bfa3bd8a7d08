"""Sequence to sequence with scikit-learn: parameters, searches, pipelines of texts, and copies."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from seq2seq_models import LEARNS_PAIR, TINY_PAIR, pairs
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from small_data import assert_same_weights

from skrnn import EmbeddingTokenizer, Seq2SeqClassifier, Seq2SeqRegressor

X, TEXTS, SERIES = pairs()
SOURCES = ["one two", "two", "three one two", "two two three"] * 6
FOLDS = KFold(2)
TARGETS = ["un deux", "deux", "trois un deux", "deux deux trois"] * 6


def translator():
    """Return a pipeline that reads texts and writes texts."""
    network = Seq2SeqClassifier(
        **{**LEARNS_PAIR, "units": 8}, embedding=4, target_tokenizer=EmbeddingTokenizer()
    )
    return make_pipeline(EmbeddingTokenizer(), network)


@pytest.mark.parametrize("kind", [Seq2SeqClassifier, Seq2SeqRegressor])
def test_seq2seq_clone_and_parameters(kind):
    params = {**TINY_PAIR, "bidirectional": True, "scheduled_sampling": 0.25}
    model = kind(**params)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert {name: copy.get_params()[name] for name in params} == params
    assert copy.set_params(units=(3, 2)).units == (3, 2)
    # The folds of a classifier are stratified by whole targets.
    assert (is_classifier(copy), is_regressor(copy)) == (False, kind is Seq2SeqRegressor)


def test_seq2seq_cross_validation():
    options = {"cv": FOLDS, "error_score": "raise"}
    scores = cross_val_score(Seq2SeqClassifier(**LEARNS_PAIR), X, TEXTS, **options)
    assert (scores > 0.2).all()
    scores = cross_val_score(Seq2SeqRegressor(**TINY_PAIR), X, SERIES, **options)
    assert np.isfinite(scores).all()


def test_seq2seq_cross_validation_of_different_texts():
    texts = [f"{i:02}" for i in range(len(X))]
    scores = cross_val_score(Seq2SeqClassifier(**TINY_PAIR), X, texts, cv=2, error_score="raise")
    assert np.isfinite(scores).all()


def test_seq2seq_cross_val_predict():
    as_objects = np.array([*X, None], dtype=object)[:-1]
    for sequences in (X, as_objects):
        predicted = cross_val_predict(Seq2SeqClassifier(**TINY_PAIR), sequences, TEXTS, cv=FOLDS)
        assert len(predicted) == len(X)
        assert all(isinstance(text, str) for text in predicted)
    # scikit-learn joins the arrays of several lengths only if they are in an object array.
    predicted = cross_val_predict(Seq2SeqRegressor(**TINY_PAIR), as_objects, SERIES, cv=FOLDS)
    assert [one.shape for one in predicted] == [one.shape for one in SERIES]


def test_seq2seq_grid_search():
    grid = {"learning_rate": [0.01, 0.05]}
    search = GridSearchCV(Seq2SeqClassifier(**TINY_PAIR), grid, cv=FOLDS, error_score="raise")
    search.fit(X, TEXTS)
    expected = Seq2SeqClassifier(**TINY_PAIR).set_params(**search.best_params_).fit(X, TEXTS)
    assert_same_weights(search.best_estimator_, expected)
    assert search.predict(X) == expected.predict(X)


def test_seq2seq_pipeline_translates_texts():
    model = translator().fit(SOURCES, TARGETS)
    assert model.predict(SOURCES[:4]) == TARGETS[:4]
    assert model.score(SOURCES, TARGETS) == 1
    network = model[-1]
    assert network.target_tokenizer is not network.target_tokenizer_
    assert not hasattr(network.target_tokenizer, "vocabulary_")
    # A word that was not seen is the unknown token, which is one of the classes.
    assert 1 in network.classes_
    assert model.score(["two"], ["quatre"]) == 0
    sources = model[0].transform(["two"])
    assert network.predict_proba(sources, ["quatre un"])[0].shape == (3, len(network.classes_) + 1)
    assert len(model.predict(["five six"])) == 1


# --- copies -----------------------------------------------------------------------------------

PREDICT_IN_A_NEW_PROCESS = """
import json, pickle, sys
with open(sys.argv[1], "rb") as file:
    model, X = pickle.load(file)
frameworks = {"keras", "tensorflow", "jax", "torch"} & set(sys.modules)
print(json.dumps([sorted(frameworks), list(model.predict(X))]))
"""


def test_seq2seq_pickle_loads_without_a_framework_and_predicts(tmp_path):
    model = Seq2SeqClassifier(**TINY_PAIR).fit(X, TEXTS)
    assert pickle.loads(pickle.dumps(model)).predict(X) == model.predict(X)
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps((model, X)))
    command = [sys.executable, "-c", PREDICT_IN_A_NEW_PROCESS, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout.splitlines()[-1]) == [[], model.predict(X)]


def test_seq2seq_model_of_keras_predicts_the_same():
    model = Seq2SeqClassifier(**TINY_PAIR, standardize=True).fit(X, TEXTS)
    exported, texts = model.model_, ["ab", "", "bba"]
    lengths = np.array([len(x) for x in X[:3]], dtype=np.int32)
    steps = np.zeros((3, lengths.max(), 2), np.float32)
    previous = np.full((3, 4), len(model.classes_), np.int32)
    for i, text in enumerate(texts):
        steps[i, : lengths[i]] = X[i]
        previous[i, 1 : len(text) + 1] = np.searchsorted(model.classes_, list(text)) if text else []
    outputs = np.asarray(exported.predict([steps, lengths, previous], verbose=0))
    for one, expected in zip(outputs, model.predict_proba(X[:3], texts), strict=True):
        assert_allclose(one[: len(expected)], expected, rtol=0, atol=1e-5)
    assert_array_equal(exported.get_weights()[-1], model.weights_[-1])
