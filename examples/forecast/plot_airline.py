"""
===========================================
Airline passengers, compared with baselines
===========================================

Many tutorials train a recurrent network on these 144 months of airline passengers. The series
grows, and so do its seasonal peaks. This example compares the forecasts of a network with simple
baselines, and gives the network what makes the series easy: logarithms, and changes instead of
levels.
"""

# %%
# The series
# ----------
# The last four of twelve years are held out for the test. In logarithms the growth is nearly
# linear, and all summers have about the same height.

import numpy as np
import pandas as pd

from skrnn.datasets import fetch_airline_passengers

passengers = fetch_airline_passengers().data
train, test = passengers[:-48], passengers[-48:]
assert (len(train), len(test)) == (96, 48)
passengers.to_frame().head(3)

# %%
# One month ahead
# ---------------
# ``predict`` returns, for each month, the forecast that was made one month earlier. According to
# its index, the test set follows the training set, so that the last training months are the context
# of the first forecasts.
#
# The first three baselines are estimators. The fourth is one line of pandas: the value of the last
# month, multiplied by the ratio of the same two months a year ago.

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
# Ridge and a network receive the last 12 changes of the logarithm. The first of them is the change
# to the same month a year ago, so that the ratio rule is a special case: it uses only this change.
# The network standardizes the changes itself. Its forecasts depend on its random initial weights,
# so it is trained with three seeds.
#
# `TransformedTargetRegressor` and `FunctionTransformer` take logarithms of the series and transform
# forecasts back to passengers.

from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skrnn import RNNRegressor, SlidingWindowForecaster


def in_logarithms(regressor, difference=True):
    """Return a forecaster of one month on logarithms."""
    forecaster = SlidingWindowForecaster(regressor, window_length=12, difference=difference)
    return TransformedTargetRegressor(
        make_pipeline(FunctionTransformer(np.log), forecaster), func=np.log, inverse_func=np.exp
    )


def network(seed):
    """Return a small network."""
    return RNNRegressor(units=32, batch_size=16, random_state=seed)


ridge = RidgeCV(np.logspace(-4, 1, 11))
models = {"Ridge": in_logarithms(ridge)}
models |= {f"RNN, seed {seed}": in_logarithms(network(seed)) for seed in range(3)}
models["RNN on levels, seed 0"] = SlidingWindowForecaster(
    network(0), window_length=12, difference=False
)
for name, model in models.items():
    forecasts[name] = model.fit(train, train).predict(test)

rmse = {name: root_mean_squared_error(test, forecast) for name, forecast in forecasts.items()}
pd.DataFrame({"root mean squared error (thousands)": rmse}).round(1)

# %%
# Ridge is best, slightly better than the ratio rule. The network has thousands of weights and fewer
# than 96 training windows. It is worse than both, but much better than the other baselines. On
# levels it fails, as the series leaves the range of the training data. By default
# (``difference="auto"``) the forecaster notices the trend, and uses changes.

networks = [rmse[f"RNN, seed {seed}"] for seed in range(3)]
assert rmse["Ridge"] < rmse["Ratio rule"] < min(networks)
assert max(networks) < min(rmse[name] for name in baselines)
assert rmse["RNN on levels, seed 0"] > 2 * max(networks)
assert sum(w.size for w in models["RNN on levels, seed 0"].estimator_.weights_) > 2_000

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
# With ``horizon=12``, all twelve months of a year are forecast at once, from the year before.
# ``calibration_size`` holds out the last quarter of the training months, whose residuals determine
# the width of the intervals. `forecast` continues the training data or a `context`, so that one fit
# is enough for all four test years. Logarithms are computed explicitly here, as only the forecaster
# itself has the method `forecast`.


from skrnn.inspection import ForecastDisplay

models = {
    "Ridge": SlidingWindowForecaster(
        ridge, window_length=12, horizon=12, difference=True, calibration_size=0.25
    ),
    "RNN": SlidingWindowForecaster(
        network(0), window_length=12, horizon=12, difference=True, calibration_size=0.25
    ),
}
rows = {}
figure, axes = plt.subplots(1, 2, figsize=(12, 4.5), sharey=True, layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    model.fit(np.log(train))
    years = []
    for year in range(1957, 1961):
        before = passengers[passengers.index.year < year]
        known = {"n_steps": 12, "X": np.log(before)}
        lower, upper = model.forecast_interval(**known, coverage=0.9)
        table = {"forecast": model.forecast(**known), "lower": lower, "upper": upper}
        years.append(np.exp(pd.DataFrame(table)))
    years = pd.concat(years)
    is_inside = test.between(years["lower"], years["upper"])
    rows[name] = {
        "RMSE (thousands)": root_mean_squared_error(test, years["forecast"]),
        "months inside their intervals (%)": 100 * is_inside.mean(),
    }
    ForecastDisplay(**years, history=train, truth=test, coverage=0.9, name=name).plot(
        ax, n_history=36
    )
    ax.set(title=f"{name}, twelve months ahead", xlabel="Month")
    ax.set_ylabel("Thousands of passengers")

# Seasonal-naive forecasts are the same one month and twelve months ahead.
rows["Seasonal-naive"] = {"RMSE (thousands)": rmse["Seasonal-naive"]}
table = pd.DataFrame(rows).T
assert table["RMSE (thousands)"].idxmax() == "Seasonal-naive"
assert table.loc["Ridge", "months inside their intervals (%)"] < 90
table.round(1)

# %%
# Both models are better than the seasonal-naive forecast. Fewer than 90 % of the months are in
# Ridge's intervals. Their width is that of the residuals of 1955 and 1956, two years of steady
# growth, but in 1958 the growth nearly stopped. Intervals only reflect the errors of the held-out
# months.

# sphinx_gallery_thumbnail_number = 2
