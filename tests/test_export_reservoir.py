"""Echo state estimators as ONNX models, run by onnxruntime and compared with `predict`."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import skl2onnx
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skrnn
from skrnn import EchoStateClassifier, EchoStateRegressor, TimeDistributed
from skrnn.export import register_skl2onnx, to_onnx
from skrnn.reservoir import LiquidStateMachine, Reservoir

LENGTHS = np.array([300, 1, 2, 17, 118, 3, 41, 8, 5, 64, 29, 90])
RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)).cumsum(axis=0) / 10 for n in LENGTHS]
MEANS = np.array([steps.mean(axis=0) for steps in X])
FIRST_MEANS = MEANS[:, 0]
LABELS = np.where(FIRST_MEANS > 0, "up", "down")
LEVELS = np.digitize(FIRST_MEANS, np.quantile(FIRST_MEANS, [0.3, 0.6]))
DELAYED = [np.concatenate([np.zeros(1), steps[:-1, 0]]) for steps in X]
TAGS = [np.where(steps[:, 0] > 0, "up", "down") for steps in X]
LONG = np.flatnonzero(LENGTHS > 4)


def double(**params):
    return Reservoir(**{"dtype": "float64", **params})


def only_long(values):
    return [values[i] for i in LONG]


def padded(sequences, dtype, filler=np.nan):
    """Return sequences as one array, with values after the end that must not be read."""
    lengths = np.array([len(steps) for steps in sequences])
    batch = np.full((len(sequences), lengths.max(), *sequences[0].shape[1:]), filler, dtype)
    for row, steps in zip(batch, sequences, strict=True):
        row[: len(steps)] = steps
    return batch, lengths


def run_onnx(model, batch, lengths):
    """Return the outputs of a model by name."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"X": batch, "lengths": lengths}), strict=True))


def assert_equal_predictions(estimator, sequences, atol=1e-5):
    """Check the ONNX model of a fitted estimator of sequences on ragged input."""
    dtype = "float64" if estimator.standardize else estimator.reservoir_._dynamics().dtype
    batch, lengths = padded(sequences, dtype)
    found = run_onnx(to_onnx(estimator), batch, lengths)

    def flat(values):
        if not estimator.return_sequences:
            return values
        return np.concatenate([one[:n] for one, n in zip(values, lengths, strict=True)])

    if not hasattr(estimator, "classes_"):
        assert list(found) == ["variable"]
        if estimator.return_sequences:
            assert not any(one[n:].any() for one, n in zip(found["variable"], lengths, strict=True))
        assert_allclose(flat(found["variable"]), flat(estimator.predict(sequences)), atol=atol)
        return
    assert list(found) == ["label", "probabilities"]
    assert_array_equal(flat(found["label"]), flat(estimator.predict(sequences)))
    assert_allclose(
        flat(found["probabilities"]), flat(estimator.predict_proba(sequences)), atol=atol
    )


SMALL = {"units": 20, "random_state": 0}
DEEP = {"units": (12, 7, 5), "leak_rate": [0.5, 0.3, 1.0]}
ESTIMATORS = {
    "last": (EchoStateRegressor(**SMALL), FIRST_MEANS),
    "last, two targets": (EchoStateRegressor(**SMALL, leak_rate=0.3), MEANS),
    "last, both directions": (
        EchoStateClassifier(**SMALL, reservoir=double(bidirectional=True)),
        LABELS,
    ),
    "mean, three classes": (EchoStateClassifier(**SMALL, pooling="mean"), LEVELS),
    "mean, deep": (
        EchoStateRegressor(
            **{**SMALL, **DEEP},
            pooling="mean",
            reservoir=double(layers=3, bidirectional=True, activation="relu"),
        ),
        MEANS,
    ),
    "model space": (
        EchoStateClassifier(**SMALL, pooling="model_space", reservoir=double(bidirectional=True)),
        LEVELS,
    ),
    "mean, std and model space": (
        EchoStateClassifier(**SMALL),
        LEVELS,
    ),
    "not standardized": (
        EchoStateRegressor(**SMALL, standardize=False, pooling=("last", "std")),
        MEANS,
    ),
    "steps": (EchoStateRegressor(**SMALL, return_sequences=True, readout_input=False), DELAYED),
    "steps, two targets": (
        EchoStateRegressor(
            **{**SMALL, **DEEP},
            return_sequences=True,
            reservoir=double(layers=3, activation="logistic", plasticity="intrinsic"),
        ),
        X,
    ),
    "steps, classes": (
        EchoStateClassifier(
            units=20,
            random_state=0,
            leak_rate=np.linspace(0.1, 1, 20),
            return_sequences=True,
            reservoir=double(bidirectional=True, activation="identity", topology="cycle"),
        ),
        TAGS,
    ),
    "feedback": (
        EchoStateRegressor(
            **{**SMALL, **DEEP},
            return_sequences=True,
            reservoir=double(layers=3, feedback_scaling=0.1),
        ),
        X,
    ),
    "feedback, classes": (
        EchoStateClassifier(**SMALL, return_sequences=True, reservoir=double(feedback_scaling=0.1)),
        TAGS,
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_onnx_of_echo_state_equals_predict_on_lengths_1_to_300(name):
    estimator, y = ESTIMATORS[name]
    assert_equal_predictions(estimator.fit(X, y), X)


@pytest.mark.parametrize("pooling", ["mean", "model_space"])
def test_onnx_of_echo_state_leaves_out_the_washout(pooling):
    estimator = EchoStateRegressor(**SMALL, washout=4, pooling=pooling, reservoir=double())
    estimator.fit(only_long(X), FIRST_MEANS[LONG])
    assert_equal_predictions(estimator, only_long(X))
    # Running the model fails for a sequence without a step after the washout, as predict does.
    batch, lengths = padded([X[0], X[5]], "float64")
    with pytest.raises(Exception, match="Gather"):
        run_onnx(to_onnx(estimator), batch, lengths)


def test_onnx_of_echo_state_in_float64_equals_predict_to_rounding():
    estimator = EchoStateRegressor(units=100, random_state=0, reservoir=double())
    assert_equal_predictions(estimator.fit(X, FIRST_MEANS), X, atol=1e-9)


def test_onnx_of_echo_state_does_not_depend_on_the_batch():
    estimator, y = ESTIMATORS["mean, three classes"]
    model = to_onnx(estimator.fit(X, y))
    together = run_onnx(model, *padded(X, "float64"))["probabilities"]
    for i in (0, 1, 3):
        alone = run_onnx(model, *padded(X[i : i + 1], "float64"))["probabilities"]
        assert_allclose(alone[0], together[i], atol=1e-6)


def test_onnx_of_echo_state_model_space_of_one_step_equals_predict():
    estimator, y = ESTIMATORS["model space"]
    assert_equal_predictions(estimator.fit(X, y), X[1:2])


def test_onnx_of_echo_state_one_hot_reads_codes():
    codes = [RNG.integers(-1, 4, n) for n in LENGTHS]
    ones = [csr_array((steps[:, None] == np.arange(4)).astype(float)) for steps in codes]
    for pooling in ("last", "mean"):
        estimator = EchoStateRegressor(**SMALL, pooling=pooling).fit(ones, FIRST_MEANS)
        model = to_onnx(estimator, one_hot=True)
        found = run_onnx(model, *padded(codes, np.int64, filler=7))["variable"]
        assert_allclose(found, estimator.predict(ones), atol=1e-5)


@pytest.mark.parametrize("feedback_scaling", [0, 0.1])
@pytest.mark.parametrize("initial_state", ["zero", "fit_end"])
def test_onnx_of_echo_state_series_is_a_batch_of_one(initial_state, feedback_scaling):
    series, target = X[0], DELAYED[0]
    estimator = EchoStateRegressor(
        **SMALL,
        rows="steps",
        initial_state=initial_state,
        leak_rate=0.1,
        reservoir=double(feedback_scaling=feedback_scaling),
    ).fit(series[:200], target[:200])
    batch, lengths = padded([series[200:]], "float64")
    found = run_onnx(to_onnx(estimator), batch, lengths)["variable"]
    assert_allclose(found[0], estimator.predict(series[200:]), atol=1e-8)


def test_onnx_of_pipeline_with_echo_state_reads_raw_numbers():
    raw = [1e5 + 1e3 * steps for steps in X]
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), EchoStateClassifier(**SMALL))
    pipeline.fit(raw, LABELS)
    found = run_onnx(to_onnx(pipeline), *padded(raw, "float64", filler=0))
    assert_array_equal(found["label"], pipeline.predict(raw))
    assert_allclose(found["probabilities"], pipeline.predict_proba(raw), atol=1e-5)


def test_skl2onnx_converts_echo_state_after_registration():
    register_skl2onnx()
    estimator = EchoStateClassifier(**SMALL).fit(X, LABELS)
    types = [("X", FloatTensorType([None, None, 2])), ("lengths", Int64TensorType([None]))]
    model = skl2onnx.to_onnx(estimator, initial_types=types)
    found = run_onnx(model, *padded(X, "float32"))
    assert_array_equal(found["label"], estimator.predict(X))


def test_onnx_of_echo_state_has_dense_recurrent_weights():
    estimator = EchoStateRegressor(units=200, random_state=0).fit(X, FIRST_MEANS)
    assert estimator.reservoir_.layers_[0].recurrent_weights.nnz == 2000
    size = len(to_onnx(estimator).SerializeToString())
    assert 4 * 200**2 < size < 4 * 200**2 + 20_000


WITHOUT_FRAMEWORK = """
import pickle, sys
with open("model.pickle", "rb") as file:
    model = pickle.load(file)
from skrnn.export import register_skl2onnx, to_onnx
to_onnx(model, "model.onnx")
assert not {"keras", "tensorflow", "jax", "torch"} & set(sys.modules)
"""


def test_onnx_of_echo_state_loads_no_framework(tmp_path):
    estimator = EchoStateRegressor(**SMALL).fit(X, FIRST_MEANS)
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(estimator))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FRAMEWORK],
        env={"PYTHONPATH": str(Path(skrnn.__file__).parents[1])},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model.onnx").stat().st_size > 0


# --- errors -----------------------------------------------------------------------------------


def test_onnx_of_echo_state_activation_that_is_a_function_raises():
    estimator = EchoStateRegressor(**SMALL, reservoir=Reservoir(activation=np.sin)).fit(
        X, FIRST_MEANS
    )
    with pytest.raises(ValueError, match=r"activation=.* of the reservoir .* identity"):
        to_onnx(estimator)


def test_onnx_of_echo_state_parameter_changed_after_fit_raises():
    estimator = EchoStateRegressor(**SMALL).fit(X, FIRST_MEANS).set_params(readout_input=False)
    with pytest.raises(ValueError, match="readout_input=False has changed"):
        to_onnx(estimator)


def test_onnx_of_echo_state_larger_than_a_file_raises(monkeypatch):
    estimator = EchoStateRegressor(**SMALL).fit(X, FIRST_MEANS)
    monkeypatch.setattr("skrnn.export._onnx_reservoir._MAX_BYTES", 4 * 20**2)
    with pytest.raises(ValueError, match="too large for a file of ONNX"):
        to_onnx(estimator)


@pytest.mark.parametrize("other", [LiquidStateMachine, Reservoir])
def test_onnx_of_other_reservoirs_raises(other):
    with pytest.raises(TypeError, match=f"EchoStateRegressor.* got {other.__name__}"):
        to_onnx(other(units=20).fit(X))
