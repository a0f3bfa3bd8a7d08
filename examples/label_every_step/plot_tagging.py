"""
==================================
The part of speech of every word
==================================

In the French treebank Sequoia (Candito and Seddah, 2012; Universal Dependencies), each word has one
of 16 parts of speech. With ``return_sequences=True`` a network predicts one label per time step.
The targets and the predictions are lists with one array of strings per sentence.
"""

# %%
# The data
# --------
# The split of the treebank has 2,231 training, 412 development and 456 test sentences.

import pandas as pd

from skrnn.datasets import fetch_sequoia

X_train, y_train = fetch_sequoia(subset="train", return_X_y=True)
X_dev, y_dev = fetch_sequoia(subset="dev", return_X_y=True)
X_test, y_test = fetch_sequoia(subset="test", return_X_y=True)
assert (len(X_train), len(X_dev), len(X_test)) == (2231, 412, 456)
assert len({tag for tags in y_train for tag in tags}) == 16
pd.DataFrame({"word": X_train[1], "part of speech": y_train[1]}).head(6).transpose()

# %%
# The network
# -----------
# With ``analyzer="tokens"`` each word gets one id. A bidirectional layer reads the words before and
# after each word. The development sentences are used for early stopping. They have to be
# transformed by the tokenizer too, which is requested with ``transform_input``.

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
# The baseline is a lookup table with the most frequent tag of each word:

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
# The scores of single words, and the fraction of sentences without any error:

from sklearn.metrics import accuracy_score, f1_score

from skrnn.metrics import flatten_steps, sequence_accuracy_score

predicted = tagger.predict(X_test)
scores = {}
for name, tags in {"most frequent tag": baseline, "bidirectional LSTM": predicted}.items():
    flat_true, flat_tags = flatten_steps(y_test, tags)
    scores[name] = {
        "accuracy": accuracy_score(flat_true, flat_tags),
        "macro-F1": f1_score(flat_true, flat_tags, average="macro"),
        "sentences without an error": sequence_accuracy_score(y_test, tags),
    }

table = pd.DataFrame(scores).T
assert (table.loc["bidirectional LSTM"] > table.loc["most frequent tag"]).all()
table.round(3)

# %%
# The accuracy is lower for words that do not occur in the training sentences. They all have the id
# of the unknown token, so that only the surrounding words are informative.

known = flatten_steps([np.array([word in seen for word in words]) for words in X_test])
flat_true, flat_tags = flatten_steps(y_test, predicted)
correct = flat_true == flat_tags
assert correct[known].mean() > correct[~known].mean()
pd.DataFrame(
    {
        "words": [known.sum(), (~known).sum()],
        "accuracy": [correct[known].mean().round(3), correct[~known].mean().round(3)],
    },
    index=["seen in training", "not seen"],
)

# %%
# The learning curve and the confusion matrix:

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
_ = right.set_title("Fraction of each part of speech")

# %%
# Your own sentence
# -----------------

sentence = "Le petit chat de la voisine dort souvent sur mon lit .".split()
pd.DataFrame({"word": sentence, "predicted": tagger.predict([sentence])[0]}).transpose()
