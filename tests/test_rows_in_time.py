"""Everything that reads rows as time refuses rows in another order, as far as an index shows it."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
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
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import EchoStateRegressor
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
DAYS = pd.date_range("2026", periods=N)
COMPARABLE = {
    "integers": range(N),
    "nullable integers": pd.array(range(N), "Int64"),
    "floats": np.arange(float(N)),
    "decimals": [Decimal(i) for i in range(N)],
    "objects": pd.Index(range(N), dtype=object),
    "times": DAYS,
    "time stamps": DAYS.astype(object),
    "categories": pd.CategoricalIndex(range(N)),
    "intervals": pd.interval_range(0, N),
    "one level": pd.MultiIndex.from_arrays([range(N)]),
}
# Forecasters refuse dates that are not times, because the distances between them are unknown.
DATES = {
    "dates": [datetime.date(2026, 1, 1 + i) for i in range(N)],
    "text": DAYS.astype(str),
    "text with times": DAYS.strftime("%Y-%m-%dT%H:%M:%S+01:00"),
    "text in the order of Europe": DAYS.strftime("%d.%m.%Y"),
    "text in the order of America": DAYS.strftime("%m/%d/%Y"),
    "text with names of months": DAYS.strftime("%d %b %Y"),
    "text in categories": pd.CategoricalIndex(DAYS.astype(str)),
}
every_date = pytest.mark.parametrize("dates", DATES.values(), ids=DATES)
# Readers that use consecutive rows, whatever their distances are.
ANY_DISTANCE = {"SlidingWindow", "Interpolator", "mase"}


@every_reader
@pytest.mark.parametrize("index", COMPARABLE.values(), ids=COMPARABLE)
def test_reader_rows_in_disorder(read, index):
    table = LINE.set_axis(index)
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


@pytest.mark.parametrize("name", READERS)
@every_date
def test_reader_dates_that_are_not_times(name, dates):
    table, read = LINE.set_axis(pd.Index(dates)), READERS[name]
    if name.removesuffix(".transform") in ANY_DISTANCE:
        read(table)
        with pytest.raises(ValueError, match=r"must be sorted by time.*is followed by"):
            read(table[::-1])
        return
    with pytest.raises(ValueError, match=r"The index of X holds dates as .*pandas\.to_datetime"):
        read(table)


@every_reader
@pytest.mark.parametrize(
    "labels",
    [
        [f"row {i}" for i in range(N)],
        np.arange(N) % 2 == 0,
        [f"{9000 + i}" for i in range(N)],  # four digits could be years
    ],
)
def test_reader_labels_in_any_order(read, labels):
    read(LINE.set_axis(pd.Index(labels))[::-1])


@pytest.mark.parametrize("name", ["SlidingWindowForecaster", "make_windows", "Interpolator"])
@pytest.mark.parametrize("dtype", [int, float])
def test_reader_index_that_does_not_change(name, dtype):
    # Such as the label of the series, or the row numbers of joined tables of one row.
    READERS[name](LINE.set_axis(np.zeros(N, dtype=dtype)))


# --- gaps in time -----------------------------------------------------------------------------

# Of 30 hours, four are missing in two places.
KEPT = np.delete(np.arange(N), [9, 10, 11, 20])
WITH_GAPS = LINE.iloc[KEPT].set_axis(pd.date_range("2026", periods=N, freq="h")[KEPT])
NUMBERS = {
    "hours": KEPT.astype(float),
    "nullable": pd.array(KEPT / 1, "Float64"),
    "days": KEPT / 24,
    "rounded": np.round(40_000 + KEPT / 24, 4),
    "float32": (KEPT / 4).astype(np.float32),
    "decimals": [Decimal(int(i)) / 10 for i in KEPT],
    "categories": pd.CategoricalIndex(KEPT / 4),
}


@pytest.mark.parametrize("index", NUMBERS.values(), ids=NUMBERS)
def test_forecaster_gaps_between_numbers(index):
    table = WITH_GAPS.set_axis(pd.Index(index))
    windows, expected = (make_windows(X, window_length=3) for X in (table, WITH_GAPS))
    assert_array_equal(windows.rows, expected.rows)
    assert len(windows.rows) == len(KEPT) - 3 * 3
    fitted = SlidingWindowForecaster(Ridge(), window_length=3).fit(table)
    forecast = fitted.forecast(2)
    with_times = SlidingWindowForecaster(Ridge(), window_length=3).fit(WITH_GAPS)
    assert_allclose(forecast, with_times.forecast(2))
    last = np.asarray(index, dtype=float)[-2:]
    assert_allclose(forecast.index, last[-1] + (last[1] - last[0]) * np.array([1, 2]), rtol=1e-5)
    # The rows after those of `fit` continue them.
    after = LINE[:4].set_axis(pd.Index(last[-1] + (last[1] - last[0]) * np.arange(1, 5)))
    assert_allclose(fitted.predict(after)[0], forecast.iloc[0])


def test_forecaster_known_future_at_floats():
    index = np.arange(N) / 10
    table = LINE.set_axis(index)
    forecaster = SlidingWindowForecaster(Ridge(), window_length=3, known_future=["b"]).fit(table)
    ahead = pd.DataFrame({"b": [5.0, 1.0, 2.0]}, index=[2.9, 3.0, 3.1])
    expected = forecaster.forecast(2, X_future=ahead[1:].to_numpy())
    assert_array_equal(forecaster.forecast(2, X_future=ahead), expected)
    with pytest.raises(ValueError, match=r"X_future lacks a value of 'b' for step 2"):
        forecaster.forecast(2, X_future=ahead[:2])


def test_forecaster_floats_at_irregular_times():
    table = LINE.set_axis(np.cumsum(np.random.default_rng(0).random(N)))
    with pytest.raises(ValueError, match=r"irregular times.*Numbers in an index.*reset_index"):
        PersistenceForecaster().fit(table)
    # Months are of almost equal length.
    years = (pd.date_range("2020", periods=N, freq="MS") - pd.Timestamp("2020")).days / 365.25
    assert len(make_windows(LINE.set_axis(2020 + years), window_length=3).rows) == N - 3


@pytest.mark.parametrize("index", [*NUMBERS.values(), WITH_GAPS.index, WITH_GAPS.index.astype(str)])
@pytest.mark.parametrize("name", ["SlidingWindow", "echo state network"])
def test_consecutive_rows_gaps_in_time(name, index):
    network = EchoStateRegressor(units=5, rows="steps", random_state=0)
    read = SlidingWindow(2).fit_transform if name == "SlidingWindow" else network.fit
    X, y = WITH_GAPS.to_numpy(), WITH_GAPS["a"].to_numpy()
    with pytest.warns(UserWarning, match=r"X has 2 gap\(s\) in time.* at row 9,.*regularize"):
        read(WITH_GAPS.set_axis(index), y)
    read(X, y)
    read(WITH_GAPS.reset_index(drop=True), y)


def test_sliding_window_folds_of_k_fold():
    model = make_pipeline(SlidingWindow(2), FunctionTransformer(lambda X: X[:, :, 0]), Ridge())
    with pytest.warns(UserWarning, match=r"(gap\(s\) in|irregular) time.*TimeSeriesSplit"):
        cross_val_score(model, LINE, LINE["a"], cv=KFold(3, shuffle=True, random_state=0))
    cross_val_score(model, LINE, LINE["a"], cv=TimeSeriesSplit(2))


def test_sliding_window_irregular_times():
    times = pd.Index(np.cumsum(np.random.default_rng(0).random(N)))
    with pytest.warns(UserWarning, match="X has rows at irregular times"):
        SlidingWindow(2).fit_transform(LINE.set_axis(times))


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
