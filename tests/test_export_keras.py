"""Recurrent networks as Keras files, and what Keras' own exporters make of them.

That such a file opens without skrnn is tested with the live models of `test_networks.py`.
"""

from contextlib import nullcontext
from importlib.util import find_spec

import keras
import numpy as np
import pytest
from fitted_models import IDS, MODELS, X, fitted
from numpy.testing import assert_allclose
from recurrences import pad
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from small_data import TINY

from skrnn import RNNClassifier
from skrnn.export import to_keras

# Keras reads its variables in a way that NumPy 2 warns about.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STEPS, LENGTHS = pad([steps.astype("float32") for steps in X])


def outputs_of(estimator):
    """Return the outputs that the Keras model of an estimator of one target per sequence has."""
    if hasattr(estimator, "classes_"):
        return estimator.predict_proba(X)[:, 1:]
    return estimator.predict(X)[:, None]


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_to_keras_returns_the_model_of_the_estimator(kind, tmp_path):
    model = to_keras(fitted(kind), str(tmp_path / "model.keras"))
    opened = keras.saving.load_model(tmp_path / "model.keras")
    for one in (model, to_keras(fitted(kind)), opened):
        assert_allclose(
            one.predict([STEPS, LENGTHS], verbose=0), outputs_of(fitted(kind)), atol=1e-5
        )
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_to_keras_minimal_gru_opens_after_import_of_its_layer(tmp_path):
    import skrnn.networks.architecture  # noqa: F401 - registers the layer

    classifier = RNNClassifier(cell="minimal_gru", units=4, epochs=1, random_state=0)
    classifier.fit(*MODELS["classifier"][1:])
    to_keras(classifier, tmp_path / "model.keras")
    opened = keras.saving.load_model(tmp_path / "model.keras")
    assert_allclose(opened.predict([STEPS, LENGTHS], verbose=0), outputs_of(classifier), atol=1e-5)


needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="a test of exporters on TensorFlow"
)


@needs_tensorflow
@pytest.mark.parametrize("kind", ["classifier", "tagger", "words"])
def test_keras_saved_model_predicts_as_the_model(kind, tmp_path):
    import tensorflow as tf

    model = to_keras(fitted(kind))
    model.export(tmp_path / "saved", format="tf_saved_model", verbose=False)
    served = tf.saved_model.load(tmp_path / "saved")
    steps, lengths = (STEPS, LENGTHS) if kind != "words" else pad(IDS)
    steps, lengths = steps.astype("int32" if kind == "words" else "float32"), np.int32(lengths)
    expected = model.predict([steps, lengths], verbose=0)
    assert_allclose(served.serve([steps, lengths]), expected, atol=1e-6)
    longest = int(lengths[3])
    one = served.serve([steps[3:4, :longest], lengths[3:4]]).numpy()
    expected = expected[3:4, :longest] if kind == "tagger" else expected[3:4]
    assert_allclose(one, expected, atol=1e-6)


def needs_select_tf_ops(path):
    """Return whether a LiteRT file has lists of tensors, which are operators of TensorFlow."""
    return b"FlexTensorListReserve" in path.read_bytes()


@needs_tensorflow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("n", [1, 2])
def test_keras_litert_of_a_fixed_number_of_sequences_needs_no_other_operators(n, tmp_path):
    import tensorflow as tf

    # The delegate of LiteRT for CPUs cannot resize the product with the scale of differences.
    classifier = RNNClassifier(**TINY, add_differences=False).fit(X, np.resize([0, 1], len(X)))
    model = to_keras(classifier)
    signature = [
        keras.InputSpec(shape=(n, None, 2), dtype="float32"),
        keras.InputSpec(shape=(n,), dtype="int32"),
    ]
    path = tmp_path / "model.tflite"
    model.export(path, format="litert", input_signature=[signature], verbose=False)
    interpreter = tf.lite.Interpreter(str(path))
    steps_input, lengths_input = interpreter.get_input_details()
    for i in range(0, len(X) - n, 3):
        steps, lengths = pad([steps.astype("float32") for steps in X[i : i + n]])
        interpreter.resize_tensor_input(steps_input["index"], steps.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(steps_input["index"], steps)
        interpreter.set_tensor(lengths_input["index"], np.int32(lengths))
        interpreter.invoke()
        (output,) = interpreter.get_output_details()
        expected = outputs_of(classifier)[i : i + n]
        assert_allclose(interpreter.get_tensor(output["index"]), expected, atol=1e-5)
    assert not needs_select_tf_ops(path)


@needs_tensorflow
def test_keras_litert_of_any_number_of_sequences_needs_select_tf_ops(tmp_path):
    path = tmp_path / "model.tflite"
    to_keras(fitted("classifier")).export(path, format="litert", verbose=False)
    assert needs_select_tf_ops(path)


@needs_tensorflow
def test_to_keras_model_has_been_called_as_the_onnx_exporter_requires(tmp_path):
    model = to_keras(fitted("classifier"))
    # Keras looks for tf2onnx only after it has checked the model.
    missing = find_spec("tf2onnx") is None
    with pytest.raises(ImportError, match="tf2onnx") if missing else nullcontext():
        model.export(tmp_path / "model.onnx", format="onnx", verbose=False)


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "match"),
    [
        (LogisticRegression(), "for to_keras, got an object of the class LogisticRegression"),
        (make_pipeline(RNNClassifier()), "class Pipeline. Pass its last step"),
        (None, "class NoneType"),
    ],
)
def test_to_keras_other_estimator_raises(estimator, match):
    with pytest.raises(TypeError, match=match):
        to_keras(estimator)


def test_to_keras_not_fitted_raises():
    with pytest.raises(NotFittedError):
        to_keras(RNNClassifier())


@pytest.mark.parametrize(
    ("path", "error", "match"),
    [
        ("model.h5", ValueError, r"path must end with '.keras', got '.*model.h5'"),
        ("model", ValueError, "path must end with '.keras'"),
        ("absent/model.keras", FileNotFoundError, "in the folder '.*absent', which does not exist"),
    ],
)
def test_to_keras_path_raises_before_a_model_is_built(path, error, match, tmp_path, monkeypatch):
    monkeypatch.setattr(RNNClassifier, "model_", property(lambda self: pytest.fail("built")))
    with pytest.raises(error, match=match):
        to_keras(fitted("classifier"), tmp_path / path)
    with pytest.raises(TypeError, match=r"path must be a str or a pathlib\.Path, got 3"):
        to_keras(fitted("classifier"), 3)
    assert list(tmp_path.iterdir()) == []
