"""
=======================================
A sensor, one time step after another
=======================================

A vibration sensor on a pump sends 50 values per second. In which state is the pump now? A program
that shuts the pump down cannot wait for the end of the recording: it needs an answer after each
value, and before the next one arrives. A stream carries the state of a recurrent network from one
time step to the next, and reads each value only once.
"""

# %%
# The recordings
# --------------
# The data are simulated. A normal pump vibrates at its rotation frequency of 4 Hz. With an
# imbalance, it vibrates more strongly. With cavitation, the vibration has its usual strength, but
# its frequency varies between 4 and 7 Hz. A single value therefore does not show the state, but the
# last values together do. The state changes at random.

import numpy as np

STATES = np.array(["normal", "imbalance", "cavitation"])
RATE = 50  # values per second


def record(n_steps, rng):
    """Return a recording of shape (n_steps, 1), and the state at each time step."""
    state = np.empty(n_steps, dtype=int)
    state[0] = 0
    for t in range(1, n_steps):
        changes = rng.random() < 1 / 250
        state[t] = rng.integers(len(STATES)) if changes else state[t - 1]
    frequency = np.where(state == 2, rng.uniform(4, 7, n_steps), 4.0)
    amplitude = np.array([1.0, 1.6, 1.0])[state]
    phase = 2 * np.pi * np.cumsum(frequency) / RATE
    signal = amplitude * np.sin(phase) + 0.3 * rng.standard_normal(n_steps)
    return signal[:, None], STATES[state]


rng = np.random.default_rng(0)
recordings = [record(400, rng) for _ in range(60)]
X, y = [signal for signal, _ in recordings], [states for _, states in recordings]
test_signal, test_states = record(1500, np.random.default_rng(7))

# %%
# Baselines
# ---------
# The baselines are the most frequent state, and a logistic regression on the strength of the
# vibration: the standard deviation of the last 25 values, half a second.

import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score


def strength(signal):
    """Return the standard deviation of the last 25 values at each time step."""
    return pd.Series(signal[:, 0]).rolling(25, min_periods=2).std().bfill().to_numpy()[:, None]


features, labels = np.concatenate([strength(signal) for signal in X]), np.concatenate(y)
scores = {}
for name, baseline in {
    "most frequent": DummyClassifier(),
    "strength": LogisticRegression(class_weight="balanced"),
}.items():
    predicted = baseline.fit(features, labels).predict(strength(test_signal))
    scores[name] = balanced_accuracy_score(test_states, predicted)

# %%
# The network
# -----------
# It predicts the state at each time step from the time steps so far. `predict` reads the whole test
# recording at once, which a program cannot do while the pump runs.

from skrnn import RNNClassifier

network = RNNClassifier(
    cell="gru",
    units=24,
    return_sequences=True,
    epochs=25,
    batch_size=8,
    learning_rate=0.01,
    random_state=0,
).fit(X, y)
at_once = network.predict([test_signal])[0]
scores["GRU"] = balanced_accuracy_score(test_states, at_once)
assert scores["GRU"] > scores["strength"] > scores["most frequent"]
pd.DataFrame({"balanced accuracy": scores}).round(3)

# %%
# The stream
# ----------
# `stream` needs only the weights: it computes with NumPy, and loads no deep-learning framework. It
# predicts the same as `predict`.

import time

stream = network.stream(method="predict_proba")
probabilities, durations = [], []
for value in test_signal:
    begin = time.perf_counter()
    probabilities.append(stream.send(value))
    durations.append(time.perf_counter() - begin)
probabilities = np.array(probabilities)

assert np.allclose(probabilities, network.predict_proba([test_signal])[0], atol=1e-5)
print(f"{1e6 * np.median(durations):.0f} microseconds per time step, as the median")
assert np.median(durations) < 1 / RATE

# %%
# How soon is a fault reported? The delay is the time from a change of the state to the first time
# step at which the new state has a probability above one half. Every change of the test recording
# is reported within half a second.

codes = {name: i for i, name in enumerate(network.classes_)}
changes = np.flatnonzero(test_states[1:] != test_states[:-1]) + 1
delays = {}
for begin, end in zip(changes, [*changes[1:], len(test_states)], strict=True):
    found = np.flatnonzero(probabilities[begin:end, codes[test_states[begin]]] > 0.5)
    delays[begin / RATE] = found[0] / RATE if len(found) else np.inf
assert max(delays.values()) < 0.5

table = pd.DataFrame(
    {"new state": test_states[changes], "delay of the report (s)": delays.values()}
)
table.set_index(pd.Index(delays, name="time of the change (s)"))

# %%
# The picture shows the recording, and below it the probability of each state as the stream reported
# it at that moment. The background is the true state.

from itertools import pairwise

import matplotlib.pyplot as plt

seconds = np.arange(len(test_signal)) / RATE
colors = {"normal": "#009E73", "imbalance": "#0072B2", "cavitation": "#D55E00"}
figure, (top, bottom) = plt.subplots(2, sharex=True, figsize=(9, 5), layout="constrained")
top.plot(seconds, test_signal[:, 0], color="0.3", linewidth=0.7)
top.set(ylabel="Vibration (mm/s)", title="A recording of a pump, with its state")
for name in STATES:
    bottom.plot(seconds, probabilities[:, codes[name]], color=colors[name], label=name)
bottom.set(xlabel="Time (s)", ylabel="Probability", title="Predicted after each time step")
bottom.set(xlim=(0, seconds[-1]), ylim=(0, 1.02))
bounds = [0, *changes, len(test_states)]
for begin, end in pairwise(bounds):
    for ax in (top, bottom):
        ax.axvspan(
            begin / RATE, end / RATE, color=colors[test_states[begin]], alpha=0.15, linewidth=0
        )
bottom.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=3)
plt.show()

# %%
# The state can be stored while the pump rests, and a new stream continues from it, also in another
# process:

later = network.stream(stream.state, method="predict_proba")
assert (later.send(test_signal[0]) == stream.send(test_signal[0])).all()
