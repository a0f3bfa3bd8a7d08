"""The first biases of the gates, which decide how long each unit remembers its state."""

import pickle

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import assert_close_weights, assert_same_bits, count_programs, network_spec
from scipy.special import expit
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skrnn import RNNClassifier, RNNRegressor
from skrnn._cells import BIAS_INITIALIZERS, CELLS, CELLS_WITHOUT_GATES
from skrnn.networks.architecture import build_network, initial_weights
from skrnn.networks.architecture.first_weights import memory_logits, with_memory
from skrnn.networks.backends import precision
from skrnn.networks.cells import get_cell, run_steps

GATED = [cell for cell in CELLS if cell not in CELLS_WITHOUT_GATES]
X = [np.full((length, 2), 0.5) for length in (3, 9, 5, 9)]
Y = np.array([0.0, 1.0, 2.0, 3.0])
UNITS = 4


def first_weights(bias_initializer, **fields):
    """Return the first weights of a network of two layers in both directions."""
    network = build_network(network_spec(units=(UNITS, 3), bidirectional=True, **fields))
    return initial_weights(network, np.random.default_rng(0), bias_initializer, 9)


@pytest.mark.parametrize("cell", CELLS)
def test_cells_without_gates_have_no_memory_gates(cell):
    assert bool(get_cell(cell).memory_gates) == (cell in GATED)


def drawn(bias_initializer, units=20_000, longest=100):
    return memory_logits(bias_initializer, units, longest, np.random.default_rng(0))


def test_chrono_spreads_times_of_forgetting_over_the_longest_sequence():
    times = np.exp(drawn("chrono"))
    assert 1 <= times.min() < 1.1
    assert 98.9 < times.max() <= 99
    assert_allclose(np.quantile(times, [0.25, 0.5, 0.75]), [25.5, 50, 74.5], rtol=0.03)


def test_uniform_gate_spreads_fractions_kept_between_zero_and_one():
    kept = expit(drawn("uniform_gate"))
    assert kept.min() >= 1 / 20_000
    assert kept.max() <= 1 - 1 / 20_000
    assert_allclose(np.quantile(kept, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], rtol=0.03)


@pytest.mark.parametrize("longest", [1, 2])
def test_chrono_of_the_shortest_sequences_is_finite(longest):
    assert_array_equal(drawn("chrono", 3, longest), 0)


def test_uniform_gate_of_a_single_unit_keeps_one_half():
    assert_array_equal(drawn("uniform_gate", 1), 0)


@pytest.mark.parametrize("cell", GATED)
def test_memory_bias_is_the_fraction_of_a_state_kept_at_each_step(cell):
    described, logits = get_cell(cell), np.array([-1.0, 0.5, 3.0])
    shapes = described.weight_shapes(1, 3)
    weights = {name: np.zeros(shape) for name, shape in shapes.items()}
    weights["bias"] = with_memory(weights["bias"], described, logits)
    states = [np.full((1, 3), 0.7) for _ in range(described.n_states)]
    with precision("float64"):
        _, last = run_steps(described, np.zeros((1, 5, 1)), None, weights, states)
    kept = ops.convert_to_numpy(last[-1])[0] / 0.7
    expected = expit(logits)
    if "refine" in described.gates:
        # The refine gate is one minus the forget gate.
        expected = expected * (expected + 2 * (1 - expected) ** 2)
    assert_allclose(kept, expected**5, rtol=1e-12)


@pytest.mark.parametrize("cell", ["refine_lstm", "refine_gru"])
def test_uniform_gate_is_the_default_of_refine_gates(cell):
    default, uniform = (first_weights(name, cell=cell) for name in ("default", "uniform_gate"))
    assert_same_bits(default, uniform)
    forget, refine = default[2].reshape(4, UNITS)[:2]
    assert_array_equal(refine, -forget)
    assert len(set(forget)) == UNITS


def test_lstm_with_memory_closes_the_input_gate_as_far_as_the_forget_gate_opens():
    bias = with_memory(np.zeros(12), get_cell("lstm"), np.array([1.0, 2.0, 3.0]))
    assert_array_equal(bias.reshape(4, 3), [[-1, -2, -3], [1, 2, 3], [0, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize("name", ["chrono", "uniform_gate"])
@pytest.mark.parametrize("cell", GATED)
def test_bias_initializer_changes_only_the_biases_of_memory_gates(cell, name):
    gates, memory = list(get_cell(cell).gates), get_cell(cell).memory_gates
    # Cells with a refine gate start with "uniform_gate" by default.
    other = "chrono" if name == get_cell(cell).bias_initializer else "default"
    changes = [
        first != second
        for first, second in zip(
            first_weights(other, cell=cell), first_weights(name, cell=cell), strict=True
        )
    ]
    changed = [one for one in changes if one.any()]
    # One bias for each layer and direction.
    assert len(changed) == 4
    for one in changed:
        by_gate = np.atleast_2d(one)[0].reshape(len(gates), -1)
        assert by_gate.any(axis=1).tolist() == [gate in memory for gate in gates]
        assert one.sum() == by_gate.sum()


def test_chrono_depends_on_the_longest_training_sequence(monkeypatch):
    built = count_programs(monkeypatch)
    model = RNNRegressor(units=UNITS, epochs=1, learning_rate=1e-30, random_state=0)
    model.set_params(bias_initializer="chrono")
    for longest in (9, 40):
        model.fit([*X[:3], np.full((longest, 2), 0.5)], Y)
        times = np.exp(model.weights_[2][UNITS : 2 * UNITS])
        assert (times >= 1).all()
        assert (times <= longest - 1 + 1e-3).all()
        assert times.max() > longest / 3
    model.set_params(bias_initializer="default").fit(X, Y)
    assert_allclose(model.weights_[2][UNITS : 2 * UNITS], 1)
    assert len(built) == 1


def test_bias_initializer_with_token_ids_and_return_sequences():
    tokens = [np.arange(2, 2 + length) for length in (3, 7)]
    params = {"embedding": 3, "return_sequences": True, "units": UNITS, "epochs": 1}
    model = RNNRegressor(**params, bias_initializer="chrono", random_state=0)
    model.fit(tokens, [np.arange(3.0), np.arange(7.0)])
    assert model.weights_[3].max() > 1.05


@pytest.mark.parametrize("name", ["chrono", "uniform_gate"])
def test_bias_initializer_with_clone_pickle_and_equal_seeds(name):
    model = RNNClassifier(units=3, epochs=2, bias_initializer=name, random_state=0)
    labels = ["a", "b", "a", "b"]
    fitted = clone(model).fit(X, labels)
    assert_same_bits(fitted, clone(fitted).fit(X, labels))
    assert_same_bits(fitted, pickle.loads(pickle.dumps(fitted)))
    assert clone(fitted).bias_initializer == name


def test_bias_initializer_in_a_grid():
    grid = {"bias_initializer": list(BIAS_INITIALIZERS)}
    search = GridSearchCV(RNNRegressor(units=UNITS, epochs=1, random_state=0), grid, cv=2).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_warm_start_continues_from_weights_and_not_from_bias_initializer():
    model = RNNRegressor(units=2, epochs=1, warm_start=True, learning_rate=1e-30, random_state=0)
    before = model.fit(X, Y).weights_
    after = model.set_params(bias_initializer="chrono").fit(X, Y).weights_
    assert_close_weights(before, after, atol=1e-20)


@pytest.mark.parametrize("cell", ["simple", "indrnn", keras.layers.GRUCell])
def test_bias_initializer_without_gates_raises_and_keeps_the_fit(cell):
    model = RNNRegressor(units=2, epochs=1, random_state=0).fit(X, Y)
    before = model.weights_
    with pytest.raises(ValueError, match="bias_initializer='chrono' sets the biases of gates"):
        model.set_params(cell=cell, bias_initializer="chrono").fit(X, Y)
    assert_same_bits(before, model)


def test_unknown_bias_initializer_raises():
    with pytest.raises(ValueError, match="The 'bias_initializer' parameter of RNNRegressor"):
        RNNRegressor(bias_initializer="ones").fit(X, Y)
