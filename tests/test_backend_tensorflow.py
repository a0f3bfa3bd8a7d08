"""TensorFlow's side: time loops and their gradients, Adam's update, compiled loops in a fit."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

if keras.backend.backend() != "tensorflow":
    pytest.skip("about TensorFlow alone", allow_module_level=True)

import tensorflow as tf
from recurrences import random_sequences

from skrnn import RNNRegressor
from skrnn.networks.backends.tensorflow import device as backend
from skrnn.networks.backends.tensorflow import policy
from skrnn.networks.backends.tensorflow.loops import compiled_loops, run_loop

LAYERS = {
    "SimpleRNN": keras.layers.SimpleRNN,
    "LSTM": keras.layers.LSTM,
    "GRU": keras.layers.GRU,
    "GRUResetBefore": lambda units, **how: keras.layers.GRU(units, reset_after=False, **how),
}
N_FEATURES, UNITS = 3, 4


# --- time loops -------------------------------------------------------------------------------


def plain_layer(kind, dtype):
    layer = LAYERS[kind](UNITS, return_sequences=True, return_state=True, dtype=dtype)
    layer.build((None, None, N_FEATURES))
    rng = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    return layer


def batch(inputs, shape, dtype):
    """Return what the loop is given, and the same as plain steps."""
    rng = np.random.default_rng(1)
    given = rng.standard_normal((*shape, N_FEATURES)).astype(dtype)
    steps, mask_shape = given, (shape[0], 1, N_FEATURES)
    if inputs.startswith("codes"):
        given = rng.integers(0, N_FEATURES, shape).astype("int32")
        steps, mask_shape = np.eye(N_FEATURES, dtype=dtype)[given], (*shape, 1)
    mask = None
    if inputs.endswith("mask"):
        mask = ((rng.random(mask_shape) < 0.7) / 0.7).astype(dtype)
        steps, mask = steps * mask, tf.constant(mask.reshape(shape[0], -1))
    return tf.constant(given), mask, tf.constant(steps)


def results(run, leaves):
    """Outputs, final states and the gradients of a sum in which each output has its weight."""

    @tf.function(autograph=False)
    def work():
        with tf.GradientTape() as tape:
            tape.watch(leaves)
            outputs, *states = run()
            factors = tf.reshape(tf.range(tf.size(outputs)), tf.shape(outputs))
            total = tf.reduce_sum(outputs * tf.cast(factors, outputs.dtype))
        gradients = [tf.convert_to_tensor(one) for one in tape.gradient(total, leaves)]
        return [outputs, *states, *gradients]

    return work()


def compare(kind, inputs, shape, dtype, *, width, tolerance):
    layer = plain_layer(kind, dtype)
    given, mask, steps = batch(inputs, shape, dtype)
    weights = [variable.value for variable in layer.weights]
    # Codes have no gradient, steps have.
    by_steps = inputs.startswith("steps") and mask is None

    def ours():
        with compiled_loops(width):
            outputs, states = run_loop(kind, given, mask, *layer.weights)
        return outputs, *states

    found = results(ours, [*weights, given] if by_steps else weights)
    expected = results(lambda: layer(steps), [*weights, steps] if by_steps else weights)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == dtype
        scale = 1 + np.abs(other).max()
        assert_allclose(one / scale, other / scale, rtol=0, atol=tolerance)


@pytest.mark.parametrize("width", [None, 7], ids=["graph", "compiled"])
@pytest.mark.parametrize("inputs", ["steps", "steps and mask", "codes and mask"])
@pytest.mark.parametrize("kind", LAYERS)
def test_loops_and_their_gradients_are_those_of_keras_layers(kind, inputs, width):
    # Longer than a compiled chunk, and a batch that fills neither its width nor its parts.
    compare(kind, inputs, (5, 35), "float64", width=width, tolerance=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (3, 6)])
@pytest.mark.parametrize("kind", LAYERS)
def test_loops_in_single_precision_and_small_batches(kind, shape):
    # Here LSTMs run in TensorFlow's own kernel.
    compare(kind, "steps", shape, "float32", width=None, tolerance=1e-6)


# --- Adam -------------------------------------------------------------------------------------


@pytest.mark.parametrize("clip", [None, 1e-3])
@pytest.mark.parametrize("rate", [0.1, keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)])
def test_the_fused_update_is_keras_adam(clip, rate):
    rng = np.random.default_rng(0)
    start = [rng.standard_normal(shape) for shape in ((3, 4), (4,))]
    gradients = [[rng.standard_normal(one.shape) for one in start] for _ in range(5)]
    ends = []
    for fused in (True, False):
        variables = [keras.Variable(value, dtype="float64") for value in start]
        optimizer = keras.optimizers.Adam(rate, beta_1=0.8, global_clipnorm=clip)
        optimizer.build(variables)
        update = backend._compile_update(optimizer, variables, all_used=True)
        for some in gradients:
            some = [tf.constant(one) for one in some]
            update(some, tf.constant(0.1)) if fused else optimizer.apply(some)
        assert int(optimizer.iterations) == 5
        ends.append([*variables, *optimizer.variables])
    for fused, plain in zip(*ends, strict=True):
        # Keras computes the powers of the decay rates in single precision.
        assert_allclose(np.array(fused), np.array(plain), rtol=1e-5, atol=1e-6)


def test_rows_of_an_embedding_that_no_batch_names_go_on_as_in_adam():
    """The fused update moves them by their momentum, as Keras' does."""
    table = keras.Variable(np.ones((3, 2), "float32"))
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.build([table])
    update = backend._compile_update(optimizer, [table], all_used=True)
    for row in (0, 1):
        gradient = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([row]), tf.constant([3, 2]))
        update([gradient], tf.constant(0.1))
    moved = 1 - np.array(table)
    assert (moved[0] > 0.1).all()
    assert (moved[1] > 0).all()
    assert (moved[2] == 0).all()


# --- in a fit ---------------------------------------------------------------------------------


X = random_sequences()
Y = [float(steps[-1, 0]) for steps in X]


@pytest.mark.parametrize("cell", ["simple", "gru"])
def test_a_fit_with_compiled_loops_is_the_same_fit(cell, monkeypatch):
    fits = []
    for worth in (1e9, 0):
        monkeypatch.setattr(policy, "STEPS_WORTH_COMPILING", worth)
        monkeypatch.setattr(policy, "_MIN_LENGTH", 0)
        model = RNNRegressor(
            cell=cell, units=3, bidirectional=cell == "gru", batch_size=3, epochs=2, dropout=0.2,
            dtype="float64", random_state=0,
        )  # fmt: skip
        fits.append(model.fit(X, Y, X_val=X[:3], y_val=Y[:3]))
    for one, other in zip(fits[0].weights_, fits[1].weights_, strict=True):
        assert_allclose(one, other, rtol=0, atol=1e-9)
    assert_allclose(fits[0].history_["loss"], fits[1].history_["loss"], rtol=1e-9)
    assert_allclose(fits[0].history_["val_loss"], fits[1].history_["val_loss"], rtol=1e-9)


@pytest.mark.parametrize(("n_epochs", "width"), [(125, None), (126, 10)])
def test_loops_are_compiled_if_the_number_of_time_steps_pays_for_it(n_epochs, width):
    spec = SimpleNamespace(cell="gru", one_hot=False, body=None)
    lengths = np.full(200, 10)
    assert policy.STEPS_WORTH_COMPILING == 125 * 20 * 10
    assert policy.batch_layout(spec, lengths, 10, n_epochs) == width


def test_weights_without_a_gradient_are_left_as_they_are():
    def body(steps, lengths):
        frozen = keras.layers.GRU(3, return_sequences=True, name="frozen")(steps)
        return keras.ops.stop_gradient(frozen)

    params = {"body": body, "batch_size": 3, "random_state": 0}
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        fits = [RNNRegressor(**params, epochs=epochs).fit(X, Y) for epochs in (1, 3)]
    assert_allclose(fits[0].weights_[0], fits[1].weights_[0], rtol=0, atol=0)


MANY_ARCHITECTURES = """
import numpy as np
from skrnn import RNNClassifier
X, y = np.random.default_rng(0).normal(size=(8, 4, 2)), np.arange(8) % 2
for units in range(1, 8):
    RNNClassifier(cell="simple", units=units, epochs=1).fit(X, y).predict(X)
"""


def test_many_architectures_are_no_reason_for_tensorflow_to_warn():
    # In a process of its own: TensorFlow tells a process this a few times and no more.
    root = Path(importlib.util.find_spec("skrnn").origin).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root), "TF_CPP_MIN_LOG_LEVEL": "0"}
    run = subprocess.run(
        [sys.executable, "-c", MANY_ARCHITECTURES],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "retracing" not in run.stderr
