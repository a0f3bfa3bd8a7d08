"""The parameter `standardize`: features of mean 0 and standard deviation 1 inside the estimator."""

import pickle
import tracemalloc

import keras
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import count_programs, pad
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_data import TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor, Sequences, TimeDistributed
from skrnn.export import from_safetensors, to_keras, to_safetensors
from skrnn.networks import backends, feed
from skrnn.sequences._standardization import Standardization

X, LABELS = labelled()
Y = np.array([steps[:, 0].sum() for steps in X])
WEIGHTS = np.linspace(0, 2, len(X))
ON, OFF = ({**TINY, "standardize": how} for how in (True, False))
UNCHANGED = 1e-300  # a learning rate that changes no weight


def moved(scale, offset):
    """Return the sequences in other units."""
    return [steps * scale + offset for steps in X]


LEVEL = moved([300.0, 1.0], [5000.0, -2.0])
UNITS = {
    "thousands": LEVEL,
    "Unix times": moved([1.0, 3600.0], [1.7e9, 1.7e9]),
    "huge": moved([1e300, 1e30], [0.0, 1e31]),
    "tiny": moved([1e-300, 1e-30], 0.0),
}


def as_scaled(sequences, model):
    """Return sequences that have been standardised by hand."""
    return [(steps - model.input_mean_) / model.input_scale_ for steps in sequences]


# --- statistics -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"return_sequences": True}])
def test_rnn_standardize_statistics_are_those_of_the_time_steps_with_weights(how):
    wild = [X[0] * 1e6, *LEVEL[1:]]
    y = [steps[:, 0] for steps in X] if how else Y
    model = RNNRegressor(**{**ON, "epochs": 1}, **how).fit(wild, y, sample_weight=WEIGHTS)
    scaler = StandardScaler()
    counts = np.repeat(WEIGHTS, [len(steps) for steps in wild])
    scaler.fit(np.concatenate(wild), sample_weight=counts)
    assert_allclose(model.input_mean_, scaler.mean_, rtol=1e-12)
    assert_allclose(model.input_scale_, scaler.scale_, rtol=1e-12)
    assert model.input_mean_.dtype == model.input_scale_.dtype == np.float64


@pytest.mark.parametrize("weighted", [False, True])
def test_standardization_counts_steps_of_overlapping_sequences_once_for_each(weighted):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 2)) * [1, 1e-3] + [1e6, 7]
    starts, lengths = rng.integers(0, 40, 25), rng.integers(1, 20, 25)
    weights = rng.exponential(size=25) if weighted else np.ones(25)
    sequences = Sequences(values, starts, lengths)
    unused = np.setdiff1d(np.arange(60), sequences.step_index())
    assert len(unused)
    values[unused] = np.nan
    steps, counts = sequences.concatenate(), np.repeat(weights, lengths)
    found = Standardization.of(sequences, weights)
    mean = np.average(steps, axis=0, weights=counts)
    assert_allclose(found.mean, mean, rtol=1e-14)
    variance = np.average((steps - mean) ** 2, axis=0, weights=counts)
    assert_allclose(found.scale, np.sqrt(variance), rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-290, 1e-20, 1.0, 1e300])
@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_standardization_is_exact_for_any_unit(scale, offset):
    # Powers of two and small integers, whose mean and differences are exact.
    steps = np.array([[1.0], [3.0], [1.0], [3.0]]) + offset
    sequences = Sequences(steps * np.exp2(np.round(np.log2(scale / (1 + offset)))), [0], [4])
    found = Standardization.of(sequences, np.ones(1))
    assert_array_equal(found.apply(sequences, "float64").values[:, 0], [-1, 1, -1, 1])
    assert_array_equal(found.mean, sequences.values[:2].mean(axis=0))


def test_standardization_of_many_steps_equals_that_of_few(monkeypatch):
    rng = np.random.default_rng(0)
    sequences = Sequences(rng.normal(5, 2, (500, 3)), np.arange(0, 480, 8), np.full(60, 20))
    weights = rng.random(60)
    few = Standardization.of(sequences, weights)
    monkeypatch.setattr("skrnn.sequences._standardization.STEPS", 7)
    monkeypatch.setattr("skrnn.sequences._step_blocks.STEPS", 7)
    monkeypatch.setattr("skrnn.sequences._step_blocks._KEPT", 0)
    monkeypatch.setattr("skrnn.sequences._standardization._SEQUENCES", 3)
    many = Standardization.of(sequences, weights)
    assert_allclose(many.mean, few.mean, rtol=1e-14)
    assert_allclose(many.scale, few.scale, rtol=1e-14)
    assert_array_equal(
        many.apply(sequences, "float32").values,
        ((sequences.values - many.mean) / many.scale).astype("float32"),
    )


def test_rnn_standardize_windows_of_a_series_are_not_copied():
    series = np.random.default_rng(0).normal(5000, 300, 20_000)
    windows = sliding_window_view(series, 500)[:, :, None]
    weights = np.linspace(1, 2, len(windows))
    tracemalloc.start()
    found = Standardization.of(
        Sequences(series[:, None], np.arange(19_501), [500] * 19_501), weights
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < windows.nbytes / 3
    few = windows[::500]
    models = [RNNRegressor(**{**ON, "epochs": 1}).fit(x, few[:, -1, 0]) for x in (few, few.copy())]
    assert_allclose(models[0].input_mean_, models[1].input_mean_, rtol=1e-13)
    assert_allclose(found.mean, 5000, rtol=1e-2)


# --- columns that are left alone --------------------------------------------------------------


def test_rnn_standardize_leaves_columns_of_zeros_and_ones_alone_and_centers_constants():
    rng = np.random.default_rng(0)
    steps = rng.normal(20, 5, (30, 4, 4))
    steps[:, :, 1] = rng.random((30, 4)) < 0.1
    steps[:, :, 2] = 7.5
    steps[:, :, 3] = 1.0
    model = RNNRegressor(**ON).fit(steps, steps[:, -1, 0])
    assert_array_equal(model.input_mean_[1:], [0, 7.5, 0])
    assert_array_equal(model.input_scale_[1:], [1, 1, 1])
    by_hand = as_scaled(steps, model)
    plain = RNNRegressor(**OFF).fit(by_hand, steps[:, -1, 0])
    assert_same_weights(model, plain)
    changed = steps.copy()
    changed[:, :, 2] += 2
    assert_array_equal(model.predict(changed), plain.predict(as_scaled(changed, model)))


def test_rnn_standardize_does_not_divide_by_rounding_errors():
    steps = np.full((10, 3, 1), 0.1)
    steps[::2] = np.nextafter(0.1, 1)
    model = RNNRegressor(**{**ON, "epochs": 1}).fit(steps, np.arange(10.0))
    assert_array_equal(model.input_scale_, [1.0])


@pytest.mark.parametrize("kind", ["codes", "dense", "tokens"])
def test_rnn_standardize_changes_no_bit_of_one_hot_steps_and_tokens(kind):
    ids = [np.arange(len(steps)) % 4 for steps in X]
    if kind == "codes":
        data = [sparse.csr_array(np.eye(5)[codes]) for codes in ids]
    else:
        data = [np.eye(5)[codes] for codes in ids] if kind == "dense" else [i + 1 for i in ids]
    params = {"embedding": 3} if kind == "tokens" else {}
    plain = RNNClassifier(**OFF, **params).fit(data, LABELS)
    model = RNNClassifier(**ON, **params).fit(data, LABELS)
    assert_same_weights(model, plain)
    assert_array_equal(model.predict_proba(data), plain.predict_proba(data))
    if kind == "tokens":
        assert model.input_mean_ is None
        assert model.input_scale_ is None
    else:
        assert_array_equal([model.input_mean_, model.input_scale_], [[0] * 5, [1] * 5])


def test_rnn_standardize_reads_one_hot_rows_as_the_vectors_that_they_stand_for():
    rng = np.random.default_rng(0)
    dense = [np.round(rng.random((4, 3)) * 9) for _ in range(10)]
    model = RNNRegressor(**ON).fit(dense, np.arange(10.0))
    rows = [np.eye(3)[[0, 1]], np.eye(3)[[2, 1, 2]]]
    expected = model.predict(rows)
    assert_array_equal(model.predict([sparse.csr_array(row) for row in rows]), expected)
    both = [clone(model) for _ in range(2)]
    for one, more in zip(both, (rows, [sparse.csr_array(row) for row in rows]), strict=True):
        one.fit(dense, np.arange(10.0), X_val=more, y_val=[1.0, 2.0]).partial_fit(more, [1.0, 2.0])
    assert_same_weights(*both)
    assert both[0].history_["val_loss"][:3] == both[1].history_["val_loss"][:3]


# --- what a network learns and predicts -------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"return_sequences": True},
        {"early_stopping": True, "patience": 1},
    ],
    ids=["simple", "steps", "early stopping"],
)
def test_rnn_standardize_makes_a_scaler_in_front_superfluous(how):
    y = [steps[:, 0] for steps in X] if "return_sequences" in how else Y
    model = RNNRegressor(**ON, **how).fit(LEVEL, y)
    scaled = make_pipeline(TimeDistributed(StandardScaler()), RNNRegressor(**ON, **how))
    scaled.fit(LEVEL, y)
    plain = make_pipeline(TimeDistributed(StandardScaler()), RNNRegressor(**OFF, **how))
    plain.fit(LEVEL, y)
    # The scaler in front has seen the sequences that early stopping holds out.
    for pipeline in (scaled,) if how.get("early_stopping") else (scaled, plain):
        for one, other in zip(model.weights_, pipeline[-1].weights_, strict=True):
            assert_allclose(one, other, atol=1e-5)
        expected = pipeline.predict(LEVEL)
        for one, other in zip(model.predict(LEVEL), expected, strict=True):
            assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("units", UNITS)
def test_rnn_standardize_predicts_the_same_in_any_unit(units):
    model = RNNClassifier(**ON).fit(X, LABELS, X_val=X[:5], y_val=LABELS[:5])
    other = RNNClassifier(**ON)
    other.fit(UNITS[units], LABELS, X_val=UNITS[units][:5], y_val=LABELS[:5])
    expected = model.predict_proba(X)
    assert_allclose(other.predict_proba(UNITS[units]), expected, atol=1e-4)
    assert_allclose(other.history_["val_loss"], model.history_["val_loss"], atol=1e-4)
    assert_allclose(other.hidden_states(UNITS[units]), model.hidden_states(X), atol=1e-4)


def test_rnn_standardize_hidden_states_are_those_of_standardised_steps():
    model = RNNRegressor(**ON).fit(LEVEL, Y)
    plain = RNNRegressor(**OFF).fit(as_scaled(LEVEL, model), Y)
    for how in ({}, {"return_sequences": True}, {"return_state": True}):
        found = model.hidden_states(LEVEL, **how)
        expected = plain.hidden_states(as_scaled(LEVEL, model), **how)
        for one, other in zip(found, expected, strict=True):
            assert_array_equal(one, other)


def body_without_mask(steps, lengths):
    """Return the sums over all time steps, which are wrong if padding is not zero."""
    return keras.layers.Dense(3, activation="tanh")(keras.ops.sum(steps, axis=1))


@pytest.mark.parametrize("how", [{}, {"body": body_without_mask}], ids=["cell", "body"])
def test_rnn_standardize_padding_changes_no_prediction(how):
    model = RNNRegressor(**ON, **how).fit(LEVEL, Y)
    expected = model.predict(LEVEL)
    assert_allclose([model.predict([steps])[0] for steps in LEVEL], expected, atol=1e-5)
    assert_allclose(model.predict(LEVEL[::-1])[::-1], expected, atol=1e-5)
    by_hand = RNNRegressor(**OFF, **how).fit(as_scaled(LEVEL, model), Y)
    assert_same_weights(model, by_hand)


def test_rnn_standardize_fits_share_a_program(monkeypatch):
    built = count_programs(monkeypatch)
    for units in UNITS:
        RNNClassifier(**ON).fit(UNITS[units], LABELS).predict(UNITS[units])
    RNNClassifier(**OFF).fit(X, LABELS)
    assert len(built) == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rnn_standardize_memory_mapped_data_sent_in_blocks_change_no_bit(
    dtype, tmp_path, monkeypatch
):
    steps = np.random.default_rng(0).normal(5000, 3, (50, 4, 2)).astype(dtype)
    np.save(tmp_path / "steps.npy", steps)
    on_disk = np.load(tmp_path / "steps.npy", mmap_mode="r")
    whole, blocks = (RNNRegressor(**{**ON, "batch_size": 8, "epochs": 2}) for _ in range(2))
    whole.fit(steps, steps[:, -1, 0])
    expected = whole.predict(steps)
    monkeypatch.setattr(feed, "RESIDENT_BYTES", 100)
    copied = []
    apply = Standardization.apply
    monkeypatch.setattr(
        Standardization,
        "apply",
        lambda self, x, dtype: copied.append(len(x.values)) or apply(self, x, dtype),
    )
    blocks.fit(on_disk, steps[:, -1, 0])
    assert max(copied) <= 8 * 4
    assert_same_weights(whole, blocks)
    assert_array_equal(blocks.predict(on_disk), expected)


# --- continued training -----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["partial_fit", "warm_start"])
def test_rnn_standardize_keeps_statistics_and_function_when_training_continues(how):
    model = RNNRegressor(**{**ON, "learning_rate": UNCHANGED, "warm_start": True}).fit(LEVEL, Y)
    mean, expected = model.input_mean_, model.predict(LEVEL)
    method = model.partial_fit if how == "partial_fit" else model.fit
    with pytest.warns(ConvergenceWarning, match="Feature 1 of X is standardised with the mean"):
        method(moved(2.0, 1e4), Y)
    assert_array_equal(model.input_mean_, mean)
    assert_array_equal(model.predict(LEVEL), expected)
    model.set_params(warm_start=False).fit(moved(2.0, 1e4), Y)
    assert_allclose(model.input_mean_, np.concatenate(moved(2.0, 1e4)).mean(axis=0))


def test_rnn_standardize_warns_if_a_feature_was_constant_in_the_first_data():
    constant = [np.c_[steps, np.full(len(steps), 5000.0)] for steps in LEVEL]
    model = RNNRegressor(**ON).partial_fit(constant, Y)
    model.partial_fit(constant, Y)
    varied = [steps * [1.0, 1.0, 1.2] for steps in constant]
    with pytest.warns(ConvergenceWarning, match="Feature 2 of X .* has the mean 1e.03 and"):
        model.partial_fit(varied, Y)


@pytest.mark.parametrize("before", [False, True])
def test_rnn_standardize_that_changed_is_refused_when_training_continues(before):
    model = RNNRegressor(**TINY, standardize=before).fit(X, Y)
    expected = model.predict(X)
    model.set_params(standardize=not before, warm_start=True)
    assert_array_equal(model.predict(X), expected)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=f"standardize has changed .* from {before} to"):
            method(X, Y)
    assert_array_equal(model.predict(X), expected)
    model.set_params(warm_start=False).fit(X, Y)
    assert (model.input_mean_ is None) == before


def test_rnn_standardize_refuses_values_that_are_too_large_for_the_scale():
    model = RNNRegressor(**ON).fit(moved(1e-30, 0.0), Y)
    expected = model.predict(moved(1e-30, 0.0))
    wild = [*moved(1e-30, 0.0)[:3], np.full((2, 2), 1e20)]
    with pytest.raises(ValueError, match=r"Input X contains infinity or a value too .* is X\[3\]"):
        model.predict(wild)
    with pytest.raises(ValueError, match=r"Input X_val contains .* is X_val\[3\]"):
        model.fit(moved(1e-30, 0.0), Y, X_val=wild, y_val=[1.0] * 4)
    assert_array_equal(model.predict(moved(1e-30, 0.0)), expected)
    assert np.isfinite(RNNRegressor(**ON, dtype="float64").fit(X, Y).predict([[[1e200, 0]]])).all()


# --- the warning without it -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "offset", "match"),
    [
        ([300.0, 1.0], [0.0, 0.0], "Feature 0 of X has the mean .* and the standard deviation 2"),
        ([1.0, 1.0], [0.0, 5000.0], r"Feature 1 of X has the mean 5e\+03 .* standardize=True"),
        ([1.0, 0.0], [0.0, -201.0], "Feature 1 of X has the mean -201 and the standard dev.* 1"),
        ([1e-4, 1e-3], [0.0, 0.0], "Feature 1 of X has the mean .* if all are below 0.005"),
    ],
)
def test_rnn_without_standardize_warns_of_features_far_from_unit_scale(scale, offset, match):
    far = moved(scale, offset)
    model = RNNClassifier(**{**OFF, "epochs": 1})
    for method in (model.fit, clone(model).partial_fit):
        with pytest.warns(ConvergenceWarning, match=match):
            method(far, LABELS)
    model.predict(far)
    model.partial_fit(far, LABELS)
    model.set_params(standardize=True).fit(far, LABELS)


def test_rnn_without_standardize_does_not_warn_of_usual_features():
    rng = np.random.default_rng(0)
    usual = {
        "0 to 1": rng.random((20, 8, 3)),
        "0 to 16": np.round(rng.random((20, 8, 3)) * 16),
        "0 to 255": np.minimum(rng.exponential(60, (20, 8, 3)).round(), 255),
        "degrees Celsius": rng.normal(15, 8, (20, 8, 3)),
        "rare indicator": np.eye(3000)[rng.integers(0, 3000, 160), :3].reshape(20, 8, 3),
        "rare count": np.eye(3000)[rng.integers(0, 3000, 160), :3].reshape(20, 8, 3) * 0.1 + 0.1,
        "constant": np.full((20, 8, 3), 3.0),
    }
    far = np.full((20, 8, 3), 1e4)
    with pytest.warns(ConvergenceWarning):
        RNNRegressor(**{**OFF, "epochs": 1}).fit(far, np.arange(20.0))
    for steps in usual.values():
        RNNRegressor(**{**OFF, "epochs": 1}).fit(steps, np.arange(20.0))
        # A sequence of weight zero has no effect.
        weights = np.append(np.ones(20), 0)
        wild = np.concatenate([steps, far[:1]])
        RNNRegressor(**{**OFF, "epochs": 1}).fit(wild, np.arange(21.0), sample_weight=weights)


# --- what is saved and exported ---------------------------------------------------------------


@pytest.mark.parametrize("units", ["thousands", "Unix times", "tiny"])
@pytest.mark.parametrize("how", [{}, {"body": body_without_mask}], ids=["cell", "body"])
def test_rnn_standardize_model_predicts_from_time_steps_in_their_units(units, how, tmp_path):
    model = RNNRegressor(**ON, **how).fit(UNITS[units], Y)
    steps, lengths = pad(UNITS[units], fill=9e5)
    offsets = np.abs(model.input_mean_) / model.input_scale_
    wide = "float64" if units != "thousands" or offsets.max() > 256 else "float32"
    with backends.precision(wide):
        live = to_keras(model, tmp_path / "model.keras" if not how else None)
        assert [tensor.dtype for tensor in live.inputs] == [wide, "int32"]
        found = [live([steps.astype(wide), lengths])]
        if not how:
            opened = keras.saving.load_model(tmp_path / "model.keras")
            found.append(opened([steps.astype(wide), lengths]))
        found = [keras.ops.convert_to_numpy(one)[:, 0] for one in found]
    for one in found:
        assert_allclose(one, model.predict(UNITS[units]), atol=1e-5)
    assert [layer.name for layer in live.layers if layer.weights][-1] == "head"
    assert_same_weights(live.get_weights(), model)


def test_rnn_standardize_is_pickled_and_cloned():
    model = RNNClassifier(**ON).fit(LEVEL, LABELS)
    copied = pickle.loads(pickle.dumps(model))
    assert_array_equal(copied.predict_proba(LEVEL), model.predict_proba(LEVEL))
    again = clone(model)
    assert not hasattr(again, "input_mean_")
    assert_same_weights(again.fit(LEVEL, LABELS), model)


def test_estimator_saved_before_standardize_existed_predicts():
    model = RNNClassifier(**OFF).fit(X, LABELS)
    expected = model.predict_proba(X)
    for name in ("input_mean_", "input_scale_", "standardize"):
        vars(model).pop(name)
    assert_array_equal(model.predict_proba(X), expected)


def test_rnn_standardize_safetensors_hold_the_statistics(tmp_path):
    pytest.importorskip("safetensors")
    model = RNNClassifier(**ON).fit(LEVEL, LABELS)
    other = RNNClassifier(**ON).fit(X, LABELS)
    arrays = to_safetensors(model, tmp_path / "weights.safetensors")
    assert_array_equal(arrays["input/scale"], model.input_scale_)
    read = from_safetensors(other, tmp_path / "weights.safetensors")
    assert_array_equal(read.predict_proba(LEVEL), model.predict_proba(LEVEL))
    with pytest.raises(ValueError, match="it also has input/mean, input/scale"):
        from_safetensors(RNNClassifier(**OFF).fit(X, LABELS), tmp_path / "weights.safetensors")
    model.input_scale_ = np.array([1.0, 0.0])
    to_safetensors(model, tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match="'input/scale' in the file must be positive, got 0"):
        from_safetensors(other, tmp_path / "weights.safetensors")


@pytest.mark.parametrize("units", UNITS)
def test_rnn_standardize_onnx_predicts_as_the_estimator(units):
    pytest.importorskip("onnxruntime")
    from onnx_models import assert_predicts_as, input_dtype

    from skrnn.export import to_onnx

    model = RNNRegressor(**ON, bidirectional=True).fit(UNITS[units], Y)
    exported = to_onnx(model)
    assert input_dtype(exported) == (np.float32 if units == "thousands" else np.float64)
    assert_predicts_as(exported, model, UNITS[units])
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), RNNRegressor(**ON))
    assert_predicts_as(to_onnx(pipeline.fit(LEVEL, Y)), pipeline, LEVEL)


def test_rnn_standardize_onnx_of_codes_and_of_small_offsets():
    pytest.importorskip("onnxruntime")
    from onnx_models import as_batch, input_dtype, run

    from skrnn.export import to_onnx

    model = RNNClassifier(**ON).fit(X, LABELS)
    assert input_dtype(to_onnx(model)) == np.float32
    codes = [np.arange(len(steps)) % 2 for steps in X]
    exported = to_onnx(model, one_hot=True)
    found = run(exported, *as_batch(codes, np.int64))["probabilities"]
    expected = model.predict_proba([np.eye(2)[one] for one in codes])
    assert_allclose(found, expected, atol=1e-5)
