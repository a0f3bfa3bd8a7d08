"""Reservoirs beside the state equation in plain loops, and what must not change their states."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import random_sequences, sigmoid
from scipy import sparse, stats
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skrnn import Sequences
from skrnn.reservoir import Reservoir
from skrnn.sequences import check_sequences

UNITS = 40
ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "identity": lambda x: x,
    "logistic": sigmoid,
}
FULL = np.random.default_rng(1).normal(size=(UNITS, UNITS))
FEW = np.where(np.abs(FULL) > 2.2, FULL, 0.0)
RATES = np.linspace(0.05, 1, UNITS)
X = random_sequences()


def scattered(units, rng):
    return sparse.random_array((units, units), density=0.08, rng=rng)


CASES = {
    "random": {},
    "few links": {"connectivity": 2},
    "density": {"connectivity": 0.5},
    "cycle": {"topology": "cycle"},
    "delay line": {"topology": "delay_line"},
    "orthogonal": {"topology": "orthogonal"},
    "dense matrix": {"topology": FULL},
    "nested lists": {"topology": FULL.tolist()},
    "sparse matrix": {"topology": sparse.csr_array(FEW)},
    "sparse columns": {"topology": sparse.csc_matrix(FEW), "spectral_radius": None},
    "callable": {"topology": scattered},
    "relu": {"activation": "relu"},
    "identity": {"activation": "identity"},
    "logistic": {"activation": "logistic"},
    "activation of one's own": {"activation": np.arctan},
    "leaky": {"leak_rate": 0.3},
    "leak of each unit": {"leak_rate": RATES},
    "leak of each layer": {"layers": 2, "leak_rate": [0.9, 0.2]},
    "leak of each layer and unit": {"layers": 2, "leak_rate": [0.3, RATES]},
    "layers of several sizes": {"layers": 3, "units": (UNITS, 7, 12), "leak_rate": 0.5},
    "bidirectional": {"bidirectional": True},
    "deep and bidirectional": {"bidirectional": True, "layers": 2, "leak_rate": 0.7},
    "plastic": {"plasticity": "intrinsic", "plasticity_rate": 1e-3},
}


def make(**params):
    plain = {"units": UNITS, "connectivity": 3, "dtype": "float64", "random_state": 0}
    return Reservoir(**{**plain, **params})


def dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)


def states_by_hand(layers, steps, activation):
    """x(t) = (1 - a) x(t-1) + a f(W x(t-1) + W_in u(t) + b), layer on layer, from zero."""
    function = ACTIVATIONS.get(activation, activation)
    matrices = [dense(layer.recurrent) for layer in layers]
    states, rows = [np.zeros(layer.units) for layer in layers], []
    for u in steps:
        for i, (layer, w) in enumerate(zip(layers, matrices, strict=True)):
            new = function(w @ states[i] + layer.input_weights @ u + layer.bias)
            u = states[i] = (1 - layer.leak_rate) * states[i] + layer.leak_rate * new
        rows.append(np.concatenate(states))
    return np.array(rows)


def by_hand(reservoir, sequences):
    """Return the states of each sequence, those read from its end beside the others."""
    result = []
    for steps in sequences:
        states = states_by_hand(reservoir.layers_, steps, reservoir.activation)
        if reservoir.bidirectional:
            layers = reservoir.backward_layers_
            behind = states_by_hand(layers, steps[::-1], reservoir.activation)
            states = np.hstack([states, behind[::-1]])
        result.append(states)
    return result


def assert_close(states, expected, atol=1e-12):
    for one, other in zip(states, expected, strict=True):
        assert_allclose(one, other, rtol=0, atol=atol)


def same_weights(one, other):
    layers = (*one.layers_, *one.backward_layers_), (*other.layers_, *other.backward_layers_)
    return all(a.same_as(b) for a, b in zip(*layers, strict=True))


# --- the state equation -----------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_states_follow_the_state_equation(case):
    reservoir = make(**CASES[case]).fit(X)
    expected = by_hand(reservoir, X)
    assert_close(reservoir.transform(X), expected)
    assert_close([reservoir.transform([steps])[0] for steps in X], expected)
    single = clone(reservoir).set_params(dtype="float32").fit(X).transform(X)
    assert {states.dtype for states in single} == {np.dtype("float32")}
    assert_close(single, expected, atol=1e-4)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_many_sequences_and_long_ones(bidirectional):
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 25, 150)
    lengths[[3, 77, 140]] = 1300, 700, 700
    many = [rng.normal(size=(length, 2)) for length in lengths]
    reservoir = make(units=8, layers=2, leak_rate=0.6, bidirectional=bidirectional).fit(many)
    assert_close(reservoir.transform(many), by_hand(reservoir, many))


CUBE = np.random.default_rng(0).normal(size=(5, 6, 2))
CONTAINERS = {
    "list": X,
    "list of one feature": [steps[:, 0] for steps in X],
    "array": CUBE,
    "table": CUBE[:, :, 0],
    "frame": pd.DataFrame(CUBE[:, :, 0]),
    "list of frames": [pd.DataFrame(steps, columns=list("abc")) for steps in X],
    "Series": pd.Series([steps for steps in X]),
    "windows": Sequences(np.concatenate(X), [0, 2, 4, 1, 0], [9, 9, 9, 1, 30]),
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_states_come_in_the_container_of_the_sequences(name, bidirectional):
    batch = CONTAINERS[name]
    reservoir = make(bidirectional=bidirectional)
    states = reservoir.fit_transform(batch)
    assert_close(states, by_hand(reservoir, check_sequences(batch)))
    kinds = {"frame": np.ndarray, "list of frames": list}
    assert isinstance(states, kinds.get(name, type(batch)))
    if isinstance(states, np.ndarray):
        assert states.shape == (5, 6, reservoir.n_states_)


@pytest.mark.parametrize(
    "params", [{}, {"bidirectional": True, "layers": 2}, {"plasticity": "oja"}, {"pooling": "mean"}]
)
def test_one_hot_rows_are_the_dense_rows_that_they_stand_for(params):
    rng = np.random.default_rng(0)
    rows = [np.eye(5)[rng.integers(0, 5, length)] for length in (4, 9, 1, 6)]
    rows[1][3] = 0
    rows[3][:] = 0
    one_hot = [sparse.csr_array(steps) for steps in rows]
    reservoir = make(**params).fit(rows)
    assert_close(reservoir.transform(one_hot), reservoir.transform(rows), atol=1e-14)
    assert same_weights(reservoir, clone(reservoir).fit(one_hot))


# --- what must not matter ---------------------------------------------------------------------

STACK = make(layers=2, leak_rate=0.5).fit(X)
BOTH_WAYS = make(bidirectional=True).fit(X)


@settings(max_examples=25)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    seed=st.integers(0, 99),
    reservoir=st.sampled_from([STACK, BOTH_WAYS]),
)
def test_states_do_not_depend_on_the_batch(lengths, seed, reservoir):
    rng = np.random.default_rng(seed)
    batch = [rng.normal(size=(length, 3)) for length in lengths]
    states = reservoir.transform(batch)
    assert_close([reservoir.transform([steps])[0] for steps in batch], states, atol=1e-13)
    order = rng.permutation(len(batch))
    assert_close(
        reservoir.transform([batch[i] for i in order]), [states[i] for i in order], atol=1e-13
    )


def test_what_comes_later_changes_nothing():
    padded = [np.vstack([steps, np.full((9, 3), 7.0)]) for steps in X]
    for reservoir, units in ((STACK, None), (BOTH_WAYS, UNITS)):
        pairs = zip(reservoir.transform(padded), reservoir.transform(X), strict=True)
        for longer, states in pairs:
            assert_allclose(longer[: len(states), :units], states[:, :units], rtol=0, atol=1e-13)


@pytest.mark.parametrize("params", [{}, {"layers": 2, "leak_rate": 0.8}, {"dtype": "float32"}])
def test_a_series_in_chunks_has_the_states_of_the_series(params):
    series = np.random.default_rng(0).normal(size=(1, 3000, 1))
    whole, chunked = (
        make(**params, chunk_overlap=overlap, spectral_radius=0.5).fit(series)
        for overlap in (None, 5)
    )
    eps = np.finfo(whole.dtype).eps
    assert_allclose(chunked.transform(series), whole.transform(series), rtol=0, atol=64 * eps)
    # One that never forgets is run whole.
    whole, chunked = (
        clone(one).set_params(spectral_radius=3.0).fit(series) for one in (whole, chunked)
    )
    assert_array_equal(chunked.transform(series), whole.transform(series))


def test_an_int_seed_gives_the_same_bits(tmp_path):
    reservoir = make(bidirectional=True, layers=2, plasticity="oja", pooling="states")
    states = reservoir.fit(X).transform(X)
    joblib.dump(reservoir, tmp_path / "reservoir")
    copies = {
        "fitted again": clone(reservoir).fit(X).fit(X),
        "pickled": pickle.loads(pickle.dumps(reservoir)),
        "joblib": joblib.load(tmp_path / "reservoir"),
    }
    for copy in copies.values():
        assert same_weights(reservoir, copy)
        assert_array_equal(copy.transform(X), states, strict=True)
    with ThreadPoolExecutor(2) as pool:
        for at_the_same_time in pool.map(reservoir.transform, [X] * 4):
            assert_array_equal(at_the_same_time, states)


@pytest.mark.parametrize("seed", [1, None, np.random.RandomState(0)])
def test_other_seeds_give_other_weights(seed):
    other = make(random_state=seed).fit(X)
    assert not same_weights(make().fit(X), other)
    assert same_weights(other, clone(other).fit(X)) == (seed == 1)


# --- weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [30, 120])
@pytest.mark.parametrize("radius", [0.5, 1.3])
@pytest.mark.parametrize(
    "topology", ["random", "cycle", "orthogonal", "dense", "sparse", "symmetric", scattered]
)
def test_spectral_radius_is_reached(topology, units, radius):
    given = np.random.default_rng(2).normal(size=(units, units))
    matrices = {
        "dense": given,
        "sparse": sparse.csr_array(np.where(np.abs(given) > 1.5, given, 0)),
        "symmetric": given + given.T,
    }
    topology = matrices.get(topology, topology) if isinstance(topology, str) else topology
    reservoir = make(units=units, topology=topology, spectral_radius=radius, layers=2).fit(X)
    for layer in reservoir.layers_:
        assert_allclose(np.abs(np.linalg.eigvals(dense(layer.recurrent))).max(), radius, rtol=1e-7)


def test_topologies():
    cycle, line, orthogonal = (
        dense(make(topology=name, spectral_radius=0.7).fit(X).layers_[0].recurrent)
        for name in ("cycle", "delay_line", "orthogonal")
    )
    assert_allclose(cycle, 0.7 * np.roll(np.eye(UNITS), 1, axis=0), rtol=1e-12)
    assert_allclose(line, 0.7 * np.eye(UNITS, k=-1), rtol=1e-12)
    assert_allclose(orthogonal @ orthogonal.T, 0.49 * np.eye(UNITS), atol=1e-12)


@pytest.mark.parametrize("topology", [FULL, sparse.csr_array(FEW), np.eye(UNITS, k=1)])
def test_without_a_spectral_radius_a_matrix_stays_as_it_is(topology):
    reservoir = make(topology=topology, spectral_radius=None).fit(X)
    assert_array_equal(dense(reservoir.layers_[0].recurrent), dense(topology))


@pytest.mark.parametrize("units", [20, 150])
def test_a_matrix_without_cycles_has_no_spectral_radius_to_scale(units):
    order = np.random.default_rng(0).permutation(units)
    line = np.eye(units, k=-1)
    for matrix in (line, line[order][:, order], sparse.csr_array(line[order][:, order])):
        with pytest.raises(ValueError, match="topology is a matrix of spectral radius 0"):
            make(units=units, topology=matrix).fit(X)


@pytest.mark.parametrize(("connectivity", "links"), [(1, 1), (7, 7), (0.25, 10), (1.0, 40), (99, 40)])
def test_every_unit_has_as_many_links(connectivity, links):
    matrix = dense(make(connectivity=connectivity).fit(X).layers_[0].recurrent)
    assert_array_equal(np.count_nonzero(matrix, axis=1), links)


def test_input_weights_and_biases_are_scaled():
    scaling = np.array([0.0, 0.5, 2.0])
    for kind in ("uniform", "binary", "normal"):
        unit, scaled = (
            make(input_weights=kind, input_scaling=s, bias_scaling=0.3).fit(X).layers_[0]
            for s in (1.0, scaling)
        )
        assert_allclose(scaled.input_weights, unit.input_weights * scaling, rtol=1e-12)
        assert 0.2 < np.abs(unit.bias).max() <= 0.3
        if kind == "binary":
            assert_array_equal(np.abs(unit.input_weights), 1)
        if kind == "uniform":
            assert 0.9 < np.abs(unit.input_weights).max() <= 1
    for given in (FULL[:, :3], lambda units, n_features, rng: FULL[:units, :n_features]):
        layer = make(input_weights=given, input_scaling=2.0).fit(X).layers_[0]
        assert_array_equal(layer.input_weights, 2 * FULL[:, :3])


@pytest.mark.parametrize(("radius", "forgets"), [(0.6, True), (4.0, False)])
def test_small_radii_forget_the_start_and_large_ones_do_not(radius, forgets):
    reservoir = make(spectral_radius=radius, input_scaling=0.1).fit(X)
    sequences = check_sequences([np.random.default_rng(0).normal(size=(300, 3))])
    starts = np.random.default_rng(1).uniform(-1, 1, (2, UNITS))
    one, other = (
        [piece.states[0][-1] for piece in reservoir._pieces(sequences, initial=[start])][-1]
        for start in starts
    )
    distance = np.abs(one - other).max()
    assert distance < 1e-12 if forgets else distance > 0.1


# --- pooling ----------------------------------------------------------------------------------
