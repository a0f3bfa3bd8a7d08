"""
=======================================
How warm will it be in Nice?
=======================================

Two years of reports from a weather station, one every three hours. How warm will it be in 3 hours,
and in 12? A network reads the last two days. Beside it stand Ridge on the same windows and two
forecasts that need no learning: that it stays as warm as it is, and that it gets as warm as it was
a day before.
"""

# %%
# The gaps
# --------
# Some reports are missing, and with them their rows. A window of 16 rows is two days only if there
# is a row every 3 hours, so `regularize` puts the table on such a grid. Where there was no report
# the row is NaN.

from skrnn.datasets import fetch_synop
from skrnn.preprocessing import Interpolator, regularize

reports = fetch_synop("nice").frame
weather = regularize(reports, "3h")
is_gap = weather.isna().all(axis=1)
by_day = is_gap[is_gap].groupby(is_gap[is_gap].index.date).size()
print(f"{len(reports):,} reports in {len(weather):,} slots, {is_gap.sum()} of them empty:")
print(by_day.to_string())
print(f"Missing in the reports themselves: {reports.isna().sum().sum()} values")

# %%
# `Interpolator` fills all that is NaN. By default it draws a line to the next known value, which is
# of no use here: who stands in the gap does not know where it ends. With ``causal=True`` each row
# gets the last value known at that time. Nothing comes from a later row, so all rows may be filled
# at once, before they are split.

import matplotlib.pyplot as plt

filled = Interpolator(causal=True).fit_transform(weather)

figure, ax = plt.subplots(figsize=(9, 3.6), layout="constrained")
days = slice("2023-07-23", "2023-07-26")
line = Interpolator().fit_transform(weather)["tc"]
ax.plot(line[days], color="C1", marker=".", linestyle=":", label="Interpolator()")
ax.plot(filled["tc"][days], color="C3", marker=".", label="Interpolator(causal=True)")
ax.plot(weather["tc"][days], color="0.3", marker="o", label="measured")
ax.set(ylabel="Temperature (°C)", title="The longest gap, 24 July 2023")
ax.grid(alpha=0.3)
_ = ax.legend()

# %%
# What the forecasters see
# ------------------------
# 359° is next to 0°, so wind goes in by its parts from north and east. Hour of the day and day of
# the year are circles too. They are known ahead: ``known_future`` has the forecasters see them as they
# will be at the time that is forecast.
#
# The target stays as it was measured, NaN in the gaps: nothing is learned from a filled value, and
# nothing is judged by one. The last 15 % of the time, April to August 2025, wait for the end.

import numpy as np
import pandas as pd


def circle(name, turns):
    """Return the place on a circle after some turns, as two columns."""
    angle = 2 * np.pi * np.asarray(turns)
    return {f"{name}_sin": np.sin(angle), f"{name}_cos": np.cos(angle)}


times = weather.index
calendar = pd.DataFrame(
    {**circle("day", times.hour / 24), **circle("year", times.day_of_year / 365.25)}, index=times
)
wind = np.deg2rad(filled["dd"])
X = filled[["tc", "td", "u", "pres", "tend", "rr3"]].assign(
    north=filled["ff"] * np.cos(wind), east=filled["ff"] * np.sin(wind)
)
X, y = X.join(calendar), weather["tc"]

n_train = int(0.85 * len(X))
X_train, X_test, y_train, y_test = X[:n_train], X[n_train:], y[:n_train], y[n_train:]
print(f"{len(X_train):,} rows to learn from, {len(X_test):,} to judge by, with {list(X)}")

# %%
# The forecasters
# ---------------
# ``difference=True`` has temperatures go in as changes and come out as changes from the last one.
# Scaling goes inside the forecaster, where it learns from training windows only. The learning rate
# of the network falls to zero along half a cosine.

from keras.callbacks import LearningRateScheduler
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNRegressor, SlidingWindowForecaster, TimeDistributed
from skrnn.forecasting import PersistenceForecaster, SeasonalNaiveForecaster

epochs = 12


def learning_rate(epoch):
    """Return the learning rate of an epoch."""
    return 0.005 * (1 + np.cos(np.pi * epoch / epochs)) / 2


network = make_pipeline(
    TimeDistributed(StandardScaler()),
    RNNRegressor(
        cell="gru",
        units=32,
        loss="mean_absolute_error",
        l2=1e-3,
        epochs=epochs,
        batch_size=64,
        callbacks=[LearningRateScheduler(learning_rate)],
        random_state=0,
    ),
)
ridge = make_pipeline(StandardScaler(), Ridge())


def forecasters(horizon):
    """Return forecasters of some steps of 3 hours, by name."""
    window = {"window_length": 16, "difference": True, "known_future": list(calendar)}
    return {
        "Persistence": PersistenceForecaster(horizon=horizon),
        "Seasonal-naive": SeasonalNaiveForecaster(period=8, horizon=horizon),
        "Ridge": SlidingWindowForecaster(ridge, horizon=horizon, **window),
        "GRU": SlidingWindowForecaster(network, horizon=horizon, **window),
    }


# %%
# 3 hours, 12 hours
# -----------------
# Row t of `predict` is the forecast of the temperature at row t, made ``horizon`` rows before. The
# index says that the test rows follow those of training, so that these are the past of the first.

hours_ahead = {"3 h": 1, "12 h": 4}
errors = pd.DataFrame(columns=list(hours_ahead), dtype=float)
for column, horizon in hours_ahead.items():
    for name, forecaster in forecasters(horizon).items():
        forecasts = forecaster.fit(X_train, y_train).predict(X_test)
        errors.loc[name, column] = np.abs(y_test - forecasts).mean()
print(errors.round(2).to_string())

# %%
# At 3 hours the network is well ahead of Ridge, at 12 hours barely. Persistence is bad at 12 hours,
# when night has become day. Seasonal-naive says yesterday's temperature at both, which is hard to
# beat in a summer in which one day is like the next.
#
# How sure is it?
# ---------------
# ``calibration_size=0.2`` holds out the last fifth of the training rows: nothing is learned from
# them, but they show how far forecasts are off. Of these errors, 90 % were smaller than half the
# width of an interval.

cautious = forecasters(horizon=4)["GRU"].set_params(calibration_size=0.2)
forecasts = cautious.fit(X_train, y_train).predict(X_test)
lower, upper = cautious.predict_interval(X_test, coverage=0.9)
is_measured = y_test.notna()
inside = (lower <= y_test) & (y_test <= upper)
print(f"Intervals of {forecasts[0] - lower[0]:.1f} °C up and down hold ", end="")
print(f"{inside[is_measured].mean():.1%} of {is_measured.sum()} temperatures")

# %%
# That is more than 90 %, and no reason to be proud. Intervals hold their share where errors to come
# are like those on the rows held out, and these were from winter and early spring, when forecasts
# are further off:

is_held_out = np.arange(n_train) >= 0.8 * n_train
misses = np.abs(y_train - cautious.predict(X_train))[is_held_out]
print(f"{misses.index[0]:%B %Y} to {misses.index[-1]:%B %Y}, held out: {misses.mean():.2f} °C")
print(f"{y_test.index[0]:%B %Y} to {y_test.index[-1]:%B %Y}, tested: ", end="")
print(f"{np.abs(y_test - forecasts).mean():.2f} °C")

# %%
# Nine days, two of them with a gap. Each point was forecast 12 hours before.

from skrnn.inspection import ForecastDisplay

days = slice("2025-05-28", "2025-06-05")
told = pd.DataFrame(
    {"forecast": forecasts, "lower": lower, "upper": upper, "truth": y_test}, index=X_test.index
)[days]
figure, ax = plt.subplots(figsize=(10, 4.2), layout="constrained")
ForecastDisplay(
    forecast=told["forecast"],
    truth=told["truth"],
    lower=told["lower"],
    upper=told["upper"],
    coverage=0.9,
    name="GRU, 12 h before",
).plot(ax)
ax.set(xlabel="", ylabel="Temperature (°C)", title="Nice, 12 hours ahead")
_ = ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, -0.25))

# %%
# One good season?
# ----------------
# The test part was one summer. `backtest` judges the last three quarters of all rows, in three
# folds. Each is forecast by what was learned from all rows before it, at each step up to a day.

from skrnn.inspection import HorizonErrorDisplay

by_step = {
    name: forecaster.backtest(X, y, cv=3) for name, forecaster in forecasters(horizon=8).items()
}
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
HorizonErrorDisplay(errors=by_step).plot(ax)
_ = ax.set(xlabel="Steps of 3 hours ahead", ylabel="Mean absolute error (°C)", ylim=(0, 4.8))

# %%
# At 24 hours persistence and seasonal-naive are the same. Over the seasons there is little between
# the network and Ridge. Averaged over the day Ridge is ahead in the first fold, which has half a
# year to learn from, and the network in the two after it:

print("Mean absolute error over a day, fold by fold")
for name, errors in by_step.items():
    print(f"{name:<15}" + "".join(f"{mae:>6.2f}" for mae in errors.groupby("fold")["mae"].mean()))
