"""The public names: each addition or removal is a decision, and each name has an example."""

import importlib
import inspect
import re
from dataclasses import fields

import pytest

import skrnn
from skrnn._cells import CELLS

PUBLIC_NAMES = {
    "skrnn": [
        "EchoStateClassifier",
        "EchoStateRegressor",
        "EmbeddingTokenizer",
        "OneHotSequenceEncoder",
        "RNNClassifier",
        "RNNRegressor",
        "Seq2SeqClassifier",
        "Seq2SeqRegressor",
        "SequenceGenerator",
        "Sequences",
        "SlidingWindow",
        "SlidingWindowForecaster",
        "TimeDistributed",
        "__version__",
        "check_sequences",
        "clear_program_cache",
    ],
    "skrnn.datasets": [
        "fetch_airline_passengers",
        "fetch_beijing_pm25",
        "fetch_churn",
        "fetch_credit_card",
        "fetch_google_stock",
        "fetch_imdb",
        "fetch_japanese_vowels",
        "fetch_multi30k",
        "fetch_names",
        "fetch_sequoia",
        "fetch_sms_spam",
        "fetch_synop",
        "fetch_tatoeba",
        "fetch_tiny_shakespeare",
        "get_data_home",
        "load_ucr",
        "make_adding_problem",
        "make_ladybug",
        "make_lorenz",
        "make_mackey_glass",
        "make_memory_task",
        "make_narma",
    ],
    "skrnn.export": [
        "from_safetensors",
        "register_skl2onnx",
        "to_keras",
        "to_onnx",
        "to_safetensors",
    ],
    "skrnn.forecasting": [
        "DriftForecaster",
        "PersistenceForecaster",
        "SeasonalNaiveForecaster",
        "SlidingWindowForecaster",
        "make_windows",
    ],
    "skrnn.inspection": [
        "AttributionDisplay",
        "ForecastDisplay",
        "GateDisplay",
        "GradientFlowDisplay",
        "HistoryDisplay",
        "HorizonErrorDisplay",
        "ReservoirDisplay",
        "StateDisplay",
        "TrajectoryDisplay",
        "feature_attributions",
        "gradient_flow",
    ],
    "skrnn.metrics": [
        "corpus_bleu",
        "flatten_steps",
        "make_step_scorer",
        "mase",
        "sequence_accuracy_score",
        "token_accuracy_score",
    ],
    "skrnn.model_selection": ["search_space", "suggest_params", "train_dev_test_split"],
    "skrnn.preprocessing": [
        "EmbeddingTokenizer",
        "Interpolator",
        "OneHotSequenceEncoder",
        "SlidingWindow",
        "TimeDistributed",
        "regularize",
    ],
    "skrnn.reservoir": [
        "EchoStateClassifier",
        "EchoStateRegressor",
        "LiquidStateMachine",
        "Reservoir",
        "echo_state_index",
        "memory_capacity",
    ],
    "skrnn.recurrent": [
        "AttentionBody",
        "ConvBody",
        "LSTMFCNBody",
        "RNNClassifier",
        "RNNRegressor",
        "RandomConvBody",
        "RecurrentFeatures",
        "Seq2SeqClassifier",
        "Seq2SeqRegressor",
        "SequenceGenerator",
        "Stream",
        "check_body",
        "clear_program_cache",
        "masked_attention",
    ],
    "skrnn.sequences": [
        "MixedSequences",
        "Sequences",
        "check_sequences",
        "from_aeon",
        "from_channels_first",
        "from_long",
        "from_multiindex",
        "from_nan_padded",
        "to_aeon",
        "to_channels_first",
        "to_column",
        "to_long",
        "to_multiindex",
        "to_padded",
    ],
}
DOCUMENTED = sorted(
    {
        getattr(importlib.import_module(module), name)
        for module, names in PUBLIC_NAMES.items()
        for name in names
        if not name.startswith("__")
    },
    key=lambda public: public.__name__,
)


@pytest.mark.parametrize("module", PUBLIC_NAMES)
def test_public_names(module):
    public = importlib.import_module(module).__all__
    assert list(public) == sorted(public)
    assert list(public) == PUBLIC_NAMES[module]


@pytest.mark.parametrize("module", PUBLIC_NAMES)
def test_dir_shows_the_public_names(module):
    loaded = importlib.import_module(module)
    assert set(loaded.__all__) <= set(dir(loaded))


@pytest.mark.parametrize("public", DOCUMENTED, ids=lambda public: public.__name__)
def test_every_public_name_has_an_example(public):
    sections = inspect.getdoc(public).splitlines()
    assert "Examples" in sections
    assert any(line.lstrip().startswith(">>> ") for line in sections)


@pytest.mark.parametrize("public", DOCUMENTED, ids=lambda public: public.__name__)
def test_every_public_method_has_a_docstring(public):
    methods = inspect.getmembers(public, inspect.isfunction) if inspect.isclass(public) else []
    assert [name for name, f in methods if not (name.startswith("_") or inspect.getdoc(f))] == []


TRAINED = [
    skrnn.RNNClassifier,
    skrnn.RNNRegressor,
    skrnn.Seq2SeqClassifier,
    skrnn.Seq2SeqRegressor,
    skrnn.SequenceGenerator,
]


@pytest.mark.parametrize("kind", TRAINED)
def test_descriptions_of_parameters_name_only_those_of_the_estimator(kind):
    everywhere = {item.name for other in TRAINED for item in fields(other)}
    cells = next(rule for rule in kind._parameter_constraints["cell"] if rule is not callable)
    for item in fields(kind):
        text = item.metadata["description"]
        names = set(re.findall(r"`(\w+)(?:=[^`]*)?`", text)) & everywhere
        assert names <= set(kind().get_params()), item.name
        assert set(re.findall(r'"(\w+)"', text)) & set(CELLS) <= cells.options, item.name
