"""
===========================================
Airline passengers, with honest baselines
===========================================

144 months of airline passengers are the series on which many a tutorial shows what a recurrent
network can do. It grows, and its summers grow with it. Here the forecasts of a network stand beside
those that take one line, and the network is shown what makes the series easy: logarithms, and
changes in place of levels.
"""

# %%
# The series
# ----------
# The last four of twelve years wait for the end. In logarithms the growth is nearly a straight
# line, and all summers are about equally high.

import numpy as np

from skrnn.datasets import fetch_airline_passengers

passengers = fetch_airline_passengers().data
train, test = passengers[:-48], passengers[-48:]
print(f"To learn from: {len(train)} months, to test on: {len(test)}, thousands of passengers each")

# %%
# One month ahead
# ---------------
# ``predict`` says for each month what could be said the month before. The index tells that the
# test months follow the training months, whose last are then the past of the first forecasts.
#
# The first three baselines are estimators. A fourth is a line of pandas: last month, times what
# that factor was a year ago.

from sklearn.metrics import root_mean_squared_error

from skrnn.forecasting import DriftForecaster, PersistenceForecaster, SeasonalNaiveForecaster

baselines = {
    "Persistence": PersistenceForecaster(),
    "Drift": DriftForecaster(),
    "Seasonal-naive": SeasonalNaiveForecaster(period=12),
}
forecasts = {name: model.fit(train).predict(test) for name, model in baselines.items()}
ratio_rule = passengers.shift(1) * passengers.shift(12) / passengers.shift(13)
forecasts["Ratio rule"] = ratio_rule[test.index]

# %%
# Ridge and a network get the last 12 changes of the logarithm. The first of them is that of the
# same month a year ago, so that the ratio rule is one thing that they could learn: take that
# change, and no other. Scaling goes inside, after the changes were made. What the network forecasts
# hangs on its random weights, so it gets three tries.
#
# Around all of that `TransformedTargetRegressor` and `FunctionTransformer` take logarithms, and
# undo them: what comes out are passengers.

from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import RNNRegressor, SlidingWindowForecaster, TimeDistributed


def in_logarithms(regressor, difference=True):
    """Return a forecaster of one month that works with logarithms."""
    forecaster = SlidingWindowForecaster(regressor, window_length=12, difference=difference)
    return TransformedTargetRegressor(
        make_pipeline(FunctionTransformer(np.log), forecaster), func=np.log, inverse_func=np.exp
    )


def network(seed):
    """Return a network that scales what it reads."""
    rnn = RNNRegressor(units=32, batch_size=16, random_state=seed)
    return make_pipeline(TimeDistributed(StandardScaler()), rnn)


ridge = RidgeCV(np.logspace(-4, 1, 11))
models = {"Ridge": in_logarithms(ridge)}
models |= {f"RNN, seed {seed}": in_logarithms(network(seed)) for seed in range(3)}
models["RNN on levels, seed 0"] = SlidingWindowForecaster(network(0), window_length=12)
for name, model in models.items():
    forecasts[name] = model.fit(train, train).predict(test)

print("Root mean squared error, thousands of passengers")
for name, forecast in forecasts.items():
    print(f"{name:<22}{root_mean_squared_error(test, forecast):>6.1f}")

# %%
# Ridge wins, by a little over the rule of one line. The network has some 4,000 weights and 83
# windows to learn them from, and comes after both, still far ahead of what else a tutorial would
# compare it to. On levels it is lost: the series leaves the range that it was trained on.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(10, 4), layout="constrained")
ax.plot(test, color="0.7", linewidth=4, label="True")
colors = {"RNN on levels, seed 0": "#CC79A7", "RNN, seed 0": "#D55E00", "Ridge": "#0072B2"}
for name, color in colors.items():
    ax.plot(test.index, forecasts[name], color=color, linewidth=1.2, label=name)
ax.set(xlabel="Month", ylabel="Thousands of passengers")
ax.legend(ncols=4, loc="upper left")
ax.set_ylim(top=720)
_ = ax.set_title("One month ahead")

# %%
# Twelve months ahead
# -------------------
# All twelve months of a year at once, from the December before (``horizon=12``). For an interval
# the last quarter of the training months is held out, to see how far forecasts are off:
# ``calibration_size``. `forecast` goes on after the training data, or after a `context`, so one fit
# serves all four test years. Logarithms are taken by hand here, as what has `forecast` is the
# forecaster itself.

import pandas as pd

from skrnn.inspection import ForecastDisplay

models = {
    "Ridge": SlidingWindowForecaster(
        ridge, window_length=12, horizon=12, difference=True, calibration_size=0.25
    ),
    "RNN": SlidingWindowForecaster(
        network(0), window_length=12, horizon=12, difference=True, calibration_size=0.25
    ),
}
figure, axes = plt.subplots(1, 2, figsize=(12, 4.5), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    model.fit(np.log(train))
    years = []
    for year in range(1957, 1961):
        before = passengers[passengers.index.year < year]
        known = {"n_steps": 12, "context": np.log(before)}
        lower, upper = model.forecast_interval(**known, coverage=0.9)
        table = {"forecast": model.forecast(**known), "lower": lower, "upper": upper}
        years.append(np.exp(pd.DataFrame(table)))
    years = pd.concat(years)
    is_inside = test.between(years["lower"], years["upper"])
    print(
        f"{name:<6} RMSE {root_mean_squared_error(test, years['forecast']):.1f}, "
        f"{is_inside.sum()} of {len(test)} months inside their intervals"
    )
    ForecastDisplay(**years, history=train, truth=test, coverage=0.9, name=name).plot(
        ax, n_history=36
    )
    ax.set(title=f"{name}, twelve months ahead", ylabel="Thousands of passengers")

# %%
# Seasonal-naive forecasts are the same twelve months ahead as one month ahead, so the error to beat
# is still that of the first table. Ridge's intervals hold fewer months than nine of ten. They are
# as wide as its errors were in 1955 and 1956, two years of steady growth; in 1958 growth nearly
# stopped. An interval can only know of what the held-out months have shown.
