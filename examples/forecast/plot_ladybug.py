"""
=======================================
Where does the ladybug go next?
=======================================

A ladybug walks over a sheet of paper, along a path that never exactly repeats. A network receives
20 positions and predicts the next one. Then it forecasts 20 steps recursively, from its own
forecasts. It is compared with Ridge on the same windows, and with persistence: the forecast that
the ladybug does not move.
"""

# %%
# The path
# --------
# x and y are each a sum of four sine waves. The last 1,000 of 6,000 positions are the test set.

import pandas as pd

from skrnn.datasets import make_ladybug

path = pd.DataFrame(make_ladybug(6_000, random_state=16), columns=["x", "y"])
train, test = path[:5_000], path[5_000:]
path.agg(["min", "max", "std"]).round(2)

# %%
# The forecasters
# ---------------
# `SlidingWindowForecaster` makes a forecaster from any regressor. With ``strategy="recursive"`` the
# regressor learns to predict one step, and the following ones are forecast from its own forecasts,
# up to ``horizon=20`` steps.
#
# There is no noise, so that the errors depend on the last updates of training. The learning rate
# decays to zero along a cosine, which is the default. With ``difference=True`` the network receives
# changes of position and predicts the next change. It standardizes what it receives.

from time import perf_counter

from sklearn.linear_model import Ridge

from skrnn import RNNRegressor, SlidingWindowForecaster
from skrnn.forecasting import PersistenceForecaster

window_length, horizon = 20, 20
network = RNNRegressor(
    cell="gru", units=32, epochs=20, batch_size=64, learning_rate=0.01, random_state=0
)


def recursive_forecaster(regressor, difference=False):
    """Return a forecaster of one step that continues from its own forecasts."""
    return SlidingWindowForecaster(
        regressor,
        window_length=window_length,
        horizon=horizon,
        strategy="recursive",
        difference=difference,
    )


forecasters = {
    "Persistence": PersistenceForecaster(horizon=horizon),
    "GRU": recursive_forecaster(network),
    "GRU, differences": recursive_forecaster(network, difference=True),
    "Ridge, alpha=1": recursive_forecaster(Ridge(alpha=1.0)),
    "Ridge, alpha=1e-10": recursive_forecaster(Ridge(alpha=1e-10)),
}
seconds = {}
for name, forecaster in forecasters.items():
    begin = perf_counter()
    forecaster.fit(train)
    seconds[name] = perf_counter() - begin

# %%
# One step, 20 steps
# ------------------
# `predict_trajectory` forecasts 20 steps from every row; row t holds the positions at t + 1 to
# t + 20. `make_windows` returns the true positions, and the rows at which they are forecast. The
# errors are mean absolute errors, in the units of the path.

import numpy as np

from skrnn.forecasting import make_windows

truth = make_windows(test, window_length=window_length, horizon=horizon)
errors = {}
for name, forecaster in forecasters.items():
    trajectories = forecaster.predict_trajectory(test)[truth.rows]
    errors[name] = np.abs(trajectories - truth.y).mean(axis=(0, 2))

table = pd.DataFrame(errors, index=pd.Index(range(1, horizon + 1), name="steps ahead")).T
table[[1, 5, 10, 20]].map("{:.1e}".format).assign(seconds=pd.Series(seconds).round(1))

# %%
# Ridge with a small penalty is best by far, as expected. A sine wave satisfies a linear recurrence:
# its next value is a fixed linear combination of the last two. A sum of four waves satisfies one
# with eight values. A linear model can learn it from a window of 20 values, and without noise only
# its penalty prevents that: with the default ``alpha=1`` the errors are much larger than with
# ``alpha=1e-10``. A network has to approximate this linear rule with nonlinear units.
#
# For one step, the network with differences is second best, and both networks are far better than
# persistence. For 20 steps, differences do not help: the network adds up changes, and with them
# their errors, while the other network receives the positions themselves, and is about as good as
# Ridge with a large penalty.

near, far = table[1], table[20]
assert (table.idxmin() == "Ridge, alpha=1e-10").all()
assert near.nsmallest(2).index[-1] == "GRU, differences"
assert near["GRU"] < near["Persistence"] / 10
assert far["GRU"] < far["GRU, differences"]
assert abs(far["GRU"] - far["Ridge, alpha=1"]) < 0.15

import matplotlib.pyplot as plt

colors = ("0.6", "#0072B2", "#D55E00", "#CC79A7", "#009E73")
figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
for (name, by_step), color, marker in zip(errors.items(), colors, "os^Dv", strict=True):
    ax.semilogy(
        np.arange(1, horizon + 1), by_step, marker=marker, markersize=4, color=color, label=name
    )
ax.set(
    xlabel="Steps ahead",
    ylabel="Mean absolute error (units of the path)",
    xticks=range(1, horizon + 1),
)
ax.grid(alpha=0.3)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
_ = ax.set_title("Errors of recursive forecasts")

# %%
# Some forecasts
# --------------
# Forecasts from four positions of the test set, with the 20 positions before them in grey. Those of
# Ridge cannot be distinguished from the true path.

from skrnn.inspection import TrajectoryDisplay

figure, axes = plt.subplots(1, 4, figsize=(12, 5), layout="constrained")
for ax, begin in zip(axes, (5_150, 5_350, 5_550, 5_750), strict=True):
    context, truth = path[:begin], path[begin : begin + horizon]
    for (name, forecaster), color in zip(forecasters.items(), colors, strict=True):
        if name in ("GRU", "GRU, differences", "Ridge, alpha=1e-10"):
            TrajectoryDisplay.from_estimator(
                forecaster, X=context, truth=truth, name=name, color=color, ax=ax
            )
    ax.set_title(f"From position {begin:,}")
    legend = ax.get_legend()
    legend.remove()
labels = [text.get_text() for text in legend.get_texts()]
_ = figure.legend(legend.legend_handles, labels, loc="outside lower center", ncols=len(labels))

# sphinx_gallery_thumbnail_number = 2
