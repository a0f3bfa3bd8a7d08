"""Cells that run as parallel scans and cells with a refine gate, in estimators."""

import pickle

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import (
    assert_close_weights,
    assert_same_bits,
    network_spec,
    numpy_head,
    pad,
    random_sequences,
    weights_by_layer,
)
from scipy.sparse import csr_array
from sklearn.base import clone

from skrnn import RNNClassifier, RNNRegressor
from skrnn._cells import SCAN_CELLS
from skrnn.networks.architecture import build_network, initial_weights
from skrnn.networks.cells import ScanCell, get_cell
from skrnn.networks.cells.lru import MAX_PHASE, R_MAX, R_MIN

NEW = [*SCAN_CELLS, "refine_lstm", "refine_gru"]
X = random_sequences()
Y = np.array([float(steps[-1, 0]) for steps in X])
TAGS = np.arange(len(X)) % 2
rng = np.random.default_rng(0)
TOKENS = [rng.integers(1, 6, len(steps)) for steps in X]
ONE_HOT = [csr_array(np.eye(6)[tokens]) for tokens in TOKENS]
SMALL = {"epochs": 2, "batch_size": 3, "random_state": 0}
STACK = {"units": (3, 2), "bidirectional": True, "pooling": "mean", "standardize": False}


@pytest.mark.parametrize("cell", NEW)
def test_scan_cell_network_equals_numpy_and_ignores_padding(cell):
    model = RNNRegressor(cell=cell, dropout=0.2, **STACK, **SMALL).fit(X, Y)
    predicted = model.predict(X)
    layers = weights_by_layer(model)
    scale, offset = np.std(Y), np.mean(Y)
    expected = [numpy_head(layers, model._spec, steps)[0] * scale + offset for steps in X]
    assert_allclose(predicted, expected, rtol=0, atol=1e-5)
    assert_allclose([model.predict([x])[0] for x in X], predicted, rtol=0, atol=1e-5)
    assert_same_bits(clone(model).fit(X, Y), model)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


@pytest.mark.parametrize("cell", NEW)
def test_scan_cell_one_hot_codes_equal_vectors(cell):
    params = {"cell": cell, "units": 3, "dropout": 0.3, **SMALL}
    codes = RNNClassifier(**params).fit(ONE_HOT, TAGS)
    vectors = RNNClassifier(**params).fit([steps.toarray() for steps in ONE_HOT], TAGS)
    assert_close_weights(codes, vectors, atol=1e-5)


def test_scan_cell_reads_tokens_and_predicts_each_time_step():
    model = RNNClassifier(cell="lru", units=3, embedding=2, return_sequences=True, **SMALL)
    model.fit(TOKENS, [tokens % 2 for tokens in TOKENS])
    for tokens, together in zip(TOKENS, model.predict_proba(TOKENS), strict=True):
        assert_allclose(model.predict_proba([tokens])[0], together, atol=1e-5)


@pytest.mark.parametrize("cell", SCAN_CELLS)
def test_recurrent_dropout_of_scan_cell_raises_and_keeps_the_fit(cell):
    model = RNNRegressor(cell="lstm", units=2, epochs=1, random_state=0).fit(X, Y)
    before = model.weights_
    model.set_params(cell=cell, recurrent_dropout=0.2)
    with pytest.raises(ValueError, match=rf"recurrent_dropout=0.2 .* cell='{cell}' does not have"):
        model.fit(X, Y)
    assert_same_bits(before, model)


def test_scan_cells_are_those_without_a_recurrent_kernel():
    assert [cell for cell in NEW if isinstance(get_cell(cell), ScanCell)] == list(SCAN_CELLS)


def test_recurrent_dropout_of_refine_gates_changes_the_fit():
    params = {"cell": "refine_gru", "units": 3, **SMALL}
    with_dropout = RNNRegressor(recurrent_dropout=0.5, **params).fit(X, Y)
    without = RNNRegressor(**params).fit(X, Y)
    assert not np.allclose(with_dropout.predict(X), without.predict(X))


def test_lru_starts_on_the_ring_and_normalizes_its_states():
    network = build_network(network_spec(cell="lru", units=(2000,), n_features=2))
    names = [variable.name for variable in network.model.weights]
    first = dict(zip(names, initial_weights(network, np.random.default_rng(0)), strict=False))
    size = np.exp(-np.exp(first["nu_log"]))
    assert R_MIN <= size.min() < size.max() <= R_MAX
    # On a ring, squares of the radius are uniform, and so are the phases.
    quarters = [0.25, 0.5, 0.75]
    ring = R_MIN**2 + np.array(quarters) * (R_MAX**2 - R_MIN**2)
    assert_allclose(np.quantile(size**2, quarters), ring, atol=0.01)
    phases = np.exp(first["theta_log"]) / MAX_PHASE
    assert_allclose(np.quantile(phases, quarters), quarters, atol=0.04)
    # The variance of a state with white noise as input is that of the input.
    gained = np.exp(2 * first["gamma_log"]) / (1 - size**2)
    assert_allclose(gained, 1, rtol=1e-3)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_lru_saved_model_opens_again(tmp_path):
    model = RNNRegressor(cell="lru", units=3, bidirectional=True, l2=0.1, **SMALL).fit(X, Y)
    model.model_.save(tmp_path / "model.keras")
    opened = keras.saving.load_model(tmp_path / "model.keras")
    outputs = ops.convert_to_numpy(opened(list(pad([x.astype("float32") for x in X]))))
    assert_allclose(outputs[:, 0], model.predict(X), atol=1e-5)
