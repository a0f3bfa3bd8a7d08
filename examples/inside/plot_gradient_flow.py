"""
=============================
Why gradients vanish, by cell
=============================

A network can only learn from what happened early in a sequence if the gradient of the loss reaches
these time steps. At each time step, the gradient passes through the recurrence once more, and gets
smaller or larger by some factor.

We show the norm of this gradient for several cells before and after training, on a task that needs
a memory of 50 time steps. The picture before training predicts which networks learn the task. Then
we make the recurrent weights of a simple cell too large, so that its gradient explodes, and train
it with and without clipping.
"""

# %%
# The data
# --------
# The first feature is noise. The second one is zero, except at the first time step, where its sign
# is the label. A classifier that guesses has an accuracy of one half, and a loss of 0.69.

import matplotlib.pyplot as plt
import numpy as np

from skrnn import RNNClassifier
from skrnn.inspection import GateDisplay, GradientFlowDisplay, gradient_flow


def make_recall(n, seed):
    """Return sequences of 50 time steps and 2 features, and labels that the first one decides."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 50, 2))
    y = rng.choice([-1, 1], n)
    X[:, :, 1] = 0
    X[:, 0, 1] = y
    return X, y


X, y = make_recall(512, seed=0)
X_test, y_test = make_recall(512, seed=1)

# %%
# Before training
# ---------------
# Only the cells and their initial biases differ between the estimators. The features are used
# unchanged, and the prediction depends on the last state alone. `gradient_flow` with
# ``weights="initial"`` draws the weights with which `fit` would begin.
#
# At each time step, a GRU keeps about half of its state, and an LSTM, whose forget gate has a bias
# of 1, about three quarters. After 50 time steps, almost nothing of the gradient is left. The
# simple cell has no gates, but its recurrent weights are an orthogonal matrix, which keeps the norm
# of the gradient; only the slope of its activation reduces it. With ``bias_initializer="chrono"``,
# gates keep the state for up to the length of the sequences.

common = dict(
    units=16,
    pooling="last",
    standardize=False,
    add_differences=False,
    learning_rate=0.01,
    epochs=30,
    random_state=0,
)
models = {
    "simple": RNNClassifier(cell="simple", **common),
    "GRU": RNNClassifier(cell="gru", **common),
    "LSTM": RNNClassifier(cell="lstm", **common),
    "GRU, chrono": RNNClassifier(cell="gru", bias_initializer="chrono", **common),
    "LSTM, chrono": RNNClassifier(cell="lstm", bias_initializer="chrono", **common),
}

_, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
reached = {}
for name, model in models.items():
    display = GradientFlowDisplay.from_estimator(model, X, y, weights="initial", ax=axes, name=name)
    norms = display.flow["recurrent_0"]
    reached[name] = norms[0] / norms[-1]
axes.set_title("The gradient before training")

import pandas as pd

pd.DataFrame({"fraction of the gradient at the first time step": reached}).map("{:.0e}".format)

# %%
# After training
# --------------
# The GRU and the LSTM with the usual biases do not learn the task in 30 epochs: their test accuracy
# is close to one half. Those with chrono biases do, and so does the simple cell.

_, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
accuracy, at_the_end = {}, {}
for name, model in models.items():
    accuracy[name] = model.fit(X, y).score(X_test, y_test)
    display = GradientFlowDisplay.from_estimator(model, X, y, ax=axes, name=name)
    at_the_end[name] = display.flow["recurrent_0"][-1]
axes.set_title("The gradient after training")

learned = {name for name in models if accuracy[name] > 0.95}
assert learned == {"simple", "GRU, chrono", "LSTM, chrono"}
assert all(accuracy[name] < 0.6 for name in models.keys() - learned)
# The gradient before training separates the networks that learn from those that do not.
assert min(reached[name] for name in learned) > 10 * max(
    reached[name] for name in models.keys() - learned
)
pd.DataFrame({"test accuracy": {"guessing": 0.5, **accuracy}}).round(3)

# %%
# The gradients of the networks that have learned are small at all time steps, because the loss is
# small. Compare the shape of the curves, and not their height.
#
# The gates of the trained LSTM show how the first time step is kept. The forget gates of most units
# stay open at all time steps, so the cell state is not forgotten, but grows from a small start.

assert max(at_the_end[name] for name in learned) < 0.1 * min(
    at_the_end[name] for name in models.keys() - learned
)
display = GateDisplay.from_estimator(models["LSTM, chrono"], X_test[:1])
assert (display.gates["forget"].min(axis=0) > 0.8).mean() > 0.5
cell_state = np.abs(display.states["cell state"]).mean(axis=1)
assert cell_state[5] < cell_state[20] < cell_state[-1]

# %%
# Exploding gradients and clipping
# --------------------------------
# If the recurrent weights are 1.5 times an orthogonal matrix, the gradient grows towards the first
# time step. The features are small here, because the slope of the activation falls for large states
# and would hide the effect.


def with_large_weights(global_clipnorm):
    """Return a simple network whose recurrent weights have been multiplied by 1.5."""
    settings = {**common, "epochs": 1, "learning_rate": 1e-9}
    model = RNNClassifier(
        cell="simple", optimizer="sgd", schedule="constant", warm_start=True, **settings
    ).fit(0.1 * X, y)
    model.weights_[1] = 1.5 * model.weights_[1]
    return model.set_params(epochs=30, learning_rate=0.1, global_clipnorm=global_clipnorm)


exploding = with_large_weights(None)
norms = gradient_flow(exploding, 0.1 * X, y)["recurrent_0"]
print(f"The gradient at the first time step is {norms[0] / norms[-1]:.0f} times that at the last.")
assert norms[0] > 50 * norms[-1]

# %%
# Stochastic gradient descent with such gradients jumps so far that the network never learns. If the
# norm of the gradient of all weights is limited to 1 in each update, it learns the task. Clipping
# does not change the gradient that reaches each time step, so it does not help if gradients vanish.

losses = {}
figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
GradientFlowDisplay.from_values({"recurrent_0": norms}, ax=axes[0], name="1.5 times the weights")
for name, clipnorm in {"no clipping": None, "global_clipnorm=1": 1.0}.items():
    model = with_large_weights(clipnorm).fit(0.1 * X, y)
    losses[name] = model.history_["loss"][1:]
    axes[1].plot(np.arange(1, 31), losses[name], label=name)
axes[1].set(xlabel="Epoch", ylabel="Training loss", title="Training")
axes[1].legend()
axes[0].set_title("Before training")
assert min(losses["no clipping"]) > 0.6
assert losses["global_clipnorm=1"][-1] < 0.05
plt.show()

# sphinx_gallery_thumbnail_number = 1
