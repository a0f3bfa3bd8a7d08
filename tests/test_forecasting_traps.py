"""Mistakes that would give wrong forecasts without an error."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNClassifier, RNNRegressor, SlidingWindowForecaster
from skrnn.forecasting import PersistenceForecaster, SeasonalNaiveForecaster
from skrnn.forecasting._inner_regressor import validation_groups


def ridge(**params):
    return SlidingWindowForecaster(Ridge(), **{"window_length": 3, **params})


def shared_shocks(n=200):
    """Return three series with the same noise, as a table with a MultiIndex."""
    rng = np.random.default_rng(0)
    times = pd.date_range("2026-01-01", periods=n, freq="h")
    shock = rng.normal(size=n)
    series = {
        key: pd.DataFrame({"temp": shock + 0.1 * rng.normal(size=n)}, index=times) for key in "ABC"
    }
    return pd.concat(series, names=["site", "time"])


def test_backtest_splits_series_at_the_same_times():
    # If rows were split, training rows of A would be at the hours of test rows of B.
    X = shared_shocks()
    neighbour = SlidingWindowForecaster(KNeighborsRegressor(1), window_length=8)
    stacked = neighbour.backtest(X, cv=3)
    assert (stacked["rmse"] > 1).all()
    by_time = X.sort_index(level="time")
    assert_allclose(neighbour.backtest(by_time, cv=3)["rmse"], stacked["rmse"])
    as_groups = neighbour.backtest(X.to_numpy(), cv=3, series_id=X.index.get_level_values("site"))
    assert_allclose(as_groups["rmse"], stacked["rmse"])


def test_forecast_X_future_array_has_order_of_known_future():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    X["y"] = 10 * X["a"] - 3 * X["b"]
    forecaster = SlidingWindowForecaster(
        LinearRegression(), window_length=2, known_future=["b", "a"]
    ).fit(X)
    as_table = forecaster.forecast(X_future=pd.DataFrame({"a": [2.0], "b": [1.0]}))
    assert_allclose(as_table, [[17.0]])
    assert_allclose(forecaster.forecast(X_future=np.array([[1.0, 2.0]])), as_table)


def test_predict_one_series_of_a_list():
    days = pd.date_range("2026-01-01", periods=60, freq="D")
    high, low = (pd.Series(level + np.arange(60.0), index=days) for level in (1000, 0))
    forecaster = PersistenceForecaster().fit([high[:40], low[:40]])
    assert forecaster.predict([low[40:]])[0][1] == low.iloc[40]
    assert forecaster.predict([low[40:]])[0][0] == forecaster.target_mean_[0]
    assert forecaster.predict([high[40:], low[40:]])[1][0] == low.iloc[39]
    with pytest.raises(ValueError, match="initial_context='fit_end', but X has other series"):
        forecaster.set_params(initial_context="fit_end").predict([low[40:]])


def test_forecaster_target_equals_two_columns():
    X = np.zeros((60, 2))
    X[40:] = [50, -50]
    with pytest.raises(ValueError, match="equal to exactly one column of X"):
        PersistenceForecaster().fit(X[:40], X[:40, 1])
    table = pd.DataFrame(X, columns=["snow", "rain"])
    forecaster = PersistenceForecaster().fit(table[:40], table["rain"][:40])
    assert_array_equal(forecaster.predict(table[40:])[1:], -50)


@pytest.mark.parametrize(
    "later", [slice(100, None, 2), np.flatnonzero(np.random.default_rng(0).random(200) < 0.3)]
)
def test_predict_index_with_other_distance(later):
    X = pd.DataFrame({"v": np.sin(np.arange(200) / 5)})
    forecaster = ridge().fit(X[:100])
    with pytest.raises(ValueError, match=r"another distance in time .* reset_index"):
        forecaster.predict(X.iloc[later])


@pytest.mark.parametrize("n_steps", [10**8, 10**9, 10**400])
def test_forecast_of_more_steps_than_memory(n_steps):
    X = [np.zeros((9, 1)), np.ones((9, 1))]
    with pytest.raises(
        ValueError, match=r"n_steps=.*of 2 series .*expected at most 50000000 steps"
    ):
        PersistenceForecaster().fit(X).forecast(n_steps)


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (LogisticRegression(), "classifier"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "classifier"),
        (GridSearchCV(LogisticRegression(), {}), "classifier"),
        (RNNClassifier(), "classifier"),
        (KMeans(), "clusterer"),
    ],
)
def test_forecaster_estimator_is_not_a_regressor(estimator, kind):
    with pytest.raises(ValueError, match=f"estimator must be a regressor, got the {kind}"):
        SlidingWindowForecaster(estimator).fit(np.arange(60.0)[:, np.newaxis])


def test_forecaster_known_future_needs_window_length():
    X = pd.DataFrame({"plan": np.arange(50.0), "y": np.arange(50.0)})
    with pytest.raises(ValueError, match="window_length of at least horizon=5"):
        ridge(horizon=5, known_future=["plan"]).fit(X)
    ridge(horizon=5, known_future=["plan"], strategy="recursive").fit(X)


@pytest.mark.parametrize(
    ("forecaster", "change"),
    [
        (ridge(), {"horizon": 2}),
        (ridge(), {"window_length": 5}),
        (ridge(), {"difference": True}),
        (ridge(), {"strategy": "recursive"}),
        (SeasonalNaiveForecaster(3), {"period": 2}),
    ],
)
def test_forecaster_parameter_changed_after_fit(forecaster, change):
    X = np.sin(np.arange(50.0))[:, None]
    forecaster.fit(X).set_params(**change)
    (name,) = change
    for method in (lambda: forecaster.predict(X), forecaster.forecast):
        with pytest.raises(ValueError, match=f"{name} was .* in fit and is .* now; fit again"):
            method()


def test_forecaster_pipeline_of_table_scaler_and_network():
    network = make_pipeline(StandardScaler(), RNNRegressor())
    with pytest.raises(ValueError, match=r"expected TimeDistributed\(StandardScaler\(\)\)"):
        SlidingWindowForecaster(network).fit(np.zeros((50, 2)))


def test_validation_groups_of_wrapped_networks():
    ends, network = np.arange(1000), RNNRegressor(early_stopping=True)
    expected = validation_groups(network, ends, 20)["groups"]
    for wrapped in (TransformedTargetRegressor(network), MultiOutputRegressor(network)):
        assert_array_equal(validation_groups(wrapped, ends, 20)["groups"], expected)
    inside = make_pipeline(StandardScaler(), TransformedTargetRegressor(network))
    assert list(validation_groups(inside, ends, 20)) == ["transformedtargetregressor__groups"]


def test_forecaster_score_target_equals_known_future():
    rng = np.random.default_rng(0)
    holiday, rain = (np.append(rng.integers(0, 2, 100), np.zeros(50)) for _ in range(2))
    X = pd.DataFrame({"holiday": holiday, "t": rng.normal(size=150)})
    forecaster = ridge(known_future=["holiday"]).fit(X[:100], rain[:100])
    assert np.isfinite(forecaster.score(X[100:], rain[100:]))


def test_forecaster_multiindex_level_order():
    times = pd.date_range("2026", periods=30, freq="D")
    index = pd.MultiIndex.from_product([times, range(40)], names=["time", "station"])
    X = pd.DataFrame({"v": np.arange(1200.0)}, index=index)
    with pytest.raises(ValueError, match="last level must be the time"):
        ridge().fit(X)
    assert ridge().fit(X.swaplevel().sort_index()).forecast().index.names == ["station", "time"]


def test_forecaster_monthly_times():
    index = pd.date_range("2000-01-01", periods=60, freq="MS") + pd.Timedelta("14D")
    forecaster = ridge(difference=True)
    forecaster.fit(pd.Series(np.arange(60.0), index=index).drop(index[30]))
    assert forecaster.forecast(2).index[0] == pd.Timestamp("2005-01-15")
    assert forecaster.backtest(pd.Series(np.arange(60.0), index=index), cv=2)["n"].sum() == 40


def test_backtest_splitter_equals_int():
    X = shared_shocks().xs("A")
    by_splitter = PersistenceForecaster().backtest(X, cv=TimeSeriesSplit(4))
    pd.testing.assert_frame_equal(by_splitter, PersistenceForecaster().backtest(X, cv=4))


@pytest.mark.parametrize("cv", [["train", "test"], {"train": "test"}])
def test_backtest_cv_must_hold_pairs(cv):
    X = np.arange(40.0).reshape(20, 2)
    with pytest.raises(ValueError, match=r"cv must be an int.* split 0 is not a pair"):
        PersistenceForecaster(horizon=1).backtest(X, cv=cv)


def test_horizon_of_true_is_one():
    X = np.arange(40.0).reshape(20, 2)
    expected = PersistenceForecaster(horizon=1).fit(X).predict(X)
    np.testing.assert_array_equal(PersistenceForecaster(horizon=True).fit(X).predict(X), expected)
