"""
===================================================================
A 20-step trajectory: encoder-decoder compared with other forecasts
===================================================================

The next 20 positions of a ladybug can be forecast in three ways. A recursive forecaster predicts
one position, and continues from its own prediction. A direct forecaster predicts all 20 positions
at once, as 40 numbers. An encoder-decoder reads the last positions and writes the next ones, one
after another.
"""

# %%
# The path
# --------
# The path has no noise. The last 1,000 of 5,000 positions are the test set.

import numpy as np
import pandas as pd

from skrnn.datasets import make_ladybug
from skrnn.forecasting import make_windows

path = pd.DataFrame(make_ladybug(5_000, random_state=16), columns=["x", "y"])
train, test = path[:4_000], path[4_000:]
window_length, horizon = 20, 20
windows, truth = (
    make_windows(part, window_length=window_length, horizon=horizon) for part in (train, test)
)
print(f"{len(windows.X)} windows, whose targets have the shape {windows.y.shape[1:]}")

# %%
# The models
# ----------
# All networks have a GRU of 32 units and 12 epochs. An encoder-decoder receives, in training, the
# true position before each time step (teacher forcing), and in prediction its own. With
# ``scheduled_sampling=0.5``, half of the true positions are replaced by its predictions in training
# too. With attention, it also looks at the outputs of the encoder at all positions. The baseline,
# persistence, is that the ladybug does not move.

from time import perf_counter

from skrnn import RNNRegressor, Seq2SeqRegressor, SlidingWindowForecaster

setting = {
    "cell": "gru",
    "units": 32,
    "epochs": 12,
    "batch_size": 64,
    "learning_rate": 0.01,
    "random_state": 0,
}
models = {
    strategy.capitalize(): SlidingWindowForecaster(
        RNNRegressor(**setting), window_length=window_length, horizon=horizon, strategy=strategy
    )
    for strategy in ("recursive", "direct")
}
models["Encoder-decoder"] = Seq2SeqRegressor(**setting)
models["Encoder-decoder, sampling, attention"] = Seq2SeqRegressor(
    **setting, scheduled_sampling=0.5, attention="luong"
)
forecasts, seconds = {}, {}
for name, model in models.items():
    begin = perf_counter()
    if isinstance(model, Seq2SeqRegressor):
        model.fit(windows.X, windows.y)
        forecasts[name] = model.predict(truth.X)
    else:
        model.fit(train)
        forecasts[name] = model.predict_trajectory(test)[truth.rows]
    seconds[name] = perf_counter() - begin

# %%
# Errors by the number of steps
# -----------------------------

last = test.to_numpy()[truth.rows, np.newaxis]
forecasts["Persistence"] = np.broadcast_to(last, truth.y.shape)
errors = {name: np.abs(one - truth.y).mean(axis=(0, 2)) for name, one in forecasts.items()}
table = pd.DataFrame(errors, index=pd.Index(range(1, horizon + 1), name="steps ahead")).T
table[[1, 5, 10, 20]].round(4).assign(seconds=pd.Series(seconds).round(1))

# %%
# The recursive forecaster, which was trained for one step, has the best near forecasts, and the
# direct forecaster, which was trained for all 20, the best far ones. The encoder-decoder with
# teacher forcing is the worst of the networks for 20 steps: it has only learned to continue from
# true positions, and its own errors accumulate. With scheduled sampling and attention, its far
# forecasts are much better, and not better than those of the direct forecaster. Use an
# encoder-decoder if targets have different lengths, which the other two cannot forecast.
#
# None of these networks comes close to a linear model, which can continue a sum of sine waves
# almost exactly, see :ref:`sphx_glr_auto_examples_forecast_plot_ladybug.py`.

near, far = ({name: by_step[at] for name, by_step in errors.items()} for at in (0, -1))
assert min(near, key=near.get) == "Recursive"
assert min(far, key=far.get) == "Direct"
assert far["Recursive"] < far["Encoder-decoder"]
assert far["Encoder-decoder, sampling, attention"] < 0.7 * far["Encoder-decoder"]
assert max(near[name] for name in models) < near["Persistence"]

import matplotlib.pyplot as plt

colors = ("#56B4E9", "#E69F00", "#D55E00", "#0072B2", "0.5")
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
ax.legend(loc="lower right")
_ = ax.set_title("Errors of four networks and of persistence")

# %%
# Some trajectories
# -----------------
# The last 20 positions are grey, the true next ones are black.

figure, axes = plt.subplots(1, 4, figsize=(12, 4.4), layout="constrained")
for ax, i in zip(axes, (150, 350, 550, 750), strict=True):
    context = test.to_numpy()[truth.rows[i] - window_length + 1 : truth.rows[i] + 1]
    ax.plot(*context.T, color="0.75", linewidth=3)
    ax.plot(*truth.y[i].T, color="black", linewidth=3, label="True")
    for name, color in zip(forecasts, colors, strict=True):
        if name in models:
            ax.plot(*forecasts[name][i].T, marker=".", color=color, label=name)
    ax.set(title=f"From position {4_000 + truth.rows[i]:,}", xlabel="x")
axes[0].set_ylabel("y")
handles, labels = axes[0].get_legend_handles_labels()
_ = figure.legend(handles, labels, loc="outside lower center", ncols=3)

# sphinx_gallery_thumbnail_number = 2
