"""Sparse one-hot steps: read as codes, with the results of the vectors that they stand for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skrnn import RNNClassifier, RNNRegressor
from skrnn.sequences._inputs import read_one_hot

N_SYMBOLS = 5
RNG = np.random.default_rng(0)
LENGTHS = 1 + np.arange(14) % 6
DENSE = [np.eye(N_SYMBOLS)[RNG.integers(0, N_SYMBOLS, length)] for length in LENGTHS]
for some in DENSE[::3]:
    some[0] = 0  # a symbol that an encoder did not know
SPARSE = [sparse.csr_array(steps) for steps in DENSE]
LABELS = LENGTHS % 2
PARAMS = {"units": 3, "epochs": 2, "batch_size": 4, "random_state": 0}


def test_codes_are_the_places_of_the_ones():
    inputs, n_features = read_one_hot(SPARSE)
    assert n_features == N_SYMBOLS
    expected = [np.where(steps.any(axis=1), steps.argmax(axis=1), -1) for steps in DENSE]
    assert_array_equal(inputs.sequences.values, np.concatenate(expected))
    assert_array_equal(inputs.lengths, LENGTHS)


@pytest.mark.parametrize("kind", [sparse.csc_array, sparse.coo_matrix, sparse.csr_matrix])
def test_sparse_rows_of_any_kind_are_the_same_codes(kind):
    expected, _ = read_one_hot(SPARSE)
    inputs, n_features = read_one_hot([kind(steps) for steps in SPARSE])
    assert n_features == N_SYMBOLS
    assert_array_equal(inputs.sequences.values, expected.sequences.values)
    mixed, _ = read_one_hot([kind(SPARSE[0]), *SPARSE[1:]])
    assert_array_equal(mixed.sequences.values, expected.sequences.values)


def test_room_to_spare_in_a_matrix_is_no_step():
    roomy = sparse.csr_array(SPARSE[1])
    roomy.indices = np.append(roomy.indices, [3, 3]).astype(np.int32)
    roomy.data = np.append(roomy.data, [7.0, 7.0])
    inputs, _ = read_one_hot([SPARSE[0], roomy, SPARSE[2]])
    expected, _ = read_one_hot(SPARSE[:3])
    assert_array_equal(inputs.sequences.values, expected.sequences.values)


@pytest.mark.parametrize(
    "how",
    [
        {"pooling": "mean"},
        {"cell": "gru", "bidirectional": True, "dropout": 0.4},
        {"cell": "simple", "activation": "relu"},
        {"units": (3, 2), "return_sequences": True},
    ],
    ids=["mean", "both ways, dropout", "no fast loop", "stacked, steps"],
)
def test_sparse_rows_train_and_predict_as_their_vectors(how):
    y = [np.arange(n) % 3 for n in LENGTHS] if "return_sequences" in how else LABELS
    fits = [RNNClassifier(**{**PARAMS, **how}).fit(x, y) for x in (DENSE, SPARSE)]
    for one, other in zip(fits[0].weights_, fits[1].weights_, strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-5)
    for model in fits:
        outputs = [np.concatenate(model.predict_proba(x), axis=None) for x in (DENSE, SPARSE)]
        assert_allclose(*outputs, rtol=0, atol=1e-5)


def test_sparse_and_dense_batches_go_together():
    dense = RNNRegressor(**PARAMS).fit(DENSE, LENGTHS, X_val=DENSE[:5], y_val=LENGTHS[:5])
    mixed = RNNRegressor(**PARAMS).fit(SPARSE, LENGTHS, X_val=DENSE[:5], y_val=LENGTHS[:5])
    assert_allclose(mixed.history_["val_loss"], dense.history_["val_loss"], rtol=1e-5)
    going_on = RNNRegressor(**PARAMS).partial_fit(SPARSE, LENGTHS).partial_fit(DENSE, LENGTHS)
    assert_allclose(going_on.history_["loss"], mixed.history_["loss"], rtol=1)


@pytest.mark.parametrize(
    "steps",
    [np.eye(N_SYMBOLS)[:3] * 2, np.ones((3, N_SYMBOLS)), np.full((2, N_SYMBOLS), -1.0)],
    ids=["twos", "several ones", "negative"],
)
def test_sparse_rows_that_are_not_one_hot_are_read_as_numbers(steps):
    x = [*SPARSE[:9], sparse.csr_array(steps)]
    assert read_one_hot(x) == (None, None)
    numbers = [item.toarray() for item in x]
    fits = [RNNClassifier(**PARAMS).fit(some, LABELS[:10]) for some in (x, numbers)]
    assert_array_equal(fits[0].weights_[0], fits[1].weights_[0])


def test_another_number_of_symbols_is_refused():
    model = RNNClassifier(**PARAMS).fit(SPARSE, LABELS)
    before = model.predict(SPARSE)
    with pytest.raises(ValueError, match="X has 6 features, but RNNClassifier is expecting 5"):
        model.predict([sparse.csr_array(np.eye(6)[:2])])
    assert_array_equal(model.predict(SPARSE), before)


def test_a_body_of_the_users_sees_vectors():
    def body(steps, lengths):
        assert steps.shape == (None, None, N_SYMBOLS)
        return steps * 2

    fits = [RNNClassifier(**PARAMS, body=body).fit(x, LABELS) for x in (DENSE, SPARSE)]
    assert_array_equal(fits[0].weights_[0], fits[1].weights_[0])


def test_memory_is_that_of_the_codes():
    wide = [sparse.csr_array(([1.0], [7], [0, 1]), shape=(1, 10**9)) for _ in range(3)]
    inputs, n_features = read_one_hot(wide)
    assert n_features == 10**9
    assert inputs.sequences.values.nbytes == 12
