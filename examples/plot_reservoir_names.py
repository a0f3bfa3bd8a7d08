"""
======================================
Names heard by a reservoir
======================================

A reservoir reads surnames letter by letter, and a linear readout of its states says which of 18
languages a name comes from. Nothing in it was trained to remember letters. The second half of the
page makes visible what it remembers all the same: the trace that each letter leaves in the state
after the last one.
"""

# %%
# The data
# --------
# 6,000 names, as in :ref:`sphx_glr_auto_examples_plot_names_languages.py`, where a trained network
# reads them. Each letter becomes a one-hot step, upper and lower case apart. The steps stay sparse,
# and the reservoir reads them as codes: a step takes one column of the input weights.

from sklearn.model_selection import train_test_split

from skrnn import OneHotSequenceEncoder
from skrnn.datasets import fetch_names

names = fetch_names()
X, _, y, _ = train_test_split(
    names.data, names.target, train_size=6_000, stratify=names.target, random_state=0
)
steps = OneHotSequenceEncoder().fit_transform(X)
n_letters, n_columns = sum(matrix.shape[0] for matrix in steps), steps[0].shape[1]
print(f"{len(X):,} names, {n_letters:,} letters, {n_columns} different ones")
print(f"numbers stored: {sum(matrix.nnz for matrix in steps):,} of {n_letters * n_columns:,}")

# %%
# Four pipelines, one readout
# ---------------------------
# All of them end in ridge regression on an indicator of each language, with the same class weights:
# Russian has 2,808 of these names and Vietnamese 22, and a name of a language that has a quarter of
# the names counts twice as much. They differ in what the regression reads:
#
# - the states that two reservoirs come to, one from each end of the name;
# - the mean of the states at all letters;
# - how often each letter occurs, which knows nothing of their order;
# - pieces of one to four letters, weighted by how rare they are.

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

from skrnn import EchoStateClassifier
from skrnn.reservoir import Reservoir

counts = np.bincount(y)
class_weight = dict(enumerate(np.sqrt(counts.mean() / counts)))


def listener(pooling):
    """Sparse one-hot letters, a reservoir that reads them both ways, a linear readout."""
    return make_pipeline(
        OneHotSequenceEncoder(handle_unknown="ignore"),
        EchoStateClassifier(
            reservoir=Reservoir(bidirectional=True),
            units=1000,
            alpha=1,
            pooling=pooling,
            class_weight=class_weight,
            random_state=0,
        ),
    )


pipelines = {
    "reservoir, last states": listener("last"),
    "reservoir, mean of states": listener("mean"),
    "counts of letters": make_pipeline(
        OneHotSequenceEncoder(handle_unknown="ignore", output="counts"),
        RidgeClassifier(class_weight=class_weight),
    ),
    "pieces of letters": make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False, sublinear_tf=True),
        RidgeClassifier(class_weight=class_weight),
    ),
}

# %%
# Each name is predicted by a model that has not seen it, in five folds. Many names are there more
# than once, and some in several languages: as groups they are never on both sides of a split.

from time import perf_counter

from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

folds = list(StratifiedGroupKFold(5, shuffle=True, random_state=0).split(X, y, groups=X))
for name, pipeline in pipelines.items():
    begin = perf_counter()
    predicted = cross_val_predict(pipeline, X, y, cv=folds)
    seconds = perf_counter() - begin
    accuracy = accuracy_score(y, predicted)
    macro_f1 = f1_score(y, predicted, average="macro")
    print(f"{name:<26} accuracy {accuracy:.3f}, macro-F1 {macro_f1:.3f}   ({seconds:.0f} s)")

# %%
# Pieces of letters tell a little more than any states, and that linear model takes a fraction of
# the time: for short words from a large collection it is the one to begin with. The order of
# letters is worth a lot, as the counts of letters show, and the states know it. Their mean is
# better than the last states alone: each of the states that it is the mean of holds a trace of the
# few letters before it.
#
# The trace of a letter
# ---------------------
# Take a name, change one letter, and let a reservoir read both, from the start. How far apart are
# the two states after the last letter? The further back the letter, the fainter its trace: how fast
# it fades is what the spectral radius and the leak rate set.
#
# A faint trace can still be read. For each place counted from the end, a readout is fitted to say
# which letter stood there, from the last state alone, and judged on names that it has not seen.

rng = np.random.default_rng(0)
longer = np.array(sorted({name for name in names.data if len(name) >= 9}))
longer = rng.permutation(longer)[:2000].tolist()
heard, unheard = longer[:1500], longer[1500:]
alphabet = list("abcdefghijklmnopqrstuvwxyz")
places = np.arange(8)
letters = OneHotSequenceEncoder().fit(names.data)


def with_another_letter(name, place):
    """The name with another letter at a place counted from the end."""
    at = len(name) - 1 - place
    other = rng.choice([letter for letter in alphabet if letter != name[at]])
    return name[:at] + other + name[at + 1 :]


def letters_at(some_names, place):
    """The letter of each name at a place counted from the end."""
    return [name[-1 - place] for name in some_names]


changed = [[with_another_letter(name, place) for name in unheard] for place in places]
settings = {
    "spectral radius 0.4": {"spectral_radius": 0.4},
    "spectral radius 0.9": {"spectral_radius": 0.9},
    "spectral radius 0.9, leak rate 0.3": {"spectral_radius": 0.9, "leak_rate": 0.3},
}
apart, decoded = {}, {}
for name, parameters in settings.items():
    apart[name], decoded[name] = [], []
    for place in places:
        network = EchoStateClassifier(alpha=1e-2, readout_input=False, random_state=0, **parameters)
        network.fit(letters.transform(heard), letters_at(heard, place))
        true = letters_at(unheard, place)
        decoded[name].append(np.mean(network.predict(letters.transform(unheard)) == true))
        states = network.hidden_states(letters.transform(unheard))
        others = network.hidden_states(letters.transform(changed[place]))
        distance = np.linalg.norm(states - others, axis=1) / np.linalg.norm(states, axis=1)
        apart[name].append(distance.mean())
    print(name)
    print("  apart  ", " ".join(f"{value:.4f}" for value in apart[name]))
    print("  decoded", " ".join(f"{value:.4f}" for value in decoded[name]))

# %%
# Beside it, who always says the letter that is most frequent at a place:

import matplotlib.pyplot as plt

frequent = []
for place in places:
    found, times = np.unique(letters_at(heard, place), return_counts=True)
    frequent.append(np.mean(np.array(letters_at(unheard, place)) == found[times.argmax()]))

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for name in settings:
    left.semilogy(places, apart[name], "o-")
    right.plot(places, decoded[name], "o-", label=name)
right.plot(places, frequent, "--", color="gray", label="most frequent letter")
left.set(
    title="How far apart one changed letter leaves the states",
    xlabel="letters after the changed one",
    ylabel="distance, relative to the state",
)
right.set(
    title="How well a letter is read from the last state",
    xlabel="letters after it",
    ylabel="accuracy on unseen names",
    ylim=(0, 1.03),
)
_ = right.legend()

# %%
# With a spectral radius of 0.4 a letter four places back moves the state by a hundredth, and is
# still read nine times out of ten; three places further nothing is left to read. With 0.9 the trace
# fades more slowly. A leak rate of 0.3 keeps still more of letters far back, and yet they are
# harder to read: how large a trace is does not say how well it can be told from the others.
