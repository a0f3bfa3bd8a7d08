"""Targets of all estimators of sequences: what is refused, and by which message."""

import numpy as np
import pytest

from skrnn import EchoStateClassifier, EchoStateRegressor
from skrnn.sequences._targets import check_labels, check_numbers

X = np.random.default_rng(0).normal(size=(6, 4, 2))


def objects(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


@pytest.mark.parametrize("missing", [np.nan, None, 1])
def test_check_labels_refuses_other_values_among_text(missing):
    with pytest.raises(ValueError, match="y must contain a label for each target"):
        check_labels(["a", "b", missing] if missing != 1 else ["a", "b", np.nan], "y")
    with pytest.raises(ValueError, match="y must contain"):
        EchoStateClassifier().fit(X, ["a", "b", missing] * 2)


def test_check_labels_refuses_missing_times():
    labels = np.array(["2026-01-01", "NaT"], "M8[D]")
    with pytest.raises(ValueError, match="y must contain a label for each target"):
        check_labels(labels, "y")


def test_numbers_and_weights_beyond_float64_are_named():
    with pytest.raises(ValueError, match="y must contain numbers: int too large"):
        check_numbers([10**400, 1], "y", per_step=False)
    model, y = EchoStateRegressor(return_sequences=True), X[..., 0].tolist()
    with pytest.raises(ValueError, match="sample_weight must be an array of numbers: int too"):
        model.fit(X, y, sample_weight=[[10**400] * 4] * 6)


@pytest.mark.parametrize("per_step", [False, True])
def test_score_names_numbers_and_weights_beyond_float64(per_step):
    y = X[..., 0] if per_step else X[:, 0, 0]
    model = EchoStateRegressor(units=5, return_sequences=per_step).fit(X, y)
    huge = np.full(y.shape, 10**400, dtype=object).tolist()
    with pytest.raises(ValueError, match="y must contain numbers: int too large"):
        model.score(X, huge)
    with pytest.raises(ValueError, match="sample_weight must be an array of numbers: int too"):
        model.score(X, y, sample_weight=huge)


def test_lists_of_labels_name_the_way_to_multi_label_targets():
    with pytest.raises(ValueError, match="MultiLabelBinarizer"):
        EchoStateClassifier().fit(X, [["a"], ["b", "c"]] * 3)


@pytest.mark.parametrize("labels", [["a", "b", ["a"]], ["a", 1, 2], ["a", {}, "b"]])
def test_check_labels_refuses_labels_that_cannot_be_compared(labels):
    with pytest.raises(ValueError, match="y must contain labels that can be compared"):
        check_labels(objects(labels), "y")


def test_check_labels_reads_text_and_integers():
    assert check_labels(["b", "a"], "y").tolist() == ["b", "a"]
    assert check_labels([2, 1], "y").tolist() == [2, 1]


@pytest.mark.parametrize("dtype", ["M8[ns]", "M8[D]", "m8[s]"])
def test_check_numbers_refuses_times(dtype):
    with pytest.raises(ValueError, match=r"y must contain numbers, got values of (date|time)"):
        check_numbers(np.arange(3).astype(dtype), "y", per_step=False)


def test_ragged_targets_are_refused():
    ragged = [[1], [1, 2], [1, [2]], 3, 4, 5]
    with pytest.raises(ValueError, match="y must contain one target per sequence"):
        EchoStateRegressor().fit(X, ragged)
    with pytest.raises(ValueError, match="y must be an array"):
        check_numbers(ragged, "y", per_step=False)


def test_text_in_a_list_of_targets_per_time_step_is_not_mixed():
    y = [["a", "b", "a", 1]] * 6
    with pytest.raises(ValueError, match=r"y\[0\] must contain a label for each target"):
        EchoStateClassifier(return_sequences=True).fit(X, y)
