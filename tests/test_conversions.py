"""The conversions of `skrnn.sequences`: round trips with their inverses, and their errors."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_array_equal

from skrnn.sequences import (
    Sequences,
    check_sequences,
    from_channels_first,
    from_long,
    from_multiindex,
    from_nan_padded,
    to_channels_first,
    to_long,
    to_multiindex,
    to_padded,
)

quick = settings(max_examples=30)


@st.composite
def batches(draw):
    """Draw `Sequences` of any lengths, in any order, some with unused values."""
    lengths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    n_features = draw(st.integers(1, 3))
    elements = st.floats(-1e6, 1e6, width=32)
    values = draw(hnp.arrays(dtype, (sum(lengths), n_features), elements=elements))
    X = Sequences(values, np.cumsum(lengths) - lengths, lengths)
    return X[draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=8))]


def assert_same(X, expected):
    assert isinstance(X, Sequences)
    assert X.dtype == expected.dtype
    assert len(X) == len(expected)
    for one, other in zip(X, expected, strict=True):
        assert_array_equal(one, other)


@pytest.fixture
def table():
    """Return the rows of three sequences in an arbitrary order."""
    return pd.DataFrame(
        {
            "who": ["b", "a", "c", "a", "b", "a"],
            "day": pd.date_range("2020-01-01", periods=6)[[1, 2, 0, 1, 2, 0]],
            "load": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "heat": [10, 20, 30, 40, 50, 60],
            "kind": ["y", "x", "z", "x", "y", "x"],
            "class": [0, 1, 0, 0, 1, 1],
        }
    )


# --- channels first -----------------------------------------------------------------------------


@quick
@given(batches())
def test_channels_first_round_trip(X):
    swapped = to_channels_first(X)
    assert isinstance(swapped, list) == (X.shape[1] is None)
    assert_same(from_channels_first(swapped), X)
    assert_same(from_channels_first([x.T for x in X]), X)
    assert_same(from_channels_first(tuple(x.T.tolist() for x in X)), check_float64(X))


def check_float64(X):
    return check_sequences(X, dtype=np.float64)


def test_channels_first_of_an_array():
    array = np.arange(24).reshape(2, 3, 4)
    X = from_channels_first(array)
    assert X.shape == (2, 4, 3)
    assert X.dtype == np.float64
    assert_array_equal(X[1], array[1].T)
    assert_array_equal(to_channels_first(np.swapaxes(array, 1, 2)), array)
    assert_array_equal(to_channels_first(array[:, 0]), array[:, :1])
    items = np.empty(2, dtype=object)
    items[:] = [array[0], array[1, :, :2]]
    assert from_channels_first(items).shape == (2, None, 3)


def test_channels_first_windows_are_not_copied():
    series = np.random.default_rng(0).normal(size=(30, 2))
    windows = sliding_window_view(series, 7, axis=0)
    X = from_channels_first(windows)
    assert np.shares_memory(X.values, series)
    assert np.shares_memory(to_channels_first(X), series)
    assert_array_equal(to_channels_first(X), windows)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 3)), r"got 2 dimension\(s\) \(shape=\(2, 3\)\)"),
        ([np.zeros((2, 3)), np.zeros(3)], r"X\[1\] must have the shape \(n_features, n_steps\)"),
        ([np.zeros((2, 3)), np.zeros((1, 3))], r"X\[0\] has 2 feature\(s\), X\[1\] has 1"),
        (np.zeros((2, 3, 4), dtype=complex), "Complex data not supported"),
        (np.zeros((2, 3, 0)), r"X\[0\] is an empty sequence"),
    ],
)
def test_from_channels_first_errors(X, message):
    with pytest.raises(ValueError, match=message):
        from_channels_first(X)


def test_to_channels_first_of_codes():
    with pytest.raises(ValueError, match="integer codes"):
        to_channels_first(check_sequences([[1]], tokens=True))


# --- padding ------------------------------------------------------------------------------------


@quick
@given(batches(), st.integers(0, 2))
def test_padded_round_trip(X, extra):
    longest = int(X.lengths.max())
    padded = to_padded(X, length=longest + extra)
    assert padded.shape == (len(X), longest + extra, X.shape[2])
    assert padded.dtype == X.dtype
    again = from_nan_padded(padded)
    assert_same(again, X)
    assert np.shares_memory(again.values, padded)
    assert check_sequences(again, dtype=X.dtype) is again
    assert_array_equal(to_padded(again, length=longest + extra), padded)


def test_from_nan_padded_keeps_inner_nan():
    nan = np.nan
    X = from_nan_padded([[[nan, nan], [1, nan], [nan, nan]], [[nan, 1], [nan, nan], [2, 3]]])
    assert_array_equal(X.lengths, [2, 3])
    assert_array_equal(X[0], [[nan, nan], [1, nan]])
    X = from_nan_padded(pd.DataFrame([[1, nan, 3, nan], [1, 2, nan, nan]]))
    assert_array_equal(X.lengths, [3, 2])
    assert_array_equal(from_nan_padded(np.ones((2, 3), dtype=int)).lengths, [3, 3])


def test_from_nan_padded_windows_are_not_copied():
    series = np.array([1.0, 2.0, 3.0, np.nan, 5.0, np.nan])
    X = from_nan_padded(sliding_window_view(series, 3))
    assert_array_equal(X.lengths, [3, 2, 3, 2])
    assert np.shares_memory(X.values, series)


def test_from_nan_padded_only_nan():
    with pytest.raises(ValueError, match=r"X\[1\] contains only NaN"):
        from_nan_padded([[1.0, np.nan], [np.nan, np.nan]])


def test_to_padded_of_lists_and_codes():
    assert_array_equal(to_padded([[1, 2], [3]], value=-1)[:, :, 0], [[1, 2], [3, -1]])
    codes = check_sequences([[1, 2], [3]], tokens=True)
    padded = to_padded(codes, value=0, length=3)
    assert_array_equal(padded, [[1, 2, 0], [3, 0, 0]])
    assert padded.dtype == np.int32
    assert_array_equal(to_padded(codes, value=-1), [[1, 2], [3, -1]])
    match = "X holds int32 values; value must be an integer from .*got nan"
    with pytest.raises(ValueError, match=match):
        to_padded(codes)
    with pytest.raises(ValueError, match=r"length=1 is shorter than .* 2 steps"):
        to_padded(codes, value=0, length=1)


@pytest.mark.parametrize(
    ("value", "error", "match"),
    [
        (300, ValueError, "X holds uint8 values; value must be an integer from 0 to 255, got 300"),
        (-1, ValueError, "value must be an integer from 0 to 255, got -1"),
        (0.5, ValueError, "got 0.5"),
        ("a", TypeError, "value must be a number, got 'a'"),
        (None, TypeError, "value must be a number, got None"),
    ],
)
def test_to_padded_refuses_a_value_that_the_dtype_cannot_hold(value, error, match):
    codes = Sequences(np.arange(3, dtype=np.uint8), [0, 1], [1, 2])
    with pytest.raises(error, match=match):
        to_padded(codes, value=value)


# --- tables -------------------------------------------------------------------------------------


@quick
@given(batches(), st.randoms(use_true_random=False))
def test_long_round_trip(X, random):
    df = to_long(X)
    values = [c for c in df.columns if c not in ("id", "time")]
    rows = list(range(len(df)))
    random.shuffle(rows)
    again, ids = from_long(df.iloc[rows], id="id", time="time", values=values)
    assert_same(again, X)
    assert_array_equal(ids, np.arange(len(X)))
    pd.testing.assert_frame_equal(to_long(again, ids=ids), df)


@quick
@given(batches(), st.booleans(), st.booleans())
def test_long_round_trip_of_targets(X, per_step, several):
    n = int(X.lengths.sum()) if per_step else len(X)
    y = np.arange(2 * n).reshape(n, 2) if several else np.arange(n)
    y = np.split(y, np.cumsum(X.lengths)[:-1]) if per_step else y
    names = {
        "target": ["a", "b"] if several else "a",
        "target_per": "step" if per_step else "sequence",
    }
    df = to_long(X, y=y, values=[f"v{k}" for k in range(X.shape[2])], **names)
    values = [c for c in df.columns if c.startswith("v")]
    again, _, targets = from_long(df[::-1], id="id", time="time", values=values, **names)
    assert_same(again, X)
    assert isinstance(targets, list) == per_step
    assert len(targets) == len(y)
    for one, other in zip(targets, y, strict=True):
        assert_array_equal(one, other)


@quick
@given(batches(), st.randoms(use_true_random=False))
def test_multiindex_round_trip(X, random):
    df = to_multiindex(X, names=("instance", "step"))
    assert df.index.names == ["instance", "step"]
    rows = list(range(len(df)))
    random.shuffle(rows)
    again, ids = from_multiindex(df.iloc[rows])
    assert_same(again, X)
    pd.testing.assert_frame_equal(to_multiindex(again, ids=ids, names=("instance", "step")), df)


def test_from_long(table):
    X, ids = from_long(table, id="who", time="day", values=["load", "heat"])
    assert_array_equal(ids, ["a", "b", "c"])
    assert_array_equal(X.lengths, [3, 2, 1])
    assert_array_equal(X[0], [[6, 60], [4, 40], [2, 20]])
    X, _ = from_long(table, id="who", time="day", values="heat")
    assert X.shape == (3, None, 1)
    assert X.dtype == np.float64


def test_from_long_targets(table):
    columns = {"id": "who", "time": "day", "values": "load"}
    _, _, y = from_long(table, **columns, target="kind")
    assert_array_equal(y, ["x", "y", "z"])
    _, _, y = from_long(table, **columns, target=["kind"])
    assert y.shape == (3, 1)
    _, _, y = from_long(table, **columns, target="class", target_per="step")
    assert [list(one) for one in y] == [[1, 0, 1], [0, 1], [0]]
    missing = table.assign(kind=table["kind"].where(table["who"] != "a"))
    _, _, y = from_long(missing, **columns, target="kind")
    assert pd.isna(y[0])


def test_from_long_types_of_times(table):
    expected, _ = from_long(table, id="who", time="day", values="load")
    for day in (
        table["day"].dt.tz_localize("Europe/Paris"),
        table["day"].dt.to_period("D"),
        table["day"].astype(str),
        pd.Categorical(table["day"].astype(str), ordered=True),
    ):
        X, _ = from_long(table.assign(day=day), id="who", time="day", values="load")
        assert_same(X, expected)
    X, ids = from_long(
        table.assign(who=table["who"].astype("category")), id="who", time="day", values="load"
    )
    assert_same(X, expected)
    assert_array_equal(ids, ["a", "b", "c"])


def test_from_long_and_from_multiindex_tokens(table):
    X, _ = from_long(table, id="who", time="day", values="heat", tokens=True)
    assert X.shape == (3, None)
    assert_array_equal(X[0], [60, 40, 20])
    frame = to_long(X)
    assert list(frame.columns) == ["id", "time", "value"]
    X, _ = from_multiindex(table.set_index(["who", "day"])[["heat"]], tokens=True)
    assert X.dtype == np.int32
    with pytest.raises(ValueError, match="token ids must be integers, got float64"):
        from_long(table, id="who", time="day", values="load", tokens=True)
    with pytest.raises(ValueError, match="Token ids must be a single column, got 2"):
        from_long(table, id="who", time="day", values=["heat", "class"], tokens=True)


def test_from_long_missing_values(table):
    table = table.assign(load=table["load"].where(table["who"] != "c").astype("Float64"))
    X, _ = from_long(table, id="who", time="day", values="load")
    assert np.isnan(X[2][0, 0])


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (lambda df: df[:0], {}, "df has no rows"),
        (lambda df: df, {"time": "t", "target": "y"}, "df has no column 't', 'y'; its columns are"),
        (lambda df: df.set_index("who"), {}, r"no column 'who'.*reset_index\(\)"),
        (lambda df: df.set_axis(["who", "day", *"aaaa"], axis=1), {"values": "a"}, "same name"),
        (lambda df: df.assign(day=df["day"].max()), {}, "more than one row of id a at time 2020"),
        (lambda df: df.assign(who=df["who"].where(df.index > 1)), {}, "2 missing .* 'who'.* row 0"),
        (lambda df: df.assign(day=df["day"].where(df.index != 3)), {}, "1 missing .*'day'.* row 3"),
        (lambda df: df, {"values": ["load", "day"]}, "not numbers in the columns 'day'"),
        (lambda df: df, {"target": "class"}, r"'class' is not the same in all rows of id [ab]\."),
        (
            lambda df: df,
            {"target_per": "row"},
            "target_per must be 'sequence' or 'step', got 'row'",
        ),
    ],
)
def test_from_long_errors(table, change, arguments, message):
    columns = {"id": "who", "time": "day", "values": "load"} | arguments
    with pytest.raises(ValueError, match=message):
        from_long(change(table), **columns)


def test_from_long_and_from_multiindex_need_a_data_frame(table):
    with pytest.raises(TypeError, match=r"df must be a DataFrame of .*, got dict"):
        from_long(table.to_dict(), id="who", time="day", values="load")
    with pytest.raises(TypeError, match=r"df must be a DataFrame of .*, got Series"):
        from_multiindex(table["load"])


def test_from_long_reads_all_other_columns_with_their_names(table):
    table = table.drop(columns="class")
    X, ids, y = from_long(table, id="who", time="day", target="kind")
    others = [name for name in table.columns if name not in ("who", "day", "kind")]
    assert X.feature_names == tuple(others)
    expected, *_ = from_long(table, id="who", time="day", values=others)
    assert_same(X, expected)
    assert list(to_long(X, ids=ids, y=y).columns) == ["id", "time", *others, "target"]
    assert list(to_multiindex(X).columns) == others
    with pytest.raises(ValueError, match="no column for values"):
        from_long(table[["who", "day"]], id="who", time="day")


def _in_polars(table):
    polars = pytest.importorskip("polars")
    return polars.DataFrame({name: table[name].to_list() for name in table})


def _in_pyarrow(table):
    return pytest.importorskip("pyarrow").Table.from_pandas(table)


@pytest.mark.parametrize("convert", [_in_polars, _in_pyarrow])
def test_from_long_reads_tables_of_other_libraries(table, convert):
    columns = {"id": "who", "time": "day", "values": ["load", "heat"], "target": "kind"}
    X, ids, y = from_long(convert(table), **columns)
    expected, expected_ids, expected_y = from_long(table, **columns)
    assert_same(X, expected)
    assert X.feature_names == ("load", "heat")
    assert ids.tolist() == expected_ids.tolist()
    assert y.tolist() == expected_y.tolist()


def test_from_multiindex_names_from_long_for_a_table_without_an_index(table):
    with pytest.raises(ValueError, match=r"1 level\(s\).*from_long"):
        from_multiindex(_in_polars(table))


def test_from_multiindex_reads_pyarrow(table):
    indexed = table.set_index(["who", "day"])[["load"]]
    X, _ = from_multiindex(_in_pyarrow(indexed))
    assert_same(X, from_multiindex(indexed)[0])
    assert X.feature_names == ("load",)


def test_from_multiindex_errors(table):
    with pytest.raises(ValueError, match=r"index of two levels, id and time, got 1 level"):
        from_multiindex(table)
    with pytest.raises(ValueError, match="not numbers in the columns 'again'"):
        from_multiindex(table.assign(again=table["day"]).set_index(["who", "day"]))
    indexed = table.set_index(["who", "day"])[["load"]]
    with pytest.raises(ValueError, match="more than one row of id a"):
        from_multiindex(pd.concat([indexed, indexed]))
    with pytest.raises(ValueError, match=r"missing value.* in the second index level"):
        from_multiindex(table.assign(day=pd.NaT).set_index(["who", "day"])[["load"]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ids": ["a"]}, r"ids must have the shape \(2,\), got \(1,\)"),
        ({"ids": ["a", "a"]}, "ids must be unique"),
        ({"values": ["a", "b"]}, "values names 2 column"),
        ({"y": [1]}, "got 1 entries for 2 sequence"),
        ({"y": [1, 2], "target": ["a", "b"]}, "target names 2 column"),
        ({"y": [[1, 2], [3, 4]], "target_per": "step"}, r"y\[1\] has 2 target.* 1 time step"),
        ({"target_per": "row"}, "target_per must be"),
    ],
)
def test_to_long_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        to_long([[1.0, 2.0], [3.0]], **arguments)


def test_to_long_names():
    df = to_long(np.zeros((2, 2, 2)), ids=["b", "a"], y=["u", "v"], id="who", time="day")
    assert list(df.columns) == ["who", "day", "value_0", "value_1", "target"]
    assert_array_equal(df["who"], ["b", "b", "a", "a"])
    assert_array_equal(df["day"], [0, 1, 0, 1])
    assert_array_equal(df["target"], ["u", "u", "v", "v"])


@pytest.mark.parametrize("length", [1.5, "3", [3]])
def test_to_padded_length_must_be_an_integer(length):
    with pytest.raises(TypeError, match="length must be an int or None"):
        to_padded([[1.0, 2.0]], length=length)


@pytest.mark.parametrize("value", ["0", np.zeros(2), 1j, None])
def test_to_padded_value_must_be_a_number(value):
    with pytest.raises(TypeError, match="value must be a number"):
        to_padded([[1.0, 2.0]], value=value)


def test_to_padded_value_too_large():
    with pytest.raises(ValueError, match="value is too large for float64"):
        to_padded([[1.0, 2.0]], value=10**400)


@pytest.mark.parametrize("argument", ["id", "time", "target", "values"])
@pytest.mark.parametrize("name", [{}, [["a"]], np.zeros(2)])
def test_from_long_names_without_a_hash(argument, name):
    names = {"id": "id", "time": "time", "values": "value", argument: name}
    with pytest.raises(ValueError, match="df has no column a"):
        from_long(to_long([[1.0, 2.0]]), **names)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_to_multiindex_ids_missing(missing):
    with pytest.raises(ValueError, match="ids must not be missing"):
        to_multiindex([[1.0], [2.0]], ids=["a", missing])


def test_to_multiindex_ids_must_have_a_hash():
    with pytest.raises(ValueError, match="ids must be numbers, text or times"):
        to_multiindex([[1.0], [2.0]], ids=["a", {}])


def test_to_multiindex_ids_of_several_kinds_are_kept():
    assert list(to_multiindex([[1.0], [2.0]], ids=["a", 1]).index) == [("a", 0), (1, 0)]
