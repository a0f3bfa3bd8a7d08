"""
==================================================
Is this review positive? One-hot against embedding
==================================================

50,000 film reviews of IMDB (Maas et al., 2011), one half to learn from and one half to be judged,
each positive or negative. The words go into a bidirectional LSTM in two ways: as one-hot steps, a
column for each of 10,000 words, and through an embedding, which learns a vector for each word.
Beside them stands what one should always try first: a linear model on weighted pairs of words.

The page shows a run on some thousands of reviews; ``python plot_imdb_one_hot_vs_embedding.py
--full`` takes all of them. What models of these kinds come to with settings chosen for all reviews
is at the end.
"""

# %%
# The data
# --------
# ``fetch_imdb`` looks in the folder that the environment variable ``SKRNN_DATA`` names before it
# downloads anything.

import sys

from skrnn.datasets import fetch_imdb

N_TRAIN, N_TEST = (25_000, 25_000) if "--full" in sys.argv else (4_000, 4_000)

train, test = fetch_imdb(subset="train"), fetch_imdb(subset="test")
X_train, y_train = train.data[:N_TRAIN], train.target[:N_TRAIN]
X_test, y_test = test.data[:N_TEST], test.target[:N_TEST]
print(f"{len(X_train)} reviews to learn from, {len(X_test)} to be judged")
print(f"The first one, {train.target_names[y_train[0]]}: {X_train[0][:200]}...")

# %%
# Three pipelines
# ---------------
# From raw text to a class, each in one object. The two networks differ in nothing but the way in.
# A network that reads to the end of a long review has forgotten its beginning: so it reads in both
# directions, and ``pooling="max"`` lets every step have its say. A tenth of the training reviews
# is held out to tell when to stop.

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, OneHotSequenceEncoder, RNNClassifier

network = {
    "units": 32,
    "bidirectional": True,
    "pooling": "max",
    "dropout": 0.5,
    "learning_rate": 0.001,
    "epochs": 10,
    "early_stopping": True,
    "patience": 2,
    "metrics": ["accuracy"],
    "random_state": 0,
}
pipelines = {
    "One-hot steps, LSTM": make_pipeline(
        OneHotSequenceEncoder(
            analyzer="word", max_categories=10_000, handle_unknown="infrequent_if_exist"
        ),
        RNNClassifier(**network),
    ),
    "Embedding, LSTM": make_pipeline(
        EmbeddingTokenizer(max_tokens=10_000),
        RNNClassifier(embedding=32, **network),
    ),
    "Pairs of words, linear": make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=10),
    ),
}

# %%
# The one-hot steps are sparse, and the LSTM reads them as they are: the dense numbers of 25,000
# reviews would fill 227 gigabytes.

import time

for name, pipeline in pipelines.items():
    begin = time.perf_counter()
    pipeline.fit(X_train, y_train)
    seconds = time.perf_counter() - begin
    accuracy = pipeline.score(X_test, y_test)
    weights = sum(w.size for w in getattr(pipeline[-1], "weights_", [])) or pipeline[-1].coef_.size
    print(f"{name:<23} accuracy {accuracy:.3f}, {weights:>9,} weights, fitted in {seconds:.0f} s")

# %%
# How they learned
# ----------------
# The training loss goes on falling when the validation loss has long been rising: with a vector,
# or 256 kernel weights, for each of 10,000 words, a network learns single reviews by heart. Early
# stopping goes back to the best epoch, which has a dot.

import matplotlib.pyplot as plt

from skrnn.inspection import HistoryDisplay

figure, axes = plt.subplots(2, 2, figsize=(10, 7), sharex=True, layout="constrained")
for column, name in zip(axes.T, ["One-hot steps, LSTM", "Embedding, LSTM"], strict=True):
    HistoryDisplay.from_estimator(pipelines[name], metrics=["loss", "accuracy"], ax=column)
    column[0].set_title(name)

# %%
# What they take for what
# -----------------------

from sklearn.metrics import ConfusionMatrixDisplay

figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for ax, (name, pipeline) in zip(axes, pipelines.items(), strict=True):
    ConfusionMatrixDisplay.from_estimator(
        pipeline,
        X_test,
        y_test,
        display_labels=test.target_names,
        cmap="Blues",
        colorbar=False,
        ax=ax,
    )
    ax.set_title(name)

# %%
# The surest reviews
# ------------------
# What the network with the embedding is surest of, and where it is sure and wrong:

probability = pipelines["Embedding, LSTM"].predict_proba(X_test)[:, 1]


def show(title, i):
    """Print the beginning of a review, and what the network makes of it."""
    stars = test.rating[i]
    print(f"{title} (P(positive) = {probability[i]:.3f}, {stars} of 10 stars):")
    print(f"    {X_test[i][:300]}...\n")


show("The most positive", probability.argmax())
show("The most negative", probability.argmin())
wrong = abs(probability - y_test)
show("The surest mistake", wrong.argmax())

# %%
# On all reviews
# --------------
# Learned from all 25,000 training reviews, on all 25,000 others, as mean and standard deviation of
# three seeds (``python tests/benchmarks/text.py``, 21 November 2026). Settings were chosen on
# training reviews that were held out: three epochs at a learning rate that falls from 0.005 to
# nothing, 16 units for the one-hot steps, and for the embedding words of one letter and ``!?`` too.
#
# ========================================================  ====================
# Model                                                     Accuracy
# ========================================================  ====================
# Weighted words and pairs of words, logistic regression    0.905
# Embedding of 32, LSTM(32) in both directions              0.8945 ± 0.0014
# One-hot steps of 10,000 words, LSTM(16) in both           0.8894 ± 0.0016
# Which of 10,000 words occur, logistic regression          0.882
# ========================================================  ====================
#
# The order of the words, which only the networks see whole, is worth less here than pairs of
# words in a linear model: a review says what it thinks in its words. That is why the simple model
# should always stand beside the network.
