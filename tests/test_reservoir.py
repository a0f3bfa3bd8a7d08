"""Reservoirs against the state equation in plain loops, and what their states do not depend on."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from sklearn.base import clone

from skrnn import Sequences
from skrnn.reservoir import Reservoir
from skrnn.sequences import check_sequences

UNITS = 40
ACTIVATIONS = {
    "tanh": np.tanh, "relu": lambda x: np.maximum(x, 0),
    "identity": lambda x: x, "logistic": lambda x: 1 / (1 + np.exp(-x)),
}  # fmt: skip
FULL = np.random.default_rng(1).normal(size=(UNITS, UNITS))
FEW = np.where(np.abs(FULL) > 2.2, FULL, 0.0)
RATES = np.linspace(0.05, 1, UNITS)
X = [np.random.default_rng(length).normal(size=(length, 3)) for length in (3, 1, 6, 4, 2, 16, 5, 6)]


CASES = {
    "random": {},
    "cycle, logistic": {"topology": "cycle", "activation": "logistic"},
    "delay line, linear": {"topology": "delay_line", "activation": "identity"},
    "orthogonal, relu": {"topology": "orthogonal", "activation": "relu"},
    "dense matrix, another activation": {"topology": FULL, "activation": np.arctan},
    "sparse matrix": {"topology": sparse.csc_matrix(FEW)},
    "callable": {"topology": lambda units, rng: rng.normal(size=(units, units))},
    "leak of each unit": {"leak_rate": RATES},
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
    matrices = [dense(layer.recurrent_weights) for layer in layers]
    states, rows = [np.zeros(layer.units) for layer in layers], []
    for u in steps:
        for i, (layer, w) in enumerate(zip(layers, matrices, strict=True)):
            new = function(w @ states[i] + layer.input_weights @ u + layer.bias)
            u = states[i] = (1 - layer.leak_rate) * states[i] + layer.leak_rate * new
        rows.append(np.concatenate(states))
    return np.array(rows)


def by_hand(reservoir, sequences):
    """Return the states of each sequence; those of the backward direction follow the others."""
    f, layers, backward = reservoir.activation, reservoir.layers_, reservoir.backward_layers_
    states = [states_by_hand(layers, steps, f) for steps in sequences]
    if backward:
        behind = [states_by_hand(backward, steps[::-1], f)[::-1] for steps in sequences]
        states = [np.hstack(pair) for pair in zip(states, behind, strict=True)]
    return states


def assert_close(states, expected, atol=1e-12):
    for one, other in zip(states, expected, strict=True):
        assert_allclose(one, other, rtol=0, atol=atol)


def same_weights(one, other):
    layers = (*one.layers_, *one.backward_layers_), (*other.layers_, *other.backward_layers_)
    return all(a.equals(b) for a, b in zip(*layers, strict=True))


# --- states and weights -----------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_reservoir_states_follow_the_equation(case):
    reservoir = make(**CASES[case]).fit(X)
    expected = by_hand(reservoir, X)
    assert_close(reservoir.transform(X), expected)
    assert_close([reservoir.transform([steps])[0] for steps in X], expected)
    assert_close(clone(reservoir).set_params(dtype="float32").fit_transform(X), expected, 1e-4)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_reservoir_many_and_long_sequences(bidirectional):
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
    "Series": pd.Series(X),
    "windows": Sequences(np.concatenate(X), [0, 2, 4, 1, 0], [9, 9, 9, 1, 30]),
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_reservoir_transform_keeps_the_container(name, bidirectional):
    batch = CONTAINERS[name]
    reservoir = make(bidirectional=bidirectional)
    states = reservoir.fit_transform(batch)
    assert_close(states, by_hand(reservoir, check_sequences(batch, dtype=np.float64)))
    assert isinstance(states, np.ndarray if name == "frame" else type(batch))
    if isinstance(states, np.ndarray):
        assert states.shape == (5, 6, reservoir.n_states_)


ONE_HOT = [{}, {"bidirectional": True, "layers": 2}, {"plasticity": "oja"}]


@pytest.mark.parametrize("params", ONE_HOT)
def test_reservoir_one_hot_rows_equal_dense_rows(params):
    rng = np.random.default_rng(0)
    rows = [np.eye(5)[rng.integers(0, 5, length)] for length in (4, 9, 1, 6)]
    rows[1][3] = 0
    rows[3][:] = 0
    one_hot = [sparse.csr_array(steps) for steps in rows]
    reservoir = make(**params).fit(rows)
    assert_close(reservoir.transform(one_hot), reservoir.transform(rows), atol=1e-14)
    assert same_weights(reservoir, clone(reservoir).fit(one_hot))


LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=12)
STACK = make(layers=2, leak_rate=0.5).fit(X)
BOTH_WAYS = make(bidirectional=True).fit(X)


@settings(max_examples=25)
@given(lengths=LENGTHS, seed=st.integers(0, 99), reservoir=st.sampled_from([STACK, BOTH_WAYS]))
def test_reservoir_states_do_not_depend_on_the_batch(lengths, seed, reservoir):
    rng = np.random.default_rng(seed)
    batch = [rng.normal(size=(length, 3)) for length in lengths]
    states = reservoir.transform(batch)
    order = rng.permutation(len(batch))
    shuffled = reservoir.transform([batch[i] for i in order])
    assert_close(shuffled, [states[i] for i in order], atol=1e-13)
    assert_close([reservoir.transform([steps])[0] for steps in batch], states, atol=1e-13)


def test_reservoir_states_do_not_depend_on_later_steps():
    padded = [np.vstack([steps, np.full((9, 3), 7.0)]) for steps in X]
    for reservoir, units in ((STACK, None), (BOTH_WAYS, UNITS)):
        for longer, states in zip(*map(reservoir.transform, (padded, X)), strict=True):
            assert_allclose(longer[: len(states), :units], states[:, :units], rtol=0, atol=1e-13)


@pytest.mark.parametrize("radius", [0.5, 3.0])
@pytest.mark.parametrize("params", [{}, {"layers": 2, "leak_rate": 0.8}, {"dtype": "float32"}])
def test_reservoir_chunk_overlap_keeps_the_states(params, radius):
    series = np.random.default_rng(0).normal(size=(1, 3000, 1))
    whole = make(**params, spectral_radius=radius, input_scaling=0.1).fit(series)
    chunked = clone(whole).set_params(chunk_overlap=5).fit(series)
    blocks = chunked._dynamics().blocks(check_sequences(series, dtype=whole.dtype))
    # A reservoir that does not forget runs the whole series.
    assert (max(len(block.sequences) for block in blocks) > 1) == (radius < 1)
    atol = 64 * np.finfo(whole.dtype).eps if radius < 1 else 0
    assert_close(chunked.transform(series), whole.transform(series), atol)


def test_reservoir_random_state_int_gives_equal_bits(tmp_path):
    reservoir = make(bidirectional=True, layers=2, plasticity="oja", pooling="model_space")
    states = reservoir.fit(X).transform(X)
    joblib.dump(reservoir, tmp_path / "reservoir")
    pickled = pickle.loads(pickle.dumps(reservoir))
    for copy in (clone(reservoir).fit(X).fit(X), pickled, joblib.load(tmp_path / "reservoir")):
        assert same_weights(reservoir, copy)
        assert_array_equal(copy.transform(X), states, strict=True)
    with ThreadPoolExecutor(2) as pool:
        at_the_same_time = list(pool.map(reservoir.transform, [X] * 4))
    assert_array_equal(at_the_same_time, [states] * 4)


@pytest.mark.parametrize("seed", [1, None, np.random.RandomState(5)])
def test_reservoir_random_state_changes_the_weights(seed):
    other = make(random_state=seed).fit(X)
    assert not same_weights(make().fit(X), other)
    assert same_weights(other, clone(other).fit(X)) == (seed == 1)


@pytest.mark.parametrize("units", [30, 120])
@pytest.mark.parametrize("radius", [0.5, 1.3])
@pytest.mark.parametrize("kind", ["random", "cycle", "orthogonal", "dense", "sparse", "symmetric"])
def test_reservoir_spectral_radius(kind, units, radius):
    given = np.random.default_rng(2).normal(size=(units, units))
    few = sparse.csr_array(np.where(np.abs(given) > 1.5, given, 0))
    matrices = {"dense": given, "sparse": few, "symmetric": given + given.T}
    reservoir = make(units=units, topology=matrices.get(kind, kind), spectral_radius=radius).fit(X)
    found = np.abs(np.linalg.eigvals(dense(reservoir.layers_[0].recurrent_weights))).max()
    assert_allclose(found, radius, rtol=1e-7)


def test_reservoir_topology_names():
    cycle, line, orthogonal = (
        dense(make(topology=name, spectral_radius=0.7).fit(X).layers_[0].recurrent_weights)
        for name in ("cycle", "delay_line", "orthogonal")
    )
    assert_allclose(cycle, 0.7 * np.roll(np.eye(UNITS), 1, axis=0), rtol=1e-12)
    assert_allclose(line, 0.7 * np.eye(UNITS, k=-1), rtol=1e-12)
    assert_allclose(orthogonal @ orthogonal.T, 0.49 * np.eye(UNITS), atol=1e-12)


@pytest.mark.parametrize("topology", [FULL, sparse.csr_array(FEW), np.eye(UNITS, k=1)])
def test_reservoir_spectral_radius_none_keeps_the_matrix(topology):
    reservoir = make(topology=topology, spectral_radius=None).fit(X)
    assert_array_equal(dense(reservoir.layers_[0].recurrent_weights), dense(topology))


@pytest.mark.parametrize("units", [20, 150])
def test_reservoir_topology_without_cycles_is_refused(units):
    order = np.random.default_rng(0).permutation(units)
    line = np.eye(units, k=-1)
    for matrix in (line, line[order][:, order], sparse.csr_array(line[order][:, order])):
        with pytest.raises(ValueError, match="topology is a matrix of spectral radius 0"):
            make(units=units, topology=matrix).fit(X)


@pytest.mark.parametrize(("connectivity", "n_connections"), [(1, 1), (7, 7), (0.25, 10), (99, 40)])
def test_reservoir_connectivity(connectivity, n_connections):
    matrix = dense(make(connectivity=connectivity).fit(X).layers_[0].recurrent_weights)
    assert_array_equal(np.count_nonzero(matrix, axis=1), n_connections)


@pytest.mark.parametrize("kind", ["uniform", "binary", "normal"])
def test_reservoir_input_scaling_and_bias_scaling(kind):
    plain, scaled = (
        make(input_weights=kind, input_scaling=scaling, bias_scaling=0.3).fit(X).layers_[0]
        for scaling in (1.0, np.array([0.0, 0.5, 2.0]))
    )
    assert_allclose(scaled.input_weights, plain.input_weights * [0.0, 0.5, 2.0], rtol=1e-12)
    assert 0.2 < np.abs(plain.bias).max() <= 0.3
    size = np.abs(plain.input_weights)
    assert {"uniform": 0.9 < size.max() <= 1, "binary": (size == 1).all()}.get(kind, size.max() > 1)


@pytest.mark.parametrize("scaling", [1.0, np.array([0.0, 0.5, 1.0])])
def test_reservoir_input_weights_of_deeper_layers(scaling):
    reservoir = make(units=(300, 200), layers=2, input_scaling=scaling).fit(X)
    weights, bound = reservoir.layers_[1].input_weights, np.mean(scaling) * np.sqrt(3 / 300)
    assert weights.shape == (200, 300)
    assert 0.99 * bound < np.abs(weights).max() <= bound
    assert_allclose(weights.std(), np.mean(scaling) / np.sqrt(300), rtol=0.02)


@pytest.mark.parametrize("weights", [FULL[:, :3], lambda units, n, rng: FULL[:units, :n]])
def test_reservoir_input_weights_custom(weights):
    layer = make(input_weights=weights, input_scaling=2.0).fit(X).layers_[0]
    assert_array_equal(layer.input_weights, 2 * FULL[:, :3])


@pytest.mark.parametrize(("radius", "forgets"), [(0.6, True), (4.0, False)])
def test_reservoir_spectral_radius_and_initial_state(radius, forgets):
    reservoir = make(spectral_radius=radius, input_scaling=0.1).fit(X)
    sequences = check_sequences([np.random.default_rng(0).normal(size=(300, 3))])
    starts = np.random.default_rng(1).uniform(-1, 1, (2, UNITS))
    ends = [
        [*reservoir._dynamics().blocks(sequences, initial=[one])][-1].states[0][-1]
        for one in starts
    ]
    distance = np.ptp(ends, axis=0).max()
    assert distance < 1e-12 if forgets else distance > 0.1


LONG = [steps for steps in X if len(steps) > 2]


@pytest.mark.parametrize("params", [{}, {"bidirectional": True, "layers": 2}])
@pytest.mark.parametrize("washout", [0, 2])
def test_reservoir_pooling_last_and_mean(params, washout):
    states = make(**params).fit_transform(LONG)
    half = states[0].shape[1] // 2 if params.get("bidirectional") else states[0].shape[1]
    # The backward direction ends at the first step.
    pools = {
        "last": lambda x: np.r_[x[-1, :half], x[0, half:]],
        "mean": lambda x: x[washout:].mean(axis=0),
    }
    for pooling, pool in pools.items():
        pooled = make(**params, washout=washout, pooling=pooling).fit_transform(LONG)
        assert_close(pooled, [pool(one) for one in states], atol=1e-13)


@pytest.mark.parametrize("washout", [0, 2])
def test_reservoir_pooling_model_space(washout):
    params = {"units": 6, "washout": washout}
    states = make(**params).fit_transform(LONG)
    every = np.concatenate(states)
    axes = np.linalg.svd(every - every.mean(axis=0))[2]
    models = []
    for one in states:
        h = (one[washout:] - every.mean(axis=0)) @ axes.T
        now = np.hstack([h[:-1], np.ones((len(h) - 1, 1))])
        models.append(np.linalg.solve(now.T @ now + 10 * np.eye(7), now.T @ h[1:]).ravel())
    pooled = make(**params, pooling="model_space").fit_transform(LONG)
    # The sign of an axis is arbitrary.
    assert_allclose(np.abs(pooled), np.abs(models), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("pooling", [None, "last", "mean", "model_space"])
def test_reservoir_feature_names(pooling):
    reservoir = make(units=(5, 4), layers=2, bidirectional=True, pooling=pooling).fit(LONG)
    names = reservoir.get_feature_names_out()
    n_columns = 18 * 19 if pooling == "model_space" else 18
    assert_array_equal(names, [f"reservoir{i}" for i in range(n_columns)])
    assert reservoir.transform(LONG)[0].shape[-1] == n_columns
    with pytest.raises(ValueError, match="X has 4 features, but Reservoir is expecting 3 features"):
        reservoir.transform([np.zeros((5, 4))])


@pytest.mark.parametrize("pooling", ["mean", "model_space"])
def test_reservoir_washout_too_long(pooling):
    reservoir = make(washout=3, pooling=pooling).fit(X[5:6])
    for refused in (reservoir.transform, reservoir.fit):
        with pytest.raises(ValueError, match=r"washout=3 drops all 2 time step\(s\) of X\[1\]"):
            refused([X[5], X[4]])


# --- plasticity -------------------------------------------------------------------------------


def learned_by_hand(layer, sequences, activation, rule, epochs, rate):
    """Return W, W_in and b of a layer after single steps of a rule, unit by unit."""
    w, n = dense(layer.recurrent_weights).astype(float), layer.units
    connections, gain, shift = np.argwhere(w), np.ones(n), np.zeros(n)
    for steps in [*sequences] * epochs:
        x = np.zeros(n)
        for u in steps:
            net = w @ x + layer.input_weights @ u + layer.bias
            y = ACTIVATIONS[activation](gain * net + shift)
            before, x = x, (1 - layer.leak_rate) * x + layer.leak_rate * y
            for i in range(n) if rule == "intrinsic" else ():
                if activation == "tanh":  # mean 0, variance 0.04
                    change = -y[i] / 0.04 * (2 * 0.04 + 1 - y[i] ** 2)
                else:  # mean 0.2
                    change = 1 - (2 + 1 / 0.2) * y[i] + y[i] ** 2 / 0.2
                gain[i] += rate * (1 / gain[i] + change * net[i])
                shift[i] += rate * change
            for i, j in connections if rule != "intrinsic" else ():
                hebb = before[j] - x[i] * w[i, j] if rule == "oja" else -before[j]
                w[i, j] += rate * x[i] * hebb
    return gain[:, None] * w, gain[:, None] * layer.input_weights, gain * layer.bias + shift


RULES = ["intrinsic tanh", "intrinsic logistic", "oja tanh", "anti_hebbian relu"]


@pytest.mark.parametrize("case", RULES)
@pytest.mark.parametrize("topology", ["random", "orthogonal"])
@pytest.mark.parametrize("leak", [1.0, 0.4, np.linspace(0.2, 1, 6)], ids=["full", "leaky", "each"])
@pytest.mark.parametrize("epochs", [1, 2])
def test_reservoir_plasticity_follows_its_rule(case, topology, leak, epochs):
    rule, activation = case.split()
    params = {"units": 6, "layers": 2, "bidirectional": True, "topology": topology}
    how = {"plasticity": rule, "plasticity_epochs": epochs, "plasticity_rate": 3e-3}
    learned = make(**params, **how, activation=activation, leak_rate=[leak, leak]).fit(X)
    drawn = clone(learned).set_params(plasticity=None).fit(X)
    for layers in ("layers_", "backward_layers_"):
        batch = [steps[:: 1 if layers == "layers_" else -1] for steps in X]
        for before, after in zip(getattr(drawn, layers), getattr(learned, layers), strict=True):
            found = after.recurrent_weights, after.input_weights, after.bias
            expected = learned_by_hand(before, batch, activation, rule, epochs, 3e-3)
            assert_close(map(dense, found), expected, atol=1e-10)
            assert sparse.issparse(after.recurrent_weights) == sparse.issparse(
                before.recurrent_weights
            )
            assert np.abs(dense(after.recurrent_weights - before.recurrent_weights)).max() > 1e-5
            batch = [states_by_hand([after], steps, activation) for steps in batch]


TARGETS = [("tanh", stats.norm(0, 0.2)), ("logistic", stats.expon(0, 0.2))]


@pytest.mark.parametrize(("activation", "target"), TARGETS)
def test_reservoir_plasticity_intrinsic_distribution(activation, target):
    series = [np.random.default_rng(0).normal(size=(400, 1))]
    learns = {"plasticity": "intrinsic", "plasticity_rate": 2e-3, "plasticity_epochs": 5}
    before, after = (
        make(activation=activation, **params).fit_transform(series)[0][100:].ravel()
        for params in ({}, learns)
    )
    assert stats.kstest(after, target.cdf)[0] < 0.5 * stats.kstest(before, target.cdf)[0]


@pytest.mark.parametrize("case", [*RULES[:3], "oja relu", "anti_hebbian identity"])
def test_reservoir_plasticity_rate_too_large(case):
    rule, activation = case.split()
    reservoir = make(activation=activation, plasticity=rule, dtype="float32").fit(X)
    states = reservoir.transform(X)
    reservoir.set_params(plasticity_rate=1e60)
    with pytest.raises(ValueError, match=rf"plasticity='{rule}'.*not finite.*rate=1e\+60"):
        reservoir.fit(X)
    assert_close(reservoir.transform(X), states, atol=0)
