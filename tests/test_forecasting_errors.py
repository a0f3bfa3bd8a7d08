"""Invalid input of forecasters raises clear errors and leaves the forecaster unchanged."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    SlidingWindowForecaster,
    make_windows,
)

N = 60
DAYS = pd.date_range("2026-01-01", periods=N, freq="D", name="day")
X = np.random.default_rng(0).gamma(2.0, size=(N, 3)) + 0.1
DF = pd.DataFrame(X, index=DAYS, columns=["a", "b", "c"])
MANY = pd.concat({"u": DF, "v": DF + 1}, names=["site"])
TURNS = np.resize(["u", "v", "w"], N)
EVERY = (
    SlidingWindowForecaster(Ridge(), window_length=3, horizon=2),
    PersistenceForecaster(horizon=2),
    SeasonalNaiveForecaster(3, horizon=2),
    DriftForecaster(horizon=2),
)
every_forecaster = pytest.mark.parametrize("made", EVERY, ids=lambda made: type(made).__name__)


def forecaster(**params):
    return SlidingWindowForecaster(Ridge(), **{"window_length": 3, "horizon": 2, **params})


def cases(**named):
    return pytest.mark.parametrize(
        ("given", "message"), named.values(), ids=[name.replace("_", " ") for name in named]
    )


def with_value(value, column="b", row=3):
    df = DF.copy()
    df.iloc[row, df.columns.get_loc(column)] = value
    return df


def at(index):
    return DF.set_axis(index)


BAD_X = cases(
    nothing=(None, "Expected 2D array"),
    number=(3.0, "Expected 2D array"),
    word=("abc", "abc"),
    list_of_numbers=([1.0, 2.0, 3.0, 4.0, 5.0], "list of single values.*Reshape your data"),
    three_dimensions=(X[np.newaxis], r"3 dimensions.*list\(X\)"),
    sparse=(sparse.csr_array(X), "dense data is required"),
    complex=(X + 1j, "Complex data"),
    words=(DF.assign(b="x"), "columns that do not hold numbers: 'b'"),
    infinite=(with_value(np.inf), "infinity"),
    missing=(with_value(np.nan), "NaN: 1 value.*column 'b', row 3.*Interpolator"),
    no_series=([], "X is an empty list"),
    no_numbers=([[]], "0 sample"),
    no_rows=(DF[:0], "0 sample"),
    no_columns=(DF[[]], r"X has no columns \(shape=\(60, 0\)\)"),
    a_series_without_rows=([DF, DF[:0]], "0 sample"),
    other_widths=([X, X[:, :2]], r"X\[0\] has 3 feature\(s\), X\[1\] has 2"),
    other_columns=(
        [DF, DF.rename(columns={"c": "d"})],
        r"columns of X\[1\] differ from those of X\[0\]",
    ),
    mixed_containers=([DF, X], "mixes pandas objects with other"),
    twice=(pd.concat([DF, DF[:1]]).sort_index(), "2026-01-01.* is followed by itself at row 1"),
    unsorted=(DF[::-1], "sorted by time.*2026-03-01.* is followed by 2026-02-28.* at row 1"),
    unsorted_series=([DF, DF[::-1]], "X of series 1 must be sorted by time"),
    no_time=(at(DAYS.where(DAYS != DAYS[3])), "without a time"),
    time_zones=(
        at(pd.Index([day.tz_localize(["UTC", "Asia/Tokyo"][day.day % 2]) for day in DAYS], object)),
        "several time zones",
    ),
    time_zones_of_series=(
        [DF.tz_localize("UTC"), DF.tz_localize("Europe/Paris")],
        "times of the zone UTC and with times of the zone Europe/Paris",
    ),
    no_zone_in_one_series=([DF, DF.tz_localize("UTC")], "times without a zone and"),
    numbers_in_one_series=([DF, at(range(N))], "times without a zone and with integers"),
    other_periods=([DF.to_period("D"), DF.to_period("h")], "frequency D and .* frequency h"),
    same_names=(DF.set_axis(["a", "a", "b"], axis=1), "several columns with the name 'a'"),
    masked=(np.ma.masked_greater(X, 1), r"masked array with \d+ masked value"),
    times=(np.array([DAYS, DAYS, DAYS]).T, "X holds datetime64.* values"),
    irregular_integers=(at(np.arange(N) ** 2), "irregular times.*reset_index"),
    irregular=(
        at(DAYS[0] + pd.to_timedelta(np.arange(N) ** 2, "D")),
        "irregular times.*regularize",
    ),
    no_name_of_a_series=(
        MANY.set_axis(pd.MultiIndex.from_arrays([[None] * N + ["v"] * N, [*DAYS, *DAYS]])),
        "60 row.s. without a series, the first at row 0",
    ),
)


@BAD_X
@every_forecaster
def test_forecaster_fit_invalid_X(made, given, message):
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}"):
        clone(made).fit(given)


@cases(
    single=(X[:4], "X has n_samples=4 rows, 1 fewer than the 5 that window_length=3, horizon=2"),
    one_row=(X[:1], "n_samples=1 rows, 4 fewer"),
    list=([X, X[:3]], "Series 1 of X has n_samples=3 rows, 2 fewer than the 5"),
    multiindex=(MANY[:-57], "Series 'v' of X has n_samples=3 rows, 2 fewer"),
    three_levels=(pd.concat({1: MANY, 2: MANY[:-59]}), r"Series \(2, 'v'\) of X has n_samples=1"),
    gaps=(DF.drop(DAYS[4::5]), "X has n_samples=4 rows without a gap in time, 1 fewer"),
)
def test_forecaster_fit_short_series(given, message):
    with pytest.raises(ValueError, match=message):
        forecaster().fit(given)
    with pytest.raises(ValueError, match=message.split(" that")[0]):
        make_windows(given, window_length=3, horizon=2)


def test_forecaster_fit_short_series_with_series_id():
    groups = ["u"] * 57 + ["v"] * 3
    with pytest.raises(ValueError, match="Series 'v' of X has n_samples=3 rows, 2 fewer"):
        forecaster().fit(X, series_id=groups)
    with pytest.raises(ValueError, match=r"1 fewer than the 6 that .*, difference=True need"):
        forecaster(difference=True).fit(X[:5])
    with pytest.raises(ValueError, match="3 fewer than the 8 that period=7, horizon=1 need"):
        SeasonalNaiveForecaster(7).fit(X[:5])


@cases(
    shorter=(X[:-1, 0], "X has 60 rows, y has 59"),
    number=(np.array(3.0), "a target for each row"),
    word=("abc", "a target for each row"),
    words=(["x"] * N, "could not convert string"),
    three_dimensions=(np.ones((N, 2, 2)), "dim"),
    no_targets=(np.ones((N, 0)), "0 feature"),
    no_columns=(DF[[]], "y has no columns"),
    infinite=(np.full(N, np.inf), "Input y contains infinity"),
    all_missing=(np.full(N, np.nan), "No row is left for training|past values of every target"),
    other_times=(DF["a"].shift(freq="D"), "index of y holds other times"),
    other_order=(DF["a"][::-1], "index of y holds other times"),
)
@every_forecaster
def test_forecaster_fit_invalid_y(made, given, message):
    with pytest.raises(ValueError, match=message):
        clone(made).fit(DF, given)


@cases(
    one_for_all=(np.arange(2 * N), r"X has \[60, 60\] rows, y has 120"),
    shorter=([X[:, 0], X[1:, 0]], r"y has \[60, 59\]"),
    too_few=([X[:, 0]], r"X has \[60, 60\] rows, y has 60"),
    other_widths=([X, X[:, :2]], r"y has \[3, 2\] targets"),
    other_times=([DF["a"], DF["a"].shift(freq="D")], "holds other times"),
)
def test_forecaster_fit_invalid_y_for_list(given, message):
    with pytest.raises(ValueError, match=message):
        forecaster().fit([DF, DF], given)


def test_forecaster_fit_invalid_y_for_multiindex():
    with pytest.raises(ValueError, match="holds other times"):
        forecaster().fit(MANY, MANY["a"][::-1])


@pytest.mark.parametrize(
    "made", [*EVERY[1:], forecaster(difference=True)], ids=lambda made: type(made).__name__
)
def test_forecaster_fit_y_is_not_a_column(made):
    with pytest.raises(ValueError, match=r"past values of every target.*\['a', 'b', 'c'\]"):
        clone(made).fit(DF, np.arange(N))


def test_forecaster_recursive_needs_all_targets():
    with pytest.raises(ValueError, match=r"strategy='recursive'.*missing: \['b', 'c'\]"):
        forecaster(strategy="recursive").fit(DF, DF["a"])
    fitted = forecaster().fit(DF, DF["a"])
    with pytest.raises(ValueError, match=r"n_steps=3: .*after the first 2 .*missing: \['b', 'c'\]"):
        fitted.forecast(3)
    assert len(fitted.forecast(2)) == 2


@pytest.mark.parametrize("n_steps", [0, -1, 2.5, "2"])
def test_forecast_invalid_n_steps(n_steps):
    with pytest.raises(ValueError, match=f"n_steps must be an integer .*got {n_steps!r}"):
        forecaster().fit(X).forecast(n_steps)


@pytest.mark.parametrize(
    ("params", "name"),
    [({"window_length": 0}, "window_length"), ({"window_length": 2.5}, "window_length"),
     ({"horizon": 0}, "horizon"), ({"strategy": "x"}, "strategy"),
     ({"known_future": 3}, "known_future"), ({"initial_context": True}, "initial_context"),
     ({"calibration_size": 1.0}, "calibration_size"),
     ({"calibration_size": 0}, "calibration_size"), ({"difference": 2}, "difference"),
     ({"estimator": 3}, "estimator"), ({"estimator": StandardScaler()}, "estimator")],
)  # fmt: skip
def test_forecaster_invalid_parameters(params, name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of SlidingWindowForecaster"):
        forecaster().set_params(**params).fit(X)


@pytest.mark.parametrize("period", [0, 2.5, None])
def test_seasonal_naive_invalid_period(period):
    with pytest.raises(ValueError, match="'period' parameter"):
        SeasonalNaiveForecaster(period).fit(X)


@pytest.mark.parametrize("future", ["day", ["a", "day"], [3], [-1], [1.5]])
def test_forecaster_unknown_known_future(future):
    unknown = future if isinstance(future, str) else future[-1]
    with pytest.raises(
        ValueError, match=f"known_future holds {unknown!r}, which is not a column of X"
    ):
        forecaster(known_future=future).fit(DF)


def test_forecaster_known_future_is_a_target():
    with pytest.raises(ValueError, match="no column is left as a target"):
        forecaster(known_future=["a", "b", "c"]).fit(DF)
    with pytest.raises(ValueError, match="y holds 'c', which is in known_future"):
        forecaster(known_future="c").fit(DF, DF["c"])


# A table of all times; the last four are after the training rows.
AHEAD = pd.DataFrame({"c": 1.0}, index=pd.date_range(DAYS[0], periods=N + 4, name="day"))
AHEAD[:N] = 9.0
NEXT = AHEAD[N:]


@pytest.mark.parametrize(
    "future",
    [NEXT, AHEAD, AHEAD[::-1], NEXT.assign(a=0.0), NEXT["c"], NEXT.to_numpy(), [1.0, 1.0],
     NEXT.reset_index(drop=True)],
)  # fmt: skip
def test_forecast_X_future_containers(future):
    fitted = forecaster(known_future="c").fit(DF)
    assert_allclose(fitted.forecast(X_future=future), fitted.forecast(X_future=NEXT))
    numbered = forecaster(known_future="c").fit(at(range(N)))
    whole = AHEAD.set_axis(range(N + 4))
    assert_allclose(numbered.forecast(X_future=whole), fitted.forecast(X_future=NEXT))


@cases(
    nothing=(None, r"must hold \['c'\] for the next 2 step\(s\), got None"),
    too_few_rows=(np.ones((1, 1)), r"at least 2 rows of \['c'\], got the shape \(1, 1\)"),
    all_columns=(X, r"\['c'\], got the shape \(60, 3\)"),
    number=(3.0, "at least 2 rows"),
    no_such_column=(NEXT.rename(columns={"c": "d"}), r"no column \['c'\]"),
    a_time_too_few=(NEXT[:1], "lacks a value of 'c' for step 2 .2026-03-03"),
    a_time_missing=(NEXT.drop(NEXT.index[1]), "lacks a value of 'c' for step 2"),
    a_value_missing=(NEXT * np.nan, "lacks a value of 'c' for step 1"),
    infinite=(NEXT * np.inf, "infinite value of 'c' for step 1"),
    twice=(pd.concat([NEXT, NEXT]), "2026-03-02.* more than once"),
    other_zone=(NEXT.tz_localize("UTC"), "times of the zone UTC .*expected times without"),
    periods=(NEXT.to_period("D"), "periods of the frequency D .*expected times without"),
    words=(NEXT.assign(c="x"), "could not convert string"),
    for_several=({"u": NEXT}, "expected one table"),
    unsorted_numbers=(NEXT.set_axis(range(len(NEXT), 0, -1)), "X_future must be sorted by time"),
    complex=(NEXT.assign(c=1j), "Complex data not supported"),
)
def test_forecast_invalid_X_future(given, message):
    fitted = forecaster(known_future="c").fit(DF)
    with pytest.raises(ValueError, match=message):
        fitted.forecast(X_future=given)
    if given is not None:
        with pytest.raises(ValueError, match="known_future is empty"):
            forecaster().fit(DF).forecast(X_future=given)


def test_forecast_X_future_of_several_series():
    listed, by_name = (forecaster(known_future="c").fit(many) for many in ([DF, DF + 1], MANY))
    expected = pd.concat(listed.forecast(X_future=[NEXT, 2 * NEXT]))
    both = {"v": 2 * NEXT, "u": NEXT}
    for future in (both, pd.concat(both)):
        assert_allclose(by_name.forecast(X_future=future), expected)
    with pytest.raises(ValueError, match="a table for each of 2 series, got 1"):
        listed.forecast(X_future=[NEXT])
    for future in ({"u": NEXT}, pd.concat({"u": NEXT})):
        with pytest.raises(ValueError, match=r"for each series, \['v'\] are missing"):
            by_name.forecast(X_future=future)


@every_forecaster
@pytest.mark.parametrize(
    "method",
    ["predict", "predict_trajectory", "forecast", "predict_interval", "forecast_interval", "score"],
)
def test_forecaster_not_fitted(made, method):
    given = [] if method.startswith("forecast") else [X]
    with pytest.raises(NotFittedError):
        getattr(clone(made), method)(*given)


@cases(
    other_columns=(DF.rename(columns={"a": "z"}), "feature names should match"),
    other_order=(DF[["b", "a", "c"]], "feature names.*order"),
    fewer_columns=(DF[["a"]], "feature names should match"),
    missing=(with_value(np.nan), "NaN"),
    infinite=(with_value(np.inf), "infinity"),
    unsorted=(DF[::-1], "sorted by time"),
    no_rows=(DF[:0], "0 sample"),
    no_series=([], "empty list"),
    three_dimensions=(X[np.newaxis], "3 dimensions"),
)
@every_forecaster
def test_forecaster_unchanged_by_invalid_rows(made, given, message):
    fitted = clone(made).fit(DF)
    expected = fitted.forecast()  # before the pickle, as pandas caches properties of an index
    before = pickle.dumps(vars(fitted))
    for refuses in (fitted.predict, fitted.predict_trajectory, fitted.score):
        with pytest.raises(ValueError, match=f"(?s){message}"):
            refuses(given)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        fitted.forecast(X=given)
    assert pickle.dumps(vars(fitted)) == before
    assert_array_equal(fitted.forecast(), expected)


class Interrupted(Ridge):
    def fit(self, X, y):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("broken", "error"),
    [({"estimator": Interrupted()}, KeyboardInterrupt), ({"window_length": 90}, ValueError),
     ({"known_future": "z"}, ValueError), ({"calibration_size": 0.99}, ValueError)],
)  # fmt: skip
def test_forecaster_unchanged_by_failed_fit(broken, error):
    fitted = forecaster().fit(DF)
    params, expected = fitted.get_params(), fitted.predict(DF)
    fitted.set_params(**broken)
    with pytest.raises(error):
        fitted.fit(DF[["a", "b"]] + 1)
    fitted.set_params(**{name: params[name] for name in broken})
    assert_array_equal(fitted.predict(DF), expected)
    assert_array_equal(fitted.forecast(), forecaster().fit(DF).forecast())


@cases(
    missing=([np.nan, *TURNS[1:]], "row.s. without a series"),
    none=([None, *range(N - 1)], "X has 1 row.s. without a series, the first at row 0"),
    fewer=(TURNS[1:], "inconsistent numbers of samples"),
    two_dimensions=(TURNS[:, np.newaxis], "one label per row"),
    word=("u", "one label per row"),
)
def test_forecaster_invalid_series_id(given, message):
    given = given if isinstance(given, str | np.ndarray) else np.array(given, dtype=object)
    with pytest.raises(ValueError, match=message):
        forecaster().fit(X, series_id=given)


def test_series_id_and_times_with_named_series():
    for many, reason in ((MANY, "MultiIndex"), ([X, X], "list of series")):
        with pytest.raises(ValueError, match=f"series_id must be None, because .*{reason}"):
            forecaster().fit(many, series_id=TURNS)
        with pytest.raises(ValueError, match=f"times must be None, because .*{reason}"):
            make_windows(many, window_length=3, times=DAYS)


@cases(
    fewer=(DAYS[1:], "times has 59 entries, X has 60 rows"),
    text=(DAYS.astype(str), "times must hold times, .*to_datetime"),
    booleans=(np.arange(N) > 2, "times must hold times, .*bool"),
    unsorted=(DAYS[::-1], "sorted by time"),
)
def test_make_windows_invalid_times(given, message):
    with pytest.raises(ValueError, match=message):
        make_windows(X, window_length=3, times=given)


def test_predict_series_not_seen_in_fit():
    fitted = forecaster(initial_context="fit_end").fit(X, series_id=TURNS)
    with pytest.raises(ValueError, match="series 'z' was not seen in fit"):
        fitted.predict(X, series_id=np.resize(["u", "z"], N))
    auto = forecaster().fit(X, series_id=TURNS)
    alone = forecaster(initial_context="edge").fit(X, series_id=TURNS)
    assert_array_equal(auto.predict(X), alone.predict(X))


def test_forecaster_horizon_true_is_one():
    one, true = (SlidingWindowForecaster(Ridge(), window_length=3, horizon=h) for h in (1, True))
    for method in ("predict", "predict_trajectory", "forecast"):
        given = () if method == "forecast" else (X,)
        assert_array_equal(
            getattr(true.fit(X), method)(*given), getattr(one.fit(X), method)(*given)
        )
