"""Predictions and hidden states that begin at a state: equal to those for all time steps."""

import numpy as np
import pytest
from fitted_models import MODELS, X, fitted
from keras import ops
from numpy.testing import assert_allclose
from recurrences import ATOL, assert_same_predictions, drawn_network, network_spec

from skrnn.recurrent._numpy_cells import CELLS
from skrnn.recurrent._numpy_network import NumpyNetwork


@pytest.mark.parametrize("kind", ["classifier", "regressor", "tagger", "words"])
def test_predict_initial_state_continues_sequences(kind):
    model, (_, sequences, _) = fitted(kind), MODELS[kind]
    method = model.predict_proba if hasattr(model, "classes_") else model.predict
    sequences = [np.concatenate([steps, sequences[0]]) for steps in sequences]
    whole, last = method(sequences, return_state=True)
    assert_equal_parts(whole, method(sequences), model)
    first, state = method([steps[:2] for steps in sequences], return_state=True)
    rest, end = method([steps[2:] for steps in sequences], initial_state=state, return_state=True)
    if model.return_sequences:
        rest = [np.concatenate(pair) for pair in zip(first, rest, strict=True)]
    assert_equal_parts(rest, whole, model)
    for one, other in zip(end, last, strict=True):
        assert_allclose(one, other, atol=10 * ATOL)


def assert_equal_parts(one, other, model):
    if isinstance(one, list):
        one, other = np.concatenate(one), np.concatenate(other)
    assert_same_predictions(one, other, model)


def test_predict_and_streams_share_their_states():
    model = fitted("classifier")
    stream = model.stream(method="predict_proba", n_streams=len(X))
    stream.send_many(np.stack([steps[:2] for steps in X]))
    probabilities = model.predict_proba(X, initial_state=stream.state)
    together = [np.concatenate([steps[:2], steps]) for steps in X]
    assert_same_predictions(probabilities, model.predict_proba(together))
    _, state = model.predict(X, return_state=True)
    after = np.concatenate(X)[: len(X)]
    sent = model.stream(state, method="predict_proba", n_streams=len(X)).send(after)
    longer = [np.vstack([steps, x]) for steps, x in zip(X, after, strict=True)]
    assert_same_predictions(sent, model.predict_proba(longer))


def test_hidden_states_initial_state_continues_sequences():
    model = fitted("classifier")
    _, state = model.predict([steps[:1] for steps in X], return_state=True)
    rest = [steps[1:] for steps in X]
    for per_step in (False, True):
        how = {"return_sequences": per_step, "return_state": True}
        expected, *states = model.hidden_states(X, **how)
        found, *last = model.hidden_states(rest, **how, initial_state=state)
        for one, other in zip(found, expected, strict=True):
            assert_allclose(one, other[1:] if per_step else other, atol=ATOL)
        for one, other in zip(last, states, strict=True):
            assert_allclose(one, other, atol=ATOL)


@pytest.mark.parametrize("cell", CELLS)
def test_continued_model_of_each_cell_continues_a_state(cell):
    spec = network_spec(cell=cell, units=(4, 3), add_differences=True)
    steps = np.random.default_rng(1).normal(size=(12, 3)).astype(spec.dtype)
    network, weights = drawn_network(spec, plain=False)
    in_numpy = NumpyNetwork(spec, weights)
    state, outputs = in_numpy.layout.fresh(1), []
    for t, x in enumerate(steps):
        if t == 5:
            layers, previous, *_ = in_numpy.layout.split(state)
        output, state = in_numpy.advance(x[None], state)
        outputs.append(output)
    before = [
        previous,
        np.ones((1, 1), spec.dtype),
        *(array for states in layers for array in states),
    ]
    found, *last = network.continued([steps[None, 5:], np.array([7]), *before])
    # The outputs of some cells grow, and so does their rounding.
    close = {"rtol": 1e-6, "atol": ATOL}
    assert_allclose(ops.convert_to_numpy(found)[0], np.concatenate(outputs[5:]), **close)
    layers, previous, *_ = in_numpy.layout.split(state)
    expected = [previous, [[1]], *(array for states in layers for array in states)]
    for one, other in zip(last, expected, strict=True):
        assert_allclose(ops.convert_to_numpy(one), other, **close)
