"""
==========================================
Tune a reservoir on one long series
==========================================

An echo state network learns the outputs of an unknown system from its inputs, on one long series.
Its parameters are found by scikit-learn's grid search, on folds whose test rows always follow the
training rows; each fit finds the penalty of its readout itself. It is compared with ridge
regressions on lagged inputs.
"""

# %%
# The series
# ----------
# NARMA of order 10 (Atiya and Parlos, 2000): the inputs are noise, and each output depends on the
# ten inputs and outputs before it, and on products of them. The last 1,000 of 4,000 time steps are
# the test set.

import pandas as pd

from skrnn.datasets import make_narma

n_train = 3_000
inputs, outputs = make_narma(4_000, order=10, random_state=0)
X_train, X_test = inputs[:n_train, None], inputs[n_train:, None]
y_train, y_test = outputs[:n_train], outputs[n_train:]
print(f"{len(y_train):,} training steps, {len(y_test):,} test steps")

# %%
# The search
# ----------
# With ``rows="steps"`` each row of the table is a time step, so scikit-learn can split it.
# `TimeSeriesSplit` predicts the rows that follow those of the fit, four times. With
# ``initial_state="fit_end"`` the reservoir continues from the end of the fit.
#
# Input scaling, spectral radius and leak rate change the states, so they are computed for each
# candidate. The penalty does not change them: each fit chooses the best value by generalised
# cross-validation, on states that are computed once.

from time import perf_counter

import numpy as np
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import EchoStateRegressor
from skrnn.reservoir import Reservoir

network = EchoStateRegressor(
    units=200,
    washout=100,
    rows="steps",
    initial_state="fit_end",
    alpha=np.logspace(-14, -2, 13),
    reservoir=Reservoir(bias_scaling=0.3, dtype="float64"),
    random_state=0,
)
grid = {
    "input_scaling": [0.03, 0.1, 0.3, 1.0],
    "leak_rate": [0.25, 0.5, 1.0],
    "spectral_radius": [0.5, 0.7, 0.8, 0.9, 1.0],
}
folds = TimeSeriesSplit(4)
search = GridSearchCV(network, grid, cv=folds)
begin = perf_counter()
search.fit(X_train, y_train)
results = search.cv_results_
print(f"{len(results['params'])} candidates in 4 folds: {perf_counter() - begin:.0f} s")

# %%
# The best candidates by their coefficient of determination (R²). It is 1 for perfect predictions
# and 0 for a constant prediction of the mean.

best = results["rank_test_score"].argsort()
print(f"Penalty of the best, fitted on all training steps: {search.best_estimator_.alpha_:.0e}")
candidates = pd.DataFrame(results["params"])[list(grid)].assign(
    mean=results["mean_test_score"], std=results["std_test_score"]
)
candidates.iloc[best[:6]].round(3)

# %%
# The whole grid
# --------------
# The leak rate matters most: with other values of it, the best R² falls more than with other values
# of any other parameter. These inputs are noise, without slow changes that leaky units could
# follow. The mean over folds also hides a risk: if a fold has only slightly more time steps than
# there are units, generalised cross-validation can choose too small a penalty.

import matplotlib.pyplot as plt

by_value = {name: candidates.groupby(name)["mean"].max() for name in grid}
fall = {name: best_of.max() - best_of.min() for name, best_of in by_value.items()}
assert max(fall, key=fall.get) == "leak_rate"

# Candidates are listed by sorted names of their parameters; the last one varies fastest.
scores = results["mean_test_score"].reshape([len(values) for values in grid.values()])
figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), sharex=True, sharey=True, layout="constrained")
for ax, scaling, part in zip(axes.flat, grid["input_scaling"], scores, strict=True):
    image = ax.imshow(part, vmin=scores.min(), vmax=1, aspect="auto", origin="lower")
    for (row, column), score in np.ndenumerate(part):
        color = "black" if score > 0.8 else "white"
        ax.text(column, row, f"{score:.3f}", ha="center", va="center", color=color, fontsize=9)
    ax.set_xticks(range(len(grid["spectral_radius"])), grid["spectral_radius"])
    ax.set_yticks(range(len(grid["leak_rate"])), grid["leak_rate"])
    ax.set_title(f"Input scaling {scaling}")
figure.supxlabel("Spectral radius")
figure.supylabel("Leak rate")
_ = figure.colorbar(image, ax=axes, label="R², mean of 4 folds")

# %%
# Regressions on lagged inputs
# ----------------------------
# For a regression on a table the number of lags must be chosen, here on the same folds. A linear
# model cannot represent products; with `PolynomialFeatures` it can.

from sklearn.linear_model import RidgeCV
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler


def lagged(inputs, n_lags):
    """Return one row per time step: its input and those before it."""
    padded = np.concatenate([np.full(n_lags, inputs[:n_train].mean()), inputs])
    return np.lib.stride_tricks.sliding_window_view(padded, n_lags + 1)


models = {"Best reservoir": (search.best_estimator_, X_test)}
by_lags = {}
for name, degree in {"Linear": 1, "Quadratic": 2}.items():
    model = make_pipeline(
        StandardScaler(),
        PolynomialFeatures(degree, include_bias=False),
        RidgeCV(np.logspace(-4, 4, 9)),
    )
    by_lags[name] = {}
    for n_lags in (10, 20, 30):
        table = lagged(inputs, n_lags)
        by_lags[name][n_lags] = cross_val_score(model, table[:n_train], y_train, cv=folds).mean()
    table = lagged(inputs, max(by_lags[name], key=by_lags[name].get))
    models[name] = (model.fit(table[:n_train], y_train), table[n_train:])

# The mean R² of four folds.
pd.DataFrame(by_lags).T.rename_axis("model").rename_axis("lags", axis=1).round(3)

# %%
# The test
# --------
# The parameters of the reservoir were chosen with 200 units. It is also tested with 800 units and
# the same parameters.

from sklearn.base import clone

larger = clone(search.best_estimator_).set_params(units=800).fit(X_train, y_train)
models["The same, 800 units"] = (larger, X_test)
r2 = {}
for name, (model, rows) in models.items():
    r2[name] = model.score(rows, y_test)

pd.DataFrame({"R² of the test": r2}).round(4)

# %%
# The reservoirs are far better than the linear model, without a choice of lags. But this system is
# built from products of two variables, which a quadratic model represents exactly, and the two are
# close together: try a simple model on lags first.

assert min(r2["Best reservoir"], r2["Quadratic"]) > r2["Linear"] + 0.1
assert abs(r2["Best reservoir"] - r2["Quadratic"]) < 0.02

shown = slice(0, 100)
figure, ax = plt.subplots(figsize=(10, 4), layout="constrained")
ax.plot(y_test[shown], color="0.7", linewidth=4, label="True")
for name, color in {"Linear": "#0072B2", "Best reservoir": "#D55E00"}.items():
    model, rows = models[name]
    ax.plot(model.predict(rows)[shown], color=color, linewidth=1.2, label=name)
ax.set(xlabel="Time step after the training series", ylabel="Output", ylim=(0, 1), xlim=(0, 99))
ax.legend(ncols=3, loc="upper right")
_ = ax.set_title("The first 100 test steps")
