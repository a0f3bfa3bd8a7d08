"""train_dev_test_split: sizes, random_state, stratify, groups, containers and errors."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.model_selection import train_test_split

from skrnn.model_selection import train_dev_test_split
from skrnn.sequences import Sequences


def sizes(parts):
    return [len(part) for part in parts]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [70, 10, 20]),
        ({"dev_size": 0.07, "test_size": 0.29}, [64, 7, 29]),
        ({"dev_size": 15, "test_size": 5}, [80, 15, 5]),
        ({"dev_size": 15, "test_size": 0.25}, [60, 15, 25]),
        ({"train_size": 0.5}, [50, 10, 20]),
        ({"train_size": 0.29}, [29, 10, 20]),
        ({"train_size": 30}, [30, 10, 20]),
        ({"dev_size": np.int64(1), "test_size": np.float32(0.5)}, [49, 1, 50]),
    ],
)
def test_train_dev_test_split_sizes(options, expected):
    assert sizes(train_dev_test_split(np.arange(100), random_state=0, **options)) == expected


@settings(max_examples=50, deadline=None)
@given(
    n=st.integers(10, 200),
    dev_size=st.floats(0.01, 0.45),
    test_size=st.floats(0.01, 0.45),
    shuffle=st.booleans(),
)
def test_train_dev_test_split_disjoint_and_complete(n, dev_size, test_size, shuffle):
    parts = train_dev_test_split(
        np.arange(n), dev_size=dev_size, test_size=test_size, shuffle=shuffle, random_state=0
    )
    assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n))


def test_train_dev_test_split_several_arrays():
    X, y = np.arange(20), np.arange(20) * 2
    X_train, X_dev, X_test, y_train, y_dev, y_test = train_dev_test_split(X, y, random_state=0)
    for X_part, y_part in ((X_train, y_train), (X_dev, y_dev), (X_test, y_test)):
        assert_array_equal(X_part * 2, y_part)


def test_train_dev_test_split_random_state():
    X = np.arange(50)
    first = train_dev_test_split(X, random_state=0)
    for one, other in zip(first, train_dev_test_split(X, random_state=0), strict=True):
        assert_array_equal(one, other)
    assert (train_dev_test_split(X, random_state=1)[2] != first[2]).any()


def test_train_dev_test_split_test_set_equals_train_test_split():
    X = np.arange(50)
    _, expected = train_test_split(X, test_size=10, random_state=3)
    assert_array_equal(train_dev_test_split(X, random_state=3)[2], expected)


def test_train_dev_test_split_keeps_the_global_random_state():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the global state is tested
    train_dev_test_split(np.arange(50), random_state=0)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_train_dev_test_split_shuffle_false():
    train, dev, test = train_dev_test_split(np.arange(10), shuffle=False)
    assert train.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert dev.tolist() == [7]
    assert test.tolist() == [8, 9]


def test_train_dev_test_split_stratify():
    y = np.repeat(["a", "b", "c"], [60, 30, 10])
    parts = train_dev_test_split(y, stratify=y, random_state=0)
    counts = [np.unique(part, return_counts=True)[1].tolist() for part in parts]
    assert counts == [[42, 21, 7], [6, 3, 1], [12, 6, 2]]


@pytest.mark.parametrize("shuffle", [True, False])
def test_train_dev_test_split_groups(shuffle):
    groups = np.repeat(list("jihgfedcba"), [1, 5, 2, 7, 3, 3, 4, 1, 2, 2])
    groups = np.concatenate([groups, groups])
    parts = train_dev_test_split(groups, groups=groups, shuffle=shuffle, random_state=0)
    of_part = [set(part.tolist()) for part in parts]
    assert [len(group_set) for group_set in of_part] == [7, 1, 2]
    assert set.union(*of_part) == set("abcdefghij")
    assert sum(sizes(parts)) == len(groups)
    if not shuffle:  # groups are sorted by first occurrence, not alphabetically
        assert of_part == [set("jihgfed"), {"c"}, {"b", "a"}]


def test_train_dev_test_split_groups_shuffle_false():
    # The order of appearance is a cyclic permutation, which is not its own inverse.
    groups = list("bcdefghija")
    train, dev, test = train_dev_test_split(groups, groups=groups, shuffle=False)
    assert (train, dev, test) == (list("bcdefgh"), ["i"], ["j", "a"])


def test_train_dev_test_split_groups_of_several_types():
    groups = [1, "1", 2.5, "a"] * 3
    parts = train_dev_test_split(groups, groups=groups, dev_size=1, test_size=1, random_state=0)
    assert sizes(parts) == [6, 3, 3]
    assert len(set(parts[1])) == len(set(parts[2])) == 1


def test_train_dev_test_split_containers():
    n = 10
    rows = [np.full((i + 1, 2), i) for i in range(n)]
    lengths = np.arange(1, n + 1)
    sequences = Sequences(np.concatenate(rows), np.cumsum(lengths) - lengths, lengths)
    objects = np.empty(n, dtype=object)
    objects[:] = rows
    frame = pd.DataFrame({"a": range(n)}, index=range(100, 100 + n))
    sparse_rows = [sparse.csr_array(row) for row in rows]
    arrays = [np.zeros((n, 4, 3)), rows, sequences, objects, frame, frame["a"], sparse_rows]
    parts = train_dev_test_split(*arrays, random_state=0)
    triples = [parts[i : i + 3] for i in range(0, len(parts), 3)]
    for array, triple in zip(arrays, triples, strict=True):
        assert {type(part) for part in triple} == {type(array)}
        assert sizes(triple) == [7, 1, 2]
    assert all(part.values is sequences.values for part in triples[2])
    for of_list, of_sequences in zip(triples[1], triples[2], strict=True):
        for one, other in zip(of_list, of_sequences, strict=True):
            assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dev_size": 0}, "dev_size must be a float between 0 and 1 or an int .* got 0"),
        ({"test_size": 1.0}, "test_size must be .* got 1.0"),
        ({"test_size": None}, "test_size must be .* got None"),
        ({"test_size": True}, "test_size must be .* got True"),
        ({"train_size": -3}, "train_size must be .* got -3"),
        ({"dev_size": 0.5, "test_size": 0.5}, "do not match 12 sequences"),
        ({"train_size": 0.9}, "do not match 12 sequences.*train_size=0.9, dev_size=0.1"),
        ({"train_size": 0.01}, "do not match 12 sequences"),
        ({"groups": [0] * 6 + [1] * 6}, "do not match 2 groups"),
        ({"groups": [0], "stratify": [0]}, "StratifiedGroupKFold"),
        ({"stratify": [0, 1] * 6, "shuffle": False}, "stratify needs shuffle=True"),
        ({"stratify": ["a"] * 10 + ["b"] * 2}, "class b has 2"),
        (
            {"stratify": [0, 1, 2] * 4, "dev_size": 2},
            "3 classes in each part: the smallest part would have 2",
        ),
        ({"stratify": [[0, 1]] * 12}, "one label per sequence"),
        ({"stratify": [[0, 1], [0]] * 6}, "one label per sequence"),
        ({"groups": [0, 1]}, "inconsistent numbers of samples"),
        ({"groups": [[0]] * 12}, "groups must be one label per sequence"),
        ({"groups": [0, 1, 2, None] * 3}, r"3 missing label\(s\), the first for sequence 3"),
    ],
)
def test_train_dev_test_split_errors(options, message):
    with pytest.raises(ValueError, match=message):
        train_dev_test_split(np.arange(12), **options)


def test_train_dev_test_split_no_arrays():
    with pytest.raises(ValueError, match="at least one array"):
        train_dev_test_split()


def test_train_dev_test_split_different_lengths():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        train_dev_test_split(np.arange(10), np.arange(9))


@pytest.mark.parametrize("y", [None, {}, {1, 2}, 3])
def test_arrays_must_be_containers_with_an_order(y):
    with pytest.raises(TypeError, match=r"arrays\[1\] must be sequences, a list"):
        train_dev_test_split(np.zeros((9, 2)), y)


@pytest.mark.parametrize("random_state", [-1, 2**40, "seed"])
def test_random_state_out_of_range(random_state):
    with pytest.raises(ValueError, match="random_state must be an integer from 0"):
        train_dev_test_split(np.zeros((9, 2)), random_state=random_state)
