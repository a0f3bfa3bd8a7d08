"""The JAX backend: gradients of its time loops, padding of batches, and how often it compiles."""

import logging

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from recurrences import assert_close_weights, assert_same_bits, random_sequences, step_targets

from skrnn import RNNClassifier, RNNRegressor
from skrnn.networks import programs

if keras.backend.backend() != "jax":
    pytest.skip("Keras runs on another backend", allow_module_level=True)

import jax
import jax.numpy as jnp

from skrnn.networks.backends.jax import device as backend
from skrnn.networks.backends.jax import loops as jax_loops
from skrnn.networks.backends.jax import precision

CELLS = {
    "SimpleRNN": ("simple", 1),
    "LSTM": ("lstm", 4),
    "GRU": ("gru", 3),
    "GRUResetBefore": ("gru", 3),
}


@pytest.fixture
def float64():
    with precision("float64"):
        yield


# --- time loops -------------------------------------------------------------------------------


def cell_step(kind, x, states, recurrent, bias):
    """Give the states after a step, as the equations have it, for automatic differentiation."""
    h = states[0]
    if kind == "SimpleRNN":
        return (jnp.tanh(x + h @ recurrent),)
    if kind == "LSTM":
        i, f, g, o = jnp.split(x + h @ recurrent, 4, axis=1)
        c = jax.nn.sigmoid(f) * states[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(c), c
    x_z, x_r, x_h = jnp.split(x, 3, axis=1)
    r_z, r_r, r_h = jnp.split(recurrent, 3, axis=1)
    b_z, b_r, b_h = jnp.split(bias, 3)
    z, r = jax.nn.sigmoid(x_z + h @ r_z + b_z), jax.nn.sigmoid(x_r + h @ r_r + b_r)
    product = (r * h) @ r_h if kind == "GRUResetBefore" else r * (h @ r_h + b_h)
    return (z * h + (1 - z) * jnp.tanh(x_h + product),)


def plain_loop(kind, steps, mask, kernel, recurrent, bias):
    """Do what `run_loop` does one step after another."""
    if mask is not None:
        mask = mask[:, :, None] if steps.ndim == 2 else mask[:, None]
    if steps.ndim == 2:
        steps = jax.nn.one_hot(steps, len(kernel), dtype=kernel.dtype)
    if mask is not None:
        steps = steps * mask
    first, second = bias if kind == "GRU" else (bias, jnp.zeros_like(bias))
    states = (jnp.zeros((len(steps), len(recurrent))),) * (2 if kind == "LSTM" else 1)
    outputs = []
    for t in range(steps.shape[1]):
        states = cell_step(kind, steps[:, t] @ kernel + first, states, recurrent, second)
        outputs.append(states[0])
    return jnp.stack(outputs, axis=1), list(states)


def arguments(kind, how):
    rng = np.random.default_rng(0)
    batch, n_steps, n_features, units = 5, 7, 3, 4
    n_gates = CELLS[kind][1] * units
    steps = rng.standard_normal((batch, n_steps, n_features))
    if "codes" in how:
        steps = rng.integers(0, n_features, (batch, n_steps))
    places = n_steps if "codes" in how else n_features
    mask = rng.choice([0, 2.0], (batch, places)) if "dropout" in how else None
    bias = rng.standard_normal((2, n_gates) if kind == "GRU" else n_gates)
    kernels = rng.standard_normal((n_features, n_gates)), rng.standard_normal((units, n_gates))
    return steps, mask, [*kernels, bias]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("how", "hoisted"),
    [
        ("numbers", False),
        ("numbers", True),
        ("numbers, dropout", False),
        ("codes", False),
        ("codes, dropout", False),
    ],
)
@pytest.mark.parametrize("kind", CELLS)
def test_time_loops_and_their_gradients_are_those_of_the_equations(kind, how, hoisted, monkeypatch):
    if hoisted:  # as on a GPU
        monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    steps, mask, weights = arguments(kind, how)
    rng = np.random.default_rng(1)
    factors = rng.standard_normal((5, 7, 4)), rng.standard_normal((2, 5, 4))

    def value(run, weights, steps):
        outputs, states = run(kind, steps, mask, *weights)
        ends = sum(jnp.sum(f * state) for f, state in zip(factors[1], states, strict=False))
        return jnp.sum(factors[0] * outputs) + ends

    by = (1,) if "codes" in how else (1, 2)
    ours = jax.value_and_grad(value, by)(jax_loops.run_loop, weights, steps)
    theirs = jax.value_and_grad(value, by)(plain_loop, weights, steps)
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert one.dtype == np.float64
        assert_allclose(one, other, rtol=1e-10, atol=1e-12)


# --- padding of batches -----------------------------------------------------------------------


X = random_sequences()
DRAWS = {
    "cell": "gru", "units": 3, "bidirectional": True, "dropout": 0.3, "batch_size": 5, "epochs": 2,
    "metrics": ["mae"], "l2": 2**-7, "dtype": "float64", "random_state": 0,
}  # fmt: skip


@pytest.mark.parametrize("how", [{"pooling": "mean"}, {"return_sequences": True}])
def test_rows_and_steps_that_fill_a_batch_change_nothing(how, monkeypatch):
    y = step_targets(X)
    y = y if "return_sequences" in how else [one[-1] for one in y]
    fits = []
    for rung in (lambda n, *_: int(n), lambda n, *_: int(n) + 3):
        programs.clear()
        monkeypatch.setattr(backend, "_rung", rung)
        fits.append(RNNRegressor(**DRAWS, **how).fit(X, y, X_val=X[:3], y_val=y[:3]))
    assert_close_weights(*fits)
    for name, values in fits[0].history_.items():
        # Metrics count in float32.
        assert_allclose(values, fits[1].history_[name], rtol=1e-12 if "loss" in name else 1e-6)
    outputs = [np.concatenate(model.predict(X), axis=None) for model in fits]
    assert_allclose(*outputs, rtol=1e-12)


def log_loss(true, predicted):
    """Give a loss that is infinite for the zeros that steps are padded with."""
    return -keras.ops.log(keras.ops.abs(predicted[:, 0]))


def test_a_loss_may_be_infinite_where_there_is_only_padding():
    x = [steps + 3 for steps in X]
    model = RNNRegressor(cell="simple", units=3, return_sequences=True, loss=log_loss, epochs=2)
    model.fit(x, step_targets(x))
    assert np.isfinite(model.history_["loss"]).all()


def batch_norm(steps, lengths):
    return keras.layers.BatchNormalization()(steps)


class Counts(keras.metrics.Sum):
    """A metric that knows no weights."""

    def update_state(self, true, predicted, sample_weight=None):
        super().update_state(keras.ops.ones_like(predicted))


def test_layers_and_metrics_of_the_users_own_see_real_rows_alone():
    x = np.random.default_rng(0).normal(3, 2, (30, 4, 2))
    model = RNNRegressor(body=batch_norm, batch_size=None, epochs=1, metrics=[Counts(name="n")])
    model.fit(x, x[:, 0, 0])
    assert model.history_["n"] == [30]
    moving_mean = model.weights_[[v.name for v in model.model_.weights].index("moving_mean")]
    assert_allclose(moving_mean, 0.01 * x.mean(axis=(0, 1)), rtol=1e-5)


# --- compiling --------------------------------------------------------------------------------


@pytest.fixture
def compiled(caplog):
    """Return a function that tells how often training was compiled since the last call."""
    programs.clear()
    with jax.log_compiles(), caplog.at_level(logging.WARNING):

        def count():
            n = sum("Finished XLA compilation of jit(loop)" in text for text in caplog.messages)
            caplog.clear()
            return n

        yield count


LABELS = np.arange(90) % 2


@pytest.mark.parametrize(
    ("lengths", "n_compiled"),
    [(np.full(90, 6), 2), (3 + np.arange(90) % 7, 2), (3 + np.arange(90) % 7 * 80, 7)],
    ids=["equal", "few steps", "many steps"],
)
def test_two_folds_compile_training_once_for_each_shape(lengths, n_compiled, compiled, monkeypatch):
    x = [np.full((length, 2), label) for length, label in zip(lengths, LABELS, strict=True)]
    model = RNNClassifier(cell="simple", units=2, batch_size=16, epochs=2, random_state=0)
    monkeypatch.setattr(backend, "_SMALL", 2**14)
    folds = [np.flatnonzero(np.arange(90) % 10 != k) for k in (0, 1)]
    model.fit([x[i] for i in folds[0]], LABELS[folds[0]])
    n_first = compiled()
    model.set_params(learning_rate=0.1, random_state=1)
    model.fit([x[i] for i in folds[1]], LABELS[folds[1]])
    # Which rungs of a long ladder come up is drawn anew.
    assert 1 <= n_first <= n_first + compiled() <= n_compiled


def test_how_many_batches_share_a_call_compiles_nothing(compiled, monkeypatch):
    x = np.ones((40, 3, 2))
    fits = []
    for seconds in (0, 1e-3, 1e9):
        monkeypatch.setattr("skrnn.networks.fit_loop._SECONDS_PER_CALL", seconds)
        model = RNNClassifier(cell="simple", units=2, batch_size=8, epochs=3, random_state=0)
        fits.append(model.fit(x, LABELS[:40]))
        assert compiled() == (not fits[1:])
        assert_same_bits(fits[0], fits[-1])
