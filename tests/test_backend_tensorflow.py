"""The TensorFlow backend: gradients of its time loops, Adam's update, compiled loops in a fit."""

import importlib.util
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

if keras.backend.backend() != "tensorflow":
    pytest.skip("about TensorFlow alone", allow_module_level=True)

import tensorflow as tf
from recurrences import fast_loop, loop_arguments, random_sequences

from skrnn import RNNRegressor
from skrnn._cells import CELLS
from skrnn.networks.backends.tensorflow import device as backend
from skrnn.networks.backends.tensorflow import policy
from skrnn.networks.backends.tensorflow.loops import compiled_loops
from skrnn.networks.cells import get_cell, run_steps

N_FEATURES, UNITS = 3, 4


# --- time loops -------------------------------------------------------------------------------


def value_and_gradients(run, tensors, factors):
    """Return outputs, final states, and the gradients of a sum that depends on each number."""

    @tf.function(autograph=False)
    def work():
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            outputs, states = run(*tensors)
            total = sum(
                tf.reduce_sum(one * factor)
                for one, factor in zip((outputs, *states), factors, strict=True)
            )
        gradients = tape.gradient(total, tensors, unconnected_gradients="zero")
        return [outputs, *states, *map(tf.convert_to_tensor, tf.nest.flatten(gradients))]

    return work()


def compare(cell, shape, dtype, *, width, tolerance, codes=False, initial=True):
    """Compare a fast loop with the steps of the cell, run one after another."""
    arguments = loop_arguments(cell, *shape, N_FEATURES, UNITS, codes=codes, mask=True, dtype=dtype)
    steps, mask, weights, states, factors = arguments
    steps = tf.constant(steps)

    def run(loop):
        # Codes have no gradient.
        def of(weights, states, *numeric_steps):
            with compiled_loops(width):
                inputs = numeric_steps[0] if numeric_steps else steps
                return loop(inputs, tf.constant(mask), weights, states or None)

        tensors = tf.nest.map_structure(
            tf.constant, [weights, states if initial else [], *([] if codes else [steps])]
        )
        return value_and_gradients(of, tensors, factors)

    found = run(fast_loop(cell))
    expected = run(partial(run_steps, get_cell(cell)))
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == dtype
        scale = 1 + np.abs(other).max()
        assert_allclose(one / scale, other / scale, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("width", "codes", "initial"),
    [(None, False, False), (None, True, True), (7, True, False), (7, False, True)],
    ids=["graph, steps", "graph, codes, states", "compiled, codes", "compiled, steps, states"],
)
@pytest.mark.parametrize("cell", CELLS)
def test_run_loop_and_gradients_equal_those_of_run_steps(cell, codes, width, initial):
    # Sequences are longer than a compiled chunk. The batch fills neither its width nor its parts.
    given = {"codes": codes, "width": width, "initial": initial}
    compare(cell, (5, 35), "float64", **given, tolerance=1e-12)


@pytest.mark.parametrize(
    ("shape", "initial"), [((1, 1), False), ((3, 6), True)], ids=["from zeros", "from states"]
)
@pytest.mark.parametrize("cell", CELLS)
def test_run_loop_in_single_precision_and_small_batches(cell, shape, initial):
    # Here LSTMs run in TensorFlow's own kernel.
    compare(cell, shape, "float32", initial=initial, width=None, tolerance=1e-6)


# --- Adam -------------------------------------------------------------------------------------


@pytest.mark.parametrize("clip", [None, 1e-3])
@pytest.mark.parametrize("rate", [0.1, keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)])
def test_fused_update_equals_keras_adam(clip, rate):
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


def test_fused_update_moves_embedding_rows_that_are_not_in_the_batch():
    """Momentum moves these rows, as in the update of Keras."""
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


@pytest.mark.parametrize("cell", ["simple", "gru", "minimal_gru"])
def test_fit_with_compiled_loops_is_the_same_fit(cell, monkeypatch):
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
def test_batch_layout_compiles_loops_for_many_time_steps(n_epochs, width):
    spec = SimpleNamespace(cell="gru", one_hot=False, is_custom=False)
    lengths = np.full(200, 10)
    assert policy.STEPS_WORTH_COMPILING == 125 * 20 * 10
    assert policy.batch_layout(spec, lengths, 10, n_epochs) == width


def test_weights_without_a_gradient_do_not_change():
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


def test_many_architectures_do_not_make_tensorflow_warn():
    # The fits run in a new process, because TensorFlow warns only a few times per process.
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
