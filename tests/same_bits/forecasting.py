"""Forecasters and the transformers of time series: predictions, forecasts, intervals, windows.

The functions at the top are the only ones that use names of parameters and attributes.
"""

import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNRegressor, SlidingWindowForecaster, TimeDistributed
from skrnn.forecasting import (
    DriftForecaster,
    PersistenceForecaster,
    SeasonalNaiveForecaster,
    make_windows,
)
from skrnn.metrics import mase
from skrnn.preprocessing import Interpolator, SlidingWindow, regularize


def windowed(estimator=None, *, known_future=(), initial_context="auto", **parameters):
    parameters = {"window_length": 5, "horizon": 3, "difference": False, **parameters}
    estimator = Ridge() if estimator is None else estimator
    return SlidingWindowForecaster(
        estimator, known_future=known_future, initial_context=initial_context, **parameters
    )


def after(forecaster, n_steps=None, X_future=None, **options):
    return forecaster.forecast(n_steps, X_future=X_future, **options)


def bounds_after(forecaster, n_steps=None, X_future=None, **options):
    return forecaster.forecast_interval(n_steps, X_future=X_future, **options)


def with_series(series_id):
    return {"series_id": series_id}


def series_of_windows(windows):
    return windows.series_id


def walk(n_rows=120, n_features=3, seed=0):
    return np.cumsum(np.random.default_rng(seed).normal(size=(n_rows, n_features)), axis=0)


def table(n_rows=120, freq="h", seed=0, **options):
    index = pd.date_range("2026-03-20", periods=n_rows, freq=freq, name="time", **options)
    return pd.DataFrame(walk(n_rows, seed=seed), index=index, columns=["a", "b", "c"])


def many():
    """Return a table with a MultiIndex of three series with gaps, of which two take turns."""
    parts = {"u": table(60, seed=1), "v": table(50, seed=2), "w": table(70, seed=3)}
    whole = pd.concat(parts, names=["site"])
    whole = whole.drop([("u", parts["u"].index[30]), ("w", parts["w"].index[11])])
    turns = whole.loc[["u", "v"]].sort_index(level="time", kind="stable")
    return pd.concat([turns, whole.loc[["w"]]])


def plain(result):
    """Return arrays for what may be a pandas object, with the times as text."""
    if isinstance(result, pd.DataFrame | pd.Series):
        names = result.columns if isinstance(result, pd.DataFrame) else result.name
        return [np.asarray(result), np.array(["|".join(map(str, [*result.index, names]))])]
    if isinstance(result, dict):
        return [part for key in result for part in plain(result[key])]
    if isinstance(result, list | tuple):
        return [part for item in result for part in plain(item)]
    return [np.asarray(result)]


def outputs(forecaster, X, *, n_steps=None, X_future=None, **options):
    """Return what a fitted forecaster returns for rows, and after the training data."""
    return {
        "predict": plain(forecaster.predict(X, **options)),
        "trajectory": plain(forecaster.predict_trajectory(X, **options)),
        "forecast": plain(after(forecaster, n_steps, X_future)),
        "score": forecaster.score(X, **options),
    }


def network(**parameters):
    plain = {"schedule": "constant", "standardize": False, "pooling": "last"}
    rnn = RNNRegressor(**{"epochs": 3, "units": 8, "random_state": 0, **plain, **parameters})
    return make_pipeline(TimeDistributed(StandardScaler()), rnn)


def direct_ridge():
    X = walk()
    fitted = windowed().fit(X[:90])
    return {**outputs(fitted, X, n_steps=7), "weights": fitted.estimator_.coef_}


def recursive_ridge():
    X = table()
    return outputs(windowed(strategy="recursive").fit(X[:90]), X[90:], n_steps=11)


def direct_network():
    X = walk()
    return outputs(windowed(network()).fit(X[:90]), X[90:], n_steps=7)


def recursive_network_early_stopping():
    X = walk(300, 2)
    regressor = network(early_stopping=True, cell="gru")
    fitted = windowed(regressor, strategy="recursive", difference=True).fit(X)
    return outputs(fitted, X, n_steps=5)


def several_targets():
    X = table(freq="D", tz="Europe/Paris")
    of_two = windowed().fit(X[:90], X[["c", "a"]][:90])
    of_one = windowed(difference=True, horizon=2).fit(X[:90], X["b"][:90])
    by_value = windowed(difference=True).fit(X.to_numpy()[:90], X["b"].to_numpy()[:90])
    of_other = windowed().fit(X[:90], (X["a"] ** 2)[:90])
    return {
        "two": plain([of_two.predict(X), after(of_two), of_two.predict_trajectory(X[90:])]),
        "one": plain([of_one.predict(X[90:]), after(of_one, X=X[:50])]),
        "by value": plain([by_value.predict(X.to_numpy()), after(by_value)]),
        "other": plain([of_other.predict(X), after(of_other)]),
        "score": of_two.score(X, X[["c", "a"]]),
    }


def one_target_at_a_time():
    X = walk()
    regressor = GradientBoostingRegressor(n_estimators=3, random_state=0)
    return outputs(windowed(regressor, horizon=2).fit(X[:90]), X, n_steps=3)


def known_future():
    X, found = table(), {}
    for strategy in ("direct", "recursive"):
        for difference in (False, True):
            fitted = windowed(known_future=["c"], strategy=strategy, difference=difference)
            found[f"{strategy} {difference}"] = outputs(
                fitted.fit(X[:90]), X[80:], n_steps=7, X_future=X
            )
    rnn = windowed(network(), known_future=[2]).fit(X.to_numpy()[:90])
    found["network"] = outputs(rnn, X.to_numpy(), n_steps=3, X_future=X.to_numpy()[90:, 2])
    return found


def series_of_many_containers():
    X = many()
    labels, rows = X.index.get_level_values(0), X.droplevel(0)
    listed = [X.loc[key] for key in "uvw"]
    by_index, by_list = windowed().fit(X), windowed(difference=True).fit(listed)
    by_label = windowed(initial_context="fit_end").fit(rows, **with_series(labels))
    numbers = windowed().fit(rows.to_numpy(), **with_series(np.asarray(labels)))
    return {
        "index": outputs(by_index, X, n_steps=5),
        "list": plain([by_list.predict(listed), after(by_list, 2)]),
        "labels": outputs(by_label, rows, **with_series(labels)),
        "numbers": outputs(numbers, rows.to_numpy(), **with_series(np.asarray(labels))),
        "context": plain(after(by_index, 4, X=X.loc[["v"]])),
    }


def initial_contexts():
    found = {}
    for name, freq in (("hours", "h"), ("months", "MS"), ("working days", "B"), ("ends", "ME")):
        X = table(freq=freq).drop(table(freq=freq).index[20])
        for context in ("auto", "fit_end", "edge"):
            fitted = windowed(initial_context=context).fit(X[:80])
            found[f"{name} {context}"] = plain([fitted.predict(X[80:]), after(fitted, 4)])
    periods = table(freq="MS").to_period("M")
    found["periods"] = outputs(windowed().fit(periods[:90]), periods[90:], n_steps=4)
    numbers = table().set_axis(range(7, 367, 3))
    found["numbers"] = outputs(windowed().fit(numbers[:90]), numbers[90:], n_steps=4)
    return found


def intervals():
    X, found = table(), {}
    made = {
        "ridge": windowed(calibration_size=0.4),
        "recursive": windowed(calibration_size=0.4, strategy="recursive", difference=True),
        "seasonal": SeasonalNaiveForecaster(7, horizon=2, calibration_size=0.3),
        "network": windowed(network(), calibration_size=0.3, difference=True),
    }
    for name, forecaster in made.items():
        fitted = forecaster.fit(X[:90])
        found[name] = plain(
            [fitted.predict_interval(X, coverage=0.8), bounds_after(fitted, 2, coverage=0.5),
             fitted.predict_interval(X[90:], coverage=0.6)]
        )  # fmt: skip
    listed = windowed(calibration_size=0.4).fit([X[:60], X[60:]])
    found["list"] = plain(bounds_after(listed, coverage=0.7))
    return found


def baselines():
    X, found = table(), {}
    for make in (PersistenceForecaster, DriftForecaster):
        found[make.__name__] = outputs(make(horizon=4).fit(X[:90]), X, n_steps=9)
        found[make.__name__ + " of series"] = outputs(make(horizon=2).fit(many()), many())
    found["seasonal"] = outputs(SeasonalNaiveForecaster(7, horizon=9).fit(X[:90]), X, n_steps=20)
    found["drift"] = DriftForecaster(horizon=2, calibration_size=0.2).fit(X).drift_
    return found


def backtests():
    X, groups = table(), np.resize(["u", "v", "w"], 120)
    y = X["a"].mask(X["a"] > X["a"].quantile(0.95))
    made = {
        "default": windowed().backtest(X, cv=3),
        "target": windowed(difference=True).backtest(X, X["c"], cv=TimeSeriesSplit(2, gap=3)),
        "missing": windowed(known_future=["b"]).backtest(X, y, cv=2),
        "many": PersistenceForecaster(horizon=2).backtest(many(), cv=2),
        "series": windowed().backtest(X.to_numpy(), cv=GroupKFold(3), **with_series(groups)),
        "network": windowed(network()).backtest(X, cv=2),
    }
    return {name: errors.to_numpy() for name, errors in made.items()}


def missing_values():
    X = table()
    holes = X.mask(X > X.quantile(0.9))
    y = holes["a"]
    trees = windowed(HistGradientBoostingRegressor(max_iter=3)).fit(holes)
    ridge = windowed().fit(X, y)
    return {
        "trees": outputs(trees, X, n_steps=4),
        "targets": plain([ridge.predict(X), after(ridge), ridge.score(X, y)]),
        "future": plain(windowed(known_future=["b"]).fit(X).predict_trajectory(X)),
    }


def windows():
    X = many()
    made = make_windows(X, window_length=4, horizon=2, stride=2)
    rows = X.droplevel(0).to_numpy()
    labels = np.asarray(X.index.get_level_values(0))
    cut = make_windows(rows, rows[:, 0], window_length=3, **with_series(labels))
    listed = make_windows([X.loc["v"], X.loc["w"]], window_length=6, horizon=3)
    return {
        str(i): [
            np.asarray(each.X),
            np.asarray(each.y),
            np.asarray(each.rows),
            np.array(["|".join(map(str, np.ravel(each.times)))]),
            np.array(["|".join(map(str, series_of_windows(each)))]),
        ]
        for i, each in enumerate((made, cut, listed))
    }


def sliding_window():
    X = table()
    return {
        "edge": SlidingWindow(6).fit_transform(X),
        "zero": SlidingWindow(6, boundary="zero").fit_transform(X.astype(np.float32)),
    }


def interpolator():
    X = table(tz="Europe/Paris")
    holes = X.mask(np.random.default_rng(5).uniform(size=X.shape) < 0.4)
    series = many().mask(np.random.default_rng(6).uniform(size=many().shape) < 0.4)
    found = {}
    methods = ("linear", "time", "nearest", "ffill", "quadratic", "cubic", "akima", "pchip")
    for method in methods:
        for limit in (None, 2):
            model = Interpolator(method, limit=limit, add_indicator=True)
            filled = model.fit_transform(holes)
            found[f"{method} {limit}"] = plain([filled, model.statistics_])
            if method != "time":
                found[f"{method} {limit} series"] = plain(model.fit_transform(series))
    found["causal"] = plain(Interpolator(causal=True).fit_transform(series))
    return found


def regularized():
    rng = np.random.default_rng(0)
    times = pd.Timestamp("2026-03-28", tz="Europe/Paris") + pd.to_timedelta(
        rng.integers(0, 5000, size=150), "min"
    )
    frame = pd.DataFrame({"x": rng.normal(size=150), "y": np.arange(150)}, index=times)
    several = frame.set_index([np.resize(["b", "a", "c"], 150), frame.index])
    return {
        f"{freq} {aggregate}": plain(regularize(each, freq, aggregate=aggregate))
        for freq in ("h", "3h", "D", "7h")
        for aggregate in ("mean", "sum", "last")
        for each in (frame, several)
    }


def errors_in_units_of_the_naive_forecast():
    y = walk()
    return {"mase": mase(y[50:], y[49:-1] + 1, y_train=y[:50], multioutput="raw_values")}


CASES = {
    "direct_ridge": direct_ridge,
    "recursive_ridge": recursive_ridge,
    "direct_network": direct_network,
    "recursive_network_early_stopping": recursive_network_early_stopping,
    "several_targets": several_targets,
    "one_target_at_a_time": one_target_at_a_time,
    "known_future": known_future,
    "series_of_many_containers": series_of_many_containers,
    "initial_contexts": initial_contexts,
    "intervals": intervals,
    "baselines": baselines,
    "backtests": backtests,
    "missing_values": missing_values,
    "windows": windows,
    "sliding_window": sliding_window,
    "interpolator": interpolator,
    "regularize": regularized,
    "mase": errors_in_units_of_the_naive_forecast,
}
