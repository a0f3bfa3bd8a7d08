"""
=================================================
Unusual credit card applications, on a map
=================================================

Fraud is rare, and usually not labelled. A self-organising map needs no labels: it
arranges typical rows of a table on a grid, so that similar rows are neighbours, and a row that is
far from all of them is unusual. Then a classifier can learn from the labels that the map suggests.

The map is that of `MiniSom <https://github.com/JustGlowing/minisom>`_
(``python -m pip install minisom``). Rows of a table are not sequences, so no recurrent network is
used.
"""

# %%
# The data
# --------
# There are 690 applications for a credit card. None is known to be fraudulent. To measure what is
# found, we add 30 false ones, filled in by a program that knows only the range of each column, and
# draws each value at random from it. Every value is possible, but not usual.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from skrnn.datasets import fetch_credit_card

applications = fetch_credit_card()
rng = np.random.default_rng(0)
real = applications.data
assert len(real) == 690
false = pd.DataFrame(
    {
        name: rng.choice(column.unique(), 30)
        if name in applications.categories
        else rng.uniform(column.min(), column.max(), 30)
        for name, column in real.items()
    }
)
X = pd.concat([real, false])
is_false = np.arange(len(X)) >= len(real)

to_numbers = make_column_transformer(
    (OneHotEncoder(sparse_output=False), applications.categories), remainder=MinMaxScaler()
)
Z = to_numbers.fit_transform(X)
print(f"{len(X)} applications, {is_false.sum()} of them false; {Z.shape[1]} columns after encoding")

# %%
# The map
# -------
# Each of 8 x 8 units has a vector of weights. In training, the unit closest to a row, and its
# neighbours on the map, move towards the row. The distance between a row and its closest unit is
# its quantization error.

from minisom import MiniSom

som = MiniSom(8, 8, Z.shape[1], sigma=1.5, learning_rate=0.5, random_seed=0)
som.random_weights_init(Z)
som.train(Z, 5_000, random_order=True)

distance = np.linalg.norm(Z - som.quantization(Z), axis=1)
units = np.array([som.winner(row) for row in Z])

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
image = left.pcolor(som.distance_map().T, cmap="cividis")
figure.colorbar(image, label="Mean distance to the neighbours (relative)")
jitter = rng.uniform(0.25, 0.75, size=units.shape)
for target, color, label in ((0, "#D55E00", "rejected"), (1, "white", "approved")):
    at = (units + jitter)[: len(real)][applications.target == target]
    left.plot(*at.T, "o", color=color, markeredgecolor="black", markersize=4, label=label)
left.set(title="Real applications on the map", xlabel="Column of the map", ylabel="Row of the map")
left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2)
bins = np.linspace(0, distance.max(), 25)
right.hist([distance[~is_false], distance[is_false]], bins, label=["real", "false"], stacked=True)
right.set(xlabel="Distance to the closest unit", ylabel="Applications")
right.set_title("Quantization error")
_ = right.legend()

# %%
# Applications that were approved and those that were rejected are in different regions of the map,
# although it was trained without these labels. The class of most applications is that of the
# majority at their unit:

of_unit = pd.DataFrame(units[: len(real)], columns=["column", "row"]).assign(y=applications.target)
majority = of_unit.groupby(["column", "row"])["y"].transform("mean").round()
purity = (majority == of_unit["y"]).mean()
print(f"{purity:.0%} of the real applications have the class of the majority at their unit")
assert purity > 0.8

# %%
# How many false applications are found?
# --------------------------------------
# A bank can check 60 applications by hand. We rank them by the distance from the map, and compare
# this with two other methods that need no labels, and with a random order.

from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score
from sklearn.neighbors import LocalOutlierFactor

suspicion = {
    "Random order": rng.uniform(size=len(Z)),
    "Isolation forest": -IsolationForest(random_state=0).fit(Z).score_samples(Z),
    "Local outlier factor": -LocalOutlierFactor().fit(Z).negative_outlier_factor_,
    "Self-organising map": distance,
}
n_checked = 60

# %%
# Then a classifier
# -----------------
# In the second step of many courses, the applications that the map finds most unusual become the
# positive labels of a classifier, which returns a probability for each application. We predict each
# application with a classifier that was not trained on it.

from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

suggested = distance >= np.sort(distance)[-n_checked]
forest = RandomForestClassifier(class_weight="balanced", random_state=0)
folds = StratifiedKFold(5, shuffle=True, random_state=0)
suspicion["Map, then random forest"] = cross_val_predict(
    forest, Z, suggested, cv=folds, method="predict_proba"
)[:, 1]

found = pd.DataFrame(
    {
        name: {
            f"false ones among {n_checked} checked": is_false[np.argsort(-score)[:n_checked]].sum(),
            "average precision": average_precision_score(is_false, score),
        }
        for name, score in suspicion.items()
    }
).T
found.round(3)

# %%
# All methods find nearly all of the false applications. The isolation forest, which needs no map
# and no choice of its size, is at least as good. A map shows more than a score does: which kinds of
# applications there are. The classifier has learned from labels that the map suggested, some of
# which are wrong, and ranks the applications slightly better than the map.

column = f"false ones among {n_checked} checked"
assert found[column].drop("Random order").min() >= 25
assert (
    found.loc["Isolation forest", "average precision"]
    >= (found.loc["Self-organising map", "average precision"])
)
assert (
    found.loc["Map, then random forest", "average precision"]
    > (found.loc["Self-organising map", "average precision"])
)

# sphinx_gallery_thumbnail_number = 1
