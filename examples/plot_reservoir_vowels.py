"""
======================================
Who is speaking? A reservoir listens
======================================

Nine men say two Japanese vowels, "ae". An utterance is 7 to 29 steps of 12 numbers, and there are
270 to learn from: few for a network all of whose weights are trained. An echo state network trains
only a linear readout; its recurrent part, the reservoir, is drawn once and left alone.
"""

# %%
# The data
# --------
# The split is the authors' own: 30 utterances of each speaker to learn from, 370 for the end.

import numpy as np

from skrnn.datasets import fetch_japanese_vowels

X_train, y_train = fetch_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = fetch_japanese_vowels(subset="test", return_X_y=True)
for name, X, y in [("train", X_train, y_train), ("test", X_test, y_test)]:
    lengths = [len(utterance) for utterance in X]
    print(
        f"{name:<5} {len(X)} utterances of {min(lengths)} to {max(lengths)} steps, "
        f"of each speaker {np.bincount(y).tolist()}"
    )

# %%
# The pipelines
# -------------
# ``TimeDistributed`` scales each of the 12 numbers over the steps of all utterances. The reservoir
# reads each utterance twice, from its start and from its end. What is read out is either the last
# state of both directions, or with ``pooling="mean"`` the mean of all states.
#
# Beside them stand two linear models without a reservoir. One reads the mean of the steps, which
# knows nothing of their order; the other reads all steps in a row, with zeros up to step 29.

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import EchoStateClassifier, TimeDistributed
from skrnn.reservoir import Reservoir


def listener(pooling):
    """Scaled steps, a reservoir that reads them both ways, a linear readout."""
    network = EchoStateClassifier(
        reservoir=Reservoir(bidirectional=True, bias_scaling=0.6),
        units=500,
        spectral_radius=0.9,
        leak_rate=0.3,
        input_scaling=0.4,
        alpha=10,
        readout_input=False,
        pooling=pooling,
        random_state=0,
    )
    return Pipeline([("scale", TimeDistributed(StandardScaler())), ("network", network)])


def mean_of_steps(X):
    """One row of 12 numbers an utterance."""
    return np.stack([utterance.mean(axis=0) for utterance in X])


def steps_in_a_row(X):
    """One row of 29 * 12 numbers an utterance."""
    return np.stack([np.pad(steps, ((0, 29 - len(steps)), (0, 0))).ravel() for steps in X])


def linear(make_table):
    """Logistic regression on a table made of the utterances."""
    return make_pipeline(
        FunctionTransformer(make_table), StandardScaler(), LogisticRegression(max_iter=2000)
    )


models = {
    "reservoir, last states": listener("last"),
    "reservoir, mean of states": listener("mean"),
    "linear, mean of steps": linear(mean_of_steps),
    "linear, steps in a row": linear(steps_in_a_row),
}

# %%
# Cross-validation
# ----------------
# Five folds of the training set: the mean accuracy, and its standard deviation over folds. A fold
# is 54 utterances, so that one utterance in it is 0.019.

from time import perf_counter

from sklearn.model_selection import StratifiedKFold, cross_val_score

folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X_train, y_train))
for name, model in models.items():
    begin = perf_counter()
    scores = cross_val_score(model, X_train, y_train, cv=folds)
    seconds = perf_counter() - begin
    print(f"{name:<26} {scores.mean():.3f} +- {scores.std():.3f}   ({seconds:.1f} s)")

# %%
# What the leak rate and the penalty do
# -------------------------------------
# The leak rate says how fast the states move, ``alpha`` how small the readout's coefficients are
# kept. A grid search takes them as any other parameters of scikit-learn.

from sklearn.model_selection import GridSearchCV

rates, penalties = [0.05, 0.1, 0.3, 1.0], [0.01, 0.1, 1, 10]
search = GridSearchCV(
    models["reservoir, last states"],
    {"network__leak_rate": rates, "network__alpha": penalties},
    cv=folds,
).fit(X_train, y_train)
# Parameters are gone through in the order of their names: alpha, then leak_rate.
accuracy = search.cv_results_["mean_test_score"].reshape(len(penalties), len(rates))
spread = search.cv_results_["std_test_score"].reshape(len(penalties), len(rates))
print(
    f"best: {search.best_params_}, {search.best_score_:.3f} "
    f"+- {spread.ravel()[search.best_index_]:.3f}"
)

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
image = ax.imshow(accuracy, cmap="viridis", aspect="auto")
for row, column in np.ndindex(accuracy.shape):
    ax.text(
        column,
        row,
        f"{accuracy[row, column]:.3f}\n± {spread[row, column]:.3f}",
        ha="center",
        va="center",
        color="black" if accuracy[row, column] > accuracy.mean() else "white",
    )
ax.set(
    xticks=range(len(rates)),
    xticklabels=rates,
    xlabel="leak_rate",
    yticks=range(len(penalties)),
    yticklabels=penalties,
    ylabel="alpha",
    title="Accuracy, mean and deviation of five folds",
)
_ = figure.colorbar(image, ax=ax)

# %%
# With ``leak_rate=1`` the states follow each step, where slower ones gather an utterance: no
# penalty brings it near the best. But all of this lies within three utterances a fold.
#
# The test set, once
# ------------------
# The last line has what the grid chose.

models["reservoir, of the grid"] = search.best_estimator_
for name, model in models.items():
    model.fit(X_train, y_train)
    wrong = np.count_nonzero(model.predict(X_test) != y_test)
    print(f"{name:<26} {1 - wrong / len(y_test):.3f}, {wrong} of {len(y_test)} wrong")

# %%
# Every reservoir does better than the linear models, as in cross-validation. The grid came back to
# the settings from before, which had been chosen on the same training set.
#
# What the readout reads
# ----------------------
# One utterance, the states of 60 units that read it from its start, and who is taken for whom by
# the reservoir of the grid.

from sklearn.metrics import ConfusionMatrixDisplay

best = search.best_estimator_
utterance = best["scale"].transform(X_test[:1])
(states,) = best["network"].hidden_states(utterance, return_sequences=True)

figure, axes = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained", width_ratios=[1, 1, 1.2])
axes[0].plot(utterance[0])
axes[0].set(title="An utterance of speaker 1, scaled", xlabel="step", ylabel="12 coefficients")
image = axes[1].imshow(states[:, :60].T, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
axes[1].set(title="States of 60 units", xlabel="step", ylabel="unit")
figure.colorbar(image, ax=axes[1])
ConfusionMatrixDisplay.from_estimator(
    best,
    X_test,
    y_test,
    display_labels=range(1, 10),
    cmap="Blues",
    colorbar=False,
    ax=axes[2],
)
_ = axes[2].set(title="Test utterances", xlabel="speaker predicted", ylabel="speaker")
