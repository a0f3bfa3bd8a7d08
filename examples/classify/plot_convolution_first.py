"""
===================================
Convolutions before the recurrence
===================================

A recording with hundreds of time steps is slow to read for a recurrent network, and its gradients
have a long way. Often only the order of some short patterns matters. A convolutional layer finds
the patterns, and pooling shortens the sequence, so that the recurrent layer reads a few time steps
with much in each.

:class:`~skrnn.recurrent.ConvBody` puts such layers in front of the recurrent layers of any
estimator.
"""

# %%
# The data
# --------
# A recording has 160 to 220 time steps of noise with a sawtooth and a bump in it. The class is the
# order of the two. No single pattern, and no mean, distinguishes the classes.

import matplotlib.pyplot as plt
import numpy as np

RAMP = np.linspace(-1, 1, 16)
PATTERNS = (2 * RAMP, 2 * (1 - 2 * RAMP**2))


def record(first, rng):
    """Return a recording in which the pattern of index `first` comes before the other one."""
    values = rng.normal(scale=0.4, size=rng.integers(160, 221))
    start = rng.integers(0, 110)
    later = start + 16 + rng.integers(0, len(values) - 32 - start)
    values[start : start + 16] += PATTERNS[first]
    values[later : later + 16] += PATTERNS[1 - first]
    return values


rng = np.random.default_rng(0)
y = rng.integers(2, size=600)
X = [record(first, rng) for first in y]

figure, axes = plt.subplots(2, 1, figsize=(9, 4), sharex=True, layout="constrained")
for ax, name, label in zip(
    axes, ("Sawtooth, then bump", "Bump, then sawtooth"), (0, 1), strict=True
):
    ax.plot(X[int(np.flatnonzero(y == label)[0])], linewidth=0.9)
    ax.set(title=name, ylabel="Value (arbitrary unit)")
_ = axes[1].set_xlabel("Time step")

# %%
# The comparison
# --------------
# The linear model receives the recordings as rows of 160 numbers, cut at the end.

from time import perf_counter

import pandas as pd
from sklearn.linear_model import LogisticRegression

from skrnn import RNNClassifier
from skrnn.recurrent import ConvBody

X_train, X_test, y_train, y_test = X[:400], X[400:], y[:400], y[400:]
models = {
    "Logistic regression": LogisticRegression(max_iter=500),
    "GRU": RNNClassifier(cell="gru", units=32, epochs=20, random_state=0),
    "Convolutions, then GRU": RNNClassifier(
        cell="gru",
        units=32,
        body=ConvBody(filters=24, kernel_size=15, pool_size=6),
        epochs=20,
        random_state=0,
    ),
}
rows = {}
for name, model in models.items():
    train, test = (X_train, X_test)
    if name == "Logistic regression":
        train, test = (np.array([x[:160] for x in part]) for part in (X_train, X_test))
    start = perf_counter()
    model.fit(train, y_train)
    rows[name] = {"test accuracy": model.score(test, y_test), "seconds": perf_counter() - start}
table = pd.DataFrame(rows).T
table.round(2)

# %%
# The recurrent layer alone reads all time steps, one after another. With a convolution and pooling
# it reads a sixth of them, and it is better. The number below is the ratio of the times:

assert table["test accuracy"].idxmax() == "Convolutions, then GRU"
assert table["test accuracy"].nlargest(2).diff().iloc[-1] < -0.1
ratio = table.loc["GRU", "seconds"] / table.loc["Convolutions, then GRU", "seconds"]
print(f"Without the convolution, training takes {ratio:.1f} times as long")

# %%
# The parameters of a body can be tuned as those of any nested estimator, for example
# ``body__kernel_size`` and ``body__pool_size``: see :doc:`/user_guide/bodies`.

# sphinx_gallery_thumbnail_number = 1
