"""Spiking units obey their equations: encodings, weights on a grid, potentials and spikes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skrnn.reservoir._liquid_state_machine import LiquidStateMachine
from skrnn.reservoir._spike_encoding import (
    latency_spikes,
    make_encoder,
    rate_spikes,
    scale_to_unit,
)
from skrnn.reservoir._spiking_connections import (
    connection_probability,
    draw_connections,
    draw_input_connections,
    grid_positions,
)
from skrnn.reservoir._spiking_units import THRESHOLD, Simulation, SpikingNetwork


def unconnected(is_inhibitory, strength):
    """Return units with one input each and no connections to each other."""
    units = len(is_inhibitory)
    weights = sparse.csr_array((units, units))
    return SpikingNetwork(weights, strength * np.eye(units), np.asarray(is_inhibitory))


def spike_trains(network, inputs):
    """Return the spikes of units (n_ticks, units) that inputs (n_ticks, n_features) lead to."""
    simulation = Simulation(network, width=1)
    return np.array([simulation.tick(tick[:, None])[:, 0] for tick in inputs])


# --- encodings --------------------------------------------------------------------------------


def test_scale_to_unit():
    low, high = np.array([-1e308, 2.0]), np.array([1e308, 2.0])
    values = np.array([[-1.5e308, 1.0], [0.0, 2.0], [1e308, 3.0]])
    assert_array_equal(scale_to_unit(values, low, high), [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]])


def test_rate_spikes_are_proportional_to_the_value():
    values = np.linspace(0, 1, 6)
    chances = np.random.default_rng(0).random((20000, 1))
    spikes = rate_spikes(values[None], chances, max_rate=200.0)[:, 0]
    rates = spikes.mean(axis=0) * 1000
    assert_allclose(rates, 200 * values, atol=8)
    # The spikes of a larger value include those of a smaller one.
    assert (spikes[:, :-1] <= spikes[:, 1:]).all()


def test_latency_spikes_fall_with_the_value():
    spikes = latency_spikes(np.linspace(0, 1, 20)[None], n_ticks=20)[:, 0]
    assert_array_equal(spikes.sum(axis=0), 1)
    assert_array_equal(spikes.argmax(axis=0), np.arange(20)[::-1])


def test_latency_spikes_of_one_tick():
    assert latency_spikes(np.array([[0.0, 0.4, 1.0]]), n_ticks=1).all()


def test_encoder_does_not_depend_on_the_width():
    values = np.random.default_rng(0).random((7, 2, 5))
    wide = make_encoder("rate", 20, 200.0, seed=3)
    narrow = make_encoder("rate", 20, 200.0, seed=3)
    for step in values:
        assert_array_equal(wide(step)[:, :, [2]], narrow(step[:, [2]]))


# --- weights ----------------------------------------------------------------------------------


def test_grid_positions():
    positions = grid_positions(135)
    assert positions.shape == (135, 3)
    assert positions.max(axis=0).tolist() == [14, 2, 2]
    assert len(np.unique(positions, axis=0)) == 135
    assert_array_equal(grid_positions(20), positions[:20])
    assert_array_equal(grid_positions((15, 3, 3)), positions)


def test_connection_probability_by_distance():
    positions = np.arange(6)[:, None] * [1, 0, 0]
    for target, source, c in [(0, 0, 0.3), (1, 0, 0.2), (0, 1, 0.4), (1, 1, 0.1)]:
        kinds = np.array([source] + [target] * 5, dtype=bool)
        probability = connection_probability(positions, kinds, connection_distance=2.0)
        distance = np.arange(1, 6)
        assert_allclose(probability[1:, 0], c * np.exp(-((distance / 2.0) ** 2)))
        assert_array_equal(np.diag(probability), 0)


def test_connections_have_their_probability():
    positions = grid_positions((10, 10, 10))
    is_inhibitory = np.random.default_rng(0).random(1000) < 0.2
    weights = draw_connections(positions, is_inhibitory, 2.0, np.random.default_rng(1)).toarray()
    probability = connection_probability(positions, is_inhibitory, 2.0)
    for target in (False, True):
        for source in (False, True):
            pairs = np.ix_(is_inhibitory == target, is_inhibitory == source)
            expected = probability[pairs]
            n_connections = np.count_nonzero(weights[pairs])
            spread = np.sqrt((expected * (1 - expected)).sum())
            assert abs(n_connections - expected.sum()) < 4 * spread
    assert (weights[:, is_inhibitory] <= 0).all()
    assert (weights[:, ~is_inhibitory] >= 0).all()


def test_connections_mean_strengths():
    is_inhibitory = np.arange(1000) % 5 == 0
    rng = np.random.default_rng(0)
    weights = draw_connections(grid_positions((10, 10, 10)), is_inhibitory, 4.0, rng).toarray()
    for target, source, mean in [(0, 0, 30), (1, 0, 60), (0, 1, -19), (1, 1, -19)]:
        of_kind = weights[np.ix_(is_inhibitory == target, is_inhibitory == source)]
        assert_allclose(of_kind[of_kind != 0].mean(), mean, rtol=0.1)


def test_connections_by_connection_distance():
    positions, is_inhibitory = grid_positions(135), np.arange(135) < 27
    counts = [
        draw_connections(positions, is_inhibitory, distance, np.random.default_rng(0)).nnz
        for distance in (0.5, 1.0, 2.0, 4.0)
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] / 10


@pytest.mark.parametrize("n_features", [1, 4, 50])
def test_input_connections_of_every_feature(n_features):
    is_inhibitory = np.arange(400) < 80
    weights = draw_input_connections(is_inhibitory, n_features, np.random.default_rng(0))
    assert_array_equal((weights > 0).sum(axis=0), 120)
    # The input of a unit does not depend on the number of features, if it receives several.
    total = weights[~is_inhibitory].sum(axis=1).mean()
    assert_allclose(total, 18 * min(1, 0.3 * n_features), rtol=0.3)
    assert (
        draw_input_connections(is_inhibitory[:1], n_features, np.random.default_rng(0)) > 0
    ).all()


# --- units ------------------------------------------------------------------------------------


def test_potential_decay():
    simulation = Simulation(unconnected([False, True], 1.0), width=3)
    start = np.array([[1.4, 0.3, -2.0], [0.1, 1.0, -0.5]])
    simulation.potential[:] = start
    for t in range(1, 101):
        simulation.tick(np.zeros((2, 3)))
        assert_allclose(simulation.potential, start * np.exp(-t / 30), rtol=1e-4)


def test_potential_after_one_spike():
    simulation = Simulation(unconnected([False], 2.0), width=1)
    potential = []
    for t in range(60):
        simulation.tick(np.full((1, 1), t == 0))
        potential.append(simulation.potential[0, 0])
    # 30 dV/dt = -V + I, where the current over tick k is 2 exp(-k/3) nA: a geometric sum.
    t, slow, fast = np.arange(60), np.exp(-1 / 30), np.exp(-1 / 3)
    expected = 2.0 * (1 - slow) * (slow ** (t + 1) - fast ** (t + 1)) / (slow - fast)
    assert_allclose(potential, expected, rtol=1e-4)


def test_synapses_decay_by_kind_of_source():
    weights = sparse.csr_array(np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    for is_inhibitory, time in [(False, 3.0), (True, 6.0)]:
        network = SpikingNetwork(
            -weights if is_inhibitory else weights,
            np.array([[1000.0], [0.0], [0.0]]),
            np.array([is_inhibitory, False, False]),
        )
        simulation = Simulation(network, width=1)
        potential = []
        for t in range(3):
            simulation.tick(np.full((1, 1), t == 0))
            potential.append(simulation.potential[1, 0] / (1 - np.exp(-1 / 30)))
        # The spike arrives one tick later at the connected unit.
        assert potential[0] == 0
        assert_allclose(abs(potential[1]), 1.0, rtol=1e-5)
        assert np.sign(potential[1]) == (-1 if is_inhibitory else 1)
        current = potential[2] - potential[1] * np.exp(-1 / 30)
        assert_allclose(current, potential[1] * np.exp(-1 / time), rtol=1e-4)
        assert simulation.potential[2, 0] == 0


def test_refractory_period():
    spikes = spike_trains(unconnected([False, True], 1e6), np.ones((40, 2)))
    intervals = [np.diff(np.flatnonzero(train)) for train in spikes.T]
    assert set(intervals[0]) == {4}  # 3 ms of rest between two spikes
    assert set(intervals[1]) == {3}


def test_refractory_period_in_a_network():
    network = LiquidStateMachine(weight_scaling=1.0, random_state=0).fit(np.ones((2, 5)))
    network = SpikingNetwork(
        network.recurrent_weights_, network.input_weights_, network.is_inhibitory_
    )
    spikes = spike_trains(network, np.ones((500, 1)))
    assert spikes.sum() > 500
    for train, is_inhibitory in zip(spikes.T, network.is_inhibitory, strict=True):
        assert (np.diff(np.flatnonzero(train)) > (2 if is_inhibitory else 3)).all()


def test_units_below_the_threshold_do_not_fire():
    # A constant input every tick holds the current at strength / (1 - exp(-1/3)).
    level = THRESHOLD * (1 - np.exp(-1 / 3))
    below, above = unconnected([False], 0.99 * level), unconnected([False], 1.05 * level)
    inputs = np.ones((500, 1))
    assert not spike_trains(below, inputs).any()
    assert spike_trains(above, inputs).any()


def test_filtered_spikes():
    network = unconnected([False, True], 20.0)
    inputs = np.random.default_rng(0).random((200, 2)) < 0.2
    spikes = spike_trains(network, inputs)
    simulation = Simulation(network, width=1)
    for tick in inputs:
        simulation.tick(tick[:, None])
    age = np.arange(200)[::-1]
    assert spikes.sum() > 10
    assert_allclose(simulation.filtered[:, 0], np.exp(-age / 30) @ spikes, rtol=1e-4)
