"""The parameter gradient_penalty, compared with its equation in NumPy."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from recurrences import STEPS, count_programs, same_bits, weights_by_layer
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError
from small_data import PLAIN, TINY, assert_same_weights, labelled

from skrnn import RNNClassifier, RNNRegressor
from skrnn.inspection import gradient_flow
from skrnn.recurrent import ConvBody

RNG = np.random.default_rng(0)
X = [RNG.standard_normal((length, 2)) for length in (3, 5, 1, 4)]
Y = np.array([0.5, -1.0, 2.0, 0.25])
MANY, TAGS = labelled()
RATE, FACTOR = 0.25, 0.5
EXACT = {
    **PLAIN, "units": 3, "dtype": "float64", "epochs": 1, "optimizer": "sgd",
    "learning_rate": RATE, "global_clipnorm": None, "normalize_y": False, "random_state": 0,
}  # fmt: skip


# --- the equation -----------------------------------------------------------------------------


def slopes(function, point):
    """Return the gradient of a function by steps into the complex plane, exact to rounding."""
    point, found = np.asarray(point, complex), np.zeros(np.shape(point))
    for index in np.ndindex(point.shape):
        moved = point.copy()
        moved[index] += 1e-50j
        found[index] = function(moved).imag / 1e-50
    return found


def states_and_gradients(step, n_states, weights, x, target):
    """Return the states of one layer after each time step, and the gradients of a squared error."""
    *recurrent, head, head_bias = weights
    states = [np.zeros((n_states, len(head)))]
    for one in x:
        states.append(np.array(step(one, *states[-1], *recurrent)))

    def loss_after(state, later):
        for one in later:
            state = np.array(step(one, *state, *recurrent))
        return ((state[0] @ head + head_bias - target) ** 2).sum()

    deltas = [
        slopes(lambda state, later=x[t:]: loss_after(state, later), states[t])
        for t in range(1, len(x) + 1)
    ]
    return states[1:], deltas


def gradient_of_the_penalty(cell, weights):
    """Return the gradient of the penalty with respect to the recurrent kernel."""
    (step, n_states), (kernel, recurrent, *others, _, _) = STEPS[cell], weights
    terms = []
    for x, target in zip(X, Y, strict=True):
        states, deltas = states_and_gradients(step, n_states, weights, x, target)
        terms += zip(x[1:], states[:-1], deltas[1:], strict=True)

    def penalty(recurrent):
        parts = []
        for one, state, delta in terms:

            def along(state, one=one, delta=delta):
                return (np.array(step(one, *state, kernel, recurrent, *others)) * delta).sum()

            ratio = np.linalg.norm(slopes(along, state)) / np.linalg.norm(delta)
            parts.append((ratio - 1) ** 2)
        return np.mean(parts)

    gradient = np.zeros(recurrent.shape)
    for index in np.ndindex(recurrent.shape):
        ends = []
        for shift in (1e-5, -1e-5):
            moved = recurrent.copy()
            moved[index] += shift
            ends.append(penalty(moved))
        gradient[index] = (ends[0] - ends[1]) / 2e-5
    return gradient


@pytest.mark.parametrize("cell", ["simple", "lstm", "gru_reset_before"])
def test_rnn_gradient_penalty_changes_the_recurrent_kernel_by_its_equation(cell):
    # The batch contains sequences of different lengths, so padding has no penalty.
    model = RNNRegressor(cell=cell, **EXACT)
    plain = clone(model).fit(X, Y).weights_
    penalized = clone(model).set_params(gradient_penalty=FACTOR).fit(X, Y).weights_
    first = weights_by_layer(model.set_params(learning_rate=1e-300).fit(X, Y))
    expected = gradient_of_the_penalty(cell, [*first["recurrent_0"], *first["head"]])
    assert np.abs(expected).max() > 1e-3
    assert_allclose(plain[1] - penalized[1], RATE * FACTOR * expected, rtol=0, atol=1e-8)
    assert_same_weights([plain[0], *plain[2:]], [penalized[0], *penalized[2:]])


def test_rnn_gradient_penalty_ignores_the_scale_of_the_loss():
    model = RNNRegressor(**EXACT, cell="simple")
    by_weight = []
    # The weights of single sequences scale their gradients, and so not the ratios of norms.
    for weight in (None, [1.0, 2.0, 3.0, 4.0]):
        fits = [
            model.set_params(gradient_penalty=factor).fit(X, Y, sample_weight=weight).weights_[1]
            for factor in (0.0, FACTOR)
        ]
        by_weight.append(fits[0] - fits[1])
    assert_allclose(by_weight[0], by_weight[1], rtol=0, atol=1e-12)


# --- in an estimator --------------------------------------------------------------------------


def test_rnn_gradient_penalty_of_every_factor_shares_a_program(monkeypatch):
    built, models = count_programs(monkeypatch), []
    plain = RNNClassifier(**TINY).fit(MANY, TAGS)
    for factor in (0.0, 0.5, 2.0, 0.5):
        models.append(RNNClassifier(**TINY, gradient_penalty=factor).fit(MANY, TAGS))
    assert len(built) == 1
    assert_same_weights(models[0], plain)
    assert models[0].history_ == plain.history_
    assert_same_weights(models[1], models[3])
    assert not same_bits(models[1], models[0])
    assert not same_bits(models[1], models[2])


@pytest.mark.parametrize(
    "params",
    [
        {"units": (3, 2), "bidirectional": True, "dropout": 0.2, "recurrent_dropout": 0.2},
        {"return_sequences": True, "truncation": 2, "cell": "lstm"},
    ],
    ids=["stacked in both directions", "truncated"],
)
def test_rnn_gradient_penalty_changes_every_recurrent_kernel(params):
    per_step = params.get("return_sequences", False)
    codes = [np.argmax(x, axis=1) for x in X]
    y = [np.cumsum(x[:, 0]) for x in X] if per_step else Y
    # One update for each batch of all sequences, or of all segments.
    model = RNNRegressor(**{**EXACT, "cell": "simple", **params})
    plain, penalized = (
        weights_by_layer(clone(model).set_params(gradient_penalty=factor).fit(codes, y))
        for factor in (0.0, FACTOR)
    )
    for name, weights in penalized.items():
        if name.startswith("recurrent"):
            assert np.abs(weights[1] - plain[name][1]).max() > 1e-4
    again = clone(model).set_params(gradient_penalty=FACTOR).fit(codes, y)
    found = weights_by_layer(again)
    for name, weights in penalized.items():
        assert_same_weights(found[name], weights)


def test_rnn_gradient_penalty_keeps_the_norm_of_gradients_through_time():
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(64, 10, 2))
    x[..., 1] = 0
    rows, marks = np.arange(64), np.stack([rng.integers(0, 5, 64), rng.integers(5, 10, 64)])
    x[rows, marks, 1] = 1
    y = x[rows, marks, 0].sum(axis=0)
    params = {
        **PLAIN, "cell": "simple", "units": 8, "epochs": 60, "batch_size": None, "random_state": 0,
        "learning_rate": 0.02, "recurrent_initializer": "glorot_uniform",
    }  # fmt: skip
    distances = []
    for factor in (0.0, 10.0):
        model = RNNRegressor(**params, gradient_penalty=factor).fit(x, y)
        norms = gradient_flow(model, x, y)["recurrent_0"]
        distances.append(np.abs(norms[:-1] / norms[1:] - 1).mean())
    assert distances[1] < 0.6 * distances[0]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"body": ConvBody()}, "a body"),
        ({"cell": keras.layers.GRUCell}, "a custom cell"),
        ({"cell": "lru"}, "cell='lru'"),
    ],
    ids=["body", "custom cell", "scan"],
)
def test_rnn_gradient_penalty_is_refused_if_it_is_not_defined(params, reason):
    model = RNNClassifier(**{**TINY, **params}, gradient_penalty=0.5)
    with pytest.raises(ValueError, match=f"^gradient_penalty=0.5 cannot be combined with {reason}"):
        model.fit(MANY, TAGS)
    with pytest.raises(InvalidParameterError, match="'gradient_penalty' parameter"):
        RNNClassifier(**TINY, gradient_penalty=-0.5).fit(MANY, TAGS)
