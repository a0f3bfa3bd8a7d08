"""
==========================================
Shallow, deep and spiking reservoirs
==========================================

A reservoir can have several layers, each of which receives the states of the one below, or units
that send spikes instead of numbers. This page shows their states, and compares them as features:
all three kinds of reservoirs turn waves into features for the same linear classifier.
"""

# %%
# Layers and their time scales
# ----------------------------
# How long does an input affect the states of a layer? Two sequences of noise differ in one time
# step, and the distance between their states is computed for each layer. First all layers have the
# same leak rate; then the rate falls from layer to layer, so that each is slower than the one
# below.

import numpy as np
import pandas as pd

from skrnn.reservoir import Reservoir

rng = np.random.default_rng(0)
changed_at = 20
noise = rng.uniform(-1, 1, (400, 1))
changed = noise.copy()
changed[changed_at] = -np.sign(noise[changed_at])

distances, durations = {}, {}
for name, leak_rate in {"0.3 in all layers": 0.3, "1, 0.3 and 0.1": [1.0, 0.3, 0.1]}.items():
    reservoir = Reservoir(
        units=100, layers=3, leak_rate=leak_rate, dtype="float64", random_state=0
    ).fit([noise])
    one, other = reservoir.transform([noise, changed])
    apart = (one - other).reshape(len(noise), 3, 100)  # the states of the layers are side by side
    apart = np.linalg.norm(apart, axis=2)
    distances[name] = apart / apart.max(axis=0)
    durations[f"leak rate {name}"] = (distances[name] > 0.01).sum(axis=0)

# The number of time steps for which the distance is more than 1 % of its peak.
table = pd.DataFrame(durations, index=["layer 1", "layer 2", "layer 3"]).T
assert (table["layer 1"] < table["layer 2"]).all()
assert (table["layer 2"] < table["layer 3"]).all()
assert np.diff(table["layer 3"] - table["layer 1"]) > 0
table.head()

# %%
# Even with equal leak rates, a change affects a layer longer than the one below. With falling rates
# the memories of the layers differ more.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True, layout="constrained")
for ax, (name, apart) in zip(axes, distances.items(), strict=True):
    steps = np.arange(len(noise)) - changed_at
    for i, style in enumerate(("-", "--", ":")):
        ax.semilogy(steps, apart[:, i], style, label=f"Layer {i + 1}")
    ax.set(title=f"Leak rate {name}", xlabel="Time steps since the change")
    ax.set(xlim=(-5, 250), ylim=(1e-3, 1.5))
    ax.grid(alpha=0.3)
    ax.legend(loc="upper right")
_ = axes[0].set_ylabel("Distance of states / its maximum")

# %%
# The spikes of a liquid state machine
# ------------------------------------
# In a `LiquidStateMachine` a time step lasts 20 ms. During this time an input fires at random, and
# more often if its value is larger. The feature of a unit is its spike train after an exponential
# filter with a time constant of 30 ms. To show the spikes themselves, the same network runs with
# time steps of 1 ms, each value repeated 20 times, and a filter so short that only the last
# millisecond counts.

from skrnn.reservoir import LiquidStateMachine

wave = np.sin(2 * np.pi * np.arange(40) / 20)
liquid = LiquidStateMachine(pooling=None, random_state=0)
traces = liquid.fit_transform([wave])[0]
each_ms = LiquidStateMachine(pooling=None, step_duration=1, filter_time=0.1, random_state=0)
spikes = each_ms.fit_transform([np.repeat(wave, 20)])[0] > 0.5
print(f"{spikes.sum():,} spikes of {spikes.shape[1]} units in {len(spikes)} ms")

figure, axes = plt.subplots(
    3, 1, figsize=(10, 8), sharex=True, layout="constrained", height_ratios=(1, 3, 2)
)
axes[0].step(np.arange(41) * 20, np.append(wave, wave[-1]), where="post", color="0.3")
axes[0].set(ylabel="Input", title="A wave of 40 time steps of 20 ms each")
for inhibitory, color, name in ((False, "#0072B2", "excitatory"), (True, "#D55E00", "inhibitory")):
    ms, unit = np.nonzero(spikes & (liquid.is_inhibitory_ == inhibitory))
    axes[1].plot(ms, unit, "|", color=color, markersize=3, label=name)
axes[1].set(ylabel="Unit", ylim=(-3, 138), title="Spikes")
shown = np.argsort(-spikes.sum(axis=0))[:60:12]
axes[2].plot((np.arange(40) + 1) * 20, traces[:, shown], ".-", linewidth=1)
axes[2].set(xlabel="Milliseconds", ylabel="Filtered spikes", xlim=(0, 800))
axes[2].set_title("What a readout receives from five units")
_ = axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=3)

# %%
# Classification of waves
# -----------------------
# The waves are sines, triangles, sawtooths and squares of any period and phase, with strong noise.

from scipy.signal import sawtooth, square

shapes = {
    "sine": np.sin,
    "triangle": lambda phase: sawtooth(phase, 0.5),
    "sawtooth": sawtooth,
    "square": square,
}


def make_waves(n_waves):
    """Return waves of 40 to 80 time steps, and the names of their shapes."""
    names = rng.choice(list(shapes), n_waves)
    waves = []
    for name in names:
        time = np.arange(rng.integers(40, 81))
        phase = 2 * np.pi * (time / rng.uniform(8, 20) + rng.uniform())
        waves.append(shapes[name](phase) + rng.normal(0, 0.4, len(time)))
    return waves, names


X_train, y_train = make_waves(400)
X_test, y_test = make_waves(400)
print(f"{len(X_train)} training waves, {len(X_test)} test waves")

# %%
# Each reservoir has 300 units, and its features are their means over the time steps of a wave, on
# which logistic regression is trained. Three reservoirs of each kind differ by their random
# weights. For comparison, the same classifier is trained on five summary statistics of a wave. With
# ``encoding="latency"`` a value becomes one spike per time step, without randomness. The larger the
# value, the earlier is the spike.

from time import perf_counter

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler


def plain_numbers(waves):
    """Return five summary statistics of a wave's values and their changes."""
    return np.array(
        [
            (wave.std(), np.abs(wave).mean(), (wave**4).mean(), changes.std(), (changes**3).mean())
            for wave, changes in ((wave, np.diff(wave)) for wave in waves)
        ]
    )


reservoirs = {
    "Five plain numbers": FunctionTransformer(plain_numbers),
    "Shallow": Reservoir(units=300, pooling="mean"),
    "Deep, three layers": Reservoir(units=100, layers=3, leak_rate=[1.0, 0.3, 0.1], pooling="mean"),
    "Liquid, rate": LiquidStateMachine(units=300),
    "Liquid, latency": LiquidStateMachine(units=300, encoding="latency"),
}
rows = {}
for name, features in reservoirs.items():
    seeded = "random_state" in features.get_params()
    accuracies = []
    begin = perf_counter()
    for seed in range(3 if seeded else 1):
        if seeded:
            features.set_params(random_state=seed)
        model = make_pipeline(features, StandardScaler(), LogisticRegression(C=0.1, max_iter=1_000))
        accuracies.append(model.fit(X_train, y_train).score(X_test, y_test))
    rows[name] = {
        "accuracy of each seed": ", ".join(f"{accuracy:.3f}" for accuracy in accuracies),
        "mean accuracy": np.mean(accuracies).round(3),
        "seconds to fit and test": round((perf_counter() - begin) / len(accuracies), 1),
    }

table = pd.DataFrame(rows).T
table.head()

# %%
# The shallow and the deep reservoir are so close that 400 waves can hardly distinguish them: these
# waves have no slow changes for which a slow layer would help. Both are better than the summary
# statistics. The spiking reservoirs cost more and are worse than all others, far worse if
# values become random spikes. They are first of all models of neurons; compare them with simpler
# features before you use them in a classifier.

mean = table["mean accuracy"]
assert mean["Shallow"] > mean["Five plain numbers"] > mean["Liquid, latency"] > mean["Liquid, rate"]
assert mean["Deep, three layers"] > mean["Five plain numbers"]
assert abs(mean["Shallow"] - mean["Deep, three layers"]) < 0.05
seconds = table["seconds to fit and test"]
assert seconds.filter(like="Liquid").min() > seconds["Shallow"]
