"""Echo state networks in a closed loop: feedback and generation."""

import numpy as np
import pytest
from echo_state_data import (
    INPUTS,
    NOISE,
    TARGETS,
    assert_same_readout,
    classifier,
    double,
    next_states,
    no_step,
    read_out,
    regressor,
    seeded_reservoir,
    steps_network,
)
from fitted_models import unchanged
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from skrnn import EchoStateRegressor

FED_BACK = double(feedback_scaling=0.3)
DEEP = double(feedback_scaling=0.3, layers=2)
LEAKY = double(feedback_scaling=0.3)
CLOSE = {"rtol": 1e-9, "atol": 1e-9}

# A target that depends on the one before it, and one with two values per time step.
MEMORY = np.zeros(len(INPUTS))
for t in range(1, len(MEMORY)):
    MEMORY[t] = 0.8 * MEMORY[t - 1] + INPUTS[t, 0]
BOTH = np.c_[MEMORY, TARGETS]
SPANS = [slice(0, 60), slice(60, 100), slice(100, 240)]
BATCH, BATCH_Y = [INPUTS[span] for span in SPANS], [BOTH[span] for span in SPANS]
TAGS = np.where(MEMORY > 0, "up", "down")


def zeros(network):
    return [np.zeros(layer.units) for layer in network.reservoir_.layers_]


def forced(network, inputs, targets):
    """Return the states at all steps, if the target of the step before is fed back."""
    states, rows = zeros(network), []
    for i, step in enumerate(inputs):
        fed = targets[i - 1] if i else np.zeros_like(targets[0])
        states = next_states(network.reservoir_.layers_, states, step, fed)
        rows.append(states)
    return rows


def closed(network, states, fed, inputs):
    """Return outputs that are fed back, at inputs that are given."""
    outputs = []
    for step in inputs:
        states = next_states(network.reservoir_.layers_, states, step, fed)
        fed = read_out(network, states, step)
        outputs.append(fed)
    return np.array(outputs)


def looped(network, states, step, n_steps):
    """Return outputs of which each is the next input, the first of which is given."""
    outputs = []
    for _ in range(n_steps):
        states = next_states(network.reservoir_.layers_, states, np.atleast_1d(step))
        step = read_out(network, states, np.atleast_1d(step))
        outputs.append(step)
    return np.array(outputs)


def driven(network, inputs):
    """Return the states after inputs."""
    states = zeros(network)
    for step in inputs:
        states = next_states(network.reservoir_.layers_, states, step)
    return states


# --- feedback ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reservoir", "params"),
    [(FED_BACK, {}), (DEEP, {"units": (12, 8)}), (LEAKY, {"leak_rate": 0.4})],
    ids=["one layer", "deep", "leaky"],
)
@pytest.mark.parametrize("y", [MEMORY, MEMORY[:, None], BOTH], ids=["flat", "column", "two"])
def test_feedback_of_targets_in_fit_and_outputs_in_predict(reservoir, params, y):
    network = steps_network(reservoir=reservoir, washout=10, **params).fit(INPUTS, y)
    assert network.reservoir_.layers_[0].feedback_weights.shape == (
        len(zeros(network)[0]),
        y[:1].size,
    )
    rows = [
        np.concatenate([*s, u]) for s, u in zip(forced(network, INPUTS, y), INPUTS, strict=True)
    ]
    assert_same_readout(network, Ridge(alpha=1e-3).fit(rows[10:], y[10:]))
    expected = closed(network, zeros(network), np.zeros_like(y[0]), INPUTS)
    assert_allclose(network.predict(INPUTS), expected, **CLOSE)
    assert network.score(INPUTS[50:], y[50:]) > 0.8


def test_feedback_of_ragged_sequences():
    network = regressor(reservoir=FED_BACK, return_sequences=True).fit(BATCH, BATCH_Y)
    states = [forced(network, *pair) for pair in zip(BATCH, BATCH_Y, strict=True)]
    rows = [
        np.concatenate([*state, step])
        for run, inputs in zip(states, BATCH, strict=True)
        for state, step in zip(run, inputs, strict=True)
    ]
    assert_same_readout(network, Ridge(alpha=1e-3).fit(rows, np.concatenate(BATCH_Y)))
    for inputs, predicted in zip(BATCH, network.predict(BATCH), strict=True):
        assert_allclose(closed(network, zeros(network), np.zeros(2), inputs), predicted, **CLOSE)
        assert_allclose(network.predict([inputs])[0], predicted, **CLOSE)
    hidden = network.hidden_states(BATCH)
    for i, inputs in enumerate(BATCH):
        assert_allclose(network.hidden_states([inputs])[0], hidden[i], **CLOSE)


def test_feedback_initial_state_fit_end():
    params = {"reservoir": FED_BACK, "initial_state": "fit_end", "washout": 10}
    network = steps_network(**params).fit(INPUTS[:200], MEMORY[:200])
    end = forced(network, INPUTS[:200], MEMORY[:200])[-1]
    expected = closed(network, end, MEMORY[199], INPUTS[200:])
    assert_allclose(network.predict(INPUTS[200:]), expected, **CLOSE)
    in_blocks = clone(network).partial_fit(INPUTS[:90], MEMORY[:90])
    assert_same_readout(in_blocks.partial_fit(INPUTS[90:200], MEMORY[90:200]), network)
    updated = clone(network).fit(INPUTS[:90], MEMORY[:90])
    assert_same_readout(updated.update(INPUTS[90:200], MEMORY[90:200]), network)
    assert_allclose(updated.predict(INPUTS[200:]), expected, rtol=1e-7, atol=1e-7)


# --- generation with feedback -----------------------------------------------------------------


@pytest.mark.parametrize("y", [MEMORY, MEMORY[:, None], BOTH], ids=["flat", "column", "two"])
@pytest.mark.parametrize("reservoir", [FED_BACK, DEEP], ids=["one layer", "deep"])
def test_generate_from_the_end_of_fit(reservoir, y):
    network = steps_network(reservoir=reservoir).fit(INPUTS[:200], y[:200])
    end, future = forced(network, INPUTS[:200], y[:200])[-1], INPUTS[200:230]
    held = closed(network, end, y[199], np.repeat(INPUTS[199:200], 30, axis=0))
    driven_by_future = closed(network, end, y[199], future)
    assert_allclose(network.generate(30), held, **CLOSE)
    assert_allclose(network.generate(30, X_future=future), driven_by_future, **CLOSE)
    assert network.generate(1).shape == (1, *y.shape[1:])
    assert np.abs(driven_by_future - y[200:230]).mean() < 0.2
    assert_allclose(network.generate(30), held, **CLOSE)  # it is not moved by generate


def test_generate_from_known_steps():
    network = steps_network(reservoir=FED_BACK).fit(INPUTS[:200], MEMORY[:200])
    known, future = slice(150, 201), INPUTS[201:215]
    after = forced(network, INPUTS[known], MEMORY[known])[-1]
    driven_by_future = closed(network, after, MEMORY[200], future)
    held = closed(network, after, MEMORY[200], np.repeat(INPUTS[200:201], 14, axis=0))
    given = INPUTS[known], MEMORY[known]
    assert_allclose(network.generate(14, *given, X_future=future), driven_by_future, **CLOSE)
    assert_allclose(network.generate(14, *given), held, **CLOSE)
    from_training = network.generate(14, INPUTS[:200], MEMORY[:200], X_future=future)
    assert_allclose(from_training, network.generate(14, X_future=future), **CLOSE)


def test_generate_several_series_with_feedback():
    network = regressor(reservoir=FED_BACK, return_sequences=True).fit(BATCH, BATCH_Y)
    future = INPUTS[:9]
    for given in ({}, {"X_future": future}):
        generated = network.generate(9, BATCH, BATCH_Y, **given)
        assert generated.shape == (3, 9, 2)
        for one, inputs, y in zip(generated, BATCH, BATCH_Y, strict=True):
            steps = given.get("X_future", np.repeat(inputs[-1:], 9, axis=0))
            after = forced(network, inputs, y)[-1]
            assert_allclose(one, closed(network, after, y[-1], steps), **CLOSE)
            assert_allclose(one, network.generate(9, [inputs], [y], **given)[0], **CLOSE)
    single = clone(network).fit(BATCH[:1], [y[:, 0] for y in BATCH_Y[:1]])
    assert single.generate(4).shape == (4,)
    assert single.generate(4, BATCH, [y[:, 0] for y in BATCH_Y]).shape == (3, 4)


def test_generate_labels():
    network = classifier(rows="steps", reservoir=FED_BACK).fit(INPUTS[:200], TAGS[:200])
    indicators = np.eye(2)[(TAGS == "up").astype(int)]
    rows = [
        np.concatenate([*states, step])
        for states, step in zip(
            forced(network, INPUTS[:200], indicators[:200]), INPUTS, strict=False
        )
    ]
    assert_same_readout(network, Ridge(alpha=1e-3).fit(rows, indicators[:200]))
    states, fed = forced(network, INPUTS[:200], indicators[:200])[-1], indicators[199]
    expected = []
    for step in INPUTS[200:]:
        states = next_states(network.reservoir_.layers_, states, step, fed)
        code = read_out(network, states, step).argmax()
        fed = np.eye(2)[code]
        expected.append(network.classes_[code])
    assert_array_equal(network.generate(40, X_future=INPUTS[200:]), expected)
    from_known = network.generate(40, INPUTS[:200], TAGS[:200], X_future=INPUTS[200:])
    assert_array_equal(from_known, expected)
    assert network.score(INPUTS[:200], TAGS[:200]) > 0.8


# --- generation without feedback --------------------------------------------------------------

WAVE = np.sin(0.2 * np.arange(401))
PLANE = np.c_[WAVE, np.cos(0.31 * np.arange(401))]


@pytest.mark.parametrize("params", [{}, {"layers": 2}, {"chunk_overlap": 40}])
@pytest.mark.parametrize("series", [WAVE, PLANE], ids=["one value", "two values"])
def test_generate_without_feedback(params, series):
    X, y = series.reshape(401, -1)[:-1], series[1:]
    network = steps_network(reservoir=double(**params), leak_rate=0.7).fit(X[:300], y[:300])
    expected = looped(network, driven(network, X[:300]), y[299], 12)
    close = {"rtol": 1e-7, "atol": 1e-7} if "chunk_overlap" in params else CLOSE
    assert_allclose(network.generate(12), expected.reshape(12, *y.shape[1:]), **close)
    # The known steps reach as far as the last target did.
    assert_allclose(network.generate(12, X[:301]), network.generate(12), **close)
    expected = looped(network, driven(network, X[100:139]), X[139], 12)
    assert_allclose(network.generate(12, X[100:140]), expected.reshape(12, *y.shape[1:]), **CLOSE)
    expected = looped(network, zeros(network), X[7], 3)
    assert_allclose(network.generate(3, X[7:8]), expected.reshape(3, *y.shape[1:]), **CLOSE)


def test_generate_several_series_without_feedback():
    network = regressor(return_sequences=True).fit([PLANE[:-1]], [PLANE[1:]])
    known = [PLANE[:50], PLANE[30:31], PLANE[100:260], PLANE[5:55]]
    generated = network.generate(8, known)
    assert generated.shape == (4, 8, 2)
    for one, steps in zip(generated, known, strict=True):
        assert_allclose(one, looped(network, driven(network, steps[:-1]), steps[-1], 8), **CLOSE)
        assert_allclose(one, network.generate(8, [steps])[0], **CLOSE)
    assert network.generate(8).shape == (8, 2)


def test_generate_a_wave():
    network = steps_network(units=60, alpha=1e-8, washout=50)
    network.fit(WAVE[:300, None], WAVE[1:301])
    assert_allclose(network.generate(100), WAVE[301:401], atol=1e-3)
    assert_allclose(network.generate(100, WAVE[200:301, None]), WAVE[301:401], atol=1e-3)
    fed_back = steps_network(units=60, alpha=1e-8, washout=50, reservoir=FED_BACK)
    fed_back.fit(np.ones((301, 1)), WAVE[:301])
    assert_allclose(fed_back.generate(100), WAVE[301:401], atol=1e-2)


# --- the end of the training series -----------------------------------------------------------


def learn_by_update(network):
    return network.fit(BATCH[2:], BATCH_Y[2:]).update(BATCH[:2], BATCH_Y[:2])


def learn_by_partial_fit(network):
    return network.fit(BATCH[2:], BATCH_Y[2:]).partial_fit(BATCH[:2], BATCH_Y[:2])


def learn_by_merge(network):
    return network.fit(BATCH[2:], BATCH_Y[2:]).merge(clone(network).fit(BATCH, BATCH_Y))


@pytest.mark.parametrize(
    "learn",
    [lambda network: network.fit(BATCH, BATCH_Y), learn_by_update, learn_by_partial_fit,
     learn_by_merge],
    ids=["fit", "update", "partial_fit", "merge"],
)  # fmt: skip
def test_generate_after_several_series_is_refused(learn):
    network = learn(regressor(reservoir=FED_BACK, return_sequences=True))
    with pytest.raises(ValueError, match=r"X=None continues from the end of one.*Pass X"):
        network.generate(3)
    assert network.generate(3, BATCH, BATCH_Y).shape == (3, 3, 2)


def test_generate_after_partial_fit_and_update():
    network = steps_network(reservoir=FED_BACK).fit(INPUTS[:50], MEMORY[:50])
    for learn in (network.partial_fit, network.update):
        learn(INPUTS[50:120], MEMORY[50:120])
        known = network.generate(5, INPUTS[50:120], MEMORY[50:120])
        assert_allclose(network.generate(5), known, **CLOSE)


# --- generation that is refused ---------------------------------------------------------------

NETWORKS = {
    "one output per sequence": (regressor(), BATCH, [y[-1] for y in BATCH_Y]),
    "one output": (steps_network(), INPUTS, TARGETS),
    "next": (steps_network(), PLANE[:-1], PLANE[1:]),
    "several": (regressor(return_sequences=True), BATCH, BATCH_Y),
    "labels": (classifier(rows="steps"), INPUTS, TAGS),
    "fed back": (steps_network(reservoir=FED_BACK), INPUTS, TARGETS),
    "both ways": (
        regressor(return_sequences=True, reservoir=double(bidirectional=True)), BATCH, BATCH_Y),
}  # fmt: skip
TOGETHER = "pass both X and y"
HOLE = np.where(np.arange(480).reshape(240, 2) == 201, np.nan, INPUTS)
REFUSED = {
    "no steps": ("next", {"n_steps": 0}, "n_steps must be a positive int, got 0"),
    "half a step": ("next", {"n_steps": 2.5}, "n_steps must be a positive int, got 2.5"),
    "one output per sequence": (
        "one output per sequence", {}, "return_sequences=True or rows='steps'"),
    "one output for two inputs": (
        "one output", {}, r"feedback_scaling=0.* 1 output.* 2 input.*one step ahead"),
    "labels for inputs": ("labels", {}, "cannot feed outputs back.*feedback_scaling"),
    "two directions": ("both ways", {"X": BATCH}, "cannot be used with bidirectional=True"),
    "no end": ("several", {}, "X=None.*several sequences.*Pass X"),
    "targets without feedback": ("next", {"X": INPUTS, "y": INPUTS}, "y must be None.*feedback"),
    "future without feedback": ("next", {"X_future": INPUTS[:3]}, "X_future must be None"),
    "inputs alone": ("fed back", {"X": INPUTS}, TOGETHER),
    "targets alone": ("fed back", {"y": TARGETS}, TOGETHER),
    "future too long": ("fed back", {"X_future": INPUTS[:4]}, r"X_future.*\(3, 2\), got \(4, 2\)"),
    "future too wide": (
        "fed back", {"X_future": np.ones((3, 3))}, r"X_future.*\(3, 2\), got \(3, 3\)"),
    "NaN in future": ("fed back", {"X_future": np.full((3, 2), np.nan)}, "X_future contains NaN"),
    "NaN in known steps": ("fed back", {"X": HOLE, "y": TARGETS}, "X contains NaN"),
    "too few known targets": ("fed back", {"X": INPUTS, "y": TARGETS[1:]}, r"\[240, 239\]"),
    "other features": ("next", {"X": INPUTS[:, :1]}, "X has 1 features.*expecting 2"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", REFUSED)
def test_generate_bad_arguments(wrong):
    kind, given, match = REFUSED[wrong]
    network, inputs, y = NETWORKS[kind]
    network = clone(network).fit(inputs, y)
    with unchanged(network, inputs), no_step(), pytest.raises(ValueError, match=match):
        network.generate(**{"n_steps": 3, **given})


@pytest.mark.parametrize("network", [steps_network(), classifier()])
def test_generate_before_fit(network):
    with pytest.raises(NotFittedError, match=f"This {type(network).__name__} .* not fitted"):
        network.generate(3)


def test_echo_state_shares_no_memory_with_the_data():
    X, y = NOISE[:200].copy(), NOISE[1:201, 0].copy()
    network = EchoStateRegressor(reservoir=seeded_reservoir(feedback_scaling=0.1), rows="steps")
    network.set_params(initial_state="fit_end").fit(X, y)
    before = network.generate(3)
    X[:], y[:] = 9, 9
    assert_array_equal(network.generate(3), before)


def test_initial_state_is_checked_after_fit():
    network = EchoStateRegressor(units=20, return_sequences=True, random_state=0)
    network.fit([NOISE[:50]], [NOISE[:50, 0]])
    with pytest.raises(ValueError, match=r"initial_state='fit_end'.*rows='steps'"):
        network.set_params(initial_state="fit_end").predict([NOISE])
