"""
======================================
The adding problem, by cell and length
======================================

In the adding problem, a network reads a sequence of random numbers, two of which are marked, and
predicts the sum of these two. It has to remember the first one until the end. A network whose
gradient vanishes always predicts the mean of all sums.

We train networks with several cells on sequences of 10, 20 and 40 time steps. Those whose gradient
reaches the first half of a sequence learn the task.
"""

# %%
# The data
# --------
# The first feature is a number between 0 and 1, and the second one is the mark. The variance of the
# sum of two such numbers is 1/6, which is therefore the mean squared error of the mean.

import matplotlib.pyplot as plt
import pandas as pd

from skrnn import RNNRegressor
from skrnn.datasets import make_adding_problem

X, y = make_adding_problem(4_000, n_steps=20, random_state=0)
print("The marked numbers of a sequence and their sum:", X[0, X[0, :, 1] == 1, 0], y[0])
print(f"Mean squared error of the mean: {y.var():.3f}")

# %%
# The networks
# ------------
# All networks have 32 units, predict from their last state, and are trained for as many updates.
# They differ in their cell, and in what is done against gradients that vanish:
#
# - The simple cell has an orthogonal recurrent matrix at first, and nothing else.
# - An IRNN is a simple cell with rectified linear units and the identity as its first recurrent
#   matrix, so that it adds up its inputs.
# - The gates of the first GRU have the usual biases, with which half of the state is kept at each
#   time step. Those of the second GRU and of the LSTM are drawn for memories of all lengths up to
#   that of the sequences (``bias_initializer="chrono"``).
# - A layer of linear recurrent units cannot multiply a number by its mark, so the LRU has two
#   layers.

cells = {
    "simple": {"cell": "simple", "learning_rate": 0.001},
    "IRNN": {"cell": "irnn", "learning_rate": 0.003},
    "GRU": {"cell": "gru", "learning_rate": 0.01},
    "GRU, chrono": {"cell": "gru", "learning_rate": 0.01, "bias_initializer": "chrono"},
    "LSTM, chrono": {"cell": "lstm", "learning_rate": 0.01, "bias_initializer": "chrono"},
    "LRU": {"cell": "lru", "units": (32, 32)},
}
common = {"units": 32, "pooling": "last", "standardize": False, "epochs": 6, "random_state": 0}
lengths = [10, 20, 40]

errors = {name: [] for name in cells}
for length in lengths:
    X, y = make_adding_problem(4_000, n_steps=length, random_state=0)
    X_test, y_test = make_adding_problem(1_000, n_steps=length, random_state=1)
    for name, cell in cells.items():
        model = RNNRegressor(**{**common, **cell}).fit(X, y)
        errors[name].append(((model.predict(X_test) - y_test) ** 2).mean())

table = pd.DataFrame({**errors, "always the mean": 1 / 6}, pd.Index(lengths, name="time steps")).T
table.map("{:.1e}".format)

# %%
# Errors by length
# ----------------
# At 40 time steps, the simple cell is not much better than the mean. The gated cells with chrono
# biases and the LRU have an error that is more than fifty times smaller. The GRU with the usual
# biases is worse than that with chrono biases. The IRNN learns the task, but not as well in so few
# updates.

mean = 1 / 6
figure, axes = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
for (name, values), marker in zip(errors.items(), "osv^D*", strict=True):
    axes.loglog(lengths, values, marker=marker, label=name)
axes.axhline(mean, color="0.5", linestyle="--", linewidth=1)
axes.annotate("always the mean", (10, mean), (0, 4), textcoords="offset points", color="0.4")
axes.set_xticks(lengths, map(str, lengths))
axes.minorticks_off()
axes.set(xlabel="Time steps of a sequence", ylabel="Mean squared error", ylim=(2e-5, 0.6))
axes.set_title("The adding problem after 750 updates")
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
axes.grid(alpha=0.3)
plt.show()

longest = {name: values[-1] for name, values in errors.items()}
assert longest["simple"] > 0.6 * mean
assert longest["IRNN"] < mean / 5
assert all(longest[name] < mean / 50 for name in ("GRU, chrono", "LSTM, chrono", "LRU"))
assert longest["IRNN"] > max(longest[name] for name in ("GRU, chrono", "LSTM, chrono", "LRU"))
assert longest["GRU"] > longest["GRU, chrono"]
