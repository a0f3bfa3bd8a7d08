"""Scores of predicted sequences: sequence_accuracy_score and token_accuracy_score."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import KFold, cross_val_score

from skrnn.metrics import flatten_steps, sequence_accuracy_score, token_accuracy_score
from skrnn.sequences import Sequences


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=8),
    outputs=st.sampled_from([(), (1,), (2,)]),
    seed=st.integers(0, 99),
)
def test_sequence_accuracy_score_of_random_labels(lengths, outputs, seed):
    rng = np.random.default_rng(seed)
    y_true, y_pred = (
        [rng.choice(["a", "b"], size=(length, *outputs), p=[0.8, 0.2]) for length in lengths]
        for _ in range(2)
    )
    right = [np.array_equal(*pair) for pair in zip(y_true, y_pred, strict=True)]
    weight = rng.integers(1, 5, len(lengths))
    assert sequence_accuracy_score(y_true, y_pred) == pytest.approx(np.mean(right))
    assert sequence_accuracy_score(y_true, y_pred, normalize=False) == np.sum(right)
    weighted = sequence_accuracy_score(y_true, y_pred, sample_weight=weight)
    assert weighted == pytest.approx(np.average(right, weights=weight))
    total = sequence_accuracy_score(y_true, y_pred, normalize=False, sample_weight=weight)
    assert total == np.sum(weight[right])
    assert sequence_accuracy_score(y_true, y_true) == 1


def test_sequence_accuracy_score_equals_accuracy_for_one_step():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(0, 3, (2, 50, 1))
    expected = accuracy_score(y_true.ravel(), y_pred.ravel())
    assert sequence_accuracy_score(y_true, y_pred) == expected


def test_sequence_accuracy_score_containers():
    y_true, y_pred = [["a", "b"], ["long", "b"], ["b", "b"]], [["a", "b"], ["a", "b"], ["b", "b"]]
    objects = pd.Series([np.array(labels) for labels in y_pred]).to_numpy()
    for true in (y_true, tuple(y_true), np.array(y_true), pd.DataFrame(y_true)):
        for pred in (y_pred, np.array(y_pred), np.array(y_pred, dtype=object), objects):
            assert sequence_accuracy_score(true, pred) == pytest.approx(2 / 3)
    codes = Sequences(np.arange(5), starts=[3, 0], lengths=[2, 2])
    assert sequence_accuracy_score(codes, [[3, 4], [0, 2]]) == 0.5


def test_sequence_accuracy_score_empty_sequences():
    nothing = np.array([], dtype="U1")
    y_true, y_pred = [nothing, ["a"], nothing], [nothing, ["b"], nothing]
    assert sequence_accuracy_score(y_true, y_pred, normalize=False) == 2
    assert sequence_accuracy_score([[], []], [[], []]) == 1


RAGGED = st.lists(st.text("ab", max_size=4).map(list), min_size=1, max_size=6)


@given(y_true=RAGGED, y_pred=RAGGED)
def test_sequence_and_token_accuracy_of_different_lengths(y_true, y_pred):
    n = min(len(y_true), len(y_pred))
    y_true, y_pred = y_true[:n], y_pred[:n]
    weight = np.arange(1.0, n + 1)
    pairs = list(zip(y_true, y_pred, strict=True))
    right = [sum(a == b for a, b in zip(*pair, strict=False)) for pair in pairs]
    total = [max(map(len, pair)) for pair in pairs]
    assert sequence_accuracy_score(y_true, y_pred) == pytest.approx(
        np.mean([one == other for one, other in pairs])
    )
    expected = np.dot(weight, right) / np.dot(weight, total) if any(total) else 1
    score = token_accuracy_score(y_true, y_pred, sample_weight=weight)
    assert score == pytest.approx(expected)
    assert token_accuracy_score(y_pred, y_true, sample_weight=weight) == pytest.approx(expected)


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=8),
    outputs=st.sampled_from([(), (1,)]),
    seed=st.integers(0, 99),
)
def test_token_accuracy_score_of_equal_lengths_is_the_accuracy_of_steps(lengths, outputs, seed):
    rng = np.random.default_rng(seed)
    y_true, y_pred = (
        [rng.integers(0, 3, size=(length, *outputs)) for length in lengths] for _ in range(2)
    )
    expected = accuracy_score(*map(np.ravel, flatten_steps(y_true, y_pred)))
    assert token_accuracy_score(y_true, y_pred) == pytest.approx(expected)


def test_sequence_accuracy_score_of_texts():
    y_true, y_pred = ["Il dort.", "", "non"], ["Il dort.", "", "Non"]
    for wrap in (list, tuple, np.array, pd.Series):
        assert sequence_accuracy_score(wrap(y_true), y_pred) == pytest.approx(2 / 3)
    assert sequence_accuracy_score(y_true, y_pred, sample_weight=[1, 1, 8]) == pytest.approx(0.2)
    with pytest.raises(ValueError, match=r"y_true contains texts.*with str\.split"):
        token_accuracy_score(y_true, y_pred)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "weight", "message"),
    [
        ([], [], None, "at least one sequence, got none"),
        ([1, 2], [1, 2], None, r"targets per step.*shape \(\) for sequence 0"),
        (["a", "b"], [["a"], ["b"]], None, "y_true contains texts, but y_pred contains sequences"),
        ([["a"]], np.array(["a"]), None, "y_pred contains texts, but y_true contains sequences"),
        ([["a"]], [["a"], ["b"]], None, "number of sequences, got 1 and 2"),
        (np.zeros((2, 3, 2)), np.zeros((2, 3)), None, r"labels per step.* \(2,\) and \(\)"),
        (np.zeros((2, 3, 1)), np.zeros((2, 3)), None, r"labels per step.* \(1,\) and \(\)"),
        ([[0.5, 1.0]], [[0.5, 1.0]], None, "continuous is not supported"),
        ([[0, 1]], [[0.1, 1.0]], None, "mix of binary and continuous targets"),
        ([["a"], ["b"]], [["a"], ["b"]], [1.0], "one weight per sequence: got 1 for 2"),
        ([["a", "b"]], [["a", "b"]], [1.0, 2.0], "one weight per sequence: got 2 for 1"),
        ([["a"], ["b"]], [["a"], ["b"]], [-1.0, 1.0], "Negative values in data passed to"),
        ([["a"], ["b"]], [["a"], ["b"]], [0.0, 0.0], "(?i)sample.weight"),
        (3, [["a"]], None, "y_true must hold targets per step, got the single value 3"),
        ([["a"]], None, None, "y_pred must hold targets per step"),
    ],
)
def test_sequence_accuracy_score_errors(y_true, y_pred, weight, message):
    with pytest.raises(ValueError, match=message):
        sequence_accuracy_score(y_true, y_pred, sample_weight=weight)
    with pytest.raises(ValueError, match=message if "texts" not in message else "contains texts"):
        token_accuracy_score(y_true, y_pred, sample_weight=weight)


class IdentityClassifier(ClassifierMixin, BaseEstimator):
    """Returns X as the predicted labels."""

    def fit(self, X, y):
        self.classes_ = np.unique(np.concatenate(y))
        return self

    def predict(self, X):
        return X


def test_sequence_accuracy_score_as_a_scorer():
    y = [["a", "b"], ["b"], ["a"], ["b", "a", "a"]]
    X = [["a", "b"], ["b"], ["b"], ["b", "b", "a"]]
    scorer = make_scorer(sequence_accuracy_score)
    model = IdentityClassifier().fit(X, y)
    assert scorer(model, X, y) == 0.5
    assert scorer(model, X, y, sample_weight=[1, 2, 3, 4]) == pytest.approx(0.3)
    scores = cross_val_score(model, X, y, cv=KFold(2), scoring=scorer, error_score="raise")
    assert_array_equal(scores, [1, 0])


@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [
        ([["a", "1"]], [["a", 1]]),
        ([["a"], ["1"]], [["a"], [1]]),
        ([["a"], [1]], [["a"], [1]]),
        ([["1"]], [[1]]),
        ([["a", "b"]], [[0, 1]]),
        ([[0, 1]], np.array([["a", "b"]], dtype=object)),
        (np.array([["a", 1]], dtype=object), [["a", "1"]]),
        (np.array([["a", "b"]], dtype="T"), [[0.5, 1.0]]),
    ],
)
def test_sequence_accuracy_score_mixed_numbers_and_str(y_true, y_pred):
    with pytest.raises(ValueError, match="Labels must be all numbers or all str, got both in "):
        sequence_accuracy_score(y_true, y_pred)
