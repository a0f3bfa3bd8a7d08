"""
==================================
The part of speech of every word
==================================

The French treebank Sequoia (Candito and Seddah, 2012; Universal Dependencies) gives each word of
its sentences one of 16 parts of speech. A label for every step is ``return_sequences=True``:
labels go in and come out as arrays of strings, one array for each sentence.
"""

# %%
# The data
# --------
# The treebank's own split: 2,231 sentences to learn from, 412 to choose with, 456 for the end.

from skrnn.datasets import fetch_sequoia

X_train, y_train = fetch_sequoia(subset="train", return_X_y=True)
X_dev, y_dev = fetch_sequoia(subset="dev", return_X_y=True)
X_test, y_test = fetch_sequoia(subset="test", return_X_y=True)
for word, tag in list(zip(X_train[1], y_train[1], strict=True))[:6]:
    print(f"{word:<12} {tag}")

# %%
# The network
# -----------
# ``analyzer="tokens"`` takes the words as they are, one id each. A bidirectional layer sees what
# stands before a word and after it. The development sentences tell when to stop; the tokenizer
# has to read them too, which ``transform_input`` says.

import sklearn
from sklearn.pipeline import Pipeline

from skrnn import EmbeddingTokenizer, RNNClassifier

sklearn.set_config(enable_metadata_routing=True)

network = RNNClassifier(
    embedding=64,
    units=64,
    bidirectional=True,
    return_sequences=True,
    dropout=0.3,
    epochs=30,
    early_stopping=True,
    patience=4,
    metrics=["accuracy"],
    random_state=0,
).set_fit_request(X_val=True, y_val=True)
tagger = Pipeline(
    [("words", EmbeddingTokenizer(analyzer="tokens", lowercase=False)), ("rnn", network)],
    transform_input=["X_val"],
)
tagger.fit(X_train, y_train, X_val=X_dev, y_val=y_dev)

# %%
# Beside it, the tag that a word has most often, which is most of what there is to know:

from collections import Counter, defaultdict

import numpy as np

seen = defaultdict(Counter)
for words, tags in zip(X_train, y_train, strict=True):
    for word, tag in zip(words, tags, strict=True):
        seen[word][tag] += 1
most_often = {word: counts.most_common(1)[0][0] for word, counts in seen.items()}
baseline = [np.array([most_often.get(word, "NOUN") for word in words]) for words in X_test]

# %%
# Words and sentences
# -------------------
# Scores a word, and the share of sentences without a single fault:

from sklearn.metrics import accuracy_score, f1_score

from skrnn.metrics import flatten_steps, sequence_accuracy_score

predicted = tagger.predict(X_test)
for name, tags in {"most frequent tag": baseline, "bidirectional LSTM": predicted}.items():
    flat_true, flat_tags = flatten_steps(y_test, tags)
    print(
        f"{name:<19} accuracy {accuracy_score(flat_true, flat_tags):.3f}, "
        f"macro-F1 {f1_score(flat_true, flat_tags, average='macro'):.3f}, "
        f"sentences without a fault {sequence_accuracy_score(y_test, tags):.3f}"
    )

# %%
# Most of what it gets wrong are words that it has never read: they all look alike to it, and only
# the words around them tell what they may be.

known = flatten_steps([np.array([word in seen for word in words]) for words in X_test])
flat_true, flat_tags = flatten_steps(y_test, predicted)
right = flat_true == flat_tags
print(f"accuracy on {known.sum()} words seen in training: {right[known].mean():.3f}")
print(f"accuracy on {(~known).sum()} others: {right[~known].mean():.3f}")

# %%
# The learning curve, and what is taken for what:

import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

from skrnn.inspection import HistoryDisplay

figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5.5), layout="constrained")
HistoryDisplay.from_estimator(tagger, ax=left)
left.set_title("Learning curve")
ConfusionMatrixDisplay.from_predictions(
    flat_true,
    flat_tags,
    normalize="true",
    include_values=False,
    xticks_rotation="vertical",
    cmap="Blues",
    ax=right,
)
_ = right.set_title("Share of each part of speech")

# %%
# A sentence of one's own
# -----------------------

sentence = "Le petit chat de la voisine dort souvent sur mon lit .".split()
for word, tag in zip(sentence, tagger.predict([sentence])[0], strict=True):
    print(f"{word:<12} {tag}")
