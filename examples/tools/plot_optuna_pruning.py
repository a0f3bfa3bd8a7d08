"""
===========================================
A search that stops poor networks early
===========================================

A search over the parameters of a network trains most candidates only to discard them. Many of them
are already behind after a few epochs. `Optuna <https://optuna.org>`_ stops ("prunes") such trials:
the network is trained with ``partial_fit``, one epoch at a time, and its accuracy is reported after
every epoch. :func:`~skrnn.model_selection.suggest_params` draws the parameters of each trial.
"""

# %%
# The data
# --------
# The 1,797 images of handwritten digits have 8 rows of 8 pixels. A recurrent network reads an image
# from top to bottom, one row per time step. The search uses the training and the development set;
# the test set is used once, at the end.

from sklearn.datasets import load_digits

from skrnn.model_selection import train_dev_test_split

digits = load_digits()
X_train, X_dev, X_test, y_train, y_dev, y_test = train_dev_test_split(
    digits.images, digits.target, dev_size=400, test_size=400, stratify=digits.target,
    random_state=0,
)  # fmt: skip
print(f"Training: {len(X_train)} images, development: {len(X_dev)}, test: {len(X_test)}")

# %%
# One trial
# ---------
# After each epoch the trial compares its accuracy with those of the earlier trials after the same
# number of epochs. The `MedianPruner` stops it if it is below their median. The first four trials
# are never stopped, nor is any trial after its first epoch.

import optuna
import pandas as pd
from sklearn.base import clone

from skrnn import RNNClassifier
from skrnn.model_selection import suggest_params

EPOCHS, TRIALS = 8, 10
network = RNNClassifier(random_state=0)


def accuracy_of(trial):
    """Train a network with the parameters of a trial, and return its accuracy on the dev set."""
    candidate = clone(network).set_params(**suggest_params(trial, network))
    for epoch in range(1, EPOCHS + 1):
        candidate.partial_fit(X_train, y_train, classes=digits.target_names)
        accuracy = candidate.score(X_dev, y_dev)
        trial.report(accuracy, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return accuracy


# %%
# The search
# ----------

optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    direction="maximize",
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=2),
)
study.optimize(accuracy_of, n_trials=TRIALS)

pruned = [trial for trial in study.trials if trial.state is optuna.trial.TrialState.PRUNED]
n_epochs = sum(len(trial.intermediate_values) for trial in study.trials)
print(f"{len(pruned)} of {TRIALS} trials were stopped early.")
print(f"{n_epochs} epochs instead of {EPOCHS * TRIALS}")
print(f"Best accuracy on the development set: {study.best_value:.3f}")
assert all(len(trial.intermediate_values) == EPOCHS for trial in study.trials[:4])
pd.Series(study.best_params, name="best trial").to_frame().transpose()

# %%
# The curves show when each trial was stopped. A curve that begins slowly can be the best one in the
# end, so pruning is a bet: it saves time, and may miss the best parameters.

import matplotlib.pyplot as plt
from matplotlib.ticker import PercentFormatter

figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
for trial in study.trials:
    epochs, accuracies = zip(*trial.intermediate_values.items(), strict=True)
    if trial.number == study.best_trial.number:
        style = {"color": "#0072B2", "linewidth": 2.5, "label": "Best trial", "zorder": 3}
    elif trial in pruned:
        style = {"color": "#D55E00", "linewidth": 1, "label": "Stopped early"}
        ax.plot(epochs[-1], accuracies[-1], "x", color="#D55E00")
    else:
        style = {"color": "0.6", "linewidth": 1, "label": "Trained to the end"}
    ax.plot(epochs, accuracies, **style)
by_label = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
ax.legend(by_label.values(), by_label.keys(), loc="lower right")
ax.yaxis.set_major_formatter(PercentFormatter(1))
ax.set(xlabel="Epoch", ylabel="Accuracy on the development set")
_ = ax.set_title("Trials of the search")

# %%
# The best parameters are used for one fit with more epochs, on the training and the development
# set. The default parameters, which were chosen on other data, and logistic regression are the
# baselines. A search on a small development set is not sure to find better parameters than these.

import numpy as np
from sklearn.linear_model import LogisticRegression

X_both, y_both = np.concatenate([X_train, X_dev]), np.concatenate([y_train, y_dev])
finals = {
    "default parameters": clone(network).set_params(epochs=20),
    "best trial": clone(network).set_params(**study.best_params, epochs=20),
}
accuracy = {name: model.fit(X_both, y_both).score(X_test, y_test) for name, model in finals.items()}
regression = LogisticRegression(max_iter=1_000).fit(X_both.reshape(-1, 64) / 16, y_both)
accuracy["logistic regression"] = regression.score(X_test.reshape(-1, 64) / 16, y_test)
pd.DataFrame({"test accuracy": accuracy}).round(3)
