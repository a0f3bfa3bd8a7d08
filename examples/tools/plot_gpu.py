"""
=================================
Which device trains a network?
=================================

Recurrent networks train on a GPU if Keras' backend finds one, without any change of the code. This
example shows which device is used, and measures if a network keeps a processor busy: the larger the
layers and the batches, the more a GPU can help. The page shows a run on the machine that built this
documentation. ``python plot_gpu.py`` shows the same for yours.
"""

# %%
# Which devices?
# --------------
# The backend is chosen before Keras is imported, with the environment variable ``KERAS_BACKEND``
# (``tensorflow``, ``jax`` or ``torch``). ``python -m pip install "skrnn[gpu]"`` installs TensorFlow
# with CUDA. The first question is what the backend sees.

import keras

devices = keras.distribution.list_devices()
gpus = keras.distribution.list_devices("gpu")
print(f"Keras {keras.__version__}, backend {keras.backend.backend()}, devices: {devices}")
print(f"Training runs on {'a GPU' if gpus else 'the CPU'}.")

# %%
# Time per update
# ---------------
# We train networks on random sequences of 50 time steps and measure the time per update of the
# weights and the number of sequences per second. The first epoch compiles the program, so that only
# the later ones are measured, with a callback.

from time import perf_counter

import numpy as np
import pandas as pd

from skrnn import RNNClassifier

rng = np.random.default_rng(0)
X = rng.normal(size=(512, 50, 8)).astype(np.float32)
y = rng.integers(2, size=len(X))


class EpochTimes(keras.callbacks.Callback):
    """Measure the seconds of each epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.start = perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Print nothing, and remember the time."""
        seconds[-1].append(perf_counter() - self.start)


seconds, rows = [], []
for units in (16, 64):
    for batch_size in (32, 256):
        seconds.append([])
        network = RNNClassifier(
            cell="gru",
            units=units,
            batch_size=batch_size,
            epochs=4,
            callbacks=[EpochTimes],
            random_state=0,
        ).fit(X, y)
        epoch = min(seconds[-1][1:])
        rows.append(
            {
                "units": units,
                "sequences per update": batch_size,
                "ms per update": 1000 * epoch / (len(X) / batch_size),
                "sequences per second": len(X) / epoch,
            }
        )
table = pd.DataFrame(rows).set_index(["units", "sequences per update"])
table.round(1)

# %%
# If a network with four times as many units needs much less than 16 times as long per update, the
# processor spends most of its time on other things than products of matrices: a GPU, whose strength
# are large products, would hardly be used either.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
wide = table["sequences per second"].unstack("sequences per update")
wide.plot.bar(ax=ax, rot=0, color=["#56B4E9", "#0072B2"], zorder=2)
ax.grid(axis="y", color="0.9")
ax.set(xlabel="Units", ylabel="Sequences per second")
_ = ax.set_title(f"Training on {'a GPU' if gpus else 'a CPU'}, {keras.backend.backend()}")

ratio = table.loc[(64, 32), "ms per update"] / table.loc[(16, 32), "ms per update"]
print(f"64 units need {ratio:.1f} times as long per update as 16, in batches of 32")

# %%
# What to try if you have a GPU:
#
# - Use larger batches (``batch_size=256`` and more) and a larger ``learning_rate``.
# - Keep ``activation="auto"`` and ``recurrent_dropout=0``, with which layers run in fast loops.
# - For hundreds or thousands of time steps, try ``cell="mingru"``, whose time steps are computed in
#   parallel.
# - Train the networks of a search together, as :doc:`/user_guide/searches` shows.
# - Choose the backend by the kind of work: see :ref:`which-backend`.
