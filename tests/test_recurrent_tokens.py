"""Token ids: padding, unknown words, vocabularies that differ from fold to fold, given vectors."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import KFold, cross_val_score
from toys import LEARNS, TINY, assert_same_weights, lengths

from skrnn import RNNClassifier, RNNRegressor, Sequences, check_sequences
from skrnn.recurrent._vocabulary import Vocabulary

EMBEDDED = {**TINY, "embedding": 3}


def sentences(n=40, words=37):
    """Return sentences of even ids, and whether one speaks of the word 4."""
    rng = np.random.default_rng(0)
    X = [rng.integers(3, words // 2, length) * 2 for length in lengths(n, rng)]
    y = np.arange(n) % 2
    for i in np.flatnonzero(y):
        X[i][rng.integers(len(X[i]))] = 4
    X[0][0] = words - 1
    return X, y


X, LABELS = sentences()


def padded(width, on="right"):
    """Return the sentences as a table with zeros at one end."""
    table = np.zeros((len(X), width), dtype=int)
    for row, ids in zip(table, X, strict=True):
        if on == "right":
            row[: len(ids)] = ids
        else:
            row[width - len(ids) :] = ids
    return table


@pytest.fixture(scope="module")
def fitted():
    return RNNClassifier(**{**LEARNS, "embedding": 3}).fit(X, LABELS)


def test_words_are_learned(fitted):
    assert fitted.score(X, LABELS) > 0.9
    assert fitted.weights_[0].shape[1] == 3


@pytest.mark.parametrize("on", ["left", "right"])
@pytest.mark.parametrize("width", [6, 11])
def test_padding_changes_nothing(fitted, on, width):
    table = padded(width, on)
    expected = fitted.predict_proba(X)
    assert_array_equal(fitted.predict_proba(table), expected)
    assert_array_equal(fitted.predict_proba(list(table)), expected)
    assert_same_weights(RNNClassifier(**EMBEDDED).fit(table, LABELS), plain())


def plain():
    return RNNClassifier(**EMBEDDED).fit(X, LABELS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: [ids.tolist() for ids in X],
        lambda: tuple(ids.astype(np.int16) for ids in X),
        lambda: check_sequences(X, tokens=True),
        lambda: pd.DataFrame(padded(6)),
        lambda: pd.Series(X),
    ],
    ids=["lists", "tuple of int16", "Sequences", "DataFrame", "Series"],
)
def test_ids_come_in_any_container(fitted, make):
    batch = make()
    assert_array_equal(fitted.predict_proba(batch), fitted.predict_proba(X))
    assert_same_weights(RNNClassifier(**EMBEDDED).fit(batch, LABELS), plain())


def test_folds_of_codes_are_sequences():
    codes = check_sequences(X, tokens=True)
    seen = []

    class Model(RNNClassifier):
        def fit(self, X, y):
            seen.append(X)
            return super().fit(X, y)

    cross_val_score(Model(**EMBEDDED), codes, LABELS, cv=2, error_score="raise")
    assert all(isinstance(fold, Sequences) and fold.values is codes.values for fold in seen)


def test_ids_not_seen_are_read_as_unknown(fitted):
    unknown = fitted.predict_proba([[8, 1, 10]])
    for unseen in (5, 38, 10**6, np.iinfo(np.int32).max):
        assert_array_equal(fitted.predict_proba([[8, unseen, 10]]), unknown)
    assert np.abs(fitted.predict_proba([[8, 4, 10]]) - unknown).max() > 1e-3


def test_padding_alone_is_one_unknown_step(fitted):
    unknown = fitted.predict_proba([[1]])
    for width in (1, 2, 5):
        assert_array_equal(fitted.predict_proba([[0] * width]), unknown)
    together = fitted.predict_proba([*X, [0, 0]])
    assert_allclose(together[-1:], unknown, atol=1e-6)
    model = RNNClassifier(**EMBEDDED).fit([*X, [0, 0, 0]], [*LABELS, 1])
    as_unknown = RNNClassifier(**EMBEDDED).fit([*X, [1]], [*LABELS, 1])
    assert_same_weights(model, as_unknown)


def test_padding_inside_a_sentence_is_a_step(fitted):
    inside = fitted.predict_proba([[8, 0, 10]])
    assert_array_equal(inside, fitted.predict_proba([[8, 1, 10]]))
    assert (inside != fitted.predict_proba([[8, 10]])).any()


def test_an_untrained_unknown_row_is_the_mean_of_the_trained_rows(fitted):
    rows, seen = fitted.weights_[0], np.unique(np.concatenate(X))
    assert_allclose(rows[1], rows[seen].mean(axis=0), rtol=1e-5)


def test_an_untrained_unknown_row_stays_the_mean_while_training_goes_on():
    model = RNNClassifier(**EMBEDDED)
    for _ in range(3):
        model.partial_fit(X, LABELS)
    rows, seen = model.weights_[0], np.unique(np.concatenate(X))
    assert_allclose(rows[1], rows[seen].mean(axis=0), rtol=1e-5)


def test_an_unknown_token_that_was_met_keeps_what_it_learned():
    met = [np.append(ids, 1) for ids in X]
    rows = RNNClassifier(**EMBEDDED).fit(met, LABELS).weights_[0]
    seen = np.unique(np.concatenate(X))
    assert np.abs(rows[1] - rows[seen].mean(axis=0)).max() > 1e-4


def test_folds_with_slightly_different_vocabularies_share_an_architecture():
    shapes = set()
    for train, _ in KFold(4).split(X):
        model = RNNClassifier(**{**EMBEDDED, "epochs": 1})
        fold = [X[i] for i in train]
        shapes.add(model.fit(fold, LABELS[train]).weights_[0].shape)
    highest = {max(ids.max() for i, ids in enumerate(X) if i % 40 >= 10), 36}
    assert len(highest) > 1  # the first fold leaves out the highest id
    assert len(shapes) == 1


@pytest.mark.parametrize("largest", [1, 2, 6, 7, 8, 100, 1023, 1024, 30_000])
def test_the_ladder_of_rows_holds_every_id_and_wastes_little(largest):
    sequences = Sequences(np.array([2, largest]), [0], [2])
    rows = len(Vocabulary.of(sequences, 3).known)
    assert largest < rows <= max(1.25 * (largest + 1), 4)


def test_the_ladder_is_short():
    sizes = {len(Vocabulary.of(Sequences(np.array([i]), [0], [1]), 3).known) for i in range(4096)}
    assert len(sizes) <= 4 * 12


# --- given vectors ----------------------------------------------------------------------------

MATRIX = np.random.default_rng(1).normal(size=(40, 5))


@pytest.mark.parametrize("train", [False, True])
def test_given_vectors_are_trained_only_on_request(train):
    given = MATRIX.copy()
    model = RNNClassifier(**TINY, embedding=given, train_embedding=train).fit(X, LABELS)
    rows = model.weights_[0]
    assert_array_equal(given, MATRIX)
    assert rows.shape == MATRIX.shape
    unseen = [row for row in range(40) if row not in np.unique(np.concatenate(X))]
    assert_array_equal(rows[unseen], MATRIX.astype(np.float32)[unseen])
    assert (rows == MATRIX.astype(np.float32)).all() != train


def test_given_vectors_serve_words_that_training_did_not_meet():
    model = RNNClassifier(**TINY, embedding=MATRIX, train_embedding=False).fit(X, LABELS)
    known, unknown = model.predict_proba([[8, 9, 10]]), model.predict_proba([[8, 1, 10]])
    assert np.abs(known - unknown).max() > 1e-4
    assert_array_equal(model.predict([[0, 0]]), model.predict([[1]]))


def test_untrained_vectors_equal_their_numeric_steps():
    """Frozen vectors are nothing but a look-up before the network."""
    model = RNNRegressor(**TINY, embedding=MATRIX, train_embedding=False)
    by_id = model.fit(X, LABELS.astype(float)).predict(X)
    steps = [MATRIX[ids] for ids in X]
    numeric = RNNRegressor(**TINY).fit(steps, LABELS.astype(float))
    numeric.weights_ = by_weights = model.weights_[1:]
    assert [w.shape for w in by_weights] == [w.shape for w in numeric.weights_]
    assert_allclose(numeric.predict(steps), by_id, atol=1e-5)


# --- a target for each token ------------------------------------------------------------------


@pytest.mark.parametrize("on", ["left", "right"])
def test_targets_per_token_with_or_without_padding(on):
    tags = [np.where(ids == 4, "key", "other") for ids in X]
    params = {**EMBEDDED, "return_sequences": True}
    model = RNNClassifier(**params).fit(X, tags)
    table = padded(9, on)
    of_padding = np.full(table.shape, "padding")
    of_padding[table != 0] = np.concatenate(tags)
    for y in (tags, of_padding, list(of_padding)):
        assert_same_weights(RNNClassifier(**params).fit(table, y), model)
    assert_array_equal(model.classes_, ["key", "other"])
    predicted = model.predict(table)
    assert [len(one) for one in predicted] == [len(ids) for ids in X]
    assert_array_equal(np.concatenate(predicted), np.concatenate(model.predict(X)))
    assert model.score(table, of_padding) == model.score(X, tags)
