"""SlidingWindow: its windows equal those of a loop, are not copied, and do not leak."""

import pickle

import numpy as np
import pandas as pd
import pytest
from estimator_checks import parametrize_with_output_checks, run_check
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import TimeSeriesSplit, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import (
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from skrnn import RNNRegressor
from skrnn.preprocessing import SlidingWindow, TimeDistributed
from skrnn.sequences import check_sequences

DTYPES = [np.float32, np.float64]
ROWS_ARE_STEPS = dict.fromkeys(
    ["check_methods_sample_order_invariance", "check_methods_subset_invariance"],
    "the window of a row depends on the rows before it",
)


def noise(n, n_features=2, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).normal(size=(n, n_features)).astype(dtype)


def windows_by_hand(X, window_length, boundary):
    """Return the windows, computed value by value."""
    windows = np.zeros((len(X), window_length, X.shape[1]), X.dtype)
    for t in range(len(X)):
        for k in range(window_length):
            row = t - window_length + 1 + k
            if row >= 0 or boundary == "edge":
                windows[t, k] = X[max(row, 0)]
    return windows


def flat_ridge():
    """Return a linear model on flat windows."""
    return make_pipeline(FunctionTransformer(lambda X: X.reshape(len(X), -1)), Ridge())


# --- scikit-learn's own checks ----------------------------------------------------------------


@parametrize_with_checks([SlidingWindow()], expected_failed_checks=lambda estimator: ROWS_ARE_STEPS)
def test_sliding_window_scikit_learn_check(estimator, check):
    check(estimator)


@parametrize_with_output_checks(SlidingWindow(3, boundary="zero"), invariant=False)
def test_sliding_window_scikit_learn_output_check(estimator, check):
    run_check(check, estimator)


@pytest.mark.parametrize(
    "check",
    [check_transformer_get_feature_names_out, check_transformer_get_feature_names_out_pandas],
)
def test_sliding_window_feature_name_checks(check):
    # The checks count names along the second axis: with 3 features, windows need 3 steps.
    check("SlidingWindow", SlidingWindow(3))


# --- the windows ------------------------------------------------------------------------------


@given(
    n=st.integers(1, 25),
    window_length=st.integers(1, 30),
    n_features=st.integers(1, 4),
    boundary=st.sampled_from(["edge", "zero"]),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 1000),
)
def test_sliding_window_equals_a_loop(n, window_length, n_features, boundary, dtype, seed):
    X = noise(n, n_features, dtype, seed)
    windows = SlidingWindow(window_length, boundary=boundary).fit_transform(X)
    assert windows.dtype == dtype
    assert windows.shape == (n, window_length, n_features)
    assert_array_equal(windows, windows_by_hand(X, window_length, boundary))
    assert_array_equal(windows[:, -1], X)


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda X: X[::-1], lambda X: X[:, ::-1]])
def test_sliding_window_memory_layout(layout):
    X = layout(noise(12, 3))
    windows = SlidingWindow(4).fit_transform(X)
    assert_array_equal(windows, windows_by_hand(X, 4, "edge"))


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, bool, np.float16, object])
def test_sliding_window_other_dtypes(dtype):
    X = np.arange(8).reshape(4, 2).astype(dtype)
    windows = SlidingWindow(2).fit_transform(X)
    assert windows.dtype == np.float64
    assert_array_equal(windows[:, -1], X.astype(float))


def test_sliding_window_nan():
    X = noise(5, 1)
    X[0] = np.nan
    windows = SlidingWindow(3).fit_transform(X)
    assert_array_equal(np.isnan(windows).sum(axis=(1, 2)), [3, 2, 1, 0, 0])


def test_sliding_window_transform_ignores_rows_of_fit():
    X = noise(30)
    window = SlidingWindow(5).fit(X[:20])
    assert_array_equal(window.transform(X[20:]), windows_by_hand(X[20:], 5, "edge"))


def test_sliding_window_copies_input():
    X = noise(10)
    before = X.copy()
    windows = SlidingWindow(3).fit_transform(X)
    assert_array_equal(X, before)
    X[:] = 0
    assert_array_equal(windows[:, -1], before)


# --- memory -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "window_length"), [(50, 7), (50, 1), (3, 20), (1, 4)])
def test_sliding_window_is_a_view(n, window_length, dtype):
    windows = SlidingWindow(window_length).fit_transform(noise(n, 3, dtype))
    assert not windows.flags.writeable
    sequences = check_sequences(windows, dtype=DTYPES)
    assert np.shares_memory(sequences.values, windows)
    assert sequences.values.shape == (n + window_length - 1, 3)
    assert_array_equal(sequences, windows)


def test_sliding_window_float32_is_not_copied():
    windows = SlidingWindow(7).fit_transform(noise(50, 3, np.float32))
    assert np.shares_memory(check_sequences(windows).values, windows)


def test_sliding_window_before_time_distributed():
    windows = SlidingWindow(4).fit_transform(noise(20))
    scaled = TimeDistributed(StandardScaler()).fit_transform(windows)
    assert scaled.shape == windows.shape


# --- containers -------------------------------------------------------------------------------


@pytest.fixture
def frame():
    times = pd.date_range("2024-01-01", periods=12, freq="h", tz="Europe/Paris")
    return pd.DataFrame(noise(12), index=times, columns=["load", "price"])


def test_sliding_window_feature_names(frame):
    window = SlidingWindow(3).fit(frame)
    assert_array_equal(window.transform(frame), windows_by_hand(frame.to_numpy(), 3, "edge"))
    assert list(window.feature_names_in_) == ["load", "price"]
    assert list(window.get_feature_names_out()) == ["load", "price"]


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_sliding_window_set_output(frame, container):
    windows = SlidingWindow(3).set_output(transform=container).fit_transform(frame)
    assert type(windows) is np.ndarray
    with config_context(transform_output=container):
        assert type(SlidingWindow(3).fit_transform(frame)) is np.ndarray


def test_sliding_window_clone_and_pickle(frame):
    window = SlidingWindow(3, boundary="zero").fit(frame)
    assert clone(window).get_params() == window.get_params()
    again = pickle.loads(pickle.dumps(window))
    assert_array_equal(again.transform(frame), window.transform(frame))


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window_length": 0}, "'window_length' parameter of SlidingWindow must be an int"),
        ({"window_length": 2.5}, "'window_length' parameter of SlidingWindow must be an int"),
        ({"boundary": "wrap"}, "'boundary' parameter of SlidingWindow must be a str among"),
    ],
)
def test_sliding_window_invalid_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(**parameters).fit(noise(5))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.arange(5.0), "Expected 2D array, got 1D array"),
        (pd.Series([1.0, 2.0]), "Expected a 2-dimensional container but got"),
        (np.zeros((4, 3, 2)), "Found array with dim 3"),
        (np.zeros((0, 3)), r"0 sample\(s\)"),
        ([[1.0], [np.inf]], "contains infinity"),
        ([["a"], ["b"]], "could not convert string"),
    ],
)
def test_sliding_window_invalid_X(X, message):
    with pytest.raises(ValueError, match=message):
        SlidingWindow(2).fit(X)


def test_sliding_window_other_columns(frame):
    with pytest.raises(ValueError, match="X has 3 features, but SlidingWindow is expecting 2"):
        SlidingWindow(3).fit(noise(12)).transform(noise(12, 3))
    window = SlidingWindow(3).fit(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        window.transform(frame.rename(columns={"price": "wind"}))


def test_sliding_window_not_fitted():
    with pytest.raises(NotFittedError):
        SlidingWindow().transform(noise(5))


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2024-01-01", periods=4),
        pd.period_range("2024-01", periods=4, freq="M"),
        pd.timedelta_range("0h", periods=4, freq="h"),
    ],
)
def test_sliding_window_unsorted_times(index):
    table = pd.DataFrame(noise(4), index=index)
    window = SlidingWindow(2).fit(table)
    late = table.iloc[[0, 2, 1, 3]]
    message = f"sorted by time: {index[2]} is followed by {index[1]} at row 2"
    for method in (window.fit, window.transform):
        with pytest.raises(ValueError, match=message):
            method(late)


def test_sliding_window_multiindex():
    times = pd.date_range("2024-01-01", periods=3)
    index = pd.MultiIndex.from_product([["north", "south"], times])
    table = pd.DataFrame(noise(6), index=index)
    with pytest.raises(ValueError, match="one series, got 2 in a MultiIndex"):
        SlidingWindow(2).fit(table)
    north = table.loc[["north"]]
    assert SlidingWindow(2).fit_transform(north).shape == (3, 2, 2)
    with pytest.raises(ValueError, match="sorted by time"):
        SlidingWindow(2).fit(north[::-1])


def test_sliding_window_missing_time(frame):
    times = frame.index.to_series()
    times.iloc[3] = pd.NaT
    with pytest.raises(ValueError, match=r"X has 1 row\(s\) without a time \(NaT\)"):
        SlidingWindow(2).fit(frame.set_axis(pd.DatetimeIndex(times)))


@pytest.mark.parametrize("bad", [noise(5)[:, 0], np.full((5, 2), np.inf), [["a", "b"]]])
def test_sliding_window_unchanged_by_failed_fit(frame, bad):
    window = SlidingWindow(2).fit(frame)
    with pytest.raises(ValueError, match=r"Expected 2D array|infinity|could not convert"):
        window.fit(bad)
    assert list(window.feature_names_in_) == list(frame.columns)
    assert window.transform(frame).shape == (len(frame), 2, frame.shape[1])


# --- in Pipelines and splits ------------------------------------------------------------------


class Recorder(RegressorMixin, BaseEstimator):
    """Stores the arguments of `fit`."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.sample_weight_ = X, y, sample_weight
        return self

    def predict(self, X):
        return X[:, -1, 0]


def trained_on(X, y, cv, window_length=6):
    """Yield the training windows and targets of each fold."""
    for train, _ in cv.split(X):
        model = make_pipeline(SlidingWindow(window_length), Recorder()).fit(X[train], y[train])
        yield model[-1].X_, model[-1].y_


def test_sliding_window_leaves_y_and_weights():
    X, y, weights = noise(20), np.arange(20.0), np.ones(20)
    model = make_pipeline(StandardScaler(), SlidingWindow(4), Recorder())
    model.fit(X, y, recorder__sample_weight=weights)
    assert model[-1].y_ is y
    assert model[-1].sample_weight_ is weights
    assert len(model.predict(X)) == len(X)


def test_sliding_window_ignores_rows_after_split():
    X, cv = noise(60), TimeSeriesSplit(4)
    before = [windows for windows, _ in trained_on(X, X[:, 0], cv)]
    for i, (_, test) in enumerate(cv.split(X)):
        changed = X.copy()
        changed[test[0] :] = 1e9
        after = [windows for windows, _ in trained_on(changed, X[:, 0], cv)]
        assert_array_equal(after[i], before[i])


@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize(("spare", "first_hidden"), [(0, 1), (1, 0)])
def test_sliding_window_gap_prevents_leak(horizon, spare, first_hidden):
    """A gap of horizon - 1 hides rows after the first test row, one row more hides it, too."""
    series = noise(80)
    cv = TimeSeriesSplit(3, gap=horizon - 1 + spare)
    X, y = series[:-horizon], series[horizon:, 0]
    folds = list(cv.split(X))
    for i, (train, test) in enumerate(folds):
        changed = series.copy()
        changed[test[0] + first_hidden :] = 1e9
        windows, targets = list(trained_on(changed[:-horizon], changed[horizon:, 0], cv))[i]
        assert_array_equal(windows, windows_by_hand(X[train], 6, "edge"))
        assert_array_equal(targets, y[train])


@pytest.mark.parametrize("horizon", [2, 5])
def test_sliding_window_smaller_gap_leaks(horizon):
    rows = np.arange(80)
    X, y = rows[:-horizon], rows[horizon:]
    for train, test in TimeSeriesSplit(3, gap=horizon - 2).split(X):
        assert y[train].max() == test[0] + 1


def test_sliding_window_white_noise():
    series = noise(400, 1)
    model = make_pipeline(SlidingWindow(8), flat_ridge())
    cv = TimeSeriesSplit(4, gap=2)
    predicted, truth = [], series[3:, 0]
    X = series[:-3]
    for train, test in cv.split(X):
        predicted.append(model.fit(X[train], truth[train]).predict(X[test]))
    hidden = np.concatenate([truth[test] for _, test in cv.split(X)])
    assert r2_score(hidden, np.concatenate(predicted)) < 0.05


def test_sliding_window_sine_wave():
    series = np.sin(np.arange(600) / 7)[:, np.newaxis]
    X, y = series[:-2], series[2:, 0]
    model = make_pipeline(StandardScaler(), SlidingWindow(12), flat_ridge())
    scores = cross_val_score(model, X, y, cv=TimeSeriesSplit(4, gap=2))
    assert scores.min() > 0.9


def test_sliding_window_with_network():
    series = np.sin(np.arange(300) / 5)[:, np.newaxis]
    X, y = series[:-1], series[1:, 0]
    network = RNNRegressor(units=8, epochs=15, random_state=0)
    model = make_pipeline(StandardScaler(), SlidingWindow(8), network)
    assert cross_val_score(model, X, y, cv=TimeSeriesSplit(2)).min() > 0.8
    assert model.fit(X, y).predict(X).shape == y.shape


def test_sliding_window_view_trains_as_copy():
    X, y = noise(60, 2, np.float32), noise(60, 1)[:, 0]
    windows = SlidingWindow(6).fit_transform(X)
    network = RNNRegressor(units=3, epochs=2, random_state=0)
    of_view = clone(network).fit(windows, y).predict(windows)
    of_copy = clone(network).fit(windows.copy(), y).predict(windows.copy())
    np.testing.assert_allclose(of_view, of_copy, rtol=1e-6, atol=1e-6)


def test_sliding_window_cross_val_predict():
    X = noise(40)
    model = make_pipeline(SlidingWindow(5), Recorder())
    folds = [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(20))]
    assert_array_equal(cross_val_predict(model, X, X[:, 0], cv=folds), X[:, 0])
