"""Interpolator: gaps are filled from neighbouring rows, or only from earlier ones."""

import pickle

import numpy as np
import pandas as pd
import pytest
from estimator_checks import parametrize_with_output_checks, run_check
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from skrnn.preprocessing import Interpolator, regularize

FEW = settings(max_examples=25, deadline=None)
METHODS = ["linear", "time", "nearest", "ffill", "quadratic", "cubic", "akima", "pchip"]
OF_ROWS = [method for method in METHODS if method != "time"]
TABLES = arrays(
    float,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14),
    elements=st.one_of(st.just(np.nan), st.integers(-9, 9).map(float)),
)
LIMITS = st.one_of(st.none(), st.integers(1, 4))
KNOWN = np.arange(8.0)[:, None]


def fitted(n_columns, **options):
    return Interpolator(**options).fit(np.tile(KNOWN, n_columns))


def make_table(n=60, share=0.3, tz=None):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n, 3)).cumsum(axis=0)
    values[rng.random(values.shape) < share] = np.nan
    index = pd.date_range("2026-03-01", periods=n, freq="h", tz=tz, name="when")
    return pd.DataFrame(values, index=index, columns=["wind", "rain", "heat"])


# --- identities ----------------------------------------------------------------------------------


@parametrize_with_checks([Interpolator()])
def test_interpolator_scikit_learn_checks(estimator, check):
    check(estimator)


@parametrize_with_output_checks(
    Interpolator("cubic", limit=2), Interpolator(causal=True, add_indicator=True)
)
def test_interpolator_scikit_learn_output_checks(estimator, check):
    run_check(check, estimator)


@pytest.mark.parametrize("estimator", [Interpolator(), Interpolator(add_indicator=True)])
@pytest.mark.parametrize(
    "check",
    [check_transformer_get_feature_names_out, check_transformer_get_feature_names_out_pandas],
)
def test_interpolator_feature_name_checks(check, estimator):
    check("Interpolator", estimator)


@FEW
@given(X=TABLES, method=st.sampled_from(OF_ROWS), limit=LIMITS, data=st.data())
def test_interpolator_causal_ignores_later_rows(X, method, limit, data):
    model = fitted(X.shape[1], method=method, limit=limit, causal=True, add_indicator=True)
    now = data.draw(st.integers(0, len(X) - 1))
    changed = X.copy()
    changed[now + 1 :] = data.draw(
        arrays(float, changed[now + 1 :].shape, elements=st.sampled_from([np.nan, 1e6]))
    )
    expected = model.transform(X)[: now + 1]
    assert_array_equal(model.transform(changed)[: now + 1], expected)
    assert_array_equal(model.transform(X[: now + 1]), expected)


@FEW
@given(X=TABLES, method=st.sampled_from(OF_ROWS), limit=LIMITS, causal=st.booleans())
def test_interpolator_keeps_known_values(X, method, limit, causal):
    model = fitted(X.shape[1], method=method, limit=limit, causal=causal)
    before = X.copy()
    filled = model.transform(X)
    assert_array_equal(X, before)
    assert filled.shape == X.shape
    is_known = ~np.isnan(X)
    assert_array_equal(filled[is_known], X[is_known])
    if limit is None:
        assert not np.isnan(filled).any()
        assert_array_equal(model.transform(filled), filled)


@pytest.mark.parametrize("limit", [None, 1, 2])
@pytest.mark.parametrize("method", METHODS)
def test_interpolator_equals_pandas_interpolate(method, limit):
    df = make_table(n=80)
    df = df.iloc[np.sort(np.random.default_rng(1).permutation(80)[:60])]  # times not regular
    filled = Interpolator(method, limit=limit).fit(df).transform(df)
    of_pandas = df if method == "time" else df.reset_index(drop=True)
    if method == "ffill":
        expected = of_pandas.ffill(limit=limit)
    else:
        expected = of_pandas.interpolate(method, limit=limit, limit_area="inside")
    inside = np.array([df[c].ffill().notna() & df[c].bfill().notna() for c in df]).T
    assert inside.mean() > 0.9
    assert_allclose(filled.to_numpy()[inside], expected.to_numpy()[inside], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("limit", [None, 1, 3])
def test_interpolator_causal_equals_pandas_ffill(limit):
    df = make_table(share=0.6)
    for method in METHODS:
        model = Interpolator(method, limit=limit, causal=True).fit(df)
        expected = df.ffill(limit=limit)
        is_after_first = df.ffill().notna()
        filled = model.transform(df)
        assert_frame_equal(filled.where(is_after_first), expected.where(is_after_first))


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"add_indicator": True}])
def test_interpolator_fit_transform(options):
    df = make_table()
    model = Interpolator(**options)
    assert_frame_equal(model.fit_transform(df), clone(model).fit(df).transform(df))
    assert_frame_equal(pickle.loads(pickle.dumps(model)).transform(df), model.transform(df))
    values = df.to_numpy()
    assert_array_equal(clone(model).fit_transform(values), model.transform(df))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("causal", [False, True])
def test_interpolator_multiindex(method, causal):
    df = make_table(share=0.5)
    parts = {("b", 1): df[:25], ("a", 2): df[25:], ("a", 1): df[10:30].fillna(0.0)}
    table = pd.concat(parts, names=["station", "sensor"])
    model = Interpolator(method, causal=causal, limit=3).fit(table)
    expected = pd.concat({key: model.transform(part) for key, part in parts.items()})
    assert_array_equal(model.transform(table), expected)
    # Rows of several series may alternate, as in a table sorted by time.
    by_time = table.sort_index(level=-1, sort_remaining=False, kind="stable")
    result = model.transform(by_time)
    assert_frame_equal(result.loc[table.index], model.transform(table))
    assert result.index.equals(by_time.index)


N = np.nan


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [2, 2, 2, 3, 4, 5, 6, 7, 7, 7]),
        ({"limit": 1}, [N, 2, 2, 3, N, N, 6, 7, 7, N]),
        ({"limit": 2}, [2, 2, 2, 3, 4, N, 6, 7, 7, 7]),
        ({"method": "nearest"}, [2, 2, 2, 2, 2, 6, 6, 7, 7, 7]),
        ({"method": "ffill"}, [2, 2, 2, 2, 2, 2, 6, 7, 7, 7]),
        ({"causal": True}, [40, 40, 2, 2, 2, 2, 6, 7, 7, 7]),
        ({"causal": True, "limit": 1}, [40, N, 2, 2, N, N, 6, 7, 7, N]),
    ],
)
def test_interpolator_limit_and_edges(options, expected):
    x = np.array([N, N, 2, N, N, N, 6, 7, N, N])[:, None]
    model = Interpolator(**options).fit([[30.0], [40.0], [N], [90.0]])
    assert_array_equal(model.statistics_, [40.0])
    assert_array_equal(model.transform(x)[:, 0], expected)


@pytest.mark.parametrize("causal", [False, True])
def test_interpolator_transform_column_without_values(causal):
    model = Interpolator(causal=causal, limit=2).fit([[1.0, 4.0], [3.0, N], [5.0, 8.0]])
    assert_array_equal(
        model.transform([[N, 1.0], [N, N], [N, N]]), [[3.0, 1.0], [3.0, 1.0], [N, 1.0]]
    )


@pytest.mark.parametrize("method", ["quadratic", "cubic", "akima", "pchip", "nearest"])
@pytest.mark.parametrize("known", [1, 2, 3, 4])
def test_interpolator_methods_with_few_values(method, known):
    x = np.full((9, 1), N)
    x[1 : 2 * known : 2, 0] = np.arange(known)
    filled = Interpolator(method).fit_transform(x)[:, 0]
    assert not np.isnan(filled).any()
    if method != "nearest":
        assert_allclose(filled, np.interp(np.arange(9), np.arange(known) * 2 + 1, range(known)))


def test_interpolator_method_time():
    index = pd.DatetimeIndex(["2026-03-29 00:00", "2026-03-29 01:00", "2026-03-29 10:00"])
    df = pd.DataFrame({"x": [0.0, N, 10.0]}, index=index)
    assert Interpolator("time").fit_transform(df).iloc[1, 0] == pytest.approx(1.0)
    assert Interpolator("linear").fit_transform(df).iloc[1, 0] == pytest.approx(5.0)
    # The clocks change from 2 to 3: the row is one hour into a gap of 9 hours.
    in_paris = df.tz_localize("Europe/Paris")
    assert Interpolator("time").fit_transform(in_paris).iloc[1, 0] == pytest.approx(10 / 9)


def test_interpolator_method_dict():
    df = make_table()
    by_name = Interpolator({"rain": "ffill", "heat": "nearest"}).fit(df)
    assert by_name.methods_ == ["linear", "ffill", "nearest"]
    filled = by_name.transform(df)
    for column, method in zip(df, by_name.methods_, strict=True):
        assert_array_equal(filled[column], Interpolator(method).fit_transform(df)[column])
    by_number = Interpolator({1: "ffill", -1: "nearest"})
    assert_array_equal(by_number.fit_transform(df), filled)
    assert_array_equal(by_number.fit_transform(df.to_numpy()), filled)


def test_interpolator_add_indicator():
    df = make_table()
    df["wind"] = df["wind"].ffill().bfill()
    model = Interpolator(add_indicator=True, limit=1).fit(df)
    peer = SimpleImputer(add_indicator=True).fit(df)
    assert list(model.get_feature_names_out()) == list(peer.get_feature_names_out())
    assert_array_equal(model.transform(df).iloc[:, 3:], peer.transform(df)[:, 3:])
    assert_array_equal(model.indicator_features_, [1, 2])
    # A column without gaps in fit gets no indicator in transform.
    assert model.transform(df.assign(wind=N)).shape == (60, 5)
    assert model.fit(df[["wind"]]).transform(df[["wind"]]).shape == (60, 1)
    numbered = Interpolator(add_indicator=True).fit_transform(df.set_axis([0, 1, 2], axis=1))
    assert list(numbered.columns)[2:] == ["x2", "missingindicator_x1", "missingindicator_x2"]


def test_interpolator_keeps_index_and_columns():
    df = make_table(tz="Europe/Paris")
    filled = Interpolator().fit_transform(df)
    assert filled.index.equals(df.index)
    assert filled.index.freq == df.index.freq
    assert list(filled.columns) == list(df.columns)
    assert list(Interpolator().fit_transform(df.set_axis([7, 8, 9], axis=1)).columns) == [7, 8, 9]


@pytest.mark.parametrize("set_by", ["method", "config"])
def test_interpolator_set_output(set_by):
    df = make_table()
    model = Interpolator(add_indicator=True)
    default = model.fit_transform(df)
    with config_context(transform_output="pandas" if set_by == "config" else "default"):
        if set_by == "method":
            model.set_output(transform="pandas")
        assert_frame_equal(model.fit_transform(df), default)
        of_array = model.fit_transform(df.to_numpy())
        assert isinstance(of_array, pd.DataFrame)
        assert list(of_array.columns)[3:] == [f"missingindicator_x{i}" for i in range(3)]
    model.set_output(transform="default")
    assert isinstance(model.fit_transform(df.to_numpy()), np.ndarray)


def test_interpolator_polars(need_package):
    pl = need_package("polars")
    df = make_table()
    expected = Interpolator().fit_transform(df)
    model = Interpolator().set_output(transform="polars")
    for X in (df, pl.from_pandas(df)):
        result = model.fit_transform(X)
        assert isinstance(result, pl.DataFrame)
        assert result.columns == list(df.columns)
        assert_array_equal(result.to_numpy(), expected)
    assert isinstance(Interpolator().fit_transform(pl.from_pandas(df)), np.ndarray)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_interpolator_dtypes(dtype):
    df = make_table()
    assert set(Interpolator().fit_transform(df.astype(dtype)).dtypes) == {np.dtype(dtype)}
    mixed = pd.DataFrame(
        {
            "nullable": pd.array([1, None, 3], dtype="Int64"),
            "object": pd.Series([1, None, 2.0], dtype=object),
            "missing": pd.Series([1, pd.NA, 4], dtype=object),
            "flag": [True, False, True],
            "flag or none": pd.Series([True, None, False], dtype=object),
        }
    )
    expected = [[1, 1, 1, 1, 1], [2, 1.5, 2.5, 0, 0.5], [3, 2, 4, 1, 0]]
    assert_array_equal(Interpolator().fit_transform(mixed), expected)


def test_interpolator_in_grid_search():
    df = make_table(n=80)
    y = np.arange(80.0)
    model = make_pipeline(Interpolator(), StandardScaler(), Ridge())
    grid = {"interpolator__causal": [False, True], "interpolator__method": ["linear", "pchip"]}
    search = GridSearchCV(model, grid, cv=TimeSeriesSplit(3)).fit(df, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.predict(df)) == 80


def test_interpolator_after_regularize():
    x = pd.Series([1.0, 4.0], index=pd.DatetimeIndex(["2026-01-01 00:00", "2026-01-01 02:40"]))
    table = regularize(x.to_frame("x"), "h")
    assert_allclose(Interpolator().fit_transform(table)["x"], [1.0, 2.0, 3.0, 4.0])


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "spline"}, "'method' parameter of Interpolator must be"),
        ({"limit": 0}, "'limit' parameter of Interpolator must be"),
        ({"limit": 1.5}, "'limit' parameter of Interpolator must be"),
        ({"causal": "yes"}, "'causal' parameter of Interpolator must be"),
        (
            {"method": {"snow": "linear"}},
            r"contains 'snow', which.*the names \['wind', 'rain', 'heat'\]",
        ),
        ({"method": {3: "linear"}}, "method contains 3, which is not a column of X.*has 3 columns"),
        ({"method": {"rain": "spline"}}, "must be one of .* got 'spline' for the column 'rain'"),
    ],
)
def test_interpolator_invalid_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        Interpolator(**options).fit(make_table())


def test_interpolator_method_names_need_a_table():
    with pytest.raises(ValueError, match="expected indices, as X has no column names"):
        Interpolator({"rain": "ffill"}).fit(make_table().to_numpy())


@pytest.mark.parametrize("method", ["time", {1: "time"}])
def test_interpolator_method_time_needs_times(method):
    df = make_table()
    model = Interpolator(method).fit(df)
    for X, message in [
        (df.to_numpy(), r'method="time" needs .* DatetimeIndex, got X as ndarray'),
        (df.reset_index(drop=True), 'X, for method="time", needs a DatetimeIndex.*RangeIndex'),
    ]:
        with pytest.raises(ValueError, match=message):
            clone(model).fit(X)
        # Forward fill does not need times.
        Interpolator(method, causal=True).fit(X)
    with pytest.raises(ValueError, match="needs a DatetimeIndex"):
        model.transform(df.reset_index(drop=True))


def test_interpolator_non_numeric_columns():
    df = make_table().assign(sky="clear", seen=pd.Timestamp("2026-01-01"))
    with pytest.raises(ValueError, match=r"do not hold numbers: \['sky', 'seen'\]"):
        Interpolator().fit(df)


def test_interpolator_fit_column_without_values():
    df = make_table().assign(rain=N)
    with pytest.raises(ValueError, match=r"without any known value in fit: \['rain'\]"):
        Interpolator().fit(df)
    with pytest.raises(ValueError, match=r"without any known value in fit: \[1\]"):
        Interpolator().fit(df.to_numpy())


def test_interpolator_unsorted_rows():
    df = make_table(n=10)
    late = df.iloc[[0, 1, 5, 4]]
    message = "X must be sorted by time.*2026-03-01 05:00.* is followed by 2026-03-01 04:00"
    for X in (late, pd.concat({"a": df, "b": late}), late.to_period("h")):
        with pytest.raises(ValueError, match=message):
            Interpolator().fit(X)
        with pytest.raises(ValueError, match=message):
            Interpolator().fit(df).transform(X)
    with pytest.raises(ValueError, match=r"X has 1 row\(s\) without a time \(NaT\)"):
        Interpolator().fit(df.set_axis([*df.index[:-1], pd.NaT]))
    with pytest.raises(ValueError, match=r"X has 10 row\(s\) without a series"):
        Interpolator().fit(pd.concat([df], keys=[N]))


def test_interpolator_unchanged_by_failed_fit():
    df = make_table()
    model = Interpolator().fit(df)
    with pytest.raises(ValueError, match="without any known value"):
        model.fit(df[["wind"]].assign(wind=N))
    assert model.n_features_in_ == 3
    assert model.transform(df).shape == df.shape


def test_interpolator_invalid_X():
    df = make_table()
    with pytest.raises(NotFittedError):
        Interpolator().transform(df)
    with pytest.raises(ValueError, match="feature names should match"):
        Interpolator().fit(df).transform(df[["rain", "wind", "heat"]])
    with pytest.raises(ValueError, match="infinity"):
        Interpolator().fit(df.assign(wind=np.inf))
    with pytest.raises(ValueError, match="Expected 2D array"):
        Interpolator().fit(df["wind"].to_numpy())
    with pytest.raises(ValueError, match="Pass a DataFrame"):
        Interpolator().fit(df["wind"])
