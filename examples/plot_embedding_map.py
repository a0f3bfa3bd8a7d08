"""
=======================
A map of word vectors
=======================

A network that learned to tell good reviews from bad ones has learned a vector for each word on the
way. Nobody told it what the words mean: words that do the same work in a review came to lie side
by side.

The page shows what some thousands of reviews teach; ``python plot_embedding_map.py --full`` takes
all 25,000.
"""

# %%
# A classifier
# ------------
# Mean pooling after a small layer: each word counts the same wherever it stands, so that there is
# little for the network to remember but the words.

import sys

from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, RNNClassifier
from skrnn.datasets import fetch_imdb

train = fetch_imdb(subset="train")
n = None if "--full" in sys.argv else 6_000
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
        epochs=10,
        early_stopping=True,
        patience=2,
        random_state=0,
    ),
).fit(X, y)
tokenizer, network = model[0], model[-1]
vectors = network.weights_[0]
print(f"vectors of {tokenizer.n_tokens_} tokens, {vectors.shape[1]} dimensions")

# %%
# What a word alone is worth
# --------------------------
# The probability of a good review for reviews of one word each:

import numpy as np

words = np.array(list(tokenizer.vocabulary_))
probability = model.predict_proba(words)[:, 1]
order = probability.argsort()
print("worst:", ", ".join(words[order[:12]]))
print("best: ", ", ".join(words[order[:-13:-1]]))

# %%
# The map
# -------
# Of the 16 dimensions the two in which the vectors differ most, by principal components. The
# colour is what the word alone is worth: one direction of the map is praise and blame, and what
# tells nothing lies between.

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA

ids = np.array(list(tokenizer.vocabulary_.values()))
frequent = 1_500
places = PCA(2, random_state=0).fit_transform(vectors[ids[:frequent]])

figure, ax = plt.subplots(figsize=(10, 8), layout="constrained")
dots = ax.scatter(*places.T, c=probability[:frequent], cmap="coolwarm_r", vmin=0, vmax=1, s=12)
figure.colorbar(dots, ax=ax, label="P(positive) of the word alone", shrink=0.7)
outermost = np.hypot(*(places / places.std(axis=0)).T).argsort()[-50:]
for i in outermost:
    ax.annotate(words[i], places[i], fontsize=8, xytext=(3, 3), textcoords="offset points")
ax.set(xlabel="first principal component", ylabel="second principal component")
_ = ax.set_title(f"The {frequent:,} most frequent words")

# %%
# Neighbours
# ----------
# The words whose vectors point the same way (cosine similarity):

from sklearn.metrics.pairwise import cosine_similarity

for word in ["excellent", "awful", "laughs", "script"]:
    near = cosine_similarity(vectors[[tokenizer.vocabulary_[word]]], vectors[ids])[0].argsort()
    print(f"{word:<10} {', '.join(words[near[::-1][1:8]])}")

# %%
# Vectors that travel
# -------------------
# Vectors learned on much text serve where there is little. Here 200 other reviews are all there is
# to learn from: once with vectors of their own, and once with those from above, given as a matrix
# and kept as they are (``train_embedding=False``). Vectors of gensim, or of a file of GloVe or
# word2vec, come in through ``EmbeddingTokenizer.embedding_matrix`` in the same way.

test = fetch_imdb(subset="test")
X_few, y_few = test.data[:200], test.target[:200]
X_judge, y_judge = test.data[200:2_200], test.target[200:2_200]

given = tokenizer.embedding_matrix(dict(zip(words, vectors[ids], strict=True)))
embeddings = {
    "learned from 200 reviews": {"embedding": 16},
    "given, learned above": {"embedding": given, "train_embedding": False},
}
for name, embedding in embeddings.items():
    small = make_pipeline(
        EmbeddingTokenizer(vocabulary=tokenizer.vocabulary_, stop_words="english"),
        RNNClassifier(cell="gru", units=16, pooling="mean", epochs=20, random_state=0, **embedding),
    ).fit(X_few, y_few)
    print(f"{name:<25} accuracy {small.score(X_judge, y_judge):.3f}")
