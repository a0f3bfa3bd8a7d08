"""Training: updates compared with those made by hand, weights, blocks of data, partial_fit."""

import itertools
import time

import keras
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import ByHand, assert_close_weights, random_sequences, same_bits, step_targets
from sklearn.utils.class_weight import compute_sample_weight
from small_data import PLAIN, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.networks import feed

X = random_sequences()
# JAX compiles updates by hand for each sequence.
FEW = X[:4]
Y = np.array([4000.0 + 1000 * x[:, 0].sum() for x in X])
LABELS = np.arange(len(X)) % 2
MANY, TAGS = labelled()
UNCHANGED = 1e-300  # a learning rate that changes no weight
WHOLE = {"batch_size": None, "shuffle": False, "dtype": "float64", "random_state": 0}


# --- updates ----------------------------------------------------------------------------------


def squared(true, raw):
    return keras.ops.mean((true - raw) ** 2, axis=1)


@pytest.mark.parametrize(
    "params",
    [
        {"cell": "simple", "units": (3, 2), "pooling": "max", "l2": 2**-7},
        {"cell": "lstm", "units": 2, "pooling": "mean"},
        {"cell": "gru", "units": 2, "bidirectional": True, "pooling": "last", "l2": 2**-7},
        {"cell": "lstm", "units": 3, "bidirectional": True, "return_sequences": True},
        {"cell": "minimal_gru", "units": 3, "bidirectional": True, "pooling": "last", "l2": 2**-7},
    ],
    ids=lambda params: params["cell"],
)
def test_rnn_regressor_updates_equal_those_by_hand(params):
    y = step_targets(FEW, 2) if "return_sequences" in params else [[one] for one in Y[: len(FEW)]]
    y = [np.reshape(one, (-1, np.shape(one)[-1])) for one in y]
    given = y if "return_sequences" in params else np.concatenate(y)
    weights = np.arange(1.0, len(FEW) + 1)
    params = {**PLAIN, **params, **WHOLE, "optimizer": "sgd", "global_clipnorm": None}
    start = RNNRegressor(**params, epochs=1, learning_rate=UNCHANGED)
    start.fit(FEW, given, sample_weight=weights)
    model = RNNRegressor(**params, epochs=2, learning_rate=0.1)
    model.fit(FEW, given, sample_weight=weights)
    assert not same_bits(model, start)

    everything = np.concatenate(y)
    counts = weights.repeat([len(one) for one in y])
    mean = np.average(everything, axis=0, weights=counts)
    spread = np.sqrt(np.average((everything - mean) ** 2, axis=0, weights=counts))
    by_hand = ByHand(start)
    losses = by_hand.train(
        keras.optimizers.SGD(0.1), FEW, [(one - mean) / spread for one in y],
        loss=squared, weights=weights, n_steps=2,
    )  # fmt: skip
    by_hand.assert_equal(model)
    assert_allclose(model.history_["loss"], losses, rtol=1e-12)


def test_rnn_history_is_the_mean_over_the_targets_of_all_batches():
    params = {**WHOLE, "cell": "simple", "units": 2, "epochs": 1, "learning_rate": UNCHANGED}
    y = step_targets(X)
    whole, batches = (
        RNNRegressor(**{**params, "batch_size": size}, return_sequences=True).fit(
            X, y, X_val=X[:5], y_val=y[:5]
        )
        for size in (None, 3)
    )
    for name, values in whole.history_.items():
        assert_allclose(batches.history_[name], values, rtol=1e-9)


def binary(true, raw):
    return keras.losses.binary_crossentropy(true, raw, from_logits=True)


def categorical(true, raw):
    return keras.losses.sparse_categorical_crossentropy(true, raw, from_logits=True)


@pytest.mark.parametrize(("n_classes", "loss"), [(2, binary), (3, categorical)])
def test_rnn_classifier_updates_equal_those_by_hand(n_classes, loss):
    codes = np.arange(len(FEW)) % n_classes
    params = {**PLAIN, **WHOLE, "cell": "gru", "units": 3}
    params |= {"optimizer": "sgd", "global_clipnorm": None}
    params["class_weight"] = {0: 3.0, 1: 0.5, 2: 1.0}
    start = RNNClassifier(**params, epochs=1, learning_rate=UNCHANGED).fit(FEW, codes)
    model = RNNClassifier(**params, epochs=2, learning_rate=0.1).fit(FEW, codes)
    by_hand = ByHand(start)
    y = [np.full((1, 1), code, "float64") if n_classes == 2 else np.array([code]) for code in codes]
    losses = by_hand.train(
        keras.optimizers.SGD(0.1), FEW, y,
        loss=loss, weights=np.array([3.0, 0.5, 1.0])[codes], n_steps=2,
    )  # fmt: skip
    by_hand.assert_equal(model)
    assert_allclose(model.history_["loss"], losses, rtol=1e-12)


def test_rnn_batch_size_gives_one_update_per_batch():
    params = {**PLAIN, **WHOLE, "cell": "simple", "units": 3, "batch_size": 3}
    params |= {"optimizer": "sgd", "global_clipnorm": None, "normalize_y": False}
    y = Y / 4000
    start = RNNRegressor(**params, epochs=1, learning_rate=UNCHANGED).fit(X, y)
    model = RNNRegressor(**params, epochs=1, learning_rate=0.1).fit(X, y)
    by_hand = ByHand(start)
    for rows in (slice(0, 3), slice(3, 6), slice(6, 8)):
        targets = [[[one]] for one in y[rows]]
        by_hand.train(keras.optimizers.SGD(0.1), X[rows], targets, loss=squared)
    by_hand.assert_equal(model)


# --- weights ----------------------------------------------------------------------------------


STEP_LABELS = [(x[:, 0] > 0).astype(int) for x in X]
KINDS = {
    "classifier": (RNNClassifier, LABELS, {}),
    "regressor": (RNNRegressor, Y, {}),
    "classifier of steps": (RNNClassifier, STEP_LABELS, {"return_sequences": True}),
    "regressor of steps": (RNNRegressor, step_targets(X), {"return_sequences": True}),
}


def rows_of(y, rows):
    return [y[i] for i in rows] if isinstance(y, list) else y[rows]


@pytest.mark.parametrize("kind", KINDS)
def test_rnn_sample_weight_zero_is_absence_and_two_is_twice(kind):
    estimator, y, how = KINDS[kind]
    model = estimator(cell="simple", units=3, epochs=3, **WHOLE, **how)
    weights = np.array([1.0, 0, 2, 1, 0, 1, 2, 1])
    rows = np.repeat(np.arange(len(X)), weights.astype(int))
    spoilt = [x if weight else x[::-1] * 100 for x, weight in zip(X, weights, strict=True)]
    twice = model.fit([X[i] for i in rows], rows_of(y, rows)).weights_
    weighted = model.fit(spoilt, y, sample_weight=weights).weights_
    assert_close_weights(weighted, twice, atol=1e-9)
    plain = model.fit(X, y).weights_
    assert np.abs(plain[0] - twice[0]).max() > 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_rnn_sample_weight_zero_changes_no_bit(kind):
    estimator, y, how = KINDS[kind]
    model = estimator(**TINY, **how)
    kept = np.array([0, 2, 3, 5, 7])
    poisoned = [one if i in kept else one[::-1] for i, one in enumerate(y)] if how else y.copy()
    if not how:
        poisoned[[1, 4, 6]] = poisoned[[4, 1, 0]]
    expected = model.fit([X[i] for i in kept], rows_of(y, kept)).weights_
    model.fit(X, poisoned, sample_weight=np.isin(np.arange(len(X)), kept).astype(float))
    assert_same_weights(model, expected)


def test_rnn_sample_weight_scale_is_irrelevant():
    weights = np.arange(1.0, len(X) + 1)
    params = {**WHOLE, "cell": "simple", "units": 3, "epochs": 3}
    scales = (1, 1e-3, 1e3, 1e-300, 1e300)
    fits = [RNNRegressor(**params).fit(X, Y, sample_weight=weights * scale) for scale in scales]
    for other in fits[1:]:
        assert_close_weights(other, fits[0], atol=1e-9)


@pytest.mark.parametrize("scale", [1e-46, 1e39, 1e300])
def test_rnn_class_weight_and_sample_weight_have_the_range_of_float64(scale):
    weights, factors = np.arange(1.0, 31), {"ant": 3.0, "bee": 1.0, "cat": 0.5}
    expected = RNNClassifier(**TINY, class_weight=factors).fit(MANY, TAGS, weights)
    scaled = {label: factor * scale for label, factor in factors.items()}
    model = RNNClassifier(**TINY, class_weight=scaled).fit(MANY, TAGS, weights * scale)
    assert_close_weights(model, expected, atol=1e-6)


def test_rnn_sample_weight_zero_keeps_tokens_out_of_the_vocabulary():
    tokens = [np.array([1, 2, 3]), np.array([2, 4]), np.array([3, 3, 2]), np.array([30, 31])]
    params = {"cell": "simple", "units": 3, "embedding": 2, "epochs": 2, **WHOLE}
    without = RNNClassifier(**params).fit(tokens[:3], [0, 1, 1])
    weighted = RNNClassifier(**params).fit(tokens, [0, 1, 1, 0], sample_weight=[1, 1, 1, 0])
    assert_close_weights(weighted, without)


@pytest.mark.parametrize("class_weight", ["balanced", {"ant": 3, "bee": 1, "cat": 0.5}, {"ant": 5}])
def test_rnn_class_weight_equals_sample_weight_of_each_class(class_weight):
    y = np.where(np.arange(30) < 4, "ant", TAGS)
    y[10:14] = "ant"
    params = {**TINY, **PLAIN}  # the statistics of features depend on sample_weight alone
    by_class = RNNClassifier(**params, class_weight=class_weight).fit(MANY, y)
    by_sample = RNNClassifier(**params).fit(MANY, y, compute_sample_weight(class_weight, y))
    plain = RNNClassifier(**params).fit(MANY, y)
    assert_same_weights(by_class, by_sample)
    assert (by_class.predict_proba(MANY) != plain.predict_proba(MANY)).any()


def test_rnn_class_weight_zero_equals_training_without_the_class():
    y, classes = np.searchsorted(["ant", "bee", "cat"], TAGS), [0, 1, 2]
    params = {**TINY, **PLAIN, "batch_size": 7}
    zero = RNNClassifier(**params, class_weight={0: 0, 1: 1, 2: 2})
    zero.partial_fit(MANY, y)
    rest = RNNClassifier(**params, class_weight={0: 1, 1: 1, 2: 2})
    rest.partial_fit([MANY[i] for i in np.flatnonzero(y)], y[y > 0], classes=classes)
    assert zero.history_ == rest.history_
    assert_same_weights(zero, rest)


# --- compiled calls and blocks of data --------------------------------------------------------


def compiled_calls(model, X, y, **fit_params):
    """Fit twice and return the index of the last batch of each compiled call of the second fit."""
    model.fit(X, y, **fit_params)  # measures the time per batch
    last_batches = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: last_batches.append(batch)
    )
    model.set_params(callbacks=record).fit(X, y, **fit_params)
    return last_batches


def test_rnn_number_of_batches_in_a_compiled_call_changes_no_bit(monkeypatch):
    params = {**TINY, "batch_size": 4, "metrics": ["accuracy"]}
    slow, fast = (RNNClassifier(**params) for _ in range(2))
    # How many batches share a call depends on the clock.
    monkeypatch.setattr(time, "perf_counter", itertools.count(step=1000).__next__)
    assert compiled_calls(slow, MANY, TAGS) == [*range(8)] * 3
    monkeypatch.setattr(time, "perf_counter", itertools.count(step=1e-9).__next__)
    assert compiled_calls(fast, MANY, TAGS) == [7] * 3
    assert_same_weights(fast, slow)
    assert fast.history_ == slow.history_


@pytest.mark.parametrize("how", [{}, {"return_sequences": True}])
def test_rnn_memory_mapped_data_sent_in_blocks_change_no_bit(how, tmp_path, monkeypatch):
    steps = np.random.default_rng(0).standard_normal((50, 4, 2)).astype(np.float32)
    np.save(tmp_path / "steps.npy", steps)
    on_disk = np.load(tmp_path / "steps.npy", mmap_mode="r")
    y = steps[:, :, 0] if how else steps[:, -1, 0]
    weights = np.linspace(0, 1, 50)
    params = {"cell": "simple", "units": 3, "batch_size": 8, "epochs": 2, "random_state": 0}
    whole, blocks = (RNNRegressor(**params, **how) for _ in range(2))
    monkeypatch.setattr(time, "perf_counter", itertools.count(step=1e-9).__next__)
    held_out = {"X_val": steps[:9], "y_val": y[:9]}
    assert compiled_calls(whole, steps, y, sample_weight=weights, **held_out) == [6, 6]
    expected = whole.predict(steps)
    monkeypatch.setattr(feed, "RESIDENT_BYTES", 100)
    held_out["X_val"] = on_disk[:9]
    calls = compiled_calls(blocks, on_disk, y, sample_weight=weights, **held_out)
    assert calls == [*range(7)] * 2
    assert_same_weights(whole, blocks)
    assert whole.history_ == blocks.history_
    assert_array_equal(np.array(blocks.predict(on_disk)), np.array(expected))


@pytest.mark.parametrize("how", [{}, {"return_sequences": True, "normalize_y": False}])
def test_rnn_fit_sends_targets_with_each_call_if_there_are_many_sequences(how, monkeypatch):
    steps = np.random.default_rng(0).standard_normal((60, 2)).astype(np.float32)
    windows = sliding_window_view(steps, 5, axis=0).transpose(0, 2, 1)
    y = windows[:, :, 0] if how else windows[:, -1, 0]
    params = {"cell": "simple", "units": 3, "batch_size": 8, "epochs": 2, "random_state": 0}
    whole, parts = (RNNRegressor(**params, **how) for _ in range(2))
    held_out = {"X_val": windows[:9], "y_val": y[:9]}
    whole.fit(windows, y, **held_out)
    monkeypatch.setattr(feed, "_RESIDENT_SEQUENCES", 8)
    parts.fit(windows, y, **held_out)
    assert_same_weights(whole, parts)
    assert whole.history_ == parts.history_


# --- partial_fit and warm_start ---------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_rnn_partial_fit_equals_the_epochs_of_one_fit(kind):
    estimator, y, how = KINDS[kind]
    params = {**WHOLE, "cell": "simple", "units": 3, "batch_size": 3, "schedule": "constant"}
    whole = estimator(**params, **how, epochs=3).fit(X, y)
    parts = estimator(**params, **how)
    for n_calls in (1, 2, 3):
        assert parts.partial_fit(X, y) is parts
        assert parts.n_iter_ == len(parts.history_["loss"]) == n_calls
    assert_same_weights(parts, whole)
    assert parts.history_ == whole.history_


def test_rnn_partial_fit_continues_the_schedule_and_momentum_of_fit():
    rates = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
    params = {**TINY, **WHOLE, "optimizer": keras.optimizers.SGD(rates, momentum=0.9)}
    params["schedule"] = "constant"
    whole = RNNRegressor(**{**params, "epochs": 4}).fit(X, Y)
    parts = RNNRegressor(**{**params, "epochs": 2}).fit(X, Y)
    parts.partial_fit(X, Y).partial_fit(X, Y)
    assert_close_weights(parts, whole)


@pytest.mark.parametrize(
    "optimizer", [keras.optimizers.SGD(0.1, momentum=0.9), keras.optimizers.Adam(0.01)]
)
def test_rnn_warm_start_continues_with_a_new_optimizer(optimizer):
    params = {**PLAIN, **WHOLE, "cell": "simple", "units": 3, "optimizer": optimizer}
    params |= {"normalize_y": False, "global_clipnorm": None}
    y = Y / 4000
    start = RNNRegressor(**params, epochs=1, learning_rate=UNCHANGED).fit(X, y)
    by_hand, targets = ByHand(start), [[[one]] for one in y]
    model = RNNRegressor(**params, epochs=2, warm_start=True)
    losses = []
    for n_fits in (1, 2):
        fresh = optimizer.from_config(optimizer.get_config())
        losses += by_hand.train(fresh, X, targets, loss=squared, n_steps=2)
        model.fit(X, y)
        by_hand.assert_equal(model, atol=1e-6)
        assert model.n_iter_ == len(model.history_["loss"]) == 2 * n_fits
    assert_allclose(model.history_["loss"], losses, rtol=1e-5)
    cold = model.set_params(warm_start=False).fit(X, y)
    assert cold.n_iter_ == 2
    assert_allclose(cold.history_["loss"], losses[:2], rtol=1e-5)


def test_rnn_partial_fit_classes_are_those_of_the_first_call():
    model = RNNClassifier(**{**TINY, "learning_rate": 0.05})
    model.partial_fit(MANY[:20], TAGS[:20], classes=["bee", "cat", "ant"])
    assert_array_equal(model.classes_, ["ant", "bee", "cat"])
    assert model.predict_proba(MANY).shape == (30, 3)
    for _ in range(30):
        model.partial_fit(MANY, TAGS)
    assert model.n_iter_ == len(model.history_["loss"]) == 31
    assert model.score(MANY, TAGS) > 0.9


def test_rnn_dtype_may_change_between_two_fits():
    model = RNNClassifier(**TINY).fit(MANY, TAGS)
    model.set_params(dtype="float64").fit(MANY, TAGS, X_val=MANY[:5], y_val=TAGS[:5])
    assert {weight.dtype for weight in model.weights_} == {np.dtype("float64")}
    assert model.predict_proba(MANY).dtype == np.float64
    assert len(model.history_["val_loss"]) == 3
