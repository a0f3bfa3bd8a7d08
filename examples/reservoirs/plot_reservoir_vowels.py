"""
======================================
Identify speakers with a reservoir
======================================

Nine men say two Japanese vowels, "ae". An utterance has 7 to 29 time steps of 12 numbers, and the
training set has 270 utterances, which are few if all weights of a network are trained. In an echo
state network only a linear readout is trained; its recurrent part, the reservoir, is drawn at
random.
"""

# %%
# The data
# --------
# The split is that of the authors: 30 training utterances of each speaker, and 370 for the test.

import numpy as np
import pandas as pd

from skrnn.datasets import fetch_japanese_vowels

X_train, y_train = fetch_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = fetch_japanese_vowels(subset="test", return_X_y=True)
lengths = [len(utterance) for utterance in X_train + X_test]
assert (min(lengths), max(lengths)) == (7, 29)
of_speaker = {"training": np.bincount(y_train), "test": np.bincount(y_test)}
pd.DataFrame(of_speaker, index=pd.RangeIndex(1, 10, name="utterances of speaker")).transpose()

# %%
# The pipelines
# -------------
# ``TimeDistributed`` scales each of the 12 numbers over the time steps of all utterances. The
# reservoir reads each utterance twice, from its start and from its end. The readout receives either
# the last state of both directions, or with ``pooling="mean"`` the mean of all states.
#
# They are compared with two linear models without a reservoir. One receives the mean of the time
# steps, which does not depend on their order; the other receives all time steps side by side,
# padded with zeros to 29.

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import EchoStateClassifier, TimeDistributed
from skrnn.reservoir import Reservoir


def with_reservoir(pooling):
    """Return a pipeline: scaled time steps, a bidirectional reservoir, a linear readout."""
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
    """Return one row of 12 numbers per utterance."""
    return np.stack([utterance.mean(axis=0) for utterance in X])


def steps_in_a_row(X):
    """Return one row of 29 * 12 numbers per utterance."""
    return np.stack([np.pad(steps, ((0, 29 - len(steps)), (0, 0))).ravel() for steps in X])


def linear(make_table):
    """Return logistic regression on a table that is made from the utterances."""
    return make_pipeline(
        FunctionTransformer(make_table), StandardScaler(), LogisticRegression(max_iter=2000)
    )


models = {
    "reservoir, last states": with_reservoir("last"),
    "reservoir, mean of states": with_reservoir("mean"),
    "linear, mean of steps": linear(mean_of_steps),
    "linear, steps in a row": linear(steps_in_a_row),
}

# %%
# Cross-validation
# ----------------
# The mean accuracy over five folds of the training set, and its standard deviation. A fold has 54
# utterances, so that one of them is worth 0.019.

from time import perf_counter

from sklearn.model_selection import StratifiedKFold, cross_val_score

folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X_train, y_train))
rows = {}
for name, model in models.items():
    begin = perf_counter()
    scores = cross_val_score(model, X_train, y_train, cv=folds)
    seconds = perf_counter() - begin
    rows[name] = {
        "accuracy": f"{scores.mean():.3f} ± {scores.std():.3f}",
        "seconds": f"{seconds:.1f}",
    }

pd.DataFrame(rows).T.head(10)

# %%
# The leak rate and the penalty
# -----------------------------
# The leak rate determines how fast the states change, and ``alpha`` how small the coefficients of
# the readout are. They are tuned in a grid search like all parameters of scikit-learn.

from sklearn.model_selection import GridSearchCV

rates, penalties = [0.1, 0.3, 1.0], [0.1, 1, 10]
search = GridSearchCV(
    models["reservoir, last states"],
    {"network__leak_rate": rates, "network__alpha": penalties},
    cv=folds,
).fit(X_train, y_train)
# The grid is in the order of the names of the parameters: alpha, then leak_rate.
accuracy = search.cv_results_["mean_test_score"].reshape(len(penalties), len(rates))
spread = search.cv_results_["std_test_score"].reshape(len(penalties), len(rates))
print(
    f"best: {search.best_params_}, {search.best_score_:.3f} "
    f"± {spread.ravel()[search.best_index_]:.3f}"
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
    title="Accuracy: mean and standard deviation of five folds",
)
_ = figure.colorbar(image, ax=ax, label="Mean accuracy")

# %%
# With ``leak_rate=1`` the states follow each time step, while slower states average over an
# utterance: for no penalty is it the best. But the differences are of a few utterances per fold.

best_of_rate = dict(zip(rates, accuracy.max(axis=0), strict=True))
assert best_of_rate[1.0] < max(best_of_rate.values())
assert np.ptp(accuracy) < 5 / 54

# %%
# The test set
# ------------
# The last line is the model that the grid search has chosen.

models["reservoir, grid search"] = search.best_estimator_
rows = {}
for name, model in models.items():
    wrong = np.count_nonzero(model.fit(X_train, y_train).predict(X_test) != y_test)
    rows[name] = {"accuracy": 1 - wrong / len(y_test), f"wrong of {len(y_test)}": wrong}
table = pd.DataFrame.from_dict(rows, orient="index")
table.round(3)

# %%
# Every reservoir is better than the linear models.

on_test = table["accuracy"]
assert on_test.filter(like="reservoir").min() > on_test.filter(like="linear").max()

# %%
# The states that the readout receives
# ------------------------------------
# One utterance, the states of 60 units that read it from its start, and the confusion matrix of the
# reservoir that the grid search has chosen.

from sklearn.metrics import ConfusionMatrixDisplay

best = search.best_estimator_
utterance = best["scale"].transform(X_test[:1])
(states,) = best["network"].hidden_states(utterance, return_sequences=True)

figure, axes = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained", width_ratios=[1, 1, 1.2])
image = axes[0].imshow(utterance[0].T, cmap="RdBu_r", vmin=-3, vmax=3, aspect="auto")
axes[0].set(title="An utterance of speaker 1, scaled", xlabel="Time step", ylabel="Coefficient")
figure.colorbar(image, ax=axes[0])
image = axes[1].imshow(states[:, :60].T, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
axes[1].set(title="States of 60 units", xlabel="Time step", ylabel="Unit")
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
_ = axes[2].set(title="Test utterances", xlabel="Predicted speaker", ylabel="True speaker")

# sphinx_gallery_thumbnail_number = 2
