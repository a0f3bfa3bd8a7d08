"""
===========================================
Which language does this name come from?
===========================================

The data are 20,050 surnames in 18 languages. A recurrent network reads each name letter by letter,
in both directions. There are 9,384 Russian but only 73 Vietnamese names. The accuracy hardly
depends on the small languages, so the main score is the mean of the F1 scores of all classes
(macro-F1). The network is compared with a linear model on character n-grams of one to four letters.

The page shows a run on 6,000 names. ``python plot_names_languages.py --full`` uses all of them.
"""

# %%
# The data
# --------

import sys
from collections import Counter

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from skrnn.datasets import fetch_names

names = fetch_names()
X, y = names.data, names.target
if "--full" not in sys.argv:
    X, _, y, _ = train_test_split(X, y, train_size=6_000, stratify=y, random_state=0)
of_all = Counter(names.target_names[code] for code in names.target)
assert (len(names.data), len(of_all)) == (20_050, 18)
assert (of_all["Russian"], of_all["Vietnamese"]) == (9_384, 73)

table = pd.DataFrame({"language": np.array(names.target_names)[y], "name": X}).groupby("language")
table["name"].agg(names="count", examples=lambda some: ", ".join(some[:3])).sort_values(
    "names", ascending=False
)

# %%
# Two pipelines
# -------------
# With ``analyzer="char"`` each letter is a token. Lower and upper case letters are different
# tokens, because the positions of capital letters are informative (O'Neal, McDonald).

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skrnn import EmbeddingTokenizer, RNNClassifier

pipelines = {
    "Letters, LSTM": make_pipeline(
        EmbeddingTokenizer(analyzer="char", lowercase=False),
        RNNClassifier(
            units=64,
            bidirectional=True,
            embedding=32,
            dropout=0.2,
            batch_size=64,
            learning_rate=0.01,
            epochs=12,
            random_state=0,
        ),
    ),
    "Character n-grams, linear": make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False, sublinear_tf=True),
        LinearSVC(),
    ),
}

# %%
# In three folds, each name is predicted by a model that was not trained on it. Many names occur
# more than once, and some in several languages. Equal names are a group, which is never in both
# the training and the test part of a fold.

from time import perf_counter

from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold

folds = list(StratifiedGroupKFold(3, shuffle=True, random_state=0).split(X, y, groups=X))
predicted, scores = {}, {}
for name, pipeline in pipelines.items():
    begin = perf_counter()
    predicted[name] = np.empty_like(y)
    for train, test in folds:
        pipeline.fit([X[i] for i in train], y[train])
        predicted[name][test] = pipeline.predict([X[i] for i in test])
    scores[name] = {
        "accuracy": accuracy_score(y, predicted[name]),
        "macro-F1": f1_score(y, predicted[name], average="macro"),
        "seconds": perf_counter() - begin,
    }

table = pd.DataFrame(scores).T
table.round(3)

# %%
# On so few names, the network is not clearly better than the linear model, which is fitted in a
# fraction of the time.

linear, network = table.loc["Character n-grams, linear"], table.loc["Letters, LSTM"]
assert linear["accuracy"] > network["accuracy"] - 0.02
assert linear["macro-F1"] > network["macro-F1"] - 0.02
assert linear["seconds"] < network["seconds"] / 3

# %%
# Confusion matrix
# ----------------
# Each row of the matrix adds up to one. It shows the fraction of the names of a language that is
# classified as each of the languages.

import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

figure, ax = plt.subplots(figsize=(9, 8), layout="constrained")
ConfusionMatrixDisplay.from_predictions(
    y,
    predicted["Letters, LSTM"],
    display_labels=names.target_names,
    normalize="true",
    include_values=False,
    xticks_rotation="vertical",
    cmap="Blues",
    ax=ax,
)
_ = ax.set_title("Letters, LSTM: fraction of the names of each language")

# %%
# Your own names
# --------------
# The network of the last fold predicts the language of names that you choose.

own = ["Rossini", "Yamanaka", "Papadakis", "Kowalczyk", "O'Sullivan", "Nguyen"]
rows = {}
for name, probability in zip(own, pipelines["Letters, LSTM"].predict_proba(own), strict=True):
    best = probability.argsort()[::-1][:3]
    rows[name] = [f"{names.target_names[i]} {probability[i]:.2f}" for i in best]
pd.DataFrame(rows, index=["most probable", "second", "third"]).transpose()
