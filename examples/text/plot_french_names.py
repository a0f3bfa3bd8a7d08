"""
===================================
A character model of French names
===================================

Which letters make a surname French? A recurrent network reads French surnames letter by letter, and
learns to predict each next letter and the end of the name. It is compared with the frequencies of
letters and of pairs of letters, and then writes new surnames.
"""

# %%
# The data
# --------
# A fifth of the surnames is held out. A surname that occurs twice would be in both parts, so each
# is used once.

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from skrnn.datasets import fetch_names

data = fetch_names()
french = data.target_names.index("French")
names = sorted({name for name, y in zip(data.data, data.target, strict=True) if y == french})
train, test = train_test_split(names, test_size=0.2, random_state=0)
symbols = sorted(set("".join(data.data)))
print(f"{len(train)} names to train on, {len(test)} held out, for example {train[:4]}")

# %%
# Two baselines
# -------------
# All models are compared by their cross-entropy on the held-out names in nats per symbol, where the
# end of a name counts as a symbol. Each probability of a baseline is a frequency, to which one
# occurrence of every symbol is added, since a symbol may be new.

from collections import Counter


def pairs(name):
    """Return each letter of a name and the end, with the letter before it."""
    return list(zip(f"<{name}", f"{name}>", strict=True))


seen = [pair for name in train for pair in pairs(name)]
counts, followed = Counter(seen), Counter(before for before, _ in seen)
letters = Counter(after for _, after in seen)
n_symbols = len(symbols) + 1


def cross_entropy(probability):
    """Return the mean negative logarithm of the probability of a letter, given the one before."""
    return -np.mean([np.log(probability(*pair)) for name in test for pair in pairs(name)])


nats = {
    "frequencies of letters": cross_entropy(
        lambda before, after: (letters[after] + 1) / (len(seen) + n_symbols)
    ),
    "frequencies of pairs": cross_entropy(
        lambda before, after: (counts[before, after] + 1) / (followed[before] + n_symbols)
    ),
}

# %%
# The network
# -----------
# There are few names, so that the network overfits after some epochs: a tenth of the training names
# decides when training stops. `symbols` has the letters of the names of all languages, since the
# held-out names may contain a letter that does not occur in the others.

from skrnn import SequenceGenerator

generator = SequenceGenerator(
    units=96, dropout=0.2, early_stopping=True, epochs=60, symbols=symbols, random_state=0
)
generator.fit(train)
nats["network"] = -generator.score(test)

# The network is better than both baselines, and pairs are better than single letters:
assert nats["network"] < nats["frequencies of pairs"] - 0.05
assert nats["frequencies of pairs"] < nats["frequencies of letters"]
pd.DataFrame({"cross-entropy (nats per symbol)": nats}).round(3)

# %%
# New surnames
# ------------
# The lower the temperature, the more the network prefers its most probable letters, and the fewer
# samples differ from each other.

rows = {}
for temperature in (0.3, 0.7, 1.2):
    drawn = generator.sample(500, temperature=temperature, random_state=0)
    new = [name for name in drawn if name not in names]
    rows[temperature] = {
        "different ones of 500": len(set(drawn)),
        "not in the data": len(new),
        "such as": ", ".join(new[:5]),
    }
table = pd.DataFrame(rows).T.rename_axis("temperature")
assert table["different ones of 500"].is_monotonic_increasing
table.head()

# %%
# A prompt is the beginning of all samples:

print(generator.sample(6, prompt="Beau", temperature=0.7, random_state=0))

# %%
# Which names are French?
# -----------------------
# A generator of French names also separates French from other names: the log-likelihood per symbol
# of a name is higher if its spelling is French.

import matplotlib.pyplot as plt
from sklearn.metrics import roc_auc_score

rng = np.random.default_rng(0)
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
languages = {"French": test}
for language in ("English", "Polish", "Japanese"):
    of_language = [n for n, y in zip(data.data, data.target, strict=True)
                   if data.target_names[y] == language and n not in names]  # fmt: skip
    languages[language] = rng.choice(of_language, 200).tolist()
scores = {
    language: generator.score_samples(some) / (np.array(list(map(len, some))) + 1)
    for language, some in languages.items()
}
for (language, values), style in zip(scores.items(), ("-", "--", "-.", ":"), strict=True):
    ax.hist(
        values,
        bins=np.linspace(-5, -1, 30),
        density=True,
        histtype="step",
        linestyle=style,
        label=language,
    )
ax.set(
    title="French spelling, as the model rates it",
    xlabel="Log-likelihood per symbol (nats)",
    ylabel="Density of names (1/nat)",
)
_ = ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))

# %%
# The area under the ROC curve is the probability that a French name has a higher log-likelihood
# than one of the other language. It is 0.5 for a model that does not distinguish them.

areas = {}
for language in list(scores)[1:]:
    is_french = np.repeat([1, 0], [len(scores["French"]), len(scores[language])])
    areas[language] = roc_auc_score(is_french, np.hstack([scores["French"], scores[language]]))
assert min(areas.values()) > 0.6
pd.DataFrame({"French or ...: area under the ROC curve": areas}).round(2)
