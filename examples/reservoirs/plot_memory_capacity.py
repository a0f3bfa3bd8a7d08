"""
==========================================
Memory of a reservoir
==========================================

The state of a reservoir depends on all inputs so far, on newer ones more than on older ones. How
many of the past inputs can be reconstructed from it depends on how its units are connected and on
how nonlinear they are. Two measures show this: the memory capacity and the echo state index.
"""

# %%
# Memory capacity
# ---------------
# The input is noise. For each delay, a linear readout is trained to reproduce the input that many
# time steps before. Its squared correlation with that input on test steps is 1 if the input can be
# reconstructed and 0 if it is forgotten. The sum over all delays is the memory capacity (Jaeger,
# "Short term memory in echo state networks", 2002). For independent inputs it is at most the number
# of units, here 100.
#
# Four topologies are compared: random connections, an orthogonal matrix, a ring, and a line, in
# which each unit receives only from the one before it; first with linear units, then with tanh.

import pandas as pd

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
capacity = pd.Series({key: result.capacity for key, result in measured.items()}).unstack(0)
capacity.loc[list(topologies)].round(1)

# %%
# Linear units in a ring or with an orthogonal matrix, in which all directions decay equally fast,
# reach more than nine tenths of the bound. With random connections many directions decay so fast
# that they are lost to rounding and to the penalty of the readout. With tanh all capacities are
# smaller. The dashed lines are at 100 time steps, the number of units.

import matplotlib.pyplot as plt
import numpy as np

assert capacity.loc[["cycle", "orthogonal"], "identity"].min() > 90
assert capacity.max().max() < 101
assert capacity.loc["random", "identity"] < capacity.loc["cycle", "identity"] - 20
assert (capacity["tanh"] < capacity["identity"]).all()

figure, axes = plt.subplots(1, 2, figsize=(11, 4.4), sharey=True, layout="constrained")
for ax, activation in zip(axes, ("identity", "tanh"), strict=True):
    for topology, style in zip(topologies, ("-", "--", "-.", ":"), strict=True):
        result = measured[activation, topology]
        delays = np.arange(1, len(result.by_delay) + 1)
        ax.plot(delays, result.by_delay, style, label=f"{topology}: {result.capacity:.1f}")
    ax.set(xlabel="Delay in time steps", xlim=(1, 150), ylim=(0, 1.05))
    ax.axvline(100, color="0.5", linestyle="--", linewidth=1)
    ax.grid(alpha=0.3)
    ax.legend(title="Capacity", loc="lower left" if activation == "identity" else "upper right")
axes[0].set(title="Linear units", ylabel="Squared correlation")
_ = axes[1].set_title("tanh units")

# %%
# Weak inputs, long memory
# ------------------------
# For small values, tanh is nearly linear. More nonlinearity means less memory, and `input_scaling`
# controls it.

scalings = [0.001, 0.01, 0.1, 1.0]
by_scaling = {
    topology: [
        measure(make_reservoir(topology, input_scaling=scaling)).capacity for scaling in scalings
    ]
    for topology in topologies
}
assert all(values[0] > values[-1] for values in by_scaling.values())
pd.DataFrame(by_scaling, index=pd.Index(scalings, name="input scaling")).T.round(1)

# %%
# A picture of one reservoir
# --------------------------
# `ReservoirDisplay` draws the eigenvalues of the recurrent matrix, the states of some units for an
# input sequence, here a single pulse at time step 5, and the memory curve. All eigenvalues of an
# orthogonal matrix have the same absolute value, here 0.95, so they lie on a circle.

from skrnn.inspection import ReservoirDisplay

pulse = np.zeros((120, 1))
pulse[5] = 1
reservoir = make_reservoir("orthogonal").fit(pulse[None])
figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
_ = ReservoirDisplay.from_estimator(reservoir, pulse[None], n_units=10, max_delay=150, ax=axes)
_ = figure.suptitle("A reservoir of 100 units with an orthogonal matrix")

# %%
# Is the initial state forgotten?
# -------------------------------
# Above some spectral radius the states of a reservoir depend on its initial state, and not only on
# the inputs. `echo_state_index` runs the reservoir from ten random initial states and from zero,
# with the same inputs, and averages the distance of the states over the second half of the time
# steps. If the initial state is forgotten, only rounding remains.

from skrnn.reservoir import echo_state_index

radii = np.array([0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0])
noise = np.random.default_rng(0).uniform(-1, 1, (1, 1_000, 1))
forgets = {}
figure, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
for scaling, style in zip((0.1, 0.5, 1.0), ("o-", "s--", "^:"), strict=True):
    index = []
    for radius in radii:
        reservoir = make_reservoir("random", spectral_radius=radius, input_scaling=scaling)
        index.append(echo_state_index(reservoir.fit(noise), noise, random_state=0))
    ax.semilogy(radii, np.maximum(index, 1e-18), style, markersize=4, label=f"{scaling}")
    forgets[scaling] = radii[np.array(index) < 1e-12].max()
ax.axvline(1, color="0.5", linestyle="--", linewidth=1)
ax.set(xlabel="Spectral radius", ylabel="Echo state index")
ax.grid(alpha=0.3)
ax.legend(title="Input scaling", loc="lower right")
_ = ax.set_title("Distance of states from different starts")

# %%
# The largest of these radii at which the initial state is forgotten, with a distance below 1e-12. A
# radius below 1 is not necessary: strong inputs move units into the flat parts of tanh, where the
# initial state is forgotten even at larger radii. Measure the index with your own inputs.

assert forgets[1.0] > max(1, forgets[0.1])
pd.DataFrame({"spectral radius": forgets}).rename_axis("input scaling").transpose()

# sphinx_gallery_thumbnail_number = 1
