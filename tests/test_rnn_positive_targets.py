"""The losses "poisson" and "gamma" and `output_activation`, for positive targets."""

import pickle
from functools import partial

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import pad
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error, mean_gamma_deviance
from small_data import TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.recurrent._positive_targets import resolve_output_activation

X, LABELS = labelled()
RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(3.0, len(X)).astype(float)
AMOUNTS = RNG.gamma(2.0, 150.0, len(X))
WEIGHTS = np.linspace(0, 2, len(X))
TARGETS = {"poisson": COUNTS, "gamma": AMOUNTS}


def half_poisson_deviance(true, predicted):
    """Return the loss of Keras, without its small constant."""
    return predicted - true * np.log(predicted)


@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize("activation", ["auto", "softplus"])
def test_rnn_positive_loss_of_a_constant_input_converges_to_the_mean(loss, activation):
    model = RNNRegressor(
        **{**TINY, "epochs": 100, "batch_size": None, "learning_rate": 0.05},
        loss=loss,
        output_activation=activation,
    )
    model.fit(np.zeros((len(X), 2, 2)), TARGETS[loss], sample_weight=WEIGHTS)
    expected = np.average(TARGETS[loss], weights=WEIGHTS)
    assert_allclose(model.predict(np.zeros((1, 2, 2))), expected, rtol=1e-3)


@pytest.mark.parametrize("loss", TARGETS)
def test_rnn_positive_loss_predicts_in_the_units_of_the_targets(loss):
    model = RNNRegressor(**TINY, loss=loss, metrics=["mae"])
    y = TARGETS[loss]
    expected = model.fit(X, y, X_val=X, y_val=y).predict(X)
    assert (expected > 0).all()
    assert_allclose(model.history_["val_mae"][-1], mean_absolute_error(y, expected), rtol=1e-5)
    larger = clone(model).fit(X, 2**20 * y).predict(X)
    assert_allclose(larger, 2**20 * expected, rtol=1e-5)
    if loss == "gamma":
        deviance = mean_gamma_deviance(y, expected)
    else:
        deviance = half_poisson_deviance(y, expected).mean() / y.mean() + np.log(y.mean())
    assert_allclose(model.history_["val_loss"][-1], deviance, rtol=1e-4)


@pytest.mark.parametrize("loss", TARGETS)
def test_rnn_positive_loss_without_normalize_y_is_that_of_the_targets(loss):
    y = TARGETS[loss] / 100
    model = RNNRegressor(**TINY, loss=loss, normalize_y=False, output_activation="softplus")
    predicted = model.fit(X, y, X_val=X, y_val=y).predict(X)
    function = mean_gamma_deviance if loss == "gamma" else half_poisson_deviance
    assert_allclose(model.history_["val_loss"][-1], np.mean(function(y, predicted)), rtol=1e-4)


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("Poisson", "exponential"),
        (keras.losses.poisson, "exponential"),
        (partial(keras.losses.poisson), "exponential"),
        (keras.losses.Poisson(), "exponential"),
        ("gamma", "exponential"),
        ("mse", "linear"),
        (keras.losses.Huber(), "linear"),
        (half_poisson_deviance, "linear"),
    ],
)
def test_rnn_output_activation_auto_depends_on_the_loss_in_any_form(loss, activation):
    assert resolve_output_activation("auto", loss) == activation
    assert resolve_output_activation("softplus", loss) == "softplus"


def test_rnn_output_activation_positive_with_any_loss():
    assert_same_weights(
        RNNRegressor(**TINY, output_activation="linear").fit(X, COUNTS),
        RNNRegressor(**TINY).fit(X, COUNTS),
    )
    y = [np.column_stack([steps[:, 0] ** 2, np.full(len(steps), 1e9)]) for steps in X]
    model = RNNRegressor(**TINY, output_activation="softplus", return_sequences=True).fit(X, y)
    assert min(steps.min() for steps in model.predict(X)) > 0
    assert_allclose(np.median(np.concatenate(model.predict(X))[:, 1]), 1e9, rtol=0.9)


def test_rnn_positive_loss_zero_targets():
    zeros = np.zeros(len(X))
    assert np.isfinite(RNNRegressor(**TINY, loss="poisson").fit(X, zeros).predict(X)).all()
    with pytest.raises(ValueError, match="gamma loss needs positive targets, but y contains 0"):
        RNNRegressor(**TINY, loss="gamma").fit(X, zeros)


@pytest.mark.parametrize("activation", ["exponential", "softplus"])
def test_rnn_output_activation_is_in_the_model_and_in_pickles_and_exports(activation):
    model = RNNRegressor(**TINY, loss="gamma", output_activation=activation).fit(X, AMOUNTS)
    expected = model.predict(X)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), expected)
    steps, lengths = pad([steps.astype("float32") for steps in X])
    live = keras.ops.convert_to_numpy(model.model_([steps, lengths]))
    assert_allclose(live[:, 0], expected, rtol=1e-5)
    pytest.importorskip("onnxruntime")
    from onnx_models import as_batch, run

    from skrnn.export import to_onnx

    found = run(to_onnx(model), *as_batch(X, np.float32))["variable"]
    assert_allclose(found, expected, rtol=1e-5)
    if activation == "softplus":
        model.set_params(dtype="float64").fit(X, AMOUNTS)
        found = run(to_onnx(model), *as_batch(X, np.float64))["variable"]
        assert_allclose(found, model.predict(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("params", "lowest", "match"),
    [
        ({"loss": "poisson"}, -1, "The poisson loss needs zero or positive targets, .* -1"),
        ({"loss": "gamma"}, -0.5, "The gamma loss needs positive targets, but y contains -0.5"),
        ({"output_activation": "softplus"}, -2, "output_activation='softplus' needs zero or pos"),
        ({"loss": "poisson", "output_activation": "linear"}, 0, "'linear' predicts negative numb"),
        ({"output_activation": "relu"}, 0, "The 'output_activation' parameter .* must be a str"),
    ],
)
def test_rnn_positive_targets_raise(params, lowest, match):
    model = RNNRegressor(**TINY).fit(X, COUNTS)
    expected = model.predict(X)
    y = np.append(COUNTS[1:], lowest)
    model.set_params(**params)
    with pytest.raises(ValueError, match=f"(?s){match}"):
        model.fit(X, y)
    if "linear" not in match and lowest:
        with pytest.raises(ValueError, match="y_val contains -"):
            model.fit(X, AMOUNTS, X_val=X, y_val=y)
    model.set_params(loss="auto", output_activation="auto")
    assert_array_equal(model.predict(X), expected)


def test_rnn_classifier_refuses_the_gamma_loss():
    with pytest.raises(ValueError, match="loss='gamma' is for the positive targets of an RNNReg"):
        RNNClassifier(**TINY, loss="gamma").fit(X, LABELS)
