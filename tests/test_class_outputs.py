"""Several class outputs: one class in each of several columns of y."""

import pickle

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.multioutput import MultiOutputClassifier
from sklearn.utils.class_weight import compute_sample_weight
from small_data import LEARNS, TINY, assert_same_weights, lengths

from skrnn import EchoStateClassifier, RNNClassifier
from skrnn.export import from_safetensors, to_keras, to_onnx, to_safetensors
from skrnn.inspection import feature_attributions
from skrnn.recurrent import RandomConvBody
from skrnn.recurrent._convergence import loss_of_best_constant

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)) for n in lengths(40, RNG)]
KIND = np.array(["cold", "hot"])[[int(x[:, 0].max() > 0.8) for x in X]]
LEVEL = np.array(["high", "low", "mid"])[[np.digitize(x[:, 1].mean(), [-0.3, 0.3]) for x in X]]
Y = np.column_stack([KIND, LEVEL])
CODES = np.column_stack([np.unique(column, return_inverse=True)[1] for column in Y.T])
CLASSES = [["cold", "hot"], ["high", "low", "mid"]]
ESN = {"units": 20, "random_state": 0}
KINDS = [RNNClassifier(**TINY), EchoStateClassifier(**ESN)]
ZERO_ONE = np.flatnonzero(CODES[:, 1] < 2)


@pytest.fixture(scope="module")
def network():
    return RNNClassifier(**LEARNS).fit(X, Y)


def test_rnn_classifier_class_outputs_conventions(network):
    assert_array_equal(network.classes_[0], CLASSES[0])
    assert_array_equal(network.classes_[1], CLASSES[1])
    assert network.n_outputs_ == 2
    predicted, probabilities = network.predict(X), network.predict_proba(X)
    assert [p.shape for p in probabilities] == [(40, 2), (40, 3)]
    for k, found in enumerate(probabilities):
        assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
        assert_array_equal(predicted[:, k], network.classes_[k][found.argmax(axis=1)])
        majority = np.bincount(CODES[:, k]).max() / 40
        assert (predicted[:, k] == Y[:, k]).mean() > majority + 0.1
    weights = RNG.uniform(size=40)
    expected = np.average((predicted == Y).all(axis=1), weights=weights)
    assert_allclose(network.score(X, Y, weights), expected)


def test_rnn_classifier_class_outputs_one_sequence_and_stream(network):
    # One sequence is computed in NumPy, several in the framework.
    together, method = network.predict_proba(X[:3]), "predict_proba"
    for k, found in enumerate(network.predict_proba(X[:1])):
        assert_allclose(found, together[k][:1], atol=1e-5)
    stream = network.stream(method=method)
    for found, last in zip([stream.send(step) for step in X[0]][-1], together, strict=True):
        assert_allclose(found, last[0], atol=1e-5)
    for found, last in zip(stream.reset().send_many(X[0]), together, strict=True):
        assert_allclose(found[-1], last[0], atol=1e-5)
    assert_array_equal(network.stream().send_many(X[0])[-1], network.predict(X[:1])[0])


@pytest.mark.parametrize("loss", ["auto", "categorical_crossentropy"])
def test_rnn_classifier_class_outputs_loss_is_the_mean_over_outputs(loss):
    still = RNNClassifier(**{**TINY, "epochs": 1}, learning_rate=1e-30, loss=loss)
    still.set_params(metrics=["accuracy"]).fit(X, Y)
    probabilities = still.predict_proba(X)
    of_truth = [found[np.arange(40), CODES[:, k]] for k, found in enumerate(probabilities)]
    assert_allclose(still.history_["loss"], -np.mean(np.log(of_truth)), rtol=1e-5)
    assert_allclose(still.history_["accuracy"], (still.predict(X) == Y).mean(), rtol=1e-5)


def test_rnn_classifier_class_outputs_equal_single_outputs():
    # With fixed layers before the head, plain gradient descent on the mean of two losses is that on
    # each of them with half the rate.
    options = {"body": RandomConvBody(filters=4), "dtype": "float64", "batch_size": None}
    options |= {"optimizer": "sgd", "schedule": "constant", "warm_start": True, "epochs": 4}
    options["global_clipnorm"] = None

    def trained(y, rate):
        model = RNNClassifier(**options, random_state=0, learning_rate=1e-30).fit(X, y)
        model.weights_ = [*model.weights_[:-2], *(0 * weight for weight in model.weights_[-2:])]
        return model.set_params(learning_rate=rate).fit(X, y)

    other = np.roll(LEVEL, 1)
    both = trained(np.column_stack([LEVEL, other]), 0.2)
    for k, y in enumerate((LEVEL, other)):
        alone = trained(y, 0.1)
        assert_allclose(both.predict_proba(X)[k], alone.predict_proba(X), rtol=1e-9)
        assert np.ptp(alone.predict_proba(X)) > 0.1


def test_loss_of_best_constant_of_class_outputs():
    codes, weights = CODES.astype(np.int32), RNG.uniform(size=40)
    name = "sparse_categorical_crossentropy"
    each = [loss_of_best_constant(name, column, weights) for column in codes.T]
    assert_allclose(loss_of_best_constant(name, codes, weights, (2, 3)), np.mean(each))
    indicators = np.hstack([np.eye(2)[codes[:, 0]], np.eye(3)[codes[:, 1]]])
    found = loss_of_best_constant("categorical_crossentropy", indicators, weights, (2, 3))
    assert_allclose(found, np.mean(each))


@pytest.mark.parametrize(
    "kind",
    [
        RNNClassifier(**TINY, standardize=False, add_differences=False),
        EchoStateClassifier(**ESN, standardize=False, pooling="mean"),
    ],
    ids=["rnn", "esn"],
)
def test_classifier_class_outputs_weights(kind):
    # Unlike class weights, sample weights also change the scale of the features.
    balanced = clone(kind).set_params(class_weight="balanced").fit(X, Y)
    expected = clone(kind).fit(X, Y, compute_sample_weight("balanced", Y))
    for found, other in zip(balanced.predict_proba(X), expected.predict_proba(X), strict=True):
        assert_allclose(found, other, atol=1e-5)
    factors = [{"hot": 2.0}, {"low": 0.5, "mid": 3.0}]
    weights = compute_sample_weight([{"cold": 1, **factors[0]}, {"high": 1, **factors[1]}], Y)
    expected = clone(kind).fit(X, Y, weights)
    weighted = clone(kind).set_params(class_weight=factors).fit(X, Y)
    for found, other in zip(weighted.predict_proba(X), expected.predict_proba(X), strict=True):
        assert_allclose(found, other, atol=1e-5)


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", KINDS, ids=["rnn", "esn"])
def test_classifier_class_outputs_columns_of_other_types(kind):
    frame = pd.DataFrame({"level": LEVEL, "code": CODES[:, 1] + 5})
    for y in (frame, frame.to_numpy()):
        model = clone(kind).fit(X, y)
        assert [found.dtype.kind for found in model.classes_] == ["U", "i"]
        predicted = model.predict(X)
        assert predicted.dtype == object
        assert set(predicted[:, 1]) <= {5, 6, 7}
        assert model.score(X, y) == (predicted == frame.to_numpy()).all(axis=1).mean()
    numbers = clone(kind).fit(X, CODES).predict(X)
    assert numbers.dtype.kind == "i"
    words = clone(kind).fit(X, Y.tolist()).predict(X)
    names = np.column_stack([np.array(c)[j] for c, j in zip(CLASSES, numbers.T, strict=True)])
    assert_array_equal(words, names)


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", KINDS, ids=["rnn", "esn"])
def test_classifier_class_outputs_partial_fit_and_pickle(kind):
    # The first part has no other values than 0 and 1, but the classes show what it is.
    first, rest = ZERO_ONE, np.setdiff1d(np.arange(40), ZERO_ONE)
    classes = [[0, 1], [2, 1, 0]]
    parts = clone(kind).partial_fit([X[i] for i in first], CODES[first], classes=classes)
    parts = pickle.loads(pickle.dumps(parts))
    parts.partial_fit([X[i] for i in rest], CODES[rest], classes=classes)
    parts.partial_fit([X[i] for i in first], CODES[first])
    assert parts.n_outputs_ == 2
    assert parts.predict(X).shape == (40, 2)
    with pytest.raises(ValueError, match=r"y\[:, 1\] has labels that are not in classes_: \[7\]"):
        parts.partial_fit(X, CODES + [0, 7] * (CODES == 0))
    with pytest.raises(ValueError, match="differs from the classes of the first call"):
        parts.partial_fit(X, CODES, classes=[[0, 1], [0, 1]])
    for y, given in ((CODES, [0, 1]), (CODES[:, 0], classes), (CODES, [[0, 1]] * 3)):
        with pytest.raises(ValueError, match="classes must be a list of arrays if y has several"):
            clone(kind).partial_fit(X, y, classes=given)
    assert not isinstance(clone(kind).fit(X, KIND).classes_, list)


@pytest.mark.any_backend
def test_classifier_class_outputs_column_of_one_class():
    y = np.column_stack([KIND, np.full(40, "same")])
    for kind in KINDS:
        model = clone(kind).fit(X, y)
        assert_array_equal(model.predict(X)[:, 1], y[:, 1])
        assert_allclose(model.predict_proba(X)[1], np.ones((40, 1)))


@pytest.mark.any_backend
def test_rnn_classifier_class_outputs_validation_and_warm_start(network):
    model = clone(network).set_params(early_stopping=True, metrics=["accuracy"])
    assert "val_accuracy" in model.fit(X, Y).history_
    model.set_params(monitor=lambda fitted, X, y: fitted.score(X, y)).fit(X, Y)
    assert "val_score" in model.history_
    warm = RNNClassifier(**TINY, warm_start=True).fit(X, CODES)
    warm.fit(X, CODES, X_val=[X[i] for i in ZERO_ONE], y_val=CODES[ZERO_ONE])
    assert warm.n_iter_ == 2 * TINY["epochs"]
    assert np.isfinite(warm.history_["val_loss"][-1])


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", KINDS, ids=["rnn", "esn"])
def test_classifier_class_outputs_cross_val_predict(kind):
    fitted = clone(kind).fit(X[:20], Y[:20])
    assert_array_equal(cross_val_predict(kind, X, Y, cv=2)[20:], fitted.predict(X[20:]))
    found = cross_val_predict(kind, X, Y, cv=2, method="predict_proba")
    for one, expected in zip(found, fitted.predict_proba(X[20:]), strict=True):
        assert_allclose(one[20:], expected, atol=1e-6)


@pytest.mark.any_backend
def test_rnn_classifier_class_outputs_grid_search():
    search = GridSearchCV(RNNClassifier(**TINY), {"learning_rate": [0.001, 0.05]}, cv=2).fit(X, Y)
    fitted = clone(search.best_estimator_).fit(X[:20], Y[:20])
    expected = (fitted.predict(X[20:]) == Y[20:]).all(axis=1).mean()
    assert search.cv_results_["split1_test_score"][search.best_index_] == expected


@pytest.mark.skipif(
    keras.config.backend() == "tensorflow",
    reason="TensorFlow does not train many networks as one program",
)
def test_rnn_classifier_class_outputs_in_one_program():
    models = [RNNClassifier(**TINY, learning_rate=rate) for rate in (0.001, 0.05)]
    with joblib.parallel_config(backend="skrnn", n_jobs=2, batched=True):
        together = joblib.Parallel()(joblib.delayed(clone(model).fit)(X, Y) for model in models)
    for model, found in zip(models, together, strict=True):
        for weights, expected in zip(found.weights_, model.fit(X, Y).weights_, strict=True):
            assert_allclose(weights, expected, atol=1e-5)


@pytest.mark.any_backend
def test_echo_state_classifier_class_outputs_equal_one_classifier_per_column():
    options = {**ESN, "alpha": 0.1}
    together = EchoStateClassifier(**options).fit(X, Y)
    assert together.n_outputs_ == 2
    for k in range(2):
        alone = EchoStateClassifier(**options).fit(X, Y[:, k])
        assert_array_equal(together.predict(X)[:, k], alone.predict(X))
        for method in ("decision_function", "predict_proba"):
            found, expected = getattr(together, method)(X)[k], getattr(alone, method)(X)
            assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
    assert together.score(X, Y) == (together.predict(X) == Y).all(axis=1).mean()
    last = together.set_params(pooling="mean").fit(X, Y).stream().send_many(X[0])[-1]
    assert_array_equal(last, together.predict(X[:1])[0])


@pytest.mark.any_backend
def test_echo_state_classifier_class_outputs_parts_and_merge():
    whole = EchoStateClassifier(**ESN, pooling="mean", alpha=0.1, standardize=False).fit(X, Y)
    first = clone(whole).partial_fit(X[:20], Y[:20], classes=CLASSES)
    second = clone(whole).partial_fit(X[20:], Y[20:], classes=CLASSES)
    assert_allclose(first.merge(second).coef_, whole.coef_, rtol=1e-5, atol=1e-8)
    other = clone(whole).fit(X, np.column_stack([np.char.upper(KIND), LEVEL]))
    with pytest.raises(ValueError, match="other was fitted on other features or targets"):
        other.merge(whole)


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", KINDS, ids=["rnn", "esn"])
def test_classifier_class_outputs_errors(kind):
    texts = [["a", "b"]] * 39 + [["a", None]]
    cases = [
        (np.array(texts, dtype=object), r"y\[:, 1\] must contain a label for each target"),
        (np.where(CODES == 2, np.nan, CODES), "y contains NaN"),
        (CODES + 0.5, "Unknown label type"),
        (np.full((40, 2), "a"), "at least 2 classes in one of the columns of y"),
    ]
    for y, message in cases:
        with pytest.raises(ValueError, match=message):
            clone(kind).fit(X, y)
    weights = [
        (Y, {"hot": 2}, "list of dicts, one for each of the 2 columns"),
        (Y, [{"hot": 2}], "list of dicts, one for each of the 2 columns"),
        (Y, ["balanced", "balanced"], "list of dicts, one for each of the 2 columns"),
        (KIND, [{"hot": 2}], "must be a dict, 'balanced' or None if y has one class per target"),
    ]
    for y, class_weight, message in weights:
        with pytest.raises(ValueError, match=message):
            clone(kind).set_params(class_weight=class_weight).fit(X, y)
    pairs = np.where(np.arange(40)[:, None] % 2, ["a", "x"], ["b", "y"])
    zero = clone(kind).set_params(class_weight=[{"a": 0}, {"y": 0}])
    with pytest.raises(ValueError, match="sample_weight times class_weight is zero for every"):
        zero.fit(X, pairs)
    with pytest.raises(ValueError, match="at least one class for each column"):
        clone(kind).partial_fit(X, Y, classes=[["cold", "hot"], []])
    steps = [np.full((len(x), 2), ["a", "b"]) for x in X]
    with pytest.raises(ValueError, match=r"2 columns, so it must be .* each time step, train one"):
        clone(kind).set_params(return_sequences=True).fit(X, steps)


@pytest.mark.any_backend
def test_classifier_class_outputs_score_refuses_other_types_and_missing_labels():
    y = pd.DataFrame({"kind": KIND, "level": CODES[:, 1]})
    model = EchoStateClassifier(**ESN).fit(X, y)
    with pytest.raises(ValueError, match=r"y\[:, 1\] has labels of the type <U"):
        model.score(X, np.column_stack([KIND, CODES[:, 1]]))
    with pytest.raises(ValueError, match=r"y\[:, 0\] must contain a label"):
        model.score(X, y.assign(kind=None))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score(X, y, sample_weight=np.ones(3))


@pytest.mark.any_backend
def test_classifier_class_outputs_warns_of_padded_classes_of_time_steps():
    padded = np.zeros((len(X), max(map(len, X))), dtype=int)
    padded[:, :2] = CODES
    with pytest.warns(UserWarning, match="For one class per time step, set return_sequences"):
        EchoStateClassifier(**ESN).fit(X, padded)


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", KINDS, ids=["rnn", "esn"])
def test_classifier_class_outputs_refuses_targets_of_another_kind(kind):
    several = clone(kind).partial_fit(X, CODES)
    for y in (CODES[:, 0], np.hstack([CODES, CODES])):
        with pytest.raises(ValueError, match="fitted with one class in each of 2 columns"):
            several.partial_fit(X, y)
    labels = clone(kind).partial_fit(X, (CODES > 0).astype(int))
    with pytest.raises(ValueError, match=r"one class in each of 2 columns, .* an indicator matrix"):
        labels.partial_fit(X, CODES)
    with pytest.raises(ValueError, match=r"in each of 2 columns, .* one class per target"):
        clone(kind).partial_fit(X, KIND).partial_fit(X, Y)
    with pytest.raises(ValueError, match="the predictions have the shape"):
        several.score(X, CODES[:, 0])
    cube = RNG.normal(size=(40, 2, 3))
    with pytest.warns(UserWarning, match="2 labels per sequence.*return_sequences=True"):
        clone(kind).fit(cube, CODES)
    with pytest.raises(ValueError, match="MultiOutputClassifier"):
        to_onnx(several)
    # The way that the errors name.
    assert MultiOutputClassifier(kind).fit(X, Y).predict(X).shape == Y.shape


@pytest.mark.any_backend
def test_rnn_classifier_class_outputs_refuses_losses_metrics_and_attributions(network):
    for loss in ("binary_crossentropy", "gamma"):
        with pytest.raises(ValueError, match=f"loss='{loss}' is not for several columns"):
            RNNClassifier(loss=loss).fit(X, Y)
    with pytest.raises(ValueError, match=r"metrics contains 'auc', .* only 'accuracy'"):
        RNNClassifier(metrics=["auc"]).fit(X, Y)
    with pytest.raises(ValueError, match=r"2 columns of class labels.*MultiOutputClassifier"):
        feature_attributions(network, X)


def test_rnn_classifier_class_outputs_files(network, tmp_path):
    to_safetensors(network, tmp_path / "model.safetensors")
    other = clone(network).set_params(epochs=1).fit(X, Y)
    read = from_safetensors(other, tmp_path / "model.safetensors")
    assert_same_weights(read, network)
    assert_array_equal(read.predict(X), network.predict(X))
    with pytest.raises(ValueError, match="in estimator"):
        from_safetensors(clone(other).fit(X, CODES), tmp_path / "model.safetensors")
    to_keras(network, tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    same = [i for i, x in enumerate(X) if len(x) == 4]
    steps = np.array([X[i] for i in same], dtype=np.float32)
    outputs = keras.ops.convert_to_numpy(model([steps, np.full(len(same), 4)]))
    expected = np.hstack(network.predict_proba(X))[same]
    assert_allclose(outputs, expected, atol=1e-5)
