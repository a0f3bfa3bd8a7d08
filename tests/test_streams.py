"""Streams: they predict after each time step what the estimator predicts for all of them."""

import json
import pickle
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from fitted_models import MODELS, fitted
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal
from recurrences import ATOL, assert_same_predictions, drawn_network, network_spec
from scipy.sparse import csr_array, csr_matrix
from sklearn.exceptions import NotFittedError
from small_data import TINY, labelled
from test_imports import FRAMEWORKS, run_fresh

from skrnn import RNNClassifier, RNNRegressor
from skrnn.networks.backends import precision
from skrnn.recurrent import _numpy_cells
from skrnn.recurrent._numpy_activations import ACTIVATIONS, numpy_activation
from skrnn.recurrent._numpy_network import NumpyNetwork
from skrnn.recurrent._running_pooling import POOLINGS

X, LABELS = labelled(n=12)
LONG = np.concatenate(X[:3])
SUMS = np.array([steps.sum() for steps in X])


def prefixes(steps):
    """Return the first time step, the first two, and so on."""
    return [steps[: t + 1] for t in range(len(steps))]


def expected_of(model, steps, method="predict"):
    """Return what an estimator predicts after each time step."""
    predict = getattr(model, method)
    if model.return_sequences:
        return predict([steps])[0]
    return predict(prefixes(steps))


# --- the network in NumPy -----------------------------------------------------------------------


def run_numpy(network, steps):
    """Return the outputs of a network after each time step of one sequence."""
    state, outputs = network.layout.fresh(1), []
    for x in steps:
        pooled, state = network.advance(x[None], state)
        outputs.append(network.head.outputs(pooled)[0])
    return np.array(outputs)


SPECS = {
    **{cell: {"cell": cell, "units": (4, 3)} for cell in _numpy_cells.CELLS},
    **{
        pooling: {"pooling": pooling, "add_differences": pooling != "max"}
        for pooling in POOLINGS
        if pooling != "last"
    },
    "softmax": {"output_activation": "softmax", "n_outputs": 3},
    "softplus": {"output_activation": "softplus", "activation": "relu", "cell": "simple"},
    "float64": {"dtype": "float64", "units": (4, 3), "pooling": "attention"},
}


@pytest.mark.parametrize("name", SPECS)
def test_numpy_network_equals_the_network_of_keras_after_each_step(name):
    spec = network_spec(**SPECS[name])
    steps = np.random.default_rng(1).normal(size=(12, 3)).astype(spec.dtype)
    with precision(spec.dtype):
        network, weights = drawn_network(spec, plain=True)
        padded = [np.stack([steps] * len(steps)), np.arange(1, 1 + len(steps))]
        expected = ops.convert_to_numpy(network.model(padded))
    outputs = run_numpy(NumpyNetwork(spec, weights), steps)
    assert outputs.dtype == spec.dtype
    # The outputs of a ReLU cell grow with the number of time steps.
    tolerances = (1e-12, 1e-12) if name == "float64" else (1e-6, ATOL)
    assert_allclose(outputs, expected, *tolerances)


def test_numpy_activations_are_those_of_keras():
    x = np.append(np.linspace(-9, 9, 181), [-100.0, 100.0]).astype(np.float32)
    for name, function in ACTIVATIONS.items():
        usual = x[:-1] if name == "exponential" else x
        expected = ops.convert_to_numpy(keras.activations.get(name)(usual))
        found = function(usual)
        assert found.dtype == np.float32, name
        assert_allclose(found, expected, rtol=1e-5, atol=ATOL, err_msg=name)
    assert numpy_activation(keras.activations.relu) is ACTIVATIONS["relu"]
    assert numpy_activation("swish") is ACTIVATIONS["silu"]


# --- the stream of an estimator -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("classifier", "predict"),
        ("classifier", "predict_proba"),
        ("regressor", "predict"),
        ("tagger", "predict"),
        ("tagger", "predict_proba"),
        ("tracker", "predict"),
        ("words", "predict_proba"),
        ("vectors", "predict_proba"),
    ],
)
def test_stream_equals_predictions_of_every_prefix(kind, method):
    model, (_, sequences, _) = fitted(kind), MODELS[kind]
    steps = np.concatenate(sequences[:3])
    expected = expected_of(model, steps, method)
    many = model.stream(method=method).send_many(steps)
    assert_same_predictions(many, expected, model)
    stream = model.stream(method=method)
    assert_same_predictions(np.array([stream.send(x) for x in steps]), expected, model)


def test_stream_returns_what_predict_returns_for_one_sequence():
    y = np.column_stack([SUMS, 1000 + SUMS])
    model = RNNRegressor(**TINY).fit(X, y)
    predicted = model.stream().send(X[0][0])
    assert_same_predictions(predicted, model.predict([X[0][:1]])[0], model)
    label = fitted("classifier").stream().send(X[0][0])
    assert type(label) is np.str_


def test_stream_reads_univariate_steps_as_numbers():
    series = [steps[:, 0] for steps in X]
    model = RNNRegressor(**TINY).fit(series, SUMS)
    expected = model.stream().send_many(series[0])
    assert_same_predictions(expected, model.predict(prefixes(series[0])), model)
    stream = model.stream()
    by_kind = [stream.send(x) for x in (float(series[0][0]), [series[0][1]])]
    assert_array_equal(by_kind, expected[:2])


def test_stream_reads_one_hot_steps():
    rows = [csr_array(np.eye(5)[np.arange(len(steps)) % 5]) for steps in X]
    model = RNNRegressor(**{**TINY, "add_differences": False}).fit(rows, SUMS)
    long = csr_array(np.eye(5)[[3, 1, 4, 1, 0]])
    expected = model.predict([long[: t + 1] for t in range(5)])
    assert_same_predictions(model.stream().send_many(long), expected, model)
    of_sparse, of_dense = model.stream(), model.stream()
    for t, row in enumerate(csr_matrix(long)):
        assert_allclose(of_sparse.send(row), expected[t], atol=ATOL)
        assert_allclose(of_dense.send(row.toarray()[0]), expected[t], atol=ATOL)


def test_stream_reads_unknown_tokens_as_predict_does():
    model = fitted("words")
    tokens = np.array([3, 999, 2])
    expected = expected_of(model, tokens, "predict_proba")
    stream = model.stream(method="predict_proba")
    assert_same_predictions(np.array([stream.send(token) for token in tokens]), expected)


def test_stream_send_many_reads_tables_with_the_columns_of_fit():
    tables = [pd.DataFrame(steps, columns=["a", "b"]) for steps in X]
    model = RNNRegressor(**TINY).fit(tables, SUMS)
    assert_array_equal(
        model.stream().send_many(tables[0]), model.stream().send_many(tables[0].to_numpy())
    )
    with pytest.raises(ValueError, match="feature names"):
        model.stream().send_many(tables[0][["b", "a"]])
    row = tables[0].iloc[0]
    assert_array_equal(model.stream().send(row), model.stream().send(row.to_numpy()))
    with pytest.raises(ValueError, match="feature names"):
        model.stream().send(row[["b", "a"]])


def test_stream_standardizes_large_values_in_float64():
    sequences = [1.7e9 + steps for steps in X]
    model = RNNRegressor(**TINY, standardize=True).fit(sequences, SUMS)
    stream = model.stream()
    predicted = np.array([stream.send(x) for x in sequences[0]])
    assert_same_predictions(predicted, expected_of(model, sequences[0]), model)


# --- the state ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["classifier", "tracker", "words"])
def test_stream_state_continues_in_another_stream_and_in_a_pickle(kind):
    model, (_, sequences, _) = fitted(kind), MODELS[kind]
    steps = np.concatenate(sequences[:3])
    stream = model.stream()
    expected = stream.send_many(steps)
    stream.reset()
    stream.send_many(steps[:4])
    restored = pickle.loads(pickle.dumps(stream))
    continued = model.stream(pickle.loads(pickle.dumps(stream.state)))
    for one in (stream, restored, continued):
        assert_array_equal(one.send_many(steps[4:]), expected[4:])


def test_stream_state_is_a_copy():
    stream = fitted("classifier").stream()
    stream.send(LONG[0])
    before = stream.state
    for array in stream.state:
        array.fill(7)
    for array, expected in zip(stream.state, before, strict=True):
        assert_array_equal(array, expected)


def test_stream_ignores_later_fits():
    model = fitted("regressor")
    stream, expected = model.stream(), model.stream().send_many(LONG)
    model.set_params(random_state=1, normalize_y=False).fit(X, SUMS)
    assert_array_equal(stream.send_many(LONG), expected)


@pytest.mark.parametrize("kind", ["classifier", "words"])
def test_stream_n_streams_equals_single_streams(kind):
    model, (_, sequences, _) = fitted(kind), MODELS[kind]
    long = np.concatenate(sequences)
    batch = np.stack([long[:6], long[6:12], long[12:18]])
    single = [model.stream(method="predict_proba").send_many(steps) for steps in batch]
    many = model.stream(method="predict_proba", n_streams=3)
    assert_allclose(many.send_many(batch), single, atol=ATOL)
    many.reset()
    by_step = [many.send(batch[:, t]) for t in range(6)]
    assert_allclose(np.swapaxes(by_step, 0, 1), single, atol=ATOL)


LOAD_AND_STREAM = """
import json, pickle, sys
model = pickle.loads(bytes.fromhex(sys.argv[1]))
label = model.stream().send([0.5, -0.5])
print(json.dumps([str(label), sorted(set(json.loads(sys.argv[2])) & set(sys.modules))]))
"""


def test_stream_imports_no_framework():
    model = fitted("classifier")
    found = run_fresh(LOAD_AND_STREAM, pickle.dumps(model).hex(), json.dumps(FRAMEWORKS))
    assert found == [model.predict([[[0.5, -0.5]]])[0], []]


# --- errors -------------------------------------------------------------------------------------


def body(steps, lengths):
    return steps


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"bidirectional": True}, "bidirectional=True"),
        ({"body": body}, "body="),
        ({"cell": keras.layers.GRUCell}, "cell="),
    ],
)
def test_stream_and_state_need_a_network_that_carries_its_state(params, match):
    model = RNNClassifier(**{**TINY, "epochs": 1, **params}).fit(X, LABELS)
    for call in (
        model.stream,
        lambda: model.predict(X, return_state=True),
        lambda: model.predict_proba(X, initial_state=()),
        lambda: model.hidden_states(X, initial_state=()),
    ):
        with pytest.raises(ValueError, match=match):
            call()


def test_stream_names_the_supported_cells_and_activations(monkeypatch):
    model = fitted("regressor")
    model._spec = replace(model._spec, activation=np.cos)
    with pytest.raises(ValueError, match=r"activation=<ufunc 'cos'>.*relu, "):
        model.stream()
    monkeypatch.delitem(_numpy_cells.CELLS, "simple")
    with pytest.raises(ValueError, match=r"cell='simple'.*'lstm', 'gru'"):
        fitted("regressor").stream()


def test_stream_needs_a_fitted_estimator():
    with pytest.raises(NotFittedError):
        RNNClassifier().stream()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"method": "decision_function"}, "method must be 'predict' or 'predict_proba'.*decision"),
        ({"method": ["predict"]}, "method must be 'predict' or"),
        ({"n_streams": 0}, "n_streams must be None or an int from 1 to 2147483647, got 0"),
        ({"n_streams": 10**400}, "n_streams must be"),
        ({"n_streams": True}, "n_streams must be .* got True"),
        ({"state": 3}, "state must be a tuple of .* got 3"),
        ({"state": ()}, "state 0 of layer 0 .1, 4.*got a tuple of length 0"),
    ],
)
def test_stream_refuses_bad_arguments(arguments, match):
    with pytest.raises(ValueError, match=f"(?s){match}"):
        fitted("classifier").stream(**arguments)


def test_stream_of_a_regressor_has_no_probabilities():
    with pytest.raises(ValueError, match="method must be 'predict' for a stream of RNNRegressor"):
        fitted("regressor").stream(method="predict_proba")


def test_stream_and_predict_refuse_states_of_other_shapes_or_values():
    model = fitted("classifier")
    state = model.stream().state
    wrong = [np.vstack([state[0], state[0]]), *state[1:]]
    invalid = [np.full_like(state[0], np.nan), *state[1:]]
    for given, match in ((wrong, r"shape \(1, 4\) for the state 0 of"), (invalid, "finite")):
        with pytest.raises(ValueError, match=f"state must .*{match}"):
            model.stream(given)
        with pytest.raises(ValueError, match=f"initial_state must .*{match}"):
            model.predict(X[:1], initial_state=given)


@pytest.mark.parametrize(
    ("kind", "x", "match"),
    [
        ("classifier", [1.0], r"x must be one time step of shape \(2,\), got .*\(1,\)"),
        ("classifier", [[1.0, 2.0]], "Use send_many"),
        ("classifier", [np.nan, 0.0], "x.* contains NaN"),
        ("classifier", [np.inf, 0.0], "x.* contains infinity"),
        ("classifier", ["a", "b"], "x"),
        ("classifier", None, "x must be one time step"),
        ("classifier", csr_matrix([[0.0, 1.0, 0.0]]), "x must be one time step"),
        ("words", 0, "x contains the token id 0, which stands for padding"),
        ("words", -1, "x"),
        ("words", 2.5, "x"),
        ("words", [2, 3], r"x must be one time step of shape \(\)"),
        ("vectors", 12, "x has token id 12, but the embedding matrix has 12 rows"),
    ],
)
def test_stream_send_refuses_what_predict_refuses_and_keeps_its_state(kind, x, match):
    stream = fitted(kind).stream()
    stream.send(MODELS[kind][1][0][0])
    before = stream.state
    with pytest.raises((ValueError, TypeError), match=match):
        stream.send(x)
    for array, expected in zip(stream.state, before, strict=True):
        assert_array_equal(array, expected)


def test_stream_send_many_refuses_padding_and_batches_of_other_sizes():
    with pytest.raises(ValueError, match="X contains the token id 0"):
        fitted("words").stream().send_many([2, 3, 0])
    with pytest.raises(ValueError, match="X must contain 2 sequences of equal length"):
        fitted("classifier").stream(n_streams=2).send_many([LONG[:2], LONG[:3]])
