"""The ready-made bodies: padding, parameters, copies, shared programs, and attention."""

import pickle

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import assert_same_bits, count_programs, pad
from scipy.special import softmax
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from small_data import TINY, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.export import to_keras, to_onnx
from skrnn.recurrent import (
    AttentionBody,
    ConvBody,
    LSTMFCNBody,
    RandomConvBody,
    RecurrentFeatures,
    check_body,
    masked_attention,
)

X, LABELS = labelled()
BODIES = {
    "batch": ConvBody(
        filters=(4, 3), kernel_size=(4, 3), pool_size=(2, 1), normalization="batch", dropout=0.1
    ),
    "layer": ConvBody(filters=4, kernel_size=3, pool_size=(3,), normalization="layer"),
    "plain": ConvBody(
        filters=(4, 4), kernel_size=2, pool_size=1, normalization=None, shortcut=False
    ),
    "lstm fcn": LSTMFCNBody(filters=(4, 5), kernel_size=3),
    "random": RandomConvBody(filters=3, kernel_size=3, dilations=(1, 4)),
    "attention": AttentionBody(units=6, n_heads=3, n_layers=1),
}
PARAMS = {**TINY, "epochs": 2, "pooling": "max"}


def fitted(name, **params):
    return RNNClassifier(**{**PARAMS, **params}, body=clone(BODIES[name])).fit(X, LABELS)


@pytest.mark.parametrize("name", BODIES)
def test_body_padding_changes_nothing(name):
    body = clone(BODIES[name])
    # Bodies without dropout are checked as in training too.
    check_body(body.set_params(**{key: 0.0 for key in body.get_params() if "dropout" in key}))
    model = fitted(name)
    alone = np.concatenate([model.predict_proba([x]) for x in X])
    assert_allclose(alone, model.predict_proba(X), rtol=0, atol=1e-5)


def test_conv_body_is_computed_from_its_weights():
    model = RNNRegressor(**PARAMS, body=BODIES["plain"], normalize_y=False, standardize=False)
    model.fit(X, [x.sum() for x in X])
    *kernels, head, bias = model.weights_
    first, first_bias, second, second_bias, W, U, b = kernels
    expected = []
    for x in X:
        for kernel, shift in ((first, first_bias), (second, second_bias)):
            after = np.vstack([x, np.zeros((1, x.shape[1]))])
            x = np.maximum(x @ kernel[0] + after[1:] @ kernel[1] + shift, 0)
        h, outputs = np.zeros(4), []
        for step in x:
            h = np.tanh(step @ W + h @ U + b)
            outputs.append(h)
        expected.append(np.max(outputs, axis=0) @ head + bias)
    assert_allclose(model.predict(X), np.ravel(expected), rtol=0, atol=1e-5)


def test_random_conv_body_is_computed_from_its_kernels():
    body = RandomConvBody(filters=3, kernel_size=5, dilations=(1, 3), normalization=None)
    network = RNNClassifier(**{**PARAMS, "add_differences": False}, body=body, standardize=False)
    features = RecurrentFeatures(network).fit(X, LABELS)
    kernels = features.estimator_.weights_[:4]
    expected = []
    for x in X:
        row = []
        for dilation, kernel, bias in zip((1, 3), kernels[::2], kernels[1::2], strict=True):
            padded = np.pad(x, ((2 * dilation, 2 * dilation), (0, 0)))
            c = bias + sum(padded[j * dilation :][: len(x)] @ kernel[j] for j in range(5))
            row += [(c > 0).mean(axis=0), np.maximum(c, 0).mean(axis=0), c.max(axis=0)]
        expected.append(np.concatenate(row))
    assert_allclose(features.transform(X), expected, rtol=0, atol=1e-5)


def test_random_conv_body_kernels_depend_on_the_seed_and_not_on_training():
    def kernels(**params):
        return [w for w in fitted("random", **params).weights_ if w.ndim == 3]

    first = kernels()
    assert_allclose([kernel.mean(axis=0) for kernel in first], 0, atol=1e-6)
    assert_array_equal(kernels(epochs=5, learning_rate=0.1), first)
    assert (np.array(kernels(random_state=7)) != first).all()


def test_conv_body_batch_normalization_learns_and_saves_its_statistics():
    model = fitted("batch")
    names = [weight.path.split("/")[-1] for weight in model.model_.weights]
    moving = {
        name: model.weights_[names.index(name)] for name in ("moving_mean", "moving_variance")
    }
    assert (moving["moving_mean"] != 0).all()
    assert (moving["moving_variance"] != 1).all()
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    # Predictions do not change the statistics.
    assert_same_bits(again, model)


@pytest.mark.parametrize("name", BODIES)
def test_body_seeds_copies_and_keras(name):
    model = fitted(name)
    assert_same_bits(fitted(name), model)
    assert_same_bits(pickle.loads(pickle.dumps(model)).fit(X, LABELS), model)
    steps, lengths = pad([x.astype("float32") for x in X])
    outputs = to_keras(model).predict([steps, lengths], verbose=0)
    assert_allclose(outputs, model.predict_proba(X), rtol=0, atol=1e-5)
    with pytest.raises(ValueError, match="body of the estimator is built by Keras"):
        to_onnx(model)


def test_bodies_of_equal_parameters_share_a_program(monkeypatch):
    built = count_programs(monkeypatch)
    fitted("batch", units=3)
    fitted("batch", units=3, random_state=1, learning_rate=0.1)
    assert len(built) == 1
    fitted("batch", units=5)
    assert len(built) == 2


def test_body_parameters_are_tuned_by_a_search_and_cloned():
    model = RNNClassifier(**PARAMS, body=AttentionBody(units=2, n_heads=1, n_layers=1))
    search = GridSearchCV(model, {"body__units": [2, 4]}, cv=2).fit(X, LABELS)
    assert search.best_params_.keys() == {"body__units"}
    assert model.body.units == 2
    assert clone(model).body is not model.body
    assert clone(model).get_params().keys() == model.get_params().keys()


def test_body_that_changes_after_the_fit_changes_no_prediction():
    model = fitted("attention")
    before = model.predict_proba(X)
    model.set_params(body__units=9)
    assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (ConvBody(filters=0), "'filters' parameter of ConvBody.*Got 0"),
        (ConvBody(filters=(4, True)), r"filters must be .* one for each layer, got \(4, True\)"),
        (ConvBody(filters=()), r"filters must be a positive int, .*got \(\)"),
        (LSTMFCNBody(filters=4), r"kernel_size must be .* each of the 1 layers .*got \(8, 5, 3\)"),
        (ConvBody(pool_size=(2, 0, 1)), r"pool_size must be .*got \(2, 0, 1\)"),
        (ConvBody(normalization="group"), "'normalization' parameter of ConvBody"),
        (ConvBody(activation="rectifier"), "'activation' parameter of ConvBody"),
        (LSTMFCNBody(recurrent_dropout=1), "'recurrent_dropout' parameter of LSTMFCNBody"),
        (RandomConvBody(dilations=(1, 0)), r"dilations must be a positive .* got \(1, 0\)"),
        (RandomConvBody(kernel_size=1), "'kernel_size' parameter of RandomConvBody"),
        (AttentionBody(units=6), "units must be a multiple of n_heads, got units=6 and n_heads=4"),
        (AttentionBody(n_layers=0), "'n_layers' parameter of AttentionBody"),
    ],
)
def test_body_parameters_are_checked_before_a_fit(body, what):
    with pytest.raises(ValueError, match=what):
        RNNClassifier(**PARAMS, body=body, callbacks=keras.callbacks.TerminateOnNaN).fit(X, LABELS)


def test_bodies_with_targets_per_time_step():
    y = [x[:, 0] for x in X]
    model = RNNRegressor(**PARAMS, return_sequences=True, body=BODIES["plain"]).fit(X, y)
    assert [len(one) for one in model.predict(X)] == [len(x) for x in X]
    with pytest.raises(ValueError, match="return_sequences=True, body must return an output"):
        model.set_params(body=BODIES["batch"]).fit(X, y)
    with pytest.raises(ValueError, match="must return a 3-D"):
        model.set_params(body=BODIES["lstm fcn"]).fit(X, y)


# --- attention --------------------------------------------------------------------------------


def test_masked_attention_is_the_equation():
    rng = np.random.default_rng(0)
    queries, keys, values = (rng.normal(size=(2, n, m)) for n, m in ((3, 4), (5, 4), (5, 6)))
    lengths = [5, 2]
    tensors = [
        *map(ops.convert_to_tensor, (queries, keys, values)),
        ops.convert_to_tensor(np.arange(5) < np.array(lengths)[:, None]),
    ]
    outputs = ops.convert_to_numpy(masked_attention(*tensors, n_heads=2))
    for i, n in enumerate(lengths):
        for a, b in ((slice(0, 2), slice(0, 3)), (slice(2, 4), slice(3, 6))):
            scores = queries[i][:, a] @ keys[i, :n, a].T / np.sqrt(2)
            expected = softmax(scores, axis=1) @ values[i, :n, b]
            assert_allclose(outputs[i][:, b], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("sizes", "n_heads", "what"),
    [
        ((4, 4, 4), 3, r"multiples of n_heads=3, got 4 and 4"),
        ((4, 2, 4), 1, "same number of features, got 4 and 2"),
        ((4, 4, 4), 0, "n_heads must be a positive int, got 0"),
        ((4, 4, 4), True, "n_heads must be a positive int, got True"),
    ],
)
def test_masked_attention_checks_its_arguments(sizes, n_heads, what):
    tensors = [keras.Input((None, size)) for size in sizes]
    with pytest.raises(ValueError, match=what):
        masked_attention(*tensors, keras.Input((None,), dtype="bool"), n_heads=n_heads)
