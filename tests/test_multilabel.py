"""Indicator matrices: several labels per sequence or per time step."""

import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from onnx_models import assert_predicts_as
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, get_scorer, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.utils.class_weight import compute_sample_weight
from small_data import LEARNS, TINY, assert_same_weights, lengths

from skrnn import EchoStateClassifier, RNNClassifier
from skrnn.export import from_safetensors, to_onnx, to_safetensors
from skrnn.inspection import feature_attributions
from skrnn.metrics import make_step_scorer
from skrnn.reservoir import Reservoir

RNG = np.random.default_rng(0)
LENGTHS = lengths(40, RNG)
X = [RNG.normal(size=(n, 2)) for n in LENGTHS]
# Two labels that depend on the sequence, and one that no sequence has.
Y = np.array([[x[:, 0].max() > 0.8, x[:, 1].mean() > 0, False] for x in X]).astype(int)
STEPS = [np.column_stack([x[:, 0] > 0, x[:, 1] > 0]).astype(int) for x in X]
ESN = {"units": 20, "random_state": 0}


@pytest.fixture(scope="module")
def network():
    return RNNClassifier(**LEARNS, metrics=["accuracy", "auc"]).fit(X, Y)


def test_rnn_classifier_multilabel(network):
    probabilities = network.predict_proba(X)
    assert probabilities.shape == Y.shape
    assert_array_equal(network.predict(X), probabilities > 0.5)
    assert_array_equal(network.classes_, [0, 1, 2])
    assert network.score(X, Y) == accuracy_score(Y, network.predict(X))
    of_labels = (network.predict(X) == Y).mean(axis=0)
    majority = np.maximum(Y.mean(axis=0), 1 - Y.mean(axis=0))
    assert (of_labels[:2] > majority[:2]).all()
    assert network.__sklearn_tags__().classifier_tags.multi_label


def test_rnn_classifier_multilabel_loss_is_the_mean_over_labels():
    f1 = keras.metrics.F1Score(average="macro", name="f1")
    still = RNNClassifier(**{**TINY, "epochs": 1}, learning_rate=1e-30, metrics=["accuracy", f1])
    still.fit(X, Y)
    probabilities = still.predict_proba(X)
    expected = np.mean([log_loss(Y[:, k], probabilities[:, k], labels=[0, 1]) for k in range(3)])
    assert_allclose(still.history_["loss"], expected, rtol=1e-5)
    assert_allclose(still.history_["accuracy"], (still.predict(X) == Y).mean(), rtol=1e-5)
    expected = f1_score(Y, still.predict(X), average="macro", zero_division=0)
    assert_allclose(still.history_["f1"], expected, rtol=1e-5)


@pytest.mark.any_backend
def test_rnn_classifier_multilabel_bool_and_float_indicators(network):
    for y in (Y.astype(bool), Y.astype(float), Y.tolist()):
        assert_same_weights(clone(network).fit(X, y), network)


def test_rnn_classifier_multilabel_sample_weight_of_two_is_a_repetition():
    exact = RNNClassifier(**TINY, dtype="float64", batch_size=None, standardize=False)
    exact.set_params(add_differences=False)
    weights = np.resize([1.0, 2.0], len(X))
    twice = np.repeat(np.arange(len(X)), weights.astype(int))
    weighted = exact.fit(X, Y, weights).predict_proba(X)
    repeated = clone(exact).fit([X[i] for i in twice], Y[twice]).predict_proba(X)
    assert_allclose(weighted, repeated, rtol=1e-9)


@pytest.mark.any_backend
def test_rnn_classifier_multilabel_weights_of_label_sets(network):
    weights = compute_sample_weight("balanced", Y)
    weighted = clone(network).fit(X, Y, weights)
    expected = accuracy_score(Y, weighted.predict(X), sample_weight=weights)
    assert weighted.score(X, Y, weights) == expected
    with pytest.raises(ValueError, match=r"class_weight must be None.*compute_sample_weight"):
        clone(network).set_params(class_weight="balanced").fit(X, Y)


@pytest.mark.any_backend
def test_rnn_classifier_multilabel_partial_fit_and_warm_start(network):
    model = RNNClassifier(**TINY).partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X[:9], Y[:9])
    assert model.predict(X).shape == Y.shape
    warm = RNNClassifier(**TINY, warm_start=True).fit(X, Y).fit(X, Y)
    assert warm.n_iter_ == 2 * TINY["epochs"]
    copied = pickle.loads(pickle.dumps(model)).partial_fit(X, Y)
    assert_same_weights(copied, model.partial_fit(X, Y))


@pytest.mark.any_backend
@pytest.mark.parametrize("kind", [RNNClassifier(**TINY), EchoStateClassifier(**ESN)])
def test_classifier_multilabel_refuses_targets_of_another_kind(kind):
    fitted = clone(kind).partial_fit(X, Y)
    before = fitted.predict(X)
    for y, given in ((Y[:, 0], "one class per target"), (Y[:, :2], "matrix of 2 labels")):
        with pytest.raises(ValueError, match=f"y is .*{given}.* fitted with .*of 3 labels"):
            fitted.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"y is .*3 labels.* fitted with one class per target"):
        clone(kind).partial_fit(X, Y[:, 0]).partial_fit(X, Y)
    with pytest.raises(ValueError, match=r"classes must be None or numpy.arange\(3\)"):
        clone(kind).partial_fit(X, Y, classes=["a", "b"])
    assert_array_equal(fitted.predict(X), before)


def test_rnn_classifier_multilabel_early_stopping(network):
    model = clone(network).set_params(early_stopping=True, monitor="accuracy", metrics=())
    model.fit(X, Y)
    assert "val_score" in model.history_
    model.set_params(early_stopping=False).fit(X, Y, X_val=X[:9], y_val=Y[:9])
    assert model.history_["val_loss"]


@pytest.mark.any_backend
def test_rnn_classifier_multilabel_refuses_losses_and_metrics_of_one_class():
    for loss in ("sparse_categorical_crossentropy", "categorical_crossentropy", "gamma"):
        with pytest.raises(ValueError, match=f"loss='{loss}' is not for an indicator matrix"):
            RNNClassifier(loss=loss).fit(X, Y)
    with pytest.raises(ValueError, match="metrics contains 'sparse_categorical_accuracy'"):
        RNNClassifier(metrics=["sparse_categorical_accuracy"]).fit(X, Y)


@pytest.mark.any_backend
def test_rnn_classifier_multilabel_search_and_thresholds():
    model = RNNClassifier(**LEARNS)
    search = GridSearchCV(model, {"learning_rate": [0.01, 0.05]}, cv=3).fit(X, Y)
    assert search.best_params_["learning_rate"] == 0.05
    # A threshold of each label that is chosen on predictions for other folds.
    held_out = cross_val_predict(model, X, Y, cv=3, method="predict_proba")[:, :2]
    grid = np.linspace(0.05, 0.95, 19)
    scores = [[f1_score(y, p > t) for t in grid] for y, p in zip(Y.T, held_out.T, strict=False)]
    chosen = held_out > grid[np.argmax(scores, axis=1)]
    best = f1_score(Y[:, :2], chosen, average="macro")
    assert best >= f1_score(Y[:, :2], held_out > 0.5, average="macro")


def test_rnn_classifier_multilabel_roc_auc_of_two_labels():
    # scikit-learn's score takes the columns of predict_proba for those of two classes.
    labels = Y[:, :2]
    model = RNNClassifier(**TINY).fit(X, labels)
    expected = roc_auc_score(labels, model.predict_proba(X))
    assert_allclose(get_scorer("roc_auc")(model, X, labels), expected)
    assert_array_equal(model.decision_function(X) > 0, model.predict(X))
    assert not hasattr(model.fit(X, labels[:, 0]), "decision_function")


@pytest.mark.parametrize(
    "model",
    [
        RNNClassifier(**{**LEARNS, "return_sequences": True}, metrics=["accuracy"]),
        EchoStateClassifier(**ESN, return_sequences=True),
    ],
)
def test_classifier_multilabel_per_step(model):
    model.fit(X, STEPS)
    probabilities = model.predict_proba(X)
    assert [p.shape for p in probabilities] == [y.shape for y in STEPS]
    flat, predicted = np.concatenate(STEPS), np.concatenate(model.predict(X))
    assert_array_equal(predicted, np.concatenate(probabilities) > 0.5)
    assert model.score(X, STEPS) == accuracy_score(flat, predicted) > 0.8
    scorer = make_step_scorer(f1_score, average="micro")
    assert scorer(model, X, STEPS) == f1_score(flat, predicted, average="micro")


@pytest.mark.any_backend
def test_echo_state_classifier_multilabel_equals_one_classifier_per_label():
    options = {**ESN, "alpha": 0.1}
    together = EchoStateClassifier(**options).fit(X, Y)
    for k in range(2):
        alone = EchoStateClassifier(**options).fit(X, Y[:, k])
        assert_array_equal(together.predict(X)[:, k], alone.predict(X))
        decisions = together.decision_function(X)[:, k]
        assert_allclose(decisions, alone.decision_function(X), rtol=1e-8, atol=1e-10)
    assert ((together.predict_proba(X) > 0) & (together.predict_proba(X) < 1)).all()
    assert together.score(X, Y) == accuracy_score(Y, together.predict(X))


@pytest.mark.any_backend
def test_echo_state_classifier_multilabel_parts_equal_all_at_once():
    whole = EchoStateClassifier(**ESN, pooling="mean", alpha=0.1, standardize=False).fit(X, Y)
    parts = clone(whole).partial_fit(X[:20], Y[:20]).partial_fit(X[20:], Y[20:])
    assert_allclose(parts.coef_, whole.coef_, rtol=1e-5, atol=1e-8)
    with pytest.raises(ValueError, match="other was fitted on other features or targets"):
        clone(whole).fit(X, np.resize([0, 1, 2], len(X))).merge(whole)
    with pytest.raises(ValueError, match="class_weight must be None"):
        clone(whole).set_params(class_weight={0: 2}).fit(X, Y)


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("model", "y"),
    [
        (RNNClassifier(**TINY), Y),
        (RNNClassifier(**TINY, return_sequences=True), STEPS),
        (EchoStateClassifier(**ESN, pooling="mean"), Y),
        (
            EchoStateClassifier(
                units=5, return_sequences=True, reservoir=Reservoir(feedback_scaling=0.2)
            ),
            STEPS,
        ),
    ],
    ids=["rnn", "rnn steps", "esn", "esn feedback"],
)
def test_classifier_multilabel_export_onnx(model, y):
    model.fit(X, y)
    assert_predicts_as(to_onnx(model), model, X)


@pytest.mark.any_backend
def test_classifier_warns_if_columns_could_be_time_steps():
    cube = RNG.normal(size=(12, 3, 2))
    for kind in (RNNClassifier(**TINY), EchoStateClassifier(**ESN)):
        with pytest.warns(UserWarning, match="3 labels per sequence.*return_sequences=True"):
            kind.fit(cube, Y[:12])


def test_rnn_classifier_multilabel_attributions_streams_and_safetensors(tmp_path):
    model = RNNClassifier(**TINY, pooling="mean").fit(X, Y)
    some, zeros = X[:3], [np.zeros_like(x) for x in X[:3]]
    found = feature_attributions(model, some, target=1, baseline=0.0, n_steps=200)
    gained = model.predict_proba(some)[:, 1] - model.predict_proba(zeros)[:, 1]
    assert_allclose([one.sum() for one in found], gained, atol=2e-3)
    with pytest.raises(ValueError, match="index of one of the 3 outputs"):
        feature_attributions(model, some)
    stream = model.stream(method="predict_proba")
    last = [stream.send(step) for step in some[0]][-1]
    assert_allclose(last, model.predict_proba(some)[0], atol=1e-5)
    to_safetensors(model, tmp_path / "model.safetensors")
    read = from_safetensors(clone(model).fit(X[:9], Y[:9]), tmp_path / "model.safetensors")
    assert_array_equal(read.predict_proba(X), model.predict_proba(X))
