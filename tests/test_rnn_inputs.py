"""What the recurrent estimators read besides numeric sequences: token ids, one-hot rows, tables."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from small_data import LEARNS, TINY, assert_same_weights, lengths

from skrnn import RNNClassifier, RNNRegressor, TimeDistributed, check_sequences

EMBEDDED = {**TINY, "embedding": 3}


# --- axes -------------------------------------------------------------------------------------


@pytest.mark.any_backend
def test_rnn_fit_warns_that_the_last_axis_may_be_time():
    first = np.random.default_rng(0).normal(size=(8, 1, 15))
    with pytest.warns(UserWarning, match=r"X has the shape \(8, 1, 15\).*from_channels_first"):
        model = RNNClassifier(**{**TINY, "cell": "simple"}).fit(first, np.arange(8) % 2)
    assert len(model.predict(first)) == 8  # without a warning


# --- token ids --------------------------------------------------------------------------------


def sentences(n=40, words=37):
    """Return sentences of even ids, and whether each of them contains the id 4."""
    rng = np.random.default_rng(0)
    X = [rng.integers(3, words // 2, length) * 2 for length in lengths(n, rng)]
    y = np.arange(n) % 2
    for i in np.flatnonzero(y):
        X[i][rng.integers(len(X[i]))] = 4
    X[0][0] = words - 1
    return X, y


X, LABELS = sentences()


def padded(width, side="right"):
    """Return the sentences as an array with zeros on one side, or on both."""
    array = np.zeros((len(X), width), dtype=int)
    for row, ids in zip(array, X, strict=True):
        start = {"right": 0, "left": width - len(ids), "both": (width - len(ids)) // 2}[side]
        row[start : start + len(ids)] = ids
    return array


@pytest.fixture(scope="module")
def word_classifier():
    return RNNClassifier(**{**LEARNS, "embedding": 3}).fit(X, LABELS)


@pytest.mark.any_backend
def test_rnn_tokens_are_learned(word_classifier):
    assert word_classifier.score(X, LABELS) > 0.9
    assert word_classifier.weights_[0].shape[1] == 3


@pytest.mark.parametrize("side", ["left", "right", "both"])
@pytest.mark.parametrize("how", [{"pooling": "mean"}, {"bidirectional": True}])
def test_rnn_tokens_padding_changes_no_bit(how, side):
    model = RNNClassifier(**EMBEDDED, **how).fit(X, LABELS)
    expected = model.predict_proba(X)
    for width in (6, 11):
        array = padded(width, side)
        assert_array_equal(model.predict_proba(array), expected)
        assert_array_equal(model.predict_proba(list(array)), expected)
        assert_same_weights(RNNClassifier(**EMBEDDED, **how).fit(array, LABELS), model)


@pytest.mark.any_backend
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
def test_rnn_tokens_in_any_container(word_classifier, make):
    batch = make()
    assert_array_equal(word_classifier.predict_proba(batch), word_classifier.predict_proba(X))
    plain = RNNClassifier(**EMBEDDED).fit(X, LABELS)
    assert_same_weights(RNNClassifier(**EMBEDDED).fit(batch, LABELS), plain)


@pytest.mark.any_backend
def test_rnn_tokens_not_seen_in_fit_are_read_as_unknown(word_classifier):
    unknown = word_classifier.predict_proba([[8, 1, 10]])
    for unseen in (5, 38, 10**6, np.iinfo(np.int32).max):
        assert_array_equal(word_classifier.predict_proba([[8, unseen, 10]]), unknown)
    assert np.abs(word_classifier.predict_proba([[8, 4, 10]]) - unknown).max() > 1e-3


@pytest.mark.any_backend
def test_rnn_tokens_padding_alone_is_one_unknown_step(word_classifier):
    unknown = word_classifier.predict_proba([[1]])
    for width in (1, 2, 5):
        assert_array_equal(word_classifier.predict_proba([[0] * width]), unknown)
    together = word_classifier.predict_proba([*X, [0, 0]])
    assert_allclose(together[-1:], unknown, atol=1e-6)
    model = RNNClassifier(**EMBEDDED).fit([*X, [0, 0, 0]], [*LABELS, 1])
    as_unknown = RNNClassifier(**EMBEDDED).fit([*X, [1]], [*LABELS, 1])
    assert_same_weights(model, as_unknown)


@pytest.mark.any_backend
def test_rnn_tokens_padding_inside_a_sequence_is_an_unknown_step(word_classifier):
    inside = word_classifier.predict_proba([[8, 0, 10]])
    assert_array_equal(inside, word_classifier.predict_proba([[8, 1, 10]]))
    assert (inside != word_classifier.predict_proba([[8, 10]])).any()


def test_rnn_tokens_unknown_row_is_the_mean_of_the_trained_rows(word_classifier):
    rows, seen = word_classifier.weights_[0], np.unique(np.concatenate(X))
    assert_allclose(rows[1], rows[seen].mean(axis=0), rtol=1e-5)


def test_rnn_tokens_unknown_row_stays_the_mean_in_partial_fit():
    model = RNNClassifier(**EMBEDDED)
    for _ in range(3):
        model.partial_fit(X, LABELS)
    rows, seen = model.weights_[0], np.unique(np.concatenate(X))
    assert_allclose(rows[1], rows[seen].mean(axis=0), rtol=1e-5)


@pytest.mark.any_backend
def test_rnn_tokens_unknown_row_is_trained_if_it_occurs_in_fit():
    met = [np.append(ids, 1) for ids in X]
    rows = RNNClassifier(**EMBEDDED).fit(met, LABELS).weights_[0]
    seen = np.unique(np.concatenate(X))
    assert np.abs(rows[1] - rows[seen].mean(axis=0)).max() > 1e-4


@pytest.mark.any_backend
def test_rnn_tokens_folds_share_an_embedding_shape():
    folds = [[X[i] for i in train] for train, _ in KFold(4).split(X)]
    labels = [LABELS[train] for train, _ in KFold(4).split(X)]
    assert len({max(map(np.max, fold)) for fold in folds}) > 1
    params = {**EMBEDDED, "epochs": 1}
    fits = [RNNClassifier(**params).fit(*fold) for fold in zip(folds, labels, strict=True)]
    assert len({model.weights_[0].shape for model in fits}) == 1


def n_embedding_rows(largest):
    """Return the number of rows of the embedding after a fit of ids up to the largest."""
    model = RNNClassifier(**{**EMBEDDED, "epochs": 1}).fit([[2, largest], [3]], [0, 1])
    return len(model.weights_[0])


@pytest.mark.any_backend
def test_rnn_tokens_number_of_embedding_rows_is_rounded_up_by_a_quarter_at_most():
    for largest in (3, 7, 100, 30_000):
        assert largest < n_embedding_rows(largest) <= max(1.25 * (largest + 1), 4)
    assert len({n_embedding_rows(largest) for largest in (1030, 1150, 1269)}) == 1


# --- pre-trained vectors --------------------------------------------------------------------------

MATRIX = np.random.default_rng(1).normal(size=(40, 5))


@pytest.mark.parametrize("train", [False, True])
def test_rnn_train_embedding_decides_whether_vectors_are_trained(train):
    given = MATRIX.copy()
    model = RNNClassifier(**TINY, embedding=given, train_embedding=train).fit(X, LABELS)
    rows = model.weights_[0]
    assert_array_equal(given, MATRIX)
    assert rows.shape == MATRIX.shape
    unseen = [row for row in range(40) if row not in np.unique(np.concatenate(X))]
    assert_array_equal(rows[unseen], MATRIX.astype(np.float32)[unseen])
    assert (rows == MATRIX.astype(np.float32)).all() != train


@pytest.mark.any_backend
def test_rnn_embedding_vectors_of_ids_not_seen_in_fit_are_used():
    model = RNNClassifier(**TINY, embedding=MATRIX, train_embedding=False).fit(X, LABELS)
    known, unknown = model.predict_proba([[8, 9, 10]]), model.predict_proba([[8, 1, 10]])
    assert np.abs(known - unknown).max() > 1e-4
    assert_array_equal(model.predict([[0, 0]]), model.predict([[1]]))


def test_rnn_train_embedding_false_equals_numeric_steps():
    model = RNNRegressor(**TINY, embedding=MATRIX, train_embedding=False)
    by_id = model.fit(X, LABELS.astype(float)).predict(X)
    steps = [MATRIX[ids] for ids in X]
    numeric = RNNRegressor(**TINY, standardize=False).fit(steps, LABELS.astype(float))
    numeric.weights_ = by_weights = model.weights_[1:]
    assert [w.shape for w in by_weights] == [w.shape for w in numeric.weights_]
    assert_allclose(numeric.predict(steps), by_id, atol=1e-5)


# --- a target for each token ------------------------------------------------------------------


@pytest.mark.parametrize("side", ["left", "right"])
def test_rnn_tokens_targets_for_each_token_with_or_without_padding(side):
    tags = [np.where(ids == 4, "key", "other") for ids in X]
    params = {**EMBEDDED, "return_sequences": True}
    model = RNNClassifier(**params).fit(X, tags)
    array = padded(9, side)
    of_padding = np.full(array.shape, "padding")
    of_padding[array != 0] = np.concatenate(tags)
    for y in (tags, of_padding, list(of_padding)):
        assert_same_weights(RNNClassifier(**params).fit(array, y), model)
    assert_array_equal(model.classes_, ["key", "other"])
    predicted = model.predict(array)
    assert [len(one) for one in predicted] == [len(ids) for ids in X]
    assert_array_equal(np.concatenate(predicted), np.concatenate(model.predict(X)))
    assert model.score(array, of_padding) == model.score(X, tags)


# --- sparse one-hot rows ----------------------------------------------------------------------

N_SYMBOLS = 5
RNG = np.random.default_rng(0)
N_STEPS = 1 + np.arange(14) % 6
VECTORS = [np.eye(N_SYMBOLS)[RNG.integers(0, N_SYMBOLS, length)] for length in N_STEPS]
for some in VECTORS[::3]:
    some[0] = 0  # a row without a one: a symbol that an encoder did not know
ONE_HOT = [sparse.csr_array(steps) for steps in VECTORS]
PARITY = N_STEPS % 2
SMALL = {"units": 3, "epochs": 2, "batch_size": 4, "random_state": 0}


@pytest.fixture(scope="module")
def symbol_classifier():
    return RNNClassifier(**SMALL).fit(ONE_HOT, PARITY)


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", [sparse.csc_array, sparse.coo_matrix, sparse.csr_matrix])
def test_rnn_one_hot_rows_of_any_sparse_format(symbol_classifier, kind):
    expected = symbol_classifier.predict_proba(ONE_HOT)
    others = [kind(steps) for steps in ONE_HOT]
    assert_array_equal(symbol_classifier.predict_proba(others), expected)
    assert_array_equal(symbol_classifier.predict_proba([others[0], *ONE_HOT[1:]]), expected)
    assert_same_weights(RNNClassifier(**SMALL).fit(others, PARITY), symbol_classifier)


@pytest.mark.any_backend
def test_rnn_one_hot_unused_entries_of_a_matrix_are_ignored(symbol_classifier):
    roomy = sparse.csr_array(ONE_HOT[1])
    roomy.indices = np.append(roomy.indices, [3, 3]).astype(np.int32)
    roomy.data = np.append(roomy.data, [7.0, 7.0])
    expected = symbol_classifier.predict_proba(ONE_HOT[:3])
    with_roomy = [ONE_HOT[0], roomy, ONE_HOT[2]]
    assert_array_equal(symbol_classifier.predict_proba(with_roomy), expected)


@pytest.mark.parametrize(
    "how",
    [
        {"pooling": "mean", "bidirectional": True, "dropout": 0.4},
        {"cell": "gru"},
        {"cell": "simple", "activation": "relu"},
        {"units": (3, 2), "return_sequences": True},
    ],
    ids=["mean, both ways, dropout", "gru", "no fast loop", "stacked, steps"],
)
def test_rnn_one_hot_rows_equal_dense_vectors(how):
    y = [np.arange(n) % 3 for n in N_STEPS] if "return_sequences" in how else PARITY
    fits = [RNNClassifier(**{**SMALL, **how}).fit(x, y) for x in (VECTORS, ONE_HOT)]
    for one, other in zip(*(model.weights_ for model in fits), strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-5)
    for model in fits:
        outputs = [np.concatenate(model.predict_proba(x), axis=None) for x in (VECTORS, ONE_HOT)]
        assert_allclose(*outputs, rtol=0, atol=1e-5)


def test_rnn_one_hot_rows_and_dense_vectors_in_one_fit():
    dense = RNNRegressor(**SMALL).fit(VECTORS, N_STEPS, X_val=VECTORS[:5], y_val=N_STEPS[:5])
    mixed = RNNRegressor(**SMALL).fit(ONE_HOT, N_STEPS, X_val=VECTORS[:5], y_val=N_STEPS[:5])
    assert_allclose(mixed.history_["val_loss"], dense.history_["val_loss"], rtol=1e-5)
    parts = [RNNRegressor(**SMALL).partial_fit(x, N_STEPS) for x in (VECTORS, ONE_HOT)]
    losses = [model.partial_fit(VECTORS, N_STEPS).history_["loss"] for model in parts]
    assert_allclose(*losses, rtol=1e-5)


@pytest.mark.any_backend
@pytest.mark.parametrize(
    "steps",
    [np.eye(N_SYMBOLS)[:3] * 2, np.ones((3, N_SYMBOLS)), np.full((2, N_SYMBOLS), -1.0)],
    ids=["twos", "several ones", "negative"],
)
def test_rnn_sparse_rows_that_are_not_one_hot_are_read_as_numbers(steps):
    x = [*ONE_HOT[:9], sparse.csr_array(steps)]
    numbers = [item.toarray() for item in x]
    fits = [RNNClassifier(**SMALL).fit(some, PARITY[:10]) for some in (x, numbers)]
    assert_same_weights(*fits)


@pytest.mark.any_backend
def test_rnn_one_hot_rows_of_another_width_are_refused():
    model = RNNClassifier(**SMALL).fit(ONE_HOT, PARITY)
    before = model.predict(ONE_HOT)
    with pytest.raises(ValueError, match="X has 6 features, but RNNClassifier is expecting 5"):
        model.predict([sparse.csr_array(np.eye(6)[:2])])
    assert_array_equal(model.predict(ONE_HOT), before)


def test_rnn_one_hot_rows_reach_a_custom_body_as_vectors():
    def body(steps, lengths):
        assert steps.shape == (None, None, N_SYMBOLS)
        return steps * 2

    assert_same_weights(
        *[RNNClassifier(**SMALL, body=body).fit(x, PARITY) for x in (VECTORS, ONE_HOT)]
    )


def test_rnn_one_hot_rows_are_never_made_dense():
    n_symbols, symbols = 100_000, RNG.integers(0, 100_000, (20, 30))
    wide = [sparse.csr_array((np.ones(30), row, np.arange(31)), (30, n_symbols)) for row in symbols]
    model = RNNClassifier(**{**SMALL, "units": 1, "epochs": 1})
    tracemalloc.start()
    model.fit(wide, np.arange(20) % 2).predict(wide)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * 30 * n_symbols * 4 / 5


# --- tables -----------------------------------------------------------------------------------


def table(n=12):
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.normal(size=(n, 3)), columns=["may", "june", "july"])


@pytest.mark.any_backend
def test_rnn_table_is_read_as_univariate_sequences_with_feature_names():
    frame, y = table(), np.arange(12) % 2
    model = RNNClassifier(**TINY).fit(frame, y)
    assert model.n_features_in_ == 3
    assert_array_equal(model.feature_names_in_, frame.columns)
    as_sequences = RNNClassifier(**TINY).fit(frame.to_numpy()[:, :, None], y)
    assert as_sequences.n_features_in_ == 1
    assert not hasattr(as_sequences, "feature_names_in_")
    assert_same_weights(model, as_sequences)


@pytest.mark.any_backend
def test_rnn_table_with_columns_in_another_order_is_refused():
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


@pytest.mark.any_backend
@pytest.mark.parametrize("estimator", [RNNRegressor(**TINY), TimeDistributed(StandardScaler())])
def test_columns_of_tables_in_a_list_keep_their_order(estimator):
    X = np.random.default_rng(0).normal(size=(8, 5, 2))
    tables = [pd.DataFrame(steps, columns=["speed", "height"]) for steps in X]
    estimator.fit(tables, X.sum(axis=(1, 2)))
    assert list(estimator.feature_names_in_) == ["speed", "height"]
    assert estimator.n_features_in_ == 2
    apply = getattr(estimator, "predict", None) or estimator.transform
    with pytest.raises(ValueError, match="feature names should match"):
        apply([table[["height", "speed"]] for table in tables])
