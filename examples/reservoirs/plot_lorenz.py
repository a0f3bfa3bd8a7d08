"""
==========================================
Forecast the Lorenz attractor
==========================================

Lorenz's three equations, a model of air that is heated from below, are chaotic: the distance of
nearby states grows by a factor of e in each Lyapunov time. A reservoir is trained to predict the
series one time step ahead, without the equations. Then each of its outputs is its next input. This
page measures for how long its forecasts are valid, and compares what it generates afterwards with
the attractor.
"""

# %%
# The series
# ----------
# The series has three coordinates and 40,000 time steps of 0.02 units of time. The first half is
# the training set, whose mean and standard deviation also standardise the rest.

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

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
# The target is the input one time step ahead. With small input weights and strong biases, the units
# work near different points of their tanh, so that their nonlinearities differ. A small spectral
# radius makes past inputs fade soon, because the future depends only on the present state.

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
# The valid time of a forecast
# ----------------------------
# From 20 positions in the second half, the network receives 200 time steps and generates 1,200. A
# forecast is valid until its distance from the true series exceeds 0.4 times the spread of the
# attractor, the root mean squared distance from its mean.
#
# The baselines are a linear and a quadratic regression of the next position on the last one, which
# also continue from their own outputs.

n_ahead = 1_200
starts = np.linspace(n_train + 1_000, len(series) - n_ahead - 300, 20).astype(int)
generated = network.generate(n_ahead, [scaled[start - 200 : start] for start in starts])
true = np.stack([scaled[start : start + n_ahead] for start in starts])

spread = np.sqrt(scaled.var(axis=0).sum())


def steps_valid(forecasts):
    """Return the number of time steps for which each forecast is valid."""
    wrong = np.linalg.norm(forecasts - true, axis=2) > 0.4 * spread
    return np.where(wrong.any(axis=1), wrong.argmax(axis=1), n_ahead)


n_valid = {"Reservoir": steps_valid(generated)}
for name, degree in {"Linear regression": 1, "Quadratic regression": 2}.items():
    regression = make_pipeline(PolynomialFeatures(degree), LinearRegression())
    regression.fit(scaled[: n_train - 1], scaled[1:n_train])
    positions = [scaled[starts - 1]]
    for _ in range(n_ahead):
        positions.append(np.clip(regression.predict(positions[-1]), -5, 5))
    n_valid[name] = steps_valid(np.stack(positions[1:], axis=1))

valid = pd.DataFrame(n_valid).T * step / lyapunov_time
table = valid.agg(["min", "median", "max"], axis=1)
assert table.loc["Reservoir", "median"] > 2 * table.loc["Quadratic regression", "median"]
table.add_suffix(", in Lyapunov times").round(1)

# %%
# The first coordinate, standardised, from four of the positions. A dotted line marks the valid
# time.

import matplotlib.pyplot as plt

times = np.arange(n_ahead) * step / lyapunov_time
figure, axes = plt.subplots(4, 1, figsize=(10, 8), sharex=True, sharey=True, layout="constrained")
for ax, i in zip(axes, (0, 6, 12, 18), strict=True):
    ax.plot(times, true[i, :, 0], color="0.7", linewidth=3.5, label="Lorenz")
    ax.plot(times, generated[i, :, 0], color="#D55E00", linewidth=1.1, label="Generated")
    if n_valid["Reservoir"][i] < n_ahead:
        ax.axvline(times[n_valid["Reservoir"][i]], color="black", linestyle=":")
    ax.set(ylabel=f"x, position {i + 1}", xlim=(0, times[-1]))
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
axes[-1].set_xlabel("Lyapunov times since the last known value")
_ = figure.suptitle("Forecasts from four positions", x=0.2)

# %%
# After the valid time
# --------------------
# 20,000 time steps, about 360 Lyapunov times, are generated, far beyond the valid time. `generate`
# without known time steps continues the training series.

free = scaler.inverse_transform(network.generate(20_000))
rest = series[n_train:]
rows = {
    (name, statistic): dict(zip("xyz", getattr(run, statistic)(axis=0), strict=True))
    for name, run in {"Lorenz": rest, "Generated": free}.items()
    for statistic in ("mean", "std")
}
table = pd.DataFrame(rows).T
# The generated series has the same standard deviations to within a tenth.
assert (abs(table.loc[("Generated", "std")] / table.loc[("Lorenz", "std")] - 1) < 0.1).all()
table.round(2)

# %%
# The first panels show the attractor from the side. The last one is a figure of Lorenz: each
# maximum of z against the one before it. The maxima lie on a curve with a peak, and those of the
# generated series lie on the same curve: hardly any is further than 1 from the nearest point of the
# curve.


from scipy.spatial import cKDTree


def maxima(z):
    """Return the values that are larger than both of their neighbours."""
    inner = z[1:-1]
    return inner[(inner > z[:-2]) & (inner >= z[2:])]


n_drawn = 6_000
figure, axes = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
runs = {"Lorenz": (rest, "0.6", 20), "Generated": (free, "#D55E00", 2)}
for ax, (name, (run, color, size)) in zip(axes, runs.items(), strict=False):
    ax.plot(run[:n_drawn, 0], run[:n_drawn, 2], color=color, linewidth=0.4)
    ax.set(title=f"{name}, {n_drawn:,} steps", xlabel="x", ylabel="z", xlim=(-21, 21), ylim=(0, 50))
    tops = maxima(run[:, 2])
    axes[2].scatter(tops[:-1], tops[1:], s=size, color=color, label=name)
axes[2].set(title="Maxima of z, 20,000 steps", xlabel="One maximum", ylabel="The next")
axes[2].legend(markerscale=2)
_ = figure.suptitle("The attractor, and that of the generated series")

curves = [np.column_stack([tops[:-1], tops[1:]]) for tops in map(maxima, (rest[:, 2], free[:, 2]))]
distances, _ = cKDTree(curves[0]).query(curves[1])
assert np.mean(distances > 1) <= 0.03

# sphinx_gallery_thumbnail_number = 2
