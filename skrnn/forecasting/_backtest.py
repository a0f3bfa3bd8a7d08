"""Errors by horizon in cross-validation; see `BaseForecaster.backtest`."""

import warnings
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import TimeSeriesSplit, check_cv

from skrnn._check_arrays import as_array, in_words
from skrnn._sklearn import _safe_indexing
from skrnn.forecasting._context import context_of_rows
from skrnn.forecasting._read_panel import read_panel
from skrnn.forecasting._rule import forecast_from
from skrnn.forecasting._static_columns import check_static_columns, read_static_columns
from skrnn.forecasting._target_columns import read_columns, read_targets
from skrnn.forecasting._windows import rows_after

_EXPECTED_CV = "cv must be an int, a splitter or an iterable of pairs of training and test rows"


def backtest(forecaster, X, y, cv, series_id):
    """Return a table of errors with one row for each fold and step."""
    panel = read_panel(X, series_id, time=forecaster.time)
    if panel.container == "list":
        raise ValueError(
            "backtest splits rows, but X is a list of series; pass one table with series_id, or "
            "with a MultiIndex."
        )
    known_future = read_columns(forecaster.known_future, panel, "known_future")
    static = read_static_columns(forecaster, X, panel)
    check_static_columns(static, X, panel, "X")
    targets = read_targets(y, panel, [*known_future, *static])
    errors = []
    for fold, (train, test) in enumerate(_folds(cv, panel, series_id)):
        fitted = clone(forecaster).fit(
            _safe_indexing(X, train),
            None if y is None else _safe_indexing(y, train),
            _labels_of(series_id, train),
        )
        is_test, is_train = (panel.sorted(_mask(rows, len(panel.values))) for rows in (test, train))
        residuals = _residuals(fitted, panel, targets.values, is_test, is_train)
        errors.append(_errors_by_step(residuals, fold))
    return pd.concat(errors, ignore_index=True)


def _labels_of(series_id, rows):
    # scikit-learn cannot take rows of an Index whose text pyarrow stores.
    if isinstance(series_id, pd.Index):
        return series_id.take(rows)
    return None if series_id is None else _safe_indexing(series_id, rows)


def _mask(rows, n_rows):
    mask = np.zeros(n_rows, dtype=bool)
    mask[rows] = True
    return mask


def _folds(cv, panel, series_id):
    # An int is not a KFold here, which would train on rows after the test rows.
    if cv is None or isinstance(cv, Integral):
        return _folds_in_time(TimeSeriesSplit() if cv is None else TimeSeriesSplit(cv), panel)
    with warnings.catch_warnings():
        # series_id is passed to all splitters, also to those that ignore groups.
        warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
        n_rows = len(panel.values)
        try:
            has_split = hasattr(cv, "split")
            folds = list(check_cv(cv).split(np.empty(n_rows), None, series_id) if has_split else cv)
        except (AttributeError, TypeError) as error:
            raise ValueError(f"{_EXPECTED_CV}, got {in_words(cv)}: {error}.") from error
    return _check_folds(folds, n_rows)


def _check_folds(folds, n_rows):
    """Return folds as pairs of row indices."""
    if not folds:
        raise ValueError(f"{_EXPECTED_CV}, got no split.")
    checked = []
    for i, fold in enumerate(folds):
        is_listed = isinstance(fold, list | tuple) or (isinstance(fold, np.ndarray) and fold.ndim)
        if not is_listed or len(fold) != 2:
            raise ValueError(f"{_EXPECTED_CV}; split {i} is not a pair.")
        checked.append(tuple(_check_rows(part, n_rows, i) for part in fold))
    return checked


def _check_rows(rows, n_rows, i):
    rows = as_array(rows, f"split {i} of cv")
    if rows.dtype == bool and rows.shape == (n_rows,):
        rows = np.flatnonzero(rows)
    is_rows = rows.ndim == 1 and rows.dtype.kind in "iu" and len(rows)
    if not is_rows or not (rows.min() >= 0 and rows.max() < n_rows):
        raise ValueError(f"{_EXPECTED_CV}; split {i} does not hold rows from 0 to {n_rows - 1}.")
    return rows


def _folds_in_time(cv, panel):
    """Split all series at the same times, so that no training row is at the time of a test row.

    Series are often correlated: training rows of one could reveal the test rows of another.
    """
    if len(panel.keys) == 1:
        times = np.arange(len(panel.values))
    elif panel.times is None:
        times = np.concatenate([np.arange(n) for n in panel.rows_per_series])
    else:
        times = np.unique(panel.times, return_inverse=True)[1]
    times = panel.as_given(times)
    return [
        tuple(np.flatnonzero(np.isin(times, part)) for part in fold)
        for fold in cv.split(np.arange(times.max() + 1))
    ]


def _residuals(fitted, panel, targets, is_test, is_train):
    """Return the errors of all forecasts of test rows, (n_origins, horizon, n_targets).

    An error is NaN if its target is missing, if it is not in the test set, or if there are training
    rows between the origin of the forecast and the target, because the model has then seen rows
    that are not known at the origin.
    """
    horizon = fitted.horizon
    # Rows after the end of the data count as rows that are not in the test set.
    truth = np.where(is_test[:, np.newaxis], targets, np.nan)
    truth = np.pad(truth, ((0, horizon), (0, 0)), constant_values=np.nan)
    rows = np.arange(len(is_test))
    after = rows_after(truth, rows, horizon)
    rows_ahead = rows[:, np.newaxis] + np.arange(1, horizon + 1)
    ends = np.repeat(panel.ends, panel.lengths)
    after[rows_ahead >= ends[:, np.newaxis]] = np.nan
    n_train = np.append(0, np.cumsum(is_train))
    n_between = n_train[np.minimum(rows_ahead, len(rows))] - n_train[rows + 1][:, np.newaxis]
    after[n_between > 0] = np.nan
    is_origin = ~np.isnan(after).all(axis=(1, 2))
    rule = fitted._rule()
    context = context_of_rows(panel, rule.n_context, rule.count_ahead(horizon))
    return forecast_from(rule, context, context.rows[is_origin], horizon) - after[is_origin]


def _errors_by_step(residuals, fold):
    n = np.count_nonzero(~np.isnan(residuals), axis=(0, 2))
    # The error of a step without any target is NaN, without a warning.
    n_or_nan = np.where(n > 0, n, np.nan)
    return pd.DataFrame(
        {
            "fold": fold,
            "step": np.arange(1, residuals.shape[1] + 1),
            "mae": np.nansum(np.abs(residuals), axis=(0, 2)) / n_or_nan,
            "rmse": np.sqrt(np.nansum(residuals**2, axis=(0, 2)) / n_or_nan),
            "n": n,
        }
    )
