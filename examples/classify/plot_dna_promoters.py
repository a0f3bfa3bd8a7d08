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
# A sequence has 60 to 100 random bases. A promoter contains both motifs, with 15 to 19 bases
# between them, and each base of a motif is replaced with a probability of 12 %. The other class is
# other DNA; half of it contains one of the motifs.

import numpy as np

BASES = np.array(list("ACGT"))


def mutated(motif, rng):
    """Return a motif, some of whose bases are replaced by random ones."""
    is_kept = rng.uniform(size=len(motif)) > 0.12
    return np.where(is_kept, list(motif), rng.choice(BASES, len(motif)))


def make_dna(is_promoter, rng):
    """Return a sequence of bases as text, and the position of each of its motifs."""
    bases = rng.choice(BASES, rng.integers(60, 101))
    start = rng.integers(0, len(bases) - 32)
    motifs = {start: "TTGACA", start + 6 + rng.integers(15, 20): "TATAAT"}
    if not is_promoter:
        motifs.pop(rng.choice(list(motifs)))
        motifs = motifs if rng.uniform() < 0.5 else {}
    for position, motif in motifs.items():
        bases[position : position + 6] = mutated(motif, rng)
    return "".join(bases), list(motifs)


rng = np.random.default_rng(0)
y = np.repeat([1, 0], 900)
X, motifs = zip(*[make_dna(is_promoter, rng) for is_promoter in y], strict=True)
print(X[0])

# %%
# The comparison
# --------------
# ``OneHotSequenceEncoder`` turns each base into a time step with four columns, one of which is 1.
# :class:`~skrnn.recurrent.ConvBody` puts convolutional layers in front of the recurrent layers: a
# filter of 9 bases can recognise a motif even if a base differs, and the recurrent layers combine
# what the filters find.
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
    list(X), y, motifs, test_size=600, stratify=y, random_state=0
)
models = {
    "Words of up to 6 bases, logistic regression": make_pipeline(
        CountVectorizer(analyzer="char", ngram_range=(3, 6), lowercase=False),
        LogisticRegression(max_iter=500),
    ),
    "Convolution, then GRU": make_pipeline(
        OneHotSequenceEncoder(),
        RNNClassifier(
            cell="gru",
            units=16,
            body=ConvBody(filters=32, kernel_size=9, pool_size=4, dropout=0.3),
            epochs=15,
            random_state=0,
        ),
    ),
}
accuracy = {
    name: model.fit(X_train, y_train).score(X_test, y_test) for name, model in models.items()
}
pd.DataFrame({"accuracy": accuracy}).round(3)

# %%
# A motif of which one base differs is another word, so the baseline has to learn each variant from
# its own examples. A filter of a convolution adds up the bases that are right.

conv = "Convolution, then GRU"
assert accuracy[conv] > accuracy["Words of up to 6 bases, logistic regression"] + 0.03

# %%
# Which bases matter?
# -------------------
# We replace each base of a test promoter by the three others, and look at how much the probability
# of a promoter falls on average. Biologists do the same experiment with real DNA, one mutation at a
# time.

import matplotlib.pyplot as plt

model = models["Convolution, then GRU"]
probability = model.predict_proba(X_test)[:, 1]
shown = [i for i in np.argsort(-probability) if y_test[i] == 1][10]
sequence, starts = X_test[shown], motifs_test[shown]

mutants = [
    sequence[:position] + base + sequence[position + 1 :]
    for position in range(len(sequence))
    for base in BASES
]
fall = probability[shown] - model.predict_proba(mutants)[:, 1].reshape(-1, 4)
effect = fall.sum(axis=1) / 3

figure, ax = plt.subplots(figsize=(11, 3.2), layout="constrained")
ax.bar(np.arange(len(sequence)), effect, color="#0072B2")
for start in starts:
    ax.axvspan(start - 0.5, start + 5.5, color="#E69F00", alpha=0.3, zorder=0)
ax.set_xticks(np.arange(len(sequence)), list(sequence), fontsize=6)
ax.margins(x=0.01)
ax.set(xlabel="Base (shaded: the two motifs)", ylabel="Fall of the probability")
_ = ax.set_title("Effect of a mutation on the probability of a promoter")

# %%
# The bases of the motifs matter more than twice as much as the others:

in_motif = np.zeros(len(sequence), dtype=bool)
for start in starts:
    in_motif[start : start + 6] = True
mean_inside, mean_outside = np.abs(effect[in_motif]).mean(), np.abs(effect[~in_motif]).mean()
print(f"Mean effect inside the motifs {mean_inside:.3f}, outside {mean_outside:.3f}")
assert mean_inside > 2 * mean_outside
