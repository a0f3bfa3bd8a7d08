"""
==================================
How far back should a window look?
==================================

A forecaster reads a window of the last steps. Too short a window misses what matters, and each step
too many is one more to learn nothing from. A grid search finds the length, on folds that always
forecast what comes after; then the errors of the best are taken apart by horizon, beside simple
forecasters.
"""

# %%
# The series
# ----------
# What the Mackey-Glass equation says next depends on the value now and on the value 17 steps
# before. Measured with noise, one value says little, and the forecasters are not told of the 17.
# The last 300 of 1,500 steps wait for the end.

import numpy as np
import pandas as pd

from skrnn.datasets import make_mackey_glass

n_steps, n_train = 1_500, 1_200
rng = np.random.default_rng(0)
noise = rng.normal(scale=0.05, size=n_steps)
series = pd.Series(make_mackey_glass(n_steps, tau=17, random_state=0) + noise, name="cells")
train, test = series[:n_train], series[n_train:]
print(f"Standard deviation {series.std():.3f}, of which the noise {noise.std():.3f}")

# %%
# A forecaster 12 steps ahead
# ---------------------------
# ``predict`` gives each row the forecast that was made for it `horizon` rows before. So a
# forecaster scores like any regressor, and scikit-learn can search it; X and y are both the series.
# R² is 1 for who says the truth and 0 for who says the mean. Noise cannot be forecast, so nobody
# can get further than 1 less its share of the variance.

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import RNNRegressor, SlidingWindowForecaster, TimeDistributed

horizon = 12
network = make_pipeline(
    TimeDistributed(StandardScaler()),
    RNNRegressor(epochs=15, batch_size=32, random_state=0),
)
forecaster = SlidingWindowForecaster(network, horizon=horizon)
print(f"R² of who knows all but the noise: {1 - noise.var() / series.var():.3f}")

# %%
# Why TimeSeriesSplit
# -------------------
# Folds drawn at random would train on steps after those that they forecast, and tear the series to
# pieces. Each fold of `TimeSeriesSplit` trains on the first part of the series and forecasts what
# follows it; no gap is needed, as no target of the training part lies in the other.
#
# The first forecasts of a fold have their past in its training part. ``continues="auto"``, the
# default, sees from the index of the series that the rows follow, and gives them that past. With
# ``continues=False``, or for arrays, which have no index (``continues=True`` speaks for them), the
# first steps are forecast from nothing, and the score is not that of the forecaster:

from sklearn.linear_model import RidgeCV
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

folds = TimeSeriesSplit(4)
ridge = SlidingWindowForecaster(RidgeCV(np.logspace(-3, 3, 7)), window_length=40, horizon=horizon)
for initial_context in ("auto", "edge"):
    model = ridge.set_params(initial_context=initial_context)
    scores = cross_val_score(model, train, train, cv=folds)
    print(f"initial_context={initial_context!r:<6} R² of the folds {np.round(scores, 3)}")
_ = ridge.set_params(initial_context="auto")

# %%
# The search
# ----------
# The length of the window and the size of the network, each candidate in four folds.

from time import perf_counter

from sklearn.model_selection import GridSearchCV

grid = {
    "estimator__rnnregressor__units": [8, 32],
    "window_length": [3, 5, 10, 20, 40],
}
search = GridSearchCV(forecaster, grid, cv=folds)
begin = perf_counter()
search.fit(train, train)
results = search.cv_results_
print(f"{len(results['params'])} candidates in 4 folds: {perf_counter() - begin:.0f} s")

# %%
# Windows that reach back 17 steps are worth much more than shorter ones. Longer ones bring nothing
# on top, but cost time. Between candidates that lie within each other's spread the search chooses
# all the same; that says little.

import matplotlib.pyplot as plt

# The grid lists its candidates by sorted names, the last fastest.
shape = [len(values) for values in grid.values()]
means = results["mean_test_score"].reshape(shape)
deviations = results["std_test_score"].reshape(shape)
all_units, lengths = grid.values()
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
print("units  window  R² (mean ± sd of 4 folds)")
for units, mean, deviation in zip(all_units, means, deviations, strict=True):
    for length, *score in zip(lengths, mean, deviation, strict=True):
        print(f"{units:>5}  {length:>6}  {score[0]:.3f} ± {score[1]:.3f}")
    ax.errorbar(lengths, mean, deviation, marker="o", capsize=4, label=f"{units} units")
ax.axvline(18, color="0.5", linestyle="--", linewidth=1, label="holds the value 17 steps before")
ax.set(xlabel="Window length", ylabel="R², 12 steps ahead", xscale="log")
ax.set_xticks(lengths, lengths)
ax.set_xticks([], minor=True)
ax.grid(alpha=0.3)
ax.legend(loc="lower right")
_ = ax.set_title("Mean and standard deviation of four folds")

# %%
# Errors by horizon
# -----------------
# The search looked at the twelfth step alone. `backtest` measures all twelve, in the same folds.
# Ridge reads windows of 40; the waves of the series are about 50 steps long, which is the period of
# the seasonal-naive forecast.

from skrnn.forecasting import PersistenceForecaster, SeasonalNaiveForecaster
from skrnn.inspection import HorizonErrorDisplay

contestants = {
    "Persistence": PersistenceForecaster(horizon=horizon),
    "Seasonal-naive": SeasonalNaiveForecaster(period=50, horizon=horizon),
    "Ridge, window 40": ridge,
    "Best network": search.best_estimator_,
}
errors = {name: model.backtest(train, cv=folds) for name, model in contestants.items()}
display = HorizonErrorDisplay(errors=errors).plot()
noise_alone = np.abs(noise).mean()
display.ax_.axhline(noise_alone, color="0.5", linestyle="--", linewidth=1)
display.ax_.annotate("noise alone", (12, noise_alone), ha="right", va="top", color="0.4")
_ = display.ax_.set_title("Errors in four folds")

# %%
# One step ahead the network is no better than Ridge, and persistence not far behind: from one step
# to the next, most of what changes is noise. Further ahead the linear model falls back, as the
# equation is not linear, while the network's errors hardly grow.

# %%
# The test
# --------
# The search has fitted the best candidate to all training steps.

print(f"Best: {search.best_params_}")
for name, model in contestants.items():
    if model is not search.best_estimator_:
        model.fit(train)
    print(f"{name:<16} R² 12 steps ahead, on test steps: {model.score(test, test):>6.3f}")

# %%
# Some of its forecasts, each from a place of its own, beside what came:

figure, ax = plt.subplots(figsize=(10, 4), layout="constrained")
ax.plot(test, color="0.7", linewidth=3, label="True, with noise")
trajectories = search.best_estimator_.predict_trajectory(test)
for origin in range(0, len(test) - horizon, horizon):
    steps = test.index[origin + 1 : origin + 1 + horizon]
    ax.plot(steps, trajectories[origin], color="#D55E00", label=None if origin else "Forecast")
ax.set(xlabel="Step", ylabel="Cells", xlim=(test.index[0], test.index[-1]))
ax.legend(loc="upper right", ncols=2)
_ = ax.set_title("Forecasts of 12 steps, one after the other")
