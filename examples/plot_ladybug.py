"""
=======================================
Where does the ladybug go next?
=======================================

A ladybug walks over a sheet of paper, along a path that never quite repeats. A network sees 20
positions and says the next one. Then it walks on alone for 20 steps, each from its own steps
before. Beside it stand Ridge on the same windows and, to keep both honest, persistence: the ladybug
that sits still.
"""

# %%
# The path
# --------
# x and y are sums of four waves each. Of 10,000 positions the last 2,000 wait for the end.

import pandas as pd

from skrnn.datasets import make_ladybug

path = pd.DataFrame(make_ladybug(10_000, random_state=16), columns=["x", "y"])
train, test = path[:8_000], path[8_000:]
for name in path:
    low, high = path[name].min(), path[name].max()
    print(f"{name} from {low:.2f} to {high:.2f}, standard deviation {path[name].std():.2f}")

# %%
# The forecasters
# ---------------
# `SlidingWindowForecaster` makes a forecaster of any regressor. ``strategy="recursive"`` has it
# learn one step, and go on from its own forecasts after that; ``horizon=20`` is how far.
#
# There is no noise, so how small the errors get hangs on the last steps of training: the learning
# rate falls to zero along a cosine. ``difference=True`` shows the network steps and not positions,
# and lets it forecast the next step. Scaling goes inside, after that.

from time import perf_counter

from keras.optimizers import Adam
from keras.optimizers.schedules import CosineDecay
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNRegressor, SlidingWindowForecaster, TimeDistributed
from skrnn.forecasting import PersistenceForecaster

window_length, horizon, epochs, batch_size = 20, 20, 20, 64
n_updates = epochs * len(train) // batch_size
network = make_pipeline(
    TimeDistributed(StandardScaler()),
    RNNRegressor(
        cell="gru",
        units=32,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=Adam(CosineDecay(0.01, n_updates)),
        random_state=0,
    ),
)


def walker(regressor, difference=False):
    """Return a forecaster of one step that walks on from its own forecasts."""
    return SlidingWindowForecaster(
        regressor,
        window_length=window_length,
        horizon=horizon,
        strategy="recursive",
        difference=difference,
    )


forecasters = {
    "Persistence": PersistenceForecaster(horizon=horizon),
    "GRU": walker(network),
    "GRU, differences": walker(network, difference=True),
    "Ridge, alpha=1": walker(Ridge(alpha=1.0)),
    "Ridge, alpha=1e-10": walker(Ridge(alpha=1e-10)),
}
for name, forecaster in forecasters.items():
    begin = perf_counter()
    forecaster.fit(train)
    print(f"{name:<18} fitted in {perf_counter() - begin:4.1f} s")

# %%
# One step, 20 steps
# ------------------
# `predict_trajectory` walks 20 steps from every row; row t holds the positions at t + 1 to t + 20.
# `make_windows` gives the true ones, and the row at which each walk begins. The errors are mean
# absolute errors, in the units of the path.

import numpy as np

from skrnn.forecasting import make_windows

truth = make_windows(test, window_length=window_length, horizon=horizon)
errors = {}
print("Mean absolute error         1 step    5 steps   10 steps   20 steps")
for name, forecaster in forecasters.items():
    walks = forecaster.predict_trajectory(test)[truth.rows]
    errors[name] = np.abs(walks - truth.y).mean(axis=(0, 2))
    print(f"{name:<20}" + "".join(f"{errors[name][step - 1]:>11.1e}" for step in (1, 5, 10, 20)))

# %%
# Ridge wins, by far, and should. A wave obeys a linear recurrence: its next value is a fixed
# combination of the two before. A sum of four waves obeys one of eight. All a linear model has to
# do is find it in a window of 20, and without noise nothing stands in its way but its own penalty:
# the default of ``alpha=1`` hides what ``alpha=1e-10`` finds to many digits. A network has to put
# the same straight rule together from bent units.
#
# At one step the network comes next, the more so with differences, and both stay far below the
# ladybug that sits still. In 20 steps differences do not help: the network adds up its steps, and
# their errors with them, where the other is held in place by the positions that it sees. By then
# even the Ridge with too much of a penalty has caught up.

import matplotlib.pyplot as plt

colors = ("0.6", "#0072B2", "#D55E00", "#CC79A7", "#009E73")
figure, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
for (name, by_step), color in zip(errors.items(), colors, strict=True):
    ax.semilogy(
        np.arange(1, horizon + 1), by_step, marker="o", markersize=4, color=color, label=name
    )
ax.set(xlabel="Steps ahead", ylabel="Mean absolute error", xticks=range(1, horizon + 1))
ax.grid(alpha=0.3)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
_ = ax.set_title("Errors of free walks")

# %%
# Some walks
# ----------
# From four places of the test path, with the last 20 positions before them in grey. The walks of
# Ridge lie on the true ones.

from skrnn.inspection import TrajectoryDisplay

figure, axes = plt.subplots(1, 4, figsize=(12, 5), layout="constrained")
for ax, begin in zip(axes, (8_300, 8_700, 9_100, 9_500), strict=True):
    seen, to_come = path[:begin], path[begin : begin + horizon]
    for (name, forecaster), color in zip(forecasters.items(), colors, strict=True):
        if name in ("GRU", "GRU, differences", "Ridge, alpha=1e-10"):
            TrajectoryDisplay.from_estimator(
                forecaster, context=seen, truth=to_come, name=name, color=color, ax=ax
            )
    ax.set_title(f"From position {begin:,}")
    legend = ax.get_legend()
    legend.remove()
labels = [text.get_text() for text in legend.get_texts()]
_ = figure.legend(legend.legend_handles, labels, loc="outside lower center", ncols=len(labels))
