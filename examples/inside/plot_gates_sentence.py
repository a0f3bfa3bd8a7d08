"""
============================================
Gates, states and attributions of a sentence
============================================

What does an LSTM do while it reads a sentence? We train a tagger of parts of speech on the French
treebank Sequoia, and then look inside it: at its gates for each word, at the hidden states, and at
the words that the prediction for one word depends on.
"""

# %%
# The tagger
# ----------
# A short training is enough here: :ref:`sphx_glr_auto_examples_label_every_step_plot_tagging.py`
# trains longer and compares the tagger with a baseline. The network reads from left to right, so
# that a tag depends on its word and on those before it.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, RNNClassifier
from skrnn.datasets import fetch_sequoia
from skrnn.inspection import AttributionDisplay, GateDisplay, StateDisplay, feature_attributions
from skrnn.metrics import flatten_steps

X_train, y_train = fetch_sequoia(subset="train", return_X_y=True)
X_dev, y_dev = fetch_sequoia(subset="dev", return_X_y=True)
tagger = make_pipeline(
    EmbeddingTokenizer(analyzer="tokens", lowercase=False),
    RNNClassifier(
        cell="lstm", embedding=32, units=32, return_sequences=True, epochs=8, random_state=0
    ),
)
tagger.fit(X_train, y_train)
true, predicted = flatten_steps(y_dev, tagger.predict(X_dev))
print(f"Accuracy on the development sentences: {np.mean(true == predicted):.3f}")
assert np.mean(true == predicted) > 0.8

# %%
# Gates
# -----
# The displays accept a Pipeline, and pass the words through its transformers. We draw the first
# eight units. A gate is yellow if it is open, and dark if it is closed.

sentence = "Le maire de la ville a présenté un projet pour la rénovation de l' école .".split()
tags = tagger.predict([sentence])[0]
words = [f"{word} {tag}" for word, tag in zip(sentence, tags, strict=True)]
gates = GateDisplay.from_estimator(tagger, [sentence], units=np.arange(8), labels=words)
_ = gates.figure_.suptitle("Gates of eight units")

# %%
# How open are the gates at words of different kinds? The mean over all units and over 40 sentences
# differs between parts of speech: at determiners, the output gate is less open than at nouns.

some = range(40)
opened = {"input": [], "forget": [], "output": []}
for i in some:
    display = GateDisplay.from_estimator(tagger, X_dev, sequence=i)
    plt.close(display.figure_)
    for name, values in display.gates.items():
        opened[name].append(values.mean(axis=1))
of_word = np.concatenate([y_dev[i] for i in some])
common, counts = np.unique(of_word, return_counts=True)
means = {}
for tag in common[np.argsort(-counts)][:6]:
    means[tag] = {
        name: np.concatenate(values)[of_word == tag].mean() for name, values in opened.items()
    }
assert means["DET"]["output"] < means["NOUN"]["output"] - 0.05
pd.DataFrame(means).T.add_suffix(" gate").round(2)

# %%
# Hidden states
# -------------
# The output gate decides how much of the cell state the hidden state shows. `StateDisplay` draws
# the hidden states of all units. Red is positive and blue is negative.

states = StateDisplay.from_estimator(tagger, [sentence], labels=sentence)
_ = states.figure_.suptitle("Hidden states of all units")

# %%
# Attributions
# ------------
# Which words does the tag of one word depend on? We ask for the word "présenté", at index 6.
# Integrated gradients divide the probability of the tag, minus that for a sentence of unknown
# tokens (id 1), among the words. Words after it have no attribution.

at = sentence.index("présenté")
attributions = AttributionDisplay.from_estimator(
    tagger, [sentence], time_step=at, baseline=1, labels=words
)
attributions.ax_.set_title(f"Attributions of {words[at]!r}")
assert tags[at] == "VERB"
assert (attributions.attributions[at + 1 :] == 0).all()

# %%
# Over the development sentences, the word itself matters most, then the word before it. Words that
# are further away matter less.

long = [words for words in X_dev if len(words) > 10][:60]
of_others = feature_attributions(tagger, long, time_step=10, baseline=1)
by_distance = np.mean([np.abs(one[10::-1]) for one in of_others], axis=0)
figure, ax = plt.subplots(layout="constrained")
ax.bar(np.arange(11), by_distance)
ax.set(xlabel="Distance from the word, in words", ylabel="Mean absolute attribution")
ax.set_title("Attributions of earlier words")
assert by_distance[0] > by_distance[1] > by_distance[2:].max()
plt.show()

# sphinx_gallery_thumbnail_number = 1
