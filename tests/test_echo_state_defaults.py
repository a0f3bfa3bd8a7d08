"""What echo state estimators choose by themselves: scales, penalty, leak rates and pooling."""

import pickle

import numpy as np
import pytest
from echo_state_data import LABELS, SUMS, WEIGHTS, X, no_step
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from skrnn import EchoStateClassifier, EchoStateRegressor, Sequences
from skrnn.datasets import make_mackey_glass, make_narma
from skrnn.reservoir import Reservoir
from skrnn.reservoir._ridge import solve
from skrnn.reservoir._statistics import Moments, TriangularFactor

SMALL = {"units": 20, "random_state": 0}
OFFSET, FACTOR = np.array([1.7e9, -3e4]), np.array([250.0, 1e-3])


def moved(sequences):
    return [OFFSET + FACTOR * steps for steps in sequences]


def weighted_moments(sequences, weights):
    steps = np.concatenate(sequences)
    shares = np.repeat(weights, list(map(len, sequences)))
    mean = np.average(steps, axis=0, weights=shares)
    return mean, np.sqrt(np.average((steps - mean) ** 2, axis=0, weights=shares))


@pytest.mark.parametrize("weights", [None, WEIGHTS, np.arange(len(X)) % 2])
def test_standardize_equals_standardized_inputs(weights):
    mean, scale = weighted_moments(X, np.ones(len(X)) if weights is None else weights)
    by_hand = EchoStateClassifier(**SMALL, standardize=False)
    by_hand.fit([(steps - mean) / scale for steps in X], LABELS, weights)
    inside = EchoStateClassifier(**SMALL).fit(X, LABELS, weights)
    assert_allclose(
        inside.predict_proba(X),
        by_hand.predict_proba([(steps - mean) / scale for steps in X]),
        atol=1e-4,
    )


def test_standardize_is_invariant_to_offsets_and_units():
    plain = EchoStateRegressor(**SMALL).fit(X, SUMS)
    shifted = EchoStateRegressor(**SMALL).fit(moved(X), SUMS)
    assert_allclose(shifted.predict(moved(X)), plain.predict(X), atol=1e-3 * np.abs(SUMS).max())


def test_standardize_leaves_one_hot_steps_alone():
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 3, n) for n in (4, 7, 5, 6)]
    dense = [np.eye(3)[steps] for steps in codes]
    y = np.arange(4.0)
    network = EchoStateRegressor(**SMALL).fit(dense, y)
    by_hand = EchoStateRegressor(**SMALL, standardize=False).fit(dense, y)
    assert_array_equal(network.predict(dense), by_hand.predict(dense))
    ones = [sparse.csr_array(steps) for steps in dense]
    assert_allclose(network.fit(ones, y).predict(ones), by_hand.predict(dense), atol=1e-5)


@pytest.mark.parametrize("value", [7.0, -2026.0, 1.7e9, 1e300])
def test_standardize_makes_any_constant_feature_a_bias(value):
    def with_column(number):
        return [np.c_[steps, np.full(len(steps), number)] for steps in X]

    bias = with_column(np.sign(value))
    network = EchoStateRegressor(**SMALL).fit(with_column(value), SUMS)
    expected = EchoStateRegressor(**SMALL).fit(bias, SUMS).predict(bias)
    assert_array_equal(network.predict(with_column(value)), expected)


@pytest.mark.parametrize("rows", ["sequences", "steps"])
def test_standardize_refuses_values_that_are_too_large_for_the_scale(rows):
    steps = rows == "steps"
    known, y = (X[0], X[0][:, 0]) if steps else (X, SUMS)
    network = EchoStateRegressor(**SMALL, rows=rows).fit(known, y)
    wild = [steps.copy() for steps in X]
    wild[1][0, 0] = wild[0][2, 0] = 1e300
    wild = wild[0] if steps else [X[0], *wild[1:]]
    where = r"row with it is X\[2\]" if steps else r"sequence with it is X\[1\]"
    for method in (network.predict, lambda X: network.partial_fit(X, y)):
        with pytest.raises(ValueError, match=f"too large for float32.*{where}"):
            method(wild)


def test_standardize_does_not_divide_by_rounding_errors():
    steps = [np.c_[one, np.full(len(one), 0.1)] for one in X]
    for one in steps[::2]:
        one[:, -1] = np.nextafter(0.1, 1)
    scale = EchoStateRegressor(**SMALL).fit(steps, SUMS)._standardization
    assert scale.scale[-1] == pytest.approx(0.1)


def test_standardize_counts_the_steps_of_windows_as_often_as_they_occur():
    series = np.random.default_rng(0).normal(size=(40, 2))
    windows = Sequences(series, [0, 5, 20], [10, 10, 15])
    network = EchoStateRegressor(**SMALL)
    shared = network.fit(windows, [1.0, 2.0, 3.0])._standardization
    copied = network.fit(list(windows), [1.0, 2.0, 3.0])._standardization
    assert_allclose(shared.mean, copied.mean, rtol=1e-12)
    assert_allclose(shared.scale, copied.scale, rtol=1e-12)


def test_standardize_statistics_of_the_first_part_are_kept():
    network = EchoStateRegressor(**SMALL).partial_fit(X[:10], SUMS[:10])
    first = network._standardization
    network.partial_fit([5 * steps for steps in X[10:]], SUMS[10:])
    assert network._standardization.equals(first)
    other = EchoStateRegressor(**SMALL).fit(X[10:], SUMS[10:])
    with pytest.raises(ValueError, match=r"standard deviations.*standardize=False"):
        network.merge(other)
    network.set_params(standardize=False)
    with pytest.raises(ValueError, match="standardize=False has changed"):
        network.predict(X)


def test_standardize_generates_in_the_units_of_the_series():
    series = 5000 + 300 * np.sin(0.2 * np.arange(600))
    true = 5000 + 300 * np.sin(0.2 * np.arange(600, 620))
    network = EchoStateRegressor(
        units=60, rows="steps", washout=50, reservoir=Reservoir(dtype="float64"), random_state=0
    ).fit(series[:-1, None], series[1:])
    assert_allclose(network.generate(20), true, atol=3)
    # The last known time step is the first input, so the first output is the step after it.
    assert_allclose(network.generate(20, series[:, None]), true, atol=3)
    assert_array_equal(pickle.loads(pickle.dumps(network)).generate(20), network.generate(20))


def test_standardize_known_future_inputs_with_feedback():
    inputs = OFFSET[0] + 250 * np.random.default_rng(0).uniform(-1, 1, (300, 1))
    y = np.convolve((inputs[:, 0] - OFFSET[0]) / 250, [0.5, 0.3, 0.2])[:300]
    network = EchoStateRegressor(
        units=60,
        rows="steps",
        initial_state="fit_end",
        reservoir=Reservoir(feedback_scaling=0.1, dtype="float64"),
        random_state=0,
    ).fit(inputs[:250], y[:250])
    generated = network.generate(50, X_future=inputs[250:])
    assert_allclose(generated, network.predict(inputs[250:]), atol=1e-8)
    assert np.abs(generated - y[250:]).mean() < 0.1


@pytest.mark.parametrize("kind", [Moments, TriangularFactor])
def test_alpha_auto_is_relative_to_the_variance_of_the_features(kind):
    rng = np.random.default_rng(0)
    rows, weights = rng.normal(size=(30, 8)) * np.arange(1, 9), rng.uniform(0.5, 2, 30)
    statistics = kind(8, 1)
    statistics.add(rows.copy(), rows[:, :1], weights)
    mean = np.average(rows, axis=0, weights=weights)
    variances = np.average((rows - mean) ** 2, axis=0, weights=weights)
    assert_allclose(statistics.x_variance, variances.sum(), rtol=1e-12)


def test_alpha_auto_of_the_classifier():
    network = EchoStateClassifier(**SMALL, readout_input=False, pooling=("last", "mean"))
    network.fit(X, LABELS)
    inner = Reservoir(units=20, leak_rate="log_uniform", pooling=("last", "mean"), random_state=0)
    steps = np.concatenate(X)
    rows = inner.fit_transform([(one - steps.mean(axis=0)) / steps.std(axis=0) for one in X])
    assert_allclose(network.alpha_, 0.01 * rows.var(axis=0).sum(), rtol=1e-3)
    assert network.gcv_errors_ is None


def windows_of(series, n, length=20):
    return Sequences(series, np.arange(n), np.full(n, length))


@pytest.mark.parametrize("weighted", [False, True])
def test_alpha_auto_of_overlapping_windows(weighted):
    series = np.cumsum(np.random.default_rng(0).normal(size=(400, 1)), axis=0)
    windows, y, train = windows_of(series, 370), series[30:, 0], slice(250)
    weights = np.random.default_rng(1).uniform(1, 2, size=250) if weighted else np.ones(250)
    network = EchoStateRegressor(units=100, random_state=0)
    network.fit(windows[train], y[train], weights)
    assert network.gcv_errors_ is None
    # The last 50 of the 250 windows are later ones; the first 181 end before these begin.
    one = clone(network).set_params(alpha=1.0, standardize=False)
    scaled = Sequences(
        (series - series[:269].mean()) / series[:269].std(),
        windows.starts[train],
        windows.lengths[train],
    )
    errors = {}
    variance = network.alpha_ / network._readout.relative_alpha
    for relative in 10.0 ** np.arange(-6, 1):
        one.set_params(alpha=relative * variance)
        one.fit(scaled[:181], y[:181], weights[:181])
        squares = (one.predict(scaled[200:250]) - y[200:250]) ** 2
        errors[relative] = weights[200:] @ squares
    assert_allclose(network._readout.relative_alpha, min(errors, key=errors.get))
    # The copies of a list do not show that they overlap.
    copied = clone(network).fit(list(windows[train]), y[train], weights)
    assert len(copied.gcv_errors_) > 1
    error, of_copied = (
        np.abs(model.predict(windows[270:]) - y[270:]).mean() for model in (network, copied)
    )
    assert error < of_copied / 2


def test_alpha_auto_of_overlapping_windows_of_a_smooth_series():
    series = make_mackey_glass(900, random_state=0).reshape(-1, 1)
    windows, y, train, test = (
        windows_of(series, 850),
        series[20:870, 0],
        slice(600),
        slice(640, 850),
    )
    network = EchoStateRegressor(units=50, random_state=0)
    copied = clone(network).fit(list(windows[train]), y[train])
    network.fit(windows[train], y[train])
    error, of_copied = (
        np.abs(model.predict(windows[test]) - y[test]).mean() for model in (network, copied)
    )
    assert error < 1.5 * of_copied


def test_alpha_auto_of_too_few_overlapping_windows():
    series = np.random.default_rng(0).normal(size=(40, 1))
    network = EchoStateRegressor(units=5, random_state=0).fit(
        windows_of(series, 20), series[20:, 0]
    )
    assert network._readout.relative_alpha == 0.01


def test_alpha_auto_of_overlapping_windows_with_one_target_per_time_step():
    u, y = make_narma(300, random_state=0)
    starts = np.arange(0, 200, 10)
    windows = Sequences(u.reshape(-1, 1), starts, np.full(20, 100))
    network = EchoStateRegressor(units=10, return_sequences=True, random_state=0)
    network.fit(windows, [y[start : start + 100] for start in starts])
    assert network.gcv_errors_ is not None


def test_alpha_auto_of_overlapping_windows_in_parts():
    series = np.cumsum(np.random.default_rng(0).normal(size=(300, 1)), axis=0)
    windows, y = windows_of(series, 270), series[30:, 0]
    network = EchoStateRegressor(units=30, standardize=False, random_state=0)
    one, other = clone(network).fit(windows[:100], y[:100]), clone(network)
    other.fit(windows[100:270], y[100:270])
    in_parts = clone(one).partial_fit(windows[:100], y[:100])
    assert_allclose(in_parts.alpha_, one.alpha_)
    in_parts.partial_fit(windows[100:270], y[100:270])
    assert in_parts._readout.relative_alpha == one._readout.relative_alpha
    ways = [
        pickle.loads(pickle.dumps(one)).merge(other),
        pickle.loads(pickle.dumps(other)).merge(one),
    ]
    assert_allclose(ways[0].alpha_, ways[1].alpha_)
    assert_allclose(ways[0].predict(windows), ways[1].predict(windows), rtol=1e-6)
    apart = clone(network).fit(list(windows[100:]), y[100:])
    with pytest.raises(ValueError, match="penalty of this estimator on later windows"):
        one.merge(apart)
    with pytest.raises(ValueError, match="penalty of other on later windows"):
        apart.merge(one)
    fixed = [model.set_params(alpha=1.0) for model in (one, apart)]
    assert fixed[0].merge(fixed[1]).alpha_ == 1.0


def test_solve_squared_equals_singular_values():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 60)), rng.normal(size=(20, 2))
    factor = TriangularFactor(60, 2)
    factor.add(x, y)
    alpha = 0.01 * factor.x_variance
    fast, exact = solve(factor, alpha, square=True), solve(factor, alpha)
    assert_allclose(fast.coef, exact.coef, atol=1e-12)
    assert_allclose(fast.intercept, exact.intercept, atol=1e-12)


def test_pooling_tuple_puts_vectors_side_by_side():
    names = ("std", "last", "mean", "model_space")
    alone = [Reservoir(pooling=name, **SMALL).fit_transform(X) for name in names]
    together = Reservoir(pooling=names, **SMALL).fit(X)
    assert_allclose(together.transform(X), np.hstack(alone), atol=1e-6)
    assert len(together.get_feature_names_out()) == sum(part.shape[1] for part in alone)


@pytest.mark.parametrize("washout", [0, 2])
def test_pooling_std_equals_the_deviation_of_the_states(washout):
    long = [steps for steps in X if len(steps) > washout]
    states = Reservoir(**SMALL).fit_transform(long)
    pooled = Reservoir(pooling="std", washout=washout, **SMALL).fit_transform(long)
    by_hand = [one[washout:].astype(float).std(axis=0) for one in states]
    assert_allclose(pooled, by_hand, atol=1e-6)
    assert_array_equal(Reservoir(pooling="std", **SMALL).fit_transform([X[0][:1]]), 0)


@pytest.mark.parametrize("pooling", [(), ("mean", "mean"), ("mean", "max"), ["mean", 3]])
def test_pooling_that_is_not_known(pooling):
    network = EchoStateRegressor(**SMALL, pooling=pooling)
    with no_step(), pytest.raises(ValueError, match="pooling must be one of 'last', 'mean'"):
        network.fit(X, SUMS)


def test_leak_rate_log_uniform_differs_by_unit_and_keeps_the_weights():
    mixed = Reservoir(units=400, leak_rate="log_uniform", random_state=0).fit(X).layers_[0]
    plain = Reservoir(units=400, random_state=0).fit(X).layers_[0]
    assert (mixed.leak_rate >= 0.03).all()
    assert (mixed.leak_rate <= 1).all()
    assert abs(np.log(mixed.leak_rate).mean() - np.log(0.03) / 2) < 0.2
    assert_array_equal(mixed.input_weights, plain.input_weights)
    assert_array_equal(mixed.bias, plain.bias)


def test_input_scaling_is_small_for_narma_and_never_overrides_a_given_one():
    u, y = make_narma(1200, order=10, random_state=0)
    network = EchoStateRegressor(units=100, rows="steps", random_state=0)
    chosen = network.fit(u[:, None], y).reservoir_.input_scaling
    assert chosen == 0.01
    errors = []
    for scaling in (0.01, 1.0):
        network.set_params(input_scaling=scaling).fit(u[:600, None], y[:600])
        assert network.reservoir_.input_scaling == scaling
        errors.append(np.mean((network.predict(u[600:, None])[100:] - y[700:]) ** 2))
    assert errors[0] < errors[1] / 2


def test_regressor_narma_with_only_the_radius_given():
    u, y = make_narma(4400, order=10, random_state=1000)
    network = EchoStateRegressor(units=200, spectral_radius=0.9, rows="steps", random_state=0)
    predicted = network.fit(u[:2200, None], y[:2200]).predict(u[2200:, None])[200:]
    assert np.sqrt(np.mean((predicted - y[2400:]) ** 2) / y[2400:].var()) < 0.2


def test_input_scaling_with_a_washout_as_long_as_the_cut_sequence():
    u, y = make_narma(2200, random_state=0)
    network = EchoStateRegressor(units=10, washout=20, return_sequences=True, random_state=0)
    network.fit(u.reshape(22, 100, 1), y.reshape(22, 100))
    assert network.reservoir_.input_scaling in (0.01, 0.1, 0.3, 1.0)
