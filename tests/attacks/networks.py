"""Attacks on what receives a fitted network or belongs to one: methods, streams, displays, exports.

One argument at a time gets a value that is wrong or strange, as in `functions`.
"""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skrnn import (
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequenceGenerator,
)
from skrnn.export import from_safetensors, to_keras, to_onnx, to_safetensors
from skrnn.forecasting import SlidingWindowForecaster
from skrnn.inspection import (
    AttributionDisplay,
    ForecastDisplay,
    GateDisplay,
    GradientFlowDisplay,
    HistoryDisplay,
    HorizonErrorDisplay,
    ReservoirDisplay,
    StateDisplay,
    TrajectoryDisplay,
    feature_attributions,
    gradient_flow,
)
from skrnn.model_selection import search_space, suggest_params
from skrnn.recurrent import AttentionBody, ConvBody, LSTMFCNBody, RandomConvBody, check_body
from skrnn.reservoir import Reservoir

from .estimators import RNN
from .functions import BATCH, TAGS, arguments

PAIRS = [np.ones((2, 1)), np.zeros((2, 1)), np.ones((2, 1))]
LABELS = ["a", "b", "a"]
NAMES = ["anna", "hanna", "nana"]
TABLE = np.arange(80.0).reshape(40, 2) % 7
# It is removed when the process ends.
_FOLDER = TemporaryDirectory()
FOLDER = Path(_FOLDER.name)


def of_sequence_targets():
    """Return methods of the estimators whose targets are sequences, with right arguments."""
    writer = Seq2SeqClassifier(**RNN, attention="luong").fit(BATCH, TAGS)
    tracker = Seq2SeqRegressor(**RNN).fit(BATCH, PAIRS)
    return {
        "Seq2SeqClassifier.fit": (
            clone(writer).fit,
            {"X": BATCH, "y": TAGS, "sample_weight": None, "groups": None},
            ["groups"],
        ),
        "Seq2SeqClassifier.predict": (
            writer.predict,
            {"X": BATCH, "beam_width": 1},
            ["beam_width"],
        ),
        "Seq2SeqClassifier.predict_proba": (writer.predict_proba, {"X": BATCH, "y": TAGS}, None),
        "Seq2SeqClassifier.attention_weights": (
            writer.attention_weights,
            {"X": BATCH, "y": TAGS},
            None,
        ),
        "Seq2SeqClassifier.score": (
            writer.score,
            {"X": BATCH, "y": TAGS, "sample_weight": None},
            ["y", "sample_weight"],
        ),
        "Seq2SeqRegressor.predict": (tracker.predict, {"X": BATCH, "lengths": 2}, ["lengths"]),
        "Seq2SeqRegressor.score": (
            tracker.score,
            {"X": BATCH, "y": PAIRS, "sample_weight": None},
            ["y", "sample_weight"],
        ),
    }


def of_generators():
    """Return methods of generators of sequences, with right arguments."""
    generator = SequenceGenerator(**RNN).fit(NAMES)
    methods = (generator.score_samples, generator.score, generator.perplexity)
    return {
        "SequenceGenerator.fit": (clone(generator).fit, {"X": NAMES, "X_val": NAMES}, None),
        **{
            f"SequenceGenerator.{method.__name__}": (method, {"X": NAMES}, None)
            for method in (*methods, generator.predict_proba)
        },
        "SequenceGenerator.sample": (
            generator.sample,
            {
                **{"n_samples": 2, "prompt": "an", "max_length": 3, "temperature": 1.0},
                **{"top_k": 2, "random_state": 0},
            },
            None,
        ),
    }


class _Trial:
    """What `suggest_params` asks of an Optuna trial."""

    def suggest_categorical(self, name, choices):
        return choices[0]

    def suggest_float(self, name, low, high, *, log=False):
        return low


def of_networks():
    """Return functions and methods that receive a fitted network, with right arguments."""
    classifier = RNNClassifier(**RNN).fit(BATCH, LABELS)
    to_safetensors(classifier, FOLDER / "right.safetensors")
    explained = {
        **{"estimator": classifier, "X": BATCH, "method": "occlusion", "target": "a"},
        **{"time_step": None, "baseline": None, "n_steps": 2},
    }
    path = {"estimator": classifier, "path": FOLDER / "model.onnx"}
    continued = {"X": BATCH, "initial_state": None, "return_state": False}
    return {
        "gradient_flow": (
            gradient_flow,
            {"estimator": classifier, "X": BATCH, "y": LABELS, "weights": "fitted", "align": "end"},
            None,
        ),
        "feature_attributions": (feature_attributions, explained, None),
        "to_onnx": (to_onnx, {**path, "input_dtype": "float32", "one_hot": False}, None),
        "to_keras": (to_keras, {**path, "path": FOLDER / "model.keras"}, None),
        "to_safetensors": (to_safetensors, {**path, "path": FOLDER / "w.safetensors"}, None),
        "from_safetensors": (
            from_safetensors,
            {**path, "path": FOLDER / "right.safetensors"},
            None,
        ),
        "search_space": (search_space, {"estimator": classifier}, None),
        "suggest_params": (suggest_params, {"trial": _Trial(), "estimator": classifier}, None),
        "stream": (
            classifier.stream,
            {"state": None, "method": "predict", "n_streams": None},
            None,
        ),
        "Stream.send": (lambda x: classifier.stream().send(x), {"x": [0.5, 1.0]}, None),
        "Stream.send_many": (lambda X: classifier.stream().send_many(X), {"X": BATCH[0]}, None),
        "RNNClassifier.predict": (classifier.predict, continued, ["initial_state"]),
    }


def of_bodies():
    """Return functions that build a body, with right arguments."""
    body = ConvBody(filters=2, kernel_size=2)
    built = {"n_features": 2, "lengths": (3, 2), "dtype": "float32", "random_state": 0}
    return {
        "check_body": (check_body, {"body": body, **built}, list(built)),
        **{
            kind.__name__: (partial(_build, kind), kind().get_params(deep=False), None)
            for kind in (ConvBody, LSTMFCNBody, RandomConvBody, AttentionBody)
        },
    }


def _build(kind, **parameters):
    check_body(kind(**parameters), lengths=(3, 2))


def drawn(kind):
    """Return a function that draws a display of some kind, and closes its figure."""

    def draw(**given):
        try:
            return kind.from_estimator(**given)
        finally:
            plt.close("all")

    return draw


def of_displays():
    """Return displays of networks, reservoirs and forecasters, with right arguments."""
    mpl.use("agg")
    network = RNNRegressor(**RNN).fit(BATCH, [0.0, 1.0, 2.0])
    reservoir = Reservoir(units=8, random_state=0).fit(BATCH)
    forecaster = SlidingWindowForecaster(
        Ridge(), window_length=3, horizon=2, calibration_size=0.4
    ).fit(TABLE)
    common = {"estimator": network, "X": BATCH, "sequence": 0, "labels": None}
    cases = {
        AttributionDisplay: {**common, "method": "occlusion", "feature_names": None},
        GateDisplay: {
            **common,
            "estimator": RNNRegressor(**{**RNN, "cell": "gru"}).fit(BATCH, [0.0, 1.0, 2.0]),
            **{"layer": -1, "backward": False, "units": None, "kind": "image"},
        },
        GradientFlowDisplay: {
            **{"estimator": network, "X": BATCH, "y": [0.0, 1.0, 2.0]},
            **{"weights": "fitted", "align": "end", "name": None},
        },
        HistoryDisplay: {"estimator": network, "metrics": None, "name": None},
        StateDisplay: {**common, "kind": "image"},
        ReservoirDisplay: {"estimator": reservoir, "X": BATCH, "n_units": 3, "max_delay": None},
        ForecastDisplay: {
            **{"forecaster": forecaster, "n_steps": 2, "history": TABLE, "truth": TABLE[:2]},
            **{"column": None, "n_history": 3, "coverage": None, "name": None},
        },
        TrajectoryDisplay: {"forecaster": forecaster, "n_steps": 2, "n_history": None},
        HorizonErrorDisplay: {
            **{"forecaster": forecaster, "X": TABLE, "y": None, "cv": 2},
            **{"series_id": None, "metric": "mae", "name": None},
        },
    }
    return {kind.__name__: (drawn(kind), right, None) for kind, right in cases.items()}


def each(make_functions):
    """Yield attacks: each argument of each of some functions in turn."""
    yield from arguments(make_functions())


ATTACKS = {
    "Methods of sequence-to-sequence estimators": partial(each, of_sequence_targets),
    "Methods of generators of sequences": partial(each, of_generators),
    "Functions of fitted networks: streams, inspection, export, searches": partial(
        each, of_networks
    ),
    "Bodies of networks": partial(each, of_bodies),
    "Displays": partial(each, of_displays),
}
