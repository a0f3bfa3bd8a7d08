"""
==========================
Reading dates out of words
==========================

People write a date in many forms: "the 3rd of march 2014", "03/14/99", "Mar 14, 1999". An
encoder-decoder reads such a text letter by letter, and writes the date as ISO 8601 does:
"2014-03-03". The two texts have different lengths, and their parts are in different orders. With
attention, the decoder looks for the letters that it needs, and a picture shows where it looks.
"""

# %%
# The data
# --------
# We make 3,000 different dates of the years 1950 to 2049 in eight forms. In these years, the last
# two digits determine the year.

from datetime import date, timedelta

import numpy as np
import pandas as pd

months = (
    "January February March April May June July August September October November December".split()
)
forms = (
    "{month:02}/{day:02}/{short_year}",
    "{month}/{day}/{year}",
    "{day}.{month}.{year}",
    "{name:.3} {day}, {year}",
    "{day} {name} {year}",
    "{name} the {ordinal}, {year}",
    "the {ordinal} of {name} {year}",
    "{ordinal} {name:.3} {short_year}",
)


def written(day, form):
    """Return a date in one of the forms."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 if day.day // 10 != 1 else 0, "th")
    return form.format(
        day=day.day,
        month=day.month,
        year=day.year,
        short_year=f"{day.year % 100:02}",
        name=months[day.month - 1],
        ordinal=f"{day.day}{ending}",
    ).lower()


rng = np.random.default_rng(0)
made = {}
while len(made) < 3_000:
    day = date(1950, 1, 1) + timedelta(days=int(rng.integers(36_525)))
    made[written(day, forms[rng.integers(len(forms))])] = day.isoformat()
X, y = list(made), list(made.values())
X_train, X_test, y_train, y_test = X[:2_500], X[2_500:], y[:2_500], y[2_500:]
pd.DataFrame({"source": X[:6], "target": y[:6]})

# %%
# The model
# ---------
# The targets are strings, so that their characters are the tokens. `EmbeddingTokenizer` converts
# the sources to ids of characters. The encoder reads in both directions, and the decoder uses
# Luong's attention. The baseline is the parser of ``dateutil``, which pandas uses too. It is
# written by hand for such texts, but cannot know that 68 is the year 1968 here, or that 3.4. is in
# April.

from dateutil.parser import ParserError, parse
from sklearn.pipeline import make_pipeline

from skrnn import EmbeddingTokenizer, Seq2SeqClassifier
from skrnn.metrics import sequence_accuracy_score

model = make_pipeline(
    EmbeddingTokenizer(analyzer="char"),
    Seq2SeqClassifier(
        units=64,
        bidirectional=True,
        embedding=32,
        target_embedding=32,
        attention="luong",
        learning_rate=0.005,
        batch_size=64,
        epochs=12,
        random_state=0,
    ),
)
model.fit(X_train, y_train)
predicted = model.predict(X_test)


def parsed(text):
    """Return the date that dateutil reads, if any."""
    try:
        return parse(text, fuzzy=True).date().isoformat()
    except ParserError:
        return ""


exact = {
    "dateutil": sequence_accuracy_score(y_test, list(map(parsed, X_test))),
    "encoder-decoder": sequence_accuracy_score(y_test, predicted),
}
assert exact["encoder-decoder"] > max(0.95, exact["dateutil"])
pd.DataFrame({f"fraction of {len(y_test)} dates without any error": exact}).round(3)

# %%
# The dates need not be of the test set:

others = ["14.7.1989", "july the 14th, 1989", "14th jul 89"]
pd.DataFrame({"source": others, "predicted": model.predict(others)})

# %%
# Where the decoder looks
# -----------------------
# `attention_weights` returns one row per character of the target, with one weight per character of
# the source. A row has a sum of one. We draw three dates.

import matplotlib.pyplot as plt

tokenizer, network = model
texts = ["the 23rd of august 1996", "aug 23, 1996", "08/23/96"]
maps = network.attention_weights(tokenizer.transform(texts))
figure, axes = plt.subplots(
    1, 3, figsize=(11, 4.2), layout="constrained", width_ratios=[len(text) for text in texts]
)
for ax, text, target, weights in zip(axes, texts, model.predict(texts), maps, strict=True):
    image = ax.imshow(weights, vmin=0, vmax=1, cmap="viridis", aspect="auto")
    ax.set_xticks(range(len(text)), ["␣" if character == " " else character for character in text])
    ax.set_yticks(range(len(target) + 1), [*target, "stop"])
    ax.set_xlabel("Source")
axes[0].set_ylabel("Target, from top to bottom")
figure.colorbar(image, ax=axes, label="Attention weight")
_ = figure.suptitle("Where the decoder looks")

# %%
# The parts of a date are in other positions in each text, and the decoder finds them: for the two
# digits of the day, it looks most at the digits "23", wherever they are. The output of the encoder
# at one of them contains the other one too, because the encoder reads in both directions:

for text, weights in zip(texts, maps, strict=True):
    for row in (8, 9):
        at = weights[row].argmax()
        assert text.index("23") <= at <= text.index("23") + 1
