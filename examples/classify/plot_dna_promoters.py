"""
======================================
DNA: find promoters by their motifs
======================================

A promoter is the place of a genome at which the reading of a gene begins. Many promoters of
bacteria contain two short motifs, TTGACA and TATAAT, with about 17 bases between them. In most
promoters, some bases of the motifs differ.

We simulate such DNA, and classify it from its bases: with counts of short words, and with a network
of convolutions and recurrent layers. Then the network shows which bases matter to it.
"""

# %%
# The data
# --------
# A sequence has 60 to 100 random bases. A promoter contains both motifs in this order at a distance
# of 15 to 19 bases. The other class contains them too, but in the reverse order, so that it is not
# enough to find the motifs. Each base of a motif is replaced with a probability of 8 %.

import numpy as np

BASES = np.array(list("ACGT"))


def mutated(motif, rng):
    """Return a motif, some of whose bases are replaced by random ones."""
    is_kept = rng.uniform(size=len(motif)) > 0.08
    return np.where(is_kept, list(motif), rng.choice(BASES, len(motif)))


def make_dna(is_promoter, rng):
    """Return a sequence of bases as text, and the position of its first motif."""
    bases = rng.choice(BASES, rng.integers(60, 101))
    first, second = ("TTGACA", "TATAAT") if is_promoter else ("TATAAT", "TTGACA")
    start = rng.integers(0, len(bases) - 32)
    later = start + 6 + rng.integers(15, 20)
    bases[start : start + 6] = mutated(first, rng)
    bases[later : later + 6] = mutated(second, rng)
    return "".join(bases), (start, later)


rng = np.random.default_rng(0)
y = np.repeat([1, 0], 500)
X, motifs = zip(*[make_dna(is_promoter, rng) for is_promoter in y], strict=True)
print(X[0])

# %%
# The comparison
# --------------
# ``OneHotSequenceEncoder`` turns each base into a time step with four columns, one of which is 1.
# :class:`~skrnn.recurrent.ConvBody` puts convolutional layers in front of the recurrent layers: a
# filter of 9 bases can recognise a motif, and the recurrent layers learn the order.
#
# The baseline counts all words of up to 6 bases.

import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skrnn import OneHotSequenceEncoder, RNNClassifier
from skrnn.recurrent import ConvBody

X_train, X_test, y_train, y_test, _, motifs_test = train_test_split(
    list(X), y, motifs, test_size=250, stratify=y, random_state=0
)
network = RNNClassifier(cell="gru", units=16, bidirectional=True, epochs=20, random_state=0)
body = ConvBody(filters=32, kernel_size=9, pool_size=4, shortcut=False)
encoder = OneHotSequenceEncoder()
models = {
    "Words of up to 6 bases, logistic regression": make_pipeline(
        CountVectorizer(analyzer="char", ngram_range=(3, 6), lowercase=False),
        LogisticRegression(max_iter=500),
    ),
    "Bidirectional GRU": make_pipeline(encoder, network),
    "Convolution, then GRU": make_pipeline(encoder, RNNClassifier(
        cell="gru", units=16, bidirectional=True, body=body, epochs=20, random_state=0,
    )),
}  # fmt: skip
accuracy = {
    name: model.fit(X_train, y_train).score(X_test, y_test) for name, model in models.items()
}
pd.DataFrame({"accuracy": accuracy}).round(3)
