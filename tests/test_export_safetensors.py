"""The weights of recurrent networks as safetensors files, written and read again."""

import json
import subprocess
import sys
from functools import lru_cache
from itertools import product
from pathlib import Path

import keras
import numpy as np
import pytest
from fitted_models import IDS, LABELS, MODELS, TINY, X, Y, fitted, unchanged
from numpy.testing import assert_array_equal
from recurrences import network_spec
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from small_data import assert_same_weights

import skrnn
from skrnn import RNNClassifier, RNNRegressor
from skrnn.export import from_safetensors, to_safetensors
from skrnn.recurrent._named_weights import named_weights

ROOT = Path(skrnn.__file__).parents[1]


def sequences_of(kind):
    return MODELS[kind][1]


@lru_cache
def other(kind):
    """Return an estimator of the same architecture, fitted from another seed on other targets."""
    model, sequences, y = MODELS[kind]
    if kind in ("regressor", "tracker"):
        y = [3 * one - 7 for one in y]
    if kind == "words":
        sequences = [np.minimum(ids, 3) if len(ids) < 6 else ids for ids in sequences]
    params = {**model.get_params(), "random_state": 1}
    return type(model)(**params).fit(sequences, y)


def metadata_of(path):
    with safe_open(path, framework="numpy") as file:
        return file.metadata()


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["lstm", "minimal_gru"])
def test_named_weights_have_the_names_of_keras(cell):
    from skrnn.networks.architecture import build_network

    heads = (
        ("last", False),
        ("mean", False),
        ("mean_max", False),
        ("attention", False),
        ("last", True),
    )
    inputs = None, (5, 3)
    for units, bidirectional, (pooling, per_step), embedding in product(
        ((3,), (3, 3)), (False, True), heads, inputs
    ):
        spec = network_spec(
            cell=cell,
            units=units,
            bidirectional=bidirectional,
            pooling=pooling,
            return_sequences=per_step,
            embedding=embedding,
        )
        variables = build_network(spec, plain=True).model.weights
        layers = [variable.path.split("/") for variable in variables]
        names = [f"{path[0]}/{path[-1]}" for path in layers]
        assert list(named_weights(spec, variables_as_arrays(variables))) == names


def variables_as_arrays(variables):
    return [np.zeros(variable.shape) for variable in variables]


def test_to_safetensors_writes_weights_with_names_and_dtype(tmp_path):
    regressor = fitted("regressor")
    arrays = to_safetensors(regressor, tmp_path / "a.safetensors")
    found = load_file(tmp_path / "a.safetensors")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert_array_equal(found[name], array, strict=True)
    names = ["recurrent_0/kernel", "recurrent_0/recurrent_kernel", "recurrent_0/bias"]
    for name, weight in zip([*names, "head/kernel", "head/bias"], regressor.weights_, strict=True):
        assert_array_equal(found[name], weight, strict=True)
    predicted = (regressor.predict(X) - found["target/offset"]) / found["target/scale"]
    assert abs(predicted).max() < 3


def test_to_safetensors_keeps_float64_and_the_order_of_axes(tmp_path):
    model = RNNRegressor(**{**TINY, "dtype": "float64", "epochs": 1}).fit(X, Y)
    model.weights_ = [np.asfortranarray(weight) for weight in model.weights_]
    to_safetensors(model, tmp_path / "a.safetensors")
    found = load_file(tmp_path / "a.safetensors")
    assert_array_equal(found["recurrent_0/kernel"], model.weights_[0], strict=True)
    assert found["recurrent_0/kernel"].dtype == np.float64


def test_to_safetensors_metadata_describe_the_estimator(tmp_path):
    to_safetensors(fitted("classifier"), tmp_path / "a.safetensors")
    metadata = metadata_of(tmp_path / "a.safetensors")
    assert metadata["skrnn_version"] == skrnn.__version__
    assert metadata["estimator"] == "RNNClassifier"
    assert json.loads(metadata["classes"]) == ["no", "yes"]
    assert json.loads(metadata["network"])["cell"] == "simple"


# --- there and back ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_from_safetensors_predicts_as_the_estimator_that_was_written(kind, tmp_path):
    path = tmp_path / "weights.safetensors"
    to_safetensors(fitted(kind), path)
    target = other(kind)
    with unchanged(target, sequences_of(kind)):
        copied = from_safetensors(target, path)
    expected, before = fitted(kind)._forward(sequences_of(kind))[1], target.weights_
    assert_array_equal(copied._forward(sequences_of(kind))[1], expected)
    for one, same in zip(
        copied.predict(sequences_of(kind)), fitted(kind).predict(sequences_of(kind)), strict=True
    ):
        assert_array_equal(one, same)
    assert any((a != b).any() for a, b in zip(copied.weights_, before, strict=True))
    assert copied.history_ == target.history_


def test_from_safetensors_adopts_the_known_token_ids(tmp_path):
    few, many = [np.full(3, 2 + i % 2) for i in range(12)], IDS
    assert max(map(np.max, many)) < 8
    few[0] = np.array([7])  # so that both embeddings have eight rows
    params = {**TINY, "epochs": 1, "embedding": 3}
    written, target = (RNNClassifier(**params).fit(ids, LABELS) for ids in (few, many))
    to_safetensors(written, tmp_path / "a.safetensors")
    copied = from_safetensors(target, tmp_path / "a.safetensors")
    unseen = [np.array([5, 6, 2])]
    assert_array_equal(copied.predict_proba(unseen), written.predict_proba(unseen))


def test_from_safetensors_copy_is_fitted_further_with_a_new_optimizer(tmp_path):
    path = tmp_path / "weights.safetensors"
    to_safetensors(fitted("classifier"), path)
    copies = [
        from_safetensors(model, path) for model in (fitted("classifier"), other("classifier"))
    ]
    before = copies[0].weights_
    for copied in copies:  # whose optimizers were in different states
        copied.set_params(random_state=0).partial_fit(X, LABELS)
    assert copies[0].n_iter_ == fitted("classifier").n_iter_ + 1
    assert any((a != b).any() for a, b in zip(copies[0].weights_, before, strict=True))
    assert_same_weights(*copies)


WITHOUT_FRAMEWORK = """
import pickle, sys
from skrnn.export import from_safetensors, to_safetensors
with open("model.pickle", "rb") as file:
    model = pickle.load(file)
to_safetensors(model, "weights.safetensors")
from_safetensors(model, "weights.safetensors")
assert not {"keras", "tensorflow", "jax", "torch"} & set(sys.modules)
"""


def test_safetensors_load_no_framework(tmp_path):
    from fitted_models import pickled

    (tmp_path / "model.pickle").write_bytes(pickled("words"))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FRAMEWORK],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr


# --- errors -----------------------------------------------------------------------------------


def fit_classifier(y=LABELS, **params):
    return RNNClassifier(**{**TINY, "epochs": 1, **params}).fit(X, y)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: fit_classifier(units=5), r"'recurrent_0/kernel' .* \(4, 4\) .* \(4, 5\)"),
        (lambda: fit_classifier(dtype="float64"), "differences/kernel.* float32 in .* float64 in"),
        (lambda: fit_classifier(units=(4, 4)), "it lacks recurrent_1/bias, recurrent_1/kernel"),
        (lambda: fitted("regressor"), "it lacks target/offset, target/scale"),
        (lambda: fit_classifier(pooling="mean"), "pooling is '.*' in the file, but 'mean' in"),
        (lambda: fit_classifier(activation="relu"), "activation is 'tanh' in the file, but 'relu'"),
        (lambda: fit_classifier(activation=keras.ops.sin), "activation is 'tanh' in the file"),
        (lambda: fitted("tagger"), "return_sequences is False in the file, but True"),
        (lambda: fit_classifier(np.resize([3, 4], 12)), r"classes is '\[\"no\", \"yes\"\]' in"),
    ],
    ids=[
        "units",
        "dtype",
        "layers",
        "kind",
        "pooling",
        "activation",
        "function",
        "steps",
        "labels",
    ],
)
def test_from_safetensors_other_network_raises(make, match, tmp_path):
    path = tmp_path / "weights.safetensors"
    to_safetensors(fit_classifier(), path)
    with pytest.raises(ValueError, match=match):
        from_safetensors(make(), path)


def rewritten(path, change, metadata=True):
    """Write a file again after a change of its arrays."""
    arrays, kept = load_file(path), metadata_of(path)
    change(arrays)
    save_file(arrays, path, metadata=kept if metadata else None)


def test_from_safetensors_reads_arrays_that_another_program_has_changed(tmp_path):
    path = tmp_path / "weights.safetensors"
    to_safetensors(fitted("classifier"), path)
    rewritten(path, lambda arrays: arrays["head/bias"].fill(9))
    assert (from_safetensors(fitted("classifier"), path).predict(X) == "yes").all()


@pytest.mark.parametrize(
    ("change", "metadata", "match"),
    [
        (lambda arrays: arrays["head/bias"].fill(np.nan), True, "'head/bias' .* NaN or infinity"),
        (lambda arrays: arrays.pop("head/bias"), True, r"lacks head/bias\."),
        (lambda arrays: arrays.update(more=np.ones(1)), True, r"also has more\."),
        (lambda arrays: None, False, "metadata lack 'estimator'"),
    ],
    ids=["NaN", "missing", "unknown", "metadata"],
)
def test_from_safetensors_other_arrays_raise(change, metadata, match, tmp_path):
    path = tmp_path / "weights.safetensors"
    to_safetensors(fitted("classifier"), path)
    rewritten(path, change, metadata)
    with pytest.raises(ValueError, match=match):
        from_safetensors(fitted("classifier"), path)


@pytest.mark.parametrize("text", ["[]", "{", "[" * 10**5])
def test_from_safetensors_other_settings_raise(text, tmp_path):
    path = tmp_path / "weights.safetensors"
    to_safetensors(fitted("classifier"), path)
    save_file(load_file(path), path, metadata={**metadata_of(path), "network": text})
    with pytest.raises(ValueError, match="'network' of the file must be a dict"):
        from_safetensors(fitted("classifier"), path)


def test_from_safetensors_other_file_raises(tmp_path):
    path = tmp_path / "weights.safetensors"
    with pytest.raises(FileNotFoundError, match=r"weights\.safetensors' is not a file"):
        from_safetensors(fitted("classifier"), path)
    for content in (b"", b"not a safetensors file", b"\xff" * 64):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not a safetensors file"):
            from_safetensors(fitted("classifier"), path)
    with pytest.raises(ValueError, match=r"path must end with '\.safetensors'"):
        from_safetensors(fitted("classifier"), tmp_path / "weights.bin")


@pytest.mark.parametrize("function", [to_safetensors, from_safetensors])
def test_safetensors_other_estimator_raises(function, tmp_path):
    path = tmp_path / "weights.safetensors"
    with pytest.raises(TypeError, match=f"{function.__name__}, got .* LogisticRegression"):
        function(LogisticRegression(), path)
    with pytest.raises(NotFittedError):
        function(RNNClassifier(), path)
    assert list(tmp_path.iterdir()) == []


def test_safetensors_not_installed_raises(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"requires? the package safetensors.*skrnn\[export\]"):
        to_safetensors(fitted("classifier"), tmp_path / "weights.safetensors")
