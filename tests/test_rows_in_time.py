"""Everything that reads rows as time refuses rows in another order, as far as an index shows it."""

import datetime

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    KFold,
    ShuffleSplit,
    TimeSeriesSplit,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
    make_windows,
)
from skrnn.metrics import mase
from skrnn.preprocessing import Interpolator, SlidingWindow, TimeDistributed, regularize

# Random walks often leave the range of their training rows, about which forecasters warn.
pytestmark = pytest.mark.filterwarnings("ignore:The level of column:UserWarning")

N = 30
LINE = pd.DataFrame({"a": np.arange(N, dtype=float), "b": np.cos(np.arange(N))})
READERS = {
    "SlidingWindowForecaster": SlidingWindowForecaster(Ridge(), window_length=3).fit,
    "PersistenceForecaster": PersistenceForecaster().fit,
    "SeasonalNaiveForecaster": SeasonalNaiveForecaster(2).fit,
    "DriftForecaster": DriftForecaster().fit,
    "predict": SlidingWindowForecaster(Ridge(), window_length=3).fit(LINE).predict,
    "forecast": lambda X: PersistenceForecaster().fit(LINE).forecast(2, X),
    "backtest": lambda X: PersistenceForecaster().backtest(X, cv=2),
    "make_windows": lambda X: make_windows(X, window_length=3),
    "SlidingWindow": SlidingWindow(2).fit,
    "SlidingWindow.transform": SlidingWindow(2).fit(LINE).transform,
    "Interpolator": Interpolator().fit,
    "Interpolator.transform": Interpolator().fit(LINE).transform,
    "mase": lambda X: mase([[1.0, 1.0]], [[2.0, 2.0]], y_train=X),
}
every_reader = pytest.mark.parametrize("read", READERS.values(), ids=READERS)
COMPARABLE = {
    "integers": range(N),
    "nullable integers": pd.array(range(N), "Int64"),
    "floats": np.arange(N) / 2,
    "objects": pd.Index(range(N), dtype=object),
    "times": pd.date_range("2026", periods=N),
    "dates": [datetime.date(2026, 1, 1 + i) for i in range(N)],
    "text": [f"2026-01-{1 + i:02d}" for i in range(N)],
    "categories": pd.CategoricalIndex(range(N)),
    "intervals": pd.interval_range(0, N),
}


@every_reader
@pytest.mark.parametrize("index", COMPARABLE.values(), ids=COMPARABLE)
def test_reader_rows_in_disorder(read, index):
    table = LINE.set_axis(pd.Index(index))
    read(table)
    with pytest.raises(ValueError, match=r"(X|y_train) must be sorted by time.*is followed by"):
        read(table[::-1])


@every_reader
def test_reader_rows_of_train_test_split(read):
    with pytest.raises(ValueError, match=r"train_test_split has shuffle=False.*reset_index"):
        read(train_test_split(LINE, random_state=0)[0])
    ordered = train_test_split(LINE, shuffle=False)[0]
    read(ordered)
    read(ordered[::-1].reset_index(drop=True))


@every_reader
@pytest.mark.parametrize("labels", [[f"row {i}" for i in range(N)], np.arange(N) % 2 == 0])
def test_reader_labels_in_any_order(read, labels):
    read(LINE.set_axis(pd.Index(labels))[::-1])


@pytest.mark.parametrize("name", ["SlidingWindowForecaster", "make_windows", "Interpolator"])
def test_reader_index_that_does_not_change(name):
    # Such as the label of the series, or the row numbers of joined tables of one row.
    READERS[name](LINE.set_axis(np.zeros(N, dtype=int)))


@pytest.mark.parametrize("name", ["SlidingWindowForecaster", "PersistenceForecaster", "predict"])
def test_forecaster_rows_drawn_at_random(name):
    rows = np.flatnonzero(np.random.default_rng(0).random(N) < 0.4)
    with pytest.raises(ValueError, match=r"shuffled KFold.*reset_index"):
        READERS[name](LINE.iloc[rows])


@pytest.mark.parametrize("cv", [KFold(3, shuffle=True, random_state=0), ShuffleSplit(2)])
def test_forecaster_shuffled_folds(cv):
    forecaster = SlidingWindowForecaster(Ridge(), window_length=3)
    with pytest.raises(ValueError, match=r"sorted by time|shuffled KFold|without a gap in time"):
        cross_val_score(forecaster, LINE, LINE["a"], cv=cv, error_score="raise")
    folds = TimeSeriesSplit(2)
    assert np.isfinite(cross_val_score(forecaster, LINE, LINE["a"], cv=folds)).all()


def test_forecaster_joined_tables():
    # Each table is a segment: no window crosses the joint.
    joined = pd.concat([LINE, LINE])
    windows = make_windows(joined, window_length=3)
    assert_array_equal(windows.rows, [*range(2, N - 1), *range(N + 2, 2 * N - 1)])
    assert PersistenceForecaster().fit(joined).forecast(1).index.tolist() == [N]
    other = pd.concat([LINE, LINE[5:]])
    with pytest.raises(ValueError, match="29 is followed by 5 at row 30"):
        PersistenceForecaster().fit(other)


def test_forecaster_series_id_with_mixed_rows():
    both = pd.concat([LINE, LINE + 100])
    series_id = np.repeat(["low", "high"], N)
    expected = PersistenceForecaster().fit(both, series_id=series_id).forecast(1)
    mixed = np.argsort(np.tile(np.arange(N), 2), kind="stable")
    made = PersistenceForecaster().fit(both.iloc[mixed], series_id=series_id[mixed]).forecast(1)
    for key in ("low", "high"):
        assert_frame_equal(made[key], expected[key])
    shuffled = np.random.default_rng(0).permutation(2 * N)
    with pytest.raises(ValueError, match=r"X of series '(low|high)' must be sorted by time"):
        PersistenceForecaster().fit(both.iloc[shuffled], series_id=series_id[shuffled])


@pytest.mark.parametrize("X", [LINE, LINE.to_numpy()], ids=["table", "array"])
def test_forecaster_targets_in_disorder(X):
    y = pd.Series(np.sin(np.arange(N)))
    forecaster = SlidingWindowForecaster(Ridge(), window_length=3).fit(X, y)
    for method in (forecaster.fit, forecaster.score):
        with pytest.raises(ValueError, match="y must be sorted by time"):
            method(X, y.sample(frac=1, random_state=0))


def test_regularize_sorts_rows():
    table = LINE.set_axis(pd.date_range("2026", periods=N, freq="h"))
    assert_frame_equal(regularize(table[::-1], "h"), table, check_freq=False)


# --- transformers that depend on the order of rows --------------------------------------------


@pytest.mark.parametrize(
    "transformer",
    [Interpolator(), SlidingWindow(2), make_pipeline(StandardScaler(), Interpolator(causal=True))],
)
def test_time_distributed_order_dependent_transformer(transformer):
    X = [np.array([[1.0], [np.nan]]), np.array([[9.0], [9.0]])]
    with pytest.raises(ValueError, match=r"(Interpolator|SlidingWindow)\(.*another sequence"):
        TimeDistributed(transformer).fit(X)


def test_forecaster_order_dependent_step():
    regressor = make_pipeline(Interpolator(), Ridge())
    with pytest.raises(ValueError, match=r"estimator contains Interpolator\(\).*Pipeline before"):
        SlidingWindowForecaster(regressor, window_length=3).fit(LINE)
    table = LINE.mask(LINE > 25)
    before = make_pipeline(Interpolator(), SlidingWindowForecaster(Ridge(), window_length=3))
    assert np.isfinite(before.fit(table).predict(table)).all()
