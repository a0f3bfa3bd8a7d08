"""Custom bodies: what they receive, what they may return, and the check of padding."""

import re
from functools import partial

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from small_data import PLAIN, TINY, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.recurrent import check_body

X, LABELS = labelled()


def with_mask(steps, lengths, mask):
    """Return the steps and the mask as another feature."""
    return ops.concatenate([steps, ops.cast(mask, steps.dtype)[:, :, None]], axis=2)


class KeywordBody:
    """A body whose arguments have names only."""

    def __call__(self, steps, lengths, *, recurrent, mask):
        return recurrent(with_mask(steps, lengths, mask))


def halved(steps, lengths, mask, recurrent):
    """Keep the maximum of each two time steps, and run the recurrent layers over them."""
    real = ops.where(mask[:, :, None], steps, ops.full_like(steps, -1e9))
    padded = ops.pad(real, [[0, 0], [0, 1], [0, 0]], constant_values=-1e9)
    lengths = (lengths + 1) // 2
    return recurrent(keras.layers.MaxPooling1D(2)(padded), lengths), lengths


# --- arguments --------------------------------------------------------------------------------


def test_custom_body_mask_is_true_for_real_time_steps():
    def lengths_of(steps, lengths, mask):
        assert mask.dtype == "bool"
        return ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)

    model = RNNClassifier(**TINY, body=lengths_of).fit(X, LABELS)
    assert_array_equal(model.hidden_states(X)[:, 0], [len(x) for x in X])


@pytest.mark.parametrize(
    "params",
    [
        {"cell": "lstm", "bidirectional": True, "pooling": "max"},
        {"cell": "gru", "units": (3, 2)},
        {"cell": "minimal_gru", "pooling": "mean"},
    ],
    ids=lambda params: params["cell"],
)
def test_custom_body_recurrent_runs_the_layers_of_the_estimator(params):
    params = {**TINY, "epochs": 1, **params}
    plain = RNNClassifier(**params).fit(X, LABELS)
    model = RNNClassifier(**params, body=lambda s, lengths, recurrent: recurrent(s)).fit(X, LABELS)
    assert [w.shape for w in model.weights_] == [w.shape for w in plain.weights_]
    model.weights_ = plain.weights_
    assert_allclose(model.predict_proba(X), plain.predict_proba(X), rtol=0, atol=1e-6)
    steps, lengths = np.zeros((2, 6, 2), "float32"), np.array([3, 6])
    outputs = [one.model_.predict([steps, lengths], verbose=0) for one in (model, plain)]
    assert_allclose(*outputs, rtol=0, atol=1e-6)


def test_custom_body_may_take_its_arguments_by_name():
    model = RNNClassifier(**TINY, **PLAIN, body=KeywordBody()).fit(X, LABELS)
    assert model.weights_[0].shape == (3, 4)
    bound = partial(lambda scale, steps, lengths, mask=None: scale * steps + 0 * mask.ndim, 2)
    params = {**TINY, **PLAIN}
    vectors = RNNClassifier(**params, body=bound).fit(X, LABELS).hidden_states(X)
    assert_array_equal(vectors, [2 * x[-1].astype("float32") for x in X])


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (lambda steps: steps, "(steps): too many positional arguments"),
        (lambda steps, lengths, width: steps, "'width'"),
        (lambda mask, lengths: mask, "multiple values for argument 'mask'"),
    ],
)
def test_custom_body_that_cannot_be_called_is_refused_by_its_parameters(body, what):
    model = RNNClassifier(**TINY).fit(X, LABELS)
    weights = model.weights_
    with pytest.raises(ValueError, match=f"^body must be callable.*{re.escape(what)}"):
        model.set_params(body=body).fit(X, LABELS)
    assert model.weights_ is weights


def test_custom_body_calls_recurrent_once():
    def body(steps, lengths, recurrent):
        return recurrent(recurrent(steps))

    with pytest.raises(ValueError, match="body called recurrent more than once"):
        RNNClassifier(**TINY, body=body).fit(X, LABELS)


# --- results ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_custom_body_may_return_new_lengths(pooling):
    params = {**TINY, **PLAIN, "pooling": pooling}
    model = RNNClassifier(**params, body=halved).fit(X, LABELS)
    every_second = [np.stack([x[i : i + 2].max(axis=0) for i in range(0, len(x), 2)]) for x in X]
    plain = RNNClassifier(**params).fit(every_second, LABELS)
    plain.weights_ = model.weights_
    assert_allclose(model.predict_proba(X), plain.predict_proba(every_second), atol=1e-6)


def unchanged(steps, lengths):
    return steps, lengths


def test_custom_body_may_return_its_inputs_unchanged():
    expected = RNNClassifier(**TINY, body=lambda steps, lengths: steps).fit(X, LABELS)
    model = RNNClassifier(**TINY, body=unchanged).fit(X, LABELS)
    assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def halves(steps, lengths):
    """Return no time step for a sequence of one."""
    return keras.layers.AveragePooling1D(2, padding="same")(steps), lengths // 2


def test_custom_body_without_time_steps_is_an_error_of_predict():
    model = RNNClassifier(**TINY, body=halves, pooling="mean").fit(X, LABELS)
    assert np.isfinite(model.predict_proba(X)).all()
    with pytest.raises(ValueError, match=r"body returns NaN .* lengths must be at least 1"):
        model.predict([X[0][:1], X[1]])


def test_custom_body_with_new_lengths_and_targets_per_time_step_is_refused():
    model = RNNRegressor(**TINY, return_sequences=True, body=halved)
    with pytest.raises(ValueError, match=r"return_sequences=True, body must .* new lengths"):
        model.fit(X, [x[:, 0] for x in X])
    with pytest.raises(ValueError, match=r"lengths of shape \(batch,\), got"):
        RNNClassifier(**TINY, body=lambda steps, lengths: (steps, steps)).fit(X, LABELS)


# --- padding ----------------------------------------------------------------------------------


def convolution(steps, lengths):
    return keras.layers.Conv1D(4, 3, padding="same")(steps)


def two_convolutions(steps, lengths):
    return convolution(convolution(steps, lengths), lengths)


def normalized(steps, lengths):
    return keras.layers.BatchNormalization()(keras.layers.Dense(3)(steps))


def exactly_normalized(steps, lengths, mask):
    return keras.layers.BatchNormalization()(keras.layers.Dense(3)(steps), mask=mask)


@pytest.mark.parametrize(
    "body", [with_mask, KeywordBody(), halved, convolution, exactly_normalized]
)
def test_check_body_accepts_exact_bodies(body):
    check_body(body)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (two_convolutions, "sequence of 12 time steps if it is padded: they differ by up to"),
        (lambda steps, lengths: ops.mean(steps, axis=1), "sequence of 12 time steps"),
        (lambda steps, lengths: steps / 0, "differ by up to nan"),
        (normalized, "during training.*mask=mask"),
        (lambda steps: steps, "must be callable as"),
    ],
)
def test_check_body_refuses_bodies_that_padding_changes(body, what):
    with pytest.raises(ValueError, match=what):
        check_body(body)


@pytest.mark.parametrize("lengths", [[3], [3, 3], [3, 0], [3, 2.5], "ab"])
def test_check_body_needs_two_lengths(lengths):
    with pytest.raises(ValueError, match="lengths"):
        check_body(convolution, lengths=lengths)
