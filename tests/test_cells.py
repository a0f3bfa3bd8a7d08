"""Cells: their equations, initial and final states, the minimal GRU, and custom cells."""

import copy
import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import (
    STEPS,
    MinimalGRUCell,
    assert_close_weights,
    assert_same_bits,
    body_that_draws,
    compiled,
    count_programs,
    loop_arguments,
    network_spec,
    pad,
    random_sequences,
    same_bits,
    step_targets,
    value_and_gradients,
)
from scipy.sparse import csr_array
from sklearn.base import clone

from skrnn import RNNClassifier, RNNRegressor
from skrnn._cells import CELLS, DEFAULT_ACTIVATIONS
from skrnn.networks.architecture import build_network
from skrnn.networks.architecture.layers import make_layer
from skrnn.networks.backends import precision
from skrnn.networks.cells import get_cell, run_steps
from skrnn.networks.inference import forward
from skrnn.recurrent._named_weights import named_weights
from skrnn.sequences import check_sequences

X = random_sequences()
Y = np.array([float(steps[-1, 0]) for steps in X])
TAGS = np.arange(len(X)) % 2
rng = np.random.default_rng(0)
TOKENS = [rng.integers(1, 6, len(steps)) for steps in X]
ONE_HOT = [csr_array(np.eye(6)[tokens]) for tokens in TOKENS]
SMALL = {"units": 3, "epochs": 2, "batch_size": 3, "random_state": 0}


# --- the equations ----------------------------------------------------------------------------


def numpy_loop(cell, steps, weights, states):
    """Return the outputs, then the final states, of a cell's equation for one sequence."""
    step, outputs = STEPS[cell][0], []
    for x in steps:
        states = step(x, *states, *weights.values())
        outputs.append(states[0])
    return [np.array(outputs), *states]


@pytest.mark.parametrize("cell", CELLS)
def test_cell_step_follows_the_equation(cell):
    steps, _, weights, states, _ = loop_arguments(cell, 2, 4, 3, 2)
    with precision("float64"):
        outputs, last = run_steps(get_cell(cell), steps, None, weights, states)
    for i in range(2):
        expected = numpy_loop(cell, steps[i], weights, [state[i] for state in states])
        for one, other in zip((outputs, *last), expected, strict=True):
            assert_allclose(ops.convert_to_numpy(one)[i], other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_default_activation_is_that_of_the_cell(cell):
    assert DEFAULT_ACTIVATIONS.get(cell, "tanh") == get_cell(cell).default_activation


def test_activation_auto_is_the_default_activation():
    model = RNNRegressor(cell="irnn", units=2, epochs=1, random_state=0).fit(X, Y)
    assert model.activation == "auto"
    assert_same_bits(clone(model).set_params(activation="relu").fit(X, Y), model)
    assert not same_bits(clone(model).set_params(activation="tanh").fit(X, Y), model)


@pytest.mark.parametrize("cell", CELLS)
def test_layer_gradients_are_those_of_the_equation(cell):
    steps, _, weights, states, factors = loop_arguments(cell, 1, 4, 3, 2)
    factors = [one[0] for one in factors]

    def loss(results):
        return sum((one * factor).sum() for one, factor in zip(results, factors, strict=True))

    with precision("float64"):
        layer = make_layer(cell, 2, dtype="float64")
        layer.build((None, None, 3))
        layer.set_weights(list(weights.values()))
        first = [keras.Variable(state, dtype="float64") for state in states]

        def value():
            results = layer(ops.convert_to_tensor(steps), [state.value for state in first])
            pairs = zip(results, factors, strict=True)
            return sum(ops.sum(one[0] * ops.convert_to_tensor(factor)) for one, factor in pairs)

        found = value_and_gradients(value, [*layer.trainable_variables, *first])[1]
    numbers = {**weights, **dict(enumerate(states))}
    for gradient, array in zip(found, numbers.values(), strict=True):
        for index in np.ndindex(array.shape):
            ends = []
            for shift in (1e-5, -1e-5):
                array[index] += shift
                last = [state[0] for state in states]
                ends.append(loss(numpy_loop(cell, steps[0], weights, last)))
                array[index] -= shift
            expected = (ends[0] - ends[1]) / 2e-5
            assert_allclose(ops.convert_to_numpy(gradient)[index], expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("plain", [False, True], ids=["fast", "plain"])
@pytest.mark.parametrize("cell", CELLS)
def test_layer_initial_state_continues_a_sequence(cell, plain):
    steps = ops.convert_to_tensor(loop_arguments(cell, 3, 9, 3, 4, dtype="float32")[0])
    layer = make_layer(cell, 4, plain=plain)
    layer.build((None, None, 3))

    def in_parts_and_whole(steps):
        first, *states = layer(steps[:, :4])
        second, *states = layer(steps[:, 4:], initial_state=states)
        return [ops.concatenate([first, second], axis=1), *states], list(layer(steps))

    for one, other in zip(*compiled(in_parts_and_whole)(steps), strict=True):
        one, other = map(ops.convert_to_numpy, (one, other))
        assert_allclose(one, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_layer_weights_are_those_of_its_cell(cell):
    layer = make_layer(cell, 4)
    layer.build((None, None, 3))
    shapes = get_cell(cell).weight_shapes(3, 4)
    assert {v.name: tuple(v.shape) for v in layer.trainable_variables} == shapes
    assert list(shapes) == [v.name for v in layer.trainable_variables]


@pytest.mark.parametrize("cell", CELLS)
def test_exports_name_the_weights_of_a_cell(cell):
    names = [f"recurrent_0/{name}" for name in get_cell(cell).weight_shapes(3, 4)]
    names += ["head/kernel", "head/bias"]
    assert list(named_weights(network_spec(cell=cell), [0] * len(names))) == names


# --- the minimal GRU --------------------------------------------------------------------------

MINIMAL = {**SMALL, "cell": "minimal_gru"}
VARIANTS = {
    "stacked, both directions": {"units": (3, 2), "bidirectional": True, "pooling": "mean"},
    "dropout": {"dropout": 0.3, "l2": 0.01},
    "recurrent dropout": {"recurrent_dropout": 0.3, "dropout": 0.2},
    "relu, float64": {"activation": "relu", "dtype": "float64"},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_minimal_gru_regressor(name):
    model = RNNRegressor(**{**MINIMAL, **VARIANTS[name]}).fit(X, Y)
    predicted = model.predict(X)
    assert_allclose(np.concatenate([model.predict([x]) for x in X]), predicted, atol=1e-5)
    assert_same_bits(clone(model).fit(X, Y), model)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


@pytest.mark.parametrize(
    ("steps", "params"),
    [
        (TOKENS, {"embedding": 2}),
        (ONE_HOT, {}),
        (ONE_HOT, {"dropout": 0.3, "bidirectional": True}),
        (X, {"return_sequences": True}),
    ],
    ids=["tokens", "one-hot", "one-hot dropout", "steps"],
)
def test_minimal_gru_classifier(steps, params):
    y = [np.arange(len(x)) % 2 for x in X] if "return_sequences" in params else TAGS
    model = RNNClassifier(**MINIMAL, **params).fit(steps, y)
    together = np.concatenate([np.atleast_2d(one) for one in model.predict_proba(steps)])
    alone = [np.atleast_2d(model.predict_proba(steps[i : i + 1])[0]) for i in range(len(X))]
    assert_allclose(np.concatenate(alone), together, atol=1e-5)


def test_minimal_gru_learns():
    x = np.random.default_rng(0).normal(size=(60, 8, 2))
    params = {"units": 8, "epochs": 40, "learning_rate": 0.02, "pooling": "last"}
    model = RNNClassifier(cell="minimal_gru", **params, random_state=0)
    assert model.fit(x, x[:, :, 0].sum(axis=1) > 0).score(x, x[:, :, 0].sum(axis=1) > 0) > 0.9


def test_minimal_gru_one_hot_codes_equal_vectors():
    codes = RNNClassifier(**MINIMAL).fit(ONE_HOT, TAGS)
    vectors = RNNClassifier(**MINIMAL).fit([steps.toarray() for steps in ONE_HOT], TAGS)
    for one, other in zip(codes.weights_, vectors.weights_, strict=True):
        assert_allclose(one, other, atol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    "params",
    [
        {"cell": "minimal_gru", "activation": "relu", "l2": 0.1},
        {"cell": "gru_reset_before"},
        {"cell": "peephole_lstm"},
        {"cell": "indrnn"},
    ],
)
def test_saved_model_of_a_cell_opens_again(params, tmp_path):
    model = RNNRegressor(**SMALL, **params, bidirectional=True).fit(X, Y)
    model.model_.save(tmp_path / "model.keras")
    opened = keras.saving.load_model(tmp_path / "model.keras")
    outputs = ops.convert_to_numpy(opened(list(pad([x.astype("float32") for x in X]))))
    assert_allclose(outputs[:, 0], model.predict(X), atol=1e-5)


# --- other cells ------------------------------------------------------------------------------

OTHERS = ["gru_reset_before", "peephole_lstm", "irnn", "indrnn"]


@pytest.mark.parametrize("cell", OTHERS)
@pytest.mark.parametrize(
    "params",
    [
        {"units": (5, 4), "bidirectional": True, "pooling": "mean", "l2": 0.01},
        {"units": 5, "dropout": 0.2, "recurrent_dropout": 0.3},
    ],
    ids=["stacked, both directions", "dropout"],
)
def test_cell_in_an_estimator(cell, params):
    model = RNNRegressor(**{**SMALL, **params}, cell=cell).fit(X, Y)
    predicted = model.predict(X)
    assert np.ptp(predicted) > 0
    assert_allclose(np.concatenate([model.predict([x]) for x in X]), predicted, atol=1e-5)
    assert_same_bits(clone(model).fit(X, Y), model)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


@pytest.mark.parametrize("cell", OTHERS)
def test_cell_reads_tokens_and_one_hot_vectors(cell):
    params = {**SMALL, "cell": cell, "dropout": 0.3}
    model = RNNClassifier(**params, embedding=2).fit(TOKENS, TAGS)
    alone = [model.predict_proba(TOKENS[i : i + 1])[0] for i in range(len(X))]
    assert_allclose(alone, model.predict_proba(TOKENS), atol=1e-5)
    codes = RNNClassifier(**params).fit(ONE_HOT, TAGS)
    vectors = RNNClassifier(**params).fit([steps.toarray() for steps in ONE_HOT], TAGS)
    assert_close_weights(codes, vectors, atol=1e-5)


def test_peephole_lstm_without_peepholes_is_an_lstm():
    steps, _, weights, states, _ = loop_arguments("peephole_lstm", 2, 4, 3, 2)
    with precision("float64"):
        weights["peepholes"] *= 0
        found = run_steps(get_cell("peephole_lstm"), steps, None, weights, states)
        expected = run_steps(get_cell("lstm"), steps, None, weights, states)
    for one, other in zip((found[0], *found[1]), (expected[0], *expected[1]), strict=True):
        assert_array_equal(*map(ops.convert_to_numpy, (one, other)))


def test_irnn_adds_up_its_inputs_at_first():
    rng, steps = np.random.default_rng(0), np.abs(np.random.default_rng(1).normal(size=(1, 9, 2)))
    cell = get_cell("irnn")
    shapes = cell.weight_shapes(2, 3)
    weights = {name: cell.initial_weight(name, shape, rng) for name, shape in shapes.items()}
    weights["kernel"] = np.abs(weights["kernel"])
    with precision("float64"):
        outputs, _ = run_steps(cell, steps, None, weights)
    expected = np.cumsum(steps @ weights["kernel"], axis=1)
    assert_allclose(ops.convert_to_numpy(outputs), expected, rtol=1e-12)


# --- custom cells -----------------------------------------------------------------------------


def assert_close(cell, name, **fields):
    """Assert that networks of a custom cell and of skrnn's cell with equal weights are close."""
    custom = build_network(network_spec(cell=None, custom_cell=cell, **fields))
    ours = network_spec(cell=name, **fields)
    generator = np.random.default_rng(0)
    weights = [generator.normal(0, 0.5, w.shape) for w in custom.model.get_weights()]
    weights = [weight.astype("float32") for weight in weights]
    found = forward(custom.spec, weights, check_sequences(X))
    assert_allclose(found, forward(ours, weights, check_sequences(X)), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (keras.layers.SimpleRNNCell, "simple"),
        (keras.layers.LSTMCell, "lstm"),
        (keras.layers.GRUCell(7), "gru"),
        (keras.layers.GRUCell(7, reset_after=False), "gru_reset_before"),
        (MinimalGRUCell, "minimal_gru"),
    ],
    ids=["simple", "lstm", "gru instance", "gru_reset_before", "minimal_gru"],
)
def test_custom_cell_equals_the_same_cell_of_skrnn(cell, name):
    # A custom instance has the same number of units in each layer, so skrnn's cell needs it too.
    units = (7, 7) if isinstance(cell, keras.layers.Layer) else (4, 3)
    assert_close(cell, name, units=units, bidirectional=True, pooling="mean")


def test_custom_cell_is_exact_under_padding():
    model = RNNRegressor(
        cell=keras.layers.LSTMCell, **{**SMALL, "units": (3, 2)}, bidirectional=True,
        return_sequences=True, dtype="float64",
    ).fit(X, step_targets(X))  # fmt: skip
    together = model.predict(X)
    for x, one in zip(X, together, strict=True):
        assert_allclose(model.predict([x])[0], one, rtol=1e-10)
    _, *states = model.hidden_states(X, return_state=True)
    assert [state.shape for state in states] == [(len(X), 2)] * 4
    assert {weight.dtype for weight in model.weights_} == {np.dtype("float64")}


@pytest.mark.parametrize(
    ("steps", "params"), [(TOKENS, {"embedding": 2}), (ONE_HOT, {})], ids=["tokens", "one-hot"]
)
def test_custom_cell_reads_tokens_and_one_hot_vectors(steps, params):
    model = RNNClassifier(cell=MinimalGRUCell, **SMALL, **params).fit(steps, TAGS)
    expected = model.predict_proba(steps)
    alone = [model.predict_proba(steps[i : i + 1])[0] for i in range(len(steps))]
    assert_allclose(alone, expected, atol=1e-5)


CUSTOM = {
    "class": MinimalGRUCell,
    "instance": keras.layers.GRUCell(3, dropout=0.2, recurrent_dropout=0.2),
}


@pytest.mark.parametrize("name", CUSTOM)
def test_custom_cell_random_state(name):
    model = RNNRegressor(cell=CUSTOM[name], **SMALL).fit(X, Y)
    keras.utils.set_random_seed(5)
    assert_same_bits(clone(model).fit(X, Y), model)
    assert not same_bits(clone(model).set_params(random_state=1).fit(X, Y), model)


@pytest.mark.parametrize("name", CUSTOM)
def test_custom_cell_estimator_is_copied(name):
    model = RNNRegressor(cell=CUSTOM[name], **SMALL).fit(X, Y)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_array_equal(twin.predict(X), model.predict(X))
        assert_same_bits(clone(twin).fit(X, Y), model)
    assert clone(model).cell is CUSTOM[name]


IN_ANOTHER_PROCESS = """
import pickle, sys
import numpy as np
with open(sys.argv[1], "rb") as file:
    models, X = pickle.load(file)
np.savez(sys.argv[2], *[model.predict(X) for model in models])
"""


def test_custom_cells_and_bodies_predict_in_another_process(tmp_path):
    given = {"cell": MinimalGRUCell}, {"body": body_that_draws}
    models = [RNNRegressor(**params, **SMALL).fit(X, Y) for params in given]
    sent, back = tmp_path / "sent.pickle", tmp_path / "back.npz"
    sent.write_bytes(pickle.dumps((models, X)))
    # The new process finds this package and the module of the cell and the body on this path.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, sent, back]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(back) as predicted:
        for model, name in zip(models, predicted.files, strict=True):
            assert_array_equal(predicted[name], model.predict(X))


def test_custom_cell_instance_is_not_changed():
    cell = keras.layers.GRUCell(3)
    model = RNNRegressor(cell=cell, **{**SMALL, "units": (1, 1)}, bidirectional=True).fit(X, Y)
    assert not cell.built
    # There are two layers with two directions, each with different weights.
    kernels = [w for w in model.weights_ if w.shape[1:] == (9,) and w.shape[0] != 2]
    assert len(kernels) == 8
    assert len({kernel.tobytes() for kernel in kernels}) == 8


def test_custom_cell_partial_fit_continues_training():
    params = {**SMALL, "shuffle": False, "batch_size": None, "schedule": "constant"}
    params["cell"] = keras.layers.GRUCell
    whole = RNNRegressor(**{**params, "epochs": 3}).fit(X, Y)
    parts = RNNRegressor(**params)
    for _ in range(3):
        parts.partial_fit(X, Y)
    for one, other in zip(parts.weights_, whole.weights_, strict=True):
        assert_allclose(one, other, atol=1e-6)


def cell_class(factor):
    """Return a new class of the same name as all others that this function returns."""

    class Scaled(keras.layers.SimpleRNNCell):
        def call(self, sequence, states, training=False):
            return super().call(sequence * factor, states, training=training)

    return Scaled


class Gain(keras.layers.Layer):
    """A cell whose configuration does not contain its gain."""

    def __init__(self, units, gain=1.0, **options):
        super().__init__(**options)
        self.units = self.state_size = units
        self.gain = gain

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")

    def call(self, inputs, states):
        output = ops.tanh(self.gain * ops.matmul(inputs, self.kernel) + states[0])
        return output, [output]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Flat(Gain):
    def call(self, inputs, states):
        output = ops.relu(ops.matmul(inputs, self.kernel) + states[0])
        return output, [output]


def test_custom_cell_instance_keeps_values_that_its_configuration_leaves_out():
    params = {"epochs": 1, "random_state": 0}
    one, other = (RNNRegressor(cell=Gain(3, gain=gain), **params).fit(X, Y) for gain in (1.0, 5.0))
    assert not np.allclose(one.predict(X), other.predict(X))


def test_custom_cell_partial_fit_refuses_another_cell():
    model = RNNRegressor(cell=Gain, units=3, epochs=1, random_state=0).fit(X, Y)
    before = model.predict(X)
    model.set_params(cell=Flat)
    with pytest.raises(ValueError, match="cell no longer builds the network"):
        model.partial_fit(X, Y)
    assert_array_equal(model.set_params(cell=Gain).predict(X), before)


def test_custom_cells_share_a_program_if_they_are_equal(monkeypatch):
    built = count_programs(monkeypatch)
    cells = [cell_class(1), cell_class(1), cell_class(2), keras.layers.GRUCell(2)]
    cells += [keras.layers.GRUCell(2), keras.layers.GRUCell(2, reset_after=False)]
    counts = []
    for cell in cells:
        RNNRegressor(cell=cell, **{**SMALL, "units": 2}).fit(X, Y)
        counts.append(len(built))
    assert counts == [1, 1, 2, 3, 3, 4]


def test_custom_cell_live_model_equals_predict():
    model = RNNRegressor(cell=MinimalGRUCell, **SMALL).fit(X, Y)
    outputs = model.model_(list(pad([x.astype("float32") for x in X])))
    assert_allclose(ops.convert_to_numpy(outputs)[:, 0], model.predict(X), atol=1e-5)


class Stateless(keras.layers.Layer):
    """A layer that is not a cell."""

    def __init__(self, units, **options):
        super().__init__(**options)


class Single(keras.layers.SimpleRNNCell):
    """A cell that does not take a dtype."""

    def __init__(self, units):
        super().__init__(units)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"dropout": 0.1}, r"dropout=0.1 has no effect on the custom cell GRUCell"),
        ({"recurrent_dropout": 0.1}, "recurrent_dropout=0.1 has no effect"),
        ({"l2": 0.1}, "l2=0.1 has no effect"),
        ({"activation": "relu"}, "activation='relu' has no effect"),
        ({"cell": dict}, "class or an instance of keras.layers.Layer with state_size"),
        ({"cell": len}, "class or an instance of keras.layers.Layer with state_size"),
        ({"cell": Stateless}, "cell must have a state_size.*Stateless has none"),
        ({"cell": Single, "dtype": "float64"}, "dtype='float64'.*accept a dtype"),
    ],
)
def test_custom_cell_is_refused(params, message):
    model = RNNRegressor(**{"cell": keras.layers.GRUCell, **SMALL, **params})
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
