"""A fitted estimator of each kind, and what can be asked of it, for tests of saving and loading."""

import contextlib
import pickle
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_data import TINY, labelled, tagged

from skrnn import (
    EchoStateClassifier,
    EchoStateRegressor,
    EmbeddingTokenizer,
    OneHotSequenceEncoder,
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequenceGenerator,
    SlidingWindow,
    SlidingWindowForecaster,
    TimeDistributed,
)
from skrnn.forecasting import DriftForecaster, PersistenceForecaster, SeasonalNaiveForecaster
from skrnn.preprocessing import Interpolator
from skrnn.recurrent import ConvBody
from skrnn.reservoir import LiquidStateMachine, Reservoir

X, LABELS = labelled(("no", "yes"), n=12)
TAGGED, TAGS = tagged(n=12)
SUMS = np.array([steps.sum() for steps in X])
IDS = [np.arange(2, 2 + len(steps)) for steps in X]
FRAMES = [pd.DataFrame(steps, columns=["wind", "sun"]) for steps in X]
TEXTS = ["a fine film", "no fine film", "not this film"]
DNA = ["ACGT", "GGA", "TTTA"]
ROWS = np.random.default_rng(0).normal(size=(30, 2))
TIMES = pd.date_range("2026-01-01", periods=30, freq="D", tz="Europe/Paris", name="day")
TABLE = pd.DataFrame(ROWS, columns=["load", "wind"], index=TIMES)
GAPS = TABLE.mask(np.random.default_rng(1).random(ROWS.shape) < 0.2)
RNN = {**TINY, "epochs": 1}
BODY = ConvBody(filters=4, kernel_size=3, pool_size=1)
ESN = {"units": 5, "random_state": 0}
SEVERAL = pd.concat({"a": TABLE, "b": TABLE + 1}, names=["site"])
WINDOWS = SlidingWindowForecaster(Ridge(), window_length=3, horizon=2, calibration_size=0.3)


def with_index(index):
    """Return the rows of the series with another index."""
    return pd.DataFrame(ROWS, columns=["load", "wind"]).set_axis(index, axis=0)


def updated():
    """Return a regressor whose readout holds the state of recursive least squares."""
    network = EchoStateRegressor(**ESN, rows="steps", initial_state="fit_end", alpha=[1e-3, 1.0])
    return network.fit(ROWS[:-5], ROWS[1:-4]).update(ROWS[20:25], ROWS[21:26])


# Kind -> a function that fits an estimator, and the data that its methods are called with.
KINDS = {
    "RNN classifier": (lambda: RNNClassifier(**RNN).fit(X, LABELS), (X, LABELS)),
    "RNN regressor": (
        lambda: RNNRegressor(
            **RNN, bidirectional=True, metrics=["mae"], standardize=True
        ).fit(FRAMES, SUMS),
        (FRAMES, SUMS),
    ),
    "RNN tagger": (
        lambda: RNNClassifier(**RNN, return_sequences=True).fit(TAGGED, TAGS), (TAGGED, TAGS)),
    "RNN on ids": (lambda: RNNClassifier(**RNN, embedding=3).fit(IDS, LABELS), (IDS, LABELS)),
    "RNN that writes": (
        lambda: Seq2SeqClassifier(
            **RNN, attention="luong", target_tokenizer=EmbeddingTokenizer()
        ).fit(X, TEXTS * 4),
        (X, TEXTS * 4),
    ),
    "RNN that writes numbers": (lambda: Seq2SeqRegressor(**RNN).fit(X, X), (X, X)),
    "generator": (lambda: SequenceGenerator(**RNN).fit(DNA), (DNA, None)),
    "generator of a text": (
        lambda: SequenceGenerator(**RNN, embedding=2).fit("".join(DNA)), ("".join(DNA), None)),
    "ESN classifier": (
        lambda: EchoStateClassifier(**ESN, pooling="mean").fit(X, LABELS), (X, LABELS)),
    "RNN with a body": (
        lambda: RNNClassifier(**RNN, pooling="attention", body=BODY).fit(X, LABELS),
        (X, LABELS),
    ),
    "ESN regressor": (
        lambda: EchoStateRegressor(**ESN, solver="svd", reservoir=Reservoir(
            bidirectional=True, layers=2, pooling="model_space")).fit(FRAMES, SUMS),
        (FRAMES, SUMS),
    ),
    "ESN of one series": (updated, (ROWS[25:], ROWS[25:])),
    "ESN with feedback": (
        lambda: EchoStateRegressor(
            **ESN, rows="steps", reservoir=Reservoir(feedback_scaling=0.3)
        ).fit(ROWS, ROWS[:, 0]),
        (ROWS, ROWS[:, 0]),
    ),
    "reservoir": (
        lambda: Reservoir(**ESN, plasticity="oja", activation=np.tanh).fit(X), (X, None)),
    "liquid": (lambda: LiquidStateMachine(units=9, random_state=0).fit(X), (X, None)),
    "steps": (lambda: TimeDistributed(StandardScaler()).fit(FRAMES), (FRAMES, None)),
    "one-hot": (lambda: OneHotSequenceEncoder(min_frequency=2).fit(DNA), (DNA, None)),
    "one-hot table": (
        lambda: OneHotSequenceEncoder(handle_unknown="ignore").fit(pd.DataFrame([[1, 2], [2, 2]])),
        (pd.DataFrame([[2, 3], [1, 1]]), None),
    ),
    "tokenizer": (lambda: EmbeddingTokenizer().fit(TEXTS), (TEXTS, None)),
    "windows": (lambda: SlidingWindow(3).fit(TABLE), (TABLE, None)),
    "interpolator": (
        lambda: Interpolator(method="time", add_indicator=True).fit(GAPS), (GAPS, None)),
    "persistence": (lambda: PersistenceForecaster().fit(TABLE["load"]), (TABLE["load"], None)),
    "drift": (lambda: DriftForecaster(horizon=2).fit([TABLE, TABLE + 1]), ([TABLE, TABLE], None)),
    "seasonal": (lambda: SeasonalNaiveForecaster(7).fit(SEVERAL), (SEVERAL, None)),
    "array": (lambda: PersistenceForecaster().fit(ROWS), (ROWS, None)),
    "range": (
        lambda: WINDOWS.fit(with_index(range(30)), ROWS[:, 0]), (with_index(range(30)), None)),
    "integers": (lambda: WINDOWS.fit(with_index(range(4, 64, 2))),
                 (with_index(range(4, 64, 2)), None)),
    "days": (lambda: WINDOWS.fit(TABLE), (TABLE, None)),
    "periods": (
        lambda: WINDOWS.fit(with_index(pd.period_range("2026-01", periods=30, freq="Q"))),
        (with_index(pd.period_range("2026-01", periods=30, freq="Q")), None),
    ),
    "months": (
        lambda: WINDOWS.fit(
            with_index(pd.date_range("2026-01-15", periods=30, freq=pd.DateOffset(months=3)))),
        (with_index(pd.date_range("2026-01-15", periods=30, freq=pd.DateOffset(months=3))), None),
    ),
    "network of windows": (
        lambda: SlidingWindowForecaster(RNNRegressor(**RNN), window_length=3).fit(TABLE),
        (TABLE, None),
    ),
    "pipeline": (
        lambda: make_pipeline(TimeDistributed(StandardScaler()), RNNClassifier(**RNN)).fit(
            X, LABELS),
        (X, LABELS),
    ),
    "text pipeline": (
        lambda: make_pipeline(EmbeddingTokenizer(), RNNClassifier(**RNN, embedding=3)).fit(
            TEXTS, [0, 1, 1]),
        (TEXTS, [0, 1, 1]),
    ),
}  # fmt: skip


# Kinds whose predictions are those of a recurrent network, which a framework computes.
NETWORKS = {
    *(kind for kind in KINDS if kind.startswith("RNN")),
    *("network of windows", "pipeline", "text pipeline"),
}


@lru_cache
def pickled(kind):
    """Return a fitted estimator as bytes, which no test can change."""
    return pickle.dumps(KINDS[kind][0]())


def fitted(kind):
    """Return a new copy of a fitted estimator."""
    return pickle.loads(pickled(kind))


def _train_further(model, batch, targets):
    # A part of the data, so that a model that begins again has other results.
    part = max(len(batch) // 2, 1)
    model.partial_fit(batch[:part], targets if targets is None else targets[:part])
    return model.predict(batch) if hasattr(model, "predict") else model.transform(batch)


def _probabilities(model, batch, targets):
    # Those of a sequence of tokens are given the tokens before.
    needs_targets = isinstance(model, Seq2SeqClassifier)
    return model.predict_proba(batch, *[targets] * needs_targets)


USES = {
    "predict": lambda model, batch, _: model.predict(batch),
    "predict_proba": _probabilities,
    "predict_trajectory": lambda model, batch, _: model.predict_trajectory(batch),
    "predict_interval": lambda model, batch, _: model.predict_interval(batch, coverage=0.5),
    "forecast": lambda model, batch, _: model.forecast(2),
    "context_": lambda model, batch, _: model.context_,
    "generate": lambda model, batch, _: model.generate(3),
    "hidden_states": lambda model, batch, _: model.hidden_states(batch),
    "coef_": lambda model, batch, _: (model.coef_, model.intercept_, model.gcv_errors_),
    "transform": lambda model, batch, _: model.transform(batch),
    "inverse_transform": lambda model, batch, _: model.inverse_transform(model.transform(batch)),
    "get_feature_names_out": lambda model, batch, _: model.get_feature_names_out(),
    "score_samples": lambda model, batch, _: model.score_samples(batch),
    "sample": lambda model, batch, _: model.sample(2, max_length=5, random_state=0),
    "score": lambda model, batch, targets: model.score(batch, targets),
    "partial_fit": _train_further,
}


def use(model, kind, name):
    """Return the result of one use of a fitted estimator."""
    return USES[name](model, *KINDS[kind][1])


@lru_cache
def expected_results(kind):
    """Return the results of all uses that an estimator of a kind supports, by name."""
    results = {}
    for name in USES:
        # An estimator without intervals, for example, has the method but raises an error.
        with contextlib.suppress(AttributeError, ValueError):
            results[name] = use(fitted(kind), kind, name)
    assert results.keys() & {"predict", "transform", "sample"}
    return results


def assert_same_results(model, kind, names=None):
    """Check that uses of an estimator have the expected results, to the last bit."""
    expected = expected_results(kind)
    for name in expected if names is None else names:
        assert_same(use(pickle.loads(pickle.dumps(model)), kind, name), expected[name])


def assert_same(one, other):
    """Check that two results are equal to the last bit, also in their types and indexes."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        assert_same(list(one.values()), list(other.values()))
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for item, expected in zip(one, other, strict=True):
            assert_same(item, expected)
    elif isinstance(one, pd.DataFrame | pd.Series):
        assert one.index.identical(other.index)
        assert_same(one.to_numpy(), other.to_numpy())
    elif sparse.issparse(one):
        assert_same(one.toarray(), other.toarray())
    else:
        assert_array_equal(one, other, strict=isinstance(one, np.ndarray))
