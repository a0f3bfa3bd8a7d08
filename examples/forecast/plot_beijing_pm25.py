"""
=======================================
PM2.5 in Beijing, one day ahead
=======================================

PM2.5 in the air of Beijing was measured hourly over five years, with 2,067 missing hours. How high
will it be in each of the next 24 hours? PM2.5 depends on the wind of the next day, which is not
known, so that all forecasts have large errors. Some are better than others.
"""

# %%
# The gaps
# --------
# There is a row with the weather for every hour, but the PM2.5 of some hours is missing. A cell of
# the figure is one day, and the darker it is, the more hours are missing.

import matplotlib.pyplot as plt
import numpy as np

from skrnn.datasets import fetch_beijing_pm25

air = fetch_beijing_pm25().frame
pm25 = air["pm2.5"]
is_gap = pm25.isna()
lengths = is_gap.groupby((~is_gap).cumsum()).sum()
assert is_gap.sum() == 2_067
print(f"{is_gap.sum():,} of {len(air):,} hours are missing, in {(lengths > 0).sum()} gaps:")
print(f"{(lengths == 1).sum()} gaps of one hour, the longest of {lengths.max()} hours")

by_day = is_gap.groupby([air.index.year, air.index.day_of_year]).sum().unstack()
figure, ax = plt.subplots(figsize=(10, 2.6), layout="constrained")
image = ax.imshow(by_day, aspect="auto", cmap="Reds", interpolation="none", extent=(1, 367, 5, 0))
ax.set(yticks=np.arange(5) + 0.5, yticklabels=by_day.index, xlabel="Day of the year")
ax.hlines(range(1, 5), 1, 367, color="0.8", linewidth=0.8)
figure.colorbar(image, label="Hours missing", ticks=[0, 12, 24])
_ = ax.set_title("Hours without PM2.5")

# %%
# Inputs are filled, targets are not
# ----------------------------------
# Windows must not contain NaN. `Interpolator` with ``causal=True`` fills gaps with the last known
# value, which was available at that hour. The target ``y`` keeps its NaN: values that were not
# measured are neither used for training nor for the test.
#
# The wind direction is a category (``cv`` means calm or variable), which is one-hot encoded. PM2.5
# varies by a factor of a hundred, so its logarithm is an input, too. ``calendar`` is known in
# advance. 2012 and 2013 are the training set, 2014 is the test set.

import pandas as pd

from skrnn.preprocessing import Interpolator


def cyclic(name, cycles):
    """Return the sine and cosine of a cyclic quantity, measured in cycles."""
    angle = 2 * np.pi * np.asarray(cycles)
    return {f"{name}_sin": np.sin(angle), f"{name}_cos": np.cos(angle)}


times = air.index
calendar = pd.DataFrame(
    {**cyclic("day", times.hour / 24), **cyclic("year", times.day_of_year / 365.25)}, index=times
)
wind = pd.get_dummies(air["cbwd"], dtype=float)
filled = Interpolator(causal=True).fit_transform(air.drop(columns="cbwd"))
X = filled.assign(log_pm25=np.log1p(filled["pm2.5"])).join([wind, calendar])["2012":]
y = pm25["2012":]

is_test = X.index.year == 2014
X_train, X_test, y_train, y_test = X[~is_test], X[is_test], y[~is_test], y[is_test]
for name, part in (("training", y_train), ("test", y_test)):
    print(f"{len(part):,} {name} hours, {part.isna().sum()} of them without a target")

# %%
# The forecasters
# ---------------
# Scalers and logarithms are inside the forecasters: with `TransformedTargetRegressor` a regressor
# learns logarithms, and its predictions are transformed back to micrograms. The last forecaster
# predicts the median of the training hours for every window.

from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNRegressor, SlidingWindowForecaster
from skrnn.forecasting import PersistenceForecaster, SeasonalNaiveForecaster

horizon = 24


def in_logs(regressor):
    """Return a regressor that learns the logarithms of its targets."""
    return TransformedTargetRegressor(regressor, func=np.log1p, inverse_func=np.expm1)


def from_a_day(regressor, **settings):
    """Return a forecaster of the next 24 hours from the last 24."""
    return SlidingWindowForecaster(
        regressor,
        window_length=24,
        horizon=horizon,
        difference=False,
        known_future=list(calendar),
        **settings,
    )


network = RNNRegressor(
    cell="gru",
    units=32,
    loss="mean_absolute_error",
    l2=1e-3,
    epochs=4,
    batch_size=128,
    random_state=0,
)
ridge = make_pipeline(StandardScaler(), Ridge(alpha=10))
forecasters = {
    "Persistence": PersistenceForecaster(horizon=horizon),
    "Seasonal-naive": SeasonalNaiveForecaster(period=24, horizon=horizon),
    "Ridge": from_a_day(ridge),
    "Ridge, logs": from_a_day(in_logs(ridge)),
    "GRU, logs": from_a_day(in_logs(network)),
    "Median": from_a_day(DummyRegressor(strategy="median")),
}

# %%
# Hour by hour
# ------------
# `backtest` accepts any split of rows. This one has a single fold: the years before 2014, and 2014.

from skrnn.inspection import HorizonErrorDisplay

split = [(np.flatnonzero(~is_test), np.flatnonzero(is_test))]
errors = {name: forecaster.backtest(X, y, cv=split) for name, forecaster in forecasters.items()}
by_step = pd.DataFrame({name: table.set_index("step")["mae"] for name, table in errors.items()}).T

figure, ax = plt.subplots(figsize=(8, 4.8), layout="constrained")
HorizonErrorDisplay(errors=errors).plot(ax)
ax.set(xlabel="Hours ahead", ylabel="Mean absolute error (µg/m³)", xticks=[1, 6, 12, 18, 24])
ax.set_title("Errors of forecasts of PM2.5 in 2014")
ax.legend(loc="lower right", ncols=2)

assert by_step[1].min() > 0.99 * by_step.loc["Persistence", 1]
assert (by_step[[6, 12, 24]].idxmin() == "GRU, logs").all()
assert by_step.loc["GRU, logs", 24] > 0.8 * by_step.loc["Median", 24]
assert by_step.loc["Seasonal-naive"].min() > by_step.loc["Median"].max()
assert (by_step.loc["Ridge", [1, 6, 12]] < by_step.loc["Ridge, logs", [1, 6, 12]]).all()
assert abs(by_step.loc["Ridge", 24] - by_step.loc["Ridge, logs", 24]) < 2

# Mean absolute errors in µg/m³, by hours ahead and over all 24 hours.
by_step[[1, 6, 12, 24]].assign(mean=by_step.mean(axis=1)).round(1)

# %%
# One hour ahead, no forecaster is better than persistence. For longer horizons the network is best,
# but one day ahead it is not much better than the median, which does not depend on the current day.
# The same hour of the day before is a worse forecast than the median. Logarithms do not help every
# regressor: Ridge is better without them, except one day ahead, when both are nearly the same.
#
# Intervals
# ---------
# ``calibration_size=0.2`` holds out the last fifth of the training rows, from August to December
# 2013, to compute residuals. Intervals contain 90 % of them and have the same width at all hours.
# If the logarithm is the target itself, this is a width in logarithms: transformed back, intervals
# are narrow if the forecast is low, and wide if it is high.

inside = from_a_day(in_logs(network), calibration_size=0.2).fit(X_train, y_train)
log_target = np.log1p(y_train).rename("log_pm25")
as_target = from_a_day(network, calibration_size=0.2).fit(X_train, log_target)


def with_intervals(forecaster):
    """Return forecasts and 90 % intervals of the test hours in one table."""
    lower, upper = forecaster.predict_interval(X_test, coverage=0.9)
    columns = {"forecast": forecaster.predict(X_test), "lower": lower, "upper": upper}
    return pd.DataFrame(columns, index=X_test.index)


intervals = {
    "Logarithms inside": with_intervals(inside),
    "Logarithms as target": np.expm1(with_intervals(as_target)),
}

levels = {"below 50": (-np.inf, 50), "50 to 100": (50, 100), "above 100": (100, np.inf)}
rows = {}
for name, table in intervals.items():
    table = table.assign(inside=y_test.between(table["lower"], table["upper"]))[y_test.notna()]
    parts = [table, *(table[table["forecast"].between(*bounds)] for bounds in levels.values())]
    for level, part in zip(("all", *levels), parts, strict=True):
        rows[name, level] = {
            "coverage (%)": 100 * part["inside"].mean(),
            "mean width (µg/m³)": (part["upper"] - part["lower"]).mean(),
        }

# Intervals 24 hours ahead, by the level of the forecast.
of_intervals = pd.DataFrame(rows).T
of_intervals.round().astype(int)

# %%
# Both cover about 90 % of all hours. Only this average is guaranteed, not the coverage of polluted
# days. With one width for all hours, coverage is lower on polluted days and higher than needed on
# clear days, and lower bounds are below 0, which is impossible. With logarithms as the target,
# coverage depends less on the level, but intervals are wider on average. Both show that forecasts
# one day ahead are uncertain.

coverage, width = (column.unstack(0) for _, column in of_intervals.items())
inside_name, target_name = intervals
assert coverage.loc["all"].between(85, 95).all()
assert coverage.loc["above 100", inside_name] < 90 < coverage.loc["below 50", inside_name]
assert intervals[inside_name]["lower"].min() < 0 <= intervals[target_name]["lower"].min()
by_level = coverage.drop("all")
assert np.ptp(by_level[target_name]) < np.ptp(by_level[inside_name])
assert width.loc["all", target_name] > width.loc["all", inside_name]

# %%
# The figure shows three weeks in February 2014. The forecast varies far less than PM2.5 does, and
# does not predict the hour in which the air clears. It lacks the weather of the next day: a weather
# forecast would be added to ``known_future``.

from skrnn.inspection import ForecastDisplay

days = slice("2014-02-10", "2014-03-02")
figure, axes = plt.subplots(2, 1, figsize=(10, 7), sharex=True, layout="constrained")
for ax, (name, table) in zip(axes, intervals.items(), strict=True):
    part = table[days]
    ForecastDisplay(
        forecast=part["forecast"],
        truth=y_test[days],
        lower=part["lower"],
        upper=part["upper"],
        coverage=0.9,
        name="GRU, 24 hours ahead",
    ).plot(ax)
    ax.set(xlabel="", ylabel="PM2.5 (µg/m³)", title=name)
    ax.get_legend().remove()
figure.suptitle("Forecasts of PM2.5 in February 2014, 24 hours ahead")
_ = figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)

# sphinx_gallery_thumbnail_number = 3
