"""gradient_flow: the norm of the total derivative of the loss with respect to each state."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from small_data import PLAIN, TINY, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn._cells import CELLS
from skrnn._fitting import is_fitted
from skrnn.inspection import gradient_flow
from skrnn.networks.backends import precision
from skrnn.networks.cells import get_cell
from skrnn.preprocessing import TimeDistributed
from skrnn.recurrent import ConvBody

RNG = np.random.default_rng(0)
X = [RNG.standard_normal((length, 2)) for length in (3, 5, 4)]
Y = np.array([0.5, -1.0, 2.0])
EXACT = {**PLAIN, "dtype": "float64", "epochs": 1, "random_state": 0}


def fitted(cell="simple", units=3, y=Y, **params):
    return RNNRegressor(cell=cell, units=units, **{**EXACT, **params}).fit(X, y)


def simple_norms(regressor, x, y):
    """Return the norms for one layer of the simple cell, from the equation of the gradient."""
    kernel, recurrent, bias, head, head_bias = regressor.weights_
    states, h = [], np.zeros(len(recurrent))
    for step in x:
        h = np.tanh(step @ kernel + h @ recurrent + bias)
        states.append(h)
    per_step = regressor.return_sequences
    targets = (y - regressor._y_offset) / regressor._y_scale
    norms, later = [], np.zeros(len(recurrent))
    for t in reversed(range(len(x))):
        gradient = later
        if per_step or t == len(x) - 1:
            error = states[t] @ head[:, 0] + head_bias[0] - (targets[t] if per_step else targets[0])
            gradient = gradient + 2 * error * head[:, 0] / (len(x) if per_step else 1)
        norms.append(np.linalg.norm(gradient))
        later = recurrent @ (gradient * (1 - states[t] ** 2))
    return np.array(norms[::-1])


@pytest.mark.parametrize("per_step", [False, True])
def test_gradient_flow_of_the_simple_cell_is_that_of_its_equation(per_step):
    y = [np.cumsum(x[:, 0]) for x in X] if per_step else Y
    regressor = fitted(y=y, return_sequences=per_step)
    norms = [simple_norms(regressor, x, np.atleast_1d(one)) for x, one in zip(X, y, strict=True)]
    for x, one, expected in zip(X, y, norms, strict=True):
        found = gradient_flow(regressor, [x], [one])["recurrent_0"]
        assert_allclose(found, expected, rtol=1e-10, atol=0)
    at_end, at_start = np.full((2, 3, 5), np.nan)
    for i, expected in enumerate(norms):
        at_end[i, 5 - len(expected) :] = at_start[i, : len(expected)] = expected
    for align, expected in {"end": at_end, "start": at_start}.items():
        found = gradient_flow(regressor, X, y, align=align)["recurrent_0"]
        assert_allclose(found, np.nanmean(expected, axis=0), rtol=1e-10, atol=0)


def test_gradient_flow_with_truncation_ends_at_the_borders_of_segments():
    y = [np.cumsum(x[:, 0]) for x in X]
    regressor = fitted(y=y, return_sequences=True, units=(3, 2), cell="lstm", truncation=2)
    found = gradient_flow(regressor, X, y, align="start")
    # The loss of only the first segment reaches its own time steps, and no other one does.
    changed = [one + np.where(np.arange(len(one)) < 2, 0, 1) for one in y]
    other = gradient_flow(regressor, X, changed, align="start")
    whole = gradient_flow(regressor.set_params(truncation=5), X, y, align="start")
    for name in found:
        assert_array_equal(other[name][:2], found[name][:2])
        assert (other[name][2:] != found[name][2:]).all()
        assert (whole[name][:2] != found[name][:2]).all()
        assert_allclose(whole[name][4:], found[name][4:], rtol=1e-12)


def test_gradient_flow_with_truncation_is_that_of_each_segment():
    y = [np.cumsum(x[:, 0]) for x in X]
    regressor = fitted(y=y, return_sequences=True, truncation=3)
    found = gradient_flow(regressor, X[1:2], y[1:2])["recurrent_0"]
    alone = gradient_flow(regressor, [X[1][:3]], [y[1][:3]])["recurrent_0"]
    # The loss of a sequence is a mean over its time steps.
    assert_allclose(found[:3], alone * 3 / 5, rtol=1e-12)


def loss_after(cell, regressor, states, steps, target):
    """Return the loss of a sequence that continues from the states of one layer."""
    activation = keras.activations.get(cell.default_activation)
    names = cell.weight_shapes(2, 3)
    *by_cell, head, head_bias = regressor.weights_
    weights = dict(zip(names, map(keras.ops.convert_to_tensor, by_cell), strict=True))
    states = [keras.ops.convert_to_tensor(state[None]) for state in states]
    for step in steps:
        projected = keras.ops.matmul(keras.ops.convert_to_tensor(step[None]), weights["kernel"])
        if "bias" in weights:
            projected = projected + cell.input_bias(weights["bias"])
        states = cell.step(projected, tuple(states), weights, activation)
    output = keras.ops.convert_to_numpy(states[0])[0] @ head[:, 0] + head_bias[0]
    target = (target - regressor._y_offset[0]) / regressor._y_scale[0]
    return (output - target) ** 2, [keras.ops.convert_to_numpy(state)[0] for state in states]


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_flow_equals_differences_of_the_loss(cell):
    regressor, described, x = fitted(cell), get_cell(cell), X[0]
    expected, states = [], [np.zeros(3)] * described.n_states
    with precision("float64"):
        for t in range(len(x)):
            _, states = loss_after(described, regressor, states, x[t : t + 1], Y[0])
            gradient = []
            for i, unit in np.ndindex(described.n_states, 3):
                pair = []
                for shift in (1e-5, -1e-5):
                    moved = [state.copy() for state in states]
                    moved[i][unit] += shift
                    pair.append(loss_after(described, regressor, moved, x[t + 1 :], Y[0])[0])
                gradient.append((pair[0] - pair[1]) / 2e-5)
            expected.append(np.linalg.norm(gradient))
    found = gradient_flow(regressor, [x], Y[:1])["recurrent_0"]
    assert_allclose(found, expected, rtol=1e-7)


def test_gradient_flow_reaches_every_layer():
    flow = gradient_flow(fitted(units=(3, 2)), X, Y)
    assert list(flow) == ["recurrent_0", "recurrent_1"]
    assert all(norms.shape == (5,) and (norms > 0).all() for norms in flow.values())


def test_gradient_flow_of_a_backward_layer_is_in_the_order_of_the_sequence():
    regressor = fitted(bidirectional=True)
    before = gradient_flow(regressor, X, Y)
    assert list(before) == ["recurrent_0", "recurrent_0_backward"]
    forward, backward, (head, bias) = (regressor.weights_[i : i + 3] for i in (0, 3, 6))
    regressor.weights_ = [*backward, *forward, np.roll(head, 3, axis=0), bias]
    reversed_X = [x[::-1] for x in X]
    after = gradient_flow(regressor, reversed_X, Y, align="start")
    assert_allclose(after["recurrent_0_backward"], before["recurrent_0"][::-1], rtol=1e-10)
    assert_allclose(after["recurrent_0"], before["recurrent_0_backward"][::-1], rtol=1e-10)


def test_gradient_flow_of_a_custom_cell_equals_that_of_the_same_cell():
    regressor = fitted()
    custom = fitted(keras.layers.SimpleRNNCell)
    custom.weights_ = regressor.weights_
    expected = gradient_flow(regressor, X, Y)["recurrent_0"]
    assert_allclose(gradient_flow(custom, X, Y)["recurrent_0"], expected, rtol=1e-10)


def test_gradient_flow_accepts_tokens_and_classes():
    tokens = [np.array([2, 3, 2]), np.array([3, 4]), np.array([4, 4, 2, 3])]
    classifier = RNNClassifier(**{**TINY, **PLAIN}, embedding=2).fit(tokens, list("abc"))
    flow = gradient_flow(classifier, tokens, list("abc"))["recurrent_0"]
    assert flow.shape == (4,)
    assert (flow > 0).all()


def test_gradient_flow_of_a_body_that_changes_the_time_steps_needs_one_length():
    body = ConvBody(filters=(3,), kernel_size=3, pool_size=(2,))
    regressor = fitted(body=body)
    alone = gradient_flow(regressor, X[1:2], Y[1:2])["recurrent_0"]
    assert alone.shape == (3,)
    with pytest.raises(ValueError, match="sequences of one length"):
        gradient_flow(regressor, X, Y)


def test_gradient_flow_initial_weights_are_those_with_which_fit_begins():
    regressor = RNNRegressor(**{**EXACT, **TINY})
    initial = gradient_flow(regressor, X, Y, weights="initial")["recurrent_0"]
    assert not is_fitted(regressor)
    regressor.set_params(epochs=1, learning_rate=1e-12).fit(X, Y)
    assert_allclose(gradient_flow(regressor, X, Y)["recurrent_0"], initial, rtol=1e-6)
    weights = [weight.copy() for weight in regressor.weights_]
    again = gradient_flow(regressor, X, Y, weights="initial")["recurrent_0"]
    assert_array_equal(again, initial)
    for weight, expected in zip(regressor.weights_, weights, strict=True):
        assert_array_equal(weight, expected)


def test_gradient_flow_finds_the_network_in_a_pipeline_and_a_search():
    X, y = labelled()
    classifier = RNNClassifier(**TINY).fit(X, y)
    expected = gradient_flow(classifier, X, y)["recurrent_0"]
    pipeline = make_pipeline(TimeDistributed(FunctionTransformer()), RNNClassifier(**TINY))
    search = GridSearchCV(pipeline, {"rnnclassifier__units": [4]}, cv=2).fit(X, y)
    assert_allclose(gradient_flow(search, X, y)["recurrent_0"], expected, rtol=1e-5)


def test_gradient_flow_errors():
    regressor = RNNRegressor(**TINY)
    with pytest.raises(NotFittedError):
        gradient_flow(regressor, X, Y)
    with pytest.raises(ValueError, match="weights must be 'fitted' or 'initial', got 'first'"):
        gradient_flow(regressor, X, Y, weights="first")
    with pytest.raises(ValueError, match="align must be 'end' or 'start', got 'middle'"):
        gradient_flow(regressor, X, Y, align="middle")
    with pytest.raises(TypeError, match=r"RNNRegressor, or a Pipeline .* got LinearRegression"):
        gradient_flow(LinearRegression(), X, Y)
    without = fitted(body=lambda steps, lengths: keras.ops.mean(steps, axis=1))
    with pytest.raises(ValueError, match="no recurrent layers to look into"):
        gradient_flow(without, X, Y)
