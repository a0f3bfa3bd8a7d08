"""The JAX backend: gradients of its time loops, padding of batches, and how often it compiles."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import network_spec, random_sequences, step_targets

from skrnn import RNNClassifier, RNNRegressor
from skrnn.networks import programs
from skrnn.networks.specs import Examples
from skrnn.sequences import check_sequences

if keras.backend.backend() != "jax":
    pytest.skip("Keras runs on another backend", allow_module_level=True)

import jax
import jax.numpy as jnp

from skrnn.networks.backends import jax as backend
from skrnn.networks.backends import jax_loops

CELLS = {
    "SimpleRNN": ("simple", 1),
    "LSTM": ("lstm", 4),
    "GRU": ("gru", 3),
    "GRUResetBefore": ("gru", 3),
}


@pytest.fixture
def float64():
    with backend.precision("float64"):
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
    if steps.ndim == 2:
        steps = jax.nn.one_hot(steps, len(kernel), dtype=kernel.dtype)
    if mask is not None:
        steps = steps * mask[:, None]
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
    mask = rng.choice([0, 2.0], (batch, n_features)) if "dropout" in how else None
    bias = rng.standard_normal((2, n_gates) if kind == "GRU" else n_gates)
    kernels = rng.standard_normal((n_features, n_gates)), rng.standard_normal((units, n_gates))
    return steps, mask, [*kernels, bias]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("hoisted", [False, True])
@pytest.mark.parametrize("how", ["numbers", "numbers, dropout", "codes", "codes, dropout"])
@pytest.mark.parametrize("kind", CELLS)
def test_time_loops_and_their_gradients_are_those_of_the_equations(kind, how, hoisted, monkeypatch):
    if hoisted:  # as with many codes, and on a GPU
        monkeypatch.setattr(jax_loops, "_MAX_ONE_HOT", 0)
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
