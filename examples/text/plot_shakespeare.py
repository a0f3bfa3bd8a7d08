"""
==========================================
A character model that writes Shakespeare
==========================================

A recurrent network reads plays of Shakespeare one character at a time, and learns to predict the
next one. What it has learned is measured by its cross-entropy on a part that it has not read, and
shown by what it writes: words, speakers, and lines of verse.
"""

# %%
# The data
# --------
# Tiny Shakespeare is one text of a million characters. This page trains on a part of it, so that it
# runs within a minute, and holds out a part of the last tenth.

from skrnn.datasets import fetch_tiny_shakespeare

text = fetch_tiny_shakespeare().data
cut = int(0.9 * len(text))
train, test = text[cut - 300_000 : cut], text[cut : cut + 30_000]
print(f"{len(train):,} characters to train on, {len(test):,} held out, {len(set(text))} symbols")
print(train[:200])

# %%
# A baseline
# ----------
# How well do the five characters before a character predict it? Their counts are smoothed by those
# of the four characters before it, which are smoothed in the same way, down to equal probabilities
# (Witten and Bell, 1991).

import math
from collections import Counter, defaultdict

LENGTHS = range(6)
n_symbols = len(set(text))
followers = {n: defaultdict(Counter) for n in LENGTHS}
for n in LENGTHS:
    for i in range(n, len(train)):
        followers[n][train[i - n : i]][train[i]] += 1


def probability(before, after):
    """Return the smoothed frequency of a character after some others."""
    p = 1 / n_symbols
    for n in LENGTHS:
        found = followers[n].get(before[len(before) - n :])
        if found is None:
            break
        total = found.total()
        p = (found[after] + len(found) * p) / (total + len(found))
    return p


baseline = -sum(
    math.log(probability(test[i - 5 : i], test[i])) for i in range(5, len(test))
) / (len(test) - 5)  # fmt: skip

# %%
# The network
# -----------
# The text is read as 16 parallel streams, in segments of 100 characters.

from skrnn import SequenceGenerator

generator = SequenceGenerator(
    cell="gru",
    units=192,
    embedding=32,
    batch_size=16,
    epochs=5,
    symbols=sorted(set(text)),
    random_state=0,
)
generator.fit(train, X_val=test)
cross_entropy = -generator.score(test)
assert abs(cross_entropy - baseline) < 0.05

import pandas as pd

nats = {"five characters before": baseline, "network": cross_entropy}
pd.DataFrame({"cross-entropy (nats per character)": nats}).round(3)

# %%
# After so short a training, the network predicts about as well as the counts. A network with 256
# units that is trained on all of the text is better; :doc:`the user guide
# </user_guide/generating_text>` has the figures.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
epochs = range(1, generator.n_iter_ + 1)
ax.plot(epochs, generator.history_["loss"], "o-", label="training")
ax.plot(epochs, generator.history_["val_loss"], "o-", label="held out")
ax.axhline(baseline, linestyle="--", color="gray", label="five characters before, held out")
ax.set(
    title="How well the next character is predicted",
    xlabel="Epoch",
    xticks=epochs,
    ylabel="Cross-entropy (nats per character)",
)
_ = ax.legend()

# %%
# What it writes
# --------------
# With temperature 0.5, it prefers probable characters. With 1, it draws from the probabilities that
# it predicts.

for temperature in (0.5, 1.0):
    (written,) = generator.sample(
        prompt="ROMEO:\n", max_length=300, temperature=temperature, random_state=0
    )
    print(f"--- temperature {temperature}\n{written}\n")

# %%
# Where it is certain
# -------------------
# The probability of each character of a line, given those before it. The beginnings of words are
# harder to predict than the letters after them.

import numpy as np

start = test.index("\n\n") + 2
line = test[start : start + 70]
codes = [generator.symbols_.tolist().index(character) for character in line]
proba = generator.predict_proba(test[:start] + line)[-len(line) :]
figure, ax = plt.subplots(figsize=(11, 2.6), layout="constrained")
ax.bar(np.arange(len(line)), proba[np.arange(len(line)), codes])
ax.set_xticks(np.arange(len(line)), [repr(c)[1:-1] if c == "\n" else c for c in line])
ax.set(
    title="Probability of each character",
    xlabel="The characters of a held-out passage",
    ylabel="Probability",
)
letter = np.array([character.isalpha() for character in line])
after_letter = np.append(False, letter[:-1])
is_first, inside = letter & ~after_letter, letter & after_letter
of_character = proba[np.arange(len(line)), codes]
mean_first, mean_inside = of_character[is_first].mean(), of_character[inside].mean()
print(
    f"Mean probability of the first letters of words {mean_first:.2f}, of others {mean_inside:.2f}"
)
assert mean_first < mean_inside
