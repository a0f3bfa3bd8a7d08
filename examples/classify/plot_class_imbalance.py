"""
======================================
Rare classes: weights and thresholds
======================================

A machine has a fault in 4 % of its cycles. A classifier that never finds a fault has an accuracy of
0.96. This example shows which scores reveal that, and two ways to find more faults: class weights
in training, and a lower threshold of the probability afterwards.
"""

# %%
# The data
# --------
# A cycle of the machine is a sequence of 30 to 50 measurements of a current. If there is a fault,
# the current drops for three time steps at some moment, by three times the size of the noise.

import numpy as np
from sklearn.model_selection import train_test_split


def cycle(has_fault, rng):
    """Return the current during one cycle of the machine."""
    n = rng.integers(30, 51)
    current = np.sin(np.linspace(0, np.pi, n)) + rng.normal(scale=0.25, size=n)
    if has_fault:
        start = rng.integers(5, n - 8)
        current[start : start + 3] -= 0.75
    return current


rng = np.random.default_rng(0)
y = (rng.uniform(size=2_400) < 0.04).astype(int)
X = [cycle(has_fault, rng) for has_fault in y]
assert abs(y.mean() - 0.04) < 0.01
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
print(f"{y_train.sum()} faults in {len(y_train):,} training cycles, {y_test.sum()} in the test set")

# %%
# The models
# ----------
# - The baseline never finds a fault.
# - A logistic regression receives the lowest change between neighbouring values and other summaries
#   of a cycle.
# - A network is trained without and with ``class_weight="balanced"``. Then all faults together have
#   the same weight as all other cycles.
# - ``TunedThresholdClassifierCV`` of scikit-learn chooses the threshold of the probability that has
#   the best F1 score in a cross-validation on the training set. The network itself is not changed.

import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import RNNClassifier


def summaries(cycles):
    """Return one row of numbers per cycle."""
    return np.array(
        [[x.min(), x.max(), x.mean(), x.std(), np.diff(x).min(), np.diff(x).max()] for x in cycles]
    )


network = RNNClassifier(cell="gru", units=24, epochs=15, random_state=0)
models = {
    "No faults": make_pipeline(FunctionTransformer(summaries), DummyClassifier()),
    "Summaries, logistic regression": make_pipeline(
        FunctionTransformer(summaries), StandardScaler(), LogisticRegression()
    ),
    "GRU": network,
    "GRU, balanced weights": clone(network).set_params(class_weight="balanced"),
    "GRU, tuned threshold": TunedThresholdClassifierCV(network, scoring="f1", cv=2),
}

# %%
# The scores
# ----------
# Recall is the fraction of the faults that are found, and precision the fraction of the alarms that
# are faults. Average precision depends only on the order of the probabilities, and not on the
# threshold.

from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
)

rows, probabilities = {}, {}
for name, model in models.items():
    y_pred = model.fit(X_train, y_train).predict(X_test)
    probabilities[name] = model.predict_proba(X_test)[:, 1]
    rows[name] = {
        "accuracy": accuracy_score(y_test, y_pred),
        "precision": precision_score(y_test, y_pred, zero_division=0),
        "recall": recall_score(y_test, y_pred),
        "false alarms": np.sum((y_pred == 1) & (y_test == 0)),
        "F1": f1_score(y_test, y_pred),
        "average precision": average_precision_score(y_test, probabilities[name]),
    }
table = pd.DataFrame(rows).T
table.round(3)

# %%
# All models have nearly the same accuracy, which is therefore not a useful score. The recall shows
# the difference: a network that is trained without weights finds few faults. With a lower threshold
# or with balanced weights, it finds more, and raises more false alarms.
#
# In so few epochs, balanced weights also lead to a better order of the probabilities, as the
# average precision shows: without them, the rare faults hardly change the weights of the network.

balanced, plain = table.loc["GRU, balanced weights"], table.loc["GRU"]
tuned = table.loc["GRU, tuned threshold"]
assert np.ptp(table["accuracy"]) < 0.08
assert plain["recall"] < 0.5
assert min(balanced["recall"], tuned["recall"]) > plain["recall"]
assert min(balanced["false alarms"], tuned["false alarms"]) > plain["false alarms"]
assert balanced["average precision"] > plain["average precision"] + 0.05
summaries_alone = table.loc["Summaries, logistic regression"]
assert summaries_alone["average precision"] < balanced["average precision"]

# %%
# Which threshold is best depends on what a false alarm costs. The curves show all of them.

import matplotlib.pyplot as plt
from sklearn.metrics import PrecisionRecallDisplay

styles = {
    "Summaries, logistic regression": {"color": "0.4", "linestyle": ":"},
    "GRU": {"color": "#0072B2", "linestyle": "--"},
    "GRU, balanced weights": {"color": "#D55E00"},
}
figure, ax = plt.subplots(figsize=(6.5, 4.8), layout="constrained")
for name, style in styles.items():
    PrecisionRecallDisplay.from_predictions(
        y_test, probabilities[name], name=name, ax=ax, curve_kwargs=style
    )
    row = table.loc[name]
    ax.plot(row["recall"], row["precision"], "o", color=style["color"], markersize=8)
row = table.loc["GRU, tuned threshold"]
ax.plot(
    row["recall"], row["precision"], "s", color="#0072B2", markersize=8, label="tuned threshold"
)
ax.set(xlabel="Recall", ylabel="Precision", title="Thresholds (points: those that predict uses)")
_ = ax.legend(loc="lower left", fontsize=8)
