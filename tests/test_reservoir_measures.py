"""Measures of reservoirs, chunks of long series, the display, and options in training."""

import matplotlib as mpl
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import EchoStateRegressor
from skrnn._fitting import generator
from skrnn.inspection import ReservoirDisplay
from skrnn.reservoir import Reservoir, echo_state_index, memory_capacity

mpl.use("Agg")

NOISE = np.random.default_rng(0).uniform(-1, 1, (3000, 1))


def reservoir(**params):
    return Reservoir(**{"units": 60, "dtype": "float64", "random_state": 0, **params})


# --- the echo state index ---------------------------------------------------------------------


def test_echo_state_index_by_spectral_radius():
    X = [NOISE[:500]]
    calm = echo_state_index(reservoir(spectral_radius=0.9).fit(X), X, random_state=0)
    wild = echo_state_index(reservoir(spectral_radius=5.0).fit(X), X, random_state=0)
    assert calm < 1e-8
    assert wild > 0.1


def test_echo_state_index_of_linear_units():
    X = [NOISE[:30]]
    linear = reservoir(units=5, connectivity=5, activation="identity").fit(X)
    matrix = linear.layers_[0].recurrent_weights.toarray()
    start = generator(0).uniform(-1, 1, 5)
    powers = [np.linalg.matrix_power(matrix, t + 1) @ start for t in range(10, 30)]
    expected = np.mean([np.sqrt(np.mean(x**2)) for x in powers])
    index = echo_state_index(linear, X, n_starts=1, transient=10, random_state=0)
    assert_allclose(index, expected)


@pytest.mark.parametrize(
    ("params", "match"),
    [({"transient": 50}, r"transient=50 leaves nothing.*50"), ({"n_starts": 0}, "n_starts")],
)
def test_echo_state_index_bad_parameters(params, match):
    X = [NOISE[:50]]
    with pytest.raises(ValueError, match=match):
        echo_state_index(reservoir().fit(X), X, **params)


def test_echo_state_index_not_fitted():
    with pytest.raises(NotFittedError):
        echo_state_index(reservoir(), [NOISE])


# --- memory capacity --------------------------------------------------------------------------


def linear_network(topology, units=20):
    linear = reservoir(topology=topology, activation="identity", bias_scaling=0.0)
    return EchoStateRegressor(
        reservoir=linear.set_params(units=units), spectral_radius=0.9, alpha=1e-12
    )


@pytest.mark.parametrize("topology", ["orthogonal", "cycle"])
def test_memory_capacity_of_linear_units(topology):
    result = memory_capacity(linear_network(topology), max_delay=40, n_steps=2000)
    assert 18.5 < result.capacity < 20.5
    assert_allclose(result.by_delay.sum(), result.capacity)
    assert ((result.by_delay >= 0) & (result.by_delay <= 1)).all()


def test_memory_capacity_of_a_delay_line():
    by_delay = memory_capacity(linear_network("delay_line"), max_delay=30, n_steps=2000).by_delay
    assert by_delay[:15].min() > 0.99
    assert by_delay[20:].max() < 0.05


def test_memory_capacity_does_not_change_its_estimator():
    network = linear_network("cycle")
    memory_capacity(network, max_delay=5, n_steps=200, washout=20)
    assert network.rows == "sequences"
    assert not hasattr(network, "reservoir_")


# --- one series in chunks ---------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("radius", [0.5, 0.95])
@pytest.mark.parametrize("layers", [1, 2])
def test_chunk_overlap_gives_the_states_of_the_whole_series(dtype, radius, layers):
    whole = reservoir(spectral_radius=radius, dtype=dtype, layers=layers, units=40)
    chunked = reservoir(
        spectral_radius=radius, dtype=dtype, layers=layers, units=40, chunk_overlap=20
    )
    one, other = (r.fit([NOISE]).transform([NOISE])[0] for r in (whole, chunked))
    assert_allclose(one, other, atol=64 * np.finfo(dtype).eps)


def test_chunk_overlap_without_forgetting_runs_the_whole_series():
    params = {"spectral_radius": 5.0, "units": 40}
    one, other = (
        reservoir(**params, **more).fit_transform([NOISE])[0] for more in ({}, {"chunk_overlap": 9})
    )
    assert_array_equal(one, other)


@pytest.mark.parametrize("washout", [0, 7, 300])
def test_chunk_overlap_gives_the_readout_of_the_whole_series(washout):
    one, other = (
        EchoStateRegressor(
            reservoir=reservoir(chunk_overlap=overlap),
            washout=washout,
            rows="steps",
            initial_state="fit_end",
            alpha=1e-3,
        ).fit(NOISE[:-1], NOISE[1:, 0])
        for overlap in (None, 50)
    )
    assert_allclose(one.coef_, other.coef_, atol=1e-9)
    assert_allclose(one.predict(NOISE[:5]), other.predict(NOISE[:5]), atol=1e-9)
    assert_allclose(one.generate(5), other.generate(5), atol=1e-8)


# --- the display ------------------------------------------------------------------------------


def test_reservoir_display_panels():
    fitted = reservoir(layers=2).fit([NOISE])
    display = ReservoirDisplay.from_estimator(fitted, [NOISE[:40]], n_units=7, max_delay=12)
    assert len(display.ax_) == 3
    assert display.states.shape == (40, 7)
    assert display.memory.shape == (12,)
    eigenvalues = np.sort(np.abs(display.eigenvalues))
    assert len(eigenvalues) == 120
    assert_allclose(eigenvalues[-1], 0.9)
    assert display.figure_ is display.ax_[0].figure
    assert len(ReservoirDisplay.from_estimator(fitted).ax_) == 1
    mpl.pyplot.close("all")


def test_reservoir_display_of_a_pipeline():
    model = make_pipeline(
        StandardScaler(), EchoStateRegressor(units=30, rows="steps", random_state=0)
    )
    with pytest.raises(NotFittedError):
        ReservoirDisplay.from_estimator(model)
    model.fit(NOISE[:-1], NOISE[1:, 0])
    display = ReservoirDisplay.from_estimator(model, [NOISE[:20]])
    assert display.states.shape == (20, 20)
    states = model[-1].reservoir_.transform([NOISE[:20]])[0]
    assert_array_equal(states, model[-1].hidden_states(NOISE[:20], return_sequences=True))
    mpl.pyplot.close("all")


def test_reservoir_display_without_arrays():
    with pytest.raises(ValueError, match="nothing to plot"):
        ReservoirDisplay().plot()
    with pytest.raises(ValueError, match="StandardScaler has no reservoir"):
        ReservoirDisplay.from_estimator(StandardScaler().fit(NOISE))


def test_reservoir_display_of_a_custom_matrix():
    matrix = sparse.random_array((40, 40), density=0.2, rng=np.random.default_rng(0))
    fitted = reservoir(units=40, topology=matrix).fit([NOISE])
    display = ReservoirDisplay.from_estimator(fitted, max_delay=5)
    assert_allclose(np.abs(display.eigenvalues).max(), 0.9)
    mpl.pyplot.close("all")


# --- pooling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_reservoir_pooling_last_of_both_directions(layers, bidirectional):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (5, 9, 1, 9, 30)]
    pooled = reservoir(layers=layers, bidirectional=bidirectional, pooling="last", units=7)
    states = pooled.fit_transform(X)
    network = EchoStateRegressor(reservoir=pooled, readout_input=False).fit(X, np.arange(5.0))
    assert_allclose(network.hidden_states(X), states)
    assert_allclose(network.predict(X), states @ network.coef_ + network.intercept_)
    changed = [np.vstack([steps[:1] + 1, steps[1:]]) for steps in X]
    moved = pooled.transform(changed) != states
    assert moved[:, -7:].all()  # the first step reaches all that has read it last


def test_reservoir_bidirectional_remembers_the_first_input():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(12, 1)) for _ in range(400)]
    y = np.array([steps[0, 0] for steps in X])
    network = EchoStateRegressor(
        reservoir=Reservoir(bidirectional=True), units=30, spectral_radius=0.3, random_state=0
    )
    assert network.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.99


# --- noise and feedback in training -----------------------------------------------------------


@pytest.mark.parametrize("pooling", ["last", "mean", "model_space"])
def test_echo_state_noise_with_pooling(pooling):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (10, 15, 12, 20, 9, 11)]
    params = {"units": 9, "pooling": pooling, "random_state": 0}
    quiet, noisy, same = (
        EchoStateRegressor(reservoir=Reservoir(noise=noise), **params).fit(X, np.arange(6.0))
        for noise in (0.0, 1.0, 1.0)
    )
    assert not np.array_equal(quiet.coef_, noisy.coef_)
    assert_array_equal(noisy.coef_, same.coef_)
    assert_array_equal(noisy.predict(X), noisy.predict(X))


def test_reservoir_transform_with_feedback_is_refused():
    fed_back = EchoStateRegressor(
        reservoir=reservoir(feedback_scaling=0.5), rows="steps", random_state=0
    ).fit(NOISE[:200], NOISE[:200, 0])
    with pytest.raises(ValueError, match=r"depend on outputs.*hidden_states"):
        fed_back.reservoir_.transform([NOISE])
    with pytest.raises(ValueError, match="depend on outputs"):
        echo_state_index(fed_back.reservoir_, [NOISE])


def test_echo_state_shares_no_memory_with_the_data():
    X, y = NOISE[:200].copy(), NOISE[1:201, 0].copy()
    network = EchoStateRegressor(reservoir=reservoir(feedback_scaling=0.1), rows="steps")
    network.set_params(initial_state="fit_end").fit(X, y)
    before = network.generate(3)
    X[:], y[:] = 9, 9
    assert_array_equal(network.generate(3), before)


def test_update_within_the_washout_is_refused():
    network = EchoStateRegressor(units=20, rows="steps", washout=50, random_state=0)
    network.fit(NOISE[:200], NOISE[:200, 0])
    with pytest.raises(ValueError, match="washout=50 leaves nothing"):
        network.update(NOISE[:1], NOISE[:1, 0])
    network.set_params(initial_state="fit_end").update(NOISE[:1], NOISE[:1, 0])


def test_initial_state_is_checked_after_fit():
    network = EchoStateRegressor(units=20, return_sequences=True, random_state=0)
    network.fit([NOISE[:50]], [NOISE[:50, 0]])
    with pytest.raises(ValueError, match=r"initial_state='fit_end'.*rows='steps'"):
        network.set_params(initial_state="fit_end").predict([NOISE])
