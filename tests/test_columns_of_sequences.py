"""Tables whose cells are sequences: reading, names, results in the same container, errors."""

import sys

import numpy as np
import pandas as pd
import pytest
from sequence_data import RAGGED, STEPS, UNIVARIATE, assert_same, objects, quick, ragged
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from skrnn import (
    EchoStateClassifier,
    EmbeddingTokenizer,
    OneHotSequenceEncoder,
    TimeDistributed,
)
from skrnn.sequences import Sequences, check_sequences, from_nan_padded, to_column, to_padded

try:
    import polars
except ImportError:
    polars = None

from hypothesis import given

needs_polars = pytest.mark.skipif(polars is None, reason="polars is not installed")


def nested(items=RAGGED, names=("a", "b", "c"), cell=np.asarray):
    """Return a DataFrame with one column per feature and a sequence in each cell."""
    return pd.DataFrame(
        {name: pd.Series([cell(x[:, j]) for x in items]) for j, name in enumerate(names)}
    )


# --- reading ----------------------------------------------------------------------------------


@quick
@given(ragged())
def test_column_equals_the_list(X):
    column = to_column(X)
    assert column.shape == (len(X), 1)
    assert_same(check_sequences(column), X)
    assert_same(check_sequences(pd.DataFrame(column)), X)
    features = range(X[0].shape[1])
    assert_same(check_sequences(nested(X, [f"f{j}" for j in features])), X)


@pytest.mark.parametrize(
    "X",
    [
        to_column(RAGGED),
        to_column([x.tolist() for x in RAGGED]),
        to_column([objects(list(x)) for x in RAGGED]),
        to_column([pd.DataFrame(x) for x in RAGGED]),
        to_column(check_sequences(RAGGED)),
        pd.DataFrame({"x": RAGGED}),
        pd.DataFrame({"x": RAGGED}, index=pd.date_range("2026-01-01", periods=2)),
        pd.DataFrame({"x": RAGGED}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 1)])),
        nested(),
        nested(cell=pd.Series),
        nested(cell=list),
        nested().to_numpy(),
        pd.Series([objects(list(x)) for x in RAGGED]),
    ],
)
def test_check_sequences_column(X):
    assert_same(check_sequences(X), RAGGED)


def test_check_sequences_column_of_equal_lengths():
    assert_same(check_sequences(to_column(list(STEPS))), STEPS)
    assert_same(check_sequences(to_column(STEPS)), STEPS)


def test_check_sequences_column_of_token_ids():
    checked = check_sequences(to_column([[1, 2], [3]]), tokens=True)
    assert_same(checked, [[1, 2], [3]])


@needs_polars
def test_check_sequences_polars():
    assert_same(check_sequences(polars.DataFrame({"x": [x.tolist() for x in RAGGED]})), RAGGED)
    table = polars.DataFrame({name: [x[:, j] for x in RAGGED] for j, name in enumerate("abc")})
    assert_same(check_sequences(table), RAGGED)
    assert check_sequences(table).feature_names == ("a", "b", "c")
    assert_same(check_sequences(table["a"]), [x[:, :1] for x in RAGGED])
    wide = polars.DataFrame(STEPS[0], schema=["a", "b", "c"])
    assert_same(check_sequences(wide), STEPS[0][:, :, None])
    with pytest.raises(TypeError, match=r"X is a polars LazyFrame.*pass X.collect\(\)"):
        check_sequences(table.lazy())


# --- names ------------------------------------------------------------------------------------


def test_column_names_are_feature_names_if_columns_are_features():
    assert check_sequences(nested()).feature_names == ("a", "b", "c")
    load = pd.DataFrame({"load": UNIVARIATE})
    assert check_sequences(load).feature_names == ("load",)
    assert check_sequences(pd.DataFrame({"x": RAGGED})).feature_names is None
    assert check_sequences(nested().to_numpy()).feature_names is None
    frames = [pd.DataFrame(x, columns=["a", "b", "c"]) for x in RAGGED]
    assert check_sequences(frames).feature_names == ("a", "b", "c")
    assert check_sequences(pd.DataFrame({"x": frames})).feature_names == ("a", "b", "c")


@pytest.mark.parametrize("estimator", [EchoStateClassifier(units=5), TimeDistributed(PCA(1))])
def test_estimators_check_the_names_of_nested_columns(estimator):
    X, y = nested(), [0, 1]
    estimator.fit(X, y)
    assert estimator.n_features_in_ == 3
    assert estimator.feature_names_in_.tolist() == ["a", "b", "c"]
    method = getattr(estimator, "predict", None) or estimator.transform
    method(X)
    with pytest.raises(ValueError, match="must be in the same order"):
        method(X[["b", "a", "c"]])
    with pytest.raises(ValueError, match="feature names"):
        method(check_sequences(X.rename(columns={"a": "z"})))


# --- results ----------------------------------------------------------------------------------


def test_time_distributed_returns_a_column_for_a_column():
    scaler, expected = TimeDistributed(StandardScaler()), None
    expected = scaler.fit_transform(RAGGED)
    for X in (to_column(RAGGED), pd.DataFrame({"x": RAGGED}, index=["p", "q"])):
        found = scaler.fit_transform(X)
        assert type(found) is type(X)
        assert found.shape == (2, 1)
        assert_same(check_sequences(found), check_sequences(expected))
    found = scaler.fit_transform(nested())
    assert list(found.columns) == ["a", "b", "c"]
    assert_same(check_sequences(found), check_sequences(expected))
    assert isinstance(TimeDistributed(PCA(2)).fit_transform(nested()), list)


def test_predictions_per_step_of_a_column():
    y = [np.arange(len(x)) % 2 for x in RAGGED]
    model = EchoStateClassifier(units=5, return_sequences=True, random_state=0).fit(RAGGED, y)
    found = model.predict(to_column(RAGGED))
    assert found.shape == (2,)
    assert_same(found, model.predict(RAGGED))


def test_encoders_read_columns_of_symbols():
    words = [["on", "off", "on"], ["off"]]
    for X in (to_column(words), pd.DataFrame({"events": words})):
        steps = OneHotSequenceEncoder(sparse_output=False).fit_transform(X)
        assert_same(steps, OneHotSequenceEncoder(sparse_output=False).fit_transform(words))
        ids = EmbeddingTokenizer(analyzer="tokens").fit_transform(X)
        assert_same(ids, EmbeddingTokenizer(analyzer="tokens").fit_transform(words))


# --- rows of numbers --------------------------------------------------------------------------


@quick
@given(ragged())
def test_from_nan_padded_flat_rows(X):
    rows = to_padded(X).reshape(len(X), -1)
    assert_same(from_nan_padded(rows, n_features=X[0].shape[1]), X)


@pytest.mark.parametrize("n_features", [0, 2, -1])
def test_from_nan_padded_n_features_must_fit(n_features):
    with pytest.raises(ValueError, match=rf"n_features={n_features} needs X of the shape"):
        from_nan_padded(np.zeros((2, 3)), n_features=n_features)


# --- errors -----------------------------------------------------------------------------------


def _replaced(value, row=1, column=0):
    table = nested()
    table.iat[row, column] = value
    return table


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (_replaced(None), "sequences in the column 'a', but (None|nan) in its row 1"),
        (_replaced(3.0), "sequences in the column 'a', but 3.0 in its row 1"),
        (nested().assign(name=["x", "y"]), "X has the column 'name', which does not hold numbers"),
        (_replaced(np.zeros(5), 0, 2), "4 time steps in the column 'a' and 5 in the column 'c'"),
        (_replaced(np.zeros((2, 1)), 1), r"shape \(1,\) in the column 'a' of row 1, expected \(\)"),
        (_replaced(["p"] * len(RAGGED[1])), r"X\[1\] has columns that do not hold numbers: 'a'"),
        (_replaced([b"p"] * len(RAGGED[1])), r"holds \|S1 in the column 'a' of row 1"),
        (_replaced([], 0), "0 time steps|4 in the column 'b'"),
        (pd.DataFrame({"a": [[1.0], []]}), r"X\[1\] is an empty sequence"),
        (pd.DataFrame({"a": [["x"], ["y"]]}), r"X\[0\] holds strings"),
        (pd.DataFrame({"a": [[1.0], [[1.0]]]}), r"X\[0\] has 1 dimension\(s\), X\[1\] has 2"),
        (
            nested().assign(b=[pd.Series(x[:, 1], np.arange(len(x)) + 1) for x in RAGGED],
                            a=[pd.Series(x[:, 0]) for x in RAGGED]),
            "other times in the column 'b' than in the column 'a' of row 0",
        ),
        (pd.DataFrame(STEPS[0], [["p", "p", "q", "q"], [1, 2, 1, 2]]).rename_axis(["id", "day"]),
         r"MultiIndex of the levels \['id', 'day'\].*from_multiindex\(X\).*reset_index"),
        (pd.DataFrame({"t": pd.date_range("2026-01-01", periods=2), "v": [1.0, 2.0]}),
         "'t'.*times in 't' are not a feature.*from_long"),
        ([pd.DataFrame({"t": pd.date_range("2026-01-01", periods=2), "v": [1.0, 2.0]})],
         r"X\[0\].*times in 't' are not a feature.*set_index"),
    ],
)  # fmt: skip
def test_check_sequences_ambiguous_tables(X, message):
    with pytest.raises(ValueError, match=message):
        check_sequences(X)


def test_to_column_needs_sequences():
    for bad in (None, [], [1.0, 2.0], np.zeros(3)):
        with pytest.raises((TypeError, ValueError), match="X"):
            to_column(bad)


def test_sequences_keep_feature_names():
    X = Sequences(STEPS[0], [0, 1], [1, 3], ["a", "b", "c"])
    assert X[[1]].feature_names == X[:1].feature_names == ("a", "b", "c")
    assert check_sequences(X, dtype=np.float32).feature_names == ("a", "b", "c")
    assert X.with_values(X.values + 1).feature_names is None
    assert X.with_values(X.values, X.feature_names).feature_names == ("a", "b", "c")
    scaled = TimeDistributed(StandardScaler()).fit_transform(X)
    assert scaled.feature_names == ("a", "b", "c")
    assert TimeDistributed(PCA(1)).fit_transform(X).feature_names == ("pca0",)


@pytest.mark.parametrize(
    ("names", "error", "message"),
    [
        (["a"], ValueError, r"must hold 3 unique names, got \['a'\]"),
        (["a", "a", "b"], ValueError, "must hold 3 unique names"),
        (["a", 1, "b"], TypeError, "must hold str, got 1"),
    ],
)
def test_sequences_feature_names_must_fit(names, error, message):
    with pytest.raises(error, match=message):
        Sequences(STEPS[0], [0], [4], names)
    with pytest.raises(ValueError, match="no names of integer codes"):
        Sequences(np.array([1, 2]), [0], [2], ["a"])


def test_reading_columns_imports_no_library():
    unwanted = {"awkward", "xarray", "narwhals"} - set(sys.modules)
    check_sequences(to_column(RAGGED))
    assert not unwanted & set(sys.modules)
