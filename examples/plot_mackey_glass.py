"""
====================================
A chaotic series, continued freely
====================================

The Mackey-Glass equation models the number of white blood cells, which the body regulates with a
delay. With a delay of 17 its solution is chaotic, and to continue it is the classical test of echo
state networks (Jaeger and Haas, "Harnessing nonlinearity", Science 304, 2004). A network learns
from 3,000 steps of the series. Then it goes on alone, and hears nothing but itself.
"""

# %%
# The series
# ----------
# The first 3,000 of 10,000 steps are there to learn from. As in the paper the series goes through
# tanh(x - 1); here it is also scaled to [-1, 1].

import numpy as np

from skrnn.datasets import make_mackey_glass

n_train = 3_000
series = np.tanh(make_mackey_glass(10_000, tau=17, random_state=0) - 1)
series = 2 * (series - series.min()) / np.ptp(series) - 1
print(f"{len(series):,} steps, mean {series.mean():.2f}, standard deviation {series.std():.2f}")

# %%
# The network
# -----------
# There is no input, so the network can know where the series is from its own output only, which
# goes back into the reservoir by weights of its own (`feedback_scaling`). In training the true
# values go back instead: teacher forcing. What stands for the input is a column of zeros.
#
# The first 1,000 steps only bring the states to where the series wants them (`washout`). On a free
# run every error goes back in and grows, so each digit counts: states in float64, and hardly any
# penalty on the readout.

from time import perf_counter

from skrnn import EchoStateRegressor
from skrnn.reservoir import Reservoir

no_input = np.zeros((len(series), 1))


def fitted_network(units, seed):
    """Return a network that has learned from the first steps of the series."""
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
# The free run
# ------------
# `generate` goes on from the end of the training series. Chaos lets the smallest error grow, so
# sooner or later any model leaves the truth. When it does hangs on the last digits, and differs
# from machine to machine.

n_free = 5_000
free = network.generate(n_free)
true = series[n_train : n_train + n_free]
error = np.abs(free - true)
for limit in (0.001, 0.01, 0.1):
    print(f"The error first exceeds {limit:<5} at free step {np.argmax(error > limit) + 1:,}")

# %%
# In the end the free run is another trajectory, with waves of the same kind. Over the last 2,000
# steps:

for name, values in {"true": true[-2000:], "free run": free[-2000:]}.items():
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
    print(
        f"{name:<8} mean {values.mean():.3f}, standard deviation {values.std():.3f}, "
        f"quantiles (5, 50 and 95 %) {low:.3f}, {middle:.3f}, {high:.3f}"
    )

import matplotlib.pyplot as plt

figure, axes = plt.subplots(3, 1, figsize=(10, 7.5), layout="constrained")
for ax, first in zip(axes, (0, n_free - 500), strict=False):
    steps = np.arange(first, first + 500)
    ax.plot(steps + 1, true[steps], color="0.7", linewidth=4, label="Mackey-Glass")
    ax.plot(steps + 1, free[steps], color="C3", linewidth=1.2, label="Free run")
    ax.set(ylabel="Value", xlim=(first + 1, first + 500), ylim=(-1.1, 1.6))
    ax.legend(ncols=2, loc="upper right")
axes[0].set_title("The first 500 free steps")
axes[1].set_title(f"The last 500 of {n_free:,}")
axes[2].semilogy(np.arange(1, n_free + 1), error, color="C3", linewidth=0.6)
axes[2].set(xlabel="Free step", ylabel="Absolute error", xlim=(1, n_free))
_ = axes[2].set_title("The error of the free run")

# %%
# How far it sees
# ---------------
# One free run is one piece of luck, so this is measured from 100 places in the rest of the series.
# At each the network hears 300 true values and then generates. The error at a horizon is that of
# the last generated value: squared, averaged over the places, divided by the variance of the
# series, and the root of that. Who always says the mean has an error of 1. The paper reports it at
# 84 steps.

n_ahead = 1_000
starts = np.linspace(n_train + 500, len(series) - n_ahead, 100).astype(int)
heard = [series[start - 300 : start] for start in starts]
true = np.stack([series[start : start + n_ahead] for start in starts])

errors = {}
for units in (400, 1_000):
    for seed in range(4):
        network = fitted_network(units, seed)
        free = network.generate(n_ahead, [no_input[:300]] * len(starts), heard)
        errors[units, seed] = np.sqrt(np.mean((free - true) ** 2, axis=0) / series.var())
        print(f"{units:>5,} units, reservoir {seed}: NRMSE(84) {errors[units, seed][83]:.1e}")

# %%
# The four reservoirs of a size differ by their random weights alone. Each large one stays nearer to
# the truth than each small one, and after the first steps all errors grow about equally fast.

figure, ax = plt.subplots(figsize=(8, 4.8), layout="constrained")
for (units, seed), by_horizon in errors.items():
    ax.semilogy(
        np.arange(1, n_ahead + 1),
        by_horizon,
        color="C0" if units == 400 else "C3",
        linewidth=1.2,
        label=f"{units:,} units" if seed == 0 else None,
    )
ax.axvline(84, color="0.5", linestyle="--", linewidth=1)
ax.annotate("84 steps", (84, 1), xytext=(4, -4), textcoords="offset points", va="top", color="0.4")
ax.set(xlabel="Free steps", ylabel="NRMSE", xlim=(1, n_ahead), ylim=(None, 1))
ax.grid(alpha=0.3)
ax.legend(title="Four reservoirs each", loc="lower right")
_ = ax.set_title("Error by horizon, from 100 places")
