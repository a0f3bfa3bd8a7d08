"""
====================================
Generate a chaotic series
====================================

The Mackey-Glass equation models the number of white blood cells, which the body regulates with a
delay. With a delay of 17 its solution is chaotic, and to continue it is the classical test of echo
state networks (Jaeger and Haas, "Harnessing nonlinearity", Science 304, 2004). A network is trained
on 3,000 time steps of the series. Then it continues the series from its own outputs alone.
"""

# %%
# The series
# ----------
# The first 3,000 of 10,000 time steps are the training set. As in the paper, the series is
# transformed by tanh(x - 1); here it is also scaled to [-1, 1].

import numpy as np
import pandas as pd

from skrnn.datasets import make_mackey_glass

n_train = 3_000
series = np.tanh(make_mackey_glass(10_000, tau=17, random_state=0) - 1)
series = 2 * (series - series.min()) / np.ptp(series) - 1
print(f"{len(series):,} steps, mean {series.mean():.2f}, standard deviation {series.std():.2f}")

# %%
# The network
# -----------
# There is no input. The network receives the series only as its own outputs, which are fed back
# into the reservoir through separate weights (`feedback_scaling`). In training the true values are
# fed back instead (teacher forcing). The input is a column of zeros.
#
# The first 1,000 time steps are left out of the training of the readout (`washout`), until the
# initial state is forgotten. When the network generates, every error is fed back and grows, so
# precision matters: the states are in float64, and the penalty of the readout is very small.

from time import perf_counter

from sklearn.linear_model import Ridge

from skrnn import EchoStateRegressor
from skrnn.reservoir import Reservoir

no_input = np.zeros((len(series), 1))


def fitted_network(units, seed):
    """Return a network that is trained on the first steps of the series."""
    network = EchoStateRegressor(
        reservoir=Reservoir(feedback_scaling=0.4, bias_scaling=0.3, dtype="float64"),
        units=units,
        spectral_radius=0.9,
        leak_rate=0.5,
        washout=1_000,
        alpha=1e-13,
        readout_input=False,
        return_sequences=True,
        random_state=seed,
    )
    return network.fit([no_input[:n_train]], [series[:n_train]])


begin = perf_counter()
network = fitted_network(units=1_000, seed=0)
print(f"{network.coef_.size:,} coefficients fitted in {perf_counter() - begin:.1f} s")

# %%
# The generated series
# --------------------
# `generate` continues the training series. In a chaotic system the smallest error grows, so any
# model leaves the true series sooner or later. When this happens depends on the last digits, and
# differs between machines.

n_free = 5_000
free = network.generate(n_free)
true = series[n_train : n_train + n_free]
error = np.abs(free - true)
first = {limit: np.argmax(error > limit) + 1 for limit in (0.001, 0.01, 0.1)}
pd.DataFrame({"first generated step with a larger error": first}).rename_axis("error").transpose()

# %%
# After that, the generated series is another trajectory with the same kind of waves. Over the last
# 2,000 time steps, their quantiles are similar:

table = pd.DataFrame({"True": true[-2000:], "Generated": free[-2000:]}).describe(
    percentiles=[0.05, 0.5, 0.95]
)
assert abs(table["Generated"] - table["True"])[["5%", "50%", "95%"]].max() < 0.15
table.T.drop(columns="count").round(3)

# %%

import matplotlib.pyplot as plt

figure, axes = plt.subplots(3, 1, figsize=(10, 7.5), layout="constrained")
for ax, first in zip(axes, (0, n_free - 500), strict=False):
    steps = np.arange(first, first + 500)
    ax.plot(steps + 1, true[steps], color="0.7", linewidth=4, label="Mackey-Glass")
    ax.plot(steps + 1, free[steps], color="#D55E00", linewidth=1.2, label="Generated")
    ax.set(ylabel="Value", xlim=(first + 1, first + 500), ylim=(-1.1, 1.6))
    ax.legend(ncols=2, loc="upper right")
axes[0].set_title("The first 500 generated time steps")
axes[1].set_title(f"The last 500 of {n_free:,} time steps")
axes[2].semilogy(np.arange(1, n_free + 1), error, color="#D55E00", linewidth=0.6)
axes[2].set(xlabel="Generated time step", ylabel="Absolute error", xlim=(1, n_free))
_ = axes[2].set_title("The error of the generated series")

# %%
# The error by horizon
# --------------------
# One generated series is a single sample, so the error is measured from 100 positions in the rest
# of the series. At each of them the network receives 300 true values and then generates. The error
# at a horizon is the root mean squared error of the last generated value over the positions,
# divided by the standard deviation of the series (NRMSE). A constant prediction of the mean has an
# error of 1. The paper reports the error at 84 time steps. The baseline is a linear regression on
# the last 100 values, which continues from its own outputs too.

n_ahead = 1_000
starts = np.linspace(n_train + 500, len(series) - n_ahead, 100).astype(int)
known = [series[start - 300 : start] for start in starts]
true = np.stack([series[start : start + n_ahead] for start in starts])

errors = {}
for units in (400, 1_000):
    for seed in range(3):
        network = fitted_network(units, seed)
        free = network.generate(n_ahead, [no_input[:300]] * len(starts), known)
        errors[units, seed] = np.sqrt(np.mean((free - true) ** 2, axis=0) / series.var())

windows = np.lib.stride_tricks.sliding_window_view(series[:n_train], 101)
regression = Ridge(1e-8).fit(windows[:, :-1], windows[:, -1])
last = np.stack([series[start - 100 : start] for start in starts])
for _ in range(84):
    last = np.column_stack([last[:, 1:], regression.predict(last)])
at_84 = {f"{units:,} units, reservoir {seed}": e[83] for (units, seed), e in errors.items()}
at_84["Linear regression"] = np.sqrt(np.mean((last[:, -1] - true[:, 83]) ** 2) / series.var())
pd.DataFrame({"NRMSE at 84 steps": at_84}).map("{:.1e}".format)

# %%
# The three reservoirs of each size differ only by their random weights. On average the large ones
# stay closer to the true series than the small ones, and all of them far closer than the
# regression.

small, large = ([errors[units, seed][83] for seed in range(3)] for units in (400, 1_000))
assert np.mean(large) < np.mean(small)
assert max(large + small) < at_84["Linear regression"] / 10

figure, ax = plt.subplots(figsize=(8, 4.8), layout="constrained")
for (units, seed), by_horizon in errors.items():
    ax.semilogy(
        np.arange(1, n_ahead + 1),
        by_horizon,
        color="#0072B2" if units == 400 else "#D55E00",
        linewidth=1.2,
        label=f"{units:,} units" if seed == 0 else None,
    )
ax.axvline(84, color="0.5", linestyle="--", linewidth=1)
ax.annotate("84 steps", (84, 1), xytext=(4, -4), textcoords="offset points", va="top", color="0.4")
ax.set(xlabel="Generated time steps", ylabel="NRMSE", xlim=(1, n_ahead), ylim=(None, 1))
ax.grid(alpha=0.3)
ax.legend(title="Three reservoirs each", loc="lower right")
_ = ax.set_title("Error by horizon, from 100 positions")

# sphinx_gallery_thumbnail_number = 1
