"""The JAX backend: gradients of its time loops, padding of batches, and how often it compiles."""

import logging
from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from recurrences import (
    assert_close_weights,
    assert_same_bits,
    fast_loop,
    loop_arguments,
    random_sequences,
    step_targets,
)

from skrnn import RNNClassifier, RNNRegressor, Seq2SeqClassifier
from skrnn._cells import CELLS
from skrnn.networks import feed, programs

if keras.backend.backend() != "jax":
    pytest.skip("Keras runs on another backend", allow_module_level=True)

import jax
import jax.numpy as jnp

from skrnn.networks.backends import precision
from skrnn.networks.backends.jax import device as backend
from skrnn.networks.backends.jax import gpu_loops, loops
from skrnn.networks.cells import get_cell, run_steps

# --- time loops -------------------------------------------------------------------------------


@precision("float64")
@pytest.mark.parametrize(
    ("device", "codes", "mask", "initial"),
    [
        ("cpu", False, False, False),
        ("cpu", False, True, True),
        ("gpu", False, True, True),
        ("cpu", True, True, True),
    ],
    ids=["steps, from zeros", "dropout, from states", "as on a GPU", "codes, from states"],
)
@pytest.mark.parametrize("cell", CELLS)
def test_run_loop_and_gradients_equal_those_of_run_steps(
    cell, device, codes, mask, initial, monkeypatch
):
    if device == "gpu":
        monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
        # Two iterations of the compiled loop, and one time step that is left over.
        monkeypatch.setattr(gpu_loops, "UNROLL", (3,))
    arguments = loop_arguments(cell, 5, 7, 3, 4, codes=codes, mask=mask)
    steps, mask, weights, states, factors = jax.tree.map(jnp.asarray, arguments)

    def value(weights, states, steps, run):
        outputs, last = run(steps, mask, weights, states if initial else None)
        return sum(jnp.sum(f * one) for f, one in zip(factors, (outputs, *last), strict=True))

    # Codes have no gradient.
    by = (0, 1) if codes else (0, 1, 2)
    loops = fast_loop(cell), partial(run_steps, get_cell(cell))
    ours, theirs = (
        jax.value_and_grad(partial(value, run=run), by)(weights, states, steps) for run in loops
    )
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert one.dtype == np.float64
        assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_on_a_gpu_cudnn_runs_only_large_lstms(monkeypatch):
    assert loops.has_fast_loop("lstm", 512, 512)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert loops.has_fast_loop("lstm", 64, 512)
    assert not loops.has_fast_loop("lstm", 512, 512)
    assert loops.has_fast_loop("gru", 512, 512)
    with loops.own_loops():
        assert loops.has_fast_loop("lstm", 512, 512)


# --- padding of batches -----------------------------------------------------------------------


X = random_sequences()
DRAWS = {
    "cell": "gru", "units": 3, "bidirectional": True, "dropout": 0.3, "batch_size": 5, "epochs": 2,
    "metrics": ["mae"], "l2": 2**-7, "dtype": "float64", "random_state": 0,
}  # fmt: skip


@pytest.mark.parametrize("how", [{"pooling": "mean"}, {"return_sequences": True}])
def test_padding_rows_and_time_steps_change_nothing(how, monkeypatch):
    y = step_targets(X)
    y = y if "return_sequences" in how else [one[-1] for one in y]
    fits = []
    for rounded in (lambda n, *_: int(n), lambda n, *_: int(n) + 3):
        programs.clear()
        monkeypatch.setattr(backend, "bucket_size", rounded)
        fits.append(RNNRegressor(**DRAWS, **how).fit(X, y, X_val=X[:3], y_val=y[:3]))
    assert_close_weights(*fits)
    for name, values in fits[0].history_.items():
        # Metrics are computed in float32.
        assert_allclose(values, fits[1].history_[name], rtol=1e-12 if "loss" in name else 1e-6)
    outputs = [np.concatenate(model.predict(X), axis=None) for model in fits]
    assert_allclose(*outputs, rtol=1e-12)


def log_loss(true, predicted):
    """Return a loss that is infinite for the zeros with which time steps are padded."""
    return -keras.ops.log(keras.ops.abs(predicted[:, 0]))


def test_loss_may_be_infinite_in_padding():
    x = [steps + 3 for steps in X]
    model = RNNRegressor(cell="simple", units=3, return_sequences=True, loss=log_loss, epochs=2)
    model.fit(x, step_targets(x))
    assert np.isfinite(model.history_["loss"]).all()


def batch_norm(steps, lengths):
    return keras.layers.BatchNormalization()(steps)


class Counts(keras.metrics.Sum):
    """A metric that ignores weights."""

    def update_state(self, true, predicted, sample_weight=None):
        super().update_state(keras.ops.ones_like(predicted))


def test_custom_layers_and_metrics_receive_only_real_rows():
    x = np.random.default_rng(0).normal(3, 2, (30, 4, 2))
    params = {"batch_size": None, "epochs": 1, "standardize": False}
    model = RNNRegressor(body=batch_norm, metrics=[Counts(name="n")], **params)
    model.fit(x, x[:, 0, 0])
    assert model.history_["n"] == [30]
    moving_mean = model.weights_[[v.name for v in model.model_.weights].index("moving_mean")]
    assert_allclose(moving_mean, 0.01 * x.mean(axis=(0, 1)), rtol=1e-5)


# --- compiling --------------------------------------------------------------------------------


@pytest.fixture
def compiled(caplog):
    """Return a function that counts the compilations of training since its last call."""
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
def test_training_of_two_folds_compiles_once_per_shape(lengths, n_compiled, compiled, monkeypatch):
    x = [np.full((length, 2), label) for length, label in zip(lengths, LABELS, strict=True)]
    model = RNNClassifier(cell="simple", units=2, batch_size=16, epochs=2, random_state=0)
    monkeypatch.setattr(backend, "_SMALL", 2**14)
    folds = [np.flatnonzero(np.arange(90) % 10 != k) for k in (0, 1)]
    model.fit([x[i] for i in folds[0]], LABELS[folds[0]])
    n_first = compiled()
    model.set_params(learning_rate=0.1, random_state=1)
    model.fit([x[i] for i in folds[1]], LABELS[folds[1]])
    # Which of many bucket sizes occur depends on the random batches.
    assert 1 <= n_first <= n_first + compiled() <= n_compiled


def test_number_of_batches_in_a_call_compiles_nothing(compiled, monkeypatch):
    x = np.ones((40, 3, 2))
    fits = []
    for seconds in (0, 1e-3, 1e9):
        monkeypatch.setattr("skrnn.networks.call_length.SECONDS_PER_CALL", seconds)
        model = RNNClassifier(cell="simple", units=2, batch_size=8, epochs=3, random_state=0)
        fits.append(model.fit(x, LABELS[:40]))
        assert compiled() == (not fits[1:])
        assert_same_bits(fits[0], fits[-1])


def test_blocks_with_one_small_batch_change_no_bit(monkeypatch):
    x = np.random.default_rng(0).standard_normal((35, 3, 2))
    whole, blocks = (RNNClassifier(cell="simple", units=2, epochs=2, random_state=0) for _ in "ab")
    whole.fit(x, LABELS[:35])
    monkeypatch.setattr(feed, "RESIDENT_BYTES", 1)
    monkeypatch.setattr(backend, "JOINED_ROWS", 8)
    assert_same_bits(whole, blocks.fit(x, LABELS[:35]))


def test_given_targets_of_similar_lengths_share_a_program(caplog):
    x = np.ones((4, 3, 2))
    model = Seq2SeqClassifier(cell="simple", units=2, epochs=1, random_state=0)
    model.fit(x, ["ab", "b", "ba", "a"])
    expected = model.predict_proba(x, ["ab"] * 4)
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        for length in (1, 2, 3):
            rows = model.predict_proba(x, ["a" * length] * 4)
            assert [one.shape for one in rows] == [(length + 1, 3)] * 4
            np.testing.assert_allclose(rows[0][:2], expected[0][:2], atol=1e-6)
    assert not any("compilation of jit(forward)" in text for text in caplog.messages)
