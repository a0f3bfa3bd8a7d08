"""Forecasters with scikit-learn's tools, and with networks and other regressors inside."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import EchoStateRegressor, RNNRegressor
from skrnn.forecasting import SlidingWindowForecaster, make_windows
from skrnn.preprocessing import TimeDistributed
from skrnn.recurrent import _n_epochs

# Random walks often leave the range of their training rows, about which forecasters warn.
pytestmark = pytest.mark.filterwarnings("ignore:The level of column:UserWarning")


def walk(n_rows=80, n_features=2, seed=0):
    return np.cumsum(np.random.default_rng(seed).normal(size=(n_rows, n_features)), axis=0)


def tiny(**parameters):
    return RNNRegressor(**{"units": 4, "epochs": 2, "random_state": 0, **parameters})


@pytest.fixture(scope="module")
def recurrent():
    return SlidingWindowForecaster(tiny(), window_length=5, difference=False, horizon=2).fit(walk())


def test_forecaster_network_receives_sequences(recurrent):
    X = walk()
    windows = make_windows(X, window_length=5, horizon=2)
    by_hand = tiny().fit(windows.X, windows.y.reshape(-1, 4))
    assert_allclose(
        recurrent.predict_trajectory(X)[windows.rows].reshape(-1, 4),
        by_hand.predict(windows.X),
        rtol=1e-5,
    )


def test_forecaster_random_state(recurrent):
    again = clone(recurrent).fit(walk())
    assert_array_equal(again.forecast(7), recurrent.forecast(7))
    other = clone(recurrent).set_params(estimator__random_state=1).fit(walk())
    assert np.abs(other.forecast() - recurrent.forecast()).max() > 1e-4


def test_forecaster_pickle(recurrent):
    again = pickle.loads(pickle.dumps(recurrent))
    assert_array_equal(again.predict(walk()), recurrent.predict(walk()))
    assert_array_equal(again.forecast(), recurrent.forecast())


def test_forecaster_clone(recurrent):
    assert recurrent.estimator_ is not recurrent.estimator
    assert not hasattr(recurrent.estimator, "n_features_in_")
    assert not hasattr(clone(recurrent), "estimator_")


def test_forecaster_scaler_inside_with_network():
    X = walk()
    scaled = make_pipeline(TimeDistributed(StandardScaler()), tiny())
    forecaster = SlidingWindowForecaster(scaled, window_length=5, difference=False)
    in_other_units = X * [1, 1000] + [0, 5000]
    one, other = (clone(forecaster).fit(Z, X[:, 0]) for Z in (X, in_other_units))
    assert_allclose(other.predict(in_other_units), one.predict(X), rtol=1e-3)
    windows = make_windows(X, X[:, 0], window_length=5)
    by_hand = clone(scaled).fit(windows.X, windows.y)
    assert_allclose(one.predict(X)[windows.rows + 1], by_hand.predict(windows.X), rtol=1e-5)


def test_forecaster_scaler_inside_with_ridge():
    X = walk() * [1, 1000]
    regressor = make_pipeline(StandardScaler(), Ridge(alpha=0.1))
    forecaster = SlidingWindowForecaster(
        regressor, window_length=4, difference=False, horizon=2
    ).fit(X)
    windows = make_windows(X, window_length=4, horizon=2)
    flat = np.asarray(windows.X).reshape(len(windows.y), -1)
    by_hand = clone(regressor).fit(flat, windows.y.reshape(-1, 4))
    made = forecaster.predict_trajectory(X)[windows.rows].reshape(-1, 4)
    assert_allclose(made, by_hand.predict(flat), rtol=1e-9)


def test_forecaster_early_stopping_holds_out_blocks_of_time():
    held_out = {}

    class Spy(RNNRegressor):
        def fit(self, X, y, groups=None):
            held_out["groups"], held_out["ends"] = groups, X.starts + 4
            return super().fit(X, y, groups=groups)

    spy = Spy(units=4, epochs=2, random_state=0, early_stopping=True)
    SlidingWindowForecaster(spy, window_length=5, difference=False).fit(walk(300))
    groups = held_out["groups"]
    assert len(groups) == len(held_out["ends"]) == 295
    assert (np.diff(groups) >= 0).all()
    assert len(np.unique(groups)) >= 8
    assert np.bincount(groups - groups.min()).max() >= 25
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), clone(spy))
    SlidingWindowForecaster(pipeline, window_length=5, difference=False).fit(walk(300))
    assert_array_equal(held_out["groups"], groups)
    SlidingWindowForecaster(
        clone(spy).set_params(early_stopping=False), window_length=5, difference=False
    ).fit(walk())
    assert held_out["groups"] is None


def test_forecaster_default_estimator(monkeypatch):
    monkeypatch.setattr(_n_epochs, "_TRAINING", 1)  # 10 epochs instead of 1,000
    forecaster = SlidingWindowForecaster(window_length=5, difference=False).fit(walk(30))
    assert type(forecaster.estimator_) is RNNRegressor
    assert forecaster.predict(walk(30)).shape == (30, 2)


def test_forecaster_echo_state_regressor():
    X = np.sin(0.3 * np.arange(300))[:, np.newaxis]
    reservoir = EchoStateRegressor(units=50, random_state=0)
    forecaster = SlidingWindowForecaster(reservoir, window_length=20, difference=False).fit(X[:200])
    assert forecaster.score(X[200:]) > 0.9


@pytest.mark.parametrize("has_targets", [False, True])
def test_forecaster_search_of_window_length(has_targets):
    # Each value is equal to the one 6 rows earlier.
    X = np.tile(np.random.default_rng(0).normal(size=6), 30)[:, np.newaxis]
    search = GridSearchCV(
        SlidingWindowForecaster(Ridge(alpha=1e-3), initial_context="fit_end"),
        {"window_length": [1, 2, 6]},
        cv=TimeSeriesSplit(3),
        error_score="raise",
    )
    search.fit(X, X[:, 0] if has_targets else None)
    assert search.best_params_ == {"window_length": 6}
    assert search.best_score_ > 0.999
    assert_allclose(np.ravel(search.best_estimator_.forecast(9)), X[:9, 0], atol=1e-3)


def test_forecaster_cross_val_score():
    X = pd.DataFrame(walk(), index=pd.date_range("2026", periods=80), columns=["a", "b"])
    forecaster = SlidingWindowForecaster(Ridge(), window_length=4, difference=False, horizon=3)
    cv = TimeSeriesSplit(3)
    scores = cross_val_score(
        forecaster, X, X["a"], cv=cv, scoring="neg_mean_absolute_error", error_score="raise"
    )
    for (train, test), score in zip(cv.split(X), scores, strict=True):
        fitted = clone(forecaster).fit(X.iloc[train], X["a"].iloc[train])
        error = mean_absolute_error(X["a"].iloc[test], fitted.predict(X.iloc[test]))
        assert score == pytest.approx(-error)


def test_forecaster_cross_val_predict():
    X = walk()
    made = cross_val_predict(
        SlidingWindowForecaster(Ridge(), window_length=4, difference=False), X, X, cv=2
    )
    assert made.shape == X.shape


def test_forecaster_estimator_is_a_search():
    inside = GridSearchCV(Ridge(), {"alpha": [0.1, 1e6]}, cv=TimeSeriesSplit(3))
    forecaster = SlidingWindowForecaster(inside, window_length=4, difference=False, horizon=2).fit(
        walk()
    )
    assert forecaster.estimator_.best_params_ == {"alpha": 0.1}


def test_forecaster_estimator_transforms_targets():
    X = np.exp(0.05 * np.arange(100.0))[:, np.newaxis]
    regressor = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), Ridge(alpha=1e-3)), func=np.log, inverse_func=np.exp
    )
    forecaster = SlidingWindowForecaster(regressor, window_length=4, difference=False).fit(X)
    windows = make_windows(X, window_length=4)
    flat = np.asarray(windows.X).reshape(96, 4)
    by_hand = clone(regressor).fit(flat, windows.y[:, 0])
    assert_allclose(forecaster.predict(X)[4:, 0], by_hand.predict(flat), rtol=1e-9)


def test_forecaster_missing_values():
    X = walk()
    X[[20, 21, 50]] = np.nan
    boosted = HistGradientBoostingRegressor(max_iter=3)
    forecaster = SlidingWindowForecaster(boosted, window_length=4, difference=False).fit(X)
    assert np.isfinite(forecaster.predict(X)).all()
    for other, way in (
        (SlidingWindowForecaster(Ridge(), window_length=4, difference=False), "allow_nan=True"),
        (
            SlidingWindowForecaster(boosted, window_length=4, difference=True),
            "difference=False and fit again",
        ),
    ):
        with pytest.raises(ValueError, match=rf"X contains NaN: 6 value\(s\).*row 20.*{way}"):
            other.fit(X)


def test_forecaster_unchanged_by_short_series():
    X = walk()
    forecaster = SlidingWindowForecaster(Ridge(), window_length=4, difference=False).fit(X)
    before = forecaster.forecast(3)
    with pytest.raises(ValueError, match="fewer than"):
        forecaster.fit(X[:4, :1])
    assert_array_equal(forecaster.forecast(3), before)
    assert forecaster.n_features_in_ == 2


def test_forecaster_missing_values_after_scaler():
    X = pd.DataFrame({"load": np.sin(np.arange(60.0)), "plan": np.cos(np.arange(60.0))})
    network = make_pipeline(TimeDistributed(StandardScaler()), RNNRegressor(units=2, epochs=1))
    forecaster = SlidingWindowForecaster(
        network, window_length=3, difference=False, horizon=2, known_future=["plan"]
    )
    trajectories = forecaster.fit(X).predict_trajectory(X)
    assert np.isnan(trajectories[-2:]).all()
    assert not np.isnan(trajectories[:-2]).any()
    with pytest.raises(ValueError, match="Input X contains NaN"):
        forecaster.predict(X.mask(X["load"] > 0.9))
