"""The parameter `allow_nan`: missing values that decay to the mean inside the network."""

import pickle

import keras
import numpy as np
import pytest
from equations import decayed_inputs
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import count_programs, pad
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimators_pickle
from small_data import PLAIN, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor, Sequences
from skrnn.export import from_safetensors, to_keras, to_safetensors
from skrnn.forecasting import SlidingWindowForecaster
from skrnn.inspection import feature_attributions
from skrnn.recurrent._named_weights import named_weights
from skrnn.sequences._standardization import Standardization, difference_scale

N = np.nan
COMPLETE, LABELS = labelled()
COMPLETE = [
    np.hstack([steps * [1.0, 2.0] + [0.0, 1.0], steps[:, :1] > 1]).astype(float)
    for steps in COMPLETE
]
RNG = np.random.default_rng(0)
X = [np.where(RNG.random(steps.shape) < 0.4, N, steps) for steps in COMPLETE]
X[2][:] = N
Y = np.array([steps[:, 0].sum() for steps in COMPLETE])
ON = {**TINY, "allow_nan": True}
UNCHANGED = 1e-300  # a learning rate that changes no weight


def body_without_mask(steps, lengths):
    """Return the sums over all time steps, which are wrong if padding is not zero."""
    return keras.layers.Dense(3, activation="tanh")(keras.ops.sum(steps, axis=1))


HOW = {
    "cell": {},
    "differences": {"add_differences": True, "cell": "gru", "epochs": 1},
    "raw": {"standardize": False},
    "both directions": {"bidirectional": True, "pooling": "max", "epochs": 1},
    "steps": {"return_sequences": True, "cell": "lstm", "epochs": 1},
    "body": {"body": body_without_mask, "epochs": 1},
}


def fitted(how, **more):
    y = [steps[:, 0] for steps in COMPLETE] if "return_sequences" in how else Y
    return RNNRegressor(**{**ON, **how, **more}).fit(X, y)


def by_hand(sequences, model):
    """Return sequences with the features that the network computes, given its weights."""
    mean, scale = (0, 1) if model.input_mean_ is None else (model.input_mean_, model.input_scale_)
    kernel, bias, *_ = model.weights_
    target = (model.decay_mean_ - mean) / scale
    made = []
    for x in sequences:
        filled, indicators = decayed_inputs((x - mean) / scale, kernel, bias, target)
        parts = [filled, indicators]
        if model.add_differences:
            changes = np.diff(filled, axis=0, prepend=filled[:1])
            parts.insert(1, changes * scale / model.difference_scale_)
        made.append(np.hstack(parts))
    return made


# --- what the network receives ----------------------------------------------------------------


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_rnn_with_allow_nan_equals_one_on_values_decayed_by_hand(how):
    model = fitted(how)
    # The weights of the decay have been trained.
    kernel, bias, *_ = model.weights_
    assert np.abs(bias).min() > 1e-4
    assert np.abs(kernel - 0.1).min() > 1e-4
    known = by_hand(X, model)
    plain = {**how, "allow_nan": False, "add_differences": False, "standardize": False}
    plain = RNNRegressor(**{**ON, **plain, "epochs": 1}).fit(known, model.predict(X))
    plain.weights_ = model.weights_[4 if model.add_differences else 3 :]
    plain._y_scale, plain._y_offset = model._y_scale, model._y_offset
    unit = float(np.max(model._y_scale))
    for one, other in zip(model.predict(X), plain.predict(known), strict=True):
        assert_allclose(one, other, atol=1e-5 * unit)
    # Padding has no missing values.
    for one, other in zip([model.predict([x])[0] for x in X[:4]], model.predict(X), strict=False):
        assert_allclose(one, other, atol=1e-5 * unit)


def test_gradients_of_the_decay_are_those_of_the_equation():
    sgd = {"optimizer": keras.optimizers.SGD(1.0), "learning_rate": None, "schedule": "constant"}
    full = {"batch_size": None, "global_clipnorm": None, "dtype": "float64", "warm_start": True}
    model = RNNRegressor(**{**ON, **sgd, **full, "cell": "gru", "epochs": 1}).fit(X, Y)
    rng = np.random.default_rng(0)
    before = [w + rng.normal(0, 0.03, w.shape) * (i != 2) for i, w in enumerate(model.weights_)]
    model.weights_ = before
    after = clone(model).set_params(warm_start=True)
    vars(after).update(vars(pickle.loads(pickle.dumps(model))))
    after.fit(X, Y)
    target = (Y - model._y_offset) / model._y_scale

    def loss(i, j, change):
        model.weights_ = [w.copy() for w in before]
        model.weights_[i][j] += change
        return np.mean(((model.predict(X) - model._y_offset) / model._y_scale - target) ** 2)

    for i, j in ((0, 0), (1, 1)):
        expected = (loss(i, j, 1e-5) - loss(i, j, -1e-5)) / 2e-5
        assert_allclose(before[i][j] - after.weights_[i][j], expected, atol=1e-8)
    # The mean is not trained.
    assert_array_equal(after.weights_[2], before[2])


@pytest.mark.any_backend
def test_rnn_with_allow_nan_reads_arrays_and_overlapping_windows():
    values = np.where(RNG.random((40, 2)) < 0.3, N, RNG.normal(size=(40, 2)))
    windows = Sequences(values, np.arange(0, 34, 2), np.full(17, 6))
    copied = [steps.copy() for steps in windows]
    y = np.arange(17.0)
    models = [RNNRegressor(**ON).fit(x, y) for x in (windows, copied, np.array(copied))]
    assert_allclose(models[0].decay_mean_, models[1].decay_mean_, rtol=1e-12)
    assert_same_weights(*models[:2])
    assert_same_weights(*models[1:])
    assert_array_equal(models[0].predict(windows), models[1].predict(copied))


def test_rnn_with_allow_nan_of_other_units_shares_a_program(monkeypatch):
    built = count_programs(monkeypatch)
    other = [steps * [300.0, 0.01, 1.0] + [5000, 0, 0] for steps in X]
    models = [RNNClassifier(**ON).fit(x, LABELS) for x in (X, other)]
    assert len(built) == 1
    assert_allclose(models[1].predict_proba(other), models[0].predict_proba(X), atol=1e-4)


# --- statistics without the missing values ----------------------------------------------------


@pytest.mark.any_backend
def test_statistics_of_features_leave_out_nan():
    weights = np.linspace(0, 2, len(X))
    model = RNNRegressor(**{**ON, "add_differences": True, "epochs": 1})
    model.fit([X[0] * 1e6, *X[1:]], Y, sample_weight=weights)
    steps = np.concatenate(X)
    counts = np.repeat(weights, [len(x) for x in X])[:, None] * ~np.isnan(steps)
    mean = np.nansum(counts * steps, axis=0) / counts.sum(axis=0)
    spread = np.sqrt(np.nansum(counts * (steps - mean) ** 2, axis=0) / counts.sum(axis=0))
    assert_allclose(model.decay_mean_, mean, rtol=1e-9)
    # The last feature has only 0 and 1: it is not standardised, and decays to its mean.
    assert_allclose(model.input_mean_, [*mean[:2], 0], rtol=1e-9)
    assert_allclose(model.input_scale_, [*spread[:2], 1], rtol=1e-9)
    assert_allclose(model.weights_[2], [0, 0, mean[2]], atol=1e-6)
    squares = [np.diff(x, axis=0) ** 2 for x in X]
    counts = np.repeat(weights, [len(one) for one in squares])[:, None]
    squares = np.concatenate(squares)
    counts = counts * ~np.isnan(squares)
    expected = np.sqrt(np.nansum(counts * squares, axis=0) / counts.sum(axis=0))
    assert_allclose(model.difference_scale_, expected, rtol=1e-6)


@pytest.mark.any_backend
def test_statistics_of_features_without_values_or_without_neighbours():
    steps = np.array([[1.0, N], [N, N], [5.0, N]])
    sequences, weights = Sequences(steps, [0], [3]), np.ones(1)
    found = Standardization.of(sequences, weights, allow_nan=True)
    assert_array_equal(found.mean, [3, 0])
    assert_array_equal(found.scale, [2, 1])
    # No two neighbours are known, but the values on both sides of a gap differ.
    assert_array_equal(difference_scale(sequences, weights, allow_nan=True), [2, 1])
    unused = [np.hstack([x, np.full((len(x), 1), N)]) for x in X]
    model = RNNRegressor(**ON).fit(unused, Y)
    assert model.decay_mean_[3] == 0
    assert np.isfinite(model.predict([x * N for x in unused])).all()


@pytest.mark.any_backend
@pytest.mark.parametrize("standardize", [True, False])
def test_statistics_with_allow_nan_are_the_usual_ones_without_nan(standardize):
    how = {"add_differences": True, "standardize": standardize}
    one, other = (
        RNNRegressor(**{**ON, **how, "allow_nan": a, "epochs": 1}).fit(COMPLETE, Y)
        for a in (False, True)
    )
    assert_allclose(other.difference_scale_, one.difference_scale_, rtol=1e-12)
    assert one.decay_mean_ is None
    if standardize:
        assert_allclose(other.input_mean_, one.input_mean_, rtol=1e-12)
        assert_allclose(other.input_scale_, one.input_scale_, rtol=1e-12)


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.any_backend
def test_nan_is_refused_without_allow_nan_and_infinity_always():
    with pytest.raises(ValueError, match=r"contains NaN.*X\[0\].*RNNClassifier\(allow_nan=True\)"):
        RNNRegressor(**TINY).fit(X, Y)
    model = RNNRegressor(**ON).fit(X, Y)
    expected = model.predict(X)
    infinite = [np.full_like(X[0], np.inf), *X[1:]]
    for method in (lambda x: model.fit(x, Y), model.predict):
        with pytest.raises(ValueError, match="contains infinity"):
            method(infinite)
    with pytest.raises(ValueError, match="contains infinity or a value too large"):
        model.predict([X[0] * 1e300 * 1e8])
    assert_array_equal(model.predict(X), expected)


@pytest.mark.any_backend
@pytest.mark.parametrize("before", [False, True])
def test_allow_nan_that_changed_is_refused_when_training_continues(before):
    model = RNNRegressor(**{**TINY, "allow_nan": before}).fit(COMPLETE, Y)
    expected = model.predict(COMPLETE)
    model.set_params(allow_nan=not before, warm_start=True)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"allow_nan has changed .* from {before} to"):
            method(COMPLETE, Y)
    assert_array_equal(model.predict(COMPLETE), expected)


@pytest.mark.any_backend
def test_allow_nan_is_a_tag_and_is_ignored_for_token_ids():
    assert get_tags(RNNClassifier(allow_nan=True)).input_tags.allow_nan
    assert not get_tags(RNNClassifier()).input_tags.allow_nan
    assert not get_tags(RNNClassifier(allow_nan=True, embedding=2)).input_tags.allow_nan
    ids = [np.arange(len(steps)) % 3 + 2 for steps in X]
    models = [
        RNNClassifier(**{**TINY, "embedding": 2, "allow_nan": a}).fit(ids, LABELS)
        for a in (False, True)
    ]
    assert_same_weights(*models)
    assert models[1].decay_mean_ is None


def test_attributions_of_missing_values_are_refused():
    model = RNNRegressor(**ON).fit(X, Y)
    assert np.isfinite(feature_attributions(model, COMPLETE[:2], n_steps=64)[0]).all()
    with pytest.raises(ValueError, match=r"X contains NaN\. Attributions"):
        feature_attributions(model, X)


# --- continued training, states and streams ---------------------------------------------------


@pytest.mark.any_backend
def test_rnn_with_allow_nan_keeps_its_statistics_when_training_continues():
    model = RNNRegressor(**{**ON, "learning_rate": UNCHANGED, "warm_start": True}).fit(X, Y)
    mean, expected = model.decay_mean_, model.predict(X)
    model.partial_fit([steps * 3 for steps in X], Y).fit(X, Y)
    assert_array_equal(model.decay_mean_, mean)
    assert_array_equal(model.predict(X), expected)


@pytest.mark.parametrize("add_differences", [False, True])
def test_states_and_streams_carry_the_last_observations(add_differences):
    how = {"cell": "lstm", "units": (3, 2), "pooling": "mean", "add_differences": add_differences}
    model = RNNClassifier(**{**ON, **how}).fit(X, LABELS)
    expected = model.predict_proba(X)
    _, state = model.predict_proba([x[:1] for x in X], return_state=True)
    later, state = model.predict_proba([x[1:] for x in X], initial_state=state, return_state=True)
    assert_allclose(later, expected, atol=1e-6)
    stream = model.stream(method="predict_proba")
    for i, x in enumerate(X[:8]):
        assert_allclose(stream.reset().send_many(x)[-1], expected[i], atol=1e-6)
        single = [stream.reset() and stream.send(step) for step in x[:1]]
        single += [stream.send(step) for step in x[1:]]
        assert_allclose(single[-1], expected[i], atol=1e-6)
        for one, other in zip(stream.state, state, strict=True):
            assert_allclose(one[0], other[i], atol=1e-5)


def test_truncation_carries_the_last_observations():
    sequences = [np.tile(x, (9, 1))[:20] for x in X]
    y = [np.arange(float(len(x))) for x in sequences]
    how = {"return_sequences": True, "add_differences": True, "learning_rate": UNCHANGED}
    losses = [
        RNNRegressor(**{**ON, **how, "epochs": 1, "truncation": n}).fit(sequences, y).history_
        for n in (20, 7)
    ]
    assert_allclose(losses[0]["loss"], losses[1]["loss"], rtol=1e-5)


# --- what is saved and exported ---------------------------------------------------------------


@pytest.mark.any_backend
def test_rnn_with_allow_nan_is_pickled_cloned_and_named(tmp_path):
    model = RNNClassifier(**{**ON, "add_differences": True}).fit(X, LABELS)
    copied = pickle.loads(pickle.dumps(model))
    assert_array_equal(copied.predict_proba(X), model.predict_proba(X))
    assert_same_weights(copied.partial_fit(X, LABELS), model.partial_fit(X, LABELS))
    assert_same_weights(clone(model).fit(X, LABELS), clone(model).fit(X, LABELS))
    names = list(named_weights(model._spec, model.weights_))
    paths = [weight.path for weight in model.model_.weights]
    assert names[:4] == paths[:4]


@pytest.mark.parametrize("how", [HOW["both directions"], HOW["body"]], ids=["cell", "body"])
def test_model_with_allow_nan_opens_in_keras(how, tmp_path):
    model = RNNClassifier(**{**ON, "add_differences": True, **how}).fit(X, LABELS)
    steps, lengths = pad([x.astype("float32") for x in X], fill=N)
    path = None if "body" in how else tmp_path / "model.keras"
    opened = to_keras(model, path)
    assert_same_weights(opened.get_weights(), model)
    if path is not None:
        opened = keras.saving.load_model(path)
        assert type(opened.get_layer("decay")) is keras.layers.EinsumDense
    outputs = keras.ops.convert_to_numpy(opened([steps, lengths]))
    assert_allclose(outputs, model.predict_proba(X), atol=1e-5)


@pytest.mark.any_backend
def test_safetensors_hold_the_decay(tmp_path):
    pytest.importorskip("safetensors")
    model = RNNClassifier(**ON).fit(X, LABELS)
    other = RNNClassifier(**ON).fit([steps * 2 for steps in X], LABELS)
    arrays = to_safetensors(model, tmp_path / "weights.safetensors")
    assert_array_equal(arrays["input/decay_mean"], model.decay_mean_)
    assert_array_equal(arrays["decay/kernel"], model.weights_[0])
    read = from_safetensors(other, tmp_path / "weights.safetensors")
    assert_array_equal(read.predict_proba(X), model.predict_proba(X))
    assert_array_equal(read.decay_mean_, model.decay_mean_)


@pytest.mark.any_backend
@pytest.mark.parametrize("how", ["raw", "both directions", "steps"])
def test_onnx_with_allow_nan_predicts_as_the_estimator(how):
    pytest.importorskip("onnxruntime")
    from onnx_models import assert_predicts_as

    from skrnn.export import to_onnx

    model = fitted(HOW[how], add_differences=True)
    assert_predicts_as(to_onnx(model), model, X)
    assert_predicts_as(to_onnx(model), model, [steps[:1] for steps in X])


# --- inside scikit-learn ----------------------------------------------------------------------


@pytest.mark.any_backend
def test_rnn_with_allow_nan_passes_the_check_of_scikit_learn_that_adds_nan():
    # The other common checks pass data without NaN to an estimator with this tag.
    check_estimators_pickle("RNNRegressor", RNNRegressor(**ON))


@pytest.mark.any_backend
def test_forecaster_of_a_network_with_allow_nan_reads_gaps():
    series = np.sin(np.arange(80.0) / 3)[:, None]
    series = np.where(RNG.random(series.shape) < 0.2, N, series)
    target = np.sin((np.arange(80.0)) / 3)
    network = RNNRegressor(**{**ON, **PLAIN, "epochs": 1})
    forecaster = SlidingWindowForecaster(network, window_length=6, horizon=2, difference=False)
    forecaster.fit(series, target)
    assert np.isfinite(forecaster.predict(series)[20:]).all()
