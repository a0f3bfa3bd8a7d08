"""Pipelines as ONNX models: from raw numbers or symbols to labels in onnxruntime alone."""

import sys

import numpy as np
import onnxruntime
import pytest
import skl2onnx
from numpy.testing import assert_allclose, assert_array_equal
from onnx_models import as_batch, assert_predicts_as, input_dtype, run
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, FastICA
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, RobustScaler, StandardScaler

from skrnn import (
    EmbeddingTokenizer,
    OneHotSequenceEncoder,
    RNNClassifier,
    RNNRegressor,
    TimeDistributed,
)
from skrnn.export import register_skl2onnx, to_onnx

TINY = {"units": 4, "epochs": 1, "random_state": 0}
RNG = np.random.default_rng(0)
LENGTHS = [2, 1, 40, 7, 1, 9, 3, 2]
Y = np.resize(["ant", "bée", "cat"], 8)
# Pressures in pascals: float32 rounds them to multiples of 1/128.
X = [101_325 + 0.5 * RNG.normal(size=(n, 3)) for n in LENGTHS]
SYMBOLS = [[f"s{symbol}" for symbol in RNG.integers(0, 6, n)] for n in LENGTHS]


# --- TimeDistributed --------------------------------------------------------------------------

TRANSFORMERS = {
    "scaler": StandardScaler(),
    "scaler and PCA": make_pipeline(RobustScaler(), PCA(2)),
    "columns": ColumnTransformer(
        [("scaled", StandardScaler(), [0, 2]), ("imputed", SimpleImputer(), [1])]
    ),
    "distances": make_pipeline(StandardScaler(), KMeans(2, n_init=1, random_state=0)),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_to_onnx_pipeline_of_raw_numbers_predicts_labels(name):
    pipeline = make_pipeline(TimeDistributed(TRANSFORMERS[name]), RNNClassifier(**TINY))
    pipeline.fit(X, Y)
    model = to_onnx(pipeline)
    assert input_dtype(model) is np.float64
    assert_predicts_as(model, pipeline, X)


def test_to_onnx_pipeline_replaces_missing_values():
    gaps = [steps.copy() for steps in X]
    gaps[2][5, 1] = np.nan
    imputer = TimeDistributed(SimpleImputer(strategy="median"))
    scaler = TimeDistributed(StandardScaler())
    pipeline = make_pipeline(imputer, scaler, RNNClassifier(**TINY)).fit(gaps, Y)
    assert_predicts_as(to_onnx(pipeline), pipeline, gaps)


def test_to_onnx_pipeline_transformers_with_functions():
    # skl2onnx writes KNNImputer as functions of the model.
    gaps = [steps - 101_325 for steps in X]
    gaps[2][5, 1] = gaps[3][1, 0] = np.nan
    imputers = (TimeDistributed(KNNImputer(n_neighbors=n)) for n in (2, 3))
    pipeline = make_pipeline(*imputers, RNNRegressor(**TINY)).fit(gaps, np.arange(8))
    model = to_onnx(pipeline, input_dtype="float32")
    assert_predicts_as(model, pipeline, gaps)
    # The predictions depend on the imputed values.
    filled = [np.nan_to_num(steps, nan=5.0) for steps in gaps]
    assert np.abs(pipeline.predict(filled) - pipeline.predict(gaps)).max() > 1e-4
    register_skl2onnx()
    with pytest.raises(ValueError, match=r"cannot convert TimeDistributed\(.*skrnn.export.to_onnx"):
        skl2onnx.to_onnx(pipeline, initial_types=[("X", FloatTensorType([None, None, 3]))])


def test_to_onnx_pipeline_input_dtype():
    centred = [steps - 101_325 for steps in X]
    imputer = make_pipeline(SimpleImputer(), StandardScaler())
    pipeline = make_pipeline(TimeDistributed(imputer), RNNRegressor(**TINY))
    pipeline.fit(centred, np.arange(8))
    model = to_onnx(pipeline, input_dtype="float32")
    assert input_dtype(model) is np.float32
    assert_predicts_as(model, pipeline, centred)


def test_to_onnx_nested_pipeline_and_passthrough():
    steps = make_pipeline("passthrough", TimeDistributed(StandardScaler()))
    network = make_pipeline(TimeDistributed(PCA()), RNNClassifier(**TINY))
    pipeline = make_pipeline(steps, None, network).fit(X, Y)
    assert_predicts_as(to_onnx(pipeline), pipeline, X)


def test_to_onnx_one_hot_encoded_columns():
    X = [RNG.integers(0, 3, (n, 2)).astype(float) for n in LENGTHS]
    encoder = TimeDistributed(OneHotEncoder(sparse_output=False))
    pipeline = make_pipeline(encoder, RNNClassifier(**TINY)).fit(X, Y)
    assert_predicts_as(to_onnx(pipeline), pipeline, X)


@pytest.mark.parametrize(
    ("transformer", "match"),
    [
        (FastICA(2, random_state=0), "FastICA cannot be converted to ONNX for float64 inputs"),
        (FunctionTransformer(np.log1p), "FunctionTransformer cannot be converted to ONNX"),
        (SimpleImputer(add_indicator=True), "can only replace NaN"),
    ],
)
def test_to_onnx_transformer_without_conversion_raises(transformer, match):
    pipeline = make_pipeline(TimeDistributed(transformer), RNNClassifier(**TINY)).fit(X, Y)
    with pytest.raises(ValueError, match=match):
        to_onnx(pipeline)


def test_to_onnx_transformer_with_other_results_raises():
    # In float32, the rounding of the pressures is amplified by the projection.
    pipeline = make_pipeline(TimeDistributed(PCA(2)), RNNClassifier(**TINY)).fit(X, Y)
    with pytest.raises(ValueError, match=r"other results than .* Try input_dtype='float64'"):
        to_onnx(pipeline, input_dtype="float32")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "skl2onnx"])
def test_to_onnx_without_its_packages_names_the_extra(package, monkeypatch):
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), RNNClassifier(**TINY)).fit(X, Y)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"requires the package {package}.*skrnn\[export\]"):
        to_onnx(pipeline)


def test_to_onnx_step_without_conversion_raises():
    pipeline = make_pipeline(FunctionTransformer(), RNNClassifier(**TINY)).fit(X, Y)
    with pytest.raises(ValueError, match=r"step 'functiontransformer'.*to_onnx\(pipeline\[-1\]\)"):
        to_onnx(pipeline)


class Negated(TimeDistributed):
    """A user's class whose results are not those of its fitted transformer."""

    def transform(self, X):
        return [-steps for steps in super().transform(X)]


def test_to_onnx_step_with_its_own_transform_raises():
    pipeline = make_pipeline(Negated(StandardScaler()), RNNClassifier(**TINY)).fit(X, Y)
    with pytest.raises(
        ValueError, match=r"Negated has its own method 'transform'.*TimeDistributed"
    ):
        to_onnx(pipeline)


def test_to_onnx_transformer_after_an_encoder_raises():
    steps = OneHotSequenceEncoder(), TimeDistributed(PCA(2)), RNNClassifier(**TINY)
    with pytest.raises(ValueError, match=r"step 'onehotsequenceencoder'.*no other transformer"):
        to_onnx(make_pipeline(*steps).fit(SYMBOLS, Y))


# --- symbols ----------------------------------------------------------------------------------


def test_to_onnx_tokens_that_are_booleans_are_integers():
    documents = [[symbol > "s2" for symbol in document] for document in SYMBOLS]
    tokenizer = EmbeddingTokenizer(analyzer="tokens")
    pipeline = make_pipeline(tokenizer, RNNClassifier(embedding=3, **TINY)).fit(documents, Y)
    assert_predicts_as(to_onnx(pipeline), pipeline, documents)


@pytest.mark.parametrize(
    "params", [{}, {"max_length": 4}, {"max_length": 4, "truncating": "pre"}], ids=str
)
@pytest.mark.parametrize("kind", [str, int])
def test_to_onnx_tokenizer_of_tokens(params, kind):
    documents = [[kind(symbol[1:]) for symbol in symbols] for symbols in SYMBOLS]
    tokenizer = EmbeddingTokenizer(analyzer="tokens", lowercase=False, max_tokens=5, **params)
    pipeline = make_pipeline(tokenizer, RNNClassifier(**TINY, embedding=3)).fit(documents, Y)
    assert_predicts_as(to_onnx(pipeline), pipeline, documents)
    # A document without tokens is read as one unknown token.
    documents = [documents[0], []]
    batch, lengths = as_batch(documents, object if kind is str else np.int64)
    outputs = run(to_onnx(pipeline), batch, lengths)
    assert_allclose(outputs["probabilities"], pipeline.predict_proba(documents), atol=1e-5)
    for impossible in (-1, batch.shape[1] + 1):
        with pytest.raises(Exception, match="out of data bounds"):
            run(to_onnx(pipeline), batch, np.array([1, impossible]))


@pytest.mark.parametrize("handle_unknown", ["error", "ignore", "infrequent_if_exist"])
def test_to_onnx_one_hot_encoder(handle_unknown):
    encoder = OneHotSequenceEncoder(handle_unknown=handle_unknown, max_categories=4)
    pipeline = make_pipeline(encoder, RNNClassifier(**TINY)).fit(SYMBOLS, Y)
    model = to_onnx(pipeline)
    assert_predicts_as(model, pipeline, SYMBOLS)
    unknown = [["s1", "new", "s2"], ["s2"]]
    if handle_unknown == "error":
        with pytest.raises(Exception, match="out of data bounds"):
            run(model, *as_batch(unknown, object))
    else:
        assert_predicts_as(model, pipeline, unknown)


@pytest.mark.parametrize(
    ("encoder", "documents", "match"),
    [
        (EmbeddingTokenizer(), [" ".join(s) for s in SYMBOLS], "analyzer='tokens'"),
        (EmbeddingTokenizer(analyzer="tokens"), SYMBOLS, "lowercase=False.*set_params"),
        (OneHotSequenceEncoder(analyzer="word"), [" ".join(s) for s in SYMBOLS], "analyzer=None"),
    ],
)
def test_to_onnx_encoder_that_changes_text_raises(encoder, documents, match):
    embedding = 3 if isinstance(encoder, EmbeddingTokenizer) else None
    pipeline = make_pipeline(encoder, RNNClassifier(**TINY, embedding=embedding))
    pipeline.fit(documents, Y)
    with pytest.raises(ValueError, match=match):
        to_onnx(pipeline)


def test_to_onnx_token_ids_read_as_numbers_raise():
    tokenizer = EmbeddingTokenizer(analyzer="tokens", lowercase=False)
    pipeline = make_pipeline(tokenizer, RNNClassifier(**TINY)).fit(SYMBOLS, Y)
    with pytest.raises(ValueError, match="makes token ids, but the estimator after it reads num"):
        to_onnx(pipeline)


def test_to_onnx_one_hot_for_a_pipeline_raises():
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), RNNClassifier(**TINY)).fit(X, Y)
    with pytest.raises(ValueError, match="one_hot=True is for estimators"):
        to_onnx(pipeline, one_hot=True)


# --- skl2onnx ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["lstm", "minimal_gru"])
@pytest.mark.parametrize("target_opset", [None, 18])
@pytest.mark.parametrize("kind", [FloatTensorType, DoubleTensorType])
def test_skl2onnx_converts_pipelines(kind, target_opset, cell):
    register_skl2onnx()
    centred = [steps - 101_325 for steps in X]
    scaler = TimeDistributed(StandardScaler())
    pipeline = make_pipeline(scaler, RNNClassifier(**TINY, cell=cell)).fit(centred, Y)
    types = [("X", kind([None, None, 3])), ("lengths", Int64TensorType([None]))]
    model = skl2onnx.to_onnx(pipeline, initial_types=types, target_opset=target_opset)
    assert [output.name for output in model.graph.output] == ["label", "probabilities"]
    assert_predicts_as(model, pipeline, centred)


def test_skl2onnx_without_lengths_reads_whole_arrays():
    register_skl2onnx()
    table = RNG.normal(size=(8, 5))
    pipeline = make_pipeline(StandardScaler(), RNNRegressor(**TINY)).fit(table, table.sum(axis=1))
    model = skl2onnx.to_onnx(pipeline, initial_types=[("X", FloatTensorType([None, 5]))])
    values = skl2onnx_outputs(model, {"X": table.astype(np.float32)})
    assert_allclose(values[0], pipeline.predict(table), atol=1e-5)


def test_skl2onnx_token_ids_and_boolean_classes():
    register_skl2onnx()
    ids = RNG.integers(2, 9, (8, 4))
    classifier = RNNClassifier(**TINY, embedding=3).fit(ids, Y == "ant")
    model = skl2onnx.to_onnx(classifier, initial_types=[("X", Int64TensorType([None, None]))])
    labels, probabilities = skl2onnx_outputs(model, {"X": ids})
    assert_array_equal(labels, classifier.predict(ids), strict=True)
    assert_allclose(probabilities, classifier.predict_proba(ids), atol=1e-5)


def skl2onnx_outputs(model, inputs):
    """Return the outputs of a model that may have X alone as input."""
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)


@pytest.mark.parametrize(
    ("target_opset", "kind", "match"),
    [
        (15, FloatTensorType, "target_opset must be at least 18"),
        (18, StringTensorType, "requires FloatTensorType or DoubleTensorType"),
    ],
)
def test_skl2onnx_bad_target_or_type_raises(target_opset, kind, match):
    register_skl2onnx()
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), RNNClassifier(**TINY)).fit(X, Y)
    types = [("X", kind([None, None, 3]))]
    with pytest.raises(ValueError, match=match):
        skl2onnx.to_onnx(pipeline, initial_types=types, target_opset=target_opset)
