"""
==========================================
Shallow, deep and spiking reservoirs
==========================================

A reservoir may have layers, each of which hears the one below, and it may be made of units that
send spikes instead of numbers. What does that look like inside, and does it pay? All three kinds
turn waves into features here, and the same linear classifier reads those.
"""

# %%
# Layers and their time scales
# ----------------------------
# How long does a layer feel what was heard? Two sequences of noise differ in one step. The distance
# between the states that they lead to, in each layer for itself, tells. First all layers have the
# same leak rate; then it falls from layer to layer, so that each is slower than the one below.

import numpy as np

from skrnn.reservoir import Reservoir

rng = np.random.default_rng(0)
changed_at = 20
noise = rng.uniform(-1, 1, (400, 1))
changed = noise.copy()
changed[changed_at] = -np.sign(noise[changed_at])

distances = {}
for name, leak_rate in {"0.3 in all layers": 0.3, "1, 0.3 and 0.1": [1.0, 0.3, 0.1]}.items():
    reservoir = Reservoir(
        units=100, layers=3, leak_rate=leak_rate, dtype="float64", random_state=0
    ).fit([noise])
    one, other = reservoir.transform([noise, changed])
    apart = (one - other).reshape(len(noise), 3, 100)  # the layers' states stand side by side
    apart = np.linalg.norm(apart, axis=2)
    distances[name] = apart / apart.max(axis=0)
    felt = (distances[name] > 0.01).sum(axis=0)
    print(
        f"Leak rate {name}: more than 1 % of its peak for {felt[0]}, {felt[1]} and {felt[2]} steps"
    )

# %%
# Even with equal leak rates a layer feels a change longer than the one below. Rates that fall give
# each layer a memory of its own.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True, layout="constrained")
for ax, (name, apart) in zip(axes, distances.items(), strict=True):
    steps = np.arange(len(noise)) - changed_at
    for i in range(3):
        ax.semilogy(steps, apart[:, i], label=f"Layer {i + 1}")
    ax.set(title=f"Leak rate {name}", xlabel="Steps since the change")
    ax.set(xlim=(-5, 250), ylim=(1e-3, 1.5))
    ax.grid(alpha=0.3)
    ax.legend(loc="upper right")
_ = axes[0].set_ylabel("Distance of states, share of its peak")

# %%
# A liquid and its spikes
# -----------------------
# In a `LiquidStateMachine` a step lasts 20 ms, in which an input fires at random, the more often
# the larger the value. What can be read from a unit is its spike train, filtered so that it fades
# with a time constant of 30 ms. With steps of 1 ms, each value said 20 times over and a filter so
# short that only the last millisecond counts, the very same liquid shows its spikes.

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
axes[0].set(ylabel="Input", title="A wave of 40 steps, 20 ms each")
for inhibitory, color, name in ((False, "C0", "excitatory"), (True, "C3", "inhibitory")):
    ms, unit = np.nonzero(spikes & (liquid.is_inhibitory_ == inhibitory))
    axes[1].plot(ms, unit, "|", color=color, markersize=3, label=name)
axes[1].set(ylabel="Unit", ylim=(-3, 155), title="Spikes")
shown = np.argsort(-spikes.sum(axis=0))[:60:12]
axes[2].plot((np.arange(40) + 1) * 20, traces[:, shown], ".-", linewidth=1)
axes[2].set(xlabel="Milliseconds", ylabel="Filtered spikes", xlim=(0, 800))
axes[2].set_title("What a readout sees of five units")
_ = axes[1].legend(loc="upper right", ncols=2, markerscale=3)

# %%
# Which wave is it?
# -----------------
# Sines, triangles, sawtooths and squares of any period and phase, under much noise.

from scipy.signal import sawtooth, square

shapes = {
    "sine": np.sin,
    "triangle": lambda phase: sawtooth(phase, 0.5),
    "sawtooth": sawtooth,
    "square": square,
}


def make_waves(n_waves):
    """Return waves of 40 to 80 steps, and the names of their shapes."""
    names = rng.choice(list(shapes), n_waves)
    waves = []
    for name in names:
        time = np.arange(rng.integers(40, 81))
        phase = 2 * np.pi * (time / rng.uniform(8, 20) + rng.uniform())
        waves.append(shapes[name](phase) + rng.normal(0, 0.4, len(time)))
    return waves, names


X_train, y_train = make_waves(400)
X_test, y_test = make_waves(400)
print(f"{len(X_train)} waves to learn from, {len(X_test)} to test on")

# %%
# Each reservoir has 300 units, and its features are their means over the steps of a wave. Logistic
# regression reads them. Three reservoirs of each kind differ by their random weights. Beside them
# the same classifier reads five plain numbers of a wave. With ``encoding="latency"`` a value is one
# spike a step, the earlier the larger the value, and nothing is random.

from time import perf_counter

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler


def plain_numbers(waves):
    """Return five numbers that describe a wave's values and their changes."""
    return np.array(
        [
            (wave.std(), np.abs(wave).mean(), (wave**4).mean(), changes.std(), (changes**3).mean())
            for wave, changes in ((wave, np.diff(wave)) for wave in waves)
        ]
    )


contestants = {
    "Five plain numbers": FunctionTransformer(plain_numbers),
    "Shallow": Reservoir(units=300, pooling="mean"),
    "Deep, three layers": Reservoir(units=100, layers=3, leak_rate=[1.0, 0.3, 0.1], pooling="mean"),
    "Liquid, rate": LiquidStateMachine(units=300),
    "Liquid, latency": LiquidStateMachine(units=300, encoding="latency"),
}
print(f"{'':<19} {'accuracy of each':<17}  mean   seconds to fit and test")
for name, features in contestants.items():
    seeded = "random_state" in features.get_params()
    accuracies = []
    begin = perf_counter()
    for seed in range(3 if seeded else 1):
        if seeded:
            features.set_params(random_state=seed)
        model = make_pipeline(features, StandardScaler(), LogisticRegression(C=0.1, max_iter=1_000))
        accuracies.append(model.fit(X_train, y_train).score(X_test, y_test))
    seconds = (perf_counter() - begin) / len(accuracies)
    each = " ".join(f"{accuracy:.3f}" for accuracy in accuracies)
    print(f"{name:<19} {each:<17}  {np.mean(accuracies):.3f}  {seconds:.1f}")

# %%
# The shallow reservoir is first, and the deep one so near that 400 waves can hardly tell them
# apart: these waves hold nothing slow that a slow layer could add. Both are ahead of the plain
# numbers. The liquids cost more and are behind them all, far behind where values become random
# spikes. They are models of nerves first; as features for a classifier they have to earn their
# place.
