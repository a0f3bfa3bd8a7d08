"""Estimators are saved as plain values with the version of skrnn, by pickle and by skops."""

import copy
import importlib.util
import inspect
import os
import pickle
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from saved_models import (
    KINDS,
    LABELS,
    NETWORKS,
    RNN,
    TABLE,
    X,
    assert_same,
    assert_same_results,
    expected_results,
    fitted,
    use,
)
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted
from test_public_api import PUBLIC_NAMES

import skrnn
from skrnn import EchoStateRegressor, EmbeddingTokenizer, RNNClassifier
from skrnn._persistence import _estimator
from skrnn.forecasting import PersistenceForecaster
from skrnn.reservoir import LiquidStateMachine

OLDER = "0.0.9"
ESTIMATORS = {
    f"{module}.{name}": public
    for module, names in PUBLIC_NAMES.items()
    for name in names
    if isinstance(public := getattr(importlib.import_module(module), name), type)
    and issubclass(public, BaseEstimator)
}
# One name per class, the shortest one.
TRUSTED = {
    min((name for name, other in ESTIMATORS.items() if other is cls), key=len)
    for cls in ESTIMATORS.values()
}
# Kinds that differ from another one only by the index of their rows.
OTHER_INDEXES = {"range", "integers", "periods", "months"}
VERSIONED = [kind for kind in KINDS if kind not in OTHER_INDEXES and "pipeline" not in kind]
FUNCTIONS = (types.FunctionType, np.ufunc, type)
SCALARS = (str, int, float, bool, np.generic, np.dtype)

FRAMEWORKS = ("jax", "keras", "tensorflow", "torch")
LOAD = f"""
import pickle, sys
from importlib.abc import MetaPathFinder
from pathlib import Path

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FRAMEWORKS}:
            raise ImportError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocked())
import skops.io
from saved_models import NETWORKS, assert_same, use
folder = Path(sys.argv[1])
expected = pickle.loads((folder / "expected").read_bytes())
for kind, (name, result, trusted) in expected.items():
    estimators = [
        pickle.loads((folder / f"{{kind}}.pickle").read_bytes()),
        skops.io.load(folder / f"{{kind}}.skops", trusted=trusted),
    ]
    for estimator in estimators:
        if kind not in NETWORKS:
            assert_same(use(estimator, kind, name), result)
    print(kind)
"""


def as_older(model, state=None):
    """Return an estimator that an older version saved, with another state if one is given."""
    state = {**(model.__getstate__() if state is None else state), "_skrnn_version": OLDER}
    older = object.__new__(type(model))
    with pytest.warns(InconsistentVersionWarning):
        older.__setstate__(state)
    return older


def names_both_versions(error):
    return OLDER in str(error) and skrnn.__version__ in str(error)


def count_errors(older, kind):
    """Check that each use has its usual result, or an error that names both versions."""
    errors = 0
    for name, expected in expected_results(kind).items():
        result = error = None
        try:
            result = use(pickle.loads(pickle.dumps(older)), kind, name)
        except AttributeError as raised:
            error = raised
        if error is None:
            assert_same(result, expected)
        else:
            assert names_both_versions(error) or is_unfitted(error, kind), f"{name}: {error}"
            errors += 1
    return errors


def is_unfitted(error, kind):
    """Return whether scikit-learn's own methods report an attribute as missing in any version."""
    uses_methods = kind in ("reservoir", "liquid", "interpolator", "windows")
    return uses_methods and isinstance(error, NotFittedError) and "Call 'fit'" in str(error)


def assert_plain(value):
    """Check that a value consists of arrays, numbers, text and functions."""
    if isinstance(value, dict):
        assert all(isinstance(key, SCALARS) for key in value)
        value = list(value.values())
    if isinstance(value, list | tuple):
        assert type(value) in (list, tuple)
        for item in value:
            assert_plain(item)
    elif isinstance(value, np.ndarray):
        assert value.dtype != object or {type(item) for item in value.flat} <= {str, int}
    elif isinstance(value, BaseEstimator):
        assert_plain(value.__getstate__())
    else:
        assert value is None or isinstance(value, SCALARS + FUNCTIONS), type(value)


# --- what is saved ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_pickle(kind):
    assert_plain(fitted(kind).__getstate__())
    assert_same_results(fitted(kind), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_skops(kind):
    stored = skops.io.dumps(fitted(kind))
    assert set(skops.io.get_untrusted_types(data=stored)) <= TRUSTED
    assert_same_results(skops.io.loads(stored, trusted=sorted(TRUSTED)), kind)


def test_loading_imports_no_framework(tmp_path):
    expected = {}
    for kind in KINDS:
        estimator = fitted(kind)
        (tmp_path / f"{kind}.pickle").write_bytes(pickle.dumps(estimator))
        skops.io.dump(estimator, tmp_path / f"{kind}.skops")
        trusted = skops.io.get_untrusted_types(file=tmp_path / f"{kind}.skops")
        assert {name.split(".")[0] for name in trusted} == {"skrnn"}
        name = next(n for n in ("predict", "transform", "sample") if hasattr(estimator, n))
        expected[kind] = name, expected_results(kind)[name], trusted
    (tmp_path / "expected").write_bytes(pickle.dumps(expected))
    # The new process imports the package that this one imports.
    root = Path(importlib.util.find_spec("skrnn").origin).parents[1]
    path = os.pathsep.join([str(root), str(Path(__file__).parent)])
    run = subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == list(KINDS)
    assert len(NETWORKS) < len(KINDS)


def test_trusted_types_are_the_public_classes():
    page = (Path(__file__).parents[1] / "docs" / "user_guide" / "saving.rst").read_text()
    assert {f"{cls.__module__}.{cls.__name__}" for cls in ESTIMATORS.values()} == TRUSTED
    assert sorted(re.findall(r"^- ``(skrnn[.\w]+)``$", page, re.MULTILINE)) == sorted(TRUSTED)


@pytest.mark.parametrize("name", sorted(TRUSTED))
def test_version_in_the_state(name):
    cls = ESTIMATORS[name]
    required = {"transformer": StandardScaler(), "period": 7}
    parameters = inspect.signature(cls).parameters
    estimator = cls(**{key: value for key, value in required.items() if key in parameters})
    assert estimator.__getstate__()["_skrnn_version"] == skrnn.__version__
    assert vars(estimator).keys() == estimator.get_params(deep=False).keys()
    assert vars(pickle.loads(pickle.dumps(estimator))).keys() == vars(estimator).keys()
    older = as_older(estimator)
    assert not hasattr(older, "n_features_in_")
    if hasattr(cls, "fit"):
        with pytest.raises(NotFittedError):
            check_is_fitted(older)
    assert vars(clone(older)).keys() == vars(estimator).keys()


def test_polars_frame():
    polars = pytest.importorskip("polars")
    X = polars.DataFrame({"load": TABLE["load"].to_numpy(), "wind": TABLE["wind"].to_numpy()})
    forecaster = PersistenceForecaster().fit(X)
    stored = skops.io.dumps(forecaster)
    loaded = skops.io.loads(stored, trusted=["skrnn.forecasting.PersistenceForecaster"])
    assert_same(loaded.forecast(3), forecaster.forecast(3))
    assert_same(loaded.predict(X), forecaster.predict(X))


def test_series_with_times_as_labels():
    days = pd.to_datetime(["2026-01-01", "2026-01-02"]).repeat(15)
    forecaster = PersistenceForecaster().fit(TABLE.reset_index(drop=True), series_id=days)
    stored = skops.io.dumps(forecaster)
    loaded = skops.io.loads(stored, trusted=["skrnn.forecasting.PersistenceForecaster"])
    assert_same(loaded.forecast(1), forecaster.forecast(1))


@pytest.mark.parametrize("kind", ["RNN classifier", "ESN classifier", "days", "reservoir"])
def test_size_does_not_depend_on_the_number_of_examples(kind):
    def fit_on(model, times):
        """Fit to copies of the examples; four have more rows than a readout has features."""
        if kind == "days":
            days = pd.date_range("2026", periods=len(TABLE) * times)
            rows = pd.concat([TABLE] * times).set_axis(days, axis=0)
            return model.set_params(calibration_size=None).fit(rows)
        return model.fit(X * times, np.tile(LABELS, times))

    model = fitted(kind)
    before = len(pickle.dumps(fit_on(model, 4)))
    fit_on(model, 20)
    assert len(pickle.dumps(model)) < before + 500


def test_size_of_a_pickle_is_that_of_its_arrays():
    model = RNNClassifier(**{**RNN, "units": 100}).fit(X, LABELS)
    # Adam stores two numbers for each weight, with which partial_fit continues.
    arrays = [*model.weights_, *model._optimizer_state]
    assert len(model._optimizer_state) <= 2 * len(model.weights_) + 2
    assert len(pickle.dumps(model)) < sum(array.nbytes for array in arrays) + 6000


# --- versions ---------------------------------------------------------------------------------


def test_pickle_of_another_version_warns(monkeypatch):
    model = fitted("tokenizer")
    with monkeypatch.context() as patch:
        patch.setattr(_estimator, "__version__", OLDER)
        stored = pickle.dumps(model), skops.io.dumps(model)
    loads = pickle.loads, lambda data: skops.io.loads(data, trusted=["skrnn.EmbeddingTokenizer"])
    for load, data in zip(loads, stored, strict=True):
        with pytest.warns(InconsistentVersionWarning, match="EmbeddingTokenizer") as caught:
            loaded = load(data)
        warning = caught[0].message
        assert warning.estimator_name == "EmbeddingTokenizer"
        assert warning.original_sklearn_version == OLDER
        assert warning.current_sklearn_version == skrnn.__version__
        assert f"saved with skrnn {OLDER}" in str(warning)
        assert "scikit-learn" not in str(warning)
        assert_same_results(loaded, "tokenizer")


def test_state_without_a_version_warns():
    state = fitted("tokenizer").__getstate__()
    del state["_skrnn_version"]
    with pytest.warns(InconsistentVersionWarning, match="saved with skrnn unknown"):
        EmbeddingTokenizer().__setstate__(state)


# The names of the features are optional: scikit-learn warns if X has names and `fit` had none.
@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("kind", VERSIONED)
def test_missing_attribute_of_older_version(kind):
    state = fitted(kind).__getstate__()
    optional = {*fitted(kind).get_params(deep=False), "_skrnn_version", "feature_names_in_"}
    counts = {}
    for name in state.keys() - optional:
        without = {key: value for key, value in state.items() if key != name}
        counts[name] = count_errors(as_older(fitted(kind), without), kind)
    assert sum(counts.values()) >= 1


@pytest.mark.parametrize("kind", VERSIONED)
def test_missing_field_of_older_version(kind):
    state = fitted(kind).__getstate__()
    values = {
        name: value
        for name, value in state.items()
        if isinstance(value, dict) and "_skrnn_kind" in value
    }
    for name, value in values.items():
        for field in value.keys() - {"_skrnn_kind"}:
            shorter = {key: item for key, item in value.items() if key != field}
            older = as_older(fitted(kind), {**state, name: shorter})
            assert not hasattr(older, name)
            with pytest.raises(AttributeError) as raised:
                getattr(older, name)
            assert names_both_versions(raised.value)


def test_reservoir_of_older_version_in_an_estimator():
    network = fitted("ESN classifier")
    for name in ("layers_", "_dtype", "_activation", "_model_space"):
        state = network.reservoir_.__getstate__()
        del state[name]
        older = fitted("ESN classifier")
        older.reservoir_ = as_older(network.reservoir_, state)
        with pytest.raises(AttributeError) as raised:
            older.predict(X)
        assert names_both_versions(raised.value)


def test_older_version_is_kept_until_the_next_fit():
    model = fitted("RNN classifier")
    state = model.__getstate__()
    del state["_optimizer_state"]
    older = as_older(model, state)
    for copied in (pickle.loads(pickle.dumps(older)), copy.deepcopy(older)):
        with pytest.raises(AttributeError, match=OLDER):
            copied.partial_fit(X, LABELS)
    with pytest.raises(ValueError, match="inconsistent"):
        older.fit(X, LABELS[1:])
    with pytest.raises(AttributeError, match=OLDER):
        older.partial_fit(X, LABELS)
    older.fit(X, LABELS).partial_fit(X, LABELS)
    assert vars(older).keys() == vars(model).keys()


@pytest.mark.parametrize("kind", VERSIONED)
def test_fit_replaces_the_older_version(kind):
    older = as_older(fitted(kind))
    batch, targets = KINDS[kind][1]
    older.fit(batch) if targets is None else older.fit(batch, targets)
    with pytest.raises(AttributeError, match="object has no attribute 'not_an_attribute'"):
        older.not_an_attribute  # noqa: B018


def test_errors_of_the_same_version_are_those_of_python():
    for model in (RNNClassifier(), fitted("RNN classifier")):
        with pytest.raises(AttributeError, match="'RNNClassifier' object has no attribute 'coef_'"):
            model.coef_  # noqa: B018
    for model in (RNNClassifier(), as_older(RNNClassifier())):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            model.model_  # noqa: B018


def test_warm_start_of_an_older_version_without_weights():
    state = fitted("RNN classifier").__getstate__()
    del state["weights_"]
    older = as_older(fitted("RNN classifier"), state).set_params(warm_start=True)
    with pytest.raises(AttributeError, match=OLDER):
        older.fit(X, LABELS)


# --- invalid states ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_end", {"_skrnn_kind": "SeriesEnd", "states": []}),
        ("_end", {"_skrnn_kind": "Popen", "args": "ls"}),
        ("_end", {"_skrnn_kind": "offset", "name": "Popen", "n": 1}),
        ("_end", {"_skrnn_kind": "offset", "name": "np", "n": 1}),
    ],
)
def test_invalid_value_of_the_same_version(name, value):
    state = {**fitted("ESN classifier").__getstate__(), name: value}
    with pytest.raises(ValueError, match=f"{name} of the stored EchoStateRegressor is invalid"):
        EchoStateRegressor().__setstate__(state)


@pytest.mark.parametrize("change", [{"indices": None}, {"shape": (3, 3)}, {"data": "text"}])
def test_invalid_sparse_array(change):
    state = fitted("liquid").__getstate__()
    state["recurrent_weights_"] = {**state["recurrent_weights_"], **change}
    with pytest.raises(ValueError, match="recurrent_weights_ of the stored LiquidStateMachine"):
        LiquidStateMachine().__setstate__(state)


def test_sparse_indices_beyond_the_array():
    state = fitted("liquid").__getstate__()
    weights = state["recurrent_weights_"]
    state["recurrent_weights_"] = {**weights, "indices": weights["indices"] + 1000}
    with pytest.raises(ValueError, match="recurrent_weights_ of the stored LiquidStateMachine"):
        LiquidStateMachine().__setstate__(state)
