"""
==============================
Is this text message spam?
==============================

Spam can be recognised by its words ("free", "claim", "prize") and by its letters: it has telephone
numbers, prices and capital letters. A network reads messages letter by letter, and another one word
by word. They are compared with a linear model of words, which is hard to beat here.
"""

# %%
# The data
# --------
# 13 % of 5,574 messages are spam. Many messages were sent several times, so we keep one of each:
# otherwise the test set would contain messages of the training set.

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from skrnn.datasets import fetch_sms_spam

messages, is_spam = fetch_sms_spam(return_X_y=True)
assert len(messages) == 5_574
assert round(np.mean(is_spam), 2) == 0.13
_, once = np.unique(messages, return_index=True)
X, y = [messages[i] for i in once], is_spam[once]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=2_500, stratify=y, random_state=0
)
print(f"{len(X_train):,} training and {len(X_test):,} test messages, {y.mean():.0%} of them spam")
pd.DataFrame({"spam": y_train[:6], "message": [message[:70] for message in X_train[:6]]})

# %%
# The models
# ----------
# ``EmbeddingTokenizer`` turns texts into sequences of integers. With ``embedding=16``, the network
# learns a vector for each of them. The largest output over all time steps (the default
# ``pooling="max"``) suits words that are a sign of spam wherever they occur.

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, RNNClassifier

network = RNNClassifier(cell="gru", units=24, embedding=16, epochs=6, random_state=0)
models = {
    "Words, logistic regression": make_pipeline(
        TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=100)
    ),
    "Letters, logistic regression": make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), lowercase=False, sublinear_tf=True),
        LogisticRegression(C=100),
    ),
    "Words, GRU": make_pipeline(EmbeddingTokenizer(max_tokens=2_000), network),
    "Letters, GRU": make_pipeline(
        EmbeddingTokenizer(analyzer="char", lowercase=False, max_length=160), network
    ),
}

# %%
# The comparison
# --------------
# A message that is wrongly classified as spam is lost. So we look at how much spam is found at a
# threshold at which at most one of 200 good messages is lost.

from time import perf_counter

from sklearn.metrics import average_precision_score, roc_curve

rows, spam_probability = {}, {}
for name, model in models.items():
    begin = perf_counter()
    model.fit(X_train, y_train)
    seconds = perf_counter() - begin
    spam_probability[name] = model.predict_proba(X_test)[:, 1]
    lost, found, _ = roc_curve(y_test, spam_probability[name])
    rows[name] = {
        "accuracy": model.score(X_test, y_test),
        "average precision": average_precision_score(y_test, spam_probability[name]),
        "spam found, 0.5 % of the others lost": found[lost <= 0.005].max(),
        "seconds to fit": seconds,
    }
table = pd.DataFrame(rows).T
table.round(3)

# %%
# Linear models of words or groups of letters are better than the networks, in a fraction of the
# time. This is usual for short texts in which single words decide.

assert table["average precision"].filter(like="logistic").max() > 0.95
seconds = table["seconds to fit"]
assert seconds.filter(like="logistic").max() < seconds.filter(like="GRU").min()
assert (
    table["average precision"].filter(like="GRU").max()
    < table["average precision"].filter(like="logistic").min()
)

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
for (name, probability), style in zip(
    spam_probability.items(), (":", "--", "-.", "-"), strict=True
):
    lost, found, _ = roc_curve(y_test, probability)
    ax.plot(100 * lost, 100 * found, style, label=name)
ax.axvline(0.5, color="0.7", linewidth=0.8)
ax.set(xlim=(0, 3), ylim=(70, 100.5), title="Spam found and good messages lost")
ax.set(xlabel="Good messages lost (%)", ylabel="Spam found (%)")
_ = ax.legend(loc="lower right")

# %%
# Which messages are confused?
# ----------------------------
# The good message that the network of letters finds most like spam, and the spam that it finds
# least like spam:

doubtful = spam_probability["Letters, GRU"]
rows = {}
for meaning, order in (("good", np.argsort(-doubtful)), ("spam", np.argsort(doubtful))):
    i = next(i for i in order if y_test[i] == (meaning == "spam"))
    rows[meaning] = {"probability of spam": doubtful[i].round(2), "message": X_test[i][:90]}
pd.DataFrame(rows).T.head()
