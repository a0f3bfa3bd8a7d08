"""The parameter `add_differences`: changes between time steps as features of the network."""

import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import count_programs, pad
from scipy import sparse
from sklearn.base import clone
from small_data import PLAIN, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor, Sequences
from skrnn.export import from_safetensors, to_keras, to_safetensors
from skrnn.networks.architecture.differences import ScaleFeatures
from skrnn.sequences._standardization import difference_scale

X, LABELS = labelled()
# A sequence of one time step does not have a difference.
X[3] = X[3][:1]
X = [steps * [1.0, 20.0] + [0.0, 7.0] for steps in X]
Y = np.array([steps[:, 0].sum() for steps in X])
ON = {**TINY, **PLAIN, "add_differences": True}
UNCHANGED = 1e-300  # a learning rate that changes no weight


def body_without_mask(steps, lengths):
    """Return the sums over all time steps, which are wrong if padding is not zero."""
    return keras.layers.Dense(3, activation="tanh")(keras.ops.sum(steps, axis=1))


HOW = {
    "cell": {"standardize": True},
    "both directions": {"standardize": True, "bidirectional": True, "pooling": "max", "epochs": 1},
    "steps": {"return_sequences": True},
    "body": {"standardize": True, "body": body_without_mask},
}


def by_hand(sequences, model):
    """Return sequences with the features that the network computes."""
    mean, scale = (0, 1) if model.input_mean_ is None else (model.input_mean_, model.input_scale_)
    return [
        np.hstack([(x - mean) / scale, np.diff(x, axis=0, prepend=x[:1]) / model.difference_scale_])
        for x in sequences
    ]


# --- the scale of differences -----------------------------------------------------------------


def root_mean_square(sequences, weights):
    pairs = [np.diff(steps, axis=0) for steps in sequences]
    counts = np.repeat(weights, [len(one) for one in pairs])
    return np.sqrt(np.average(np.concatenate(pairs) ** 2, axis=0, weights=counts))


def test_difference_scale_counts_each_pair_of_steps_once_for_each_sequence(monkeypatch):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 2)) * [1, 1e-3] + [1e6, 7]
    sequences = Sequences(values, rng.integers(0, 40, 25), rng.integers(1, 20, 25))
    weights = rng.exponential(size=25)
    weights[:3] = 0
    unused = np.setdiff1d(np.arange(60), sequences[3:].step_index())
    assert len(unused)
    values[unused] = np.inf
    expected = root_mean_square(list(sequences[3:]), weights[3:])
    assert_allclose(difference_scale(sequences, weights), expected, rtol=1e-9)
    monkeypatch.setattr("skrnn.sequences._standardization.STEPS", 7)
    monkeypatch.setattr("skrnn.sequences._step_blocks.STEPS", 7)
    monkeypatch.setattr("skrnn.sequences._step_blocks._KEPT", 0)
    monkeypatch.setattr("skrnn.sequences._standardization._SEQUENCES", 3)
    assert_allclose(difference_scale(sequences, weights), expected, rtol=1e-9)


@pytest.mark.parametrize("unit", [2.0**-900, 1.0, 2.0**900])
def test_difference_scale_of_constants_trends_and_extreme_units(unit):
    steps = np.full((4, 3), 0.1)
    steps[:, 0] = [3, 5, 1, 3]
    steps[:, 1] = [5, 7, 9, 11]
    steps[::2, 2] = np.nextafter(0.1, 1)
    found = difference_scale(Sequences(steps * unit, [0], [4]), np.ones(1))
    assert_allclose(found, [np.sqrt(8) * unit, 2 * unit, 1], rtol=1e-15)
    assert_array_equal(difference_scale(Sequences(steps, [0, 1], [1, 1]), np.ones(2)), 1)


def test_difference_scale_is_weighted_and_ignores_steps_of_weight_zero():
    weights = np.linspace(0, 2, len(X))
    wild = [X[0] * 1e6, *X[1:]]
    model = RNNRegressor(**{**ON, "epochs": 1}).fit(wild, Y, sample_weight=weights)
    assert_allclose(model.difference_scale_, root_mean_square(X, weights), rtol=1e-6)
    assert model.difference_scale_.dtype == np.float64


# --- what the network receives ----------------------------------------------------------------


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_rnn_with_differences_equals_one_on_columns_of_differences(how):
    y = [steps[:, 0] for steps in X] if "return_sequences" in how else Y
    model = RNNRegressor(**{**ON, **how}).fit(X, y)
    known = by_hand(X, model)
    plain = RNNRegressor(**{**TINY, **PLAIN, **how, "standardize": False}).fit(known, y)
    unit = 1.0 if model.input_scale_ is None else model.input_scale_
    assert_allclose(model.weights_[0], unit / model.difference_scale_, rtol=1e-6)
    for one, other in zip(model.weights_[1:], plain.weights_, strict=True):
        assert_allclose(one, other, atol=1e-5)
    for one, other in zip(model.predict(X), plain.predict(known), strict=True):
        assert_allclose(one, other, atol=1e-4)
    # Padding has no differences.
    alone = [model.predict([steps])[0] for steps in X[:4]]
    for one, other in zip(alone, model.predict(X)[:4], strict=True):
        assert_allclose(one, other, atol=1e-5)


def test_validation_and_hidden_states_with_differences():
    model = RNNRegressor(**ON).fit(X, Y, X_val=X[:4], y_val=Y[:4])
    known = by_hand(X, model)
    plain = RNNRegressor(**TINY, **PLAIN).fit(known, Y, X_val=known[:4], y_val=Y[:4])
    assert_allclose(model.history_["val_loss"], plain.history_["val_loss"], atol=1e-5)
    for how in ({}, {"return_state": True}):
        expected = plain.hidden_states(known, **how)
        for one, other in zip(model.hidden_states(X, **how), expected, strict=True):
            assert_allclose(one, other, atol=1e-5)


def test_rnn_with_differences_of_overlapping_windows_begins_each_with_zero():
    values = np.cumsum(np.random.default_rng(0).normal(size=(40, 2)), axis=0)
    windows = Sequences(values, np.arange(0, 34, 2), np.full(17, 6))
    copied = [steps.copy() for steps in windows]
    models = [RNNRegressor(**ON).fit(x, np.arange(17.0)) for x in (windows, copied)]
    assert_allclose(models[0].difference_scale_, models[1].difference_scale_, rtol=1e-12)
    assert_same_weights(*models)
    assert_array_equal(models[0].predict(windows), models[1].predict(copied))
    plain = RNNRegressor(**TINY, **PLAIN).fit(by_hand(copied, models[0]), np.arange(17.0))
    assert_allclose(models[0].weights_[1], plain.weights_[0], atol=1e-5)


def test_rnn_with_differences_of_other_units_shares_a_program(monkeypatch):
    built = count_programs(monkeypatch)
    other = [steps * [300.0, 0.01] + 5000 for steps in X]
    models = [RNNClassifier(**{**ON, "standardize": True}).fit(x, LABELS) for x in (X, other)]
    assert len(built) == 1
    assert_allclose(models[1].predict_proba(other), models[0].predict_proba(X), atol=1e-4)


def test_rnn_with_differences_trains_custom_cells():
    model = RNNRegressor(**{**ON, "cell": keras.layers.SimpleRNNCell, "epochs": 1}).fit(X, Y)
    assert model.weights_[1].shape == (4, 4)
    assert_allclose(model.weights_[0], 1 / model.difference_scale_, rtol=1e-6)


# --- data without differences -----------------------------------------------------------------


def test_rnn_ignores_differences_of_one_hot_vectors_and_of_token_ids():
    ids = [np.arange(len(steps)) % 3 + 2 for steps in X]
    dense = [np.eye(5)[one] for one in ids]
    codes = [sparse.csr_array(one) for one in dense]
    for x, how in ((ids, {"embedding": 2}), (dense, {}), (codes, {})):
        models = [
            RNNClassifier(**{**params, **how}).fit(x, LABELS) for params in ({**TINY, **PLAIN}, ON)
        ]
        assert models[1].difference_scale_ is None
        assert_same_weights(*models)
    # A network that began with one-hot vectors is trained further without differences.
    model = models[1].partial_fit(codes, LABELS).partial_fit([one * 2 for one in dense], LABELS)
    assert model.difference_scale_ is None


def test_rnn_with_differences_reads_one_hot_vectors_in_any_form():
    ids = [np.arange(len(steps)) % 2 for steps in X]
    dense = [np.eye(2)[one] for one in ids]
    model = RNNRegressor(**ON).fit(X, Y)
    found = model.predict([sparse.csr_array(one) for one in dense])
    assert_array_equal(found, model.predict(dense))


# --- continued training -----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_rnn_with_differences_keeps_their_scale_when_training_continues(method):
    model = RNNRegressor(**{**ON, "learning_rate": UNCHANGED, "warm_start": True}).fit(X, Y)
    scale, expected = model.difference_scale_, model.predict(X)
    getattr(model, method)([steps * 3 for steps in X], Y)
    assert_array_equal(model.difference_scale_, scale)
    assert_array_equal(model.predict(X), expected)


@pytest.mark.parametrize("before", [False, True])
def test_add_differences_that_changed_is_refused_when_training_continues(before):
    model = RNNRegressor(**{**TINY, "add_differences": before}).fit(X, Y)
    expected = model.predict(X)
    model.set_params(add_differences=not before, warm_start=True)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"add_differences has changed .* from {before} to"):
            method(X, Y)
    assert_array_equal(model.predict(X), expected)


# --- what is saved and exported ---------------------------------------------------------------


@pytest.mark.parametrize("how", [HOW["cell"], HOW["body"]], ids=["cell", "body"])
def test_model_with_differences_opens_in_keras(how, tmp_path):
    model = RNNClassifier(**{**ON, **how}).fit(X, LABELS)
    steps, lengths = pad([x.astype("float32") for x in X], fill=9e5)
    path = None if "body" in how else tmp_path / "model.keras"
    opened = to_keras(model, path)
    assert_same_weights(opened.get_weights(), model)
    if path is not None:
        opened = keras.saving.load_model(path)
        assert type(opened.get_layer("differences")) is keras.layers.EinsumDense
    outputs = keras.ops.convert_to_numpy(opened([steps, lengths]))
    assert_allclose(outputs, model.predict_proba(X), atol=1e-5)


def test_layer_of_differences_is_saved_as_that_of_keras():
    steps = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    layer = ScaleFeatures("bti,i->bti", output_shape=(None, 3))
    layer.build(steps.shape)
    layer.set_weights([np.array([2.0, 3.0, 4.0])])
    assert_allclose(keras.ops.convert_to_numpy(layer(steps)), steps * [2, 3, 4], rtol=1e-6)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is keras.layers.EinsumDense
    again.set_weights(layer.get_weights())
    assert_allclose(*(keras.ops.convert_to_numpy(one(steps)) for one in (layer, again)), rtol=1e-6)


def test_rnn_with_differences_is_pickled_and_cloned():
    model = RNNClassifier(**ON).fit(X, LABELS)
    copied = pickle.loads(pickle.dumps(model))
    assert_array_equal(copied.predict_proba(X), model.predict_proba(X))
    assert_same_weights(copied.partial_fit(X, LABELS), model.partial_fit(X, LABELS))
    assert_same_weights(clone(model).fit(X, LABELS), clone(model).fit(X, LABELS))


def test_safetensors_hold_the_scale_of_differences(tmp_path):
    pytest.importorskip("safetensors")
    model = RNNClassifier(**{**ON, "standardize": True}).fit(X, LABELS)
    other = RNNClassifier(**{**ON, "standardize": True}).fit([steps * 2 for steps in X], LABELS)
    arrays = to_safetensors(model, tmp_path / "weights.safetensors")
    assert_array_equal(arrays["input/difference_scale"], model.difference_scale_)
    assert_array_equal(arrays["differences/kernel"], model.weights_[0])
    read = from_safetensors(other, tmp_path / "weights.safetensors")
    assert_array_equal(read.predict_proba(X), model.predict_proba(X))
    assert_array_equal(read.difference_scale_, model.difference_scale_)
    plain = RNNClassifier(**{**TINY, **PLAIN, "standardize": True}).fit(X, LABELS)
    with pytest.raises(ValueError, match="it also has differences/kernel, input/difference_scale"):
        from_safetensors(plain, tmp_path / "weights.safetensors")


@pytest.mark.parametrize("how", ["cell", "both directions", "steps"])
def test_onnx_with_differences_predicts_as_the_estimator(how):
    pytest.importorskip("onnxruntime")
    from onnx_models import assert_predicts_as

    from skrnn.export import to_onnx

    y = [steps[:, 0] for steps in X] if how == "steps" else Y
    model = RNNRegressor(**{**ON, **HOW[how]}).fit(X, y)
    assert_predicts_as(to_onnx(model), model, X)
    assert_predicts_as(to_onnx(model), model, [steps[:1] for steps in X])


def test_onnx_with_differences_reads_codes():
    pytest.importorskip("onnxruntime")
    from onnx_models import as_batch, run

    from skrnn.export import to_onnx

    model = RNNClassifier(**{**ON, "standardize": True}).fit(X, LABELS)
    codes = [np.arange(len(steps)) % 2 for steps in X]
    found = run(to_onnx(model, one_hot=True), *as_batch(codes, np.int64))["probabilities"]
    assert_allclose(found, model.predict_proba([np.eye(2)[one] for one in codes]), atol=1e-5)
