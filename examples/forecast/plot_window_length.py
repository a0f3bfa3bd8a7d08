"""
==================================
How long should a window be?
==================================

A forecaster receives a window of the last time steps. A window that is too short lacks important
values, and additional steps cost time without improving forecasts. This example finds the length
with a grid search, on folds that keep the order of time. It then compares the errors of the best
network at each horizon with those of simple forecasters.
"""

# %%
# The series
# ----------
# The next value of the Mackey-Glass equation depends on the current value and on the value 17 steps
# earlier. Noise is added to the series, so that a single value contains little information. The
# forecasters do not know the number 17. The last 300 of 1,500 steps are the test set.

import numpy as np
import pandas as pd

from skrnn.datasets import make_mackey_glass

n_steps, n_train = 1_500, 1_200
rng = np.random.default_rng(0)
noise = rng.normal(scale=0.05, size=n_steps)
series = pd.Series(make_mackey_glass(n_steps, tau=17, random_state=0) + noise, name="cells")
train, test = series[:n_train], series[n_train:]
print(f"Standard deviation of the series {series.std():.3f}, of the noise {noise.std():.3f}")

# %%
# A forecaster 12 steps ahead
# ---------------------------
# ``predict`` returns for each row the forecast that was made `horizon` rows earlier. So a
# forecaster has a score like any regressor, and can be used in scikit-learn's searches; X and y are
# both the series. R² is 1 for perfect forecasts and 0 for predicting the mean. Noise cannot be
# forecast, so that R² is at most 1 minus the fraction of the variance that is noise.

from skrnn import RNNRegressor, SlidingWindowForecaster

horizon = 12
network = RNNRegressor(epochs=20, random_state=0)
forecaster = SlidingWindowForecaster(network, horizon=horizon, difference=False)
print(f"R² of perfect forecasts of the series without noise: {1 - noise.var() / series.var():.3f}")

# %%
# Why TimeSeriesSplit
# -------------------
# Random folds would train on steps after the test steps, and the rows of a fold would not be
# consecutive. Each fold of `TimeSeriesSplit` trains on the first part of the series and tests on
# the steps that follow. No gap is needed, since no target of the training set is in the test set.
#
# The context of the first forecasts of a fold is in its training set. With
# ``initial_context="auto"``, the default, the index of the series shows that the test rows follow,
# and the last training rows are used as context (for arrays, which have no index, use
# ``initial_context="fit_end"``). With ``initial_context="edge"``, the first steps are forecast
# without context, and the score is not that of the forecaster in use:

from sklearn.linear_model import RidgeCV
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

folds = TimeSeriesSplit(3)
ridge = SlidingWindowForecaster(
    RidgeCV(np.logspace(-3, 3, 7)), window_length=40, horizon=horizon, difference=False
)
by_context = {}
for initial_context in ("auto", "edge"):
    model = ridge.set_params(initial_context=initial_context)
    by_context[initial_context] = cross_val_score(model, train, train, cv=folds)
_ = ridge.set_params(initial_context="auto")

assert (by_context["edge"] < by_context["auto"]).all()
by_fold = pd.DataFrame(by_context, index=pd.RangeIndex(1, len(by_context["auto"]) + 1, name="fold"))
by_fold.T.rename_axis("initial_context").round(3)

# %%
# The search
# ----------
# The length of the window and the size of the network, each candidate in three folds.

from time import perf_counter

from sklearn.model_selection import GridSearchCV

grid = {
    "estimator__units": [8, 32],
    "window_length": [3, 10, 20, 40],
}
search = GridSearchCV(forecaster, grid, cv=folds)
begin = perf_counter()
search.fit(train, train)
results = search.cv_results_
print(f"{len(results['params'])} candidates in 3 folds: {perf_counter() - begin:.0f} s")

# %%
# The shortest windows are much worse than those that contain the value 17 steps earlier. Longer
# windows cost more time. If the scores of candidates differ by less than their standard
# deviations, the choice of the search between them means little.

import matplotlib.pyplot as plt

# Candidates are listed by sorted names of their parameters; the last one varies fastest.
shape = [len(values) for values in grid.values()]
means = results["mean_test_score"].reshape(shape)
deviations = results["std_test_score"].reshape(shape)
all_units, lengths = grid.values()
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
for units, mean, deviation in zip(all_units, means, deviations, strict=True):
    ax.errorbar(lengths, mean, deviation, marker="o", capsize=4, label=f"{units} units")
ax.axvline(
    18, color="0.5", linestyle="--", linewidth=1, label="contains the value 17 steps earlier"
)
ax.set(xlabel="Window length", ylabel="R², 12 steps ahead", xscale="log")
ax.set_xticks(lengths, lengths)
ax.set_xticks([], minor=True)
ax.grid(alpha=0.3)
ax.legend(loc="lower right")
ax.set_title("Mean and standard deviation of three folds")

# The lengths from index 2 on contain the value 17 steps earlier.
assert (means[:, 2:].max(axis=1) > means[:, :2].max(axis=1)).all()
assert (means[:, 2:].max(axis=1) > means[:, 0] + 0.1).all()
table = pd.DataFrame(means, all_units, pd.Index(lengths, name="window length"))
table.rename_axis("units").round(3)

# %%
# Errors by horizon
# -----------------
# The search used the error of the twelfth step only. `backtest` measures the errors of all twelve
# steps in the same folds. Ridge uses windows of 40 steps. The waves of the series are about 50
# steps long, which is the period of the seasonal-naive forecast.

from skrnn.forecasting import PersistenceForecaster, SeasonalNaiveForecaster
from skrnn.inspection import HorizonErrorDisplay

candidates = {
    "Persistence": PersistenceForecaster(horizon=horizon),
    "Seasonal-naive": SeasonalNaiveForecaster(period=50, horizon=horizon),
    "Ridge, window 40": ridge,
    "Best network": search.best_estimator_,
}
errors = {name: model.backtest(train, cv=folds) for name, model in candidates.items()}
display = HorizonErrorDisplay(errors=errors).plot()
noise_error = np.abs(noise).mean()
display.ax_.axhline(noise_error, color="0.5", linestyle="--", linewidth=1)
display.ax_.annotate("noise only", (12, noise_error), ha="right", va="top", color="0.4")
_ = display.ax_.set_title("Errors in three folds")

# %%
# One step ahead, the network and Ridge have about the same error, and that of persistence is less
# than twice as large: from one step to the next, most of the change is noise. Twelve steps ahead,
# the error of the linear model has grown by more than that of the network, as the equation is not
# linear.

mae = pd.DataFrame({name: table.groupby("step")["mae"].mean() for name, table in errors.items()})
near, far = mae.loc[1], mae.loc[horizon]
assert near["Persistence"] < 2 * near["Ridge, window 40"]
assert abs(near["Best network"] - near["Ridge, window 40"]) < 0.25 * near["Ridge, window 40"]
assert (far / near)["Best network"] < (far / near)["Ridge, window 40"]
mae.loc[[1, 4, 8, 12]].T.round(3)

# %%
# The test
# --------
# The search has fitted the best candidate on all training steps.

print(f"Best: {search.best_params_}")
r2 = {}
for name, model in candidates.items():
    if model is not search.best_estimator_:
        model.fit(train)
    r2[name] = model.score(test, test)
assert max(r2, key=r2.get) == "Best network"
pd.DataFrame({"R² 12 steps ahead, on test steps": r2}).round(3)

# %%
# Some of its forecasts, each from another origin, with the true values:

figure, ax = plt.subplots(figsize=(10, 4), layout="constrained")
ax.plot(test, color="0.7", linewidth=3, label="True, with noise")
trajectories = search.best_estimator_.predict_trajectory(test)
for origin in range(0, len(test) - horizon, horizon):
    steps = test.index[origin + 1 : origin + 1 + horizon]
    ax.plot(steps, trajectories[origin], color="#D55E00", label=None if origin else "Forecast")
ax.set(xlabel="Step", ylabel="Cells", xlim=(test.index[0], test.index[-1]))
ax.legend(loc="upper right", ncols=2)
_ = ax.set_title("Forecasts of 12 steps from every twelfth step")

# sphinx_gallery_thumbnail_number = 3
