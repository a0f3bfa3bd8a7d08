"""Streams of echo state estimators: they predict after each time step what `predict` predicts."""

import pickle

import numpy as np
import pandas as pd
import pytest
from echo_state_data import LABELS, SUMS, TAGGED, TAGS, X, double
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError

from skrnn import EchoStateClassifier, EchoStateRegressor
from skrnn.recurrent import Stream

LONG = np.concatenate(X[:4])
TIGHT = {"rtol": 1e-9, "atol": 1e-9}
POOLINGS = ["last", "mean", "std", "model_space", ("std", "last", "model_space", "mean")]


def deep(**params):
    """Return a reservoir of two layers in float64."""
    return double(layers=2, **params)


SMALL = {"units": (12, 8), "reservoir": deep(), "random_state": 0}


def regressor(**params):
    return EchoStateRegressor(**{**SMALL, "alpha": 1e-3, **params})


def classifier(**params):
    return EchoStateClassifier(**{**SMALL, **params})


def prefixes(steps):
    return [steps[: t + 1] for t in range(len(steps))]


def one_by_one(stream, steps):
    return np.array([stream.send(x) for x in steps])


# --- predictions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("readout_input", [True, False])
@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
def test_echo_state_stream_equals_predictions_of_every_prefix(pooling, readout_input):
    params = {"pooling": pooling, "readout_input": readout_input}
    y = np.column_stack([SUMS, SUMS**2])
    for model in (regressor(**params).fit(X, SUMS), regressor(**params).fit(X, y)):
        expected = model.predict(prefixes(LONG))
        assert_allclose(model.stream().send_many(LONG), expected, **TIGHT)
        assert_allclose(one_by_one(model.stream(), LONG), expected, **TIGHT)


@pytest.mark.parametrize("labels", [LABELS, LABELS == "bee"], ids=["three classes", "two"])
def test_echo_state_stream_has_the_methods_of_a_classifier(labels):
    model = classifier().fit(X, labels)
    for method in ("predict", "predict_proba", "decision_function"):
        expected = getattr(model, method)(prefixes(LONG))
        found = one_by_one(model.stream(method=method), LONG)
        if method == "predict":
            assert_array_equal(found, expected)
        else:
            assert_allclose(found, expected, **TIGHT)
    assert type(model.stream().send(LONG[0])) is type(model.classes_[0])


def test_echo_state_stream_is_close_in_float32():
    model = EchoStateClassifier(units=30, random_state=0).fit(X, LABELS)
    expected = model.predict_proba(prefixes(LONG))
    assert_allclose(model.stream(method="predict_proba").send_many(LONG), expected, atol=1e-6)


@pytest.mark.parametrize("feedback_scaling", [0.0, 0.5])
def test_echo_state_stream_equals_predictions_of_each_time_step(feedback_scaling):
    reservoir = deep(feedback_scaling=feedback_scaling)
    params = {"reservoir": reservoir, "return_sequences": True, "washout": 1}
    tagger = classifier(**params).fit(TAGGED, TAGS)
    expected = tagger.predict_proba([LONG])[0]
    assert_allclose(tagger.stream(method="predict_proba").send_many(LONG), expected, **TIGHT)
    tracker = regressor(**params).fit(X, [steps.cumsum(axis=0) for steps in X])
    assert_allclose(one_by_one(tracker.stream(), LONG), tracker.predict([LONG])[0], **TIGHT)


def test_echo_state_stream_continues_the_training_series():
    time = np.arange(300)
    table = pd.DataFrame({"a": np.sin(0.3 * time), "b": np.cos(0.1 * time)})
    y = np.roll(table["a"], -1)
    for feedback_scaling in (0.0, 0.3):
        model = regressor(
            rows="steps",
            initial_state="fit_end",
            reservoir=deep(feedback_scaling=feedback_scaling),
        ).fit(table[:200], y[:200])
        expected = model.predict(table[200:])
        assert_allclose(model.stream().send_many(table[200:]), expected, **TIGHT)
        assert_allclose(one_by_one(model.stream(), table[200:].to_numpy()), expected, **TIGHT)


def test_echo_state_stream_reads_numbers_and_one_hot_rows():
    series = [steps[:, 0] for steps in X]
    model = regressor(pooling="mean").fit(series, SUMS)
    expected = model.predict(prefixes(series[0]))
    assert_allclose([model.stream().send(float(series[0][0]))], expected[:1], **TIGHT)
    codes = [np.arange(len(steps)) % 3 for steps in X]
    rows = [csr_matrix(np.eye(3)[one]) for one in codes]
    model = regressor(pooling="last").fit(rows, SUMS)
    expected = model.predict([rows[0][: t + 1] for t in range(rows[0].shape[0])])
    assert_allclose(model.stream().send_many(rows[0]), expected, **TIGHT)
    assert_allclose(one_by_one(model.stream(), list(rows[0])), expected, **TIGHT)
    assert_allclose(one_by_one(model.stream(), rows[0].toarray()), expected, **TIGHT)


def test_echo_state_stream_n_streams_equals_single_streams():
    batch = np.stack([LONG[:5], LONG[5:10], LONG[10:15]])
    per_step = [steps.sum(axis=1) for steps in X]
    for model in (
        regressor(rows="steps").fit(LONG, LONG.cumsum(axis=0)),
        regressor(return_sequences=True).fit(X, per_step),
        regressor(pooling=POOLINGS[-1]).fit(X, SUMS),
    ):
        single = [model.stream().send_many(steps) for steps in batch]
        many = model.stream(n_streams=3)
        assert_allclose(many.send_many(list(batch)), single, **TIGHT)
        many.reset()
        by_step = [many.send(batch[:, t]) for t in range(5)]
        assert_allclose(np.swapaxes(by_step, 0, 1), single, **TIGHT)


# --- the state ------------------------------------------------------------------------------------


@pytest.mark.parametrize("params", [{"pooling": POOLINGS[-1]}, {"return_sequences": True}], ids=str)
def test_echo_state_stream_state_continues_in_another_stream_and_in_a_pickle(params):
    if "return_sequences" in params:
        feedback = deep(feedback_scaling=0.3)
        model = classifier(**params, reservoir=feedback).fit(TAGGED, TAGS)
    else:
        model = classifier(**params).fit(X, LABELS)
    stream = model.stream()
    assert type(stream) is Stream
    expected = stream.send_many(LONG)
    stream.reset().send_many(LONG[:6])
    state = stream.state
    state[0].fill(0)
    assert stream.state[0].any()
    restored, continued = pickle.loads(pickle.dumps(stream)), model.stream(stream.state)
    model.set_params(random_state=1).fit(*((X, LABELS) if "pooling" in params else (TAGGED, TAGS)))
    for one in (stream, restored, continued):
        assert_array_equal(one.send_many(LONG[6:]), expected[6:])


# --- errors ---------------------------------------------------------------------------------------


def test_echo_state_stream_names_what_makes_it_impossible():
    with pytest.raises(NotFittedError):
        regressor().stream()
    backward = regressor(reservoir=deep(bidirectional=True)).fit(X, SUMS)
    with pytest.raises(ValueError, match="bidirectional=True, because the backward"):
        backward.stream()
    washed = regressor(pooling=("last", "mean"), washout=1).fit(X, SUMS)
    with pytest.raises(ValueError, match=r"pooling=\('last', 'mean'\) leaves out .* washout=1"):
        washed.stream()
    washed.set_params(pooling="last").fit(X, SUMS).stream().send(X[0][0])


def test_echo_state_stream_refuses_bad_arguments_and_keeps_its_state():
    model = regressor(pooling="mean").fit(X, SUMS)
    for arguments, match in (
        ({"method": "predict_proba"}, "method must be 'predict' for a stream of EchoStateRegr"),
        ({"n_streams": 0}, "n_streams must be None or an int from 1 to"),
        ({"state": ()}, "state must be a tuple of 4 arrays: state of layer 0 .1, 12.*length 0"),
        ({"state": [np.zeros((1, 12))] * 4}, r"shape \(1, 8\) for the state of layer 1"),
    ):
        with pytest.raises(ValueError, match=match):
            model.stream(**arguments)
    stream = model.stream()
    stream.send(LONG[0])
    before = stream.state
    for x, match in (
        ([1.0], r"x must be one time step of shape \(2,\), got .*\(1,\)"),
        ([[1.0, 2.0]], "Use send_many"),
        ([np.nan, 0.0], "x.* contains NaN"),
        (["a", "b"], "x"),
    ):
        with pytest.raises((ValueError, TypeError), match=match):
            stream.send(x)
    with pytest.raises(ValueError, match="X must contain 2 sequences of equal length"):
        model.stream(n_streams=2).send_many([LONG[:2], LONG[:3]])
    for array, expected in zip(stream.state, before, strict=True):
        assert_array_equal(array, expected)
