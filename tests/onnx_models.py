"""Run ONNX models on sequences, and compare their outputs with those of estimators."""

import numpy as np
import onnx
import onnxruntime
from numpy.testing import assert_allclose, assert_array_equal

DTYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(string)": object,
}
# Values after the end of a sequence must not matter.
GARBAGE = {np.float32: np.nan, np.float64: np.inf, np.int64: 10**9, object: "garbage"}


def as_batch(X, dtype):
    """Return sequences in one array, with garbage after the end of each, and their lengths."""
    lengths = np.array([len(steps) for steps in X])
    batch = np.full((len(X), lengths.max(), *np.shape(X[0])[1:]), GARBAGE[dtype], dtype=dtype)
    for row, steps in zip(batch, X, strict=True):
        row[: len(steps)] = list(steps)
    return batch, lengths


def run(model, batch, lengths):
    """Return the outputs of a checked ONNX model by name, for a padded batch."""
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {"X": batch, "lengths": lengths})
    return dict(zip(names, values, strict=True))


def input_dtype(model):
    """Return the dtype of the input X of a model."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return DTYPES[session.get_inputs()[0].type]


def assert_predicts_as(model, estimator, X, atol=1e-5):
    """Check that an ONNX model has the outputs of a fitted estimator or Pipeline.

    Parameters
    ----------
    model : onnx.ModelProto
    estimator : estimator
    X : list of array-like
    atol : float, default=1e-5
        The largest difference of probabilities, or of numbers in standard deviations of the target.
    """
    outputs = run(model, *as_batch(X, input_dtype(model)))
    predicted = estimator.predict(X)
    if "variable" in outputs:
        final = estimator[-1] if hasattr(estimator, "steps") else estimator
        assert_close(outputs["variable"], predicted, X, atol, final._y_scale)
        return
    assert_close(outputs["probabilities"], estimator.predict_proba(X), X, atol)
    for labels, expected in in_pairs(outputs["label"], predicted, X):
        assert_array_equal(labels, expected)


def assert_close(values, expected, X, atol, scale=1.0):
    """Check that numbers differ by at most `atol`, in multiples of `scale`."""
    for some, others in in_pairs(values, expected, X):
        assert some.shape == np.shape(others)
        assert_allclose(some / scale, others / scale, rtol=0, atol=atol)


def in_pairs(values, expected, X):
    """Return pairs of both outputs: all of them, or those of the time steps of each sequence."""
    if isinstance(expected, list):
        return [
            (value[: len(steps)], one)
            for value, one, steps in zip(values, expected, X, strict=True)
        ]
    return [(values, expected)]
