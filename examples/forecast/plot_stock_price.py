"""
=================================
A stock price, honestly forecast
=================================

Many tutorials forecast the price of the Google share with an LSTM, and show a picture in which the
forecast follows the price closely. This example makes the same picture, and then asks what the
forecast is worth: is it better than yesterday's price?
"""

# %%
# The data
# --------
# The opening prices of five years, one per trading day. As in the tutorials, a network receives the
# last 60 prices and forecasts the next one. The last 250 days are the test set. The price is far
# above its earlier values there, so the network learns the change from the last price
# (``difference=True``).

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from skrnn import RNNRegressor, SlidingWindowForecaster
from skrnn.datasets import fetch_google_stock
from skrnn.forecasting import PersistenceForecaster

prices = fetch_google_stock().frame["open"].reset_index(drop=True)
n_test = 250
y_test = prices[-n_test:]

# %%
# The picture of the tutorials
# ----------------------------
# Forecasts of the next day, in the last 60 days.

network = RNNRegressor(units=32, epochs=10, random_state=0)
forecasters = {
    "Persistence": PersistenceForecaster(),
    "Ridge, 60 days": SlidingWindowForecaster(Ridge(), window_length=60, difference=True),
    "LSTM, 60 days": SlidingWindowForecaster(network, window_length=60, difference=True),
}


def forecasts_of(series):
    """Return the forecasts of the last days of a series, one column per forecaster."""
    X = series.to_frame()
    train, test = X[:-n_test], X[-n_test:]
    return pd.DataFrame(
        {
            name: forecaster.fit(train, train.iloc[:, 0]).predict(test)
            for name, forecaster in forecasters.items()
        },
        index=test.index,
    )


forecasts = forecasts_of(prices)
figure, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
ax.plot(y_test[-60:], color="black", label="Price")
ax.plot(forecasts["LSTM, 60 days"][-60:], color="#D55E00", label="Forecast of the LSTM")
ax.set(xlabel="Trading day", ylabel="Price (US dollars)", title="It looks like a good forecast")
_ = ax.legend()

# %%
# The comparison
# --------------
# Persistence forecasts that the price does not change. A forecast is useful if its error is lower,
# or if it predicts more often than not whether the price will rise or fall.
#
# The last column is the correlation of the forecasts with the price one day *earlier*. It shows why
# the picture looks good: the forecast is almost a copy of yesterday's price.


def evaluate(series, forecasts):
    """Return a table that compares the forecasts of a series."""
    truth = series[-n_test:]
    last = series.shift(1)[-n_test:]
    rises = (truth > last).to_numpy()
    columns = {}
    for name, forecast in forecasts.items():
        right = "" if name == "Persistence" else f"{np.mean((forecast > last) == rises):.0%}"
        columns[name] = {
            "mean absolute error ($)": round((truth - forecast).abs().mean(), 2),
            "direction predicted": right,
            "correlation with yesterday": round(forecast.corr(last), 3),
        }
    return pd.DataFrame(columns).T


google = evaluate(prices, forecasts)
google.head()

# %%
# No forecast has a lower error than persistence, to within 2 %, which is a few cents:

errors = google["mean absolute error ($)"].astype(float)
best = errors.drop("Persistence").min()
assert best > 0.98 * errors["Persistence"]

# %%
# A random walk
# -------------
# A random walk is a series whose changes are independent of its past, so that they cannot be
# forecast. We simulate one with as large changes as those of the price, and evaluate forecasts in
# the same way. Again, no error is clearly lower than that of persistence, and the picture looks the
# same.

rng = np.random.default_rng(1)
changes = prices.diff().dropna()
steps = rng.normal(changes.mean(), changes.std(), size=len(prices))
walk = pd.Series(prices[0] + steps.cumsum(), name="walk")
forecasts_of_walk = forecasts_of(walk)
simulated = evaluate(walk, forecasts_of_walk)
simulated.head()

# %%

figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
for ax, series, table, title in (
    (axes[0], prices, forecasts, "Google share"),
    (axes[1], walk, forecasts_of_walk, "Simulated random walk"),
):
    ax.plot(series[-60:], color="black", label="Price")
    ax.plot(table["LSTM, 60 days"][-60:], color="#D55E00", label="Forecast of the LSTM")
    ax.set(xlabel="Day", ylabel="Price (US dollars)", title=title)
axes[0].legend()
_ = figure.suptitle("Forecasts of one day ahead follow both series, and predict neither")

walk_errors = simulated["mean absolute error ($)"].astype(float)
assert walk_errors.drop("Persistence").min() > 0.98 * walk_errors["Persistence"]
assert (google["correlation with yesterday"].astype(float) > 0.98).all()

# %%
# If a model of prices looks good, compare it with persistence before you believe it, and look at
# errors of the changes, not of the levels. For series with a season, as the
# :ref:`airline passengers <sphx_glr_auto_examples_forecast_plot_airline.py>`, forecasts are worth
# the effort.
#
# .. note:: Nothing here is advice on investments.

# sphinx_gallery_thumbnail_number = 2
