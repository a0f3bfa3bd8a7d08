"""Compiled programs, how they are shared, and networks with a custom body."""

import pickle
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor, wait

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import (
    assert_close_weights,
    assert_same_bits,
    body_that_draws,
    count_programs,
    network_spec,
    random_sequences,
    step_targets,
)
from sklearn.base import clone
from small_data import PLAIN, TINY, labelled

from skrnn import RNNClassifier, RNNRegressor, clear_program_cache
from skrnn.networks import programs
from skrnn.networks.architecture import build_network, initial_weights
from skrnn.networks.inference import forward
from skrnn.networks.programs import lease
from skrnn.sequences import check_sequences

X = random_sequences()
Y = np.array([4000.0 + 1000 * x[:, 0].sum() for x in X])
MANY, TAGS = labelled()


@pytest.fixture
def built(monkeypatch):
    return count_programs(monkeypatch)


@pytest.fixture
def traced(monkeypatch):
    """Return a list that will hold what each training loop is compiled from."""
    compiled = []
    compile_training = programs.backends.compile_training

    def counted(*arguments):
        compiled.append(arguments)
        return compile_training(*arguments)

    monkeypatch.setattr(programs.backends, "compile_training", counted)
    return compiled


# --- programs ---------------------------------------------------------------------------------


def test_programs_grid_of_parameters_that_are_not_compiled_builds_one(built, traced):
    for i, rate in enumerate([0.1, 0.01, None]):
        params = {**TINY, "epochs": i + 1, "batch_size": 5 * (i + 1), "random_state": i}
        model = RNNClassifier(**params, learning_rate=rate, class_weight={"ant": 1.0 + i})
        model.fit(MANY[i:], TAGS[i:], X_val=MANY, y_val=TAGS).predict(MANY[:3])
    assert len(built) == len(traced) == 1
    RNNClassifier(**TINY, optimizer=keras.optimizers.Adam(0.02)).fit(MANY, TAGS)
    assert len(built) == len(traced) == 1
    RNNClassifier(**TINY, optimizer="sgd").fit(MANY, TAGS)
    assert (len(built), len(traced)) == (1, 2)
    RNNClassifier(**{**TINY, "units": 2}).fit(MANY, TAGS)
    assert (len(built), len(traced)) == (2, 3)


def test_lease_is_exclusive(built):
    spec = network_spec()
    with lease(spec) as one:
        with lease(spec) as other:
            assert one is not other
        with lease(spec) as again:
            assert again is other
    with lease(spec) as one, lease(spec) as other:
        assert one is not other
    assert len(built) == 2


def test_lease_discards_a_program_that_raised(built):
    spec = network_spec()
    with pytest.raises(RuntimeError), lease(spec) as broken:
        raise RuntimeError
    with lease(spec) as program:
        assert program is not broken
    with pytest.raises(programs.DivergedError), lease(spec):
        raise programs.DivergedError
    with lease(spec) as again:
        assert again is program
    assert len(built) == 2


def test_programs_are_bounded_and_the_longest_unused_is_removed_first(built, monkeypatch):
    monkeypatch.setattr(programs, "MAX_PROGRAMS", 2)
    one, two, three = (network_spec(units=(units,)) for units in (1, 2, 3))
    for spec, n_built in [(one, 1), (two, 2), (one, 2), (three, 3), (one, 3), (two, 4)]:
        with lease(spec) as program:
            assert program.network.spec == spec
        assert len(built) == n_built


def test_programs_number_of_trainers_is_bounded(built, traced, monkeypatch):
    monkeypatch.setattr(programs, "MAX_TRAINERS", 1)
    first = RNNClassifier(**TINY, optimizer="sgd").fit(MANY, TAGS)
    for optimizer, n_traced in [("sgd", 1), ("adam", 2), ("sgd", 3)]:
        model = RNNClassifier(**TINY, optimizer=optimizer).fit(MANY, TAGS)
        assert (len(built), len(traced)) == (1, n_traced)
    assert_same_bits(model, first)


def test_clear_program_cache_removes_idle_programs_and_keeps_those_in_use(built):
    one, two = network_spec(units=(1,)), network_spec(units=(2,))
    with lease(one) as program:
        idle = weakref.ref(program.network.model)
    del program
    with lease(two) as used:
        clear_program_cache()
        assert idle() is None
    with lease(two) as again:
        assert again is used
    with lease(one):
        assert len(built) == 3


def test_clear_program_cache_while_threads_fit():
    models = [RNNClassifier(**{**TINY, "random_state": seed}) for seed in range(2)]
    expected = [model.fit(MANY, TAGS).weights_ for model in models]
    with ThreadPoolExecutor(2) as pool:
        fits = [pool.submit(model.fit, MANY, TAGS) for model in models]
        while wait(fits, timeout=0.2).not_done:
            clear_program_cache()
    for model, weights in zip(models, expected, strict=True):
        assert_same_bits(model, weights)


@pytest.mark.parametrize(
    ("units", "body", "n_fits"),
    [([4], None, 4), ([3, 4], None, 4), ([4], body_that_draws, 2)],
    ids=["one architecture", "two architectures", "custom body"],
)
def test_programs_of_threads_equal_those_of_one_thread(units, body, n_fits):
    params = {**TINY, "dropout": 0.2, "batch_size": 7, "early_stopping": True, "body": body}
    params["callbacks"] = keras.callbacks.History
    models = [
        RNNClassifier(**{**params, "units": units[seed % len(units)], "random_state": seed})
        for seed in range(n_fits)
    ]

    def outcome(model):
        model = clone(model).fit(MANY, TAGS)
        return model.weights_, model.history_, model.predict_proba(MANY)

    expected = [outcome(model) for model in models]
    programs.clear()
    start = threading.Barrier(2)  # both threads begin to fit at the same time

    def outcome_in_a_thread(model):
        start.wait()
        return outcome(model)

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(outcome_in_a_thread, models))
    for (weights, history, outputs), wanted in zip(outcomes, expected, strict=True):
        assert_same_bits(weights, wanted[0])
        assert len(history["loss"]) == 3
        assert history == wanted[1]
        assert_array_equal(outputs, wanted[2])


# --- custom bodies ----------------------------------------------------------------------------


def attention(steps, lengths):
    """Attend over a convolution of real steps, and pool with the network's own pooling."""
    hidden = keras.layers.Conv1D(4, 3, padding="causal", activation="relu")(steps)
    position = ops.cumsum(ops.ones_like(steps[:, :, 0], dtype="int32"), axis=1)
    mask = position[:, None] <= lengths[:, None, None]
    return keras.layers.MultiHeadAttention(2, 2)(hidden, hidden, attention_mask=mask)


BODY = {"body": attention, "pooling": "mean", "random_state": 0, "learning_rate": 0.02}


def test_custom_body_is_trained_and_predicts_as_usual():
    model = RNNClassifier(**BODY, epochs=15, batch_size=8).fit(MANY, TAGS)
    assert model.history_["loss"][-1] < 0.7 * model.history_["loss"][0]
    together = model.predict_proba(MANY)
    alone = np.concatenate([model.predict_proba([x]) for x in MANY])
    assert_allclose(alone, together, rtol=0, atol=1e-5)
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.predict_proba(MANY), together)
    assert_same_bits(twin.fit(MANY, TAGS), model)
    with pytest.raises(ValueError, match="skrnn's recurrent layers"):
        model.hidden_states(MANY, return_sequences=True)


def test_custom_body_with_one_target_per_time_step():
    y = step_targets(X)
    model = RNNRegressor(**BODY, epochs=2, return_sequences=True).fit(X, y)
    assert [one.shape for one in model.predict(X)] == [(len(x),) for x in X]
    assert model.n_iter_ == 2


def test_custom_body_partial_fit_continues_training():
    params = {**BODY, "shuffle": False, "batch_size": 8, "schedule": "constant"}
    whole = RNNClassifier(**params, epochs=3).fit(MANY, TAGS)
    parts = RNNClassifier(**params)
    for _ in range(3):
        parts.partial_fit(MANY, TAGS)
    assert_close_weights(parts, whole, atol=1e-6)


def dense_body(units, activation="tanh"):
    return lambda steps, lengths: keras.layers.Dense(units, activation=activation)(steps)


def test_custom_bodies_share_a_program_if_they_build_the_same_layers(monkeypatch):
    built = count_programs(monkeypatch)

    def fit(body, **how):
        params = {**TINY, **PLAIN, "epochs": 1, **how}
        return RNNClassifier(**params, body=body).fit(MANY, TAGS)

    first = fit(dense_body(3))
    assert_same_bits(fit(dense_body(3)), first)
    fit(dense_body(3), random_state=1, learning_rate=0.1).predict(MANY)
    assert len(built) == 1
    assert fit(dense_body(4)).weights_[0].shape == (2, 4)
    fit(dense_body(3, "relu"))
    assert len(built) == 3


def test_custom_bodies_with_functions_of_one_name_do_not_share_a_program(monkeypatch):
    def body_of(factor):
        def scaled(values):
            return values * factor

        return dense_body(3, scaled)

    built = count_programs(monkeypatch)
    fits = [
        RNNRegressor(**TINY, body=body_of(factor), normalize_y=False).fit(X, Y / 4000)
        for factor in (1.0, 0.0)
    ]
    assert np.ptp(fits[0].predict(X)) > 0
    assert np.ptp(fits[1].predict(X)) == 0
    assert len(built) == 2


def test_custom_body_with_many_layers_on_lengths_keeps_the_embedding():
    def body(steps, lengths):
        scale = ops.cast(lengths, "float32")[:, None, None]
        for _ in range(3):
            scale = keras.layers.Dense(1)(scale)
        return steps + scale

    matrix = np.arange(10.0).reshape(5, 2)
    params = {**TINY, "body": body, "embedding": matrix, "train_embedding": False, "epochs": 1}
    model = RNNClassifier(**params).fit([[2, 3], [4], [3, 3]], [0, 1, 0])
    assert_array_equal(model.model_.get_layer("embedding").get_weights()[0], matrix)


@pytest.mark.parametrize(
    ("body", "per_step", "what"),
    [
        (lambda steps, lengths: lengths, False, r"2-D .* or 3-D .*got shape \(None,\)"),
        (lambda steps, lengths: [steps, lengths], False, r"got \["),
        (lambda steps, lengths: None, False, "got None"),
        (lambda steps, lengths: steps[:, 0], True, r"return a 3-D .*got shape \(None, 3\)"),
    ],
)
def test_custom_body_must_return_states(body, per_step, what):
    with pytest.raises(ValueError, match=what):
        build_network(network_spec(body=body, return_sequences=per_step))


def test_custom_body_is_pooled_over_real_time_steps():
    for head in ("last", "mean", "max", "mean_max", "steps"):
        how = {"return_sequences": True} if head == "steps" else {"pooling": head}
        spec = network_spec(body=lambda steps, lengths: steps * 2, **how)
        network = build_network(spec)
        weights = initial_weights(network, np.random.default_rng(0))
        kernel = weights[0]
        outputs = forward(network.spec, weights, check_sequences(X))
        pooled = {
            "last": [2 * x[-1:] for x in X],
            "mean": [2 * x.mean(axis=0, keepdims=True) for x in X],
            "max": [2 * x.max(axis=0, keepdims=True) for x in X],
            "mean_max": [2 * np.r_[x.mean(axis=0), x.max(axis=0)][None] for x in X],
            "steps": [2 * x for x in X],
        }
        assert_allclose(outputs, np.concatenate(pooled[head]) @ kernel, rtol=0, atol=1e-5)
