"""Recurrent networks as ONNX models, compared with their predictions in onnxruntime."""

import json
import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from onnx_models import as_batch, assert_predicts_as, input_dtype, run
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from test_imports import FRAMEWORKS, run_fresh

from skrnn import RNNClassifier, RNNRegressor, SlidingWindowForecaster
from skrnn._cells import CELLS
from skrnn.export import to_onnx
from skrnn.export._onnx_activations import ACTIVATIONS, add_activation
from skrnn.export._onnx_cells import STEPS
from skrnn.export._onnx_graph import OnnxGraph
from skrnn.recurrent._vocabulary import Vocabulary

RNG = np.random.default_rng(0)
LENGTHS = [2, 1, 300, 7, 1, 64, 3, 2]
X = [RNG.normal(size=(n, 3)) for n in LENGTHS]
IDS = [RNG.integers(2, 9, n) for n in LENGTHS]
WORDS = np.resize(["ant", "bée", "cat"], 8)
TWO = np.resize([3, -7], 8)
TAGS = [np.resize(["a", "b", "c"], n) for n in LENGTHS]
Y = np.array([steps.sum() for steps in X])
VECTORS = RNG.normal(size=(10, 3))
STACKED = {"units": (3, 4)}
BOTH = {"bidirectional": True}
PER_STEP = {"return_sequences": True}

CLASSIFIERS = {
    "lstm": ({}, X, WORDS),
    "lstm, both directions, stacked, mean": ({**BOTH, **STACKED, "pooling": "mean"}, X, TWO),
    "lstm, both directions, tags": ({**BOTH, **PER_STEP}, X, TAGS),
    "lstm, embedding": ({"embedding": 3}, IDS, TWO > 0),
    "gru, vectors, tags": ({"cell": "gru", "embedding": VECTORS, **PER_STEP}, IDS, TAGS),
    "simple, both directions, mean": ({"cell": "simple", **BOTH, "pooling": "mean"}, X, WORDS),
    "simple, both directions, attention": (
        {"cell": "simple", **BOTH, "pooling": "attention"},
        X,
        WORDS,
    ),
    "minimal_gru, both directions, stacked": ({"cell": "minimal_gru", **BOTH, **STACKED}, X, TWO),
    "minimal_gru, max, softmax of two": (
        {"cell": "minimal_gru", "pooling": "max", "loss": "categorical_crossentropy"},
        X,
        TWO * 1.0,
    ),
    "peephole_lstm, both directions, stacked": (
        {"cell": "peephole_lstm", **BOTH, **STACKED},
        X,
        TWO,
    ),
    "irnn, tags": ({"cell": "irnn", **PER_STEP}, X, TAGS),
    "indrnn, both directions": ({"cell": "indrnn", **BOTH}, X, TWO),
    "refine_lstm": ({"cell": "refine_lstm"}, X, TWO),
    "mingru, stacked": ({"cell": "mingru", **STACKED}, X, TWO),
    "lru, both directions": ({"cell": "lru", **BOTH}, X, TWO),
    "minlstm, embedding": ({"cell": "minlstm", "embedding": 3}, IDS, TWO > 0),
}
REGRESSORS = {
    "lstm, both directions, float64": ({**BOTH, "dtype": "float64"}, X, Y),
    "gru, max, two targets": (
        {"cell": "gru", "pooling": "max"},
        X,
        np.stack([Y, 1.7e9 + Y], axis=1),
    ),
    "gru, both directions, stacked": ({"cell": "gru", **BOTH, **STACKED}, X, Y),
    "gru, mean and max": ({"cell": "gru", "pooling": "mean_max"}, X, Y),
    "gru, softsign": ({"cell": "gru", "activation": "softsign"}, X, Y),
    "gru, two targets per time step": ({"cell": "gru", **PER_STEP}, X, [x[:, :2] for x in X]),
    "gru_reset_before": ({"cell": "gru_reset_before"}, X, Y),
    "gru_reset_before, float64": ({"cell": "gru_reset_before", "dtype": "float64"}, X, Y),
    "peephole_lstm, float64": ({"cell": "peephole_lstm", "dtype": "float64"}, X, Y),
    "refine_gru, float64": ({"cell": "refine_gru", "dtype": "float64"}, X, Y),
    "lru, one target per time step, float64": (
        {"cell": "lru", **PER_STEP, "dtype": "float64"},
        X,
        [x[:, 0] for x in X],
    ),
    "irnn, softsign": ({"cell": "irnn", "activation": "softsign"}, X, Y),
    "simple, stacked, one target per time step": (
        {"cell": "simple", **STACKED, **PER_STEP},
        X,
        [x[:, 0] for x in X],
    ),
}
CASES = {
    **{name: (RNNClassifier, *case) for name, case in CLASSIFIERS.items()},
    **{name: (RNNRegressor, *case) for name, case in REGRESSORS.items()},
}
OPERATORS = {
    "lstm": "LSTM",
    "peephole_lstm": "LSTM",
    "gru": "GRU",
    "gru_reset_before": "GRU",
    "simple": "RNN",
    "irnn": "RNN",
}


def fitted(kind, params, sequences, targets):
    """Return a fitted estimator with random weights, each of which affects the outputs."""
    estimator = kind(**{"units": 4, "epochs": 1, "random_state": 0, **params})
    # Short sequences train faster.
    sequences = [steps[:3] for steps in sequences]
    if params.get("return_sequences"):
        targets = [target[:3] for target in targets]
    estimator.fit(sequences, targets)
    rng = np.random.default_rng(1)
    estimator.weights_ = [
        rng.normal(0, 0.6, weight.shape).astype(weight.dtype) for weight in estimator.weights_
    ]
    return estimator


@pytest.fixture(scope="module")
def classifier():
    return fitted(RNNClassifier, *CLASSIFIERS["lstm"])


@pytest.fixture(scope="module")
def word_classifier():
    return fitted(RNNClassifier, *CLASSIFIERS["lstm, embedding"])


@pytest.mark.parametrize("case", CASES)
def test_to_onnx_predicts_as_the_estimator(case):
    estimator = fitted(*CASES[case])
    model = to_onnx(estimator)
    assert_predicts_as(model, estimator, CASES[case][2])
    operators = {node.op_type for node in model.graph.node} & {"LSTM", "GRU", "RNN", "Scan"}
    is_loop = any(word in case for word in ("float64", "minimal_gru", "indrnn", "softsign"))
    assert operators == {"Scan" if is_loop else OPERATORS.get(estimator.cell, "Scan")}


def test_onnx_has_a_time_step_of_every_cell():
    assert list(STEPS) == list(CELLS)


def test_to_onnx_outputs_have_the_types_of_predictions(classifier):
    outputs = run(to_onnx(classifier), *as_batch(X, np.float32))
    assert list(outputs) == ["label", "probabilities"]
    assert outputs["probabilities"].dtype == classifier.predict_proba(X).dtype
    for classes, dtype in [(np.array([2, 5, 9]), np.int64), (np.array([0.0, 1, 2]), np.float64)]:
        numbered = pickle.loads(pickle.dumps(classifier))
        numbered.classes_ = classes
        labels = run(to_onnx(numbered), *as_batch(X, np.float32))["label"]
        assert labels.dtype == dtype
        assert_array_equal(labels, numbered.predict(X))


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx_activation_equals_that_of_keras(name, dtype):
    x = np.linspace(-8, 8, 101).astype(dtype)
    graph = OnnxGraph()
    y = graph.rename(add_activation(graph, name, "X", np.dtype(dtype)), "Y")
    # The function that runs models passes lengths too.
    model = graph.finish([("X", dtype, ("n",)), ("lengths", "int64", ())], [(y, dtype, ("n",))])
    expected = keras.ops.convert_to_numpy(keras.activations.get(name)(x))
    assert_allclose(run(model, x, np.array(0))["Y"], expected, atol=2e-6)


# --- inputs -----------------------------------------------------------------------------------


def test_to_onnx_sequence_alone_equals_sequence_in_a_batch(classifier):
    model = to_onnx(classifier)
    together = run(model, *as_batch(X, np.float32))["probabilities"]
    alone = [run(model, *as_batch([x], np.float32))["probabilities"][0] for x in X]
    assert_allclose(alone, together, atol=1e-6)


def test_to_onnx_input_dtype(classifier):
    model = to_onnx(classifier, input_dtype="float64")
    assert input_dtype(model) is np.float64
    assert_predicts_as(model, classifier, X)


def test_to_onnx_one_hot_codes_equal_vectors(classifier):
    codes = [RNG.integers(-1, 3, n) for n in LENGTHS]
    vectors = [(code[:, None] == np.arange(3)).astype(float) for code in codes]
    outputs = run(to_onnx(classifier, one_hot=True), *as_batch(codes, np.int64))
    assert_allclose(outputs["probabilities"], classifier.predict_proba(vectors), atol=1e-5)


@pytest.mark.parametrize("side", ["left", "right"])
def test_to_onnx_reads_token_ids_as_predict_does(side, word_classifier):
    rows = np.array([[0, 0, 0, 0], [5, 0, 6, 99], [2, 3, 0, 0], [1, 7, 8, 0]])
    rows = rows if side == "right" else np.fliplr(rows)
    outputs = run(to_onnx(word_classifier), rows, np.full(4, 4))
    assert_allclose(outputs["probabilities"], word_classifier.predict_proba(rows), atol=1e-5)


@pytest.mark.parametrize("lengths", [[0, 2], [3, 1], [-1, 2]])
def test_onnx_model_refuses_lengths_that_are_not_possible(lengths, classifier):
    with pytest.raises(Exception, match="out of data bounds"):
        run(to_onnx(classifier), np.zeros((2, 2, 3), np.float32), np.array(lengths))


@pytest.mark.parametrize("token", [-1, 10])
def test_onnx_model_refuses_ids_that_predict_refuses(token, word_classifier):
    words = pickle.loads(pickle.dumps(word_classifier))
    words._vocabulary = Vocabulary.of(None, VECTORS, "float32")
    words.weights_[0] = VECTORS.astype(np.float32)
    with pytest.raises(ValueError, match="token id"):
        words.predict([[3, token]])
    with pytest.raises(Exception, match="out of data bounds"):
        run(to_onnx(words), np.array([[3, token]]), np.array([2]))


# --- what cannot be exported ------------------------------------------------------------------


def with_spec(estimator, **changes):
    """Return a copy of a fitted estimator as if it had been fitted with other parameters."""
    from dataclasses import replace

    changed = pickle.loads(pickle.dumps(estimator))
    changed._spec = replace(changed._spec, **changes)
    return changed


def double(x):
    return 2 * x


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"body": double}, "custom body of the estimator.*to_keras"),
        ({"custom_cell": keras.layers.GRUCell}, "custom cell of the estimator.*to_keras"),
        ({"activation": double}, "activation=<function double.*to_keras.*softsign"),
        ({"activation": "softmax"}, "activation='softmax' cannot be exported.*to_keras"),
    ],
)
def test_to_onnx_custom_parts_raise(changes, match, classifier):
    with pytest.raises(ValueError, match=match):
        to_onnx(with_spec(classifier, **changes))


@pytest.mark.parametrize(
    ("estimator", "match"),
    [
        (LogisticRegression(), "fitted RNNClassifier, RNNRegressor.*got LogisticRegression"),
        (SlidingWindowForecaster(), "got SlidingWindowForecaster. Pass its regressor `estimator_`"),
        (None, "got NoneType"),
    ],
)
def test_to_onnx_other_estimator_raises(estimator, match):
    with pytest.raises(TypeError, match=match):
        to_onnx(estimator)


class Doubled(RNNRegressor):
    """A user's class whose predictions are not those of its weights."""

    def predict(self, X):
        return 2 * super().predict(X)


class Renamed(RNNRegressor):
    """A user's class that predicts as the class of skrnn."""


def test_to_onnx_subclass_with_its_own_predict_raises():
    X = np.zeros((4, 3, 2))
    fitted = Doubled(units=4, epochs=1, random_state=0).fit(X, [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match=r"Doubled has its own method 'predict'.*RNNRegressor"):
        to_onnx(fitted)
    fitted.__class__ = Renamed
    assert_predicts_as(to_onnx(fitted), fitted, list(X))


def test_to_onnx_search_names_its_best_estimator(classifier):
    search = GridSearchCV(classifier, {"units": [4]})
    search.best_estimator_ = classifier
    with pytest.raises(TypeError, match=r"got GridSearchCV\. Pass its best"):
        to_onnx(search)


def test_to_onnx_not_fitted_raises():
    with pytest.raises(NotFittedError):
        to_onnx(RNNClassifier())


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"input_dtype": "float16"}, "input_dtype must be 'float32', 'float64' or None"),
        ({"input_dtype": "float32"}, "input_dtype='float32' is for numbers"),
        ({"one_hot": True}, "one_hot=True is for estimators of one-hot time steps"),
        ({"path": "model.pkl"}, "path must end with '.onnx'"),
    ],
)
def test_to_onnx_bad_parameter_raises(params, match, word_classifier):
    with pytest.raises(ValueError, match=match):
        to_onnx(word_classifier, **params)


def test_to_onnx_classes_of_another_type_raise(classifier):
    dated = pickle.loads(pickle.dumps(classifier))
    dated.classes_ = np.array(["2020", "2021", "2022"], dtype="datetime64[Y]")
    with pytest.raises(ValueError, match="class labels must be strings, numbers or booleans"):
        to_onnx(dated)


# --- files and processes ----------------------------------------------------------------------


def test_to_onnx_writes_the_model(classifier, tmp_path):
    path = tmp_path / "model.onnx"
    model = to_onnx(classifier, str(path))
    assert path.read_bytes() == model.SerializeToString()


EXPORT = """
import json, pickle, sys
from skrnn.export import to_onnx
with open(sys.argv[1], "rb") as file:
    for estimator in pickle.load(file):
        to_onnx(estimator)
print(json.dumps(sorted(set(json.loads(sys.argv[2])) & set(sys.modules))))
"""


def test_to_onnx_loads_no_framework(tmp_path, classifier, word_classifier):
    path = tmp_path / "estimators.pickle"
    path.write_bytes(pickle.dumps([classifier, word_classifier]))
    assert run_fresh(EXPORT, str(path), json.dumps(FRAMEWORKS)) == []
