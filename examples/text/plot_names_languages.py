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

from sklearn.model_selection import train_test_split

from skrnn.datasets import fetch_names

names = fetch_names()
X, y = names.data, names.target
if "--full" not in sys.argv:
    X, _, y, _ = train_test_split(X, y, train_size=6_000, stratify=y, random_state=0)
for code, n in Counter(y.tolist()).most_common():
    examples = [name for name, target in zip(X, y, strict=True) if target == code][:3]
    print(f"{names.target_names[code]:<11} {n:>5}   {', '.join(examples)}")

# %%
# Two pipelines
# -------------
# With ``analyzer="char"`` each letter is a token. Lower and upper case letters are different
# tokens, because the positions of capital letters are informative (O'Neal, McDonald).

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, RNNClassifier

pipelines = {
    "Letters, LSTM": make_pipeline(
        EmbeddingTokenizer(analyzer="char", lowercase=False),
        RNNClassifier(
            units=64,
            bidirectional=True,
            embedding=32,
            dropout=0.2,
            epochs=12,
            random_state=0,
        ),
    ),
    "Character n-grams, linear": make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), lowercase=False, sublinear_tf=True),
        LogisticRegression(C=30, max_iter=2000),
    ),
}

# %%
# In three folds, each name is predicted by a model that was not trained on it. Many names occur
# more than once, and some in several languages. Equal names are a group, which is never in both
# the training and the test part of a fold.

import pandas as pd
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

folds = list(StratifiedGroupKFold(3, shuffle=True, random_state=0).split(X, y, groups=X))
predicted, scores = {}, {}
for name, pipeline in pipelines.items():
    predicted[name] = cross_val_predict(pipeline, X, y, cv=folds)
    scores[name] = {
        "accuracy": accuracy_score(y, predicted[name]),
        "macro-F1": f1_score(y, predicted[name], average="macro"),
    }

pd.DataFrame(scores).T.round(3)

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

model = pipelines["Letters, LSTM"].fit(X, y)
for name in ["Rossini", "Yamanaka", "Papadakis", "Kowalczyk", "O'Sullivan", "Nguyen"]:
    probability = model.predict_proba([name])[0]
    best = probability.argsort()[::-1][:3]
    guesses = ", ".join(f"{names.target_names[i]} {probability[i]:.2f}" for i in best)
    print(f"{name:<12} {guesses}")
