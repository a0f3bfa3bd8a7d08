"""Forecasters use neither rows after the origin nor rows from before a gap."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
)

N_ROWS, WINDOW = 60, 4

# Random walks often leave the range of their training rows, about which forecasters warn.
pytestmark = pytest.mark.filterwarnings("ignore:The level of column:UserWarning")

OPTIONS = {
    "horizon": st.integers(1, 4),
    "strategy": st.sampled_from(["direct", "recursive"]),
    "difference": st.booleans(),
    "known_future": st.sampled_from([(), (2,)]),
}
CLOCKS = [
    pd.date_range("2026-03-20", periods=N_ROWS, freq="h"),
    pd.date_range("2026-03-20", periods=N_ROWS, freq="D", tz="Europe/Paris"),
    pd.date_range("2021-01", periods=N_ROWS, freq="MS"),
    pd.period_range("2021-01", periods=N_ROWS, freq="M"),
    pd.RangeIndex(N_ROWS),
    pd.Index(np.arange(100, 100 + 3 * N_ROWS, 3)),
]


def walk(n_rows=N_ROWS, n_features=3, seed=0):
    return np.cumsum(np.random.default_rng(seed).normal(size=(n_rows, n_features)), axis=0)


def ridge(**parameters):
    return SlidingWindowForecaster(
        Ridge(), **{"window_length": WINDOW, "difference": False, **parameters}
    )


@cache
def fitted(**parameters):
    return ridge(**parameters).fit(walk())


# --- rows after the origin ------------------------------------------------------------------------


@given(row=st.integers(0, N_ROWS - 1), seed=st.integers(0, 9), **OPTIONS)
def test_forecaster_ignores_rows_after_origin(row, seed, **parameters):
    forecaster = fitted(**parameters)
    origin, X, changed = row - parameters["horizon"], walk(), walk()
    is_changed = [column for column in range(3) if column not in parameters["known_future"]]
    changed[max(0, origin + 1) :, is_changed] = walk(seed=seed + 1)[
        max(0, origin + 1) :, is_changed
    ]
    changed[row + 1 :] = 0
    assert_allclose(forecaster.predict(changed)[row], forecaster.predict(X)[row], rtol=1e-12)
    if origin >= 0 and not parameters["known_future"]:
        made = forecaster.predict_trajectory(changed)[: origin + 1]
        assert_allclose(made, forecaster.predict_trajectory(X)[: origin + 1], rtol=1e-12)


@given(row=st.integers(0, N_ROWS - 1), **OPTIONS)
def test_forecaster_uses_exactly_the_window(row, **parameters):
    forecaster = fitted(**parameters)
    origin = row - parameters["horizon"]
    oldest = origin - WINDOW + 1 - parameters["difference"]
    assume(oldest >= 1)
    X = walk()
    for changed_row, is_seen in [(oldest - 1, False), (oldest, True), (origin, True)]:
        changed = X.copy()
        changed[changed_row, :2] += 7
        differs = np.abs(forecaster.predict(changed)[row] - forecaster.predict(X)[row]).max()
        assert (differs > 1e-6) == is_seen


@pytest.mark.parametrize("make", [PersistenceForecaster, DriftForecaster])
@given(row=st.integers(3, N_ROWS - 1))
def test_baselines_use_only_the_origin(make, row):
    X, changed = walk(), walk(seed=1)
    changed[row - 3] = X[row - 3]
    forecaster = make(horizon=3).fit(X)
    assert_allclose(forecaster.predict(changed)[row], forecaster.predict(X)[row])


@pytest.mark.parametrize("difference", [False, True])
@given(n_train=st.integers(20, N_ROWS - 1))
def test_forecaster_fit_ignores_rows_after_split(difference, n_train):
    X, changed = walk(), walk()
    changed[n_train:] = 1e6
    of_X, of_changed = (
        ridge(difference=difference, horizon=2).fit(Z[:n_train]) for Z in (X, changed)
    )
    assert_array_equal(of_X.estimator_.coef_, of_changed.estimator_.coef_)
    assert_array_equal(of_X.forecast(), of_changed.forecast())


@pytest.mark.parametrize("horizon", [1, 4])
def test_forecaster_fit_ignores_calibration_rows(horizon):
    X, changed = walk(), walk()
    changed[45:] = 1e6
    parameters = {"horizon": horizon, "calibration_size": 0.25}
    of_X, of_changed = ridge(**parameters).fit(X), ridge(**parameters).fit(changed)
    alone = ridge(horizon=horizon).fit(X[:45])
    assert_array_equal(of_X.estimator_.coef_, of_changed.estimator_.coef_)
    assert_array_equal(of_X.estimator_.coef_, alone.estimator_.coef_)
    # The context of later rows includes the held-out rows.
    assert_allclose(of_X.forecast(), alone.forecast(X=X))


# --- folds ----------------------------------------------------------------------------------------


def by_hand(forecaster, X, y, cv):
    """Return the scores of folds, from forecasts of the whole series up to the fold."""
    scores = []
    for train, test in cv.split(X):
        alone = clone(forecaster).set_params(initial_context="edge")
        rows = slice(None, test[-1] + 1)
        if isinstance(X, pd.DataFrame):
            alone.fit(X.iloc[train], y.iloc[train])
            forecasts = alone.predict(X.iloc[rows])[test]
        else:
            alone.fit(X[train], y[train])
            forecasts = alone.predict(X[rows])[test]
        scores.append(r2_score(np.asarray(y)[test], forecasts))
    return scores


@pytest.mark.parametrize("initial_context", ["auto", "fit_end"])
@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("future", [(), ("c",)])
def test_initial_context_scores_of_folds(initial_context, horizon, difference, future):
    X = pd.DataFrame(walk(), columns=["a", "b", "c"])
    if initial_context == "auto":
        X.index = CLOCKS[0]
    else:
        X, future = X.to_numpy(), [2] * len(future)
    y = X[["a", "b"]] if initial_context == "auto" else X[:, :2]
    forecaster = ridge(
        initial_context=initial_context,
        horizon=horizon,
        difference=difference,
        known_future=future,
    )
    cv = TimeSeriesSplit(4)
    scores = cross_val_score(forecaster, X, y, cv=cv, error_score="raise")
    assert_allclose(scores, by_hand(forecaster, X, y, cv), rtol=1e-9)
    without = clone(forecaster).set_params(initial_context="edge")
    assert np.abs(cross_val_score(without, X, y, cv=cv) - scores).min() > 1e-3


@pytest.mark.parametrize("index", CLOCKS, ids=lambda index: type(index).__name__)
@given(n_train=st.integers(20, N_ROWS - 1))
def test_initial_context_auto_by_index(index, n_train):
    X = pd.DataFrame(walk(), index=index)
    train, test = X.iloc[:n_train], X.iloc[n_train:]
    forecaster = ridge(horizon=2).fit(train)
    whole = forecaster.predict(X)
    assert_allclose(forecaster.predict(test), whole[n_train:], rtol=1e-12)
    of_arrays = ridge(horizon=2, initial_context="fit_end").fit(train.to_numpy())
    assert_allclose(of_arrays.predict(test.to_numpy()), whole[n_train:], rtol=1e-12)


def test_initial_context_auto_integer_dtypes():
    X = pd.DataFrame(walk())
    forecaster = ridge().fit(X[:40])
    for dtype in ("int32", "int64", "uint8"):
        later = X[40:].set_axis(pd.Index(np.arange(40, 60), dtype=dtype))
        assert_allclose(forecaster.predict(later), forecaster.predict(X)[40:])


@pytest.mark.parametrize("index", CLOCKS, ids=lambda index: type(index).__name__)
def test_initial_context_auto_rows_that_do_not_follow(index):
    X = pd.DataFrame(walk(), index=index)
    forecaster = ridge(horizon=2).fit(X.iloc[:40])
    alone = clone(forecaster).set_params(initial_context="edge").fit(X.iloc[:40])
    for later in (X.iloc[41:], X.iloc[30:], X.iloc[:40]):
        assert_array_equal(forecaster.predict(later), alone.predict(later))
    is_number = pd.api.types.is_integer_dtype(index.dtype)
    other_clock = X.iloc[40:].set_axis(CLOCKS[0][:20] if is_number else pd.RangeIndex(40, 60))
    assert_array_equal(forecaster.predict(other_clock), alone.predict(other_clock))
    assert_array_equal(alone.predict(X.iloc[40:])[0], alone.predict(X.iloc[40:])[1])


@pytest.mark.parametrize("make", [ridge, PersistenceForecaster, DriftForecaster])
def test_initial_context_of_several_series(make):
    X, groups = walk(), np.tile(["a", "b", "c"], 20)
    forecaster = make(horizon=2, initial_context="fit_end").fit(X[:40], series_id=groups[:40])
    whole = forecaster.set_params(initial_context="edge").predict(X, groups)
    forecaster.set_params(initial_context="fit_end")
    assert_allclose(forecaster.predict(X[40:], groups[40:]), whole[40:], rtol=1e-12)
    one = groups[40:] == "b"
    assert_allclose(forecaster.predict(X[40:][one], groups[40:][one]), whole[40:][one], rtol=1e-12)
    with pytest.raises(ValueError, match=r"'d' was not seen in fit"):
        forecaster.predict(X[40:], np.full(20, "d"))


# --- gaps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", CLOCKS, ids=lambda index: type(index).__name__)
@pytest.mark.parametrize("parameters", [{}, {"horizon": 3}, {"difference": True}])
def test_forecaster_gap_separates_rows(index, parameters):
    X = pd.DataFrame(walk(), index=index).drop(index[25:28])
    before, after = X.iloc[:25], X.iloc[25:]
    forecaster = ridge(**parameters).fit(X)
    segments = [before.to_numpy(), after.to_numpy()]
    of_segments = ridge(**parameters).fit(segments)
    assert_array_equal(forecaster.estimator_.coef_, of_segments.estimator_.coef_)
    expected = np.concatenate(of_segments.predict(segments))
    assert_allclose(forecaster.predict(X), expected, rtol=1e-12)
    trajectories = np.concatenate(of_segments.predict_trajectory(segments))
    assert_allclose(forecaster.predict_trajectory(X), trajectories, rtol=1e-12)
    assert_allclose(forecaster.forecast(), of_segments.forecast()[1], rtol=1e-12)


def test_forecaster_context_has_no_rows_from_before_a_gap():
    X = pd.DataFrame(walk(), index=CLOCKS[0]).drop(CLOCKS[0][37])
    forecaster = ridge(horizon=2).fit(X.iloc[:39])  # two rows after the gap
    assert_allclose(forecaster.predict(X.iloc[39:]), forecaster.predict(X)[39:], rtol=1e-12)
    with pytest.warns(UserWarning, match=r"4 rows, but the training data has 2 after its last gap"):
        forecast = forecaster.forecast()
    with pytest.warns(UserWarning, match=r"4 rows, but X has 2\. .*in place of the 2 missing"):
        assert_allclose(forecast, forecaster.forecast(X=X.iloc[37:39]), rtol=1e-12)


def test_seasonal_naive_gap():
    X = pd.DataFrame(walk(), index=CLOCKS[0]).drop(CLOCKS[0][30])
    forecaster = SeasonalNaiveForecaster(4).fit(X)
    expected = X.shift(4).to_numpy(copy=True)
    expected[30:34] = X.iloc[30]  # the edge
    expected[1:4] = X.iloc[0]
    expected[[0, 30]] = forecaster.predict(X)[0]  # the mean
    assert_array_equal(forecaster.predict(X), expected)
