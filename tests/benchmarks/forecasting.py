"""Forecasts of real series over several seeds, compared with simple baselines.

Run with ``SKRNN_DATA=... python tests/benchmarks/forecasting.py``; ``--only`` chooses tasks,
``--seeds`` is the number of seeds, and ``--part dev`` evaluates on the rows that settings were
chosen on. All models of a task have the same columns and windows, are fitted on all rows before the
evaluated ones, and are evaluated on the same rows.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNRegressor, SlidingWindowForecaster, TimeDistributed
from skrnn.datasets import fetch_airline_passengers, fetch_beijing_pm25, fetch_synop
from skrnn.forecasting import DriftForecaster, PersistenceForecaster, SeasonalNaiveForecaster
from skrnn.preprocessing import Interpolator, regularize

# The fraction of the training rows that calibrates the intervals.
CALIBRATION = 0.2
HELD_OUT = 48  # months of the airline


class Task(NamedTuple):
    """A series and the forecasters of it.

    Parameters
    ----------
    title : str
        Description with the units of the errors.
    load : callable
        Returns X, y (or None) and the first and last row of each part.
    period : int or None
        Number of rows of a season.
    window : dict
        Parameters of all forecasters with windows, such as length, horizon and strategy.
    network : callable
        Returns the regressor for a seed.
    intervals : bool
        Whether intervals are evaluated too.
    trees : int
        Number of trees of gradient boosting, which takes seconds per forecast step. If 0, gradient
        boosting is left out.
    wrap : callable
        Wraps every regressor.
    back : callable or None
        Inverse of a transformation of the series, applied before errors are computed.
    """

    title: str
    load: Callable
    period: int | None
    window: dict
    network: Callable
    intervals: bool = False
    trees: int = 400
    wrap: Callable = lambda regressor: regressor
    back: Callable | None = None


# --- data -------------------------------------------------------------------------------------


def _calendar(index):
    """Return hour of the day and day of the year as points on circles."""
    day, year = index.hour / 24, index.day_of_year / 365.25
    angles = {"day": 2 * np.pi * day.to_numpy(), "year": 2 * np.pi * year.to_numpy()}
    circles = {
        f"{name}_{function.__name__}": function(angle)
        for name, angle in angles.items()
        for function in (np.sin, np.cos)
    }
    return pd.DataFrame(circles, index=index)


CALENDAR = ["day_sin", "day_cos", "year_sin", "year_cos"]


def _parts(n, dev, test):
    """Return the first and last rows of the parts, which are fractions of all rows."""
    return {"dev": (int(n * dev), int(n * test)), "test": (int(n * test), n)}


def ladybug():
    """Return the published draw, standardized by its first 40,000 rows; the last 10,000 test."""
    path = Path(os.environ["SKRNN_DATA"]) / "ladybug" / "ladybug_seed16.csv.gz"
    X = pd.read_csv(path)
    X = (X - X[:40_000].mean()) / X[:40_000].std(ddof=0)
    return X, None, {"dev": (35_000, 40_000), "test": (40_000, 50_000)}


def synop():
    """Return 12 inputs in Nice every 3 hours, filled, with the calendar, and the temperature."""
    inputs = "tend cod_tend dd ff td u ww pres rafper rr1 rr3 tc".split()
    frame = regularize(fetch_synop("nice").frame[inputs], "3h")
    X = Interpolator(causal=True).fit_transform(frame)
    # Only measured values are targets.
    return X.join(_calendar(X.index)), frame["tc"], _parts(len(X), 0.7, 0.85)


def pm25():
    """Return PM2.5 in Beijing, filled from the past; 2013 is the dev part, 2014 the test part."""
    frame = fetch_beijing_pm25().frame
    wind = pd.get_dummies(frame["cbwd"], dtype=float)
    X = Interpolator(causal=True).fit_transform(frame.drop(columns="cbwd"))
    skewed = np.log1p(X[["pm2.5", "Iws", "Is", "Ir"]]).add_prefix("log_")
    # The baselines need the column itself.
    X = X[["pm2.5", "DEWP", "TEMP", "PRES"]].join([skewed, wind, _calendar(X.index)])
    years = {year: int(np.argmax(X.index.year == year)) for year in (2013, 2014)}
    return X, frame["pm2.5"], {"dev": (years[2013], years[2014]), "test": (years[2014], len(X))}


def etth1():
    """Return 7 loads of a transformer, standardized; 12 months train, 4 are dev, 4 are test."""
    path = Path(os.environ["SKRNN_DATA"]) / "series" / "ETTh1.csv.xz"
    X = pd.read_csv(path, index_col="date", parse_dates=True)[: 20 * 720]
    X = (X - X[: 12 * 720].mean()) / X[: 12 * 720].std(ddof=0)
    return X, None, {"dev": (12 * 720, 16 * 720), "test": (16 * 720, 20 * 720)}


def airline():
    """Return logarithms of monthly passengers; of 144 months 48 are test, 24 before them dev."""
    X = np.log(fetch_airline_passengers().data).to_frame()
    return X, None, {"dev": (72, 96), "test": (len(X) - HELD_OUT, len(X))}


# --- models -----------------------------------------------------------------------------------


def ridge():
    """Return a linear model whose penalty is chosen on later rows than those it is fitted on."""
    chosen = RidgeCV(
        np.logspace(-8, 4, 13), cv=TimeSeriesSplit(5), scoring="neg_mean_absolute_error"
    )
    return make_pipeline(StandardScaler(), chosen)


def boosting(seed, trees):
    return HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=trees,
        learning_rate=0.05,
        max_leaf_nodes=15,
        random_state=seed,
    )


def network(*, epochs, rate=0.005, **settings):
    """Return a function that returns a network on standardized windows for a seed.

    The function accepts another number of epochs. The learning rate of the network falls to zero
    along a cosine, which mattered more than anything else.
    """

    def make(seed, epochs=epochs):
        regressor = RNNRegressor(
            cell="gru",
            epochs=epochs,
            learning_rate=rate,
            schedule="cosine",
            standardize=False,
            random_state=seed,
            **settings,
        )
        return make_pipeline(TimeDistributed(StandardScaler()), regressor)

    return make


def in_logs(regressor):
    """Return the same regressor, fitted on the logarithms of its targets."""
    return TransformedTargetRegressor(regressor, func=np.log1p, inverse_func=np.expm1)


TASKS = {
    "ladybug": Task(
        "ladybug, one step and 20 free steps, window 20 (normalised)",
        ladybug,
        None,
        {"window_length": 20, "horizon": 20, "strategy": "recursive", "difference": True},
        network(units=64, batch_size=128, epochs=30),
    ),
    "synop_3h": Task(
        "temperature in Nice 3 hours ahead, window 16 (degrees)",
        synop,
        8,
        {"window_length": 16, "horizon": 1, "difference": True, "known_future": CALENDAR},
        network(units=32, batch_size=64, epochs=20, l2=1e-3, loss="mean_absolute_error"),
        intervals=True,
    ),
    "synop_12h": Task(
        "temperature in Nice 12 hours ahead, window 16 (degrees)",
        synop,
        8,
        {"window_length": 16, "horizon": 4, "difference": True, "known_future": CALENDAR},
        network(units=32, batch_size=64, epochs=20, l2=1e-3, loss="mean_absolute_error"),
        intervals=True,
    ),
    "pm25": Task(
        "PM2.5 in Beijing 24 hours ahead, window 24 (micrograms per cubic metre)",
        pm25,
        24,
        {"window_length": 24, "horizon": 24, "difference": False, "known_future": CALENDAR},
        network(units=32, batch_size=128, epochs=8, l2=1e-3, loss="mean_absolute_error"),
        intervals=True,
        trees=100,
        wrap=in_logs,
    ),
    "etth1": Task(
        "ETTh1, 24 hours ahead, all seven columns (standardised)",
        etth1,
        24,
        {"window_length": 48, "horizon": 24, "difference": True},
        network(units=128, batch_size=64, epochs=6, rate=0.003, loss="mean_absolute_error"),
        trees=0,
    ),
    "airline": Task(
        "airline passengers one month ahead (thousands, root mean squared error)",
        airline,
        12,
        {"window_length": 12, "horizon": 1, "difference": True},
        network(units=16, batch_size=8, epochs=60),
        back=np.exp,
    ),
}


def forecasters(task, seed, **settings):
    """Return the forecasters of a task by name; those without a seed only for seed 0.

    Settings, such as the number of epochs, replace those of the task's network.
    """
    horizon = task.window["horizon"]
    network = task.wrap(task.network(seed, **settings))
    named = {"network": SlidingWindowForecaster(network, **task.window)}
    if seed > 0:
        return named
    named["Ridge"] = SlidingWindowForecaster(task.wrap(ridge()), **task.window)
    if task.window.get("difference"):
        levels = {**task.window, "difference": False}
        named["Ridge, levels"] = SlidingWindowForecaster(task.wrap(ridge()), **levels)
    if task.trees:
        boosted = task.wrap(boosting(seed, task.trees))
        named["gradient boosting"] = SlidingWindowForecaster(boosted, **task.window)
    named["persistence"] = PersistenceForecaster(horizon=horizon)
    named["drift"] = DriftForecaster(horizon=horizon)
    if task.period:
        named["seasonal-naive"] = SeasonalNaiveForecaster(task.period, horizon=horizon)
    return named


def evaluate(forecaster, X, y, begin, end, back=None):
    """Return the errors of one forecaster on some rows, fitted on all rows before them.

    Returns
    -------
    dict of str to float
        Mean absolute error at the first step, at the last step and over all steps, mean squared
        error over all steps, its root at the last step, and the seconds of the fit.
    """
    started = time.perf_counter()
    forecaster.fit(X[:begin], None if y is None else y[:begin])
    seconds = time.perf_counter() - started
    horizon, truth = forecaster.horizon, X if y is None else y
    # With enough rows before them, every forecast of an evaluated row has a complete past.
    first = begin - horizon - forecaster._n_context
    predicted = forecaster.predict_trajectory(X[first:end]).reshape(end - first, horizon, -1)
    true = truth[first:end].to_numpy(dtype=float).reshape(end - first, -1)
    if back is not None:
        predicted, true = back(predicted), back(true)
    # Origins begin at the last training row, since forecasts from earlier ones know later rows.
    origin = begin - 1 - first
    errors = [
        predicted[origin : len(predicted) - step, step - 1] - true[origin + step :]
        for step in range(1, horizon + 1)
    ]
    mae = [float(np.nanmean(np.abs(error))) for error in errors]
    return {
        "mae first": mae[0],
        "mae last": mae[-1],
        "mae mean": float(np.mean(mae)),
        "mse mean": float(np.mean([np.nanmean(error**2) for error in errors])),
        "rmse last": float(np.sqrt(np.nanmean(errors[-1] ** 2))),
        "seconds": seconds,
    }


def evaluate_intervals(forecaster, X, y, begin, end):
    """Return the coverage of the 90 % intervals at the last step, and their mean width."""
    forecaster = clone(forecaster).set_params(calibration_size=CALIBRATION)
    lower, upper = forecaster.fit(X[:begin], y[:begin]).predict_interval(X[begin:end])
    true = y[begin:end].to_numpy()
    inside = (lower <= true) & (true <= upper)
    return {"coverage": inside[~np.isnan(true)].mean(), "width": float(np.mean(upper - lower))}


def run(task, seeds, part):
    """Return the errors of all forecasters of a task: for each name, one dict per seed."""
    X, y, parts = task.load()
    results = {}
    for seed in range(seeds):
        for name, forecaster in forecasters(task, seed).items():
            errors = evaluate(forecaster, X, y, *parts[part], task.back)
            if task.intervals and name != "gradient boosting":
                errors |= evaluate_intervals(forecaster, X, y, *parts[part])
            results.setdefault(name, []).append(errors)
            print(f"  {name}, seed {seed}: {results[name][-1]}", flush=True)
    return results


def table(results):
    """Return lines of a table: means over seeds, and standard deviations if there are several."""
    columns = max((list(runs[0]) for runs in results.values()), key=len)
    lines = [f"{'':<20}" + "".join(f"{column:>20}" for column in columns)]
    for name, runs in results.items():
        cells = []
        for column in columns:
            numbers = [run.get(column, np.nan) for run in runs]
            spread = f" ± {np.std(numbers):.2g}" if len(runs) > 1 else ""
            cells.append(f"{np.mean(numbers):.4g}{spread}")
        lines.append(f"{name:<20}" + "".join(f"{cell:>20}" for cell in cells))
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--part", choices=("dev", "test"), default="test")
    given = parser.parse_args()
    for name in given.only:
        print(f"\n{TASKS[name].title}, {given.part} rows", flush=True)
        print("\n".join(table(run(TASKS[name], given.seeds, given.part))), flush=True)


if __name__ == "__main__":
    main()
