"""Static features of sequences: the containers, conversions and transformers that hold them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import _safe_indexing

from skrnn import OneHotSequenceEncoder, TimeDistributed
from skrnn.reservoir import Reservoir
from skrnn.sequences import (
    Sequences,
    check_sequences,
    from_long,
    from_multiindex,
    to_column,
    to_long,
    to_multiindex,
    to_padded,
)

STEPS = [np.arange(6.0).reshape(3, 2), np.ones((1, 2)), np.zeros((2, 2)), np.full((4, 2), 5.0)]
STATIC = np.array([[40.0, 0.0], [71.0, 1.0], [55.0, 1.0], [23.0, 0.0]])
NAMES = ("age", "sex")


def with_static():
    return check_sequences(STEPS).with_static(STATIC, NAMES)


def clinical_table():
    table = pd.DataFrame({"age": [40, 71, 55, 23], "sex": ["f", "m", "m", "f"]})
    table.insert(1, "vitals", pd.Series(STEPS))
    return table


def assert_equal(X, steps, static, names):
    assert len(X) == len(steps)
    for one, other in zip(X, steps, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(X.static, static)
    assert X.static_names == names


@pytest.mark.parametrize(
    "given",
    [
        STATIC,
        STATIC.tolist(),
        STATIC.astype(int),
        STATIC.astype(object),
        pd.DataFrame(STATIC, columns=list(NAMES)),
        pd.DataFrame(STATIC, columns=list(NAMES)).astype("Int64"),
        pd.DataFrame({"age": STATIC[:, 0], "sex": STATIC[:, 1] > 0}),
    ],
)
def test_sequences_static_is_read_from_any_table(given):
    names = NAMES if isinstance(given, pd.DataFrame) else None
    X = check_sequences(STEPS)
    assert_equal(X.with_static(given), STEPS, STATIC, names)
    assert_equal(Sequences(X.values, X.starts, X.lengths, None, given), STEPS, STATIC, names)
    assert_equal(X.with_static(given, NAMES), STEPS, STATIC, NAMES)
    assert X.with_static(given).static.dtype == np.float64


@pytest.mark.parametrize(
    ("key", "rows"),
    [
        (slice(1, 3), [1, 2]),
        ([3, 0], [3, 0]),
        (np.array([True, False, False, True]), [0, 3]),
        ([], []),
    ],
)
def test_sequences_slices_have_their_static_features(key, rows):
    X = with_static()
    assert_equal(X[key], [STEPS[i] for i in rows], STATIC[rows], NAMES)
    assert X[key].static.dtype == np.float64
    assert not X[key].static.flags.writeable


def test_sequences_folds_and_copies_have_their_static_features():
    X = with_static()
    for train, test in KFold(2).split(X):
        np.testing.assert_array_equal(_safe_indexing(X, train).static, STATIC[train])
        np.testing.assert_array_equal(_safe_indexing(X, test).static, STATIC[test])
    first, second = train_test_split(X, random_state=0)
    assert sorted([*first.static[:, 0], *second.static[:, 0]]) == sorted(STATIC[:, 0])
    assert_equal(pickle.loads(pickle.dumps(X)), STEPS, STATIC, NAMES)
    unnamed = X.with_static(STATIC)
    assert_equal(pickle.loads(pickle.dumps(unnamed)), STEPS, STATIC, None)
    assert_equal(X.with_values(X.values + 1), [one + 1 for one in STEPS], STATIC, NAMES)
    assert_equal(check_sequences(X, dtype="float64"), STEPS, STATIC, NAMES)
    assert X.with_static(None).static is None
    assert "n_static=2" in repr(X)
    assert "n_static" not in repr(X.with_static(None))


def test_sequences_static_refuses_what_would_lose_it():
    with pytest.raises(ValueError, match=r"with_static\(None\)"):
        np.asarray(with_static()[[0]])
    with pytest.raises(ValueError, match="encoder of categories does not take static features"):
        OneHotSequenceEncoder().fit(
            check_sequences([[2, 3], [4]], tokens=True).with_static([[1], [2]])
        )
    with pytest.raises(ValueError, match=r"Reservoir does not take static features.*'age'"):
        Reservoir(units=3, pooling="mean").fit(with_static())


@pytest.mark.parametrize(
    ("static", "names", "error", "message"),
    [
        (STATIC[:2], None, ValueError, r"static must have one row per sequence.*\(4, n_static\)"),
        (np.zeros((4, 0)), None, ValueError, "at least one column"),
        (np.zeros((4, 1, 1)), None, ValueError, r"got \(4, 1, 1\)"),
        (STATIC, ["age"], ValueError, r"static_names must hold 2 unique name\(s\), got \['age'\]"),
        (STATIC, ["age", "age"], ValueError, "2 unique"),
        (STATIC, [1, 2], TypeError, "static_names must hold str, got 1"),
        (None, ["age"], ValueError, "static_names must be None without static"),
        ([["a"], ["b"], ["c"], ["d"]], None, ValueError, "real numbers, got <U1.*OneHotEncoder"),
        ([[10**400], [1], [2], [3]], None, ValueError, "real numbers: int too large"),
        (STATIC * 1j, None, ValueError, "real numbers, got complex128"),
        (np.ma.masked_equal(STATIC, 71), None, ValueError, "static is a masked array"),
        (clinical_table()[["age", "sex"]], None, ValueError, "static has the column 'sex'"),
        (pd.DataFrame(STATIC, columns=["a", "a"]), None, ValueError, "several columns.*'a'"),
    ],
)  # fmt: skip
def test_sequences_static_errors(static, names, error, message):
    with pytest.raises(error, match=message):
        check_sequences(STEPS).with_static(static, names)


@pytest.mark.parametrize("table", [STATIC, pd.DataFrame(STATIC), STATIC.tolist()])
@pytest.mark.parametrize("pair", [tuple, list])
def test_pairs_of_a_batch_and_static_features_are_refused(pair, table):
    for batch in (check_sequences(STEPS), STEPS, [x.tolist() for x in STEPS]):
        with pytest.raises(ValueError, match=r"batch of sequences and of a table.*static=table"):
            check_sequences(pair([batch, table]))
        with pytest.raises(ValueError, match="batch of sequences and of a table"):
            check_sequences(pair([batch, csr_array(STATIC)]))
    # Two sequences of equal lengths are a batch.
    assert check_sequences(pair([table, table])).shape == (2, *np.shape(STATIC))


def test_check_sequences_reads_tables_with_columns_of_both_kinds():
    table = clinical_table().assign(sex=[0, 1, 1, 0])
    X = check_sequences(table)
    assert_equal(X, STEPS, STATIC, NAMES)
    assert_equal(check_sequences(table.to_numpy()), STEPS, STATIC, None)
    assert_equal(check_sequences(to_column(X)), STEPS, STATIC, None)
    nested = table.assign(vitals=[x[:, 0] for x in STEPS], pressure=[x[:, 1] for x in STEPS])
    assert_equal(check_sequences(nested), STEPS, STATIC, NAMES)
    assert check_sequences(nested).feature_names == ("vitals", "pressure")
    with pytest.raises(ValueError, match="columns of single values"):
        to_padded(table)


def test_check_sequences_reads_polars_tables_with_columns_of_both_kinds():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"age": [40, 71], "pulse": [[80.0, 81.0], [66.0]]})
    X = check_sequences(table)
    assert_equal(X, [[[80], [81]], [[66]]], [[40], [71]], ("age",))
    assert X.feature_names == ("pulse",)


def test_column_transformer_encodes_static_columns_by_ordinary_transformers():
    encode = ColumnTransformer(
        [
            ("age", StandardScaler(), ["age"]),
            ("sex", OneHotEncoder(sparse_output=False), ["sex"]),
            ("vitals", TimeDistributed(StandardScaler()), ["vitals"]),
        ]
    )
    table = clinical_table()
    scaled = TimeDistributed(StandardScaler()).fit_transform(STEPS)
    age = StandardScaler().fit_transform(STATIC[:, :1])
    expected = np.column_stack([age, 1 - STATIC[:, 1], STATIC[:, 1]])
    X = check_sequences(encode.fit_transform(table), dtype="float64")
    assert_equal(X, scaled, expected, None)
    frame = encode.set_output(transform="pandas").fit_transform(table)
    X = check_sequences(frame, dtype="float64")
    assert_equal(X, scaled, expected, ("age__age", "sex__sex_f", "sex__sex_m"))


@pytest.mark.parametrize("kind", ["Sequences", "DataFrame", "array"])
def test_transformers_of_time_steps_keep_static_features(kind):
    table = clinical_table().assign(sex=[0, 1, 1, 0])
    X = {"Sequences": with_static(), "DataFrame": table, "array": table.to_numpy()}[kind]
    out = make_pipeline(TimeDistributed(StandardScaler()), Reservoir(units=3, random_state=0))
    out = out.fit_transform(X)
    assert type(out) is type(X)
    states = check_sequences(out)
    np.testing.assert_array_equal(states.static, STATIC)
    alone = make_pipeline(TimeDistributed(StandardScaler()), Reservoir(units=3, random_state=0))
    for one, other in zip(states, alone.fit_transform(STEPS), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def long_table(ids=("a", "b", "c", "d")):
    return to_long(with_static(), ids=ids, y=[0, 1, 1, 0])


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_from_long_static_inverts_to_long(library):
    table = long_table()
    if library == "polars":
        table = pytest.importorskip("polars").DataFrame(table.to_dict("list"))
    elif library == "pyarrow":
        table = pytest.importorskip("pyarrow").Table.from_pydict(table.to_dict("list"))
    X, ids, y = from_long(table, id="id", time="time", static=list(NAMES), target="target")
    assert_equal(X, STEPS, STATIC, NAMES)
    assert X.feature_names == ("value_0", "value_1")
    assert list(ids) == ["a", "b", "c", "d"]
    assert y.tolist() == [0, 1, 1, 0]


def test_from_multiindex_static_inverts_to_multiindex():
    shuffled = to_multiindex(with_static(), ids=[3, 1, 0, 2]).sample(frac=1, random_state=0)
    X, ids = from_multiindex(shuffled, static=list(NAMES))
    order = [2, 1, 3, 0]
    assert_equal(X, [STEPS[i] for i in order], STATIC[order], NAMES)
    assert ids.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"age": range(10)}, {}, "The static feature 'age' is not the same in all rows of id a"),
        ({"age": [40, np.nan, *[40] * 8]}, {}, "static feature 'age' is not the same.*id a"),
        ({}, {"static": ["weight"]}, "df has no column 'weight'"),
        ({}, {"static": ["age", "age"]}, "named once.*got 'age'"),
        ({}, {"values": ["age"]}, "nor in values, got 'age'"),
        ({"sex": ["f"] * 10}, {}, "static has the column 'sex', which does not hold numbers"),
    ],
)  # fmt: skip
def test_from_long_static_errors(changes, options, message):
    table, options = long_table().assign(**changes), {"static": ["age", "sex"], **options}
    with pytest.raises(ValueError, match=message):
        from_long(table, id="id", time="time", **options)
