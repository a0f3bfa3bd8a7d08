"""Networks: the equations in NumPy and plain Keras, any batch, live models, initial weights."""

import subprocess
import sys
from functools import lru_cache

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import (
    network_spec,
    numpy_head,
    numpy_stack,
    pad,
    plain_layers,
    random_sequences,
    step_targets,
    weights_by_layer,
)

from skrnn import RNNClassifier, RNNRegressor, Sequences
from skrnn._cells import CELLS
from skrnn._specs import DecoderSpec
from skrnn.networks.architecture import build_network, initial_weights
from skrnn.networks.backends import precision
from skrnn.networks.cells import get_cell
from skrnn.networks.inference import forward
from skrnn.networks.programs import lease
from skrnn.sequences import check_sequences, from_nan_padded

X = random_sequences()
HEADS = ("last", "mean", "max", "steps")


# --- equations --------------------------------------------------------------------------------


BOTH_WAYS = {"units": 2, "bidirectional": True}
STACKED = {"units": (3, 2), "bidirectional": True}
EXACT = {
    "simple both ways": {"cell": "simple", **BOTH_WAYS, "return_sequences": True},
    "lstm one way": {"cell": "lstm", "units": 3, "pooling": "max"},
    "lstm stacked": {"cell": "lstm", **STACKED, "pooling": "last"},
    "gru both ways": {"cell": "gru", **BOTH_WAYS, "pooling": "mean"},
    "minimal gru one way": {"cell": "minimal_gru", "units": 3, "pooling": "max"},
}


@lru_cache
def exact(name):
    """Return a regressor fitted in float64: to one target per sequence, or two per time step."""
    params = {"epochs": 2, "dtype": "float64", "standardize": False, "random_state": 0}
    model = RNNRegressor(**EXACT[name], **params)
    y = step_targets(X, n_targets=2)
    return model.fit(X, y if model.return_sequences else [one[-1, 0] for one in y])


@pytest.mark.parametrize("name", EXACT)
def test_hidden_states_and_predictions_follow_the_equations(name):
    model = exact(name)
    layers, spec = weights_by_layer(model), model._spec
    last, *states = model.hidden_states(X, return_state=True)
    steps = model.hidden_states(X, return_sequences=True)
    predicted = model.predict(X)
    for i, x in enumerate(X):
        outputs, expected_last, expected_states = numpy_stack(layers, spec, x)
        assert_allclose(steps[i], outputs, rtol=0, atol=1e-10)
        assert_allclose(last[i], expected_last, rtol=0, atol=1e-10)
        assert len(states) == len(expected_states)
        for state, expected in zip(states, expected_states, strict=True):
            assert_allclose(state[i], expected, rtol=0, atol=1e-10)
        expected = numpy_head(layers, spec, x) * model._y_scale + model._y_offset
        assert_allclose(np.ravel(predicted[i]), expected.ravel(), rtol=1e-10)


@pytest.mark.parametrize("name", EXACT)
@precision("float64")
def test_hidden_states_equal_keras_layers_on_one_unpadded_sequence(name):
    model, i = exact(name), 3
    values = X[i][None]
    with precision("float64"):
        for layer in plain_layers(model):
            values, *states = layer(values)
    values, *states = map(ops.convert_to_numpy, (values, *states))
    ours = model.hidden_states(X, return_sequences=True, return_state=True)
    assert_allclose(ours[0][i], values[0], rtol=0, atol=1e-10)
    assert len(ours) == 1 + len(states)
    for our, state in zip(ours[1:], states, strict=True):
        assert_allclose(our[i], state[0], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", EXACT)
def test_shapes_of_hidden_states(name):
    model = exact(name)
    cube = np.stack([X[2], X[5]])
    width, n_states = (4, 2) if model.bidirectional else (3, 1)
    n_states *= 2 if model.cell == "lstm" else 1
    units = width // 2 if model.bidirectional else width
    assert model.hidden_states(X).shape == (len(X), width)
    assert model.hidden_states(X[:1]).shape == (1, width)
    assert model.hidden_states(cube, return_sequences=True).shape == (2, 6, width)
    steps, *states = model.hidden_states(X, return_sequences=True, return_state=True)
    assert [one.shape for one in steps] == [(len(x), width) for x in X]
    assert [state.shape for state in states] == [(len(X), units)] * n_states


def test_hidden_states_depend_on_every_time_step():
    model = exact("lstm stacked")
    ends = model.hidden_states(X)
    for step in range(len(X[2])):
        changed = [x.copy() for x in X]
        changed[2][step] += 1
        moved = model.hidden_states(changed)
        assert (moved[2] != ends[2]).all()
        assert_allclose(np.delete(moved, 2, axis=0), np.delete(ends, 2, axis=0), atol=1e-12)


# --- the same in any batch --------------------------------------------------------------------


@lru_cache
def untrained(cell, bidirectional, head):
    """Return a network and its weights, which are initial weights with noise, biases included."""
    how = {"return_sequences": True} if head == "steps" else {"pooling": head}
    spec = network_spec(cell=cell, bidirectional=bidirectional, **how)
    rng = np.random.default_rng(0)
    with lease(spec) as program:
        network = program.network
        weights = [
            weight + rng.normal(0, 0.1, weight.shape).astype("float32")
            for weight in initial_weights(network, rng)
        ]
        network.model.set_weights(weights)
    return network, weights


# JAX compiles for a second per network. Its layers of all cells are compared in test_cells.py.
BUILT = ("lru", "indrnn") if keras.backend.backend() == "jax" else sorted({*CELLS} - {"lstm"})
# The heads do not know which cell is in front of them, so that only one cell has all of them.
every_network = pytest.mark.parametrize(
    ("cell", "bidirectional", "head"),
    [
        *(("lstm", both, head) for both in (False, True) for head in HEADS),
        *(
            (cell, both, HEADS[(i + both) % 4])
            for i, cell in enumerate(BUILT)
            for both in (False, True)
        ),
    ],
)


@every_network
def test_forward_follows_the_equations_in_any_batch_and_order(cell, bidirectional, head):
    network, weights = untrained(cell, bidirectional, head)
    order = [4, 2, 7, 0, 1, 6, 3, 5]
    layers = {}
    for variable in network.model.weights:
        value = keras.ops.convert_to_numpy(variable)
        layers.setdefault(variable.path.split("/")[0], []).append(value)
    expected = [np.atleast_2d(numpy_head(layers, network.spec, x)) for x in X]

    def run(sequences):
        return forward(network.spec, weights, check_sequences(sequences))

    close = {"rtol": 0, "atol": 1e-5}
    assert_allclose(run(X), np.concatenate(expected), **close)
    assert_allclose(np.concatenate([run([x]) for x in X]), np.concatenate(expected), **close)
    shuffled = np.concatenate([expected[i] for i in order])
    assert_allclose(run([X[i] for i in order]), shuffled, **close)


@every_network
def test_padding_values_and_width_change_nothing(cell, bidirectional, head):
    network, weights = untrained(cell, bidirectional, head)
    expected = forward(network.spec, weights, check_sequences(X))
    padded, lengths = pad(X, width=9, fill=100.0)
    outputs = ops.convert_to_numpy(network.model([padded.astype("float32"), lengths]))
    if head == "steps":
        assert not any(rows[length:].any() for rows, length in zip(outputs, lengths, strict=True))
        outputs = np.concatenate(
            [rows[:length] for rows, length in zip(outputs, lengths, strict=True)]
        )
    assert_allclose(outputs, expected, rtol=0, atol=1e-5)


@every_network
def test_time_step_of_zeros_changes_the_outputs(cell, bidirectional, head):
    network, weights = untrained(cell, bidirectional, head)
    x = np.ones((3, 3), "float32")
    longer = [np.insert(x, where, 0, axis=0) for where in (0, 1, 3)]
    outputs = [forward(network.spec, weights, check_sequences([one])) for one in [x, *longer]]
    moved = [np.abs(one[-1] - outputs[0][-1]).max() > 1e-5 for one in outputs[1:]]
    # The largest output may be that of another time step, a unit with ReLU may stay at zero, and
    # the states of a linear cell without biases stay zero until the first other input.
    is_certain = head != "max" and cell not in ("irnn", "indrnn", "lru")
    assert all(moved) if is_certain else any(moved)


@pytest.mark.parametrize("name", ["lstm stacked", "simple both ways"])
def test_predict_is_equal_for_all_containers_of_the_same_sequences(name):
    model = exact(name)
    expected = np.concatenate([np.ravel(one) for one in model.predict(X)])
    objects = np.empty(len(X), dtype=object)
    objects[:] = X
    with_gaps = check_sequences([np.concatenate([x, np.full((2, 3), 9.0)]) for x in X])
    with_gaps = Sequences(with_gaps.values, with_gaps.starts, with_gaps.lengths - 2)
    nan_padded = from_nan_padded(pad(X, width=8, fill=np.nan)[0])
    for container in (tuple(X), objects, with_gaps, nan_padded, check_sequences(X)):
        predicted = np.concatenate([np.ravel(one) for one in model.predict(container)])
        assert_allclose(predicted, expected, rtol=1e-5)


@pytest.mark.parametrize("head", [{"pooling": "mean"}, {"return_sequences": True}])
def test_padding_of_tokens_on_either_side_changes_nothing(head):
    rng = np.random.default_rng(0)
    tokens = [rng.integers(1, 9, length) for length in (3, 1, 5, 2, 4, 5)]
    right = pad(tokens, width=7)[0]
    left = pad([one[::-1] for one in tokens], width=7)[0][:, ::-1]
    y = [one % 2 for one in tokens] if "return_sequences" in head else np.arange(6) % 2
    params = {
        "cell": "simple",
        "units": 3,
        "bidirectional": True,
        "embedding": 2,
        "random_state": 0,
    }
    model = RNNClassifier(**params, **head, epochs=2).fit(tokens, y)
    expected = np.concatenate([np.atleast_2d(one) for one in model.predict_proba(tokens)])
    for padded in (right, left, np.hstack([np.zeros_like(left), right]), list(left)):
        predicted = np.concatenate([np.atleast_2d(one) for one in model.predict_proba(padded)])
        assert_allclose(predicted, expected, rtol=0, atol=1e-5)
    for padded in (right, left):
        again = RNNClassifier(**params, **head, epochs=2).fit(padded, y)
        for one, other in zip(again.weights_, model.weights_, strict=True):
            assert_array_equal(one, other)


def test_hidden_states_of_many_blocks_are_in_order(monkeypatch):
    model = exact("simple both ways")
    expected = model.hidden_states(X, return_sequences=True, return_state=True)
    monkeypatch.setattr("skrnn.networks.batches._MAX_STEPS", 7)
    parts = model.hidden_states(X, return_sequences=True, return_state=True)
    for one, other in zip(parts[0], expected[0], strict=True):
        assert_allclose(one, other, atol=1e-12)
    assert_allclose(parts[1], expected[1], atol=1e-12)


# --- the live model ---------------------------------------------------------------------------


@lru_cache
def embedded():
    """Return a classifier of three classes, fitted to tokens, and the tokens."""
    tokens = [x[:, 0].argsort() + 1 for x in X]
    model = RNNClassifier(cell="gru", units=2, embedding=2, epochs=1, random_state=0)
    return model.fit(tokens, np.arange(len(X)) % 3), tokens


def live_models(*, plain=False):
    """Yield models, sequences and predictions; if `plain`, only with cells that Keras has."""
    for name, params in EXACT.items():
        if not plain or get_cell(params["cell"]).keras_layer:
            yield exact(name), X, exact(name).predict(X)
    model, tokens = embedded()
    yield model, tokens, model.predict_proba(tokens)


def rows_of(outputs, lengths, per_step):
    """Return the outputs of a live model, one row per real time step or one per sequence."""
    outputs = ops.convert_to_numpy(outputs)
    if per_step:
        outputs = np.concatenate(
            [one[:length] for one, length in zip(outputs, lengths, strict=True)]
        )
    return outputs


@precision("float64")
def test_live_model_equals_predict():
    for model, sequences, predicted in live_models():
        expected = np.concatenate([np.ravel(one) for one in predicted])
        padded, lengths = pad(sequences, width=8)
        outputs = rows_of(model.model_([padded, lengths]), lengths, model.return_sequences)
        assert_allclose(outputs.ravel(), expected, rtol=1e-5)
        for value, weight in zip(model.model_.get_weights(), model.weights_, strict=True):
            assert_array_equal(value, weight)


PLAIN_KERAS = """
import sys
import numpy as np, keras
for folder in sys.argv[1:]:
    data = np.load(folder + "/data.npz")
    model = keras.saving.load_model(folder + "/model.keras")
    np.save(folder + "/outputs.npy", model.predict([data["steps"], data["lengths"]], verbose=0))
assert "skrnn" not in sys.modules
"""


# Keras reads its variables in a way that NumPy 2 warns about.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_live_model_saved_opens_in_plain_keras(tmp_path):
    folders = []
    for i, (model, sequences, _) in enumerate(live_models(plain=True)):
        folders.append(tmp_path / str(i))
        folders[-1].mkdir()
        padded, lengths = pad(sequences)
        np.savez(folders[-1] / "data.npz", steps=padded, lengths=lengths)
        model.model_.save(folders[-1] / "model.keras")
    command = [sys.executable, "-I", "-c", PLAIN_KERAS, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for folder, (model, sequences, predicted) in zip(folders, live_models(plain=True), strict=True):
        outputs = rows_of(
            np.load(folder / "outputs.npy"), list(map(len, sequences)), model.return_sequences
        )
        expected = np.concatenate([np.ravel(one) for one in predicted])
        assert_allclose(outputs.ravel(), expected, rtol=1e-5)


@precision("float64")
def test_live_model_is_new_at_each_access():
    model = exact("lstm one way")
    before = model.predict(X)
    live = model.model_
    live.set_weights([weight * 0 for weight in live.get_weights()])
    assert model.model_ is not live
    assert_array_equal(model.predict(X), before)


# --- first weights ----------------------------------------------------------------------------


@lru_cache
def first_weights(cell, seed=0):
    network = build_network(network_spec(cell=cell, units=(5, 4), bidirectional=True))
    return network, initial_weights(network, np.random.default_rng(seed))


@pytest.mark.parametrize("cell", CELLS)
def test_initial_weights_have_the_distributions_of_keras(cell):
    network, weights = first_weights(cell)
    assert [weight.shape for weight in weights] == [tuple(v.shape) for v in network.model.weights]
    for variable, weight in zip(network.model.weights, weights, strict=True):
        assert weight.dtype == np.float32
        if cell == "lru" and "recurrent" in variable.path:
            continue  # its own tests know the ring on which they lie
        if variable.name == "recurrent_kernel" and cell == "indrnn":
            assert 0 <= weight.min() < weight.max() <= 1
        elif variable.name == "recurrent_kernel":
            assert_allclose(weight @ weight.T, np.eye(len(weight)), atol=1e-6)
        elif variable.name == "kernel":
            limit = np.sqrt(6 / sum(weight.shape))
            assert 0.7 * limit < np.abs(weight).max() <= limit
            assert np.abs(weight.mean()) < 0.4 * limit
        else:
            expected = np.zeros(weight.shape)
            if cell in ("lstm", "peephole_lstm") and "recurrent" in variable.path:
                units = len(weight) // 4
                expected[units : 2 * units] = 1
            if cell in ("refine_lstm", "refine_gru") and "recurrent" in variable.path:
                units = len(weight) // 4
                assert len(set(np.sign(weight[:units]))) == 2
                expected[: 2 * units] = np.concatenate([weight[:units], -weight[:units]])
            assert_array_equal(weight, expected)


@pytest.mark.parametrize(
    ("decoder", "bound"), [(None, 0.05), (DecoderSpec(True, "luong", (30, 4), 0.0), np.sqrt(3))]
)
def test_initial_embeddings_are_larger_in_an_encoder_decoder(decoder, bound):
    spec = network_spec(
        embedding=(40, 3), n_outputs=30, return_sequences=decoder is not None, decoder=decoder
    )
    network = build_network(spec)
    weights = initial_weights(network, np.random.default_rng(0))
    names = [variable.name for variable in network.model.weights]
    embeddings = [w for name, w in zip(names, weights, strict=True) if name == "embeddings"]
    assert len(embeddings) == (1 if decoder is None else 2)
    for values in embeddings:
        assert 0.9 * bound < np.abs(values).max() <= bound
        assert values.std() == pytest.approx(bound / np.sqrt(3), rel=0.15)


def test_irnn_starts_with_the_identity():
    network, weights = first_weights("irnn")
    names = [variable.name for variable in network.model.weights]
    assert_array_equal(weights[names.index("recurrent_kernel")], np.eye(5))


def test_initial_recurrent_weights_prefer_no_sign():
    # LAPACK's QR factorisation does: its first entries would all be negative.
    cell, rng = get_cell("simple"), np.random.default_rng(0)
    first = [cell.initial_weight("recurrent_kernel", (3, 3), rng)[0, 0] for _ in range(400)]
    assert 160 < np.count_nonzero(np.array(first) > 0) < 240


def test_initial_weights_follow_the_seed_and_do_not_repeat():
    _, weights = first_weights("gru")
    _, again = first_weights.__wrapped__("gru")
    _, others = first_weights("gru", seed=1)
    for weight, same, other in zip(weights, again, others, strict=True):
        assert_array_equal(weight, same)
        assert not weight.any() or (weight != other).all()
    drawn = [weight for weight in weights if weight.any()]
    values = np.concatenate([weight.ravel() for weight in drawn])
    assert len(np.unique(values)) == len(values)
