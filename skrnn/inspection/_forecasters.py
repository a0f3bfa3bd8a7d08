"""Helpers of displays of forecasters: find the forecaster, and its targets in a table."""

import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from skrnn.inspection._figures import inner_with
from skrnn.inspection._series import read_series

# What the docstrings of displays of one forecast share, for `with_texts`.
FORECAST_PARAMETERS = """\
n_steps : int, default=None
    The number of steps to forecast. If None, it is the horizon of the forecaster.

X : one series, as in `fit`, default=None
    The rows that the forecast continues. If None, these are the training data.

X_future : as in `forecast`, default=None
    The known future covariates.
"""


def find_forecaster(estimator, method):
    """Return the forecaster that has a method, which is the best one if a search is given.

    Raises
    ------
    NotFittedError
        If a search is not fitted.
    ValueError
        If there is none, or if it is inside a Pipeline or a TransformedTargetRegressor, whose
        transformations `forecast` would not apply or not undo.
    """
    best = getattr(estimator, "best_estimator_", estimator)
    if isinstance(best, TransformedTargetRegressor):
        raise ValueError(
            f"TransformedTargetRegressor has no {method} to plot, because the result would be on "
            "the transformed scale. Use "
            "SlidingWindowForecaster(TransformedTargetRegressor(regressor))."
        )
    if isinstance(best, Pipeline) and len(best.steps) > 1:
        raise ValueError(
            f"Pipeline has no {method} to plot, because the result would skip the transformers. "
            "Use SlidingWindowForecaster(make_pipeline(transformer, regressor))."
        )
    return inner_with(estimator, method, method)


def targets_of(forecaster, data, name):
    """Return the targets of a forecaster, from rows like `X` or from the targets themselves.

    Rows are like `X` if they have its column names, or, for arrays, its number of columns.
    """
    columns = getattr(forecaster, "target_columns_", None)
    if data is None or columns is None or np.min(columns) < 0 or isinstance(data, pd.Series):
        return data
    if isinstance(data, pd.DataFrame):
        names = getattr(forecaster, "feature_names_in_", ())
        return data.iloc[:, columns] if list(data.columns) == list(names) else data
    values = read_series(data, name).values
    return values[:, columns] if values.shape[1] == forecaster.n_features_in_ else data


def history_before(forecaster, history, X):
    """Return the targets before a forecast, or None if they are not known."""
    if history is None and np.min(getattr(forecaster, "target_columns_", 0)) < 0:
        return None  # the targets are not columns of the context
    return targets_of(forecaster, X if history is None else history, "history")
