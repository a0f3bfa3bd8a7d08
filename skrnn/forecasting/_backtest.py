"""Errors by horizon in cross-validation: what a forecaster would have done at every step."""

import warnings
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import TimeSeriesSplit, check_cv

from skrnn._sklearn import _safe_indexing
from skrnn.forecasting._panel import read_panel
from skrnn.forecasting._targets import read_columns, read_targets
from skrnn.forecasting._windows import rows_after

__all__ = ["backtest"]


def backtest(forecaster, X, y, cv, groups):
    """Return a table of errors with a row for each fold and step; see `BaseForecaster.backtest`."""
    panel = read_panel(X, groups)
    if panel.container == "list":
        raise ValueError(
            "backtest splits rows, and X is a list of series; pass one table with groups, or with "
            "a MultiIndex."
        )
    targets = read_targets(y, panel, read_columns(forecaster.future, panel, "future"))
    errors = []
    for fold, (train, test) in enumerate(_folds(cv, panel, groups)):
        fitted = clone(forecaster).fit(
            _safe_indexing(X, train),
            None if y is None else _safe_indexing(y, train),
            None if groups is None else _safe_indexing(groups, train),
        )
        is_test = np.zeros(len(panel.values), dtype=bool)
        is_test[test] = True
        is_train = np.zeros(len(panel.values), dtype=bool)
        is_train[train] = True
        parts = panel.sorted(is_test), panel.sorted(is_train)
        errors.append(_errors_by_step(fitted, panel, targets, *parts, fold))
    return pd.concat(errors, ignore_index=True)


def _folds(cv, panel, groups):
    # An int is no KFold here: what comes after the rows under test is not there to be learned from.
    if cv is None or isinstance(cv, Integral):
        return _folds_in_time(TimeSeriesSplit() if cv is None else TimeSeriesSplit(cv), panel)
    with warnings.catch_warnings():
        # The groups are there to tell the series, whether they are to tell the folds or not.
        warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
        return list(check_cv(cv).split(np.empty(len(panel.values)), None, groups))


def _folds_in_time(cv, panel):
    """Split all series at the same times: what one has seen may tell what comes in another."""
    if len(panel.keys) == 1:
        times = np.arange(len(panel.values))
    elif panel.index is None:
        times = np.concatenate([np.arange(n) for n in panel.rows_per_series])
    else:
        times = np.unique(panel.index, return_inverse=True)[1]
    times = panel.as_given(times)
    return [
        tuple(np.flatnonzero(np.isin(times, part)) for part in fold)
        for fold in cv.split(np.arange(times.max() + 1))
    ]


def _errors_by_step(fitted, panel, targets, is_test, is_train, fold):
    """Return the errors of all forecasts of the rows under test, from origins after training."""
    horizon = fitted.horizon
    truth = np.where(is_test[:, np.newaxis], targets.values, np.nan)
    # Rows after the last one of a piece are as if they were not under test.
    truth = np.pad(truth, ((0, horizon), (0, 0)), constant_values=np.nan)
    rows = np.arange(len(is_test))
    after = rows_after(truth, rows, horizon)
    ends = np.repeat(panel.ends, panel.lengths)
    judged = rows[:, np.newaxis] + np.arange(1, horizon + 1)
    after[judged >= ends[:, np.newaxis]] = np.nan
    # What was learned from a row says more of the rows before it than a forecast can know.
    n_learned = np.append(0, np.cumsum(is_train))
    learned_before = n_learned[np.minimum(judged, len(rows))] - n_learned[rows + 1][:, np.newaxis]
    after[learned_before > 0] = np.nan
    is_origin = ~np.isnan(after).all(axis=(1, 2))
    past = fitted._past_of(panel, alone=True)
    origins = rows - np.repeat(panel.starts, panel.lengths) + np.repeat(past.first, panel.lengths)
    misses = fitted._forecast_at(past, origins[is_origin], horizon) - after[is_origin]
    n = np.count_nonzero(~np.isnan(misses), axis=(0, 2))
    # A step without a target has no mean, which is no reason to warn.
    n_or_nan = np.where(n > 0, n, np.nan)
    return pd.DataFrame(
        {
            "fold": fold,
            "step": np.arange(1, horizon + 1),
            "mae": np.nansum(np.abs(misses), axis=(0, 2)) / n_or_nan,
            "rmse": np.sqrt(np.nansum(misses**2, axis=(0, 2)) / n_or_nan),
            "n": n,
        }
    )
