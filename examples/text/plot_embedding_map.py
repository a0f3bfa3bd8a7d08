"""
=======================
A map of word vectors
=======================

A network that classifies film reviews as good or bad learns a vector for each word. This example
shows what these vectors represent: how strongly each word indicates a good or a bad review.

The page shows a run on 4,000 reviews. ``python plot_embedding_map.py --full`` uses all 25,000.
"""

# %%
# A classifier
# ------------
# With mean pooling after a small layer, a word has a similar influence at every position, so that
# the network learns mainly about the words themselves.

import sys

from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, RNNClassifier
from skrnn.datasets import fetch_imdb

train = fetch_imdb(subset="train")
n = None if "--full" in sys.argv else 4_000
X, y = train.data[:n], train.target[:n]

model = make_pipeline(
    EmbeddingTokenizer(max_tokens=5_000, stop_words="english"),
    RNNClassifier(
        embedding=16,
        cell="gru",
        units=16,
        pooling="mean",
        dropout=0.3,
        batch_size=64,
        learning_rate=0.002,
        epochs=8,
        early_stopping=True,
        patience=2,
        random_state=0,
    ),
).fit(X, y)
tokenizer, network = model[0], model[-1]
vectors = network.weights_[0]
print(f"vectors of {tokenizer.n_tokens_} tokens, {vectors.shape[1]} dimensions")

# %%
# Reviews of a single word
# ------------------------
# The words with the lowest and the highest probability of a good review, for reviews of one word:

import numpy as np
import pandas as pd

words = np.array(list(tokenizer.vocabulary_))
probability = model.predict_proba(words)[:, 1]
order = probability.argsort()
pd.DataFrame(
    {"worst": words[order[:8]], "best": words[order[:-9:-1]]}, index=range(1, 9)
).transpose()

# %%
# The map
# -------
# The figure shows the first two principal components of the 16 dimensions. The colour is the
# probability of a good review for the single word. The first component separates positive from
# negative words, and neutral words lie between them.

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA

ids = np.array(list(tokenizer.vocabulary_.values()))
frequent = 1_500
positions = PCA(2, random_state=0).fit_transform(vectors[ids[:frequent]])
correlation = np.corrcoef(positions[:, 0], probability[:frequent])[0, 1]
print(f"Correlation of the first component with the probability: {abs(correlation):.2f}")
assert abs(correlation) > 0.8

figure, ax = plt.subplots(figsize=(10, 8), layout="constrained")
dots = ax.scatter(*positions.T, c=probability[:frequent], cmap="coolwarm_r", vmin=0, vmax=1, s=12)
figure.colorbar(dots, ax=ax, label="P(positive) of the single word", shrink=0.7)
outermost = np.hypot(*(positions / positions.std(axis=0)).T).argsort()[-50:]
for i in outermost:
    ax.annotate(words[i], positions[i], fontsize=8, xytext=(3, 3), textcoords="offset points")
ax.set(xlabel="First principal component", ylabel="Second principal component")
_ = ax.set_title(f"The {frequent:,} most frequent words")

# %%
# Neighbours
# ----------
# The words with the most similar vectors (cosine similarity). They indicate the same kind of
# review: the network has no reason to learn more about their meaning. The neighbours of a neutral
# word, such as "script", need not resemble it.

from sklearn.metrics.pairwise import cosine_similarity

neighbours = {}
for word in ["excellent", "awful", "laughs", "script"]:
    near = cosine_similarity(vectors[[tokenizer.vocabulary_[word]]], vectors[ids])[0].argsort()
    neighbours[word] = words[near[::-1][1:8]]

of_excellent, of_awful = (
    np.median(probability[np.isin(words, neighbours[word])]) for word in ("excellent", "awful")
)
assert of_excellent > 0.5 > of_awful
pd.DataFrame.from_dict(neighbours, orient="index", columns=range(1, 8))

# %%
# Pre-trained vectors
# -------------------
# Vectors that were learned from a large amount of text can be used if there is little training
# data. Here the training set consists of 200 other reviews. The first network learns its own
# vectors. The second network uses the vectors from above, which are passed as a matrix and not
# changed by the training (``train_embedding=False``). Vectors of gensim, or of a file of GloVe or
# word2vec, can be passed to ``EmbeddingTokenizer.embedding_matrix`` in the same way.

test = fetch_imdb(subset="test")
X_few, y_few = test.data[:200], test.target[:200]
X_test, y_test = test.data[200:2_200], test.target[200:2_200]

given = tokenizer.embedding_matrix(dict(zip(words, vectors[ids], strict=True)))
embeddings = {
    "learned from 200 reviews": {"embedding": 16},
    "pre-trained (above)": {"embedding": given, "train_embedding": False},
}
accuracy = {}
for name, embedding in embeddings.items():
    small = make_pipeline(
        EmbeddingTokenizer(vocabulary=tokenizer.vocabulary_, stop_words="english"),
        RNNClassifier(cell="gru", units=16, pooling="mean", epochs=20, random_state=0, **embedding),
    ).fit(X_few, y_few)
    accuracy[name] = small.score(X_test, y_test)

assert accuracy["pre-trained (above)"] > accuracy["learned from 200 reviews"]
pd.DataFrame({"accuracy": accuracy}).round(3)
