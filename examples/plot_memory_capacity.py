"""
==========================================
What a reservoir remembers
==========================================

The state of a reservoir is an echo of all inputs so far, in which newer ones drown older ones. How
much of the past can be read from it depends on how its units are linked, and on how far they bend
what they hear. Two measures tell: the memory capacity, and the echo state index.
"""

# %%
# Memory capacity
# ---------------
# The input is noise. For each delay a linear readout learns to repeat what came in so many steps
# before. The squared correlation with the truth, on steps that were not learned from, is 1 where
# that input is still there and 0 where it is forgotten; the sum over all delays is the memory
# capacity (Jaeger, "Short term memory in echo state networks", 2002). Of inputs that are drawn
# independently it is at most the number of units, here 100.
#
# Four ways to link them: at random, by an orthogonal matrix, in a ring, and in a line, where a unit
# hears only the one before. Linear units first, then those with tanh.

from skrnn import EchoStateRegressor
from skrnn.reservoir import Reservoir, memory_capacity

topologies = ["random", "orthogonal", "cycle", "delay_line"]


def make_reservoir(topology, activation="tanh", *, spectral_radius=0.95, input_scaling=0.1):
    """Return a reservoir of 100 units without biases."""
    return Reservoir(
        units=100,
        topology=topology,
        activation=activation,
        spectral_radius=spectral_radius,
        input_scaling=input_scaling,
        bias_scaling=0.0,
        dtype="float64",
        random_state=0,
    )


def measure(reservoir):
    """Return the memory capacity of a reservoir with a linear readout."""
    return memory_capacity(EchoStateRegressor(reservoir=reservoir, alpha=1e-12), max_delay=150)


measured = {
    (activation, topology): measure(make_reservoir(topology, activation))
    for activation in ("identity", "tanh")
    for topology in topologies
}
print("Memory capacity of 100 units")
for (activation, topology), result in measured.items():
    print(f"{activation:<9} {topology:<11} {result.capacity:>6.1f}")

# %%
# Linear units in a ring or with an orthogonal matrix, in which all echoes fade equally fast, reach
# the bound or nearly. Random links let many of them fade so fast that they are lost to rounding and
# to the penalty of the readout. With tanh all remember less. The dashed lines stand at 100 steps,
# as many as there are units.

import matplotlib.pyplot as plt
import numpy as np

figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), sharey=True, layout="constrained")
for ax, activation in zip(axes, ("identity", "tanh"), strict=True):
    for topology in topologies:
        result = measured[activation, topology]
        delays = np.arange(1, len(result.by_delay) + 1)
        ax.plot(delays, result.by_delay, label=f"{topology}: {result.capacity:.1f}")
    ax.set(xlabel="Delay in steps", xlim=(1, 150), ylim=(0, 1.05))
    ax.axvline(100, color="0.5", linestyle="--", linewidth=1)
    ax.grid(alpha=0.3)
    ax.legend(title="Capacity", loc="lower left" if activation == "identity" else "upper right")
axes[0].set(title="Linear units", ylabel="Squared correlation")
_ = axes[1].set_title("tanh units")

# %%
# Weak inputs, long memory
# ------------------------
# tanh bends small values least. Nonlinearity is paid for with memory, and `input_scaling` sets how
# much of it.

scalings = [0.001, 0.01, 0.1, 1.0]
print("input scaling " + "".join(f"{scaling:>8}" for scaling in scalings))
for topology in topologies:
    capacities = [
        measure(make_reservoir(topology, input_scaling=scaling)).capacity for scaling in scalings
    ]
    print(f"{topology:<14}" + "".join(f"{capacity:>8.1f}" for capacity in capacities))

# %%
# One reservoir in pictures
# -------------------------
# `ReservoirDisplay` draws the eigenvalues of the recurrent matrix, the states of some units while a
# sequence drives them, here a single pulse at step 5, and the memory curve. All eigenvalues of an
# orthogonal matrix are equally large, here 0.95: a circle.

from skrnn.inspection import ReservoirDisplay

pulse = np.zeros((120, 1))
pulse[5] = 1
reservoir = make_reservoir("orthogonal").fit(pulse[None])
figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
_ = ReservoirDisplay.from_estimator(reservoir, pulse[None], n_units=10, max_delay=150, ax=axes)

# %%
# Does it forget its start?
# -------------------------
# Beyond some spectral radius a reservoir keeps going by itself: its state then depends on where it
# began, and no longer on the inputs alone. `echo_state_index` runs it from ten random starts and
# from zero, with the same inputs, and averages the distance of the states over the second half of
# the steps. Where the start is forgotten, rounding alone is left.

from skrnn.reservoir import echo_state_index

radii = np.array([0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0])
noise = np.random.default_rng(0).uniform(-1, 1, (1, 1_000, 1))
figure, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
for scaling in (0.1, 0.5, 1.0):
    index = []
    for radius in radii:
        reservoir = make_reservoir("random", spectral_radius=radius, input_scaling=scaling)
        index.append(echo_state_index(reservoir.fit(noise), noise, random_state=0))
    ax.semilogy(radii, np.maximum(index, 1e-18), "o-", markersize=4, label=f"{scaling}")
    forgets = radii[np.array(index) < 1e-12].max()
    print(f"input scaling {scaling}: below 1e-12 up to a spectral radius of {forgets}")
ax.axvline(1, color="0.5", linestyle="--", linewidth=1)
ax.set(xlabel="Spectral radius", ylabel="Echo state index")
ax.grid(alpha=0.3)
ax.legend(title="Input scaling", loc="lower right")
_ = ax.set_title("Distance of states from different starts")

# %%
# A radius below 1 is no law: strong inputs, which push units into the flat parts of tanh, let them
# forget the start at larger radii too. Measure it with your own inputs.
