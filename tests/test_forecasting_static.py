"""Static features of the series of a forecaster: columns in `static`, and those of `Sequences`."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeRegressor

from skrnn import RNNRegressor, Seq2SeqRegressor
from skrnn.forecasting import PersistenceForecaster, SlidingWindowForecaster, make_windows
from skrnn.sequences import check_sequences

AREAS = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
N = 30
NAMES = ["sales", "area"]


def sales(area, seed=0, n=N):
    """Return the sales of a shop, which vary around a level that its area determines."""
    return 10 * area + np.random.default_rng(seed).normal(size=n)


SALES = [sales(area, seed) for seed, area in enumerate(AREAS)]
SHOPS = [np.column_stack([one, np.full(N, area)]) for one, area in zip(SALES, AREAS, strict=True)]
ROWS = np.concatenate(SHOPS)
SHOP_ID = np.repeat(["s1", "s2", "s3", "s4", "s5"], N)


def forecaster(estimator=None, **params):
    estimator = LinearRegression() if estimator is None else estimator
    params = {"window_length": 3, "difference": False, "static": [1], **params}
    return SlidingWindowForecaster(estimator, **params)


def with_area(shop, area):
    return np.column_stack([shop[:, 0], np.full(len(shop), area)])


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("estimator", [LinearRegression(), DecisionTreeRegressor(max_depth=3)])
def test_forecaster_static_determines_level(estimator, horizon):
    noise = [np.random.default_rng(seed).normal(size=N) for seed in range(len(AREAS))]
    X = [
        np.column_stack(pair) for pair in zip(noise, np.repeat(AREAS, N).reshape(5, N), strict=True)
    ]
    fitted = forecaster(estimator, horizon=horizon).fit(X, SALES)
    for area in AREAS:
        moved = with_area(X[2], area)
        ahead = fitted.forecast(X=moved)
        assert_allclose(ahead, np.full(horizon, 10 * area), atol=2)
        assert_allclose(fitted.predict_trajectory(moved)[-1], ahead)


def test_forecaster_static_is_after_the_window():
    fitted = forecaster(Ridge()).fit(SHOPS)
    windows = make_windows(SALES, window_length=3)
    table = np.column_stack([np.asarray(windows.X)[..., 0], AREAS[windows.series_id]])
    ridge = Ridge().fit(table, windows.y)
    assert_allclose(fitted.estimator_.coef_.ravel(), ridge.coef_.ravel())
    assert_allclose(fitted.predict(SHOPS)[1][3:].ravel(), ridge.predict(table)[27:54].ravel())
    assert_array_equal(fitted.static_columns_, [1])
    assert_array_equal(fitted.target_columns_, [0])


@pytest.mark.parametrize("params", [{}, {"difference": True}, {"calibration_size": 0.3}])
def test_forecaster_static_that_is_the_same_in_all_series(params):
    params = {"horizon": 2, **params}
    constant = forecaster(Ridge(), **params).fit([with_area(shop, 7.0) for shop in SHOPS])
    without = forecaster(Ridge(), **params, static=()).fit(SALES)
    pairs = zip(constant.forecast(), without.forecast(), strict=True)
    assert_allclose(*map(np.ravel, zip(*pairs, strict=True)))


def test_forecaster_static_one_by_one():
    fitted = forecaster(horizon=2, calibration_size=0.3).fit(SHOPS)
    for shop, rows, ahead in zip(SHOPS, fitted.predict(SHOPS), fitted.forecast(), strict=True):
        assert_array_equal(fitted.predict(shop), rows)
        assert_allclose(fitted.forecast(X=shop), ahead)
        lower, upper = fitted.predict_interval(shop)
        assert (lower < rows).all()
        assert (rows < upper).all()


def test_forecaster_static_in_all_containers():
    frame = pd.DataFrame(ROWS, columns=NAMES)
    days = np.tile(np.arange(N), len(AREAS))
    expected = np.concatenate(forecaster().fit(SHOPS).predict(SHOPS))
    named = forecaster(static="area")
    labelled = clone(named).fit(frame, series_id=SHOP_ID)
    assert_array_equal(labelled.predict(frame, series_id=SHOP_ID), expected)
    timed = clone(named).set_params(time="day").fit(frame.assign(day=days), series_id=SHOP_ID)
    assert_array_equal(timed.predict(frame.assign(day=days), series_id=SHOP_ID), expected)
    indexed = frame.set_index([SHOP_ID, days])
    many = clone(named).fit(indexed)
    assert_array_equal(many.predict(indexed), expected)
    assert many.forecast().columns.tolist() == ["sales"]
    order = np.random.default_rng(0).permutation(len(AREAS))
    mixed = np.argsort(np.tile(np.arange(N), len(AREAS)) * 10 + np.repeat(order, N))
    shuffled = clone(named).fit(frame.iloc[mixed].reset_index(drop=True), series_id=SHOP_ID[mixed])
    rows = shuffled.predict(frame.iloc[mixed].reset_index(drop=True), series_id=SHOP_ID[mixed])
    assert_allclose(rows, expected[mixed])


def test_forecaster_static_of_sequences():
    expected = forecaster().fit(SHOPS).predict(SHOPS)
    X = check_sequences([one[:, None] for one in SALES])
    fitted = forecaster(static=()).fit(X.with_static(AREAS, "area"))
    assert_array_equal(fitted.static_columns_, [1])
    assert_array_equal(fitted.feature_names_in_, ["x0", "area"])
    assert_allclose(fitted.predict(X.with_static(AREAS, "area")), expected, rtol=1e-5)
    score = forecaster().fit(SHOPS).score(SHOPS)
    assert_allclose(fitted.score(X.with_static(AREAS, "area")), score, rtol=1e-5)
    with pytest.raises(ValueError, match=r"(?s)feature names.*size.*area"):
        fitted.predict(X.with_static(AREAS, "size"))
    unnamed = forecaster(static=()).fit(X.with_static(AREAS))
    assert_array_equal(
        unnamed.predict(X.with_static(AREAS)), fitted.predict(X.with_static(AREAS, "area"))
    )
    with pytest.raises(ValueError, match="2 features"):
        unnamed.predict(X.with_static(None))
    alone = forecaster(static=()).fit(SHOPS)
    with pytest.raises(ValueError, match="feature 1, which was not a static feature in fit"):
        alone.predict(X.with_static(AREAS))
    last = PersistenceForecaster().fit(X.with_static(AREAS))
    assert_allclose(np.ravel(last.forecast()), [one[-1] for one in SALES], rtol=1e-6)


def test_forecaster_static_recursive_continues_with_its_forecasts():
    fitted = forecaster(strategy="recursive").fit(SHOPS)
    rows = SHOPS[3]
    for ahead in fitted.forecast(4, X=rows):
        assert_allclose(fitted.forecast(1, X=rows)[0], ahead)
        rows = np.vstack([rows, [*ahead, 4.0]])


def test_forecaster_static_next_to_known_future():
    rng = np.random.default_rng(0)
    X = []
    for area in AREAS:
        plan = rng.normal(size=N)
        X.append(np.column_stack([np.full(N, area), area + plan, plan]))
    fitted = forecaster(Ridge(1e-6), static=[0], known_future=[2], horizon=2).fit(X)
    ahead = fitted.forecast(X=X[1], X_future=[[3.0], [-1.0]])
    assert_allclose(ahead.ravel(), [5.0, 1.0], atol=1e-3)


def test_forecaster_static_backtest_forecasts_new_series():
    frame, seen = pd.DataFrame(ROWS, columns=NAMES), np.isin(SHOP_ID, ["s1", "s4", "s5"])
    model = forecaster(static="area", initial_context="edge")
    folds = [(np.flatnonzero(seen), np.flatnonzero(~seen))]
    errors = model.backtest(frame, cv=folds, series_id=SHOP_ID)
    fitted = clone(model).fit(frame[seen], series_id=SHOP_ID[seen])
    rows = fitted.predict(frame[~seen], series_id=SHOP_ID[~seen]).reshape(2, N)[:, 1:]
    assert_allclose(errors["mae"], np.abs(rows - np.array(SALES)[1:3, 1:]).mean())


def test_forecaster_static_pickle_clone_search():
    frame = pd.DataFrame(ROWS, columns=NAMES, index=[SHOP_ID, np.tile(np.arange(N), len(AREAS))])
    fitted = forecaster(static="area").fit(frame)
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(frame), fitted.predict(frame))
    rows = np.arange(len(frame))
    folds = [(rows[rows % N < 20], rows[rows % N >= 20])]
    grid = {"estimator__fit_intercept": [True, False]}
    search = GridSearchCV(fitted, grid, cv=folds).fit(frame, frame["sales"])
    assert search.best_score_ > 0.98


def test_forecaster_saved_without_static():
    fitted = forecaster(static=()).fit(SHOPS)
    expected = fitted.forecast()
    del fitted.static, fitted.static_columns_
    assert_array_equal(fitted.forecast(), expected)
    assert clone(fitted).static == ()


@pytest.mark.parametrize("static", ["concat", "initial_state"])
def test_forecaster_static_of_network(static):
    network = RNNRegressor(
        units=3, epochs=12, learning_rate=0.05, static=static, random_state=0, pooling="mean"
    )
    frame = pd.DataFrame(ROWS, columns=NAMES)
    fitted = forecaster(network, static="area").fit(frame, series_id=SHOP_ID)
    assert_array_equal(fitted.estimator_.static_names_in_, ["area"])
    assert fitted.estimator_.n_features_in_ == 1
    shops = [pd.DataFrame(with_area(SHOPS[2], area), columns=NAMES) for area in (1.0, 3.0, 5.0)]
    ahead = np.ravel(fitted.forecast(X=shops))
    assert (np.diff(ahead) > 0.5).all()
    assert_allclose([float(fitted.forecast(X=shop).iloc[0, 0]) for shop in shops], ahead, rtol=1e-5)


CHANGED = np.vstack([SHOPS[0][:-1], [[9.0, 8.0]]])
ERRORS = {
    "changes": (
        {},
        [SHOPS[1], CHANGED],
        None,
        "feature 1 .* series 1 of X: .* and 8 later",
    ),
    "single series": ({}, SHOPS[0], None, r"static=\[1\] needs several series.*series_id"),
    "unknown column": ({"static": ["age"]}, SHOPS, None, "static holds 'age'"),
    "known in advance": ({"known_future": [1]}, SHOPS, None, "1 is in static and in known_future"),
    "all columns": ({"static": [0, 1]}, [s * 0 for s in SHOPS], None, "every column of X"),
    "target": ({}, SHOPS, [shop[:, 1] for shop in SHOPS], "y holds 1, .* in static"),
    "decoder": ({"estimator": Seq2SeqRegressor()}, SHOPS, None, "Seq2SeqRegressor does not take"),
}


@pytest.mark.parametrize(("params", "X", "y", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_forecaster_static_error_keeps_fitted_state(params, X, y, message):
    fitted = forecaster().fit(SHOPS)
    expected = fitted.forecast()
    with pytest.raises(ValueError, match=message):
        fitted.set_params(**params).fit(X, y)
    assert_array_equal(fitted.forecast(), expected)


def test_forecaster_static_that_changes_in_predict_or_backtest():
    fitted = forecaster().fit(SHOPS)
    with pytest.raises(ValueError, match="is not the same in all rows of X: it is 1"):
        fitted.predict(CHANGED)
    table = np.vstack([CHANGED, SHOPS[1]])
    with pytest.raises(ValueError, match="is not the same in all rows of series 's1'"):
        fitted.backtest(table, series_id=SHOP_ID[: 2 * N])


def test_make_windows_refuses_static():
    X = check_sequences([one[:, None] for one in SALES])
    assert_allclose(make_windows(X, window_length=3).y, make_windows(SALES, window_length=3).y)
    with pytest.raises(ValueError, match="make_windows does not take static features"):
        make_windows(X.with_static(AREAS), window_length=3)
