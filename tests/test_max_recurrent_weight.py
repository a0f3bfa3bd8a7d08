"""The parameter max_recurrent_weight, compared with an update in NumPy and with plain clipping."""

from copy import deepcopy

import keras
import numpy as np
import pytest
from equations import indrnn_step
from numpy.testing import assert_allclose
from recurrences import count_programs, same_bits
from sklearn.utils._param_validation import InvalidParameterError
from small_data import PLAIN, TINY, assert_same_weights, labelled, tagged

from skrnn import (
    RNNClassifier,
    RNNRegressor,
    Seq2SeqClassifier,
    Seq2SeqRegressor,
    SequenceGenerator,
    check_sequences,
)
from skrnn._examples import Examples
from skrnn.recurrent._recurrent_bound import recurrent_bound

X, LABELS = labelled()
SUMS = np.array([steps.sum() for steps in X])
TAGGED, TAGS = tagged()
LARGE = {**TINY, "cell": "indrnn", "optimizer": "sgd", "learning_rate": 2.0, "schedule": "constant"}
RNN = {**LARGE, "add_differences": False}
# Recurrent weights are the second array of the first layer.
RECURRENT = 1


def largest(model):
    return np.abs(model.weights_[RECURRENT]).max()


def test_rnn_max_recurrent_weight_clips_an_update_as_numpy_does():
    bound, rate = 0.6, 0.5
    model = RNNRegressor(
        **PLAIN, cell="indrnn", units=3, dtype="float64", optimizer="sgd", learning_rate=1e-300,
        global_clipnorm=None, normalize_y=False, epochs=1, batch_size=None, random_state=0,
    )  # fmt: skip
    kernel, before, bias, head, head_bias = model.fit(X, SUMS).weights_

    def loss(recurrent):
        errors = []
        for x, target in zip(X, SUMS, strict=True):
            h = np.zeros(3)
            for one in x:
                (h,) = indrnn_step(one, h, kernel, recurrent, bias)
            errors.append((h @ head + head_bias - target) ** 2)
        return np.mean(errors)

    shifts = 1e-6 * np.eye(3)
    gradient = [(loss(before + shift) - loss(before - shift)) / 2e-6 for shift in shifts]
    expected = np.clip(before - rate * np.array(gradient), -bound, bound)
    assert 0 < (np.abs(expected) == bound).sum() < 3
    model.set_params(learning_rate=rate, max_recurrent_weight=bound)
    # The bound is a number of float32, as learning rates are.
    assert_allclose(model.fit(X, SUMS).weights_[RECURRENT], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "optimizer", ["adam", keras.optimizers.Adam(weight_decay=0.1), "sgd"], ids=["fused", "", "sgd"]
)
def test_rnn_max_recurrent_weight_clips_after_every_update(optimizer):
    model = RNNClassifier(**{**RNN, "optimizer": optimizer, "batch_size": None})
    model.set_params(max_recurrent_weight=0.5).partial_fit(X, LABELS)
    for _ in range(2):
        plain = deepcopy(model).set_params(max_recurrent_weight=None).partial_fit(X, LABELS)
        model.partial_fit(X, LABELS)
        expected = list(plain.weights_)
        expected[RECURRENT] = np.clip(expected[RECURRENT], -0.5, 0.5)
        assert largest(plain) > 0.5
        assert_same_weights(model, expected)


def test_rnn_max_recurrent_weight_auto_is_a_root_of_two():
    calm = {**RNN, "learning_rate": 0.01}
    model = RNNClassifier(**calm, max_recurrent_weight="auto").fit(X, LABELS)
    # A bound that no weight reaches changes nothing.
    assert_same_weights(model, RNNClassifier(**calm).fit(X, LABELS))
    for sequences in (X, [steps[:2] for steps in X]):
        model.weights_[RECURRENT][:] = 3
        bound = 2 ** (1 / max(map(len, sequences)))
        assert largest(model.partial_fit(sequences, LABELS)) == np.float32(bound)


def test_rnn_max_recurrent_weight_of_every_value_shares_a_program(monkeypatch):
    built = count_programs(monkeypatch)
    models = [
        RNNClassifier(**RNN, max_recurrent_weight=bound).fit(X, LABELS)
        for bound in (None, 0.5, 1.0, 0.5)
    ]
    assert len(built) == 1
    assert_same_weights(models[1], models[3])
    assert not same_bits(models[1], models[0])
    assert not same_bits(models[1], models[2])


def test_rnn_max_recurrent_weight_reaches_every_layer_and_segment():
    params = {**RNN, "max_recurrent_weight": 0.25}
    both = RNNClassifier(**{**params, "units": (4, 3)}, bidirectional=True).fit(X, LABELS)
    vectors = both.weights_[1:-2:3]
    assert [weight.shape for weight in vectors] == [(4,), (4,), (3,), (3,)]
    segments = {"return_sequences": True, "truncation": 2, "gradient_penalty": 0.1}
    tagger = RNNClassifier(**params, **segments).fit(TAGGED, TAGS)
    for weight in (*vectors, tagger.weights_[RECURRENT]):
        assert np.abs(weight).max() == 0.25


def test_generator_and_translator_max_recurrent_weight():
    small = {**LARGE, "epochs": 1, "max_recurrent_weight": 0.125}
    generator = SequenceGenerator(**small).fit(["anna", "hanna"] * 8)
    assert largest(generator) == 0.125
    translator = Seq2SeqClassifier(**small).fit([[1, 2], [2]] * 8, [[3, 1], [1]] * 8)
    vectors = [weight for weight in translator.weights_ if weight.shape == (4,)]
    assert sum(np.abs(weight).max() == 0.125 for weight in vectors) == 2


def test_rnn_max_recurrent_weight_is_refused_for_other_cells():
    model = RNNClassifier(**TINY, max_recurrent_weight=1.0)
    with pytest.raises(
        ValueError, match=r'^max_recurrent_weight=1.0 bounds .*cell="indrnn".*simpl'
    ):
        model.fit(X, LABELS)
    # "auto" may be set in a search over cells.
    model.set_params(max_recurrent_weight="auto").fit(X, LABELS)
    assert_same_weights(model, RNNClassifier(**TINY).fit(X, LABELS))
    for value in (0.0, -1.0, "large"):
        with pytest.raises(InvalidParameterError, match="'max_recurrent_weight' parameter"):
            model.set_params(max_recurrent_weight=value).fit(X, LABELS)


def test_rnn_max_recurrent_weight_also_bounds_averages_of_weights():
    averaging = keras.optimizers.SGD(2.0, use_ema=True, ema_momentum=0.5)
    settings = {**RNN, "optimizer": averaging, "learning_rate": None, "epochs": 5}
    model = RNNRegressor(**settings, max_recurrent_weight=0.5).fit(X, SUMS)
    assert largest(model) <= 0.5


def test_max_recurrent_weight_counts_the_time_steps_of_a_target():
    few, many = np.ones((4, 3)), np.ones((4, 30))
    examples = Examples.of(check_sequences(few), many.reshape(-1, 1), np.full(4, 30), np.ones(120))
    model = Seq2SeqRegressor(cell="indrnn", max_recurrent_weight="auto")
    assert_allclose(recurrent_bound(model, examples), 2 ** (1 / 30))
