"""Windows and forecasters: identities that hold for every regressor."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score

from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
    make_windows,
)

LEVELS = {"window_length": 4, "difference": False}
BASELINES = [PersistenceForecaster, lambda **k: SeasonalNaiveForecaster(7, **k), DriftForecaster]


def walk(n_rows=80, n_features=2, seed=0):
    """Return random walks, in which all rows, columns and windows differ."""
    return np.cumsum(np.random.default_rng(seed).normal(size=(n_rows, n_features)), axis=0)


def ridge(**parameters):
    return SlidingWindowForecaster(Ridge(), **{**LEVELS, **parameters})


def flat_windows(X, window_length, horizon):
    """Return flat windows of one series and the rows after each, computed with NumPy."""
    ends = range(window_length - 1, len(X) - horizon)
    windows = np.array([X[t - window_length + 1 : t + 1].ravel() for t in ends])
    return windows, np.array([X[t + 1 : t + 1 + horizon] for t in ends])


# --- windows --------------------------------------------------------------------------------------


@st.composite
def series_with_gaps(draw):
    """Draw the series of each row, in any order, and its time, with gaps."""
    n_rows = draw(st.integers(4, 40))
    groups = np.array(draw(st.lists(st.integers(0, 2), min_size=n_rows, max_size=n_rows)))
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 3]), min_size=n_rows, max_size=n_rows))
    times = np.zeros(n_rows, dtype=int)
    for group in set(groups):
        times[groups == group] = 10 + np.cumsum(np.array(steps)[groups == group])
    return groups, times


def segments_by_hand(groups, times):
    """Return the rows of each segment without a gap, by series in order of appearance."""
    of_series = [np.flatnonzero(groups == group) for group in dict.fromkeys(groups)]
    counts = Counter(np.concatenate([np.diff(times[rows]) for rows in of_series]).tolist())
    step = min(counts, key=lambda length: (-counts[length], length)) if counts else None
    segments = []
    for rows in of_series:
        segments.append([rows[0]])
        for before, row in pairwise(rows):
            if times[row] - times[before] != step:
                segments.append([])
            segments[-1].append(row)
    return segments


@settings(max_examples=60)
@given(series_with_gaps(), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_make_windows_equals_a_loop(series, window_length, horizon, stride):
    groups, times = series
    X = walk(len(groups))
    y = X[:, 0] * 10
    segments = segments_by_hand(groups, times)
    longest = {groups[segment[0]]: 0 for segment in segments}
    windows, targets, rows, target_times = [], [], [], []
    for segment in segments:
        longest[groups[segment[0]]] = max(longest[groups[segment[0]]], len(segment))
        for first in range(0, len(segment) - window_length - horizon + 1, stride):
            inside, after = np.split(
                segment[first : first + window_length + horizon], [window_length]
            )
            windows.append(X[inside])
            targets.append(y[after])
            rows.append(inside[-1])
            target_times.append(times[after])
    parameters = {"window_length": window_length, "horizon": horizon, "stride": stride}
    if min(longest.values()) < window_length + horizon:
        with pytest.raises(ValueError, match="fewer than"):
            make_windows(X, y, series_id=groups, times=times, **parameters)
        return
    made = make_windows(X, y, series_id=groups, times=times, **parameters)
    shape = (-1,) if horizon == 1 else (-1, horizon)
    assert_array_equal(np.asarray(made.X), windows)
    assert_array_equal(made.y, np.reshape(targets, shape))
    assert_array_equal(made.rows, rows)
    assert_array_equal(made.series_id, groups[rows])
    assert_array_equal(made.times, np.reshape(target_times, shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_make_windows_shares_memory(dtype):
    X = walk(1000).astype(dtype)
    made = make_windows(X, window_length=200)
    assert np.shares_memory(made.X.values, X)
    assert made.X.values.dtype == dtype
    frame = pd.DataFrame(X, index=pd.date_range("2026", periods=1000, freq="h"))
    assert np.shares_memory(make_windows(frame, window_length=200).X.values, frame.to_numpy())


def test_make_windows_list_of_series():
    series = [walk(12, seed=1), walk(9, seed=2)]
    made = make_windows(series, window_length=4, horizon=2)
    each = [make_windows(X, window_length=4, horizon=2) for X in series]
    assert_array_equal(np.asarray(made.X), np.concatenate([np.asarray(one.X) for one in each]))
    assert_array_equal(made.y, np.concatenate([one.y for one in each]))
    assert_array_equal(made.times, np.concatenate([one.times for one in each]))
    assert_array_equal(made.rows, np.concatenate([each[0].rows, each[1].rows + 12]))
    assert_array_equal(made.series_id, np.repeat([0, 1], [len(each[0].y), len(each[1].y)]))


# --- forecasters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("future", [(), [1]])
@pytest.mark.parametrize("horizon", [1, 3])
def test_forecaster_predict_is_last_step_of_predict_trajectory(
    strategy, difference, future, horizon
):
    parameters = {"strategy": strategy, "difference": difference, "known_future": future}
    X = walk()
    forecaster = ridge(horizon=horizon, **parameters).fit(X)
    rows, trajectories = forecaster.predict(X), forecaster.predict_trajectory(X)
    assert rows.shape == (80, 2 - len(future))
    assert trajectories.shape == (80, horizon, 2 - len(future))
    assert_allclose(rows[horizon:], trajectories[:-horizon, -1], rtol=1e-12)


@pytest.mark.parametrize("make", BASELINES)
def test_baselines_predict_is_last_step_of_predict_trajectory(make):
    X = walk()
    forecaster = make(horizon=10).fit(X)
    assert_allclose(forecaster.predict(X)[10:], forecaster.predict_trajectory(X)[:-10, -1])


def test_forecaster_strategy_with_one_step():
    X = walk()
    direct, recursive = (ridge(strategy=name).fit(X) for name in ("direct", "recursive"))
    assert_array_equal(direct.predict(X), recursive.predict(X))
    assert_array_equal(direct.forecast(9), recursive.forecast(9))


@pytest.mark.parametrize("horizon", [1, 3])
def test_forecaster_direct_equals_regressor_on_flat_windows(horizon):
    X = walk()
    windows, after = flat_windows(X, 4, horizon)
    by_hand = Ridge().fit(windows, after.reshape(len(after), -1))
    forecaster = ridge(horizon=horizon).fit(X)
    assert_allclose(forecaster.estimator_.coef_, by_hand.coef_, rtol=1e-9)
    made = forecaster.predict_trajectory(X)[3:-horizon]
    assert_allclose(made, by_hand.predict(windows).reshape(after.shape), rtol=1e-9)
    last = by_hand.predict(X[-4:].reshape(1, -1)).reshape(horizon, 2)
    assert_allclose(forecaster.forecast(), last, rtol=1e-9)


def test_forecaster_difference_equals_regressor_on_changes():
    X = walk()
    windows, after = flat_windows(np.diff(X, axis=0), 4, 1)
    by_hand = Ridge().fit(windows, after[:, 0])
    forecaster = ridge(difference=True).fit(X)
    assert_allclose(forecaster.estimator_.coef_, by_hand.coef_, rtol=1e-9)
    assert_allclose(forecaster.predict(X)[5:], X[4:-1] + by_hand.predict(windows), rtol=1e-9)


def test_forecaster_known_future_is_appended_to_windows():
    X, horizon = walk(), 2
    later = np.roll(X[:, [1]], -horizon, axis=0)
    windows, _ = flat_windows(np.concatenate([X, later], axis=1), 4, horizon)
    _, after = flat_windows(X[:, 0], 4, horizon)
    by_hand = Ridge().fit(windows, after)
    forecaster = ridge(horizon=horizon, known_future=[1]).fit(X)
    assert_allclose(forecaster.estimator_.coef_, by_hand.coef_, rtol=1e-9)


def test_forecaster_predict_first_rows():
    X, horizon = walk(), 2
    forecaster = ridge(horizon=horizon).fit(X)
    edge = np.concatenate([np.repeat(X[:1], 3, axis=0), X])
    windows = np.array([edge[t : t + 4].ravel() for t in range(len(X))])
    made = forecaster.estimator_.predict(windows).reshape(80, horizon, 2)
    assert_allclose(forecaster.predict_trajectory(X), made, rtol=1e-9)
    _, after = flat_windows(X, 4, horizon)
    assert_allclose(forecaster.predict(X)[:horizon], np.tile(after[:, -1].mean(axis=0), (2, 1)))


@pytest.mark.parametrize("difference", [False, True])
def test_forecaster_recursive_equals_single_steps(difference):
    X = walk()
    forecaster = ridge(horizon=3, strategy="recursive", difference=difference).fit(X)
    context = X
    for _ in range(12):
        context = np.concatenate([context, forecaster.forecast(1, X=context)])
    assert_allclose(forecaster.forecast(12), context[80:], rtol=1e-9)
    assert_allclose(forecaster.predict_trajectory(X)[-1], context[80:83], rtol=1e-9)


def test_forecaster_direct_continues_from_forecasts():
    X = walk()
    forecaster = ridge(horizon=3).fit(X)
    first = forecaster.forecast()
    second = forecaster.forecast(X=np.concatenate([X, first]))
    assert_allclose(forecaster.forecast(5), np.concatenate([first, second])[:5], rtol=1e-9)


def test_forecaster_single_output_regressor():
    X = walk()
    regressor = GradientBoostingRegressor(n_estimators=3, random_state=0)
    forecaster = SlidingWindowForecaster(regressor, **LEVELS, horizon=2).fit(X)
    windows, after = flat_windows(X, 4, 2)
    each = [regressor.fit(windows, column).predict(windows) for column in after.reshape(-1, 4).T]
    made = forecaster.predict_trajectory(X)[3:-2].reshape(-1, 4)
    assert_allclose(made, np.transpose(each), rtol=1e-12)


# --- what can, and cannot, be forecast ------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_forecaster_sine_wave(strategy):
    X = np.sin(0.3 * np.arange(300))[:, np.newaxis]
    parameters = {"window_length": 2, "horizon": 50, "strategy": strategy}
    forecaster = SlidingWindowForecaster(LinearRegression(), **parameters).fit(X[:200])
    assert_allclose(forecaster.forecast(100), X[200:], atol=1e-6)
    assert_allclose(forecaster.predict(X)[100:], X[100:], atol=1e-6)


def test_forecaster_white_noise():
    X = np.random.default_rng(0).normal(size=(2000, 1))
    forecaster = ridge().fit(X[:1000])
    assert forecaster.score(X[1000:]) < 0.01
    # Also if too little context is known and the mean is returned.
    first = [forecaster.predict(X[t : t + 8]) for t in range(1000, 1990)]
    truth = [X[t : t + 8] for t in range(1000, 1990)]
    assert r2_score(np.ravel(truth), np.ravel(first)) < 0.01


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_forecaster_difference_straight_line(strategy):
    X = 5 - 0.25 * np.arange(60.0)[:, np.newaxis] * [1, 2]
    forecaster = ridge(horizon=3, strategy=strategy, difference=True).fit(X[:40])
    assert_allclose(forecaster.forecast(20), X[40:], rtol=1e-12)


@given(st.floats(-1e3, 1e3))
def test_forecaster_difference_is_invariant_to_level(level):
    X = walk()
    forecaster = ridge(horizon=3, difference=True).fit(X)
    moved = ridge(horizon=3, difference=True).fit(X + level)
    expected = forecaster.forecast(7) + level
    assert_allclose(forecaster.forecast(7, X=X + level), expected, atol=1e-9)
    assert_allclose(moved.forecast(7), expected, atol=1e-9)


@pytest.mark.parametrize("difference", [False, True])
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_forecaster_known_future_is_used(strategy, difference):
    plan = np.random.default_rng(0).normal(size=(300, 1))
    X = np.concatenate([10 + 2 * plan, plan], axis=1)
    parameters = {"horizon": 3, "strategy": strategy, "difference": difference}
    regressor = Ridge(alpha=1e-6)
    forecaster = SlidingWindowForecaster(regressor, window_length=3, known_future=[1], **parameters)
    forecaster.fit(X[:200])
    assert forecaster.score(X[200:]) > 0.95  # the rows without a past count
    assert_allclose(forecaster.predict(X)[10:, 0], X[10:, 0], atol=1e-4)
    for ahead in (plan[200:209], -plan[200:209]):
        assert_allclose(forecaster.forecast(9, X_future=ahead), 10 + 2 * ahead, atol=1e-4)


# --- targets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("horizon", [1, 2])
def test_forecaster_fit_ignores_missing_targets(horizon):
    X = walk()
    y = X @ [1.0, -2.0]
    windows, after = flat_windows(X, 4, horizon)[0], flat_windows(y, 4, horizon)[1]
    missing = np.arange(20, 30)
    is_whole = ~np.isin(np.arange(3, 80 - horizon)[:, None] + np.arange(1, horizon + 1), missing)
    is_whole = is_whole.all(axis=1)
    y[missing] = np.nan
    forecaster = ridge(horizon=horizon).fit(X, y)
    by_hand = Ridge().fit(windows[is_whole], after[is_whole])
    assert_allclose(forecaster.estimator_.coef_, by_hand.coef_.squeeze(), rtol=1e-9)
    assert forecaster.predict(X).shape == (80,)


def test_forecaster_score_ignores_missing_targets():
    X = walk()
    forecaster = ridge(horizon=2).fit(X)
    y = X.copy()
    y[[3, 40, 41]] = np.nan
    there = ~np.isnan(y[:, 0])
    expected = r2_score(X[there], forecaster.predict(X)[there])
    assert forecaster.score(X, y) == pytest.approx(expected, rel=1e-12)
    assert forecaster.score(X) == pytest.approx(r2_score(X, forecaster.predict(X)), rel=1e-12)


@pytest.mark.parametrize("difference", [False, True])
def test_forecaster_target_columns_by_value_and_name(difference):
    X = pd.DataFrame(walk(n_features=3), columns=["a", "b", "c"])
    by_name = ridge(difference=difference).fit(X, X["b"])
    by_value = ridge(difference=difference).fit(X.to_numpy(), X["b"].to_numpy())
    of_all = ridge(difference=difference).fit(X, X)
    assert_array_equal(by_name.predict(X), by_value.predict(X.to_numpy()))
    if not difference:
        assert_allclose(by_name.predict(X), of_all.predict(X)[:, 1], rtol=1e-9)


# --- many series ----------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [{}, {"horizon": 3}, {"difference": True, "horizon": 2}])
def test_forecaster_series_in_all_containers(parameters):
    series = [walk(30, seed=1), walk(20, seed=2), walk(25, seed=3)]
    forecaster = ridge(**parameters).fit(series)
    alone = [forecaster.predict(X) for X in series]
    next_alone = [forecaster.forecast(5, X=X) for X in series]

    turns = np.random.default_rng(0).permutation(np.repeat(["b", "c", "a"], [30, 20, 25]))
    table = np.empty((75, 2))
    for name, X in zip("bca", series, strict=True):
        table[turns == name] = X
    grouped = ridge(**parameters).fit(table, series_id=turns)
    days = [pd.date_range("2026", periods=len(X)) for X in series]
    frames = [pd.DataFrame(X, index=i) for X, i in zip(series, days, strict=True)]
    frame = pd.concat(frames, keys=list("bca"))
    indexed = ridge(**parameters).fit(frame)

    of_list, of_table = forecaster.predict(series), grouped.predict(table, turns)
    of_frame = indexed.predict(frame)
    after = indexed.forecast(5)
    for i, name in enumerate("bca"):
        assert_allclose(of_list[i], alone[i], rtol=1e-9)
        assert_allclose(of_table[turns == name], alone[i], rtol=1e-9)
        assert_allclose(of_frame[frame.index.get_level_values(0) == name], alone[i], rtol=1e-9)
        assert_allclose(forecaster.forecast(5)[i], next_alone[i], rtol=1e-9)
        assert_allclose(grouped.forecast(5)[name], next_alone[i], rtol=1e-9)
        assert_allclose(after.loc[name], next_alone[i], rtol=1e-9)


def test_forecaster_fit_uses_all_series():
    series = [walk(30, seed=1), walk(20, seed=2)]
    windows, after = zip(*(flat_windows(X, 4, 1) for X in series), strict=True)
    by_hand = Ridge().fit(np.concatenate(windows), np.concatenate(after)[:, 0])
    assert_allclose(ridge().fit(series).estimator_.coef_, by_hand.coef_, rtol=1e-9)
