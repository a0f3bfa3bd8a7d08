"""
=====================================
Columns of a calendar: day and month
=====================================

Many tables have the date in three columns: day, month and year. They become the index of a time
series, and then covariates that are known in advance: next Tuesday is a Tuesday, whatever happens.
This example forecasts a daily series two weeks ahead, with and without such columns.
"""

# %%
# The table
# ---------
# We simulate four years of visitors of a swimming pool, one row per day. As in many tables, there
# is one column for each part of the date. There are more visitors in summer, at weekends, and in
# school holidays.

import numpy as np
import pandas as pd

rng = np.random.default_rng(0)
days = pd.date_range("2021-01-01", "2024-12-31")
is_weekend = days.day_of_week >= 5
is_holiday = ((days.month == 7) & (days.day > 5)) | ((days.month == 8) & (days.day < 20))
summer = np.clip(np.sin(2 * np.pi * (days.day_of_year - 100) / 365.25), 0, None)
weather = pd.Series(rng.normal(size=len(days))).ewm(alpha=0.4).mean().to_numpy()
expected = (150 + 450 * summer) * (1 + 0.6 * is_weekend + 0.4 * is_holiday)
table = pd.DataFrame(
    {
        "day": days.day,
        "month": days.month,
        "year": days.year,
        "visitors": (expected * np.exp(0.15 * weather)).round(),
    }
)
table.head(3)

# %%
# From columns to an index
# ------------------------
# ``pandas.to_datetime`` makes times of the three columns. The day of the week and the day of the
# year repeat, so each becomes a sine and a cosine: as a number, 31 December would be far from
# 1 January.

times = pd.DatetimeIndex(pd.to_datetime(table[["year", "month", "day"]]), freq="D")


def cyclic(name, fraction):
    """Return the sine and cosine of a quantity that repeats, as two columns."""
    angle = 2 * np.pi * fraction.to_numpy()
    return {f"{name} (sine)": np.sin(angle), f"{name} (cosine)": np.cos(angle)}


calendar = pd.DataFrame(
    {
        **cyclic("day of the week", times.day_of_week / 7),
        **cyclic("day of the year", times.day_of_year / 365.25),
        "weekend": is_weekend.astype(float),
        "holiday": is_holiday.astype(float),
    },
    index=times,
)
visitors = pd.Series(table["visitors"].to_numpy(), index=times, name="visitors")
X = visitors.to_frame().join(calendar)
X.head(3).round(2)

# %%
# The comparison
# --------------
# 2024 is the test year. Each forecaster receives four weeks and forecasts the 14 days after them.
# ``known_future`` names the columns that are known in advance: the regressor receives their values
# also at the days that are to be forecast.

from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNRegressor, SlidingWindowForecaster
from skrnn.forecasting import SeasonalNaiveForecaster

horizon = 14
train = X[:"2023"]


def two_weeks_ahead(regressor, **settings):
    """Return a forecaster of 14 days from 28."""
    return SlidingWindowForecaster(regressor, window_length=28, horizon=horizon, **settings)


ridge = make_pipeline(StandardScaler(), Ridge(alpha=10))
network = RNNRegressor(cell="gru", units=32, epochs=30, random_state=0)
known = {"known_future": list(calendar)}
forecasters = {
    "Same day of the week": (SeasonalNaiveForecaster(period=7, horizon=horizon), ["visitors"]),
    "Ridge": (two_weeks_ahead(ridge), ["visitors"]),
    "Ridge, calendar": (two_weeks_ahead(ridge, **known), list(X)),
    "GRU": (two_weeks_ahead(network), ["visitors"]),
    "GRU, calendar": (two_weeks_ahead(network, **known), list(X)),
}
y_test = visitors["2024"]
forecasts = {}
for name, (forecaster, columns) in forecasters.items():
    forecaster.fit(train[columns], train["visitors"])
    forecasts[name] = forecaster.predict(X.loc["2024", columns])

errors = {name: np.abs(y_test - forecast).mean() for name, forecast in forecasts.items()}
pd.DataFrame({"mean absolute error, 14 days ahead": errors}).round(1)

# %%
# The columns of the calendar help both models. The linear model adds the effects of summer and
# weekend, but in these data they multiply each other, which the network can learn. Both are better
# than the value of the same day of the week.

assert errors["GRU, calendar"] < errors["Ridge, calendar"] < errors["Ridge"]
assert errors["Ridge, calendar"] < errors["Same day of the week"]
assert errors["GRU, calendar"] < errors["GRU"] < errors["Same day of the week"]

import matplotlib.pyplot as plt

days_shown = slice("2024-06-15", "2024-08-31")
figure, ax = plt.subplots(figsize=(9, 4), layout="constrained")
ax.plot(y_test[days_shown], color="black", label="Visitors")
for name, style in (("Same day of the week", ":"), ("GRU", "--"), ("GRU, calendar", "-")):
    ax.plot(pd.Series(forecasts[name], y_test.index)[days_shown], style, label=name)
ax.axvspan(pd.Timestamp("2024-07-06"), pd.Timestamp("2024-08-19"), color="0.93", zorder=0)
ax.annotate("school holidays", (pd.Timestamp("2024-07-08"), 60), color="0.4")
ax.set(xlabel="Day", ylabel="Visitors per day", ylim=(0, None), title="Forecasts 14 days ahead")
_ = ax.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, -0.35))

# %%
# On the first days of the holidays, only a forecaster that knows the calendar can know what will
# happen, because the windows contain no holiday yet.
