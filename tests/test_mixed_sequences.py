"""`MixedSequences`, and how containers with numbers and categories are read."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from event_data import make_events

from skrnn.sequences import (
    MixedSequences,
    Sequences,
    check_sequences,
    from_long,
    from_multiindex,
    to_long,
    to_padded,
)
from skrnn.sequences._mixed_sequences import step_table
from skrnn.sequences._read_categories import read_categories


@pytest.fixture
def long_table():
    frames, _ = make_events(4)
    return pd.concat([frame.assign(who=i, day=frame.index) for i, frame in enumerate(frames)])


def values_of(X):
    """Return all time steps with categories in place of codes."""
    return step_table(X, X.concatenate())


def assert_same(one, two):
    assert one.lengths.tolist() == two.lengths.tolist()
    pd.testing.assert_frame_equal(values_of(one), values_of(two))


@pytest.mark.parametrize(
    "derive",
    [
        lambda X: X[1:3],
        lambda X: X[[1, 2]],
        lambda X: X[np.array([False, True, True, False])],
        lambda X: pickle.loads(pickle.dumps(X[1:3])),
        lambda X: copy.deepcopy(X)[1:3],
    ],
)
def test_mixed_sequences_keep_their_tables(long_table, derive):
    X, _ = from_long(long_table, id="who", time="day")
    part = derive(X)
    assert isinstance(part, MixedSequences)
    kept = long_table[long_table["who"].isin([1, 2])].drop(columns=["who", "day"])
    pd.testing.assert_frame_equal(values_of(part), kept.reset_index(drop=True), check_dtype=False)
    assert part.feature_names == ("code", "amount", "weekday")
    assert list(part.categories) == ["code"]


def test_mixed_sequences_derived_kinds(long_table):
    X, _ = from_long(long_table, id="who", time="day")
    assert isinstance(X[0], np.ndarray)
    assert type(X.without_tables()) is Sequences
    assert type(X.with_values(X.values)) is Sequences
    assert (X.without_codes().values[:, 0] == 0).all()
    assert "categorical=['code']" in repr(X)
    by_name = MixedSequences(X.without_tables(), X.categories)
    assert_same(by_name, X)


@pytest.mark.parametrize(
    ("codes", "tables", "message"),
    [
        ([[2.0]], {0: ["a", "b"]}, "2 in feature 0, expected indices of its 2 categories"),
        ([[-1.0]], {0: ["a", "b"]}, "-1 in feature 0"),
        ([[0.5]], {0: ["a", "b"]}, r"0\.5 in feature 0"),
        ([[0.0]], {1: ["a", "b"]}, r"table for feature 1, expected .* of the 1 feature"),
        ([[0.0]], {"a": ["a", "b"]}, r"table for feature 'a', expected the name or the index"),
        ([[0.0]], {0: [["a"]]}, r"must be one-dimensional, got the shape \(1, 1\)"),
    ],
)
def test_mixed_sequences_errors(codes, tables, message):
    with pytest.raises(ValueError, match=message):
        MixedSequences(Sequences(codes, [0], [1]), tables)
    with pytest.raises(TypeError, match="must be Sequences of vectors"):
        MixedSequences(codes, tables)
    with pytest.raises(TypeError, match="categories must be a dict, got list"):
        MixedSequences(Sequences(codes, [0], [1]), [])


def test_from_long_reads_categories(long_table):
    shuffled = long_table.sample(frac=1, random_state=0)
    as_dtype = shuffled.astype({"code": "category", "weekday": "category"})
    X, ids = from_long(shuffled, id="who", time="day")
    assert ids.tolist() == [0, 1, 2, 3]
    Z, _ = from_long(as_dtype, id="who", time="day")
    assert list(Z.categories) == ["code", "weekday"]
    assert_same(X, read_categories(make_events(4)[0], "auto"))
    assert_same(Z, read_categories(make_events(4)[0], ["code", "weekday"]))
    assert_same(Z, from_multiindex(as_dtype.set_index(["who", "day"]))[0])


def test_to_long_inverts_from_long(long_table):
    X, ids = from_long(long_table, id="who", time="day")
    table = to_long(X, ids=ids, id="who", time="day")
    columns = list(table.columns)
    pd.testing.assert_frame_equal(
        table, long_table[columns].reset_index(drop=True), check_dtype=False
    )


def test_to_long_marks_integer_categories_for_from_long(long_table):
    long_table["weekday"] = long_table["weekday"].astype("category")
    X, ids = from_long(long_table, id="who", time="day")
    again, _ = from_long(to_long(X, ids=ids), id="id", time="time")
    assert list(again.categories) == list(X.categories) == ["code", "weekday"]
    assert_same(again, X)


def test_missing_categories_are_nan(long_table):
    long_table.iloc[0, 0] = None
    X, _ = from_long(long_table, id="who", time="day")
    assert np.isnan(X[0][0, 0])
    assert to_long(X)["code"].isna().sum() == 1


@pytest.mark.parametrize("container", ["tuple", "object arrays", "column", "windows"])
def test_read_categories_containers(container):
    frames, _ = make_events(4)
    expected = read_categories(frames, ["code", "weekday"])
    if container == "tuple":
        found = read_categories(tuple(frames), [0, 2])
    elif container == "object arrays":
        found = read_categories([frame.to_numpy() for frame in frames], [True, False, True])
        expected = MixedSequences(expected.with_values(expected.values), expected.tables)
    elif container == "column":
        column = np.empty(4, dtype=object)
        column[:] = frames
        found = read_categories(column, ["weekday", "code"])
    else:
        overlapping = Sequences(np.array([[3.0], [1.0], [7.0], [9.0]]), [0, 1], [2, 2])
        found = read_categories(overlapping, [0])
        expected = read_categories([[[3], [1]], [[1], [7]]], [0])
    assert_same(found, expected)


def test_read_categories_ignores_steps_of_no_sequence():
    steps = Sequences([[1.5, 0.0], [7.0, 1.0], [np.nan, np.inf], [3.0, 2.0]], [3, 1], [1, 1])
    X = read_categories(steps, [0])
    assert X.categories[0].tolist() == [3, 7]
    assert [part.tolist() for part in X] == [[[0, 2]], [[1, 1]]]


def test_read_categories_of_strings_alone():
    X = read_categories([["b", "a"], ["b"]], "auto")
    assert X.values.ravel().tolist() == [1, 0, 1]
    assert X.categories[0].tolist() == ["a", "b"]
    Z = read_categories(np.array([["b", "a"], ["c", "a"]]), "auto")
    assert Z.values.ravel().tolist() == [1, 0, 2, 0]


def test_read_categories_without_any_is_check_sequences():
    frames = [frame[["amount", "weekday"]] for frame in make_events(4)[0]]
    X = read_categories(frames, "auto", dtype=np.float32)
    assert type(X) is Sequences
    assert np.array_equal(X.values, check_sequences(frames).values)


def test_read_categories_reads_polars():
    polars = pytest.importorskip("polars")
    frames, _ = make_events(3)
    found = read_categories([polars.DataFrame(frame.to_dict("list")) for frame in frames], "auto")
    assert_same(found, read_categories(frames, "auto"))


@pytest.mark.parametrize(
    ("X", "columns", "message"),
    [
        ([[[-1.0, 2.0]]], [0], r"X\[0\] holds -1 in the categorical feature 0"),
        ([[[1.0, 2.0]], [[1.5, 2.0]]], [0], r"X\[1\] holds 1\.5 in the categorical feature 0"),
        ([pd.DataFrame({"a": [1, -2]})], ["a"], r"X\[0\] holds -2 in the categorical feature 'a'"),
        ([pd.DataFrame({"a": ["x", 2]})], ["a"], r"kinds \['int', 'str'\] in .* 'a'.*astype"),
        ([pd.DataFrame({"a": ["x"]})], ["b"], r"contains 'b', but X has the features \['a'\]"),
        ([[[1.0, 2.0]]], ["b"], "contains 'b', but X has features without names"),
        ([[[1.0, 2.0]]], [2], r"index 2, but X has 2 feature\(s\), with the indices 0 to 1"),
        ([[[1.0, 2.0]]], [True], r"mask of 1 feature\(s\), but X has 2"),
        ([[[1.0, 2.0]]], [0.5], "only names, only indices, or a bool for each feature, got 0.5"),
        ([pd.DataFrame({"a": ["x"], "b": ["y"]})], ["a"], "do not hold numbers: 'b'.*categorical"),
        ([pd.DataFrame({"a": ["x"], "b": [np.nan]})], "auto", "X contains NaN"),
        ([[[0.0, np.nan]]], [0], "X contains NaN"),
        ([pd.DataFrame({"a": ["x"]}), pd.DataFrame({"a": []})], "auto", "0 time step|empty"),
        ([pd.DataFrame({"a": ["x"]}), pd.DataFrame({"b": ["x"]})], "auto", "other columns"),
    ],
)
def test_read_categories_errors(X, columns, message):
    with pytest.raises(ValueError, match=message):
        read_categories(X, columns)


def test_codes_are_not_read_as_numbers(long_table):
    X, _ = from_long(long_table, id="who", time="day")
    for read in (check_sequences, to_padded):
        with pytest.raises(ValueError, match=r"categories in \['code'\].*categorical_features"):
            read(X)
    with pytest.raises(ValueError, match="which categorical_features does not name"):
        read_categories(X, ["weekday"])
