"""
==========================================
The Lorenz attractor, as a network runs it
==========================================

Lorenz's three equations, a model of air that is heated from below, are chaotic: nearby states part
by a factor of e in each Lyapunov time. A reservoir learns what comes one step later, and never sees
the equations. Then each of its outputs is its next input. For how long does it foretell the truth,
and what does it do after that?
"""

# %%
# The series
# ----------
# Three coordinates, 40,000 steps of 0.02 units of time. The first half is there to learn from, and
# to standardise all by.

import numpy as np
from sklearn.preprocessing import StandardScaler

from skrnn.datasets import make_lorenz

step, n_train = 0.02, 20_000
series = make_lorenz(40_000, step=step, random_state=0)
scaler = StandardScaler().fit(series[:n_train])
scaled = scaler.transform(series)
lyapunov_time = 1 / 0.9056
print(f"{len(series):,} steps; a Lyapunov time is {lyapunov_time / step:.0f} of them")

# %%
# The network
# -----------
# The target is the input one step ahead. Small input weights and strong biases leave the units
# near different points of their tanh, so that they bend the input in different ways; the small
# spectral radius lets the past fade soon, for the present state is all there is to know.

from time import perf_counter

from skrnn import EchoStateRegressor
from skrnn.reservoir import Reservoir

network = EchoStateRegressor(
    reservoir=Reservoir(bias_scaling=1.0, dtype="float64"),
    units=1_000,
    spectral_radius=0.4,
    input_scaling=0.3,
    washout=200,
    alpha=1e-10,
    return_sequences=True,
    random_state=0,
)
begin = perf_counter()
network.fit([scaled[: n_train - 1]], [scaled[1:n_train]])
print(f"{network.coef_.size:,} coefficients fitted in {perf_counter() - begin:.1f} s")

# %%
# How long it foretells
# ---------------------
# From 20 places in the second half, 200 steps are heard and 1,200 generated. A forecast is valid
# until its distance from the truth exceeds 0.4 of the spread of the attractor, which is the root of
# the mean squared distance from its mean.

n_ahead = 1_200
starts = np.linspace(n_train + 1_000, len(series) - n_ahead - 300, 20).astype(int)
generated = network.generate(n_ahead, [scaled[start - 200 : start] for start in starts])
true = np.stack([scaled[start : start + n_ahead] for start in starts])

spread = np.sqrt(scaled.var(axis=0).sum())
wrong = np.linalg.norm(generated - true, axis=2) > 0.4 * spread
n_valid = np.where(wrong.any(axis=1), wrong.argmax(axis=1), n_ahead)
valid = np.sort(n_valid * step / lyapunov_time)
print("Valid Lyapunov times from 20 places:")
print(" ".join(f"{time:.1f}" for time in valid))
print(f"Shortest {valid[0]:.1f}, median {np.median(valid):.1f}, longest {valid[-1]:.1f}")

# %%
# The first coordinate, standardised, from four of the places. A dotted line ends the valid time.

import matplotlib.pyplot as plt

times = np.arange(n_ahead) * step / lyapunov_time
figure, axes = plt.subplots(4, 1, figsize=(10, 8), sharex=True, sharey=True, layout="constrained")
for ax, i in zip(axes, (0, 6, 12, 18), strict=True):
    ax.plot(times, true[i, :, 0], color="0.7", linewidth=3.5, label="Lorenz")
    ax.plot(times, generated[i, :, 0], color="C3", linewidth=1.1, label="Free run")
    if n_valid[i] < n_ahead:
        ax.axvline(times[n_valid[i]], color="black", linestyle=":")
    ax.set(ylabel=f"x, place {i + 1}", xlim=(0, times[-1]))
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
_ = axes[-1].set_xlabel("Lyapunov times since the last value heard")

# %%
# What it does after that
# -----------------------
# A free run of 20,000 steps, some 360 Lyapunov times, long after the forecast is worth nothing.
# `generate` without known steps goes on from the end of the training series.

free = scaler.inverse_transform(network.generate(20_000))
rest = series[n_train:]
for name, run in {"Lorenz": rest, "free run": free}.items():
    means = ", ".join(f"{value:6.2f}" for value in run.mean(axis=0))
    deviations = ", ".join(f"{value:5.2f}" for value in run.std(axis=0))
    print(f"{name:<8} means {means}; standard deviations {deviations}")

# %%
# On the left the attractor from the side. On the right a figure of Lorenz's own: each maximum of z
# over the one before. They lie on a curve with a peak, and those of the free run on the same one.


def maxima(z):
    """Return the values that are larger than those beside them."""
    inner = z[1:-1]
    return inner[(inner > z[:-2]) & (inner >= z[2:])]


n_drawn = 6_000
figure, axes = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
runs = {"Lorenz": (rest, "0.6", 20), "Free run": (free, "C3", 2)}
for ax, (name, (run, color, size)) in zip(axes, runs.items(), strict=False):
    ax.plot(run[:n_drawn, 0], run[:n_drawn, 2], color=color, linewidth=0.4)
    ax.set(title=f"{name}, {n_drawn:,} steps", xlabel="x", ylabel="z", xlim=(-21, 21), ylim=(0, 50))
    tops = maxima(run[:, 2])
    axes[2].scatter(tops[:-1], tops[1:], s=size, color=color, label=name)
axes[2].set(title="Maxima of z, 20,000 steps", xlabel="One maximum", ylabel="The next")
_ = axes[2].legend(markerscale=2)
